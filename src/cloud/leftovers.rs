//! What is left of sessions in an account, found by tags, names and labels alone: the proof that nothing is, and what
//! a reaper takes away when no journal is left.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use aws_sdk_ec2::types::{Filter, NetworkInterfaceStatus, VolumeState};
use jiff::Timestamp;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams};

use super::changes::aliases::id as key_id;
use super::changes::{
    BREAKFIX, MANAGED_BY, MANAGED_BY_LABEL, SESSION, SESSION_LABEL, Tags, expiry, expiry_labels,
    grants, keys, label_object, nodegroups, object_kinds, remove_object, templates,
};
use super::waiting::{at_once, done, found};
use super::{Cloud, CloudError};
use crate::language::Message;
use crate::message;

/// Something that a session left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// In the words of people: `KMS key`, `node group`, …
    pub kind: &'static str,
    /// By which it is removed.
    pub id: String,
    /// By which people know it.
    pub name: String,
    pub session: String,
    /// When it may be reaped; `None` if nothing says so.
    pub expires_at: Option<Timestamp>,
}

impl fmt::Display for Left {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.told().fmt(to)
    }
}

impl Left {
    /// What it is, by the names that people know it by.
    pub fn told(&self) -> Message {
        let (name, id) = (&self.name, &self.id);
        let named = match self.kind {
            OBJECT => message!("left-object", name = name),
            NODEGROUP => message!("left-nodegroup", name = name),
            INSTANCE => message!("left-instance", name = name),
            INTERFACE => message!("left-interface", name = name),
            VOLUME => message!("left-volume", name = name),
            TEMPLATE => message!("left-template", name = name),
            ROLE => message!("left-role", name = name),
            GRANT => message!("left-grant", name = name),
            ALIAS => message!("left-alias", name = name),
            KEY => message!("left-key", name = name),
            other => format!("{other} {name}").into(),
        };
        match id == name {
            true => named,
            false => message!("left-with-id", named = named, id = id),
        }
    }
}

/// The kinds in the order in which they can go: whatever uses something goes before it.
const OBJECT: &str = "Kubernetes object";
const NODEGROUP: &str = "node group";
const INSTANCE: &str = "instance";
const INTERFACE: &str = "network interface";
const VOLUME: &str = "volume";
const TEMPLATE: &str = "launch template";
const ROLE: &str = "IAM role";
const GRANT: &str = "KMS grant";
const ALIAS: &str = "KMS alias";
const KEY: &str = "KMS key";
const TEARDOWN: [&str; 10] = [
    OBJECT, NODEGROUP, INSTANCE, INTERFACE, VOLUME, TEMPLATE, ROLE, GRANT, ALIAS, KEY,
];

/// How long a volume may still be attached to what is going.
const LETTING_GO: Duration = Duration::from_secs(600);

/// What is left, sorted so that each can be removed in its turn.
#[must_use]
pub fn in_teardown_order(mut left: Vec<Left>) -> Vec<Left> {
    let rank = |left: &Left| TEARDOWN.iter().position(|kind| *kind == left.kind);
    left.sort_by(|one, other| {
        (rank(one), &one.session, &one.name).cmp(&(rank(other), &other.session, &other.name))
    });
    left
}

/// Whose leftovers are looked for.
#[derive(Clone, Copy)]
enum Whose<'a> {
    Session(&'a str),
    Anyone,
}

impl Whose<'_> {
    fn session(&self) -> Option<&str> {
        match self {
            Whose::Session(session) => Some(session),
            Whose::Anyone => None,
        }
    }

    fn include(&self, tags: &Tags) -> bool {
        match self {
            Whose::Session(session) => tags.get(SESSION).is_some_and(|tag| tag == session),
            Whose::Anyone => tags.get(MANAGED_BY).is_some_and(|tag| tag == BREAKFIX),
        }
    }

    fn filter(&self) -> Filter {
        let (name, value) = match self {
            Whose::Session(session) => (SESSION, *session),
            Whose::Anyone => (MANAGED_BY, BREAKFIX),
        };
        Filter::builder()
            .name(format!("tag:{name}"))
            .values(value)
            .build()
    }

    fn label(&self) -> String {
        match self {
            Whose::Session(session) => format!("{SESSION_LABEL}={session}"),
            Whose::Anyone => format!("{MANAGED_BY_LABEL}={BREAKFIX}"),
        }
    }
}

