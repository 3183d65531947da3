//! How a node group is, as EKS tells it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::observation::{Nodegroup, Observation, Wanted};
use super::{Advice, Judged, Judgement, Verdict, advice, converging, not_met, on_nodegroup};
use crate::language::Message;
use crate::message;

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
enum Aspect {
    Status(String),
    Issue(String),
    Version(String),
    Desired(i32),
    Min(i32),
    Max(i32),
}

impl Aspect {
    fn expected(&self) -> Message {
        match self {
            Aspect::Status(status) => status.into(),
            Aspect::Issue(issue) if issue == "none" => message!("check-without-issues"),
            Aspect::Issue(code) => message!("check-with", what = code),
            Aspect::Version(version) => message!("check-of-version", version = version),
            Aspect::Desired(size) => message!("check-desired-size", size = *size),
            Aspect::Min(size) => message!("check-minimum-size", size = *size),
            Aspect::Max(size) => message!("check-maximum-size", size = *size),
        }
    }

    fn observed(&self, group: &Nodegroup) -> Message {
        match self {
            Aspect::Status(_) => (&group.status).into(),
            Aspect::Issue(_) => issues(group),
            Aspect::Version(_) => match &group.template_version {
                Some(version) => message!("check-of-version", version = version),
                None => message!("check-without-template"),
            },
            Aspect::Desired(_) => Aspect::Desired(group.desired).expected(),
            Aspect::Min(_) => Aspect::Min(group.min).expected(),
            Aspect::Max(_) => Aspect::Max(group.max).expected(),
        }
    }

    fn is_met(&self, group: &Nodegroup) -> bool {
        match self {
            Aspect::Status(status) => group.status == *status,
            Aspect::Issue(issue) if issue == "none" => group.issues.is_empty(),
            Aspect::Issue(code) => group.issues.iter().any(|(found, _)| found == code),
            Aspect::Version(version) => group.template_version.as_ref() == Some(version),
            Aspect::Desired(size) => group.desired == *size,
            Aspect::Min(size) => group.min == *size,
            Aspect::Max(size) => group.max == *size,
        }
    }

    /// Whether it is a matter of health, which comes back by itself.
    fn is_health(&self) -> bool {
        matches!(self, Aspect::Status(_) | Aspect::Issue(_))
    }
}

impl NodegroupExpectation {
    fn aspects(&self) -> Vec<Aspect> {
        let aspects = [
            self.status.clone().map(Aspect::Status),
            self.issue.clone().map(Aspect::Issue),
            self.template_version.clone().map(Aspect::Version),
            self.desired.map(Aspect::Desired),
            self.min.map(Aspect::Min),
            self.max.map(Aspect::Max),
        ];
        aspects.into_iter().flatten().collect()
    }

    fn on(&self, group: &Nodegroup, observation: &Observation) -> Judgement {
        let aspects = self.aspects();
        let unmet: Vec<&Aspect> = aspects
            .iter()
            .filter(|aspect| !aspect.is_met(group))
            .collect();
        let Some(first) = unmet.first() else {
            return Verdict::Met.into();
        };
        let awaited = converging::update(&self.nodegroup, group);
        let healing = self.expects_health() && unmet.iter().all(|aspect| aspect.is_health());
        let awaited = awaited.or_else(|| {
            let recovery = || converging::recovery(&self.nodegroup, group, observation);
            healing.then(recovery).flatten()
        });
        match awaited {
            Some(awaited) => awaited.into(),
            None => not_met(
                told(&aspects, Aspect::expected),
                told(&aspects, |aspect| aspect.observed(group)),
                None,
                self.advice(first, group, observation),
            ),
        }
    }

    fn advice(&self, unmet: &Aspect, group: &Nodegroup, observation: &Observation) -> Advice {
        let name = &self.nodegroup;
        match unmet {
            Aspect::Version(version) => advice::template_version(name, version),
            Aspect::Desired(_) | Aspect::Min(_) | Aspect::Max(_) => {
                advice::size(name, unmet.expected())
            }
            _ if self.expects_health() => advice::ill(name, group, observation),
            _ => advice::symptom(self.look()),
        }
    }

    fn expects_health(&self) -> bool {
        let healthy = |wanted: &Option<String>, word: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == word)
        };
        healthy(&self.status, "ACTIVE") && healthy(&self.issue, "none")
    }
}

fn issues(group: &Nodegroup) -> Message {
    let issues: Vec<String> = group
        .issues
        .iter()
        .map(|(code, message)| format!("{code}: {message}"))
        .collect();
    match issues.as_slice() {
        [] => message!("check-without-issues"),
        issues => message!("check-with", what = issues.join("; ")),
    }
}

/// "ACTIVE without issues, desired size 1": status and issues belong together.
fn told(aspects: &[Aspect], tell: impl Fn(&Aspect) -> Message) -> Message {
    let mut parts: Vec<Message> = Vec::new();
    for aspect in aspects {
        let told = tell(aspect);
        match (aspect, parts.pop()) {
            (Aspect::Issue(_), Some(status)) => {
                parts.push(message!("check-health", status = status, issues = told));
            }
            (_, before) => parts.extend(before.into_iter().chain([told])),
        }
    }
    parts.into()
}

impl Judged for NodegroupExpectation {
    fn wants(&self, wanted: &mut Wanted) {
        if self.expects_health() {
            wanted.launches(&self.nodegroup);
        } else {
            wanted.nodegroup(&self.nodegroup);
        }
    }

    fn states(&self) -> Message {
        let expected = told(&self.aspects(), Aspect::expected);
        message!(
            "check-nodegroup-is",
            nodegroup = &self.nodegroup,
            expected = expected
        )
    }

    fn look(&self) -> Message {
        advice::look_at_health(&self.nodegroup)
    }

    fn judge(&self, observation: &Observation) -> Judgement {
        on_nodegroup(observation, &self.nodegroup, |group| {
            self.on(group, observation)
        })
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
        assert_eq!(
            expected.to_string(),
            "DEGRADED with AccessDenied, maximum size 3"
        );
        assert_eq!(
            observed.to_string(),
            "ACTIVE without issues, maximum size 2"
        );
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
            Verdict::NotYet { awaiting, .. } => awaiting.to_string(),
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
