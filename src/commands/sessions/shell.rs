//! `breakfix shell`: the user's shell, or one command, in the environment of a session. Files of the user's own are
//! read as always, and none is written.

mod startup;

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::super::content::Refused;
use super::super::manners::Manners;
use super::super::output;
use super::environment::Environment;
use super::opened;
use crate::outcome::Exit;
use crate::report::life::{self, Deed};
use crate::session::Session;
use startup::Startup;

/// By which a shell knows that it is one of ours: the session's id.
const SHELL: &str = "BREAKFIX_SHELL";
/// Name of the file in a session's directory with the step that prompts show.
const PROMPT: &str = "prompt";

/// What to run in the environment of a session.
#[derive(Debug, Clone)]
pub struct ShellRequest {
    pub session: Option<String>,
    /// With its arguments; a shell when it is empty.
    pub command: Vec<OsString>,
    pub json: bool,
}

/// Becomes the shell or the command: it has the terminal, its signals and the exit code.
///
/// # Errors
/// When the session's environment cannot be reached, or the program not be started.
pub fn shell(request: &ShellRequest, manners: Manners) -> anyhow::Result<Exit> {
    let (runtime, session) = match opened::look(request.session.as_deref(), manners)? {
        Ok(looked) => looked,
        Err(Refused { exit, text }) => {
            output::complain(&text);
            return Ok(exit);
        }
    };
    drop(runtime);
    let is_inside = std::env::var_os(SHELL).is_some_and(|id| *id == *session.id());
    if request.command.is_empty() && is_inside {
        let (outcome, real) = (session.outcome(), session.ledger().begun.target.real);
        output::say(&if request.json {
            life::done_json(Deed::Entered, false, &outcome)
        } else {
            life::done(Deed::Entered, false, real, &outcome, manners.language(None))
        });
        return Ok(Exit::Met);
    }
    let environment = Environment::of(&session)?;
    let mut command = match request.command.split_first() {
        Some((program, arguments)) => {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        }
        None => interactive(&session, &environment)?,
    };
    environment.give(&mut command)?;
    let error = command.exec();
    let program = command.get_program().to_string_lossy().into_owned();
    Err(error).with_context(|| format!("failed to start {program}"))
}

/// The user's shell, which reads what we add after its own files.
fn interactive(session: &Session, environment: &Environment) -> anyhow::Result<Command> {
    let asked = std::env::var_os("SHELL").unwrap_or_default();
    let name = Path::new(&asked).file_name().unwrap_or_default();
    let directory = std::path::absolute(session.directory())?;
    let startup = Startup {
        environment,
        scenario: &session.scenario().name,
        prompt: directory.join(PROMPT),
        directory: directory.join("shell"),
    };
    let mut command = match name.to_str() {
        Some("zsh") => startup.zsh(&asked),
        Some("fish") => startup.fish(&asked),
        Some("bash") => startup.bash(&asked),
        _ => startup.bash("bash".as_ref()),
    }?;
    command.env(SHELL, session.id());
    Ok(command)
}
