//! Everything that can go wrong between breakfix and an account, at each call in turn: nothing is lost, nothing is made
//! twice, and what could not be done is said.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use breakfix::cloud::Cloud;
use breakfix::cloud::aws::Endpoint;
use breakfix::scenarios::{self, Source};
use breakfix::session::ledger::Ledger;
use breakfix::session::{Session, Wish, undo};
use breakfix::simulator::{Configuration, world};
use serde_json::Value;
use tempfile::TempDir;

use super::ground::{self, Ground};
use super::trouble::{Asked, Fault, between};

/// It makes one of everything, a grant included, and takes that away again.
const VARIANT: &str = "grant-revoked";
/// Worlds grow: keys that are gone stay listed for a week.
const ROUNDS_PER_WORLD: usize = 12;

/// What becomes of a request, by its number from 1.
type Judge = Box<dyn FnMut(usize, &Asked, &str) -> Option<Fault> + Send>;

#[derive(Default)]
struct Between {
    calls: Vec<Asked>,
    judge: Option<Judge>,
}

/// A world, somebody who makes trouble on the way to it, and a learner's sessions.
struct Field {
    ground: Ground,
    between: Arc<Mutex<Between>>,
    url: String,
    before: Value,
    home: TempDir,
}

impl Field {
    fn new() -> Field {
        Field::of(Configuration::default())
    }

    fn of(configuration: Configuration) -> Field {
        let ground = Ground::with(configuration);
        let between_us: Arc<Mutex<Between>> = Arc::default();
        let shared = Arc::clone(&between_us);
        let url = between(ground.simulator.aws_url(), move |request| {
            let mut between = shared.lock().unwrap();
            let asked = Asked::read(request);
            between.calls.push(asked.clone());
            let number = between.calls.len();
            between.judge.as_mut()?(number, &asked, request)
        });
        Field {
            before: ground.simulator.inventory(),
            ground,
            between: between_us,
            url,
            home: tempfile::tempdir().unwrap(),
        }
    }

    /// From now on, counted anew.
    fn trouble(&self, judge: Judge) {
        *self.between.lock().unwrap() = Between {
            calls: Vec::new(),
            judge: Some(judge),
        };
    }

    /// What was called since trouble began; there is none any more.
    fn calm(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.between.lock().unwrap()).calls
    }

    /// Fresh clients whose calls somebody may trouble.
    fn cloud(&self) -> Cloud {
        let key = self.ground.simulator.operator_key();
        self.ground.cloud_at(Endpoint::Simulator {
            url: self.url.clone(),
            access_key: key.id,
            secret_key: key.secret,
        })
    }

    fn begin(&self) -> Session {
        let wish = Wish {
            variant: Some(VARIANT.to_owned()),
            time_to_live: Duration::from_secs(3600),
            target: ground::target(),
            ..Wish::default()
        };
        Session::begin(self.home.path(), source(), self.cloud(), &wish).unwrap()
    }

    fn resume(&self, directory: &Path) -> Session {
        Session::resume(directory, source(), self.cloud()).unwrap()
    }

    fn inject(&self, session: &mut Session) -> Result<(), String> {
        let injected = self.ground.run(session.inject());
        injected.map_err(|error| format!("{error:#}"))
    }

    /// A session that is broken, by its directory.
    fn broken(&self) -> PathBuf {
        let mut session = self.begin();
        self.inject(&mut session).unwrap();
        session.directory().to_owned()
    }

    fn undo(&self, directory: &Path) -> Vec<String> {
        let mut ledger = Ledger::open(directory).unwrap();
        let cloud = self.cloud();
        self.ground.run(undo::undo(&mut ledger, &cloud)).unwrap()
    }

    /// Undoing without any trouble leaves the world as it was.
    #[track_caller]
    fn comes_back(&self, directory: &Path, when: &str) {
        let left = self.undo(directory);
        assert!(left.is_empty(), "{when}: {left:#?}");
        let after = self.ground.simulator.inventory();
        let differing = breakfix::prove::differences(&self.before, &after);
        assert!(differing.is_empty(), "{when}: {differing:#?}");
    }
}

fn source() -> Source {
    scenarios::load("missing-worker-nodes", None).unwrap()
}

