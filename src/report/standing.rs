//! Sessions that outlive their command, as text: what is planned, begun, open, judged, left.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::json::check_view;
use super::style::{Style, aligned, columns, padded};
use super::terminal::render_all_checks;
use crate::language::{Language, Message};
use crate::message;
use crate::outcome::standing::{PlannedChange, SessionOutcome};
use crate::outcome::{CheckOutcome, Exit, Verdict};

/// Raised when a field changes its meaning or goes; new fields do not raise it.
const VERSION: u32 = 1;

/// Every change that will be made, and what it costs while it is there.
pub fn plan(place: &Message, changes: &[PlannedChange], language: Language) -> String {
    let mut text = message!("plan-heading", place = place.clone()).to(language);
    text.push('\n');
    for change in changes {
        let line = match change.hourly_usd {
            None => change.what.clone(),
            Some(usd) => {
                let usd = format!("{usd:.4}");
                message!("plan-with-cost", what = &change.what, usd = usd).to(language)
            }
        };
        let _ = writeln!(text, "  - {line}");
    }
    let total: f64 = changes.iter().filter_map(|change| change.hourly_usd).sum();
    let total = format!("{total:.2}");
    text.push_str(&message!("plan-together", usd = total).to(language));
    text
}

/// The parts of a simulated environment, which cost nothing.
pub fn made(place: &Message, changes: &[PlannedChange], language: Language) -> String {
    let names = changes.iter().map(|change| change.what.as_str().into());
    let parts = Message::Several(names.collect());
    message!("plan-for-nothing", place = place.clone(), parts = parts).to(language)
}

/// What begins here, and what to do next.
pub fn started(session: &SessionOutcome, style: Style) -> String {
    let SessionOutcome {
        id, title, place, ..
    } = session;
    let said = |message: Message| message.to(style.language);
    let broken = said(message!("started", title = title, id = id, place = place));
    let lesson = session.lab.as_ref();
    let lesson = lesson.map(|lab| vec![said(message!("started-lesson")), lab.clone()]);
    let ways = [
        (
            message!("started-next"),
            "breakfix shell",
            message!("started-env"),
        ),
        (
            message!("started-then"),
            "breakfix",
            message!("started-check"),
        ),
        (
            message!("started-at-last"),
            "breakfix finish",
            message!("started-finish"),
        ),
    ];
    let ways = ways
        .into_iter()
        .map(|(when, command, what)| vec![said(when), command.to_owned(), said(what)]);
    let rows: Vec<Vec<String>> = lesson.into_iter().chain(ways).collect();
    format!("{broken}\n{}", indented(&below_lesson(rows)))
}

/// The lesson's path is no command: what commands are for does not stand behind it.
fn below_lesson(rows: Vec<Vec<String>>) -> String {
    let labels = rows.iter().map(|row| columns(&row[0])).max();
    let labels = labels.unwrap_or_default();
    let commands: Vec<Vec<String>> = rows
        .iter()
        .filter(|row| row.len() > 2)
        .map(|row| {
            let mut row = row.clone();
            row[0] = padded(&row[0], labels);
            row
        })
        .collect();
    let lesson = rows.iter().filter(|row| row.len() == 2);
    let lesson = lesson.map(|row| format!("{}  {}\n", padded(&row[0], labels), row[1]));
    lesson.collect::<String>() + &aligned(&commands)
}

fn indented(lines: &str) -> String {
    lines.lines().map(|line| format!("  {line}\n")).collect()
}

pub fn started_json(session: &SessionOutcome) -> String {
    document(json!({ "session": session_view(session) }))
}

/// The variables of a session's environment; one without a value has to be unset.
pub fn environment_json(
    session: &SessionOutcome,
    variables: &[(String, Option<String>)],
) -> String {
    let variables: serde_json::Map<String, Value> = variables
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    document(json!({ "session": session_view(session), "variables": variables }))
}