impl Cloud {
    /// Everything that carries the session's tags, as [`in_teardown_order`] sorts it. A key that is pending deletion
    /// counts as gone.
    ///
    /// # Errors
    /// When any kind cannot be listed: then nobody can tell what is left.
    pub async fn left_of(&self, session: &str) -> Result<Vec<Left>, CloudError> {
        self.left(Whose::Session(session)).await
    }

    /// Everything that carries breakfix's tags, whichever session's it is.
    ///
    /// # Errors
    /// As [`Cloud::left_of`].
    pub async fn left_by_anyone(&self) -> Result<Vec<Left>, CloudError> {
        self.left(Whose::Anyone).await
    }

    async fn left(&self, whose: Whose<'_>) -> Result<Vec<Left>, CloudError> {
        let (objects, nodegroups, launched, templates, roles, keys) = tokio::try_join!(
            self.left_objects(whose),
            self.left_nodegroups(whose),
            self.left_launched(whose),
            self.left_templates(whose),
            self.left_roles(whose),
            self.left_keys(whose),
        )?;
        let all = [objects, nodegroups, launched, templates, roles, keys];
        Ok(in_teardown_order(all.into_iter().flatten().collect()))
    }

    async fn left_nodegroups(&self, whose: Whose<'_>) -> Result<Vec<Left>, CloudError> {
        let mut left = Vec::new();
        for name in self.nodegroup_names().await? {
            let Some(group) = self.nodegroup(&name).await? else {
                continue;
            };
            let tags = nodegroups::tags_of(&group);
            if whose.include(&tags) {
                left.push(tagged(NODEGROUP, &name, &name, &tags));
            }
        }
        Ok(left)
    }

    /// What launches make: instances, volumes, network interfaces.
    async fn left_launched(&self, whose: Whose<'_>) -> Result<Vec<Left>, CloudError> {
        let mut left = Vec::new();
        for instance in self.instances(&[whose.filter()]).await? {
            let id = instance.instance_id().unwrap_or_default();
            left.push(tagged(
                INSTANCE,
                id,
                id,
                &templates::tag_map(instance.tags()),
            ));
        }
        let request = self.ec2.describe_volumes().filters(whose.filter());
        let mut pages = request.into_paginator().items().send();
        while let Some(volume) = pages.next().await {
            let volume = volume?;
            if volume.state() != Some(&VolumeState::Deleting) {
                let id = volume.volume_id().unwrap_or_default();
                left.push(tagged(VOLUME, id, id, &templates::tag_map(volume.tags())));
            }
        }
        let request = self.ec2.describe_network_interfaces();
        let request = request.filters(whose.filter());
        let mut pages = request.into_paginator().items().send();
        while let Some(interface) = pages.next().await {
            let interface = interface?;
            let id = interface.network_interface_id().unwrap_or_default();
            let tags = templates::tag_map(interface.tag_set());
            left.push(tagged(INTERFACE, id, id, &tags));
        }
        Ok(left)
    }

    async fn left_templates(&self, whose: Whose<'_>) -> Result<Vec<Left>, CloudError> {
        let templates = self.templates(whose.filter()).await?;
        Ok(templates
            .iter()
            .map(|template| {
                let id = template.launch_template_id().unwrap_or_default();
                let name = template.launch_template_name().unwrap_or_default();
                tagged(TEMPLATE, id, name, &templates::tags_of(template))
            })
            .collect())
    }

    async fn left_roles(&self, whose: Whose<'_>) -> Result<Vec<Left>, CloudError> {
        let roles = self.own_roles().await?.into_iter();
        Ok(roles
            .filter(|(_, tags)| whose.include(tags))
            .map(|(name, tags)| tagged(ROLE, &name, &name, &tags))
            .collect())
    }

    /// Keys, the aliases on them, and grants of ours on anybody's.
    async fn left_keys(&self, whose: Whose<'_>) -> Result<Vec<Left>, CloudError> {
        let mut left = Vec::new();
        let keys = self.tagged_keys(whose.session()).await?;
        let tags: BTreeMap<&str, &Tags> = keys.iter().map(|key| (&*key.id, &key.tags)).collect();
        for key in keys.iter().filter(|key| whose.include(&key.tags)) {
            let metadata = found(self.describe_key(&key.id).await)?;
            if metadata.is_some_and(|metadata| !keys::is_going(&metadata)) {
                left.push(tagged(KEY, &key.id, &key.id, &key.tags));
            }
        }
        if !tags.is_empty() {
            for (name, target) in self.aliases().await? {
                if let Some(tags) = tags.get(&*target) {
                    left.push(tagged(ALIAS, &name, &name, tags));
                }
            }
        }
        left.extend(self.left_grants(whose, &tags.into_keys().collect()).await?);
        Ok(left)
    }

