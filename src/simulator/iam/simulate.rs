//! What policies would allow: `SimulatePrincipalPolicy` and `SimulateCustomPolicy`, answered by the
//! same evaluator that decides calls.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::authorization::surroundings;
use super::refusals::{invalid_input, no_such};
use super::requests::page;
use super::{Iam, attachments, documents, managed};
use crate::policy::{
    Caller, Context, IdentityDecision, IdentityRequest, Policy, PolicySource, StatementRef,
    decide_by_identity, missing_keys,
};

/// Session name of a role that is only asked about.
const SESSION: &str = "simulation";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("SimulatePrincipalPolicy", simulate_principal),
        Operation::new("SimulateCustomPolicy", simulate_custom),
    ]
}

/// A condition key that the simulated request has.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ContextEntry {
    context_key_name: String,
    context_key_values: Vec<String>,
    /// Conditions read values as their operators want them, so the type says nothing more.
    #[serde(rename = "ContextKeyType")]
    _context_key_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PrincipalRequest {
    policy_source_arn: String,
    #[serde(default)]
    policy_input_list: Vec<String>,
    action_names: Vec<String>,
    #[serde(default)]
    resource_arns: Vec<String>,
    caller_arn: Option<String>,
    #[serde(default)]
    context_entries: Vec<ContextEntry>,
    marker: Option<String>,
    max_items: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CustomRequest {
    policy_input_list: Vec<String>,
    action_names: Vec<String>,
    #[serde(default)]
    resource_arns: Vec<String>,
    caller_arn: Option<String>,
    #[serde(default)]
    context_entries: Vec<ContextEntry>,
    marker: Option<String>,
    max_items: Option<usize>,
}

/// What is asked of which policies.
struct Question {
    caller: Caller,
    /// Names and kinds of the policies, in their order.
    sources: Vec<(String, &'static str)>,
    policies: Vec<Policy>,
    actions: Vec<String>,
    resources: Vec<String>,
    context: Context,
}

fn simulate_principal(
    world: &mut World,
    _call: &Call,
    request: PrincipalRequest,
) -> Result<Value, Refusal> {
    let source = &request.policy_source_arn;
    let given = principal(world, source)?;
    let mut sources = world.iam.sources(source);
    let mut policies = world.iam.policies_of(&given).to_vec();
    let caller = match &request.caller_arn {
        Some(arn) => principal(world, arn)?,
        None => given,
    };
    add_inputs(&mut sources, &mut policies, &request.policy_input_list)?;
    let question = Question {
        caller,
        sources,
        policies,
        actions: request.action_names,
        resources: request.resource_arns,
        context: context_of(request.context_entries),
    };
    let results = question.answer(world)?;
    let (marker, max_items) = (request.marker.as_deref(), request.max_items);
    page("EvaluationResults", results, marker, max_items)
}

fn simulate_custom(
    world: &mut World,
    call: &Call,
    request: CustomRequest,
) -> Result<Value, Refusal> {
    let caller = match &request.caller_arn {
        Some(arn) => principal(world, arn)?,
        None => call.caller.clone(),
    };
    let (mut sources, mut policies) = (Vec::new(), Vec::new());
    add_inputs(&mut sources, &mut policies, &request.policy_input_list)?;
    let question = Question {
        caller,
        sources,
        policies,
        actions: request.action_names,
        resources: request.resource_arns,
        context: context_of(request.context_entries),
    };
    let results = question.answer(world)?;
    let (marker, max_items) = (request.marker.as_deref(), request.max_items);
    page("EvaluationResults", results, marker, max_items)
}

fn principal(world: &World, arn: &str) -> Result<Caller, Refusal> {
    let user = world.iam.users.values().find(|user| user.arn == arn);
    let role = || world.iam.roles.values().find(|role| role.arn == arn);
    user.map(|user| user.caller(&world.account))
        .or_else(|| role().map(|role| role.session(&world.account, SESSION)))
        .ok_or_else(|| no_such(format!("The principal with ARN {arn} cannot be found.")))
}

impl Iam {
    /// Names and kinds of what a principal is given, in the order of `policies_of`.
    fn sources(&self, arn: &str) -> Vec<(String, &'static str)> {
        let Some(permissions) = self.permissions_at(arn) else {
            return Vec::new();
        };
        let kind = |arn: &str| match managed::of_aws(arn) {
            Some(_) => "aws-managed",
            None => "user-managed",
        };
        let attached = permissions.attached().iter();
        let inline_kind = if arn.contains(":role/") {
            "role"
        } else {
            "user"
        };
        let inline = permissions.inline().keys();
        attached
            .map(|arn| (attachments::path_and_name(arn).1.to_owned(), kind(arn)))
            .chain(inline.map(|name| (name.clone(), inline_kind)))
            .collect()
    }
}

fn add_inputs(
    sources: &mut Vec<(String, &'static str)>,
    policies: &mut Vec<Policy>,
    inputs: &[String],
) -> Result<(), Refusal> {
    for (index, text) in inputs.iter().enumerate() {
        let policy =
            documents::identity_policy(text).map_err(|refusal| invalid_input(refusal.message))?;
        policies.push(policy);
        sources.push((format!("PolicyInputList.{}", index + 1), "none"));
    }
    Ok(())
}

fn context_of(entries: Vec<ContextEntry>) -> Context {
    entries.into_iter().fold(Context::new(), |context, entry| {
        context.with_all(&entry.context_key_name, entry.context_key_values)
    })
}

impl Question {
    /// One result for each action on each resource.
    fn answer(&self, world: &World) -> Result<Vec<Value>, Refusal> {
        let anything = ["*".to_owned()];
        let resources = if self.resources.is_empty() {
            &anything[..]
        } else {
            &self.resources
        };
        let mut results = Vec::new();
        for action in &self.actions {
            if !action.contains(':') {
                return Err(invalid_input(format!("Invalid Action: {action}")));
            }
            let each = resources
                .iter()
                .map(|resource| self.result(world, action, resource));
            results.extend(each);
        }
        Ok(results)
    }

    fn result(&self, world: &World, action: &str, resource: &str) -> Value {
        let request = IdentityRequest {
            caller: &self.caller,
            action,
            resource,
        };
        // Given entries stand in for what a real call would bring.
        let context = || surroundings(world, action, self.context.clone());
        let decision = decide_by_identity(&self.policies, &request, &context);
        let (word, by) = match &decision {
            IdentityDecision::Allowed(by) => ("allowed", Some(by)),
            IdentityDecision::Root => ("allowed", None),
            IdentityDecision::ExplicitDeny(by) => ("explicitDeny", Some(by)),
            IdentityDecision::ImplicitDeny => ("implicitDeny", None),
        };
        json!({
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": word,
            "MatchedStatements": by.map(|by| self.matched(by)).into_iter().collect::<Vec<_>>(),
            "MissingContextValues": missing_keys(&self.policies, &request, context()),
        })
    }

    /// The statement that decided. Where in the document it stands is left out, as AWS may.
    fn matched(&self, by: &StatementRef) -> Value {
        let number = match by.source {
            PolicySource::IdentityPolicy(number) => number,
            PolicySource::KeyPolicy => 0,
        };
        let source = self.sources.get(number.saturating_sub(1));
        json!({
            "SourcePolicyId": source.map(|(name, _)| name),
            "SourcePolicyType": source.map(|(_, kind)| kind),
        })
    }
}
