//! `breakfix start`: breaks an environment for a learner, and leaves it so.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;

use super::super::background::Background;
use super::super::content::{Refused, refused};
use super::super::learner;
use super::super::manners::Manners;
use super::super::{interrupt, output, runtime};
use super::account::{self, AccountNames};
use super::opened;
use crate::cloud::Cloud;
use crate::language::{Language, Message};
use crate::live::Live;
use crate::message;
use crate::outcome::{Event, Exit};
use crate::report::{life, standing};
use crate::scenario::VariantError;
use crate::scenarios::{self, LoadError, Source};
use crate::session::journal::Target;
use crate::session::store::{Held, Store};
use crate::session::{self, Draft, Session, Wish};
use crate::shell::Interrupt;
use crate::simulator::clock::Pace;

/// What to break, where.
#[derive(Debug, Clone)]
pub struct StartRequest {
    pub scenario: String,
    /// Directory with scenarios of the user's own.
    pub directory: Option<PathBuf>,
    pub variant: Option<String>,
    pub place: Place,
    pub time_to_live: Duration,
    /// Listen to what the AWS CLI calls in the learner's terminals; the simulator knows that anyway.
    pub observe: bool,
    /// Do not ask.
    pub yes: bool,
    pub json: bool,
}

#[derive(Debug, Clone)]
pub enum Place {
    /// With time flowing like this once it is broken.
    Simulator(Pace),
    Account(AccountNames),
}

/// Breaks the environment, or goes on with it where an earlier start was cut short.
///
/// # Errors
/// When it could not be broken; what was made is taken back, or told.
pub fn start(request: &StartRequest, manners: Manners) -> anyhow::Result<Exit> {
    match try_start(request, manners)? {
        Ok(exit) => Ok(exit),
        Err(Refused { exit, text }) => {
            output::complain(&text);
            Ok(exit)
        }
    }
}

type Outcome = anyhow::Result<Result<Exit, Refused>>;

fn try_start(request: &StartRequest, manners: Manners) -> Outcome {
    let language = manners.language(None);
    let source = match checked(request, language) {
        Ok(source) => source,
        Err(refused) => return Ok(Err(refused)),
    };
    let store = opened::store();
    let runtime = runtime()?;
    if let Some(id) = same(&store, request) {
        return go_on(request, &store, &runtime, &id, manners);
    }
    let id = session::new_id();
    let target = match &request.place {
        Place::Account(names) => names.target(),
        Place::Simulator(pace) => simulated(*pace),
    };
    let held = store.hold(&id)?;
    // Ctrl-C while somebody is asked ends this at once: nothing is made yet, and no simulator to be ended.
    let early = (!target.real).then(|| interrupt::watch(&runtime));
    let signals = early.transpose()?;
    let new = New {
        request,
        target: &target,
        held: &held,
        manners,
    };
    let begun = new.begin(source, &runtime, &store);
    match begun {
        Ok(Ok(session)) => {
            let result = break_it(request, &runtime, signals, session, manners);
            drop(held);
            result
        }
        Ok(Err(refused)) => {
            store.forget(held)?;
            Ok(Err(refused))
        }
        Err(error) => {
            let _ = Background::of(&held.directory).stop();
            store.forget(held)?;
            Err(error)
        }
    }
}

/// A session that is going to be begun.
struct New<'a> {
    request: &'a StartRequest,
    target: &'a Target,
    held: &'a Held,
    manners: Manners,
}

