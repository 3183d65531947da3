//! JSON by shape and stable values: the same members in any order, the same types, texts by their
//! forms, numbers exactly unless they are times.

use serde_json::Value;

use super::align::{Item, Misfit, align};
use super::clean::Line;
use super::forms::{self, Context};
use super::json_pattern::{Members, Node, Pattern};
use super::{Drift, DriftKind, shortened};

/// Words that say that a value is a time.
const TIME_WORDS: [&str; 11] = [
    "time",
    "times",
    "timestamp",
    "date",
    "age",
    "duration",
    "elapsed",
    "expiration",
    "expires",
    "expiry",
    "uptime",
];
/// Counters of the API server, which no two clusters share.
const VOLATILE: [&str; 2] = ["resourceVersion", "generation"];

/// Compares documented values with the output.
pub(super) fn compare(
    documented: &[Item<Node>],
    lines: &[Line],
    real: &[Line],
) -> Result<(), Drift> {
    let Some(values) = values(real) else {
        return Err(not_json(lines, real));
    };
    if let ([Item::One(node)], [value]) = (documented, values.as_slice()) {
        return document(node, value);
    }
    let first_line = lines.first().map_or(1, |line| line.number);
    sequence(documented, &values, None, first_line, "documents")
}

/// The values that were printed, if they are JSON.
pub(super) fn values(real: &[Line]) -> Option<Vec<Value>> {
    let text: Vec<&str> = real.iter().map(|line| line.text.as_str()).collect();
    let text = text.join("\n");
    let values = serde_json::Deserializer::from_str(&text).into_iter();
    let values = values.collect::<Result<Vec<Value>, _>>().ok()?;
    (!values.is_empty()).then_some(values)
}

fn not_json(documented: &[Line], real: &[Line]) -> Drift {
    let first = |lines: &[Line]| {
        let line = lines.iter().find(|line| !line.text.is_empty());
        line.map(|line| (line.number, shortened(line.text.trim())))
    };
    let (at_line, expected) = first(documented).unwrap_or((1, String::new()));
    let found = first(real).map(|(_, text)| text);
    let why = match found {
        Some(_) => "the page shows JSON, and the output is something else",
        None => "the page shows JSON, and nothing was printed",
    };
    Drift {
        kind: DriftKind::NotJson,
        at_line,
        expected,
        found: found.unwrap_or_else(|| "(nothing)".to_owned()),
        why: why.to_owned(),
    }
}

/// A whole document: where it differs, the reason may be an object around it on one side.
fn document(node: &Node, real: &Value) -> Result<(), Drift> {
    let Err(drift) = value(node, real, None) else {
        return Ok(());
    };
    Err(wrapper_gone(node, real)
        .or_else(|| wrapper_new(node, real))
        .unwrap_or(drift))
}

pub(super) fn wrapper_gone(node: &Node, real: &Value) -> Option<Drift> {
    let (name, inner) = sole_member(node)?;
    let is_there = real.get(name).is_some();
    (!is_there && is_like_within(inner, real)).then(|| Drift {
        kind: DriftKind::WrapperGone,
        at_line: inner.line,
        expected: format!("{{\"{name}\": …}}"),
        found: short(real),
        why: format!(
            "the documented output has the wrapper \"{name}\", which is not in the output"
        ),
    })
}

pub(super) fn wrapper_new(node: &Node, real: &Value) -> Option<Drift> {
    let Value::Object(members) = real else {
        return None;
    };
    let (name, inner) = members.iter().next().filter(|_| members.len() == 1)?;
    let is_shown = match &node.value {
        Pattern::Object(shown) => shown.members.iter().any(|(shown, _)| shown == name),
        _ => false,
    };
    (!is_shown && is_like(node, inner)).then(|| Drift {
        kind: DriftKind::WrapperNew,
        at_line: node.line,
        expected: describe(&node.value),
        found: format!("{{\"{name}\": …}}"),
        why: format!("the output has the wrapper \"{name}\", which the page does not show"),
    })
}

fn sole_member(node: &Node) -> Option<(&str, &Node)> {
    match &node.value {
        Pattern::Object(object) if object.members.len() == 1 => {
            let (name, inner) = object.members.first()?;
            Some((name, inner))
        }
        _ => None,
    }
}

