//! `breakfix prove`: each variant of each scenario through its whole cycle, on a simulated world of its own.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::Runtime;

use super::{interrupt, output, runtime, scratch, simulated};
use crate::cloud::Pause;
use crate::outcome::Exit;
use crate::outcome::proof::ProofOutcome;
use crate::prove::{Ground, prove as prove_variant};
use crate::report;
use crate::scenarios::{self, LoadError, Source};
use crate::shell::{Bounds, Capture, Ending, Interrupt, Output, Shell, ShellConfig};
use crate::simulator::Configuration;
use crate::simulator::environment::Variable;

/// What to prove.
#[derive(Debug, Clone)]
pub struct ProveRequest {
    /// Names; every scenario when empty.
    pub scenarios: Vec<String>,
    pub directory: Option<PathBuf>,
    /// Only this variant, or variants joined by `+`.
    pub variant: Option<String>,
    /// Proofs at once.
    pub jobs: usize,
    /// Leave out fixes that are scripts.
    pub skip_scripts: bool,
    pub json: bool,
}

/// How long a script may take, in real time.
const SCRIPT_LIMIT: Duration = Duration::from_secs(600);

/// Bytes of a script's output that are told when it fails.
const TOLD: usize = 4000;

/// Between two looks at something that changes.
const LEAST_PAUSE: Duration = Duration::from_secs(20);

/// One variant of one scenario.
struct Case {
    source: Arc<Source>,
    variant: Option<String>,
    /// Whether it is the one of its scenario that also shows the state without a fault.
    healthy: bool,
}

/// Proves what is asked for, and says what is wrong with it.
///
/// # Errors
/// When no proof could begin.
pub fn prove(request: &ProveRequest) -> anyhow::Result<Exit> {
    let cases = match cases(request) {
        Ok(cases) => cases,
        Err((text, exit)) => {
            output::complain(&text);
            return Ok(exit);
        }
    };
    let runtime = runtime()?;
    let interrupt = interrupt::watch(&runtime)?;
    let scratch = scratch::Scratch::new(&std::env::temp_dir())?;
    let shared = Shared {
        runtime: &runtime,
        interrupt: &interrupt,
        scratch: &scratch,
        request,
    };
    let proofs = shared.prove_all(&cases);
    let color = output::is_colored(&std::io::stdout());
    output::say(&if request.json {
        report::proof::json(&proofs)
    } else {
        report::proof::terminal(&proofs, color)
    });
    if interrupt.count() > 0 {
        return Ok(Exit::Interrupted);
    }
    let exits = proofs.iter().map(ProofOutcome::exit);
    Ok(exits.fold(Exit::Met, Exit::or_heavier))
}

fn cases(request: &ProveRequest) -> Result<Vec<Case>, (String, Exit)> {
    let directory = request.directory.as_deref();
    let names = if request.scenarios.is_empty() {
        scenarios::names(directory)
    } else {
        request.scenarios.clone()
    };
    let mut cases = Vec::new();
    for name in names {
        let source = Arc::new(scenarios::load(&name, directory).map_err(refused)?);
        let variants = if let Some(asked) = &request.variant {
            let chosen = source.scenario.choose(Some(asked));
            chosen.map_err(|error| (format!("error: {error}"), Exit::Usage))?;
            vec![Some(asked.clone())]
        } else if source.scenario.variants.is_empty() {
            vec![None]
        } else {
            source.scenario.variants.keys().cloned().map(Some).collect()
        };
        let numbered = variants.into_iter().enumerate();
        cases.extend(numbered.map(|(number, variant)| Case {
            source: Arc::clone(&source),
            variant,
            healthy: number == 0,
        }));
    }
    if cases.is_empty() {
        return Err((
            "error: there is no scenario to prove".to_owned(),
            Exit::Usage,
        ));
    }
    Ok(cases)
}

/// A scenario that cannot be had: a slip of the caller's when there is none, else the author's.
pub(super) fn refused(error: LoadError) -> (String, Exit) {
    match error {
        LoadError::Unknown { .. } => (format!("error: {error}"), Exit::Usage),
        LoadError::Unreadable { .. } => (format!("error: {error}"), Exit::CannotTell),
        LoadError::Invalid {
            path,
            text,
            mistakes,
        } => {
            let source_of = |of: &Path| (of == path).then(|| text.clone());
            let color = output::is_colored(&std::io::stderr());
            (
                report::diagnostics::render(&mistakes, &source_of, color),
                Exit::Content,
            )
        }
    }
}

/// What every proof of a call shares.
struct Shared<'a> {
    runtime: &'a Runtime,
    interrupt: &'a Arc<Interrupt>,
    scratch: &'a scratch::Scratch,
    request: &'a ProveRequest,
}

