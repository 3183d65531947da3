//! The command line in other languages than English: its help, from the catalogue (`locales/ja/help.ftl`), and what is
//! said of mistakes. English stands in the docstrings of [`Cli`].
//!
//! A verb's texts are `help-VERB` and `help-VERB-long`, those of an argument `help-VERB-arg-ID`, or `help-arg-ID` where it
//! means the same for every verb that has it; `-VALUE` behind that is one of its values. A verb within a verb is joined
//! by `-`. The program itself is `help-breakfix`.

mod mistake;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::builder::PossibleValue;
use clap::error::ErrorKind;
use clap::{Arg, Command, CommandFactory as _, FromArgMatches as _};

use super::Cli;
use crate::commands::manners::Manners;
use crate::language::{self, Argument, Language};
use crate::outcome::Exit;
use crate::report::style::wrapped;

/// Why there is nothing to run: help was asked for, or the command line makes no sense.
#[derive(Debug)]
pub struct Answer {
    error: clap::Error,
    language: Language,
}

/// Reads the command line.
///
/// # Errors
/// When there is only something to be shown.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, Answer> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let asked = std::env::var("BREAKFIX_LANG").ok();
    let manners = Manners::new(asked_for(&arguments, asked.as_deref()), false);
    let language = manners.language(None);
    let style = manners.style(language, &std::io::stdout());
    let mut command = command(language, style.width);
    let read = command.try_get_matches_from_mut(arguments);
    let read = read.and_then(|matches| {
        let read = Cli::from_arg_matches(&matches);
        read.map_err(|error| error.format(&mut command))
    });
    read.map_err(|error| Answer { error, language })
}

/// The language that `--lang` asks for, before anything is read; else the one that the environment's variable asks for.
fn asked_for(arguments: &[OsString], variable: Option<&str>) -> Option<Language> {
    let texts = arguments.iter().map(|argument| argument.to_str());
    let texts: Vec<&str> = texts.map(Option::unwrap_or_default).collect();
    let found = texts.iter().enumerate().find_map(|(at, text)| match *text {
        "--lang" => texts.get(at + 1).copied(),
        text => text.strip_prefix("--lang="),
    });
    found.or(variable).and_then(Language::of_tag)
}

