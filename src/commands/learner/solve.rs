//! `breakfix solve --to STEP`: catching up. breakfix does what is open up to a step, and marks it as assisted.

use std::sync::{Arc, Mutex};

use serde_json::json;

use super::super::content::{Refused, refused, told};
use super::super::manners::Manners;
use super::super::sessions::start::{teller, until_interrupted};
use super::super::sessions::{account, opened};
use super::super::{interrupt, output, runtime};
use super::{Learner, Standing, hint, of};
use crate::message;
use crate::outcome::Exit;
use crate::progress::Note;
use crate::report::learner;
use crate::scenario::Step;
use crate::scenario::guidance::Kind;

/// How far to go.
#[derive(Debug, Clone)]
pub struct SolveRequest {
    pub session: Option<String>,
    /// Up to this step, with it.
    pub to: String,
    /// Do not ask.
    pub yes: bool,
    pub json: bool,
}

/// Does what is open, and says what it did.
///
/// # Errors
/// When the session's environment cannot be reached or changed.
pub fn solve(request: &SolveRequest, manners: Manners) -> anyhow::Result<Exit> {
    let solved = try_solve(request, manners)?;
    Ok(told(solved))
}

fn try_solve(request: &SolveRequest, manners: Manners) -> anyhow::Result<Result<Exit, Refused>> {
    let store = opened::store();
    let id = match opened::pick(&store, request.session.as_deref(), manners.language(None)) {
        Ok(id) => id,
        Err(refused) => return Ok(Err(refused)),
    };
    let runtime = runtime()?;
    let (held, session) = match opened::work(&store, &runtime, &id, manners)? {
        Ok(opened) => opened,
        Err(refused) => return Ok(Err(refused)),
    };
    let mut learner = Learner::of(runtime, session, manners)?;
    let last = match learner.step(&request.to) {
        Ok(step) => step.id.clone(),
        Err(refused) => return Ok(Err(refused)),
    };
    let before = learner.look()?;
    let open = open_steps(&learner, &before, &last);
    let conditions = conditions(&learner, &open);
    if learner.session.ledger().begun.target.real && !conditions.is_empty() {
        let question = message!("solve-ask");
        if let Err(refused) = account::confirmed(question, request.yes, learner.language()) {
            return Ok(Err(refused));
        }
    }
    let said = said(&learner, &open)?;
    let made = match repair(&mut learner, &conditions, manners)? {
        Some(made) => made,
        None => {
            let text = learner.say(&message!("solve-interrupted", step = &last));
            return Ok(Err(refused(Exit::Interrupted, text)));
        }
    };
    drop(held);
    for step in &open {
        learner.open_step(&step.id)?;
        let step = step.id.clone();
        learner.note(Note::Assisted { step })?;
    }
    let after = learner.look()?;
    let exit = exit(&after, &open);
    tell(&learner, request, exit, &after, &[made, said].concat());
    Ok(Ok(exit))
}

/// The steps up to `last` that are not done.
fn open_steps(learner: &Learner, standing: &Standing, last: &str) -> Vec<Step> {
    let up_to = learner.steps.iter().position(|step| step.id == last);
    let steps = learner.steps.iter().take(up_to.map_or(0, |last| last + 1));
    let is_open =
        |step: &&Step| of(&standing.progress, &step.id).is_some_and(|step| !step.is_done());
    steps.filter(is_open).cloned().collect()
}

/// Ids of the conditions that these steps need, of those that the session's variant has.
fn conditions(learner: &Learner, steps: &[Step]) -> Vec<String> {
    let known = &learner.session.chosen().conditions;
    let mut ids: Vec<String> = Vec::new();
    for evidence in steps.iter().flat_map(|step| &step.evidence) {
        if let Kind::Verified(conditions) = evidence.kind() {
            ids.extend(conditions.iter().cloned());
        }
    }
    ids.retain(|id| known.iter().any(|check| check.id == *id));
    ids.dedup();
    ids
}

/// What was made to repair it; `None` when it was interrupted.
fn repair(
    learner: &mut Learner,
    conditions: &[String],
    manners: Manners,
) -> anyhow::Result<Option<Vec<String>>> {
    if conditions.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let signals = interrupt::watch(&learner.runtime)?;
    let live = Arc::new(Mutex::new(manners.live()));
    learner.session.tell(teller(&live, learner.language()));
    let ids: Vec<&str> = conditions.iter().map(String::as_str).collect();
    let solving = learner.session.solve(&ids);
    let solved = until_interrupted(&learner.runtime, &signals, &live, solving);
    Ok(solved.transpose()?.map(|solved| solved.made))
}

/// The answers that were asked for, a line each.
fn said(learner: &Learner, steps: &[Step]) -> anyhow::Result<Vec<String>> {
    let mut said = Vec::new();
    for step in steps {
        for evidence in &step.evidence {
            if let Kind::Answered(finding) = evidence.kind() {
                said.push(format!(
                    "{}: {}",
                    step.id,
                    hint::answer_of(learner, finding)?
                ));
            }
        }
    }
    Ok(said)
}

/// Assisted or not, what is to be verified has to hold.
fn exit(after: &Standing, steps: &[Step]) -> Exit {
    let undone = steps
        .iter()
        .any(|step| of(&after.progress, &step.id).is_some_and(|step| !step.is_done()));
    if undone { Exit::NotYet } else { Exit::Met }
}

fn tell(learner: &Learner, request: &SolveRequest, exit: Exit, after: &Standing, did: &[String]) {
    if request.json {
        let members =
            json!({ "exit_code": exit as u8, "did": did, "newly_done": after.newly_done });
        let session = learner.session.outcome();
        output::say(&learner::status_json(
            &session,
            &after.progress,
            &after.checks,
            members,
        ));
        return;
    }
    let mut text = match did {
        [] => String::new(),
        _ => learner.say(&message!("solve-did")) + "\n",
    };
    text.extend(did.iter().map(|did| format!("  - {did}\n")));
    text.push_str(&learner::rail(&after.progress, learner.style));
    let words = match exit {
        Exit::Met => message!("solve-done", step = &request.to),
        _ => message!("solve-not-yet", step = &request.to),
    };
    output::say(&format!("{text}\n{}\n", learner.say(&words)));
}
