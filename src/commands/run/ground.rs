//! What a lab stands on: the simulator with a scenario in it, or nothing but the shell.
//!
//! Each simulated lab has a world of its own. An interrupt ends what is going on; undoing then has a
//! little time, and the second interrupt ends that too: the simulated world goes with the process.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::runtime::Runtime;

use super::super::{output, simulate, simulated};
use super::scratch::Scratch;
use super::{RunRequest, Signals};
use crate::live::Live;
use crate::outcome::{CheckOutcome, Event, HookPhase, LabOutcome, Verdict};
use crate::plan::{self, Lab};
use crate::run::{CLEANUP_LIMIT, Run, ShellPer, Surroundings};
use crate::scenarios::Source;
use crate::session::{Session, Wish};
use crate::shell::ShellConfig;
use crate::simulator::environment::Variable;
use crate::simulator::{Configuration, Simulator};

/// How long the environment gets, in its own time, to settle after the steps.
const PATIENCE: Duration = Duration::from_secs(180);

/// A simulated session ends with the run that it is a part of.
const TIME_TO_LIVE: Duration = Duration::from_secs(24 * 3600);

/// What every lab of a run shares.
pub(super) struct Setting<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) interrupt: &'a Signals,
    pub(super) request: &'a RunRequest,
    pub(super) scratch: &'a Scratch,
    /// Where this lab's full output goes.
    pub(super) log: PathBuf,
    /// The world was kept until the first interrupt, which so interrupted nothing.
    pub(super) kept: Cell<bool>,
}

/// A lab and its place in the run.
pub(super) struct Part<'a> {
    pub(super) run: &'a mut Run,
    pub(super) lab: &'a Lab,
    /// The suites of the lab after it.
    pub(super) next: &'a [PathBuf],
}

/// Runs a lab in the environment that breakfix was called in.
pub(super) fn run_bare(
    setting: &Setting<'_>,
    part: Part<'_>,
    live: &mut Live,
) -> anyhow::Result<LabOutcome> {
    // One shell for all labs keeps its files through all of them.
    let kept = setting.request.shell_per == ShellPer::Run;
    let scratch = if kept {
        setting.scratch.part("shell")?
    } else {
        setting.lab_scratch()?
    };
    let config = shell_config(setting, &scratch, Vec::new())?;
    let mut on_event = |event| live.show(&event);
    let Part { run, lab, next } = part;
    let outcome = run.lab(lab, next, &config, &mut setting.bare(), &mut on_event);
    if !kept {
        remove(&scratch);
    }
    Ok(outcome)
}

/// Leaves what is still open of a run whose last lab could not: in the environment that breakfix was
/// called in, since no other is left.
pub(super) fn finish(
    setting: &Setting<'_>,
    run: Run,
    last: &mut LabOutcome,
    live: &mut Live,
) -> anyhow::Result<()> {
    let scratch = setting.scratch.part("end")?;
    let config = shell_config(setting, &scratch, Vec::new())?;
    let mut on_event = |event| live.show(&event);
    run.finish(&config, &mut setting.bare(), &mut on_event, last);
    Ok(())
}

/// Runs a lab on a simulator of its own, broken by its scenario if it has one.
pub(super) fn run_simulated(
    setting: &Setting<'_>,
    part: Part<'_>,
    source: Option<Source>,
    live: &mut Live,
) -> anyhow::Result<LabOutcome> {
    let scratch = setting.lab_scratch()?;
    let pace = setting.request.pace;
    let configuration = Configuration {
        pace,
        chaos: setting.request.chaos.clone(),
        ..Configuration::default()
    };
    let (simulator, mut environment) = simulated::start(setting.runtime, configuration, &scratch)?;
    let mut surroundings = Simulated {
        setting,
        scratch: &scratch,
        simulator,
        session: None,
    };
    if let Some(source) = source {
        let session = surroundings.inject(source, live)?;
        let variables = session.environment()?;
        environment.extend(
            variables
                .into_iter()
                .map(|(name, value)| (name, Some(value))),
        );
        surroundings.session = Some(session);
    }
    let config = shell_config(setting, &scratch, environment.clone())?;
    let mut on_event = |event| live.show(&event);
    let Part { run, lab, next } = part;
    let mut outcome = run.lab(lab, next, &config, &mut surroundings, &mut on_event);
    surroundings.judge(&mut outcome, live);
    if setting.request.keep && setting.interrupt.count() == 0 {
        keep(setting, &environment, live);
    }
    surroundings.undo(&mut outcome, live);
    remove(&scratch);
    Ok(outcome)
}

