//! The hooks that `.pre-commit-hooks.yaml` offers, called as pre-commit calls them: the entry, then changed files.

use serde_json::Value;

use super::support::{Breakfix, Outcome, breakfix, page, project};

fn hooks() -> Vec<Value> {
    let text = std::fs::read_to_string(project().join(".pre-commit-hooks.yaml")).unwrap();
    serde_yaml::from_str(&text).unwrap()
}

fn hook(id: &str) -> Value {
    let mut hooks = hooks().into_iter();
    hooks.find(|hook| hook["id"] == id).unwrap()
}

/// pre-commit splits the entry as a shell does; ours has no quotes to heed.
fn call(repository: &Breakfix, id: &str, files: &[&str]) -> Outcome {
    let hook = hook(id);
    let entry: Vec<&str> = hook["entry"].as_str().unwrap().split(' ').collect();
    assert_eq!(entry[0], "breakfix");
    let arguments = hook["args"].as_array().unwrap().iter();
    let arguments = arguments.map(|argument| argument.as_str().unwrap());
    let all: Vec<&str> = entry[1..]
        .iter()
        .copied()
        .chain(arguments)
        .chain(files.iter().copied())
        .collect();
    repository.call(&all)
}

fn repository() -> Breakfix {
    breakfix(&[])
        .file("labs/good.md", &page(&[("", "$ true")]))
        .file("labs/with blank.mdx", &page(&[("", "$ true")]))
        .file("labs/bad.md", &page(&[("timeuot=5", "$ true")]))
        .file("labs/mendable.md", &page(&[("hooktimeout=5", "$ true")]))
}

#[test]
fn changed_pages_are_linted_and_nothing_else_is() {
    let repository = repository();
    let good = call(
        &repository,
        "breakfix-lint",
        &["labs/good.md", "labs/with blank.mdx"],
    );
    assert_eq!(good.status, 0, "{}{}", good.stdout, good.stderr);
    let bad = call(
        &repository,
        "breakfix-lint",
        &["labs/good.md", "labs/bad.md"],
    );
    assert_eq!(bad.status, 3, "{}", bad.stderr);
    assert!(bad.stdout.contains("labs/bad.md:5:"), "{}", bad.stdout);
}

/// pre-commit fails a hook that changed a file by itself.
#[test]
fn what_can_be_mended_is_mended() {
    let repository = repository();
    let mended = call(&repository, "breakfix-lint-fix", &["labs/mendable.md"]);
    assert_eq!(mended.status, 0, "{}", mended.stdout);
    let text = std::fs::read_to_string(repository.work().join("labs/mendable.md")).unwrap();
    assert!(text.contains("hookTimeout=5"), "{text}");
}

#[test]
fn hooks_take_pages_only() {
    for hook in hooks() {
        assert_eq!(hook["language"], "system");
        // pre-commit searches for the expression in the path; this one is an ending.
        assert_eq!(hook["files"], r"\.mdx?$");
    }
}
