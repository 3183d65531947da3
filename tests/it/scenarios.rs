//! What a run says of a scenario's checks: verdicts, reasons, leftovers. That each check can fail and be met is
//! `prove`'s to show.

use serde_json::Value;

use super::support::{Outcome, breakfix, page, project};

const SCENARIO: &str = "missing-worker-nodes";

fn run(blocks: &[(&str, &str)]) -> Outcome {
    breakfix(&["run", "page.md", "--scenario", SCENARIO, "--format", "json"])
        .file("page.md", &page(blocks))
        .run()
}

fn verdicts(outcome: &Outcome) -> Vec<(String, String)> {
    let lab = outcome.lab();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    lab["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| (text(&check["id"]), text(&check["verdict"])))
        .collect()
}

#[test]
fn doing_nothing_is_refused() {
    let outcome = run(&[("", "$ true")]);
    let expected = [
        ("key-lets-auto-scaling-launch", "not met"),
        ("launched-again", "not met"),
        ("group-healthy", "not met"),
        ("node-ready", "not met"),
        ("volume-encrypted", "met"),
        ("key-not-public", "met"),
        ("administrators-keep-the-key", "met"),
    ];
    let expected = expected.map(|(id, verdict)| (id.to_owned(), verdict.to_owned()));
    assert_eq!(verdicts(&outcome), expected, "{:#}", outcome.lab());
    assert_eq!(outcome.lab()["leftovers"], serde_json::json!([]));
    assert_eq!(outcome.status, 1);
}

#[test]
fn the_lesson_without_its_repair_is_refused_with_principal_and_actions() {
    let lesson =
        std::fs::read_to_string(project().join("content/troubleshooting/missing-worker-nodes.md"))
            .unwrap();
    let hook = std::fs::read_to_string(
        project().join("content/troubleshooting/tests/hook-missing-worker-nodes.sh"),
    )
    .unwrap();
    let without_repair = without_block(&lesson, "put-key-policy");
    let outcome = breakfix(&["run", "page.md", "--format", "json"])
        .file("page.md", &without_repair)
        .file("tests/hook-missing-worker-nodes.sh", &hook)
        .run();
    assert_eq!(outcome.status, 1, "{}", outcome.stderr);
    let check = outcome.check("key-lets-auto-scaling-launch");
    assert_eq!(check["verdict"], "not met");
    let said = format!(
        "{} {} {}",
        check["expected"], check["observed"], check["reason"]
    );
    for needed in [
        "AWSServiceRoleForAutoScaling",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:Decrypt",
        "kms:CreateGrant",
    ] {
        assert!(said.contains(needed), "{needed} is missing in: {said}");
    }
    // The judging happens although the last step failed: there is no node to wait for.
    let steps = outcome.lab()["steps"].clone();
    let last = steps.as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["result"], "fail", "{last:#}");
}

/// The page without the tested block that contains `needle`.
fn without_block(page: &str, needle: &str) -> String {
    let mut kept = String::new();
    let mut block = String::new();
    let mut inside = false;
    let mut dropped = 0;
    for line in page.lines() {
        let fence = line.trim_start().starts_with("```");
        let opens = fence && !inside;
        if opens || inside {
            block.push_str(line);
            block.push('\n');
        } else {
            kept.push_str(line);
            kept.push('\n');
        }
        if fence && inside {
            let tested = block.starts_with("```bash") && !block.contains("test=false");
            if tested && block.contains(needle) {
                dropped += 1;
            } else {
                kept.push_str(&block);
            }
            block.clear();
        }
        inside = opens || (inside && !fence);
    }
    assert_eq!(dropped, 1, "exactly one block repairs");
    kept
}

#[test]
fn a_repair_for_the_wrong_principal_is_refused_with_the_reason() {
    let script = project()
        .join("scenarios")
        .join(SCENARIO)
        .join("wrong/wrong-principal.sh");
    let command = format!("$ bash {}", script.display());
    let outcome = run(&[("timeout=600 wait=60", &command)]);
    assert_eq!(outcome.status, 1);
    let check = outcome.check("key-lets-auto-scaling-launch");
    assert_eq!(check["verdict"], "not met");
    let reason = check["reason"].as_str().unwrap();
    assert!(reason.contains("AWSServiceRoleForAutoScaling"), "{reason}");
    assert!(
        reason.contains("autoscaling.amazonaws.com"),
        "the near miss names who was allowed instead: {reason}"
    );
    assert_eq!(outcome.check("node-ready")["verdict"], "not met");
}

#[test]
fn a_scenario_of_the_users_own_comes_before_the_built_in_one() {
    let yaml =
        "scenario: missing-worker-nodes\ntitle: { en: Own }\nresources: []\nconditions: []\n";
    let outcome = breakfix(&[
        "run",
        "page.md",
        "--scenario",
        SCENARIO,
        "--scenarios",
        "own",
        "--format",
        "json",
    ])
    .file("page.md", &page(&[("", "$ true")]))
    .file("own/missing-worker-nodes/scenario.yaml", yaml)
    .run();
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert_eq!(outcome.lab()["checks"], serde_json::json!([]));
}