impl New<'_> {
    /// Nothing is made yet.
    fn begin(
        &self,
        source: Source,
        runtime: &Runtime,
        store: &Store,
    ) -> anyhow::Result<Result<Session, Refused>> {
        let language = self.manners.language(None);
        let cloud = match self.connect(runtime, language)? {
            Ok(cloud) => cloud,
            Err(refused) => return Ok(Err(refused)),
        };
        let draft = Draft::new(source, &cloud, &self.wish())?;
        // The plan is shown before a journal is written: a refusal leaves nothing behind.
        if self.target.real {
            let planned = draft.planned(language);
            output::complain(&standing::plan(&self.target.told(), &planned, language));
            if self.request.observe {
                output::complain(&life::observed(language));
            }
            let question = message!("start-confirm");
            if let Err(refused) = account::confirmed(question, self.request.yes, language) {
                return Ok(Err(refused));
            }
        }
        if !self.target.real && !self.request.json {
            let parts = draft.parts(language);
            output::complain(&standing::made(&self.target.told(), &parts, language));
        }
        let mut session = draft.begin(store.directory(), cloud)?;
        session.speak(language);
        opened::listen(session.ledger());
        Ok(Ok(session))
    }

    fn connect(
        &self,
        runtime: &Runtime,
        language: Language,
    ) -> anyhow::Result<Result<Cloud, Refused>> {
        if self.target.real {
            let cloud = runtime.block_on(account::connect(self.target))?;
            let admitted = runtime.block_on(account::admitted(&cloud, language));
            return Ok(admitted.map(|()| cloud));
        }
        let background = Background::of(&self.held.directory);
        let Place::Simulator(pace) = self.request.place else {
            anyhow::bail!("a simulated session has a clock");
        };
        background.ensure(pace)?;
        Ok(Ok(runtime.block_on(background.connect(true))?))
    }

    fn wish(&self) -> Wish {
        Wish {
            id: self.held.id(),
            variant: self.request.variant.clone(),
            healthy: false,
            time_to_live: self.request.time_to_live,
            real: self.target.real,
            clock: self.target.clock.clone(),
            observed: self.target.real && self.request.observe,
            language: self
                .manners
                .asked()
                .map(|language| language.tag().to_owned()),
        }
    }
}

fn break_it(
    request: &StartRequest,
    runtime: &Runtime,
    signals: Option<Arc<Interrupt>>,
    mut session: Session,
    manners: Manners,
) -> Outcome {
    let language = session.language();
    let signals = match signals {
        Some(signals) => signals,
        None => interrupt::watch(runtime)?,
    };
    let live = Arc::new(Mutex::new(manners.live()));
    session.tell(teller(&live, language));
    let injected = until_interrupted(runtime, &signals, &live, session.inject());
    let id = session.id().to_owned();
    match injected {
        Some(Ok(())) => {
            learner::begin(&session);
            let text = if request.json {
                standing::started_json(&session.outcome())
            } else {
                let style = manners.style(language, &std::io::stdout());
                standing::started(&session.outcome(), style)
            };
            output::say(&text);
            Ok(Ok(Exit::Met))
        }
        Some(Err(error)) => {
            let what = message!("start-not-broken", id = &id);
            Err(error.context(what.to(language)))
        }
        None => {
            let text = message!("start-interrupted", id = &id).to(language);
            Ok(Err(refused(Exit::Interrupted, text)))
        }
    }
}

/// Works, and shows what of, until the first interrupt: `None` then.
pub(in super::super) fn until_interrupted<T>(
    runtime: &Runtime,
    signals: &Interrupt,
    live: &Arc<Mutex<Live>>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let done = runtime.block_on(async {
        tokio::select! {
            done = work => Some(done),
            () = interrupt::beyond(signals, 0) => None,
        }
    });
    // The spinner must not be drawn over what follows.
    *live.lock().unwrap_or_else(PoisonError::into_inner) = Live::silent();
    done
}

/// Shows what is being done and waited for.
pub(in super::super) fn teller(live: &Arc<Mutex<Live>>, language: Language) -> crate::cloud::Tell {
    let live = Arc::clone(live);
    Arc::new(move |said| {
        let text = said.to(language);
        let mut live = live.lock().unwrap_or_else(PoisonError::into_inner);
        live.show(&Event::Stage { text });
    })
}