/// Whether the output looks like the documented value or like what it alone holds.
fn is_like_within(node: &Node, real: &Value) -> bool {
    is_like(node, real) || within(node).is_some_and(|inner| is_like_within(inner, real))
}

/// What a value alone holds: a list's first element, an object's only member.
pub(super) fn within(node: &Node) -> Option<&Node> {
    match &node.value {
        Pattern::Array(elements) => elements.iter().find_map(|item| match item {
            Item::One(node) => Some(node),
            Item::Elision => None,
        }),
        Pattern::Object(_) => sole_member(node).map(|(_, inner)| inner),
        _ => None,
    }
}

/// Whether both are lists, or objects that share a member but for its case.
pub(super) fn is_like(node: &Node, real: &Value) -> bool {
    match (&node.value, real) {
        (Pattern::Array(_), Value::Array(_)) => true,
        (Pattern::Object(shown), Value::Object(members)) => {
            shown.members.is_empty()
                || members.keys().any(|name| {
                    let same = |(shown, _): &(String, Node)| shown.eq_ignore_ascii_case(name);
                    shown.members.iter().any(same)
                })
        }
        _ => false,
    }
}

/// Compares a value; `key` is the member's name that it stands under.
pub(super) fn value(node: &Node, real: &Value, key: Option<&str>) -> Result<(), Drift> {
    if key.is_some_and(|key| VOLATILE.contains(&key)) && !real.is_object() && !real.is_array() {
        return Ok(());
    }
    let is_same = match (&node.value, real) {
        (Pattern::Any, _) | (Pattern::Null, Value::Null) => true,
        (Pattern::Boolean(shown), Value::Bool(found)) => shown == found,
        (Pattern::Number(shown), Value::Number(found)) => {
            shown == found || shown.as_f64() == found.as_f64() || is_time(key)
        }
        (Pattern::Text(shown), Value::String(found)) => {
            forms::same(shown, found, context(key, shown))
        }
        // The AWS CLI writes times as texts or as seconds, as it is configured.
        (Pattern::Text(_), Value::Number(_)) | (Pattern::Number(_), Value::String(_)) => {
            is_time(key)
        }
        (Pattern::Array(shown), Value::Array(found)) => {
            return sequence(shown, found, key, node.line, "elements");
        }
        (Pattern::Object(shown), Value::Object(found)) => return members(node, shown, found),
        _ => false,
    };
    if is_same {
        return Ok(());
    }
    Err(differing(node, real, key))
}

fn differing(node: &Node, real: &Value, key: Option<&str>) -> Drift {
    let (expected, found) = (describe(&node.value), short(real));
    let what = key.map_or_else(|| "the value".to_owned(), |key| format!("\"{key}\""));
    let is_type = type_of(&node.value) != type_of_real(real);
    let (kind, why) = if is_type {
        let (shown, found) = (type_of(&node.value), type_of_real(real));
        (
            DriftKind::Type,
            format!("{what} is {shown} on the page, {found} in the output"),
        )
    } else {
        (
            DriftKind::Value,
            format!("{what} is {expected} on the page, {found} in the output"),
        )
    };
    Drift {
        kind,
        at_line: node.line,
        expected,
        found,
        why,
    }
}

fn members(
    node: &Node,
    shown: &Members,
    found: &serde_json::Map<String, Value>,
) -> Result<(), Drift> {
    for (name, member) in &shown.members {
        match found.get(name) {
            Some(real) => value(member, real, Some(name))?,
            None => return Err(missing(name, member, found)),
        }
    }
    let is_shown = |name: &String| shown.members.iter().any(|(shown, _)| shown == name);
    match found.iter().find(|(name, _)| !is_shown(name)) {
        Some((name, real)) if !shown.elided => Err(Drift {
            kind: DriftKind::Member,
            at_line: node.line,
            expected: format!("no \"{name}\""),
            found: format!("\"{name}\": {}", short(real)),
            why: format!(
                "the output has \"{name}\", which the page does not show; a line of `...` elides it"
            ),
        }),
        _ => Ok(()),
    }
}

