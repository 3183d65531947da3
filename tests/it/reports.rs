//! Reports: valid and true whatever a run found out, complete however it ended.

pub(crate) mod generated;
mod schema;

use std::collections::{HashMap, HashSet};
use std::io::{BufRead as _, BufReader};

use breakfix::outcome::{Exit, RunOutcome};
use breakfix::report::{Format, render};
use pulldown_cmark::{Event as MarkdownEvent, Options, Parser, Tag};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

use self::schema::{differences, schema};
use super::support::{Breakfix, breakfix, page, project};
use super::terminal::Terminal;
use super::verbs::Learner;

/// Outcomes that every property is tried on.
const SEEDS: u64 = 400;

fn for_all(check: impl Fn(&RunOutcome)) {
    for seed in 0..SEEDS {
        let outcome = generated::outcome(seed);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&outcome)));
        assert!(result.is_ok(), "seed {seed}");
    }
}

#[test]
fn generated_runs_end_in_every_way() {
    let exits: HashSet<u8> = (0..SEEDS)
        .map(|seed| generated::outcome(seed).exit() as u8)
        .collect();
    assert_eq!(exits, HashSet::from([0, 1, 3, 4, 5, 6, 130]));
}

fn assert_described(name: &str, document: &Value) {
    let found = differences(&schema(name), document);
    assert!(found.is_empty(), "{name}: {}", found.join("\n"));
}

#[test]
fn the_json_report_is_as_its_schema_says_for_any_bytes() {
    for_all(|outcome| {
        let document: Value = serde_json::from_str(&render(outcome, Format::Json, false)).unwrap();
        assert_described("report-v1.json", &document);
        assert_eq!(document["exit_code"], outcome.exit() as u8);
    });
}

#[test]
fn the_timing_report_is_as_its_schema_says_and_has_every_page_and_failure() {
    for_all(|outcome| {
        let document: Value =
            serde_json::from_str(&render(outcome, Format::Timing, false)).unwrap();
        assert_described("timing-v1.json", &document);
        let times = document["tests"].as_array().unwrap().iter();
        let sum: u64 = times.map(|page| page["duration"].as_u64().unwrap()).sum();
        let steps = outcome.labs.iter().flat_map(|lab| &lab.steps);
        let expected: u128 = steps.map(|step| step.duration.as_millis()).sum();
        assert_eq!(u128::from(sum), expected);
        let failed = document["stats"]["failures"] != 0;
        let has_pages = !document["tests"].as_array().unwrap().is_empty();
        assert_eq!(failed, has_pages && outcome.exit() != Exit::Met);
    });
}

/// How often each element occurs, and the root's attributes. Fails when it is not well-formed.
fn parse_xml(text: &str) -> (HashMap<String, usize>, HashMap<String, String>) {
    let allowed = |letter: char| matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert_eq!(text.chars().find(|letter| !allowed(*letter)), None);
    let mut reader = Reader::from_str(text);
    reader.config_mut().enable_all_checks(true);
    let (mut counts, mut root, mut depth) = (HashMap::new(), HashMap::new(), 0);
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => break,
            Event::End(_) => depth -= 1,
            event @ (Event::Start(_) | Event::Empty(_)) => {
                let opened = matches!(event, Event::Start(_));
                let (Event::Start(element) | Event::Empty(element)) = &event else {
                    unreachable!();
                };
                let name = String::from_utf8(element.name().as_ref().to_vec()).unwrap();
                for attribute in element.attributes() {
                    let attribute = attribute.unwrap();
                    let value = attribute.normalized_value(quick_xml::XmlVersion::Explicit1_0);
                    let value = value.unwrap().into_owned();
                    let key = String::from_utf8(attribute.key.as_ref().to_vec()).unwrap();
                    if name == "testsuites" {
                        root.insert(key, value);
                    }
                }
                *counts.entry(name).or_insert(0) += 1;
                depth += i32::from(opened);
            }
            _ => {}
        }
    }
    assert_eq!(depth, 0);
    (counts, root)
}

