//! Who may do what. Members of `system:masters` may do everything; every other authenticated user may look around
//! (discovery, version, reviews of their own access) and nothing else, as under Kubernetes' default roles.

use super::refusal::Refusal;
use super::request::Target;
use serde_json::{Map, Value, json};

/// Who sends a request, as authentication found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// `arn:aws:iam::…:role/…` or any other name.
    pub name: String,
    /// Groups, `system:masters` among them for an administrator.
    pub groups: Vec<String>,
}

impl User {
    fn is_administrator(&self) -> bool {
        self.groups.iter().any(|group| group == "system:masters")
    }

    fn is_anonymous(&self) -> bool {
        self.name == "system:anonymous"
    }
}

/// Paths that everybody may read.
const OPEN_PATHS: &[&str] = &["/healthz", "/livez", "/readyz", "/version", "/version/"];

/// Paths that every authenticated user may read, with all below them.
const DISCOVERY_PATHS: &[&str] = &["/api", "/apis", "/openapi"];

/// Refuses a verb on objects that the user may not use.
pub(super) fn check_objects(user: &User, verb: &str, target: &Target) -> Result<(), Refusal> {
    if user.is_administrator() {
        return Ok(());
    }
    let kind = target.kind;
    let subject = if target.name.is_empty() {
        kind.resource()
    } else {
        format!("{} {:?}", kind.resource(), target.name)
    };
    let place = match target.namespace.as_str() {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace {namespace:?}"),
    };
    let resource = match target.subresource.as_str() {
        "" => kind.plural.to_owned(),
        subresource => format!("{}/{subresource}", kind.plural),
    };
    Err(Refusal::forbidden(format!(
        "{subject} is forbidden: User {:?} cannot {verb} resource {resource:?} in API group {:?} {place}",
        user.name, kind.group
    )))
}

/// Refuses a path that the user may not read.
pub(super) fn check_path(user: &User, verb: &str, path: &str) -> Result<(), Refusal> {
    if may_use_path(user, verb, path) {
        return Ok(());
    }
    Err(Refusal::forbidden(format!(
        "forbidden: User {:?} cannot {verb} path {path:?}",
        user.name
    )))
}

fn may_use_path(user: &User, verb: &str, path: &str) -> bool {
    let below = |root: &&str| {
        path.strip_prefix(*root)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let known = path == "/" || DISCOVERY_PATHS.iter().any(below);
    user.is_administrator()
        || verb == "get" && (OPEN_PATHS.contains(&path) || known && !user.is_anonymous())
}

/// Answers a review of the user's own access (`kind` is its kind, `body` what was asked), if it is one.
pub(super) fn review(user: &User, kind: &str, body: &Value) -> Option<Value> {
    let spec = body["spec"].as_object().cloned().unwrap_or_default();
    let (api_version, status) = match kind {
        "SelfSubjectAccessReview" => (
            "authorization.k8s.io/v1",
            json!({ "allowed": is_allowed(user, &spec) }),
        ),
        "SelfSubjectRulesReview" => ("authorization.k8s.io/v1", rules(user)),
        "SelfSubjectReview" => {
            let info = json!({ "username": user.name, "groups": user.groups });
            ("authentication.k8s.io/v1", json!({ "userInfo": info }))
        }
        _ => return None,
    };
    let mut review = json!({ "kind": kind, "apiVersion": api_version, "metadata": { "creationTimestamp": null } });
    if kind != "SelfSubjectReview" {
        review["spec"] = if kind == "SelfSubjectRulesReview" {
            json!({})
        } else {
            Value::Object(spec)
        };
    }
    review["status"] = status;
    Some(review)
}

fn is_allowed(user: &User, spec: &Map<String, Value>) -> bool {
    if let Some(attributes) = spec
        .get("nonResourceAttributes")
        .filter(|attributes| attributes.is_object())
    {
        let text = |field: &str| attributes[field].as_str().unwrap_or_default();
        return may_use_path(user, text("verb"), text("path"));
    }
    let attributes = spec.get("resourceAttributes").unwrap_or(&Value::Null);
    let text = |field: &str| attributes[field].as_str().unwrap_or_default();
    let reviews_itself = super::discovery::REVIEWS
        .iter()
        .any(|(group, _, plural)| text("group") == *group && text("resource") == *plural);
    user.is_administrator() || (reviews_itself && text("verb") == "create" && !user.is_anonymous())
}

fn rules(user: &User) -> Value {
    let (resource_rules, path_rules) = if user.is_administrator() {
        (
            json!([{ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] }]),
            json!([{ "verbs": ["*"], "nonResourceURLs": ["*"] }]),
        )
    } else {
        (
            json!([
                { "verbs": ["create"], "apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"] },
                { "verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"] },
            ]),
            json!([{ "verbs": ["get"], "nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/"] }]),
        )
    };
    json!({ "resourceRules": resource_rules, "nonResourceRules": path_rules, "incomplete": false })
}

#[cfg(test)]
mod tests {
    use super::super::kind::{DEPLOYMENTS, NODES};
    use super::*;

    fn user(group: &str) -> User {
        User {
            name: "sam".to_owned(),
            groups: vec![group.to_owned(), "system:authenticated".to_owned()],
        }
    }

    fn can_i(user: &User, verb: &str, resource: &str) -> bool {
        let body =
            json!({ "spec": { "resourceAttributes": { "verb": verb, "resource": resource } } });
        review(user, "SelfSubjectAccessReview", &body).unwrap()["status"]["allowed"] == json!(true)
    }

    #[test]
    fn masters_may_do_everything_and_others_may_look_around() {
        assert!(can_i(&user("system:masters"), "delete", "nodes"));
        assert!(!can_i(&user("developers"), "get", "nodes"));
        assert!(check_path(&user("developers"), "get", "/apis/apps/v1").is_ok());
        assert!(check_path(&user("developers"), "get", "/metrics").is_err());
    }

    #[test]
    fn a_refusal_says_who_may_not_do_what_where() {
        let message = |target: Target, verb| {
            check_objects(&user("developers"), verb, &target)
                .unwrap_err()
                .message
        };
        let nodes = Target {
            kind: &NODES,
            namespace: String::new(),
            name: String::new(),
            subresource: String::new(),
        };
        assert_eq!(
            message(nodes, "list"),
            r#"nodes is forbidden: User "sam" cannot list resource "nodes" in API group "" at the cluster scope"#
        );
        let web = Target {
            kind: &DEPLOYMENTS,
            namespace: "prod".to_owned(),
            name: "web".to_owned(),
            subresource: "status".to_owned(),
        };
        assert_eq!(
            message(web, "get"),
            r#"deployments.apps "web" is forbidden: User "sam" cannot get resource "deployments/status" in API group "apps" in the namespace "prod""#
        );
    }

    #[test]
    fn a_user_is_told_who_they_are() {
        let whoami = review(&user("system:masters"), "SelfSubjectReview", &Value::Null).unwrap();
        assert_eq!(
            whoami["status"]["userInfo"],
            json!({ "username": "sam", "groups": ["system:masters", "system:authenticated"] })
        );
    }
}
