//! Limits and signals: what ends, what runs all the same, and that nothing survives.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use breakfix::outcome::{Event, StepResult};
use breakfix::run::{Failures, Options, Run};
use rustix::process::Signal;

use super::shell::{EARLIER, Fixture};
use super::support::{breakfix, page, signal, wait_until};

/// Blocks that do not end by themselves; each makes the file `up` once all its processes run.
const BLOCKS: [(&str, &str); 5] = [
    (
        "ignores TERM",
        "$ trap '' TERM INT HUP; touch up; while :; do sleep 600; done",
    ),
    (
        "setsid child",
        "$ setsid bash -c 'trap \"\" TERM HUP; touch up; sleep 600; :' & sleep 600",
    ),
    (
        "grandchild",
        "$ bash -c 'bash -c \"sleep 600 & touch up; wait\" & wait'",
    ),
    (
        "child holding stdout",
        "$ (sleep 600 & disown; touch up); cat <(sleep 600)",
    ),
    ("job of its own", "$ set -m; (touch up; sleep 600) & wait"),
];

/// What ends a run, and how its step is reported; `None` for a run that cannot report.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Limit,
    Signal(Signal),
}

const SUITE: &str = "echo \"$1\" >>suite.log\n";

#[test]
fn whatever_ends_a_run_no_process_survives_and_its_suite_is_left() {
    let ends = [
        End::Limit,
        End::Signal(Signal::INT),
        End::Signal(Signal::TERM),
        End::Signal(Signal::HUP),
        End::Signal(Signal::KILL),
    ];
    // Most of the time is waiting for graces to pass.
    std::thread::scope(|scope| {
        for (name, block) in BLOCKS {
            scope.spawn(move || ends.map(|end| check_end(name, block, end)));
        }
    });
}

#[track_caller]
fn check_end(name: &str, block: &str, end: End) {
    let annotations = if end == End::Limit { "timeout=1" } else { "" };
    let call = breakfix(&["run", "lab", "--on", "none", "--format", "json"])
        .file(
            "lab/page.md",
            &page(&[(annotations, block), ("", "$ touch never")]),
        )
        .file("lab/tests/hook-suite.sh", SUITE);
    let child = call.start();
    call.wait_for("up");
    if let End::Signal(kind) = end {
        signal(&child, kind);
    }
    let outcome = call.outcome(child.wait_with_output().unwrap());
    let left = || fs::read_to_string(call.work().join("suite.log")).unwrap();
    if end == End::Signal(Signal::KILL) {
        wait_until(&format!("the end of {name}"), || {
            call.survivors().is_empty()
        });
        assert_eq!(left(), "before\n", "{name}: nobody is there to run `after`");
        let next = call.file("page.md", &page(&[("", "$ true")]));
        let next = next.arguments(&["run", "page.md", "--on", "none"]).run();
        assert_eq!(
            (next.status, next.temporary),
            (0, vec![]),
            "{name}: what it left is removed"
        );
        return;
    }
    assert_eq!(call.survivors(), Vec::<String>::new(), "{name}");
    let (status, result, rest) = match end {
        End::Limit => (1, "timeout", EARLIER),
        End::Signal(_) => (130, "interrupted", "the run was interrupted"),
    };
    let steps = outcome.lab()["steps"].clone();
    assert_eq!(
        (outcome.status, &steps[0]["result"]),
        (status, &result.into()),
        "{name}"
    );
    assert_eq!(
        (&steps[1]["result"], &steps[1]["reason"]),
        (&"skip".into(), &rest.into()),
        "{name}"
    );
    assert_eq!(left(), "before\nafter\n", "{name}");
    assert_eq!(outcome.temporary, Vec::<String>::new(), "{name}");
}

#[test]
fn nothing_of_a_page_whose_time_ran_out_goes_on_beside_the_next() {
    let mut fixture = Fixture::new();
    let beat = "trap '' TERM HUP; while :; do echo x >>beat; sleep 0.02; done";
    let block = format!("setsid bash -c {beat:?} & until [ -s beat ]; do :; done; sleep 600");
    fixture.step(&[&block]).timeout = Duration::from_secs(2);
    let later = fixture.step(&["n=$(wc -c <beat); sleep 0.3; [ $(wc -c <beat) = $n ]"]);
    later.page = "later.md".into();
    let results = results(&mut fixture);
    assert!(matches!(results[0], StepResult::Timeout(_)), "{results:?}");
    assert_eq!(results[1], StepResult::Pass);
}

