//! What a lab stands on: an environment with a scenario in it ([`broken`]), or nothing but the shell.

pub(super) mod broken;
mod home;

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::runtime::Runtime;

use super::super::{interrupt, simulated};
use super::bundle::Evidence;
use super::scratch::Scratch;
use super::side_by_side::Shared;
use super::{RunRequest, Signals};
use crate::live::Live;
use crate::outcome::{HookPhase, LabOutcome};
use crate::plan::{self, Lab};
use crate::run::{Run, ShellPer, Surroundings};
use crate::shell::ShellConfig;
use crate::simulator::environment::Variable;

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
    /// For the bundle of the lab that runs, should it fail.
    pub(super) evidence: RefCell<Evidence>,
}

/// A lab and its place in the run.
pub(super) struct Part<'a, 'b> {
    pub(super) run: &'a mut Run,
    pub(super) lab: &'a Lab,
    /// The suites of the lab after it.
    pub(super) next: &'a [PathBuf],
    /// Whoever has the lab run again.
    pub(super) again: Option<&'a mut Again<'b>>,
}

/// Gets what came of a lab, and says what of it runs again in the same shell and world.
pub(super) type Again<'a> = dyn FnMut(&mut Run, &mut LabOutcome) -> Option<Lab> + 'a;

/// A world that a lab acts on.
trait World: Surroundings {
    /// Adds what the world says of the lab once its steps have run.
    fn judge(&mut self, outcome: &mut LabOutcome, live: &mut Live);
}

/// Runs a lab in the environment that breakfix was called in.
pub(super) fn run_bare(
    setting: &Setting<'_>,
    part: Part<'_, '_>,
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
    let outcome = steps(part, &config, &mut setting.bare(), live);
    if !kept {
        remove(&scratch);
    }
    Ok(outcome)
}

/// The lab's steps and what is judged of them, as often as is asked for.
fn steps(
    part: Part<'_, '_>,
    config: &ShellConfig,
    world: &mut impl World,
    live: &mut Live,
) -> LabOutcome {
    let is_followed = part.again.is_some();
    let mut once = |run: &mut Run, lab: &Lab, next: &[PathBuf]| {
        let mut outcome = run.lab(lab, next, config, world, &mut |event| live.show(&event));
        // What is only interrupted by an edit goes on, and is judged then.
        if !run.is_halted() {
            world.judge(&mut outcome, live);
        }
        if is_followed {
            live.rest();
        }
        outcome
    };
    let Part {
        run,
        lab,
        next,
        again,
    } = part;
    let Some(again) = again else {
        return once(run, lab, next);
    };
    let mut outcome = once(run, lab, &lab.suite_hooks);
    while let Some(lab) = again(run, &mut outcome) {
        outcome = once(run, &lab, &lab.suite_hooks);
    }
    let mut left = LabOutcome {
        lab: lab.name.clone(),
        ..LabOutcome::default()
    };
    run.leave(config, world, &mut |event| live.show(&event), &mut left);
    left
}

/// Leaves what is still open of a run whose last lab could not: in the environment that breakfix was
/// called in, since no other is left.
pub(super) fn finish(
    setting: &Setting<'_>,
    mut run: Run,
    last: &mut LabOutcome,
    live: &mut Live,
) -> anyhow::Result<()> {
    let scratch = setting.scratch.part("end")?;
    let config = shell_config(setting, &scratch, Vec::new())?;
    let mut on_event = |event| live.show(&event);
    run.leave(&config, &mut setting.bare(), &mut on_event, last);
    Ok(())
}

impl<'a> Setting<'a> {
    /// Of a lab that has not begun.
    pub(super) fn new(shared: &Shared<'a>, interrupt: &'a Signals, log: PathBuf) -> Setting<'a> {
        Setting {
            runtime: shared.runtime,
            interrupt,
            request: shared.request,
            scratch: shared.scratch,
            log,
            kept: Cell::default(),
            evidence: RefCell::default(),
        }
    }
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
                () = interrupt::beyond(self.interrupt, tolerated) => None,
            }
        })
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
    let mut variables = variables;
    if setting.request.jobs > 1 {
        let own = home::private(scratch, &variables);
        variables.extend(own.context("failed to make the lab's home directory")?);
    }
    let supervisor = std::env::current_exe().context("failed to find breakfix's own program")?;
    if let Some(path) = with_breakfix(scratch, &supervisor, &variables)? {
        variables.push(("PATH".to_owned(), Some(path)));
    }
    let environment = simulated::inherited(variables);
    setting
        .evidence
        .borrow_mut()
        .environment
        .clone_from(&environment);
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

/// A PATH that leads to this breakfix, too, for lessons that are about it; `None` where one is there already.
fn with_breakfix(
    scratch: &Path,
    program: &Path,
    variables: &[Variable],
) -> anyhow::Result<Option<String>> {
    let said = variables.iter().rev().find(|(name, _)| name == "PATH");
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let path = match (said, inherited.to_str()) {
        (Some((_, path)), _) => path.as_deref().unwrap_or_default(),
        (None, Some(path)) => path,
        // What is no text cannot be a variable's new value; it stays as it is.
        (None, None) => return Ok(None),
    };
    if std::env::split_paths(path).any(|place| place.join("breakfix").is_file()) {
        return Ok(None);
    }
    let programs = scratch.join("programs");
    std::fs::create_dir_all(&programs)
        .context("failed to make a directory for the lab's programs")?;
    let link = programs.join("breakfix");
    if !link.exists() {
        std::os::unix::fs::symlink(program, link)
            .context("failed to put breakfix on the lab's PATH")?;
    }
    let places = std::env::split_paths(path).filter(|place| !place.as_os_str().is_empty());
    let joined =
        std::env::join_paths(places.chain([programs])).context("the PATH cannot be extended")?;
    Ok(Some(joined.to_string_lossy().into_owned()))
}

struct Bare<'a> {
    started: Instant,
    interrupt: &'a Signals,
}

impl World for Bare<'_> {
    fn judge(&mut self, _outcome: &mut LabOutcome, _live: &mut Live) {}
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
