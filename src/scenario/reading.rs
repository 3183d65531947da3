//! `scenario.yaml` becomes a [`Scenario`], or mistakes that each point at their place.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::values::names_in;
use super::{Change, RANDOM, Scenario};
use crate::diagnostic::{Diagnostic, Lines, Location, Severity, nearest};

/// Reads a scenario and checks what can be known without an account.
///
/// # Errors
/// The mistakes, each with its place in `text`: one that keeps the text from being read at all, or every reference to
/// something that is not there.
pub fn read(text: &str, path: &Path) -> Result<Scenario, Vec<Diagnostic>> {
    // Offsets count from the start of the text, with its byte order mark.
    let parsed = serde_yaml::from_str::<Scenario>(text.trim_start_matches('\u{feff}'));
    let scenario = parsed.map_err(|error| vec![syntax(&error, text, path)])?;
    let mut mistakes = Mistakes {
        text,
        path,
        found: Vec::new(),
    };
    check_ids(&scenario, &mut mistakes);
    check_hooks(&scenario, &mut mistakes);
    check_variants(&scenario, &mut mistakes);
    check_fixes(&scenario, &mut mistakes);
    check_steps(&scenario, &mut mistakes);
    check_names(&scenario, &mut mistakes);
    if mistakes.found.is_empty() {
        Ok(scenario)
    } else {
        mistakes.found.sort_by_key(|mistake| mistake.span.start);
        mistakes.found.dedup();
        Err(mistakes.found)
    }
}

/// What the parser stumbled over, and what was probably meant.
fn syntax(error: &serde_yaml::Error, text: &str, path: &Path) -> Diagnostic {
    let shown = error.to_string();
    // The place is shown by the caret.
    let message = shown
        .rsplit_once(" at line ")
        .map_or(&*shown, |(message, _)| message);
    let names = quoted(message);
    let lines = Lines::new(text);
    let line = error.location().map_or(1, |at| at.line());
    let at = place_of_error(error, &lines, names.first().copied());
    let diagnostic = Diagnostic::new(Severity::Error, "scenario-invalid", path, at, message);
    let unknown = message.contains("unknown ") && names.len() > 1;
    let meant = unknown.then(|| nearest(names[0], names[1..].iter().copied()));
    match meant.flatten() {
        Some(meant) => diagnostic.with_help(format!("did you mean `{meant}`?")),
        None if lines.text(line).contains('\t') => {
            diagnostic.with_help("YAML is indented with blanks, not with tabs")
        }
        None => diagnostic,
    }
}

/// The word that the error names, at or after where the parser was; else its whole line.
fn place_of_error(error: &serde_yaml::Error, lines: &Lines<'_>, word: Option<&str>) -> Location {
    let Some(found) = error.location() else {
        return Location::start_of_file();
    };
    let candidates = (found.line()..=lines.count()).chain((1..found.line()).rev());
    let on_line = |line: usize| {
        let span = lines.span(line);
        let at = find_word(lines.text(line), word?)?;
        Some(span.start + at.start..span.start + at.end)
    };
    let span = candidates.take(40).find_map(on_line);
    lines.locate(span.unwrap_or_else(|| {
        let line = lines.span(found.line());
        let text = lines.text(found.line());
        line.start + (text.len() - text.trim_start().len())..line.end
    }))
}

/// The words in backticks.
fn quoted(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}

/// Where `word` stands for itself first, not as a part of a longer one.
fn find_word(text: &str, word: &str) -> Option<Range<usize>> {
    words(text, word).next()
}

/// Every place where `word` stands for itself.
fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let is_part = |character: Option<char>| {
        character.is_some_and(|character| character.is_alphanumeric() || "_-".contains(character))
    };
    let places = text
        .match_indices(word)
        .map(|(start, _)| start..start + word.len());
    places.filter(move |at| {
        !is_part(text[..at.start].chars().next_back()) && !is_part(text[at.end..].chars().next())
    })
}

pub(super) struct Mistakes<'a> {
    pub(super) text: &'a str,
    pub(super) path: &'a Path,
    pub(super) found: Vec<Diagnostic>,
}

