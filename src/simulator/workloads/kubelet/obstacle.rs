//! What keeps a pod from starting on the node that it was given.

use serde_json::Value;

use super::super::super::kubernetes::{Kind, kind};
use super::super::super::world::World;
use super::super::objects::{is_true, items, namespace, text};
use super::image;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Obstacle {
    /// The node has no network for pods yet.
    Network,
    /// Something to be mounted is not there.
    Volume { volume: String, missing: String },
    /// The name of an image cannot be read.
    Image { container: String, image: String },
    /// Something that the environment is read from is not there.
    Configuration { container: String, missing: String },
}

impl Obstacle {
    /// The container that says so, its reason and message; the others wait as usual.
    pub(super) fn of_container(&self) -> Option<(&str, &'static str, String)> {
        match self {
            Self::Network | Self::Volume { .. } => None,
            Self::Image { container, image } => {
                Some((container, "InvalidImageName", unreadable(image)))
            }
            Self::Configuration { container, missing } => {
                Some((container, "CreateContainerConfigError", missing.clone()))
            }
        }
    }

    /// What the kubelet says about it: reasons and messages of warnings.
    pub(super) fn complaints(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Network => vec![(
                "NetworkNotReady",
                "network is not ready: container runtime network not ready: NetworkReady=false \
                 reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"
                    .to_owned(),
            )],
            Self::Volume { volume, missing } => vec![(
                "FailedMount",
                format!("MountVolume.SetUp failed for volume \"{volume}\" : {missing}"),
            )],
            Self::Image { image, .. } => vec![
                ("InspectFailed", unreadable(image)),
                ("Failed", "Error: InvalidImageName".to_owned()),
            ],
            Self::Configuration { missing, .. } => vec![("Failed", format!("Error: {missing}"))],
        }
    }

    /// The part of the pod that events are about.
    pub(super) fn part(&self) -> String {
        match self {
            Self::Network | Self::Volume { .. } => String::new(),
            Self::Image { container, .. } | Self::Configuration { container, .. } => {
                format!("spec.containers{{{container}}}")
            }
        }
    }
}

fn unreadable(image: &str) -> String {
    format!(
        "Failed to apply default image tag \"{image}\": couldn't parse image name \"{image}\": invalid reference format"
    )
}

/// The first thing that is in the way of a pod.
pub(super) fn of(world: &World, pod: &Value, node: &Value) -> Option<Obstacle> {
    if pod["spec"]["hostNetwork"] != true && !is_true(node, "Ready") {
        return Some(Obstacle::Network);
    }
    items(&pod["spec"]["volumes"])
        .iter()
        .find_map(|volume| volume_trouble(world, pod, volume))
        .or_else(|| {
            ["initContainers", "containers"]
                .into_iter()
                .flat_map(|list| items(&pod["spec"][list]))
                .find_map(|container| container_trouble(world, pod, container))
        })
}

fn volume_trouble(world: &World, pod: &Value, volume: &Value) -> Option<Obstacle> {
    let secret = &volume["secret"];
    let missing =
        needed(world, pod, &kind::CONFIG_MAPS, &volume["configMap"], None).or_else(|| {
            let reference =
                serde_json::json!({ "name": secret["secretName"], "optional": secret["optional"] });
            needed(world, pod, &kind::SECRETS, &reference, None)
        })?;
    Some(Obstacle::Volume {
        volume: text(&volume["name"]).to_owned(),
        missing,
    })
}

fn container_trouble(world: &World, pod: &Value, container: &Value) -> Option<Obstacle> {
    let own = text(&container["name"]).to_owned();
    let image = text(&container["image"]);
    if image::canonical(image).is_none() {
        return Some(Obstacle::Image {
            container: own,
            image: image.to_owned(),
        });
    }
    let whole = items(&container["envFrom"]).iter().find_map(|source| {
        needed(
            world,
            pod,
            &kind::CONFIG_MAPS,
            &source["configMapRef"],
            None,
        )
        .or_else(|| needed(world, pod, &kind::SECRETS, &source["secretRef"], None))
    });
    let single = || {
        items(&container["env"]).iter().find_map(|variable| {
            let from = &variable["valueFrom"];
            let (map, secret) = (&from["configMapKeyRef"], &from["secretKeyRef"]);
            needed(world, pod, &kind::CONFIG_MAPS, map, map["key"].as_str())
                .or_else(|| needed(world, pod, &kind::SECRETS, secret, secret["key"].as_str()))
        })
    };
    let missing = whole.or_else(single)?;
    Some(Obstacle::Configuration {
        container: own,
        missing,
    })
}

/// What is missing of a config map or secret that is referred to, and of its key, if it is needed at all.
fn needed(
    world: &World,
    pod: &Value,
    kind: &Kind,
    reference: &Value,
    key: Option<&str>,
) -> Option<String> {
    let wanted = reference["name"].as_str()?;
    if reference["optional"] == true {
        return None;
    }
    let place = namespace(pod);
    match world.kubernetes.get(kind, place, wanted) {
        None => Some(format!("{} \"{wanted}\" not found", kind.singular)),
        Some(found) => {
            let key = key.filter(|key| found["data"].get(key).is_none())?;
            Some(format!(
                "couldn't find key {key} in {} {place}/{wanted}",
                kind.kind
            ))
        }
    }
}
