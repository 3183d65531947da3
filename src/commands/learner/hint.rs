//! `breakfix hint [STEP]`: one rung of a ladder at a time, made from what stands in the way: where, what, how, solution.

use serde_json::json;

use super::super::manners::Manners;
use super::super::output;
use super::{Learner, Standing, answer, of};
use crate::language::Message;
use crate::message;
use crate::outcome::{CheckKind, CheckOutcome, Exit, Verdict};
use crate::progress::Note;
use crate::report::learner;
use crate::scenario::Finding;
use crate::scenario::guidance::{Hints, Kind, Step};
use crate::scenario::observation::Wanted;

/// The rungs, from the one that tells least.
const RUNGS: usize = 4;

/// Which hint to give.
#[derive(Debug, Clone)]
pub struct HintRequest {
    pub session: Option<String>,
    /// The current one when `None`.
    pub step: Option<String>,
    /// This rung, from 1; the next one when `None`.
    pub rung: Option<usize>,
    pub json: bool,
}

/// A rung's name and its text.
struct Hint {
    name: Message,
    text: String,
}

/// Gives the next hint for a step.
///
/// # Errors
/// When the session's environment cannot be reached.
pub fn hint(request: &HintRequest, manners: Manners) -> anyhow::Result<Exit> {
    Learner::with(request.session.as_deref(), manners, |learner| {
        let standing = learner.look()?;
        let step = match learner.step_or_current(request.step.as_deref(), &standing.progress) {
            Ok(Some(step)) => step,
            Ok(None) => {
                output::say(&learner::next(&standing.progress, learner.style));
                return Ok(Ok(Exit::Met));
            }
            Err(refused) => return Ok(Err(refused)),
        };
        let given = of(&standing.progress, &step.id).map_or(0, |step| step.hints);
        let rung = request.rung.unwrap_or(given + 1).clamp(1, RUNGS);
        let hint = rung_of(learner, step, &standing, rung)?;
        learner.open_step(&step.id)?;
        learner.note(Note::Hinted {
            step: step.id.clone(),
            rung,
        })?;
        output::say(&if request.json {
            let members = json!({
                "step": step.id, "rung": rung, "of": RUNGS, "kind": learner.say(&hint.name), "hint": hint.text,
            });
            learner::status_json(
                &learner.session.outcome(),
                &standing.progress,
                &standing.checks,
                members,
            )
        } else {
            shown(learner, &step.id, rung, &hint)
        });
        Ok(Ok(Exit::Met))
    })
}

fn shown(learner: &Learner, step: &str, rung: usize, hint: &Hint) -> String {
    let name = hint.name.clone();
    let heading = learner.say(&message!(
        "hint-heading",
        step = step,
        rung = rung,
        of = RUNGS,
        name = name
    ));
    let text: String = hint
        .text
        .lines()
        .map(|line| match line.starts_with(' ') {
            // Commands are to be copied.
            true => format!("{line}\n"),
            false => format!("{}\n", learner.wrapped(line)),
        })
        .collect();
    let more = match rung {
        RUNGS => message!("hint-last", step = step),
        _ => message!("hint-more"),
    };
    let more = learner.wrapped(&learner.say(&more));
    format!("{heading}\n\n{text}\n{more}\n")
}

fn rung_of(
    learner: &Learner,
    step: &Step,
    standing: &Standing,
    rung: usize,
) -> anyhow::Result<Hint> {
    let name = match rung {
        1 => message!("hint-where"),
        2 => message!("hint-what"),
        3 => message!("hint-how"),
        _ => message!("hint-solution"),
    };
    let written = |hints: &Hints| {
        let text = match rung {
            1 => hints.place.as_ref(),
            2 => hints.what.as_ref(),
            3 => hints.how.as_ref(),
            _ => None,
        };
        text.map(|text| learner.say(&answer::filled(learner, text)))
    };
    let text = match written(&step.hints) {
        Some(text) => text,
        None => made(learner, step, standing, rung, written)?,
    };
    Ok(Hint { name, text })
}

/// From what stands in the way.
fn made(
    learner: &Learner,
    step: &Step,
    standing: &Standing,
    rung: usize,
    written: impl Fn(&Hints) -> Option<String>,
) -> anyhow::Result<String> {
    let Some(evidence) = step.evidence.first() else {
        return Ok(learner.say(&message!("hint-read", step = &step.id)));
    };
    match evidence.kind() {
        Kind::Verified(conditions) => {
            let open = |check: &&CheckOutcome| match check.kind {
                CheckKind::Invariant => matches!(check.verdict, Verdict::NotMet { .. }),
                _ => conditions.contains(&check.id) && check.verdict != Verdict::Met,
            };
            let Some(failing) = standing.checks.iter().find(open) else {
                return Ok(learner.say(&message!("hint-nothing", step = &step.id)));
            };
            let chosen = learner.session.chosen();
            let mut checks = chosen.conditions.iter().chain(&chosen.invariants);
            let own = checks.find(|check| check.id == failing.id);
            match own.and_then(|check| written(&check.hints)) {
                Some(text) => Ok(text),
                None => of_condition(learner, step, failing, rung),
            }
        }
        Kind::Answered(finding) => {
            let mut findings = learner.session.chosen().findings.iter();
            let finding = findings.find(|known| known.id == finding);
            finding.map_or_else(
                || Ok(String::new()),
                |finding| of_finding(learner, step, finding, rung),
            )
        }
        Kind::Observed(_) => Ok(of_call(learner, step, standing, rung)),
    }
}

