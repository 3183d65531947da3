//! The three kinds of patch: JSON merge (RFC 7396), JSON patch (RFC 6902) and Kubernetes' strategic merge.

use serde_json::{Map, Value};

/// A JSON merge patch: objects merge, `null` removes, everything else replaces.
pub(super) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    for (field, value) in patch {
        match value {
            Value::Null => drop(as_object(target).shift_remove(field)),
            value => merge(
                as_object(target)
                    .entry(field.clone())
                    .or_insert(Value::Null),
                value,
            ),
        }
    }
}

/// A strategic merge patch: as a merge patch, but lists whose elements have an identity (containers by name, conditions
/// by type) merge by element, and `$patch`, `$retainKeys` and `$deleteFromPrimitiveList` are honoured. The order that
/// `$setElementOrder` asks for is not: elements stay where they are and new ones follow.
pub(super) fn strategic(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if patch
        .get("$patch")
        .is_some_and(|directive| directive == "replace")
    {
        *target = Value::Object(
            patch
                .iter()
                .filter(|(field, _)| *field != "$patch")
                .map(|(field, value)| (field.clone(), value.clone()))
                .collect(),
        );
        return;
    }
    if let Some(kept) = patch.get("$retainKeys").and_then(Value::as_array) {
        as_object(target).retain(|field, _| kept.iter().any(|kept| kept == field));
    }
    for (field, value) in patch {
        if let Some(list) = field.strip_prefix("$deleteFromPrimitiveList/") {
            if let Some(list) = as_object(target).get_mut(list) {
                remove_primitives(list, value);
            }
        } else if !field.starts_with('$') {
            strategic_field(as_object(target), field, value);
        }
    }
}

fn strategic_field(target: &mut Map<String, Value>, field: &str, patch: &Value) {
    if patch.is_null()
        || patch
            .get("$patch")
            .is_some_and(|directive| directive == "delete")
    {
        target.shift_remove(field);
        return;
    }
    let current = target.entry(field.to_owned()).or_insert(Value::Null);
    match (patch, element_identity(field)) {
        (Value::Array(elements), Some(identity)) => merge_elements(current, elements, identity),
        _ => strategic(current, patch),
    }
}

/// The field that tells the elements of a list apart; `""` for lists of texts that merge as sets.
pub(super) fn element_identity(list: &str) -> Option<&'static str> {
    match list {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "volumes"
        | "env"
        | "imagePullSecrets"
        | "secrets" => Some("name"),
        "conditions" | "addresses" => Some("type"),
        "volumeMounts" => Some("mountPath"),
        "ownerReferences" => Some("uid"),
        "hostAliases" => Some("ip"),
        "topologySpreadConstraints" => Some("topologyKey"),
        "ports" => Some("port"),
        "finalizers" => Some(""),
        _ => None,
    }
}

/// How long such a list may be: merging compares every element with every other, and no real object comes near it.
const ELEMENT_LIMIT: usize = 2_000;

/// Why an object, or a patch of one, is too large to be merged: the list that is too long.
pub(super) fn check_lists(value: &Value) -> Result<(), String> {
    match value {
        Value::Object(fields) => fields.iter().try_for_each(|(field, value)| {
            let count = value.as_array().map_or(0, Vec::len);
            if count > ELEMENT_LIMIT && element_identity(field).is_some() {
                return Err(format!(
                    "{field}: Too many: {count}: must have at most {ELEMENT_LIMIT} items"
                ));
            }
            check_lists(value)
        }),
        Value::Array(elements) => elements.iter().try_for_each(check_lists),
        _ => Ok(()),
    }
}

/// The identity of an element of such a list, as `managedFields` writes it: `{"name":"web"}`.
pub(super) fn identity_of(element: &Value, identity: &str) -> Option<String> {
    let field = match identity {
        "" => return Some(element.to_string()),
        "port" if element.get("containerPort").is_some() => "containerPort",
        field => field,
    };
    let value = element.get(field)?;
    Some(format!("{{\"{field}\":{value}}}"))
}

