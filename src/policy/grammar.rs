//! The grammar of policy documents: JSON → [`Policy`], with errors that say what and where.

use std::fmt;

use serde_json::{Map, Value};

use super::document::{Condition, Effect, Element, Policy, Statement, Version};
use super::json;
use super::operator::Operator;
use super::principal::{Principal, PrincipalElement};

/// What is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    pub place: Place,
    pub what: String,
}

/// Where in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Document,
    /// The statement's number, counted from 1.
    Statement(usize),
}

impl fmt::Display for PolicyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Document => write!(formatter, "{}", self.what),
            Place::Statement(number) => write!(formatter, "statement {number}: {}", self.what),
        }
    }
}

impl std::error::Error for PolicyError {}

/// Errors inside a statement, before its number is known.
type Within<T> = Result<T, String>;

pub(super) fn parse(text: &str) -> Result<Policy, PolicyError> {
    let value = json::parse(text).map_err(|error| in_document(format!("not JSON: {error}")))?;
    let Value::Object(elements) = value else {
        return Err(in_document("the document is not a JSON object"));
    };
    let known = ["Version", "Id", "Statement"];
    refuse_unknown(&elements, &known).map_err(in_document)?;
    Ok(Policy {
        version: version(elements.get("Version")).map_err(in_document)?,
        id: optional_string(&elements, "Id").map_err(in_document)?,
        statements: statements(elements.get("Statement"))?,
    })
}

fn in_document(what: impl Into<String>) -> PolicyError {
    PolicyError {
        place: Place::Document,
        what: what.into(),
    }
}

fn version(value: Option<&Value>) -> Within<Version> {
    match value {
        None => Ok(Version::V2008),
        Some(Value::String(text)) if text == "2008-10-17" => Ok(Version::V2008),
        Some(Value::String(text)) if text == "2012-10-17" => Ok(Version::V2012),
        Some(other) => Err(format!(
            "Version {other} is neither \"2012-10-17\" nor \"2008-10-17\""
        )),
    }
}

fn statements(value: Option<&Value>) -> Result<Vec<Statement>, PolicyError> {
    let list = match value {
        None => return Err(in_document("there is no Statement element")),
        Some(Value::Array(list)) => list.as_slice(),
        Some(single) => std::slice::from_ref(single),
    };
    let numbered = |(index, value)| {
        statement(value).map_err(|what| PolicyError {
            place: Place::Statement(index + 1),
            what,
        })
    };
    list.iter().enumerate().map(numbered).collect()
}

const STATEMENT_ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

fn statement(value: &Value) -> Within<Statement> {
    let Value::Object(elements) = value else {
        return Err("not a JSON object".to_string());
    };
    refuse_unknown(elements, &STATEMENT_ELEMENTS)?;
    Ok(Statement {
        sid: optional_string(elements, "Sid")?,
        effect: effect(elements.get("Effect"))?,
        principal: principal_element(elements)?,
        action: element(elements, "Action", "NotAction")?,
        resource: element(elements, "Resource", "NotResource")?,
        conditions: conditions(elements.get("Condition"))?,
    })
}

fn refuse_unknown(elements: &Map<String, Value>, known: &[&str]) -> Within<()> {
    match elements.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("unknown element \"{key}\"")),
        None => Ok(()),
    }
}

fn optional_string(elements: &Map<String, Value>, name: &str) -> Within<Option<String>> {
    match elements.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(format!("{name} is {other}, not a string")),
    }
}

fn effect(value: Option<&Value>) -> Within<Effect> {
    match value {
        None => Err("there is no Effect element".to_string()),
        Some(Value::String(text)) if text == "Allow" => Ok(Effect::Allow),
        Some(Value::String(text)) if text == "Deny" => Ok(Effect::Deny),
        Some(other) => Err(format!("Effect {other} is neither \"Allow\" nor \"Deny\"")),
    }
}

/// The positive or the `Not…` form of an element; both at once is an error.
fn one_of<'a>(
    elements: &'a Map<String, Value>,
    name: &'a str,
    not_name: &'a str,
) -> Within<Option<(bool, &'a str, &'a Value)>> {
    match (elements.get(name), elements.get(not_name)) {
        (Some(_), Some(_)) => Err(format!("has both {name} and {not_name}")),
        (Some(value), None) => Ok(Some((false, name, value))),
        (None, Some(value)) => Ok(Some((true, not_name, value))),
        (None, None) => Ok(None),
    }
}

