//! Kubernetes objects from YAML, applied on the server's side. Ours carry labels; others are never touched.

use std::collections::BTreeMap;

use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams,
    PostParams, PropagationPolicy,
};
use kube::discovery::{ApiCapabilities, Discovery, Scope, verbs};
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::super::waiting::{done, found};
use super::super::{Cloud, CloudError};
use super::{BREAKFIX, CHANGE_LABEL, Mark, Original, Outputs, SESSION_LABEL, Tags};
use crate::message;
use crate::scenario::change::KubeManifest;

/// Made by the cluster from other objects, whose labels they copy; they go with those.
const COPIES: [&str; 2] = ["Endpoints", "EndpointSlice"];

/// An object of a manifest and where it belongs.
struct Object {
    value: Value,
    name: String,
    api: Api<DynamicObject>,
}

impl Object {
    async fn present(&self) -> Result<Option<DynamicObject>, CloudError> {
        Ok(self.api.get_opt(&self.name).await?)
    }

    fn title(&self) -> String {
        title(&self.value)
    }
}

impl Cloud {
    /// The objects of a manifest that are there already, as they are.
    pub(super) async fn present_objects(
        &self,
        manifest: &KubeManifest,
    ) -> Result<Option<Original>, CloudError> {
        let mut present = Vec::new();
        for object in self.objects(manifest).await? {
            if let Some(found) = object.present().await? {
                present.push(plain(found)?);
            }
        }
        Ok((!present.is_empty()).then_some(Original::Objects(present)))
    }

    pub(super) async fn apply_objects(
        &self,
        manifest: &KubeManifest,
        mark: &Mark,
    ) -> Result<(), CloudError> {
        let objects = self.objects(manifest).await?;
        for object in &objects {
            let present = object.present().await?;
            if present.is_some_and(|found| !is_of(&found, mark)) {
                return Err(CloudError::Taken(format!(
                    "{} is there already and not this session's: delete it first",
                    object.title()
                )));
            }
        }
        let parameters = PatchParams::apply(BREAKFIX).force();
        for object in &objects {
            let mut value = object.value.clone();
            for (name, label) in mark.labels() {
                value["metadata"]["labels"][name] = json!(label);
            }
            let patch = Patch::Apply(&value);
            let applied = object.api.patch(&object.name, &parameters, &patch).await;
            applied.map_err(|error| CloudError::from(error).about(object.title()))?;
        }
        Ok(())
    }

    /// Deletes the manifest's objects that are the session's and puts those back that were there before, newest first.
    pub(super) async fn unapply_objects(
        &self,
        manifest: &KubeManifest,
        mark: &Mark,
        outputs: Option<&Outputs>,
        originals: &[Value],
    ) -> Result<(), CloudError> {
        let mut deleted = Vec::new();
        let mut foreign = Vec::new();
        for object in self.objects(manifest).await?.into_iter().rev() {
            let Some(present) = object.present().await? else {
                continue;
            };
            let original = originals
                .iter()
                .find(|original| is_same(original, &object.value));
            match original {
                _ if !is_of(&present, mark) => foreign.push(object),
                Some(original) => restore(&object, present, original, mark).await?,
                None => {
                    delete(&object.api, &object.name).await?;
                    deleted.push(object);
                }
            }
        }
        for object in deleted {
            self.object_gone(&object.api, &object.name, &object.title())
                .await?;
        }
        // Made anew by somebody, if it has not gone with a namespace of ours.
        for object in foreign {
            if outputs.is_some() && object.present().await?.is_some() {
                return Err(CloudError::Taken(format!(
                    "{} was made anew by somebody else, who has to delete it",
                    object.title()
                )));
            }
        }
        Ok(())
    }

    async fn object_gone(
        &self,
        api: &Api<DynamicObject>,
        name: &str,
        title: &str,
    ) -> Result<(), CloudError> {
        let mut wait = self.wait(title, message!("cloud-seconds", count = 30));
        while api.get_opt(name).await?.is_some() {
            wait.next(message!("cloud-being-deleted")).await?;
        }
        Ok(())
    }