    /// Grants of ours on keys that are not: the others go with their keys.
    async fn left_grants(
        &self,
        whose: Whose<'_>,
        own: &BTreeSet<&str>,
    ) -> Result<Vec<Left>, CloudError> {
        let ids = self.key_ids().await?.into_iter();
        let foreign = ids.filter(|id| !own.contains(&**id));
        let listed = at_once(foreign, |key| {
            let cloud = self.clone();
            async move {
                match cloud.grants(&key).await {
                    // Who may not list a key's grants has made none there.
                    Err(CloudError::NotFound | CloudError::Denied(_)) => Ok(Vec::new()),
                    grants => Ok(grants?
                        .into_iter()
                        .map(|grant| (key.clone(), grant))
                        .collect()),
                }
            }
        });
        let mut left = Vec::new();
        for (key, grant) in listed.await? {
            let session = grants::session_of(&grant);
            let wanted = match whose.session() {
                Some(wanted) => session == Some(wanted),
                None => session.is_some(),
            };
            if wanted {
                left.push(Left {
                    kind: GRANT,
                    id: format!("{}/{}", key_id(&key), grant.id),
                    name: grant.name.clone().unwrap_or_default(),
                    session: session.unwrap_or_default().to_owned(),
                    expires_at: None,
                });
            }
        }
        Ok(left)
    }

    async fn left_objects(&self, whose: Whose<'_>) -> Result<Vec<Left>, CloudError> {
        let client = self.kubernetes().await?;
        let parameters = ListParams::default().labels(&whose.label());
        let kinds = object_kinds(&client).await?.into_iter();
        let listed = at_once(kinds, |(resource, _)| {
            let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
            let parameters = parameters.clone();
            async move {
                let objects = found(api.list(&parameters).await.map_err(CloudError::from))?;
                let objects = objects.map(|list| list.items).unwrap_or_default();
                // What has an owner goes with it.
                let free = objects
                    .into_iter()
                    .filter(|object| object.metadata.owner_references.is_none());
                Ok(free.map(|object| left_object(&resource, &object)).collect())
            }
        });
        listed.await
    }

    /// Removes something that was left, and waits until it is gone.
    ///
    /// # Errors
    /// When it does not go; the text says why.
    pub async fn remove(&self, left: &Left) -> Result<(), CloudError> {
        let id = left.id.as_str();
        match left.kind {
            OBJECT => self.remove_left_object(id).await,
            NODEGROUP => self.delete_nodegroup(id).await,
            INSTANCE => self.terminate(id).await,
            INTERFACE => self.delete_interface(id).await,
            VOLUME => self.delete_volume(id).await,
            TEMPLATE => self.delete_template(id).await,
            ROLE => self.delete_role(id).await,
            GRANT => match id.split_once('/') {
                Some((key, grant)) => self.revoke(key, grant).await,
                None => Ok(()),
            },
            ALIAS => self.delete_alias(id).await,
            KEY => self.delete_key(id).await,
            other => Err(CloudError::Other(format!("{other} cannot be removed"))),
        }
        .map_err(|error| error.about(left))
    }

    /// Has everything that carries the session's tags say that it may live until `at`.
    ///
    /// # Errors
    /// When something cannot be listed or tagged.
    pub async fn prolong(&self, session: &str, at: Timestamp) -> Result<(), CloudError> {
        for left in self.left_of(session).await? {
            let id = left.id.as_str();
            match left.kind {
                OBJECT => self.prolong_object(id, at).await,
                NODEGROUP => self.prolong_nodegroup(id, at).await,
                INSTANCE | INTERFACE | VOLUME | TEMPLATE => self.prolong_in_ec2(id, at).await,
                ROLE => self.prolong_role(id, at).await,
                KEY => self.prolong_key(id, at).await,
                // These have no tags.
                _ => Ok(()),
            }
            .map_err(|error| error.about(&left))?;
        }
        Ok(())
    }

    async fn prolong_object(&self, id: &str, at: Timestamp) -> Result<(), CloudError> {
        let (kind, namespace, name) = object_of(id)?;
        label_object(self, &kind, (namespace, name), &expiry_labels(at)).await
    }