impl Answer {
    /// Shows it. Help is for stdout, mistakes are for stderr.
    pub fn show(self) -> ExitCode {
        let is_help = !self.error.use_stderr();
        let is_help_instead =
            self.error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
        if is_help || is_help_instead || self.language == Language::English {
            let _ = self.error.print();
        } else {
            let text = mistake::told(&self.error, self.language);
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
        let exit = if is_help { Exit::Met } else { Exit::Usage };
        ExitCode::from(exit as u8)
    }
}

/// The command line with its help in a language, in lines of so many columns.
pub fn command(language: Language, width: usize) -> Command {
    let mut command = Cli::command();
    if language == Language::English {
        return command;
    }
    // Only what is built has the arguments and the verb of help, and the global arguments everywhere.
    command.build();
    let help = Help { language, width };
    let end = help.say("help-exit-codes", &[]);
    help.put_into(command, &[]).after_help(end)
}

/// clap keeps headings for as long as the program runs.
static HEADINGS: LazyLock<BTreeMap<(Language, &str), String>> = LazyLock::new(|| {
    let keys = [
        "help-heading-commands",
        "help-heading-arguments",
        "help-heading-options",
    ];
    let both = Language::ALL.into_iter();
    let both = both.flat_map(|language| keys.map(|key| (language, key)));
    both.map(|(language, key)| ((language, key), language::text(language, key, &[])))
        .collect()
});

struct Help {
    language: Language,
    width: usize,
}

/// Columns before an argument's help.
const INDENT: usize = 10;

impl Help {
    fn say(&self, key: &str, arguments: &[(&'static str, Argument)]) -> String {
        language::text(self.language, key, arguments)
    }

    fn heading(&self, key: &'static str) -> &'static str {
        let heading = HEADINGS.get(&(self.language, key));
        heading.map_or(key, String::as_str)
    }

    /// The first of these keys that has a text.
    fn first(&self, keys: &[String]) -> Option<String> {
        let key = keys.iter().find(|key| language::has(self.language, key))?;
        Some(self.say(key, &[]))
    }

    fn put_into(&self, command: Command, above: &[String]) -> Command {
        let path = path_of(&command, above);
        let mut command = command
            .subcommand_help_heading(self.heading("help-heading-commands"))
            .help_template(format!(
                "{{about-with-newline}}\n{} {{usage}}\n\n{{all-args}}{{after-help}}",
                self.say("help-heading-usage", &[])
            ));
        if let Some(about) = self.first(&[about_key(&path)]) {
            let long = self.first(&[format!("{}-long", about_key(&path))]);
            let long = match long {
                Some(long) => format!("{about}\n\n{long}"),
                None => about.clone(),
            };
            command = command.about(about).long_about(self.wrapped(&long, 0));
        }
        command
            .mut_args(|argument| self.argument(argument, &path))
            .mut_subcommands(|verb| self.put_into(verb, &path))
    }

    fn argument(&self, argument: Arg, path: &[String]) -> Arg {
        let heading = match argument.is_positional() {
            true => "help-heading-arguments",
            false => "help-heading-options",
        };
        let keys = argument_keys(path, argument.get_id().as_str());
        let english = || argument.get_help().map(ToString::to_string);
        let text = self.first(&keys).or_else(english).unwrap_or_default();
        let facts = self.facts(&argument);
        let values = facts.values.iter().chain(&facts.others);
        let short: Vec<&String> = std::iter::once(&text).chain(values).collect();
        let short = short.iter().map(|part| part.as_str()).collect::<Vec<_>>();
        let short = self.wrapped(&short.join(" "), INDENT);
        let mut long = text.clone();
        for value in visible_values(&argument) {
            let _ = write!(long, "\n- {}", self.value(&value, &keys));
        }
        for fact in &facts.others {
            let _ = write!(long, "\n{fact}");
        }
        argument
            .help_heading(self.heading(heading))
            .next_line_help(true)
            .hide_default_value(true)
            .hide_possible_values(true)
            .hide_env(true)
            .help(short)
            .long_help(self.wrapped(&long, INDENT))
    }

    /// What clap would say in English behind the help.
    fn facts(&self, argument: &Arg) -> Facts {
        let defaults = argument.get_default_values().iter();
        let defaults: Vec<String> = defaults
            .filter(|_| argument.get_action().takes_values())
            .map(|value| value.to_string_lossy().into_owned())
            .collect();
        let default = (!defaults.is_empty())
            .then(|| self.say("help-default", &[("value", defaults.join(" ").into())]));
        let variable = argument.get_env().map(|variable| {
            let variable = variable.to_string_lossy().into_owned();
            self.say("help-variable", &[("name", variable.into())])
        });
        let values: Vec<String> = visible_values(argument)
            .map(|value| value.get_name().to_owned())
            .collect();
        Facts {
            values: (!values.is_empty())
                .then(|| self.say("help-values", &[("values", values.join(", ").into())])),
            others: default.into_iter().chain(variable).collect(),
        }
    }

    fn value(&self, value: &PossibleValue, keys: &[String]) -> String {
        let name = value.get_name();
        let keys: Vec<String> = keys.iter().map(|key| format!("{key}-{name}")).collect();
        match self.first(&keys) {
            Some(text) => format!("{name}: {text}"),
            None => name.to_owned(),
        }
    }

    fn wrapped(&self, text: &str, indent: usize) -> String {
        let width = self.width.saturating_sub(indent);
        let lines: Vec<String> = text.lines().map(|line| wrapped(line, width, "")).collect();
        lines.join("\n")
    }
}

/// What is told of an argument besides its help.
struct Facts {
    /// Which values there are; long help has a line for each instead.
    values: Option<String>,
    /// Its default, and the variable of the environment that sets it.
    others: Vec<String>,
}

/// The names of verbs down to this one; none for the program itself.
fn path_of(command: &Command, above: &[String]) -> Vec<String> {
    let name = command.get_name();
    match above.is_empty() && name == "breakfix" {
        true => Vec::new(),
        false => [above, &[name.to_owned()]].concat(),
    }
}

/// `help start` is about the same as `start`, and every verb's `help` about the same.
fn about_key(path: &[String]) -> String {
    let Some((last, above)) = path.split_last() else {
        return "help-breakfix".to_owned();
    };
    if last == "help" {
        return "help-help".to_owned();
    }
    let above = above.iter().filter(|verb| *verb != "help");
    let names: Vec<&str> = above.chain([last]).map(String::as_str).collect();
    format!("help-{}", names.join("-"))
}

/// The keys of an argument's text, the particular one first.
fn argument_keys(path: &[String], id: &str) -> Vec<String> {
    let particular = (!path.is_empty()).then(|| format!("help-{}-arg-{id}", path.join("-")));
    let general = format!("help-arg-{id}");
    particular.into_iter().chain([general]).collect()
}

fn visible_values(argument: &Arg) -> impl Iterator<Item = PossibleValue> + use<> {
    let takes_values = argument.get_action().takes_values();
    let values = argument.get_possible_values().into_iter();
    values.filter(move |value| takes_values && !value.is_hide_set())
}