#[test]
fn a_signal_while_the_environment_is_made_ends_the_run() {
    // In real time this takes minutes.
    let call = breakfix(&[
        "run",
        "page.md",
        "--scenario",
        "missing-worker-nodes",
        "--clock",
        "real",
    ])
    .file("page.md", &page(&[("", "$ touch never")]))
    .file("tests/hook-suite.sh", "touch never\n");
    let mut child = call.start();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(stderr.any(|line| line.unwrap().contains("breaking the environment")));
    signal(&child, Signal::INT);
    let rest = std::thread::spawn(move || stderr.for_each(drop));
    let outcome = call.outcome(child.wait_with_output().unwrap());
    rest.join().unwrap();
    assert_eq!(outcome.status, 130, "{}", outcome.stdout);
    assert!(!call.work().join("never").exists());
    assert_eq!(outcome.temporary, Vec::<String>::new());
}

#[test]
fn the_second_interrupt_ends_cleaning_up() {
    let call = breakfix(&["run", "lab", "--on", "none", "--format", "json"])
        .file("lab/page.md", &page(&[("", "$ touch up; sleep 600")]))
        .file(
            "lab/tests/hook-suite.sh",
            "[[ $1 == before ]] || { trap '' TERM INT; touch cleaning; sleep 600; }\n",
        );
    let child = call.start();
    call.wait_for("up");
    signal(&child, Signal::INT);
    call.wait_for("cleaning");
    signal(&child, Signal::INT);
    let outcome = call.outcome(child.wait_with_output().unwrap());
    assert_eq!(outcome.status, 130);
    assert_eq!(call.survivors(), Vec::<String>::new());
    assert_eq!(outcome.lab()["suite_hooks"][1]["result"], "interrupted");
    assert_eq!(outcome.temporary, Vec::<String>::new());
}

#[test]
fn labs_that_an_interrupt_keeps_from_running_are_in_the_report() {
    let call = breakfix(&["run", "a.md", "b.md", "--on", "none", "--format", "json"])
        .file("a.md", &page(&[("", "$ touch up; sleep 600")]))
        .file(
            "b.md",
            &page(&[("", "$ touch never"), ("test=false", "$ x")]),
        );
    let child = call.start();
    call.wait_for("up");
    signal(&child, Signal::TERM);
    let outcome = call.outcome(child.wait_with_output().unwrap());
    let second = outcome.json()["labs"][1].clone();
    assert_eq!(second["steps"][0]["reason"], "the run was interrupted");
    assert_eq!(second["skipped"][0]["reason"], "test=false");
}

#[test]
fn ctrl_z_stops_the_lab_and_its_limits() {
    let block = "$ touch up; until [ -e go ]; do sleep 0.02; done";
    let call = breakfix(&["run", "page.md", "--on", "none"])
        .file("page.md", &page(&[("timeout=4", block)]));
    let child = call.start();
    call.wait_for("up");
    signal(&child, Signal::TSTP);
    let state = |pid: &str| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let state = stat.rsplit_once(')').map(|(_, rest)| rest.chars().nth(1));
        state.flatten()
    };
    wait_until("the stop", || state(&child.id().to_string()) == Some('T'));
    wait_until("the lab's stop", || {
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let mut labs = processes.filter(|process| {
            let directory = fs::read_link(process.path().join("cwd"));
            directory.is_ok_and(|directory| directory == call.work())
        });
        labs.all(|process| state(&process.file_name().to_string_lossy()) == Some('T'))
    });
    // Longer than the limit: this time must not count.
    std::thread::sleep(Duration::from_millis(4500));
    signal(&child, Signal::CONT);
    fs::write(call.work().join("go"), "").unwrap();
    let outcome = call.outcome(child.wait_with_output().unwrap());
    assert_eq!(outcome.status, 0, "{}", outcome.stdout);
}

fn results(fixture: &mut Fixture) -> Vec<StepResult> {
    let steps = fixture.run().steps;
    steps.into_iter().map(|step| step.result).collect()
}

fn skip(reason: &str) -> StepResult {
    StepResult::Skip(reason.to_owned())
}

fn timeout(limit: &str) -> StepResult {
    StepResult::Timeout(limit.to_owned())
}

