//! The private directory of a run in the system's directory for temporary files. A run holds a lock
//! in its own; one whose lock is free belongs to a run that was killed, and the next run removes it.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use tempfile::TempDir;

const PREFIX: &str = "breakfix-";
const LOCK: &str = "lock";
/// A directory without a lock is one that its run is about to lock, unless it is older than this.
const UNLOCKED_AGE: Duration = Duration::from_secs(3600);

/// The directory, removed when this is dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    directory: TempDir,
    _lock: File,
}

impl Scratch {
    /// Makes a directory in `parent`, and removes those of dead runs there.
    pub(super) fn new(parent: &Path) -> anyhow::Result<Scratch> {
        remove_stale(parent);
        loop {
            let directory = tempfile::Builder::new()
                .prefix(PREFIX)
                .tempdir_in(parent)
                .context("failed to make a directory for the lab's files")?;
            if let Some(lock) = lock(directory.path())? {
                return Ok(Scratch {
                    directory,
                    _lock: lock,
                });
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A directory within for one purpose.
    pub(super) fn part(&self, name: &str) -> anyhow::Result<PathBuf> {
        let part = self.path().join(name);
        std::fs::create_dir_all(&part)
            .with_context(|| format!("failed to make {}", part.display()))?;
        Ok(part)
    }
}

/// Locks a new directory; `None` when another run took it for a dead one's just now.
fn lock(directory: &Path) -> anyhow::Result<Option<File>> {
    let path = directory.join(LOCK);
    let create = OpenOptions::new().write(true).create_new(true).open(&path);
    let file = create.with_context(|| format!("failed to make {}", path.display()))?;
    Ok(match file.try_lock() {
        Ok(()) if path.exists() => Some(file),
        Ok(()) | Err(std::fs::TryLockError::WouldBlock) => None,
        // A file system without locks: then nobody can take the directory for a dead run's either.
        Err(std::fs::TryLockError::Error(_)) => Some(file),
    })
}

/// What cannot be removed is left for another run to try.
fn remove_stale(parent: &Path) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if !ours || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let path = entry.path();
        match OpenOptions::new().write(true).open(path.join(LOCK)) {
            Ok(file) if file.try_lock().is_ok() => {
                let _ = std::fs::remove_dir_all(&path);
            }
            Ok(_) => {}
            Err(_) if is_old(&path) => {
                let _ = std::fs::remove_dir(&path);
            }
            Err(_) => {}
        }
    }
}

fn is_old(path: &Path) -> bool {
    let made = path.metadata().and_then(|metadata| metadata.modified());
    made.is_ok_and(|made| {
        SystemTime::now()
            .duration_since(made)
            .is_ok_and(|age| age > UNLOCKED_AGE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(parent: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(parent).unwrap().flatten();
        entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn a_run_removes_what_dead_runs_left_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let living = Scratch::new(parent.path()).unwrap();
        let dead = parent.path().join("breakfix-dead");
        std::fs::create_dir_all(dead.join("deep")).unwrap();
        std::fs::write(dead.join(LOCK), "").unwrap();
        for name in ["breakfix-fresh", "other"] {
            std::fs::create_dir(parent.path().join(name)).unwrap();
        }
        let next = Scratch::new(parent.path()).unwrap();
        assert!(living.path().exists() && next.path().exists() && !dead.exists());
        assert_eq!(names(parent.path()).len(), 4);
        drop((living, next));
        assert_eq!(names(parent.path()).len(), 2);
    }
}
