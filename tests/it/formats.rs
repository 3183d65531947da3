//! Every document for programs is as the schema says that docs/formats.md names for it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use clap::CommandFactory as _;
use serde_json::{Value, json};

use super::support::{Breakfix, breakfix, page, project};
use super::verbs::Learner;

/// The table of docs/formats.md: which schema describes what a verb writes.
fn table() -> BTreeMap<String, String> {
    let page = std::fs::read_to_string(project().join("docs/formats.md")).unwrap();
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split("` | `");
        let (writer, schema) = (cells.next()?, cells.next()?);
        let schema = schema.split('`').next()?;
        Some((writer.to_owned(), schema.to_owned()))
    });
    rows.collect()
}

/// The verbs that take `--format json`, by their full names.
fn verbs() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(&breakfix::cli::Cli::command(), "", &mut found);
    found
}

fn collect(command: &clap::Command, path: &str, found: &mut BTreeSet<String>) {
    let writes_json = command.get_arguments().any(|argument| {
        let values = argument.get_possible_values();
        argument.get_id() == "format" && values.iter().any(|value| value.get_name() == "json")
    });
    if writes_json {
        found.insert(path.to_owned());
    }
    for verb in command.get_subcommands() {
        let path = format!("{path} {}", verb.get_name());
        collect(verb, path.trim_start(), found);
    }
}

fn schemas() -> Vec<Value> {
    let files = std::fs::read_dir(project().join("schemas")).unwrap();
    files
        .map(|file| {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            serde_json::from_str(&text).unwrap()
        })
        .collect()
}

#[test]
fn every_verb_for_programs_has_a_schema_and_every_schema_is_of_something() {
    let table = table();
    let verbs = verbs();
    assert!(verbs.len() > 20, "{verbs:?}");
    let without: Vec<&String> = verbs
        .iter()
        .filter(|verb| !table.contains_key(*verb))
        .collect();
    assert!(
        without.is_empty(),
        "docs/formats.md names no schema for {without:?}"
    );
    let used: BTreeSet<&str> = table
        .values()
        .map(|schema| schema.split('#').next().unwrap())
        .collect();
    let schemas = schemas();
    let there: BTreeSet<&str> = schemas
        .iter()
        .map(|schema| schema["$id"].as_str().expect("a schema without $id"))
        .collect();
    assert_eq!(used, there);
}

