//! What a request asks for: its path, its query, and the form the answer should have.

use super::kind::{self, Kind};
use super::refusal::Refusal;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::collections::HashMap;

/// A path under `/api/v1` or `/apis/GROUP/VERSION` that names objects of a known kind.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Target {
    pub(super) kind: &'static Kind,
    /// Empty for a kind without namespaces, and for all namespaces.
    pub(super) namespace: String,
    /// Empty for the collection.
    pub(super) name: String,
    /// Empty for the object itself.
    pub(super) subresource: String,
}

/// The parts of a path, percent-decoded.
pub(super) fn segments(path: &str) -> Vec<Cow<'_, str>> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy())
        .collect()
}

impl Target {
    /// Reads what follows the group and version. A kind that is not known is refused by name.
    pub(super) fn parse(group: &str, rest: &[&str]) -> Result<Self, Refusal> {
        match rest {
            ["watch", ..] => Err(Refusal::not_simulated("the deprecated /watch/ path")),
            ["namespaces", namespace, "status"] => {
                Self::new(group, "", "namespaces", namespace, "status")
            }
            ["namespaces", namespace, "finalize"] => {
                Self::new(group, "", "namespaces", namespace, "finalize")
            }
            ["namespaces", namespace, plural, rest @ ..] => match rest {
                [] => Self::new(group, namespace, plural, "", ""),
                [name] => Self::new(group, namespace, plural, name, ""),
                [name, subresource @ ..] => {
                    Self::new(group, namespace, plural, name, &subresource.join("/"))
                }
            },
            [plural] => Self::new(group, "", plural, "", ""),
            [plural, name] => Self::new(group, "", plural, name, ""),
            [plural, name, subresource @ ..] => {
                Self::new(group, "", plural, name, &subresource.join("/"))
            }
            [] => Err(Refusal::kind_not_simulated(format_args!(
                "the API group {group:?}"
            ))),
        }
    }

    fn new(
        group: &str,
        namespace: &str,
        plural: &str,
        name: &str,
        subresource: &str,
    ) -> Result<Self, Refusal> {
        let resource = if group.is_empty() {
            plural.to_owned()
        } else {
            format!("{plural}.{group}")
        };
        let Some(kind) = kind::find(group, plural) else {
            return Err(Refusal::kind_not_simulated(resource));
        };
        let misplaced = if kind.namespaced {
            namespace.is_empty() && !name.is_empty()
        } else {
            !namespace.is_empty()
        };
        if misplaced {
            return Err(Refusal::kind_not_simulated(format_args!(
                "{resource} at this path"
            )));
        }
        Ok(Self {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource: subresource.to_owned(),
        })
    }
}

/// Query parameters; the first of each name counts. Tolerates an empty query and stray `&`.
#[derive(Debug, Default)]
pub(super) struct Query(HashMap<String, String>);

impl Query {
    pub(super) fn parse(query: Option<&str>) -> Self {
        let mut parameters = HashMap::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            parameters
                .entry(name.into_owned())
                .or_insert_with(|| value.into_owned());
        }
        Self(parameters)
    }

    /// A parameter that is given and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        matches!(
            self.get(name),
            Some("true" | "1" | "True" | "TRUE" | "t" | "T")
        )
    }

    /// A whole number; a text that is none is refused.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let refused = |text: &str| {
            Refusal::bad_request(format!(
                "{name}: Invalid value: {text:?}: must be a whole number"
            ))
        };
        self.get(name)
            .map(|text| text.parse().map_err(|_| refused(text)))
            .transpose()
    }
}

/// The form of an answer, chosen by `Accept`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    /// Whole objects.
    Objects,
    /// `PartialObjectMetadata`, under this version of meta.k8s.io.
    Metadata(&'static str),
    /// `Table`, under this version of meta.k8s.io.
    Table(&'static str, Rows),
}

/// What accompanies the cells of a row (`includeObject`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rows {
    Bare,
    WithMetadata,
    WithObject,
}

impl Form {
    /// The first form in `accept` that can be served. Clients that would like protobuf get JSON: every client of
    /// Kubernetes reads it, whatever it asks for.
    pub(super) fn chosen(accept: Option<&str>, query: &Query) -> Result<Self, Refusal> {
        let rows = match query.get("includeObject") {
            Some("None") => Rows::Bare,
            Some("Object") => Rows::WithObject,
            _ => Rows::WithMetadata,
        };
        match accept.map(str::trim) {
            None | Some("") => Ok(Self::Objects),
            Some(accept) => accept
                .split(',')
                .find_map(|clause| form_of(clause, rows))
                .ok_or_else(Refusal::not_acceptable),
        }
    }
}

