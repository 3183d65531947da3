//! `breakfix completions`, and what a shell asks while somebody types: names of scenarios, variants, sessions and steps
//! as they are now. Nothing here starts a simulator or calls anybody.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{Arg, Command, CommandFactory as _};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use super::manners::Manners;
use super::output;
use super::sessions::show::name;
use crate::cli::Cli;
use crate::lab::prose;
use crate::lessons;
use crate::message;
use crate::outcome::Exit;
use crate::scenario::RANDOM;
use crate::scenarios::{self, Source};
use crate::session::runs::state_directory;
use crate::session::store::Store;

/// A shell that can complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    fn name(self) -> &'static str {
        match self {
            Shell::Bash => "bash",
            Shell::Zsh => "zsh",
            Shell::Fish => "fish",
        }
    }

    /// Where the line goes that has each new shell complete.
    fn file(self) -> &'static str {
        match self {
            Shell::Bash => "~/.bashrc",
            Shell::Zsh => "~/.zshrc",
            Shell::Fish => "~/.config/fish/completions/breakfix.fish",
        }
    }

    fn line(self) -> &'static str {
        match self {
            Shell::Bash => "source <(COMPLETE=bash breakfix)",
            Shell::Zsh => "source <(COMPLETE=zsh breakfix)",
            Shell::Fish => "COMPLETE=fish breakfix | source",
        }
    }
}

/// Prints the line that has a shell complete; where it goes is said beside it.
pub fn completions(shell: Shell, manners: Manners) -> Exit {
    let language = manners.language(None);
    output::say(&format!("{}\n", shell.line()));
    let text = message!(
        "completions-where",
        shell = shell.name(),
        file = shell.file()
    );
    output::complain(&text.to(language));
    Exit::Met
}

/// Answers a shell that asks for completions (`COMPLETE=bash breakfix …`); `None` when none does.
pub fn answer() -> Option<Exit> {
    std::env::var_os("COMPLETE").filter(|shell| !shell.is_empty())?;
    let arguments = std::env::args_os();
    let directory = std::env::current_dir().ok();
    match CompleteEnv::with_factory(command).try_complete(arguments, directory.as_deref()) {
        Ok(true) => Some(Exit::Met),
        Ok(false) => None,
        Err(error) => {
            output::complain(error.to_string().trim_end());
            Some(Exit::Usage)
        }
    }
}

/// The command line, with what can be completed.
pub(super) fn command() -> Command {
    completed(Cli::command())
}

/// Arguments are completed by what they are called in help, whichever verb has them.
fn completed(command: Command) -> Command {
    let command = command.mut_args(|argument| match candidates(&argument) {
        Some(candidates) => argument.add(candidates),
        None => argument,
    });
    command.mut_subcommands(completed)
}

fn candidates(argument: &Arg) -> Option<ArgValueCandidates> {
    let name = argument.get_value_names()?.first()?.to_string();
    let long = argument.get_long().unwrap_or_default();
    Some(match (name.as_str(), long) {
        ("SCENARIO", _) | ("NAME", "scenario") => ArgValueCandidates::new(offered_scenarios),
        ("VARIANT", _) => ArgValueCandidates::new(offered_variants),
        ("ID", "session") => ArgValueCandidates::new(offered_sessions),
        ("STEP", _) => ArgValueCandidates::new(offered_steps),
        _ => return None,
    })
}

/// The words that were typed, behind the `--` with which a shell begins them.
fn typed() -> Vec<OsString> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let begin = arguments.iter().position(|argument| argument == "--");
    arguments
        .into_iter()
        .skip(begin.map_or(0, |begin| begin + 1))
        .collect()
}

/// The value of an option among these words.
fn value(words: &[OsString], option: &str) -> Option<OsString> {
    let with = format!("{option}=");
    words.iter().enumerate().find_map(|(index, word)| {
        if word == OsStr::new(option) {
            return words.get(index + 1).cloned();
        }
        word.to_str()?.strip_prefix(&with).map(OsString::from)
    })
}

fn directory(words: &[OsString]) -> Option<PathBuf> {
    value(words, "--scenarios").map(PathBuf::from)
}

fn offered_scenarios() -> Vec<CompletionCandidate> {
    let directory = directory(&typed());
    let candidate = |name: String| {
        let title = scenarios::load(&name, directory.as_deref()).ok();
        let title = title.map(|source| {
            source
                .scenario
                .title
                .to(Manners::new(None, false).language(None))
        });
        CompletionCandidate::new(name).help(title.map(Into::into))
    };
    scenarios::names(directory.as_deref())
        .into_iter()
        .map(candidate)
        .collect()
}

/// Of the scenario that was typed, else of all. A fault is no surprise to whoever asks for one by name, but its summary
/// would tell those who only look at what there is.
fn offered_variants() -> Vec<CompletionCandidate> {
    let words = typed();
    let directory = directory(&words);
    let names = scenarios::names(directory.as_deref());
    let is_typed = |name: &String| words.iter().any(|word| word == OsStr::new(name));
    let typed: Vec<String> = names
        .iter()
        .filter(|name| is_typed(name))
        .cloned()
        .collect();
    let names = if typed.is_empty() { names } else { typed };
    let sources = names
        .iter()
        .filter_map(|name| scenarios::load(name, directory.as_deref()).ok());
    let variants: BTreeSet<String> = sources
        .flat_map(|source| source.scenario.variants.into_keys())
        .collect();
    let offered = variants.into_iter().chain([RANDOM.to_owned()]);
    offered.map(CompletionCandidate::new).collect()
}

fn store() -> Store {
    Store::new(&state_directory(|name| std::env::var_os(name)))
}

fn offered_sessions() -> Vec<CompletionCandidate> {
    let store = store();
    let candidate = |id: String| {
        let scenario = store.look(&id).ok().map(|ledger| ledger.begun.scenario);
        CompletionCandidate::new(id).help(scenario.map(Into::into))
    };
    store.ids().into_iter().map(candidate).collect()
}

/// Of the scenario or session that was typed, else of the only session.
fn offered_steps() -> Vec<CompletionCandidate> {
    steps().unwrap_or_default()
}

fn steps() -> Option<Vec<CompletionCandidate>> {
    let source = source_of(&typed())?;
    let language = Manners::new(None, false).language(None);
    let lesson = lessons::of(&source, language).ok()??;
    let steps = prose::read(&lesson.path, &lesson.text).steps();
    let candidate = |step: prose::Step| {
        let name = name(&source, &step);
        CompletionCandidate::new(name).help(Some(step.heading.into()))
    };
    Some(steps.into_iter().map(candidate).collect())
}

fn source_of(words: &[OsString]) -> Option<Source> {
    if let Some(name) = value(words, "--scenario") {
        return scenarios::load(name.to_str()?, directory(words).as_deref()).ok();
    }
    let store = store();
    let asked = value(words, "--session").or_else(|| std::env::var_os("BREAKFIX_SESSION"));
    let id = match asked {
        Some(id) => id.to_str()?.to_owned(),
        None => store.ids().into_iter().next()?,
    };
    let begun = store.look(&id).ok()?.begun;
    scenarios::load(&begun.scenario, begun.scenarios.as_deref()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_an_option_is_found_however_it_is_written() {
        let words: Vec<OsString> = ["breakfix", "show", "--scenario", "a", "--scenarios=b"]
            .map(OsString::from)
            .to_vec();
        assert_eq!(value(&words, "--scenario"), Some("a".into()));
        assert_eq!(value(&words, "--scenarios"), Some("b".into()));
        assert_eq!(value(&words, "--session"), None);
    }
}
