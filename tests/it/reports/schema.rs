//! Holds a document against one of `schemas/`: the few keywords that these use, and more strictly
//! than a reader would, since a field that no schema describes is a mistake of ours.

use serde_json::Value;

use super::super::support::project;

/// A schema of the project.
pub(crate) fn schema(name: &str) -> Value {
    let path = project().join("schemas").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Where and how the document differs from what its schema says.
pub(crate) fn differences(schema: &Value, document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(schema, schema, document, "$", &mut found);
    found
}

fn compare(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    for (keyword, said) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" => {}
            "$ref" => {
                let pointer = said.as_str().unwrap().trim_start_matches('#');
                let target = root.pointer(pointer).unwrap();
                compare(root, target, value, at, found);
            }
            "const" if said != value => found.push(format!("{at}: {value} is not {said}")),
            "enum" if !said.as_array().unwrap().contains(value) => {
                found.push(format!("{at}: {value} is none of {said}"));
            }
            "type" if !types(said).contains(&type_of(value)) => {
                found.push(format!("{at}: {value} is no {said}"));
            }
            "minimum" if value.as_f64() < said.as_f64() => {
                found.push(format!("{at}: {value} is less than {said}"));
            }
            "const" | "enum" | "type" | "minimum" => {}
            // Only of an object is anything required.
            "required" if !value.is_object() => {}
            "required" => {
                let missing = said.as_array().unwrap().iter();
                let missing = missing.filter(|name| value.get(name.as_str().unwrap()).is_none());
                found.extend(missing.map(|name| format!("{at}: {name} is missing")));
            }
            "properties" => {
                for (name, inner) in value.as_object().into_iter().flatten() {
                    match said.get(name) {
                        Some(schema) => {
                            compare(root, schema, inner, &format!("{at}.{name}"), found);
                        }
                        None => found.push(format!("{at}.{name} is not described")),
                    }
                }
            }
            "items" => {
                for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
                    compare(root, said, inner, &format!("{at}[{index}]"), found);
                }
            }
            unknown => panic!("the checker does not know the keyword {unknown}"),
        }
    }
}

fn types(said: &Value) -> Vec<&str> {
    match said {
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        name => name.as_str().into_iter().collect(),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[test]
fn the_checker_sees_what_is_wrong() {
    let schema = serde_json::json!({
        "type": "object",
        "required": ["a"],
        "properties": { "b": { "type": ["integer", "null"] }, "c": { "const": 1 } }
    });
    let document = serde_json::json!({ "b": "x", "c": 2, "d": 0 });
    let expected = [
        "$: \"a\" is missing",
        "$.b: \"x\" is no [\"integer\",\"null\"]",
        "$.c: 2 is not 1",
        "$.d is not described",
    ];
    assert_eq!(differences(&schema, &document), expected);
}
