//! Where hook scripts are: in `tests/` beside the page, else at the same place of the tree in the
//! source language. Directories are looked into once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::LoadError;
use super::overlay::Overlay;

const SUITE: &str = "hook-suite.sh";

/// A `hook-suite.sh` and the directory that it wraps.
#[derive(Debug, Clone)]
pub(super) struct Suite {
    pub directory: PathBuf,
    pub script: PathBuf,
}

/// The suite hooks of the directories that were asked about.
#[derive(Default)]
pub(super) struct Suites {
    known: BTreeMap<PathBuf, Option<PathBuf>>,
}

impl Suites {
    /// The suite hooks around a page's directory, the outermost first. Only directories that its path
    /// spells are looked at: what lies above the working directory is not the content's.
    pub(super) fn around(&mut self, directory: &Path, overlay: &Overlay) -> Vec<Suite> {
        let mut suites: Vec<Suite> = directory
            .ancestors()
            .filter_map(|above| {
                let script = self.of(above, overlay)?;
                Some(Suite {
                    directory: above.to_owned(),
                    script,
                })
            })
            .collect();
        suites.reverse();
        suites
    }

    fn of(&mut self, directory: &Path, overlay: &Overlay) -> Option<PathBuf> {
        if let Some(known) = self.known.get(directory) {
            return known.clone();
        }
        let script = overlay
            .homes(directory)
            .map(|home| tests(&home).join(SUITE))
            .find(|script| script.is_file());
        self.known.insert(directory.to_owned(), script.clone());
        script
    }
}

/// Name and file of each `tests/hook-NAME.sh` for pages of `directory`, sorted within a home.
pub(super) fn scripts(
    directory: &Path,
    overlay: &Overlay,
) -> Result<Vec<(String, PathBuf)>, LoadError> {
    let mut found = Vec::new();
    for home in overlay.homes(directory) {
        let tests = tests(&home);
        if !tests.is_dir() {
            continue;
        }
        let unreadable = |error| LoadError::Unreadable {
            path: tests.clone(),
            error,
        };
        let mut here = Vec::new();
        for entry in tests.read_dir().map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.and_then(|name| name.strip_prefix("hook-")?.strip_suffix(".sh"));
            if let Some(name) = name.filter(|name| *name != "suite" && path.is_file()) {
                here.push((name.to_owned(), path.clone()));
            }
        }
        here.sort();
        found.extend(here);
    }
    Ok(found)
}

fn tests(home: &Path) -> PathBuf {
    home.join("tests")
}
