//! The pipes between breakfix, its supervisor and bash, and the one place that waits on them.
//!
//! What bash should do goes in as a script on a private descriptor; what became of it comes back
//! as records on another, each between two NULs: no value of a variable can hold one. The commands' own stdin, stdout and stderr carry nothing of ours.

use std::ffi::OsStr;
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::AsFd;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio, ioctl_fionread};

use crate::outcome::Stream;
use crate::shell::supervisor;
use crate::shell::{Interrupt, ShellConfig, ShellError};

/// Receives output as it arrives.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(Stream, &[u8]);

/// Something that bash or the supervisor said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// The command numbered `sequence` ended; `background` is bash's `$!` after it.
    Done {
        sequence: u64,
        code: i32,
        background: Option<i32>,
        /// Its `$-` then.
        options: String,
    },
    /// Names of variables that are set: at least those that may be secret by their name.
    Names(Vec<String>),
    /// The value of a variable that was asked for.
    Secret(Vec<u8>),
    /// Bash itself ended.
    Exited {
        code: i32,
    },
    /// All processes were ended; `left` of them could not be.
    Ended {
        left: usize,
    },
    Failed {
        reason: String,
    },
    /// The supervisor is gone.
    Hangup,
}

/// The ends that breakfix holds.
#[derive(Debug)]
pub(crate) struct Channels {
    supervisor: Child,
    requests: Option<ChildStdin>,
    reports: Records<ChildStdout>,
    control: Records<PipeReader>,
    script: PipeWriter,
    /// Script text that the pipe had no room for yet.
    unsent: Vec<u8>,
    stdout: PipeReader,
    stderr: PipeReader,
    buffer: Vec<u8>,
}

impl Channels {
    /// Starts the supervisor, which starts no bash yet.
    pub(crate) fn open(config: &ShellConfig, script_name: &OsStr) -> Result<Channels, ShellError> {
        Channels::try_open(config, script_name).map_err(|source| ShellError::Supervisor {
            program: config.supervisor.clone(),
            source,
        })
    }

