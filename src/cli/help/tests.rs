//! That nothing of the command line is left in English, and no text is left over.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

const JAPANESE: Language = Language::Japanese;

/// Texts that belong to no verb and no argument.
fn is_common(key: &str) -> bool {
    let common = [
        "help-exit-codes",
        "help-default",
        "help-values",
        "help-variable",
    ];
    common.contains(&key) || key.starts_with("help-error") || key.starts_with("help-heading-")
}

/// The keys of a verb and everything in it that have no text go to `missing`, what has one to `used`. Texts that several
/// verbs share are noted with the English that they stand for.
#[derive(Default)]
struct Audit {
    missing: Vec<String>,
    used: BTreeSet<String>,
    shared: BTreeMap<String, BTreeSet<String>>,
}

impl Audit {
    fn command(&mut self, command: &Command, above: &[String]) {
        let path = path_of(command, above);
        let english = command.get_about().map(ToString::to_string);
        self.text(&[about_key(&path)], &english.unwrap_or_default());
        if path.iter().any(|verb| verb == "help") {
            // What `help` knows of the verbs is what they are.
            return;
        }
        if command.get_long_about().is_some() {
            self.text(&[format!("{}-long", about_key(&path))], "long");
        }
        for argument in command.get_arguments().filter(|it| !it.is_hide_set()) {
            let keys = argument_keys(&path, argument.get_id().as_str());
            let english = argument.get_help().map(ToString::to_string);
            self.text(&keys, &english.unwrap_or_default());
            for value in visible_values(argument) {
                let Some(english) = value.get_help() else {
                    continue;
                };
                let keys: Vec<String> = keys
                    .iter()
                    .map(|key| format!("{key}-{}", value.get_name()))
                    .collect();
                self.text(&keys, &english.to_string());
            }
        }
        for verb in command.get_subcommands() {
            self.command(verb, &path);
        }
    }

    fn text(&mut self, keys: &[String], english: &str) {
        match keys.iter().find(|key| language::has(JAPANESE, key)) {
            None => self
                .missing
                .push(format!("{} = {english}", keys.join(" or "))),
            Some(key) => {
                self.used.insert(key.clone());
                // clap's own, which says where there is more.
                let english = english.split(" (see more").next().unwrap_or_default();
                let meant = self.shared.entry(key.clone()).or_default();
                meant.insert(english.to_owned());
            }
        }
    }
}

#[test]
fn every_verb_argument_and_value_has_japanese_help_and_none_is_left_over() {
    let mut command = Cli::command();
    command.build();
    let mut audit = Audit::default();
    audit.command(&command, &[]);
    assert!(
        audit.missing.is_empty(),
        "locales/ja/help.ftl lacks:\n{}",
        audit.missing.join("\n")
    );
    let ambiguous: Vec<_> = audit.shared.iter().filter(|(_, it)| it.len() > 1).collect();
    assert!(
        ambiguous.is_empty(),
        "one Japanese text for several English ones; give verbs their own: {ambiguous:#?}"
    );
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/locales/ja/help.ftl");
    let text = std::fs::read_to_string(file).unwrap();
    let written = text.lines().filter_map(|line| line.split_once(" ="));
    let written = written
        .map(|(key, _)| key)
        .filter(|key| key.starts_with("help-"));
    let left_over: Vec<&str> = written
        .filter(|key| !is_common(key) && !audit.used.contains(*key))
        .collect();
    assert!(left_over.is_empty(), "left over: {left_over:#?}");
}

fn said(arguments: &[&str]) -> (ErrorKind, String) {
    let mut command = command(JAPANESE, 80);
    let arguments = ["breakfix"].iter().chain(arguments);
    let error = command.try_get_matches_from_mut(arguments).unwrap_err();
    let kind = error.kind();
    let text = match error.use_stderr() {
        true => mistake::told(&error, JAPANESE),
        false => error.to_string(),
    };
    (kind, text)
}

