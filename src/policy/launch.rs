//! What launching an instance with an encrypted volume asks of the volume's key.
//!
//! Amazon EC2 Auto Scaling starts instances as its service-linked role, and EC2 and EBS forward that
//! role's credentials to KMS. So the key has to serve a session of the role; neither the node role nor a
//! service principal ever appears. The key's state is not part of this question.

use std::collections::BTreeMap;

use super::caller::Caller;
use super::decision::Decision;
use super::evaluate::{KeyAccess, decide};
use super::grant::{self, GrantConstraints, NewGrant};
use super::request::Request;
use crate::language::Message;
use crate::message;

/// What follows `role/` in the ARN of the service-linked role of Amazon EC2 Auto Scaling.
pub const AUTOSCALING_ROLE: &str =
    "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";

/// The name of the session in which Auto Scaling uses its role.
pub const AUTOSCALING_SESSION: &str = "AutoScaling";

/// Stands for the unique id of the role, which differs from account to account.
const AUTOSCALING_ROLE_ID: &str = "AROAAUTOSCALINGSLR000";

/// The actions without which a launch fails (traces of launches, and tests of single permissions).
pub const REQUIRED: &[LaunchCall] = &[
    LaunchCall {
        action: "kms:GenerateDataKeyWithoutPlaintext",
        carries: Carries::EncryptionContext,
    },
    LaunchCall {
        action: "kms:Decrypt",
        carries: Carries::EncryptionContext,
    },
    LaunchCall {
        action: "kms:CreateGrant",
        carries: Carries::NewGrant,
    },
];

/// The actions that the Auto Scaling guide also lists, but that no launch was seen to need.
pub const DOCUMENTED: &[LaunchCall] = &[
    LaunchCall {
        action: "kms:Encrypt",
        carries: Carries::EncryptionContext,
    },
    LaunchCall {
        action: "kms:ReEncryptFrom",
        carries: Carries::EncryptionContext,
    },
    LaunchCall {
        action: "kms:ReEncryptTo",
        carries: Carries::EncryptionContext,
    },
    LaunchCall {
        action: "kms:GenerateDataKey",
        carries: Carries::EncryptionContext,
    },
    LaunchCall {
        action: "kms:DescribeKey",
        carries: Carries::Nothing,
    },
];

/// The operations of the grant that EC2 makes for the instance, so that it can read the volume's data key.
pub const INSTANCE_GRANT_OPERATIONS: &[&str] = &["Decrypt"];

/// One request that a launch sends to KMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaunchCall {
    pub action: &'static str,
    pub carries: Carries,
}

/// What a launch's request has besides what all of them have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carries {
    Nothing,
    /// `aws:ebs:id` with the volume's id.
    EncryptionContext,
    /// The grant for the instance, constrained to the volume and marked as made for an AWS resource.
    NewGrant,
}

/// What the key answers to each request of a launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchAccess {
    /// Every action that a launch needs.
    pub required: Vec<(&'static str, Decision)>,
    /// Every action that is documented on top of those.
    pub documented: Vec<(&'static str, Decision)>,
}

impl LaunchAccess {
    /// Whether an instance would start, the key being in a usable state.
    pub fn allowed(&self) -> bool {
        self.required
            .iter()
            .all(|(_, decision)| decision.is_allowed())
    }

    /// The required actions that are refused.
    pub fn missing(&self) -> Vec<&str> {
        refused(&self.required).map(|(action, _)| *action).collect()
    }

    /// The documented actions that are refused; none of them keeps an instance from starting.
    pub fn missing_documented(&self) -> Vec<&str> {
        refused(&self.documented)
            .map(|(action, _)| *action)
            .collect()
    }

    /// Why required actions are refused, in English, a line for those that are refused for the same reason; empty
    /// when the launch is allowed.
    pub fn explain(&self) -> String {
        explain_refusals(&self.required).to_string()
    }
}

/// Why actions are refused, a line for those that are refused for the same reason; empty when none is.
pub fn explain_refusals<A: AsRef<str>>(decisions: &[(A, Decision)]) -> Message {
    let mut reasons: Vec<(Message, &Decision, Vec<&str>)> = Vec::new();
    for (action, decision) in refused(decisions) {
        let action = action.as_ref();
        // What differs between two alike explanations is the action's own name.
        let reason = decision.told_of("");
        match reasons.iter_mut().find(|(known, ..)| *known == reason) {
            Some((.., actions)) => actions.push(action),
            None => reasons.push((reason, decision, vec![action])),
        }
    }
    let lines = reasons.into_iter().map(|(_, decision, actions)| {
        let told = decision.told_of(&actions.join(", "));
        message!("policy-reason", told = told)
    });
    Message::Lines(lines.collect())
}

fn refused<A>(decisions: &[(A, Decision)]) -> impl Iterator<Item = &(A, Decision)> {
    decisions
        .iter()
        .filter(|(_, decision)| !decision.is_allowed())
}

/// Decides every request that a launch by Auto Scaling in `account` makes for the volume `volume_id`.
///
/// `access.identity` is left aside: the role's only policy is AWS's own, which has no action of KMS.
pub fn launch_access(
    access: &KeyAccess<'_>,
    region: &str,
    account: &str,
    volume_id: &str,
) -> LaunchAccess {
    let access = KeyAccess {
        identity: &[],
        ..*access
    };
    let decide_all = |calls: &[LaunchCall]| {
        let decided = |call: &LaunchCall| {
            (
                call.action,
                decide(&access, &call.request(region, account, volume_id)),
            )
        };
        calls.iter().map(decided).collect()
    };
    LaunchAccess {
        required: decide_all(REQUIRED),
        documented: decide_all(DOCUMENTED),
    }
}

/// The session in which Auto Scaling acts in `account`.
pub fn autoscaling_session(account: &str) -> Caller {
    Caller::role_session(account, AUTOSCALING_ROLE, AUTOSCALING_SESSION)
        .with_user_id(&format!("{AUTOSCALING_ROLE_ID}:{AUTOSCALING_SESSION}"))
}

/// The ARN of the service-linked role of Auto Scaling in `account`.
pub fn autoscaling_role_arn(account: &str) -> String {
    format!("arn:aws:iam::{account}:role/{AUTOSCALING_ROLE}")
}

impl LaunchCall {
    /// The request as EC2 forwards it for Auto Scaling.
    pub fn request(&self, region: &str, account: &str, volume_id: &str) -> Request {
        let volume = volume_context(volume_id);
        forwarded(
            autoscaling_session(account),
            self.action,
            ("ec2", region),
            &volume,
        )
    }
}

/// The encryption context of whatever EBS asks KMS for a volume.
pub fn volume_context(volume_id: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("aws:ebs:id".to_string(), volume_id.to_string())])
}