/// What verbs wrote: who, and the document.
type Written = Vec<(&'static str, Value)>;

const LAB: &str = "```bash retries=1 timeout=9 id=first\n$ echo one\ntwo\n```\n";

fn tree(arguments: &[&str]) -> Breakfix {
    let blocks = [
        ("hook=look", "$ echo 1\n2"),
        ("test=false", "$ no"),
        ("expectError=must", "$ false"),
        ("", "$ exit 3"),
        ("", "$ never"),
    ];
    breakfix(arguments)
        .file("labs/a.md", LAB)
        .file("labs/b.md", &page(&blocks))
        .file("labs/bad/c.md", "```bash timeuot=5\n$ true\n```\n")
        .file("labs/draft/.notest", "")
        .file("labs/draft/d.md", LAB)
        .file("labs/tests/hook-suite.sh", "echo \"$1\"\n")
        .file("labs/tests/hook-look.sh", "exit 0\n")
}

/// Reports are in the order of their files' names.
fn of_pages() -> Written {
    let plan = |path| tree(&["plan", path, "--format", "json"]).run().json();
    let run = tree(&[
        "run",
        "labs/a.md",
        "labs/b.md",
        "--on",
        "none",
        "--report",
        "timing=t.json",
        "--report",
        "json=r.json",
        "--format",
        "json",
    ]);
    let outcome = run.run_once();
    let timing = std::fs::read_to_string(run.work().join("t.json")).unwrap();
    let timing = serde_json::from_str(&timing).unwrap();
    let merged = run.call(&["merge", "r.json", "--format", "json"]);
    let lint = |path| tree(&["lint", path, "--format", "json"]).run().json();
    let bless = |path| {
        let arguments = ["bless", path, "--check", "--on", "none", "--format", "json"];
        tree(&arguments).run().json()
    };
    let explained = |code: &[&str]| breakfix(&[&["explain", "--format", "json"], code].concat());
    vec![
        ("lint", lint("labs")),
        ("lint", lint("labs/a.md")),
        ("bless", bless("labs/a.md")),
        ("bless", bless("labs/b.md")),
        ("explain", explained(&[]).run().json()),
        ("explain", explained(&["variable-unset"]).run().json()),
        ("plan", plan("labs")),
        ("plan", plan("labs/a.md")),
        ("run", outcome.json()),
        ("merge", merged.json()),
        ("run --report timing", timing),
    ]
}

const KEY_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::${account}:root"},"Action":"kms:*","Resource":"*"}]}"#;

/// A small scenario, as JSON, which is YAML too. Without a wrong fix it has a defect.
fn scenario(wrong_fixes: &Value) -> String {
    let with_key =
        |state: &str| json!([{ "kms_key_state": { "key": "${key.id}", "state": state } }]);
    json!({
        "scenario": "s",
        "title": { "en": "S" },
        "resources": [{ "kms_key": { "id": "key", "policy": "key.json" } }],
        "variants": { "v": { "summary": { "en": "V" }, "faults": with_key("disabled") } },
        "conditions": [{ "id": "c", "title": { "en": "C" }, "expect": { "key_state": { "key": "${key.id}", "is": "Enabled" } } }],
        "solutions": [{ "id": "f", "changes": with_key("enabled") }],
        "wrong_fixes": wrong_fixes,
    })
    .to_string()
}

fn of_scenarios() -> Written {
    let whole = scenario(
        &json!([{ "id": "w", "changes": [{ "kms_key_state": { "key": "${key.id}", "state": "disabled" } }] }]),
    );
    let call = |arguments: &[&str], scenario: &str| {
        breakfix(&[arguments, &["--scenarios", "own", "--format", "json"]].concat())
            .file("own/s/scenario.yaml", scenario)
            .file("own/s/key.json", KEY_POLICY)
            .run()
            .json()
    };
    vec![
        ("list", call(&["list"], "scenario: [")),
        ("list", call(&["list", "--variants"], &whole)),
        ("prove", call(&["prove", "s"], &whole)),
        ("prove", call(&["prove", "s"], &scenario(&json!([])))),
        ("doctor", call(&["doctor"], &whole)),
    ]
}

/// A learner's whole way.
fn of_a_session() -> Written {
    let learner = Learner::new();
    let mut written = Written::new();
    let mut call = |verb: &'static str, rest: &[&str]| {
        let arguments = [&[verb], rest, &["--format", "json"]].concat();
        written.push((verb, learner.home.call(&arguments).json()));
    };
    call("sessions", &[]);
    call("start", &["missing-worker-nodes"]);
    for (verb, rest) in [
        ("status", &[][..]),
        ("show", &[]),
        ("show", &["4.1"]),
        ("show", &["--lang", "ja"]),
        ("env", &[]),
        ("hint", &[]),
        ("answer", &["4.1", "wrong"]),
        ("answer", &["6.1", "enabled"]),
        ("check", &["4.2", "--done"]),
        ("check", &["7.1"]),
        ("run-step", &["1", "--yes"]),
        ("solve", &["--to", "4.1"]),
        ("pause", &[]),
        ("sessions", &[]),
        ("resume", &[]),
        ("extend", &["9h"]),
        ("reset", &[]),
    ] {
        call(verb, rest);
    }
    let led = |script: &str| {
        let script = format!("eval \"$(\"$BREAKFIX\" env)\"\n{script}");
        learner.home.bash(&script)
    };
    // Who is in the session's shell already is told so.
    let inside = "BREAKFIX_SHELL=$BREAKFIX_SESSION \"$BREAKFIX\" shell --format json";
    written.push(("shell", led(inside).json()));
    // A call that fails is on record as well.
    assert_ne!(led("kubectl get pod nobody").status, 0);
    for (verb, asked) in [
        ("simulate status", "status"),
        ("simulate events", "events"),
        ("simulate advance", "advance 5m"),
    ] {
        let document = led(&format!("\"$BREAKFIX\" simulate {asked} --format json")).json();
        written.push((verb, document));
    }
    for arguments in [&["report"][..], &["check"], &["finish"]] {
        let verb = arguments[0];
        let arguments = [arguments, &["--format", "json"]].concat();
        written.push((verb, learner.home.call(&arguments).json()));
    }
    written
}

