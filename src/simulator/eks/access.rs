//! Who gets into a cluster: access entries first, then the `aws-auth` ConfigMap where the cluster still reads it. The
//! API on access entries is in `access_entries`; what an admitted user may do is the Kubernetes API's matter.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::clock::Moment;
use super::super::kubernetes::{User, kind, moment};
use super::super::world::World;
use super::Cluster;
use super::causes::NODE_MANAGER;

/// Lets an IAM principal into a cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessEntry {
    /// Of a user or of a role with its path.
    pub principal: String,
    /// The principal's unique id when the entry was made, `AROA…` or `AIDA…`: a principal made again under the same
    /// name has another one, and the entry no longer works for it. Nothing shows this id.
    pub principal_id: String,
    pub arn: String,
    pub created: Moment,
    pub modified: Moment,
    /// May hold `{{SessionName}}` or `{{EC2PrivateDNSName}}`.
    pub username: String,
    pub groups: Vec<String>,
    /// `STANDARD`, `EC2_LINUX` and so on.
    pub kind: String,
    pub tags: BTreeMap<String, String>,
    /// By ARN of the access policy.
    pub policies: BTreeMap<String, AssociatedPolicy>,
}

/// An access policy in force for an entry, over the whole cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AssociatedPolicy {
    pub associated: Moment,
    pub modified: Moment,
}

/// Where a cluster looks for who may come in. It can leave the ConfigMap behind, and never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthenticationMode {
    #[serde(rename = "API")]
    Api,
    #[serde(rename = "API_AND_CONFIG_MAP")]
    ApiAndConfigMap,
}

impl AuthenticationMode {
    pub fn name(self) -> &'static str {
        match self {
            AuthenticationMode::Api => "API",
            AuthenticationMode::ApiAndConfigMap => "API_AND_CONFIG_MAP",
        }
    }
}

pub(super) const CLUSTER_ADMIN: &str =
    "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
pub(super) const ADMIN: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminPolicy";

pub(super) const STANDARD: &str = "STANDARD";
const EC2_LINUX: &str = "EC2_LINUX";
/// Kinds of entries that are for nodes, with the username that EKS gives them.
pub(super) const NODE_KINDS: [(&str, &str); 6] = [
    (EC2_LINUX, "system:node:{{EC2PrivateDNSName}}"),
    ("EC2_WINDOWS", "system:node:{{EC2PrivateDNSName}}"),
    ("EC2", "system:node:{{EC2PrivateDNSName}}"),
    ("FARGATE_LINUX", "system:node:{{SessionName}}"),
    ("HYBRID_LINUX", "system:node:{{SessionName}}"),
    ("HYPERPOD_LINUX", "system:node:{{SessionName}}"),
];
const NODES_GROUP: &str = "system:nodes";
const AUTHENTICATED: &str = "system:authenticated";
const MASTERS: &str = "system:masters";

/// The user that an IAM user, role or role session (its ARN) is to the cluster; `None` for one who is not let in.
pub fn admits(world: &World, cluster: &str, arn: &str) -> Option<User> {
    let cluster = world.eks.clusters.get(cluster)?;
    let principal = Principal::of(world, arn)?;
    let (name, mut groups) = admitted(world, cluster, &principal)?;
    groups.push(AUTHENTICATED.to_owned());
    let session = principal.session.unwrap_or_default();
    Some(User {
        name: name
            .replace("{{SessionName}}", session)
            .replace("{{AccountID}}", &world.account),
        groups,
    })
}

/// Whether the cluster lets nodes in that have this role (its ARN, with the path).
pub fn admits_node(world: &World, cluster: &str, role: &str) -> bool {
    let admitted = world.eks.clusters.get(cluster).and_then(|cluster| {
        let principal = Principal::of(world, role)?;
        admitted(world, cluster, &principal)
    });
    admitted.is_some_and(|(name, groups)| {
        name.starts_with("system:node:") && groups.iter().any(|group| group == NODES_GROUP)
    })
}

/// The user of breakfix's own kubeconfig. Its token stands for the session and not for an IAM identity, so it is the
/// administrator that the learner is at first, whatever becomes of access entries: a lab can always be looked into and
/// cleaned up. Only `aws eks get-token` asks the access entries.
pub fn session_user(arn: String) -> User {
    User {
        name: arn,
        groups: vec![MASTERS.to_owned(), AUTHENTICATED.to_owned()],
    }
}