#[test]
fn the_junit_report_is_well_formed_and_fails_when_the_run_does() {
    for_all(|outcome| {
        let (counts, root) = parse_xml(&render(outcome, Format::Junit, false));
        let count = |name: &str| counts.get(name).copied().unwrap_or_default();
        for (attribute, element) in [
            ("tests", "testcase"),
            ("failures", "failure"),
            ("errors", "error"),
        ] {
            assert_eq!(root[attribute], count(element).to_string(), "{attribute}");
        }
        let bad = count("failure") + count("error") > 0;
        assert_eq!(bad, outcome.exit() != Exit::Met);
        let labs = outcome.labs.iter();
        let expected: usize = labs
            .map(|lab| lab.steps.len() + lab.skipped.len() + lab.checks.len())
            .sum();
        assert!(count("testcase") >= expected);
    });
}

const VALIDATE_XML: &str = "
import json, sys
import xmlschema
schema = xmlschema.XMLSchema(sys.argv[1])
print(json.dumps([next((str(error) for error in schema.iter_errors(document)), None) for document in json.load(sys.stdin)]))
";

#[test]
fn the_junit_report_is_valid_by_its_public_schema() {
    let documents: Vec<String> = (0..60)
        .map(|seed| render(&generated::outcome(seed), Format::Junit, false))
        .collect();
    let schema = project().join("tests/it/schemas/junit-10.xsd");
    let mut python = std::process::Command::new(project().join(".tools/venv/bin/python"))
        .args(["-c", VALIDATE_XML])
        .arg(schema)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("`make test` installs what only tests need");
    let mut stdin = python.stdin.take().unwrap();
    std::io::Write::write_all(
        &mut stdin,
        serde_json::to_string(&documents).unwrap().as_bytes(),
    )
    .unwrap();
    drop(stdin);
    let output = python.wait_with_output().unwrap();
    let complaints: Vec<Option<String>> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(complaints.len(), documents.len());
    let first = complaints.into_iter().flatten().next();
    assert_eq!(first, None);
}

#[test]
fn github_lines_are_workflow_commands_and_nothing_else() {
    for_all(|outcome| {
        let text = render(outcome, Format::Github, false);
        let mut worst = "notice";
        for line in text.split_terminator('\n') {
            let control = line
                .chars()
                .find(|letter| letter.is_control() && *letter != '\t');
            assert_eq!(control, None, "{line}");
            let rest = line.strip_prefix("::").unwrap();
            let (command, _message) = rest.split_once("::").unwrap();
            let (word, properties) = command.split_once(' ').unwrap();
            for property in properties.split(',') {
                let (name, value) = property.split_once('=').unwrap();
                assert!(["file", "line", "title"].contains(&name), "{line}");
                assert!(!value.contains(':'), "{line}");
            }
            worst = match (word, worst) {
                ("error", _) | (_, "error") => "error",
                ("warning", _) | (_, "warning") => "warning",
                ("notice", _) => "notice",
                _ => panic!("{line}"),
            };
        }
        assert!(outcome.exit() == Exit::Met || worst != "notice", "{text}");
    });
}

#[test]
fn the_summary_is_one_table_and_no_markup_of_the_labs_own() {
    for_all(|outcome| {
        let text = render(outcome, Format::Summary, false);
        let control = text
            .chars()
            .find(|letter| letter.is_control() && !"\n\t".contains(*letter));
        assert_eq!(control, None);
        let (mut rows, mut headings) = (0, 0);
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
            match event {
                MarkdownEvent::Start(Tag::TableRow) => rows += 1,
                MarkdownEvent::Start(Tag::Heading { .. }) => headings += 1,
                MarkdownEvent::Html(_)
                | MarkdownEvent::InlineHtml(_)
                | MarkdownEvent::Start(Tag::Link { .. } | Tag::Image { .. }) => {
                    panic!("{event:?}\n{text}");
                }
                _ => {}
            }
        }
        assert_eq!((rows, headings), (outcome.labs.len(), 1), "{text}");
        assert!(text.len() < 1024 * 1024);
    });
}

#[test]
fn the_terminal_report_cannot_touch_the_terminal() {
    for_all(|outcome| {
        let text = render(outcome, Format::Terminal, false);
        let control = text
            .chars()
            .find(|letter| letter.is_control() && !"\n\t".contains(*letter));
        assert_eq!(control, None);
    });
}

