//! The process between breakfix and bash: breakfix itself, executed once more. It starts bash,
//! adopts its orphans, and ends every one of them on request, and when breakfix is gone, however
//! it went. It knows nothing of steps and reads nothing of what the lab prints.
//!
//! Requests come as lines on stdin: `start new`, `start restored`, `stop`, `continue`,
//! `end GRACE_MILLISECONDS`, `kill`; its end means that breakfix is gone. Reports leave as lines on stdout: `exited CODE`, `failed REASON`, `ended LEFT`.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, setsid, wait};

use super::descendants::{adopt_orphans, descendants};

/// The first argument that makes the program this supervisor instead of its command line.
pub const ARGUMENT: &str = "--supervise-shell";

/// Descriptors under which the supervisor finds the ends that it hands to bash: high, so that an
/// author's `exec 9>file` takes none of them.
pub(super) const STDOUT: i32 = 196;
pub(super) const STDERR: i32 = 197;
pub(super) const SCRIPT: i32 = 198;
pub(super) const CONTROL: i32 = 199;

/// After this long of SIGKILL whatever is left cannot be ended (a process stuck in the kernel).
const KILL_LIMIT: Duration = Duration::from_secs(5);
/// How long after one round of SIGKILL the next looks for processes born meanwhile.
const KILL_ROUND: Duration = Duration::from_millis(20);
/// What a lab gets to end in when breakfix is gone.
const ORPHANED_GRACE: Duration = Duration::from_secs(2);

/// Runs the supervisor; `arguments` are those after [`ARGUMENT`]: the bash to run and its script.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match Supervisor::new(arguments) {
        Ok(mut supervisor) => {
            supervisor.serve();
            ExitCode::SUCCESS
        }
        Err(error) => {
            report(&format!("failed to supervise the shell: {error}"));
            ExitCode::FAILURE
        }
    }
}

enum Message {
    Start {
        restored: bool,
    },
    End {
        grace: Duration,
    },
    Kill,
    /// Stop every process, or let them continue.
    Send(Signal),
    BreakfixGone,
    Exited {
        pid: Pid,
        code: i32,
    },
    /// No child is left, which means no descendant: orphans become children.
    Childless,
}

struct Supervisor {
    bash: OsString,
    script: OsString,
    stdout: File,
    stderr: File,
    messages: Receiver<Message>,
    /// Tells the reaper that there is a child to wait for.
    born: Sender<()>,
    /// The running bash, which leads its own process group.
    running: Option<Pid>,
    childless: bool,
    breakfix_gone: bool,
}

impl Supervisor {
    fn new(arguments: impl IntoIterator<Item = OsString>) -> std::io::Result<Supervisor> {
        let mut arguments = arguments.into_iter();
        let mut next = || {
            arguments
                .next()
                .ok_or_else(|| std::io::Error::other("an argument is missing"))
        };
        let (bash, script) = (next()?, next()?);
        // A session of its own: the terminal's Ctrl-C reaches breakfix alone, and nothing in a lab
        // can stop on, or ask questions at, breakfix's terminal.
        setsid()?;
        adopt_orphans()?;
        let (sender, messages) = channel();
        let (born, births) = channel();
        let requests = sender.clone();
        std::thread::spawn(move || read_requests(&requests));
        std::thread::spawn(move || reap(&births, &sender));
        Ok(Supervisor {
            bash,
            script,
            stdout: open_for_bash(STDOUT)?,
            stderr: open_for_bash(STDERR)?,
            messages,
            born,
            running: None,
            childless: true,
            breakfix_gone: false,
        })
    }

    fn serve(&mut self) {
        while !self.breakfix_gone {
            match self.messages.recv() {
                Ok(Message::Start { restored }) => self.start(restored),
                Ok(Message::End { grace }) => report(&format!("ended {}", self.end(grace))),
                Ok(Message::Kill) => report(&format!("ended {}", self.end(Duration::ZERO))),
                Ok(Message::Send(signal)) => self.signal_all(signal),
                Ok(other) => self.note(&other),
                Err(_) => self.breakfix_gone = true,
            }
        }
        self.end(ORPHANED_GRACE);
    }

    fn note(&mut self, message: &Message) {
        match *message {
            Message::Exited { pid, code } if self.running == Some(pid) => {
                self.running = None;
                report(&format!("exited {code}"));
            }
            // Said before the latest bash started, it is about the time before.
            Message::Childless => self.childless = self.running.is_none(),
            Message::BreakfixGone => self.breakfix_gone = true,
            Message::Start { .. }
            | Message::End { .. }
            | Message::Kill
            | Message::Send(_)
            | Message::Exited { .. } => {}
        }
    }