/// Every mutation, and of each kind of reading the first and the last.
fn points(calls: &[Asked]) -> Vec<usize> {
    let mut reads: BTreeMap<&Asked, (usize, usize)> = BTreeMap::new();
    let mut points = Vec::new();
    for (at, asked) in calls.iter().enumerate() {
        if asked.changes() {
            points.push(at + 1);
        } else {
            reads.entry(asked).or_insert((at + 1, 0)).1 = at + 1;
        }
    }
    points.extend(reads.into_values().flat_map(|(first, last)| [first, last]));
    points.sort_unstable();
    points.dedup();
    points
}

/// One round after another, each with trouble at another call of a clean run.
fn every_call(calls: &[Asked], mut round: impl FnMut(&Field, usize, &str)) {
    let mut field = Field::new();
    for (rounds, point) in points(calls).into_iter().enumerate() {
        if rounds % ROUNDS_PER_WORLD == ROUNDS_PER_WORLD - 1 {
            field = Field::new();
        }
        round(
            &field,
            point,
            &format!("call {point}, {}", calls[point - 1]),
        );
    }
}

/// The calls of breaking without any trouble.
fn calls_of_inject() -> Vec<Asked> {
    let field = Field::new();
    field.trouble(Box::new(|_, _, _| None));
    field.broken();
    field.calm()
}

fn calls_of_undo() -> Vec<Asked> {
    let field = Field::new();
    let directory = field.broken();
    field.trouble(Box::new(|_, _, _| None));
    field.comes_back(&directory, "clean");
    field.calm()
}

/// From this call on, what it asks for is denied.
fn denied_from(point: usize) -> Judge {
    let mut denied = None;
    Box::new(move |number, asked, _| {
        if number == point {
            denied = Some(asked.clone());
        }
        (denied.as_ref() == Some(asked)).then(|| asked.denied())
    })
}

/// The answer of this one call is lost.
fn lost_at(point: usize) -> Judge {
    Box::new(move |number, _, _| (number == point).then_some(Fault::Lost))
}

fn expired_from(point: usize) -> Judge {
    Box::new(move |number, asked, _| (number >= point).then(|| asked.expired()))
}

/// Every call's first two tries are throttled.
fn throttled_twice() -> Judge {
    let mut keys = 0;
    Box::new(move |_, asked, request| {
        let tries = ["attempt=1", "attempt=2"];
        // This one is repeated by us, since KMS would not know it again.
        if asked.operation == "CreateKey" {
            keys += 1;
            return (keys <= 2).then(|| asked.throttled());
        }
        let early = tries.iter().any(|attempt| request.contains(attempt));
        early.then(|| asked.throttled())
    })
}

#[test]
fn a_denied_call_stops_the_breaking_and_loses_nothing() {
    every_call(&calls_of_inject(), |field, point, when| {
        field.trouble(denied_from(point));
        let mut session = field.begin();
        let injected = field.inject(&mut session);
        let denied = field.calm()[point - 1].clone();
        let action = format!("not authorized to perform: {denied}");
        match injected {
            Err(error) => assert!(error.contains(&action), "{when}: {error}"),
            // It breaks all the same if no symptom shows in what may not be read.
            Ok(()) => assert!(!denied.changes(), "{when}: broken all the same"),
        }
        field.comes_back(session.directory(), when);
    });
}

#[test]
fn a_denied_call_stops_the_undoing_and_the_next_try_ends_it() {
    every_call(&calls_of_undo(), |field, point, when| {
        let directory = field.broken();
        field.trouble(denied_from(point));
        let left = field.undo(&directory).join("\n");
        let denied = field.calm()[point - 1].clone();
        let action = format!("not authorized to perform: {denied}");
        assert!(left.contains(&action), "{when}: {left}");
        field.comes_back(&directory, when);
    });
}

#[test]
fn throttling_is_waited_out() {
    let field = Field::new();
    field.trouble(throttled_twice());
    let mut session = field.begin();
    field.inject(&mut session).unwrap();
    let throttled = field.calm();
    assert!(throttled.len() > 100, "{}", throttled.len());
    let directory = session.directory().to_owned();
    field.trouble(throttled_twice());
    field.comes_back(&directory, "throttled");
    assert!(field.calm().len() > 100);
}

#[test]
fn a_lost_answer_while_breaking_makes_no_twins() {
    every_call(&calls_of_inject(), |field, point, when| {
        field.trouble(lost_at(point));
        let mut session = field.begin();
        let injected = field.inject(&mut session);
        field.calm();
        if let Err(error) = injected {
            assert!(error.contains("failed to"), "{when}: {error}");
            field.inject(&mut session).expect(when);
        }
        field.comes_back(session.directory(), when);
    });
}

