//! Runs that are part of a larger one: shards, their reports put together, what runs again, and from which step on.

use std::collections::BTreeMap;

use breakfix::report::json::{ReadError, read};
use breakfix::report::{Format, render};
use serde_json::Value;

use super::reports::generated;
use super::support::{Breakfix, Outcome, breakfix, page};

/// Labs that take milliseconds: each writes its name into `ran` when it runs.
fn labs(names: &[&str]) -> Breakfix {
    let mut call = breakfix(&[]);
    for name in names {
        let commands = format!("$ echo {name} >> ran");
        call = call.file(&format!("labs/{name}.md"), &page(&[("", &commands)]));
    }
    call
}

/// Runs the labs with more arguments, and says which ran now.
fn run(call: &Breakfix, arguments: &[&str]) -> (Outcome, Vec<String>) {
    let ran = call.work().join("ran");
    let _ = std::fs::remove_file(&ran);
    let outcome = call.call(&[&["run", "labs", "--on", "none"], arguments].concat());
    let text = std::fs::read_to_string(&ran).unwrap_or_default();
    (outcome, text.lines().map(str::to_owned).collect())
}

fn json(call: &Breakfix, name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(call.work().join(name)).unwrap()).unwrap()
}

fn names(report: &Value) -> Vec<&str> {
    let labs = report["labs"].as_array().unwrap().iter();
    labs.map(|lab| lab["lab"].as_str().unwrap()).collect()
}

/// A timing report of these pages, in milliseconds.
fn timing(pages: &[(&str, u64)]) -> String {
    let tests: Vec<Value> = pages
        .iter()
        .map(|(file, duration)| serde_json::json!({ "file": file, "duration": duration }))
        .collect();
    serde_json::json!({ "tests": tests }).to_string()
}

#[test]
fn a_report_is_read_as_it_was_written() {
    for seed in 0..400 {
        let text = render(&generated::outcome(seed), Format::Json, false);
        let again = read(&text).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_eq!(render(&again, Format::Json, false), text, "seed {seed}");
    }
}

#[test]
fn what_is_no_report_is_told_with_its_line() {
    let good = render(&generated::outcome(1), Format::Json, false);
    let line_of = |text: &str| match read(text) {
        Err(ReadError::NoReport { line, .. }) => line,
        other => panic!("{other:?}"),
    };
    assert_eq!(line_of("no JSON"), 1);
    assert_eq!(
        line_of(&good.replace("\"interrupted\": false", "\"interrupted\": 7")),
        4
    );
    assert!(line_of(&good[..good.len() / 2]) > 10);
    let newer = good.replacen("\"version\": 1", "\"version\": 2", 1);
    assert!(matches!(
        read(&newer),
        Err(ReadError::OtherVersion { found: 2 })
    ));
}

#[test]
fn every_lab_runs_in_one_shard_and_their_reports_become_the_whole() {
    let all = ["a", "b", "c", "d", "e"];
    let call = labs(&all).file("labs/c.md", &page(&[("", "$ echo c >> ran\n$ false")]));
    let mut ran: BTreeMap<String, usize> = BTreeMap::new();
    for shard in ["2/3", "3/3", "1/3"] {
        let file = format!("json=part-{}.json", &shard[..1]);
        let (outcome, now) = run(&call, &["--shard", shard, "--report", &file]);
        assert_eq!(
            outcome.status == 1,
            now.contains(&"c".to_owned()),
            "{}",
            outcome.stderr
        );
        assert!(
            outcome.stdout.contains(&format!("shard {shard}: ")),
            "{}",
            outcome.stdout
        );
        for lab in now {
            *ran.entry(lab).or_default() += 1;
        }
    }
    assert_eq!(ran, all.map(|lab| (lab.to_owned(), 1)).into());
    let merged = call.call(&[
        "merge",
        "part-3.json",
        "part-1.json",
        "part-2.json",
        "--format",
        "json",
        "--report",
        "junit=all.xml",
        "--report",
        "timing=all.json",
    ]);
    let report = merged.json();
    assert_eq!(
        (merged.status, &report["exit_code"]),
        (1, &1.into()),
        "{}",
        merged.stderr
    );
    let expected = all.map(|lab| format!("labs/{lab}.md"));
    assert_eq!(names(&report), expected);
    assert_eq!(
        (&report["counts"]["passed"], &report["counts"]["failed"]),
        (&4.into(), &1.into())
    );
    assert_eq!(report["shard"], Value::Null);
    assert_eq!(
        json(&call, "all.json")["tests"].as_array().unwrap().len(),
        5
    );
    let junit = std::fs::read_to_string(call.work().join("all.xml")).unwrap();
    assert!(junit.contains("tests=\"5\" failures=\"1\""), "{junit}");
}