    /// The manifest's objects, each with the API that it belongs to.
    async fn objects(&self, manifest: &KubeManifest) -> Result<Vec<Object>, CloudError> {
        let client = self.kubernetes().await?;
        let mut kinds: BTreeMap<String, (ApiResource, ApiCapabilities)> = BTreeMap::new();
        let mut objects = Vec::new();
        for value in documents(&manifest.manifest)? {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (version, kind) = (text(&value["apiVersion"]), text(&value["kind"]));
            let key = format!("{version} {kind}");
            if !kinds.contains_key(&key) {
                let (group, version) = version.split_once('/').unwrap_or(("", &version));
                let wanted = GroupVersionKind::gvk(group, version, &kind);
                let known = kube::discovery::pinned_kind(&client, &wanted).await;
                let known = known.map_err(|error| {
                    CloudError::Other(format!("the cluster has no kind {key}: {error}"))
                })?;
                kinds.insert(key.clone(), known);
            }
            let (resource, capabilities) = &kinds[&key];
            let metadata = &value["metadata"];
            let name = text(&metadata["name"]);
            if name.is_empty() {
                return Err(CloudError::Other(format!(
                    "an object of kind {kind} has no metadata.name, by which it could be found again"
                )));
            }
            let api = match capabilities.scope {
                Scope::Cluster => Api::all_with(client.clone(), resource),
                Scope::Namespaced => {
                    let namespace = metadata["namespace"].as_str().unwrap_or("default");
                    Api::namespaced_with(client.clone(), namespace, resource)
                }
            };
            objects.push(Object { value, name, api });
        }
        Ok(objects)
    }
}

/// Every kind of object that can be listed and deleted, in every group.
pub(in super::super) async fn object_kinds(
    client: &kube::Client,
) -> Result<Vec<(ApiResource, ApiCapabilities)>, CloudError> {
    let discovery = Discovery::new(client.clone()).run_aggregated().await?;
    let kinds = discovery
        .groups()
        .flat_map(|group| group.recommended_resources());
    Ok(kinds
        .filter(|(resource, capabilities)| {
            capabilities.supports_operation(verbs::LIST)
                && capabilities.supports_operation(verbs::DELETE)
                && !COPIES.contains(&resource.kind.as_str())
        })
        .collect())
}

/// Deletes an object and waits until it is gone.
pub(in super::super) async fn remove_object(
    cloud: &Cloud,
    kind: &GroupVersionKind,
    (namespace, name): (Option<&str>, &str),
) -> Result<(), CloudError> {
    let api = api_of(cloud, kind, namespace).await?;
    delete(&api, name).await?;
    cloud
        .object_gone(&api, name, &format!("{} {name}", kind.kind))
        .await
}

/// Puts labels on an object, if it is there.
pub(in super::super) async fn label_object(
    cloud: &Cloud,
    kind: &GroupVersionKind,
    (namespace, name): (Option<&str>, &str),
    labels: &Tags,
) -> Result<(), CloudError> {
    let api = api_of(cloud, kind, namespace).await?;
    let patch = Patch::Merge(json!({ "metadata": { "labels": labels } }));
    let parameters = PatchParams {
        field_manager: Some(BREAKFIX.to_owned()),
        ..PatchParams::default()
    };
    let patched = api.patch(name, &parameters, &patch).await;
    done(patched.map(drop).map_err(CloudError::from))
}

async fn api_of(
    cloud: &Cloud,
    kind: &GroupVersionKind,
    namespace: Option<&str>,
) -> Result<Api<DynamicObject>, CloudError> {
    let client = cloud.kubernetes().await?;
    let (resource, _) = kube::discovery::pinned_kind(&client, kind).await?;
    Ok(match namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, &resource),
        None => Api::all_with(client, &resource),
    })
}

