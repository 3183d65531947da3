//! Verdicts, answers and observed calls become evidence for the lesson's steps. Pure.
//!
//! What was noted of a session ([`Note`]s, in their order) and what is seen now make new notes ([`news`]); notes and the
//! verdicts of now make the [`Progress`] that is shown ([`stand`]). What was observed or answered stays; what is verified
//! has to be so now.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::outcome::progress::{Grade, Need, Progress, StepProgress};
use crate::outcome::{CheckKind, CheckOutcome, Verdict};
use crate::scenario::Values;
use crate::scenario::guidance::{Call as Expected, Finding, Kind, Step};

/// Something that is remembered of a learner's way, a line of the session's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum Note {
    /// A step's turn has come, or it was shown. Calls count from here: only those after this number.
    Opened { step: String, after: u64 },
    /// A call of this number completed the step.
    Observed {
        step: String,
        call: u64,
        /// Whether it was seen what the call was about.
        resource_seen: bool,
    },
    /// The learner's answer was right.
    Answered { step: String, finding: String },
    /// The conditions of the step were seen to hold.
    Verified { step: String },
    /// The learner says that it is done.
    Reported { step: String },
    /// breakfix did it.
    Assisted { step: String },
    /// A hint was given: its rung, from 1.
    Hinted { step: String, rung: usize },
    /// From this step on everything was forgotten, with the world: from the start without one.
    Reset {
        step: Option<String>,
        /// Calls up to this number were made before.
        after: u64,
    },
}

/// A successful call of the learner's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// In the order in which they were made.
    pub number: u64,
    /// `eks`, `kms`, …; `kubernetes`.
    pub service: String,
    pub operation: String,
    /// Names, ids and ARNs; `None` where the record does not say.
    pub resources: Option<Vec<String>>,
}

/// What is seen now.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Of the learner's, oldest first.
    pub calls: &'a [Call],
    /// The conditions, where they were judged.
    pub verdicts: &'a [CheckOutcome],
}

/// What the lesson asks for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub steps: &'a [Step],
    pub findings: &'a [Finding],
    pub values: &'a Values,
}

/// What is to be noted now: steps that turn out to be done, and those whose turn comes by that.
pub fn news(asked: Asked<'_>, notes: &[Note], seen: Seen<'_>) -> Vec<Note> {
    let mut log = Log::of(asked.steps, notes);
    let mut found: Vec<Note> = Vec::new();
    loop {
        let note = log.opening(asked.steps).or_else(|| {
            let mut steps = asked.steps.iter();
            steps.find_map(|step| completed(step, &log, asked.values, seen))
        });
        let Some(note) = note else { return found };
        log.add(asked.steps, &note);
        found.push(note);
    }
}

/// The number after which calls may still matter: whoever asks for them needs no earlier ones.
pub fn horizon(steps: &[Step], notes: &[Note]) -> u64 {
    let log = Log::of(steps, notes);
    let waiting = log
        .steps
        .iter()
        .filter(|(_, state)| state.observed.is_none());
    let opened = waiting.filter_map(|(_, state)| state.opened).min();
    opened.unwrap_or(log.last_call)
}

/// Why an open step is done now, if it is.
fn completed(step: &Step, log: &Log, values: &Values, seen: Seen<'_>) -> Option<Note> {
    let state = log.of_step(&step.id)?;
    step.evidence
        .iter()
        .find_map(|evidence| match evidence.kind() {
            Kind::Answered(_) => None,
            Kind::Verified(conditions) => {
                let met = !state.verified && all_met(conditions, seen.verdicts) == Some(true);
                let step = step.id.clone();
                met.then_some(Note::Verified { step })
            }
            Kind::Observed(expected) => {
                let after = state.opened.filter(|_| state.observed.is_none())?;
                let call = seen.calls.iter().find(|call| {
                    let matches = |expected| matches(expected, call, values);
                    call.number > after && expected.iter().any(matches)
                })?;
                Some(Note::Observed {
                    step: step.id.clone(),
                    call: call.number,
                    resource_seen: call.resources.is_some(),
                })
            }
        })
}