fn element(elements: &Map<String, Value>, name: &str, not_name: &str) -> Within<Option<Element>> {
    let Some((negated, written, value)) = one_of(elements, name, not_name)? else {
        return Ok(None);
    };
    let patterns = strings(value)
        .ok_or_else(|| format!("{written} is neither a string nor a list of strings"))?;
    Ok((!patterns.is_empty()).then_some(Element { negated, patterns }))
}

fn strings(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().map(str::to_string))
            .collect(),
        _ => None,
    }
}

fn principal_element(elements: &Map<String, Value>) -> Within<Option<PrincipalElement>> {
    let Some((negated, written, value)) = one_of(elements, "Principal", "NotPrincipal")? else {
        return Ok(None);
    };
    let principals = match value {
        Value::String(text) if text == "*" => vec![Principal::Everyone],
        Value::Object(kinds) => principals_by_kind(kinds, written)?,
        other => {
            return Err(format!(
                "{written} is {other}, neither \"*\" nor an object such as {{\"AWS\": …}}"
            ));
        }
    };
    Ok(Some(PrincipalElement {
        negated,
        principals,
    }))
}

fn principals_by_kind(kinds: &Map<String, Value>, written: &str) -> Within<Vec<Principal>> {
    let mut principals = Vec::new();
    for (kind, value) in kinds {
        let make: fn(String) -> Principal = match kind.as_str() {
            "AWS" => aws_principal,
            "Service" => Principal::Service,
            "Federated" => Principal::Federated,
            "CanonicalUser" => Principal::CanonicalUser,
            _ => return Err(format!("{written} has an unknown kind \"{kind}\"")),
        };
        let names = strings(value)
            .ok_or_else(|| format!("{written} {kind} is neither a string nor a list of strings"))?;
        principals.extend(names.into_iter().map(make));
    }
    Ok(principals)
}

fn aws_principal(name: String) -> Principal {
    if name == "*" {
        Principal::Everyone
    } else {
        Principal::Aws(name)
    }
}

fn conditions(value: Option<&Value>) -> Within<Vec<Condition>> {
    let operators = match value {
        None => return Ok(Vec::new()),
        Some(Value::Object(operators)) => operators,
        Some(_) => return Err("Condition is not an object".to_string()),
    };
    let mut conditions = Vec::new();
    for (name, keys) in operators {
        let operator = Operator::parse(name)
            .ok_or_else(|| format!("unknown condition operator \"{name}\""))?;
        let Value::Object(keys) = keys else {
            return Err(format!(
                "condition {name} is not an object of keys and values"
            ));
        };
        for (key, value) in keys {
            let values = condition_values(value).ok_or_else(|| {
                format!("condition {name} {key} has a value that is no string, boolean or number")
            })?;
            conditions.push(Condition {
                operator: operator.clone(),
                key: key.clone(),
                values,
            });
        }
    }
    Ok(conditions)
}

