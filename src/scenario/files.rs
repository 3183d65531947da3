//! The files beside `scenario.yaml`: that those which it names are there, and that what they name stands for something.

use std::collections::BTreeSet;
use std::path::Path;

use super::reading::{Mistakes, every_name, unknown_name};
use super::values::names_in;
use super::{Change, Scenario, Values};
use crate::diagnostic::Diagnostic;

/// What is wrong with the files that a scenario names. `text` and `path` are those of `scenario.yaml`; `read` has a
/// file's text, if there is one, by its path relative to it.
pub fn check_files(
    scenario: &Scenario,
    text: &str,
    path: &Path,
    read: impl Fn(&str) -> Option<String>,
) -> Vec<Diagnostic> {
    let mut mistakes = Mistakes {
        text,
        path,
        found: Vec::new(),
    };
    for script in scenario.fixes().filter_map(|fix| fix.script.as_deref()) {
        if read(script).is_none() {
            missing(script, &mut mistakes);
        }
    }
    let known = every_name(scenario);
    let mut found_inside = Vec::new();
    for document in documents(scenario) {
        match read(&document) {
            Some(text) => found_inside.extend(unknown_names(
                &text,
                &path.with_file_name(&document),
                &known,
            )),
            None => missing(&document, &mut mistakes),
        }
    }
    let mut found = mistakes.found;
    found.sort_by_key(|mistake| mistake.span.start);
    found.extend(found_inside);
    found
}

fn missing(file: &str, mistakes: &mut Mistakes<'_>) {
    let message = format!("there is no file `{file}` beside scenario.yaml");
    mistakes.add("scenario-file-missing", file, &message, None);
}

fn unknown_names(text: &str, path: &Path, known: &BTreeSet<String>) -> Vec<Diagnostic> {
    let mut mistakes = Mistakes {
        text,
        path,
        found: Vec::new(),
    };
    let used: BTreeSet<&str> = names_in(text).collect();
    for name in used.into_iter().filter(|name| !known.contains(*name)) {
        unknown_name(name, known, known, &mut mistakes);
    }
    mistakes.found
}

/// Every file that belongs in a change's place, in the healthy state or in any variant. What depends on more than
/// that is not known before a session.
fn documents(scenario: &Scenario) -> BTreeSet<String> {
    let repairs = scenario.fixes().flat_map(|fix| &fix.changes);
    let mut changes: Vec<Change> = scenario.changes().chain(repairs).cloned().collect();
    let named: Vec<&mut String> = changes.iter_mut().flat_map(Change::documents).collect();
    let states: Vec<Values> = states(scenario).collect();
    let in_each = |file: &String| -> Vec<String> {
        let filled = states.iter().filter_map(|values| values.fill(file).ok());
        filled.collect()
    };
    named.iter().flat_map(|file| in_each(file)).collect()
}

/// The values of the healthy state and of each variant.
fn states(scenario: &Scenario) -> impl Iterator<Item = Values> {
    let variants = scenario
        .variants
        .values()
        .map(|variant| Some(&variant.values));
    std::iter::once(None).chain(variants).map(|own| {
        let mut values = Values::default();
        for (name, value) in scenario.values.iter().chain(own.into_iter().flatten()) {
            values.set(format!("variant.{name}"), value);
        }
        values
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
scenario: s
title: { en: S }
parameters: { suffix: { random: 5 } }
values: { policy: good.json }
variants:
  bad: { summary: { en: B }, values: { policy: bad.json } }
resources:
  - kms_key: { id: key, policy: \"${variant.policy}\" }
conditions: []
solutions:
  - { id: s, script: s.sh }
  - { id: p, changes: [{ kms_key_policy: { key: \"${key.id}\", policy: other.json } }] }
";

    fn mistakes(files: &[(&str, &str)]) -> Vec<String> {
        let scenario = super::super::read(TEXT, "s/scenario.yaml".as_ref()).unwrap();
        let read = |file: &str| {
            let found = files.iter().find(|(name, _)| *name == file);
            found.map(|(_, text)| (*text).to_owned())
        };
        check_files(&scenario, TEXT, "s/scenario.yaml".as_ref(), read)
            .iter()
            .map(|mistake| {
                let help = mistake.help.as_deref().unwrap_or_default();
                format!(
                    "{}:{} {} {help}",
                    mistake.path.display(),
                    mistake.line,
                    mistake.message
                )
            })
            .collect()
    }

    #[test]
    fn every_file_of_every_variant_must_be_there() {
        assert_eq!(
            mistakes(&[]),
            [
                "s/scenario.yaml:5 there is no file `good.json` beside scenario.yaml ",
                "s/scenario.yaml:7 there is no file `bad.json` beside scenario.yaml ",
                "s/scenario.yaml:12 there is no file `s.sh` beside scenario.yaml ",
                "s/scenario.yaml:13 there is no file `other.json` beside scenario.yaml ",
            ]
        );
    }

    #[test]
    fn what_a_file_names_must_stand_for_something_and_iam_variables_are_iams() {
        let files = [
            ("good.json", "${account} ${aws:username} ${key.arn}"),
            ("bad.json", "\n${sufix}"),
            ("other.json", "{}"),
            ("s.sh", "echo ${HOME}"),
        ];
        assert_eq!(
            mistakes(&files),
            ["s/bad.json:2 `${sufix}` stands for nothing did you mean `${suffix}`?"]
        );
    }
}
