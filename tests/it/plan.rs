//! `breakfix plan`: what content holds, told before anything runs.

mod extraction;
mod format;
mod properties;

use serde_json::Value;

use super::support::{Outcome, breakfix, page, project};

/// Runs `breakfix plan` on pages, with these further arguments.
pub(crate) fn plan(files: &[(&str, &str)], arguments: &[&str]) -> Outcome {
    let mut all = vec!["plan"];
    all.extend(arguments);
    let call = files
        .iter()
        .fold(breakfix(&all), |call, (name, text)| call.file(name, text));
    call.run()
}

/// The same as a JSON document, with the exit code.
pub(crate) fn plan_json(files: &[(&str, &str)], arguments: &[&str]) -> (Value, i32) {
    let mut all = arguments.to_vec();
    all.extend(["--format", "json"]);
    let outcome = plan(files, &all);
    (outcome.json(), outcome.status)
}

/// The pages of a plan that have steps to run, in order.
pub(crate) fn pages(document: &Value) -> Vec<String> {
    let labs = document["labs"].as_array().into_iter().flatten();
    labs.flat_map(|lab| lab["pages"].as_array().into_iter().flatten())
        .map(|page| page["page"].as_str().unwrap().to_owned())
        .collect()
}

/// The steps of all labs that would run.
pub(crate) fn steps(document: &Value) -> Vec<&Value> {
    let labs = document["labs"].as_array().into_iter().flatten();
    labs.flat_map(|lab| lab["pages"].as_array().into_iter().flatten())
        .flat_map(|page| page["steps"].as_array().into_iter().flatten())
        .filter(|step| step["skip"].is_null())
        .collect()
}

/// Codes of the diagnostics, in order.
pub(crate) fn codes(document: &Value) -> Vec<&str> {
    let diagnostics = document["diagnostics"].as_array().into_iter().flatten();
    diagnostics
        .map(|one| one["code"].as_str().unwrap())
        .collect()
}

pub(crate) const STEP: &str = "```bash\n$ true\n```\n";

#[test]
fn the_plan_of_the_lab_shows_steps_commands_limits_and_hooks() {
    let lab = project().join("content/troubleshooting/missing-worker-nodes.md");
    let outcome = breakfix(&["plan", lab.to_str().unwrap()]).run();
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""));
    let shown = &outcome.stdout;
    for expected in [
        "  scenario missing-worker-nodes\n",
        "Step 1: See that the nodes are missing",
        "$ kubectl get nodes --selector=eks.amazonaws.com/nodegroup=new_nodegroup_1\n",
        "hook missing-worker-nodes (",
        "content/troubleshooting/tests/hook-missing-worker-nodes.sh), at most",
        "left out: test=false",
        "13 steps in 1 page of 1 lab",
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
    assert_eq!(outcome.temporary, Vec::<String>::new());
}

#[test]
fn all_mistakes_of_a_tree_come_in_one_run_and_the_plan_is_shown() {
    let files = [
        ("lab/a.md", "```bash timeuot=5\n$ true\n```\n"),
        (
            "lab/b.md",
            "---\ntitle: [\n---\n```bash hook=nope\n$ echo 'x\n```\n",
        ),
        (
            "lab/c.md",
            "---\nscenario: missing-worker-node\n---\n```sh\n$ a\n```\n",
        ),
        (
            "lab/d/e.md",
            "---\nscenario: missing-worker-nodes\n---\n```bash hook=fix-9\n$ a\n```\n",
        ),
        ("lab/f.md", &page(&[("", "$ true")])),
    ];
    let (document, status) = plan_json(&files, &["lab"]);
    assert_eq!((status, &document["exit_code"]), (3, &Value::from(3)));
    let expected = [
        "annotation-unknown",
        "front-matter-invalid",
        "hook-missing",
        "command-unfinished",
        "scenario-unknown",
        "language-not-run",
        "hook-missing",
    ];
    assert_eq!(codes(&document), expected, "{document:#}");
    let scenario = &document["diagnostics"][4];
    assert_eq!(
        (&scenario["line"], &scenario["help"]),
        (&2.into(), &"did you mean `missing-worker-nodes`?".into())
    );
    assert_eq!(steps(&document).len(), 4);
    assert_eq!(document["counts"]["errors"], 6);

    let outcome = plan(&files, &["lab"]);
    assert_eq!(outcome.status, 3);
    assert!(
        outcome.stdout.contains("6 errors, 1 warning"),
        "{}",
        outcome.stdout
    );
    for code in expected {
        assert!(outcome.stderr.contains(code), "{code}\n{}", outcome.stderr);
        assert!(!outcome.stdout.contains(code), "{code}\n{}", outcome.stdout);
    }
}

#[test]
fn a_mistake_is_drawn_with_file_line_column_caret_code_and_a_suggestion() {
    let outcome = plan(
        &[("page.md", "# x\n\n```bash wait=3 timeuot=5\n$ true\n```\n")],
        &["page.md"],
    );
    let expected = "\
error[annotation-unknown]: unknown annotation `timeuot`
 --> page.md:3:16
  |
3 | ```bash wait=3 timeuot=5
  |                ^^^^^^^
";
    assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("did you mean `timeout`?"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn nothing_selected_is_a_usage_error() {
    let prose = [
        ("a.md", "# Prose\n"),
        ("x/b.md", "```bash test=false\n$ a\n```\n"),
    ];
    for arguments in [
        &["missing"] as &[&str],
        &["."],
        &[".", "-g", "y/**"],
        &[".", "-g", "{"],
        &[".", "--source-tree", "missing"],
    ] {
        let outcome = plan(&prose, arguments);
        assert_eq!(outcome.status, 2, "{arguments:?} {}", outcome.stderr);
        assert!(outcome.stderr.starts_with("error: "), "{}", outcome.stderr);
    }
    // What there is, and why nothing of it runs, is shown all the same.
    let (document, status) = plan_json(&prose, &["."]);
    assert_eq!((status, &document["exit_code"]), (2, &Value::from(2)));
    assert_eq!(document["counts"]["skipped"], 1);
}

#[test]
fn a_scenario_of_the_command_line_binds_all_pages_and_supplies_hooks() {
    let files = [("page.md", "```bash hook=fix-1-1\n$ true\n```\n")];
    let (document, status) = plan_json(&files, &["page.md"]);
    assert_eq!((status, codes(&document)), (3, vec!["hook-missing"]));
    let (document, _) = plan_json(&files, &["page.md", "--scenario", "missing-worker-nodes"]);
    assert_eq!(document["labs"][0]["scenario"], "missing-worker-nodes");
    let outcome = plan(&files, &["page.md", "--scenario", "nope"]);
    assert_eq!(outcome.status, 2);
    assert!(
        outcome.stderr.contains("there is no scenario \"nope\""),
        "{}",
        outcome.stderr
    );
}
