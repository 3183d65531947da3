//! The learner's verbs: where they stand in the lesson, and what helps them on.

pub mod answer;
pub(super) mod calls;
pub mod hint;
mod lesson;
mod reading;
pub mod report;
pub mod run_step;
pub mod solve;
pub mod status;
pub mod watch;

use std::path::Path;

use tokio::runtime::Runtime;

use super::content::{Refused, refused, told};
use super::manners::Manners;
use super::sessions::opened;
use crate::language::{Language, Message};
use crate::message;
use crate::outcome::progress::{Progress, StepProgress};
use crate::outcome::{CheckOutcome, Exit};
use crate::plan;
use crate::progress::{self, Asked, Call, Note, Seen};
use crate::report::style::{Style, wrapped};
use crate::scenario::guidance::Step;
use crate::session::ledger::Ledger;
use crate::session::{Session, notes};

/// A session that is looked at, with its lesson.
pub(super) struct Learner {
    pub(super) runtime: Runtime,
    pub(super) session: Session,
    pub(super) style: Style,
    /// The lesson's steps, in the learner's language.
    pub(super) lesson: Vec<plan::Step>,
    /// What completes each.
    steps: Vec<Step>,
}

/// What was found at one look.
pub(super) struct Standing {
    pub(super) progress: Progress,
    /// Conditions and invariants.
    pub(super) checks: Vec<CheckOutcome>,
    /// Ids of steps that turned out to be done at this look.
    pub(super) newly_done: Vec<String>,
}

impl Learner {
    /// The session that is meant, with its environment within reach.
    ///
    /// # Errors
    /// When its environment cannot be reached, or its lesson cannot be read.
    pub(super) fn open(
        asked: Option<&str>,
        manners: Manners,
    ) -> anyhow::Result<Result<Learner, Refused>> {
        let (runtime, session) = match opened::look(asked, manners)? {
            Ok(looked) => looked,
            Err(refused) => return Ok(Err(refused)),
        };
        Learner::of(runtime, session, manners).map(Ok)
    }

    /// Does something in the session that is meant, or says why there is none.
    ///
    /// # Errors
    /// As [`Learner::open`], and what is done.
    fn with(
        asked: Option<&str>,
        manners: Manners,
        work: impl FnOnce(&Learner) -> anyhow::Result<Result<Exit, Refused>>,
    ) -> anyhow::Result<Exit> {
        Ok(told(match Learner::open(asked, manners)? {
            Ok(learner) => work(&learner)?,
            Err(refused) => Err(refused),
        }))
    }

    /// The same, of a session that was reached already.
    fn of(runtime: Runtime, session: Session, manners: Manners) -> anyhow::Result<Learner> {
        let style = manners.style(session.language(), &std::io::stdout());
        let lesson = lesson::steps(session.source(), session.language())?;
        let steps = match session.chosen().steps.as_slice() {
            [] => lesson.iter().map(lesson::step).collect(),
            steps => steps.to_vec(),
        };
        Ok(Learner {
            runtime,
            session,
            style,
            lesson,
            steps,
        })
    }

    pub(super) fn language(&self) -> Language {
        self.style.language
    }

    pub(super) fn directory(&self) -> &Path {
        self.session.directory()
    }

    /// In lines as wide as the terminal.
    pub(super) fn wrapped(&self, text: &str) -> String {
        wrapped(text, self.style.width, "  ")
    }

    /// Its text in the learner's language.
    pub(super) fn say(&self, message: &Message) -> String {
        message.to(self.language())
    }