const ALL_REPORTS: [&str; 10] = [
    "--report",
    "junit=junit.xml",
    "--report",
    "json=report.json",
    "--report",
    "timing=timing.json",
    "--report",
    "github=annotations.txt",
    "--report",
    "summary=summary.md",
];

fn call(arguments: &[&str]) -> Breakfix {
    let start = ["run", "--on", "none"];
    breakfix(&start.iter().chain(arguments).copied().collect::<Vec<_>>())
}

/// A call of which a test reads the files afterwards.
struct Files {
    status: i32,
    stdout: String,
    stderr: String,
    texts: HashMap<String, String>,
}

/// Runs the call and reads these files of its working directory.
fn run_and_read(call: &Breakfix, names: &[&str]) -> Files {
    let outcome = call.run_once();
    let read = |name: &&str| {
        let text = std::fs::read_to_string(call.work().join(name)).unwrap_or_default();
        ((*name).to_owned(), text)
    };
    Files {
        status: outcome.status,
        stdout: outcome.stdout,
        stderr: outcome.stderr,
        texts: names.iter().map(read).collect(),
    }
}

impl Files {
    fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.texts[name])
            .unwrap_or_else(|error| panic!("{name}: {error}\n{}", self.stderr))
    }
}

#[test]
fn several_reports_are_written_at_once() {
    let arguments = [&["page.md"][..], &ALL_REPORTS].concat();
    let page = page(&[
        ("", "$ printf 'fine\\n'"),
        ("test=false", "$ true"),
        ("", "$ printf '\\033[31m]]>\\377\\0'; exit 3"),
        ("", "$ true"),
    ]);
    let names = [
        "junit.xml",
        "report.json",
        "timing.json",
        "annotations.txt",
        "summary.md",
    ];
    let files = run_and_read(&call(&arguments).file("page.md", &page), &names);
    assert_eq!(files.status, 1, "{}", files.stderr);
    assert!(files.stdout.contains("1 passed, 1 failed, 2 skipped"));
    assert_described("report-v1.json", &files.json("report.json"));
    assert_described("timing-v1.json", &files.json("timing.json"));
    assert_eq!(files.json("report.json")["exit_code"], 1);
    let timing = files.json("timing.json");
    assert_eq!(timing["tests"][0]["file"], "page.md");
    assert!(timing["tests"][0]["duration"].is_u64());
    let (counts, root) = parse_xml(&files.texts["junit.xml"]);
    assert_eq!((counts["testcase"], root["failures"].as_str()), (4, "1"));
    let failure = "<failure message=\"page.md:14: exit code 3\" type=\"command\">";
    assert!(
        files.texts["junit.xml"].contains(failure),
        "{}",
        files.texts["junit.xml"]
    );
    let annotation = "::error file=page.md,line=14,title=step 2";
    assert!(files.texts["annotations.txt"].contains(annotation));
    assert!(files.texts["summary.md"].contains("| page.md | ❌ failed | 1 | 1 | 2 |"));
}

/// A page that leaves a trace when it runs.
fn trace() -> String {
    page(&[("", "$ touch ran")])
}

#[test]
fn a_report_that_cannot_be_written_is_found_before_anything_runs() {
    let check = |arguments: &[&str], expected: &str| {
        let arguments = [&["page.md"], arguments].concat();
        let call = call(&arguments).file("page.md", &trace()).file("sub/x", "");
        let outcome = call.run_once();
        assert_eq!(outcome.status, 2, "{arguments:?}");
        let stderr = &outcome.stderr;
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
        assert!(!call.work().join("ran").exists(), "{arguments:?}");
        assert!(outcome.stdout.is_empty(), "{arguments:?}");
    };
    check(&["--report", "juint=out.xml"], "did you mean `junit`?");
    check(&["--report", "sarif=x"], "there are terminal, json,");
    check(&["--report", "json"], "needs a path: json=PATH");
    check(
        &["--report", "json=no/x.json"],
        "the directory no: No such file",
    );
    check(&["--report", "json=sub"], "sub is a directory");
    check(
        &["--report", "json=page.md/x"],
        "page.md/x: Not a directory",
    );
    check(&["--report", "summary"], "GITHUB_STEP_SUMMARY is not set");
    check(
        &["--report", "json=-", "--report", "junit=-"],
        "two reports to stdout: --report json=- and --report junit=-",
    );
    check(
        &["--report", "json=-", "--format", "terminal"],
        "two reports to stdout: --format terminal and --report json=-",
    );
    check(
        &["--report", "json=out", "--report", "junit=sub/../out"],
        "two reports to",
    );
}

