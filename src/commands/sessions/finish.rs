//! `breakfix finish`: takes everything back, and proves that nothing is left.

use std::sync::{Arc, Mutex};

use super::super::content::Refused;
use super::super::manners::Manners;
use super::super::{interrupt, output, runtime};
use super::opened::{self, Opened};
use super::start::{teller, until_interrupted};
use crate::language::Language;
use crate::message;
use crate::outcome::Exit;
use crate::report::standing;
use crate::session::store::Store;
use crate::session::undo;

/// Which sessions to end.
#[derive(Debug, Clone)]
pub struct FinishRequest {
    pub session: Option<String>,
    pub all: bool,
    pub json: bool,
}

/// Ends the sessions. What is left is named; calling it again goes on.
///
/// # Errors
/// When a session's environment cannot be reached, or its journal not be written.
pub fn finish(request: &FinishRequest, manners: Manners) -> anyhow::Result<Exit> {
    let store = opened::store();
    let ids = if request.all {
        store.ids()
    } else {
        match opened::pick(&store, request.session.as_deref(), manners.language(None)) {
            Ok(id) => vec![id],
            Err(Refused { exit, text }) => {
                output::complain(&text);
                return Ok(exit);
            }
        }
    };
    let runtime = runtime()?;
    let signals = interrupt::watch(&runtime)?;
    if ids.is_empty() && !request.json {
        output::complain(&message!("sessions-none").to(manners.language(None)));
    }
    let mut exit = Exit::Met;
    for id in ids {
        let looked = store.look(&id).ok();
        let language = looked.map_or_else(
            || manners.language(None),
            |ledger| opened::language(&ledger.begun, manners),
        );
        let ended = finish_one(&store, &id, &runtime, &signals, manners);
        let (text, this) = match ended {
            Ok(Some(left)) => {
                let this = if left.is_empty() {
                    Exit::Met
                } else {
                    Exit::Leftovers
                };
                (finished_text(&id, &left, request.json, language), this)
            }
            Ok(None) => {
                output::complain(&message!("finish-interrupted", id = &id).to(language));
                return Ok(Exit::Interrupted);
            }
            Err(error) if request.all => {
                let why = message!("error-of-session", id = &id, why = format!("{error:#}"));
                output::complain(&message!("error", why = why).to(language));
                (String::new(), Exit::CannotTell)
            }
            Err(error) => return Err(error),
        };
        output::say(&text);
        exit = exit.or_heavier(this);
    }
    Ok(exit)
}

fn finished_text(id: &str, left: &[String], json: bool, language: Language) -> String {
    if json {
        standing::finished_json(id, left)
    } else {
        standing::finished(id, left, language)
    }
}

/// What is left; `None` when it was interrupted.
fn finish_one(
    store: &Store,
    id: &str,
    runtime: &tokio::runtime::Runtime,
    signals: &crate::shell::Interrupt,
    manners: Manners,
) -> anyhow::Result<Option<Vec<String>>> {
    let mut opened = Opened::open(store, id)?;
    let language = opened.language(manners);
    let mut cloud = opened.connect(runtime, true, language)?;
    let live = Arc::new(Mutex::new(manners.live()));
    cloud.tell = teller(&live, language);
    let undone = undo::undone(&mut opened.ledger, &cloud);
    let undone = until_interrupted(runtime, signals, &live, undone);
    let Some(left) = undone.transpose()? else {
        return Ok(None);
    };
    if left.is_empty() {
        if opened.ledger.begun.target.real {
            opened.observer().stop()?;
        } else {
            opened.background().stop()?;
        }
        store.forget(opened.held)?;
    }
    Ok(Some(left.iter().map(|left| left.to(language)).collect()))
}
