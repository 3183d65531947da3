//! A world on disk: written before a change is answered, so that a simulator that is killed comes back with the same
//! world, on the same ports, for the same clients. Time goes on while nobody serves it, unless it was frozen.
//!
//! Two files: `world.json`, replaced whole by a rename, and `events.jsonl`, the audit trail, which only grows. They
//! hold keys and are their owner's to read. They outlive the process; only a crash of the machine may lose the
//! last changes, since nothing waits for the disk.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use super::AccessKey;
use super::audit::{REMEMBERED, Record, Trail};
use super::clock::Clock;
use super::world::World;

const WORLD: &str = "world.json";
const EVENTS: &str = "events.jsonl";
const LOCK: &str = "lock";
/// The form of `world.json` that this program reads and writes.
const FORMAT: u32 = 1;

/// Where a world is reached, and by whom; none of it changes while it lives.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Identity {
    pub aws: SocketAddr,
    pub kubernetes: SocketAddr,
    /// The authority and the server's certificate with its private key, as PEM.
    pub certificates: String,
    pub control_token: String,
    pub kubernetes_token: String,
    pub cluster: String,
}

/// A world that was read back.
pub(super) struct Resumed {
    pub(super) identity: Identity,
    pub(super) keys: BTreeMap<String, AccessKey>,
    pub(super) world: World,
}

#[derive(Deserialize)]
struct Saved {
    identity: Identity,
    keys: BTreeMap<String, AccessKey>,
    world: World,
}

#[derive(Serialize)]
struct Saving<'a> {
    format: u32,
    identity: &'a Identity,
    keys: &'a BTreeMap<String, AccessKey>,
    world: &'a World,
}

/// The directory of a world, held by one simulator at a time.
pub(super) struct Storage {
    directory: PathBuf,
    events: File,
    /// `World::changes` and the last record when they were written.
    changes: Option<u64>,
    record: u64,
    _lock: File,
}

impl Storage {
    /// Opens a directory, making it if need be, with the world that it holds.
    ///
    /// # Errors
    /// When another simulator holds it, or it cannot be read.
    pub(super) fn open(directory: &Path) -> Result<(Storage, Option<Resumed>)> {
        make_private(directory)?;
        let lock = lock(directory)?;
        let mut resumed = read_world(directory)?;
        let trail = read_events(&directory.join(EVENTS))?;
        let events = append(&directory.join(EVENTS))?;
        let record = trail.last();
        if let Some(resumed) = &mut resumed {
            resumed.world.trail = trail;
        }
        let storage = Storage {
            directory: directory.to_owned(),
            events,
            changes: None,
            record,
            _lock: lock,
        };
        Ok((storage, resumed))
    }

    /// Writes what has changed since the last time.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn keep(
        &mut self,
        identity: &Identity,
        keys: &BTreeMap<String, AccessKey>,
        world: &World,
    ) -> Result<()> {
        if self.changes != Some(world.changes()) {
            let saving = Saving {
                format: FORMAT,
                identity,
                keys,
                world,
            };
            self.write_world(&saving)?;
            self.changes = Some(world.changes());
        }
        let lines = lines(&world.trail, self.record)?;
        if !lines.is_empty() {
            let path = self.directory.join(EVENTS);
            self.events
                .write_all(&lines)
                .with_context(|| format!("failed to write {}", path.display()))?;
            self.record = world.trail.last();
        }
        Ok(())
    }

    fn write_world(&self, saving: &Saving<'_>) -> Result<()> {
        let path = self.directory.join(WORLD);
        let new = self.directory.join("world.json.new");
        let text = serde_json::to_vec(saving).context("write the world down")?;
        private_file(
            &new,
            OpenOptions::new().write(true).create(true).truncate(true),
        )
        .and_then(|mut file| Ok(file.write_all(&text)?))
        .and_then(|()| Ok(std::fs::rename(&new, &path)?))
        .with_context(|| format!("failed to write {}", path.display()))
    }
}

