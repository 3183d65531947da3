//! `prove` can fail: a scenario whose checks, solutions or wrong fixes are not what they should be is named with its
//! defect. Each test spoils one thing in a copy of a scenario that is proved.

use std::path::Path;

use serde_json::{Value, json};

use super::support::{Outcome, breakfix, project};

const SCENARIO: &str = "missing-worker-nodes";
const VARIANT: &str = "no-autoscaling-access";

/// A copy of the built-in scenario, with one variant and one typed repair of each sort, spoiled.
fn prove_spoiled(spoil: impl FnOnce(&mut Value)) -> Outcome {
    let mut scenario = small_scenario();
    spoil(&mut scenario);
    let arguments = [
        "prove",
        SCENARIO,
        "--scenarios",
        "own",
        "--skip-scripts",
        "--format",
        "json",
    ];
    let mut call = breakfix(&arguments).file(
        &format!("own/{SCENARIO}/scenario.yaml"),
        &scenario.to_string(),
    );
    let policies = project().join("scenarios").join(SCENARIO).join("policies");
    for policy in std::fs::read_dir(policies).unwrap() {
        let policy = policy.unwrap();
        let name = policy.file_name().into_string().unwrap();
        let text = std::fs::read_to_string(policy.path()).unwrap();
        call = call.file(&format!("own/{SCENARIO}/policies/{name}"), &text);
    }
    call.run()
}

/// Proved as it is. JSON is YAML, too.
fn small_scenario() -> Value {
    let mut scenario = built_in();
    let variant = scenario["variants"][VARIANT].take();
    scenario["variants"] = json!({ VARIANT: {
        "summary": variant["summary"],
        "values": variant["values"],
        "solutions": [with_id(&variant["solutions"], "key-policy")],
        "wrong_fixes": [with_id(&scenario["wrong_fixes"], "recycle-only")],
    }});
    scenario["wrong_fixes"] = json!([]);
    scenario["steps"] =
        json!([{ "id": "4.1", "step": 4, "evidence": [{ "answered": "auto-scaling-group" }] }]);
    for kind in ["symptoms", "conditions", "invariants"] {
        let checks = scenario[kind].as_array_mut().unwrap();
        checks.retain_mut(|check| {
            let members = check.as_object_mut().unwrap();
            members.remove("except");
            members.remove("only").is_none()
        });
    }
    scenario
}

fn built_in() -> Value {
    let path = project()
        .join("scenarios")
        .join(SCENARIO)
        .join("scenario.yaml");
    serde_yaml::from_str(&read(&path)).unwrap()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// The entry of a list that has this id.
fn with_id(list: &Value, id: &str) -> Value {
    let mut entries = list.as_array().unwrap().iter();
    entries.find(|entry| entry["id"] == id).unwrap().clone()
}

fn expect<'a>(scenario: &'a mut Value, kind: &str, id: &str) -> &'a mut Value {
    let mut checks = scenario[kind].as_array_mut().unwrap().iter_mut();
    &mut checks.find(|check| check["id"] == id).unwrap()["expect"]
}

fn variant(scenario: &mut Value) -> &mut Value {
    &mut scenario["variants"][VARIANT]
}

