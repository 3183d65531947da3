//! What helps with a check that is not met: where to look, and what kind of repair the very reason asks for. No command
//! and no whole policy: those are the learner's to find.

use super::super::observation::{Nodegroup, Observation};
use super::Advice;
use super::keys::is_explicit;
use super::launches::fresh_instance;
use crate::language::Message;
use crate::message;
use crate::policy::audit::Opening;
use crate::policy::{
    Caller, Decision, Lack, NearMiss, Obstacle, Principal, PrincipalElement, StatementRef,
};

/// True of requests about grants alone (KMS developer guide, "kms:GrantIsForAWSResource").
const FOR_AWS_RESOURCE: &str = "kms:GrantIsForAWSResource";

pub(super) fn look_at_key(key: &str) -> Message {
    message!("advice-look-at-key", key = key)
}

pub(super) fn look_at_policy(key: &str) -> Message {
    message!("advice-look-at-policy", key = key)
}

pub(super) fn look_at_access(key: &str) -> Message {
    message!("advice-look-at-access", key = key)
}

pub(super) fn look_at_template(nodegroup: &str) -> Message {
    message!("advice-look-at-template", nodegroup = nodegroup)
}

pub(super) fn look_at_activities(nodegroup: &str) -> Message {
    message!("advice-look-at-activities", nodegroup = nodegroup)
}

pub(super) fn look_at_health(nodegroup: &str) -> Message {
    message!("advice-look-at-health", nodegroup = nodegroup)
}

fn look_at_size(nodegroup: &str) -> Message {
    message!("advice-look-at-size", nodegroup = nodegroup)
}

/// For a key whose state keeps it from serving anybody.
pub(super) fn key_state(key: &str, state: &str) -> Advice {
    Advice {
        look: look_at_key(key),
        how: match state {
            "Disabled" => message!("advice-enable"),
            "PendingDeletion" => message!("advice-cancel-deletion"),
            "PendingImport" => message!("advice-import-material"),
            "Unavailable" => message!("advice-connect-key-store"),
            state => message!("advice-make-enabled", state = state),
        },
    }
}

/// For a key that has to be in another state than Enabled.
pub(super) fn other_key_state(key: &str, state: &str) -> Advice {
    Advice {
        look: look_at_key(key),
        how: message!("advice-other-state", state = state),
    }
}

/// For a key that refuses what `caller` needs.
pub(super) fn refused(key: &str, decisions: &[(String, Decision)], caller: &Caller) -> Advice {
    let allow = |actions: &str| {
        message!(
            "advice-allow",
            principal = caller.principal_arn(),
            actions = actions
        )
    };
    Advice {
        look: look_at_refusal(key, decisions),
        how: remedies(decisions, caller, allow),
    }
}

/// For a key policy that an administrator has lost.
pub(super) fn locked_out(key: &str, decisions: &[(String, Decision)], caller: &Caller) -> Advice {
    let leave = |actions: &str| {
        message!(
            "advice-leave-to-account",
            principal = caller.principal_arn(),
            actions = actions
        )
    };
    Advice {
        look: look_at_policy(key),
        how: remedies(decisions, caller, leave),
    }
}

fn look_at_refusal(key: &str, decisions: &[(String, Decision)]) -> Message {
    match decisions.iter().any(is_explicit) {
        true => look_at_policy(key),
        false => look_at_access(key),
    }
}

/// A line for each remedy, with the actions that it is for.
fn remedies(
    decisions: &[(String, Decision)],
    caller: &Caller,
    allow: impl Fn(&str) -> Message,
) -> Message {
    let remedy = |decision: &Decision, actions: &str| {
        remedy(decision, actions, caller).unwrap_or_else(|| allow(actions))
    };
    let mut found: Vec<(Message, &Decision, Vec<&str>)> = Vec::new();
    for (action, decision) in decisions {
        if decision.is_allowed() {
            continue;
        }
        let alike = remedy(decision, "");
        match found.iter_mut().find(|(known, ..)| *known == alike) {
            Some((.., actions)) => actions.push(action),
            None => found.push((alike, decision, vec![action])),
        }
    }
    let lines = found
        .into_iter()
        .map(|(_, decision, actions)| remedy(decision, &actions.join(", ")));
    Message::Lines(lines.collect())
}