    fn start(&mut self, restored: bool) {
        match self.spawn(restored) {
            Ok(pid) => {
                self.running = Some(pid);
                self.childless = false;
                let _ = self.born.send(());
            }
            Err(error) => report(&format!("failed to start {}: {error}", self.bash.display())),
        }
    }

    /// Nobody waits for the child here: the reaper thread waits for every child.
    fn spawn(&self, restored: bool) -> std::io::Result<Pid> {
        let mut command = Command::new(&self.bash);
        command
            .args(["--norc", "--noprofile"])
            .arg(&self.script)
            .stdin(Stdio::null())
            .stdout(self.stdout.try_clone()?)
            .stderr(self.stderr.try_clone()?)
            .process_group(0);
        if restored {
            // The saved state brings its variables; what the lab unset must not come back.
            command
                .env_clear()
                .envs(std::env::vars_os().filter(|(name, _)| !bash_imports(name)));
        }
        let child = command.spawn()?;
        i32::try_from(child.id())
            .ok()
            .and_then(Pid::from_raw)
            .ok_or_else(|| std::io::Error::other("the process has no usable number"))
    }

    /// TERM, grace, KILL, to the group and to every descendant that left it. Returns how many are
    /// left all the same.
    fn end(&mut self, grace: Duration) -> usize {
        if !self.childless && !grace.is_zero() {
            self.signal_all(Signal::TERM);
            // A stopped process handles its SIGTERM only once it goes on.
            self.signal_all(Signal::CONT);
        }
        let mut deadline = Instant::now() + grace;
        let mut last = deadline + KILL_LIMIT;
        while !self.childless && Instant::now() < last {
            match self
                .messages
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(Message::Kill) => {
                    deadline = Instant::now();
                    last = deadline + KILL_LIMIT;
                }
                Ok(other) => self.note(&other),
                Err(RecvTimeoutError::Timeout) => {
                    self.signal_all(Signal::KILL);
                    deadline = Instant::now() + KILL_ROUND;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if self.childless {
            0
        } else {
            descendants().len()
        }
    }

    fn signal_all(&self, signal: Signal) {
        if let Some(group) = self.running {
            let _ = kill_process_group(group, signal);
        }
        let group = self.running.map_or(0, |pid| pid.as_raw_nonzero().get());
        for process in descendants()
            .into_iter()
            .filter(|process| process.group != group)
        {
            let _ = kill_process(process.pid, signal);
        }
    }
}

/// Whether bash turns this environment entry into a variable or function of its own, which the
/// saved state then holds. Others (`a.b=1`) it only passes on.
fn bash_imports(name: &OsStr) -> bool {
    let name = name.as_bytes();
    let identifier = name
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        && !name.first().is_none_or(u8::is_ascii_digit);
    identifier || name.starts_with(b"BASH_FUNC_")
}

/// The inherited descriptor as a file of our own, which does not pass on to children by itself.
fn open_for_bash(descriptor: i32) -> std::io::Result<File> {
    OpenOptions::new()
        .write(true)
        .open(format!("/dev/fd/{descriptor}"))
}

fn read_requests(messages: &Sender<Message>) {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let message = match line.split_once(' ').unwrap_or((&line, "")) {
            ("start", how) => Message::Start {
                restored: how == "restored",
            },
            ("stop", _) => Message::Send(Signal::STOP),
            ("continue", _) => Message::Send(Signal::CONT),
            ("end", grace) => Message::End {
                grace: Duration::from_millis(grace.parse().unwrap_or(0)),
            },
            _ => Message::Kill,
        };
        if messages.send(message).is_err() {
            return;
        }
    }
    let _ = messages.send(Message::BreakfixGone);
}

/// Waits for every child there is, adopted ones too, so that none stays a zombie.
fn reap(births: &Receiver<()>, messages: &Sender<Message>) {
    while births.recv().is_ok() {
        loop {
            let message = match wait(WaitOptions::empty()) {
                Ok(Some((pid, status))) => {
                    let signalled = || status.terminating_signal().map(|signal| 128 + signal);
                    let code = status.exit_status().or_else(signalled).unwrap_or(-1);
                    Message::Exited { pid, code }
                }
                Ok(None) | Err(rustix::io::Errno::INTR) => continue,
                Err(_) => Message::Childless,
            };
            let childless = matches!(message, Message::Childless);
            if messages.send(message).is_err() {
                return;
            }
            if childless {
                break;
            }
        }
    }
}

/// A report that cannot be written has no reader; then stdin ends too, and that decides.
fn report(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_of_a_restored_bash_is_what_bash_cannot_hold() {
        for imported in ["PATH", "_x", "BASH_FUNC_prepare-environment%%"] {
            assert!(bash_imports(OsStr::new(imported)), "{imported}");
        }
        for passed_on in ["a.b", "1st", ""] {
            assert!(!bash_imports(OsStr::new(passed_on)), "{passed_on}");
        }
    }
}