impl Setting<'_> {
    /// An empty directory for one lab.
    fn lab_scratch(&self) -> anyhow::Result<PathBuf> {
        let name = self.log.file_stem().unwrap_or_default().to_string_lossy();
        self.scratch.part(&name)
    }

    fn bare(&self) -> Bare<'_> {
        Bare {
            started: Instant::now(),
            interrupt: self.interrupt,
        }
    }

    /// The future's value, unless more interrupts than these come first.
    fn unless_interrupted<T>(
        &self,
        tolerated: usize,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        self.runtime.block_on(async {
            tokio::select! {
                value = future => Some(value),
                () = interrupted(self.interrupt, tolerated) => None,
            }
        })
    }
}

/// Resolves when there were more interrupts than these.
async fn interrupted(interrupt: &Signals, tolerated: usize) {
    while interrupt.count() <= tolerated {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The lab is over; if its files cannot go now, they go with the run's.
fn remove(scratch: &Path) {
    let _ = std::fs::remove_dir_all(scratch);
}

/// The lab's shell: the environment that breakfix was called in, changed by `variables`.
fn shell_config(
    setting: &Setting<'_>,
    scratch: &Path,
    variables: Vec<Variable>,
) -> anyhow::Result<ShellConfig> {
    let environment = simulated::inherited(variables);
    let supervisor = std::env::current_exe().context("failed to find breakfix's own program")?;
    let directory = super::working_directory()?;
    let interrupt = setting.interrupt.as_ref().clone();
    let mut config = ShellConfig::new(
        supervisor,
        directory,
        environment,
        scratch.to_owned(),
        interrupt,
    );
    config.log = Some(setting.log.clone());
    config.secrets.declare(setting.request.mask.iter().cloned());
    Ok(config)
}

/// Serves the world until a signal comes.
fn keep(setting: &Setting<'_>, environment: &[Variable], live: &mut Live) {
    live.show(&Event::Stage {
        text: "keeping the world until Ctrl-C; this leads a terminal to it:".to_owned(),
    });
    output::complain(&simulate::exports(environment));
    while setting.interrupt.count() == 0 {
        setting.interrupt.sleep(Duration::from_secs(3600));
    }
    setting.kept.set(true);
}

struct Bare<'a> {
    started: Instant,
    interrupt: &'a Signals,
}

impl Surroundings for Bare<'_> {
    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn pause(&mut self, duration: Duration) {
        self.interrupt.sleep(duration);
    }

    fn check_hook(
        &mut self,
        hook: &plan::Hook,
        _phase: HookPhase,
        _limit: Duration,
    ) -> Result<(), String> {
        Err(format!(
            "hook {} has no script, and there is no scenario that could supply it",
            hook.name
        ))
    }
}

struct Simulated<'a> {
    setting: &'a Setting<'a>,
    scratch: &'a Path,
    simulator: Arc<Simulator>,
    session: Option<Session>,
}

