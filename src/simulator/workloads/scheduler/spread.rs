//! Where a pod may be with regard to other pods: required affinity and anti-affinity, topology spread.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::labels::select;
use super::super::objects::{items, name, namespace, text};
use super::Cluster;
use super::fit::{Misfit, matches_node};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

pub(super) fn check(cluster: &Cluster, pod: &Value, node: &Value) -> Result<(), Misfit> {
    for constraint in items(&pod["spec"]["topologySpreadConstraints"]) {
        if text(&constraint["whenUnsatisfiable"]) == "DoNotSchedule" {
            topology(cluster, pod, node, constraint)?;
        }
    }
    let affinity = &pod["spec"]["affinity"];
    for term in items(&affinity["podAffinity"][REQUIRED]) {
        // The first of a group that wants to be together may be anywhere.
        let anywhere = cluster.pods.iter().any(|other| meant(term, pod, other));
        let own = json!({ "metadata": pod["metadata"] });
        let first = !anywhere && meant(term, pod, &own);
        if !first && !beside(cluster, pod, node, term) {
            return Err(Misfit::of_node("node(s) didn't match pod affinity rules"));
        }
    }
    for term in items(&affinity["podAntiAffinity"][REQUIRED]) {
        if beside(cluster, pod, node, term) {
            return Err(Misfit::of_pods(
                "node(s) didn't match pod anti-affinity rules",
            ));
        }
    }
    let unwelcome = cluster.pods.iter().any(|other| {
        items(&other["spec"]["affinity"]["podAntiAffinity"][REQUIRED])
            .iter()
            .any(|term| meant(term, other, pod) && shares(cluster, other, node, term))
    });
    if unwelcome {
        return Err(Misfit::of_pods(
            "node(s) didn't satisfy existing pods anti-affinity rules",
        ));
    }
    Ok(())
}

/// Whether a term of `pod` speaks of `other`.
fn meant(term: &Value, pod: &Value, other: &Value) -> bool {
    let namespaces = items(&term["namespaces"]);
    let in_namespace = if namespaces.is_empty() && term["namespaceSelector"].is_null() {
        namespace(pod) == namespace(other)
    } else {
        term["namespaceSelector"].is_object()
            || namespaces.iter().any(|one| *one == namespace(other))
    };
    in_namespace
        && term["labelSelector"].is_object()
        && select(&term["labelSelector"], &other["metadata"]["labels"])
}

/// Whether a pod that the term means is in the same part of the cluster as the node.
fn beside(cluster: &Cluster, pod: &Value, node: &Value, term: &Value) -> bool {
    cluster
        .pods
        .iter()
        .any(|other| meant(term, pod, other) && shares(cluster, other, node, term))
}

fn shares(cluster: &Cluster, other: &Value, node: &Value, term: &Value) -> bool {
    let key = text(&term["topologyKey"]);
    let part = |node: &Value| node["metadata"]["labels"][key].as_str().map(str::to_owned);
    let home = cluster
        .nodes
        .iter()
        .find(|home| name(home) == text(&other["spec"]["nodeName"]));
    home.is_some_and(|home| part(home).is_some() && part(home) == part(node))
}

fn topology(
    cluster: &Cluster,
    pod: &Value,
    node: &Value,
    constraint: &Value,
) -> Result<(), Misfit> {
    let key = text(&constraint["topologyKey"]);
    let Some(own) = node["metadata"]["labels"][key].as_str() else {
        return Err(Misfit::of_node(
            "node(s) didn't match pod topology spread constraints (missing required label)",
        ));
    };
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    for node in &cluster.nodes {
        if let Some(part) = node["metadata"]["labels"][key].as_str()
            && matches_node(pod, node)
        {
            let here = cluster.pods.iter().filter(|other| {
                text(&other["spec"]["nodeName"]) == name(node)
                    && namespace(other) == namespace(pod)
                    && select(&constraint["labelSelector"], &other["metadata"]["labels"])
            });
            *counts.entry(part).or_default() += i64::try_from(here.count()).unwrap_or(0);
        }
    }
    let least = counts.values().min().copied().unwrap_or(0);
    let itself = i64::from(select(
        &constraint["labelSelector"],
        &pod["metadata"]["labels"],
    ));
    let skew = counts.get(own).copied().unwrap_or(0) + itself - least;
    if skew > constraint["maxSkew"].as_i64().unwrap_or(1) {
        return Err(Misfit::of_pods(
            "node(s) didn't match pod topology spread constraints",
        ));
    }
    Ok(())
}
