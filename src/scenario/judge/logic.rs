//! Predicates of predicates. The four verdicts are ordered by how much hope they leave: not met, cannot tell, not yet,
//! met. `all` is as bad as its worst part, `any` as good as its best; `not` turns met and not met around and leaves the
//! two others alone, so that nothing which is unknown ever becomes true by being denied.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::super::Predicate;
use super::super::observation::{Observation, Wanted};
use super::{Judged, Judgement, not_met};
use crate::outcome::Verdict;

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

fn stated(parts: &[Predicate], between: &str) -> String {
    let stated: Vec<String> = parts.iter().map(|part| part.judged().states()).collect();
    stated.join(between)
}

fn all(judgements: Vec<Judgement>) -> Judgement {
    let warnings = judgements
        .iter()
        .flat_map(|judgement| judgement.warnings.clone())
        .collect();
    // Of equals, `min_by_key` gives the first.
    let verdicts = judgements.into_iter().map(|judgement| judgement.verdict);
    let verdict = verdicts.min_by_key(hope).unwrap_or(Verdict::Met);
    Judgement { verdict, warnings }
}

fn any(judgements: Vec<Judgement>, stated: impl FnOnce() -> String) -> Judgement {
    // `max_by_key` would give the last of equals.
    let best = judgements
        .iter()
        .rev()
        .max_by_key(|judgement| hope(&judgement.verdict));
    match best {
        Some(best) if hope(&best.verdict) > 0 => best.clone(),
        _ => none_is_met(judgements, stated()).into(),
    }
}

fn none_is_met(judgements: Vec<Judgement>, expected: String) -> Verdict {
    let (mut observed, mut reasons) = (Vec::new(), Vec::new());
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
    let reason = (!reasons.is_empty()).then(|| reasons.join("\n"));
    not_met(expected, observed.join("; "), reason)
}

fn not(verdict: Verdict, stated: String) -> Verdict {
    match verdict {
        Verdict::Met => not_met(format!("not so: {stated}"), "it is so", None),
        Verdict::NotMet { .. } => Verdict::Met,
        unsettled @ (Verdict::NotYet { .. } | Verdict::CannotTell { .. }) => unsettled,
    }
}

impl Judged for All {
    fn wants(&self, wanted: &mut Wanted) {
        self.0.iter().for_each(|part| part.judged().wants(wanted));
    }

    fn states(&self) -> String {
        stated(&self.0, " and ")
    }

    fn judge(&self, observation: &Observation) -> Judgement {
        all(judged(&self.0, observation))
    }
}

impl Judged for Any {
    fn wants(&self, wanted: &mut Wanted) {
        self.0.iter().for_each(|part| part.judged().wants(wanted));
    }

    fn states(&self) -> String {
        stated(&self.0, " or ")
    }

    fn judge(&self, observation: &Observation) -> Judgement {
        any(judged(&self.0, observation), || self.states())
    }
}

impl Judged for Not {
    fn wants(&self, wanted: &mut Wanted) {
        self.0.judged().wants(wanted);
    }

    fn states(&self) -> String {
        format!("not so: {}", self.0.judged().states())
    }

    fn judge(&self, observation: &Observation) -> Judgement {
        let part = self.0.judged();
        not(part.judge(observation).verdict, part.states()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::super::cannot_tell;
    use super::super::testing::word;
    use super::*;

    /// `m`et, not `y`et, `n`ot met, cannot `t`ell.
    fn verdict(letter: char) -> Verdict {
        match letter {
            'm' => Verdict::Met,
            'y' => Verdict::NotYet {
                awaiting: "y".into(),
                since: None,
                typical: None,
            },
            'n' => not_met("e", "n", Some("r".into())),
            _ => cannot_tell("t"),
        }
    }

    fn judgements(letters: &str) -> Vec<Judgement> {
        let judgement = |(at, letter)| Judgement {
            verdict: verdict(letter),
            warnings: vec![format!("{letter}{at}")],
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
            assert_eq!(word(&not(verdict(part), "e".into())), expected, "{part}");
            let twice = not(not(verdict(part), "e".into()), "e".into());
            assert_eq!(word(&twice), word(&verdict(part)), "{part}");
        }
    }

    #[test]
    fn what_is_unknown_never_becomes_met_by_being_denied() {
        for parts in ["t", "y", "ty", "nt", "ny", "nty"] {
            let negated = not(any(judgements(parts), || "e".into()).verdict, "e".into());
            assert_ne!(negated, Verdict::Met, "not any of {parts}");
        }
        for parts in ["t", "y", "ty", "mt", "my"] {
            let negated = not(all(judgements(parts)).verdict, "e".into());
            assert_ne!(negated, Verdict::Met, "not all of {parts}");
        }
    }

    #[test]
    fn warnings_and_reasons_are_those_of_the_parts_that_decide() {
        assert_eq!(all(judgements("mm")).warnings, ["m0", "m1"]);
        assert_eq!(any(judgements("nmm"), String::new).warnings, ["m1"]);
        let none = any(judgements("nn"), || "a or b".into()).verdict;
        assert_eq!(none, not_met("a or b", "n; n", Some("r\nr".into())));
    }
}
