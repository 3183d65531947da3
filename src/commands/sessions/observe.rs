//! `breakfix observe`: hears which operations the AWS CLI calls in the terminals of a session on a real account. Not for
//! people: other verbs start it, in the background.

use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::Timestamp;

use super::observer::Observer;
use super::opened;
use crate::outcome::Exit;
use crate::session::observed;

/// Between two looks at whether the session still wants this.
const LOOK: Duration = Duration::from_secs(1);
/// The same when somebody says that there is something to see.
const SHORTEST_LOOK: Duration = Duration::from_millis(20);
/// Calls that are kept in a second: nobody types faster, and a script that does is no learner.
const MOST: u32 = 50;
/// Longer datagrams are cut off, and so are no records: botocore sends none beyond 8 KiB.
const LARGEST: usize = 16 * 1024;

/// Listens until the session is over.
///
/// # Errors
/// When there is no such session, or nothing can be heard or written.
pub fn observe(session: &str) -> anyhow::Result<Exit> {
    // Fails for a process that leads its group already, which no terminal's end reaches either.
    let _ = rustix::process::setsid();
    let directory = opened::directory(session)?;
    let observer = Observer::of(&directory);
    let Some(_lock) = observer.hold()? else {
        return Ok(Exit::Met);
    };
    let socket = observer.bind()?;
    socket
        .set_read_timeout(Some(LOOK))
        .context("failed to prepare for listening")?;
    let mut notes = Notes::of(&directory, session);
    let mut buffer = vec![0; LARGEST];
    let mut looked = Instant::now();
    loop {
        let is_woken = match socket.recv(&mut buffer) {
            Ok(0) => true,
            Ok(length) => {
                notes.take(&buffer[..length])?;
                false
            }
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {
                true
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => false,
            Err(error) => return Err(error).context("failed to listen"),
        };
        if looked.elapsed() >= if is_woken { SHORTEST_LOOK } else { LOOK } {
            looked = Instant::now();
            if observer.is_over() {
                return Ok(Exit::Met);
            }
        }
    }
}

/// What is kept of what was heard.
struct Notes<'a> {
    directory: &'a Path,
    client_id: String,
    last: u64,
    /// So many more in the second that began then.
    allowed: u32,
    since: Instant,
}

impl Notes<'_> {
    fn of<'a>(directory: &'a Path, session: &str) -> Notes<'a> {
        Notes {
            directory,
            client_id: observed::client_id(session),
            last: observed::last(directory),
            allowed: MOST,
            since: Instant::now(),
        }
    }

    fn take(&mut self, datagram: &[u8]) -> anyhow::Result<()> {
        if self.since.elapsed() >= Duration::from_secs(1) {
            (self.since, self.allowed) = (Instant::now(), MOST);
        }
        let heard = observed::heard(datagram, &self.client_id, Timestamp::now());
        let Some(heard) = heard.filter(|_| self.allowed > 0) else {
            return Ok(());
        };
        self.allowed -= 1;
        self.last += 1;
        observed::append(self.directory, self.last, heard)
    }
}
