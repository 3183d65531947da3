//! How scaling activities are described.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde::Deserialize;

use super::super::super::refusal::Refusal;
use super::super::super::wire::{Answer, Call, Operation, object};
use super::super::super::world::World;
use super::super::Activity;
use super::super::activity::{KEPT, activity_json};
use super::page::page;
use super::{Filter, invalid};

pub(super) fn operations() -> Vec<Operation> {
    vec![Operation::new(
        "DescribeScalingActivities",
        describe_activities,
    )]
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct DescribeRequest {
    activity_ids: Vec<String>,
    auto_scaling_group_name: Option<String>,
    include_deleted_groups: bool,
    // No group here is managed by another operator.
    #[serde(rename = "IncludeManagedResources")]
    _include_managed_resources: Option<bool>,
    filters: Vec<Filter>,
    max_records: Option<usize>,
    next_token: Option<String>,
}

/// An activity with its group: name, ARN and whether the group is gone.
struct Told<'a> {
    group: &'a str,
    arn: &'a str,
    deleted: bool,
    activity: &'a Activity,
}

const PER_PAGE: usize = 100;

fn describe_activities(
    world: &mut World,
    _call: &Call,
    request: DescribeRequest,
) -> Result<Answer, Refusal> {
    let mut told: Vec<Told<'_>> = Vec::new();
    for activity in of_groups(world, &request) {
        let wanted = (request.activity_ids.is_empty()
            || request.activity_ids.contains(&activity.activity.id))
            && world.now().since(activity.activity.started) <= KEPT;
        if wanted && passes(world, activity.activity, &request)? {
            told.push(activity);
        }
    }
    // What is in progress comes first, then the newest.
    told.sort_by_key(|told| {
        (
            told.activity.ended.is_some(),
            Reverse(told.activity.started),
        )
    });
    let token = request.next_token.as_deref();
    let (told, next) = page(told, token, request.max_records, PER_PAGE)?;
    let activities: Vec<Answer> = told
        .into_iter()
        .map(|told| activity_json(world, told.group, told.arn, told.deleted, told.activity))
        .collect();
    Ok(object! { "Activities": activities, "NextToken": next })
}

/// The activities of the groups that are asked for, of each the newest first.
fn of_groups<'a>(world: &'a World, request: &DescribeRequest) -> Vec<Told<'a>> {
    let autoscaling = &world.autoscaling;
    let present = autoscaling
        .groups
        .values()
        .map(|group| (&group.name, &group.arn, false, &group.activities));
    let deleted = autoscaling
        .deleted
        .iter()
        .filter(|_| request.include_deleted_groups)
        .map(|group| (&group.name, &group.arn, true, &group.activities));
    let wanted = request.auto_scaling_group_name.as_ref();
    present
        .chain(deleted)
        .filter(|(name, ..)| wanted.is_none_or(|wanted| wanted == *name))
        .flat_map(|(group, arn, deleted, activities)| {
            activities.iter().rev().map(move |activity| Told {
                group,
                arn,
                deleted,
                activity,
            })
        })
        .collect()
}

fn passes(world: &World, activity: &Activity, request: &DescribeRequest) -> Result<bool, Refusal> {
    let started = world.shown(activity.started);
    for filter in &request.filters {
        let fits = match filter.name.as_str() {
            "Status" if request.auto_scaling_group_name.is_some() => {
                filter.values.contains(&activity.status)
            }
            "Status" => {
                return Err(invalid(
                    "The Status filter can only be used in combination with the AutoScalingGroupName parameter",
                ));
            }
            "StartTimeLowerBound" => instant(filter)?.is_none_or(|bound| started >= bound),
            "StartTimeUpperBound" => instant(filter)?.is_none_or(|bound| started <= bound),
            name => {
                return Err(invalid(format!(
                    "Filter type {name} is not correct. Allowed Filter types are: StartTimeLowerBound StartTimeUpperBound Status"
                )));
            }
        };
        if !fits {
            return Ok(false);
        }
    }
    Ok(true)
}

/// ISO 8601; without an offset it is UTC.
fn instant(filter: &Filter) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = filter.values.first() else {
        return Ok(None);
    };
    let parsed = text
        .parse::<Timestamp>()
        .or_else(|_| format!("{text}Z").parse());
    parsed.map(Some).map_err(|_| {
        invalid(format!(
            "The value {text} of the filter {} is not an ISO 8601 timestamp",
            filter.name
        ))
    })
}
