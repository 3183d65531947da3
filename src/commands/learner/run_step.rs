//! `breakfix run-step STEP`: runs the lesson's commands of a step in the session's environment, shown before they run.
//!
//! Variables, functions and the directory go on from one call to the next: they are kept in the session's directory.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::json;

use super::super::content::{Refused, refused};
use super::super::manners::Manners;
use super::super::scratch::Scratch;
use super::super::sessions::account;
use super::super::sessions::environment::Environment;
use super::super::{interrupt, output};
use super::lesson::bare_title;
use super::{Learner, of, reading};
use crate::message;
use crate::outcome::Exit;
use crate::plan;
use crate::report::learner;
use crate::scenario::Step;
use crate::shell::{Bounds, Ending, Finished, Interrupt, Output, Shell, ShellConfig};

/// Which step to run.
#[derive(Debug, Clone)]
pub struct RunStepRequest {
    pub session: Option<String>,
    /// The current one when `None`.
    pub step: Option<String>,
    /// Do not ask before a block that changes something.
    pub yes: bool,
    pub json: bool,
}

/// Runs a step, and says what it came to.
///
/// # Errors
/// When the session's environment cannot be reached, or no shell can be had.
pub fn run_step(request: &RunStepRequest, manners: Manners) -> anyhow::Result<Exit> {
    Learner::with(request.session.as_deref(), manners, |learner| {
        let signals = interrupt::watch(&learner.runtime)?;
        run(learner, request, &signals)
    })
}

/// The same, in a session that is open.
pub(super) fn run(
    learner: &Learner,
    request: &RunStepRequest,
    signals: &Interrupt,
) -> anyhow::Result<Result<Exit, Refused>> {
    let before = learner.look()?;
    let step = match learner.step_or_current(request.step.as_deref(), &before.progress) {
        Ok(Some(step)) => step,
        Ok(None) => {
            output::say(&learner::next(&before.progress, learner.style));
            return Ok(Ok(Exit::Met));
        }
        Err(refused) => return Ok(Err(refused)),
    };
    let Some(lesson) = learner.lesson_step(step) else {
        let text = learner.say(&message!("run-step-nothing", step = &step.id));
        return Ok(Err(refused(Exit::Usage, text)));
    };
    learner.open_step(&step.id)?;
    output::complain(&preview(learner, step, lesson));
    let question = message!("run-step-ask");
    if lesson
        .commands
        .iter()
        .any(|command| !reading::only_reads(&command.text))
        && let Err(refused) = account::confirmed(question, request.yes, learner.language())
    {
        return Ok(Err(refused));
    }
    let ran = commands(learner, lesson, signals)?;
    if ran.exit == Exit::Interrupted {
        let text = learner.say(&message!("run-step-interrupted", step = &step.id));
        return Ok(Err(refused(Exit::Interrupted, text)));
    }
    let after = learner.look()?;
    let words = match ran.exit {
        Exit::Met => learner.say(&message!("run-step-ran", step = &step.id)),
        _ => learner.say(&message!("run-step-failed", step = &step.id, why = ran.why)),
    };
    if request.json {
        let members = json!({
            "exit_code": ran.exit as u8, "step": step.id, "says": words, "newly_done": after.newly_done,
        });
        let session = learner.session.outcome();
        output::say(&learner::status_json(
            &session,
            &after.progress,
            &after.checks,
            members,
        ));
    } else {
        let mut done = learner::newly_done(&after.progress, &after.newly_done, learner.style);
        if let Some(stands) = of(&after.progress, &step.id).filter(|_| done.is_empty()) {
            done = learner::step(stands, learner.style);
        }
        output::complain(&format!("\n{words}\n{done}"));
    }
    Ok(Ok(ran.exit))
}

fn preview(learner: &Learner, step: &Step, lesson: &plan::Step) -> String {
    let title = bare_title(&lesson.title, &step.id);
    let mut text = learner.say(&message!(
        "run-step-preview",
        step = &step.id,
        title = title
    ));
    for command in &lesson.commands {
        text.push_str("\n\n  $ ");
        text.push_str(&command.text.trim_end().replace('\n', "\n    "));
    }
    text.push('\n');
    text
}

/// What came of the commands.
struct Ran {
    exit: Exit,
    why: String,
}