#[test]
fn a_report_on_stdout_moves_the_terminals_to_stderr() {
    let outcome = call(&["page.md", "--report", "github=-"])
        .file("page.md", &trace())
        .run();
    assert_eq!(outcome.status, 0);
    assert!(
        outcome
            .stdout
            .starts_with("::notice title=breakfix::1 passed"),
        "{}",
        outcome.stdout
    );
    assert!(outcome.stderr.contains("1 passed — "), "{}", outcome.stderr);
}

#[test]
fn the_summary_is_added_to_what_other_steps_of_the_job_wrote() {
    for argument in ["summary", "summary=summary.md"] {
        let call = call(&["page.md", "--report", argument])
            .file("page.md", &trace())
            .file("summary.md", "# before\n")
            .env("GITHUB_STEP_SUMMARY", "summary.md");
        let files = run_and_read(&call, &["summary.md"]);
        assert_eq!(files.status, 0, "{}", files.stderr);
        let text = &files.texts["summary.md"];
        assert!(
            text.starts_with("# before\n## ✅ breakfix: 1 passed"),
            "{text}"
        );
    }
}

#[test]
fn a_flaky_step_fails_the_run_unless_that_is_allowed() {
    let once = "$ [ -e marker ] || { touch marker; false; }";
    for (allowed, status) in [(&[][..], 1), (&["--allow-flaky"], 0)] {
        let arguments = [
            &["page.md", "--format", "json", "--report", "junit=j.xml"],
            allowed,
        ];
        let call = call(&arguments.concat()).file("page.md", &page(&[("retries=1", once)]));
        let files = run_and_read(&call, &["j.xml"]);
        assert_eq!(files.status, status, "{}", files.stderr);
        let report: Value = serde_json::from_str(&files.stdout).unwrap();
        assert_eq!(report["labs"][0]["steps"][0]["result"], "flaky");
        assert_eq!(report["exit_code"], status);
        let junit = &files.texts["j.xml"];
        assert!(junit.contains("<flakyFailure"), "{junit}");
        assert_eq!(junit.contains("<failure"), status == 1, "{junit}");
    }
}

#[test]
fn an_environment_that_fails_is_an_error_in_every_report() {
    let arguments = [&["page.md", "--format", "json"][..], &ALL_REPORTS].concat();
    let call = call(&arguments)
        .file("page.md", &trace())
        .env("XDG_STATE_HOME", "/dev/null/no");
    let files = run_and_read(&call, &["junit.xml", "annotations.txt", "ran"]);
    assert_eq!(files.status, 4);
    let report: Value = serde_json::from_str(&files.stdout).unwrap();
    assert_eq!(report["exit_code"], 4);
    assert_eq!(report["counts"]["skipped"], 1);
    let junit = &files.texts["junit.xml"];
    assert!(
        junit.contains("<error message=\"failed to make /dev/null/no"),
        "{junit}"
    );
    assert!(files.texts["annotations.txt"].starts_with("::error title=page.md%3A cannot tell::"));
}

#[test]
fn a_report_whose_place_went_away_is_an_error_of_the_run() {
    let outcome = call(&["page.md", "--report", "json=sub/x.json"])
        .file("page.md", &page(&[("", "$ rm -r sub")]))
        .file("sub/y", "")
        .run();
    assert_eq!(outcome.status, 4, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("error: failed to write "),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stdout.contains("1 passed"), "{}", outcome.stdout);
}