fn missing(name: &str, member: &Node, found: &serde_json::Map<String, Value>) -> Drift {
    let other_case = found.keys().find(|key| key.eq_ignore_ascii_case(name));
    let why = match other_case {
        Some(key) => format!("the page shows \"{name}\", which the output writes \"{key}\""),
        None => format!("the page shows \"{name}\", which is not in the output"),
    };
    let names: Vec<String> = found.keys().map(|key| format!("\"{key}\"")).collect();
    Drift {
        kind: DriftKind::Member,
        at_line: member.line,
        expected: format!("\"{name}\": {}", describe(&member.value)),
        found: shortened(&names.join(", ")),
        why,
    }
}

fn sequence(
    documented: &[Item<Node>],
    real: &[Value],
    key: Option<&str>,
    line: usize,
    what: &str,
) -> Result<(), Drift> {
    let fits = |node: &Node, real: &Value| value(node, real, key).is_ok();
    let Err(misfit) = align(documented, real, fits) else {
        return Ok(());
    };
    let shown = misfit.documented.map(|index| &documented[index]);
    if let (Some(Item::One(node)), Some(index)) = (shown, misfit.real)
        && let Err(drift) = value(node, &real[index], key)
    {
        return Err(drift);
    }
    Err(length(documented, real, misfit, line, what))
}

fn length(
    documented: &[Item<Node>],
    real: &[Value],
    misfit: Misfit,
    line: usize,
    what: &str,
) -> Drift {
    let is_one = |item: &&Item<Node>| matches!(item, Item::One(_));
    let shown = documented.iter().filter(is_one).count();
    let why = match misfit.documented {
        Some(_) => format!(
            "the page shows {shown} {what}, the output has {}",
            real.len()
        ),
        None => format!(
            "the output has {} {what}, the page shows {shown}; a line of `...` elides the others",
            real.len()
        ),
    };
    let at_line = match misfit.documented.map(|index| &documented[index]) {
        Some(Item::One(node)) => node.line,
        _ => line,
    };
    Drift {
        kind: DriftKind::Length,
        at_line,
        expected: format!("{shown} {what}"),
        found: format!("{} {what}", real.len()),
        why,
    }
}

fn context(key: Option<&str>, shown: &str) -> Context {
    let lower = key.unwrap_or_default().to_ascii_lowercase();
    Context {
        // A quantity such as `250m` stands alone; within a sentence it is an age.
        ages: is_time(key) || shown.trim().contains(' '),
        short_versions: lower.contains("version"),
    }
}

/// Whether values under this name differ from moment to moment.
fn is_time(key: Option<&str>) -> bool {
    let words = words(key.unwrap_or_default());
    words.iter().any(|word| TIME_WORDS.contains(&word.as_str()))
        || (words.len() > 1 && words.last().is_some_and(|word| word == "at"))
}

/// `createdAt`, `created_at` and `CreatedAt` are `created`, `at`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before_is_lower = false;
    for letter in name.chars() {
        let begins = letter.is_uppercase() && before_is_lower;
        before_is_lower = letter.is_lowercase();
        if begins || words.is_empty() || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn type_of(pattern: &Pattern) -> &'static str {
    match pattern {
        Pattern::Any => "anything",
        Pattern::Null => "null",
        Pattern::Boolean(_) => "a boolean",
        Pattern::Number(_) => "a number",
        Pattern::Text(_) => "a string",
        Pattern::Array(_) => "a list",
        Pattern::Object(_) => "an object",
    }
}

fn type_of_real(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn describe(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Any => "...".to_owned(),
        Pattern::Null => "null".to_owned(),
        Pattern::Boolean(shown) => shown.to_string(),
        Pattern::Number(shown) => shown.to_string(),
        Pattern::Text(shown) => shortened(&format!("{shown:?}")),
        Pattern::Array(_) => "a list".to_owned(),
        Pattern::Object(object) => {
            let names: Vec<&str> = object
                .members
                .iter()
                .map(|(name, _)| name.as_str())
                .collect();
            object_of(&names)
        }
    }
}

fn short(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(members) => {
            let names: Vec<&str> = members.keys().map(String::as_str).collect();
            object_of(&names)
        }
        Value::String(found) => shortened(&format!("{found:?}")),
        scalar => scalar.to_string(),
    }
}

fn object_of(names: &[&str]) -> String {
    match names {
        [] => "{}".to_owned(),
        names => shortened(&format!("an object of {}", names.join(", "))),
    }
}
