//! Kinds around the workloads: what pods mount, how they are reached, who may do what. Nothing acts on most of them:
//! they are stored and shown.

use super::{APPS, CORE, Kind};
use crate::simulator::kubernetes::print;

const BATCH: Kind = Kind {
    group: "batch",
    categories: &["all"],
    status: true,
    ..CORE
};

const NETWORKING: Kind = Kind {
    group: "networking.k8s.io",
    ..CORE
};

const RBAC: Kind = Kind {
    group: "rbac.authorization.k8s.io",
    ..CORE
};

/// `Endpoints`.
pub static ENDPOINTS: Kind = Kind {
    kind: "Endpoints",
    plural: "endpoints",
    singular: "endpoints",
    short_names: &["ep"],
    printer: print::ENDPOINTS,
    ..CORE
};

/// `LimitRange`.
pub static LIMIT_RANGES: Kind = Kind {
    kind: "LimitRange",
    plural: "limitranges",
    singular: "limitrange",
    short_names: &["limits"],
    printer: print::NAME_AND_CREATION,
    ..CORE
};

/// `PersistentVolumeClaim`.
pub static CLAIMS: Kind = Kind {
    kind: "PersistentVolumeClaim",
    plural: "persistentvolumeclaims",
    singular: "persistentvolumeclaim",
    short_names: &["pvc"],
    status: true,
    printer: print::CLAIMS,
    ..CORE
};

/// `PersistentVolume`.
pub static VOLUMES: Kind = Kind {
    kind: "PersistentVolume",
    plural: "persistentvolumes",
    singular: "persistentvolume",
    short_names: &["pv"],
    namespaced: false,
    status: true,
    printer: print::VOLUMES,
    ..CORE
};

/// `ResourceQuota`.
pub static RESOURCE_QUOTAS: Kind = Kind {
    kind: "ResourceQuota",
    plural: "resourcequotas",
    singular: "resourcequota",
    short_names: &["quota"],
    status: true,
    printer: print::RESOURCE_QUOTAS,
    ..CORE
};

/// `Secret`.
pub static SECRETS: Kind = Kind {
    kind: "Secret",
    plural: "secrets",
    singular: "secret",
    fields: &["type"],
    printer: print::SECRETS,
    ..CORE
};

/// `ControllerRevision`: an earlier template of a daemon set.
pub static CONTROLLER_REVISIONS: Kind = Kind {
    kind: "ControllerRevision",
    plural: "controllerrevisions",
    singular: "controllerrevision",
    categories: &[],
    status: false,
    printer: print::CONTROLLER_REVISIONS,
    ..APPS
};

/// `StatefulSet`.
pub static STATEFUL_SETS: Kind = Kind {
    kind: "StatefulSet",
    plural: "statefulsets",
    singular: "statefulset",
    short_names: &["sts"],
    printer: print::STATEFUL_SETS,
    ..APPS
};

/// `Job`.
pub static JOBS: Kind = Kind {
    kind: "Job",
    plural: "jobs",
    singular: "job",
    fields: &["status.successful"],
    printer: print::JOBS,
    ..BATCH
};

/// `CronJob`.
pub static CRON_JOBS: Kind = Kind {
    kind: "CronJob",
    plural: "cronjobs",
    singular: "cronjob",
    short_names: &["cj"],
    printer: print::CRON_JOBS,
    ..BATCH
};

/// `EndpointSlice`.
pub static ENDPOINT_SLICES: Kind = Kind {
    group: "discovery.k8s.io",
    kind: "EndpointSlice",
    plural: "endpointslices",
    singular: "endpointslice",
    printer: print::ENDPOINT_SLICES,
    ..CORE
};

/// `Ingress`.
pub static INGRESSES: Kind = Kind {
    kind: "Ingress",
    plural: "ingresses",
    singular: "ingress",
    short_names: &["ing"],
    status: true,
    printer: print::INGRESSES,
    ..NETWORKING
};

/// `IngressClass`.
pub static INGRESS_CLASSES: Kind = Kind {
    kind: "IngressClass",
    plural: "ingressclasses",
    singular: "ingressclass",
    namespaced: false,
    printer: print::INGRESS_CLASSES,
    ..NETWORKING
};

/// `NetworkPolicy`.
pub static NETWORK_POLICIES: Kind = Kind {
    kind: "NetworkPolicy",
    plural: "networkpolicies",
    singular: "networkpolicy",
    short_names: &["netpol"],
    printer: print::NETWORK_POLICIES,
    ..NETWORKING
};

/// `PodDisruptionBudget`.
pub static DISRUPTION_BUDGETS: Kind = Kind {
    group: "policy",
    kind: "PodDisruptionBudget",
    plural: "poddisruptionbudgets",
    singular: "poddisruptionbudget",
    short_names: &["pdb"],
    status: true,
    printer: print::DISRUPTION_BUDGETS,
    ..CORE
};

/// `ClusterRole`.
pub static CLUSTER_ROLES: Kind = Kind {
    kind: "ClusterRole",
    plural: "clusterroles",
    singular: "clusterrole",
    namespaced: false,
    printer: print::NAME_AND_CREATION,
    ..RBAC
};

/// `ClusterRoleBinding`.
pub static CLUSTER_ROLE_BINDINGS: Kind = Kind {
    kind: "ClusterRoleBinding",
    plural: "clusterrolebindings",
    singular: "clusterrolebinding",
    namespaced: false,
    printer: print::ROLE_BINDINGS,
    ..RBAC
};

/// `Role`.
pub static ROLES: Kind = Kind {
    kind: "Role",
    plural: "roles",
    singular: "role",
    printer: print::NAME_AND_CREATION,
    ..RBAC
};

/// `RoleBinding`.
pub static ROLE_BINDINGS: Kind = Kind {
    kind: "RoleBinding",
    plural: "rolebindings",
    singular: "rolebinding",
    printer: print::ROLE_BINDINGS,
    ..RBAC
};

/// `StorageClass`.
pub static STORAGE_CLASSES: Kind = Kind {
    group: "storage.k8s.io",
    kind: "StorageClass",
    plural: "storageclasses",
    singular: "storageclass",
    short_names: &["sc"],
    namespaced: false,
    printer: print::STORAGE_CLASSES,
    ..CORE
};