    fn asked(&self) -> Asked<'_> {
        Asked {
            steps: &self.steps,
            findings: &self.session.chosen().findings,
            values: self.session.values(),
        }
    }

    /// Looks at the environment and at what the learner did, and remembers what that shows.
    ///
    /// # Errors
    /// When a check names something unknown, or what was found cannot be written down.
    pub(super) fn look(&self) -> anyhow::Result<Standing> {
        let checks = self.runtime.block_on(self.session.verdicts())?;
        self.stand(checks)
    }

    /// The same, with checks that were just judged.
    pub(super) fn stand(&self, checks: Vec<CheckOutcome>) -> anyhow::Result<Standing> {
        let mut noted = notes::read(self.directory());
        let (calls, _) = self.calls(&noted)?;
        let seen = Seen {
            calls: &calls,
            verdicts: &checks,
        };
        let before = self.progress(&noted, &[]);
        let news = progress::news(self.asked(), &noted, seen);
        notes::append(self.directory(), &news)?;
        noted.extend(news);
        let progress = self.progress(&noted, &checks);
        let pairs = progress.steps.iter().zip(&before.steps);
        let newly = pairs.filter(|(now, before)| now.is_done() && !before.is_done());
        let newly_done = newly.map(|(now, _)| now.id.clone()).collect();
        lesson::leave_prompt(&self.session, &progress);
        Ok(Standing {
            progress,
            checks,
            newly_done,
        })
    }

    fn calls(&self, noted: &[Note]) -> anyhow::Result<(Vec<Call>, u64)> {
        calls::of(&self.session, progress::horizon(&self.steps, noted))
    }

    /// What the notes and these verdicts say, with the lesson's titles.
    fn progress(&self, noted: &[Note], checks: &[CheckOutcome]) -> Progress {
        let mut progress = progress::stand(self.asked(), noted, checks, self.language());
        for (step, planned) in progress.steps.iter_mut().zip(&self.steps) {
            let lesson = self.lesson_step(planned);
            let bare =
                |lesson: &plan::Step| lesson::bare_title(&lesson.title, &planned.id).to_owned();
            step.title = lesson.map_or_else(String::new, bare);
        }
        progress
    }

    /// The lesson's step that a step of the scenario is about.
    fn lesson_step(&self, step: &Step) -> Option<&plan::Step> {
        let mut lesson = self.lesson.iter();
        lesson.find(|known| known.id == step.step || known.number.to_string() == step.step)
    }

    /// The step of this id.
    pub(super) fn step(&self, id: &str) -> Result<&Step, Refused> {
        let known = || self.steps.iter().map(|step| step.id.as_str());
        if let Some(step) = self.steps.iter().find(|step| step.id == id) {
            return Ok(step);
        }
        let below: Vec<&str> = known()
            .filter(|known| known.starts_with(&format!("{id}.")))
            .collect();
        let list = |ids: Vec<&str>| ids.join(", ");
        let text = match below.as_slice() {
            [] => message!("step-unknown", step = id, known = list(known().collect())),
            _ => message!("step-has-parts", step = id, parts = list(below)),
        };
        Err(refused(Exit::Usage, self.say(&text)))
    }

    /// The step of this id, or the one that the learner is at.
    pub(super) fn step_or_current(
        &self,
        id: Option<&str>,
        progress: &Progress,
    ) -> Result<Option<&Step>, Refused> {
        match (id, progress.current()) {
            (Some(id), _) => self.step(id).map(Some),
            (None, Some(current)) => self.step(&current.id).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// Remembers something.
    pub(super) fn note(&self, note: Note) -> anyhow::Result<()> {
        notes::append(self.directory(), &[note])
    }

    /// The step is opened now, unless it was before: calls count from here.
    pub(super) fn open_step(&self, step: &str) -> anyhow::Result<()> {
        let newest = calls::newest(self.session.ledger())?;
        self.note(Note::Opened {
            step: step.to_owned(),
            after: newest,
        })
    }
}

/// A step that was read is open, so that calls count for it from now on. Where nobody can be asked how many calls there
/// were, it is opened by whoever asks next.
pub(super) fn read_step(ledger: &Ledger, step: &str) -> anyhow::Result<()> {
    let Ok(after) = calls::newest(ledger) else {
        return Ok(());
    };
    let step = step.to_owned();
    notes::append(ledger.directory(), &[Note::Opened { step, after }])
}

/// Leaves the first step for the prompts of a session that is broken now.
pub(super) fn begin(session: &Session) {
    let asked = Asked {
        steps: &session.chosen().steps,
        findings: &session.chosen().findings,
        values: session.values(),
    };
    let noted = notes::read(session.directory());
    let progress = progress::stand(asked, &noted, &[], session.language());
    if !progress.steps.is_empty() {
        lesson::leave_prompt(session, &progress);
    }
}

/// The step's progress.
pub(super) fn of<'a>(progress: &'a Progress, id: &str) -> Option<&'a StepProgress> {
    progress.steps.iter().find(|step| step.id == id)
}
