//! Finds and reads `breakfix.toml`: beside the working directory or above it, up to the repository's root.

use std::path::{Path, PathBuf};

use super::content::{Refused, refused};
use crate::config::{self, Config, FILE};
use crate::lint::rules::RULES;
use crate::outcome::Exit;
use crate::report;

/// The configuration, and the directory that its paths count from; the defaults where there is no file.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    pub(super) config: Config,
    /// As it leads there from the working directory; empty for that one itself.
    pub(super) directory: PathBuf,
}

/// Reads the file that is named, else the nearest one.
pub(super) fn load(named: Option<&Path>) -> Result<Found, Refused> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => match nearest() {
            Some(path) => path,
            None => return Ok(Found::default()),
        },
    };
    let text = std::fs::read_to_string(&path).map_err(|error| {
        refused(
            Exit::Usage,
            format!("failed to read {}: {error}", path.display()),
        )
    })?;
    let codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
    let config = config::read(&text, &path, &codes).map_err(|mistake| {
        let shown = report::diagnostics::render(&[*mistake], &|_| Some(text.clone()), false);
        refused(Exit::Content, shown.trim_end())
    })?;
    let directory = path.parent().map(Path::to_owned).unwrap_or_default();
    Ok(Found { config, directory })
}

/// Up from the working directory, not beyond the root of its repository.
fn nearest() -> Option<PathBuf> {
    let mut directory = PathBuf::new();
    let depth = std::env::current_dir().ok()?.ancestors().count();
    for _ in 0..depth {
        let path = directory.join(FILE);
        if path.is_file() {
            return Some(path);
        }
        if directory.join(".git").exists() {
            return None;
        }
        directory.push("..");
    }
    None
}

/// Runs a verb with what the nearest file says, where a command line says nothing.
pub(super) fn with(verb: impl FnOnce(&Config) -> anyhow::Result<Exit>) -> anyhow::Result<Exit> {
    match load(None) {
        Ok(found) => {
            let scenarios = found.scenarios(None);
            verb(&Config {
                scenarios,
                ..found.config
            })
        }
        Err(refused) => Ok(refused.complained()),
    }
}

impl Found {
    /// Where scenarios are, unless the command line says.
    pub(super) fn scenarios(&self, asked: Option<PathBuf>) -> Option<PathBuf> {
        let own = self.config.scenarios.as_ref();
        asked.or_else(|| own.map(|own| self.directory.join(own)))
    }
}
