//! Sessions of a scenario: what a kill at any point leaves behind is taken back by whoever comes next.

use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use breakfix::cloud::Cloud;
use breakfix::outcome::Verdict;
use breakfix::scenarios::{self, Source};
use breakfix::session::ledger::Ledger;
use breakfix::session::{Session, Wish, undo};
use serde_json::Value;

use super::ground::Ground;

/// A future that is dropped after so many polls, as a process is killed between two things that it does.
struct Killed<F> {
    future: Pin<Box<F>>,
    polls: usize,
}

impl<F: Future> Future for Killed<F> {
    /// `None` when it was killed.
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        match self.future.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if self.polls == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

fn killed_after<F: Future>(polls: usize, future: F) -> Killed<F> {
    Killed {
        future: Box::pin(future),
        polls,
    }
}

fn source() -> Source {
    scenarios::load("missing-worker-nodes", None).unwrap()
}

fn wish(variant: &str) -> Wish {
    Wish {
        variant: Some(variant.to_owned()),
        time_to_live: Duration::from_secs(3600),
        ..Wish::default()
    }
}

fn begin(sessions: &Path, cloud: &Cloud, variant: &str) -> Session {
    Session::begin(sessions, source(), cloud.clone(), &wish(variant)).unwrap()
}

/// Takes back what the journal in a directory knows of, as a new process would.
async fn finish(directory: &Path, cloud: &Cloud) -> Vec<String> {
    let mut ledger = Ledger::open(directory).unwrap();
    undo::undo(&mut ledger, cloud).await.unwrap()
}

#[track_caller]
fn assert_as_before(ground: &Ground, before: &Value, when: &str) {
    let after = ground.simulator.inventory();
    let differing = breakfix::prove::differences(before, &after);
    assert!(differing.is_empty(), "{when}: {differing:#?}");
}

/// Keys that are gone stay listed for a week, and every search looks at them: a world takes only so many rounds.
const ROUNDS_PER_WORLD: usize = 12;

/// Kills work after more and more polls until it comes through.
fn sweep(stride: usize, mut round: impl FnMut(&Ground, &Value, usize) -> bool) -> usize {
    let mut ground = Ground::new();
    let mut before = ground.simulator.inventory();
    for (rounds, polls) in (1..).step_by(stride).enumerate() {
        if rounds % ROUNDS_PER_WORLD == ROUNDS_PER_WORLD - 1 {
            ground = Ground::new();
            before = ground.simulator.inventory();
        }
        if round(&ground, &before, polls) {
            return rounds + 1;
        }
    }
    unreachable!("work that ends is killed so often only")
}

#[test]
fn a_kill_at_any_point_of_breaking_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let rounds = sweep(3, |ground, before, polls| {
        let mut session = begin(home.path(), &ground.cloud(), "grant-revoked");
        let directory = session.directory().to_owned();
        let broken = ground.run(killed_after(polls, session.inject()));
        drop(session);
        let left = ground.run(finish(&directory, &ground.cloud()));
        assert!(left.is_empty(), "killed after {polls} polls: {left:?}");
        assert_as_before(ground, before, &format!("killed after {polls} polls"));
        broken.transpose().unwrap().is_some()
    });
    assert!(rounds > 30, "only {rounds} points were tried");
}

#[test]
fn a_kill_at_any_point_of_taking_back_is_mended_by_the_next_try() {
    let home = tempfile::tempdir().unwrap();
    let rounds = sweep(3, |ground, before, polls| {
        let mut session = begin(home.path(), &ground.cloud(), "no-autoscaling-access");
        let directory = session.directory().to_owned();
        ground.run(session.build()).unwrap();
        let undone = ground.run(killed_after(polls, session.undo()));
        drop(session);
        let left = ground.run(finish(&directory, &ground.cloud()));
        assert!(left.is_empty(), "killed after {polls} polls: {left:?}");
        assert_as_before(ground, before, &format!("killed after {polls} polls"));
        undone.transpose().unwrap().is_some()
    });
    assert!(rounds > 20, "only {rounds} points were tried");
}