/// The file with what the last call left: variables, functions, aliases, directory.
const STATE: &str = "shell-state.bash";

/// Leaves what a terminal would have kept. Bash's own variables and those that cannot be set are left out.
const SAVE: &str = r#"{
  for __breakfix_name in $(compgen -v); do
    case $__breakfix_name in
      BASH*|FUNCNAME|GROUPS|DIRSTACK|EUID|UID|PPID|SHELLOPTS|_|PIPESTATUS|LINENO|RANDOM|SRANDOM|SECONDS|EPOCH*|COMP_*|OPT*|__breakfix*) continue ;;
    esac
    [[ ${!__breakfix_name@a} == *r* ]] && continue
    __breakfix_declared=$(declare -p "$__breakfix_name" 2>/dev/null) || continue
    printf '%s\n' "${__breakfix_declared/#declare/declare -g}"
  done
  declare -f
  alias -p
  printf 'cd %q\n' "$PWD"
} >"$__breakfix_kept.new" 2>/dev/null && mv "$__breakfix_kept.new" "$__breakfix_kept""#;
/// What keeping and finding the state may take.
const STATE_LIMIT: Duration = Duration::from_secs(10);

fn commands(learner: &Learner, lesson: &plan::Step, signals: &Interrupt) -> anyhow::Result<Ran> {
    let scratch = Scratch::new(&std::env::temp_dir())?;
    let config = ShellConfig::new(
        std::env::current_exe().context("failed to find breakfix's own program")?,
        PathBuf::from("."),
        std::env::vars_os().collect(),
        scratch.path().to_owned(),
        signals.clone(),
    );
    let mut shell = Shell::start(&config)?;
    let state = learner.directory().join(STATE);
    quietly(&mut shell, &opening(learner, &state)?)?;
    let limit = lesson.timeout;
    let started = Instant::now();
    let remaining = || limit.saturating_sub(started.elapsed());
    for command in &lesson.commands {
        let bounds = Bounds {
            remaining: &remaining,
            interrupts: 0,
        };
        let finished = shell.run(&command.text, None, bounds, &mut show)?;
        if let Some(ran) = stopped(learner, lesson, &finished) {
            return Ok(ran);
        }
    }
    quietly(&mut shell, SAVE)?;
    Ok(Ran {
        exit: Exit::Met,
        why: String::new(),
    })
}

/// What a terminal that was there before would have, then the session's environment as it is now.
fn opening(learner: &Learner, state: &Path) -> anyhow::Result<String> {
    let quoted = state.display().to_string().replace('\'', "'\\''");
    let variables = Environment::of(&learner.session)?.exports();
    Ok(format!(
        "__breakfix_kept='{quoted}'\n[ ! -f \"$__breakfix_kept\" ] || . \"$__breakfix_kept\" 2>/dev/null\n{variables}"
    ))
}

/// Runs what is ours, and shows nothing of it.
fn quietly(shell: &mut Shell, text: &str) -> anyhow::Result<Finished> {
    let started = Instant::now();
    let bounds = Bounds {
        remaining: &|| STATE_LIMIT.saturating_sub(started.elapsed()),
        interrupts: 0,
    };
    Ok(shell.run(text, None, bounds, &mut |_| {})?)
}

fn show(output: Output<'_>) {
    if let Output::Shown(_, bytes) = output {
        let mut stderr = std::io::stderr().lock();
        let _ = stderr.write_all(bytes).and_then(|()| stderr.flush());
    }
}

/// Why the step goes no further, if it does not.
fn stopped(learner: &Learner, lesson: &plan::Step, finished: &Finished) -> Option<Ran> {
    let failed = |message| {
        Some(Ran {
            exit: Exit::Failed,
            why: learner.say(&message),
        })
    };
    match finished.ending {
        Ending::Status(0) | Ending::Exited(0) => None,
        // The lesson expects that it may fail.
        Ending::Status(_) if lesson.expect_error != plan::ExpectError::No => None,
        Ending::Status(code) | Ending::Exited(code) | Ending::Lost(code) => {
            failed(message!("run-step-exit", code = code))
        }
        Ending::Limit => failed(message!(
            "run-step-limit",
            seconds = lesson.timeout.as_secs()
        )),
        Ending::Interrupted => Some(Ran {
            exit: Exit::Interrupted,
            why: String::new(),
        }),
    }
}
