//! Where a learner stands, as text: the rail of steps, the step they are at, what it needs, what to do next.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::json::check_view;
use super::standing::{document, session_view};
use super::style::{Style, aligned, columns, wrapped};
use crate::language::{Language, Message};
use crate::message;
use crate::outcome::progress::{Grade, Need, Progress, StepProgress};
use crate::outcome::standing::SessionOutcome;
use crate::outcome::{CheckKind, CheckOutcome, Verdict};

/// The word for what shows that a step is done.
pub fn grade_word(grade: Grade) -> Message {
    match grade {
        Grade::Assisted => message!("step-assisted"),
        Grade::SelfReported => message!("grade-self-reported"),
        Grade::Observed => message!("grade-observed"),
        Grade::Answered => message!("grade-answered"),
        Grade::Verified => message!("grade-verified"),
    }
}

/// Everything: which session, the rail, the current step and what is next.
pub fn status(
    session: &SessionOutcome,
    progress: &Progress,
    checks: &[CheckOutcome],
    style: Style,
) -> String {
    let say = |message: Message| message.to(style.language);
    let mut text = format!(
        "{}\n{}\n\n",
        style.paint().strong(&session.title),
        say(message!(
            "status-session",
            id = &session.id,
            place = &session.place,
            until = &session.expires_at
        ))
    );
    text.push_str(&rail(progress, style));
    let _ = writeln!(text, "\n{}", counts(progress, style.language));
    for refused in broken_invariants(checks) {
        let refused = message!("status-invariant-broken", title = &refused.title);
        let _ = writeln!(text, "{}", wrapped(&say(refused), style.width, "  "));
    }
    let _ = write!(text, "\n{}", next(progress, style));
    text
}

/// A line for each step: its mark, what learners call it, its heading, what shows that it is done.
pub fn rail(progress: &Progress, style: Style) -> String {
    let current = progress.current().map(|step| step.id.clone());
    let row = |step: &StepProgress| {
        let is_current = Some(&step.id) == current.as_ref();
        let word = state_words(step, is_current, style.language);
        vec![
            mark(step, is_current, style),
            step.id.clone(),
            step.title.clone(),
            word,
        ]
    };
    let rows: Vec<Vec<String>> = progress.steps.iter().map(row).collect();
    let text = aligned(&shortened(rows, style));
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// Titles that would break a line are cut.
fn shortened(mut rows: Vec<Vec<String>>, style: Style) -> Vec<Vec<String>> {
    let widest = |column: usize, rows: &[Vec<String>]| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| columns(cell)).max().unwrap_or_default()
    };
    let others: usize = [0, 1, 3]
        .into_iter()
        .map(|column| widest(column, &rows))
        .sum();
    let room = style.width.saturating_sub(others + 8).max(20);
    for row in &mut rows {
        if let Some(title) = row.get_mut(2)
            && columns(title) > room
        {
            while columns(title) >= room {
                title.pop();
            }
            title.push('…');
        }
    }
    rows
}

fn mark(step: &StepProgress, is_current: bool, style: Style) -> String {
    let paint = style.paint();
    match (step.is_done(), is_current) {
        _ if style.plain => String::new(),
        (true, _) => paint.good("✓"),
        (false, true) => paint.strong("▶"),
        (false, false) if step.lapsed => paint.bad("✗"),
        (false, false) => "·".to_owned(),
    }
}

fn state_words(step: &StepProgress, is_current: bool, language: Language) -> String {
    let mut words = Vec::new();
    match step.done {
        Some(grade) => words.push(grade_word(grade)),
        None if step.lapsed => words.push(message!("step-lapsed")),
        None if is_current => words.push(message!("step-current")),
        None => words.push(message!("step-open")),
    }
    if step.assisted && step.done != Some(Grade::Assisted) {
        words.push(message!("step-assisted"));
    }
    if step.unseen_resource {
        words.push(message!("step-resource-unseen"));
    }
    if step.hints > 0 {
        words.push(message!("step-hints", count = step.hints));
    }
    Message::Several(words).to(language)
}

/// How many steps are done, by what.
pub fn counts(progress: &Progress, language: Language) -> String {
    let assisted = progress.steps.iter().filter(|step| step.assisted).count();
    let mut text = message!(
        "progress-counts",
        done = progress.done(),
        total = progress.steps.len(),
        verified = progress.count(Grade::Verified),
        answered = progress.count(Grade::Answered),
        observed = progress.count(Grade::Observed),
        reported = progress.count(Grade::SelfReported)
    )
    .to(language);
    if assisted > 0 {
        if language == Language::English {
            text.push(' ');
        }
        text.push_str(&message!("progress-assisted", count = assisted).to(language));
    }
    text
}

fn broken_invariants(checks: &[CheckOutcome]) -> impl Iterator<Item = &CheckOutcome> {
    let invariants = checks
        .iter()
        .filter(|check| check.kind == CheckKind::Invariant);
    invariants.filter(|check| matches!(check.verdict, Verdict::NotMet { .. }))
}

/// What the current step is, what completes it, and the commands that help.
pub fn next(progress: &Progress, style: Style) -> String {
    let Some(step) = progress.current() else {
        return format!("{}\n", message!("next-finish").to(style.language));
    };
    let mut text = heading(step, style);
    for need in &step.needs {
        let _ = writeln!(text, "{}", need_text(step, need, style));
    }
    text.push_str(&ways(step, style));
    text
}

