//! What becomes of a session between its beginning and its end, as text: reset, paused, resumed, extended.

use serde_json::json;

use super::standing::{document, session_view};
use crate::language::{Language, message};
use crate::outcome::Exit;
use crate::outcome::standing::SessionOutcome;

/// What a verb did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Reset,
    Paused,
    Resumed,
    Extended,
    /// A shell was asked for.
    Entered,
}

impl Deed {
    fn name(self) -> &'static str {
        match self {
            Deed::Reset => "reset",
            Deed::Paused => "pause",
            Deed::Resumed => "resume",
            Deed::Extended => "extend",
            Deed::Entered => "shell",
        }
    }
}

/// What was done, or that it was so already, and what to do next.
pub fn done(
    deed: Deed,
    is_new: bool,
    is_real: bool,
    session: &SessionOutcome,
    language: Language,
) -> String {
    let (id, until) = (&session.id, &session.expires_at);
    let message = match (deed, is_new, is_real) {
        (Deed::Reset, _, _) => message!("life-reset", session = id, scenario = &session.scenario),
        (Deed::Paused, true, false) => message!("life-paused", session = id),
        (Deed::Paused, true, true) => message!("life-paused-account", session = id),
        (Deed::Paused, false, _) => message!("life-paused-already", session = id),
        (Deed::Resumed, true, false) => message!("life-resumed", session = id, until = until),
        (Deed::Resumed, true, true) => {
            message!("life-resumed-account", session = id, until = until)
        }
        (Deed::Resumed, false, _) => message!("life-not-paused", session = id),
        (Deed::Extended, true, _) => message!("life-extended", session = id, until = until),
        (Deed::Extended, false, _) => {
            message!("life-extended-already", session = id, until = until)
        }
        (Deed::Entered, _, _) => message!("life-in-shell", session = id),
    };
    message.to(language) + "\n"
}

/// The same for programs.
pub fn done_json(deed: Deed, is_new: bool, session: &SessionOutcome) -> String {
    document(json!({
        "exit_code": Exit::Met as u8,
        "verb": deed.name(),
        "changed": is_new,
        "session": session_view(session),
    }))
}

/// What is listened to while a session on a real account is open.
pub fn observed(language: Language) -> String {
    message!("life-observed").to(language)
}

/// That a verb was interrupted, and how to go on.
pub fn interrupted(deed: Deed, session: &str, language: Language) -> String {
    message!("life-interrupted", verb = deed.name(), session = session).to(language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deed_is_told_in_one_line_in_every_language() {
        let session = SessionOutcome::unread("s1".to_owned());
        let deeds = [
            Deed::Reset,
            Deed::Paused,
            Deed::Resumed,
            Deed::Extended,
            Deed::Entered,
        ];
        for deed in deeds {
            for (is_new, is_real) in [(true, true), (true, false), (false, true), (false, false)] {
                for language in Language::ALL {
                    let text = done(deed, is_new, is_real, &session, language);
                    assert!(text.contains("s1"), "{text}");
                    assert_eq!(text.lines().next().map(str::is_empty), Some(false));
                }
            }
        }
    }
}
