//! One variant of a scenario, or several at once, become what a session makes and judges.

use std::collections::BTreeMap;

use super::{Change, Check, Finding, Fix, Scenario, Step, Translated, Variant};

/// A scenario with its fault chosen. Of the healthy state, without any fault, it is the same without names.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// The variants that are in it, as they were asked for; empty for the healthy state and for a scenario without
    /// variants.
    pub names: Vec<String>,
    /// For `${variant.NAME}`.
    pub values: BTreeMap<String, String>,
    /// Resources, faults, trigger: in the order in which they are made.
    pub changes: Vec<Change>,
    pub symptoms: Vec<Check>,
    pub conditions: Vec<Check>,
    pub invariants: Vec<Check>,
    /// Each repairs everything that is wrong.
    pub solutions: Vec<Solution>,
    pub wrong_fixes: Vec<Fix>,
    pub findings: Vec<Finding>,
    /// With the evidence that applies.
    pub steps: Vec<Step>,
    pub simulator_only: bool,
}

impl Chosen {
    /// The findings that a step of these variants asks for.
    pub fn asked_findings(&self) -> impl Iterator<Item = &Finding> {
        let evidence = || self.steps.iter().flat_map(|step| &step.evidence);
        let is_asked = move |finding: &&Finding| {
            evidence().any(|evidence| evidence.answered.as_ref() == Some(&finding.id))
        };
        self.findings.iter().filter(is_asked)
    }
}

/// Fixes that together repair the chosen variants: one of each, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    pub fixes: Vec<Fix>,
}

/// Why variants cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VariantError {
    #[error("the scenario {scenario} has no variant {name:?}; it has: {known}{}", did_you_mean(.nearest))]
    Unknown {
        scenario: String,
        name: String,
        known: String,
        nearest: Option<String>,
    },
    #[error("the variant {0:?} is named twice")]
    Twice(String),
    #[error(
        "the variants {first} and {second} cannot be combined: both say what {value} is; combine faults of different things"
    )]
    Clash {
        first: String,
        second: String,
        value: String,
    },
}