/// What this refusal asks for in particular; `None` where nothing comes near to allowing the request.
fn remedy(decision: &Decision, actions: &str, caller: &Caller) -> Option<Message> {
    let principal = caller.principal_arn();
    match decision {
        Decision::Allowed { .. } => None,
        Decision::ExplicitDeny { by, .. } => Some(message!(
            "advice-spare",
            statement = by.told(),
            actions = actions,
            principal = principal,
        )),
        Decision::ImplicitDeny(deny) => {
            let nearest = deny
                .near_misses
                .iter()
                .filter(|near| distance(near).is_some())
                .min_by_key(|near| distance(near))?;
            match nearest {
                NearMiss::Statement { at, obstacle } => {
                    at_statement(at, obstacle, actions, principal)
                }
                NearMiss::Grant { id, lacks } => Some(at_grant(id, lacks, actions, principal)),
            }
        }
    }
}

/// How near something is to being the repair: what is about the caller comes before what is about others.
fn distance(near: &NearMiss) -> Option<u8> {
    Some(match near {
        NearMiss::Grant { .. } => 4,
        NearMiss::Statement { obstacle, .. } => match obstacle {
            Obstacle::Conditions(_) => 0,
            Obstacle::Actions { .. } => 1,
            Obstacle::Resources { .. } => 2,
            Obstacle::WithoutElement(_) => 3,
            Obstacle::Principal(_) => 5,
            // Every key policy has the statement that leaves it to the account.
            Obstacle::IdentityPolicy { .. } | Obstacle::OtherAccount => return None,
        },
    })
}

fn at_statement(
    at: &StatementRef,
    obstacle: &Obstacle,
    actions: &str,
    principal: &str,
) -> Option<Message> {
    let statement = at.told();
    Some(match obstacle {
        Obstacle::Conditions(failed) => {
            let failed = failed.first()?;
            let key = &failed.key;
            match failed.has.as_slice() {
                [] if key.eq_ignore_ascii_case(FOR_AWS_RESOURCE) => message!(
                    "advice-grants-only",
                    statement = statement,
                    key = key,
                    actions = actions
                ),
                [] => message!(
                    "advice-never-carried",
                    statement = statement,
                    key = key,
                    actions = actions
                ),
                has => message!(
                    "advice-admit",
                    statement = statement,
                    key = key,
                    has = has.join(", "),
                    actions = actions,
                ),
            }
        }
        Obstacle::Actions { .. } => message!(
            "advice-more-actions",
            statement = statement,
            principal = principal,
            actions = actions,
        ),
        Obstacle::Resources { .. } => message!("advice-resource", statement = statement),
        Obstacle::WithoutElement(element) => message!(
            "advice-add-element",
            statement = statement,
            element = *element
        ),
        Obstacle::Principal(others) if names_service(others) => message!(
            "advice-not-as-service",
            statement = statement,
            others = others.told(),
            principal = principal,
            actions = actions,
        ),
        Obstacle::Principal(others) => message!(
            "advice-other-principal",
            statement = statement,
            others = others.told(),
            principal = principal,
            actions = actions,
        ),
        Obstacle::IdentityPolicy { .. } | Obstacle::OtherAccount => return None,
    })
}

fn names_service(element: &PrincipalElement) -> bool {
    let mut names = element.principals.iter();
    names.any(|name| matches!(name, Principal::Service(_)))
}

fn at_grant(grant: &str, lacks: &Lack, actions: &str, principal: &str) -> Message {
    match lacks {
        Lack::Operation(_) => message!(
            "advice-grant-more",
            grant = grant,
            principal = principal,
            actions = actions,
        ),
        Lack::ChildOperation(operation) => message!(
            "advice-grant-more-for-child",
            grant = grant,
            operation = operation
        ),
        Lack::Context { .. } | Lack::Constraint { .. } => {
            message!("advice-grant-unconstrained", grant = grant)
        }
    }
}

