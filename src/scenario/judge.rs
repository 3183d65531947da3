//! A predicate and an observation become a verdict, judged on meaning: any way of making it true counts.

pub(super) mod activities;
mod advice;
#[cfg(test)]
mod advised;
mod converging;
pub(super) mod keys;
pub(super) mod launches;
pub(super) mod logic;
pub(super) mod nodegroups;
pub(super) mod nodes;
pub(super) mod policies;
#[cfg(test)]
mod repairs;
#[cfg(test)]
mod testing;
pub(super) mod volumes;

use super::Predicate;
use super::observation::{Key, Nodegroup, Observation, Seen, Wanted};
use crate::language::Message;
use crate::message;
use crate::outcome;

/// A verdict that is not yet said in any language.
pub(super) type Verdict = outcome::Verdict<Message>;

/// Advice that is not yet said in any language.
pub(super) type Advice = outcome::Advice<Message>;

/// A verdict, what is true but unwise, and what helps.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    pub verdict: outcome::Verdict<Message>,
    pub warnings: Vec<Message>,
    /// There whenever the verdict is "not met", and where something may be done instead of waiting.
    pub advice: Option<outcome::Advice<Message>>,
}

impl Judgement {
    fn is_met(&self) -> bool {
        self.verdict == Verdict::Met
    }

    fn is_not_met(&self) -> bool {
        matches!(self.verdict, Verdict::NotMet { .. })
    }
}

impl From<Verdict> for Judgement {
    fn from(verdict: Verdict) -> Judgement {
        Judgement {
            verdict,
            warnings: Vec::new(),
            advice: None,
        }
    }
}

/// Judges a predicate whose names are filled in.
pub fn judge(predicate: &Predicate, observation: &Observation) -> Judgement {
    predicate.judged().judge(observation)
}

/// One kind of predicate.
pub(super) trait Judged {
    /// Notes what has to be read.
    fn wants(&self, wanted: &mut Wanted);

    /// What it states, as a sentence without its full stop.
    fn states(&self) -> Message;

    /// Where one sees whether it is so.
    fn look(&self) -> Message;

    fn judge(&self, observation: &Observation) -> Judgement;
}

fn on_key(
    observation: &Observation,
    name: &str,
    judge: impl FnOnce(&Key) -> Judgement,
) -> Judgement {
    let what = message!("check-key", key = name);
    on(observation.key(name), what, judge)
}

fn on_nodegroup(
    observation: &Observation,
    name: &str,
    judge: impl FnOnce(&Nodegroup) -> Judgement,
) -> Judgement {
    let seen = observation.nodegroups.get(name);
    let what = message!("check-nodegroup", nodegroup = name);
    on(seen, what, judge)
}

fn on<T>(seen: Option<&Seen<T>>, what: Message, judge: impl FnOnce(&T) -> Judgement) -> Judgement {
    match seen {
        Some(Seen::There(found)) => judge(found),
        Some(Seen::Gone) => not_met(
            message!("check-exists", what = what.clone()),
            message!("check-gone"),
            None,
            Advice {
                look: message!("advice-look-for", what = what),
                how: message!("advice-gone"),
            },
        ),
        Some(Seen::Unknown(why)) => unread(what, why),
        None => cannot_tell(message!("check-unobserved", what = what)),
    }
}

/// It could not be read, as whoever was asked says.
fn unread(what: Message, why: &str) -> Judgement {
    cannot_tell(message!("check-unread", what = what, why = why))
}

fn not_met(
    expected: impl Into<Message>,
    observed: impl Into<Message>,
    reason: Option<Message>,
    advice: Advice,
) -> Judgement {
    let verdict = Verdict::NotMet {
        expected: expected.into(),
        observed: observed.into(),
        reason,
    };
    Judgement {
        advice: Some(advice),
        ..verdict.into()
    }
}

fn cannot_tell(why: impl Into<Message>) -> Judgement {
    Verdict::CannotTell { why: why.into() }.into()
}
