//! Facts of a session that learners are asked for: read from what was observed, and compared with what they say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::observation::{Found, Launches, Nodegroup, Observation, Seen, Wanted, key_name};
use crate::policy::launch::autoscaling_role_arn;

/// Something that can be read from the environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// This text; it may hold `${name}`.
    Text(String),
    /// Name of the Auto Scaling group of the node group of this name.
    AutoScalingGroup(String),
    /// Id of the launch template that the node group of this name launches from: EKS's own.
    LaunchTemplate(String),
    /// Id of the key that encrypts the root volumes of the node group of this name.
    VolumeKey(String),
    /// Code of the health issue of the node group of this name.
    HealthIssue(String),
    /// State of the key of this id: `Enabled`, `Disabled`, …
    KeyState(String),
    /// The principal of this ARN; `autoscaling` is the account's service-linked role for Auto Scaling.
    Principal(String),
}

/// A fact's value, in every form in which it may be given; the first is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known(Vec<String>);

impl Known {
    /// As it is shown.
    pub fn shown(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// Whether somebody who says this means it: names, ids and ARNs, in any case, quoted or not; of an id its last six
    /// characters are enough.
    pub fn is_meant_by(&self, said: &str) -> bool {
        let said = tidy(said);
        let is_form = |said: &str| self.0.iter().any(|form| form.eq_ignore_ascii_case(said));
        if said.is_empty() {
            return false;
        }
        if is_form(&said) {
            return true;
        }
        // An ARN of another account or region is not it.
        if said.starts_with("arn:") {
            let has_arn = self.0.iter().any(|form| form.starts_with("arn:"));
            return !has_arn && is_form(last_part(&said));
        }
        is_form(last_part(&said)) || is_tail(&said) && self.ends_with(&said)
    }

    fn ends_with(&self, tail: &str) -> bool {
        let tail = tail.to_ascii_lowercase();
        self.0
            .iter()
            .any(|form| form.to_ascii_lowercase().ends_with(&tail))
    }
}

/// Without what people put around values.
fn tidy(said: &str) -> String {
    let around =
        |character: char| character.is_whitespace() || "\"'`“”‘’「」『』,;。、".contains(character);
    said.trim_matches(around).trim_end_matches('.').to_owned()
}

fn last_part(name: &str) -> &str {
    let resource = name.rsplit('/').next().unwrap_or(name);
    resource.rsplit(':').next().unwrap_or(resource)
}

/// The end of an id: enough of it that nobody has guessed it.
fn is_tail(said: &str) -> bool {
    let hexadecimal = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    said.len() >= 6
        && said.bytes().all(hexadecimal)
        && said.bytes().any(|byte| byte.is_ascii_digit())
}

impl Fact {
    /// Notes what has to be read for it.
    pub fn wants(&self, wanted: &mut Wanted) {
        match self {
            Fact::Text(_) | Fact::Principal(_) => {}
            Fact::AutoScalingGroup(group) | Fact::HealthIssue(group) => wanted.nodegroup(group),
            Fact::LaunchTemplate(group) | Fact::VolumeKey(group) => wanted.launches(group),
            Fact::KeyState(key) => wanted.key(key),
        }
    }

    /// Its value now.
    ///
    /// # Errors
    /// Why it cannot be told.
    pub fn value(&self, observation: &Observation) -> Found<Known> {
        let region = (observation.region.as_str(), observation.account.as_str());
        Ok(Known(match self {
            Fact::Text(text) => vec![text.clone()],
            Fact::AutoScalingGroup(group) => {
                let name = &there(observation, group)?.auto_scaling_group;
                vec![
                    name.clone()
                        .ok_or_else(|| format!("{group} has no Auto Scaling group"))?,
                ]
            }
            Fact::LaunchTemplate(group) => vec![launches(observation, group)?.template.clone()],
            Fact::VolumeKey(group) => {
                let volume = launches(observation, group)?.root_volume.as_ref();
                let key = volume.and_then(|volume| volume.kms_key.clone());
                let key = key.ok_or_else(|| format!("the root volumes of {group} name no key"))?;
                let id = key_name(&key, region);
                let arn = format!("arn:aws:kms:{}:{}:key/{id}", region.0, region.1);
                vec![id, arn]
            }
            Fact::HealthIssue(group) => {
                let issues = &there(observation, group)?.issues;
                vec![
                    issues
                        .first()
                        .map_or_else(|| "none".to_owned(), |(code, _)| code.clone()),
                ]
            }
            Fact::KeyState(name) => match observation.key(name) {
                Some(Seen::There(key)) => vec![key.state.clone()],
                seen => return Err(unseen(name, seen)),
            },
            Fact::Principal(principal) => {
                let arn = match principal.as_str() {
                    "autoscaling" => autoscaling_role_arn(&observation.account),
                    arn => arn.to_owned(),
                };
                vec![last_part(&arn).to_owned(), arn]
            }
        }))
    }
}

fn there<'a>(observation: &'a Observation, group: &str) -> Found<&'a Nodegroup> {
    match observation.nodegroups.get(group) {
        Some(Seen::There(found)) => Ok(found),
        seen => Err(unseen(group, seen)),
    }
}

fn launches<'a>(observation: &'a Observation, group: &str) -> Found<&'a Launches> {
    there(observation, group)?
        .launches
        .as_ref()
        .map_err(Clone::clone)
}

fn unseen<T>(name: &str, seen: Option<&Seen<T>>) -> String {
    match seen {
        Some(Seen::Gone) => format!("{name} does not exist"),
        Some(Seen::Unknown(why)) => format!("{name}: {why}"),
        _ => format!("{name} was not observed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(forms: &[&str]) -> Known {
        Known(forms.iter().map(|form| (*form).to_owned()).collect())
    }

    #[test]
    fn an_answer_may_come_in_any_form() {
        let role = "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
        let role = known(&["AWSServiceRoleForAutoScaling", role]);
        for said in [
            "AWSServiceRoleForAutoScaling",
            " `awsserviceroleforautoscaling` ",
            "「AWSServiceRoleForAutoScaling」",
            "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling.",
            "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
        ] {
            assert!(role.is_meant_by(said), "{said}");
        }
        for said in [
            "",
            "'",
            "Scaling",
            "autoscaling.amazonaws.com",
            "arn:aws:iam::999999999999:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
        ] {
            assert!(!role.is_meant_by(said), "{said}");
        }
    }

    #[test]
    fn the_end_of_an_id_is_enough_when_nobody_could_guess_it() {
        let key = known(&["8e41c7d0-3b5f-4f92-a6d8-27c09be1f354"]);
        assert!(key.is_meant_by("e1f354"));
        assert!(key.is_meant_by(
            "arn:aws:kms:us-west-2:123456789012:key/8E41C7D0-3b5f-4f92-a6d8-27c09be1f354"
        ));
        assert!(!key.is_meant_by("1f354"));
        assert!(!key.is_meant_by("f35400"));
    }
}
