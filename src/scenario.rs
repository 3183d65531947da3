//! `scenario.yaml` as typed data: what is broken, how it is made, how we know. Pure: reading files
//! and touching an account happen elsewhere.

pub mod change;
pub mod judge;
pub mod observation;
pub mod predicate;
mod values;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_yaml::with::singleton_map_recursive;

pub use change::Change;
pub use predicate::Predicate;
pub use values::{UnknownName, Values};

/// A scenario as its author wrote it. Texts may hold `${name}`; see [`Values`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    #[serde(rename = "scenario")]
    pub name: String,
    pub title: Translated,
    /// The lesson's path in the content tree.
    pub lab: Option<String>,
    /// Programs that the lesson's commands need.
    #[serde(default)]
    pub tools: Vec<String>,
    pub cost: Option<Cost>,
    #[serde(default, with = "singleton_map_recursive")]
    pub parameters: BTreeMap<String, Parameter>,
    /// Made in this order, undone in reverse.
    #[serde(with = "singleton_map_recursive")]
    pub resources: Vec<Change>,
    /// How long to wait at most for the symptoms to show.
    #[serde(default = "ripening", deserialize_with = "duration")]
    pub ripens_within: Duration,
    /// Variables for the lesson's commands.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Hook names of pages, as ids of checks.
    #[serde(default)]
    pub hooks: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub symptoms: Vec<Check>,
    pub conditions: Vec<Check>,
    #[serde(default)]
    pub invariants: Vec<Check>,
    pub solution: Option<String>,
    #[serde(default)]
    pub wrong_fixes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Translated {
    pub en: String,
    pub ja: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    pub hourly_usd: f64,
    pub note: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Parameter {
    /// So many lower-case letters and digits, drawn once per session.
    Random(usize),
}

/// A named predicate over what is observed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub id: String,
    pub title: Translated,
    #[serde(with = "singleton_map_recursive")]
    pub expect: Predicate,
}

fn ripening() -> Duration {
    Duration::from_secs(600)
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let (number, unit) = text.split_at(
        text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic())
            .len(),
    );
    let seconds = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => 0,
    };
    match number.parse::<u64>() {
        Ok(number) if seconds > 0 => Ok(Duration::from_secs(number * seconds)),
        _ => Err(serde::de::Error::custom(format!(
            "{text:?} is not a duration such as 90s, 10m or 1h"
        ))),
    }
}

/// Why a scenario cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// With line and column in the text where the parser knows them.
    #[error("{0}")]
    Syntax(String),
    #[error("hook {hook} names the check {check:?}, which the scenario does not have")]
    UnknownCheck { hook: String, check: String },
    #[error("two checks are called {0:?}")]
    DuplicateCheck(String),
}

impl Scenario {
    /// Reads a scenario and checks what can be known without an account.
    ///
    /// # Errors
    /// When the text is not a scenario, or refers to something that it does not have.
    pub fn parse(text: &str) -> Result<Scenario, ScenarioError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let scenario: Scenario =
            serde_yaml::from_str(text).map_err(|error| ScenarioError::Syntax(error.to_string()))?;
        scenario.check_references()?;
        Ok(scenario)
    }

    fn check_references(&self) -> Result<(), ScenarioError> {
        let mut seen = std::collections::BTreeSet::new();
        for check in self.checks() {
            if !seen.insert(&check.id) {
                return Err(ScenarioError::DuplicateCheck(check.id.clone()));
            }
        }
        for (hook, checks) in &self.hooks {
            if let Some(unknown) = checks.iter().find(|check| !seen.contains(check)) {
                return Err(ScenarioError::UnknownCheck {
                    hook: hook.clone(),
                    check: unknown.clone(),
                });
            }
        }
        Ok(())
    }

    /// Symptoms, conditions and invariants.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.symptoms
            .iter()
            .chain(&self.conditions)
            .chain(&self.invariants)
    }

    pub fn check(&self, id: &str) -> Option<&Check> {
        self.checks().find(|check| check.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "
scenario: s
title: { en: S }
resources:
  - scale: { nodegroup: g, desired: 1 }
conditions:
  - id: c
    title: { en: C }
    expect: { nodes: { nodegroup: g, ready: 1 } }
";

    fn error(text: &str) -> String {
        Scenario::parse(text)
            .map(|_| String::new())
            .unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn a_small_scenario_has_defaults() {
        let scenario = Scenario::parse(SMALL).unwrap();
        assert_eq!(scenario.ripens_within, Duration::from_secs(600));
        assert!(matches!(scenario.conditions[0].expect, Predicate::Nodes(_)));
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let text = error(&format!("{SMALL}colour: red\n"));
        assert!(
            text.contains("unknown field `colour`") && text.contains("line 10"),
            "{text}"
        );
    }

    #[test]
    fn an_unknown_predicate_is_named() {
        let text = error(&SMALL.replace("nodes:", "noodles:"));
        assert!(text.contains("noodles"), "{text}");
    }

    #[test]
    fn a_hook_may_name_only_checks_that_exist() {
        assert_eq!(
            error(&format!("{SMALL}hooks: {{ h: [d] }}\n")),
            "hook h names the check \"d\", which the scenario does not have"
        );
    }

    #[test]
    fn durations_have_units() {
        let parsed = Scenario::parse(&format!("{SMALL}ripens_within: 10m\n")).unwrap();
        assert_eq!(parsed.ripens_within, Duration::from_secs(600));
        assert!(error(&format!("{SMALL}ripens_within: soon\n")).contains("not a duration"));
    }
}
