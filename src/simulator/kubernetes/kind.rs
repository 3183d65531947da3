//! The kinds of object the API server has: their names, where they live, what can be selected and what is printed.

mod around;

pub use around::*;

use super::print::{self, Printer};
use serde_json::Value;

/// What the server knows about one kind of object.
#[derive(Debug)]
pub struct Kind {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Version within the group.
    pub version: &'static str,
    /// `Node`.
    pub kind: &'static str,
    /// `nodes`: the name in paths.
    pub plural: &'static str,
    /// `node`.
    pub singular: &'static str,
    /// `no`.
    pub short_names: &'static [&'static str],
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Names that stand for several kinds, such as `all`.
    pub categories: &'static [&'static str],
    /// Whether the kind has a `status` subresource.
    pub(super) status: bool,
    /// Field selectors beyond `metadata.name` and `metadata.namespace`.
    pub(super) fields: &'static [&'static str],
    pub(super) printer: Printer,
}

/// There is one kind for a group and plural.
impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        (self.group, self.plural) == (other.group, other.plural)
    }
}

impl Kind {
    /// `v1`, `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `nodes`, `deployments.apps`: as messages name it.
    pub(super) fn resource(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_owned()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }
}

/// The kind with this group and plural name.
pub fn find(group: &str, plural: &str) -> Option<&'static Kind> {
    KINDS
        .iter()
        .copied()
        .find(|kind| kind.group == group && kind.plural == plural)
}

/// The kind that an object says it is (`apiVersion` and `kind`).
pub fn of(object: &Value) -> Option<&'static Kind> {
    let (api_version, name) = (object["apiVersion"].as_str()?, object["kind"].as_str()?);
    KINDS
        .iter()
        .copied()
        .find(|kind| kind.kind == name && kind.api_version() == api_version)
}

/// Every kind, core group first, in the order of discovery.
pub static KINDS: &[&Kind] = &[
    &CONFIG_MAPS,
    &ENDPOINTS,
    &EVENTS,
    &LIMIT_RANGES,
    &NAMESPACES,
    &NODES,
    &CLAIMS,
    &VOLUMES,
    &PODS,
    &RESOURCE_QUOTAS,
    &SECRETS,
    &SERVICE_ACCOUNTS,
    &SERVICES,
    &CONTROLLER_REVISIONS,
    &DAEMON_SETS,
    &DEPLOYMENTS,
    &REPLICA_SETS,
    &STATEFUL_SETS,
    &CRON_JOBS,
    &JOBS,
    &INGRESS_CLASSES,
    &INGRESSES,
    &NETWORK_POLICIES,
    &DISRUPTION_BUDGETS,
    &CLUSTER_ROLE_BINDINGS,
    &CLUSTER_ROLES,
    &ROLE_BINDINGS,
    &ROLES,
    &STORAGE_CLASSES,
    &PRIORITY_CLASSES,
    &LEASES,
    &ENDPOINT_SLICES,
];

const CORE: Kind = Kind {
    group: "",
    version: "v1",
    kind: "",
    plural: "",
    singular: "",
    short_names: &[],
    namespaced: true,
    categories: &[],
    status: false,
    fields: &[],
    printer: print::NAME_AND_AGE,
};

const APPS: Kind = Kind {
    group: "apps",
    categories: &["all"],
    status: true,
    ..CORE
};

/// `Node`.
pub static NODES: Kind = Kind {
    kind: "Node",
    plural: "nodes",
    singular: "node",
    short_names: &["no"],
    namespaced: false,
    status: true,
    fields: &["spec.unschedulable"],
    printer: print::NODES,
    ..CORE
};

/// `Namespace`.
pub static NAMESPACES: Kind = Kind {
    kind: "Namespace",
    plural: "namespaces",
    singular: "namespace",
    short_names: &["ns"],
    namespaced: false,
    status: true,
    fields: &["status.phase"],
    printer: print::NAMESPACES,
    ..CORE
};

/// `Pod`.
pub static PODS: Kind = Kind {
    kind: "Pod",
    plural: "pods",
    singular: "pod",
    short_names: &["po"],
    categories: &["all"],
    status: true,
    fields: &[
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ],
    printer: print::PODS,
    ..CORE
};

/// `Event` of the core group.
pub static EVENTS: Kind = Kind {
    kind: "Event",
    plural: "events",
    singular: "event",
    short_names: &["ev"],
    fields: &[
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ],
    printer: print::EVENTS,
    ..CORE
};

/// `ConfigMap`.
pub static CONFIG_MAPS: Kind = Kind {
    kind: "ConfigMap",
    plural: "configmaps",
    singular: "configmap",
    short_names: &["cm"],
    printer: print::CONFIG_MAPS,
    ..CORE
};

/// `Service`.
pub static SERVICES: Kind = Kind {
    kind: "Service",
    plural: "services",
    singular: "service",
    short_names: &["svc"],
    categories: &["all"],
    status: true,
    fields: &["spec.clusterIP", "spec.type"],
    printer: print::SERVICES,
    ..CORE
};

/// `ServiceAccount`.
pub static SERVICE_ACCOUNTS: Kind = Kind {
    kind: "ServiceAccount",
    plural: "serviceaccounts",
    singular: "serviceaccount",
    short_names: &["sa"],
    printer: print::SERVICE_ACCOUNTS,
    ..CORE
};

/// `Deployment`.
pub static DEPLOYMENTS: Kind = Kind {
    kind: "Deployment",
    plural: "deployments",
    singular: "deployment",
    short_names: &["deploy"],
    printer: print::DEPLOYMENTS,
    ..APPS
};

/// `DaemonSet`.
pub static DAEMON_SETS: Kind = Kind {
    kind: "DaemonSet",
    plural: "daemonsets",
    singular: "daemonset",
    short_names: &["ds"],
    printer: print::DAEMON_SETS,
    ..APPS
};

/// `ReplicaSet`.
pub static REPLICA_SETS: Kind = Kind {
    kind: "ReplicaSet",
    plural: "replicasets",
    singular: "replicaset",
    short_names: &["rs"],
    printer: print::REPLICA_SETS,
    ..APPS
};

/// `Lease`: a node's sign of life.
pub static LEASES: Kind = Kind {
    group: "coordination.k8s.io",
    kind: "Lease",
    plural: "leases",
    singular: "lease",
    printer: print::LEASES,
    ..CORE
};

/// `PriorityClass`.
pub static PRIORITY_CLASSES: Kind = Kind {
    group: "scheduling.k8s.io",
    kind: "PriorityClass",
    plural: "priorityclasses",
    singular: "priorityclass",
    short_names: &["pc"],
    namespaced: false,
    printer: print::PRIORITY_CLASSES,
    ..CORE
};