/// Username and groups by the first of entry and ConfigMap that knows the principal.
fn admitted(
    world: &World,
    cluster: &Cluster,
    principal: &Principal<'_>,
) -> Option<(String, Vec<String>)> {
    let entry = cluster
        .access_entries
        .get(principal.arn)
        .filter(|entry| entry.principal_id == principal.id);
    if let Some(entry) = entry {
        let masters = entry.policies.keys().any(|policy| is_full_access(policy));
        let groups = entry
            .groups
            .iter()
            .cloned()
            .chain(masters.then(|| MASTERS.to_owned()))
            .collect();
        return Some((entry.username.clone(), groups));
    }
    match cluster.configuration.authentication_mode {
        AuthenticationMode::Api => None,
        AuthenticationMode::ApiAndConfigMap => config_map_entry(world, principal),
    }
}

fn is_full_access(policy: &str) -> bool {
    // AmazonEKSAdminPolicy stops short of nodes and other objects outside namespaces; the Kubernetes API here knows
    // only all and nothing.
    [CLUSTER_ADMIN, ADMIN].contains(&policy)
}

/// A user or role of the account, and the session in which it acts.
struct Principal<'a> {
    arn: &'a str,
    id: &'a str,
    session: Option<&'a str>,
}

impl<'a> Principal<'a> {
    fn of(world: &'a World, arn: &'a str) -> Option<Principal<'a>> {
        if let Some((role, session)) = arn
            .split_once(":assumed-role/")
            .and_then(|(_, rest)| rest.split_once('/'))
        {
            let role = world.iam.roles.get(role)?;
            return Some(Principal {
                arn: &role.arn,
                id: &role.id,
                session: Some(session),
            });
        }
        Some(Principal {
            arn,
            id: unique_id(world, arn)?,
            session: None,
        })
    }

    /// The ARN without the path, as `aws-auth` wants it: with a path it matches nobody.
    fn bare_arn(&self) -> String {
        match self.arn.split_once(":role/") {
            Some((account, role)) => {
                let name = role.rsplit('/').next().unwrap_or(role);
                format!("{account}:role/{name}")
            }
            None => self.arn.to_owned(),
        }
    }
}

/// `AROA…` or `AIDA…` of the user or role that has this ARN now.
pub(super) fn unique_id<'a>(world: &'a World, arn: &str) -> Option<&'a str> {
    let roles = world.iam.roles.values().map(|role| (&role.arn, &role.id));
    let users = world.iam.users.values().map(|user| (&user.arn, &user.id));
    roles
        .chain(users)
        .find(|(known, _)| *known == arn)
        .map(|(_, id)| id.as_str())
}

#[derive(Deserialize)]
struct Mapping {
    #[serde(alias = "rolearn", alias = "userarn")]
    arn: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    groups: Vec<String>,
}

/// What `aws-auth` in `kube-system` says of the principal. A section that is no YAML lets nobody in.
fn config_map_entry(world: &World, principal: &Principal<'_>) -> Option<(String, Vec<String>)> {
    let map = world
        .kubernetes
        .get(&kind::CONFIG_MAPS, "kube-system", "aws-auth")?;
    let arn = principal.bare_arn();
    ["mapRoles", "mapUsers"].iter().find_map(|section| {
        let text = map["data"][*section].as_str()?;
        let mappings: Vec<Mapping> = serde_yaml::from_str(text).ok()?;
        let found = mappings.into_iter().find(|mapping| mapping.arn == arn)?;
        let name = if found.username.is_empty() {
            arn.clone()
        } else {
            found.username
        };
        Some((name, found.groups))
    })
}

/// Makes an entry as EKS fills it in; `principal` must exist.
pub(super) fn make_entry(world: &mut World, cluster: &str, new: NewEntry) {
    let Some(principal_id) = unique_id(world, &new.principal).map(str::to_owned) else {
        return;
    };
    let uuid = world.uuid();
    let now = world.now();
    let arn = entry_arn(world, cluster, &new.principal, &uuid);
    let username = new
        .username
        .unwrap_or_else(|| default_username(&new.principal, &new.kind));
    let groups = match NODE_KINDS.iter().any(|(kind, _)| new.kind == *kind) {
        true => vec![NODES_GROUP.to_owned()],
        false => new.groups,
    };
    let entry = AccessEntry {
        principal: new.principal.clone(),
        principal_id,
        arn,
        created: now,
        modified: now,
        username,
        groups,
        kind: new.kind,
        tags: new.tags,
        policies: BTreeMap::new(),
    };
    if let Some(cluster) = world.eks.clusters.get_mut(cluster) {
        cluster.access_entries.insert(new.principal, entry);
    }
}

