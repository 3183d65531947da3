//! What is wrong with a command line, as clap tells it in English, in other languages.

use std::fmt::Write as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::super::Said;
use crate::language::{self, Argument, Language};

/// In the words of the catalogue, by the kind of the mistake.
pub(super) fn told(error: &clap::Error, language: Language) -> String {
    let say = |key: &str, arguments: &[(&'static str, Argument)]| {
        language::text(language, key, arguments)
    };
    let Some(why) = why(error, language) else {
        // What is rare is told as clap does.
        return error.to_string().trim_end().to_owned();
    };
    let mut text = say("help-error", &[("why", why.into())]);
    for (key, found) in [
        ("help-error-possible", ContextKind::ValidValue),
        ("help-error-similar", ContextKind::SuggestedArg),
        ("help-error-similar", ContextKind::SuggestedSubcommand),
        ("help-error-similar", ContextKind::SuggestedValue),
    ] {
        let found = context(error, found);
        if !found.is_empty() {
            let hint = say(key, &[("values", found.join(", ").into())]);
            let _ = write!(text, "\n  {hint}");
        }
    }
    if let Some((_, usage)) = one(error, ContextKind::Usage).split_once(':') {
        let heading = say("help-heading-usage", &[]);
        let _ = write!(text, "\n\n{heading} {}", usage.trim());
    }
    let _ = write!(text, "\n\n{}", say("help-error-more", &[]));
    text
}

fn why(error: &clap::Error, language: Language) -> Option<String> {
    let argument = one(error, ContextKind::InvalidArg);
    let value = one(error, ContextKind::InvalidValue);
    let say = |key: &str, arguments: &[(&'static str, &str)]| {
        let arguments = arguments.iter().map(|(name, text)| (*name, (*text).into()));
        let arguments: Vec<(&'static str, Argument)> = arguments.collect();
        language::text(language, key, &arguments)
    };
    Some(match error.kind() {
        ErrorKind::MissingRequiredArgument => {
            let missing = context(error, ContextKind::InvalidArg).join("\n  ");
            say("help-error-missing", &[("arguments", &missing)])
        }
        ErrorKind::UnknownArgument => {
            say("help-error-unknown-argument", &[("argument", &argument)])
        }
        ErrorKind::InvalidSubcommand => {
            let verb = one(error, ContextKind::InvalidSubcommand);
            say("help-error-unknown-verb", &[("verb", &verb)])
        }
        ErrorKind::MissingSubcommand => say("help-error-missing-verb", &[]),
        ErrorKind::ArgumentConflict => {
            let other = one(error, ContextKind::PriorArg);
            match other == argument {
                true => say("help-error-twice", &[("argument", &argument)]),
                false => say(
                    "help-error-conflict",
                    &[("argument", &argument), ("other", &other)],
                ),
            }
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            say("help-error-no-value", &[("argument", &argument)])
        }
        ErrorKind::TooManyValues => say(
            "help-error-too-many-values",
            &[("argument", &argument), ("value", &value)],
        ),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let wrong = say(
                "help-error-value",
                &[("argument", &argument), ("value", &value)],
            );
            format!("{wrong}{}", cause(error, language))
        }
        _ => return None,
    })
}

/// Why a value is refused, by whoever reads such values.
fn cause(error: &clap::Error, language: Language) -> String {
    let Some(source) = std::error::Error::source(error) else {
        return String::new();
    };
    match source.downcast_ref::<Said>() {
        Some(Said(message)) => format!(": {}", message.to(language)),
        None => format!(": {source}"),
    }
}

fn one(error: &clap::Error, kind: ContextKind) -> String {
    context(error, kind).join(", ")
}

fn context(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) if !text.is_empty() => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        _ => Vec::new(),
    }
}
