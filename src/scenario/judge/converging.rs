//! What a node group is still on its way to: told from its last launches, and from whether the next one would succeed.
//! A launch that is under way but doomed is no reason to wait. Figures: EKS and Auto Scaling as observed and documented.

use std::time::Duration;

use super::super::observation::{Activity, Nodegroup, Observation, Seen, by_start};
use super::launches::fresh_instance;
use super::{Advice, Judgement, Verdict, advice};
use crate::language::Message;
use crate::message;

/// How long a launched instance may take to become a node: later it never will ("Instances failed to join", after
/// 15 minutes as documented).
pub(super) const JOINS_WITHIN: Duration = Duration::from_secs(15 * 60);

/// Something that will come about by itself.
#[derive(Debug, PartialEq)]
pub(super) struct Awaited {
    pub(super) awaiting: Message,
    pub(super) since: Option<Duration>,
    pub(super) typical: Option<Message>,
    /// What may be done instead of waiting.
    pub(super) advice: Option<Advice>,
}

impl Awaited {
    /// Something that nobody has to do anything for.
    pub(super) fn new(awaiting: Message, since: Option<Duration>, typical: Message) -> Awaited {
        Awaited {
            awaiting,
            since,
            typical: Some(typical),
            advice: None,
        }
    }
}

impl From<Awaited> for Judgement {
    fn from(awaited: Awaited) -> Judgement {
        let verdict = Verdict::NotYet {
            awaiting: awaited.awaiting,
            since: awaited.since,
            typical: awaited.typical,
        };
        Judgement {
            advice: awaited.advice,
            ..verdict.into()
        }
    }
}

/// The update of a node group that is being made or changed.
pub(super) fn update(name: &str, group: &Nodegroup) -> Option<Awaited> {
    let typical = match group.status.as_str() {
        "CREATING" => message!("check-typical-creating"),
        "UPDATING" => message!("check-typical-updating"),
        _ => return None,
    };
    let awaiting = message!(
        "check-awaiting-update",
        nodegroup = name,
        status = &group.status
    );
    Some(Awaited::new(awaiting, group.modified, typical))
}

/// The next instance of a node group that wants one: `None` when none will come by itself.
pub(super) fn launch(name: &str, group: &Nodegroup, observation: &Observation) -> Option<Awaited> {
    if group.status == "DELETING" || group.desired == 0 {
        return None;
    }
    let would = fresh_instance(name, observation);
    if would.is_not_met() {
        return None;
    }
    match latest_launch(group)? {
        Some(latest) if latest.is_under_way() => Some(Awaited::new(
            message!(
                "check-awaiting-launch",
                nodegroup = name,
                status = &latest.status
            ),
            latest.started,
            message!("check-typical-launch"),
        )),
        Some(latest) if latest.status == "Successful" => None,
        _ if !would.is_met() => None,
        Some(latest) => Some(Awaited {
            advice: Some(advice::try_again(name, group)),
            ..Awaited::new(
                message!(
                    "check-awaiting-retry",
                    nodegroup = name,
                    desired = group.desired
                ),
                latest.started,
                message!("check-typical-retry"),
            )
        }),
        None => Some(Awaited::new(
            message!("check-awaiting-first-launch", nodegroup = name),
            group.modified,
            message!("check-typical-first-launch"),
        )),
    }
}

/// The next node of a node group: its launch, or the joining of what is launched.
pub(super) fn node(name: &str, observation: &Observation) -> Option<Awaited> {
    let Some(Seen::There(group)) = observation.nodegroups.get(name) else {
        return None;
    };
    if group.desired == 0 || fresh_instance(name, observation).is_not_met() {
        return None;
    }
    update(name, group)
        .or_else(|| launch(name, group, observation))
        .or_else(|| joining(name, group))
}