const VALIDATE: &str = "
import json, sys
import jsonschema
from referencing import Registry, Resource
schemas, cases = json.load(sys.stdin)
for schema in schemas:
    jsonschema.Draft202012Validator.check_schema(schema)
registry = Registry().with_resources([(schema['$id'], Resource.from_contents(schema)) for schema in schemas])
def complaint(uri, document):
    validator = jsonschema.Draft202012Validator({'$ref': uri}, registry=registry)
    error = jsonschema.exceptions.best_match(validator.iter_errors(document))
    return error and f'{error.json_path}: {error.message}'
json.dump([complaint(*case) for case in cases], sys.stdout)
";

/// What a public validator says against each document.
fn complaints(cases: &[(String, Value)]) -> Vec<Option<String>> {
    let python = project().join(".tools/venv/bin/python");
    let mut validator = Command::new(python)
        .args(["-c", VALIDATE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`make test` installs what only tests need");
    let input = json!([schemas(), cases]).to_string();
    let mut stdin = validator.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = validator.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The document without one of its members, for each that it has.
fn lacking(document: &Value) -> Vec<Value> {
    let members = document.as_object().into_iter().flatten();
    let without = members.map(|(name, _)| {
        let mut document = document.clone();
        document.as_object_mut().unwrap().remove(name);
        document
    });
    without.collect()
}

fn with_more(document: &Value) -> Option<Value> {
    let mut document = document.clone();
    document
        .as_object_mut()?
        .insert("unheard-of".to_owned(), json!(1));
    Some(document)
}

#[test]
fn every_document_is_as_its_schema_says_and_no_other_is() {
    let table = table();
    let written = [of_pages(), of_scenarios(), of_a_session()].concat();
    let of: BTreeSet<String> = written.iter().map(|(verb, _)| (*verb).to_owned()).collect();
    // What it writes is shown by `status`, line by line; it stays until it is told to go.
    let unseen: Vec<String> = verbs()
        .difference(&of)
        .filter(|verb| *verb != "watch")
        .cloned()
        .collect();
    assert_eq!(
        unseen,
        Vec::<String>::new(),
        "nothing shows what these verbs write"
    );
    let mut cases = Vec::new();
    let mut valid = Vec::new();
    for (verb, document) in &written {
        let schema = &table[*verb];
        let mut add = |document: Value, is_valid| {
            cases.push((schema.clone(), document));
            valid.push(((*verb).to_owned(), is_valid));
        };
        add(document.clone(), true);
        lacking(document)
            .into_iter()
            .for_each(|less| add(less, false));
        // These are open: their own tests hold that nothing more is written.
        let is_open = *verb == "merge" || verb.starts_with("run") && *verb != "run-step";
        with_more(document)
            .filter(|_| !is_open)
            .into_iter()
            .for_each(|more| add(more, false));
    }
    for (((verb, is_valid), complaint), (_, document)) in
        valid.iter().zip(complaints(&cases)).zip(&cases)
    {
        assert_eq!(
            complaint.is_none(),
            *is_valid,
            "{verb}: {complaint:?}\n{document:#}"
        );
    }
}
