//! `scenario.yaml` as typed data: what is broken, how it is made, how we know. Pure: reading files
//! and touching an account happen elsewhere.

pub mod change;
pub mod cost;
pub mod judge;
pub mod observation;
pub mod predicate;
mod reading;
mod values;
mod variants;

use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer};
use serde_yaml::with::singleton_map_recursive;

pub use change::Change;
pub use predicate::Predicate;
pub use reading::read;
pub use values::{UnknownName, Values};
pub use variants::{Chosen, VariantError};

/// Asks for a variant that nobody names.
pub const RANDOM: &str = "random";

/// A scenario as its author wrote it. Texts may hold `${name}`; see [`Values`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
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
    /// Never on a real account: it would touch what others share.
    #[serde(default)]
    pub simulator_only: bool,
    #[serde(default, with = "singleton_map_recursive")]
    pub parameters: BTreeMap<String, Parameter>,
    /// What `${variant.NAME}` stands for where the variant says nothing else: the healthy state.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// One fault each, by name; the first is the one that is taken when nobody asks for another.
    #[serde(default, with = "singleton_map_recursive")]
    pub variants: IndexMap<String, Variant>,
    /// Made in this order, undone in the order that AWS lets things go.
    #[serde(with = "singleton_map_recursive")]
    pub resources: Vec<Change>,
    /// Made after the variant's faults: what brings them to light.
    #[serde(default, with = "singleton_map_recursive")]
    pub trigger: Vec<Change>,
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
    /// Repairs that every variant accepts.
    #[serde(default, with = "singleton_map_recursive")]
    pub solutions: Vec<Fix>,
    /// What must stay refused, whatever the variant.
    #[serde(default, with = "singleton_map_recursive")]
    pub wrong_fixes: Vec<Fix>,
}

/// One fault: how the environment differs from the healthy one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    pub summary: Translated,
    /// Other values for `${variant.NAME}`.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// Made after the resources.
    #[serde(default)]
    pub faults: Vec<Change>,
    /// Never on a real account.
    #[serde(default)]
    pub simulator_only: bool,
    #[serde(default)]
    pub solutions: Vec<Fix>,
    #[serde(default)]
    pub wrong_fixes: Vec<Fix>,
}

/// A repair, right or wrong: a script that a learner could have typed, or changes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fix {
    pub id: String,
    /// File beside `scenario.yaml`, run by bash with the lesson's environment.
    pub script: Option<String>,
    #[serde(default)]
    pub changes: Vec<Change>,
    /// A wrong fix that AWS itself refuses.
    #[serde(default)]
    pub fails: bool,
    /// Ids of the checks that must refuse it; any may, where none is named. Only for wrong fixes.
    #[serde(default)]
    pub refused_by: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Translated {
    pub en: String,
    pub ja: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    pub hourly_usd: f64,
    pub note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Parameter {
    /// So many lower-case letters and digits, drawn once per session.
    Random(usize),
}

/// A named predicate over what is observed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub id: String,
    pub title: Translated,
    #[serde(with = "singleton_map_recursive")]
    pub expect: Predicate,
    /// Only for these variants.
    #[serde(default)]
    pub only: Vec<String>,
    /// Not for these variants.
    #[serde(default)]
    pub except: Vec<String>,
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

impl Scenario {
    /// Symptoms, conditions and invariants, of every variant.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        let all = self.symptoms.iter().chain(&self.conditions);
        all.chain(&self.invariants)
    }

    /// Every change that any variant makes to break the environment.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        let faults = self.variants.values().flat_map(|variant| &variant.faults);
        self.resources.iter().chain(faults).chain(&self.trigger)
    }

    /// Every repair, right or wrong.
    pub fn fixes(&self) -> impl Iterator<Item = &Fix> {
        let common = self.solutions.iter().chain(&self.wrong_fixes);
        let variants = self.variants.values();
        common.chain(
            variants.flat_map(|variant| variant.solutions.iter().chain(&variant.wrong_fixes)),
        )
    }
}