fn joining(name: &str, group: &Nodegroup) -> Option<Awaited> {
    let latest = latest_launch(group)??;
    let may_join = latest.started.is_none_or(|started| started < JOINS_WITHIN);
    let awaited = Awaited::new(
        message!("check-awaiting-join", nodegroup = name),
        latest.started,
        message!("check-typical-minutes"),
    );
    (latest.status == "Successful" && group.status != "DELETING" && may_join).then_some(awaited)
}

/// The end of launch failures that EKS reports, once their cause is gone.
pub(super) fn recovery(
    name: &str,
    group: &Nodegroup,
    observation: &Observation,
) -> Option<Awaited> {
    let only_launches = group
        .issues
        .iter()
        .all(|(code, _)| code == "AsgInstanceLaunchFailures");
    if group.status != "DEGRADED" || !only_launches || !fresh_instance(name, observation).is_met() {
        return None;
    }
    launch(name, group, observation).or_else(|| {
        let succeeded = latest_launch(group)??;
        let done = group.desired == 0 || succeeded.status == "Successful";
        let awaiting = message!("check-awaiting-recovery", nodegroup = name);
        let since = succeeded.started.filter(|_| group.desired > 0);
        done.then(|| Awaited::new(awaiting, since, message!("check-typical-minutes")))
    })
}

/// `None` when the activities are not known, `Some(None)` when no launch is among them.
pub(super) fn latest_launch(group: &Nodegroup) -> Option<Option<&Activity>> {
    let activities = group.activities.as_ref().ok()?;
    let mut newest_first = by_start(activities).into_iter();
    Some(newest_first.find(|activity| activity.is_launch()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{good_key, group, key, launch as launched, observed_group};
    use super::*;

    fn check(group: Nodegroup, key_is_good: bool, expected: Option<&str>) {
        let key = if key_is_good { good_key() } else { key() };
        let told = format!("{} {:?}", group.status, group.activities);
        let awaited = node("g", &observed_group(key, group));
        let awaiting = awaited.map(|awaited| awaited.awaiting.to_string());
        match (awaiting.as_deref(), expected) {
            (Some(awaiting), Some(expected)) => {
                assert!(awaiting.contains(expected), "{told}: {awaiting}");
            }
            (awaiting, expected) => assert_eq!(awaiting, expected, "{told}"),
        }
    }

    #[test]
    fn a_node_is_awaited_only_when_it_will_come() {
        let active = |activities| Nodegroup {
            activities: Ok(activities),
            ..group("ACTIVE")
        };
        check(active(vec![]), true, Some("first launch"));
        check(
            active(vec![launched("a", "PreInService", 9)]),
            true,
            Some("has begun"),
        );
        check(
            active(vec![launched("a", "Cancelled", 9)]),
            true,
            Some("next launch"),
        );
        check(
            active(vec![launched("a", "Failed", 9)]),
            true,
            Some("back to 1"),
        );
        check(
            active(vec![launched("a", "Successful", 60)]),
            true,
            Some("to join"),
        );
        check(active(vec![launched("a", "Successful", 3600)]), true, None);
        check(group("UPDATING"), true, Some("which is UPDATING"));
        check(group("DELETING"), true, None);
        check(
            Nodegroup {
                desired: 0,
                ..group("ACTIVE")
            },
            true,
            None,
        );
        check(
            Nodegroup {
                activities: Err("denied".into()),
                ..group("ACTIVE")
            },
            true,
            None,
        );
    }

    #[test]
    fn a_doomed_launch_is_not_awaited() {
        for status in ["PreInService", "Cancelled", "Successful"] {
            let doomed = Nodegroup {
                activities: Ok(vec![launched("a", status, 9)]),
                ..group("ACTIVE")
            };
            check(doomed, false, None);
        }
        check(group("UPDATING"), false, None);
    }

    #[test]
    fn what_is_under_way_is_listed_first_but_the_newest_launch_tells() {
        let listed = vec![
            launched("b", "PreInService", 300),
            launched("a", "Successful", 30),
        ];
        let group = Nodegroup {
            activities: Ok(listed),
            ..group("ACTIVE")
        };
        assert_eq!(latest_launch(&group).unwrap().unwrap().id, "a");
    }
}
