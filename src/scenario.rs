//! `scenario.yaml` as typed data: what is broken, how it is made, how we know. Pure: reading files
//! and touching an account happen elsewhere.

pub mod change;
pub mod cost;
pub mod fact;
mod files;
pub mod guidance;
pub mod judge;
pub mod observation;
pub mod predicate;
mod reading;
pub mod schema;
mod values;
mod variants;

use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_yaml::with::singleton_map_recursive;

use crate::language::{Language, Message};
pub use change::Change;
pub use files::check_files;
pub use guidance::{Finding, Hints, Step};
pub use predicate::Predicate;
pub use reading::read;
pub use values::{UnknownName, Values};
pub use variants::{Chosen, VariantError};

/// Asks for a variant that nobody names.
pub const RANDOM: &str = "random";

/// What is broken, how it is made, and how breakfix knows. Texts may hold `${name}`: `account`, `region`, `cluster`,
/// `session`, a parameter, `variant.NAME` for a value, `ID.OUTPUT` for what a change made.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The scenario's name: that of its directory.
    #[serde(rename = "scenario")]
    pub name: String,
    /// For people.
    pub title: Translated,
    /// The lesson's path in the content tree, such as `content/troubleshooting/nodes.md`.
    pub lab: Option<String>,
    /// Programs that the lesson's commands need, such as `aws`, `kubectl`, `jq`.
    #[serde(default)]
    pub tools: Vec<String>,
    /// What it costs on a real account.
    pub cost: Option<Cost>,
    /// Whether it must never run on a real account, because it would touch what others share; `false` by default.
    #[serde(default)]
    pub simulator_only: bool,
    /// Drawn once per session, by name; `${name}` stands for what was drawn.
    #[serde(default, deserialize_with = "singleton_map_recursive::deserialize")]
    pub parameters: BTreeMap<String, Parameter>,
    /// What `${variant.NAME}` stands for where the variant says nothing else: the healthy state.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// One fault each, by name; the first is the one that is taken when nobody asks for another. No name holds a `+`
    /// or is `random`.
    #[serde(default, deserialize_with = "singleton_map_recursive::deserialize")]
    #[schemars(extend("propertyNames" = { "not": { "anyOf": [{ "const": "random" }, { "pattern": "\\+" }] } }))]
    pub variants: IndexMap<String, Variant>,
    /// Made in this order, undone in the order that AWS lets things go.
    #[serde(deserialize_with = "singleton_map_recursive::deserialize")]
    pub resources: Vec<Change>,
    /// Made after the variant's faults: what brings them to light.
    #[serde(default, deserialize_with = "singleton_map_recursive::deserialize")]
    pub trigger: Vec<Change>,
    /// How long to wait at most for the symptoms to show, and for a repair to bear fruit, in the environment's time:
    /// `90s`, `10m`, `1h`.
    #[serde(default = "ripening", deserialize_with = "duration")]
    #[schemars(
        with = "String",
        default = "ripening_written",
        regex(pattern = "^[0-9]+[smh]?$")
    )]
    pub ripens_within: Duration,
    /// Variables for the lesson's commands and for scripts, by name.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Hooks that a page names and no script beside it supplies: which checks have to be met before the step.
    #[serde(default)]
    pub hooks: BTreeMap<String, Vec<String>>,
    /// What shows that it is broken: met once the fault is complete, and not met without a fault.
    #[serde(default)]
    pub symptoms: Vec<Check>,
    /// What makes it repaired: not met while it is broken, met after every solution.
    pub conditions: Vec<Check>,
    /// What stays true throughout: a repair that breaks one is refused.
    #[serde(default)]
    pub invariants: Vec<Check>,
    /// Facts of the session that learners are asked for.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// The lesson's steps in their order, with the evidence that completes each. Without any, every tested block of the
    /// lesson is a step that is complete when the learner says so.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Repairs that every variant accepts.
    #[serde(default, deserialize_with = "singleton_map_recursive::deserialize")]
    pub solutions: Vec<Fix>,
    /// What must stay refused, whatever the variant.
    #[serde(default, deserialize_with = "singleton_map_recursive::deserialize")]
    pub wrong_fixes: Vec<Fix>,
}

/// One fault: how the environment differs from the healthy one.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// What is wrong, for people who may know.
    pub summary: Translated,
    /// Other values for `${variant.NAME}`: only names that the scenario's `values` has.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// Made after the resources, before the trigger.
    #[serde(default)]
    pub faults: Vec<Change>,
    /// Whether it must never be made on a real account; `false` by default.
    #[serde(default)]
    pub simulator_only: bool,
    /// Repairs of this fault: each is accepted.
    #[serde(default)]
    pub solutions: Vec<Fix>,
    /// What looks like a repair of this fault: each must stay refused.
    #[serde(default)]
    pub wrong_fixes: Vec<Fix>,
}

/// A repair, right or wrong: a script that a learner could have typed, or changes.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    { "required": ["script"], "properties": { "script": { "type": "string" }, "changes": { "maxItems": 0 } } },
    { "required": ["changes"], "properties": { "script": { "type": "null" }, "changes": { "minItems": 1 } } },
]))]
pub struct Fix {
    /// Names it in reports; no two fixes of a scenario share one.
    pub id: String,
    /// File beside `scenario.yaml`, run by bash with the lesson's environment.
    pub script: Option<String>,
    /// Made one after the other.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// Whether it is a wrong fix that AWS itself refuses: the script or a change has to fail. `false` by default.
    #[serde(default)]
    pub fails: bool,
    /// Ids of the checks that must refuse it; any may, where none is named. Only for wrong fixes.
    #[serde(default)]
    pub refused_by: Vec<String>,
}

/// A text in the languages of labs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Translated {
    /// English.
    pub en: String,
    /// Japanese; English stands in where there is none.
    pub ja: Option<String>,
}

impl Translated {
    /// In a language.
    pub fn to(&self, language: Language) -> String {
        Message::from(self).to(language)
    }
}

impl From<&Translated> for Message {
    fn from(text: &Translated) -> Message {
        Message::Written {
            en: text.en.clone(),
            ja: text.ja.clone(),
        }
    }
}

/// What a scenario costs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// US dollars an hour, while the most expensive part of it is there.
    pub hourly_usd: f64,
    /// What costs that.
    pub note: Option<String>,
}

/// How a parameter is drawn.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Parameter {
    /// So many lower-case letters and digits, drawn once per session.
    Random(usize),
}

/// A named predicate over what is observed.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Names it in hooks, `refused_by` and reports; no two checks of a scenario share one.
    pub id: String,
    /// What is so when it is met, for people.
    pub title: Translated,
    /// The predicate.
    #[serde(deserialize_with = "singleton_map_recursive::deserialize")]
    pub expect: Predicate,
    /// Judged only in these variants; in all when empty.
    #[serde(default)]
    pub only: Vec<String>,
    /// Not judged in these variants.
    #[serde(default)]
    pub except: Vec<String>,
    /// The author's own hints; what is not written is made from what fails.
    #[serde(default)]
    pub hints: Hints,
}

fn ripening() -> Duration {
    Duration::from_secs(600)
}

fn ripening_written() -> String {
    "10m".to_owned()
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