/// What an access entry is made from.
pub(super) struct NewEntry {
    pub(super) principal: String,
    pub(super) username: Option<String>,
    pub(super) groups: Vec<String>,
    pub(super) kind: String,
    pub(super) tags: BTreeMap<String, String>,
}

/// `…:access-entry/CLUSTER/role/ACCOUNT/NAME/UUID`
fn entry_arn(world: &World, cluster: &str, principal: &str, uuid: &str) -> String {
    let kind = if principal.contains(":role/") {
        "role"
    } else {
        "user"
    };
    let name = principal.rsplit('/').next().unwrap_or(principal);
    let account = &world.account;
    world.arn(
        "eks",
        &format!("access-entry/{cluster}/{kind}/{account}/{name}/{uuid}"),
    )
}

/// The username that EKS chooses: a user's ARN, a session of the role without its path, or a node.
pub(super) fn default_username(principal: &str, kind: &str) -> String {
    if let Some((_, username)) = NODE_KINDS.iter().find(|(known, _)| *known == kind) {
        return (*username).to_owned();
    }
    match principal.split_once(":role/") {
        Some((account, role)) => {
            let account = account.replacen(":iam:", ":sts:", 1);
            let name = role.rsplit('/').next().unwrap_or(role);
            format!("{account}:assumed-role/{name}/{{{{SessionName}}}}")
        }
        None => principal.to_owned(),
    }
}

/// Lets the nodes of a managed node group in. The entry outlives the node group: a role that is deleted and made again
/// under its name then finds an entry that is not for it.
pub(super) fn admit_node_role(world: &mut World, cluster: &str, role: &str) {
    let known = world
        .eks
        .clusters
        .get(cluster)
        .is_none_or(|found| found.access_entries.contains_key(role));
    if !known {
        make_entry(
            world,
            cluster,
            NewEntry {
                principal: role.to_owned(),
                username: None,
                groups: Vec::new(),
                kind: EC2_LINUX.to_owned(),
                tags: BTreeMap::new(),
            },
        );
    }
}

/// The cluster role and binding that let EKS manage nodes as Kubernetes user `eks:node-manager`, by its documentation.
pub fn admit_node_manager(world: &mut World) {
    let group = "rbac.authorization.k8s.io";
    let metadata =
        json!({ "name": NODE_MANAGER, "creationTimestamp": moment(world.now().micros()) });
    let rule = |resource: &str, verbs: &[&str]| json!({ "apiGroups": [""], "resources": [resource], "verbs": verbs });
    let role = json!({
        "metadata": metadata,
        "rules": [
            rule("pods", &["get", "list", "watch", "delete"]),
            rule("nodes", &["get", "list", "watch", "patch"]),
            rule("pods/eviction", &["create"]),
        ],
    });
    let binding = json!({
        "metadata": metadata,
        "roleRef": { "apiGroup": group, "kind": "ClusterRole", "name": NODE_MANAGER },
        "subjects": [{ "apiGroup": group, "kind": "User", "name": NODE_MANAGER }],
    });
    world.kubernetes.put(&kind::CLUSTER_ROLES, role);
    world.kubernetes.put(&kind::CLUSTER_ROLE_BINDINGS, binding);
}

