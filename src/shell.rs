//! One persistent bash per lab. Commands share its variables, functions, aliases, options and
//! directory as if pasted into one terminal; limits and interrupts end all that they started.
//!
//! Between breakfix and bash stands a [`supervisor`] process, so that nothing of a lab outlives
//! its run. `exit` ends a block, not the lab: bash saves its state on the way out, and the next
//! command finds it in a new bash. Secrets are hidden here, between the pipes and everything else:
//! what a sink is [`Output::Shown`] and what the log gets holds none. Steps, hooks' meaning and
//! verdicts are `run`'s business.
//!
//! Where a command can tell that it is not pasted into a terminal: `$_` is not carried over, `set -x`
//! shows one `+` more (for `eval`), a `DEBUG` trap also runs for our report, and after
//! `set -o posix` an EXIT trap of the author's replaces ours, so that `exit` loses the shell. When
//! `exit` is called inside a function, its locals come back as globals: bash cannot look past them.
//! A secret that two commands print in halves is not recognized, nor one in the output of the very
//! command that makes it.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::outcome::Stream;

mod capture;
mod channels;
mod descendants;
mod interrupt;
mod mask;
mod script;
mod secrets;
pub mod supervisor;

pub use capture::{Capture, KEPT_BYTES};
pub use interrupt::Interrupt;
pub use mask::{HIDDEN, Mask};
pub(crate) use script::quote;
pub use secrets::Secrets;

use channels::{Channels, Said};
use mask::MaskedStream;
use script::{Before, Begin, command, opening, quote_path, report_done};

/// The last line of a saved state that is whole.
const STATE_END: &[u8] = b"\n__breakfix_restored=1\n";
/// Bash names itself in its messages after its script; this gives `bash: x: command not found`,
/// what a participant sees.
const SCRIPT_NAME: &str = "bash";
/// The longest wait between two looks at the limit, which may count a clock that jumps.
const TICK: Duration = Duration::from_millis(100);
/// What bash gets to start in.
const START_LIMIT: Duration = Duration::from_secs(30);

/// What a shell needs to know.
#[derive(Debug, Clone)]
pub struct ShellConfig {
    /// The program to execute as supervisor: one whose `main` calls [`supervisor::main`] when its
    /// first argument is [`supervisor::ARGUMENT`], normally `std::env::current_exe()`.
    pub supervisor: PathBuf,
    /// Name or path of bash; a name is looked up on the `PATH` of `environment`.
    pub bash: OsString,
    /// Where the lab starts.
    pub directory: PathBuf,
    /// The whole environment of the lab; nothing is inherited beside it.
    pub environment: Vec<(OsString, OsString)>,
    /// What to hide beside the secrets of `environment`.
    pub secrets: Secrets,
    /// An existing private directory for this shell alone; its owner removes it.
    pub scratch: PathBuf,
    /// Where all output goes in full, appended.
    pub log: Option<PathBuf>,
    /// Time between SIGTERM and SIGKILL.
    pub grace: Duration,
    /// Bytes of output kept in memory per command.
    pub kept_bytes: usize,
    pub interrupt: Interrupt,
}

impl ShellConfig {
    /// A shell with the usual bash, grace (2 s) and memory, without a log.
    pub fn new(
        supervisor: PathBuf,
        directory: PathBuf,
        environment: Vec<(OsString, OsString)>,
        scratch: PathBuf,
        interrupt: Interrupt,
    ) -> ShellConfig {
        ShellConfig {
            supervisor,
            bash: "bash".into(),
            directory,
            environment,
            secrets: Secrets::default(),
            scratch,
            log: None,
            grace: Duration::from_secs(2),
            kept_bytes: KEPT_BYTES,
            interrupt,
        }
    }
}

