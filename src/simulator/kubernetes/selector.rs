//! Label and field selectors: which objects a request is about.

use super::kind::Kind;
use super::refusal::Refusal;
use serde_json::Value;

/// Both selectors of a request; the default selects everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Selectors {
    labels: Vec<Requirement>,
    fields: Vec<FieldTerm>,
}

#[derive(Debug, Clone, PartialEq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
    Above(i64),
    Below(i64),
}

#[derive(Debug, Clone, PartialEq)]
struct FieldTerm {
    path: String,
    equal: bool,
    value: String,
}

impl Selectors {
    /// Parses `labelSelector` and `fieldSelector` as they are after percent-decoding.
    pub(super) fn parse(
        kind: &Kind,
        labels: Option<&str>,
        fields: Option<&str>,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            labels: parse_labels(labels.unwrap_or_default())?,
            fields: parse_fields(kind, fields.unwrap_or_default())?,
        })
    }

    pub(super) fn select(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        self.labels
            .iter()
            .all(|requirement| requirement.holds(labels[requirement.key.as_str()].as_str()))
            && self
                .fields
                .iter()
                .all(|term| (field(object, &term.path) == term.value) == term.equal)
    }

    /// The one name that a field selector asks for.
    pub(super) fn name(&self) -> Option<&str> {
        self.fields
            .iter()
            .find(|term| term.equal && term.path == "metadata.name")
            .map(|term| term.value.as_str())
    }
}

impl Requirement {
    fn holds(&self, label: Option<&str>) -> bool {
        let number = || label.and_then(|label| label.parse::<i64>().ok());
        match &self.test {
            Test::Exists => label.is_some(),
            Test::Absent => label.is_none(),
            Test::In(values) => {
                label.is_some_and(|label| values.iter().any(|value| value == label))
            }
            Test::NotIn(values) => {
                label.is_none_or(|label| values.iter().all(|value| value != label))
            }
            Test::Above(bound) => number().is_some_and(|number| number > *bound),
            Test::Below(bound) => number().is_some_and(|number| number < *bound),
        }
    }
}

