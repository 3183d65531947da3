//! What Auto Scaling did for a node group.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::observation::{Activity, Nodegroup, Observation, Wanted, by_start};
use super::{
    Judged, Judgement, Verdict, advice, cannot_tell, converging, not_met, on_nodegroup, unread,
};
use crate::language::Message;
use crate::message;

/// At least so many scaling activities of the node group ended so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScalingActivityExpectation {
    /// Name of the node group.
    pub nodegroup: String,
    /// `Successful`, `Cancelled`, `Failed`, …
    pub status: String,
    /// Which activities count; `launch` by default.
    #[serde(default)]
    pub kind: ActivityKind,
    /// How many; 1 by default.
    #[serde(default = "one")]
    pub at_least: usize,
    /// Only what began after this; all without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newer_than: Option<Moment>,
}

/// Which scaling activities count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActivityKind {
    /// Launches of instances.
    #[default]
    Launch,
    /// Taking an instance away, too, which mostly succeeds.
    Any,
}

/// A moment of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// When the scenario's fault was complete.
    Injection,
}

fn one() -> usize {
    1
}

impl ScalingActivityExpectation {
    /// Newest first, or why it cannot be told which these are.
    fn counted<'a>(
        &self,
        activities: &'a [Activity],
        observation: &Observation,
    ) -> Result<Vec<&'a Activity>, Message> {
        let mut newest_first = by_start(activities);
        newest_first.retain(|activity| self.kind == ActivityKind::Any || activity.is_launch());
        if self.newer_than.is_none() {
            return Ok(newest_first);
        }
        let Some(baseline) = observation.baselines.get(&self.nodegroup) else {
            return Err(message!("check-no-baseline", nodegroup = &self.nodegroup));
        };
        let baseline = activities.iter().find(|activity| activity.id == *baseline);
        // One that is not listed any more has newer ones alone on the list.
        let Some(baseline) = baseline else {
            return Ok(newest_first);
        };
        let at = by_start(activities)
            .iter()
            .position(|activity| activity.id == baseline.id);
        let newer = &by_start(activities)[..at.unwrap_or_default()];
        newest_first.retain(|activity| newer.iter().any(|newer| newer.id == activity.id));
        Ok(newest_first)
    }

    fn on(&self, group: &Nodegroup, observation: &Observation) -> Judgement {
        let activities = match &group.activities {
            Ok(activities) => activities,
            Err(why) => {
                let what = message!("check-activities-of", nodegroup = &self.nodegroup);
                return unread(what, why);
            }
        };
        let counted = match self.counted(activities, observation) {
            Ok(counted) => counted,
            Err(why) => return cannot_tell(why),
        };
        let matching = counted
            .iter()
            .filter(|activity| activity.status == self.status)
            .count();
        if matching >= self.at_least {
            return Verdict::Met.into();
        }
        let succeeds = self.status == "Successful";
        let awaited = succeeds
            .then(|| converging::launch(&self.nodegroup, group, observation))
            .flatten();
        let advice = || match succeeds {
            true => advice::no_launch(&self.nodegroup, group, observation),
            false => advice::symptom(self.look()),
        };
        match awaited {
            Some(awaited) => awaited.into(),
            None => not_met(self.states(), observed(matching, &counted), None, advice()),
        }
    }
}

fn observed(matching: usize, counted: &[&Activity]) -> Message {
    match counted.first() {
        None => message!("check-no-activity"),
        Some(latest) => message!(
            "check-activities",
            count = matching,
            status = &latest.status,
            description = &latest.description,
        ),
    }
}

impl Judged for ScalingActivityExpectation {
    fn wants(&self, wanted: &mut Wanted) {
        match self.status.as_str() {
            "Successful" => wanted.launches(&self.nodegroup),
            _ => wanted.nodegroup(&self.nodegroup),
        }
        if self.newer_than.is_some() {
            wanted.baselines.insert(self.nodegroup.clone());
        }
    }

