//! `run --jobs`: labs at the same time that know nothing of each other, reported as if one after the other.

use std::fmt::Write as _;

use serde_json::Value;

use super::support::{Breakfix, breakfix, page, wait_until};
use super::terminal::Terminal;
use super::verbs::Learner;

const LABS: usize = 16;
const ROUNDS: usize = 20;

/// A lab that writes everywhere a lab can write, lets the others do the same, and looks at what is left.
fn intruder(name: &str) -> String {
    let mut text = format!("# {name}\n");
    let _ = write!(
        text,
        "
```bash
$ export SHARED={name} && plain={name} && alias who='echo {name}' && own() {{ echo {name}; }}
$ echo {name} > ~/file && echo {name} > \"$TMPDIR/file\" && mkdir -p ~/dir && cd ~/dir
$ mktemp > ~/made; sleep 60 & echo $! > ~/child
```

```bash
$ [[ $SHARED == {name} && $plain == {name} && $(own) == {name} && $PWD == ~/dir ]]
$ [[ $(cat ~/file \"$TMPDIR/file\") == $'{name}\\n{name}' ]]
$ [[ $(ls ~ | tr '\\n' ' ') == 'child dir file made ' && $(ls \"$TMPDIR\" | wc -l) == 2 ]]
$ kill -0 \"$(cat ~/child)\" && [[ $(jobs -p) == \"$(cat ~/child)\" ]]
```
"
    );
    text
}

fn results(report: &Value) -> Vec<(String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let labs = report["labs"].as_array().unwrap().iter();
    labs.map(|lab| {
        let steps = lab["steps"].as_array().unwrap().iter();
        (
            text(&lab["lab"]),
            steps.map(|step| text(&step["result"])).collect(),
        )
    })
    .collect()
}

#[test]
fn sixteen_labs_at_a_time_twenty_times_over_see_nothing_of_each_other() {
    let mut call = breakfix(&[
        "run", ".", "--on", "none", "--jobs", "16", "--format", "json",
    ]);
    for number in 0..LABS * ROUNDS {
        let name = format!("lab-{number:03}");
        call = call.file(&format!("{name}.md"), &intruder(&name));
    }
    let outcome = call.run_once();
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    let report = outcome.json();
    let expected: Vec<_> = (0..LABS * ROUNDS)
        .map(|number| (format!("./lab-{number:03}.md"), vec!["pass".to_owned(); 2]))
        .collect();
    assert_eq!(results(&report), expected);
    assert_eq!(outcome.temporary, [""; 0]);
    assert_eq!(call.survivors(), [""; 0]);
}

#[test]
fn simulated_worlds_are_apart() {
    let text = page(&[
        (
            "",
            "$ aws ec2 create-key-pair --key-name mine --query KeyName --output text 2>&1 | tail -1",
        ),
        (
            "",
            "$ aws kms create-alias --alias-name alias/same --target-key-id \"$(aws kms create-key --query KeyMetadata.KeyId --output text)\"",
        ),
        (
            "",
            "$ [[ $(aws kms list-aliases --query \"length(Aliases[?AliasName=='alias/same'])\") == 1 ]]",
        ),
    ]);
    let outcome = breakfix(&["run", ".", "--jobs", "3", "--format", "json"])
        .file("one.md", &text)
        .file("two.md", &text)
        .file("three.md", &text)
        .run();
    assert_eq!(outcome.status, 0, "{}\n{}", outcome.stdout, outcome.stderr);
}

fn suite(directory: &str) -> String {
    format!(
        "before() {{ echo before-{directory} >> \"$LOG\"; }}\nafter() {{ echo after-{directory} >> \"$LOG\"; }}\n\"$@\"\n"
    )
}

#[test]
fn labs_that_share_a_suite_of_hooks_stay_in_order() {
    let log = "$ echo \"${PWD##*/}\" >> \"$LOG\"";
    let call = breakfix(&["run", ".", "--on", "none", "--jobs", "4"])
        .file("a/tests/hook-suite.sh", &suite("a"))
        .file("a/one/tests/hook-suite.sh", &suite("one"))
        .file("a/one/page.md", &page(&[("", log)]))
        .file("a/two/tests/hook-suite.sh", &suite("two"))
        .file("a/two/page.md", &page(&[("", log)]))
        .file("b/page.md", &page(&[("", "$ true")]));
    let log = call.work().join("log");
    let call = call.env("LOG", log.to_str().unwrap());
    let outcome = call.run_once();
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    let lines = std::fs::read_to_string(log).unwrap();
    let suites: Vec<&str> = lines.lines().filter(|line| line.contains('-')).collect();
    assert_eq!(
        suites,
        [
            "before-a",
            "before-one",
            "after-one",
            "before-two",
            "after-two",
            "after-a"
        ]
    );
}

