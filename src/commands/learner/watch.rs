//! `breakfix watch`: the rail, the current step and its conditions, looked at again whenever something relevant happened.

use std::time::{Duration, Instant};

use serde_json::json;

use super::super::content::Refused;
use super::super::keys::Keys;
use super::super::manners::Manners;
use super::super::{interrupt, output};
use super::hint::{self, HintRequest};
use super::run_step::{self, RunStepRequest};
use super::{Learner, Standing, calls};
use crate::message;
use crate::outcome::{Exit, Verdict};
use crate::report::learner;
use crate::shell::Interrupt;

/// Between two looks at whether anything happened.
const GLANCE: Duration = Duration::from_millis(500);
/// How often the environment is read when nothing was seen to happen but something is awaited.
const AWAITING: Duration = Duration::from_secs(5);
/// How often it is read otherwise: somebody may work in a console that nobody sees.
const IDLE: Duration = Duration::from_secs(30);
/// Clears the screen.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J\u{1b}[3J";

/// What to watch.
#[derive(Debug, Clone)]
pub struct WatchRequest {
    pub session: Option<String>,
    pub until_done: bool,
    pub json: bool,
}

/// Shows where the learner stands until they quit, or everything is done.
///
/// # Errors
/// When the session's environment cannot be reached.
pub fn watch(request: &WatchRequest, manners: Manners) -> anyhow::Result<Exit> {
    let learner = match Learner::open(request.session.as_deref(), manners)? {
        Ok(learner) => learner,
        Err(Refused { exit, text }) => {
            output::complain(&text);
            return Ok(exit);
        }
    };
    let signals = interrupt::watch(&learner.runtime)?;
    let screen = Screen::new(&learner, request, &signals);
    let mut watched = Watched::new(&learner)?;
    screen.show(&watched.standing, true);
    loop {
        if signals.count() > 0 {
            return Ok(Exit::Interrupted);
        }
        let is_done = watched.standing.progress.current().is_none();
        if is_done && (request.until_done || !screen.keys_are_there()) {
            return Ok(Exit::Met);
        }
        let key = screen.key();
        if key == Some('q') {
            return Ok(Exit::Met);
        }
        let acted = key.is_some_and(|key| act(&learner, &screen, key, &signals, manners));
        if acted || watched.is_due(&learner)? {
            let changed = watched.look(&learner)?;
            if acted || changed {
                screen.show(&watched.standing, changed);
            }
        }
    }
}

/// Does what a key asks for; `false` for a key that asks for nothing.
fn act(
    learner: &Learner,
    screen: &Screen<'_>,
    key: char,
    signals: &Interrupt,
    manners: Manners,
) -> bool {
    let session = Some(learner.session.id().to_owned());
    let result = match key {
        'c' => return true,
        'h' => screen.aside(|| {
            let request = HintRequest {
                session,
                step: None,
                rung: None,
                json: false,
            };
            hint::hint(&request, manners).map(drop)
        }),
        'r' => screen.aside(|| {
            let request = RunStepRequest {
                session,
                step: None,
                yes: false,
                json: false,
            };
            if let Err(Refused { text, .. }) = run_step::run(learner, &request, signals)? {
                output::complain(&text);
            }
            Ok(())
        }),
        'n' => screen.aside(|| {
            let standing = learner.look()?;
            output::say(&learner::next(&standing.progress, learner.style));
            Ok(())
        }),
        _ => return false,
    };
    if let Err(error) = result {
        output::complain(&format!("{error:#}"));
    }
    true
}

/// What was seen last, and when to look again.
struct Watched {
    standing: Standing,
    /// Number of the newest call that was looked at.
    newest: u64,
    looked: Instant,
}

impl Watched {
    fn new(learner: &Learner) -> anyhow::Result<Watched> {
        Ok(Watched {
            standing: learner.look()?,
            newest: newest(learner, 0)?.0,
            looked: Instant::now(),
        })
    }