fn did_you_mean(nearest: &Option<String>) -> String {
    let meant = nearest.as_ref();
    meant.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

/// Between the names of variants that are combined.
pub(super) const AND: char = '+';

impl Scenario {
    /// The variants that `asked` names, joined by `+`; the first one of the scenario when nothing is asked.
    ///
    /// # Errors
    /// When one is unknown, or they contradict each other.
    pub fn choose(&self, asked: Option<&str>) -> Result<Chosen, VariantError> {
        let names: Vec<&str> = match asked {
            Some(asked) => asked.split(AND).map(str::trim).collect(),
            None => self.variants.keys().take(1).map(String::as_str).collect(),
        };
        let mut variants: Vec<(&str, &Variant)> = Vec::new();
        for name in names {
            if variants.iter().any(|(known, _)| *known == name) {
                return Err(VariantError::Twice(name.to_owned()));
            }
            let variant = self.variants.get(name).ok_or_else(|| self.unknown(name))?;
            if let Some((value, (first, _))) = clash(&variants, variant) {
                return Err(VariantError::Clash {
                    first: first.to_owned(),
                    second: name.to_owned(),
                    value: value.to_owned(),
                });
            }
            variants.push((name, variant));
        }
        Ok(self.chosen(&variants))
    }

    /// The same without any fault: nothing of it should show a symptom.
    pub fn healthy(&self) -> Chosen {
        self.chosen(&[])
    }

    fn chosen(&self, variants: &[(&str, &Variant)]) -> Chosen {
        let mut values = self.values.clone();
        for (_, variant) in variants {
            values.extend(variant.values.clone());
        }
        let mut faults: Vec<&Change> = Vec::new();
        faults.extend(variants.iter().flat_map(|(_, variant)| &variant.faults));
        // A key that is out of use takes no other change.
        faults.sort_by_key(|fault| sets_key_state(fault));
        let changes = self.resources.iter().chain(faults).chain(&self.trigger);
        let names: Vec<String> = variants
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect();
        let checks = |checks: &[Check]| -> Vec<Check> {
            let applying = checks.iter().filter(|check| check.applies_to(&names));
            applying.cloned().collect()
        };
        Chosen {
            values,
            changes: changes.cloned().collect(),
            symptoms: checks(&self.symptoms),
            conditions: checks(&self.conditions),
            invariants: checks(&self.invariants),
            solutions: self.solutions_of(variants),
            wrong_fixes: self.wrong_fixes_of(variants),
            findings: self.findings.clone(),
            steps: self.steps.iter().map(|step| step.of(&names)).collect(),
            simulator_only: self.simulator_only
                || variants.iter().any(|(_, variant)| variant.simulator_only),
            names,
        }
    }

    /// Every repair of one variant; of several variants the first of each, one after the other.
    fn solutions_of(&self, variants: &[(&str, &Variant)]) -> Vec<Solution> {
        let alone = |fix: &Fix| Solution {
            fixes: vec![fix.clone()],
        };
        let common = self.solutions.iter().map(alone);
        match variants {
            [] => common.collect(),
            [(_, variant)] => common.chain(variant.solutions.iter().map(alone)).collect(),
            several => {
                let data = |variant: &&Variant| {
                    let by_changes = variant.solutions.iter().find(|fix| fix.script.is_none());
                    by_changes.or(variant.solutions.first()).cloned()
                };
                let mut fixes: Vec<Fix> = several
                    .iter()
                    .filter_map(|(_, variant)| data(variant))
                    .collect();
                // And has to be back in use before anything else can be repaired.
                fixes.sort_by_key(|fix| !fix.changes.iter().any(sets_key_state));
                let complete = fixes.len() == several.len();
                let combined = complete.then_some(Solution { fixes });
                common.chain(combined).collect()
            }
        }
    }

    /// Of several variants, the repair of each alone is wrong, too: the other fault is still there.
    fn wrong_fixes_of(&self, variants: &[(&str, &Variant)]) -> Vec<Fix> {
        let own = variants
            .iter()
            .flat_map(|(_, variant)| &variant.wrong_fixes);
        self.wrong_fixes.iter().chain(own).cloned().collect()
    }

    fn unknown(&self, name: &str) -> VariantError {
        let known: Vec<&str> = self.variants.keys().map(String::as_str).collect();
        VariantError::Unknown {
            scenario: self.name.clone(),
            name: name.to_owned(),
            nearest: crate::diagnostic::nearest(name, known.iter().copied()).map(str::to_owned),
            known: if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            },
        }
    }
}

fn sets_key_state(change: &Change) -> bool {
    matches!(change, Change::KmsKeyState(_))
}

/// A value that both one of `variants` and `other` set, each to something else.
fn clash<'a>(
    variants: &[(&'a str, &'a Variant)],
    other: &'a Variant,
) -> Option<(&'a str, (&'a str, &'a Variant))> {
    variants.iter().find_map(|(name, variant)| {
        let mut shared = variant.values.iter();
        let (value, _) = shared.find(|(value, text)| {
            let others = other.values.get(*value);
            others.is_some_and(|others| others != *text)
        })?;
        Some((value.as_str(), (*name, *variant)))
    })
}

impl Step {
    /// With the evidence that applies to these variants.
    fn of(&self, variants: &[String]) -> Step {
        let mut step = self.clone();
        step.evidence
            .retain(|evidence| applies(&evidence.only, &evidence.except, variants));
        step
    }
}

fn applies(only: &[String], except: &[String], variants: &[String]) -> bool {
    let any_of = |names: &[String]| variants.iter().any(|variant| names.contains(variant));
    // What has to be so while nothing is wrong has to be so whatever may be wrong.
    variants.is_empty() || (only.is_empty() || any_of(only)) && !any_of(except)
}