#[test]
fn a_failing_block_stops_its_page_and_later_pages_go_on() {
    let mut fixture = Fixture::new();
    fixture.step(&["false"]).expect_error = breakfix::plan::ExpectError::No;
    fixture.step(&["touch never"]);
    fixture.step(&["true"]).page = "later.md".into();
    let results = results(&mut fixture);
    assert!(matches!(results[0], StepResult::Fail(_)));
    assert_eq!(results[1..], [skip(EARLIER), StepResult::Pass]);
}

#[test]
fn with_bail_the_first_failure_stops_everything() {
    let mut fixture = Fixture::new();
    fixture.options.failures = Failures::up_to("--bail", 1);
    fixture.step(&["false"]);
    fixture.step(&["true"]).page = "later.md".into();
    let bailed = skip("--bail: step 1 (page.md:10) failed");
    assert_eq!(results(&mut fixture)[1], bailed);

    let call = breakfix(&[
        "run", "a.md", "b.md", "--on", "none", "--bail", "--format", "json",
    ])
    .file("a.md", &page(&[("", "$ false")]))
    .file("b.md", &page(&[("", "$ touch never")]));
    let outcome = call.run();
    let reason = &outcome.json()["labs"][1]["steps"][0]["reason"];
    assert_eq!(reason, "--bail: step 1 (a.md:5) failed");
}

#[test]
fn a_pages_limit_ends_it_and_names_itself() {
    let mut fixture = Fixture::new();
    fixture.options.page_timeout = Some(Duration::from_millis(500));
    fixture.step(&["sleep 600"]);
    fixture.step(&["touch never"]);
    fixture.step(&["true"]).page = "later.md".into();
    let limit = timeout("--page-timeout=0.5 on the command line, for page.md");
    assert_eq!(
        results(&mut fixture),
        [limit, skip(EARLIER), StepResult::Pass]
    );
}

#[test]
fn the_nearest_limit_is_the_one_that_is_named() {
    let mut fixture = Fixture::new();
    fixture.options.page_timeout = Some(Duration::from_secs(300));
    fixture.step(&["sleep 600"]).timeout = Duration::from_millis(300);
    let limit = timeout("timeout=0.3 of the block at page.md:10");
    assert_eq!(results(&mut fixture), [limit]);
}

#[test]
fn the_runs_limit_ends_everything_in_real_time() {
    let mut fixture = Fixture::new();
    fixture.options.run_timeout = Some(Duration::from_millis(500));
    fixture.step(&["sleep 600"]);
    fixture.step(&["touch never"]).page = "later.md".into();
    let text = "--run-timeout=0.5 on the command line";
    let over = skip(&format!("time ran out: {text}"));
    assert_eq!(results(&mut fixture), [timeout(text), over]);
}

#[test]
fn a_run_whose_time_is_over_between_labs_does_not_pass() {
    let mut fixture = Fixture::new();
    fixture.step(&["touch never"]);
    fixture.step(&["touch never"]);
    let options = Options {
        run_timeout: Some(Duration::ZERO),
        ..Options::default()
    };
    let mut run = Run::new(options, fixture.config.interrupt.clone());
    assert!(run.is_stopped());
    let steps = run.skip(&fixture.lab()).steps;
    assert_eq!(
        steps[0].result,
        timeout("--run-timeout=0 on the command line")
    );
    assert!(matches!(steps[1].result, StepResult::Skip(_)));
}

#[test]
fn an_outer_limit_ends_a_wait_and_a_hook() {
    let mut fixture = Fixture::new();
    fixture.options.run_timeout = Some(Duration::from_millis(1500));
    fixture.step(&["true"]).wait = Duration::from_secs(1_000_000_000);
    let limit = timeout("--run-timeout=1.5 on the command line");
    assert_eq!(results(&mut fixture), std::slice::from_ref(&limit));
    let waited: Duration = fixture.clock.paused.iter().sum();
    assert!(waited < Duration::from_secs(1_000_000_000));

    let mut fixture = Fixture::new();
    fixture.options.run_timeout = Some(Duration::from_millis(1500));
    let hook = fixture.script_hook("slow", "sleep 600\n");
    fixture.step(&["touch never"]).hook = hook;
    assert_eq!(results(&mut fixture), [limit]);
}

