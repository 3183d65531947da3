//! The published schema of `scenario.yaml` is what the program reads, and `scenario check` tells what is wrong.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::support::{Outcome, breakfix, project};

const SCHEMA: &str = "schemas/scenario-v1.json";

fn printed() -> Value {
    let outcome = breakfix(&["scenario", "schema"]).run();
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    outcome.json()
}

#[test]
fn the_schema_in_the_repository_is_the_one_that_is_printed() {
    let outcome = breakfix(&["scenario", "schema"]).run();
    let path = project().join(SCHEMA);
    if std::env::var_os("BREAKFIX_BLESS").is_some() {
        std::fs::write(&path, &outcome.stdout).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        known == outcome.stdout,
        "{SCHEMA} is out of date: BREAKFIX_BLESS=1 cargo test --test it schema:: writes it"
    );
}

const VALIDATE: &str = "
import json, sys
import jsonschema
schema, instances = json.load(sys.stdin)
kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
kind.check_schema(schema)
validator = kind(schema)
json.dump([next((error.message for error in validator.iter_errors(instance)), None) for instance in instances], sys.stdout)
";

/// What a validator of JSON Schemas says against each.
fn complaints(scenarios: &[Value]) -> Vec<Option<String>> {
    complaints_about(&printed(), scenarios)
}