/// Goes on with a session of the same scenario in the same place; one that is complete is only told.
fn go_on(
    request: &StartRequest,
    store: &Store,
    runtime: &Runtime,
    id: &str,
    manners: Manners,
) -> Outcome {
    let (held, session) = match opened::work(store, runtime, id, manners)? {
        Ok(opened) => opened,
        Err(refused) => return Ok(Err(refused)),
    };
    output::complain(&message!("start-going-on", id = id).to(session.language()));
    if let (Place::Simulator(pace), Some(clock)) =
        (&request.place, &session.ledger().begun.target.clock)
        && pace.to_string() != *clock
    {
        let stays = message!("start-clock-stays", clock = clock);
        output::complain(&stays.to(session.language()));
    }
    let result = break_it(request, runtime, None, session, manners);
    drop(held);
    result
}

/// An unfinished session of this scenario in this place.
fn same(store: &Store, request: &StartRequest) -> Option<String> {
    store.ids().into_iter().find(|id| {
        let Ok(ledger) = store.look(id) else {
            return false;
        };
        let there = match &request.place {
            Place::Simulator(_) => !ledger.begun.target.real,
            Place::Account(names) => ledger.begun.target == names.target(),
        };
        let begun = &ledger.begun;
        let variant = match request.variant.as_deref() {
            None => true,
            Some(crate::scenario::RANDOM) => begun.hidden,
            asked => !begun.hidden && begun.variant.as_deref() == asked,
        };
        begun.scenario == request.scenario && there && variant && !ledger.is_finished()
    })
}

/// Where the simulator puts a session.
fn simulated(pace: Pace) -> Target {
    let configuration = crate::simulator::Configuration::default();
    Target {
        real: false,
        account: configuration.account,
        region: configuration.region,
        cluster: configuration.cluster,
        clock: Some(pace.to_string()),
    }
}

/// What can be said without touching anything.
fn checked(request: &StartRequest, language: Language) -> Result<Source, Refused> {
    let refused = |exit, why: Message| refused(exit, message!("error", why = why).to(language));
    let source = scenarios::load(&request.scenario, request.directory.as_deref());
    let source = source.map_err(|error| {
        let (exit, why) = unloaded(error);
        refused(exit, why)
    })?;
    let asked = request
        .variant
        .as_deref()
        .filter(|asked| *asked != crate::scenario::RANDOM);
    let chosen = source.scenario.choose(asked);
    let chosen = chosen.map_err(|error| refused(Exit::Usage, unchosen(error)))?;
    let real = matches!(request.place, Place::Account(_));
    let any_only = source
        .scenario
        .variants
        .values()
        .any(|variant| variant.simulator_only);
    let random = request.variant.as_deref() == Some(crate::scenario::RANDOM);
    if real && (chosen.simulator_only || random && any_only) {
        let why = message!("start-simulator-only", scenario = &request.scenario);
        return Err(refused(Exit::Usage, why));
    }
    Ok(source)
}

/// Why there is no such scenario. Mistakes in one are for its author, in English.
fn unloaded(error: LoadError) -> (Exit, Message) {
    match error {
        LoadError::Unknown {
            name,
            known,
            nearest,
        } => {
            let unknown = message!("scenario-unknown", name = name, known = known.join(", "));
            (Exit::Usage, meant(unknown, nearest))
        }
        LoadError::Invalid { .. } => (Exit::Content, error.to_string().into()),
        LoadError::Unreadable { .. } => (Exit::CannotTell, error.to_string().into()),
    }
}

fn unchosen(error: VariantError) -> Message {
    match error {
        VariantError::Unknown {
            scenario,
            name,
            known,
            nearest,
        } => {
            let unknown = message!(
                "variant-unknown",
                scenario = scenario,
                name = name,
                known = known
            );
            meant(unknown, nearest)
        }
        VariantError::Twice(name) => message!("variant-twice", name = name),
        VariantError::Clash {
            first,
            second,
            value,
        } => message!(
            "variant-clash",
            first = first,
            second = second,
            value = value
        ),
    }
}

fn meant(unknown: Message, nearest: Option<String>) -> Message {
    match nearest {
        Some(nearest) => message!("did-you-mean", unknown = unknown, nearest = nearest),
        None => unknown,
    }
}
