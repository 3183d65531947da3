//! Labs one after the other, or several at the same time: each with its own world, home and ports, those that share a
//! suite of hooks or a shell together.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::Context as _;

use super::ground::{self, Setting};
use super::prepare::Prepared;
use super::{Documented, RunRequest, Signals, bundle, documented, run_lab};
use crate::commands::scratch::Scratch;
use crate::live::{Live, LiveMany};
use crate::outcome::{Exit, LabOutcome, StepResult};
use crate::plan::Lab;
use crate::run::{Run, ShellPer};

/// What all labs of a run share.
pub(super) struct Shared<'a> {
    pub(super) runtime: &'a tokio::runtime::Runtime,
    pub(super) interrupt: &'a Signals,
    pub(super) request: &'a RunRequest,
    pub(super) scratch: &'a Scratch,
    /// Where the labs' logs go.
    pub(super) logs: PathBuf,
}

/// What came of labs, in the order of the plan.
pub(super) struct Done {
    pub(super) labs: Vec<LabOutcome>,
    /// A world was kept until the first interrupt, which so interrupted nothing.
    pub(super) kept: bool,
}

/// A lab and its number in the run, from 1.
type Numbered = (usize, Prepared);

/// Runs every lab, `--jobs` at the same time.
pub(super) fn run_all(
    shared: &Shared<'_>,
    prepared: Vec<Prepared>,
    run: Run,
) -> anyhow::Result<Done> {
    let request = shared.request;
    let labs: Vec<Numbered> = (1..).zip(prepared).collect();
    let count = labs.len();
    if request.jobs <= 1 {
        let live = Lines::One(request.live());
        return one_by_one(shared, shared.interrupt, run, labs, live);
    }
    let groups = groups(labs, request.shell_per);
    let lines = LiveMany::on_stderr(count, request.verbose, request.plain);
    let workers = request.jobs.min(groups.len()).max(1);
    let queue = Mutex::new(VecDeque::from(groups));
    let worker = || -> anyhow::Result<Vec<(usize, LabOutcome)>> {
        let interrupt = shared
            .interrupt
            .child()
            .context("failed to prepare for signals")?;
        let interrupt = Arc::new(interrupt);
        let mut done = Vec::new();
        loop {
            let group = queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front();
            let Some(group) = group else { return Ok(done) };
            let numbers: Vec<usize> = group.iter().map(|(number, _)| *number).collect();
            let run = run.beside(interrupt.as_ref().clone());
            let outcomes = one_by_one(shared, &interrupt, run, group, Lines::Many(&lines))?;
            done.extend(numbers.into_iter().zip(outcomes.labs));
        }
    };
    let results = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .map(|worker| worker.join())
            .collect::<Vec<_>>()
    });
    let mut all = Vec::with_capacity(count);
    for result in results {
        all.extend(result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
    }
    all.sort_by_key(|(number, _)| *number);
    Ok(Done {
        labs: all.into_iter().map(|(_, outcome)| outcome).collect(),
        kept: false,
    })
}

/// Labs that go through one [`Run`] in their order: those between which a suite stays open.
fn groups(labs: Vec<Numbered>, shell_per: ShellPer) -> Vec<Vec<Numbered>> {
    let mut groups: Vec<Vec<Numbered>> = Vec::new();
    let mut open: Vec<PathBuf> = Vec::new();
    for lab in labs {
        let suites = &lab.1.0.suite_hooks;
        let shares = suites
            .first()
            .is_some_and(|suite| open.first() == Some(suite));
        let runs = lab.1.0.runs_something();
        match groups.last_mut() {
            // What runs nothing closes no suite.
            Some(group) if shares || !runs || shell_per == ShellPer::Run => {
                if runs {
                    open.clone_from(suites);
                }
                group.push(lab);
            }
            _ => {
                open.clone_from(suites);
                groups.push(vec![lab]);
            }
        }
    }
    groups
}

/// Where the labs of a group are drawn.
enum Lines<'a> {
    One(Live),
    Many(&'a LiveMany),
}