/// Where the world in `directory` is served, or was.
///
/// # Errors
/// When no world is there.
pub fn identity(directory: &Path) -> Result<Identity> {
    #[derive(Deserialize)]
    struct Known {
        identity: Identity,
    }
    let path = directory.join(WORLD);
    let text = std::fs::read(&path)
        .with_context(|| format!("no world is kept in {}", directory.display()))?;
    let known: Known = serde_json::from_slice(&text)
        .with_context(|| format!("{} is not a world of this version", path.display()))?;
    Ok(known.identity)
}

/// Whether time stands still in the world in `directory` until it is served again.
pub fn is_frozen(directory: &Path) -> bool {
    #[derive(Deserialize)]
    struct Known {
        world: KnownWorld,
    }
    #[derive(Deserialize)]
    struct KnownWorld {
        clock: Clock,
    }
    let text = std::fs::read(directory.join(WORLD)).unwrap_or_default();
    serde_json::from_slice(&text).is_ok_and(|Known { world }| world.clock.is_frozen())
}

fn read_world(directory: &Path) -> Result<Option<Resumed>> {
    #[derive(Deserialize)]
    struct Versioned {
        format: u32,
    }
    let path = directory.join(WORLD);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("failed to read {}", path.display()));
        }
    };
    let way_out = || {
        format!(
            "{} cannot be read; move it away to begin with a new world",
            path.display()
        )
    };
    let Versioned { format } = serde_json::from_slice(&text).with_context(way_out)?;
    if format != FORMAT {
        bail!(
            "{} has the form {format}, and this program reads {FORMAT}; move it away to begin with a new world",
            path.display()
        );
    }
    let saved: Saved = serde_json::from_slice(&text).with_context(way_out)?;
    Ok(Some(Resumed {
        identity: saved.identity,
        keys: saved.keys,
        world: saved.world,
    }))
}

/// The last events that were written. What a killed simulator left half-written at the end is cut off.
fn read_events(path: &Path) -> Result<Trail> {
    let mut trail = Trail::default();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(trail),
        Err(error) => {
            return Err(error).with_context(|| format!("failed to read {}", path.display()));
        }
    };
    let mut reader = BufReader::new(file);
    let (mut whole, mut count, mut line) = (0_u64, 0_usize, Vec::new());
    while reader.read_until(b'\n', &mut line)? > 0 {
        let Ok(record) = serde_json::from_slice::<Record>(&line) else {
            break;
        };
        trail.restore(record);
        whole += line.len() as u64;
        count += 1;
        line.clear();
    }
    drop(reader);
    if count > 2 * REMEMBERED {
        rewrite(path, &trail)?;
    } else {
        OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|file| file.set_len(whole))
            .with_context(|| format!("failed to write {}", path.display()))?;
    }
    Ok(trail)
}

/// Leaves only the records that are remembered in the file.
fn rewrite(path: &Path, trail: &Trail) -> Result<()> {
    let new = path.with_extension("new");
    let mut file = private_file(
        &new,
        OpenOptions::new().write(true).create(true).truncate(true),
    )?;
    file.write_all(&lines(trail, 0)?)?;
    std::fs::rename(&new, path).with_context(|| format!("failed to write {}", path.display()))
}

/// The records after number `after`, a line each.
fn lines(trail: &Trail, after: u64) -> Result<Vec<u8>> {
    let mut lines = Vec::new();
    for record in trail.after(after) {
        serde_json::to_writer(&mut lines, record.as_ref()).context("write an event down")?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn append(path: &Path) -> Result<File> {
    private_file(path, OpenOptions::new().append(true).create(true))
}

/// Whether some simulator holds a directory: it serves its world, or is about to.
pub fn is_held(directory: &Path) -> bool {
    let lock = File::open(directory.join(LOCK));
    lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(std::fs::TryLockError::WouldBlock)))
}