/// Whether those of these conditions that were judged all hold, and no repair broke what has to stay; `None` when none
/// was judged.
fn all_met(conditions: &[String], verdicts: &[CheckOutcome]) -> Option<bool> {
    let mut judged = verdicts
        .iter()
        .filter(|outcome| conditions.contains(&outcome.id))
        .peekable();
    judged.peek()?;
    Some(judged.all(|outcome| outcome.verdict == Verdict::Met) && !verdicts.iter().any(is_broken))
}

/// A repair that breaks what has to stay is none.
fn is_broken(outcome: &CheckOutcome) -> bool {
    outcome.kind == CheckKind::Invariant && matches!(outcome.verdict, Verdict::NotMet { .. })
}

/// Whether a call is of this operation on this resource; where nobody saw the resource, of this operation.
fn matches(expected: &Expected, call: &Call, values: &Values) -> bool {
    if call.service != expected.service || call.operation != expected.operation {
        return false;
    }
    let (Some(wanted), Some(seen)) = (&expected.resource, &call.resources) else {
        return true;
    };
    // A name that is not known yet names nothing that could have been called.
    let Ok(wanted) = values.fill(wanted) else {
        return false;
    };
    let is_named =
        |name: &String| *name == wanted || name.rsplit(['/', ':']).next() == Some(&wanted);
    seen.iter().any(is_named)
}

/// What the notes say of the steps.
#[derive(Debug, Default)]
struct Log {
    steps: Vec<(String, State)>,
    /// The last call that completed anything.
    last_call: u64,
}

#[derive(Debug, Default, Clone)]
struct State {
    opened: Option<u64>,
    observed: Option<bool>,
    answered: bool,
    verified: bool,
    reported: bool,
    assisted: bool,
    hints: usize,
}

impl State {
    fn is_done(&self) -> bool {
        self.observed.is_some() || self.answered || self.verified || self.reported || self.assisted
    }
}

impl Log {
    fn of(steps: &[Step], notes: &[Note]) -> Log {
        let states = steps.iter().map(|step| (step.id.clone(), State::default()));
        let mut log = Log {
            steps: states.collect(),
            last_call: 0,
        };
        for note in notes {
            log.add(steps, note);
        }
        log
    }

    fn of_step(&self, id: &str) -> Option<&State> {
        let mut steps = self.steps.iter();
        steps.find_map(|(known, state)| (known == id).then_some(state))
    }

    /// The next step whose turn has come: the first that is not done, and the one after each that is done.
    fn opening(&self, steps: &[Step]) -> Option<Note> {
        let mut before_is_done = true;
        for step in steps {
            let state = self.of_step(&step.id)?;
            if before_is_done && state.opened.is_none() && !state.is_done() {
                return Some(Note::Opened {
                    step: step.id.clone(),
                    after: self.last_call,
                });
            }
            before_is_done = state.is_done();
        }
        None
    }

    fn add(&mut self, steps: &[Step], note: &Note) {
        if let Note::Reset { step, after } = note {
            self.last_call = self.last_call.max(*after);
            return self.forget(steps, step.as_deref());
        }
        let (Note::Opened { step, .. }
        | Note::Observed { step, .. }
        | Note::Answered { step, .. }
        | Note::Verified { step }
        | Note::Reported { step }
        | Note::Assisted { step }
        | Note::Hinted { step, .. }) = note
        else {
            return;
        };
        let Some((_, state)) = self.steps.iter_mut().find(|(known, _)| known == step) else {
            return;
        };
        match note {
            Note::Opened { after, .. } => {
                state.opened.get_or_insert(*after);
                self.last_call = self.last_call.max(*after);
            }
            Note::Observed {
                call,
                resource_seen,
                ..
            } => {
                state.observed.get_or_insert(*resource_seen);
                self.last_call = self.last_call.max(*call);
            }
            Note::Answered { .. } => state.answered = true,
            Note::Verified { .. } => state.verified = true,
            Note::Reported { .. } => state.reported = true,
            Note::Assisted { .. } => state.assisted = true,
            Note::Hinted { rung, .. } => state.hints = state.hints.max(*rung),
            Note::Reset { .. } => {}
        }
    }

