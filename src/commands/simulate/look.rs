//! `breakfix simulate events`, `status` and `advance`: looking into a simulator that runs elsewhere, and moving its
//! clock.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::super::control::Control;
use super::super::output;
use crate::outcome::Exit;

/// What to ask of which simulator.
#[derive(Debug, Clone)]
pub struct LookRequest {
    pub question: Question,
    /// Where it keeps its world; else the environment says where it listens.
    pub state: Option<PathBuf>,
    pub json: bool,
}

#[derive(Debug, Clone)]
pub enum Question {
    /// The calls after a number.
    Events {
        after: u64,
    },
    Status,
    /// Lets world time pass at once, then tells the status.
    Advance {
        by: Duration,
    },
}

/// Asks, and prints the answer.
///
/// # Errors
/// When no simulator is known or it cannot be reached.
pub fn look(request: &LookRequest) -> anyhow::Result<Exit> {
    let control = Control::find(request.state.as_deref())?;
    let answer = match request.question {
        Question::Events { after } => control.ask_json("GET", &format!("events?after={after}"))?,
        Question::Status => control.ask_json("GET", "status")?,
        Question::Advance { by } => {
            control.ask_json("POST", &format!("advance?micros={}", by.as_micros()))?
        }
    };
    let text = match request.question {
        _ if request.json => format!("{answer:#}\n"),
        Question::Events { .. } => event_lines(&answer),
        Question::Status | Question::Advance { .. } => status_lines(&answer),
    };
    output::say(&text);
    Ok(Exit::Met)
}

fn status_lines(status: &Value) -> String {
    let members = status.as_object().into_iter().flatten();
    members
        .map(|(name, value)| format!("{:22} {}\n", name.replace('_', " "), plain(value)))
        .collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

const COLUMNS: [&str; 6] = [
    "TIME",
    "SERVICE",
    "OPERATION",
    "CALLER",
    "RESULT",
    "RESOURCES",
];

/// A line for each call: when, what, who, on what, and what came of it.
fn event_lines(events: &Value) -> String {
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    rows.extend(events.as_array().into_iter().flatten().map(row));
    let widths: Vec<usize> = (0..COLUMNS.len())
        .map(|column| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let line = |row: &[String; 6]| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        format!("{}\n", line.trim_end())
    };
    rows.iter().map(line).collect()
}

fn row(event: &Value) -> [String; 6] {
    let text = |member: &str| event[member].as_str().unwrap_or_default().to_owned();
    let source = text("source");
    let resources = event["resources"].as_array().into_iter().flatten();
    [
        text("at"),
        source
            .strip_suffix(".amazonaws.com")
            .unwrap_or(&source)
            .to_owned(),
        text("operation"),
        last_part(event["caller"]["arn"].as_str().unwrap_or("-")),
        event["error"]["code"].as_str().unwrap_or("ok").to_owned(),
        resources.map(resource).collect::<Vec<_>>().join(" "),
    ]
}

fn resource(resource: &Value) -> String {
    let name = resource["name"].as_str().unwrap_or_default();
    let kind = resource["kind"].as_str().unwrap_or_default();
    if name.is_empty() {
        kind.to_owned()
    } else {
        name.to_owned()
    }
}

/// `workshop` of a user's ARN, `role/session` of a session's.
fn last_part(arn: &str) -> String {
    let resource = arn.rsplit(':').next().unwrap_or(arn);
    let named = resource.split_once('/').map_or(resource, |(_, name)| name);
    named.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_are_lines_in_columns() {
        let events = json!([
            {"at": "2026-11-22T10:00:00Z", "source": "kms.amazonaws.com", "operation": "DescribeKey",
             "caller": {"arn": "arn:aws:iam::1:user/workshop"}, "error": null,
             "resources": [{"kind": "AWS::KMS::Key", "name": "arn:aws:kms:r:1:key/k"}]},
            {"at": "2026-11-22T10:00:01Z", "source": "kubernetes", "operation": "list",
             "caller": null, "error": {"code": "Unauthorized"}, "resources": [{"kind": "nodes", "name": ""}]},
        ]);
        let expected = "\
TIME                  SERVICE     OPERATION    CALLER    RESULT        RESOURCES
2026-11-22T10:00:00Z  kms         DescribeKey  workshop  ok            arn:aws:kms:r:1:key/k
2026-11-22T10:00:01Z  kubernetes  list         -         Unauthorized  nodes
";
        assert_eq!(event_lines(&events), expected);
    }
}