#[test]
fn after_so_many_failures_nothing_more_starts() {
    #[track_caller]
    fn check(arguments: &[&str], failed: usize, reason: &str) {
        let mut call =
            breakfix(&[&["run", ".", "--on", "none", "--format", "json"], arguments].concat());
        for number in 0..6 {
            call = call.file(
                &format!("{number}.md"),
                &page(&[("", "$ false"), ("", "$ true")]),
            );
        }
        let outcome = call.run();
        assert_eq!(outcome.status, 1, "{}", outcome.stderr);
        let report = outcome.json();
        let all: Vec<String> = results(&report)
            .into_iter()
            .flat_map(|(_, steps)| steps)
            .collect();
        assert_eq!(
            all.iter().filter(|result| *result == "fail").count(),
            failed
        );
        assert!(outcome.stdout.contains(reason), "{}", outcome.stdout);
    }
    check(&["--max-fail", "2"], 2, "--max-fail=2: step 1 (./1.md:");
    check(&["--bail"], 1, "--bail: step 1 (./0.md:");
    check(
        &["--max-fail", "7", "--jobs", "3"],
        6,
        "an earlier step failed",
    );
}

#[test]
fn an_interrupt_ends_all_labs_and_their_processes() {
    let text = page(&[("", "$ touch \"$STARTED/${RANDOM}$RANDOM\" && sleep 600")]);
    let call = breakfix(&[]);
    let started = call.work().join("started");
    std::fs::create_dir(&started).unwrap();
    let call = call
        .env("STARTED", started.to_str().unwrap())
        .file("labs/1.md", &text)
        .file("labs/2.md", &text)
        .file("labs/3.md", &text)
        .file("labs/4.md", &text);
    let child = call.begin(&[
        "run", "labs", "--on", "none", "--jobs", "3", "--format", "json",
    ]);
    wait_until("three labs run", || {
        std::fs::read_dir(&started).unwrap().count() == 3
    });
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let outcome = call.outcome(child.wait_with_output().unwrap());
    assert_eq!(outcome.status, 130, "{}", outcome.stderr);
    let all: Vec<String> = results(&outcome.json())
        .into_iter()
        .flat_map(|(_, steps)| steps)
        .collect();
    assert_eq!(all, ["interrupted", "interrupted", "interrupted", "skip"]);
    assert_eq!(call.survivors(), [""; 0]);
}

#[test]
fn piped_lines_say_whose_they_are() {
    let call = |arguments: &[&str]| -> Breakfix {
        breakfix(
            &[
                &["run", ".", "--on", "none", "--jobs", "2", "-v"],
                arguments,
            ]
            .concat(),
        )
        .file(
            "one.md",
            &page(&[("", "$ printf 'a\\nb'; sleep 0; printf 'c\\n'")]),
        )
        .file("two.md", &page(&[("", "$ echo d")]))
    };
    let outcome = call(&[]).run();
    assert_eq!(outcome.status, 0);
    let said: Vec<&str> = outcome.stderr.lines().collect();
    for line in [
        "./one.md: 1 step",
        "./one.md: a",
        "./one.md: bc",
        "./two.md: d",
    ] {
        assert!(said.contains(&line), "{line} in {}", outcome.stderr);
    }
    let strange = said
        .iter()
        .find(|line| !line.starts_with("./one.md: ") && !line.starts_with("./two.md: "));
    assert_eq!(strange, None, "{}", outcome.stderr);
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    for value in ["0", "-1", "many", "9999"] {
        let outcome = breakfix(&["run", ".", &format!("--jobs={value}")]).run();
        assert_eq!(outcome.status, 2);
        assert!(
            outcome
                .stderr
                .contains("expected a number from 1 to 512, or auto"),
            "{}",
            outcome.stderr
        );
    }
    let both = breakfix(&["run", ".", "--bail", "--max-fail=2"]).run();
    assert_eq!(both.status, 2);
}

#[test]
fn breakfix_toml_says_what_the_command_line_does_not() {
    let drifting = page(&[("", "$ echo one\ntwo")]);
    let call = breakfix(&["run", "page.md", "--on", "none"])
        .file("page.md", &drifting)
        .file(
            "breakfix.toml",
            "[run]\ndocumented = \"fail\"\njobs = \"auto\"\n",
        );
    assert_eq!(call.run_once().status, 3);
    let asked = call.call(&["run", "page.md", "--on", "none", "--documented", "ignore"]);
    assert_eq!(asked.status, 0, "{}", asked.stderr);
    let call = call.file("breakfix.toml", "[run]\njobz = 2\n");
    let outcome = call.run();
    assert_eq!(outcome.status, 3);
    assert!(
        outcome.stderr.contains("did you mean `jobs`?"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn at_a_terminal_each_lab_has_a_line_and_all_of_them_one() {
    let learner = Learner::new();
    let waits = page(&[("", "$ until [ -e go ]; do sleep 0.05; done")]);
    for name in ["a.md", "b.md", "c.md"] {
        std::fs::write(learner.home.work().join(name), &waits).unwrap();
    }
    let run = ["run", ".", "--on", "none", "--jobs", "2"];
    let mut terminal = Terminal::open(&learner, &run, &[("TERM", "xterm")]);
    // The third waits for one of the others.
    terminal.expect("./a.md  1/1");
    terminal.expect("./b.md  1/1");
    terminal.expect("0 of 3 labs, failed: 0");
    assert!(!terminal.has_said("./c.md"));
    std::fs::write(learner.home.work().join("go"), "").unwrap();
    terminal.expect("3 passed");
    assert_eq!(terminal.child.wait().unwrap().code(), Some(0));
}