#[test]
fn shards_are_weighted_by_what_pages_took() {
    let call = labs(&["a", "b", "c", "d"]).file(
        "durations.json",
        &timing(&[("labs/a.md", 100), ("labs/b.md", 100), ("./labs/d.md", 300)]),
    );
    let shard = |shard| run(&call, &["--shard", shard, "--durations", "durations.json"]).1;
    // Nobody knows c: it weighs the median. d alone is as heavy as the three others.
    assert_eq!(shard("1/2"), ["d"]);
    assert_eq!(shard("2/2"), ["a", "b", "c"]);
    let (outcome, _) = run(&call, &["--shard", "1/2"]);
    assert_eq!(
        (outcome.status, outcome.stderr.contains("note:")),
        (0, false)
    );
}

#[test]
fn a_durations_file_that_helps_nobody_says_so() {
    let call = labs(&["a", "b"])
        .file("other.json", &timing(&[("elsewhere.md", 100)]))
        .file(
            "broken.json",
            "{\n  \"tests\": [\n    {\"file\": \"a.md\", \"duration\": \"long\"}\n  ]\n}\n",
        );
    let (other, ran) = run(&call, &["--shard", "1/2", "--durations", "other.json"]);
    assert!(
        other
            .stderr
            .contains("other.json has no time of any of these labs"),
        "{}",
        other.stderr
    );
    assert_eq!((other.status, ran.len()), (0, 1));
    let (broken, ran) = run(&call, &["--durations", "broken.json"]);
    assert_eq!((broken.status, ran.len()), (2, 0));
    assert!(
        broken
            .stderr
            .contains("error: broken.json:3: no durations: invalid type: string"),
        "{}",
        broken.stderr
    );
    let (missing, _) = run(&call, &["--durations", "missing.json"]);
    assert_eq!(missing.status, 2);
    assert!(
        missing.stderr.contains("missing.json: No such file"),
        "{}",
        missing.stderr
    );
}