    async fn terminate(&self, id: &str) -> Result<(), CloudError> {
        let sent = self.ec2.terminate_instances().instance_ids(id).send().await;
        done(sent.map(drop).map_err(CloudError::from))?;
        let by_id = Filter::builder().name("instance-id").values(id).build();
        let mut wait = self.wait(
            message!("cloud-instance", id = id),
            message!("cloud-minute"),
        );
        while !self
            .instances(std::slice::from_ref(&by_id))
            .await?
            .is_empty()
        {
            wait.next(message!("cloud-shutting-down")).await?;
        }
        Ok(())
    }

    /// One that its instance takes along is waited for.
    async fn delete_volume(&self, id: &str) -> Result<(), CloudError> {
        let delete = || async {
            let sent = self.ec2.delete_volume().volume_id(id).send().await;
            done(sent.map(drop).map_err(CloudError::from))
        };
        self.once_free(message!("cloud-volume", id = id), LETTING_GO, delete)
            .await
    }

    /// One that its instance takes along is waited for.
    async fn delete_interface(&self, id: &str) -> Result<(), CloudError> {
        let by_id = Filter::builder().name("network-interface-id").values(id);
        let request = self
            .ec2
            .describe_network_interfaces()
            .filters(by_id.build());
        let mut wait = self.wait(
            message!("cloud-interface", id = id),
            message!("cloud-minute"),
        );
        loop {
            let found = request.clone().send().await?;
            let status = found.network_interfaces().first().map(|it| it.status());
            match status {
                None => return Ok(()),
                Some(Some(NetworkInterfaceStatus::Available)) => break,
                Some(_) => wait.next(message!("cloud-in-use")).await?,
            }
        }
        let request = self.ec2.delete_network_interface();
        let sent = request.network_interface_id(id).send().await;
        done(sent.map(drop).map_err(CloudError::from))
    }

    async fn remove_left_object(&self, id: &str) -> Result<(), CloudError> {
        let (kind, namespace, name) = object_of(id)?;
        remove_object(self, &kind, (namespace, name)).await
    }
}

/// Kind, namespace and name of `apps/v1 Deployment NAMESPACE NAME`, or without a namespace.
fn object_of(id: &str) -> Result<(GroupVersionKind, Option<&str>, &str), CloudError> {
    let parts: Vec<&str> = id.split(' ').collect();
    let (version, kind, namespace, name) = match parts[..] {
        [version, kind, name] => (version, kind, None, name),
        [version, kind, namespace, name] => (version, kind, Some(namespace), name),
        _ => return Err(CloudError::Other("this names no object".to_owned())),
    };
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    Ok((GroupVersionKind::gvk(group, version, kind), namespace, name))
}

fn left_object(resource: &ApiResource, object: &DynamicObject) -> Left {
    let metadata = &object.metadata;
    let name = metadata.name.clone().unwrap_or_default();
    let (kind, version) = (&resource.kind, &resource.api_version);
    let (id, name) = match &metadata.namespace {
        Some(namespace) => (
            format!("{version} {kind} {namespace} {name}"),
            format!("{kind} {namespace}/{name}"),
        ),
        None => (format!("{version} {kind} {name}"), format!("{kind} {name}")),
    };
    let labels = metadata.labels.clone().unwrap_or_default();
    tagged(OBJECT, &id, &name, &labels)
}

fn tagged(kind: &'static str, id: &str, name: &str, tags: &Tags) -> Left {
    let session = tags.get(SESSION).or_else(|| tags.get(SESSION_LABEL));
    Left {
        kind,
        id: id.to_owned(),
        name: name.to_owned(),
        session: session.cloned().unwrap_or_default(),
        expires_at: expiry(tags),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(kind: &'static str, name: &str) -> Left {
        Left {
            kind,
            id: name.to_owned(),
            name: name.to_owned(),
            session: "s".to_owned(),
            expires_at: None,
        }
    }

    #[test]
    fn what_uses_something_goes_before_it() {
        let mixed = TEARDOWN.iter().rev().map(|kind| left(kind, "x")).collect();
        let kinds: Vec<&str> = in_teardown_order(mixed)
            .iter()
            .map(|left| left.kind)
            .collect();
        assert_eq!(kinds, TEARDOWN);
    }

    #[test]
    fn people_read_kind_name_and_id() {
        let mut template = left(TEMPLATE, "workers");
        assert_eq!(template.to_string(), "launch template workers");
        template.id = "lt-1".to_owned();
        assert_eq!(template.to_string(), "launch template workers (lt-1)");
    }
}
