//! Suite hooks: `before` once at entering, `after` once at leaving, whatever happens in between.

use std::fs;
use std::time::Duration;

use breakfix::outcome::{Event, Exit, Failure, HookPhase, RunOutcome, StepResult};
use breakfix::plan::Lab;
use breakfix::run::Run;

use super::shell::Fixture;
use super::support::{Breakfix, Outcome, breakfix, page};

/// Writes its name and phase into `log`.
fn suite(name: &str) -> String {
    format!("echo \"{name} $1\" >>log\n")
}

/// A tree with a suite around everything and others around two of its directories.
fn tree(options: &[&str]) -> Breakfix {
    let arguments = [
        &["run", "labs", "--on", "none", "--format", "json"],
        options,
    ]
    .concat();
    breakfix(&arguments)
        .file("labs/tests/hook-suite.sh", &suite("outer"))
        .file("labs/index.md", &page(&[("", "$ echo index >>log")]))
        .file("labs/a/tests/hook-suite.sh", &suite("a"))
        .file("labs/a/one.md", &page(&[("", "$ echo one >>log")]))
        .file("labs/b/tests/hook-suite.sh", &suite("b"))
        .file("labs/b/two.md", &page(&[("", "$ echo two >>log")]))
}

fn run(call: Breakfix) -> (Outcome, String) {
    let child = call.start();
    let outcome = call.outcome(child.wait_with_output().unwrap());
    let log = fs::read_to_string(call.work().join("log")).unwrap_or_default();
    (outcome, log.replace('\n', ", "))
}

#[test]
fn a_suite_wraps_its_directory_and_its_children_once() {
    let (outcome, log) = run(tree(&[]));
    assert_eq!(outcome.status, 0, "{}", outcome.stdout);
    assert_eq!(
        log,
        "outer before, index, a before, one, a after, b before, two, b after, outer after, "
    );
    let labs = outcome.json()["labs"].clone();
    assert_eq!(labs[0]["suite_hooks"].as_array().map(Vec::len), Some(1));
    assert_eq!(labs[2]["suite_hooks"][2]["phase"], "after");
}

#[test]
fn a_suite_whose_before_fails_skips_what_is_in_it_and_fails_the_run() {
    let call = tree(&[]).file(
        "labs/a/tests/hook-suite.sh",
        "echo \"a $1\" >>log; echo no cluster >&2; [[ $1 == after ]]\n",
    );
    let (outcome, log) = run(call);
    assert_eq!(outcome.status, 1);
    assert_eq!(
        log,
        "outer before, index, a before, a after, b before, two, b after, outer after, "
    );
    let lab = outcome.json()["labs"][1].clone();
    let reason = "suite hook labs/a/tests/hook-suite.sh before failed: exit code 1";
    assert_eq!(lab["steps"][0]["reason"], reason);
    assert_eq!(lab["suite_hooks"][0]["result"], "fail");
    assert_eq!(lab["suite_hooks"][0]["output"][0]["text"], "no cluster\n");
}

#[test]
fn a_parent_whose_before_fails_skips_all_its_children() {
    let call = tree(&[]).file(
        "labs/tests/hook-suite.sh",
        "echo \"outer $1\" >>log; false\n",
    );
    let (outcome, log) = run(call);
    assert_eq!(
        (outcome.status, log.as_str()),
        (1, "outer before, outer after, ")
    );
    for lab in outcome.json()["labs"].as_array().unwrap() {
        assert_eq!(lab["steps"][0]["result"], "skip", "{lab:#}");
    }
}

#[test]
fn an_after_that_fails_fails_the_run() {
    let call = tree(&[]).file(
        "labs/b/tests/hook-suite.sh",
        "[[ $1 == before ]] || exit 3\n",
    );
    let (outcome, log) = run(call);
    assert_eq!(outcome.status, 1);
    assert!(log.ends_with("two, outer after, "), "{log}");
    let hook = outcome.json()["labs"][2]["suite_hooks"][1].clone();
    assert_eq!(
        (&hook["result"], &hook["reason"]),
        (&"fail".into(), &"exit code 3".into())
    );
}

#[test]
fn suites_are_left_also_when_the_run_bails() {
    let call = tree(&["--bail"]).file("labs/a/one.md", &page(&[("", "$ false")]));
    let (outcome, log) = run(call);
    assert_eq!(outcome.status, 1);
    assert_eq!(log, "outer before, index, a before, a after, outer after, ");
    assert_eq!(
        outcome.json()["labs"][2]["steps"][0]["reason"],
        "--bail: step 1 (labs/a/one.md:5) failed"
    );
}

#[test]
fn the_terminal_says_which_suite_hook_failed_and_why() {
    let (outcome, _) = run(tree(&["--format", "terminal"])
        .arguments(&["run", "labs", "--on", "none"])
        .file(
            "labs/tests/hook-suite.sh",
            "echo the cluster is gone; exit 5\n",
        ));
    for text in [
        "labs/tests/hook-suite.sh before",
        "exit code 5",
        "the cluster is gone",
    ] {
        assert!(outcome.stdout.contains(text), "{text}: {}", outcome.stdout);
    }
}

