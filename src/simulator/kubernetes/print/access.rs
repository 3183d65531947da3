//! Columns of role bindings.

use super::{AGE, Column, NAME, Printer, age, items, name, text};
use serde_json::{Value, json};

pub(in super::super) const ROLE_BINDINGS: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Role", "The role that is granted."),
        AGE,
        Column::wide("Users", "Users in the binding."),
        Column::wide("Groups", "Groups in the binding."),
        Column::wide("ServiceAccounts", "Service accounts in the binding."),
    ],
    cells: |binding, times| {
        let role = &binding["roleRef"];
        vec![
            name(binding),
            json!(format!("{}/{}", text(&role["kind"]), text(&role["name"]))),
            age(binding, times),
            subjects(binding, "User"),
            subjects(binding, "Group"),
            subjects(binding, "ServiceAccount"),
        ]
    },
};

/// The subjects of one kind, joined; a service account with its namespace.
fn subjects(binding: &Value, kind: &str) -> Value {
    let of_kind = items(&binding["subjects"])
        .iter()
        .filter(|subject| subject["kind"] == kind);
    let written = of_kind.map(|subject| match kind {
        "ServiceAccount" => format!("{}/{}", text(&subject["namespace"]), text(&subject["name"])),
        _ => text(&subject["name"]).to_owned(),
    });
    json!(written.collect::<Vec<_>>().join(", "))
}
