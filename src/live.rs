//! Draws events as they come, on stderr: one moving line on a terminal, plain lines elsewhere.
//! What a finished run has to say is `report`'s business.

use std::io::{IsTerminal, Write, stderr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::outcome::{Event, StepOutcome, StepResult};

/// Between two drawings of a moving line.
const TICK: Duration = Duration::from_millis(100);

/// Follows one run. Dropping it clears the moving line.
#[derive(Debug)]
pub struct Live {
    /// The moving line; `None` where stderr is no terminal.
    line: Option<ProgressBar>,
    /// Shows the commands' output as it arrives.
    verbose: bool,
    running: Running,
    /// Output without its newline yet: the moving line would be drawn over it.
    unfinished: Vec<u8>,
    /// The moving line counts the time of a hook or a wait, not of the block.
    pausing: bool,
    /// The moving line is empty.
    is_resting: bool,
    /// Stands before each line, where several labs write.
    label: Option<String>,
}

/// Follows labs that run at the same time: a moving line each, and one for all of them.
#[derive(Debug)]
pub struct LiveMany {
    verbose: bool,
    lines: Option<(MultiProgress, ProgressBar)>,
    failed: AtomicUsize,
}

impl LiveMany {
    /// Draws on this process's stderr, if it is a terminal and nobody wants plain lines.
    pub fn on_stderr(labs: usize, verbose: bool, plain: bool) -> LiveMany {
        let draws = stderr().is_terminal() && !plain;
        LiveMany {
            verbose,
            lines: draws.then(|| {
                let all = MultiProgress::new();
                let total = all.add(ProgressBar::new(labs as u64).with_style(total_line()));
                total.set_message("0");
                total.enable_steady_tick(Duration::from_millis(200));
                (all, total)
            }),
            failed: AtomicUsize::new(0),
        }
    }

    /// A line for one lab; it goes when this is dropped.
    pub fn lab(&self, name: &str) -> Live {
        let line = self
            .lines
            .as_ref()
            .map(|(all, total)| all.insert_before(total, moving_line()));
        let mut live = Live::with(line, self.verbose);
        live.label = Some(one_line(name));
        live
    }

    /// One more lab is over.
    pub fn finished(&self, failed: bool) {
        if let Some((_, total)) = &self.lines {
            let before = self
                .failed
                .fetch_add(usize::from(failed), Ordering::Relaxed);
            total.set_message((before + usize::from(failed)).to_string());
            total.inc(1);
        }
    }
}

impl Drop for LiveMany {
    fn drop(&mut self) {
        if let Some((_, total)) = &self.lines {
            total.finish_and_clear();
        }
    }
}

fn total_line() -> ProgressStyle {
    ProgressStyle::with_template("{elapsed} {wide_bar} {pos} of {len} labs, failed: {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// What the moving line is about.
#[derive(Debug, Default)]
struct Running {
    number: usize,
    of: usize,
    title: String,
    limit: Duration,
}

impl Live {
    /// Draws on this process's stderr.
    pub fn on_stderr(verbose: bool) -> Live {
        Live::with(stderr().is_terminal().then(moving_line), verbose)
    }

    /// Says it on this process's stderr, a line each: nothing is drawn over.
    pub fn lines_on_stderr() -> Live {
        Live::lines_on_stderr_with(false)
    }

    /// Like [`Live::lines_on_stderr`], with the commands' output where that is asked for.
    pub fn lines_on_stderr_with(verbose: bool) -> Live {
        Live::with(None, verbose)
    }

    /// Draws nothing.
    pub fn silent() -> Live {
        Live::with(Some(ProgressBar::hidden()), false)
    }

    fn with(line: Option<ProgressBar>, verbose: bool) -> Live {
        Live {
            line,
            verbose,
            running: Running::default(),
            unfinished: Vec::new(),
            pausing: false,
            is_resting: false,
            label: None,
        }
    }

    /// Shows one event.
    pub fn show(&mut self, event: &Event) {
        if let Event::LabStarted { steps, .. } = event {
            self.running = Running {
                of: *steps,
                ..Running::default()
            };
        }
        if let Event::StepStarted {
            number,
            of,
            title,
            limit,
        } = event
        {
            self.running = Running {
                number: *number,
                of: *of,
                title: title.clone(),
                limit: *limit,
            };
        }
        match event {
            Event::Output { bytes, .. } if self.verbose => self.write_output(bytes),
            Event::Output { .. } => {}
            _ if self.line.is_some() => {
                self.finish_output();
                self.move_line(event);
            }
            _ => {
                if let Some(text) = plain_line(event, &self.running) {
                    self.finish_output();
                    let text = match (&self.label, event) {
                        // It begins with the lab's name already.
                        (Some(_), Event::LabStarted { .. }) | (None, _) => text,
                        (Some(label), _) => format!("{label}: {text}"),
                    };
                    self.write(format!("{text}\n").as_bytes());
                }
            }
        }
    }

    fn write_output(&mut self, bytes: &[u8]) {
        if self.line.is_none() && self.label.is_none() {
            return self.write(bytes);
        }
        let whole = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        if whole > 0 {
            let mut lines = std::mem::take(&mut self.unfinished);
            lines.extend_from_slice(&bytes[..whole]);
            self.write_lines(&lines);
        }
        self.unfinished.extend_from_slice(&bytes[whole..]);
    }

    fn finish_output(&mut self) {
        if !self.unfinished.is_empty() {
            let mut line = std::mem::take(&mut self.unfinished);
            line.push(b'\n');
            self.write_lines(&line);
        }
    }

    /// Whole lines of output, each after the lab's name where there are several.
    fn write_lines(&self, lines: &[u8]) {
        let Some(label) = &self.label else {
            return self.write(lines);
        };
        let mut labelled = Vec::with_capacity(lines.len());
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            labelled.extend_from_slice(label.as_bytes());
            labelled.extend_from_slice(b": ");
            labelled.extend_from_slice(line);
        }
        self.write(&labelled);
    }

    fn move_line(&mut self, event: &Event) {
        let Some(line) = &self.line else { return };
        if std::mem::take(&mut self.is_resting) {
            line.set_style(moving_style());
            line.enable_steady_tick(TICK);
        }
        let (message, limit) = match event {
            Event::Stage { text } => (one_line(text), None),
            Event::LabStarted { lab, .. } => (one_line(lab), None),
            Event::StepStarted { limit, .. } => (self.text(""), Some(*limit)),
            Event::CommandStarted { text, .. } => {
                (self.text(&format!("$ {text}")), Some(self.running.limit))
            }
            Event::Pausing { what, limit } => (self.text(what), Some(*limit)),
            Event::StepFinished { .. } | Event::LabFinished { .. } | Event::Output { .. } => return,
        };
        line.set_prefix(limit.map_or_else(String::new, |limit| format!("/{}s", limit.as_secs())));
        line.set_message(message);
        // All commands of a block share its limit, so only the first starts the count.
        let pausing = matches!(event, Event::Pausing { .. });
        if pausing || self.pausing || !matches!(event, Event::CommandStarted { .. }) {
            line.reset_elapsed();
        }
        self.pausing = pausing;
    }

    fn text(&self, doing: &str) -> String {
        match &self.label {
            Some(label) => format!("{label}  {}", self.running.text(doing)),
            None => self.running.text(doing),
        }
    }

    /// Writes past the moving line. A closed stderr is nothing to stop a run for.
    fn write(&self, bytes: &[u8]) {
        self.beside().write(|| {
            let mut stderr = stderr().lock();
            let _ = stderr.write_all(bytes).and_then(|()| stderr.flush());
        });
    }

    /// Nothing is going on until the next event.
    pub fn rest(&mut self) {
        self.finish_output();
        if let Some(line) = &self.line {
            line.disable_steady_tick();
            line.set_style(resting_line());
            line.set_prefix("");
            line.set_message("");
            line.tick();
            self.is_resting = true;
        }
    }

    /// For others who write while this draws.
    pub fn beside(&self) -> Beside {
        Beside(self.line.clone())
    }
}

/// Writes while somebody draws a moving line. Clones are of the same line.
#[derive(Debug, Clone)]
pub struct Beside(Option<ProgressBar>);

impl Beside {
    /// Lets this write to the terminal.
    pub fn write(&self, write: impl FnOnce()) {
        match &self.0 {
            Some(line) => line.suspend(write),
            None => write(),
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.finish_output();
        if let Some(line) = &self.line {
            line.finish_and_clear();
        }
    }
}

impl Running {
    fn text(&self, doing: &str) -> String {
        one_line(&format!(
            "{}/{} {}  {doing}",
            self.number, self.of, self.title
        ))
    }
}

fn moving_line() -> ProgressBar {
    let line = ProgressBar::new_spinner().with_style(moving_style());
    line.enable_steady_tick(TICK);
    line
}

fn moving_style() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {elapsed}{prefix} {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn resting_line() -> ProgressStyle {
    ProgressStyle::with_template(" ").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// What is worth a line where lines cannot move.
fn plain_line(event: &Event, running: &Running) -> Option<String> {
    match event {
        Event::Stage { text } => Some(one_line(text)),
        Event::LabStarted { lab, steps } => Some(format!(
            "{}: {steps} step{}",
            one_line(lab),
            if *steps == 1 { "" } else { "s" }
        )),
        Event::StepStarted {
            number, of, title, ..
        } => Some(format!("step {number}/{of}: {}", one_line(title))),
        Event::StepFinished { outcome } => Some(finished_line(outcome, running)),
        Event::CommandStarted { .. }
        | Event::Output { .. }
        | Event::Pausing { .. }
        | Event::LabFinished { .. } => None,
    }
}

fn finished_line(outcome: &StepOutcome, running: &Running) -> String {
    let result = match &outcome.result {
        StepResult::Pass => "passed",
        StepResult::Fail(_) => "FAILED",
        StepResult::Timeout(_) => "TIMED OUT",
        StepResult::Flaky { .. } => "FLAKY",
        StepResult::Interrupted => "interrupted",
        StepResult::Skip(reason) => {
            return format!(
                "step {}/{}: skipped: {}",
                outcome.number,
                running.of,
                one_line(reason)
            );
        }
    };
    format!(
        "step {}/{}: {result} in {:.1} s",
        outcome.number,
        running.of,
        outcome.duration.as_secs_f64()
    )
}

/// The text without anything that leaves its line.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::outcome::Stream;

    fn check(event: &Event, expected: Option<&str>) {
        let running = Running {
            number: 2,
            of: 14,
            ..Running::default()
        };
        assert_eq!(plain_line(event, &running).as_deref(), expected);
    }

    fn finished(result: StepResult) -> Event {
        let outcome = StepOutcome {
            number: 2,
            id: "2".to_owned(),
            title: String::new(),
            page: PathBuf::new(),
            line: 1,
            result,
            commands: Vec::new(),
            duration: Duration::from_millis(1234),
            world: Duration::ZERO,
            notes: Vec::new(),
        };
        Event::StepFinished { outcome }
    }

    #[test]
    fn without_a_terminal_each_step_has_a_line_at_its_start_and_end() {
        let limit = Duration::from_secs(60);
        let title = "ノード\nの確認".to_owned();
        check(
            &Event::StepStarted {
                number: 2,
                of: 14,
                title,
                limit,
            },
            Some("step 2/14: ノード の確認"),
        );
        check(
            &finished(StepResult::Pass),
            Some("step 2/14: passed in 1.2 s"),
        );
        check(
            &finished(StepResult::Skip("test=false".to_owned())),
            Some("step 2/14: skipped: test=false"),
        );
    }

    #[test]
    fn commands_and_their_output_have_none() {
        check(
            &Event::CommandStarted {
                line: 1,
                text: "ls".to_owned(),
            },
            None,
        );
        check(
            &Event::Output {
                stream: Stream::Stdout,
                bytes: b"x".to_vec(),
            },
            None,
        );
    }
}