impl Mistakes<'_> {
    /// One mistake at each place where `needle` stands; at the file's start where it is not to be found.
    pub(super) fn add(
        &mut self,
        code: &'static str,
        needle: &str,
        message: &str,
        help: Option<String>,
    ) {
        let lines = Lines::new(self.text);
        let is_key = |at: &Location| self.text[at.span.end..].starts_with(':');
        let (keys, mut places): (Vec<_>, Vec<_>) = words(self.text, needle)
            .map(|at| lines.locate(at))
            .filter(|at| !lines.text(at.line).trim_start().starts_with('#'))
            .partition(is_key);
        if places.is_empty() {
            places = keys;
        }
        if places.is_empty() {
            places.push(Location::start_of_file());
        }
        for place in places {
            let diagnostic = Diagnostic::new(Severity::Error, code, self.path, place, message);
            self.found.push(match &help {
                Some(help) => diagnostic.with_help(help),
                None => diagnostic,
            });
        }
    }

    fn unknown<'a>(
        &mut self,
        code: &'static str,
        name: &str,
        message: &str,
        known: impl Iterator<Item = &'a str>,
    ) {
        let known: Vec<&str> = known.collect();
        let help = match nearest(name, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if known.is_empty() => "there is none".to_owned(),
            None => format!("there are: {}", known.join(", ")),
        };
        self.add(code, name, message, Some(help));
    }
}

fn check_ids(scenario: &Scenario, mistakes: &mut Mistakes<'_>) {
    let checks = scenario.checks().map(|check| ("check", check.id.as_str()));
    let changes = scenario
        .changes()
        .filter_map(|change| change.id().map(|id| ("change", id)));
    let fixes = scenario.fixes().map(|fix| ("fix", fix.id.as_str()));
    let findings = scenario.findings.iter();
    let findings = findings.map(|finding| ("finding", finding.id.as_str()));
    let steps = scenario.steps.iter().map(|step| ("step", step.id.as_str()));
    for group in [
        checks.collect::<Vec<_>>(),
        changes.collect(),
        fixes.collect(),
        findings.collect(),
        steps.collect(),
    ] {
        let mut seen = BTreeSet::new();
        for (what, id) in group {
            if !seen.insert(id) {
                let message = format!("two {what}s are called `{id}`");
                mistakes.add("scenario-id-twice", id, &message, None);
            }
        }
    }
}

fn check_hooks(scenario: &Scenario, mistakes: &mut Mistakes<'_>) {
    let known: BTreeSet<&str> = scenario.checks().map(|check| check.id.as_str()).collect();
    let named_by_hooks = scenario.hooks.iter().flat_map(|(hook, checks)| {
        checks
            .iter()
            .map(move |check| (format!("hook {hook}"), check.as_str()))
    });
    let named_by_fixes = scenario.fixes().flat_map(|fix| {
        let checks = fix.refused_by.iter();
        checks.map(move |check| (format!("fix {}", fix.id), check.as_str()))
    });
    for (who, check) in named_by_hooks.chain(named_by_fixes) {
        if !known.contains(check) {
            let message =
                format!("{who} names the check `{check}`, which the scenario does not have");
            mistakes.unknown(
                "scenario-check-unknown",
                check,
                &message,
                known.iter().copied(),
            );
        }
    }
}

fn check_variants(scenario: &Scenario, mistakes: &mut Mistakes<'_>) {
    let known = || scenario.variants.keys().map(String::as_str);
    let of_checks = scenario.checks().flat_map(|check| {
        let named = check.only.iter().chain(&check.except);
        named.map(move |variant| (format!("check {}", check.id), variant))
    });
    let of_steps = scenario.steps.iter().flat_map(|step| {
        let evidence = step.evidence.iter();
        let named = evidence.flat_map(|evidence| evidence.only.iter().chain(&evidence.except));
        named.map(move |variant| (format!("step {}", step.id), variant))
    });
    for (who, variant) in of_checks.chain(of_steps) {
        if !scenario.variants.contains_key(variant) {
            let message =
                format!("{who} names the variant `{variant}`, which the scenario does not have");
            mistakes.unknown("scenario-variant-unknown", variant, &message, known());
        }
    }
    for (name, variant) in &scenario.variants {
        for value in variant.values.keys() {
            if !scenario.values.contains_key(value) {
                let message = format!(
                    "variant {name} sets the value `{value}`, which has no healthy one in `values:`"
                );
                let known = scenario.values.keys().map(String::as_str);
                mistakes.unknown("scenario-value-unknown", value, &message, known);
            }
        }
        if name.contains(super::variants::AND) || name == RANDOM {
            let message = format!("a variant cannot be called `{name}`");
            let help = "`+` combines variants, and `random` draws one".to_owned();
            mistakes.add("scenario-variant-name", name, &message, Some(help));
        }
    }
}

