//! EKS operations on tags of whatever has an ARN of EKS. Tags of a node group reach nothing that is made for it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;

const TAGS: &str = "/tags/{resourceArn}";
const MOST: usize = 50;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("ListTagsForResource", list).at("GET", TAGS),
        Operation::new("TagResource", tag).at("POST", TAGS),
        Operation::new("UntagResource", untag).at("DELETE", TAGS),
    ]
}

/// The tags of the cluster, node group or access entry that has this ARN.
fn tags_of<'a>(
    world: &'a mut World,
    arn: &str,
) -> Result<&'a mut BTreeMap<String, String>, Refusal> {
    if !arn.starts_with("arn:aws:eks:") {
        return Err(Refusal::bad(
            "BadRequestException",
            format!("Invalid ARN: {arn}"),
        ));
    }
    let nodegroups = world
        .eks
        .nodegroups
        .values_mut()
        .map(|nodegroup| (&nodegroup.arn, &mut nodegroup.tags));
    let clusters = world.eks.clusters.values_mut().flat_map(|cluster| {
        let entries = cluster
            .access_entries
            .values_mut()
            .map(|entry| (&entry.arn, &mut entry.tags));
        entries.chain([(&cluster.arn, &mut cluster.tags)])
    });
    nodegroups
        .chain(clusters)
        .find(|(known, _)| *known == arn)
        .map(|(_, tags)| tags)
        .ok_or_else(|| {
            Refusal::new(
                "NotFoundException",
                404,
                format!("No resource found for ARN: {arn}"),
            )
        })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListRequest {
    resource_arn: String,
}

fn list(world: &mut World, _call: &Call, request: ListRequest) -> Result<Value, Refusal> {
    Ok(json!({ "tags": tags_of(world, &request.resource_arn)? }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TagRequest {
    resource_arn: String,
    tags: BTreeMap<String, String>,
}

fn tag(world: &mut World, _call: &Call, request: TagRequest) -> Result<Value, Refusal> {
    let refused = |message: String| Refusal::bad("BadRequestException", message);
    if request.tags.keys().any(|key| key.starts_with("aws:")) {
        return Err(refused(
            "Tag keys that begin with aws: are reserved".to_owned(),
        ));
    }
    let tags = tags_of(world, &request.resource_arn)?;
    let mut together = tags.clone();
    together.extend(request.tags);
    if together.len() > MOST {
        return Err(refused(format!("A resource can have at most {MOST} tags")));
    }
    *tags = together;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UntagRequest {
    resource_arn: String,
    tag_keys: Vec<String>,
}

fn untag(world: &mut World, _call: &Call, request: UntagRequest) -> Result<Value, Refusal> {
    let tags = tags_of(world, &request.resource_arn)?;
    tags.retain(|key, _| !request.tag_keys.contains(key));
    Ok(json!({}))
}
