//! Something to say that is not yet in any language.

use std::fmt;

use super::Language;
use super::catalogue;

/// Something to say: a key of the catalogue with its arguments, or a text that needs no catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A text of the catalogue.
    Keyed {
        key: &'static str,
        arguments: Vec<(&'static str, Argument)>,
    },
    /// The same in every language: what AWS said, a name.
    Verbatim(String),
    /// A text that its author wrote in several languages; English stands in where there is no other.
    Written { en: String, ja: Option<String> },
    /// Several, as a list: separated by commas.
    Several(Vec<Message>),
    /// Several below one another.
    Lines(Vec<Message>),
}

/// What stands in a message's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    Number(i64),
    Message(Message),
}

/// A message by its key, with arguments `name = value`: numbers, texts or messages.
#[macro_export]
macro_rules! message {
    ($key:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::language::Message::Keyed {
            key: $key,
            arguments: vec![$((stringify!($name), $crate::language::Argument::from($value))),*],
        }
    };
}
impl Message {
    /// In a language.
    pub fn to(&self, language: Language) -> String {
        match self {
            Message::Keyed { key, arguments } => catalogue::text(language, key, arguments),
            Message::Verbatim(text) => text.clone(),
            Message::Written { en, ja } => match (language, ja) {
                (Language::Japanese, Some(ja)) => ja.clone(),
                _ => en.clone(),
            },
            Message::Several(messages) => {
                let separator = match language {
                    Language::English => ", ",
                    Language::Japanese => "、",
                };
                let texts = messages.iter().map(|message| message.to(language));
                texts.collect::<Vec<_>>().join(separator)
            }
            Message::Lines(messages) => {
                let texts = messages.iter().map(|message| message.to(language));
                texts.collect::<Vec<_>>().join("\n")
            }
        }
    }
}

/// In English: for logs and for errors that are not for learners.
impl fmt::Display for Message {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.to(Language::English))
    }
}

/// Nothing.
impl Default for Message {
    fn default() -> Message {
        Message::Several(Vec::new())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Message {
        Message::Verbatim(text)
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Message {
        Message::Verbatim(text.to_owned())
    }
}

impl From<&String> for Message {
    fn from(text: &String) -> Message {
        Message::Verbatim(text.clone())
    }
}

impl From<Vec<Message>> for Message {
    fn from(messages: Vec<Message>) -> Message {
        Message::Several(messages)
    }
}

impl<T: Into<Message>> From<T> for Argument {
    fn from(message: T) -> Argument {
        Argument::Message(message.into())
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl From<$number> for Argument {
            fn from(number: $number) -> Argument {
                Argument::Number(i64::try_from(number).unwrap_or(i64::MAX))
            }
        }
    )*};
}
numbers!(i32, i64, u64, usize);
