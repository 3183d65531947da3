//! One run of one scenario: breaks an environment, judges its repair, takes everything back.
//!
//! What a session makes is in its [`journal`] before it is made, so that whoever comes after a kill goes on from there.

mod inject;
pub mod journal;
mod judging;
pub mod ledger;
pub mod lifetime;
pub mod notes;
pub mod observed;
mod reset;
pub mod runs;
mod solve;
pub mod store;
pub mod undo;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;

use crate::cloud::{Cloud, Tell};
use crate::language::Language;
use crate::outcome::standing::{PlannedChange, SessionOutcome};
use crate::scenario::cost::hourly_usd;
use crate::scenario::{Change, Chosen, Parameter, RANDOM, Scenario, Values};
use crate::scenarios::Source;
use journal::{Begun, Target, VERSION};
use ledger::Ledger;

/// A scenario in an environment.
pub struct Session {
    ledger: Ledger,
    source: Source,
    chosen: Chosen,
    values: Values,
    cloud: Cloud,
    language: Language,
}

/// What a new session is to be.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// As [`new_id`] draws them; one is drawn when `None`.
    pub id: Option<String>,
    /// As `--variant` says it: names joined by `+`, or `random`; the first variant when `None`.
    pub variant: Option<String>,
    /// The environment as it is without any fault, to show that it is the fault which breaks it.
    pub healthy: bool,
    /// How long the session may live before it is reaped.
    pub time_to_live: Duration,
    /// In a real account, and not in the simulator.
    pub real: bool,
    /// How fast a simulator's time flows for the learner, as `--clock` says it.
    pub clock: Option<String>,
    /// Whether the AWS CLI's calls in the learner's terminals are listened to.
    pub observed: bool,
    /// The language that was asked for: `en` or `ja`.
    pub language: Option<String>,
}

/// A session that is drawn up, with everything that is drawn by lot, and not begun.
pub struct Draft {
    begun: Begun,
    source: Source,
    chosen: Chosen,
}

/// What is drawn for ids: lower-case letters and digits, of which so many are never drawn twice.
const ID_LENGTH: usize = 8;

impl Session {
    /// Begins a session in a directory of its own below `sessions`. Nothing is made yet.
    ///
    /// # Errors
    /// When the variant is not to be had, or the journal cannot be begun.
    pub fn begin(
        sessions: &Path,
        source: Source,
        cloud: Cloud,
        wish: &Wish,
    ) -> anyhow::Result<Session> {
        Draft::new(source, &cloud, wish)?.begin(sessions, cloud)
    }

    /// Goes on with the session in `directory`.
    ///
    /// # Errors
    /// When there is none, or its journal or its variant cannot be understood.
    pub fn resume(directory: &Path, source: Source, cloud: Cloud) -> anyhow::Result<Session> {
        Session::over(Ledger::open(directory)?, source, cloud)
    }

    fn of(ledger: Ledger, source: Source, chosen: Chosen, cloud: Cloud) -> Session {
        let values = values(&ledger.begun, &chosen);
        let mut session = Session {
            ledger,
            source,
            chosen,
            values,
            cloud,
            language: Language::default(),
        };
        let made: Vec<usize> = session.ledger.current().map(|(number, _)| number).collect();
        made.into_iter()
            .for_each(|number| session.learn_outputs(number));
        session
    }

    /// What change `number` made can be named from now on.
    fn learn_outputs(&mut self, number: usize) {
        let Some(entry) = self.ledger.entry(number) else {
            return;
        };
        let (Some(id), Some(outputs)) = (entry.change.id(), &entry.outputs) else {
            return;
        };
        for (name, value) in outputs {
            self.values.set(format!("{id}.{name}"), value);
        }
    }

    pub fn id(&self) -> &str {
        &self.ledger.begun.session
    }

    /// Where its journal is.
    pub fn directory(&self) -> &Path {
        self.ledger.directory()
    }

    pub fn scenario(&self) -> &Scenario {
        &self.source.scenario
    }

    /// Over a ledger that was read elsewhere, to look at the environment.
    ///
    /// # Errors
    /// When its variant cannot be understood.
    pub fn over(ledger: Ledger, source: Source, cloud: Cloud) -> anyhow::Result<Session> {
        let chosen = source.scenario.choose(ledger.begun.variant.as_deref())?;
        Ok(Session::of(ledger, source, chosen, cloud))
    }

    /// In what language its checks are told; English unless this says otherwise.
    pub fn speak(&mut self, language: Language) {
        self.language = language;
    }

    pub fn language(&self) -> Language {
        self.language
    }

    /// Says what is being done and waited for.
    pub fn tell(&mut self, tell: Tell) {
        self.cloud.tell = tell;
    }

    /// What is told of it.
    pub fn outcome(&self) -> SessionOutcome {
        let mut outcome = self.ledger.outcome();
        outcome.title = self.scenario().title.to(self.language);
        outcome.place = self.ledger.begun.target.told().to(self.language);
        outcome.lab.clone_from(&self.scenario().lab);
        outcome
    }