/// The evaluator's own words: where the condition is read, what was seen, what its reason asks for.
fn of_condition(
    learner: &Learner,
    step: &Step,
    failing: &CheckOutcome,
    rung: usize,
) -> anyhow::Result<String> {
    let title = &failing.title;
    let advice = failing.advice.as_ref();
    Ok(match rung {
        1 => match advice {
            Some(advice) => advice.look.clone(),
            None => learner.say(&message!("hint-condition", title = title)),
        },
        2 => match &failing.verdict {
            Verdict::NotMet {
                observed, reason, ..
            } => {
                let observed = learner.say(&message!(
                    "hint-observed",
                    title = title,
                    observed = observed
                ));
                [Some(observed), reason.clone()]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join("\n")
            }
            Verdict::NotYet { awaiting, .. } => learner.say(&message!(
                "hint-awaiting",
                title = title,
                awaiting = awaiting
            )),
            Verdict::CannotTell { why } => {
                learner.say(&message!("hint-cannot-tell", title = title, why = why))
            }
            Verdict::Met => String::new(),
        },
        3 => match advice {
            Some(advice) => advice.how.clone(),
            None => learner.say(&message!("hint-read", step = &step.id)),
        },
        _ => solution(learner, step)?,
    })
}

/// A script that repairs the session's variant, where its author wrote one.
fn solution(learner: &Learner, step: &Step) -> anyhow::Result<String> {
    let fixes = learner
        .session
        .chosen()
        .solutions
        .iter()
        .flat_map(|solution| &solution.fixes);
    let script = fixes.filter_map(|fix| fix.script.as_deref()).next();
    let Some(script) = script else {
        return Ok(learner.say(&message!("hint-solve", step = &step.id)));
    };
    let text = learner.session.source().read(script)?;
    let kept = text
        .lines()
        .filter(|line| !line.starts_with("#!") && !line.starts_with("set -"));
    let lines: String = kept.map(|line| format!("    {line}\n")).collect();
    Ok(format!(
        "{}\n\n{lines}",
        learner.say(&message!("hint-solution-script"))
    ))
}

fn of_finding(
    learner: &Learner,
    step: &Step,
    finding: &Finding,
    rung: usize,
) -> anyhow::Result<String> {
    Ok(match rung {
        1 => learner.say(&message!("hint-lesson", step = &step.id)),
        2 => {
            let look = answer::filled(learner, &finding.look);
            learner.say(&message!("hint-look", look = look))
        }
        3 => commands(learner, step),
        _ => {
            let value = answer_of(learner, &finding.id)?;
            learner.say(&message!("hint-answer", value = value, step = &step.id))
        }
    })
}

/// The answer to a finding, as it is now.
pub(super) fn answer_of(learner: &Learner, finding: &str) -> anyhow::Result<String> {
    let mut findings = learner.session.chosen().findings.iter();
    let Some(finding) = findings.find(|known| known.id == finding) else {
        return Ok(String::new());
    };
    let fact = learner.session.values().fill_all(&finding.value)?;
    let mut wanted = Wanted::default();
    fact.wants(&mut wanted);
    let seen = learner.session.observed(&wanted);
    let observation = learner.runtime.block_on(seen);
    match fact.value(&observation) {
        Ok(known) => Ok(known.shown().to_owned()),
        Err(why) => anyhow::bail!(
            "{}",
            learner.say(&message!("answer-cannot-tell", why = why))
        ),
    }
}

fn of_call(learner: &Learner, step: &Step, standing: &Standing, rung: usize) -> String {
    match rung {
        1 => learner.say(&message!("hint-lesson", step = &step.id)),
        2 => {
            let needs = of(&standing.progress, &step.id).map(|step| step.needs.clone());
            let call = needs.into_iter().flatten().find_map(|need| match need {
                crate::outcome::progress::Need::Observed(call) => Some(call),
                _ => None,
            });
            learner.say(&message!("hint-call", call = call.unwrap_or_default()))
        }
        3 => commands(learner, step),
        _ => learner.say(&message!("hint-run-step", step = &step.id)),
    }
}

/// The lesson's commands of the step.
fn commands(learner: &Learner, step: &Step) -> String {
    let lesson = learner
        .lesson_step(step)
        .map_or(&[][..], |lesson| &lesson.commands);
    let shown =
        |text: &str| -> String { text.lines().map(|line| format!("    {line}\n")).collect() };
    let lines: String = lesson.iter().map(|command| shown(&command.text)).collect();
    format!("{}\n\n{lines}", learner.say(&message!("hint-commands")))
}
