//! `breakfix show`: the lesson in the terminal, whole or a step of it.

use std::path::PathBuf;

use super::super::content::{Refused, refused};
use super::super::learner;
use super::super::manners::Manners;
use super::super::{output, pager, prove};
use super::opened;
use crate::lab::prose::{self, Document, Step};
use crate::language::{Language, Message};
use crate::lessons::{self, Lesson};
use crate::message;
use crate::outcome::Exit;
use crate::report::lesson::{self, json};
use crate::report::style::wrapped;
use crate::scenarios::{self, Source};
use crate::session::ledger::Ledger;

/// Which lesson to show, and what of it.
#[derive(Debug, Clone)]
pub struct ShowRequest {
    pub session: Option<String>,
    /// Instead of a session's.
    pub scenario: Option<String>,
    /// Directory with scenarios of the user's own.
    pub directory: Option<PathBuf>,
    /// The whole lesson when `None`.
    pub step: Option<String>,
    pub json: bool,
}

/// Shows the lesson through the pager, or as JSON.
///
/// # Errors
/// When the session's journal or the lesson cannot be read.
pub fn show(request: &ShowRequest, manners: Manners) -> anyhow::Result<Exit> {
    match try_show(request, manners)? {
        Ok(text) => {
            if request.json {
                output::say(&text);
            } else {
                pager::show(&text, manners);
            }
            Ok(Exit::Met)
        }
        Err(Refused { exit, text }) => {
            output::complain(&text);
            Ok(exit)
        }
    }
}

fn try_show(request: &ShowRequest, manners: Manners) -> anyhow::Result<Result<String, Refused>> {
    let (source, ledger) = match source(request, manners.language(None))? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    let of_session = ledger
        .as_ref()
        .map(|ledger| opened::language(&ledger.begun, manners));
    let language = of_session.unwrap_or_else(|| manners.language(None));
    let Some(lesson) = lessons::of(&source, language)? else {
        let why = message!("lesson-none", scenario = &source.scenario.name);
        return Ok(Err(usage(why, language)));
    };
    let document = prose::read(&lesson.path, &lesson.text);
    let step = match &request.step {
        None => None,
        Some(asked) => match step(&source, &document, asked) {
            Some(step) => Some(step),
            None => return Ok(Err(no_step(&source, &document, asked, language))),
        },
    };
    if let (Some(ledger), Some(step)) = (&ledger, &step) {
        learner::read_step(ledger, &name(&source, step))?;
    }
    let whole = 0..usize::MAX;
    let lines = step
        .as_ref()
        .and_then(|step| document.section(step.number))
        .unwrap_or(whole);
    if request.json {
        return Ok(Ok(as_json(&source, &lesson, &document, step.as_ref())));
    }
    let style = manners.style(language, &std::io::stdout());
    let mut text = lesson::render_section(&document, lines, style);
    if ledger.is_some_and(|ledger| has_another_fault(&ledger, &source)) {
        let warning = message!("lesson-other-fault").to(language);
        text = format!("{}\n\n{text}", wrapped(&warning, style.width, ""));
    }
    Ok(Ok(text))
}

/// The lesson shows what is seen under the scenario's first fault. Of one that was drawn by lot nothing is told.
fn has_another_fault(ledger: &Ledger, source: &Source) -> bool {
    let variant = ledger.begun.variant.as_ref();
    let first = source.scenario.variants.keys().next();
    ledger.begun.hidden || variant.is_some_and(|variant| Some(variant) != first)
}

fn as_json(source: &Source, lesson: &Lesson, document: &Document, step: Option<&Step>) -> String {
    let lesson = json::Lesson {
        scenario: &source.scenario.name,
        path: &lesson.path.display().to_string(),
        language: lesson.language,
        document,
        name: &|step| name(source, step),
    };
    match step.and_then(|step| Some((step, document.section(step.number)?))) {
        Some((step, lines)) => json::render_step(&lesson, step, lines),
        None => json::render(&lesson),
    }
}

/// The scenario that was named, else the session's.
fn source(
    request: &ShowRequest,
    language: Language,
) -> anyhow::Result<Result<(Source, Option<Ledger>), Refused>> {
    if let Some(name) = &request.scenario {
        let source = scenarios::load(name, request.directory.as_deref());
        return Ok(source.map(|source| (source, None)).map_err(|error| {
            let (text, exit) = prove::refused(error);
            refused(exit, text)
        }));
    }
    let store = opened::store();
    if request.session.is_none() && store.ids().is_empty() {
        return Ok(Err(usage(message!("lesson-no-session"), language)));
    }
    let id = match opened::pick(&store, request.session.as_deref(), language) {
        Ok(id) => id,
        Err(refused) => return Ok(Err(refused)),
    };
    let ledger = store.look(&id)?;
    Ok(Ok((opened::source(&ledger.begun)?, Some(ledger))))
}

/// What learners call a step of the lesson: as the scenario does, else as the lesson does.
pub(in super::super) fn name(source: &Source, step: &Step) -> String {
    let number = step.number.to_string();
    let own = step.id.clone().unwrap_or_else(|| number.clone());
    let mut named = source.scenario.steps.iter();
    let named = named.find(|named| named.step == own || named.step == number);
    named.map_or(own, |named| named.id.clone())
}

/// The step of the lesson that somebody means.
fn step(source: &Source, document: &Document, asked: &str) -> Option<Step> {
    let mut steps = document.steps().into_iter();
    steps.find(|step| name(source, step) == asked || step.id.as_deref() == Some(asked))
}

fn no_step(source: &Source, document: &Document, asked: &str, language: Language) -> Refused {
    let names = document.steps();
    let names: Vec<String> = names.iter().map(|step| name(source, step)).collect();
    let why = message!("lesson-no-step", step = asked, steps = names.join(", "));
    usage(why, language)
}

fn usage(why: Message, language: Language) -> Refused {
    refused(Exit::Usage, message!("error", why = why).to(language))
}
