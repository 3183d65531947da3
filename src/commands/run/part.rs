//! Which part of the selected labs runs here: one machine's share of them, those that failed before, or a lab from a
//! step on. And what is kept of how long they took, for the next shares.

use std::path::{Path, PathBuf};

use super::super::content::{Refused, refused};
use super::super::merge::{read_report, read_text};
use super::super::output;
use super::super::target::Target;
use super::RunRequest;
use crate::outcome::{Exit, LabOutcome, RunOutcome, ShardOutcome, StepResult};
use crate::plan::shard::{Durations, Shard, keep_shard};
use crate::plan::{self, NOT_SELECTED, Plan};
use crate::report::timing::{self, Recorded};
use crate::run::{RAN_AS_SETUP, ShellPer};

/// The part that is asked for.
#[derive(Debug, Clone, Default)]
pub struct PartRequest {
    pub shard: Option<Shard>,
    /// The file that says what pages took.
    pub durations: Option<PathBuf>,
    /// What pages took now is written into that file.
    pub update_durations: bool,
    /// The JSON report of the run whose failures run again.
    pub rerun_failed: Option<PathBuf>,
    /// The step from which on a lab is tested.
    pub resume_from: Option<String>,
}

/// What the run's report has to say about its part.
#[derive(Debug, Default)]
pub(super) struct Part {
    shard: Option<ShardOutcome>,
    update: Option<Update>,
}

/// The durations that are written after the run.
#[derive(Debug)]
struct Update {
    target: Target,
    recorded: Vec<Recorded>,
}

/// Leaves the part in the plan that runs here. A part may hold nothing, which is said and is no mistake.
pub(super) fn narrow(plan: &mut Plan, request: &RunRequest) -> Result<Part, Refused> {
    let part = &request.part;
    if let Some(step) = &part.resume_from {
        plan::resume_from(plan, step).map_err(|error| usage(&error.to_string()))?;
    }
    if let Some(report) = &part.rerun_failed {
        keep_failed(plan, report)?;
    }
    let recorded = match &part.durations {
        Some(file) => recorded(file, part.update_durations)?,
        None => Vec::new(),
    };
    let shard = match part.shard {
        Some(_) if request.shell_per == ShellPer::Run => {
            return Err(usage(
                "--shard splits labs that share one shell with --shell-per run: leave out one of them",
            ));
        }
        Some(shard) => Some(share(plan, shard, &recorded, part)),
        None => None,
    };
    let update = match &part.durations {
        Some(file) if part.update_durations => {
            let target = Target::at(file).map_err(|why| usage(&why))?;
            Some(Update { target, recorded })
        }
        _ => None,
    };
    Ok(Part { shard, update })
}

fn usage(why: &str) -> Refused {
    refused(Exit::Usage, why)
}

/// Keeps the shard's labs, and what all labs are.
fn share(plan: &mut Plan, shard: Shard, recorded: &[Recorded], part: &PartRequest) -> ShardOutcome {
    let labs: Vec<String> = plan.labs.iter().map(|lab| lab.name.clone()).collect();
    let mut durations = Durations::default();
    for page in recorded {
        durations.add(Path::new(&page.file), page.duration);
    }
    let is_known = |durations: &Durations| {
        let mut labs = plan.labs.iter();
        labs.any(|lab| durations.of_lab(lab).is_some())
    };
    if let Some(file) = part.durations.as_ref().filter(|_| !is_known(&durations)) {
        let file = file.display();
        output::complain(&format!(
            "note: {file} has no time of any of these labs: each weighs its number of steps"
        ));
    }
    keep_shard(plan, shard, &durations);
    if plan.labs.is_empty() {
        let Shard { index, count } = shard;
        let all = labs.len();
        output::complain(&format!(
            "shard {index}/{count} holds no lab: all {all} fall to other shards, nothing to run here"
        ));
    }
    ShardOutcome {
        index: shard.index,
        count: shard.count,
        labs,
    }
}

/// Keeps the labs that failed in the report.
fn keep_failed(plan: &mut Plan, report: &Path) -> Result<(), Refused> {
    let before = read_report(report)?;
    let failed: Vec<&str> = before
        .labs
        .iter()
        .filter(|lab| has_failed(lab, &before))
        .map(|lab| lab.lab.as_str())
        .collect();
    let shown = report.display();
    if failed.is_empty() {
        plan.labs.clear();
        output::complain(&format!("nothing failed in {shown}: nothing to run again"));
        return Ok(());
    }
    for name in &failed {
        if !plan.labs.iter().any(|lab| lab.name == **name) {
            output::complain(&format!(
                "note: {name} failed in {shown}, and is not selected here: it does not run again"
            ));
        }
    }
    plan.labs.retain(|lab| failed.contains(&lab.name.as_str()));
    if plan.labs.is_empty() {
        return Err(usage(&format!(
            "nothing selected: none of the labs that failed in {shown} is among the given paths"
        )));
    }
    Ok(())
}

/// Whether a lab has to run again: it did not pass, or something of it did not run that was asked for.
fn has_failed(lab: &LabOutcome, run: &RunOutcome) -> bool {
    let was_left_out = lab.steps.iter().any(|step| match &step.result {
        StepResult::Skip(reason) => reason != NOT_SELECTED && reason != RAN_AS_SETUP,
        _ => false,
    });
    let drifted = run.drift_fails && lab.steps.iter().any(|step| step.drifts().next().is_some());
    lab.exit(run.allow_flaky) != Exit::Met || drifted || was_left_out
}

/// What the file says; a file that is going to be written need not be there yet.
fn recorded(file: &Path, may_be_missing: bool) -> Result<Vec<Recorded>, Refused> {
    if may_be_missing && !file.exists() {
        return Ok(Vec::new());
    }
    let text = read_text(file)?;
    timing::read(&text).map_err(|problem| {
        let (file, line, why) = (file.display(), problem.line, problem.why);
        usage(&format!("{file}:{line}: no durations: {why}; `breakfix run --report timing=FILE` writes such a file"))
    })
}

impl Part {
    /// The outcome as that of this part.
    pub(super) fn mark(&self, outcome: &mut RunOutcome) {
        outcome.shard.clone_from(&self.shard);
    }

    /// Writes what pages took, and says what could not be written.
    pub(super) fn finish(self, outcome: &RunOutcome) -> Option<String> {
        let update = self.update?;
        let text = timing::updated(update.recorded, outcome);
        update.target.write(&text).err()
    }
}
