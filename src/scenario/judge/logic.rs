//! Predicates of predicates. The four verdicts are ordered by how much hope they leave: not met, cannot tell, not yet,
//! met. `all` is as bad as its worst part, `any` as good as its best; `not` turns met and not met around and leaves the
//! two others alone, so that nothing which is unknown ever becomes true by being denied.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::super::Predicate;
use super::super::observation::{Observation, Wanted};
use super::{Advice, Judged, Judgement, Verdict, not_met};
use crate::language::Message;
use crate::message;

/// Every one of these is met. Otherwise the verdict is that of the first part which is not met: that is settled,
/// whatever becomes of the rest. Only without one, of the first that cannot be told (waiting would not help), then of the
/// first that is awaited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct All(
    #[serde(deserialize_with = "some")]
    #[schemars(length(min = 1))]
    pub Vec<Predicate>,
);

/// At least one of these is met. While one is awaited, so is this; when none is and one cannot be told, neither can
/// this.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Any(
    #[serde(deserialize_with = "some")]
    #[schemars(length(min = 1))]
    pub Vec<Predicate>,
);

/// This is not met.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Not(pub Box<Predicate>);

fn some<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Predicate>, D::Error> {
    let parts = Vec::<Predicate>::deserialize(from)?;
    if parts.is_empty() {
        return Err(serde::de::Error::custom("give at least one predicate"));
    }
    Ok(parts)
}

fn hope(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::NotMet { .. } => 0,
        Verdict::CannotTell { .. } => 1,
        Verdict::NotYet { .. } => 2,
        Verdict::Met => 3,
    }
}

fn judged(parts: &[Predicate], observation: &Observation) -> Vec<Judgement> {
    parts
        .iter()
        .map(|part| part.judged().judge(observation))
        .collect()
}

fn stated(parts: &[Predicate], both: fn(Message, Message) -> Message) -> Message {
    let stated = parts.iter().map(|part| part.judged().states());
    stated.reduce(both).unwrap_or_default()
}

fn looked(parts: &[Predicate]) -> Message {
    let mut looks: Vec<Message> = parts.iter().map(|part| part.judged().look()).collect();
    looks.dedup();
    Message::Lines(looks)
}

fn all(judgements: Vec<Judgement>) -> Judgement {
    let warnings = judgements
        .iter()
        .flat_map(|judgement| judgement.warnings.clone())
        .collect();
    // Of equals, `min_by_key` gives the first.
    let worst = judgements
        .into_iter()
        .min_by_key(|judgement| hope(&judgement.verdict));
    Judgement {
        warnings,
        ..worst.unwrap_or_else(|| Verdict::Met.into())
    }
}

fn any(judgements: Vec<Judgement>, stated: impl FnOnce() -> Message) -> Judgement {
    // `max_by_key` would give the last of equals.
    let best = judgements
        .iter()
        .rev()
        .max_by_key(|judgement| hope(&judgement.verdict));
    match best {
        Some(best) if hope(&best.verdict) > 0 => best.clone(),
        _ => none_is_met(judgements, stated()),
    }
}

fn none_is_met(judgements: Vec<Judgement>, expected: Message) -> Judgement {
    let (mut observed, mut reasons) = (Vec::new(), Vec::new());
    // One way is enough: the first that was written is what is advised.
    let advice = judgements.first().and_then(|first| first.advice.clone());
    for judgement in judgements {
        if let Verdict::NotMet {
            observed: seen,
            reason,
            ..
        } = judgement.verdict
        {
            observed.push(seen);
            reasons.extend(reason);
        }
    }
    let besides = |first, second| message!("check-besides", first = first, second = second);
    let verdict = Verdict::NotMet {
        expected,
        observed: observed.into_iter().reduce(besides).unwrap_or_default(),
        reason: (!reasons.is_empty()).then_some(Message::Lines(reasons)),
    };
    Judgement {
        advice,
        ..verdict.into()
    }
}

/// The part's own advice is about making it true, which is not asked for.
fn not(judged: Judgement, stated: Message, look: Message) -> Judgement {
    match judged.verdict {
        Verdict::Met => {
            let how = message!("advice-not", stated = stated.clone());
            not_met(
                message!("check-not", stated = stated),
                message!("check-it-is-so"),
                None,
                Advice { look, how },
            )
        }
        Verdict::NotMet { .. } => Verdict::Met.into(),
        unsettled @ (Verdict::NotYet { .. } | Verdict::CannotTell { .. }) => unsettled.into(),
    }
}

impl Judged for All {
    fn wants(&self, wanted: &mut Wanted) {
        self.0.iter().for_each(|part| part.judged().wants(wanted));
    }

    fn states(&self) -> Message {
        stated(&self.0, |first, second| {
            message!("check-both", first = first, second = second)
        })
    }

    fn look(&self) -> Message {
        looked(&self.0)
    }

    fn judge(&self, observation: &Observation) -> Judgement {
        all(judged(&self.0, observation))
    }
}

