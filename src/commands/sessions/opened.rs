//! A session that was begun before: found, held, its environment reached again.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tokio::runtime::Runtime;

use super::super::background::Background;
use super::super::content::{Refused, refused};
use super::super::manners::Manners;
use super::super::{output, runtime};
use super::account;
use super::observer::Observer;
use crate::cloud::Cloud;
use crate::language::{Language, Message};
use crate::message;
use crate::outcome::Exit;
use crate::scenarios::{self, Source};
use crate::session::Session;
use crate::session::journal::Begun;
use crate::session::ledger::Ledger;
use crate::session::runs::state_directory;
use crate::session::store::{Held, Store};
use crate::simulator::clock::Pace;

/// The user's sessions, without what was killed before it was one.
pub(in super::super) fn store() -> Store {
    let store = Store::new(&state_directory(|name| std::env::var_os(name)));
    for held in store.abandoned() {
        let ended = Background::of(&held.directory).stop();
        let id = held.directory.display().to_string();
        if let Err(error) = ended.and_then(|()| store.forget(held)) {
            tracing::warn!("{id} was never begun, and cannot be removed: {error:#}");
        }
    }
    store
}

/// Where a session is that was begun.
pub(super) fn directory(id: &str) -> anyhow::Result<PathBuf> {
    let store = Store::new(&state_directory(|name| std::env::var_os(name)));
    anyhow::ensure!(
        store.ids().iter().any(|known| known == id),
        "there is no session {id:?}"
    );
    Ok(store.directory().join(id))
}

/// The session that is meant: the one that was named, else the only one there is.
pub(in super::super) fn pick(
    store: &Store,
    asked: Option<&str>,
    language: Language,
) -> Result<String, Refused> {
    let ids = store.ids();
    let usage = |why: Message| {
        let text = message!("error", why = why).to(language);
        Err(refused(Exit::Usage, text))
    };
    if let Some(asked) = asked {
        return match ids.iter().find(|id| *id == asked) {
            Some(id) => Ok(id.clone()),
            None if ids.is_empty() => usage(message!("session-unknown-none", asked = asked)),
            None => usage(message!(
                "session-unknown",
                asked = asked,
                known = ids.join(", ")
            )),
        };
    }
    match ids.as_slice() {
        [] => usage(message!("session-none")),
        [only] => Ok(only.clone()),
        several => {
            let described: Vec<String> = several.iter().map(|id| described(store, id)).collect();
            usage(message!("session-several", known = described.join(", ")))
        }
    }
}

/// The language of a session: the one that is asked for now, else the one that it was started in.
pub(super) fn language(begun: &Begun, manners: Manners) -> Language {
    let of_session = begun.language.as_deref().and_then(Language::of_tag);
    manners.language(of_session)
}

fn described(store: &Store, id: &str) -> String {
    match store.look(id) {
        Ok(ledger) => format!("{id} ({})", ledger.begun.scenario),
        Err(_) => id.to_owned(),
    }
}

/// The session that is meant, to look at its environment. That needs no hold: somebody else may be at work on it. The
/// runtime is the one that its clients live on.
///
/// # Errors
/// When its environment cannot be reached.
pub(in super::super) fn look(
    asked: Option<&str>,
    manners: Manners,
) -> anyhow::Result<Result<(Runtime, Session), Refused>> {
    let store = store();
    let id = match pick(&store, asked, manners.language(None)) {
        Ok(id) => id,
        Err(refused) => return Ok(Err(refused)),
    };
    let ledger = store.look(&id)?;
    if let Err(refused) = awake(&ledger, manners) {
        return Ok(Err(refused));
    }
    let runtime = runtime()?;
    let language = language(&ledger.begun, manners);
    let directory = store.directory().join(&id);
    let cloud = connect(&runtime, &ledger.begun, &directory, false, language)?;
    listen(&ledger);
    let source = source(&ledger.begun)?;
    let mut session = Session::over(ledger, source, cloud)?;
    session.speak(language);
    Ok(Ok((runtime, session)))
}

/// Nothing can be done in a session that is paused, but to go on with it or to end it.
pub(super) fn awake(ledger: &Ledger, manners: Manners) -> Result<(), Refused> {
    let Some(paused) = ledger.paused() else {
        return Ok(());
    };
    let id = &ledger.begun.session;
    let text = message!("life-is-paused", session = id, at = paused.at.to_string());
    let text = text.to(language(&ledger.begun, manners));
    Err(refused(Exit::Usage, text))
}