/// Runs labs in their order through one run.
fn one_by_one(
    shared: &Shared<'_>,
    interrupt: &Signals,
    mut run: Run,
    labs: Vec<Numbered>,
    mut lines: Lines<'_>,
) -> anyhow::Result<Done> {
    let request = shared.request;
    let mut setting = Setting::new(shared, interrupt, PathBuf::new());
    let mut outcomes = Vec::with_capacity(labs.len());
    let mut labs = labs.into_iter();
    while let Some((number, (lab, source))) = labs.next() {
        setting.log = shared.logs.join(format!("{number}.log"));
        let next = next_suites(labs.as_slice());
        let started = Instant::now();
        let mut outcome = if run.is_stopped() {
            run.skip(&lab)
        } else {
            let mut own = None;
            let live = match &mut lines {
                Lines::One(live) => live,
                Lines::Many(many) => own.insert(many.lab(&lab.name)),
            };
            run_lab(&setting, &mut run, &lab, next, source, live, None)
        };
        outcome.duration = started.elapsed();
        if request.documented != Documented::Ignore {
            documented::compare(&lab, &mut outcome);
        }
        bundle::keep(&setting, &lab, &mut outcome, &run.mask());
        note_failure(&run, &lab, &outcome, request.allow_flaky);
        if let Lines::Many(many) = &lines {
            many.finished(outcome.exit(request.allow_flaky) != Exit::Met);
        }
        outcomes.push(outcome);
    }
    if let Some(last) = outcomes.last_mut().filter(|_| !run.is_finished()) {
        let mut live = match lines {
            Lines::One(live) => live,
            Lines::Many(many) => many.lab(&last.lab),
        };
        ground::finish(&setting, run, last, &mut live)?;
    }
    Ok(Done {
        labs: outcomes,
        kept: setting.kept.get(),
    })
}

/// A lab that is not well although none of its steps failed is one failure: a check, its environment.
fn note_failure(run: &Run, lab: &Lab, outcome: &LabOutcome, allow_flaky: bool) {
    let failed =
        |result: &StepResult| matches!(result, StepResult::Fail(_) | StepResult::Timeout(_));
    let counted = outcome.steps.iter().any(|step| failed(&step.result))
        || outcome.suite_hooks.iter().any(|hook| failed(&hook.result));
    let exit = outcome.exit(allow_flaky);
    if !counted && !matches!(exit, Exit::Met | Exit::Interrupted) {
        run.failures().note(&format!("{} is not well", lab.name));
    }
}

/// The suites of the next lab that has anything to run: those it shares with this one stay open.
fn next_suites(labs: &[Numbered]) -> &[PathBuf] {
    let next = labs.iter().find(|(_, (lab, _))| lab.runs_something());
    next.map_or(&[], |(_, (lab, _))| &lab.suite_hooks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Step;

    fn lab(name: &str, suites: &[&str], runs: bool) -> Prepared {
        let step = Step {
            number: 1,
            id: "1".to_owned(),
            title: String::new(),
            page: PathBuf::from(name),
            line: 1,
            commands: Vec::new(),
            timeout: std::time::Duration::ZERO,
            wait: std::time::Duration::ZERO,
            hook: None,
            hook_at: None,
            hook_timeout: std::time::Duration::ZERO,
            expect_error: crate::plan::ExpectError::No,
            retries: 0,
            skip: (!runs).then(|| "not selected".to_owned()),
            setup: false,
        };
        let lab = Lab {
            name: name.to_owned(),
            scenario: None,
            scenario_at: None,
            pages: Vec::new(),
            steps: vec![step],
            skipped: Vec::new(),
            suite_hooks: suites.iter().map(PathBuf::from).collect(),
        };
        (lab, None)
    }

    #[track_caller]
    fn check(labs: &[(&str, &[&str], bool)], shell_per: ShellPer, expected: &[&str]) {
        let labs = labs
            .iter()
            .map(|(name, suites, runs)| lab(name, suites, *runs));
        let groups = groups((1..).zip(labs).collect(), shell_per);
        let told: Vec<String> = groups
            .iter()
            .map(|group| {
                group
                    .iter()
                    .map(|(_, (lab, _))| lab.name.as_str())
                    .collect()
            })
            .collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn labs_that_share_a_suite_or_a_shell_stay_together() {
        check(
            &[("a", &[], true), ("b", &[], true)],
            ShellPer::Lab,
            &["a", "b"],
        );
        check(
            &[("a", &[], true), ("b", &[], true)],
            ShellPer::Run,
            &["ab"],
        );
        check(
            &[
                ("a", &["s"], true),
                ("b", &["s", "t"], true),
                ("c", &["u"], true),
                ("d", &[], true),
            ],
            ShellPer::Lab,
            &["ab", "c", "d"],
        );
        // Between two labs of a suite one that runs nothing closes it for nobody.
        check(
            &[("a", &["s"], true), ("b", &[], false), ("c", &["s"], true)],
            ShellPer::Page,
            &["abc"],
        );
    }
}