impl Check {
    fn applies_to(&self, variants: &[String]) -> bool {
        applies(&self.only, &self.except, variants)
    }
}

impl Chosen {
    /// Symptoms, conditions and invariants.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        let all = self.symptoms.iter().chain(&self.conditions);
        all.chain(&self.invariants)
    }

    pub fn check(&self, id: &str) -> Option<&Check> {
        self.checks().find(|check| check.id == id)
    }
}

impl Translated {
    /// The text in a language, English where there is none.
    pub fn in_language(&self, language: &str) -> &str {
        match (language, &self.ja) {
            ("ja", Some(japanese)) => japanese,
            _ => &self.en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario() -> Scenario {
        let text = "
scenario: s
title: { en: S }
values: { policy: good.json, image: good }
variants:
  bad-policy:
    summary: { en: P }
    values: { policy: bad.json }
    solutions: [{ id: p, changes: [{ scale: { nodegroup: g, desired: 1 } }] }]
  worse-policy: { summary: { en: W }, values: { policy: worse.json } }
  too-small:
    summary: { en: I }
    faults: [{ scale: { nodegroup: g, desired: 0 } }]
    solutions: [{ id: s, script: s.sh }]
    simulator_only: true
resources: [{ scale: { nodegroup: g, desired: 1 } }]
trigger: [{ scale: { nodegroup: g, desired: 2 } }]
conditions:
  - { id: c, title: { en: C }, expect: { nodes: { nodegroup: g, ready: 1 } } }
  - { id: p, title: { en: P }, only: [bad-policy], expect: { nodes: { nodegroup: g, ready: 1 } } }
  - { id: q, title: { en: Q }, except: [too-small], expect: { nodes: { nodegroup: g, ready: 1 } } }
";
        super::super::read(text, "scenario.yaml".as_ref()).unwrap()
    }

    fn chosen(asked: &str) -> Result<Chosen, String> {
        let chosen = scenario().choose(Some(asked));
        chosen.map_err(|error| error.to_string())
    }

    fn ids(checks: &[Check]) -> Vec<&str> {
        checks.iter().map(|check| check.id.as_str()).collect()
    }

    #[test]
    fn the_first_variant_is_taken_when_none_is_asked_for() {
        let chosen = scenario().choose(None).unwrap();
        assert_eq!(chosen.names, ["bad-policy"]);
        assert_eq!(chosen.values["policy"], "bad.json");
        assert_eq!(chosen.values["image"], "good");
        assert_eq!(ids(&chosen.conditions), ["c", "p", "q"]);
    }

    #[test]
    fn the_healthy_state_has_no_fault() {
        let healthy = scenario().healthy();
        assert_eq!(healthy.values["policy"], "good.json");
        assert_eq!(healthy.changes.len(), 2);
        assert_eq!(ids(&healthy.conditions), ["c", "p", "q"]);
    }

    #[test]
    fn two_variants_are_both_in_and_repaired_one_after_the_other() {
        let both = chosen("bad-policy+too-small").unwrap();
        assert_eq!(both.changes.len(), 3);
        assert_eq!(ids(&both.conditions), ["c", "p"]);
        assert_eq!(both.solutions.len(), 1);
        assert_eq!(both.solutions[0].fixes.len(), 2);
        assert!(both.simulator_only);
    }

    #[test]
    fn what_cannot_be_chosen_is_said() {
        #[track_caller]
        fn check(asked: &str, expected: &str) {
            assert_eq!(chosen(asked).unwrap_err(), expected);
        }
        check(
            "bad-polcy",
            "the scenario s has no variant \"bad-polcy\"; it has: bad-policy, worse-policy, too-small; did you mean bad-policy?",
        );
        check(
            "too-small+too-small",
            "the variant \"too-small\" is named twice",
        );
        check(
            "bad-policy+worse-policy",
            "the variants bad-policy and worse-policy cannot be combined: both say what policy is; combine faults of different things",
        );
    }
}