fn lock(directory: &Path) -> Result<File> {
    let lock = private_file(
        &directory.join(LOCK),
        OpenOptions::new().write(true).create(true).truncate(false),
    )?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => bail!(
            "the world in {} is being served already; end that simulator first, or choose another directory",
            directory.display()
        ),
        Err(std::fs::TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("failed to lock {}", directory.display()))
        }
    }
}

fn make_private(directory: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(directory)
        .with_context(|| format!("failed to make {}", directory.display()))
}

fn private_file(path: &Path, options: &mut OpenOptions) -> Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
        .open(path)
        .with_context(|| format!("failed to open {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::audit::{Called, Origin};
    use crate::simulator::testing::{learner, world};

    fn identity() -> Identity {
        Identity {
            aws: ([127, 0, 0, 1], 1).into(),
            kubernetes: ([127, 0, 0, 1], 2).into(),
            certificates: String::new(),
            control_token: "c".to_owned(),
            kubernetes_token: "k".to_owned(),
            cluster: "eks-workshop".to_owned(),
        }
    }

    fn called(world: &mut World, operation: &str) {
        let origin = Origin {
            caller: Some(learner()),
            access_key: None,
            address: String::new(),
            agent: String::new(),
        };
        let call = Called {
            service: "kms",
            operation,
            parameters: serde_json::Value::Null,
        };
        let answer = Ok(&serde_json::Value::Null);
        let record = super::super::audit::record(world, String::new(), origin, call, answer);
        world.trail.add(record);
    }

    fn keep(storage: &mut Storage, world: &World) {
        storage.keep(&identity(), &BTreeMap::new(), world).unwrap();
    }

    #[test]
    fn a_world_comes_back_with_its_events() {
        let directory = tempfile::tempdir().unwrap();
        let mut world = world();
        let (mut storage, nothing) = Storage::open(directory.path()).unwrap();
        assert!(nothing.is_none());
        called(&mut world, "ListKeys");
        keep(&mut storage, &world);
        called(&mut world, "ListAliases");
        keep(&mut storage, &world);
        drop(storage);
        let (_, resumed) = Storage::open(directory.path()).unwrap();
        let resumed = resumed.unwrap();
        let operations: Vec<String> = resumed
            .world
            .trail
            .after(0)
            .map(|record| record.operation.clone())
            .collect();
        assert_eq!(operations, ["ListKeys", "ListAliases"]);
        assert_eq!(
            serde_json::to_value(&resumed.world).unwrap(),
            serde_json::to_value(&world).unwrap()
        );
    }

    #[test]
    fn half_an_event_at_the_end_is_cut_off() {
        let directory = tempfile::tempdir().unwrap();
        let mut world = world();
        let (mut storage, _) = Storage::open(directory.path()).unwrap();
        called(&mut world, "ListKeys");
        keep(&mut storage, &world);
        storage.events.write_all(b"{\"number\":2,\"reque").unwrap();
        drop(storage);
        let (mut storage, resumed) = Storage::open(directory.path()).unwrap();
        let mut world = resumed.unwrap().world;
        called(&mut world, "ListAliases");
        keep(&mut storage, &world);
        drop(storage);
        let (_, resumed) = Storage::open(directory.path()).unwrap();
        assert_eq!(resumed.unwrap().world.trail.after(0).count(), 2);
    }

    #[test]
    fn a_directory_serves_one_simulator_and_only_worlds_of_its_form() {
        let directory = tempfile::tempdir().unwrap();
        let held = Storage::open(directory.path()).unwrap();
        let error = Storage::open(directory.path()).err().unwrap();
        assert!(
            error.to_string().contains("is being served already"),
            "{error}"
        );
        drop(held);
        for text in ["{\"format\":99}", "not a world"] {
            std::fs::write(directory.path().join(WORLD), text).unwrap();
            let error = Storage::open(directory.path()).err().unwrap();
            assert!(error.to_string().contains("move it away"), "{error}");
        }
    }
}
