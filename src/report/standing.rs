//! Sessions that outlive their command, as text: what is planned, begun, open, judged, left.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::json::check_view;
use super::style::Style;
use super::terminal::render_all_checks;
use crate::outcome::standing::{PlannedChange, SessionOutcome};
use crate::outcome::{CheckOutcome, Exit, Verdict};

/// Raised when a field changes its meaning or goes; new fields do not raise it.
const VERSION: u32 = 1;

/// Every change that will be made, and what it costs while it is there.
pub fn plan(place: &str, changes: &[PlannedChange]) -> String {
    let mut text = format!("This will be made in {place}:\n");
    for change in changes {
        let cost = change
            .hourly_usd
            .map_or_else(String::new, |usd| format!("  (about ${usd:.4} per hour)"));
        let _ = writeln!(text, "  - {}{cost}", change.what);
    }
    let total: f64 = changes.iter().filter_map(|change| change.hourly_usd).sum();
    let _ = write!(
        text,
        "Together about ${total:.2} per hour until `breakfix finish` takes it back."
    );
    text
}

/// What begins here, and what to do next.
pub fn started(session: &SessionOutcome) -> String {
    let SessionOutcome {
        id, title, place, ..
    } = session;
    let lesson = session
        .lab
        .as_ref()
        .map_or_else(String::new, |lab| format!("  lesson     {lab}\n"));
    format!(
        "{title}: broken, session {id} on {place}\n{lesson}  next       eval \"$(breakfix env)\" leads your terminal there\n  \
         then       breakfix check    says where you stand\n  at last    breakfix finish   takes everything back\n"
    )
}

pub fn started_json(session: &SessionOutcome) -> String {
    document(json!({ "session": session_view(session) }))
}

/// What is open, a line each.
pub fn sessions(sessions: &[SessionOutcome]) -> String {
    if sessions.is_empty() {
        return "no session is open\n".to_owned();
    }
    let mut text = String::new();
    for session in sessions {
        let state = match (&session.error, session.is_broken) {
            (Some(error), _) => format!("cannot be read: {error}"),
            _ if session.paused_at.is_some() => "paused, `breakfix resume` goes on".to_owned(),
            (None, true) => format!("broken, until {}", session.expires_at),
            (None, false) => "not broken yet, `breakfix start` goes on".to_owned(),
        };
        let _ = writeln!(
            text,
            "{}  {}  {}  {state}",
            session.id, session.scenario, session.place
        );
    }
    text
}

pub fn sessions_json(sessions: &[SessionOutcome]) -> String {
    let sessions: Vec<Value> = sessions.iter().map(session_view).collect();
    document(json!({ "sessions": sessions }))
}

/// The verdicts, and a line with what they come to.
pub fn checks(checks: &[CheckOutcome], style: Style) -> String {
    let met = checks
        .iter()
        .filter(|check| check.verdict == Verdict::Met)
        .count();
    let mut text = render_all_checks(checks, style.color);
    let _ = writeln!(text, "\n{met} of {} checks met", checks.len());
    text
}

pub fn checks_json(
    session: &SessionOutcome,
    checks: &[CheckOutcome],
    exit: Exit,
    progress: Value,
) -> String {
    let checks: Vec<_> = checks.iter().map(check_view).collect();
    document(json!({
        "exit_code": exit as u8,
        "session": session_view(session),
        "checks": checks,
        "progress": progress,
    }))
}

/// The proof that nothing is left, or what is.
pub fn finished(id: &str, left: &[String]) -> String {
    if left.is_empty() {
        return format!("session {id} is finished: everything is taken back, nothing is left\n");
    }
    format!(
        "session {id} is not finished\n{}`breakfix finish` tries again\n",
        self::left(left)
    )
}

pub fn finished_json(id: &str, left: &[String]) -> String {
    let exit = if left.is_empty() {
        Exit::Met
    } else {
        Exit::Leftovers
    };
    document(json!({ "exit_code": exit as u8, "session": id, "left": left }))
}

/// What is still there, a line each.
pub fn left(left: &[String]) -> String {
    let mut text = "still there:\n".to_owned();
    for one in left {
        let _ = writeln!(text, "  - {one}");
    }
    text
}

pub(super) fn session_view(session: &SessionOutcome) -> Value {
    json!({
        "id": session.id,
        "scenario": session.scenario,
        "place": session.place,
        "begun_at": session.begun_at,
        "expires_at": session.expires_at,
        "broken": session.is_broken,
        "paused_at": session.paused_at,
        "error": session.error,
    })
}

pub(super) fn document(members: Value) -> String {
    let mut document = json!({ "version": VERSION });
    if let (Some(document), Value::Object(members)) = (document.as_object_mut(), members) {
        document.extend(members);
    }
    format!("{document:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_names_every_change_and_the_cost() {
        let change = |what: &str, hourly_usd| PlannedChange {
            what: what.to_owned(),
            hourly_usd,
        };
        assert_eq!(
            plan(
                "account 1",
                &[
                    change("KMS key key", Some(0.0014)),
                    change("KMS alias alias/a", None)
                ]
            ),
            "This will be made in account 1:\n  - KMS key key  (about $0.0014 per hour)\n  - KMS alias alias/a\n\
             Together about $0.00 per hour until `breakfix finish` takes it back."
        );
    }

    #[test]
    fn what_is_left_is_named() {
        assert!(
            finished("s1", &["node group g (s1)".to_owned()]).contains("  - node group g (s1)\n")
        );
        assert!(finished("s1", &[]).contains("nothing is left"));
        let document: Value =
            serde_json::from_str(&finished_json("s1", &["g".to_owned()])).unwrap();
        assert_eq!(document["exit_code"], 5);
    }
}