fn condition_values(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => items.iter().map(scalar).collect(),
        single => scalar(single).map(|text| vec![text]),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement_text(elements: &str) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow"}},{{{elements}}}]}}"#)
    }

    fn check_refused(text: &str, expected: &str) {
        let error = Policy::parse(text).expect_err(text);
        assert_eq!(error.to_string(), expected, "{text}");
    }

    fn check_statement_refused(elements: &str, expected: &str) {
        check_refused(&statement_text(elements), expected);
    }

    #[test]
    fn a_full_document_is_read_into_its_parts() {
        let policy = Policy::parse(
            r#"{"Version":"2012-10-17","Id":"key-default-1","Statement":{"Sid":"with blanks","Effect":"Deny",
                "NotPrincipal":{"AWS":["*","111122223333"],"Service":"ec2.amazonaws.com"},
                "NotAction":"kms:*","NotResource":["a","b"],
                "Condition":{"Bool":{"aws:a":true},"NumericLessThan":{"aws:b":[1,"2"]}}}}"#,
        )
        .expect("valid");
        let statement = &policy.statements[0];
        assert_eq!(policy.version, Version::V2012);
        assert_eq!(policy.id.as_deref(), Some("key-default-1"));
        assert_eq!(statement.sid.as_deref(), Some("with blanks"));
        assert_eq!(statement.effect, Effect::Deny);
        let principal = statement.principal.as_ref().expect("principal");
        assert!(principal.negated);
        assert_eq!(
            principal.principals,
            [
                Principal::Everyone,
                Principal::Aws("111122223333".into()),
                Principal::Service("ec2.amazonaws.com".into())
            ]
        );
        assert_eq!(
            statement.action,
            Some(Element {
                negated: true,
                patterns: vec!["kms:*".into()]
            })
        );
        assert_eq!(
            statement.resource,
            Some(Element {
                negated: true,
                patterns: vec!["a".into(), "b".into()]
            })
        );
        assert_eq!(statement.conditions[0].values, ["true"]);
        assert_eq!(statement.conditions[1].values, ["1", "2"]);
    }

    #[test]
    fn a_document_without_version_is_of_2008() {
        let policy = Policy::parse(r#"{"Statement":{"Effect":"Allow"}}"#).expect("valid");
        assert_eq!(policy.version, Version::V2008);
        assert_eq!(policy.statements[0].action, None);
    }

    #[test]
    fn an_empty_action_list_counts_as_none() {
        let policy =
            Policy::parse(r#"{"Statement":{"Effect":"Allow","NotAction":[]}}"#).expect("valid");
        assert_eq!(policy.statements[0].action, None);
    }

    #[test]
    fn errors_in_the_document_say_what() {
        check_refused("", "not JSON: EOF while parsing a value at line 1 column 0");
        check_refused("[]", "the document is not a JSON object");
        check_refused("{}", "there is no Statement element");
        // No statement at all is a document; KMS refuses it only because it locks everybody out.
        assert!(Policy::parse(r#"{"Statement":[]}"#).is_ok());
        check_refused(r#"{"Statements":[]}"#, "unknown element \"Statements\"");
        check_refused(r#"{"Id":1,"Statement":[]}"#, "Id is 1, not a string");
        check_refused(
            r#"{"Version":"2012-10-18","Statement":{"Effect":"Allow"}}"#,
            "Version \"2012-10-18\" is neither \"2012-10-17\" nor \"2008-10-17\"",
        );
        check_refused(
            r#"{"Statement":{"Effect":"Allow","Effect":"Deny"}}"#,
            "not JSON: \"Effect\" is given twice at line 1 column 47",
        );
    }

    #[test]
    fn errors_in_a_statement_say_which() {
        check_refused(r#"{"Statement":["x"]}"#, "statement 1: not a JSON object");
        check_statement_refused(
            r#""Effect":"Allow","Actions":"kms:*""#,
            "statement 2: unknown element \"Actions\"",
        );
        check_statement_refused(r#""Sid":"x""#, "statement 2: there is no Effect element");
        check_statement_refused(
            r#""Effect":"allow""#,
            "statement 2: Effect \"allow\" is neither \"Allow\" nor \"Deny\"",
        );
        check_statement_refused(
            r#""Effect":"Allow","Action":"a","NotAction":"b""#,
            "statement 2: has both Action and NotAction",
        );
        check_statement_refused(
            r#""Effect":"Allow","Resource":[1]"#,
            "statement 2: Resource is neither a string nor a list of strings",
        );
        check_statement_refused(
            r#""Effect":"Allow","Principal":"arn:aws:iam::111122223333:root""#,
            "statement 2: Principal is \"arn:aws:iam::111122223333:root\", neither \"*\" nor an object such as {\"AWS\": …}",
        );
        check_statement_refused(
            r#""Effect":"Allow","Principal":{"Aws":"*"}"#,
            "statement 2: Principal has an unknown kind \"Aws\"",
        );
        check_statement_refused(
            r#""Effect":"Allow","Condition":{"Boolean":{"a":"b"}}"#,
            "statement 2: unknown condition operator \"Boolean\"",
        );
        check_statement_refused(
            r#""Effect":"Allow","Condition":{"Bool":{"a":null}}"#,
            "statement 2: condition Bool a has a value that is no string, boolean or number",
        );
        check_statement_refused(
            r#""Effect":"Allow","Condition":{"Bool":"a"}"#,
            "statement 2: condition Bool is not an object of keys and values",
        );
    }
}
