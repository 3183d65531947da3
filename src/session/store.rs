//! Where sessions are: a directory each, in the user's state directory, held by one process at a time.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::journal;
use super::ledger::Ledger;

/// Name of the file that whoever works on a session holds.
const LOCK: &str = "lock";

/// How often a directory is removed in which others are still at work.
const ATTEMPTS: usize = 100;
/// How long a directory may be without a lock until nobody is about to hold it.
const UNHELD_AGE: Duration = Duration::from_secs(60);

/// The sessions of a user.
#[derive(Debug, Clone)]
pub struct Store {
    directory: PathBuf,
}

/// A session's directory, held: nobody else works on it until this is dropped.
#[derive(Debug)]
pub struct Held {
    pub directory: PathBuf,
    _lock: File,
}

impl Held {
    /// The session's id; `None` if its directory has no name.
    pub fn id(&self) -> Option<String> {
        let name = self.directory.file_name()?;
        Some(name.to_string_lossy().into_owned())
    }
}

impl Store {
    /// The sessions below a state directory.
    pub fn new(state: &Path) -> Store {
        Store {
            directory: state.join("sessions"),
        }
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Ids of the sessions that are held or were, sorted. What is no session's directory is left out.
    pub fn ids(&self) -> Vec<String> {
        let mut ids = self.names();
        ids.retain(|id| self.directory.join(id).join(LOCK).exists());
        ids
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.directory)
            .into_iter()
            .flatten()
            .flatten();
        let mut ids: Vec<String> = entries
            .filter(|entry| entry.path().is_dir())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        ids.sort();
        ids
    }

    /// Holds a session, new or not.
    ///
    /// # Errors
    /// When another process holds it, or its directory cannot be made.
    pub fn hold(&self, id: &str) -> anyhow::Result<Held> {
        let directory = self.directory.join(id);
        std::fs::create_dir_all(&directory)
            .with_context(|| format!("failed to make {}", directory.display()))?;
        let path = directory.join(LOCK);
        let lock =
            File::create(&path).with_context(|| format!("failed to open {}", path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Held {
                directory,
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => {
                bail!("another breakfix works on the session {id}: wait for it, or end it")
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("failed to hold {}", path.display()))
            }
        }
    }

    /// Holds the sessions that were killed before their first record: nothing was made for them but, perhaps, a
    /// simulator.
    pub fn abandoned(&self) -> Vec<Held> {
        let never_begun = |id: &String| {
            let directory = self.directory.join(id);
            // Without a lock, somebody is about to hold it, unless it is older than that takes.
            let is_held_or_was = directory.join(LOCK).exists() || is_old(&directory);
            !self.is_begun(id) && is_held_or_was
        };
        let ids = self.names().into_iter().filter(never_begun);
        ids.filter_map(|id| self.hold(&id).ok().filter(|_| !self.is_begun(&id)))
            .collect()
    }

    /// Whether the session in this directory got as far as its journal.
    pub fn is_begun(&self, id: &str) -> bool {
        journal::exists(&self.directory.join(id))
    }

    /// What a session's journal says, without holding it.
    ///
    /// # Errors
    /// When there is none, or it cannot be understood.
    pub fn look(&self, id: &str) -> anyhow::Result<Ledger> {
        Ledger::look(&self.directory.join(id))
    }

    /// Forgets a session of which nothing is left.
    ///
    /// # Errors
    /// When its files cannot be removed.
    pub fn forget(&self, held: Held) -> anyhow::Result<()> {
        let mut removed = std::fs::remove_dir_all(&held.directory);
        for _ in 0..ATTEMPTS {
            match &removed {
                // A process that is just starting there has added a file.
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {
                    removed = std::fs::remove_dir_all(&held.directory);
                }
                _ => break,
            }
        }
        removed.with_context(|| format!("failed to remove {}", held.directory.display()))
    }
}

fn is_old(directory: &Path) -> bool {
    let made = directory
        .metadata()
        .and_then(|metadata| metadata.modified());
    made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age > UNHELD_AGE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_held_by_one_at_a_time() {
        let state = tempfile::tempdir().unwrap();
        let store = Store::new(state.path());
        let held = store.hold("s1").unwrap();
        let error = store.hold("s1").unwrap_err().to_string();
        assert!(
            error.contains("another breakfix works on the session s1"),
            "{error}"
        );
        drop(held);
        let held = store.hold("s1").unwrap();
        assert_eq!(store.ids(), ["s1"]);
        store.forget(held).unwrap();
        assert!(store.ids().is_empty());
    }

    #[test]
    fn a_directory_that_nobody_ever_held_is_abandoned_after_a_while() {
        let state = tempfile::tempdir().unwrap();
        let store = Store::new(state.path());
        let directory = store.directory().join("s1");
        std::fs::create_dir_all(&directory).unwrap();
        assert!(store.ids().is_empty() && store.abandoned().is_empty());
        let long_ago = std::time::SystemTime::now() - 2 * UNHELD_AGE;
        let opened = File::open(&directory).unwrap();
        opened.set_modified(long_ago).unwrap();
        assert_eq!(store.abandoned().len(), 1);
    }
}
