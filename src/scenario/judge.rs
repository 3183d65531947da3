//! A predicate and an observation become a verdict, judged on meaning: any way of making it true counts.

pub(super) mod activities;
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

use std::fmt::Display;

use super::Predicate;
use super::observation::{Key, Nodegroup, Observation, Seen, Wanted};
use crate::outcome::Verdict;

/// A verdict, and what is true but unwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub warnings: Vec<String>,
}

impl From<Verdict> for Judgement {
    fn from(verdict: Verdict) -> Judgement {
        Judgement {
            verdict,
            warnings: Vec::new(),
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
    fn states(&self) -> String;

    fn judge(&self, observation: &Observation) -> Judgement;
}

fn on_key(observation: &Observation, name: &str, judge: impl FnOnce(&Key) -> Verdict) -> Verdict {
    on(observation.key(name), &format!("key {name}"), judge)
}

fn on_nodegroup(
    observation: &Observation,
    name: &str,
    judge: impl FnOnce(&Nodegroup) -> Verdict,
) -> Verdict {
    let seen = observation.nodegroups.get(name);
    on(seen, &format!("node group {name}"), judge)
}

fn on<T>(seen: Option<&Seen<T>>, what: &str, judge: impl FnOnce(&T) -> Verdict) -> Verdict {
    match seen {
        Some(Seen::There(found)) => judge(found),
        Some(Seen::Gone) => not_met(format!("{what} exists"), "it does not exist", None),
        Some(Seen::Unknown(why)) => cannot_tell(format!("{what}: {why}")),
        None => cannot_tell(format!("{what} was not observed")),
    }
}

fn not_met(expected: impl Display, observed: impl Display, reason: Option<String>) -> Verdict {
    Verdict::NotMet {
        expected: expected.to_string(),
        observed: observed.to_string(),
        reason,
    }
}

fn cannot_tell(why: impl Display) -> Verdict {
    Verdict::CannotTell {
        why: why.to_string(),
    }
}