    fn try_open(config: &ShellConfig, script_name: &OsStr) -> std::io::Result<Channels> {
        let (script_read, script) = pipe()?;
        let (control, control_write) = pipe()?;
        let (stdout, stdout_write) = pipe()?;
        let (stderr, stderr_write) = pipe()?;
        ioctl_fionbio(&script, true)?;
        for end in [&control, &stdout, &stderr] {
            ioctl_fionbio(end, true)?;
        }
        let mut command = Command::new(&config.supervisor);
        command
            .arg(supervisor::ARGUMENT)
            .arg(&config.bash)
            .arg(script_name)
            .current_dir(&config.scratch)
            .env_clear()
            .envs(config.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .fd_mappings(vec![
                FdMapping {
                    parent_fd: stdout_write.into(),
                    child_fd: supervisor::STDOUT,
                },
                FdMapping {
                    parent_fd: stderr_write.into(),
                    child_fd: supervisor::STDERR,
                },
                FdMapping {
                    parent_fd: script_read.into(),
                    child_fd: supervisor::SCRIPT,
                },
                FdMapping {
                    parent_fd: control_write.into(),
                    child_fd: supervisor::CONTROL,
                },
            ])
            .map_err(std::io::Error::other)?;
        let mut supervisor = command.spawn()?;
        let (requests, reports) = (supervisor.stdin.take(), supervisor.stdout.take());
        let reports = reports.ok_or_else(|| std::io::Error::other("it has no stdout"))?;
        ioctl_fionbio(&reports, true)?;
        Ok(Channels {
            supervisor,
            requests,
            reports: Records::new(reports, b'\n'),
            control: Records::new(control, 0),
            script,
            unsent: Vec::new(),
            stdout,
            stderr,
            buffer: vec![0; 64 * 1024],
        })
    }

    /// Asks the supervisor for something (see its module text).
    pub(crate) fn request(&mut self, line: &str) {
        if let Some(requests) = &mut self.requests {
            // If it is gone, its reports end, and the next turn says so.
            let _ = requests.write_all(format!("{line}\n").as_bytes());
        }
    }

    /// Gives bash more script to run.
    pub(crate) fn send(&mut self, script: &str) {
        self.unsent.extend_from_slice(script.as_bytes());
        self.push_script();
    }

    /// Forgets script text that no bash has read.
    pub(crate) fn forget_unsent(&mut self) {
        self.unsent.clear();
    }

    /// Waits until something happens, at most `timeout`, and returns what was said. Output goes to
    /// `sink`; an interrupt ends the wait.
    pub(crate) fn turn(
        &mut self,
        timeout: Duration,
        interrupt: &Interrupt,
        sink: Sink<'_>,
    ) -> std::io::Result<Vec<Said>> {
        self.wait(timeout, interrupt)?;
        // Control before output: what was written before the command ended is then surely there.
        let mut said: Vec<Said> = self
            .control
            .read()?
            .iter()
            .filter_map(|record| parse_control(record))
            .collect();
        let reports = self.reports.read()?;
        said.extend(
            reports
                .iter()
                .map(|line| parse_report(&String::from_utf8_lossy(line))),
        );
        if self.reports.ended {
            said.push(Said::Hangup);
        }
        if said.iter().any(|said| matches!(said, Said::Exited { .. })) {
            // Bash said this before it ended, but maybe after the first look.
            let late = self.control.read()?;
            said.splice(0..0, late.iter().filter_map(|record| parse_control(record)));
        }
        self.drain(sink)?;
        self.push_script();
        Ok(said)
    }

    /// Closes everything and waits for the supervisor, which ends all processes by itself.
    pub(crate) fn close(&mut self) {
        self.requests = None;
        let _ = self.supervisor.wait();
    }

    fn wait(&self, timeout: Duration, interrupt: &Interrupt) -> std::io::Result<()> {
        let timeout = Timespec::try_from(timeout).unwrap_or_default();
        let mut waited = vec![
            PollFd::new(&self.control.source, PollFlags::IN),
            PollFd::new(&self.reports.source, PollFlags::IN),
            PollFd::new(&self.stdout, PollFlags::IN),
            PollFd::new(&self.stderr, PollFlags::IN),
            PollFd::new(interrupt, PollFlags::IN),
        ];
        if !self.unsent.is_empty() {
            waited.push(PollFd::new(&self.script, PollFlags::OUT));
        }
        match poll(&mut waited, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if waited[4].revents().contains(PollFlags::IN) {
            interrupt.settle();
        }
        Ok(())
    }

    /// Reads what is in the output pipes at this moment and no more: a background child that never
    /// stops writing must not keep a finished command from ending.
    fn drain(&mut self, sink: Sink<'_>) -> std::io::Result<()> {
        for (stream, pipe) in [
            (Stream::Stdout, &mut self.stdout),
            (Stream::Stderr, &mut self.stderr),
        ] {
            let mut waiting = usize::try_from(ioctl_fionread(pipe.as_fd())?).unwrap_or(usize::MAX);
            while waiting > 0 {
                let room = waiting.min(self.buffer.len());
                match pipe.read(&mut self.buffer[..room]) {
                    Ok(0) => break,
                    Ok(read) => {
                        sink(stream, &self.buffer[..read]);
                        waiting -= read;
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    fn push_script(&mut self) {
        while !self.unsent.is_empty() {
            match self.script.write(&self.unsent) {
                Ok(written) => drop(self.unsent.drain(..written)),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                // No room now, or no reader any more: the supervisor's report says which.
                Err(_) => return,
            }
        }
    }
}

impl Drop for Channels {
    fn drop(&mut self) {
        self.close();
    }
}

/// Reads whole records from a descriptor that does not block.
#[derive(Debug)]
struct Records<R> {
    source: R,
    end: u8,
    partial: Vec<u8>,
    ended: bool,
}

impl<R: Read> Records<R> {
    /// Records end with this byte.
    fn new(source: R, end: u8) -> Records<R> {
        Records {
            source,
            end,
            partial: Vec::new(),
            ended: false,
        }
    }

    /// The records that are complete by now, without the empty ones.
    fn read(&mut self) -> std::io::Result<Vec<Vec<u8>>> {
        let mut buffer = [0; 16 * 1024];
        let mut whole = None;
        loop {
            match self.source.read(&mut buffer) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(read) => {
                    let last = buffer[..read].iter().rposition(|byte| *byte == self.end);
                    whole = last.map(|last| self.partial.len() + last).or(whole);
                    self.partial.extend_from_slice(&buffer[..read]);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        let Some(whole) = whole else {
            return Ok(Vec::new());
        };
        let records: Vec<u8> = self.partial.drain(..=whole).collect();
        Ok(records
            .split(|byte| *byte == self.end)
            .filter(|record| !record.is_empty())
            .map(<[u8]>::to_vec)
            .collect())
    }
}

/// `done SEQUENCE CODE BACKGROUND|- OPTIONS`, `secret VALUE`, or names, one a line; anything else on
/// this descriptor is not ours.
fn parse_control(record: &[u8]) -> Option<Said> {
    if let Some(value) = record.strip_prefix(b"secret ") {
        return Some(Said::Secret(value.to_vec()));
    }
    let text = std::str::from_utf8(record).ok()?;
    let Some(text) = text.strip_prefix("done ") else {
        return Some(Said::Names(text.lines().map(str::to_owned).collect()));
    };
    let mut words = text.split(' ');
    let (sequence, code) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(Said::Done {
        sequence,
        code,
        background: words.next()?.parse().ok(),
        options: words.next()?.to_owned(),
    })
}

fn parse_report(line: &str) -> Said {
    let (what, rest) = line.split_once(' ').unwrap_or((line, ""));
    match (what, rest.parse()) {
        ("exited", Ok(code)) => Said::Exited { code },
        ("ended", Ok(left)) => Said::Ended {
            left: usize::try_from(left).unwrap_or_default(),
        },
        _ => Said::Failed {
            reason: line.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bash_says_how_a_command_ended() {
        let done = |sequence, code, background, options: &str| {
            Some(Said::Done {
                sequence,
                code,
                background,
                options: options.to_owned(),
            })
        };
        assert_eq!(parse_control(b"done 7 127 - hB"), done(7, 127, None, "hB"));
        assert_eq!(
            parse_control(b"done 7 0 4711 hxB"),
            done(7, 0, Some(4711), "hxB")
        );
    }

    #[test]
    fn bash_says_what_variables_there_are_and_what_is_in_some() {
        let names = vec!["A".to_owned(), "B_TOKEN".to_owned()];
        assert_eq!(parse_control(b"A\nB_TOKEN\n"), Some(Said::Names(names)));
        let value = b"one\ndone 1 2 - x\xff".to_vec();
        let record = [b"secret ".to_vec(), value.clone()].concat();
        assert_eq!(parse_control(&record), Some(Said::Secret(value)));
    }

    #[test]
    fn a_stray_record_on_the_control_descriptor_means_nothing() {
        for record in ["done x 0", "done 1 2", "done "] {
            assert_eq!(parse_control(record.as_bytes()), None, "{record:?}");
        }
    }

    #[test]
    fn the_supervisor_reports_ends_and_failures() {
        assert_eq!(parse_report("exited 143"), Said::Exited { code: 143 });
        assert_eq!(parse_report("ended 0"), Said::Ended { left: 0 });
        let reason = "failed to start bash: no such file".to_owned();
        assert_eq!(parse_report(&reason), Said::Failed { reason });
    }

    #[test]
    fn records_wait_for_their_end() {
        let mut records = Records::new(std::io::Cursor::new(b"\0one\0\0two\0thr".to_vec()), 0);
        assert_eq!(records.read().unwrap(), [b"one", b"two"]);
        assert_eq!(records.partial, b"thr");
    }
}