/// For a key policy that lets everybody in.
pub(super) fn open(key: &str, opening: &Opening, observation: &Observation) -> Advice {
    Advice {
        look: look_at_policy(key),
        how: message!(
            "advice-narrow",
            statement = opening.statement.told(),
            account = &observation.account,
        ),
    }
}

/// For a group that is kept from launching.
pub(super) fn suspended(nodegroup: &str) -> Advice {
    Advice {
        look: message!("advice-look-at-processes", nodegroup = nodegroup),
        how: message!("advice-resume"),
    }
}

/// For volumes that are to be encrypted with `key`, such as "a key that exists".
pub(super) fn other_key(nodegroup: &str, key: Message) -> Advice {
    Advice {
        look: look_at_template(nodegroup),
        how: message!("advice-name-key", nodegroup = nodegroup, key = key),
    }
}

pub(super) fn template_version(nodegroup: &str, version: &str) -> Advice {
    Advice {
        look: look_at_template(nodegroup),
        how: message!(
            "advice-update-version",
            nodegroup = nodegroup,
            version = version
        ),
    }
}

/// For a size that is not as it should be, such as "desired size 1".
pub(super) fn size(nodegroup: &str, size: Message) -> Advice {
    Advice {
        look: look_at_size(nodegroup),
        how: message!("advice-size", nodegroup = nodegroup, size = size),
    }
}

/// For a group that asks for too few nodes.
pub(super) fn larger(nodegroup: &str, wanted: usize) -> Advice {
    Advice {
        look: look_at_size(nodegroup),
        how: message!("advice-larger", nodegroup = nodegroup, wanted = wanted),
    }
}

/// For launches that would succeed and are not tried.
pub(super) fn try_again(nodegroup: &str, group: &Nodegroup) -> Advice {
    Advice {
        look: look_at_activities(nodegroup),
        how: message!(
            "advice-try-again",
            nodegroup = nodegroup,
            desired = group.desired
        ),
    }
}

/// For a group of which no launch succeeds.
pub(super) fn no_launch(nodegroup: &str, group: &Nodegroup, observation: &Observation) -> Advice {
    match fresh_instance(nodegroup, observation).advice {
        Some(advice) => advice,
        None if group.desired == 0 => larger(nodegroup, 1),
        None => try_again(nodegroup, group),
    }
}

/// For a group that is not healthy and does not become so by itself.
pub(super) fn ill(nodegroup: &str, group: &Nodegroup, observation: &Observation) -> Advice {
    let launches_fail = |(code, _): &(String, String)| code == "AsgInstanceLaunchFailures";
    let how = match fresh_instance(nodegroup, observation).advice {
        _ if !["ACTIVE", "DEGRADED"].contains(&group.status.as_str()) => {
            message!("advice-beyond-repair", status = &group.status)
        }
        Some(advice) => advice.how,
        None if group.issues.iter().all(launches_fail) => try_again(nodegroup, group).how,
        None => message!("advice-issues"),
    };
    let look = look_at_health(nodegroup);
    Advice { look, how }
}

/// For what a scenario shows while it is broken, and a repair takes away.
pub(super) fn symptom(look: Message) -> Advice {
    let how = message!("advice-symptom");
    Advice { look, how }
}

/// For nodes that are too many, or of which the group is not known.
pub(super) fn other_nodes(look: Message, nodegroup: Option<&str>, wanted: Option<usize>) -> Advice {
    let how = match (nodegroup, wanted) {
        (Some(nodegroup), Some(wanted)) => {
            message!("advice-fewer", nodegroup = nodegroup, wanted = wanted)
        }
        _ => message!("advice-find-group"),
    };
    Advice { look, how }
}

pub(super) fn lost_node(look: Message) -> Advice {
    let how = message!("advice-lost-node");
    Advice { look, how }
}

pub(super) fn unready_node(look: Message) -> Advice {
    let how = message!("advice-unready-node");
    Advice { look, how }
}

/// For a group whose instances start and do not become nodes.
pub(super) fn unjoined(nodegroup: &str) -> Advice {
    Advice {
        look: look_at_activities(nodegroup),
        how: message!("advice-unjoined", nodegroup = nodegroup),
    }
}