fn heading(step: &StepProgress, style: Style) -> String {
    let heading = message!("next-step", step = &step.id, title = &step.title);
    format!("{}\n", style.paint().strong(&heading.to(style.language)))
}

fn need_text(step: &StepProgress, need: &Need, style: Style) -> String {
    let say = |message: Message| {
        let text = format!("  {}", message.to(style.language));
        wrapped(&text, style.width, "    ")
    };
    match need {
        Need::Verified(conditions) => {
            let mut text = say(message!("need-verified"));
            for (title, met) in conditions {
                let word = match met {
                    true => message!("need-met"),
                    false => message!("need-not-met"),
                };
                let line = format!("    - {title}: {}", word.to(style.language));
                let _ = write!(text, "\n{}", wrapped(&line, style.width, "      "));
            }
            text
        }
        Need::Answered { question, .. } => say(message!("need-answered", question = question)),
        Need::Observed(call) => say(message!("need-observed", call = call)),
        Need::SelfReported => say(message!("need-self-reported", step = &step.id)),
    }
}

/// How one step stands, and what it still needs.
pub fn step(step: &StepProgress, style: Style) -> String {
    let words = state_words(step, true, style.language);
    let mut text = message!(
        "step-stands",
        step = &step.id,
        title = &step.title,
        state = words
    )
    .to(style.language);
    text.push('\n');
    if !step.is_done() {
        for need in &step.needs {
            let _ = writeln!(text, "{}", need_text(step, need, style));
        }
        text.push_str(&ways(step, style));
    }
    text
}

/// The commands that lead on from here.
fn ways(step: &StepProgress, style: Style) -> String {
    let id = &step.id;
    let mut ways = vec![(format!("breakfix show {id}"), message!("way-show"))];
    for need in &step.needs {
        ways.push(match need {
            Need::Verified(_) => (format!("breakfix check {id}"), message!("way-check")),
            Need::Answered { .. } => {
                let value = message!("way-answer-value").to(style.language);
                (
                    format!("breakfix answer {id} {value}"),
                    message!("way-answer"),
                )
            }
            Need::Observed(_) => (format!("breakfix run-step {id}"), message!("way-run-step")),
            Need::SelfReported => (format!("breakfix check {id} --done"), message!("way-done")),
        });
    }
    ways.push(("breakfix hint".to_owned(), message!("way-hint")));
    let row = |(command, what): (String, Message)| vec![command, what.to(style.language)];
    let rows: Vec<Vec<String>> = ways.into_iter().map(row).collect();
    let lines = aligned(&rows);
    lines.lines().map(|line| format!("  {line}\n")).collect()
}

/// Steps that turned out to be done: a line for each; empty when there is none.
pub fn newly_done(progress: &Progress, ids: &[String], style: Style) -> String {
    let done = progress.steps.iter().filter(|step| ids.contains(&step.id));
    let line = |step: &StepProgress| {
        let grade = grade_word(step.done?);
        let done = message!(
            "step-done",
            step = &step.id,
            title = &step.title,
            grade = grade
        );
        let mark = if style.plain {
            String::new()
        } else {
            style.paint().good("✓ ")
        };
        Some(format!("{mark}{}\n", done.to(style.language)))
    };
    done.filter_map(line).collect()
}

/// `status --format json`.
pub fn status_json(
    session: &SessionOutcome,
    progress: &Progress,
    checks: &[CheckOutcome],
    members: Value,
) -> String {
    let checks: Vec<_> = checks.iter().map(check_view).collect();
    let mut all = json!({
        "session": session_view(session),
        "progress": progress_view(progress),
        "checks": checks,
    });
    if let (Some(all), Value::Object(members)) = (all.as_object_mut(), members) {
        all.extend(members);
    }
    document(all)
}

/// The steps, for programs.
pub fn progress_view(progress: &Progress) -> Value {
    let steps: Vec<Value> = progress.steps.iter().map(step_view).collect();
    json!({
        "steps": steps,
        "current": progress.current().map(|step| &step.id),
        "done": progress.done(),
        "verified": progress.count(Grade::Verified),
        "answered": progress.count(Grade::Answered),
        "observed": progress.count(Grade::Observed),
        "self_reported": progress.count(Grade::SelfReported),
    })
}

fn step_view(step: &StepProgress) -> Value {
    let needs: Vec<Value> = step.needs.iter().map(need_view).collect();
    json!({
        "id": step.id,
        "title": step.title,
        "evidence": step.done.map(grade_name),
        "lapsed": step.lapsed,
        "assisted": step.assisted,
        "opened": step.opened,
        "resource_seen": !step.unseen_resource,
        "hints": step.hints,
        "needs": needs,
    })
}

/// A stable name, for programs.
pub fn grade_name(grade: Grade) -> &'static str {
    match grade {
        Grade::Assisted => "assisted",
        Grade::SelfReported => "self-reported",
        Grade::Observed => "observed",
        Grade::Answered => "answered",
        Grade::Verified => "verified",
    }
}

fn need_view(need: &Need) -> Value {
    match need {
        Need::Verified(conditions) => {
            let told = conditions.iter();
            let told: Vec<Value> = told
                .map(|(title, met)| json!({ "title": title, "met": met }))
                .collect();
            json!({ "evidence": "verified", "conditions": told })
        }
        Need::Answered { finding, question } => {
            json!({ "evidence": "answered", "finding": finding, "question": question })
        }
        Need::Observed(call) => json!({ "evidence": "observed", "call": call }),
        Need::SelfReported => json!({ "evidence": "self-reported" }),
    }
}
