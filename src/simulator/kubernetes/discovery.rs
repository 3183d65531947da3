//! Which groups, versions and kinds there are, in the words of old and new clients, and the least OpenAPI that lets
//! `kubectl apply` leave validation to the server.

mod openapi_v2;

use super::answer::{json_response, response};
use super::kind::{KINDS, Kind};
use super::version::ServerVersion;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

const OBJECT_VERBS: &[&str] = &[
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];
const STATUS_VERBS: &[&str] = &["get", "patch", "update"];

/// A kind that is asked, never stored: (group, kind, plural).
pub(super) const REVIEWS: &[(&str, &str, &str)] = &[
    (
        "authentication.k8s.io",
        "SelfSubjectReview",
        "selfsubjectreviews",
    ),
    (
        "authorization.k8s.io",
        "SelfSubjectAccessReview",
        "selfsubjectaccessreviews",
    ),
    (
        "authorization.k8s.io",
        "SelfSubjectRulesReview",
        "selfsubjectrulesreviews",
    ),
];

/// Every group but the core one, in the order in which they are found. All have the one version `v1`.
const GROUPS: &[&str] = &[
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "batch",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
];

/// Whether `/apis/GROUP/VERSION` exists.
pub(super) fn has_group_version(group: &str, version: &str) -> bool {
    GROUPS.contains(&group) && version == "v1"
}

/// Answers a discovery path, if `segments` is one.
pub(super) fn answer(
    segments: &[&str],
    accept: Option<&str>,
    version: &ServerVersion,
) -> Option<Response<Bytes>> {
    let body = match segments {
        ["api"] => match aggregated_version(accept) {
            Some(aggregated) => return Some(aggregated_response(aggregated, &[""])),
            None => {
                json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] })
            }
        },
        ["apis"] => match aggregated_version(accept) {
            Some(aggregated) => return Some(aggregated_response(aggregated, GROUPS)),
            None => {
                json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": GROUPS.iter().map(|group| legacy_group(group)).collect::<Vec<_>>() })
            }
        },
        ["api", "v1"] => legacy_resources(""),
        ["apis", group] if GROUPS.contains(group) => with_type("APIGroup", legacy_group(group)),
        ["apis", group, "v1"] if GROUPS.contains(group) => legacy_resources(group),
        ["openapi", "v2"] => return Some(openapi_v2::answer(accept, version)),
        ["openapi", "v3"] => openapi_index(),
        ["openapi", "v3", "api", "v1"] => openapi("", version),
        ["openapi", "v3", "apis", group, "v1"] if GROUPS.contains(group) => openapi(group, version),
        [] => json!({ "paths": root_paths() }),
        _ => return None,
    };
    Some(json_response(StatusCode::OK, &body))
}

/// The first version of the aggregated document that the client lists; a client that knows only `v2beta1` takes a
/// `v2` document for an empty one.
fn aggregated_version(accept: Option<&str>) -> Option<&'static str> {
    accept?.split(',').find_map(|clause| {
        let has = |parameter: &str| clause.split(';').any(|part| part.trim() == parameter);
        let aggregated = has("g=apidiscovery.k8s.io") && has("as=APIGroupDiscoveryList");
        match aggregated {
            true if has("v=v2") => Some("v2"),
            true if has("v=v2beta1") => Some("v2beta1"),
            _ => None,
        }
    })
}

fn aggregated_response(version: &'static str, groups: &[&str]) -> Response<Bytes> {
    let items: Vec<Value> = groups.iter().map(|group| aggregated_group(group)).collect();
    let body = json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": format!("apidiscovery.k8s.io/{version}"), "metadata": {}, "items": items,
    });
    let content_type = match version {
        "v2" => "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        _ => "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
    };
    response(StatusCode::OK, content_type, format!("{body}\n"))
}

fn aggregated_group(group: &str) -> Value {
    let mut metadata = json!({ "creationTimestamp": null });
    if !group.is_empty() {
        metadata = json!({ "name": group, "creationTimestamp": null });
    }
    let objects = kinds_of(group).map(aggregated_resource);
    let reviews = reviews_of(group).map(|(group, kind, plural)| {
        json!({
            "resource": plural, "responseKind": { "group": group, "version": "v1", "kind": kind },
            "scope": "Cluster", "singularResource": kind.to_lowercase(), "verbs": ["create"],
        })
    });
    let resources: Vec<Value> = objects.chain(reviews).collect();
    json!({ "metadata": metadata, "versions": [{ "version": "v1", "resources": resources, "freshness": "Current" }] })
}

