//! The process that listens to the AWS CLI of a session on a real account: one for each session, started by any verb
//! that needs it, found by its files in the session's directory. It ends by itself with the session.

use std::fs::{File, OpenOptions, TryLockError};
use std::net::UdpSocket;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use super::super::background::write_private;
use crate::session::journal;
use crate::session::ledger::Ledger;

/// How long an observer may take to start or to end.
const LIMIT: Duration = Duration::from_secs(5);
/// Between two looks at whether it does.
const LOOK: Duration = Duration::from_millis(5);

/// A session's observer.
#[derive(Debug, Clone)]
pub(super) struct Observer {
    session: PathBuf,
}

impl Observer {
    /// The observer of the session in a directory.
    pub(super) fn of(session: &Path) -> Observer {
        Observer {
            session: session.to_owned(),
        }
    }

    /// Where the learner's clients find it; `None` when nobody listens.
    pub(super) fn address(&self, ledger: &Ledger) -> Option<u16> {
        self.port().filter(|_| is_wanted(ledger))
    }

    /// Where it listens, or did.
    fn port(&self) -> Option<u16> {
        let text = std::fs::read_to_string(self.port_file()).ok()?;
        text.trim().parse().ok()
    }

    fn port_file(&self) -> PathBuf {
        self.session.join("observer.port")
    }

    fn lock_file(&self) -> PathBuf {
        self.session.join("observer.lock")
    }

    fn is_running(&self) -> bool {
        let lock = File::open(self.lock_file());
        lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// Starts it, if the session wants one and none is there.
    pub(super) fn ensure(&self, ledger: &Ledger) -> anyhow::Result<()> {
        if !is_wanted(ledger) || self.is_running() && self.port().is_some() {
            return Ok(());
        }
        let breakfix = std::env::current_exe().context("failed to find breakfix's own program")?;
        let mut child = Command::new(breakfix)
            .args(["observe", "--session", &ledger.begun.session])
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("failed to start it")?;
        let started = Instant::now();
        while !(self.is_running() && self.port().is_some()) {
            // Another verb's may have been faster, and this one has ended.
            let ended = child.try_wait()?;
            if started.elapsed() > LIMIT || ended.is_some_and(|status| !status.success()) {
                let _ = child.kill();
                let _ = child.wait();
                bail!("it does not start");
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Waits until it has ended, once the journal says that it is not needed.
    pub(super) fn stop(&self) -> anyhow::Result<()> {
        let started = Instant::now();
        while self.is_running() {
            if let Some(port) = self.port() {
                // Nothing to hear: it looks up.
                let woken = UdpSocket::bind("127.0.0.1:0");
                let _ = woken.and_then(|socket| socket.send_to(b"", ("127.0.0.1", port)));
            }
            if started.elapsed() > LIMIT {
                bail!("the observer of {} does not end", self.session.display());
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// For the observer itself: holds its place; `None` when another one does.
    pub(super) fn hold(&self) -> anyhow::Result<Option<File>> {
        let path = self.lock_file();
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(false).mode(0o600);
        let lock = options.open(&path);
        let lock = lock.with_context(|| format!("failed to open {}", path.display()))?;
        let started = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(Some(lock)),
                // Whoever only asks holds it for a moment, too.
                Err(TryLockError::WouldBlock) if started.elapsed() < LIMIT / 10 => {
                    std::thread::sleep(LOOK);
                }
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => {
                    return Err(error).context("failed to hold the observer's place");
                }
            }
        }
    }

    /// For the observer itself: listens where the learner's terminals count on it, or on any port, and says where.
    pub(super) fn bind(&self) -> anyhow::Result<UdpSocket> {
        let kept = self
            .port()
            .and_then(|port| UdpSocket::bind(("127.0.0.1", port)).ok());
        let socket = match kept {
            Some(socket) => socket,
            None => UdpSocket::bind("127.0.0.1:0").context("failed to open a port")?,
        };
        let port = socket.local_addr()?.port();
        write_private(&self.port_file(), &port.to_string())?;
        Ok(socket)
    }

    /// For the observer itself: whether there is nothing more to listen for.
    pub(super) fn is_over(&self) -> bool {
        !journal::exists(&self.session)
            || Ledger::look(&self.session).is_ok_and(|ledger| !is_wanted(&ledger))
    }
}

fn is_wanted(ledger: &Ledger) -> bool {
    let begun = &ledger.begun;
    let goes_on = !ledger.is_finished() && ledger.paused().is_none();
    begun.target.real && begun.observed && goes_on && Timestamp::now() < begun.expires_at
}