fn check_fixes(scenario: &Scenario, mistakes: &mut Mistakes<'_>) {
    for fix in scenario.fixes() {
        if fix.script.is_some() != fix.changes.is_empty() {
            let message = format!("fix `{}` is either a script or changes", fix.id);
            let help = "write `script: FILE`, or `changes: […]`, not both".to_owned();
            mistakes.add("scenario-fix", &fix.id, &message, Some(help));
        }
    }
}

/// What a step names as its evidence must be there.
fn check_steps(scenario: &Scenario, mistakes: &mut Mistakes<'_>) {
    let conditions = || scenario.conditions.iter().map(|check| check.id.as_str());
    let findings = || scenario.findings.iter().map(|finding| finding.id.as_str());
    for step in &scenario.steps {
        for evidence in &step.evidence {
            for condition in &evidence.verified {
                if !conditions().any(|known| known == condition) {
                    let message = format!(
                        "step {} names the condition `{condition}`, which the scenario does not have",
                        step.id
                    );
                    mistakes.unknown("scenario-check-unknown", condition, &message, conditions());
                }
            }
            if let Some(finding) = &evidence.answered
                && !findings().any(|known| known == finding)
            {
                let message = format!(
                    "step {} names the finding `{finding}`, which the scenario does not have",
                    step.id
                );
                mistakes.unknown("scenario-finding-unknown", finding, &message, findings());
            }
        }
    }
}

/// Texts of what leads the learner that may hold `${name}`.
fn guiding_texts(scenario: &Scenario) -> Vec<String> {
    let calls = scenario.steps.iter().flat_map(|step| &step.evidence);
    let resources = calls.flat_map(|evidence| &evidence.observed);
    let mut texts: Vec<String> = resources.filter_map(|call| call.resource.clone()).collect();
    let facts = scenario.findings.iter().flat_map(|finding| {
        let near = finding.near.iter().map(|near| &near.value);
        std::iter::once(&finding.value).chain(near)
    });
    texts.extend(facts.filter_map(|fact| serde_json::to_string(fact).ok()));
    let looks = scenario.findings.iter().map(|finding| &finding.look);
    let hints = scenario.checks().map(|check| &check.hints);
    let hints = hints.chain(scenario.steps.iter().map(|step| &step.hints));
    let hints = hints.flat_map(|hints| [&hints.place, &hints.what, &hints.how]);
    for text in hints.flatten().chain(looks) {
        texts.push(text.en.clone());
        texts.extend(text.ja.clone());
    }
    texts
}

/// Every `${name}` must stand for something, and for something that is made before it is used.
fn check_names(scenario: &Scenario, mistakes: &mut Mistakes<'_>) {
    let mut known = names_from_the_start(scenario);
    let in_order = scenario.resources.iter().chain(&scenario.trigger);
    let everything = scenario
        .changes()
        .flat_map(outputs)
        .chain(known.clone())
        .collect();
    for change in in_order {
        let used = names(change);
        for name in used.difference(&known) {
            unknown_name(name, &everything, &known, mistakes);
        }
        known.extend(outputs(change));
    }
    for variant in scenario.variants.values() {
        let mut known = known.clone();
        for change in &variant.faults {
            for name in names(change).difference(&known) {
                unknown_name(name, &everything, &known, mistakes);
            }
            known.extend(outputs(change));
        }
    }
    // Faults' outputs are there for whoever repairs them.
    let mut rest: BTreeSet<String> = BTreeSet::new();
    rest.extend(names(&scenario.environment));
    for check in scenario.checks() {
        rest.extend(names(&check.expect));
    }
    for text in guiding_texts(scenario) {
        rest.extend(names_in(&text).map(str::to_owned));
    }
    for text in scenario.values.values().chain(
        scenario
            .variants
            .values()
            .flat_map(|variant| variant.values.values()),
    ) {
        rest.extend(names_in(text).map(str::to_owned));
    }
    for fix in scenario.fixes() {
        let made: BTreeSet<String> = fix.changes.iter().flat_map(outputs).collect();
        rest.extend(
            fix.changes
                .iter()
                .flat_map(names)
                .filter(|name| !made.contains(name)),
        );
    }
    for name in rest.difference(&everything) {
        unknown_name(name, &everything, &everything, mistakes);
    }
}

