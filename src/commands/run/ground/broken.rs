//! An environment that a scenario breaks for one lab: a simulator of the lab's own, or a real account.
//!
//! An interrupt ends what is going on; undoing then has a little time, and the second interrupt ends that too: a
//! simulated world goes with the process, of a real account the journal knows what is left.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};

use super::super::super::sessions::{AccountNames, account};
use super::super::super::{output, simulate, simulated};
use super::{Part, RunRequest, Setting, World, remove, shell_config, steps};
use crate::cloud::Cloud;
use crate::language::Language;
use crate::live::Live;
use crate::message;
use crate::outcome::{CheckOutcome, Event, Exit, HookPhase, LabOutcome, Verdict};
use crate::plan;
use crate::run::{CLEANUP_LIMIT, Surroundings};
use crate::scenarios::Source;
use crate::session::runs::state_directory;
use crate::session::store::{Held, Store};
use crate::session::{Draft, Session, Wish};
use crate::simulator::environment::Variable;
use crate::simulator::{Configuration, Simulator};

/// How long the environment gets, in its own time, to settle after the steps.
const PATIENCE: Duration = Duration::from_secs(180);

/// A session ends with the run that it is a part of; if that is killed, it may be reaped after a day.
const TIME_TO_LIVE: Duration = Duration::from_secs(24 * 3600);

/// Runs a lab on a simulator of its own, broken by its scenario if it has one.
pub(in super::super) fn run_simulated(
    setting: &Setting<'_>,
    part: Part<'_, '_>,
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
    let mut surroundings = Broken::on(setting, Place::Simulator(Arc::clone(&simulator)));
    if let Some(source) = source {
        let cloud = setting.runtime.block_on(simulated::connect(&simulator));
        let cloud = cloud.context("failed to reach the simulator")?;
        let wish = wish(setting.request);
        let session = Session::begin(&scratch.join("session"), source, cloud, &wish)?;
        environment.extend(surroundings.inject(session, live)?);
    }
    let outcome = surroundings.run(part, &scratch, environment, live);
    remove(&scratch);
    outcome
}

/// Runs a lab on a real account, broken by its scenario if it has one. What is made is shown and confirmed first.
pub(in super::super) fn run_on_account(
    setting: &Setting<'_>,
    part: Part<'_, '_>,
    source: Option<Source>,
    names: &AccountNames,
    live: &mut Live,
) -> anyhow::Result<LabOutcome> {
    let scratch = setting.lab_scratch()?;
    let target = names.target();
    let cloud = setting.runtime.block_on(account::connect(&target))?;
    let admitted = setting
        .runtime
        .block_on(account::admitted(&cloud, Language::English));
    admitted.map_err(|refused| anyhow!(refused.text))?;
    let mut environment = on_account(setting, &cloud, &scratch)?;
    let mut surroundings = Broken::on(setting, Place::Account(Instant::now()));
    // Held until the lab is over, so that nobody finishes it meanwhile.
    let mut held: Option<(Store, Held)> = None;
    if let Some(source) = source {
        anyhow::ensure!(
            !source
                .scenario
                .choose(setting.request.variant.as_deref())?
                .simulator_only,
            "the scenario is for the simulator only: it would touch what others share"
        );
        let store = Store::new(&state_directory(|name| std::env::var_os(name)));
        let wish = Wish {
            real: true,
            ..wish(setting.request)
        };
        let draft = Draft::new(source, &cloud, &wish)?;
        let language = Language::English;
        output::complain(&crate::report::standing::plan(
            &target.told(),
            &draft.planned(language),
            language,
        ));
        let question = message!("start-confirm");
        let confirmed = account::confirmed(question, setting.request.yes, language);
        confirmed.map_err(|refused| anyhow!(refused.text))?;
        let session = draft.begin(store.directory(), cloud)?;
        held = Some((store.clone(), store.hold(session.id())?));
        environment.extend(surroundings.inject(session, live)?);
    }
    let outcome = surroundings.run(part, &scratch, environment, live);
    remove(&scratch);
    if let (Ok(outcome), Some((store, held))) = (&outcome, held)
        && surroundings.is_gone
        && outcome.leftovers.is_empty()
    {
        store.forget(held)?;
    }
    outcome
}

/// What leads the lab's clients to the cluster; everything else they find as ever.
fn on_account(
    setting: &Setting<'_>,
    cloud: &Cloud,
    scratch: &Path,
) -> anyhow::Result<Vec<Variable>> {
    let kubeconfig: PathBuf = scratch.join("kubeconfig");
    let text = setting.runtime.block_on(cloud.kubeconfig())?;
    std::fs::write(&kubeconfig, text).context("failed to write the lab's kubeconfig")?;
    let set = [
        ("EKS_CLUSTER_NAME", cloud.cluster.clone()),
        ("AWS_ACCOUNT_ID", cloud.account.clone()),
        ("AWS_REGION", cloud.region.clone()),
        ("AWS_DEFAULT_REGION", cloud.region.clone()),
        ("AWS_PAGER", String::new()),
        ("KUBECONFIG", kubeconfig.to_string_lossy().into_owned()),
    ];
    Ok(set
        .map(|(name, value)| (name.to_owned(), Some(value)))
        .into())
}

