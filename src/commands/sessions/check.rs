//! `breakfix check`: where the repair stands, by what is observed now; and the steps of the lesson by that.

use std::time::Duration;

use super::super::content::{Refused, refused, told};
use super::super::learner::{Learner, Standing, of};
use super::super::manners::Manners;
use super::super::output;
use crate::message;
use crate::outcome::{CheckKind, CheckOutcome, Exit, Verdict};
use crate::progress::Note;
use crate::report::{learner, standing};
use crate::scenario::Step;
use crate::scenario::guidance::Kind;

/// What to judge.
#[derive(Debug, Clone)]
pub struct CheckRequest {
    pub session: Option<String>,
    /// What completes this step; everything when `None`.
    pub step: Option<String>,
    /// How long to wait for what is not met yet, in the environment's time.
    pub wait: Option<Duration>,
    /// The learner says that the step is done.
    pub done: bool,
    pub json: bool,
}

/// Judges, and says what stands in the way.
///
/// # Errors
/// When the session's environment cannot be reached.
pub fn check(request: &CheckRequest, manners: Manners) -> anyhow::Result<Exit> {
    let checked = match Learner::open(request.session.as_deref(), manners)? {
        Ok(learner) => check_in(&learner, request)?,
        Err(refused) => Err(refused),
    };
    Ok(told(checked))
}

fn check_in(learner: &Learner, request: &CheckRequest) -> anyhow::Result<Result<Exit, Refused>> {
    let step = match request
        .step
        .as_deref()
        .map(|step| learner.step(step))
        .transpose()
    {
        Ok(step) => step,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Some(step) = step.filter(|_| request.done) {
        if let Err(refused) = may_be_reported(learner, step) {
            return Ok(Err(refused));
        }
        let step = step.id.clone();
        learner.note(Note::Reported { step })?;
    }
    let patience = request.wait.unwrap_or_default();
    let waits = |check: &CheckOutcome| is_about(check, step) && check.verdict != Verdict::Met;
    let settling = learner.session.settled_verdicts(patience, waits);
    let checks = learner.runtime.block_on(settling)?;
    let standing = learner.stand(checks)?;
    let told: Vec<CheckOutcome> = standing
        .checks
        .iter()
        .filter(|check| is_about(check, step))
        .cloned()
        .collect();
    let exit = exit(&told, step, &standing);
    output::say(&if request.json {
        let session = learner.session.outcome();
        standing::checks_json(
            &session,
            &told,
            exit,
            learner::progress_view(&standing.progress),
        )
    } else {
        text(learner, step, &told, &standing)
    });
    Ok(Ok(exit))
}

fn text(
    learner: &Learner,
    step: Option<&Step>,
    told: &[CheckOutcome],
    standing: &Standing,
) -> String {
    let style = learner.style;
    let mut text = match told {
        [] => String::new(),
        told => standing::checks(told, style),
    };
    let progress = &standing.progress;
    text.push_str(&learner::newly_done(progress, &standing.newly_done, style));
    if let Some(step) = step.and_then(|step| of(progress, &step.id)) {
        text.push_str(&learner::step(step, style));
    }
    text
}

/// Whether a check decides about the step: one of its conditions, or what every repair has to keep.
fn is_about(check: &CheckOutcome, step: Option<&Step>) -> bool {
    let Some(step) = step else { return true };
    let mut verified = step
        .evidence
        .iter()
        .filter_map(|evidence| match evidence.kind() {
            Kind::Verified(conditions) => Some(conditions),
            _ => None,
        });
    let mut any = false;
    let named = verified.any(|conditions| {
        any = true;
        conditions.contains(&check.id)
    });
    named || any && check.kind == CheckKind::Invariant
}

/// The first that applies to any of them; a step that nothing is judged for is done or is not.
fn exit(told: &[CheckOutcome], step: Option<&Step>, standing: &Standing) -> Exit {
    let judged = told.iter().map(|check| check.verdict.exit());
    let judged = judged.fold(Exit::Met, Exit::or_heavier);
    let step = step.and_then(|step| of(&standing.progress, &step.id));
    match step {
        Some(step) if told.is_empty() && !step.is_done() => Exit::Failed,
        _ => judged,
    }
}

/// A learner's word counts where there is nothing that could be seen or asked for.
fn may_be_reported(learner: &Learner, step: &Step) -> Result<(), Refused> {
    let better = step
        .evidence
        .iter()
        .find_map(|evidence| match evidence.kind() {
            Kind::Verified(_) => Some(message!("done-is-verified", step = &step.id)),
            Kind::Answered(_) => Some(message!("done-is-answered", step = &step.id)),
            Kind::Observed(_) => None,
        });
    match better {
        Some(better) => Err(refused(Exit::Usage, learner.say(&better))),
        None => Ok(()),
    }
}