fn aggregated_resource(kind: &Kind) -> Value {
    let response_kind = json!({ "group": kind.group, "version": kind.version, "kind": kind.kind });
    let mut resource = json!({
        "resource": kind.plural,
        "responseKind": response_kind,
        "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": kind.singular,
        "verbs": OBJECT_VERBS,
    });
    if !kind.short_names.is_empty() {
        resource["shortNames"] = json!(kind.short_names);
    }
    if !kind.categories.is_empty() {
        resource["categories"] = json!(kind.categories);
    }
    let subresources: Vec<Value> = subresources(kind)
        .map(|(name, response, verbs)| {
            let [group, version, kind] = response.unwrap_or([kind.group, kind.version, kind.kind]);
            let response_kind = json!({ "group": group, "version": version, "kind": kind });
            json!({ "subresource": name, "responseKind": response_kind, "verbs": verbs })
        })
        .collect();
    if !subresources.is_empty() {
        resource["subresources"] = json!(subresources);
    }
    resource
}

/// Name, the kind that is read and written there (group, version, kind) unless it is the kind itself, and verbs.
type Subresource = (
    &'static str,
    Option<[&'static str; 3]>,
    &'static [&'static str],
);

fn subresources(kind: &Kind) -> impl Iterator<Item = Subresource> {
    let evicted = kind.group.is_empty() && kind.plural == "pods";
    let all: [(bool, Subresource); 3] = [
        (
            evicted,
            ("eviction", Some(["policy", "v1", "Eviction"]), &["create"]),
        ),
        (
            super::scale::has_scale(kind),
            ("scale", Some(["autoscaling", "v1", "Scale"]), STATUS_VERBS),
        ),
        (kind.status, ("status", None, STATUS_VERBS)),
    ];
    all.into_iter()
        .filter_map(|(has_it, subresource)| has_it.then_some(subresource))
}

fn kinds_of(group: &str) -> impl Iterator<Item = &'static Kind> {
    KINDS
        .iter()
        .copied()
        .filter(move |kind| kind.group == group)
}

fn reviews_of(group: &str) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    REVIEWS.iter().copied().filter(move |(of, ..)| *of == group)
}

fn legacy_group(group: &str) -> Value {
    let version = json!({ "groupVersion": format!("{group}/v1"), "version": "v1" });
    json!({ "name": group, "versions": [version], "preferredVersion": version })
}

fn with_type(kind: &str, body: Value) -> Value {
    let mut typed = json!({ "kind": kind, "apiVersion": "v1" });
    if let (Some(fields), Value::Object(body)) = (typed.as_object_mut(), body) {
        fields.extend(body);
    }
    typed
}

fn legacy_resources(group: &str) -> Value {
    let mut resources = Vec::new();
    for kind in kinds_of(group) {
        let mut resource = json!({
            "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced, "kind": kind.kind, "verbs": OBJECT_VERBS,
        });
        if !kind.short_names.is_empty() {
            resource["shortNames"] = json!(kind.short_names);
        }
        if !kind.categories.is_empty() {
            resource["categories"] = json!(kind.categories);
        }
        resources.push(resource);
        for (name, response, verbs) in subresources(kind) {
            let mut entry = json!({
                "name": format!("{}/{name}", kind.plural), "singularName": "", "namespaced": kind.namespaced, "kind": kind.kind, "verbs": verbs,
            });
            if let Some([group, version, kind]) = response {
                entry["group"] = json!(group);
                entry["version"] = json!(version);
                entry["kind"] = json!(kind);
            }
            resources.push(entry);
        }
    }
    resources.extend(reviews_of(group).map(|(_, kind, plural)| {
        json!({ "name": plural, "singularName": kind.to_lowercase(), "namespaced": false, "kind": kind, "verbs": ["create"] })
    }));
    let group_version = if group.is_empty() {
        "v1".to_owned()
    } else {
        format!("{group}/v1")
    };
    json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources })
}

fn root_paths() -> Vec<String> {
    let groups = GROUPS
        .iter()
        .flat_map(|group| [format!("/apis/{group}"), format!("/apis/{group}/v1")]);
    let fixed = [
        "/healthz",
        "/livez",
        "/openapi/v2",
        "/openapi/v3",
        "/readyz",
        "/version",
    ]
    .map(str::to_owned);
    ["/api", "/api/v1", "/apis"]
        .map(str::to_owned)
        .into_iter()
        .chain(groups)
        .chain(fixed)
        .collect()
}

fn openapi_index() -> Value {
    let path = |group: &&str| {
        if group.is_empty() {
            "api/v1".to_owned()
        } else {
            format!("apis/{group}/v1")
        }
    };
    let entry = |group: &&str| {
        (
            path(group),
            json!({ "serverRelativeURL": format!("/openapi/v3/{}?hash=1", path(group)) }),
        )
    };
    let paths: serde_json::Map<String, Value> = [""].iter().chain(GROUPS).map(entry).collect();
    json!({ "paths": paths })
}