    fn forget(&mut self, steps: &[Step], from: Option<&str>) {
        let first = from.and_then(|from| steps.iter().position(|step| step.id == from));
        for (_, state) in self.steps.iter_mut().skip(first.unwrap_or_default()) {
            *state = State::default();
        }
    }
}

/// Where the learner stands, in a language. Titles are the caller's to fill in.
pub fn stand(
    asked: Asked<'_>,
    notes: &[Note],
    verdicts: &[CheckOutcome],
    language: Language,
) -> Progress {
    let log = Log::of(asked.steps, notes);
    let steps = asked.steps.iter().zip(&log.steps);
    Progress {
        steps: steps
            .map(|(step, (_, state))| step_progress(asked, step, state, verdicts, language))
            .collect(),
    }
}

fn step_progress(
    asked: Asked<'_>,
    step: &Step,
    state: &State,
    verdicts: &[CheckOutcome],
    language: Language,
) -> StepProgress {
    let conditions: Vec<&String> = step
        .evidence
        .iter()
        .filter_map(|evidence| match evidence.kind() {
            Kind::Verified(conditions) => Some(conditions),
            _ => None,
        })
        .flatten()
        .collect();
    let owned: Vec<String> = conditions.into_iter().cloned().collect();
    // What nobody judged now is as it was when it was last seen.
    let holds = all_met(&owned, verdicts).unwrap_or(true);
    let lapsed = state.verified && !holds;
    let grades = [
        (state.verified && holds, Grade::Verified),
        (state.answered, Grade::Answered),
        (state.observed.is_some(), Grade::Observed),
        (state.reported, Grade::SelfReported),
        // What breakfix did is there to be seen, where there is something to see.
        (state.assisted && owned.is_empty(), Grade::Assisted),
    ];
    StepProgress {
        id: step.id.clone(),
        title: String::new(),
        done: grades
            .into_iter()
            .find_map(|(is, grade)| is.then_some(grade)),
        lapsed,
        assisted: state.assisted,
        opened: state.opened.is_some(),
        unseen_resource: state.observed == Some(false),
        hints: state.hints,
        needs: needs(asked, step, verdicts, language),
    }
}

fn needs(
    asked: Asked<'_>,
    step: &Step,
    verdicts: &[CheckOutcome],
    language: Language,
) -> Vec<Need> {
    let of_evidence = step
        .evidence
        .iter()
        .filter_map(|evidence| match evidence.kind() {
            Kind::Verified(conditions) => {
                let judged = verdicts
                    .iter()
                    .filter(|outcome| conditions.contains(&outcome.id) || is_broken(outcome));
                let told =
                    judged.map(|outcome| (outcome.title.clone(), outcome.verdict == Verdict::Met));
                Some(Need::Verified(told.collect()))
            }
            Kind::Answered(finding) => {
                let mut findings = asked.findings.iter();
                let known = findings.find(|known| known.id == finding)?;
                Some(Need::Answered {
                    finding: finding.to_owned(),
                    question: known.question.to(language),
                })
            }
            Kind::Observed(calls) => {
                let calls: BTreeSet<String> =
                    calls.iter().map(|call| told(call, asked.values)).collect();
                Some(Need::Observed(
                    calls.into_iter().collect::<Vec<_>>().join(" / "),
                ))
            }
        });
    let needs: Vec<Need> = of_evidence.collect();
    if needs.is_empty() {
        return vec![Need::SelfReported];
    }
    needs
}

fn told(call: &Expected, values: &Values) -> String {
    let resource = call
        .resource
        .as_deref()
        .map(|resource| values.fill_known(resource));
    let parts = [
        Some(call.service.clone()),
        Some(call.operation.clone()),
        resource,
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
