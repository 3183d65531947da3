//! The texts: `locales/LANGUAGE/*.ftl`, in the Fluent format, part of the program.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use rust_embed::RustEmbed;
use unic_langid::LanguageIdentifier;

use super::{Argument, Language};

#[derive(RustEmbed)]
#[folder = "locales"]
struct Locales;

type Bundle = FluentBundle<FluentResource>;

static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::English));
static JAPANESE: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::Japanese));

fn of(language: Language) -> &'static Bundle {
    match language {
        Language::English => &ENGLISH,
        Language::Japanese => &JAPANESE,
    }
}

/// The files of a language: name and text.
pub(super) fn files(language: Language) -> Vec<(String, String)> {
    let prefix = format!("{}/", language.tag());
    let mut files: Vec<(String, String)> = Locales::iter()
        .filter(|path| path.starts_with(&prefix) && path.ends_with(".ftl"))
        .filter_map(|path| {
            let file = Locales::get(&path)?;
            let text = String::from_utf8(file.data.into_owned()).ok()?;
            Some((path.into_owned(), text))
        })
        .collect();
    files.sort();
    files
}

fn bundle(language: Language) -> Bundle {
    let tag: LanguageIdentifier = language.tag().parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![tag]);
    // Terminals show the marks that keep directions apart; none of our languages needs them.
    bundle.set_use_isolating(false);
    for (_, text) in files(language) {
        // What cannot be parsed is left out, and found by the tests of this room.
        let resource = FluentResource::try_new(text).unwrap_or_else(|(resource, _)| resource);
        let _ = bundle.add_resource(resource);
    }
    bundle
}

/// A text of the catalogue with its arguments in place. What a language does not have is said in English; a key that
/// nobody has is shown as it is.
pub fn text(language: Language, key: &str, arguments: &[(&'static str, Argument)]) -> String {
    find(language, key, arguments)
        .or_else(|| find(Language::English, key, arguments))
        .unwrap_or_else(|| key.to_owned())
}

fn find(language: Language, key: &str, arguments: &[(&'static str, Argument)]) -> Option<String> {
    let bundle = of(language);
    let (id, attribute) = match key.split_once('.') {
        Some((id, attribute)) => (id, Some(attribute)),
        None => (key, None),
    };
    let message = bundle.get_message(id)?;
    let pattern = match attribute {
        Some(attribute) => message.get_attribute(attribute)?.value(),
        None => message.value()?,
    };
    let mut values = FluentArgs::new();
    for (name, argument) in arguments {
        let value = match argument {
            Argument::Number(number) => FluentValue::from(*number),
            Argument::Message(message) => FluentValue::from(message.to(language)),
        };
        values.set(*name, value);
    }
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(&values), &mut errors);
    debug_assert!(errors.is_empty(), "{key} in {language:?}: {errors:?}");
    Some(text.into_owned())
}

/// Whether a language has a text of this key.
pub fn has(language: Language, key: &str) -> bool {
    of(language).has_message(key)
}
