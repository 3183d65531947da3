//! Roles that services make for themselves: only their service can change them.

use std::collections::BTreeMap;

use super::super::world::World;
use super::roles::{self, NewRole};
use super::{Permissions, Role, Trust};

/// What a service calls its role, what the role may do, and how it is described.
struct Template {
    service: &'static str,
    role: &'static str,
    policy: &'static str,
    description: &'static str,
}

const TEMPLATES: [Template; 3] = [
    Template {
        service: "autoscaling.amazonaws.com",
        role: "AWSServiceRoleForAutoScaling",
        policy: "AutoScalingServiceRolePolicy",
        description: "Default Service-Linked Role enables access to AWS Services and Resources used or managed by Auto Scaling",
    },
    Template {
        service: "eks-nodegroup.amazonaws.com",
        role: "AWSServiceRoleForAmazonEKSNodegroup",
        policy: "AWSServiceRoleForAmazonEKSNodegroup",
        description: "This policy allows Amazon EKS to create and manage Nodegroups",
    },
    Template {
        service: "eks.amazonaws.com",
        role: "AWSServiceRoleForAmazonEKS",
        policy: "AmazonEKSServiceRolePolicy",
        description: "Allows Amazon EKS to call AWS services on your behalf.",
    },
];

/// Makes the role of a service, or finds it; `None` for a service that has none here.
/// `Iam::bring_into_force` has to follow.
pub(in crate::simulator) fn create<'a>(
    world: &'a mut World,
    service: &str,
    description: Option<String>,
) -> Option<&'a Role> {
    let template = TEMPLATES
        .iter()
        .find(|template| template.service == service)?;
    if world.iam.roles.contains_key(template.role) {
        return world.iam.roles.get(template.role);
    }
    let policy = format!(
        "arn:aws:iam::aws:policy/aws-service-role/{}",
        template.policy
    );
    let new = NewRole {
        path: format!("/aws-service-role/{service}/"),
        name: template.role.to_owned(),
        trust: Trust::of_service(service)?,
        description: description.or_else(|| Some(template.description.to_owned())),
        max_session: None,
        permissions: Permissions::of_managed(vec![policy]),
        tags: BTreeMap::new(),
    };
    Some(roles::make(world, new))
}
