//! Server-side apply. A manager owns the fields that it last applied; what it no longer names goes, and what another
//! manager applied with another value is a conflict. Changes made in other ways own nothing here: that is simpler than a
//! real server, which remembers every writer.

use super::patch;
use super::read;
use super::refusal::Refusal;
use super::store::Store;
use super::write::{self, Writer};
use http::StatusCode;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What `kubectl apply --server-side` sends.
pub(super) const MEDIA_TYPE: &str = "application/apply-patch+yaml";

/// Creates the object or merges what the manager applies into it.
pub(super) fn apply(
    store: &mut Store,
    writer: &Writer<'_>,
    manager: &str,
    force: bool,
    body: &[u8],
) -> Result<(StatusCode, Arc<Value>), Refusal> {
    let target = writer.target;
    if manager.is_empty() {
        let why = "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch";
        return Err(Refusal::bad_request(why));
    }
    let mut applied: Value = serde_yaml::from_slice(body)
        .map_err(|error| Refusal::bad_request(format!("error decoding YAML: {error}")))?;
    write::check_type(target.kind, &applied)?;
    super::schema::check(target.kind, &mut applied, writer.strictness)?;
    applied["metadata"]["name"] = json!(target.name);
    let fields = owned_fields(&applied);
    let entry = json!({
        "manager": manager, "operation": "Apply", "apiVersion": target.kind.api_version(),
        "time": super::times::moment(writer.times.now), "fieldsType": "FieldsV1", "fieldsV1": fields,
    });
    let Ok(existing) = read::existing(store, target).cloned() else {
        let made = write::create(store, writer, applied)?;
        let marked = with_manager((*made).clone(), &entry);
        return Ok((StatusCode::CREATED, store.put(target.kind, marked)));
    };
    let mut merged = writer.times.render(&existing);
    let managers = managers(&existing);
    if !force {
        refuse_conflicts(&managers, manager, &merged, &applied)?;
    }
    let former = managers.iter().find(|one| one["manager"] == manager);
    if let Some(former) = former {
        let kept_by_others: Vec<&Value> = managers
            .iter()
            .filter(|one| one["manager"] != manager)
            .map(|one| &one["fieldsV1"])
            .collect();
        forget(&mut merged, &former["fieldsV1"], &fields, &kept_by_others);
    }
    patch::strategic(&mut merged, &applied);
    let stored = write::replace(store, writer, &existing, merged)?;
    let mut marked = (*stored).clone();
    marked["metadata"]["managedFields"] = existing["metadata"]["managedFields"].clone();
    let marked = with_manager(marked, &entry);
    Ok((StatusCode::OK, store.put(target.kind, marked)))
}

