//! `breakfix start`: breaks an environment for a learner, and leaves it so.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;

use super::super::background::Background;
use super::super::content::{Refused, refused};
use super::super::manners::Manners;
use super::super::{interrupt, output, runtime};
use super::account::{self, AccountNames};
use super::opened;
use crate::live::Live;
use crate::outcome::{Event, Exit};
use crate::report::{life, standing};
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
    let source = match checked(request) {
        Ok(source) => source,
        Err(refused) => return Ok(Err(refused)),
    };
    let store = opened::store();
    let runtime = runtime()?;
    if let Some(id) = same(&store, request) {
        return go_on(request, manners, &store, &runtime, &id);
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
    let begun = begin(request, manners, source, &runtime, &target, &held, &store);
    match begun {
        Ok(Ok(session)) => {
            let result = break_it(request, &runtime, signals, session);
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

/// Nothing is made yet.
fn begin(
    request: &StartRequest,
    manners: Manners,
    source: Source,
    runtime: &Runtime,
    target: &Target,
    held: &Held,
    store: &Store,
) -> anyhow::Result<Result<Session, Refused>> {
    let cloud = if target.real {
        let cloud = runtime.block_on(account::connect(target))?;
        if let Err(refused) = runtime.block_on(account::admitted(&cloud)) {
            return Ok(Err(refused));
        }
        cloud
    } else {
        let background = Background::of(&held.directory);
        let Place::Simulator(pace) = request.place else {
            anyhow::bail!("a simulated session has a clock");
        };
        background.ensure(pace)?;
        runtime.block_on(background.connect(true))?
    };
    let wish = Wish {
        id: held.id(),
        variant: request.variant.clone(),
        healthy: false,
        time_to_live: request.time_to_live,
        real: target.real,
        clock: target.clock.clone(),
        observed: target.real && request.observe,
    };
    let draft = Draft::new(source, &cloud, &wish)?;
    // The plan is shown before a journal is written: a refusal leaves nothing behind.
    if target.real {
        output::complain(&standing::plan(&target.to_string(), &draft.planned()));
        if request.observe {
            output::complain(&life::observed(manners.language(None)));
        }
        if let Err(refused) = account::confirmed("Make all this?", request.yes) {
            return Ok(Err(refused));
        }
    }
    let session = draft.begin(store.directory(), cloud)?;
    opened::listen(session.ledger());
    Ok(Ok(session))
}

fn break_it(
    request: &StartRequest,
    runtime: &Runtime,
    signals: Option<Arc<Interrupt>>,
    mut session: Session,
) -> Outcome {
    let signals = match signals {
        Some(signals) => signals,
        None => interrupt::watch(runtime)?,
    };
    let live = Arc::new(Mutex::new(Live::on_stderr(false)));
    session.tell(teller(&live));
    let injected = until_interrupted(runtime, &signals, &live, session.inject());
    let id = session.id().to_owned();
    match injected {
        Some(Ok(())) => {
            let text = if request.json {
                standing::started_json(&session.outcome())
            } else {
                standing::started(&session.outcome())
            };
            output::say(&text);
            Ok(Ok(Exit::Met))
        }
        Some(Err(error)) => Err(error.context(format!(
            "session {id} is not broken as it should be: `breakfix start` goes on, `breakfix finish` takes everything back"
        ))),
        None => Ok(Err(refused(
            Exit::Interrupted,
            format!("interrupted: `breakfix start` goes on with session {id}, `breakfix finish` takes everything back"),
        ))),
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
pub(in super::super) fn teller(live: &Arc<Mutex<Live>>) -> crate::cloud::Tell {
    let live = Arc::clone(live);
    Arc::new(move |text| {
        let mut live = live.lock().unwrap_or_else(PoisonError::into_inner);
        live.show(&Event::Stage { text });
    })
}

/// Goes on with a session of the same scenario in the same place; one that is complete is only told.
fn go_on(
    request: &StartRequest,
    manners: Manners,
    store: &Store,
    runtime: &Runtime,
    id: &str,
) -> Outcome {
    let (held, session) = match opened::work(store, runtime, id, manners)? {
        Ok(opened) => opened,
        Err(refused) => return Ok(Err(refused)),
    };
    output::complain(&format!("going on with session {id}"));
    let result = break_it(request, runtime, None, session);
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
fn checked(request: &StartRequest) -> Result<Source, Refused> {
    let source = scenarios::load(&request.scenario, request.directory.as_deref());
    let source = source.map_err(|error| {
        let exit = match error {
            LoadError::Unknown { .. } => Exit::Usage,
            LoadError::Invalid { .. } => Exit::Content,
            LoadError::Unreadable { .. } => Exit::CannotTell,
        };
        refused(exit, format!("error: {error}"))
    })?;
    let asked = request
        .variant
        .as_deref()
        .filter(|asked| *asked != crate::scenario::RANDOM);
    let chosen = source.scenario.choose(asked);
    let chosen = chosen.map_err(|error| refused(Exit::Usage, format!("error: {error}")))?;
    let real = matches!(request.place, Place::Account(_));
    let any_only = source
        .scenario
        .variants
        .values()
        .any(|variant| variant.simulator_only);
    let random = request.variant.as_deref() == Some(crate::scenario::RANDOM);
    if real && (chosen.simulator_only || random && any_only) {
        return Err(refused(
            Exit::Usage,
            format!(
                "error: {} is for the simulator only: it would touch what others share in the account",
                request.scenario
            ),
        ));
    }
    Ok(source)
}