fn merge_elements(target: &mut Value, patch: &[Value], identity: &str) {
    if patch.iter().any(|element| element["$patch"] == "replace") {
        *target = patch
            .iter()
            .filter(|element| element.get("$patch").is_none())
            .cloned()
            .collect();
        return;
    }
    let elements = as_array(target);
    for element in patch {
        let position = elements
            .iter()
            .position(|existing| same_element(existing, element, identity));
        match (position, element["$patch"] == "delete") {
            (Some(position), true) => drop(elements.remove(position)),
            (Some(position), false) => strategic(&mut elements[position], element),
            (None, true) => {}
            (None, false) => {
                elements.push(Value::Null);
                if let Some(added) = elements.last_mut() {
                    strategic(added, element);
                }
            }
        }
    }
}

/// Ports are told apart by `port` in a service and by `containerPort` in a container.
fn same_element(left: &Value, right: &Value, identity: &str) -> bool {
    match identity {
        "" => left == right,
        "port" if left.get("containerPort").is_some() => {
            left["containerPort"] == right["containerPort"]
        }
        _ => !left[identity].is_null() && left[identity] == right[identity],
    }
}

fn remove_primitives(target: &mut Value, removed: &Value) {
    if let (Some(elements), Some(removed)) = (target.as_array_mut(), removed.as_array()) {
        elements.retain(|element| !removed.contains(element));
    }
}

/// How many operations a JSON patch may have, and how many bytes it may copy: as the real API server, since each
/// copy may double the object.
const OPERATION_LIMIT: usize = 10_000;
const COPY_LIMIT: usize = 3 << 20;
/// How deep a JSON patch may nest, as deep as bodies that can be read: every layer takes stack.
const DEPTH_LIMIT: usize = 128;

/// A JSON patch. The error says which operation cannot be carried out.
pub(super) fn json_patch(target: &mut Value, operations: &Value) -> Result<(), String> {
    let operations = operations
        .as_array()
        .ok_or("a JSON patch is a list of operations")?;
    let count = operations.len();
    if count > OPERATION_LIMIT {
        return Err(format!(
            "the allowed maximum operations in a JSON patch is {OPERATION_LIMIT}, got {count}"
        ));
    }
    let mut copied = 0;
    operations
        .iter()
        .try_for_each(|operation| apply_operation(target, operation, &mut copied))
}

/// `copied` counts the bytes that the patch has copied.
fn apply_operation(
    target: &mut Value,
    operation: &Value,
    copied: &mut usize,
) -> Result<(), String> {
    let text = |field: &str| {
        operation[field]
            .as_str()
            .ok_or_else(|| format!("the operation {operation} has no {field:?}"))
    };
    let value = || {
        operation
            .get("value")
            .cloned()
            .ok_or_else(|| format!("the operation {operation} has no \"value\""))
    };
    let at =
        |target: &Value, path: &str| target.pointer(path).cloned().ok_or_else(|| missing(path));
    let path = text("path")?;
    match text("op")? {
        "add" => add(target, path, value()?),
        "remove" => remove(target, path).map(drop),
        "replace" => {
            let value = value()?;
            check_depth(path, &value)?;
            target
                .pointer_mut(path)
                .map(|place| *place = value)
                .ok_or_else(|| missing(path))
        }
        "copy" => {
            let value = at(target, text("from")?)?;
            *copied += value.to_string().len();
            if *copied > COPY_LIMIT {
                return Err(format!(
                    "unable to complete the copy, the accumulated size increase of copy is {copied}, exceeding the limit {COPY_LIMIT}"
                ));
            }
            add(target, path, value)
        }
        "move" => remove(target, text("from")?).and_then(|value| add(target, path, value)),
        "test" if at(target, path)? == value()? => Ok(()),
        "test" => Err(format!("testing path {path} failed")),
        other => Err(format!("unexpected kind of operation: {other}")),
    }
}

fn missing(path: &str) -> String {
    format!("the path {path:?} does not exist")
}