/// The value of a selectable field, as text; an absent one reads as its zero value.
fn field(object: &Value, path: &str) -> String {
    if path == "source" {
        return object["source"]["component"]
            .as_str()
            .or(object["reportingComponent"].as_str())
            .unwrap_or_default()
            .to_owned();
    }
    match path.split('.').fold(object, |value, key| &value[key]) {
        Value::String(text) => text.clone(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        _ if matches!(path, "spec.unschedulable" | "spec.hostNetwork") => "false".to_owned(),
        _ => String::new(),
    }
}

fn parse_fields(kind: &Kind, selector: &str) -> Result<Vec<FieldTerm>, Refusal> {
    split_unescaped(selector)
        .into_iter()
        .filter(|term| !term.is_empty())
        .map(|term| parse_field(kind, selector, term))
        .collect()
}

fn parse_field(kind: &Kind, selector: &str, term: &str) -> Result<FieldTerm, Refusal> {
    let not_understood = || {
        Refusal::bad_request(format!(
            "invalid selector: '{selector}'; can't understand '{term}'"
        ))
    };
    let position = term.find('=').ok_or_else(not_understood)?;
    let (path, equal) = match term[..position].strip_suffix('!') {
        Some(path) => (path, false),
        None => (&term[..position], true),
    };
    let value = term[position + 1..]
        .strip_prefix('=')
        .filter(|_| equal)
        .unwrap_or(&term[position + 1..]);
    if !matches!(path, "metadata.name" | "metadata.namespace") && !kind.fields.contains(&path) {
        return Err(unknown_field(kind, path));
    }
    Ok(FieldTerm {
        path: path.to_owned(),
        equal,
        value: unescaped(value),
    })
}

/// Kinds with selectable fields of their own word this differently from the others.
fn unknown_field(kind: &Kind, path: &str) -> Refusal {
    Refusal::bad_request(if kind.fields.is_empty() {
        format!(
            r#""{path}" is not a known field selector: only "metadata.name", "metadata.namespace""#
        )
    } else {
        format!("field label not supported: {path}")
    })
}

/// Splits at commas that no backslash precedes.
fn split_unescaped(selector: &str) -> Vec<&str> {
    let (mut terms, mut start, mut escaped) = (Vec::new(), 0, false);
    for (position, letter) in selector.char_indices() {
        if letter == ',' && !escaped {
            terms.push(&selector[start..position]);
            start = position + 1;
        }
        escaped = letter == '\\' && !escaped;
    }
    terms.push(&selector[start..]);
    terms
}

fn unescaped(value: &str) -> String {
    let mut letters = value.chars();
    std::iter::from_fn(|| {
        letters.next().and_then(|letter| {
            if letter == '\\' {
                letters.next()
            } else {
                Some(letter)
            }
        })
    })
    .collect()
}

/// The label grammar: requirements joined by commas, where a comma inside brackets separates values.
fn parse_labels(selector: &str) -> Result<Vec<Requirement>, Refusal> {
    if selector.trim().is_empty() {
        return Ok(Vec::new());
    }
    split_outside_brackets(selector)
        .into_iter()
        .map(|piece| parse_requirement(piece.trim()))
        .collect::<Result<_, _>>()
        .map_err(|why| Refusal::bad_request(format!("unable to parse requirement: {why}")))
}

fn split_outside_brackets(selector: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    selector
        .split(|letter| {
            match letter {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            letter == ',' && depth == 0
        })
        .collect()
}

fn parse_requirement(text: &str) -> Result<Requirement, String> {
    if let Some(key) = text.strip_prefix('!') {
        return Ok(Requirement {
            key: label_key(key.trim())?,
            test: Test::Absent,
        });
    }
    let Some(position) = text.find(|letter: char| "=!<> \t".contains(letter)) else {
        return Ok(Requirement {
            key: label_key(text)?,
            test: Test::Exists,
        });
    };
    let key = label_key(&text[..position])?;
    let test = parse_test(text[position..].trim_start())?;
    Ok(Requirement { key, test })
}

fn parse_test(text: &str) -> Result<Test, String> {
    if let Some(value) = text.strip_prefix("!=") {
        return Ok(Test::NotIn(vec![label_value(value)?]));
    }
    if let Some(value) = text.strip_prefix("==").or_else(|| text.strip_prefix('=')) {
        return Ok(Test::In(vec![label_value(value)?]));
    }
    if let Some(bound) = text.strip_prefix('>') {
        return Ok(Test::Above(label_bound(bound)?));
    }
    if let Some(bound) = text.strip_prefix('<') {
        return Ok(Test::Below(label_bound(bound)?));
    }
    if let Some(values) = text.strip_prefix("notin") {
        return Ok(Test::NotIn(label_values(values)?));
    }
    match text.strip_prefix("in") {
        Some(values) => Ok(Test::In(label_values(values)?)),
        None => Err(format!(
            "found '{text}', expected: in, notin, =, ==, !=, gt, lt"
        )),
    }
}

fn label_values(text: &str) -> Result<Vec<String>, String> {
    let inner = text
        .trim()
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'));
    let inner = inner.ok_or_else(|| format!("found '{}', expected: '('", text.trim()))?;
    inner.split(',').map(label_value).collect()
}

fn label_bound(text: &str) -> Result<i64, String> {
    text.trim().parse().map_err(|_| {
        format!(
            "for 'Gt', 'Lt' operators, the value must be an integer, found '{}'",
            text.trim()
        )
    })
}

fn label_key(key: &str) -> Result<String, String> {
    let name = key.rsplit_once('/').map_or(key, |(_, name)| name);
    if is_name_part(name) && !name.is_empty() {
        Ok(key.to_owned())
    } else {
        Err(format!("key: Invalid value: {key:?}"))
    }
}

fn label_value(value: &str) -> Result<String, String> {
    let value = value.trim();
    if is_name_part(value) {
        Ok(value.to_owned())
    } else {
        Err(format!("values[0]: Invalid value: {value:?}"))
    }
}

/// Letters, digits, `-`, `_` and `.`, at most 63, beginning and ending with a letter or digit; or empty.
fn is_name_part(text: &str) -> bool {
    let ends_well =
        |letter: Option<char>| letter.is_none_or(|letter| letter.is_ascii_alphanumeric());
    text.len() <= 63
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
        && ends_well(text.chars().next())
        && ends_well(text.chars().last())
}

#[cfg(test)]
mod tests {
    use super::super::kind::{CONFIG_MAPS, NODES, PODS};
    use super::*;
    use serde_json::json;

    fn check_labels(selector: &str, selected: bool) {
        let object = json!({ "metadata": { "labels": { "eks.amazonaws.com/nodegroup": "workers", "tier": "web", "size": "3", "empty": "" } } });
        let selectors = Selectors::parse(&NODES, Some(selector), None).unwrap();
        assert_eq!(selectors.select(&object), selected, "{selector}");
    }

    #[test]
    fn label_selectors_select() {
        check_labels("", true);
        check_labels("eks.amazonaws.com/nodegroup=workers", true);
        check_labels("eks.amazonaws.com/nodegroup==default", false);
        check_labels("tier=web,size=3", true);
        check_labels("tier=web,size=4", false);
        check_labels("tier", true);
        check_labels("!tier", false);
        check_labels("!absent", true);
        check_labels("tier in (api, web)", true);
        check_labels("tier in (api)", false);
        check_labels("tier notin (api),size", true);
        check_labels("absent notin (a)", true);
        check_labels("absent!=a", true);
        check_labels("tier != web", false);
        check_labels("size>2,size<4", true);
        check_labels("size>3", false);
        check_labels("empty=", true);
    }

    #[test]
    fn a_label_selector_that_does_not_parse_is_refused() {
        for selector in [
            "tier in web",
            "a b",
            ",tier",
            "=x",
            "-a=b",
            "a=b c",
            "size>x",
        ] {
            let refusal = Selectors::parse(&NODES, Some(selector), None).unwrap_err();
            assert!(
                refusal.code == 400 && refusal.message.starts_with("unable to parse requirement: "),
                "{selector}: {refusal:?}"
            );
        }
    }

    fn check_fields(selector: &str, selected: bool) {
        let pod = json!({ "metadata": { "name": "a,b", "namespace": "prod" }, "spec": { "nodeName": "n" }, "status": { "phase": "Running" } });
        assert_eq!(
            Selectors::parse(&PODS, None, Some(selector))
                .unwrap()
                .select(&pod),
            selected,
            "{selector}"
        );
    }

    #[test]
    fn field_selectors_select() {
        check_fields(
            "spec.nodeName=n,status.phase!=Succeeded,status.phase!=Failed",
            true,
        );
        check_fields("spec.nodeName==n,status.phase!=Running", false);
        check_fields(r"metadata.name=a\,b", true);
        check_fields("metadata.namespace=dev", false);
        check_fields("status.podIP=", true);
        check_fields("spec.hostNetwork=false", true);
    }

    #[test]
    fn an_unknown_field_is_refused_in_the_words_of_its_kind() {
        let message = |kind, selector| {
            Selectors::parse(kind, None, Some(selector))
                .unwrap_err()
                .message
        };
        assert_eq!(
            message(&NODES, "spec.foo=1"),
            "field label not supported: spec.foo"
        );
        assert_eq!(
            message(&CONFIG_MAPS, "data.a=1"),
            r#""data.a" is not a known field selector: only "metadata.name", "metadata.namespace""#
        );
        assert_eq!(
            message(&NODES, "name"),
            "invalid selector: 'name'; can't understand 'name'"
        );
    }

    #[test]
    fn the_name_asked_for_is_known() {
        let name = |selector| {
            Selectors::parse(&NODES, None, Some(selector))
                .unwrap()
                .name()
                .map(str::to_owned)
        };
        assert_eq!(name("metadata.name=a").as_deref(), Some("a"));
        assert_eq!(name("metadata.name!=a"), None);
    }
}
