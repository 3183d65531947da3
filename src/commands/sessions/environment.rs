//! What leads a learner's clients to the environment of a session: variables, and programs that come first on the PATH.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use super::super::background::Background;
use super::super::simulate;
use super::observer::Observer;
use super::opened;
use crate::session::{Session, observed};
use crate::simulator::clock::Pace;
use crate::simulator::environment::Variable;

/// By which a terminal knows its session.
const SESSION: &str = "BREAKFIX_SESSION";

/// The learner's environment in a session.
pub(in super::super) struct Environment {
    /// The last one of a name counts.
    pub(super) variables: Vec<Variable>,
    /// Directory that comes first on the PATH; where the clock is that of the wall there is none.
    pub(super) programs: Option<PathBuf>,
}

impl Environment {
    /// # Errors
    /// When a variable names something unknown, or the simulator has left no environment.
    pub(in super::super) fn of(session: &Session) -> anyhow::Result<Environment> {
        let begun = &session.ledger().begun;
        let mut variables = Vec::new();
        let mut programs = None;
        if begun.target.real {
            let target = begun.target.clone();
            let known = [
                ("EKS_CLUSTER_NAME", target.cluster),
                ("AWS_ACCOUNT_ID", target.account),
                ("AWS_REGION", target.region.clone()),
                ("AWS_DEFAULT_REGION", target.region),
            ];
            variables.extend(known.map(|(name, value)| (name.to_owned(), Some(value))));
            variables.extend(monitoring(session));
        } else {
            variables = Background::of(session.directory()).environment()?;
            let pace = opened::pace(begun);
            if pace != Pace::Real {
                programs = Some(clock_programs(session.directory())?);
            }
        }
        let own = session.environment()?.into_iter();
        variables.extend(own.map(|(name, value)| (name, Some(value))));
        variables.push((SESSION.to_owned(), Some(session.id().to_owned())));
        Ok(Environment {
            variables,
            programs,
        })
    }

    /// Lines for bash and zsh to evaluate.
    pub(in super::super) fn exports(&self) -> String {
        let mut text = simulate::exports(&self.variables);
        if let Some(programs) = &self.programs {
            let quoted = format!("'{}'", programs.to_string_lossy().replace('\'', "'\\''"));
            text.push_str(&format!(
                "case \":$PATH:\" in *:{quoted}:*) ;; *) export PATH={quoted}:\"$PATH\" ;; esac\n"
            ));
        }
        text
    }

    /// Lines for fish to evaluate.
    pub(super) fn fish(&self) -> String {
        let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
        let line = |(name, value): &Variable| match value {
            Some(value) => format!("set -gx {name} {}\n", quoted(value)),
            None => format!("set -e {name}\n"),
        };
        let mut text: String = self.variables.iter().map(line).collect();
        if let Some(programs) = &self.programs {
            let quoted = quoted(&programs.to_string_lossy());
            text.push_str(&format!(
                "contains -- {quoted} $PATH; or set -gx PATH {quoted} $PATH\n"
            ));
        }
        text
    }

    /// For a program that is started.
    pub(super) fn give(&self, command: &mut Command) -> anyhow::Result<()> {
        for (name, value) in &self.variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(programs) = &self.programs {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
            if !places.contains(programs) {
                places.insert(0, programs.clone());
            }
            let joined = std::env::join_paths(places);
            command.env(
                "PATH",
                joined.context("failed to put the clock's sleep on the PATH")?,
            );
        }
        Ok(())
    }
}

/// What has the AWS CLI tell the session's observer of its calls; nothing without one.
fn monitoring(session: &Session) -> Vec<Variable> {
    let Some(port) = Observer::of(session.directory()).address(session.ledger()) else {
        return Vec::new();
    };
    let variables = [
        ("AWS_CSM_ENABLED", "true".to_owned()),
        ("AWS_CSM_HOST", "127.0.0.1".to_owned()),
        ("AWS_CSM_PORT", port.to_string()),
        ("AWS_CSM_CLIENT_ID", observed::client_id(session.id())),
    ];
    let variables = variables.into_iter();
    variables
        .map(|(name, value)| (name.to_owned(), Some(value)))
        .collect()
}

/// A directory with a `sleep` that sleeps in world time.
fn clock_programs(session: &Path) -> anyhow::Result<PathBuf> {
    let why = "failed to put the clock's sleep in place";
    let programs = std::path::absolute(session.join("bin")).context(why)?;
    let breakfix = std::env::current_exe().context("failed to find breakfix's own program")?;
    let (sleep, new) = (programs.join("sleep"), programs.join("sleep.new"));
    if std::fs::read_link(&sleep).is_ok_and(|known| known == breakfix) {
        return Ok(programs);
    }
    std::fs::create_dir_all(&programs).context(why)?;
    // Another one may be doing the same: what it made is as good.
    let _ = std::fs::remove_file(&new);
    let _ = std::os::unix::fs::symlink(breakfix, &new);
    let _ = std::fs::rename(&new, &sleep);
    anyhow::ensure!(sleep.exists(), "{why}: {}", sleep.display());
    Ok(programs)
}
