//! Nodes, picked from one list by their labels.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Node as KubernetesNode;
use kube::api::{Api, ListParams, ObjectList};
use kube::core::{Expression, Selector, SelectorExt as _};

use super::super::{Cloud, CloudError};
use super::ago_seconds;
use crate::scenario::observation::{Node, Readiness, Seen};

impl Cloud {
    /// The nodes that each of these label selectors selects, from one list.
    pub(super) async fn see_nodes(
        &self,
        selectors: &BTreeSet<String>,
    ) -> BTreeMap<String, Seen<Vec<Node>>> {
        let Some(first) = selectors.first() else {
            return BTreeMap::new();
        };
        // The server leaves out what nobody wants where that is easily said.
        let asked = match selectors.len() {
            1 => ListParams::default().labels(first),
            _ => ListParams::default(),
        };
        let listed = self.list_nodes(&asked).await;
        let of = |text: &String| match (&listed, selector(text)) {
            (Err(error), _) => Seen::Unknown(error.to_string()),
            (Ok(_), None) => Seen::Unknown(format!("{text:?} is no label selector")),
            (Ok(listed), Some(selector)) => {
                let empty = BTreeMap::new();
                let labels = |node: &&KubernetesNode| {
                    selector.matches(node.metadata.labels.as_ref().unwrap_or(&empty))
                };
                Seen::There(listed.items.iter().filter(labels).map(node).collect())
            }
        };
        selectors
            .iter()
            .map(|text| (text.clone(), of(text)))
            .collect()
    }

    async fn list_nodes(
        &self,
        asked: &ListParams,
    ) -> Result<ObjectList<KubernetesNode>, CloudError> {
        let nodes: Api<KubernetesNode> = Api::all(self.kubernetes().await?);
        Ok(nodes.list(asked).await?)
    }
}

/// A label selector as `kubectl` takes it: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
fn selector(text: &str) -> Option<Selector> {
    let mut requirements = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        // A comma within parentheses separates values.
        let mut inside = false;
        let end = rest.find(|character| {
            inside = (inside || character == '(') && character != ')';
            character == ',' && !inside
        });
        let (requirement, after) = rest.split_at(end.unwrap_or(rest.len()));
        requirements.push(expression(requirement.trim())?);
        rest = after.trim_start_matches(',').trim_start();
    }
    Some(requirements.into_iter().collect())
}

fn expression(text: &str) -> Option<Expression> {
    if let Some(before) = text.strip_suffix(')') {
        let (key, values) = before.split_once('(')?;
        let values = values
            .split(',')
            .map(|value| value.trim().to_owned())
            .collect();
        let (key, operator) = key.trim().rsplit_once(char::is_whitespace)?;
        return match operator {
            "in" => Some(Expression::In(label(key)?, values)),
            "notin" => Some(Expression::NotIn(label(key)?, values)),
            _ => None,
        };
    }
    let value = |value: &str| value.trim().to_owned();
    if let Some((key, not)) = text.split_once("!=") {
        return Some(Expression::NotEqual(label(key)?, value(not)));
    }
    if let Some((key, equal)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return Some(Expression::Equal(label(key)?, value(equal)));
    }
    match text.strip_prefix('!') {
        Some(key) => Some(Expression::DoesNotExist(label(key)?)),
        None => Some(Expression::Exists(label(text)?)),
    }
}

/// A label's name.
fn label(text: &str) -> Option<String> {
    let text = text.trim();
    let allowed = |character: char| character.is_ascii_alphanumeric() || "-_./".contains(character);
    (!text.is_empty() && text.chars().all(allowed)).then(|| text.to_owned())
}

fn node(node: &KubernetesNode) -> Node {
    let conditions = node
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_ref());
    let ready = conditions.and_then(|conditions| {
        conditions
            .iter()
            .find(|condition| condition.type_ == "Ready")
    });
    let readiness = match ready {
        None => Readiness::NotReady(String::new()),
        Some(ready) => match ready.status.as_str() {
            "True" => Readiness::Ready,
            "Unknown" => Readiness::Lost,
            _ => Readiness::NotReady(ready.message.clone().unwrap_or_default()),
        },
    };
    let created = node.metadata.creation_timestamp.as_ref();
    Node {
        name: node.metadata.name.clone().unwrap_or_default(),
        readiness,
        age: created.map(|created| ago_seconds(created.0.as_millisecond() as f64 / 1000.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_read_as_kubectl_reads_them() {
        let labels: BTreeMap<String, String> =
            [("a", "b"), ("eks.amazonaws.com/nodegroup", "g"), ("x", "")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into();
        for (text, expected) in [
            ("", Some(true)),
            ("a=b", Some(true)),
            ("a==b, x", Some(true)),
            ("a!=b", Some(false)),
            ("a!=c", Some(true)),
            ("eks.amazonaws.com/nodegroup in (f, g),a", Some(true)),
            ("a notin (b,c)", Some(false)),
            ("!a", Some(false)),
            ("!y,a in (b)", Some(true)),
            ("x=", Some(true)),
            ("a within (b)", None),
            ("a=b,=c", None),
            ("a b", None),
        ] {
            let selected = selector(text).map(|selector| selector.matches(&labels));
            assert_eq!(selected, expected, "{text}");
        }
    }
}
