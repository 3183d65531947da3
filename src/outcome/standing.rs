//! What is told of sessions that outlive their command.

/// A session, for whoever reads of it.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionOutcome {
    pub id: String,
    pub scenario: String,
    /// Of the scenario.
    pub title: String,
    /// Path of the lesson.
    pub lab: Option<String>,
    /// `simulator`, or the account, region and cluster.
    pub place: String,
    /// RFC 3339.
    pub begun_at: String,
    pub expires_at: String,
    /// Whether the environment is broken as it should be.
    pub is_broken: bool,
    /// Since when nothing happens there, RFC 3339; `None` while it goes on.
    pub paused_at: Option<String>,
    /// Why its journal cannot be read, if it cannot.
    pub error: Option<String>,
}

impl SessionOutcome {
    /// One of which nothing but the id is known.
    pub fn unread(id: String) -> SessionOutcome {
        SessionOutcome {
            id,
            scenario: "?".to_owned(),
            title: String::new(),
            lab: None,
            place: "?".to_owned(),
            begun_at: String::new(),
            expires_at: String::new(),
            is_broken: false,
            paused_at: None,
            error: None,
        }
    }
}

/// One change that is going to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedChange {
    /// By the name that people know.
    pub what: String,
    /// While it is there; `None` where it costs nothing that we know of.
    pub hourly_usd: Option<f64>,
}