/// What is wrong, each with its stage.
fn defects(outcome: &Outcome) -> Vec<(String, String)> {
    let report = outcome.json();
    let stages = report["proofs"][0]["stages"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = |stage: &Value| {
        let defects = stage["defects"].as_array().unwrap().clone();
        let stage = text(&stage["stage"]);
        defects
            .into_iter()
            .map(move |defect| (stage.clone(), text(&defect)))
    };
    stages.iter().flat_map(of).collect()
}

/// Not proved, for this reason in this stage.
#[track_caller]
fn check(spoil: impl FnOnce(&mut Value), stage: &str, expected: &[&str]) {
    let outcome = prove_spoiled(spoil);
    assert_eq!(outcome.status, 3, "{}{}", outcome.stdout, outcome.stderr);
    let found = defects(&outcome);
    for part in expected {
        assert!(
            found
                .iter()
                .any(|(at, defect)| at == stage && defect.contains(part)),
            "{stage}: {part:?} is not told: {found:#?}"
        );
    }
}

#[test]
fn a_finding_that_is_also_what_is_only_near_it_is_a_defect() {
    check(
        |scenario| {
            let near = &mut scenario["findings"][0]["near"];
            let same = json!({ "auto_scaling_group": "${group.name}" });
            *near = json!([{ "value": same, "is": { "en": "the same" } }]);
        },
        "broken by it",
        &["the finding auto-scaling-group is eks-new_nodegroup_1-"],
    );
}

#[test]
fn a_finding_that_cannot_be_read_is_a_defect() {
    check(
        |scenario| {
            scenario["findings"][0]["value"] = json!({ "auto_scaling_group": "nobodys" });
        },
        "broken by it",
        &["the finding auto-scaling-group cannot be read: nobodys does not exist"],
    );
}

#[test]
fn what_is_not_spoiled_is_proved_and_every_stage_is_in_the_document() {
    let outcome = prove_spoiled(|_| {});
    assert_eq!(outcome.status, 0, "{}{}", outcome.stdout, outcome.stderr);
    let report = outcome.json();
    assert_eq!(report["version"], 1);
    assert_eq!(report["exit_code"], 0);
    let proof = &report["proofs"][0];
    assert_eq!(
        (&proof["scenario"], &proof["variant"], &proof["proved"]),
        (&json!(SCENARIO), &json!(VARIANT), &json!(true))
    );
    let stages = proof["stages"].as_array().unwrap();
    let names: Vec<&Value> = stages.iter().map(|stage| &stage["stage"]).collect();
    assert_eq!(
        names,
        [
            "healthy without the fault",
            "broken by it",
            "wrong fix recycle-only refused",
            "solution key-policy accepted"
        ]
    );
    for stage in stages {
        assert_eq!(stage["defects"], json!([]));
        assert_eq!(stage["by_script"], false);
        assert!(stage["duration_ms"].is_u64(), "{stage:#}");
    }
    assert_eq!(outcome.temporary, Vec::<String>::new());
}

#[test]
fn a_condition_that_is_always_met_is_a_defect() {
    let always = json!({ "nodes": { "selector": "kubernetes.io/os=linux", "ready": 1 } });
    check(
        |scenario| *expect(scenario, "conditions", "node-ready") = always,
        "broken by it",
        &["the condition node-ready should not be met while it is broken, and is met"],
    );
}

#[test]
fn a_condition_that_is_never_met_is_a_defect() {
    let spoil = |scenario: &mut Value| {
        scenario["ripens_within"] = json!("15m");
        *expect(scenario, "conditions", "node-ready") =
            json!({ "nodes": { "nodegroup": "${group.name}", "ready": 7 } });
    };
    let outcome = prove_spoiled(spoil);
    assert_eq!(outcome.status, 3, "{}", outcome.stderr);
    let found = defects(&outcome);
    let told: Vec<&str> = found
        .iter()
        .filter(|(_, defect)| defect.contains("node-ready"))
        .map(|(stage, _)| stage.as_str())
        .collect();
    assert_eq!(
        told,
        ["healthy without the fault", "solution key-policy accepted"],
        "{found:#?}"
    );
}

#[test]
fn a_solution_that_does_not_work_any_more_is_a_defect() {
    check(
        |scenario| {
            let change = &mut variant(scenario)["solutions"][0]["changes"][0];
            change["kms_key_policy"]["policy"] = json!("policies/without-create-grant.json");
        },
        "solution key-policy accepted",
        &[
            "key-lets-auto-scaling-launch is not met",
            "kms:CreateGrant",
            "node-ready is not met",
        ],
    );
}

#[test]
fn a_wrong_fix_that_repairs_is_a_defect() {
    check(
        |scenario| {
            let mut fix = with_id(&variant(scenario)["solutions"], "key-policy");
            fix["id"] = json!("right-after-all");
            variant(scenario)["wrong_fixes"] = json!([fix]);
        },
        "wrong fix right-after-all refused",
        &["it is accepted: every check is met"],
    );
}

#[test]
fn a_wrong_fix_that_another_check_refuses_than_it_says_is_a_defect() {
    check(
        |scenario| {
            let fix = &mut variant(scenario)["wrong_fixes"][0];
            fix["refused_by"] = json!(["node-ready", "key-not-public"]);
        },
        "wrong fix recycle-only refused",
        &["key-not-public should refuse it; refused by key-lets-auto-scaling-launch"],
    );
}

#[test]
fn a_wrong_fix_that_should_fail_and_goes_through_is_a_defect() {
    check(
        |scenario| variant(scenario)["wrong_fixes"][0]["fails"] = json!(true),
        "wrong fix recycle-only refused",
        &["it should fail (`fails: true`), and went through"],
    );
}

#[test]
fn a_symptom_that_never_shows_is_a_defect() {
    check(
        |scenario| {
            *expect(scenario, "symptoms", "group-degraded") = json!({
                "nodegroup": { "nodegroup": "${group.name}", "issue": "NodeCreationFailure" }
            });
        },
        "broken by it",
        &[
            "the environment did not break",
            "EKS reports launch failures",
        ],
    );
}

#[test]
fn an_invariant_that_does_not_hold_while_it_is_broken_is_a_defect() {
    check(
        |scenario| {
            let key = json!({ "key_allows": { "key": "${key.id}", "principal": "autoscaling" } });
            *expect(scenario, "invariants", "key-not-public") = key;
        },
        "broken by it",
        &["the invariant key-not-public should hold while it is broken"],
    );
}

#[test]
fn a_fault_that_breaks_nothing_is_a_defect() {
    check(
        |scenario| variant(scenario)["values"] = json!({}),
        "broken by it",
        &["the environment did not break"],
    );
}

#[test]
fn a_healthy_state_that_is_broken_too_is_a_defect() {
    check(
        |scenario| scenario["values"]["key_policy"] = json!("policies/root-only.json"),
        "healthy without the fault",
        &[
            "node-ready should be met without the fault",
            "the symptom group-degraded shows without the fault, too",
        ],
    );
}

#[test]
fn a_scenario_without_repairs_is_not_proved() {
    let spoil = |scenario: &mut Value| {
        variant(scenario)["solutions"] = json!([]);
        variant(scenario)["wrong_fixes"] = json!([]);
    };
    check(
        spoil,
        "broken by it",
        &["no solution repairs it", "no wrong fix is tried"],
    );
}

#[test]
fn a_scenario_that_cannot_be_read_is_shown_with_a_caret_before_anything_starts() {
    let yaml = read(
        &project()
            .join("scenarios")
            .join(SCENARIO)
            .join("scenario.yaml"),
    );
    let spoiled = yaml.replacen("  - kms_alias:", "  - kms_alais:", 1);
    assert_ne!(yaml, spoiled);
    let outcome = breakfix(&["prove", SCENARIO, "--scenarios", "own"])
        .file(&format!("own/{SCENARIO}/scenario.yaml"), &spoiled)
        .run();
    assert_eq!(outcome.status, 3, "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "");
    for part in [
        "scenario.yaml:28:5",
        "- kms_alais:",
        "^^^^^^^^^",
        "did you mean `kms_alias`?",
    ] {
        assert!(outcome.stderr.contains(part), "{part}: {}", outcome.stderr);
    }
}

#[test]
fn an_unknown_scenario_or_variant_is_a_slip_of_the_caller() {
    #[track_caller]
    fn check(arguments: &[&str], expected: &str) {
        let outcome = breakfix(arguments).run();
        assert_eq!(outcome.status, 2, "{}", outcome.stderr);
        assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
    }
    check(
        &["prove", "missing-worker-node"],
        "did you mean missing-worker-nodes?",
    );
    check(
        &["prove", SCENARIO, "--variant", "key-disable"],
        "did you mean key-disabled?",
    );
    check(
        &[
            "prove",
            SCENARIO,
            "--variant",
            "no-create-grant+wrong-region",
        ],
        "cannot be combined",
    );
    check(&["prove"], "<SCENARIO>");
}

#[test]
fn two_faults_at_once_need_both_repairs() {
    let outcome = breakfix(&[
        "prove",
        SCENARIO,
        "--variant",
        "no-create-grant+key-disabled",
        "--skip-scripts",
        "--format",
        "json",
    ])
    .run();
    assert_eq!(outcome.status, 0, "{}{}", outcome.stdout, outcome.stderr);
    let report = outcome.json();
    let stages = report["proofs"][0]["stages"].as_array().unwrap().clone();
    let last = stages.last().unwrap()["stage"].clone();
    assert_eq!(last, "solution enable-key, then complete-policy accepted");
}

#[test]
fn the_example_of_the_reference_for_authors_is_proved() {
    let page = read(&project().join("docs/scenarios.md"));
    let example = page.split("```yaml\n").nth(1).unwrap();
    let yaml = example.split("```").next().unwrap();
    let files = project().join("scenarios").join(SCENARIO);
    let policy = read(&files.join("policies/root-only.json"));
    let script = "aws kms enable-key --key-id \"$KEY_ID\"\n";
    let call = breakfix(&["scenario", "check", "sleeping-key", "--scenarios", "own"])
        .file("own/sleeping-key/scenario.yaml", yaml)
        .file("own/sleeping-key/policies/good.json", &policy)
        .file("own/sleeping-key/solutions/enable.sh", script);
    let outcome = call.run_once();
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    let call = call.arguments(&["prove", "sleeping-key", "--scenarios", "own"]);
    let outcome = call.run();
    assert_eq!(outcome.status, 0, "{}{}", outcome.stdout, outcome.stderr);
    assert!(
        outcome.stdout.contains("solution enable-script accepted"),
        "{}",
        outcome.stdout
    );
}