fn form_of(clause: &str, rows: Rows) -> Option<Form> {
    let mut parts = clause.split(';').map(str::trim);
    let media_type = parts.next()?;
    if !matches!(
        media_type,
        "application/json" | "application/vnd.kubernetes.protobuf" | "application/*" | "*/*"
    ) {
        return None;
    }
    let parameters: HashMap<&str, &str> = parts.filter_map(|part| part.split_once('=')).collect();
    let version = match parameters.get("v").copied() {
        Some("v1beta1") => "meta.k8s.io/v1beta1",
        _ => "meta.k8s.io/v1",
    };
    match parameters.get("as").copied() {
        None => Some(Form::Objects),
        Some(_)
            if parameters
                .get("g")
                .is_some_and(|group| *group != "meta.k8s.io") =>
        {
            None
        }
        Some("Table") => Some(Form::Table(version, rows)),
        Some("PartialObjectMetadata" | "PartialObjectMetadataList") => {
            Some(Form::Metadata(version))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::kind::{DEPLOYMENTS, NAMESPACES, NODES, PODS};
    use super::*;

    fn check(group: &str, rest: &str, kind: &'static Kind, parts: [&str; 3]) {
        let parts = parts.map(str::to_owned);
        let [namespace, name, subresource] = parts;
        let rest: Vec<&str> = rest.split('/').collect();
        assert_eq!(
            Target::parse(group, &rest),
            Ok(Target {
                kind,
                namespace,
                name,
                subresource
            }),
            "{rest:?}"
        );
    }

    #[test]
    fn paths_name_objects() {
        check("", "nodes", &NODES, ["", "", ""]);
        check("", "nodes/a", &NODES, ["", "a", ""]);
        check("", "nodes/a/status", &NODES, ["", "a", "status"]);
        check("", "pods", &PODS, ["", "", ""]);
        check("", "namespaces", &NAMESPACES, ["", "", ""]);
        check("", "namespaces/prod", &NAMESPACES, ["", "prod", ""]);
        check(
            "",
            "namespaces/prod/status",
            &NAMESPACES,
            ["", "prod", "status"],
        );
        check(
            "",
            "namespaces/prod/pods/a/log",
            &PODS,
            ["prod", "a", "log"],
        );
        check(
            "apps",
            "namespaces/prod/deployments/web",
            &DEPLOYMENTS,
            ["prod", "web", ""],
        );
    }

    #[test]
    fn what_is_not_simulated_is_refused_by_name() {
        let message = |group, rest: &[&str]| Target::parse(group, rest).unwrap_err().message;
        assert_eq!(
            message("autoscaling", &["horizontalpodautoscalers"]),
            "the server could not find the requested resource: horizontalpodautoscalers.autoscaling is not simulated"
        );
        assert_eq!(
            message("", &["watch", "nodes"]),
            "the deprecated /watch/ path is not simulated"
        );
        assert!(
            message("", &["namespaces", "a", "nodes"])
                .contains("nodes at this path is not simulated")
        );
        assert!(message("", &["pods", "a"]).contains("pods at this path is not simulated"));
    }

    #[test]
    fn queries_may_be_empty_or_begin_with_an_ampersand() {
        assert_eq!(Query::parse(None).get("watch"), None);
        assert_eq!(Query::parse(Some("")).get("watch"), None);
        let query = Query::parse(Some(
            "&labelSelector=a%2Fb%3Dc&watch=true&limit=500&limit=1",
        ));
        assert_eq!(
            (
                query.get("labelSelector"),
                query.is_true("watch"),
                query.number("limit")
            ),
            (Some("a/b=c"), true, Ok(Some(500)))
        );
    }

    fn check_form(accept: Option<&str>, form: Result<Form, u16>) {
        assert_eq!(
            Form::chosen(accept, &Query::default()).map_err(|refusal| refusal.code),
            form,
            "{accept:?}"
        );
    }

    #[test]
    fn the_first_acceptable_form_is_chosen() {
        check_form(None, Ok(Form::Objects));
        check_form(Some("application/json, */*"), Ok(Form::Objects));
        check_form(
            Some("application/vnd.kubernetes.protobuf,application/json"),
            Ok(Form::Objects),
        );
        let tables = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        check_form(
            Some(tables),
            Ok(Form::Table("meta.k8s.io/v1", Rows::WithMetadata)),
        );
        check_form(
            Some("application/json;as=Table;g=meta.k8s.io;v=v1beta1"),
            Ok(Form::Table("meta.k8s.io/v1beta1", Rows::WithMetadata)),
        );
        check_form(
            Some("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"),
            Ok(Form::Metadata("meta.k8s.io/v1")),
        );
        check_form(
            Some("application/json;as=Nonsense;g=meta.k8s.io;v=v1,application/json"),
            Ok(Form::Objects),
        );
        check_form(Some("text/html"), Err(406));
    }
}
