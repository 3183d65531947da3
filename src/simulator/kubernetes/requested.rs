//! What a request asks for, in the words of an audit log.

use bytes::Bytes;
use http::Request;

use super::request::{self, Query, Target};

/// A verb and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requested {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; for a path that names no
    /// objects the method in lower case.
    pub verb: String,
    /// `nodes`, `deployments.apps`; `None` for a path that names no objects.
    pub resource: Option<String>,
    /// Empty for all, or for kinds without namespaces.
    pub namespace: String,
    /// Empty for a collection.
    pub name: String,
}

impl Requested {
    pub fn of(request: &Request<Bytes>) -> Requested {
        objects(request).unwrap_or_else(|| Requested {
            verb: request.method().as_str().to_lowercase(),
            resource: None,
            namespace: String::new(),
            name: String::new(),
        })
    }

    pub fn is_read_only(&self) -> bool {
        matches!(self.verb.as_str(), "get" | "list" | "watch")
    }
}

fn objects(request: &Request<Bytes>) -> Option<Requested> {
    let parts = request::segments(request.uri().path());
    let segments: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
    let (group, rest) = super::object_path(&segments)?;
    let target = Target::parse(group, rest).ok()?;
    let query = Query::parse(request.uri().query());
    let verb = super::verb(request.method(), &target, &query).ok()?;
    let mut resource = target.kind.resource();
    if !target.subresource.is_empty() {
        resource = format!("{resource}/{}", target.subresource);
    }
    Some(Requested {
        verb: verb.to_owned(),
        resource: Some(resource),
        namespace: target.namespace,
        name: target.name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &str, uri: &str, expected: (&str, Option<&str>, &str, &str)) {
        let request = Request::builder().method(method).uri(uri);
        let found = Requested::of(&request.body(Bytes::new()).unwrap());
        let Requested {
            verb,
            resource,
            namespace,
            name,
        } = &found;
        assert_eq!(
            (
                verb.as_str(),
                resource.as_deref(),
                namespace.as_str(),
                name.as_str()
            ),
            expected
        );
    }

    #[test]
    fn a_request_is_a_verb_on_objects_or_a_method_on_a_path() {
        let nodes = Some("nodes");
        check("GET", "/api/v1/nodes?limit=5", ("list", nodes, "", ""));
        check("GET", "/api/v1/nodes?watch=1", ("watch", nodes, "", ""));
        check("DELETE", "/api/v1/nodes/n", ("delete", nodes, "", "n"));
        let deployments = Some("deployments.apps");
        check(
            "PATCH",
            "/apis/apps/v1/namespaces/a/deployments/web",
            ("patch", deployments, "a", "web"),
        );
        check("GET", "/version", ("get", None, "", ""));
    }
}