fn wish(request: &RunRequest) -> Wish {
    Wish {
        variant: request.variant.clone(),
        time_to_live: TIME_TO_LIVE,
        ..Wish::default()
    }
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

enum Place {
    Simulator(Arc<Simulator>),
    /// Since when the lab is on it.
    Account(Instant),
}

struct Broken<'a> {
    setting: &'a Setting<'a>,
    place: Place,
    session: Option<Session>,
    /// Everything was taken back.
    is_gone: bool,
}

impl<'a> Broken<'a> {
    fn on(setting: &'a Setting<'a>, place: Place) -> Broken<'a> {
        Broken {
            setting,
            place,
            session: None,
            is_gone: false,
        }
    }

    /// Breaks the environment, and says what the lesson's commands need to know of it.
    fn inject(&mut self, session: Session, live: &mut Live) -> anyhow::Result<Vec<Variable>> {
        let name = session.scenario().name.clone();
        live.show(&Event::Stage {
            text: format!("breaking the environment: {name}"),
        });
        let session = self.session.insert(session);
        let injected = self.setting.unless_interrupted(0, session.inject());
        let injected = injected
            .context("interrupted")
            .and_then(|injected| injected);
        if let Err(error) = injected.with_context(|| format!("failed to inject {name}")) {
            return Err(self.taken_back(error, live));
        }
        let variables = session.environment()?;
        Ok(variables
            .into_iter()
            .map(|(name, value)| (name, Some(value)))
            .collect())
    }

    /// What was made before the failure goes again; what cannot is told with it.
    fn taken_back(&mut self, error: anyhow::Error, live: &mut Live) -> anyhow::Error {
        let mut outcome = LabOutcome::default();
        self.undo(&mut outcome, live);
        if outcome.leftovers.is_empty() {
            return error;
        }
        error.context(format!(
            "still there: {}; `breakfix finish` tries again",
            outcome.leftovers.join("; ")
        ))
    }

    /// The lab's steps, the verdicts, and everything taken back.
    fn run(
        &mut self,
        part: Part<'_, '_>,
        scratch: &Path,
        environment: Vec<Variable>,
        live: &mut Live,
    ) -> anyhow::Result<LabOutcome> {
        let config = shell_config(self.setting, scratch, environment.clone())?;
        let mut outcome = steps(part, &config, self, live);
        if self.setting.request.keep && self.setting.interrupt.count() == 0 {
            keep(self.setting, &environment, live);
        }
        self.undo(&mut outcome, live);
        Ok(outcome)
    }

    /// What a bundle tells of the environment has to be read before it is undone.
    fn note_evidence(&self, outcome: &LabOutcome) {
        let mut evidence = self.setting.evidence.borrow_mut();
        let session = self.session.as_ref();
        let names = session.map(|session| session.chosen().names.join("+"));
        evidence.variant = names.filter(|names| !names.is_empty());
        if let (Place::Simulator(simulator), true) = (
            &self.place,
            outcome.exit(self.setting.request.allow_flaky) != Exit::Met,
        ) {
            evidence.note_world(simulator);
        }
    }

    fn jumps(&self) -> bool {
        matches!(self.place, Place::Simulator(_)) && self.setting.request.pace.jumps()
    }

    /// Puts the verdicts into the outcome: also when a step failed, not after an interrupt.
    fn verdicts(&self, outcome: &mut LabOutcome, live: &mut Live) {
        let Some(session) = &self.session else { return };
        if self.setting.interrupt.count() > 0 {
            return;
        }
        live.show(&Event::Stage {
            text: "judging the repair".to_owned(),
        });
        let jumps = self.jumps();
        // Where waiting is free, everything gets its chance to converge; elsewhere only what says so.
        let worth_waiting = |check: &CheckOutcome| match check.verdict {
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
        match undone.flatten() {
            Some(Ok(left)) => {
                self.is_gone = left.is_empty();
                outcome.leftovers = left;
            }
            Some(Err(error)) => outcome.error = Some(format!("{error:#}")),
            // What was cut short leaves nothing where the world ends with its simulator.
            None if matches!(self.place, Place::Simulator(_)) => {}
            None => {
                outcome.leftovers =
                    vec!["what was not taken back in time: `breakfix finish` goes on".to_owned()]
            }
        }
    }
}

impl Drop for Broken<'_> {
    fn drop(&mut self) {
        // Nobody else holds the simulator once the session's clients are gone.
        self.session = None;
        if let Place::Simulator(simulator) = &self.place {
            simulator.close();
        }
    }
}

impl World for Broken<'_> {
    fn judge(&mut self, outcome: &mut LabOutcome, live: &mut Live) {
        self.verdicts(outcome, live);
        self.note_evidence(outcome);
    }
}

impl Surroundings for Broken<'_> {
    fn now(&self) -> Duration {
        match &self.place {
            Place::Simulator(simulator) => simulator.now(),
            Place::Account(since) => since.elapsed(),
        }
    }

    fn pause(&mut self, duration: Duration) {
        let wall = match &self.place {
            Place::Simulator(simulator) => simulator.wall_duration(duration),
            Place::Account(_) => duration,
        };
        match &self.place {
            Place::Simulator(simulator) if wall.is_zero() => simulator.advance(duration),
            _ => drop(self.setting.interrupt.sleep(wall)),
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