fn managers(object: &Value) -> Vec<Value> {
    object["metadata"]["managedFields"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

fn with_manager(mut object: Value, entry: &Value) -> Value {
    let mut managers = managers(&object);
    let same = |one: &Value| one["manager"] == entry["manager"];
    match managers.iter().position(same) {
        Some(position) if managers[position]["fieldsV1"] == entry["fieldsV1"] => {}
        Some(position) => managers[position] = entry.clone(),
        None => managers.push(entry.clone()),
    }
    object["metadata"]["managedFields"] = json!(managers);
    object
}

/// The fields of an applied object in the notation of `managedFields`: `f:` before the name of a field, `k:` before the
/// identity of an element. Lists without identities are owned whole.
fn owned_fields(applied: &Value) -> Value {
    let mut fields = fields_of(applied);
    if let Some(fields) = fields.as_object_mut() {
        for field in ["f:kind", "f:apiVersion"] {
            fields.shift_remove(field);
        }
        if let Some(Value::Object(metadata)) = fields.get_mut("f:metadata") {
            for field in ["f:name", "f:namespace"] {
                metadata.shift_remove(field);
            }
        }
    }
    fields
}

fn fields_of(value: &Value) -> Value {
    let mut fields = Map::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        let inner = match (value, patch::element_identity(name)) {
            (Value::Object(_), _) => fields_of(value),
            (Value::Array(elements), Some(identity)) => elements
                .iter()
                .filter_map(|element| {
                    let key = patch::identity_of(element, identity)?;
                    Some((format!("k:{key}"), fields_of(element)))
                })
                .collect::<Map<_, _>>()
                .into(),
            _ => json!({}),
        };
        fields.insert(format!("f:{name}"), inner);
    }
    Value::Object(fields)
}

/// Removes what was owned and no longer is, unless somebody else owns it.
fn forget(object: &mut Value, former: &Value, now: &Value, others: &[&Value]) {
    for (key, inner) in former.as_object().into_iter().flatten() {
        let below: Vec<&Value> = others.iter().filter_map(|other| other.get(key)).collect();
        let still = now.get(key);
        if let Some(field) = key.strip_prefix("f:") {
            let is_leaf = inner.as_object().is_none_or(Map::is_empty);
            match (still, object.get_mut(field)) {
                (Some(still), Some(value)) => forget_below(value, field, inner, still, &below),
                (None, Some(value)) if !is_leaf && !below.is_empty() => {
                    forget_below(value, field, inner, &json!({}), &below);
                }
                (None, Some(_)) if below.is_empty() => {
                    if let Some(fields) = object.as_object_mut() {
                        fields.shift_remove(field);
                    }
                }
                _ => {}
            }
        }
    }
}

fn forget_below(value: &mut Value, field: &str, former: &Value, now: &Value, others: &[&Value]) {
    let Some(identity) = patch::element_identity(field) else {
        return forget(value, former, now, others);
    };
    let Some(elements) = value.as_array_mut() else {
        return;
    };
    elements.retain_mut(|element| {
        let Some(key) = patch::identity_of(element, identity).map(|key| format!("k:{key}")) else {
            return true;
        };
        let Some(inner) = former.get(&key) else {
            return true;
        };
        let below: Vec<&Value> = others.iter().filter_map(|other| other.get(&key)).collect();
        match now.get(&key) {
            Some(still) => forget(element, inner, still, &below),
            None if below.is_empty() => return false,
            None => forget(element, inner, &json!({}), &below),
        }
        true
    });
}

/// Refuses to change what another manager applied.
fn refuse_conflicts(
    managers: &[Value],
    manager: &str,
    object: &Value,
    applied: &Value,
) -> Result<(), Refusal> {
    let mut merged = object.clone();
    patch::strategic(&mut merged, applied);
    for other in managers.iter().filter(|one| one["manager"] != manager) {
        let mut fields = Vec::new();
        differences(object, &merged, &other["fieldsV1"], "", &mut fields);
        if !fields.is_empty() {
            let other = other["manager"].as_str().unwrap_or_default();
            return Err(Refusal::apply_conflict(other, &fields));
        }
    }
    Ok(())
}

fn differences(before: &Value, after: &Value, owned: &Value, path: &str, found: &mut Vec<String>) {
    for (key, inner) in owned.as_object().into_iter().flatten() {
        let Some(field) = key.strip_prefix("f:") else {
            continue;
        };
        let place = format!("{path}.{field}");
        let (before, after) = (&before[field], &after[field]);
        if before == after {
            continue;
        }
        let is_leaf = inner.as_object().is_none_or(Map::is_empty);
        match patch::element_identity(field) {
            _ if is_leaf => found.push(place),
            None => differences(before, after, inner, &place, found),
            Some(identity) => {
                for element in before.as_array().into_iter().flatten() {
                    let Some(key) = patch::identity_of(element, identity) else {
                        continue;
                    };
                    let counterpart =
                        after.as_array().into_iter().flatten().find(|other| {
                            patch::identity_of(other, identity).as_ref() == Some(&key)
                        });
                    if let (Some(inner), Some(counterpart)) =
                        (inner.get(format!("k:{key}")), counterpart)
                    {
                        let place = format!(
                            "{place}[{}]",
                            key.replace(['{', '}'], "").replacen(':', "=", 1)
                        );
                        differences(element, counterpart, inner, &place, found);
                    }
                }
            }
        }
    }
}