impl Carries {
    /// What a request for `action` has when a service forwards it.
    fn of(request: &Request) -> Carries {
        match request.operation() {
            "CreateGrant" => Carries::NewGrant,
            operation if grant::WITH_ENCRYPTION_CONTEXT.contains(&operation) => {
                Carries::EncryptionContext
            }
            _ => Carries::Nothing,
        }
    }
}

/// The request that a service (`ec2`) of a region forwards to KMS with the credentials of `caller`. What it encrypts
/// and decrypts has this encryption context; a grant that it makes is constrained to it, and is for an AWS resource.
///
/// `aws:SourceIp`, `aws:SourceVpc` and their like are absent: calls that a service forwards do not carry them
/// reliably, so a policy must not count on them.
pub fn forwarded(
    caller: Caller,
    action: &str,
    (service, region): (&str, &str),
    encryption_context: &BTreeMap<String, String>,
) -> Request {
    let account = caller.account.clone();
    let request = direct(caller, action, region, &BTreeMap::new()).with(
        "kms:ViaService",
        format!("{service}.{region}.amazonaws.com"),
    );
    match Carries::of(&request) {
        Carries::Nothing => request,
        Carries::EncryptionContext => Request {
            encryption_context: encryption_context.clone(),
            ..request
        },
        Carries::NewGrant => request
            .with("kms:GrantIsForAWSResource", "true")
            .making(instance_grant(&account, encryption_context)),
    }
}

/// The request that `caller` sends to KMS itself.
pub fn direct(
    caller: Caller,
    action: &str,
    region: &str,
    encryption_context: &BTreeMap<String, String>,
) -> Request {
    let request = Request::new(caller, action)
        .with("aws:RequestedRegion", region)
        // Volumes take no other kind of key.
        .with("kms:KeySpec", "SYMMETRIC_DEFAULT")
        .with("kms:KeyUsage", "ENCRYPT_DECRYPT")
        .with("aws:SecureTransport", "true");
    match request.operation() {
        operation if grant::WITH_ENCRYPTION_CONTEXT.contains(&operation) => Request {
            encryption_context: encryption_context.clone(),
            ..request
        },
        operation if operation.eq_ignore_ascii_case("PutKeyPolicy") => {
            request.with("kms:BypassPolicyLockoutSafetyCheck", "false")
        }
        // The waiting period of a request that names none.
        operation if operation.eq_ignore_ascii_case("ScheduleKeyDeletion") => {
            request.with("kms:ScheduleKeyDeletionPendingWindowInDays", "30")
        }
        _ => request,
    }
}

fn instance_grant(account: &str, constraint: &BTreeMap<String, String>) -> NewGrant {
    NewGrant {
        // The id is the instance's, which no sensible policy can name beforehand.
        grantee: format!("{account}:aws:ec2-infrastructure:i-00000000000000000"),
        retiring_principal: None,
        operations: INSTANCE_GRANT_OPERATIONS
            .iter()
            .map(|operation| (*operation).to_string())
            .collect(),
        constraints: GrantConstraints {
            constraint_equals: None,
            constraint_subset: Some(constraint.clone()),
        },
    }
}