#[test]
fn on_the_simulator_a_shared_suite_is_entered_in_the_first_world_and_left_in_the_last() {
    let script = "echo \"$1 $AWS_ENDPOINT_URL\" >>log\n";
    let step = page(&[("", "$ echo \"step $AWS_ENDPOINT_URL\" >>log")]);
    let call = breakfix(&["run", "labs"])
        .file("labs/tests/hook-suite.sh", script)
        .file("labs/index.md", &step)
        .file("labs/a/tests/hook-suite.sh", "true\n")
        .file("labs/a/one.md", &step);
    let (outcome, log) = run(call);
    assert_eq!(outcome.status, 0, "{} {}", outcome.stdout, outcome.stderr);
    let lines: Vec<&str> = log.trim_end_matches(", ").split(", ").collect();
    let world = |line: usize| lines[line].split(' ').nth(1).unwrap();
    assert_eq!(lines.len(), 4, "{log}");
    assert_eq!((world(0), world(2)), (world(1), world(3)), "{log}");
}

#[track_caller]
fn check_after_runs(command: &str, seen: &str) {
    let mut fixture = Fixture::new();
    fixture.suite(
        "s",
        "[[ $1 == before ]] || echo \"after ${X-unset}\" >log\n",
    );
    fixture.step(&[command]).timeout = Duration::from_secs(1);
    fixture.step(&["true"]);
    let outcome = fixture.run();
    assert_eq!(outcome.suite_hooks.len(), 2, "{command}");
    let log = fs::read_to_string(fixture.work().join("log")).unwrap();
    assert_eq!(log, format!("after {seen}\n"), "{command}");
}

#[test]
fn after_runs_whatever_became_of_the_shell() {
    check_after_runs("export X=1", "1");
    check_after_runs("export X=1; false", "1");
    check_after_runs("export X=1; exit 3", "1");
    check_after_runs("export X=1; sleep 600", "1");
    // What was never saved is lost.
    check_after_runs("export X=1; exec false", "unset");
    check_after_runs("export X=1; kill -9 $$", "unset");
}

#[test]
fn after_runs_when_the_supervisor_is_gone() {
    let mut fixture = Fixture::new();
    fixture.suite("s", "[[ $1 == before ]] || touch left\n");
    fixture.step(&["kill -9 $PPID; sleep 600"]);
    let outcome = fixture.run_with(&mut |_| {});
    assert!(outcome.error.is_some());
    assert!(fixture.work().join("left").exists());
}

#[test]
fn an_interrupt_in_before_leaves_the_suite_and_runs_nothing() {
    let mut fixture = Fixture::new();
    fixture.suite(
        "s",
        "echo $1 >>log; echo up; [[ $1 == after ]] || sleep 600\n",
    );
    fixture.suite("inner", "touch never\n");
    fixture.step(&["touch never"]);
    let interrupt = fixture.config.interrupt.clone();
    let outcome = fixture.run_with(&mut |event| {
        if matches!(event, Event::Output { .. }) && interrupt.count() == 0 {
            interrupt.raise();
        }
    });
    assert_eq!(outcome.suite_hooks[0].result, StepResult::Interrupted);
    assert_eq!(outcome.suite_hooks[1].result, StepResult::Pass);
    assert_eq!(
        fs::read_to_string(fixture.work().join("log")).unwrap(),
        "before\nafter\n"
    );
    assert!(!fixture.work().join("never").exists());
    assert_eq!(fixture.survivors(), Vec::<String>::new());
}

#[test]
fn suites_stay_open_for_the_next_lab_and_are_left_if_it_never_comes() {
    let mut fixture = Fixture::new();
    fixture.suite("s", "echo $1 >>log\n");
    fixture.step(&["true"]);
    let lab = fixture.lab();
    let mut run = Run::new(fixture.options.clone(), fixture.config.interrupt.clone());
    let mut outcome = run.lab(
        &lab,
        &lab.suite_hooks,
        &fixture.config,
        &mut fixture.clock,
        &mut |_| {},
    );
    assert!(!run.is_finished());
    run.leave(
        &fixture.config,
        &mut fixture.clock,
        &mut |_| {},
        &mut outcome,
    );
    let phases: Vec<_> = outcome.suite_hooks.iter().map(|hook| hook.phase).collect();
    assert_eq!(phases, [HookPhase::Before, HookPhase::After]);
}

#[test]
fn a_lab_without_steps_enters_no_suite() {
    let mut fixture = Fixture::new();
    fixture.suite("s", "touch never\n");
    let lab = Lab {
        steps: Vec::new(),
        ..fixture.lab()
    };
    let mut run = Run::new(fixture.options.clone(), fixture.config.interrupt.clone());
    let outcome = run.lab(&lab, &[], &fixture.config, &mut fixture.clock, &mut |_| {});
    assert!(outcome.suite_hooks.is_empty() && !fixture.work().join("never").exists());
}

#[test]
fn a_suite_hook_that_fails_makes_the_exit_code() {
    let mut fixture = Fixture::new();
    fixture.suite("s", "echo why; exit 4\n");
    fixture.step(&["touch never"]);
    let outcome = fixture.run();
    let failure = |phase| {
        StepResult::Fail(Failure::Hook {
            name: "suite".to_owned(),
            phase,
            detail: "exit code 4\nwhy".to_owned(),
        })
    };
    assert_eq!(outcome.suite_hooks[0].result, failure(HookPhase::Before));
    assert_eq!(outcome.suite_hooks[1].result, failure(HookPhase::After));
    let run = RunOutcome {
        labs: vec![outcome],
        ..RunOutcome::default()
    };
    assert_eq!(run.exit(), Exit::Failed);
}