#[test]
fn a_lost_answer_while_undoing_loses_nothing() {
    every_call(&calls_of_undo(), |field, point, when| {
        let directory = field.broken();
        field.trouble(lost_at(point));
        field.undo(&directory);
        field.calm();
        field.comes_back(&directory, when);
    });
}

#[test]
fn credentials_that_expire_while_breaking_are_said_and_fresh_ones_go_on() {
    every_call(&calls_of_inject(), |field, point, when| {
        field.trouble(expired_from(point));
        let mut session = field.begin();
        let error = field.inject(&mut session).expect_err(when);
        field.calm();
        assert!(
            error.contains("the credentials are not accepted"),
            "{when}: {error}"
        );
        let directory = session.directory().to_owned();
        drop(session);
        let mut session = field.resume(&directory);
        field.inject(&mut session).expect(when);
        field.comes_back(&directory, when);
    });
}

#[test]
fn credentials_that_expire_while_undoing_are_said_and_fresh_ones_go_on() {
    every_call(&calls_of_undo(), |field, point, when| {
        let directory = field.broken();
        field.trouble(expired_from(point));
        let left = field.undo(&directory).join("\n");
        field.calm();
        assert!(
            left.contains("the credentials are not accepted"),
            "{when}: {left}"
        );
        field.comes_back(&directory, when);
    });
}

/// After each creation, the service's other corners do not know of it for the next calls.
#[test]
fn what_is_new_may_be_unheard_of_for_a_while() {
    let field = Field::new();
    let mut news: BTreeMap<String, usize> = BTreeMap::new();
    let unheard = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&unheard);
    field.trouble(Box::new(move |_, asked, request| {
        let created = ["CreateKey", "CreateLaunchTemplate", "POST /clusters"];
        if let Some(left) = news.get_mut(&asked.service).filter(|left| **left > 0)
            && names_one(asked, request)
        {
            *left -= 1;
            *counted.lock().unwrap() += 1;
            let codes = [
                match &*asked.service {
                    "kms" => "NotFoundException",
                    _ => "ResourceNotFoundException",
                },
                "InvalidLaunchTemplateId.NotFound",
                "NoSuchEntity",
            ];
            return Some(asked.refused(codes, "not known here yet"));
        }
        if created.iter().any(|it| asked.operation.starts_with(it)) {
            news.insert(asked.service.clone(), 3);
        }
        None
    }));
    let mut session = field.begin();
    field.inject(&mut session).unwrap();
    field.calm();
    assert!(*unheard.lock().unwrap() >= 6, "{}", unheard.lock().unwrap());
    field.comes_back(session.directory(), "unheard of");
}

/// Calls about one thing, not lists.
fn names_one(asked: &Asked, request: &str) -> bool {
    let lists = [
        "List",
        "DescribeLaunchTemplates",
        "GET /clusters/eks-workshop/node-groups?",
    ];
    let lists_it = lists.iter().any(|it| asked.operation.starts_with(it));
    !lists_it
        && (asked.service == "kms"
            || request.contains("new_nodegroup_1")
            || request.contains("lt-"))
}

#[test]
fn a_group_that_stays_updating_is_named_and_goes_later() {
    let options = world::Options {
        update: Duration::from_secs(2 * 3600),
        update_limit: Duration::from_secs(3 * 3600),
        ..world::Options::default()
    };
    let field = Field::of(Configuration {
        options,
        ..Configuration::default()
    });
    let wish = Wish {
        time_to_live: Duration::from_secs(3600),
        target: ground::target(),
        ..Wish::default()
    };
    let mut cloud = field.cloud();
    cloud.patience = Duration::from_secs(120);
    let mut session = Session::begin(field.home.path(), source(), cloud.clone(), &wish).unwrap();
    let error = field.inject(&mut session).unwrap_err();
    assert!(error.contains("is still UPDATING after 120 s"), "{error}");
    let directory = session.directory().to_owned();
    drop(session);
    let mut ledger = Ledger::open(&directory).unwrap();
    let left = field.ground.run(undo::undo(&mut ledger, &cloud)).unwrap();
    drop(ledger);
    let left = left.join("\n");
    for text in [
        "node group new_nodegroup_1 is still busy after 120 s",
        "launch template new_nodegroup_1: kept while node group new_nodegroup_1 is there",
        "KMS key key: kept while node group new_nodegroup_1 is there",
    ] {
        assert!(left.contains(text), "{text} in\n{left}");
    }
    field
        .ground
        .simulator
        .advance(Duration::from_secs(3 * 3600));
    field.comes_back(&directory, "after the update");
}