/// Runs two pages, of which the first never ends, and sends the signal in its middle.
fn signalled(signal: &str) -> Files {
    let arguments = [&["one.md", "two.md", "-v"][..], &ALL_REPORTS].concat();
    let never = page(&[
        ("", "$ true"),
        ("", "$ echo started >&2; exec tail -f /dev/null"),
    ]);
    let call = call(&arguments)
        .file("one.md", &never)
        .file("two.md", &trace())
        .file("junit.xml", "<testsuites name=\"of an earlier run\"/>");
    let mut child = call.start();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("started")));
    let status = std::process::Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
    lines.for_each(drop);
    let status = child.wait().unwrap();
    let read = |name: &str| {
        let text = std::fs::read_to_string(call.work().join(name)).unwrap_or_default();
        (name.to_owned(), text)
    };
    let names = [
        "junit.xml",
        "report.json",
        "timing.json",
        "annotations.txt",
        "summary.md",
    ];
    Files {
        status: status.code().unwrap_or(-1),
        stdout: String::new(),
        stderr: String::new(),
        texts: names.map(read).into(),
    }
}

#[test]
fn an_interrupted_run_leaves_complete_reports() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let files = signalled(signal);
        assert_eq!(files.status, 130, "{signal}");
        let report = files.json("report.json");
        assert_described("report-v1.json", &report);
        assert_eq!(report["exit_code"], 130);
        assert_eq!(report["labs"][0]["steps"][0]["result"], "pass");
        assert_eq!(report["labs"][0]["steps"][1]["result"], "interrupted");
        assert_eq!(
            report["labs"][1]["steps"][0]["reason"],
            "the run was interrupted"
        );
        assert_described("timing-v1.json", &files.json("timing.json"));
        let (counts, _) = parse_xml(&files.texts["junit.xml"]);
        assert_eq!(counts["testcase"], 4, "three steps and the run");
        assert!(files.texts["annotations.txt"].contains("::error title=breakfix::the run was"));
        assert!(files.texts["summary.md"].starts_with("## ⏹️ breakfix"));
    }
}

#[test]
fn a_killed_run_leaves_reports_that_say_so() {
    let files = signalled("-KILL");
    let report = files.json("report.json");
    assert_described("report-v1.json", &report);
    assert_eq!(report["exit_code"], 4);
    let (counts, _) = parse_xml(&files.texts["junit.xml"]);
    assert_eq!(counts["error"], 2, "{}", files.texts["junit.xml"]);
    assert_eq!(files.json("timing.json")["stats"]["failures"], 2);
}

#[test]
fn several_labs_end_with_a_line_each() {
    let outcome = call(&["one.md", "two.md"])
        .file("one.md", &trace())
        .file("two.md", &page(&[("", "$ false")]))
        .run();
    assert_eq!(outcome.status, 1);
    let (_, table) = outcome.stdout.split_once("\nLabs\n").unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("  ✓ one.md  1 passed "), "{table}");
    assert!(
        lines[1].starts_with("  ✗ two.md  0 passed, 1 failed  "),
        "{table}"
    );
}

#[test]
fn the_seed_lab_has_reports_with_its_checks() {
    let lesson = super::support::project().join("content/troubleshooting/missing-worker-nodes.md");
    let arguments = ["run", lesson.to_str().unwrap()];
    let call = breakfix(&[&arguments[..], &ALL_REPORTS].concat());
    let files = run_and_read(&call, &["junit.xml", "report.json", "timing.json"]);
    assert_eq!(files.status, 0, "{}\n{}", files.stdout, files.stderr);
    assert_described("report-v1.json", &files.json("report.json"));
    assert_described("timing-v1.json", &files.json("timing.json"));
    let (counts, root) = parse_xml(&files.texts["junit.xml"]);
    assert_eq!((counts["testsuite"], root["failures"].as_str()), (2, "0"));
}

#[test]
fn at_a_terminal_plain_means_words_that_are_not_coloured_and_not_redrawn() {
    let learner = Learner::new();
    let work = learner.home.work();
    std::fs::write(work.join("page.md"), page(&[("", "$ false")])).unwrap();
    let said = |arguments: &[&str]| -> String {
        let mut terminal = Terminal::open(&learner, arguments, &[("TERM", "xterm")]);
        terminal.child.wait().unwrap();
        terminal.until("1 failed")
    };
    let run = ["run", "page.md", "--on", "none"];
    assert!(said(&run).contains('\u{1b}'));
    let plain = said(&[&run[..], &["--plain"]].concat());
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
}