/// The container that a path points into, and the last token of the path.
fn parent<'a>(target: &'a mut Value, path: &str) -> Result<(&'a mut Value, String), String> {
    let (parent, token) = path.rsplit_once('/').ok_or_else(|| missing(path))?;
    let place = target.pointer_mut(parent).ok_or_else(|| missing(path))?;
    Ok((place, token.replace("~1", "/").replace("~0", "~")))
}

/// How many arrays and objects are inside each other.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn check_depth(path: &str, value: &Value) -> Result<(), String> {
    if path.matches('/').count() + depth(value) > DEPTH_LIMIT {
        return Err(format!("the path {path:?} leads too deep"));
    }
    Ok(())
}

fn add(target: &mut Value, path: &str, value: Value) -> Result<(), String> {
    check_depth(path, &value)?;
    if path.is_empty() {
        *target = value;
        return Ok(());
    }
    match parent(target, path)? {
        (Value::Object(fields), token) => {
            fields.insert(token, value);
            Ok(())
        }
        (Value::Array(elements), token) => {
            let position = if token == "-" {
                elements.len()
            } else {
                token.parse().map_err(|_| missing(path))?
            };
            if position > elements.len() {
                return Err(missing(path));
            }
            elements.insert(position, value);
            Ok(())
        }
        _ => Err(missing(path)),
    }
}

fn remove(target: &mut Value, path: &str) -> Result<Value, String> {
    match parent(target, path)? {
        (Value::Object(fields), token) => fields.shift_remove(&token).ok_or_else(|| missing(path)),
        (Value::Array(elements), token) => {
            let position = token
                .parse()
                .ok()
                .filter(|position| *position < elements.len());
            position
                .map(|position: usize| elements.remove(position))
                .ok_or_else(|| missing(path))
        }
        _ => Err(missing(path)),
    }
}

/// The value as an object; anything else becomes an empty one first.
fn as_object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(fields) => fields,
        _ => unreachable!("made an object above"),
    }
}

