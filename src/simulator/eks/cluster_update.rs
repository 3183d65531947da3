//! UpdateClusterConfig: one kind of change at a time, in force when its update has finished.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::nodes;
use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::access::AuthenticationMode;
use super::cluster::{Configuration, LOGS, cluster, logging_json};
use super::controller::schedule;
use super::updates::update_json;
use super::{Cluster, Event, Update, UpdateKind};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("UpdateClusterConfig", update_config)
            .at("POST", "/clusters/{name}/update-config"),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct VpcConfig {
    endpoint_public_access: Option<bool>,
    endpoint_private_access: Option<bool>,
    public_access_cidrs: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogSetup {
    #[serde(default)]
    types: Vec<String>,
    enabled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Logging {
    cluster_logging: Vec<LogSetup>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AccessConfig {
    authentication_mode: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpdateRequest {
    name: String,
    resources_vpc_config: Option<VpcConfig>,
    logging: Option<Logging>,
    access_config: Option<AccessConfig>,
    client_request_token: Option<String>,
}

/// What becomes of the configuration, and how the update shows it.
struct Change {
    kind: UpdateKind,
    parameters: Vec<(String, String)>,
    becomes: Configuration,
}

fn update_config(
    world: &mut World,
    _call: &Call,
    request: UpdateRequest,
) -> Result<Value, Refusal> {
    let name = request.name;
    let found = cluster(world, &name)?;
    let token = request.client_request_token;
    if let Some(known) = found
        .updates
        .iter()
        .find(|update| token.is_some() && update.token == token)
    {
        return Ok(json!({ "update": update_json(world, known) }));
    }
    let refused = |message: String| {
        Refusal::bad("InvalidParameterException", message).with("clusterName", name.as_str())
    };
    let before = &found.configuration;
    let change = match (
        request.resources_vpc_config,
        request.logging,
        request.access_config,
    ) {
        (Some(endpoint), None, None) => endpoint_change(before, endpoint),
        (None, Some(logging), None) => logging_change(before, logging),
        (None, None, Some(access)) => access_change(before, access),
        (None, None, None) => Err("Atleast one type of update must be specified.".to_owned()),
        _ => Err("Only one type of update can be allowed.".to_owned()),
    }
    .map_err(refused)?;
    require_idle(found, change.kind.name())?;
    let update = start(world, &name, change, token);
    Ok(json!({ "update": update_json(world, &update) }))
}

/// A cluster works at one update at a time.
fn require_idle(cluster: &Cluster, wanted: &str) -> Result<(), Refusal> {
    let Some(running) = cluster.updates.iter().find(|update| update.is_running()) else {
        return Ok(());
    };
    let message = format!(
        "Cannot {wanted} because cluster {} currently has update {} in progress",
        cluster.name, running.id
    );
    Err(Refusal::new("ResourceInUseException", 409, message)
        .with("clusterName", cluster.name.as_str()))
}

fn endpoint_change(before: &Configuration, wanted: VpcConfig) -> Result<Change, String> {
    let becomes = Configuration {
        public_access: wanted
            .endpoint_public_access
            .unwrap_or(before.public_access),
        private_access: wanted
            .endpoint_private_access
            .unwrap_or(before.private_access),
        public_access_cidrs: wanted
            .public_access_cidrs
            .filter(|cidrs| !cidrs.is_empty())
            .unwrap_or_else(|| before.public_access_cidrs.clone()),
        ..before.clone()
    };
    let (private, public) = (becomes.private_access, becomes.public_access);
    if !private && !public {
        return Err("Private and public endpoint access cannot both be disabled.".to_owned());
    }
    if becomes == *before {
        return Err(format!(
            "Cluster is already at the desired configuration with endpointPrivateAccess: {private} , endpointPublicAccess: {public}, and Public Endpoint Restrictions: [{}]",
            becomes.public_access_cidrs.join(", ")
        ));
    }
    let cidrs = json!(becomes.public_access_cidrs).to_string();
    Ok(Change {
        kind: UpdateKind::EndpointAccess,
        parameters: vec![
            ("EndpointPublicAccess".to_owned(), public.to_string()),
            ("EndpointPrivateAccess".to_owned(), private.to_string()),
            ("PublicAccessCidrs".to_owned(), cidrs),
        ],
        becomes,
    })
}

/// There is no CloudWatch to look into, so where the logs go cannot be seen.
fn logging_change(before: &Configuration, wanted: Logging) -> Result<Change, String> {
    let mut logs = before.logs.clone();
    for setup in wanted.cluster_logging {
        for log in setup.types {
            if !LOGS.contains(&log.as_str()) {
                return Err(format!("Invalid log type: {log}"));
            }
            match setup.enabled {
                Some(true) => logs.insert(log),
                Some(false) | None => logs.remove(&log),
            };
        }
    }
    if logs == before.logs {
        return Err("No changes needed for the logging config provided".to_owned());
    }
    let value = json!({ "clusterLogging": logging_json(&logs) }).to_string();
    Ok(Change {
        kind: UpdateKind::Logging,
        parameters: vec![("ClusterLogging".to_owned(), value)],
        becomes: Configuration {
            logs,
            ..before.clone()
        },
    })
}

fn access_change(before: &Configuration, wanted: AccessConfig) -> Result<Change, String> {
    let (from, to) = (
        before.authentication_mode.name(),
        wanted.authentication_mode,
    );
    if to != AuthenticationMode::Api.name() || from == to {
        return Err(format!(
            "Unsupported authentication mode update from {from} to {to}"
        ));
    }
    Ok(Change {
        kind: UpdateKind::AccessConfig,
        parameters: vec![("AuthenticationMode".to_owned(), to)],
        becomes: Configuration {
            authentication_mode: AuthenticationMode::Api,
            ..before.clone()
        },
    })
}

fn start(world: &mut World, name: &str, change: Change, token: Option<String>) -> Update {
    let update = Update {
        id: world.uuid(),
        kind: change.kind,
        status: "InProgress".to_owned(),
        parameters: change.parameters,
        created: world.now(),
        errors: Vec::new(),
        token,
        held_up_since: None,
    };
    if let Some(cluster) = world.eks.clusters.get_mut(name) {
        cluster.updates.push(update.clone());
    }
    let after = world.options.cluster_update;
    schedule(
        world,
        after,
        Event::ClusterUpdated {
            cluster: name.to_owned(),
            becomes: Box::new(change.becomes),
        },
    );
    update
}

pub(super) fn finish(world: &mut World, name: &str, becomes: Configuration) {
    if let Some(cluster) = world.eks.clusters.get_mut(name) {
        cluster.configuration = becomes;
        for update in cluster
            .updates
            .iter_mut()
            .filter(|found| found.is_running())
        {
            update.status = "Successful".to_owned();
        }
    }
    nodes::reconsider(world);
}
