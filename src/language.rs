//! What is said, in every language that breakfix speaks: messages by key, their texts in one catalogue (`locales/`).
//! Pure. Whoever finds something out makes a [`Message`]; whoever shows it says in which [`Language`].

mod catalogue;
mod message;
#[cfg(test)]
mod tests;

pub use crate::message;
pub use catalogue::{has, text};
pub use message::{Argument, Message};

/// A language of texts for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub enum Language {
    #[default]
    English,
    Japanese,
}

impl Language {
    pub const ALL: [Language; 2] = [Language::English, Language::Japanese];

    /// `en` or `ja`, as in `--lang` and in the catalogue.
    pub fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Japanese => "ja",
        }
    }

    /// The language of a tag or a locale's name: `ja`, `ja_JP.UTF-8`, `ja-JP`; `None` for one that is not spoken.
    pub fn of_tag(tag: &str) -> Option<Language> {
        let primary = tag.split(['_', '-', '.', '@']).next().unwrap_or_default();
        Language::ALL
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The language that the environment's locale asks for, as POSIX has it: the first of LC_ALL, LC_MESSAGES and LANG
    /// that is not empty. English when that is not spoken.
    pub fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Language {
        ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| variable(name).filter(|value| !value.is_empty()))
            .and_then(|locale| Language::of_tag(&locale))
            .unwrap_or_default()
    }
}