fn as_array(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    match value {
        Value::Array(elements) => elements,
        _ => unreachable!("made an array above"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(apply: fn(&mut Value, &Value), target: Value, patch: Value, expected: Value) {
        let mut patched = target;
        apply(&mut patched, &patch);
        assert_eq!(patched, expected, "{patch}");
    }

    #[test]
    fn a_merge_patch_merges_objects_and_removes_nulls() {
        check(
            merge,
            json!({ "a": { "b": 1, "c": 2 }, "l": [1] }),
            json!({ "a": { "b": null, "d": 3 }, "l": [2] }),
            json!({ "a": { "c": 2, "d": 3 }, "l": [2] }),
        );
        check(
            merge,
            json!({}),
            json!({ "a": { "b": null } }),
            json!({ "a": {} }),
        );
    }

    #[test]
    fn lists_that_merge_by_their_elements_are_bounded() {
        let list = |count: usize| json!({"metadata": {"finalizers": vec!["x"; count]}});
        assert_eq!(check_lists(&list(2_000)), Ok(()));
        assert!(
            check_lists(&json!([list(2_001)]))
                .unwrap_err()
                .starts_with("finalizers: Too many")
        );
        assert_eq!(check_lists(&json!({"args": vec!["x"; 2_001]})), Ok(()));
    }

    #[test]
    fn a_json_patch_cannot_make_an_object_explode() {
        let doubling = |n| json!({"op": "copy", "from": "/x", "path": format!("/x/{n}")});
        let operations: Value = (0..64).map(doubling).collect();
        let refused = json_patch(&mut json!({"x": {"a": 1}}), &operations).unwrap_err();
        assert!(refused.contains("exceeding the limit 3145728"), "{refused}");

        let mut deep = json!({"x": {}});
        let mut path = "/x".to_owned();
        let refused = (0..100).find_map(|_| {
            let nested = json!({"op": "add", "path": path, "value": {"a": {"a": {"a": {}}}}});
            path.push_str("/a/a/a");
            json_patch(&mut deep, &json!([nested])).err()
        });
        assert!(refused.unwrap().ends_with("leads too deep"));

        let many: Value = (0..10_001).map(|_| json!({"op": "test"})).collect();
        assert!(
            json_patch(&mut json!({}), &many)
                .unwrap_err()
                .contains("got 10001")
        );
    }

    #[test]
    fn a_strategic_patch_merges_lists_by_the_identity_of_their_elements() {
        check(
            strategic,
            json!({ "containers": [{ "name": "a", "image": "1", "env": [{ "name": "X", "value": "1" }] }, { "name": "b" }] }),
            json!({ "$setElementOrder/containers": [{ "name": "a" }], "containers": [{ "name": "a", "image": "2" }, { "name": "b", "$patch": "delete" }, { "name": "c" }] }),
            json!({ "containers": [{ "name": "a", "image": "2", "env": [{ "name": "X", "value": "1" }] }, { "name": "c" }] }),
        );
        check(
            strategic,
            json!({ "taints": [{ "key": "a" }] }),
            json!({ "taints": [{ "key": "b" }] }),
            json!({ "taints": [{ "key": "b" }] }),
        );
        check(
            strategic,
            json!({ "ports": [{ "containerPort": 80, "name": "x" }] }),
            json!({ "ports": [{ "containerPort": 80, "name": "y" }] }),
            json!({ "ports": [{ "containerPort": 80, "name": "y" }] }),
        );
    }

    #[test]
    fn strategic_directives_replace_retain_and_delete() {
        check(
            strategic,
            json!({ "a": { "b": 1 } }),
            json!({ "a": { "$patch": "replace", "c": 2 } }),
            json!({ "a": { "c": 2 } }),
        );
        check(
            strategic,
            json!({ "a": { "b": 1 } }),
            json!({ "a": { "$patch": "delete" } }),
            json!({}),
        );
        check(
            strategic,
            json!({ "s": { "type": "x", "y": 1 } }),
            json!({ "s": { "$retainKeys": ["type"], "type": "z" } }),
            json!({ "s": { "type": "z" } }),
        );
        check(
            strategic,
            json!({ "finalizers": ["a", "b"] }),
            json!({ "$deleteFromPrimitiveList/finalizers": ["a"] }),
            json!({ "finalizers": ["b"] }),
        );
    }

    #[test]
    fn a_strategic_patch_may_delete_from_a_list_that_is_not_there() {
        check(
            strategic,
            json!({}),
            json!({ "$deleteFromPrimitiveList/finalizers": ["a"] }),
            json!({}),
        );
    }

    #[test]
    fn json_patch_operations_are_carried_out_in_order() {
        let mut target = json!({ "a": { "b/c": 1 }, "l": [1, 2] });
        let operations = json!([
            { "op": "test", "path": "/l/0", "value": 1 },
            { "op": "remove", "path": "/a/b~1c" },
            { "op": "add", "path": "/l/-", "value": 3 },
            { "op": "replace", "path": "/l/0", "value": 9 },
            { "op": "copy", "from": "/l/1", "path": "/x" },
            { "op": "move", "from": "/l/1", "path": "/y" },
        ]);
        assert_eq!(json_patch(&mut target, &operations), Ok(()));
        assert_eq!(target, json!({ "a": {}, "l": [9, 3], "x": 2, "y": 2 }));
    }

    #[test]
    fn a_json_patch_that_does_not_fit_is_an_error() {
        let error =
            |operation| json_patch(&mut json!({ "l": [1] }), &json!([operation])).unwrap_err();
        assert_eq!(
            error(json!({ "op": "remove", "path": "/x" })),
            r#"the path "/x" does not exist"#
        );
        assert_eq!(
            error(json!({ "op": "test", "path": "/l/0", "value": 2 })),
            "testing path /l/0 failed"
        );
        assert_eq!(
            error(json!({ "op": "add", "path": "/l/7", "value": 2 })),
            r#"the path "/l/7" does not exist"#
        );
        assert!(error(json!({ "op": "replace", "path": "/l/0" })).contains("has no \"value\""));
    }
}
