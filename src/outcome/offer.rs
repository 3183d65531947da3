//! What is told of a scenario before it is started.

use crate::language::{Language, Message};

/// A scenario, for whoever chooses one.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    pub name: String,
    /// `None` when it cannot be read, and [`Offer::error`] says why.
    pub about: Option<About>,
    pub error: Option<String>,
    /// Directory that it comes from; `None` for a built-in one.
    pub directory: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct About {
    pub title: Message,
    pub variants: Vec<OfferedVariant>,
    /// On a real account, with what costs that.
    pub hourly_usd: Option<(f64, Option<String>)>,
    /// Never runs on a real account.
    pub simulator_only: bool,
    /// Languages that its lesson is in; none when it has no lesson.
    pub languages: Vec<Language>,
}

/// A fault, which says what is broken.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferedVariant {
    pub name: String,
    pub summary: Message,
}
