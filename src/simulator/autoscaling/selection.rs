//! Where a new instance goes, and which instance goes first.

use std::cmp::Reverse;
use std::time::Duration;

use super::super::world::World;
use super::{Group, Lifecycle, Member};

/// The subnet of a new instance: zones are kept in balance, then the subnets of a zone.
pub(super) fn subnet(world: &World, group: &Group) -> String {
    let zone = |subnet: &str| world.ec2.subnets.get(subnet).map(|subnet| &subnet.zone);
    let in_zone = |subnet: &String| {
        group
            .staying()
            .filter(|member| zone(&member.subnet) == zone(subnet))
            .count()
    };
    let in_subnet = |subnet: &String| {
        group
            .staying()
            .filter(|member| member.subnet == *subnet)
            .count()
    };
    // Between equals the last attempt moves on, so that retries visit every zone.
    let last = group
        .activities
        .last()
        .map(|activity| activity.subnet.as_str());
    group
        .subnets
        .iter()
        .min_by_key(|subnet| {
            (
                in_zone(subnet),
                in_subnet(subnet),
                last == Some(subnet.as_str()),
            )
        })
        .cloned()
        .unwrap_or_default()
}

/// The next instance to go when there are too many, by the group's termination policies; `spared` are on their way
/// already. Protected ones never go.
pub(super) fn victim(world: &World, group: &Group, spared: &[String]) -> Option<String> {
    let mut left: Vec<&Member> = group
        .staying()
        .filter(|member| !member.protected && !spared.contains(&member.instance))
        .collect();
    // What does not serve yet is the smallest loss.
    keep_lowest(&mut left, |member| member.lifecycle != Lifecycle::Pending);
    let policies = &group.settings.termination_policies;
    let current = group.template.resolved(world);
    let noncurrent = |member: &Member| {
        (
            member.template_id == group.template.id && member.template_version == current,
            member.template_version,
        )
    };
    // EKS, which names this policy, rolls versions over by it whatever the zones are.
    if policies
        .iter()
        .any(|policy| policy == "OldestLaunchTemplate")
    {
        keep_lowest(&mut left, |member| noncurrent(member).0);
    }
    let zone = |member: &Member| {
        world
            .ec2
            .subnets
            .get(&member.subnet)
            .map(|subnet| subnet.zone.clone())
    };
    let crowd = |member: &Member| {
        group
            .staying()
            .filter(|other| !spared.contains(&other.instance) && zone(other) == zone(member))
            .count()
    };
    keep_lowest(&mut left, |member| Reverse(crowd(member)));
    for policy in policies {
        match policy.as_str() {
            "OldestInstance" => keep_lowest(&mut left, |member| member.launched),
            "NewestInstance" => keep_lowest(&mut left, |member| Reverse(member.launched)),
            "OldestLaunchTemplate" => keep_lowest(&mut left, noncurrent),
            "ClosestToNextInstanceHour" => {
                keep_lowest(&mut left, |member| to_next_hour(world, member));
            }
            "Default" => {
                keep_lowest(&mut left, noncurrent);
                keep_lowest(&mut left, |member| to_next_hour(world, member));
            }
            // Nothing here has a launch configuration or is bought in different ways.
            _ => {}
        }
    }
    // AWS ends this at random; the youngest is as good a choice and repeatable.
    left.last().map(|member| member.instance.clone())
}

fn keep_lowest<K: Ord>(members: &mut Vec<&Member>, key: impl Fn(&Member) -> K) {
    if let Some(lowest) = members.iter().map(|member| key(member)).min() {
        members.retain(|member| key(member) == lowest);
    }
}

fn to_next_hour(world: &World, member: &Member) -> Duration {
    let age = world.now().since(member.launched).as_secs();
    Duration::from_secs(3600 - age % 3600)
}