    fn states(&self) -> Message {
        let (least, nodegroup, status) = (self.at_least, &self.nodegroup, &self.status);
        let states = match self.kind {
            ActivityKind::Launch => message!(
                "check-launches",
                count = least,
                nodegroup = nodegroup,
                status = status
            ),
            ActivityKind::Any => message!(
                "check-scaling-activities",
                count = least,
                nodegroup = nodegroup,
                status = status
            ),
        };
        match self.newer_than {
            Some(Moment::Injection) => message!("check-since-injection", states = states),
            None => states,
        }
    }

    fn look(&self) -> Message {
        advice::look_at_activities(&self.nodegroup)
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

    fn successful(newer_than: Option<Moment>) -> ScalingActivityExpectation {
        ScalingActivityExpectation {
            nodegroup: "g".into(),
            status: "Successful".into(),
            kind: ActivityKind::Launch,
            at_least: 1,
            newer_than,
        }
    }

    fn observation(activities: Vec<Activity>) -> Observation {
        observed_group(
            key(),
            Nodegroup {
                activities: Ok(activities),
                ..group("DEGRADED")
            },
        )
    }

    fn check(expectation: &ScalingActivityExpectation, observation: &Observation, expected: &str) {
        let verdict = expectation.judge(observation).verdict;
        assert_eq!(word(&verdict), expected, "{verdict:?}");
    }

    #[test]
    fn launches_are_counted_by_how_they_ended() {
        let cancelled = |at_least| ScalingActivityExpectation {
            status: "Cancelled".into(),
            at_least,
            ..successful(None)
        };
        let seen = observation(vec![
            launch("b", "Cancelled", 10),
            launch("a", "Cancelled", 70),
        ]);
        check(&cancelled(2), &seen, "met");
        check(&cancelled(3), &seen, "not met");
        let mut ended = launch("a", "Successful", 10);
        ended.description = "Terminating EC2 instance: i-1".into();
        let seen = observation(vec![ended]);
        check(&successful(None), &seen, "not met");
        let any = ScalingActivityExpectation {
            kind: ActivityKind::Any,
            ..successful(None)
        };
        check(&any, &seen, "met");
    }

    #[test]
    fn only_what_began_after_the_injection_is_newer() {
        let newer = successful(Some(Moment::Injection));
        let with_baseline = |baseline: Option<&str>, activities: Vec<Activity>| {
            let mut seen = observation(activities);
            let remembered = baseline.map(|id| ("g".to_owned(), id.to_owned()));
            seen.baselines = remembered.into_iter().collect();
            seen
        };
        let before = || launch("a", "Successful", 500);
        let after = || launch("b", "Successful", 10);
        check(&newer, &with_baseline(Some("a"), vec![before()]), "not met");
        check(
            &newer,
            &with_baseline(Some("a"), vec![after(), before()]),
            "met",
        );
        check(&newer, &with_baseline(Some(""), vec![before()]), "met");
        check(
            &newer,
            &with_baseline(Some("forgotten"), vec![before()]),
            "met",
        );
        check(&newer, &with_baseline(None, vec![before()]), "cannot tell");
        // The service lists what is under way first, however old it is.
        let slow = launch("slow", "MidLifecycleAction", 900);
        check(
            &newer,
            &with_baseline(Some("a"), vec![slow, before()]),
            "not met",
        );
    }

    #[test]
    fn the_newest_activities_are_remembered_by_node_group() {
        let seen = observation(vec![
            launch("slow", "PreInService", 90),
            launch("a", "Cancelled", 50),
        ]);
        let wanted = Wanted::by(&[super::super::Predicate::ScalingActivity(successful(Some(
            Moment::Injection,
        )))]);
        let remembered = seen.newest_activities(&wanted.baselines);
        assert_eq!(remembered, [("g".to_owned(), "a".to_owned())].into());
        let none = observation(Vec::new()).newest_activities(&wanted.baselines);
        assert_eq!(none, [("g".to_owned(), String::new())].into());
        assert!(
            Observation::default()
                .newest_activities(&wanted.baselines)
                .is_empty()
        );
    }

    #[test]
    fn a_success_that_will_come_is_not_yet() {
        let failed = Nodegroup {
            activities: Ok(vec![launch("a", "Cancelled", 50)]),
            ..group("DEGRADED")
        };
        check(
            &successful(None),
            &observed_group(good_key(), failed.clone()),
            "not yet",
        );
        check(&successful(None), &observed_group(key(), failed), "not met");
    }
}
