//! Selectors as objects carry them: `matchLabels`, `matchExpressions`, the terms of a node affinity.

use serde_json::Value;

/// Whether a label selector (`matchLabels`, `matchExpressions`) selects these labels. An empty one selects everything.
pub fn select(selector: &Value, labels: &Value) -> bool {
    selects_map(&selector["matchLabels"], labels)
        && items(&selector["matchExpressions"])
            .iter()
            .all(|expression| holds(expression, labels[text(&expression["key"])].as_str()))
}

/// Whether all of these keys and values are among the labels.
pub fn selects_map(map: &Value, labels: &Value) -> bool {
    map.as_object()
        .into_iter()
        .flatten()
        .all(|(key, value)| labels.get(key) == Some(value))
}

/// Whether a node satisfies one of the terms of a required node affinity.
pub fn node_satisfies(terms: &Value, node: &Value) -> bool {
    items(terms).iter().any(|term| {
        let (labels, fields) = (
            items(&term["matchExpressions"]),
            items(&term["matchFields"]),
        );
        let by_label = |expression: &Value| {
            let label = &node["metadata"]["labels"][text(&expression["key"])];
            holds(expression, label.as_str())
        };
        let by_field = |expression: &Value| {
            expression["key"] == "metadata.name"
                && holds(expression, node["metadata"]["name"].as_str())
        };
        !(labels.is_empty() && fields.is_empty())
            && labels.iter().all(by_label)
            && fields.iter().all(by_field)
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn holds(expression: &Value, label: Option<&str>) -> bool {
    let values = || items(&expression["values"]).iter().map(text);
    let number = |text: &str| text.parse::<i64>().ok();
    let bound = || values().next().and_then(number);
    match text(&expression["operator"]) {
        "In" => label.is_some_and(|label| values().any(|value| value == label)),
        "NotIn" => label.is_none_or(|label| values().all(|value| value != label)),
        "Exists" => label.is_some(),
        "DoesNotExist" => label.is_none(),
        "Gt" => label
            .and_then(number)
            .zip(bound())
            .is_some_and(|(label, bound)| label > bound),
        "Lt" => label
            .and_then(number)
            .zip(bound())
            .is_some_and(|(label, bound)| label < bound),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_select() {
        let labels = json!({ "app": "web", "size": "3" });
        let check = |selector: Value, selected: bool| {
            assert_eq!(select(&selector, &labels), selected, "{selector}");
        };
        let expression = |key: &str, operator: &str, values: &[&str]| json!({ "matchExpressions": [{ "key": key, "operator": operator, "values": values }] });
        check(json!({}), true);
        check(json!({ "matchLabels": { "app": "web" } }), true);
        check(json!({ "matchLabels": { "app": "api" } }), false);
        check(expression("app", "In", &["api", "web"]), true);
        check(expression("app", "NotIn", &["web"]), false);
        check(expression("tier", "NotIn", &["web"]), true);
        check(expression("app", "Exists", &[]), true);
        check(expression("app", "DoesNotExist", &[]), false);
        check(expression("size", "Gt", &["2"]), true);
        check(expression("size", "Lt", &["2"]), false);
    }
}
