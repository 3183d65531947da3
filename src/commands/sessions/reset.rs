//! `breakfix reset`: back to the broken state, as it was when the session began.

use std::sync::{Arc, Mutex};

use tokio::runtime::Runtime;

use super::super::content::{Refused, refused, told};
use super::super::learner::calls;
use super::super::manners::Manners;
use super::super::{interrupt, output, runtime};
use super::start::{teller, until_interrupted};
use super::{account, opened};
use crate::message;
use crate::outcome::Exit;
use crate::progress::Note;
use crate::report::life::{self, Deed};
use crate::report::standing;
use crate::session::store::Held;
use crate::session::{Session, notes};

/// What to take back to its beginning.
#[derive(Debug, Clone)]
pub struct ResetRequest {
    pub session: Option<String>,
    /// Progress is forgotten from this step on; all of it when `None`.
    pub step: Option<String>,
    /// Do not ask.
    pub yes: bool,
    pub json: bool,
}

/// Takes everything back and breaks it again. Calling it again goes on where it was cut short.
///
/// # Errors
/// When something cannot be taken back, or the environment not be broken again.
pub fn reset(request: &ResetRequest, manners: Manners) -> anyhow::Result<Exit> {
    let done = try_reset(request, manners)?;
    Ok(told(done))
}

fn try_reset(request: &ResetRequest, manners: Manners) -> anyhow::Result<Result<Exit, Refused>> {
    let store = opened::store();
    let id = match opened::pick(&store, request.session.as_deref(), manners.language(None)) {
        Ok(id) => id,
        Err(refused) => return Ok(Err(refused)),
    };
    let runtime = runtime()?;
    let (held, session) = match opened::work(&store, &runtime, &id, manners)? {
        Ok(opened) => opened,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Err(refused) = known_step(&session, request.step.as_deref()) {
        return Ok(Err(refused));
    }
    let target = &session.ledger().begun.target;
    if target.real {
        output::complain(&standing::plan(
            &target.told(),
            &session.planned(),
            session.language(),
        ));
        let question = message!("reset-confirm");
        if let Err(refused) = account::confirmed(question, request.yes, session.language()) {
            return Ok(Err(refused));
        }
    }
    forget_progress(&session, request.step.as_deref())?;
    break_again(request, manners, &runtime, held, session)
}

fn known_step(session: &Session, asked: Option<&str>) -> Result<(), Refused> {
    let mut known = session.chosen().steps.iter().map(|step| step.id.as_str());
    let Some(asked) = asked.filter(|asked| !known.clone().any(|known| known == *asked)) else {
        return Ok(());
    };
    let known = known.by_ref().collect::<Vec<_>>().join(", ");
    let text = message!("step-unknown", step = asked, known = known);
    Err(refused(Exit::Usage, text.to(session.language())))
}

/// Forgets the learner's progress from a step on, all of it when `None`: where the record of progress hooks in. It
/// comes first, so that nothing stays ticked that is about to be broken.
fn forget_progress(session: &Session, step: Option<&str>) -> anyhow::Result<()> {
    let note = Note::Reset {
        step: step.map(str::to_owned),
        after: calls::newest(session.ledger())?,
    };
    notes::append(session.directory(), &[note])
}

fn break_again(
    request: &ResetRequest,
    manners: Manners,
    runtime: &Runtime,
    held: Held,
    mut session: Session,
) -> anyhow::Result<Result<Exit, Refused>> {
    let language = session.language();
    let signals = interrupt::watch(runtime)?;
    let live = Arc::new(Mutex::new(manners.live()));
    session.tell(teller(&live, language));
    let reset = until_interrupted(runtime, &signals, &live, session.reset());
    drop(held);
    let id = session.id().to_owned();
    match reset {
        Some(Ok(())) => {
            let (outcome, real) = (session.outcome(), session.ledger().begun.target.real);
            output::say(&if request.json {
                life::done_json(Deed::Reset, true, &outcome)
            } else {
                life::done(Deed::Reset, true, real, &outcome, language)
            });
            Ok(Ok(Exit::Met))
        }
        Some(Err(error)) => Err(error.context(format!(
            "session {id} is not back at its beginning: `breakfix reset` goes on, `breakfix finish` takes everything back"
        ))),
        None => Ok(Err(refused(
            Exit::Interrupted,
            life::interrupted(Deed::Reset, &id, language),
        ))),
    }
}