#[test]
fn whoever_comes_after_a_kill_goes_on_breaking_where_it_stopped() {
    let home = tempfile::tempdir().unwrap();
    sweep(23, |ground, before, polls| {
        let mut session = begin(home.path(), &ground.cloud(), "key-disabled");
        let directory = session.directory().to_owned();
        let broken = ground.run(killed_after(polls, session.inject()));
        let drawn = session.values().clone();
        drop(session);
        let mut session = Session::resume(&directory, source(), ground.cloud()).unwrap();
        ground.run(session.inject()).unwrap();
        let symptoms = ground.run(session.symptoms()).unwrap();
        assert!(
            symptoms
                .iter()
                .all(|symptom| symptom.verdict == Verdict::Met),
            "{symptoms:#?}"
        );
        assert_eq!(session.values().get("suffix"), drawn.get("suffix"));
        let left = ground.run(session.undo()).unwrap();
        assert!(left.is_empty(), "killed after {polls} polls: {left:?}");
        assert_as_before(ground, before, &format!("killed after {polls} polls"));
        broken.transpose().unwrap().is_some()
    });
}

#[test]
fn breaking_twice_is_breaking_once() {
    let ground = Ground::new();
    let home = tempfile::tempdir().unwrap();
    let mut session = begin(home.path(), &ground.cloud(), "no-autoscaling-access");
    ground.run(session.inject()).unwrap();
    let once = ground.simulator.inventory();
    ground.run(session.inject()).unwrap();
    assert_as_before(&ground, &once, "the second time");
    assert!(ground.run(session.undo()).unwrap().is_empty());
    assert!(ground.run(session.undo()).unwrap().is_empty());
}

#[test]
fn a_name_that_is_taken_is_refused_and_its_owner_keeps_it() {
    let ground = Ground::new();
    let home = tempfile::tempdir().unwrap();
    let mut first = begin(home.path(), &ground.cloud(), "no-autoscaling-access");
    ground.run(first.inject()).unwrap();
    let mut second = begin(home.path(), &ground.cloud(), "no-autoscaling-access");
    let refused = format!("{:#}", ground.run(second.inject()).unwrap_err());
    assert!(refused.contains("new_nodegroup_1"), "{refused}");
    assert!(ground.run(second.undo()).unwrap().is_empty());
    let symptoms = ground.run(first.symptoms()).unwrap();
    assert!(
        symptoms
            .iter()
            .all(|symptom| symptom.verdict == Verdict::Met),
        "{symptoms:#?}"
    );
    assert!(ground.run(first.undo()).unwrap().is_empty());
}

/// Undo ∘ inject is nothing at all, whatever the variants.
#[test]
fn any_two_variants_are_broken_together_and_taken_back() {
    let ground = Ground::new();
    let before = ground.simulator.inventory();
    let home = tempfile::tempdir().unwrap();
    let source = source();
    let names: Vec<&String> = source.scenario.variants.keys().collect();
    let mut tried = 0;
    for (index, first) in names.iter().enumerate() {
        for second in &names[index + 1..] {
            let both = format!("{first}+{second}");
            if source.scenario.choose(Some(&both)).is_err() {
                continue;
            }
            tried += 1;
            let mut session = begin(home.path(), &ground.cloud(), &both);
            ground.run(session.inject()).unwrap();
            let verdicts = ground.run(session.verdicts()).unwrap();
            assert!(
                verdicts
                    .iter()
                    .any(|check| matches!(check.verdict, Verdict::NotMet { .. })),
                "{both}"
            );
            assert!(ground.run(session.undo()).unwrap().is_empty(), "{both}");
            assert_as_before(&ground, &before, &both);
        }
    }
    assert!(tried >= 10, "only {tried} pairs can be combined");
}

#[test]
fn a_random_variant_is_drawn_once_and_stays() {
    let ground = Ground::new();
    let home = tempfile::tempdir().unwrap();
    let session = begin(home.path(), &ground.cloud(), "random");
    let drawn = session.chosen().names.clone();
    assert_eq!(drawn.len(), 1);
    let again = Session::resume(session.directory(), source(), ground.cloud()).unwrap();
    assert_eq!(again.chosen().names, drawn);
}

