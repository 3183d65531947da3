//! Roles that a service assumes, with their policies.

use aws_sdk_iam::types::{Role, Tag};
use serde_json::json;

use super::super::aws::incomplete;
use super::super::waiting::{done, found};
use super::super::{Cloud, CloudError};
use super::{Mark, Outputs, SESSION, Tags};
use crate::message;
use crate::scenario::change::IamRole;

/// How the description of a role of ours begins: lists of roles show it, and no tags.
pub(in super::super) const DESCRIPTION: &str = "made by breakfix for session ";

impl Cloud {
    pub(super) async fn make_role(
        &self,
        role: &IamRole,
        mark: &Mark,
    ) -> Result<Outputs, CloudError> {
        let made = match self.create_role(role, mark).await {
            Err(CloudError::Taken(why)) => {
                let known = found(self.role(&role.name).await)?.ok_or(CloudError::Taken(why))?;
                own(known, mark)?
            }
            made => made?,
        };
        self.is_fresh([made.arn.as_str()]);
        for policy in &role.managed_policies {
            let attach = || async {
                let request = self.iam.attach_role_policy().role_name(&role.name);
                let sent = request.policy_arn(policy).send().await;
                sent.map(drop).map_err(CloudError::from)
            };
            self.once_heard_of(&[&made.arn], attach).await?;
        }
        for (name, document) in &role.inline_policies {
            let put = || async {
                let request = self.iam.put_role_policy().role_name(&role.name);
                let request = request.policy_name(name).policy_document(document);
                request.send().await.map(drop).map_err(CloudError::from)
            };
            self.once_heard_of(&[&made.arn], put).await?;
        }
        Ok(Outputs::from([
            ("name".to_owned(), role.name.clone()),
            ("arn".to_owned(), made.arn),
        ]))
    }

    async fn create_role(&self, role: &IamRole, mark: &Mark) -> Result<Role, CloudError> {
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Principal": {"Service": role.service}, "Action": "sts:AssumeRole",
            }],
        });
        let tags = mark.tags().into_iter().map(|(name, value)| {
            let tag = Tag::builder().key(name).value(value).build();
            tag.map_err(|error| CloudError::Other(error.to_string()))
        });
        let request = self
            .iam
            .create_role()
            .role_name(&role.name)
            .description(format!("{DESCRIPTION}{}", mark.session))
            .assume_role_policy_document(trust.to_string())
            .set_tags(Some(tags.collect::<Result<_, _>>()?));
        request
            .send()
            .await?
            .role
            .ok_or_else(|| incomplete("CreateRole"))
    }

    async fn role(&self, name: &str) -> Result<Role, CloudError> {
        let reply = self.iam.get_role().role_name(name).send().await?;
        reply.role.ok_or_else(|| incomplete("GetRole"))
    }

    /// Roles whose description says that breakfix made them, with their tags.
    pub(in super::super) async fn own_roles(&self) -> Result<Vec<(String, Tags)>, CloudError> {
        let mut own = Vec::new();
        let mut pages = self.iam.list_roles().into_paginator().items().send();
        while let Some(role) = pages.next().await {
            let role = role?;
            if !role
                .description()
                .unwrap_or_default()
                .starts_with(DESCRIPTION)
            {
                continue;
            }
            if let Some(role) = found(self.role(role.role_name()).await)? {
                own.push((role.role_name.clone(), tags_of(&role)));
            }
        }
        Ok(own)
    }

    /// Deletes the role of this session under this name; another one stays.
    pub(super) async fn unmake_role(
        &self,
        name: &str,
        mark: &Mark,
        outputs: Option<&Outputs>,
    ) -> Result<(), CloudError> {
        match found(self.role(name).await)? {
            None => Ok(()),
            Some(role) if mark.made(&tags_of(&role)) => self.delete_role(name).await,
            Some(_) if outputs.is_some() => Err(CloudError::Taken(format!(
                "role {name} was made anew by somebody else, who has to delete it: aws iam delete-role --role-name {name}"
            ))),
            Some(_) => Ok(()),
        }
    }

    /// Deletes a role with what hangs on it: access entry, instance profiles, policies.
    pub(in super::super) async fn delete_role(&self, name: &str) -> Result<(), CloudError> {
        let Some(role) = found(self.role(name).await)? else {
            return Ok(());
        };
        self.delete_access_entry(&role.arn).await?;
        self.leave_instance_profiles(name).await?;
        self.take_policies(name).await?;
        let delete = || async {
            let sent = self.iam.delete_role().role_name(name).send().await;
            done(sent.map(drop).map_err(CloudError::from))
        };
        // IAM may not have heard of the detaching yet.
        let patience = std::time::Duration::from_secs(60);
        self.once_free(message!("left-role", name = name), patience, delete)
            .await
    }

    /// EKS makes an access entry for the role of a node group, and leaves it there.
    async fn delete_access_entry(&self, role: &str) -> Result<(), CloudError> {
        let request = self
            .eks
            .delete_access_entry()
            .cluster_name(&self.cluster)
            .principal_arn(role);
        match done(request.send().await.map(drop).map_err(CloudError::from)) {
            // A cluster that keeps its users in a ConfigMap has no access entries.
            Err(CloudError::Other(why)) if why.contains("authentication mode") => Ok(()),
            other => other,
        }
    }

    async fn leave_instance_profiles(&self, role: &str) -> Result<(), CloudError> {
        let request = self.iam.list_instance_profiles_for_role().role_name(role);
        let mut pages = request.into_paginator().items().send();
        while let Some(profile) = pages.next().await {
            let profile = profile?.instance_profile_name;
            let request = self.iam.remove_role_from_instance_profile();
            let request = request.instance_profile_name(profile).role_name(role);
            done(request.send().await.map(drop).map_err(CloudError::from))?;
        }
        Ok(())
    }

    async fn take_policies(&self, role: &str) -> Result<(), CloudError> {
        let request = self.iam.list_attached_role_policies().role_name(role);
        let mut pages = request.into_paginator().items().send();
        while let Some(policy) = pages.next().await {
            let request = self.iam.detach_role_policy().role_name(role);
            let request = request.policy_arn(policy?.policy_arn.unwrap_or_default());
            done(request.send().await.map(drop).map_err(CloudError::from))?;
        }
        let request = self.iam.list_role_policies().role_name(role);
        let mut pages = request.into_paginator().items().send();
        while let Some(name) = pages.next().await {
            let request = self.iam.delete_role_policy().role_name(role);
            let deleted = request.policy_name(name?).send().await;
            done(deleted.map(drop).map_err(CloudError::from))?;
        }
        Ok(())
    }
}

fn own(role: Role, mark: &Mark) -> Result<Role, CloudError> {
    if mark.made(&tags_of(&role)) {
        return Ok(role);
    }
    let whose = match tags_of(&role).get(SESSION) {
        Some(session) => format!("session {session}'s"),
        None => "somebody else's".to_owned(),
    };
    Err(CloudError::Taken(format!(
        "the role {} is there already and {whose}: delete it first",
        role.arn
    )))
}

fn tags_of(role: &Role) -> Tags {
    let tags = role.tags().iter();
    tags.map(|tag| (tag.key.clone(), tag.value.clone()))
        .collect()
}