/// Why no shell could be had. How commands end is never an error of this kind.
#[derive(Debug, thiserror::Error)]
pub enum ShellError {
    #[error("failed to start the shell's supervisor {}: {source}", program.display())]
    Supervisor {
        program: PathBuf,
        source: std::io::Error,
    },
    #[error("the shell's supervisor is gone")]
    SupervisorGone,
    #[error("failed to find {} on the PATH: install bash, or put it on the PATH", .0.display())]
    NoBash(OsString),
    #[error("failed to start bash: {0}")]
    Bash(String),
    #[error("failed to use {} as the lab's directory", .0.display())]
    Directory(PathBuf),
    #[error("failed to talk to the shell: {0}")]
    Io(#[from] std::io::Error),
}

/// What may end a command before it ends by itself.
#[derive(Clone, Copy)]
pub struct Bounds<'a> {
    /// Time left; zero ends the command. Asked often, since the clock behind it may jump.
    pub remaining: &'a dyn Fn() -> Duration,
    /// How many interrupts there may have been without stopping this command: cleaning up after
    /// the first one tolerates it.
    pub interrupts: usize,
}

/// A piece of output on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output<'a> {
    /// Without secrets: all that may leave the lab. What might be the beginning of one comes later.
    Shown(Stream, &'a [u8]),
    /// As it came, for what stays in the lab.
    Raw(&'a [u8]),
}

/// Receives output as it arrives.
pub type Sink<'a> = &'a mut dyn FnMut(Output<'_>);

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Status(i32),
    /// It ended bash (`exit`, errexit, `kill $$`); the state is kept for the next command.
    Exited(i32),
    /// It ended bash in a way that saved nothing (`exec`, `kill -9 $$`).
    Lost(i32),
    /// The time ran out, and every process was ended.
    Limit,
    /// An interrupt came, and every process was ended.
    Interrupted,
}

/// A command that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    pub ending: Ending,
    /// Real time.
    pub duration: Duration,
    /// A process that it started in the background.
    pub background: Option<Background>,
}

/// A process that goes on after its command; it ends with the lab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Background {
    pub pid: i32,
}

impl Background {
    /// The program's name while it still runs.
    pub fn running_name(&self) -> Option<String> {
        descendants::running_name(self.pid)
    }
}

/// A lab's bash. Dropping it ends every process of the lab.
#[derive(Debug)]
pub struct Shell {
    channels: Channels,
    interrupt: Interrupt,
    directory: PathBuf,
    scratch: PathBuf,
    log: Option<File>,
    secrets: Secrets,
    grace: Duration,
    /// Numbers the commands, so that a late answer is not taken for the next one's.
    sequence: u64,
    /// How many lines of script the running bash was given.
    script_lines: usize,
    running: bool,
    lost: bool,
    background: Option<i32>,
    before: Before,
    /// Bash has secret variables whose values it was not asked for.
    secrets_untold: bool,
}

impl Shell {
    /// Starts the supervisor and bash.
    pub fn start(config: &ShellConfig) -> Result<Shell, ShellError> {
        let directory = std::path::absolute(&config.directory)?;
        if !directory.is_dir() {
            return Err(ShellError::Directory(directory));
        }
        let scratch = std::path::absolute(&config.scratch)?;
        let bash = find_program(&config.bash, &config.environment)?;
        let script = scratch.join(SCRIPT_NAME);
        if script.symlink_metadata().is_err() {
            std::os::unix::fs::symlink(format!("/dev/fd/{}", supervisor::SCRIPT), &script)?;
        }
        for state in ["state", "state.last"] {
            // What another shell left there is none of this one's.
            let _ = fs::remove_file(scratch.join(state));
        }
        let mut secrets = config.secrets.clone();
        secrets.learn_environment(&config.environment);
        let config = ShellConfig {
            bash,
            scratch: scratch.clone(),
            ..config.clone()
        };
        let mut shell = Shell {
            channels: Channels::open(&config, OsStr::new(SCRIPT_NAME))?,
            interrupt: config.interrupt.clone(),
            directory,
            scratch,
            log: open_log(config.log.as_deref())?,
            secrets,
            grace: config.grace,
            sequence: 0,
            script_lines: 0,
            running: false,
            lost: false,
            background: None,
            before: Before::default(),
            secrets_untold: false,
        };
        shell.start_bash()?;
        Ok(shell)
    }

