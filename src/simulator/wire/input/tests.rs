//! Inputs of every protocol as typed requests, and how each protocol says what does not fit.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{form, protocol::Protocol};
use super::*;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Filter {
    name: String,
    #[serde(alias = "Value")]
    values: Vec<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
enum Colour {
    Red,
    Blue,
}

#[derive(Debug, Deserialize, PartialEq, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct Describe {
    max_records: Option<u32>,
    price: Option<f64>,
    include_deleted: bool,
    #[serde(alias = "Filter")]
    filters: Vec<Filter>,
    colour: Option<Colour>,
    names: Vec<String>,
    tags: BTreeMap<String, String>,
}

fn read_form(protocol: Protocol, text: &str) -> Result<Describe, InputError> {
    let members = form::tree(&form::pairs(text.as_bytes()).unwrap()).unwrap();
    Input { protocol, members }.read()
}

fn read_json(value: Value) -> Result<Describe, InputError> {
    let members = Tree::from(value);
    Input {
        protocol: Protocol::Json,
        members,
    }
    .read()
}

#[test]
fn query_lists_are_under_member() {
    let form = "MaxRecords=5&IncludeDeleted=true&Filters.member.1.Name=tag%3Aa&Filters.member.1.Values.member.1=x&Filters.member.1.Values.member.2=y&Colour=RED";
    let read = read_form(Protocol::Query, form).unwrap();
    assert_eq!(read.max_records, Some(5));
    assert!(read.include_deleted);
    assert_eq!(read.colour, Some(Colour::Red));
    assert_eq!(
        read.filters,
        [Filter {
            name: "tag:a".into(),
            values: vec!["x".into(), "y".into()]
        }]
    );
}

#[test]
fn ec2_lists_are_flattened_and_keep_their_order_past_nine() {
    let form = (1..=12)
        .map(|n| format!("Filter.1.Value.{n}=v{n}"))
        .collect::<Vec<_>>()
        .join("&");
    let read = read_form(Protocol::Ec2, &format!("Filter.1.Name=n&{form}")).unwrap();
    assert_eq!(read.filters[0].values[9..], ["v10", "v11", "v12"]);
}

#[test]
fn without_members_everything_is_as_it_is_by_default() {
    let nothing = Describe::default();
    assert_eq!(read_form(Protocol::Query, ""), Ok(nothing));
    let empty = "Filters=&Tags=";
    assert_eq!(read_form(Protocol::Query, empty), Ok(Describe::default()));
    let nulls =
        json!({"MaxRecords": null, "Filters": null, "IncludeDeleted": null, "Tags": {"a": null}});
    assert_eq!(read_json(nulls), Ok(Describe::default()));
}

#[test]
fn text_of_digits_is_text_where_text_is_asked_for() {
    let members = Tree::Members(vec![
        ("MaxRecords".to_owned(), Tree::Texts(vec!["7".to_owned()])),
        (
            "Names".to_owned(),
            Tree::Texts(vec!["123".to_owned(), "true".to_owned()]),
        ),
    ]);
    let protocol = Protocol::RestJson;
    let read: Describe = Input { protocol, members }.read().unwrap();
    assert_eq!(read.names, ["123", "true"]);
    assert_eq!(read.max_records, Some(7));
}

/// The code and message of the refusal in this protocol.
fn check_form(protocol: Protocol, form: &str, code: &str, message: &str) {
    let refusal = read_form(protocol, form)
        .unwrap_err()
        .refusal(protocol, "Describe");
    assert_eq!((&*refusal.code, &*refusal.message), (code, message));
    assert_eq!(refusal.status, 400);
}

fn check_json(value: Value, code: &str, message: &str) {
    let refusal = read_json(value)
        .unwrap_err()
        .refusal(Protocol::Json, "Describe");
    assert_eq!((&*refusal.code, &*refusal.message), (code, message));
}

#[test]
fn an_unknown_member_is_refused_by_name() {
    use Protocol::{Ec2, Json, Query, RestJson};
    let refused = "member Hue of Describe is not simulated";
    check_form(Query, "Hue=red", "ValidationError", refused);
    check_form(Json, "Hue=red", "ValidationException", refused);
    check_form(RestJson, "Hue=red", "InvalidParameterException", refused);
    check_form(
        Ec2,
        "Hue=red",
        "UnknownParameter",
        "The parameter Hue is not recognized: member Hue of Describe is not simulated",
    );
}

#[test]
fn a_missing_member_is_named_with_its_place() {
    check_form(
        Protocol::Ec2,
        "Filter.1.Value.1=x",
        "MissingParameter",
        "The request must contain the parameter Filter.1.Name",
    );
    check_json(
        json!({"Filters": [{"Name": "a", "Values": []}, {"Values": []}]}),
        "ValidationException",
        "1 validation error detected: Value null at 'filters.2.name' failed to satisfy constraint: Member must not be null",
    );
}

#[test]
fn a_value_that_does_not_fit_is_told_with_what_would() {
    check_form(
        Protocol::Ec2,
        "MaxRecords=many",
        "InvalidParameterValue",
        "Value (many) for parameter MaxRecords is invalid. Expecting an integer from 0 to 4294967295.",
    );
    for number in ["99999999999999999999", "-1", "", "1.0", "0x10", "NaN"] {
        assert!(read_form(Protocol::Query, &format!("MaxRecords={number}")).is_err());
    }
    check_form(
        Protocol::Query,
        "IncludeDeleted=yes",
        "ValidationError",
        "1 validation error detected: Value 'yes' at 'includeDeleted' failed to satisfy constraint: Member must be true or false",
    );
    check_form(
        Protocol::RestJson,
        "Colour=PINK",
        "InvalidParameterException",
        "Value 'PINK' at 'colour' failed to satisfy constraint: Member must satisfy enum value set: [RED, BLUE]",
    );
}

#[test]
fn json_of_the_wrong_type_is_not_converted() {
    check_json(
        json!({"MaxRecords": "5"}),
        "SerializationException",
        "Value at 'maxRecords' cannot be read: string \"5\" instead of an integer from 0 to 2^32-1",
    );
    check_json(
        json!({"MaxRecords": -1}),
        "ValidationException",
        "1 validation error detected: Value '-1' at 'maxRecords' failed to satisfy constraint: Member must be an integer from 0 to 2^32-1",
    );
    for wrong in [
        json!({"MaxRecords": 1.5}),
        json!({"MaxRecords": {}}),
        json!({"Filters": {}}),
        json!({"Filters": [["name", ["value"]]]}),
        json!({"Names": [1]}),
        json!({"Names": [null]}),
        json!({"Tags": []}),
        json!({"Colour": {"RED": 1}}),
        json!({"IncludeDeleted": "true"}),
    ] {
        let error = read_json(wrong.clone()).unwrap_err();
        let refusal = error.refusal(Protocol::Json, "Describe");
        assert_eq!(refusal.code, "SerializationException", "{wrong}: {error}");
    }
}

#[test]
fn numbers_that_are_none_are_refused() {
    assert_eq!(
        read_form(Protocol::Query, "Price=0.5").unwrap().price,
        Some(0.5)
    );
    for number in ["NaN", "inf", "-infinity", "1e999", ""] {
        assert!(
            read_form(Protocol::Query, &format!("Price={number}")).is_err(),
            "{number}"
        );
    }
}
