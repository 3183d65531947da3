//! What every operation of EC2 has in common: a dry run changes nothing, and a client token makes a repeated
//! request answer as the first one did.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::audit;
use super::super::refusal::Refusal;
use super::super::wire::input::Input;
use super::super::wire::{Answer, Call, Run};
use super::super::world::World;

/// An answer that a client token brings back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answered {
    operation: String,
    token: String,
    request: String,
    reply: Value,
}

/// How many answers are kept; EC2 keeps them for a day or so.
const ANSWERS_KEPT: usize = 256;

pub(super) fn guard(
    operation: &str,
    run: &Run,
    world: &mut World,
    call: &Call,
    mut input: Input,
) -> Result<Answer, Refusal> {
    let dry_run = input.take("DryRun").is_some_and(|text| text == "true");
    if dry_run {
        run(&mut world.clone(), call, input)?;
        return Err(Refusal::new(
            "DryRunOperation",
            412,
            "Request would have succeeded, but DryRun flag is set.",
        ));
    }
    if audit::is_read_only(operation) {
        return run(world, call, input);
    }
    match input.take("ClientToken") {
        Some(token) => once(operation, token, run, world, call, input),
        None => run(world, call, input),
    }
}

/// Runs an operation unless its token was used before.
fn once(
    operation: &str,
    token: String,
    run: &Run,
    world: &mut World,
    call: &Call,
    input: Input,
) -> Result<Answer, Refusal> {
    let request = format!("{input:?}");
    let known = world
        .ec2
        .answered
        .iter()
        .find(|answered| answered.operation == operation && answered.token == token);
    if let Some(known) = known {
        return if known.request == request {
            Ok(known.reply.clone().into())
        } else {
            Err(Refusal::bad(
                "IdempotentParameterMismatch",
                "The request uses the same client token as a previous, but non-identical request. Do not reuse a client token with different requests, unless the requests are identical",
            ))
        };
    }
    let reply = run(world, call, input)?;
    let answered = &mut world.ec2.answered;
    if answered.len() == ANSWERS_KEPT {
        answered.remove(0);
    }
    answered.push(Answered {
        operation: operation.to_owned(),
        token,
        request,
        reply: reply.to_value(),
    });
    Ok(reply)
}
