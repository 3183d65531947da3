//! That no translation is missing, and none is left over.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};

use super::{Language, catalogue};

/// Each key of a language with the variables that its text uses.
fn keys(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let mut keys = BTreeMap::new();
    for (file, text) in catalogue::files(language) {
        let parsed = fluent_syntax::parser::parse(text.as_str());
        let resource = parsed.unwrap_or_else(|(_, errors)| panic!("{file}: {errors:?}"));
        for entry in resource.body {
            let Entry::Message(message) = entry else {
                continue;
            };
            let mut variables = BTreeSet::new();
            if let Some(pattern) = &message.value {
                collect(pattern, &mut variables);
            }
            let before = keys.insert(message.id.name.to_owned(), variables);
            assert!(
                before.is_none(),
                "{file}: {} is there twice",
                message.id.name
            );
        }
    }
    keys
}

fn collect(pattern: &Pattern<&str>, found: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            collect_expression(expression, found);
        }
    }
}

fn collect_expression(expression: &Expression<&str>, found: &mut BTreeSet<String>) {
    match expression {
        Expression::Inline(inline) => collect_inline(inline, found),
        Expression::Select { selector, variants } => {
            collect_inline(selector, found);
            for variant in variants {
                collect(&variant.value, found);
            }
        }
    }
}

fn collect_inline(inline: &InlineExpression<&str>, found: &mut BTreeSet<String>) {
    match inline {
        InlineExpression::VariableReference { id } => {
            found.insert(id.name.to_owned());
        }
        InlineExpression::Placeable { expression } => collect_expression(expression, found),
        _ => {}
    }
}

#[test]
fn every_text_is_in_every_language_with_the_same_variables() {
    let english = keys(Language::English);
    let japanese = keys(Language::Japanese);
    let names = |keys: &BTreeMap<String, BTreeSet<String>>| -> BTreeSet<String> {
        keys.keys().cloned().collect()
    };
    let only_english: Vec<_> = names(&english)
        .difference(&names(&japanese))
        .cloned()
        .collect();
    // English help is in the command line's own docstrings.
    let only_japanese: Vec<_> = names(&japanese)
        .difference(&names(&english))
        .filter(|key| !key.starts_with("help-"))
        .cloned()
        .collect();
    assert_eq!(only_english, [""; 0], "missing in Japanese");
    assert_eq!(only_japanese, [""; 0], "missing in English");
    for (key, variables) in &english {
        assert_eq!(variables, &japanese[key], "the variables of {key}");
    }
}

#[test]
fn every_key_that_is_said_has_a_text_and_every_text_is_said() {
    let mut said = BTreeSet::new();
    sources(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")),
        &mut said,
    );
    let known: BTreeSet<String> = keys(Language::English).into_keys().collect();
    let missing: Vec<_> = said.difference(&known).collect();
    assert!(missing.is_empty(), "no text for: {missing:?}");
    let unsaid: Vec<_> = known.difference(&said).collect();
    assert!(unsaid.is_empty(), "nobody says: {unsaid:?}");
}

/// The literal behind each `message!(`.
fn sources(directory: &Path, said: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, said);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("language/tests.rs")
        {
            let text = std::fs::read_to_string(&path).unwrap();
            for after in text.split("message!(").skip(1) {
                let after = after.trim_start();
                let literal = after
                    .strip_prefix('"')
                    .and_then(|text| text.split_once('"'));
                said.extend(literal.map(|(key, _)| key.to_owned()));
            }
        }
    }
}

#[test]
fn a_language_is_known_by_its_locale() {
    assert_eq!(Language::of_tag("ja_JP.UTF-8"), Some(Language::Japanese));
    assert_eq!(Language::of_tag("EN"), Some(Language::English));
    assert_eq!(Language::of_tag("fr"), None);
    let locale = |set: &'static [(&str, &str)]| {
        Language::of_locale(|name| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    };
    assert_eq!(locale(&[("LANG", "ja_JP.UTF-8")]), Language::Japanese);
    assert_eq!(
        locale(&[("LC_ALL", "C"), ("LANG", "ja_JP.UTF-8")]),
        Language::English
    );
    assert_eq!(
        locale(&[("LC_ALL", ""), ("LC_MESSAGES", "ja")]),
        Language::Japanese
    );
}