/// What a validator says against each instance of a schema.
pub(crate) fn complaints_about(schema: &Value, instances: &[Value]) -> Vec<Option<String>> {
    let python = project().join(".tools/venv/bin/python");
    let mut validator = Command::new(python)
        .args(["-c", VALIDATE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`make test` installs what only tests need");
    let input = json!([schema, instances]).to_string();
    let mut stdin = validator.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = validator.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn small() -> Value {
    json!({
        "scenario": "s",
        "title": { "en": "S" },
        "parameters": { "suffix": { "random": 5 } },
        "variants": { "v": { "summary": { "en": "V" }, "faults": [{ "scale": { "nodegroup": "g", "desired": 1 } }] } },
        "resources": [],
        "ripens_within": "90s",
        "conditions": [{ "id": "c", "title": { "en": "C" }, "expect": { "nodes": { "nodegroup": "g", "ready": 1 } } }],
        "solutions": [{ "id": "f", "changes": [{ "scale": { "nodegroup": "g", "desired": 1 } }] }],
    })
}

fn check(scenario: &Value) -> Outcome {
    breakfix(&["scenario", "check", "s", "--scenarios", "own"])
        .file("own/s/scenario.yaml", &scenario.to_string())
        .run()
}

#[test]
fn what_is_built_in_is_valid() {
    let mut scenarios = vec![small()];
    for entry in std::fs::read_dir(project().join("scenarios")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path().join("scenario.yaml")).unwrap();
        scenarios.push(serde_yaml::from_str(&text).unwrap());
    }
    let found: Vec<String> = complaints(&scenarios).into_iter().flatten().collect();
    assert_eq!(found, Vec::<String>::new());
    let outcome = check(&scenarios[0]);
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "ok s: variants: 1, checks: 1, fixes: 1\n");
}

#[test]
fn what_the_program_refuses_for_its_shape_is_not_valid_either() {
    let spoiled: &[(&str, Value)] = &[
        ("/title", json!("S")),
        ("/conditons", json!([])),
        ("/ripens_within", json!("soon")),
        ("/parameters/suffix", json!({ "drawn": 5 })),
        ("/variants/v/summary", json!({ "ja": "V" })),
        ("/variants/random", json!({ "summary": { "en": "R" } })),
        ("/variants/a+b", json!({ "summary": { "en": "R" } })),
        (
            "/variants/v/faults/0",
            json!({ "scael": { "nodegroup": "g", "desired": 1 } }),
        ),
        (
            "/variants/v/faults/0",
            json!({ "scale": { "nodegroup": "g", "desired": "1" } }),
        ),
        (
            "/variants/v/faults/0",
            json!({ "kms_key_state": { "key": "k", "state": "Enabled" } }),
        ),
        (
            "/conditions/0/expect",
            json!({ "nodes": { "nodegroup": "g" } }),
        ),
        ("/conditions/0/expect", json!({ "nodes": { "ready": 1 } })),
        (
            "/conditions/0/expect",
            json!({ "nodes": { "nodegroup": "g", "selector": "a=b", "ready": 1 } }),
        ),
        (
            "/conditions/0/expect",
            json!({ "nodegroup": { "nodegroup": "g" } }),
        ),
        (
            "/conditions/0/expect",
            json!({ "key_state": { "key": "k", "is": "Off" } }),
        ),
        (
            "/conditions/0/expect",
            json!({ "key_allows": { "key": "k", "principal": "autoscaling", "actions": [] } }),
        ),
        ("/conditions/0/expect", json!({ "all": [] })),
        ("/conditions/0/expect", json!({ "not": { "any": [] } })),
        ("/solutions/0/script", json!("f.sh")),
        ("/solutions/0", json!({ "id": "f" })),
    ];
    let scenarios: Vec<Value> = spoiled
        .iter()
        .map(|(place, value)| {
            let mut scenario = small();
            let (parent, name) = place.rsplit_once('/').unwrap();
            match scenario.pointer_mut(parent).unwrap() {
                Value::Array(items) => items[name.parse::<usize>().unwrap()] = value.clone(),
                parent => parent[name] = value.clone(),
            }
            scenario
        })
        .collect();
    let complaints = complaints(&scenarios);
    for ((spoiled, scenario), complaint) in spoiled.iter().zip(&scenarios).zip(complaints) {
        assert!(complaint.is_some(), "{spoiled:?} is valid");
        let outcome = check(scenario);
        assert_eq!(outcome.status, 3, "{spoiled:?} is read: {}", outcome.stdout);
    }
}

#[test]
fn a_file_that_is_not_there_is_told_with_the_place_that_names_it() {
    let yaml = "scenario: s\ntitle: { en: S }\nresources:\n  - kms_key: { id: key, policy: key.json }\nconditions: []\nwrong_fixes:\n  - { id: w, changes: [{ kms_key_policy: { key: \"${key.id}\", policy: wrong.json } }] }\n";
    let outcome = breakfix(&[
        "scenario",
        "check",
        "--scenarios",
        "own",
        "s",
        "missing-worker-nodes",
    ])
    .file("own/s/scenario.yaml", yaml)
    .file("own/s/wrong.json", "{ \"Resource\": \"${kee.arn}\" }\n")
    .run();
    assert_eq!(outcome.status, 3);
    assert!(outcome.stdout.starts_with("ok missing-worker-nodes"));
    for part in [
        "own/s/scenario.yaml:4:",
        "there is no file `key.json` beside scenario.yaml",
        "^^^^^^^^",
        "own/s/wrong.json:1:16",
        "`${kee.arn}` stands for nothing",
        "did you mean `${key.arn}`?",
    ] {
        assert!(outcome.stderr.contains(part), "{part}: {}", outcome.stderr);
    }
}

#[test]
fn a_name_that_is_no_scenario_is_a_slip_of_the_caller() {
    let outcome = breakfix(&["scenario", "check", "missing-worker-node"]).run();
    assert_eq!(outcome.status, 2);
    assert!(
        outcome
            .stderr
            .contains("did you mean missing-worker-nodes?")
    );
}

#[test]
fn every_kind_of_change_and_predicate_and_every_field_is_in_the_reference() {
    let page = std::fs::read_to_string(project().join("docs/scenarios.md")).unwrap();
    let schema = printed();
    let mut named = Vec::new();
    for kinds in ["Change", "Predicate"] {
        for kind in schema["$defs"][kinds]["oneOf"].as_array().unwrap() {
            let (name, form) = kind["properties"]
                .as_object()
                .unwrap()
                .iter()
                .next()
                .unwrap();
            named.push(name.clone());
            let form = form["$ref"].as_str().unwrap().replace("#/$defs/", "");
            let fields = schema["$defs"][form.as_str()]["properties"].as_object();
            named.extend(fields.into_iter().flat_map(|fields| fields.keys().cloned()));
        }
    }
    named.extend(schema["properties"].as_object().unwrap().keys().cloned());
    for form in ["Variant", "Fix", "Check"] {
        named.extend(
            schema["$defs"][form]["properties"]
                .as_object()
                .unwrap()
                .keys()
                .cloned(),
        );
    }
    let missing: Vec<&String> = named
        .iter()
        .filter(|name| {
            let at_its_end = [":", "`", ",", " }"].map(|end| format!("{name}{end}"));
            !at_its_end.iter().any(|text| page.contains(text))
        })
        .collect();
    assert_eq!(missing, Vec::<&String>::new());
}