/// Every name that any text of the scenario may hold, a repair's own among them.
pub(super) fn every_name(scenario: &Scenario) -> BTreeSet<String> {
    let repairs = scenario.fixes().flat_map(|fix| &fix.changes);
    let made = scenario.changes().chain(repairs).flat_map(outputs);
    names_from_the_start(scenario)
        .into_iter()
        .chain(made)
        .collect()
}

/// Those that stand for something before anything is made.
fn names_from_the_start(scenario: &Scenario) -> BTreeSet<String> {
    let mut known: BTreeSet<String> = ["account", "region", "cluster", "session"]
        .map(str::to_owned)
        .into();
    known.extend(scenario.parameters.keys().cloned());
    known.extend(
        scenario
            .values
            .keys()
            .map(|value| format!("variant.{value}")),
    );
    known
}

pub(super) fn unknown_name(
    name: &str,
    everything: &BTreeSet<String>,
    known: &BTreeSet<String>,
    mistakes: &mut Mistakes<'_>,
) {
    let needle = format!("${{{name}}}");
    if everything.contains(name) {
        let message = format!("`{needle}` is used before it is made");
        let help = "move what makes it up, or what uses it down".to_owned();
        mistakes.add("scenario-name-early", &needle, &message, Some(help));
        return;
    }
    let help = match nearest(name, known.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `${{{meant}}}`?"),
        None => format!(
            "known here: {}",
            known
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ")
        ),
    };
    let message = format!("`{needle}` stands for nothing");
    mistakes.add("scenario-name-unknown", &needle, &message, Some(help));
}

/// The names that a change offers once it is made.
fn outputs(change: &Change) -> Vec<String> {
    let Some(id) = change.id() else {
        return Vec::new();
    };
    let outputs = change.outputs().iter();
    outputs.map(|output| format!("{id}.{output}")).collect()
}

