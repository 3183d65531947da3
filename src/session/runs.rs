//! Logs of runs in the user's state directory: the last twenty are kept.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

const KEPT: usize = 20;

/// Makes the directory of a new run and forgets the oldest ones.
///
/// # Errors
/// When the directory cannot be made.
pub fn new_directory(state: &Path, now: jiff::Timestamp) -> anyhow::Result<PathBuf> {
    let runs = state.join("runs");
    let name = format!("{}-{}", now.strftime("%Y%m%dT%H%M%SZ"), std::process::id());
    let directory = runs.join(name);
    std::fs::create_dir_all(&directory)
        .with_context(|| format!("failed to make {}", directory.display()))?;
    forget_oldest(&runs);
    Ok(directory)
}

/// `$XDG_STATE_HOME/breakfix`, or its default below `$HOME`.
pub fn state_directory(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> PathBuf {
    let absolute = |name: &str| {
        variable(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
    base.unwrap_or_else(std::env::temp_dir).join("breakfix")
}

fn forget_oldest(runs: &Path) {
    let Ok(entries) = std::fs::read_dir(runs) else {
        return;
    };
    let mut directories: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    // Names begin with the time of the run.
    directories.sort();
    let surplus = directories.len().saturating_sub(KEPT);
    for directory in directories.into_iter().take(surplus) {
        // Whoever reads one of them right now loses nothing that this run needs.
        let _ = std::fs::remove_dir_all(directory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_runs_are_kept() {
        let state = tempfile::tempdir().unwrap();
        for second in 0..25 {
            let now = jiff::Timestamp::from_second(1_700_000_000 + second).unwrap();
            new_directory(state.path(), now).unwrap();
        }
        let mut left: Vec<_> = std::fs::read_dir(state.path().join("runs"))
            .unwrap()
            .flatten()
            .map(|e| e.file_name())
            .collect();
        left.sort();
        assert_eq!(left.len(), KEPT);
        assert!(left[0].to_string_lossy().starts_with("20231114T221325Z"));
    }

    #[test]
    fn the_state_directory_follows_the_xdg_convention() {
        let at = |pairs: &'static [(&str, &str)]| {
            state_directory(move |name| {
                pairs
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| value.into())
            })
        };
        assert_eq!(
            at(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")]),
            Path::new("/s/breakfix")
        );
        assert_eq!(at(&[("HOME", "/h")]), Path::new("/h/.local/state/breakfix"));
    }
}