/// What is open, a line each.
pub fn sessions(sessions: &[SessionOutcome], language: Language) -> String {
    if sessions.is_empty() {
        return message!("sessions-none").to(language) + "\n";
    }
    let row = |session: &SessionOutcome| {
        let state = match (&session.error, session.is_broken) {
            (Some(error), _) => message!("session-unreadable", why = error),
            _ if session.paused_at.is_some() => message!("session-paused"),
            (None, true) => message!("session-broken", until = &session.expires_at),
            (None, false) => message!("session-not-broken"),
        };
        vec![
            session.id.clone(),
            session.scenario.clone(),
            session.place.clone(),
            state.to(language),
        ]
    };
    let rows: Vec<Vec<String>> = sessions.iter().map(row).collect();
    aligned(&rows)
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
    let counted = message!("checks-counted", met = met, all = checks.len());
    let text = render_all_checks(checks, style);
    format!("{text}\n{}\n", counted.to(style.language))
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
pub fn finished(id: &str, left: &[String], language: Language) -> String {
    if left.is_empty() {
        return message!("finished", id = id).to(language) + "\n";
    }
    let unfinished = message!("finished-not", id = id).to(language);
    let again = message!("finished-again").to(language);
    format!("{unfinished}\n{}{again}\n", self::left(left, language))
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
pub fn left(left: &[String], language: Language) -> String {
    let mut text = message!("left-heading").to(language) + "\n";
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
                &"account 1".into(),
                &[
                    change("KMS key key", Some(0.0014)),
                    change("KMS alias alias/a", None)
                ],
                Language::English,
            ),
            "This will be made in account 1:\n  - KMS key key  (about $0.0014 per hour)\n  - KMS alias alias/a\n\
             Together about $0.00 per hour until `breakfix finish` takes it back."
        );
    }

    #[test]
    fn what_is_left_is_named() {
        assert!(
            finished("s1", &["node group g (s1)".to_owned()], Language::English)
                .contains("  - node group g (s1)\n")
        );
        assert!(finished("s1", &[], Language::English).contains("nothing is left"));
        let document: Value =
            serde_json::from_str(&finished_json("s1", &["g".to_owned()])).unwrap();
        assert_eq!(document["exit_code"], 5);
    }

    fn session() -> SessionOutcome {
        SessionOutcome {
            title: "ワーカーノードの欠落".to_owned(),
            lab: Some("content/lab.md".to_owned()),
            place: "シミュレーター".to_owned(),
            ..SessionOutcome::unread("s1".to_owned())
        }
    }

    #[test]
    fn what_begins_is_aligned_by_columns_in_either_language() {
        let said = started(&session(), Style::plain(Language::Japanese));
        let columns_before = |line: &str, text: &str| columns(line.split(text).next().unwrap());
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), 5, "{said}");
        let commands = [
            "content/lab.md",
            "breakfix shell",
            "breakfix ",
            "breakfix finish",
        ];
        let starts: Vec<usize> = commands
            .iter()
            .zip(&lines[1..])
            .map(|(command, line)| columns_before(line, command))
            .collect();
        assert!(starts.windows(2).all(|two| two[0] == two[1]), "{said}");
    }

    #[test]
    fn checks_are_told_in_the_language_with_a_word_beside_each_sign() {
        let check = |verdict| CheckOutcome {
            id: "key".to_owned(),
            title: "キー".to_owned(),
            kind: crate::outcome::CheckKind::Condition,
            verdict,
            warnings: vec!["広すぎます。".to_owned()],
            advice: None,
        };
        let refused = Verdict::NotMet {
            expected: "有効".to_owned(),
            observed: "無効".to_owned(),
            reason: Some("理由の文です。".to_owned()),
        };
        let waiting = Verdict::NotYet {
            awaiting: "起動を待っています".to_owned(),
            since: Some(std::time::Duration::from_secs(90)),
            typical: Some("1〜2 分".to_owned()),
        };
        let told = checks(
            &[check(Verdict::Met), check(refused), check(waiting)],
            Style::plain(Language::Japanese),
        );
        let expected = "
  条件
  ✓ 達成: キー  key
      警告: 広すぎます。
  ✗ 未達成: キー  key
      期待        有効
      観測        無効
      理由        理由の文です。
      警告: 広すぎます。
  … 未完了: キー  key
      未完了      起動を待っています（1 分 30 秒経過、通常 1〜2 分）
      警告: 広すぎます。

3 件中 1 件のチェックを達成しています
";
        assert_eq!(told, expected);
    }
}