/// Every `${name}` in any text of `data`.
fn names(data: &impl Serialize) -> BTreeSet<String> {
    fn collect(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::String(text) => found.extend(names_in(text).map(str::to_owned)),
            Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
            Value::Object(members) => members.values().for_each(|member| collect(member, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut found = BTreeSet::new();
    collect(&serde_json::to_value(data).unwrap_or_default(), &mut found);
    found
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SMALL: &str = "
scenario: s
title: { en: S }
resources:
  - scale: { nodegroup: g, desired: 1 }
conditions:
  - id: c
    title: { en: C }
    expect: { nodes: { nodegroup: g, ready: 1 } }
";

    fn mistakes(text: &str) -> Vec<String> {
        let shown = |mistake: &Diagnostic| {
            let Diagnostic {
                line,
                column,
                span,
                message,
                help,
                ..
            } = mistake;
            let help = help
                .as_ref()
                .map_or_else(String::new, |help| format!(" ({help})"));
            format!("{line}:{column} {:?} {message}{help}", &text[span.clone()])
        };
        match read(text, "scenario.yaml".as_ref()) {
            Ok(_) => Vec::new(),
            Err(found) => found.iter().map(shown).collect(),
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(mistakes(text), expected);
    }

    #[test]
    fn a_small_scenario_has_defaults() {
        let scenario = read(SMALL, "scenario.yaml".as_ref()).unwrap();
        assert_eq!(scenario.ripens_within, Duration::from_secs(600));
        assert!(scenario.variants.is_empty());
    }

    #[test]
    fn an_unknown_key_is_pointed_at() {
        check(
            &format!("{SMALL}conditons: []\n"),
            &[
                "10:1 \"conditons\" unknown field `conditons`, expected one of `scenario`, `title`, `lab`, `tools`, `cost`, \
               `simulator_only`, `parameters`, `values`, `variants`, `resources`, `trigger`, `ripens_within`, \
               `environment`, `hooks`, `symptoms`, `conditions`, `invariants`, `findings`, `steps`, `solutions`, `wrong_fixes` \
               (did you mean `conditions`?)",
            ],
        );
    }

    #[test]
    fn an_unknown_kind_is_pointed_at_with_the_one_that_was_meant() {
        let found = mistakes(&SMALL.replace("  - scale:", "  - scael:"));
        assert!(found[0].starts_with("5:5 \"scael\""), "{found:?}");
        assert!(found[0].ends_with("(did you mean `scale`?)"), "{found:?}");
        let found = mistakes(&SMALL.replace("nodes:", "noodles:"));
        assert!(found[0].starts_with("9:15 \"noodles\""), "{found:?}");
        assert!(found[0].contains("did you mean `nodes`?"), "{found:?}");
    }

    #[test]
    fn text_that_is_no_yaml_is_pointed_at() {
        let found = mistakes("scenario: s\n\ttitle: x\n");
        assert!(found[0].contains("not with tabs"), "{found:?}");
        assert_eq!(mistakes("").len(), 1);
    }

    #[test]
    fn a_hook_may_name_only_checks_that_exist() {
        check(
            &format!("{SMALL}hooks: {{ h: [d] }}\n"),
            &[
                "10:14 \"d\" hook h names the check `d`, which the scenario does not have (did you mean `c`?)",
            ],
        );
    }

    #[test]
    fn durations_have_units() {
        let parsed = read(&format!("{SMALL}ripens_within: 10m\n"), "s".as_ref()).unwrap();
        assert_eq!(parsed.ripens_within, Duration::from_secs(600));
        let found = mistakes(&format!("{SMALL}ripens_within: soon\n"));
        assert!(found[0].contains("not a duration"), "{found:?}");
    }

    #[test]
    fn names_must_stand_for_something() {
        check(
            &SMALL.replace("nodegroup: g, ready", "nodegroup: \"${grop.name}\", ready"),
            &[
                "9:36 \"${grop.name}\" `${grop.name}` stands for nothing (known here: account, cluster, region, session)",
            ],
        );
    }

    #[test]
    fn names_are_known_only_once_they_are_made() {
        let text = "
scenario: s
title: { en: S }
resources:
  - kms_alias: { name: alias/a, key: \"${key.id}\" }
  - kms_key: { id: key, policy: p.json }
conditions:
  - { id: c, title: { en: C }, expect: { nodes: { nodegroup: \"${key.arm}\", ready: 1 } } }
";
        check(
            text,
            &[
                "5:39 \"${key.id}\" `${key.id}` is used before it is made (move what makes it up, or what uses it down)",
                "8:63 \"${key.arm}\" `${key.arm}` stands for nothing (did you mean `${key.arn}`?)",
            ],
        );
    }

    #[test]
    fn ids_are_used_once() {
        let again = "invariants:\n  - { id: c, title: { en: D }, expect: { nodes: { nodegroup: g, none: true } } }\n";
        let found = mistakes(&format!("{SMALL}{again}"));
        assert_eq!(found.len(), 2);
        assert!(
            found[1].starts_with("11:11 \"c\" two checks are called `c`"),
            "{found:?}"
        );
    }

    #[test]
    fn a_fix_is_a_script_or_changes() {
        let found = mistakes(&format!("{SMALL}solutions: [{{ id: fix-it }}]\n"));
        assert_eq!(
            found,
            [
                "10:19 \"fix-it\" fix `fix-it` is either a script or changes (write `script: FILE`, or `changes: […]`, not both)"
            ]
        );
    }
}
