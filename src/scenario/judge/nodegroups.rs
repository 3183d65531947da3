//! How a node group is, as EKS tells it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::observation::{Nodegroup, Observation, Wanted};
use super::{Judged, Judgement, converging, not_met, on_nodegroup};
use crate::outcome::Verdict;

/// The node group is so; at least one field says how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, try_from = "Written")]
#[schemars(!try_from, extend("minProperties" = 2))]
pub struct NodegroupExpectation {
    /// Name of the node group.
    pub nodegroup: String,
    /// `ACTIVE`, `DEGRADED`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The code of an issue that must be there, or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issue: Option<String>,
    /// Sizes, exactly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<i32>,
    /// The version of the learner's launch template that the group was last updated to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_version: Option<String>,
}

/// As it is written, before it is known to say something.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    nodegroup: String,
    status: Option<String>,
    issue: Option<String>,
    desired: Option<i32>,
    min: Option<i32>,
    max: Option<i32>,
    template_version: Option<String>,
}

impl TryFrom<Written> for NodegroupExpectation {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let expectation = NodegroupExpectation {
            nodegroup: written.nodegroup,
            status: written.status,
            issue: written.issue,
            desired: written.desired,
            min: written.min,
            max: written.max,
            template_version: written.template_version,
        };
        if expectation.aspects().is_empty() {
            return Err(
                "nodegroup says nothing: give status, issue, desired, min, max or template_version"
                    .to_owned(),
            );
        }
        Ok(expectation)
    }
}

/// One thing that is said of a node group.
struct Aspect {
    expected: String,
    observed: fn(&Nodegroup) -> String,
    met: Box<dyn Fn(&Nodegroup) -> bool>,
    /// Whether it is a matter of health, which comes back by itself.
    is_health: bool,
}

impl NodegroupExpectation {
    fn aspects(&self) -> Vec<Aspect> {
        let status = self.status.clone().map(|status| Aspect {
            expected: status.clone(),
            observed: |group| group.status.clone(),
            met: Box::new(move |group| group.status == status),
            is_health: true,
        });
        let issue = self.issue.clone().map(|issue| Aspect {
            expected: match issue.as_str() {
                "none" => "without issues".to_owned(),
                code => format!("with {code}"),
            },
            observed: issues,
            met: Box::new(move |group| match issue.as_str() {
                "none" => group.issues.is_empty(),
                code => group.issues.iter().any(|(found, _)| found == code),
            }),
            is_health: true,
        });
        let version = self.template_version.clone().map(|version| Aspect {
            expected: format!("of launch template version {version}"),
            observed: |group| match &group.template_version {
                Some(version) => format!("of launch template version {version}"),
                None => "without a launch template of its own".to_owned(),
            },
            met: Box::new(move |group| group.template_version.as_ref() == Some(&version)),
            is_health: false,
        });
        let sizes = [
            self.desired.map(|size| {
                sized(
                    "desired size",
                    size,
                    |group| group.desired,
                    |group| format!("desired size {}", group.desired),
                )
            }),
            self.min.map(|size| {
                sized(
                    "minimum size",
                    size,
                    |group| group.min,
                    |group| format!("minimum size {}", group.min),
                )
            }),
            self.max.map(|size| {
                sized(
                    "maximum size",
                    size,
                    |group| group.max,
                    |group| format!("maximum size {}", group.max),
                )
            }),
        ];
        let health = [status, issue, version];
        health.into_iter().chain(sizes).flatten().collect()
    }

    fn verdict(&self, group: &Nodegroup, observation: &Observation) -> Verdict {
        let aspects = self.aspects();
        let unmet: Vec<&Aspect> = aspects
            .iter()
            .filter(|aspect| !(aspect.met)(group))
            .collect();
        if unmet.is_empty() {
            return Verdict::Met;
        }
        let awaited = converging::update(&self.nodegroup, group);
        let healing = self.expects_health() && unmet.iter().all(|aspect| aspect.is_health);
        let awaited = awaited.or_else(|| {
            let recovery = || converging::recovery(&self.nodegroup, group, observation);
            healing.then(recovery).flatten()
        });
        match awaited {
            Some(awaited) => awaited.into(),
            None => not_met(
                told(aspects.iter().map(|aspect| aspect.expected.clone())),
                told(aspects.iter().map(|aspect| (aspect.observed)(group))),
                None,
            ),
        }
    }

    fn expects_health(&self) -> bool {
        let healthy = |wanted: &Option<String>, word: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == word)
        };
        healthy(&self.status, "ACTIVE") && healthy(&self.issue, "none")
    }
}

fn sized(
    word: &str,
    wanted: i32,
    found: fn(&Nodegroup) -> i32,
    observed: fn(&Nodegroup) -> String,
) -> Aspect {
    Aspect {
        expected: format!("{word} {wanted}"),
        observed,
        met: Box::new(move |group| found(group) == wanted),
        is_health: false,
    }
}

