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

use super::ground::{self, Ground};

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
        target: ground::target(),
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
    let rounds = sweep(2, |ground, before, polls| {
        let mut session = begin(home.path(), &ground.cloud(), "grant-revoked");
        let directory = session.directory().to_owned();
        let broken = ground.run(killed_after(polls, session.inject()));
        drop(session);
        let left = ground.run(finish(&directory, &ground.cloud()));
        assert!(left.is_empty(), "killed after {polls} polls: {left:?}");
        assert_as_before(ground, before, &format!("killed after {polls} polls"));
        broken.transpose().unwrap().is_some()
    });
    assert!(rounds > 50, "only {rounds} points were tried");
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