    /// The variant that is in the environment, with its checks and repairs.
    pub fn chosen(&self) -> &Chosen {
        &self.chosen
    }

    pub fn source(&self) -> &Source {
        &self.source
    }

    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The variables that the lesson's commands get.
    ///
    /// # Errors
    /// When a value names something unknown.
    pub fn environment(&self) -> anyhow::Result<Vec<(String, String)>> {
        let filled =
            |(name, value): (&String, &String)| Ok((name.clone(), self.values.fill(value)?));
        self.scenario().environment.iter().map(filled).collect()
    }

    /// Takes back everything that was made, and says what is left.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub async fn undo(&mut self) -> anyhow::Result<Vec<String>> {
        let left = undo::undone(&mut self.ledger, &self.cloud).await?;
        Ok(left.iter().map(|left| left.to(self.language)).collect())
    }
}

/// Draws the id of a session: lower-case letters and digits.
pub fn new_id() -> String {
    random_text(ID_LENGTH)
}

impl Draft {
    /// # Errors
    /// When the variant is not to be had.
    pub fn new(source: Source, cloud: &Cloud, wish: &Wish) -> anyhow::Result<Draft> {
        let variant = drawn_variant(&source.scenario, wish.variant.as_deref());
        // Tags tell times to the second.
        let at = Timestamp::now().round(jiff::Unit::Second)?;
        let begun = Begun {
            version: VERSION,
            session: wish.id.clone().unwrap_or_else(new_id),
            scenario: source.scenario.name.clone(),
            scenarios: source.parent(),
            variant,
            hidden: wish.variant.as_deref() == Some(RANDOM),
            language: wish.language.clone(),
            parameters: drawn_parameters(&source.scenario),
            target: Target {
                real: wish.real,
                account: cloud.account.clone(),
                region: cloud.region.clone(),
                cluster: cloud.cluster.clone(),
                clock: wish.clock.clone(),
            },
            at,
            expires_at: at
                .checked_add(jiff::SignedDuration::try_from(wish.time_to_live)?)
                .context("the session would never expire")?,
            observed: wish.observed,
        };
        let chosen = if wish.healthy {
            source.scenario.healthy()
        } else {
            source.scenario.choose(begun.variant.as_deref())?
        };
        Ok(Draft {
            begun,
            source,
            chosen,
        })
    }

    /// What is going to be made, without what is altered afterwards: that tells the fault.
    pub fn parts(&self, language: Language) -> Vec<PlannedChange> {
        let changes = self.chosen.changes.iter();
        let parts = changes.zip(self.planned(language));
        let parts = parts.filter(|(change, _)| change.altered().is_none());
        parts.map(|(_, planned)| planned).collect()
    }

    /// What is going to be made, in order.
    pub fn planned(&self, language: Language) -> Vec<PlannedChange> {
        planned(&self.begun, &self.chosen, language)
    }

    /// Begins the session in a directory of its own below `sessions`. Nothing is made yet.
    ///
    /// # Errors
    /// When the journal cannot be begun.
    pub fn begin(self, sessions: &Path, cloud: Cloud) -> anyhow::Result<Session> {
        let Draft {
            begun,
            source,
            chosen,
        } = self;
        let ledger = Ledger::begin(&sessions.join(&begun.session), begun)?;
        Ok(Session::of(ledger, source, chosen, cloud))
    }
}

/// What is going to be made, in order.
fn planned(begun: &Begun, chosen: &Chosen, language: Language) -> Vec<PlannedChange> {
    let values = values(begun, chosen);
    let plan = |change: &Change| PlannedChange {
        what: values.fill_known(&change.told().to(language)),
        hourly_usd: hourly_usd(change, &chosen.changes),
    };
    chosen.changes.iter().map(plan).collect()
}

/// What the texts of a scenario may name before anything is made.
fn values(begun: &Begun, chosen: &Chosen) -> Values {
    let mut values = Values::default();
    let Target {
        account,
        region,
        cluster,
        ..
    } = &begun.target;
    values.set("session", &*begun.session);
    values.set("account", &**account);
    values.set("region", &**region);
    values.set("cluster", &**cluster);
    for (name, value) in &begun.parameters {
        values.set(name, value);
    }
    for (name, value) in &chosen.values {
        values.set(format!("variant.{name}"), value);
    }
    values
}

fn drawn_variant(scenario: &Scenario, asked: Option<&str>) -> Option<String> {
    match asked {
        Some(RANDOM) => {
            let names: Vec<&String> = scenario.variants.keys().collect();
            fastrand::choice(names).cloned()
        }
        asked => asked.map(str::to_owned),
    }
}

fn drawn_parameters(scenario: &Scenario) -> BTreeMap<String, String> {
    let draw = |(name, parameter): (&String, &Parameter)| {
        let Parameter::Random(length) = parameter;
        (name.clone(), random_text(*length))
    };
    scenario.parameters.iter().map(draw).collect()
}

/// Lower-case letters and digits.
fn random_text(length: usize) -> String {
    std::iter::repeat_with(|| fastrand::alphanumeric().to_ascii_lowercase())
        .take(length)
        .collect()
}
