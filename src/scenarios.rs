//! Where scenarios are kept: a directory of the user's, then those that are built in.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rust_embed::RustEmbed;

use crate::scenario::Scenario;

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

/// Finds and reads a scenario by name.
///
/// # Errors
/// When there is none of this name (the message lists those that there are), or it is not valid.
pub fn load(name: &str, directory: Option<&Path>) -> anyhow::Result<Source> {
    let own = directory
        .map(|directory| directory.join(name))
        .filter(|directory| directory.join(FILE).is_file());
    let text = match &own {
        Some(directory) => read_file(&directory.join(FILE))?,
        None => match built_in(name, FILE) {
            Some(text) => text,
            None => bail!(
                "there is no scenario {name:?}; there are: {}",
                names(directory).join(", ")
            ),
        },
    };
    let shown = own.as_ref().map_or_else(
        || format!("scenarios/{name}/{FILE}"),
        |own| own.join(FILE).display().to_string(),
    );
    let scenario =
        Scenario::parse(&text).with_context(|| format!("{shown} is not a valid scenario"))?;
    Ok(Source {
        scenario,
        directory: own,
    })
}

const FILE: &str = "scenario.yaml";

impl Source {
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
            let scripts = source
                .scenario
                .solution
                .iter()
                .chain(&source.scenario.wrong_fixes);
            for script in scripts {
                source.read(script).unwrap();
            }
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_those_that_there_are() {
        let error = load("missing-worker-node", None).unwrap_err().to_string();
        assert!(error.contains("missing-worker-nodes"), "{error}");
    }
}
