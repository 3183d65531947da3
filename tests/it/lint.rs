//! `breakfix lint`: each rule has a page that fails and one that passes, in its own explanation; valid content of
//! others stays silent; every format says the same.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::support::project;

/// Rules that no page can show: what they are about cannot be written down in an explanation.
const WITHOUT_EXAMPLE: [&str; 3] = [
    "command-too-complex",
    "directory-unreadable",
    "page-unreadable",
];

struct Linted {
    exit: i32,
    document: Value,
}

impl Linted {
    fn codes(&self) -> Vec<&str> {
        let all = self.document["diagnostics"]
            .as_array()
            .expect("diagnostics");
        all.iter().filter_map(|one| one["code"].as_str()).collect()
    }
}

fn call(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_breakfix"))
        .current_dir(directory)
        .args(arguments)
        .output()
        .expect("breakfix runs")
}

fn lint(directory: &Path, arguments: &[&str]) -> Linted {
    let output = call(
        directory,
        &[&["lint", "--format", "json"], arguments].concat(),
    );
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    Linted {
        exit: output.status.code().unwrap_or(-1),
        document: serde_json::from_str(&text)
            .unwrap_or_else(|why| panic!("{why}: {text}\n{error}")),
    }
}

/// Writes files into a directory of their own.
fn directory<N: AsRef<str>, T: AsRef<str>>(files: &[(N, T)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        let path = directory.path().join(name.as_ref());
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("directories");
        std::fs::write(path, text.as_ref()).expect("a file");
    }
    directory
}

fn rules() -> Vec<Value> {
    let output = call(Path::new("."), &["explain", "--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    document["rules"].as_array().expect("rules").clone()
}

/// The files of the examples under a heading of an explanation: fences with a title.
fn files_under(explanation: &str, heading: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    let mut fence: Option<(String, String)> = None;
    for line in explanation.lines() {
        match &mut fence {
            Some((marks, _)) if line == marks => fence = None,
            Some((_, name)) => {
                let last = files
                    .last_mut()
                    .filter(|(last, _)| last == name)
                    .expect("a file");
                last.1.push_str(line);
                last.1.push('\n');
            }
            None if line.starts_with("## ") => inside = line == heading,
            None if line.starts_with("```") && inside => {
                let marks: String = line.chars().take_while(|mark| *mark == '`').collect();
                let name = line
                    .split("title=\"")
                    .nth(1)
                    .and_then(|rest| rest.split('"').next());
                let name = name
                    .unwrap_or_else(|| panic!("a fence without a title: {line}"))
                    .to_owned();
                files.push((name.clone(), String::new()));
                fence = Some((marks, name));
            }
            None => {}
        }
    }
    files
}

#[test]
fn every_rule_explains_itself_by_what_fails_and_what_passes() {
    let mut without = BTreeSet::new();
    for rule in rules() {
        let code = rule["code"].as_str().expect("a code");
        let explanation = rule["explanation"].as_str().expect("an explanation");
        let (fails, passes) = (
            files_under(explanation, "## Fails"),
            files_under(explanation, "## Passes"),
        );
        if fails.is_empty() {
            without.insert(code.to_owned());
            continue;
        }
        let bad = directory(&fails);
        let found = lint(bad.path(), &["."]);
        assert!(
            found.codes().contains(&code),
            "{code}: {:#}",
            found.document
        );
        let good = directory(&passes);
        let found = lint(good.path(), &["."]);
        assert_eq!(found.codes(), [""; 0], "{code}: {:#}", found.document);
        assert_eq!(found.exit, 0, "{code}");
    }
    assert_eq!(without, WITHOUT_EXAMPLE.map(str::to_owned).into());
}

#[test]
fn every_fixable_rule_is_mended_in_its_own_example_and_a_second_time_changes_nothing() {
    for rule in rules().iter().filter(|rule| rule["fixable"] == true) {
        let code = rule["code"].as_str().expect("a code");
        let explanation = rule["explanation"].as_str().expect("an explanation");
        let root = directory(&files_under(explanation, "## Fails"));
        let fixed = lint(root.path(), &["--fix", "."]);
        // What is not certain stays for the author.
        if code == "annotation-unknown" {
            continue;
        }
        assert!(
            fixed.document["fixed"].as_u64() > Some(0),
            "{code}: {:#}",
            fixed.document
        );
        assert!(
            !fixed.codes().contains(&code),
            "{code}: {:#}",
            fixed.document
        );
        let again = lint(root.path(), &["--fix", "."]);
        assert_eq!(again.document["fixed"], 0, "{code}");
    }
}

#[test]
fn the_content_and_scenarios_of_this_project_are_clean() {
    let root = project();
    let found = lint(&root, &["content", "--fail-on", "note"]);
    assert_eq!(
        (found.exit, found.codes()),
        (0, vec![]),
        "{:#}",
        found.document
    );
}
