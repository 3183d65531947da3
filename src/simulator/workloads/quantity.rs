//! Quantities such as `100m`, `1.5` and `512Mi`, and what pods ask for.

use std::collections::BTreeMap;

use serde_json::Value;

use super::objects::{entries, items};

/// Amounts of resources in thousandths, by name: `cpu` in millicores, `memory` in thousandths of a byte.
pub(super) type Amounts = BTreeMap<String, i64>;

const SUFFIXES: [(&str, f64); 14] = [
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("Ei", 1_152_921_504_606_846_976.0),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
];

/// The thousandths that a quantity stands for, rounded up; `None` for a text that is none.
pub(super) fn thousandths(quantity: &Value) -> Option<i64> {
    let text = match quantity {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let (number, factor) = SUFFIXES
        .iter()
        .find_map(|(suffix, factor)| text.strip_suffix(suffix).map(|number| (number, *factor)))
        .unwrap_or((text.as_str(), 1.0));
    let number: f64 = number.parse().ok()?;
    number
        .is_finite()
        .then(|| (number * factor * 1000.0 - 1e-6).ceil() as i64)
}

/// The amounts that a map of quantities names.
pub(super) fn amounts(map: &Value) -> Amounts {
    entries(map)
        .filter_map(|(name, quantity)| Some((name.clone(), thousandths(quantity)?)))
        .collect()
}

/// What a pod asks of its node: the sum of its containers or its greediest init container, whichever is more.
pub(super) fn requested(pod: &Value) -> Amounts {
    let mut total = Amounts::new();
    for container in items(&pod["spec"]["containers"]) {
        add(&mut total, &amounts(&container["resources"]["requests"]));
    }
    for container in items(&pod["spec"]["initContainers"]) {
        for (name, amount) in amounts(&container["resources"]["requests"]) {
            let most = total.entry(name).or_default();
            *most = amount.max(*most);
        }
    }
    add(&mut total, &amounts(&pod["spec"]["overhead"]));
    total
}

pub(super) fn add(total: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        *total.entry(name.clone()).or_default() += amount;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quantities_are_read_in_thousandths() {
        for (text, expected) in [
            ("100m", Some(100)),
            ("1", Some(1000)),
            ("1.5", Some(1500)),
            ("1Ki", Some(1_024_000)),
            ("1e3", Some(1_000_000)),
            ("70Mi", Some(73_400_320_000)),
            ("2k", Some(2_000_000)),
            ("1930m", Some(1930)),
            ("much", None),
            ("", None),
        ] {
            assert_eq!(thousandths(&json!(text)), expected, "{text}");
        }
    }

    #[test]
    fn an_init_container_counts_when_it_asks_for_more_than_all_others() {
        let container = |cpu: &str| json!({ "resources": { "requests": { "cpu": cpu } } });
        let pod = json!({ "spec": {
            "containers": [container("100m"), container("200m")],
            "initContainers": [container("250m"), container("1")],
        } });
        assert_eq!(requested(&pod)["cpu"], 1000);
    }
}
