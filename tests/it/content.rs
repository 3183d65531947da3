//! The lessons that come with breakfix, run as a user runs them.

use std::path::Path;

use breakfix::plan::Request;
use breakfix::tree;

use super::support::{Outcome, breakfix, project};

const ENGLISH: &str = "content/troubleshooting/missing-worker-nodes.md";
const JAPANESE: &str = "content/i18n/ja/troubleshooting/missing-worker-nodes.md";

fn run(page: &str) -> Outcome {
    let page = project().join(page);
    breakfix(&["run", page.to_str().unwrap(), "--format", "json"]).run()
}

fn assert_repaired(outcome: &Outcome) {
    let lab = outcome.lab();
    assert_eq!(outcome.status, 0, "{lab:#}\n{}", outcome.stderr);
    let steps = lab["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 13);
    assert!(steps.iter().all(|step| step["result"] == "pass"));
    let checks = lab["checks"].as_array().unwrap();
    assert_eq!(checks.len(), 7);
    assert!(
        checks.iter().all(|check| check["verdict"] == "met"),
        "{checks:#?}"
    );
    assert_eq!(lab["leftovers"].as_array().map(Vec::len), Some(0));
    let drifted = &outcome.json()["counts"]["drifted"];
    assert_eq!(*drifted, 0, "the page shows other than what came: {lab:#}");
    assert_eq!(
        outcome.temporary,
        Vec::<String>::new(),
        "temporary files are left"
    );
}

#[test]
fn the_english_lab_breaks_diagnoses_repairs_and_proves() {
    let outcome = run(ENGLISH);
    assert_repaired(&outcome);
    // With the default clock nothing waits: the lesson's own waits alone would take minutes.
    let world: u64 = outcome.lab()["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["world_ms"].as_u64().unwrap())
        .sum();
    assert!(
        world >= 170_000,
        "the lesson's waits must pass in the world: {world} ms"
    );
}

#[test]
fn the_japanese_lab_breaks_diagnoses_repairs_and_proves() {
    assert_repaired(&run(JAPANESE));
}

#[test]
fn the_translation_runs_the_commands_of_its_source() {
    let steps = |page: &str| {
        let loaded = tree::load(&[project().join(page)], &Request::default()).unwrap();
        assert_eq!(loaded.diagnostics, []);
        let lab = loaded.plan.labs.into_iter().next().unwrap();
        let steps = lab.steps.into_iter();
        steps
            .map(|step| {
                let commands: Vec<String> = step
                    .commands
                    .into_iter()
                    .map(|command| command.text)
                    .collect();
                (
                    commands,
                    step.timeout,
                    step.wait,
                    step.expect_error,
                    step.hook.map(|hook| hook.name),
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(steps(ENGLISH), steps(JAPANESE));
}

#[test]
fn the_hook_refuses_a_world_that_is_not_broken() {
    let hook = project().join("content/troubleshooting/tests/hook-missing-worker-nodes.sh");
    assert!(hook.is_file());
    let solution = project().join("scenarios/missing-worker-nodes/solutions/key-policy.sh");
    let page = super::support::page(&[
        ("timeout=600", &format!("$ bash {}", solution.display())),
        (
            "expectError=must",
            &format!("$ bash {} before", hook.display()),
        ),
    ]);
    let outcome = breakfix(&[
        "run",
        "page.md",
        "--scenario",
        "missing-worker-nodes",
        "--format",
        "json",
    ])
    .file("page.md", &page)
    .run();
    assert_eq!(
        outcome.lab()["steps"][1]["result"],
        "pass",
        "{:#}",
        outcome.lab()
    );
    let (_, said) = outcome.printed(2, 1);
    assert!(said.contains("new_nodegroup_1"), "{said}");
}

#[test]
fn every_page_of_the_content_is_free_of_mistakes() {
    let loaded = tree::load(&[Path::new(project()).join("content")], &Request::default()).unwrap();
    assert_eq!(loaded.diagnostics, []);
}