/// Has the observer of a session on a real account listen. Without it there is less evidence, and nothing else.
pub(super) fn listen(ledger: &Ledger) {
    if let Err(error) = Observer::of(ledger.directory()).ensure(ledger) {
        output::complain(&format!("the AWS CLI's calls are not observed: {error:#}"));
    }
}

/// The session that is held, with everything that is needed to change it. On a real account this asks again whether
/// its credentials and its cluster may be used.
///
/// # Errors
/// When another process holds it, or its environment cannot be reached.
pub(in super::super) fn work(
    store: &Store,
    runtime: &Runtime,
    id: &str,
    manners: Manners,
) -> anyhow::Result<Result<(Held, Session), Refused>> {
    let opened = Opened::open(store, id)?;
    if let Err(refused) = awake(&opened.ledger, manners) {
        return Ok(Err(refused));
    }
    let language = opened.language(manners);
    let source = opened.source()?;
    let cloud = opened.connect(runtime, true, language)?;
    if opened.ledger.begun.target.real
        && let Err(refused) = runtime.block_on(account::admitted(&cloud, language))
    {
        return Ok(Err(refused));
    }
    listen(&opened.ledger);
    let Opened { held, ledger } = opened;
    drop(ledger);
    let mut session = Session::resume(&held.directory, source, cloud)?;
    session.speak(language);
    Ok(Ok((held, session)))
}

/// A session that is held.
pub(super) struct Opened {
    pub(super) held: Held,
    pub(super) ledger: Ledger,
}

impl Opened {
    /// # Errors
    /// When another process holds it, or its journal cannot be understood.
    pub(super) fn open(store: &Store, id: &str) -> anyhow::Result<Opened> {
        let held = store.hold(id)?;
        let ledger = Ledger::open(&held.directory)?;
        Ok(Opened { held, ledger })
    }

    pub(super) fn background(&self) -> Background {
        Background::of(&self.held.directory)
    }

    pub(super) fn observer(&self) -> Observer {
        Observer::of(&self.held.directory)
    }

    /// Clients of its account; `None` on the simulator, which is left alone.
    pub(super) fn account(
        &self,
        runtime: &Runtime,
        language: Language,
    ) -> anyhow::Result<Option<Cloud>> {
        let is_real = self.ledger.begun.target.real;
        is_real
            .then(|| self.connect(runtime, true, language))
            .transpose()
    }

    fn source(&self) -> anyhow::Result<Source> {
        source(&self.ledger.begun)
    }

    /// Its environment: a simulator that has ended is started again, with the same world.
    pub(super) fn connect(
        &self,
        runtime: &Runtime,
        jumps: bool,
        language: Language,
    ) -> anyhow::Result<Cloud> {
        let directory = &self.held.directory;
        connect(runtime, &self.ledger.begun, directory, jumps, language)
    }

    /// The language that it is told in.
    pub(super) fn language(&self, manners: Manners) -> Language {
        language(&self.ledger.begun, manners)
    }
}

/// The scenario that a session is of.
pub(super) fn source(begun: &Begun) -> anyhow::Result<Source> {
    scenarios::load(&begun.scenario, begun.scenarios.as_deref())
        .with_context(|| format!("session {} cannot read its scenario", begun.session))
}

/// breakfix's clients of a session's environment.
pub(super) fn connect(
    runtime: &Runtime,
    begun: &Begun,
    directory: &Path,
    jumps: bool,
    language: Language,
) -> anyhow::Result<Cloud> {
    if begun.target.real {
        let cloud = runtime.block_on(account::connect(&begun.target))?;
        // With another account's credentials everything would look as if it were gone.
        runtime.block_on(account::identified(&cloud, language))?;
        return Ok(cloud);
    }
    let background = Background::of(directory);
    background.ensure(pace(begun))?;
    runtime.block_on(background.connect(jumps))
}

/// How fast time flows for the learner.
pub(super) fn pace(begun: &Begun) -> Pace {
    let asked = begun.target.clock.as_deref();
    asked
        .and_then(|clock| clock.parse().ok())
        .unwrap_or(Pace::Real)
}
