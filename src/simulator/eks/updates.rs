//! EKS operations on the history of updates, of a cluster and of its node groups.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::Update;
use super::addons::require_addon;
use super::cluster::{cluster, nodegroup};
use super::paging::{Page, page};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("ListUpdates", list).at("GET", "/clusters/{name}/updates"),
        Operation::new("DescribeUpdate", describe).at("GET", "/clusters/{name}/updates/{updateId}"),
    ]
}

/// The updates of the cluster, or of its node group or add-on, oldest first.
fn history<'a>(
    world: &'a World,
    name: &str,
    nodegroup_name: Option<&str>,
    addon: Option<&str>,
) -> Result<&'a [Update], Refusal> {
    let found = cluster(world, name)?;
    match (nodegroup_name, addon) {
        (Some(_), Some(_)) => Err(Refusal::bad(
            "InvalidParameterException",
            "Only one of nodegroupName and addonName can be given.",
        )
        .with("clusterName", name)),
        (Some(group), None) => Ok(&nodegroup(world, name, group)?.updates),
        // Add-ons cannot be changed here, so none has a history.
        (None, Some(addon)) => require_addon(name, addon).map(|()| [].as_slice()),
        (None, None) => Ok(&found.updates),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListRequest {
    name: String,
    nodegroup_name: Option<String>,
    addon_name: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

fn list(world: &mut World, _call: &Call, request: ListRequest) -> Result<Value, Refusal> {
    let updates = history(
        world,
        &request.name,
        request.nodegroup_name.as_deref(),
        request.addon_name.as_deref(),
    )?;
    let ids = updates.iter().map(|update| json!(update.id)).collect();
    page(
        ids,
        "updateIds",
        &Page::of(request.max_results, request.next_token),
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DescribeRequest {
    name: String,
    update_id: String,
    nodegroup_name: Option<String>,
    addon_name: Option<String>,
}

fn describe(world: &mut World, _call: &Call, request: DescribeRequest) -> Result<Value, Refusal> {
    let updates = history(
        world,
        &request.name,
        request.nodegroup_name.as_deref(),
        request.addon_name.as_deref(),
    )?;
    let update = updates
        .iter()
        .find(|update| update.id == request.update_id)
        .ok_or_else(|| {
            let message = format!("No update found for id: {}.", request.update_id);
            Refusal::new("ResourceNotFoundException", 404, message)
                .with("clusterName", request.name.as_str())
        })?;
    Ok(json!({ "update": update_json(world, update) }))
}

pub(super) fn update_json(world: &World, update: &Update) -> Value {
    json!({
        "id": update.id,
        "status": update.status,
        "type": update.kind.name(),
        "params": update.parameters.iter().map(|(kind, value)| json!({ "type": kind, "value": value })).collect::<Vec<_>>(),
        "createdAt": world.timestamp(update.created),
        "errors": update.errors.iter().map(|error| json!({
            "errorCode": error.code,
            "errorMessage": error.message,
            "resourceIds": error.resources,
        })).collect::<Vec<_>>(),
    })
}
