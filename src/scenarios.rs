//! Where scenarios are kept: a directory of the user's, then those that are built in.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rust_embed::RustEmbed;

use crate::diagnostic::{Diagnostic, nearest};
use crate::scenario::{self, Scenario};

#[derive(RustEmbed)]
#[folder = "scenarios"]
struct BuiltIn;

/// A scenario and the files beside it.
#[derive(Debug, Clone)]
pub struct Source {
    pub scenario: Scenario,
    /// `None` for a built-in one.
    directory: Option<PathBuf>,
}

/// Why a scenario cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("there is no scenario {name:?}; there are: {}{}", known.join(", "), did_you_mean(.nearest.as_deref()))]
    Unknown {
        name: String,
        known: Vec<String>,
        nearest: Option<String>,
    },
    /// With what is wrong, each with its place in the text.
    #[error("{path} is not a valid scenario: {}", told(.mistakes), path = .path.display())]
    Invalid {
        path: PathBuf,
        text: String,
        mistakes: Vec<Diagnostic>,
    },
    #[error("failed to read {path}: {why}", path = .path.display())]
    Unreadable { path: PathBuf, why: std::io::Error },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"))
}

/// The first mistake in a line, and how many more there are.
fn told(mistakes: &[Diagnostic]) -> String {
    let Some(first) = mistakes.first() else {
        return String::new();
    };
    let more = match mistakes.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    format!("line {}: {}{more}", first.line, first.message)
}

/// Finds and reads a scenario by name.
///
/// # Errors
/// When there is none of this name, or it is not valid.
pub fn load(name: &str, directory: Option<&Path>) -> Result<Source, LoadError> {
    let own = directory
        .map(|directory| directory.join(name))
        .filter(|directory| directory.join(FILE).is_file());
    let text = match &own {
        Some(directory) => {
            let path = directory.join(FILE);
            std::fs::read_to_string(&path).map_err(|why| LoadError::Unreadable { path, why })?
        }
        None => built_in(name, FILE).ok_or_else(|| {
            let known = names(directory);
            LoadError::Unknown {
                name: name.to_owned(),
                nearest: nearest(name, known.iter().map(String::as_str)).map(str::to_owned),
                known,
            }
        })?,
    };
    let path = shown_directory(name, own.as_deref()).join(FILE);
    match scenario::read(&text, &path) {
        Ok(scenario) => Ok(Source {
            scenario,
            directory: own,
        }),
        Err(mistakes) => Err(LoadError::Invalid {
            path,
            text,
            mistakes,
        }),
    }
}

/// What a scenario's own file is called.
pub const FILE: &str = "scenario.yaml";

/// Where a scenario's files are, for people: a built-in one's are in the source tree.
fn shown_directory(name: &str, own: Option<&Path>) -> PathBuf {
    own.map_or_else(|| Path::new("scenarios").join(name), Path::to_owned)
}

impl Source {
    /// The scenario's own directory; `None` for a built-in one.
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// The directory that the scenario's own is in; `None` for a built-in one.
    pub fn parent(&self) -> Option<PathBuf> {
        let parent = self.directory.as_deref()?.parent()?;
        std::path::absolute(parent).ok()
    }

    /// What is wrong with the files that the scenario names.
    pub fn file_mistakes(&self) -> Vec<Diagnostic> {
        let path = self.shown_directory().join(FILE);
        let text = self.read(FILE).unwrap_or_default();
        scenario::check_files(&self.scenario, &text, &path, |file| self.read(file).ok())
    }

    /// The text of a file that a diagnostic of this scenario is about.
    pub fn text_of(&self, path: &Path) -> Option<String> {
        let relative = path.strip_prefix(self.shown_directory()).ok()?;
        self.read(relative.to_str()?).ok()
    }

    fn shown_directory(&self) -> PathBuf {
        shown_directory(&self.scenario.name, self.directory.as_deref())
    }

    /// A file beside `scenario.yaml`.
    ///
    /// # Errors
    /// When it is not there.
    pub fn read(&self, relative: &str) -> anyhow::Result<String> {
        match &self.directory {
            Some(directory) => read_file(&directory.join(relative)),
            None => built_in(&self.scenario.name, relative).with_context(|| {
                format!("the scenario {} has no file {relative}", self.scenario.name)
            }),
        }
    }
}

fn read_file(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))
}

fn built_in(name: &str, relative: &str) -> Option<String> {
    let file = BuiltIn::get(&format!("{name}/{relative}"))?;
    String::from_utf8(file.data.into_owned()).ok()
}

/// The names of all scenarios, sorted.
pub fn names(directory: Option<&Path>) -> Vec<String> {
    let mut names: Vec<String> = BuiltIn::iter()
        .filter_map(|path| path.strip_suffix(&format!("/{FILE}")).map(str::to_owned))
        .collect();
    let entries = directory
        .and_then(|directory| std::fs::read_dir(directory).ok())
        .into_iter()
        .flatten()
        .flatten();
    names.extend(
        entries
            .filter(|entry| entry.path().join(FILE).is_file())
            .map(|entry| entry.file_name().to_string_lossy().into_owned()),
    );
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_scenario_is_valid_and_has_its_files() {
        for name in names(None) {
            let source = load(&name, None).unwrap();
            assert_eq!(source.scenario.name, name);
            assert_eq!(source.file_mistakes(), []);
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_those_that_there_are() {
        let error = load("missing-worker-node", None).unwrap_err().to_string();
        assert!(error.contains("missing-worker-nodes"), "{error}");
    }
}