/// One PATCH per kind: that it takes `fieldValidation` is what tells kubectl to leave validation to the server.
fn openapi(group: &str, version: &ServerVersion) -> Value {
    let root = if group.is_empty() {
        "/api/v1".to_owned()
    } else {
        format!("/apis/{group}/v1")
    };
    let parameter = |name: &str| json!({ "name": name, "in": "query", "schema": { "type": "string", "uniqueItems": true } });
    let parameters = ["dryRun", "fieldManager", "fieldValidation"].map(parameter);
    let path = |kind: &Kind| {
        let namespace = if kind.namespaced {
            "/namespaces/{namespace}"
        } else {
            ""
        };
        let patch = json!({ "patch": {
            "parameters": parameters,
            "responses": { "200": { "description": "OK" } },
            "x-kubernetes-action": "patch",
            "x-kubernetes-group-version-kind": { "group": kind.group, "version": kind.version, "kind": kind.kind },
        } });
        (format!("{root}{namespace}/{}/{{name}}", kind.plural), patch)
    };
    let paths: serde_json::Map<String, Value> = kinds_of(group).map(path).collect();
    json!({
        "openapi": "3.0.0",
        "info": { "title": "Kubernetes", "version": version.git_version },
        "paths": paths,
        "components": { "schemas": {} },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const V2: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    const V2BETA1: &str =
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

    fn get(path: &str, accept: &str) -> (String, Value) {
        let segments: Vec<&str> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .collect();
        let response = answer(&segments, Some(accept), &ServerVersion::new("v1.30.8")).unwrap();
        let content_type = response.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        (
            content_type,
            serde_json::from_slice(response.body()).unwrap(),
        )
    }

    #[test]
    fn new_clients_get_the_aggregated_document_they_know() {
        let (content_type, body) = get("/api", &format!("{V2},{V2BETA1},application/json"));
        assert_eq!(
            (content_type.as_str(), &body["apiVersion"]),
            (V2, &json!("apidiscovery.k8s.io/v2"))
        );
        let (content_type, body) = get("/apis", &format!("{V2BETA1},application/json"));
        assert_eq!(
            (content_type.as_str(), &body["apiVersion"]),
            (V2BETA1, &json!("apidiscovery.k8s.io/v2beta1"))
        );
        assert_eq!(body["items"][0]["metadata"]["name"], "apps");
        let deployments = body["items"][0]["versions"][0]["resources"]
            .as_array()
            .unwrap()
            .iter()
            .find(|resource| resource["resource"] == "deployments");
        assert_eq!(
            deployments,
            Some(&json!({
                "resource": "deployments", "responseKind": { "group": "apps", "version": "v1", "kind": "Deployment" }, "scope": "Namespaced",
                "singularResource": "deployment", "verbs": OBJECT_VERBS, "shortNames": ["deploy"], "categories": ["all"],
                "subresources": [
                    { "subresource": "scale", "responseKind": { "group": "autoscaling", "version": "v1", "kind": "Scale" }, "verbs": ["get", "patch", "update"] },
                    { "subresource": "status", "responseKind": { "group": "apps", "version": "v1", "kind": "Deployment" }, "verbs": ["get", "patch", "update"] }],
            }))
        );
    }

    #[test]
    fn the_core_group_has_no_name() {
        let (_, body) = get("/api", V2);
        assert_eq!(body["items"].as_array().map(Vec::len), Some(1));
        assert_eq!(body["items"][0]["metadata"].get("name"), None);
    }

    #[test]
    fn old_clients_get_the_lists_they_know() {
        assert_eq!(get("/api", "application/json").1["versions"], json!(["v1"]));
        assert_eq!(
            get("/apis", "application/json").1["groups"][0]["preferredVersion"]["groupVersion"],
            "apps/v1"
        );
        assert_eq!(get("/apis/apps", "application/json").1["kind"], "APIGroup");
        let (_, body) = get("/apis/authorization.k8s.io/v1", "application/json");
        assert_eq!(body["resources"][0]["name"], "selfsubjectaccessreviews");
        let (content_type, body) = get("/api/v1", "application/json");
        assert_eq!(
            (content_type.as_str(), &body["groupVersion"]),
            ("application/json", &json!("v1"))
        );
        assert!(
            body["resources"]
                .as_array()
                .unwrap()
                .iter()
                .any(|resource| resource["name"] == "nodes/status")
        );
    }

    #[test]
    fn every_group_with_a_kind_is_discovered() {
        let groups = KINDS
            .iter()
            .map(|kind| kind.group)
            .chain(REVIEWS.iter().map(|review| review.0));
        for group in groups.filter(|group| !group.is_empty()) {
            assert!(GROUPS.contains(&group), "{group}");
        }
    }

    #[test]
    fn openapi_says_that_the_server_validates() {
        let (_, index) = get("/openapi/v3", "application/json");
        assert_eq!(
            index["paths"]["apis/apps/v1"]["serverRelativeURL"],
            "/openapi/v3/apis/apps/v1?hash=1"
        );
        let (_, body) = get("/openapi/v3/api/v1", "application/json");
        assert_eq!(
            body["paths"]["/api/v1/namespaces/{name}"]["patch"]["parameters"][2]["name"],
            "fieldValidation"
        );
        assert!(body["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"].is_object());
    }
}
