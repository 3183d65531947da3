//! What `new` writes works at once.

use super::support::{Breakfix, breakfix};

/// Calls that have to succeed in silence on stderr, but for the live lines of a run.
#[track_caller]
fn check(place: &Breakfix, arguments: &[&str], said: &str) {
    let outcome = place.call(arguments);
    assert_eq!(
        outcome.status, 0,
        "{arguments:?}\n{}\n{}",
        outcome.stdout, outcome.stderr
    );
    assert!(
        outcome.stdout.contains(said),
        "{arguments:?}\n{}",
        outcome.stdout
    );
    for word in ["warning", "error"] {
        assert!(
            !outcome.stderr.contains(word),
            "{arguments:?}\n{}",
            outcome.stderr
        );
    }
}

#[test]
fn a_new_lab_plans_without_a_diagnostic_and_runs_green() {
    let place = breakfix(&[]);
    check(
        &place,
        &["new", "lab", "first-steps"],
        "wrote first-steps/tests/hook-first-steps.sh\n",
    );
    check(&place, &["plan", "first-steps"], "2 steps");
    check(&place, &["lint", "first-steps"], "");
    check(
        &place,
        &["run", "first-steps", "--documented=fail"],
        "2 passed — ",
    );
    check(
        &place,
        &["bless", "first-steps", "--check"],
        "1 page, 1 agree\n",
    );
}

#[test]
fn a_new_scenario_is_checked_proved_and_taught() {
    let place = breakfix(&[]);
    check(
        &place,
        &["new", "scenario", "Off_1.x", "--dir", "mine"],
        "breakfix prove Off_1.x --scenarios mine",
    );
    check(
        &place,
        &["scenario", "check", "Off_1.x", "--scenarios", "mine"],
        "ok Off_1.x: variants: 1",
    );
    check(
        &place,
        &["prove", "Off_1.x", "--scenarios", "mine"],
        "1 of 1 proved",
    );
    check(&place, &["lint", "mine", "--scenarios", "mine"], "");
    let lesson = ["mine/Off_1.x/lesson.md", "--scenarios", "mine"];
    check(&place, &[&["plan"][..], &lesson].concat(), "2 steps");
    check(
        &place,
        &[&["run", "--documented=fail"][..], &lesson].concat(),
        "2 passed — 2 of 2 checks met",
    );
    check(
        &place,
        &["show", "--scenario", "Off_1.x", "--scenarios", "mine"],
        "Find out what is wrong",
    );
}

#[test]
fn nothing_is_written_over_and_names_are_names() {
    let place = breakfix(&[]).file("taken", "");
    let check = |arguments: &[&str], why: &str| {
        let outcome = place.call(arguments);
        assert_eq!(outcome.status, 2, "{arguments:?}");
        assert!(outcome.stderr.contains(why), "{}", outcome.stderr);
    };
    check(&["new", "lab", "taken"], "taken is there already");
    check(
        &["new", "scenario", "work", "--dir", ".."],
        "../work is there already",
    );
    check(&["new", "lab", "../x"], "`../x` cannot be a name");
    check(&["new", "scenario", "$(id)"], "cannot be a name");
    check(&["new", "lab", ""], "cannot be a name");
    assert_eq!(std::fs::read_dir(place.work()).unwrap().count(), 1);
}