#[track_caller]
fn check(arguments: &[&str], kind: ErrorKind, parts: &[&str]) {
    let (found, text) = said(arguments);
    assert_eq!(found, kind, "{text}");
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
    for english in [
        "error:",
        "Usage:",
        "Options:",
        "Arguments:",
        "[default:",
        "Print",
    ] {
        assert!(!text.contains(english), "{english} in {text}");
    }
}

#[test]
fn help_is_in_japanese_down_to_its_headings() {
    let help = ErrorKind::DisplayHelp;
    let headings = ["使い方: breakfix", "オプション:"];
    check(&["--help"], help, &headings);
    check(&["--help"], help, &["コマンド:", "終了コード:"]);
    check(&["-h"], help, &["コマンド:"]);
    check(&["start", "--help"], help, &headings);
    check(
        &["start", "--help"],
        help,
        &["引数:", "[デフォルト: 8h]", "- simulator: "],
    );
    check(&["start", "-h"], help, &["[指定できる値: simulator, aws]"]);
    check(&["help", "check"], help, &headings);
    check(&["simulate", "events", "--help"], help, &headings);
    check(&["scenario", "check", "-h"], help, &headings);
}

#[test]
fn no_line_of_help_is_wider_than_the_terminal() {
    let verbs: [&[&str]; 6] = [
        &[],
        &["start"],
        &["run"],
        &["check"],
        &["simulate"],
        &["simulate", "events"],
    ];
    for verb in verbs {
        let (_, text) = said(&[verb, &["--help"]].concat());
        for line in text.lines().filter(|line| !line.contains("使い方")) {
            let columns = crate::report::style::columns(line);
            assert!(columns <= 80, "{columns} columns: {line}");
        }
    }
}

#[test]
fn mistakes_are_told_in_japanese_with_what_was_perhaps_meant() {
    check(
        &["start"],
        ErrorKind::MissingRequiredArgument,
        &["エラー: ", "<SCENARIO>", "使い方: breakfix start"],
    );
    check(
        &["start", "x", "--vairant", "y"],
        ErrorKind::UnknownArgument,
        &["「--vairant」", "--variant"],
    );
    check(
        &["strat"],
        ErrorKind::InvalidSubcommand,
        &["「strat」", "start"],
    );
    check(
        &["start", "x", "--on", "aw"],
        ErrorKind::InvalidValue,
        &["「aw」", "simulator, aws"],
    );
    check(
        &["start", "x", "--on"],
        ErrorKind::InvalidValue,
        &["--on", "値"],
    );
    check(
        &["start", "x", "--ttl", "soon"],
        ErrorKind::ValueValidation,
        &["「soon」", "90s"],
    );
    check(
        &["--lang", "fr", "sessions"],
        ErrorKind::ValueValidation,
        &["「fr」", "en"],
    );
    check(
        &["plan", "p.md", "--step", "1", "--from", "2"],
        ErrorKind::ArgumentConflict,
        &["--step", "--from"],
    );
    check(
        &["check", "--wait", "5", "--wait", "6"],
        ErrorKind::ArgumentConflict,
        &["--wait"],
    );
    check(
        &["scenario", "check", "--nope"],
        ErrorKind::UnknownArgument,
        &["--nope"],
    );
}

#[test]
fn the_language_is_known_before_anything_is_read() {
    let check = |arguments: &[&str], variable: Option<&str>, expected: Option<Language>| {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        assert_eq!(asked_for(&arguments, variable), expected, "{arguments:?}");
    };
    check(&["breakfix", "--lang", "ja", "x"], None, Some(JAPANESE));
    check(&["breakfix", "x", "--lang=ja"], Some("en"), Some(JAPANESE));
    check(&["breakfix", "x"], Some("ja"), Some(JAPANESE));
    check(&["breakfix", "--lang"], None, None);
    check(&["breakfix", "--lang", "fr"], None, None);
}