    /// Runs one command of any number of lines. Output goes to `sink` as it comes and to the log.
    ///
    /// `line` is the command's line in its page, which bash's messages then name, as long as the
    /// lines of a lab only grow.
    pub fn run(
        &mut self,
        text: &str,
        line: Option<usize>,
        bounds: Bounds<'_>,
        sink: Sink<'_>,
    ) -> Result<Finished, ShellError> {
        if self.lost {
            return Err(ShellError::Bash(
                "an earlier command replaced or killed it".to_owned(),
            ));
        }
        if !self.running {
            self.start_bash()?;
        }
        let started = Instant::now();
        let background_before = self.background;
        // Bash counts the lines of its script, this one too.
        let above = self.script_lines + 1 + self.before.lines_above();
        let padding = line.map_or(0, |line| line.saturating_sub(above));
        let report = self.next_report();
        self.send(&format!(
            "{}{}{report}",
            "\n".repeat(padding),
            command(text, &self.before),
        ));
        let ending = self.await_ending(bounds, sink)?;
        if let Ending::Status(code) | Ending::Exited(code) = ending {
            self.before.code = code;
        }
        self.ask_for_secrets()?;
        let background = self
            .background
            .filter(|pid| background_before != Some(*pid));
        Ok(Finished {
            ending,
            duration: started.elapsed(),
            background: background.map(|pid| Background { pid }),
        })
    }

    /// Runs a hook's script as a child of the lab's bash, which sees what the lab exported.
    /// `output` is what the step printed, for a hook that runs after it.
    pub fn run_hook(
        &mut self,
        script: &Path,
        argument: &str,
        output: Option<&HookInput>,
        bounds: Bounds<'_>,
        sink: Sink<'_>,
    ) -> Result<Finished, ShellError> {
        let code = self.before.code;
        let script = std::path::absolute(script)?;
        let mut text = format!(
            "__breakfix_hook {} {}",
            quote_path(&script),
            quote(argument)
        );
        if let Some(input) = output {
            text += &format!(
                " {} {}",
                quote_path(&input.file),
                quote_path(&input.variable)
            );
        }
        let finished = self.run(&text, None, bounds, sink);
        // The page's next command follows its last one, not our hook.
        self.before.code = code;
        finished
    }

    /// Whether a command replaced or killed bash, so that no further one can run.
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// Makes a lost shell usable again: with the state that was saved last, else as it began.
    pub fn revive(&mut self) {
        self.lost = false;
    }

    /// What is secret, as far as this shell knows.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Adds a line of ours to the log, secrets hidden.
    pub fn log_line(&mut self, line: &str) {
        let line = self.secrets.mask().text(line);
        write_log(&mut self.log, format!("{line}\n").as_bytes());
    }

    /// Writes the log to another file from now on.
    pub fn log_to(&mut self, path: Option<&Path>) -> Result<(), ShellError> {
        self.log = open_log(path)?;
        Ok(())
    }

    /// Ends the lab: bash leaves by its own EXIT trap, everything else by SIGTERM, then SIGKILL.
    /// Returns how many processes could not be ended.
    pub fn finish(mut self) -> Result<usize, ShellError> {
        if self.running {
            let deadline = Instant::now() + self.grace;
            let remaining = || deadline.saturating_duration_since(Instant::now());
            let bounds = Bounds {
                remaining: &remaining,
                interrupts: 1,
            };
            self.run("\\builtin exit", None, bounds, &mut |_| {})?;
        }
        self.end_all(&mut |_, _| {})
    }