#[test]
fn cleaning_up_runs_although_the_runs_time_is_over() {
    let mut fixture = Fixture::new();
    fixture.options.run_timeout = Some(Duration::from_millis(500));
    fixture.suite("s", "echo \"suite $1\" >>log\n");
    let hook = fixture.script_hook("h", "echo \"hook $1\" >>log\n");
    fixture.step(&["sleep 600"]).hook = hook;
    fixture.run();
    let log = fs::read_to_string(fixture.work().join("log")).unwrap();
    assert_eq!(log, "suite before\nhook before\nhook after\nsuite after\n");
}

#[test]
fn an_interrupt_ends_a_wait() {
    let mut fixture = Fixture::new();
    fixture.step(&["true"]).wait = Duration::from_secs(30);
    fixture.step(&["touch never"]);
    let interrupt = fixture.config.interrupt.clone();
    let outcome = fixture.run_with(&mut |event| {
        if matches!(event, Event::Pausing { .. }) {
            interrupt.raise();
        }
    });
    // The fixture's clock passes the wait at once; the interrupt came before it.
    assert!(matches!(
        outcome.steps[1].result,
        StepResult::Skip(_) | StepResult::Interrupted
    ));
}

#[test]
fn a_shell_per_page_starts_each_page_as_the_lab_began() {
    let mut fixture = Fixture::new();
    fixture.options.shell_per = breakfix::run::ShellPer::Page;
    fixture.step(&["X=1; cd /; sleep 600 & exit 0"]);
    fixture.step(&["[ $X = 1 ]"]);
    let later = fixture.step(&["echo \"${X-unset} $(basename \"$PWD\") $(jobs | wc -l)\""]);
    later.page = "later.md".into();
    let outcome = fixture.run();
    assert_eq!(outcome.steps[1].result, StepResult::Pass);
    let printed = &outcome.steps[2].commands[0].output;
    assert_eq!(printed[0].1, b"unset work dir 0\n");
}

#[test]
fn a_page_after_one_that_lost_its_shell_has_its_own() {
    let mut fixture = Fixture::new();
    fixture.options.shell_per = breakfix::run::ShellPer::Page;
    fixture.step(&["exec true"]);
    fixture.step(&["true"]);
    fixture.step(&["true"]).page = "later.md".into();
    let results = results(&mut fixture);
    let lost = skip("the shell was lost in step 1 (page.md:10)");
    assert_eq!(results[1..], [lost, StepResult::Pass]);
}

#[test]
fn a_shell_per_run_goes_through_all_labs_and_one_per_lab_does_not() {
    let check = |per: &str, expected: &str| {
        let call = breakfix(&["run", "a.md", "b.md", "--on", "none", "--shell-per", per])
            .file("a.md", &page(&[("", "$ X=1; cd /tmp; sleep 600 &")]))
            .file(
                "b.md",
                &page(&[("", &format!("$ echo \"${{X-unset}} $PWD\" >{expected:?}"))]),
            );
        let work = call.work();
        let expected = work.join(expected);
        let child = call.start();
        let outcome = call.outcome(child.wait_with_output().unwrap());
        assert_eq!(outcome.status, 0, "{}", outcome.stdout);
        assert_eq!(call.survivors(), Vec::<String>::new());
        assert_eq!(outcome.temporary, Vec::<String>::new());
        fs::read_to_string(expected).unwrap_or_default()
    };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("seen");
    let file = file.to_str().unwrap();
    assert_eq!(check("run", file), "1 /tmp\n");
    assert!(check("lab", file).starts_with("unset "));
}

#[test]
fn the_simulator_has_no_shell_for_all_labs() {
    let outcome = breakfix(&["run", "a.md", "--shell-per", "run"])
        .file("a.md", &page(&[("", "$ true")]))
        .run();
    assert_eq!(outcome.status, 2);
    assert!(
        outcome
            .stderr
            .contains("each lab is broken on its own: use --on none"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_limit_that_makes_no_sense_is_a_usage_error() {
    for value in ["0", "soon", "-1", "5d", ""] {
        let option = format!("--run-timeout={value}");
        let outcome = breakfix(&["run", "a.md", &option]).run();
        assert_eq!(outcome.status, 2, "{value}");
        assert!(outcome.stderr.contains("90s, 5m, 1h"), "{}", outcome.stderr);
    }
}
