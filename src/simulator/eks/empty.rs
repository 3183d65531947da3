//! Lists of things that the simulated account truly has none of, and cannot make.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::cluster::cluster;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("ListFargateProfiles", fargate_profiles)
            .at("GET", "/clusters/{name}/fargate-profiles"),
        Operation::new("ListPodIdentityAssociations", pod_identity_associations)
            .at("GET", "/clusters/{name}/pod-identity-associations"),
        Operation::new("ListIdentityProviderConfigs", identity_provider_configs)
            .at("GET", "/clusters/{name}/identity-provider-configs"),
    ]
}

/// However an empty list is paged and filtered, it is empty.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListRequest {
    name: String,
    #[serde(rename = "maxResults")]
    _max_results: Option<u32>,
    #[serde(rename = "nextToken")]
    _next_token: Option<String>,
    #[serde(rename = "namespace")]
    _namespace: Option<String>,
    #[serde(rename = "serviceAccount")]
    _service_account: Option<String>,
}

fn fargate_profiles(
    world: &mut World,
    _call: &Call,
    request: ListRequest,
) -> Result<Value, Refusal> {
    cluster(world, &request.name).map(|_| json!({ "fargateProfileNames": [] }))
}

fn pod_identity_associations(
    world: &mut World,
    _call: &Call,
    request: ListRequest,
) -> Result<Value, Refusal> {
    cluster(world, &request.name).map(|_| json!({ "associations": [] }))
}

fn identity_provider_configs(
    world: &mut World,
    _call: &Call,
    request: ListRequest,
) -> Result<Value, Refusal> {
    cluster(world, &request.name).map(|_| json!({ "identityProviderConfigs": [] }))
}