impl Judged for Any {
    fn wants(&self, wanted: &mut Wanted) {
        self.0.iter().for_each(|part| part.judged().wants(wanted));
    }

    fn states(&self) -> Message {
        stated(&self.0, |first, second| {
            message!("check-either", first = first, second = second)
        })
    }

    fn look(&self) -> Message {
        looked(&self.0)
    }

    fn judge(&self, observation: &Observation) -> Judgement {
        any(judged(&self.0, observation), || self.states())
    }
}

impl Judged for Not {
    fn wants(&self, wanted: &mut Wanted) {
        self.0.judged().wants(wanted);
    }

    fn states(&self) -> Message {
        message!("check-not", stated = self.0.judged().states())
    }

    fn look(&self) -> Message {
        self.0.judged().look()
    }

    fn judge(&self, observation: &Observation) -> Judgement {
        let part = self.0.judged();
        not(part.judge(observation), part.states(), part.look())
    }
}

#[cfg(test)]
mod tests {
    use super::super::cannot_tell;
    use super::super::testing::word;
    use super::*;

    /// `m`et, not `y`et, `n`ot met, cannot `t`ell.
    fn judged_as(letter: char) -> Judgement {
        let advice = Advice {
            look: "l".into(),
            how: "h".into(),
        };
        match letter {
            'm' => Verdict::Met.into(),
            'y' => Judgement::from(Verdict::NotYet {
                awaiting: "y".into(),
                since: None,
                typical: None,
            }),
            'n' => not_met("e", "n", Some("r".into()), advice),
            _ => cannot_tell("t"),
        }
    }

    fn negated(judged: Judgement) -> Judgement {
        not(judged, "e".into(), "l".into())
    }

    fn judgements(letters: &str) -> Vec<Judgement> {
        let judgement = |(at, letter)| Judgement {
            warnings: vec![format!("{letter}{at}").into()],
            ..judged_as(letter)
        };
        letters.chars().enumerate().map(judgement).collect()
    }

    #[test]
    fn the_tables_of_all_and_any() {
        for (parts, of_all, of_any) in [
            ("m", "met", "met"),
            ("n", "not met", "not met"),
            ("y", "not yet", "not yet"),
            ("t", "cannot tell", "cannot tell"),
            ("mn", "not met", "met"),
            ("nm", "not met", "met"),
            ("my", "not yet", "met"),
            ("mt", "cannot tell", "met"),
            ("tm", "cannot tell", "met"),
            ("ny", "not met", "not yet"),
            ("nt", "not met", "cannot tell"),
            ("yt", "cannot tell", "not yet"),
            ("ty", "cannot tell", "not yet"),
            ("nyt", "not met", "not yet"),
            ("tyn", "not met", "not yet"),
            ("mnyt", "not met", "met"),
            ("mmm", "met", "met"),
            ("nnn", "not met", "not met"),
        ] {
            assert_eq!(
                word(&all(judgements(parts)).verdict),
                of_all,
                "all of {parts}"
            );
            let any = any(judgements(parts), || "e".into());
            assert_eq!(word(&any.verdict), of_any, "any of {parts}");
        }
    }

    #[test]
    fn the_table_of_not() {
        for (part, expected) in [
            ('m', "not met"),
            ('n', "met"),
            ('y', "not yet"),
            ('t', "cannot tell"),
        ] {
            let once = negated(judged_as(part));
            assert_eq!(word(&once.verdict), expected, "{part}");
            assert_eq!(once.is_not_met(), once.advice.is_some(), "{part}");
            let twice = negated(once);
            assert_eq!(
                word(&twice.verdict),
                word(&judged_as(part).verdict),
                "{part}"
            );
        }
    }

    #[test]
    fn what_is_unknown_never_becomes_met_by_being_denied() {
        for parts in ["t", "y", "ty", "nt", "ny", "nty"] {
            let negated = negated(any(judgements(parts), || "e".into()));
            assert!(!negated.is_met(), "not any of {parts}");
        }
        for parts in ["t", "y", "ty", "mt", "my"] {
            let negated = negated(all(judgements(parts)));
            assert!(!negated.is_met(), "not all of {parts}");
        }
    }

    #[test]
    fn warnings_and_reasons_are_those_of_the_parts_that_decide() {
        let warned = |judged: Judgement| Message::from(judged.warnings).to_string();
        assert_eq!(warned(all(judgements("mm"))), "m0, m1");
        assert_eq!(warned(any(judgements("nmm"), Message::default)), "m1");
        assert!(all(judgements("mn")).advice.is_some());
        let none = any(judgements("nn"), || "a or b".into());
        assert!(none.advice.is_some());
        let Verdict::NotMet {
            observed, reason, ..
        } = none.verdict
        else {
            panic!()
        };
        assert_eq!(observed.to_string(), "n; n");
        assert_eq!(reason.unwrap().to_string(), "r\nr");
    }
}