/// In the foreground: what an object owns is gone before it is.
async fn delete(api: &Api<DynamicObject>, name: &str) -> Result<(), CloudError> {
    let parameters = DeleteParams {
        propagation_policy: Some(PropagationPolicy::Foreground),
        ..DeleteParams::default()
    };
    let deleted = api.delete(name, &parameters).await;
    done(deleted.map(drop).map_err(CloudError::from))
}

/// Writes an object as it was before the change, if the change was the last to write it.
async fn restore(
    object: &Object,
    present: DynamicObject,
    original: &Value,
    mark: &Mark,
) -> Result<(), CloudError> {
    let labels = present.metadata.labels.as_ref();
    let change = labels.and_then(|labels| labels.get(CHANGE_LABEL));
    if change != Some(&mark.number.to_string()) {
        return Ok(());
    }
    let mut before: DynamicObject = read(original.clone())?;
    before.metadata.resource_version = present.metadata.resource_version;
    let parameters = PostParams {
        field_manager: Some(BREAKFIX.to_owned()),
        ..PostParams::default()
    };
    let replaced = object.api.replace(&object.name, &parameters, &before).await;
    found(replaced.map(drop).map_err(CloudError::from))?;
    Ok(())
}

fn is_of(object: &DynamicObject, mark: &Mark) -> bool {
    let labels = object.metadata.labels.as_ref();
    labels.and_then(|labels| labels.get(SESSION_LABEL)) == Some(&mark.session)
}

/// Whether an object of the cluster is the one that a manifest means.
fn is_same(original: &Value, wanted: &Value) -> bool {
    let (one, other) = (&original["metadata"], &wanted["metadata"]);
    let elsewhere = other["namespace"].is_string() && one["namespace"] != other["namespace"];
    original["kind"] == wanted["kind"]
        && original["apiVersion"] == wanted["apiVersion"]
        && one["name"] == other["name"]
        && !elsewhere
}

/// An object without what the cluster alone writes.
fn plain(object: DynamicObject) -> Result<Value, CloudError> {
    let mut value =
        serde_json::to_value(object).map_err(|error| CloudError::Other(error.to_string()))?;
    if let Some(object) = value.as_object_mut() {
        object.remove("status");
    }
    if let Some(metadata) = value["metadata"].as_object_mut() {
        metadata.retain(|name, _| {
            ![
                "creationTimestamp",
                "generation",
                "managedFields",
                "resourceVersion",
                "selfLink",
                "uid",
            ]
            .contains(&name.as_str())
        });
    }
    Ok(value)
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, CloudError> {
    serde_json::from_value(value).map_err(|error| CloudError::Other(error.to_string()))
}

/// The objects of a YAML text, lists taken apart.
fn documents(text: &str) -> Result<Vec<Value>, CloudError> {
    let mut objects = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let value = Value::deserialize(document).map_err(|error| {
            CloudError::Other(format!("the manifest is not made of YAML objects: {error}"))
        })?;
        match value["items"].as_array() {
            Some(items) if value["kind"] == "List" => objects.extend(items.clone()),
            _ if value.is_null() => {}
            _ => objects.push(value),
        }
    }
    Ok(objects)
}

fn title(value: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &value["metadata"];
    match metadata["namespace"].as_str() {
        Some(namespace) => format!(
            "{} {namespace}/{}",
            text(&value["kind"]),
            text(&metadata["name"])
        ),
        None => format!("{} {}", text(&value["kind"]), text(&metadata["name"])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_and_lists_become_objects() {
        let text = "---\nkind: A\nmetadata: {name: one}\n---\n---\nkind: List\nitems:\n- kind: B\n  metadata: {name: two, namespace: n}\n";
        let objects = documents(text).unwrap();
        let titles: Vec<String> = objects.iter().map(title).collect();
        assert_eq!(titles, ["A one", "B n/two"]);
    }

    #[test]
    fn what_is_no_yaml_is_refused() {
        assert!(documents("a: [").is_err());
    }
}