    fn start_bash(&mut self) -> Result<(), ShellError> {
        let (state, last) = (self.scratch.join("state"), self.scratch.join("state.last"));
        if is_whole_state(&state) {
            fs::rename(&state, &last)?;
        }
        let restored = last.exists();
        self.channels.forget_unsent();
        self.channels.request(if restored {
            "start restored"
        } else {
            "start new"
        });
        self.script_lines = 0;
        self.secrets_untold = false;
        let report = self.next_report();
        let begin = if restored {
            Begin::Restored(&last)
        } else {
            Begin::In(&self.directory)
        };
        let script = opening(&begin, &state, &report);
        self.send(&script);
        self.running = true;
        let mut messages = Capture::new(8 * 1024);
        let deadline = Instant::now() + START_LIMIT;
        let remaining = || deadline.saturating_duration_since(Instant::now());
        let bounds = Bounds {
            remaining: &remaining,
            interrupts: 1,
        };
        let mut sink = |output: Output<'_>| {
            if let Output::Shown(stream, bytes) = output {
                messages.push(stream, bytes);
            }
        };
        match self.await_ending(bounds, &mut sink)? {
            Ending::Status(0) => self.ask_for_secrets(),
            ending => Err(ShellError::Bash(format!(
                "{ending:?} {}",
                messages.text().trim()
            ))),
        }
    }

    /// The text that has bash say how the next command ended.
    fn next_report(&mut self) -> String {
        self.sequence += 1;
        report_done(self.sequence, self.secrets.names())
    }

    /// Variables whose names are new were not in the last report.
    fn ask_for_secrets(&mut self) -> Result<(), ShellError> {
        if !(self.secrets_untold && self.running) {
            return Ok(());
        }
        self.secrets_untold = false;
        let report = self.next_report();
        self.send(&report);
        let deadline = Instant::now() + START_LIMIT;
        let remaining = || deadline.saturating_duration_since(Instant::now());
        let bounds = Bounds {
            remaining: &remaining,
            interrupts: 1,
        };
        self.await_ending(bounds, &mut |_| {}).map(drop)
    }

    fn send(&mut self, script: &str) {
        self.script_lines += script.matches('\n').count();
        self.channels.send(script);
    }

    fn await_ending(&mut self, bounds: Bounds<'_>, sink: Sink<'_>) -> Result<Ending, ShellError> {
        let mut log = self.log.take();
        let mask = self.secrets.mask().clone();
        let mut masking = [MaskedStream::default(), MaskedStream::default()];
        let mut shown = Vec::new();
        let mut show = |stream: Stream, shown: &mut Vec<u8>, sink: Sink<'_>| {
            if !shown.is_empty() {
                write_log(&mut log, shown);
                sink(Output::Shown(stream, shown));
                shown.clear();
            }
        };
        let ending = self.listen(bounds, &mut |stream, bytes| {
            sink(Output::Raw(bytes));
            masking[stream as usize].push(&mask, bytes, &mut shown);
            show(stream, &mut shown, sink);
        });
        for stream in [Stream::Stdout, Stream::Stderr] {
            masking[stream as usize].finish(&mask, &mut shown);
            show(stream, &mut shown, sink);
        }
        self.log = log;
        ending
    }

    fn listen(
        &mut self,
        bounds: Bounds<'_>,
        sink: channels::Sink<'_>,
    ) -> Result<Ending, ShellError> {
        loop {
            let stopped = if self.interrupt.count() > bounds.interrupts {
                Some(Ending::Interrupted)
            } else {
                (bounds.remaining)().is_zero().then_some(Ending::Limit)
            };
            if let Some(ending) = stopped {
                self.end_all(sink)?;
                return Ok(ending);
            }
            self.suspend_if_asked();
            let timeout = (bounds.remaining)().min(TICK);
            let mut ending = None;
            for said in self.channels.turn(timeout, &self.interrupt, sink)? {
                // All of it counts: bash may end right after its command did.
                let new = self.hear(said)?;
                ending = ending.or(new);
            }
            if let Some(ending) = ending {
                return Ok(ending);
            }
        }
    }

    /// Ctrl-Z: the lab stops and goes on with us.
    fn suspend_if_asked(&mut self) {
        if self.interrupt.take_suspension() {
            self.channels.request("stop");
            self.interrupt.stop_this_process();
            self.channels.request("continue");
        }
    }

    fn hear(&mut self, said: Said) -> Result<Option<Ending>, ShellError> {
        match said {
            Said::Done {
                sequence,
                code,
                background,
                options,
            } if sequence == self.sequence => {
                self.background = background;
                self.before.traced = options.contains('x');
                self.before.errexit = options.contains('e');
                Ok(Some(Ending::Status(code)))
            }
            Said::Names(names) => {
                self.secrets_untold |= self.secrets.learn_names(names.iter().map(String::as_str));
                Ok(None)
            }
            Said::Secret(value) => {
                self.secrets.learn_values([value.as_slice()]);
                Ok(None)
            }
            Said::Exited { code } => {
                self.running = false;
                self.background = None;
                self.channels.forget_unsent();
                self.lost = !is_whole_state(&self.scratch.join("state"));
                Ok(Some(if self.lost {
                    Ending::Lost(code)
                } else {
                    Ending::Exited(code)
                }))
            }
            Said::Failed { reason } => Err(ShellError::Bash(reason)),
            Said::Hangup => Err(ShellError::SupervisorGone),
            Said::Done { .. } | Said::Ended { .. } => Ok(None),
        }
    }

    /// Ends every process, bash too, and keeps what they still print. The second interrupt takes
    /// the grace away.
    fn end_all(&mut self, sink: channels::Sink<'_>) -> Result<usize, ShellError> {
        self.channels
            .request(&format!("end {}", self.grace.as_millis()));
        let mut killed = false;
        loop {
            if !killed && self.interrupt.count() > 1 {
                self.channels.request("kill");
                killed = true;
            }
            for said in self.channels.turn(TICK, &self.interrupt, sink)? {
                if let Said::Ended { left } = said {
                    // It was ended on purpose: a state that was not saved is just an older one.
                    (self.running, self.lost, self.background) = (false, false, None);
                    return Ok(left);
                }
                self.hear(said)?;
            }
        }
    }
}