#[track_caller]
fn assert_broken(ground: &Ground, session: &Session) {
    let symptoms = ground.run(session.symptoms()).unwrap();
    let met = |check: &breakfix::outcome::CheckOutcome| check.verdict == Verdict::Met;
    assert!(symptoms.iter().all(met), "{symptoms:#?}");
    let verdicts = ground.run(session.verdicts()).unwrap();
    assert!(!verdicts.iter().all(met), "{verdicts:#?}");
}

#[track_caller]
fn assert_repaired(ground: &Ground, session: &Session) {
    let verdicts = ground.run(session.verdicts()).unwrap();
    let met = |check: &breakfix::outcome::CheckOutcome| check.verdict == Verdict::Met;
    assert!(verdicts.iter().all(met), "{verdicts:#?}");
}

#[test]
fn a_reset_breaks_again_what_was_repaired_and_nothing_is_left_of_either() {
    let ground = Ground::new();
    let before = ground.simulator.inventory();
    let home = tempfile::tempdir().unwrap();
    let mut session = begin(home.path(), &ground.cloud(), "grant-revoked");
    ground.run(session.inject()).unwrap();
    let (suffix, key) = (
        session.values().get("suffix").map(str::to_owned),
        session.values().get("key.id").map(str::to_owned),
    );
    assert!(ground.run(session.solve(&[])).unwrap().is_met());
    assert_repaired(&ground, &session);
    for _ in 0..2 {
        ground.run(session.reset()).unwrap();
        assert_broken(&ground, &session);
    }
    assert_eq!(session.values().get("suffix"), suffix.as_deref());
    assert_ne!(session.values().get("key.id"), key.as_deref());
    // Whoever comes next has the same.
    let directory = session.directory().to_owned();
    let again = Session::resume(&directory, source(), ground.cloud()).unwrap();
    assert_eq!(again.environment().unwrap(), session.environment().unwrap());
    // And its solution is applied anew.
    assert!(ground.run(session.solve(&[])).unwrap().is_met());
    drop(session);
    assert_eq!(
        ground.run(finish(&directory, &ground.cloud())),
        Vec::<String>::new()
    );
    assert_as_before(&ground, &before, "after two resets");
}

/// The world is as before after `finish`, wherever a reset was killed.
#[test]
fn a_kill_at_any_point_of_a_reset_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let rounds = sweep(17, |ground, before, polls| {
        let mut session = begin(home.path(), &ground.cloud(), "no-autoscaling-access");
        let directory = session.directory().to_owned();
        ground.run(session.inject()).unwrap();
        let reset = ground.run(killed_after(polls, session.reset()));
        drop(session);
        let left = ground.run(finish(&directory, &ground.cloud()));
        assert!(left.is_empty(), "killed after {polls} polls: {left:?}");
        assert_as_before(ground, before, &format!("killed after {polls} polls"));
        reset.transpose().unwrap().is_some()
    });
    assert!(rounds > 10, "only {rounds} points were tried");
}

/// By `reset` and by `start`, one after the other.
#[test]
fn a_reset_that_was_killed_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let mut by_reset = false;
    sweep(61, |ground, before, polls| {
        let mut session = begin(home.path(), &ground.cloud(), "key-disabled");
        let directory = session.directory().to_owned();
        ground.run(session.inject()).unwrap();
        let reset = ground.run(killed_after(polls, session.reset()));
        drop(session);
        let mut session = Session::resume(&directory, source(), ground.cloud()).unwrap();
        by_reset = !by_reset;
        match by_reset && reset.is_none() {
            true => ground.run(session.reset()).unwrap(),
            false => ground.run(session.inject()).unwrap(),
        }
        assert_broken(ground, &session);
        // Once more would be one reset more.
        let journal = std::fs::read_to_string(directory.join("journal.jsonl")).unwrap();
        assert_eq!(
            journal.matches("\"record\":\"reset\"").count(),
            1,
            "{polls}"
        );
        let left = ground.run(session.undo()).unwrap();
        assert!(left.is_empty(), "killed after {polls} polls: {left:?}");
        assert_as_before(ground, before, &format!("killed after {polls} polls"));
        reset.transpose().unwrap().is_some()
    });
}

