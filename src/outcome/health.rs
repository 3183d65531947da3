//! What `doctor` found out: what labs need, whether it is there, and how to mend what is not.

use super::Exit;
use crate::language::Message;

/// Something that labs need.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// For programs.
    pub id: String,
    /// What it is called.
    pub title: Message,
    pub health: Health,
    /// What was found.
    pub said: Message,
    /// How to mend it, or how to find out.
    pub advice: Option<Message>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    Ok,
    /// Labs will fail, or nearly.
    ToMend,
    CannotTell,
}

impl Health {
    pub fn exit(self) -> Exit {
        match self {
            Health::Ok => Exit::Met,
            Health::ToMend => Exit::Failed,
            Health::CannotTell => Exit::CannotTell,
        }
    }
}

impl Finding {
    pub fn ok(id: &str, title: Message, said: Message) -> Finding {
        Finding {
            id: id.to_owned(),
            title,
            health: Health::Ok,
            said,
            advice: None,
        }
    }

    pub fn to_mend(id: &str, title: Message, said: Message, advice: Message) -> Finding {
        Finding {
            health: Health::ToMend,
            advice: Some(advice),
            ..Finding::ok(id, title, said)
        }
    }

    pub fn cannot_tell(id: &str, title: Message, said: Message, advice: Message) -> Finding {
        Finding {
            health: Health::CannotTell,
            advice: Some(advice),
            ..Finding::ok(id, title, said)
        }
    }
}

/// What all of it comes to.
pub fn exit(findings: &[Finding]) -> Exit {
    let exits = findings.iter().map(|finding| finding.health.exit());
    exits.fold(Exit::Met, Exit::or_heavier)
}