    /// Whether the learner did something, or enough time has gone by.
    fn is_due(&mut self, learner: &Learner) -> anyhow::Result<bool> {
        let (newest, by_learner) = newest(learner, self.newest)?;
        self.newest = newest;
        let awaiting = self.standing.checks.iter().any(|check| {
            matches!(
                check.verdict,
                Verdict::NotYet { .. } | Verdict::CannotTell { .. }
            )
        });
        let patience = if awaiting { AWAITING } else { IDLE };
        Ok(by_learner || self.looked.elapsed() >= patience)
    }

    /// Whether anything is otherwise than before.
    fn look(&mut self, learner: &Learner) -> anyhow::Result<bool> {
        let standing = learner.look()?;
        let words = |standing: &Standing| -> Vec<(String, String)> {
            let checks = standing.checks.iter();
            checks
                .map(|check| (check.id.clone(), word(&check.verdict).to_owned()))
                .collect()
        };
        let changed = standing.progress != self.standing.progress
            || words(&standing) != words(&self.standing);
        self.standing = standing;
        self.looked = Instant::now();
        Ok(changed)
    }
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "met",
        Verdict::NotYet { .. } => "not yet",
        Verdict::NotMet { .. } => "not met",
        Verdict::CannotTell { .. } => "cannot tell",
    }
}

/// The newest call's number, and whether the learner made one after `after`.
fn newest(learner: &Learner, after: u64) -> anyhow::Result<(u64, bool)> {
    let (made, newest) = calls::of(&learner.session, after)?;
    Ok((newest, !made.is_empty()))
}

/// Where it is shown: a screen that is drawn anew, or lines that are added.
struct Screen<'a> {
    learner: &'a Learner,
    signals: &'a Interrupt,
    keys: Keys,
    json: bool,
    /// The screen may be cleared.
    redraws: bool,
}

impl<'a> Screen<'a> {
    fn new(learner: &'a Learner, request: &WatchRequest, signals: &'a Interrupt) -> Screen<'a> {
        use std::io::IsTerminal as _;
        Screen {
            learner,
            signals,
            keys: Keys::listen(),
            json: request.json,
            redraws: !request.json && !learner.style.plain && std::io::stdout().is_terminal(),
        }
    }

    fn keys_are_there(&self) -> bool {
        self.keys.are_there()
    }

    fn key(&self) -> Option<char> {
        self.keys.next(GLANCE)
    }

    fn show(&self, standing: &Standing, changed: bool) {
        let learner = self.learner;
        let session = learner.session.outcome();
        let Standing {
            progress,
            checks,
            newly_done,
        } = standing;
        let done = || learner::newly_done(progress, newly_done, learner.style);
        if self.json {
            let members = json!({ "newly_done": newly_done });
            let document = learner::status_json(&session, progress, checks, members);
            // A line each.
            let value: Result<serde_json::Value, _> = serde_json::from_str(&document);
            output::say(&format!("{}\n", value.unwrap_or_default()));
        } else if self.redraws {
            let status = learner::status(&session, progress, checks, learner.style);
            let keys = learner.say(&message!("watch-keys"));
            output::say(&format!("{CLEAR}{status}\n{}{keys}\n", done()));
        } else if changed {
            let counts = learner::counts(progress, learner.style.language);
            output::say(&format!(
                "{}{counts}\n{}",
                done(),
                learner::next(progress, learner.style)
            ));
        }
    }

    /// Something else on the screen, until a key is pressed.
    fn aside(&self, show: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
        if self.redraws {
            output::say(CLEAR);
        }
        self.keys.pause(show)?;
        output::say(&format!(
            "\n{}\n",
            self.learner.say(&message!("watch-any-key"))
        ));
        let waits = self.redraws && self.keys.are_there();
        while waits && self.signals.count() == 0 && self.keys.next(GLANCE).is_none() {}
        Ok(())
    }
}
