//! What leads a learner through the lesson: its steps with the evidence that completes each, the findings that are
//! asked for, the hints that an author wrote.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_yaml::with::singleton_map_recursive;

use super::Translated;
use super::fact::Fact;

/// A step of the lesson, and what completes it.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What learners call it, such as `4.1`: as the lesson's heading does.
    pub id: String,
    /// The step of the lesson: its number among the tested blocks, or its `id=`.
    #[schemars(with = "NumberOrName")]
    #[serde(deserialize_with = "number_or_name")]
    pub step: String,
    /// Any of these completes it; a step without any is complete when the learner says so.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// The author's own hints; what is not written is made from what fails.
    #[serde(default)]
    pub hints: Hints,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum NumberOrName {
    Number(usize),
    Name(String),
}

fn number_or_name<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match NumberOrName::deserialize(deserializer)? {
        NumberOrName::Number(number) => number.to_string(),
        NumberOrName::Name(name) => name,
    })
}

/// What shows that a step is done: conditions that hold, an answer, or calls that were seen.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, try_from = "WrittenEvidence")]
#[schemars(!try_from, extend("oneOf" = [
    { "required": ["verified"] }, { "required": ["answered"] }, { "required": ["observed"] },
]))]
pub struct Evidence {
    /// Ids of conditions: those of them that apply to the variant all hold.
    #[serde(default)]
    pub verified: Vec<String>,
    /// Id of the finding that was stated.
    pub answered: Option<String>,
    /// Any of these calls was made and succeeded, after the step was opened.
    #[serde(default)]
    pub observed: Vec<Call>,
    /// Only in these variants; in all when empty.
    #[serde(default)]
    pub only: Vec<String>,
    /// Not in these variants.
    #[serde(default)]
    pub except: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEvidence {
    #[serde(default)]
    verified: Vec<String>,
    answered: Option<String>,
    #[serde(default)]
    observed: Vec<Call>,
    #[serde(default)]
    only: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
}

impl TryFrom<WrittenEvidence> for Evidence {
    type Error = &'static str;

    fn try_from(written: WrittenEvidence) -> Result<Self, &'static str> {
        let WrittenEvidence {
            verified,
            answered,
            observed,
            only,
            except,
        } = written;
        let kinds = [
            !verified.is_empty(),
            answered.is_some(),
            !observed.is_empty(),
        ];
        if kinds.into_iter().filter(|kind| *kind).count() != 1 {
            return Err("evidence is one of verified, answered and observed");
        }
        Ok(Evidence {
            verified,
            answered,
            observed,
            only,
            except,
        })
    }
}

/// A call of an API, whoever makes it with whatever client.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// `eks`, `autoscaling`, `ec2`, `kms`, …; `kubernetes` for the cluster's API.
    pub service: String,
    /// `DescribeNodegroup`; for Kubernetes the verb: `list`, `get`, `watch`.
    pub operation: String,
    /// Name, id or ARN of what it was about; for Kubernetes the kind: `nodes`. Texts may hold `${name}`.
    pub resource: Option<String>,
}

/// A fact of the session that a learner finds out and states.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Names it in steps; no two findings of a scenario share one.
    pub id: String,
    /// What is asked.
    pub question: Translated,
    /// The answer, read from the environment when it is needed.
    #[serde(deserialize_with = "singleton_map_recursive::deserialize")]
    pub value: Fact,
    /// Where the answer is to be seen.
    pub look: Translated,
    /// What is easily taken for it.
    #[serde(default)]
    pub near: Vec<Near>,
}

/// Something that is easily taken for the answer.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Near {
    #[serde(deserialize_with = "singleton_map_recursive::deserialize")]
    pub value: Fact,
    /// What that is instead: "your own template's id".
    pub is: Translated,
}

/// Hints of an author, from the one that tells least to the one that tells most. Texts may hold `${name}`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hints {
    /// Where to look.
    #[serde(rename = "where")]
    pub place: Option<Translated>,
    /// What is to be seen there.
    pub what: Option<Translated>,
    /// How it is done.
    pub how: Option<Translated>,
}

impl Hints {
    /// Whether the author wrote none.
    pub fn is_empty(&self) -> bool {
        *self == Hints::default()
    }
}

impl Evidence {
    /// The kind of this evidence.
    pub fn kind(&self) -> Kind<'_> {
        match &self.answered {
            Some(finding) => Kind::Answered(finding),
            None if self.observed.is_empty() => Kind::Verified(&self.verified),
            None => Kind::Observed(&self.observed),
        }
    }
}

/// What kind of evidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind<'a> {
    /// By ids of conditions.
    Verified(&'a [String]),
    /// By the id of a finding.
    Answered(&'a str),
    Observed(&'a [Call]),
}
