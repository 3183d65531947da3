//! What `kubectl get` prints: the columns of each kind and the cells of an object, as the API server's printers fill
//! them in. The `Table` around them is made in `table`.

mod access;
mod cluster;
mod network;
mod pod;
mod storage;
mod workload;

use super::times::Times;
use serde_json::{Value, json};

pub(super) use access::ROLE_BINDINGS;
pub(super) use cluster::{
    CONFIG_MAPS, EVENTS, LEASES, NAMESPACES, NODES, PRIORITY_CLASSES, SERVICE_ACCOUNTS,
};
pub(super) use network::{
    ENDPOINT_SLICES, ENDPOINTS, INGRESS_CLASSES, INGRESSES, NETWORK_POLICIES,
};
pub(super) use pod::PODS;
pub(super) use storage::{CLAIMS, RESOURCE_QUOTAS, SECRETS, STORAGE_CLASSES, VOLUMES};
pub(super) use workload::{
    CONTROLLER_REVISIONS, CRON_JOBS, DAEMON_SETS, DEPLOYMENTS, DISRUPTION_BUDGETS, JOBS,
    REPLICA_SETS, SERVICES, STATEFUL_SETS,
};

/// How objects of one kind are printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Printer {
    pub(super) columns: &'static [Column],
    /// One cell for each column, from an object as stored.
    pub(super) cells: fn(&Value, &Times<'_>) -> Vec<Value>,
}

/// A column of a `Table`.
#[derive(Debug)]
pub(super) struct Column {
    /// kubectl prints it in capitals.
    name: &'static str,
    data_type: &'static str,
    description: &'static str,
    /// Only with `-o wide`.
    wide: bool,
}

impl Column {
    const fn text(name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            data_type: "string",
            description,
            wide: false,
        }
    }

    const fn number(name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            data_type: "integer",
            description,
            wide: false,
        }
    }

    const fn truth(name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            data_type: "boolean",
            description,
            wide: false,
        }
    }

    const fn wide(name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            data_type: "string",
            description,
            wide: true,
        }
    }

    const fn wide_number(name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            data_type: "integer",
            description,
            wide: true,
        }
    }

    /// The entry of `columnDefinitions`.
    pub(super) fn definition(&self) -> Value {
        json!({
            "name": self.name,
            "type": self.data_type,
            "format": if self.name == "Name" { "name" } else { "" },
            "description": self.description,
            "priority": i32::from(self.wide),
        })
    }
}

const NAME: Column = Column::text("Name", "Name must be unique within a namespace.");
const AGE: Column = Column::text("Age", "Time since the object was created.");

/// For a kind without columns of its own.
pub(super) const NAME_AND_AGE: Printer = Printer {
    columns: &[NAME, AGE],
    cells: |object, times| vec![object["metadata"]["name"].clone(), age(object, times)],
};

/// For a kind whose rows say when the object was made, not how long ago.
pub(super) const NAME_AND_CREATION: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Created At", "When the object was created."),
    ],
    cells: |object, times| {
        let created = times.render(&object["metadata"]["creationTimestamp"]);
        vec![name(object), created]
    },
};

fn name(object: &Value) -> Value {
    object["metadata"]["name"].clone()
}

fn age(object: &Value, times: &Times<'_>) -> Value {
    json!(
        times
            .age(&object["metadata"]["creationTimestamp"])
            .as_deref()
            .unwrap_or("<unknown>")
    )
}

/// A text, or `<none>` where it is absent or empty.
fn text_or_none(value: &Value) -> Value {
    json!(
        value
            .as_str()
            .filter(|text| !text.is_empty())
            .unwrap_or("<none>")
    )
}

/// A text; empty where it is absent.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A text or a number as text, or `otherwise` where it is absent.
fn number_or_text(value: &Value, otherwise: &str) -> Value {
    match value {
        Value::String(text) => json!(text),
        Value::Number(number) => json!(number.to_string()),
        _ => json!(otherwise),
    }
}

/// A whole number; absent ones count as zero.
fn count(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

/// The elements of an array; none when it is absent.
fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// How many entries an object or array has.
fn entries(value: &Value) -> usize {
    value
        .as_object()
        .map_or_else(|| items(value).len(), serde_json::Map::len)
}

fn joined_or_none(texts: Vec<String>) -> Value {
    if texts.is_empty() {
        json!("<none>")
    } else {
        json!(texts.join(","))
    }
}

/// `key=value,…` sorted by key, or `<none>`.
fn labels(map: &Value) -> Value {
    let mut pairs: Vec<String> = map
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    pairs.sort();
    joined_or_none(pairs)
}

/// The condition of this type in `status.conditions`.
fn condition<'a>(object: &'a Value, condition_type: &str) -> Option<&'a Value> {
    items(&object["status"]["conditions"])
        .iter()
        .find(|condition| condition["type"] == condition_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cells of an object, 189 seconds after the world began.
    pub(super) fn cells(printer: Printer, object: &Value) -> Value {
        let times = Times {
            now: 189_000_000,
            shown: &|micros| jiff::Timestamp::from_microsecond(micros).unwrap(),
        };
        let cells = (printer.cells)(object, &times);
        assert_eq!(cells.len(), printer.columns.len());
        Value::Array(cells)
    }
}
