//! Lifecycle hooks and the actions that instances wait for.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::refusal::Refusal;
use super::super::super::wire::{Call, Operation};
use super::super::super::world::World;
use super::super::Group;
use super::super::hooks::{self, COMPLETED, Hook, Outcome, Transition};
use super::{find, find_mut, invalid};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("PutLifecycleHook", put),
        Operation::new("DeleteLifecycleHook", delete),
        Operation::new("DescribeLifecycleHooks", describe),
        Operation::new("CompleteLifecycleAction", complete),
        Operation::new("RecordLifecycleActionHeartbeat", record_heartbeat),
    ]
}

/// A hook as requests describe it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct HookRequest {
    // Not in a group's specification of its hooks, where no client names it.
    auto_scaling_group_name: Option<String>,
    lifecycle_hook_name: String,
    lifecycle_transition: Option<Transition>,
    notification_metadata: Option<String>,
    heartbeat_timeout: Option<u32>,
    default_result: Option<Outcome>,
    #[serde(rename = "NotificationTargetARN")]
    target: Option<String>,
    #[serde(rename = "RoleARN")]
    role: Option<String>,
}

const DEFAULT_HEARTBEAT: u32 = 3600;
/// Quota: hooks per group.
const MOST_HOOKS: usize = 50;

impl HookRequest {
    /// The hook that this makes of the one that was there before.
    pub(super) fn over(self, before: Option<&Hook>) -> Result<Hook, Refusal> {
        let transition = self
            .lifecycle_transition
            .or(before.map(|hook| hook.transition));
        let Some(transition) = transition else {
            return Err(invalid(
                "LifecycleTransition is required for new lifecycle hooks",
            ));
        };
        let heartbeat = self
            .heartbeat_timeout
            .or(before.map(|hook| hook.heartbeat))
            .unwrap_or(DEFAULT_HEARTBEAT);
        if !(30..=7200).contains(&heartbeat) {
            return Err(invalid(
                "Heartbeat Timeout must be between 30 and 7200 seconds",
            ));
        }
        let kept =
            |member: fn(&Hook) -> &Option<String>| before.and_then(|hook| member(hook).clone());
        Ok(Hook {
            name: self.lifecycle_hook_name,
            transition,
            heartbeat,
            default: self
                .default_result
                .or(before.map(|hook| hook.default))
                .unwrap_or(Outcome::Abandon),
            metadata: self
                .notification_metadata
                .or_else(|| kept(|hook| &hook.metadata)),
            // An empty text takes the target away.
            target: self
                .target
                .or_else(|| kept(|hook| &hook.target))
                .filter(|target| !target.is_empty()),
            role: self.role.or_else(|| kept(|hook| &hook.role)),
            answered_after: before.and_then(|hook| hook.answered_after),
        })
    }
}

fn put(world: &mut World, _call: &Call, hook: HookRequest) -> Result<Value, Refusal> {
    let name = hook.auto_scaling_group_name.clone().unwrap_or_default();
    let group = find_mut(world, &name)?;
    let before = group.hooks.get(&hook.lifecycle_hook_name);
    if before.is_none() && group.hooks.len() >= MOST_HOOKS {
        let message = format!("Exceeded the limit of {MOST_HOOKS} lifecycle hooks");
        return Err(Refusal::bad("LimitExceeded", message));
    }
    let hook = hook.over(before)?;
    group.hooks.insert(hook.name.clone(), hook);
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteRequest {
    auto_scaling_group_name: String,
    lifecycle_hook_name: String,
}

fn delete(world: &mut World, _call: &Call, request: DeleteRequest) -> Result<Value, Refusal> {
    let (name, hook) = (
        &request.auto_scaling_group_name,
        &request.lifecycle_hook_name,
    );
    if !find(world, name)?.hooks.contains_key(hook) {
        return Err(invalid(format!(
            "No Lifecycle Hook found with name: {hook}"
        )));
    }
    hooks::remove(world, name, hook);
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeRequest {
    auto_scaling_group_name: String,
    #[serde(default)]
    lifecycle_hook_names: Vec<String>,
}

fn describe(world: &mut World, _call: &Call, request: DescribeRequest) -> Result<Value, Refusal> {
    let group = find(world, &request.auto_scaling_group_name)?;
    let wanted = &request.lifecycle_hook_names;
    let hooks: Vec<Value> = group
        .hooks
        .values()
        .filter(|hook| wanted.is_empty() || wanted.contains(&hook.name))
        .map(|hook| hook_json(group, hook))
        .collect();
    Ok(json!({ "LifecycleHooks": hooks }))
}

fn hook_json(group: &Group, hook: &Hook) -> Value {
    json!({
        "LifecycleHookName": hook.name,
        "AutoScalingGroupName": group.name,
        "LifecycleTransition": hook.transition,
        "NotificationTargetARN": hook.target,
        "RoleARN": hook.role,
        "NotificationMetadata": hook.metadata,
        "HeartbeatTimeout": hook.heartbeat,
        "GlobalTimeout": hook.global_timeout(),
        "DefaultResult": hook.default,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CompleteRequest {
    auto_scaling_group_name: String,
    lifecycle_hook_name: String,
    lifecycle_action_token: Option<String>,
    lifecycle_action_result: Outcome,
    instance_id: Option<String>,
}

fn complete(world: &mut World, _call: &Call, request: CompleteRequest) -> Result<Value, Refusal> {
    let name = &request.auto_scaling_group_name;
    let token = token(
        find(world, name)?,
        &request.lifecycle_hook_name,
        request.lifecycle_action_token.as_deref(),
        request.instance_id.as_deref(),
    )?;
    let outcome = request.lifecycle_action_result;
    hooks::complete(world, name, &token, outcome, COMPLETED);
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct HeartbeatRequest {
    auto_scaling_group_name: String,
    lifecycle_hook_name: String,
    lifecycle_action_token: Option<String>,
    instance_id: Option<String>,
}

fn record_heartbeat(
    world: &mut World,
    _call: &Call,
    request: HeartbeatRequest,
) -> Result<Value, Refusal> {
    let name = &request.auto_scaling_group_name;
    let token = token(
        find(world, name)?,
        &request.lifecycle_hook_name,
        request.lifecycle_action_token.as_deref(),
        request.instance_id.as_deref(),
    )?;
    hooks::record_heartbeat(world, name, &token);
    Ok(json!({}))
}

/// The token of the action that a request means, by token or by instance.
fn token(
    group: &Group,
    hook: &str,
    token: Option<&str>,
    instance: Option<&str>,
) -> Result<String, Refusal> {
    let found = group.members.iter().find_map(|member| {
        let meant = |wait: &&hooks::Wait| {
            wait.hook == hook
                && token.is_none_or(|token| wait.token == token)
                && instance.is_none_or(|instance| member.instance == instance)
        };
        member.waits.iter().find(meant)
    });
    match (found, token, instance) {
        (_, None, None) => Err(invalid(
            "Either LifecycleActionToken or InstanceId must be specified",
        )),
        (Some(wait), _, _) => Ok(wait.token.clone()),
        (None, _, Some(instance)) => Err(invalid(format!(
            "No active Lifecycle Action found with instance ID {instance}"
        ))),
        (None, Some(token), None) => Err(invalid(format!(
            "No active Lifecycle Action found with token {token}"
        ))),
    }
}