#[test]
fn durations_are_kept_up_to_date_where_pages_passed() {
    let call = labs(&["a"]).file("labs/b.md", &page(&[("", "$ false")]));
    let update = ["--durations", "kept.json", "--update-durations"];
    let (first, _) = run(&call, &update);
    assert_eq!(first.status, 1, "{}", first.stderr);
    let files = |document: &Value| -> Vec<String> {
        let tests = document["tests"].as_array().unwrap().iter();
        tests
            .map(|test| test["file"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(files(&json(&call, "kept.json")), ["labs/a.md"]);
    let before = timing(&[("labs/b.md", 77), ("gone.md", 5), ("labs/a.md", 900_000)]);
    std::fs::write(call.work().join("kept.json"), before).unwrap();
    run(&call, &update);
    let kept = json(&call, "kept.json");
    assert_eq!(files(&kept), ["gone.md", "labs/a.md", "labs/b.md"]);
    assert!(kept["tests"][1]["duration"].as_u64().unwrap() < 900_000);
    assert_eq!(kept["tests"][2]["duration"], 77);
}

#[test]
fn a_shard_that_holds_nothing_says_so_and_passes() {
    let call = labs(&["a"]);
    let reports = [
        "--report",
        "json=r.json",
        "--report",
        "junit=r.xml",
        "--report",
        "summary=r.md",
        "--report",
        "timing=t.json",
    ];
    let (outcome, ran) = run(&call, &[&["--shard", "2/2"], &reports[..]].concat());
    assert_eq!((outcome.status, ran.len()), (0, 0), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("shard 2/2 holds no lab"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stdout.contains("shard 2/2: no lab of 1"),
        "{}",
        outcome.stdout
    );
    let report = json(&call, "r.json");
    let shard = serde_json::json!({ "index": 2, "count": 2, "labs": ["labs/a.md"] });
    assert_eq!((&report["shard"], names(&report).len()), (&shard, 0));
    for file in ["r.xml", "r.md"] {
        let text = std::fs::read_to_string(call.work().join(file)).unwrap();
        assert!(
            text.contains("shard 2/2") && text.contains("no lab of 1"),
            "{text}"
        );
    }
    let (_, ran) = run(&call, &["--shard", "1/2", "--report", "json=other.json"]);
    assert_eq!(ran, ["a"]);
    let merged = call.call(&["merge", "r.json", "other.json"]);
    assert_eq!(merged.status, 0, "{}", merged.stderr);
}

#[test]
fn labs_of_one_suite_run_on_one_machine() {
    let hook = "#!/bin/bash\necho suite-$1 >> ran\n";
    let mut call = labs(&["x/1", "x/2", "x/3", "y"]).file("labs/x/tests/hook-suite.sh", hook);
    call = call.file("labs/z.md", &page(&[("", "$ echo z >> ran")]));
    let shard = |shard| run(&call, &["--shard", shard]).1;
    assert_eq!(
        shard("1/2"),
        ["suite-before", "x/1", "x/2", "x/3", "suite-after"]
    );
    assert_eq!(shard("2/2"), ["y", "z"]);
}

#[test]
fn merge_refuses_what_is_not_of_one_run() {
    let call = labs(&["a", "b"]);
    for index in ["1", "2"] {
        let (shard, file) = (format!("{index}/2"), format!("json={index}.json"));
        run(&call, &["--shard", &shard, "--report", &file]);
    }
    run(&call, &["--report", "json=all.json"]);
    std::fs::write(call.work().join("torn.json"), "{\n  \"version\": 1,\n").unwrap();
    std::fs::write(call.work().join("newer.json"), "{\"version\": 2}").unwrap();
    let check = |files: &[&str], status, said: &str| {
        let merged = call.call(&[&["merge"], files].concat());
        assert_eq!(merged.status, status, "{files:?}: {}", merged.stderr);
        assert!(merged.stderr.contains(said), "{files:?}: {}", merged.stderr);
        merged
    };
    check(&["1.json", "2.json"], 0, "");
    let missing = check(&["2.json"], 4, "error: no report of shard 1/2");
    assert!(
        missing
            .stdout
            .contains("the report of shard 1/2 is missing"),
        "{}",
        missing.stdout
    );
    check(
        &["1.json", "1.json"],
        2,
        "1.json and 1.json both are of shard 1/2",
    );
    check(
        &["all.json", "all.json"],
        2,
        "all.json and all.json both have the lab labs/a.md",
    );
    check(
        &["1.json", "all.json"],
        2,
        "1.json is of one shard of 2, and all.json of none",
    );
    check(
        &["1.json", "torn.json"],
        2,
        "error: torn.json:3: no report of `breakfix run`: EOF",
    );
    check(&["newer.json"], 2, "newer.json: a report of version 2");
    check(&["nowhere.json"], 2, "nowhere.json: No such file");
}

#[test]
fn only_what_failed_runs_again() {
    let call = labs(&["a", "b", "c"])
        .file(
            "labs/b.md",
            &page(&[("", "$ echo b >> ran\n$ test -e mended")]),
        )
        .file("labs/gone.md", &page(&[("", "$ false")]));
    let (first, _) = run(&call, &["--report", "json=r.json"]);
    assert_eq!(first.status, 1);
    std::fs::write(call.work().join("mended"), "").unwrap();
    std::fs::remove_file(call.work().join("labs/gone.md")).unwrap();
    let (again, ran) = run(
        &call,
        &["--rerun-failed", "r.json", "--report", "json=r.json"],
    );
    assert_eq!(
        (again.status, ran),
        (0, vec!["b".to_owned()]),
        "{}",
        again.stderr
    );
    assert!(
        again
            .stderr
            .contains("labs/gone.md failed in r.json, and is not selected here"),
        "{}",
        again.stderr
    );
    let (nothing, ran) = run(&call, &["--rerun-failed", "r.json"]);
    assert_eq!((nothing.status, ran.len()), (0, 0));
    assert!(
        nothing.stderr.contains("nothing failed in r.json"),
        "{}",
        nothing.stderr
    );
}

#[test]
fn what_was_cut_short_runs_again() {
    let call = labs(&["b", "c"]).file("labs/a.md", &page(&[("", "$ echo a >> ran\n$ false")]));
    let (first, ran) = run(&call, &["--bail", "--report", "json=r.json"]);
    assert_eq!((first.status, ran), (1, vec!["a".to_owned()]));
    let (_, ran) = run(&call, &["--rerun-failed", "r.json"]);
    assert_eq!(ran, ["a", "b", "c"]);
    // What was not asked for did not fail.
    let (_, _) = run(
        &call,
        &["-g", "b.md", "--to", "1", "--report", "json=b.json"],
    );
    let (_, ran) = run(&call, &["--rerun-failed", "b.json"]);
    assert_eq!(ran.len(), 0);
}

#[test]
fn a_lab_is_resumed_at_a_step_once_those_before_it_have_passed() {
    let lab = page(&[
        ("", "$ export MADE=1; echo one >> ran"),
        ("", "$ echo two >> ran\noutput that never comes"),
        ("id=here", "$ echo three $MADE >> ran"),
        ("", "$ echo four >> ran"),
    ]);
    let call = labs(&["other"]).file("labs/long.md", &lab);
    let (outcome, ran) = run(
        &call,
        &[
            "--resume-from",
            "here",
            "--format",
            "json",
            "--documented",
            "fail",
        ],
    );
    assert_eq!(
        (outcome.status, ran),
        (
            0,
            ["one", "two", "three 1", "four"]
                .map(str::to_owned)
                .to_vec()
        ),
        "{}",
        outcome.stderr
    );
    let report = outcome.json();
    let counts = &report["counts"];
    assert_eq!(
        (&counts["passed"], &counts["skipped"]),
        (&2.into(), &3.into())
    );
    let steps = &report["labs"][0]["steps"];
    assert_eq!(
        (&steps[0]["result"], &steps[0]["reason"]),
        (
            &"skip".into(),
            &"ran as set-up and passed; it was not tested".into()
        )
    );
    assert_eq!(steps[0]["commands"][0]["exit_code"], 0);
    assert_eq!(
        (
            &steps[2]["result"],
            &report["labs"][1]["steps"][0]["reason"]
        ),
        (&"pass".into(), &"not selected".into())
    );
}

#[test]
fn nothing_is_resumed_where_set_up_fails() {
    let lab = page(&[("", "$ true"), ("", "$ false"), ("", "$ echo three >> ran")]);
    let call = breakfix(&[]).file("labs/long/1.md", &lab);
    for scope in ["lab", "page"] {
        let (outcome, ran) = run(&call, &["--resume-from", "3", "--shell-per", scope]);
        assert_eq!((outcome.status, ran.len()), (1, 0), "{}", outcome.stderr);
        let said = "nothing was resumed: step 2 (labs/long/1.md:9), which sets it up, did not pass";
        assert!(outcome.stdout.contains(said), "{}", outcome.stdout);
    }
    let (unknown, _) = run(&call, &["--resume-from", "9"]);
    assert_eq!(unknown.status, 2);
    assert!(
        unknown
            .stderr
            .contains("there is no step 9: known are 1 to 3"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn a_shard_that_makes_no_sense_is_a_usage_error() {
    let call = labs(&["a"]);
    for (arguments, said) in [
        (&["--shard", "3/2"][..], "write `1/3`, the first of three"),
        (
            &["--shard", "1/2", "--shell-per", "run"],
            "--shard splits labs that share one shell",
        ),
        (&["--update-durations"], "--durations"),
        (&["--resume-from", "1", "--from", "1"], "--from"),
    ] {
        let (outcome, ran) = run(&call, arguments);
        assert_eq!((outcome.status, ran.len()), (2, 0), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    }
}

#[test]
fn the_report_of_a_shard_that_was_killed_merges_with_the_others() {
    let call = labs(&["a"]).file("labs/b.md", &page(&[("", "$ touch begun\n$ sleep 60")]));
    let of = |shard| {
        [
            "run",
            "labs",
            "--on",
            "none",
            "--allow-flaky",
            "--shard",
            shard,
            "--report",
        ]
    };
    let mut killed = call.begin(&[&of("2/2")[..], &["json=2.json"]].concat());
    call.wait_for("begun");
    killed.kill().unwrap();
    killed.wait().unwrap();
    let finished = call.call(&[&of("1/2")[..], &["json=1.json"]].concat());
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    let merged = call.call(&["merge", "1.json", "2.json"]);
    assert_eq!(merged.status, 4, "{}", merged.stderr);
    assert!(
        merged.stdout.contains("the run did not finish"),
        "{}",
        merged.stdout
    );
}