fn issues(group: &Nodegroup) -> String {
    let issues: Vec<String> = group
        .issues
        .iter()
        .map(|(code, message)| format!("{code}: {message}"))
        .collect();
    match issues.as_slice() {
        [] => "without issues".to_owned(),
        issues => format!("with {}", issues.join("; ")),
    }
}

/// "ACTIVE without issues, desired size 1": status and issues belong together.
fn told(parts: impl Iterator<Item = String>) -> String {
    let mut text = String::new();
    for part in parts {
        let joint = match part.starts_with("with") {
            _ if text.is_empty() => "",
            true => " ",
            false => ", ",
        };
        text.push_str(joint);
        text.push_str(&part);
    }
    text
}

impl Judged for NodegroupExpectation {
    fn wants(&self, wanted: &mut Wanted) {
        if self.expects_health() {
            wanted.launches(&self.nodegroup);
        } else {
            wanted.nodegroup(&self.nodegroup);
        }
    }

    fn states(&self) -> String {
        let aspects = self.aspects();
        let expected = aspects.iter().map(|aspect| aspect.expected.clone());
        format!("the node group {} is {}", self.nodegroup, told(expected))
    }

    fn judge(&self, observation: &Observation) -> Judgement {
        on_nodegroup(observation, &self.nodegroup, |group| {
            self.verdict(group, observation)
        })
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{good_key, group, key, launch, observed_group, word};
    use super::*;

    fn expecting(text: &str) -> NodegroupExpectation {
        let mut value: serde_json::Value = serde_json::from_str(text).unwrap();
        value["nodegroup"] = "g".into();
        serde_json::from_value(value).unwrap()
    }

    const HEALTHY: &str = r#"{"status":"ACTIVE","issue":"none"}"#;

    fn check(text: &str, group: Nodegroup, expected: &str) -> Verdict {
        let verdict = expecting(text)
            .judge(&observed_group(good_key(), group))
            .verdict;
        assert_eq!(word(&verdict), expected, "{text}: {verdict:?}");
        verdict
    }

    fn degraded(code: &str) -> Nodegroup {
        Nodegroup {
            issues: vec![(code.into(), "why".into())],
            activities: Ok(vec![launch("a", "Cancelled", 40)]),
            ..group("DEGRADED")
        }
    }

    #[test]
    fn every_aspect_counts() {
        check(HEALTHY, group("ACTIVE"), "met");
        check(
            r#"{"desired":1,"min":0,"max":2,"template_version":"1"}"#,
            group("ACTIVE"),
            "met",
        );
        check(r#"{"desired":2}"#, group("ACTIVE"), "not met");
        check(r#"{"template_version":"2"}"#, group("ACTIVE"), "not met");
        check(
            r#"{"issue":"AccessDenied"}"#,
            degraded("AccessDenied"),
            "met",
        );
        let refused = check(
            r#"{"status":"DEGRADED","issue":"AccessDenied","max":3}"#,
            group("ACTIVE"),
            "not met",
        );
        let Verdict::NotMet {
            expected, observed, ..
        } = refused
        else {
            panic!()
        };
        assert_eq!(expected, "DEGRADED with AccessDenied, maximum size 3");
        assert_eq!(observed, "ACTIVE without issues, maximum size 2");
    }

    #[test]
    fn what_passes_by_itself_is_not_yet() {
        check(HEALTHY, group("UPDATING"), "not yet");
        check(r#"{"template_version":"2"}"#, group("UPDATING"), "not yet");
        check(HEALTHY, group("CREATING"), "not yet");
        for stays in ["DELETING", "CREATE_FAILED", "DELETE_FAILED"] {
            check(HEALTHY, group(stays), "not met");
        }
        check(r#"{"status":"UPDATING"}"#, group("UPDATING"), "met");
    }

    #[test]
    fn a_degraded_group_whose_cause_is_repaired_is_not_yet_healthy() {
        let awaiting = |group: Nodegroup| match check(HEALTHY, group, "not yet") {
            Verdict::NotYet { awaiting, .. } => awaiting,
            _ => unreachable!("checked"),
        };
        let failed = || degraded("AsgInstanceLaunchFailures");
        assert!(awaiting(failed()).contains("set to 0 and back to 1"));
        let again = |status: &str| Nodegroup {
            activities: Ok(vec![launch("b", status, 5), launch("a", "Cancelled", 40)]),
            ..failed()
        };
        assert!(awaiting(again("PreInService")).contains("has begun"));
        assert!(awaiting(again("Successful")).contains("next look"));
        assert!(
            awaiting(Nodegroup {
                desired: 0,
                ..failed()
            })
            .contains("next look")
        );
        check(HEALTHY, degraded("AccessDenied"), "not met");
        check(r#"{"status":"ACTIVE","desired":3}"#, failed(), "not met");
        let broken = expecting(HEALTHY)
            .judge(&observed_group(key(), failed()))
            .verdict;
        assert_eq!(word(&broken), "not met", "{broken:?}");
    }
}
