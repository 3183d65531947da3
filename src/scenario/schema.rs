//! The shape of `scenario.yaml` as a JSON Schema, for editors and for whoever writes scenarios with programs. What names
//! refer to is checked by [`read`](super::read) only.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::Scenario;

/// Made from the types, whose docstrings become descriptions.
pub fn json_schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut made = generator.into_root_schema_for::<Scenario>().to_value();
    unwrap_descriptions(&mut made);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:breakfix:scenario:v1",
        "title": "breakfix: scenario.yaml, version 1",
    });
    if let (Some(schema), Value::Object(made)) = (schema.as_object_mut(), made) {
        let rest = made
            .into_iter()
            .filter(|(name, _)| !["$schema", "title"].contains(&&**name));
        schema.extend(rest);
    }
    schema
}

/// Docstrings are wrapped for the source; who reads the schema wraps them otherwise.
fn unwrap_descriptions(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(text)) = members.get_mut("description") {
                let paragraphs = text.split("\n\n").map(|part| part.replace('\n', " "));
                *text = paragraphs.collect::<Vec<_>>().join("\n\n");
            }
            members.values_mut().for_each(unwrap_descriptions);
        }
        Value::Array(items) => items.iter_mut().for_each(unwrap_descriptions),
        _ => {}
    }
}
