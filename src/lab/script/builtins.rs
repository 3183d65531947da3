//! Bash's own commands that are about variables.

use super::{Call, Deed};

/// What a call of a builtin does to variables.
pub(super) fn deeds(call: &Call) -> Vec<Deed> {
    let set = |name: &str, exported| Deed::Set {
        name: name.to_owned(),
        exported,
    };
    let names = || call.words().filter(|word| is_variable(word));
    match call.program.as_str() {
        "export" if !call.has("-n") && !call.has("-p") => assigned(call, true),
        "declare" | "typeset" | "local" | "readonly" => {
            let exports = call.words().any(|word| is_option_with(word, 'x'));
            assigned(call, exports)
        }
        "read" | "mapfile" | "readarray" => {
            let mut all: Vec<Deed> = names().map(|name| set(name, false)).collect();
            if all.is_empty() {
                let unnamed = if call.program == "read" {
                    "REPLY"
                } else {
                    "MAPFILE"
                };
                all.push(set(unnamed, false));
            }
            all
        }
        "getopts" => {
            let mut all: Vec<Deed> = names().map(|name| set(name, false)).collect();
            all.extend(["OPTARG", "OPTIND"].map(|name| set(name, false)));
            all
        }
        "printf" => call
            .value_of("-v")
            .map(|name| set(&name.text, false))
            .into_iter()
            .collect(),
        "let" => call
            .words()
            .flat_map(super::words::names_set_in_arithmetic)
            .map(|name| set(&name, false))
            .collect(),
        "set" if call.has("-a") || call.words().any(|word| word == "allexport") => {
            vec![Deed::ExportAll(!call.words().any(|word| word == "+o"))]
        }
        "set" if call.has("+a") => vec![Deed::ExportAll(false)],
        _ => Vec::new(),
    }
}

/// `NAME=value` sets; `NAME` alone exports what is there, or declares what is to come.
fn assigned(call: &Call, exported: bool) -> Vec<Deed> {
    call.words()
        .filter_map(|word| match word.split_once('=') {
            Some((name, _)) => {
                let name = name.trim_end_matches('+');
                let name = name.split('[').next().unwrap_or(name);
                is_variable(name).then(|| Deed::Set {
                    name: name.to_owned(),
                    exported,
                })
            }
            None if !is_variable(word) => None,
            None if call.program == "export" => Some(Deed::Export(word.to_owned())),
            None => Some(Deed::Set {
                name: word.to_owned(),
                exported,
            }),
        })
        .collect()
}

fn is_option_with(word: &str, letter: char) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.contains(letter)
}

/// Whether `word` can name a variable.
pub(super) fn is_variable(word: &str) -> bool {
    let mut characters = word.chars();
    let begins = |character: char| character.is_ascii_alphabetic() || character == '_';
    characters.next().is_some_and(begins)
        && characters.all(|character| begins(character) || character.is_ascii_digit())
}
