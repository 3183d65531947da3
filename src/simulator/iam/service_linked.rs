//! Roles that services make for themselves: only their service can change them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::{self, World};
use super::refusals::{invalid_input, no_such};
use super::requests::Named;
use super::roles::{self, NewRole};
use super::{Event, Permissions, Role, Trust};

/// How long a deletion takes; no source says, and nobody should wait for it.
const DELETION: Duration = Duration::from_secs(5);

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("CreateServiceLinkedRole", create_role),
        Operation::new("DeleteServiceLinkedRole", delete),
        Operation::new("GetServiceLinkedRoleDeletionStatus", deletion_status),
    ]
}

/// A deletion of a service-linked role and how far it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Deletion {
    /// Name of the role.
    pub role: String,
    pub status: DeletionStatus,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeletionStatus {
    InProgress,
    Succeeded,
    /// ARNs of what needs the role.
    Failed(Vec<String>),
}

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateRequest {
    #[serde(rename = "AWSServiceName")]
    service: String,
    #[serde(rename = "Description")]
    description: Option<String>,
}

fn create_role(world: &mut World, _call: &Call, request: CreateRequest) -> Result<Value, Refusal> {
    let template = TEMPLATES
        .iter()
        .find(|template| template.service == request.service)
        .ok_or_else(|| {
            invalid_input(format!(
                "the service-linked role of {} is not simulated",
                request.service
            ))
        })?;
    if world.iam.roles.contains_key(template.role) {
        return Err(invalid_input(format!(
            "Service role name {} has been taken in this account, please try a different suffix.",
            template.role
        )));
    }
    create(world, template.service, request.description);
    world.iam.bring_into_force();
    let role = world.iam.role(template.role)?;
    Ok(json!({ "Role": roles::view(world, role) }))
}

fn delete(world: &mut World, _call: &Call, request: Named) -> Result<Value, Refusal> {
    let role = world.iam.role(&request.name)?;
    if !role.is_service_linked() {
        return Err(no_such(format!(
            "The service-linked role with name {} cannot be found.",
            request.name
        )));
    }
    let resource = format!("{}{}", role.path, role.name);
    let task = format!("task{resource}/{}", world.uuid());
    let deletion = Deletion {
        role: request.name,
        status: DeletionStatus::InProgress,
    };
    world.iam.deletions.insert(task.clone(), deletion);
    let event = Event::ServiceLinkedRoleDeletion { task: task.clone() };
    world.schedule(DELETION, world::Event::Iam(event));
    Ok(json!({ "DeletionTaskId": task }))
}

/// Carries a deletion out, unless something needs the role.
pub(super) fn decide_deletion(world: &mut World, task: &str) {
    let Some(role) = world
        .iam
        .deletions
        .get(task)
        .map(|found| found.role.clone())
    else {
        return;
    };
    let uses = uses(world, &role);
    let status = if uses.is_empty() {
        roles::remove(world, &role);
        DeletionStatus::Succeeded
    } else {
        DeletionStatus::Failed(uses)
    };
    if let Some(deletion) = world.iam.deletions.get_mut(task) {
        deletion.status = status;
    }
}

/// ARNs of what a service cannot keep without its role.
fn uses(world: &World, role: &str) -> Vec<String> {
    match role {
        "AWSServiceRoleForAutoScaling" => {
            let groups = world.autoscaling.groups.values();
            groups.map(|group| group.arn.clone()).collect()
        }
        "AWSServiceRoleForAmazonEKSNodegroup" => {
            let nodegroups = world.eks.nodegroups.values();
            nodegroups.map(|nodegroup| nodegroup.arn.clone()).collect()
        }
        _ => {
            let clusters = world.eks.clusters.values();
            clusters.map(|cluster| cluster.arn.clone()).collect()
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct StatusRequest {
    deletion_task_id: String,
}

/// The words of a failure's reason are ours.
fn deletion_status(
    world: &mut World,
    _call: &Call,
    request: StatusRequest,
) -> Result<Value, Refusal> {
    let task = &request.deletion_task_id;
    let deletion = world
        .iam
        .deletions
        .get(task)
        .ok_or_else(|| no_such(format!("The deletion task {task} cannot be found.")))?;
    Ok(match &deletion.status {
        DeletionStatus::InProgress => json!({ "Status": "IN_PROGRESS" }),
        DeletionStatus::Succeeded => json!({ "Status": "SUCCEEDED" }),
        DeletionStatus::Failed(uses) => json!({
            "Status": "FAILED",
            "Reason": {
                "Reason": "The service-linked role is in use: its service has resources that need it.",
                "RoleUsageList": [{ "Region": world.region, "Resources": uses }],
            }
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{call, world};
    use super::*;

    #[test]
    fn an_unused_role_goes_and_comes_back_as_another() {
        let mut world = world();
        world.autoscaling.groups.clear();
        let name = json!({"RoleName": "AWSServiceRoleForAutoScaling"});
        let id = |world: &World| {
            world
                .iam
                .role("AWSServiceRoleForAutoScaling")
                .map(|role| role.id.clone())
        };
        let before = id(&world).unwrap();
        let task = call(&mut world, "iam", "DeleteServiceLinkedRole", name).unwrap();
        assert!(id(&world).is_ok());
        world.jump(Duration::from_secs(60));
        let status = call(
            &mut world,
            "iam",
            "GetServiceLinkedRoleDeletionStatus",
            task,
        )
        .unwrap();
        assert_eq!(status["Status"], "SUCCEEDED");
        assert!(id(&world).is_err());
        let service = json!({"AWSServiceName": "autoscaling.amazonaws.com"});
        call(&mut world, "iam", "CreateServiceLinkedRole", service).unwrap();
        assert_ne!(id(&world).unwrap(), before);
    }
}