#[test]
fn a_reset_that_cannot_take_everything_back_says_what_is_left_and_goes_on_later() {
    let ground = Ground::new();
    let before = ground.simulator.inventory();
    let home = tempfile::tempdir().unwrap();
    let mut session = begin(home.path(), &ground.cloud(), "no-autoscaling-access");
    ground.run(session.inject()).unwrap();
    let directory = session.directory().to_owned();
    drop(session);
    let wrong = ground.cloud_at(breakfix::cloud::aws::Endpoint::Simulator {
        url: ground.simulator.aws_url(),
        access_key: "AKIA0000000000000000".to_owned(),
        secret_key: "wrong".to_owned(),
    });
    let mut session = Session::resume(&directory, source(), wrong).unwrap();
    let error = format!("{:#}", ground.run(session.reset()).unwrap_err());
    assert!(error.contains("node group new_nodegroup_1"), "{error}");
    drop(session);
    let mut session = Session::resume(&directory, source(), ground.cloud()).unwrap();
    ground.run(session.reset()).unwrap();
    assert_broken(&ground, &session);
    assert!(ground.run(session.undo()).unwrap().is_empty());
    assert_as_before(&ground, &before, "after a reset that was refused once");
}

#[test]
fn a_solution_is_applied_as_far_as_it_is_needed() {
    let ground = Ground::new();
    let before = ground.simulator.inventory();
    for (variant, first, expected) in [
        ("no-autoscaling-access", "key-lets-auto-scaling-launch", 1),
        ("grant-revoked", "key-lets-auto-scaling-launch", 1),
        ("key-disabled", "key-enabled", 1),
        ("template-names-no-key", "template-names-the-key", 4),
        ("grant-revoked+key-disabled", "key-enabled", 1),
    ] {
        let home = tempfile::tempdir().unwrap();
        let mut session = begin(home.path(), &ground.cloud(), variant);
        ground.run(session.inject()).unwrap();
        let solved = ground.run(session.solve(&[first])).unwrap();
        assert!(solved.is_met(), "{variant}: {solved:#?}");
        assert_eq!(solved.made.len(), expected, "{variant}: {solved:#?}");
        let again = ground.run(session.solve(&[first])).unwrap();
        assert_eq!(again.made, Vec::<String>::new(), "{variant}");
        let whole = ground.run(session.solve(&[])).unwrap();
        assert!(whole.is_met(), "{variant}: {whole:#?}");
        assert_repaired(&ground, &session);
        let unknown = ground.run(session.solve(&["nothing"])).unwrap_err();
        assert!(unknown.to_string().contains("no condition \"nothing\""));
        assert!(ground.run(session.undo()).unwrap().is_empty(), "{variant}");
        assert_as_before(&ground, &before, variant);
    }
}

#[test]
fn a_solution_that_was_killed_goes_on_and_makes_nothing_twice() {
    let home = tempfile::tempdir().unwrap();
    sweep(29, |ground, before, polls| {
        let variant = "grant-revoked+key-disabled";
        let mut session = begin(home.path(), &ground.cloud(), variant);
        let directory = session.directory().to_owned();
        ground.run(session.inject()).unwrap();
        let solved = ground.run(killed_after(polls, session.solve(&[])));
        drop(session);
        let mut session = Session::resume(&directory, source(), ground.cloud()).unwrap();
        assert!(ground.run(session.solve(&[])).unwrap().is_met(), "{polls}");
        let journal = std::fs::read_to_string(directory.join("journal.jsonl")).unwrap();
        for part in 0..4 {
            let begun = journal.matches(&format!("\"solution\":{part}}}")).count();
            assert!(begun <= 1, "part {part} was begun {begun} times: {journal}");
        }
        let kms = ground.simulator.events(0);
        let granted = kms.iter().filter(|event| {
            event.operation == "CreateGrant" && event.parameters.to_string().contains(session.id())
        });
        assert!(granted.count() >= 2, "the grants of fault and repair");
        drop(session);
        let left = ground.run(finish(&directory, &ground.cloud()));
        assert!(left.is_empty(), "killed after {polls} polls: {left:?}");
        assert_as_before(ground, before, &format!("killed after {polls} polls"));
        solved.transpose().unwrap().is_some()
    });
}
