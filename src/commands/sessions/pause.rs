//! `breakfix pause`: nothing goes on in a session, and nothing costs by the hour.

use std::sync::{Arc, Mutex};

use super::super::content::{Refused, refused};
use super::super::manners::Manners;
use super::super::{interrupt, output, runtime};
use super::opened::{self, Opened};
use super::start::{teller, until_interrupted};
use crate::cloud::Cloud;
use crate::outcome::Exit;
use crate::report::life::{self, Deed};
use crate::session::ledger::Ledger;
use crate::session::lifetime;

/// Which session to pause, or to resume.
#[derive(Debug, Clone)]
pub struct PauseRequest {
    pub session: Option<String>,
    pub json: bool,
}

/// Pauses the session; one that is paused already stays so. Calling it again goes on where it was cut short.
///
/// # Errors
/// When its environment cannot be reached, or does not let it.
pub fn pause(request: &PauseRequest, manners: Manners) -> anyhow::Result<Exit> {
    alter(request.session.as_deref(), request.json, manners, &Pause)
}

/// What is done to how long a session lives.
pub(super) trait Alteration {
    fn deed(&self) -> Deed;

    /// Whether there is something to do.
    fn is_new(&self, ledger: &Ledger) -> bool;

    /// In the account and in the journal; there are no clients on the simulator.
    async fn alter(&self, ledger: &mut Ledger, cloud: Option<&Cloud>) -> anyhow::Result<()>;

    /// To the processes of the session, before that and after it.
    fn before(&self, _opened: &Opened) -> anyhow::Result<()> {
        Ok(())
    }

    fn after(&self, _opened: &Opened) -> anyhow::Result<()> {
        Ok(())
    }
}

struct Pause;

impl Alteration for Pause {
    fn deed(&self) -> Deed {
        Deed::Paused
    }

    fn is_new(&self, ledger: &Ledger) -> bool {
        ledger.paused().is_none()
    }

    async fn alter(&self, ledger: &mut Ledger, cloud: Option<&Cloud>) -> anyhow::Result<()> {
        lifetime::pause(ledger, cloud).await
    }

    fn after(&self, opened: &Opened) -> anyhow::Result<()> {
        if opened.ledger.begun.target.real {
            return opened.observer().stop();
        }
        opened
            .background()
            .freeze(opened::pace(&opened.ledger.begun))
    }
}

/// Alters a session, and says what was done.
pub(super) fn alter(
    asked: Option<&str>,
    json: bool,
    manners: Manners,
    alteration: &impl Alteration,
) -> anyhow::Result<Exit> {
    let store = opened::store();
    let done = match opened::pick(&store, asked, manners.language(None)) {
        Ok(id) => altered(&mut Opened::open(&store, &id)?, json, manners, alteration)?,
        Err(refused) => Err(refused),
    };
    Ok(match done {
        Ok(text) => {
            output::say(&text);
            Exit::Met
        }
        Err(Refused { exit, text }) => {
            output::complain(&text);
            exit
        }
    })
}

fn altered(
    opened: &mut Opened,
    json: bool,
    manners: Manners,
    alteration: &impl Alteration,
) -> anyhow::Result<Result<String, Refused>> {
    let (deed, language) = (alteration.deed(), opened.language(manners));
    let is_new = alteration.is_new(&opened.ledger);
    let runtime = runtime()?;
    let mut cloud = opened.account(&runtime, language)?;
    alteration.before(opened)?;
    let signals = interrupt::watch(&runtime)?;
    let live = Arc::new(Mutex::new(manners.live()));
    if let Some(cloud) = &mut cloud {
        cloud.tell = teller(&live, language);
    }
    let work = alteration.alter(&mut opened.ledger, cloud.as_ref());
    let Some(done) = until_interrupted(&runtime, &signals, &live, work) else {
        let id = &opened.ledger.begun.session;
        let text = life::interrupted(deed, id, language);
        return Ok(Err(refused(Exit::Interrupted, text)));
    };
    done?;
    alteration.after(opened)?;
    let (outcome, real) = (opened.ledger.outcome(), opened.ledger.begun.target.real);
    Ok(Ok(if json {
        life::done_json(deed, is_new, &outcome)
    } else {
        life::done(deed, is_new, real, &outcome, language)
    }))
}