/// Makes a user or role the administrator that a cluster's creator is.
pub fn admit_administrator(world: &mut World, cluster: &str, principal: &str) {
    let entry = NewEntry {
        principal: principal.to_owned(),
        username: None,
        groups: Vec::new(),
        kind: STANDARD.to_owned(),
        tags: BTreeMap::new(),
    };
    make_entry(world, cluster, entry);
    let now = world.now();
    let entry = world
        .eks
        .clusters
        .get_mut(cluster)
        .and_then(|found| found.access_entries.get_mut(principal));
    if let Some(entry) = entry {
        let policy = AssociatedPolicy {
            associated: now,
            modified: now,
        };
        entry.policies.insert(CLUSTER_ADMIN.to_owned(), policy);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{CLUSTER, call, world};
    use super::super::super::world::start::NODE_ROLE;
    use super::*;

    const LEARNER: &str = "arn:aws:iam::123456789012:user/workshop";
    const NODES: &str = "arn:aws:iam::123456789012:role/eks-workshop-node";
    const CLUSTER_ROLE: &str = "arn:aws:iam::123456789012:role/eks-workshop-cluster";

    fn groups(world: &World, arn: &str) -> Option<Vec<String>> {
        admits(world, CLUSTER, arn).map(|user| user.groups)
    }

    #[test]
    fn the_creator_is_an_administrator_until_the_entry_is_deleted() {
        let mut world = world();
        assert_eq!(groups(&world, LEARNER).unwrap(), [MASTERS, AUTHENTICATED]);
        assert_eq!(
            groups(&world, "arn:aws:iam::123456789012:user/breakfix"),
            None
        );
        let entry = json!({"name": CLUSTER, "principalArn": LEARNER});
        call(&mut world, "eks", "DeleteAccessEntry", entry).unwrap();
        assert_eq!(groups(&world, LEARNER), None);
    }

    #[test]
    fn an_entry_without_policy_lets_in_and_allows_nothing() {
        let mut world = world();
        let entry =
            json!({"name": CLUSTER, "principalArn": CLUSTER_ROLE, "kubernetesGroups": ["viewers"]});
        call(&mut world, "eks", "CreateAccessEntry", entry).unwrap();
        let session = "arn:aws:sts::123456789012:assumed-role/eks-workshop-cluster/sam";
        let user = admits(&world, CLUSTER, session).unwrap();
        assert_eq!(user.name, session);
        assert_eq!(user.groups, ["viewers", AUTHENTICATED]);
    }

    #[test]
    fn an_entry_is_for_the_principal_that_had_the_name_when_it_was_made() {
        let mut world = world();
        assert!(admits_node(&world, CLUSTER, NODES));
        if let Some(role) = world.iam.roles.get_mut(NODE_ROLE) {
            role.id = "AROAMADEAGAIN".to_owned();
        }
        assert!(!admits_node(&world, CLUSTER, NODES));
        let entry = json!({"name": CLUSTER, "principalArn": NODES});
        let shown = call(&mut world, "eks", "DescribeAccessEntry", entry.clone()).unwrap();
        assert_eq!(shown["accessEntry"]["principalArn"], NODES);
        call(&mut world, "eks", "DeleteAccessEntry", entry).unwrap();
        let entry = json!({"name": CLUSTER, "principalArn": NODES, "type": EC2_LINUX});
        call(&mut world, "eks", "CreateAccessEntry", entry).unwrap();
        assert!(admits_node(&world, CLUSTER, NODES));
    }

    #[test]
    fn the_config_map_lets_nodes_in_while_the_cluster_reads_it() {
        let mut world = world();
        let entry = json!({"name": CLUSTER, "principalArn": NODES});
        call(&mut world, "eks", "DeleteAccessEntry", entry).unwrap();
        assert!(!admits_node(&world, CLUSTER, NODES));
        let roles = |arn: &str| {
            format!(
                "- rolearn: {arn}\n  username: system:node:{{{{EC2PrivateDNSName}}}}\n  groups:\n  - system:bootstrappers\n  - system:nodes\n"
            )
        };
        let put = |world: &mut World, text: String| {
            let map = json!({
                "metadata": {"name": "aws-auth", "namespace": "kube-system"},
                "data": {"mapRoles": text},
            });
            world.kubernetes.put(&kind::CONFIG_MAPS, map);
        };
        put(&mut world, roles(NODES));
        assert!(admits_node(&world, CLUSTER, NODES));
        put(
            &mut world,
            roles("arn:aws:iam::123456789012:role/path/eks-workshop-node"),
        );
        assert!(!admits_node(&world, CLUSTER, NODES));
        put(&mut world, "no: list".to_owned());
        assert!(!admits_node(&world, CLUSTER, NODES));
        put(&mut world, roles(NODES));
        let mode = json!({"name": CLUSTER, "accessConfig": {"authenticationMode": "API"}});
        call(&mut world, "eks", "UpdateClusterConfig", mode).unwrap();
        world.jump(world.options.cluster_update);
        assert!(!admits_node(&world, CLUSTER, NODES));
    }

    #[test]
    fn usernames_leave_the_path_of_a_role_out() {
        let check = |principal: &str, kind: &str, expected: &str| {
            assert_eq!(default_username(principal, kind), expected);
        };
        check(LEARNER, STANDARD, LEARNER);
        check(
            "arn:aws:iam::123456789012:role/team/dev",
            STANDARD,
            "arn:aws:sts::123456789012:assumed-role/dev/{{SessionName}}",
        );
        check(NODES, EC2_LINUX, "system:node:{{EC2PrivateDNSName}}");
    }
}