impl Simulated<'_> {
    fn inject(&self, source: Source, live: &mut Live) -> anyhow::Result<Session> {
        let name = source.scenario.name.clone();
        live.show(&Event::Stage {
            text: format!("breaking the environment: {name}"),
        });
        let cloud = self
            .setting
            .runtime
            .block_on(simulated::connect(&self.simulator))
            .context("failed to reach the simulator")?;
        let wish = Wish {
            time_to_live: TIME_TO_LIVE,
            target: simulated::target(&self.simulator),
            ..Wish::default()
        };
        let mut session = Session::begin(&self.scratch.join("session"), source, cloud, &wish)?;
        let injected = self.setting.unless_interrupted(0, session.inject());
        injected
            .context("interrupted")?
            .with_context(|| format!("failed to inject {name}"))?;
        Ok(session)
    }

    /// Puts the verdicts into the outcome: also when a step failed, not after an interrupt.
    fn judge(&self, outcome: &mut LabOutcome, live: &mut Live) {
        let Some(session) = &self.session else { return };
        if self.setting.interrupt.count() > 0 {
            return;
        }
        live.show(&Event::Stage {
            text: "judging the repair".to_owned(),
        });
        let jumps = self.setting.request.pace.jumps();
        // Where waiting is free, everything gets its chance to converge; elsewhere only what says so.
        let worth_waiting = |verdict: &Verdict| match verdict {
            Verdict::Met => false,
            Verdict::NotYet { .. } => true,
            Verdict::NotMet { .. } | Verdict::CannotTell { .. } => jumps,
        };
        let verdicts = session.settled_verdicts(PATIENCE, worth_waiting);
        match self.setting.unless_interrupted(0, verdicts) {
            Some(Ok(checks)) => outcome.checks = checks,
            Some(Err(error)) => outcome.error = Some(format!("{error:#}")),
            None => {}
        }
    }

    fn undo(&mut self, outcome: &mut LabOutcome, live: &mut Live) {
        let Some(session) = &mut self.session else {
            return;
        };
        live.show(&Event::Stage {
            text: "undoing what was made".to_owned(),
        });
        let limit = self.setting.interrupt.count() > 0;
        let limit = if limit { CLEANUP_LIMIT } else { Duration::MAX };
        let undone = self.setting.unless_interrupted(1, async {
            tokio::time::timeout(limit, session.undo()).await.ok()
        });
        // What was cut short leaves nothing either: the world ends with its simulator.
        match undone.flatten() {
            Some(Ok(left)) => outcome.leftovers = left,
            Some(Err(error)) => outcome.error = Some(format!("{error:#}")),
            None => {}
        }
    }
}

impl Drop for Simulated<'_> {
    fn drop(&mut self) {
        // Nobody else holds the simulator once the session's clients are gone.
        self.session = None;
        self.simulator.close();
    }
}

impl Surroundings for Simulated<'_> {
    fn now(&self) -> Duration {
        self.simulator.now()
    }

    fn pause(&mut self, duration: Duration) {
        let wall = self.simulator.wall_duration(duration);
        if wall.is_zero() {
            self.simulator.advance(duration);
        } else {
            self.setting.interrupt.sleep(wall);
        }
    }

    fn check_hook(
        &mut self,
        hook: &plan::Hook,
        phase: HookPhase,
        _limit: Duration,
    ) -> Result<(), String> {
        // Checks of the broken state: they say nothing about what a block leaves behind.
        if phase == HookPhase::After {
            return Ok(());
        }
        let Some(session) = &self.session else {
            return Err(format!(
                "hook {} has no script, and the lab has no scenario",
                hook.name
            ));
        };
        let judged = self
            .setting
            .runtime
            .block_on(session.hook(&hook.name))
            .map_err(|error| format!("{error:#}"))?;
        let checks = judged.ok_or_else(|| {
            format!(
                "the scenario {} has no hook {}",
                session.scenario().name,
                hook.name
            )
        })?;
        let unmet: Vec<String> = checks.iter().filter_map(unmet).collect();
        if unmet.is_empty() {
            Ok(())
        } else {
            Err(unmet.join("\n"))
        }
    }
}

fn unmet(check: &CheckOutcome) -> Option<String> {
    let explained = || format!("{}: {}", check.title, check.verdict.explained());
    (check.verdict != Verdict::Met).then(explained)
}
