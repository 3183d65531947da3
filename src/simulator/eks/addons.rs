//! EKS operations that read add-ons: the three that every cluster has. They cannot be changed here.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::cluster::cluster;
use super::paging::{Page, page};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("ListAddons", list).at("GET", "/clusters/{name}/addons"),
        Operation::new("DescribeAddon", describe).at("GET", "/clusters/{name}/addons/{addonName}"),
        Operation::new("DescribeAddonVersions", versions).at("GET", "/addons/supported-versions"),
    ]
}

struct Addon {
    name: &'static str,
    /// The one that EKS gives new clusters of Kubernetes 1.30; images of the add-ons' pods have it, too.
    version: &'static str,
    needs_permissions: bool,
}

const ADDONS: [Addon; 3] = [
    Addon {
        name: "coredns",
        version: "v1.11.1-eksbuild.8",
        needs_permissions: false,
    },
    Addon {
        name: "kube-proxy",
        version: "v1.30.0-eksbuild.3",
        needs_permissions: false,
    },
    Addon {
        name: "vpc-cni",
        version: "v1.18.1-eksbuild.3",
        needs_permissions: true,
    },
];
const KUBERNETES: &str = "1.30";

fn find(cluster: &str, name: &str) -> Result<&'static Addon, Refusal> {
    ADDONS
        .iter()
        .find(|addon| addon.name == name)
        .ok_or_else(|| {
            let message = format!("No addon: {name} found in cluster: {cluster}");
            Refusal::new("ResourceNotFoundException", 404, message)
                .with("clusterName", cluster)
                .with("addonName", name)
        })
}

/// Refuses the name of an add-on that the cluster does not have.
pub(super) fn require_addon(cluster: &str, name: &str) -> Result<(), Refusal> {
    find(cluster, name).map(|_| ())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListRequest {
    name: String,
    max_results: Option<usize>,
    next_token: Option<String>,
}

fn list(world: &mut World, _call: &Call, request: ListRequest) -> Result<Value, Refusal> {
    cluster(world, &request.name)?;
    let names = ADDONS.iter().map(|addon| json!(addon.name)).collect();
    page(
        names,
        "addons",
        &Page::of(request.max_results, request.next_token),
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DescribeRequest {
    name: String,
    addon_name: String,
}

fn describe(world: &mut World, _call: &Call, request: DescribeRequest) -> Result<Value, Refusal> {
    let cluster = cluster(world, &request.name)?;
    let addon = find(&request.name, &request.addon_name)?;
    // Made with the cluster, so its id can be the cluster's.
    let resource = format!("addon/{}/{}/{}", cluster.name, addon.name, cluster.oidc_id);
    Ok(json!({
        "addon": {
            "addonName": addon.name,
            "clusterName": cluster.name,
            "status": "ACTIVE",
            "addonVersion": addon.version,
            "health": { "issues": [] },
            "addonArn": world.arn("eks", &resource),
            "createdAt": world.timestamp(cluster.created),
            "modifiedAt": world.timestamp(cluster.created),
            "tags": {},
        }
    }))
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct VersionsRequest {
    kubernetes_version: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
    addon_name: Option<String>,
    types: Vec<String>,
    publishers: Vec<String>,
    owners: Vec<String>,
}

/// Of all that EKS offers, the versions in use here.
fn versions(_world: &mut World, _call: &Call, request: VersionsRequest) -> Result<Value, Refusal> {
    let passes = |wanted: &[String], value: &str| {
        wanted.is_empty() || wanted.iter().any(|wanted| wanted == value)
    };
    let fits = passes(&request.types, "networking")
        && passes(&request.publishers, "eks")
        && passes(&request.owners, "aws")
        && request
            .kubernetes_version
            .as_deref()
            .is_none_or(|version| version == KUBERNETES);
    if let Some(name) = &request.addon_name
        && !ADDONS.iter().any(|addon| addon.name == name)
    {
        let message = format!("add-on {name} is not simulated");
        return Err(Refusal::bad("InvalidParameterException", message));
    }
    let addons = ADDONS
        .iter()
        .filter(|addon| {
            fits && request
                .addon_name
                .as_deref()
                .is_none_or(|name| name == addon.name)
        })
        .map(version_json)
        .collect();
    page(
        addons,
        "addons",
        &Page::of(request.max_results, request.next_token),
    )
}

fn version_json(addon: &Addon) -> Value {
    json!({
        "addonName": addon.name,
        "type": "networking",
        "addonVersions": [{
            "addonVersion": addon.version,
            "architecture": ["amd64", "arm64"],
            "computeTypes": ["ec2", "auto", "hybrid"],
            "compatibilities": [{
                "clusterVersion": KUBERNETES,
                "platformVersions": ["*"],
                "defaultVersion": true,
            }],
            "requiresConfiguration": false,
            "requiresIamPermissions": addon.needs_permissions,
        }],
        "publisher": "eks",
        "owner": "aws",
        "defaultNamespace": "kube-system",
    })
}