impl Shared<'_> {
    /// Several at once; in the order of `cases`.
    fn prove_all(&self, cases: &[Case]) -> Vec<ProofOutcome> {
        let next = AtomicUsize::new(0);
        let proofs = Mutex::new(Vec::new());
        let work = || {
            while let Some((number, case)) = take(&next, cases) {
                if self.interrupt.count() > 0 {
                    break;
                }
                let proof = self.prove_one(number, case);
                if !self.request.json {
                    output::complain(&report::proof::progress(&proof));
                }
                proofs
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((number, proof));
            }
        };
        std::thread::scope(|threads| {
            for _ in 0..self.request.jobs.clamp(1, cases.len()) {
                threads.spawn(work);
            }
        });
        let mut proofs = proofs.into_inner().unwrap_or_else(PoisonError::into_inner);
        proofs.sort_by_key(|(number, _)| *number);
        proofs.into_iter().map(|(_, proof)| proof).collect()
    }

    fn prove_one(&self, number: usize, case: &Case) -> ProofOutcome {
        self.try_prove(number, case)
            .unwrap_or_else(|error| ProofOutcome {
                scenario: case.source.scenario.name.clone(),
                variant: case.variant.clone().unwrap_or_default(),
                stages: Vec::new(),
                error: Some(format!("{error:#}")),
                duration: Duration::ZERO,
            })
    }

    fn try_prove(&self, number: usize, case: &Case) -> anyhow::Result<ProofOutcome> {
        let scratch = self.scratch.part(&number.to_string())?;
        let (simulator, variables) =
            simulated::start(self.runtime, Configuration::default(), &scratch)?;
        let mut cloud = self.runtime.block_on(simulated::connect(&simulator))?;
        cloud.pause = long_pauses(cloud.pause);
        let script = |text: &str, more: Vec<(String, String)>| {
            let more = more.into_iter().map(|(name, value)| (name, Some(value)));
            let variables = variables.iter().cloned().chain(more).collect();
            self.run_script(&scratch, text, variables)
        };
        let inventory = || simulator.inventory();
        let ground = Ground {
            cloud,
            directory: scratch.join("sessions"),
            inventory: &inventory,
            script: if self.request.skip_scripts {
                None
            } else {
                Some(&script)
            },
        };
        let proof = prove_variant(&case.source, case.variant.as_deref(), case.healthy, &ground);
        let proof = self.runtime.block_on(async {
            tokio::select! {
                proof = proof => Ok(proof),
                () = interrupt::beyond(self.interrupt, 0) => anyhow::bail!("interrupted"),
            }
        });
        simulator.close();
        proof
    }

    /// Runs a script as the only command of a lab's shell: nothing that it starts survives it.
    fn run_script(
        &self,
        scratch: &Path,
        text: &str,
        variables: Vec<Variable>,
    ) -> anyhow::Result<Result<(), String>> {
        let scratch =
            tempfile::tempdir_in(scratch).context("failed to make the script's directory")?;
        let script = scratch.path().join("script.sh");
        std::fs::write(&script, text).context("failed to write the script")?;
        let supervisor =
            std::env::current_exe().context("failed to find breakfix's own program")?;
        let config = ShellConfig::new(
            supervisor,
            scratch.path().to_owned(),
            simulated::inherited(variables),
            scratch.path().to_owned(),
            self.interrupt.as_ref().clone(),
        );
        let deadline = std::time::Instant::now() + SCRIPT_LIMIT;
        let remaining = || deadline.saturating_duration_since(std::time::Instant::now());
        let bounds = Bounds {
            remaining: &remaining,
            interrupts: 0,
        };
        let mut printed = Capture::new(TOLD);
        let mut shell = Shell::start(&config)?;
        let command = format!("bash '{}'", script.display());
        let finished = shell.run(&command, None, bounds, &mut |piece| {
            if let Output::Shown(stream, bytes) = piece {
                printed.push(stream, bytes);
            }
        })?;
        shell.finish()?;
        Ok(match finished.ending {
            Ending::Status(0) | Ending::Exited(0) => Ok(()),
            Ending::Limit => Err(format!("it took longer than {} s", SCRIPT_LIMIT.as_secs())),
            Ending::Interrupted => Err("interrupted".to_owned()),
            Ending::Status(status) | Ending::Exited(status) | Ending::Lost(status) => {
                Err(format!("exit status {status}\n{}", printed.text()))
            }
        })
    }
}

/// World time costs nothing here, and a look at it costs requests: who waits looks less often than a person would.
fn long_pauses(pause: Pause) -> Pause {
    Arc::new(move |duration| pause(duration.max(LEAST_PAUSE)))
}

fn take<'a>(next: &AtomicUsize, cases: &'a [Case]) -> Option<(usize, &'a Case)> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    cases.get(number).map(|case| (number, case))
}