/// A step's output as its hook finds it.
#[derive(Debug, Clone)]
pub struct HookInput {
    /// All of it (`TEST_OUTPUT_FILE`).
    pub file: PathBuf,
    /// A file with what fits into a variable (`TEST_OUTPUT`).
    pub variable: PathBuf,
}

fn find_program(
    name: &OsStr,
    environment: &[(OsString, OsString)],
) -> Result<OsString, ShellError> {
    if name.as_bytes().contains(&b'/') {
        return Ok(name.to_owned());
    }
    let path = environment
        .iter()
        .find(|(key, _)| key == "PATH")
        .map(|(_, value)| value.as_os_str());
    std::env::split_paths(path.unwrap_or(OsStr::new("/usr/bin:/bin")))
        .map(|directory| directory.join(name))
        .find(|candidate| candidate.is_file())
        .map(PathBuf::into_os_string)
        .ok_or_else(|| ShellError::NoBash(name.to_owned()))
}

/// Whether bash got to the end of saving.
fn is_whole_state(path: &Path) -> bool {
    fs::read(path).is_ok_and(|state| state.ends_with(STATE_END))
}

fn open_log(path: Option<&Path>) -> std::io::Result<Option<File>> {
    path.map(|path| OpenOptions::new().append(true).create(true).open(path))
        .transpose()
}

fn write_log(log: &mut Option<File>, bytes: &[u8]) {
    if let Some(Err(error)) = log.as_mut().map(|file| file.write_all(bytes)) {
        tracing::warn!("failed to write the run's log, which ends here: {error}");
        *log = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bash_is_looked_up_on_the_labs_own_path() {
        let environment = vec![("PATH".into(), "/nowhere".into())];
        assert!(matches!(
            find_program(OsStr::new("bash"), &environment),
            Err(ShellError::NoBash(_))
        ));
        assert!(
            find_program(OsStr::new("/opt/bash"), &environment)
                .is_ok_and(|path| path == "/opt/bash")
        );
    }
}
