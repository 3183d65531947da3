//! Columns of what pods mount, and of what a namespace may use.

use super::{AGE, Column, NAME, Printer, age, entries, items, name, text};
use serde_json::{Value, json};

const UNSET: &str = "<unset>";

pub(in super::super) const SECRETS: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Type", "Tells programs what the data is for."),
        Column::number("Data", "How many entries the secret has."),
        AGE,
    ],
    cells: |secret, times| {
        vec![
            name(secret),
            json!(text(&secret["type"])),
            json!(entries(&secret["data"])),
            age(secret, times),
        ]
    },
};

pub(in super::super) const CLAIMS: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Status", "The phase of the claim."),
        Column::text("Volume", "The volume that the claim is bound to."),
        Column::text("Capacity", "The size of that volume."),
        Column::text("Access Modes", "How that volume can be mounted."),
        Column::text("StorageClass", "The storage class asked for."),
        Column::text("VolumeAttributesClass", "The attributes class asked for."),
        AGE,
        Column::wide("VolumeMode", "Whether a file system or a block device."),
    ],
    cells: |claim, times| {
        let (spec, status) = (&claim["spec"], &claim["status"]);
        vec![
            name(claim),
            json!(status["phase"].as_str().unwrap_or("Pending")),
            json!(text(&spec["volumeName"])),
            json!(text(&status["capacity"]["storage"])),
            json!(modes(&status["accessModes"])),
            json!(text(&spec["storageClassName"])),
            json!(spec["volumeAttributesClassName"].as_str().unwrap_or(UNSET)),
            age(claim, times),
            json!(spec["volumeMode"].as_str().unwrap_or(UNSET)),
        ]
    },
};

pub(in super::super) const VOLUMES: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Capacity", "The size of the volume."),
        Column::text("Access Modes", "How the volume can be mounted."),
        Column::text("Reclaim Policy", "What happens when its claim goes."),
        Column::text("Status", "The phase of the volume."),
        Column::text("Claim", "The claim that it is bound to."),
        Column::text("StorageClass", "The storage class it belongs to."),
        Column::text("VolumeAttributesClass", "The attributes class it has."),
        Column::text("Reason", "Why the volume is in its phase."),
        AGE,
        Column::wide("VolumeMode", "Whether a file system or a block device."),
    ],
    cells: |volume, times| {
        let (spec, status) = (&volume["spec"], &volume["status"]);
        let claim = &spec["claimRef"];
        let claim = if claim.is_object() {
            format!("{}/{}", text(&claim["namespace"]), text(&claim["name"]))
        } else {
            String::new()
        };
        vec![
            name(volume),
            json!(text(&spec["capacity"]["storage"])),
            json!(modes(&spec["accessModes"])),
            json!(text(&spec["persistentVolumeReclaimPolicy"])),
            json!(status["phase"].as_str().unwrap_or("Available")),
            json!(claim),
            json!(text(&spec["storageClassName"])),
            json!(spec["volumeAttributesClassName"].as_str().unwrap_or(UNSET)),
            json!(text(&status["reason"])),
            age(volume, times),
            json!(spec["volumeMode"].as_str().unwrap_or(UNSET)),
        ]
    },
};

/// `RWO,ROX`
fn modes(modes: &Value) -> String {
    let short = items(modes).iter().map(|mode| match text(mode) {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        other => other,
    });
    short.collect::<Vec<_>>().join(",")
}

pub(in super::super) const STORAGE_CLASSES: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Provisioner", "What makes the volumes."),
        Column::text("ReclaimPolicy", "What happens when a claim goes."),
        Column::text("VolumeBindingMode", "When volumes are made."),
        Column::text("AllowVolumeExpansion", "Whether volumes can grow."),
        AGE,
    ],
    cells: |class, times| {
        let is_default =
            &class["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"];
        let mark = if is_default == "true" {
            " (default)"
        } else {
            ""
        };
        vec![
            json!(format!("{}{mark}", text(&class["metadata"]["name"]))),
            json!(text(&class["provisioner"])),
            json!(class["reclaimPolicy"].as_str().unwrap_or("Delete")),
            json!(class["volumeBindingMode"].as_str().unwrap_or("Immediate")),
            json!(class["allowVolumeExpansion"].as_bool().unwrap_or(false)),
            age(class, times),
        ]
    },
};

pub(in super::super) const RESOURCE_QUOTAS: Printer = Printer {
    columns: &[
        NAME,
        AGE,
        Column::text("Request", "What is used of the requests allowed."),
        Column::text("Limit", "What is used of the limits allowed."),
    ],
    cells: |quota, times| {
        let of = |limits: bool| {
            let hard = quota["spec"]["hard"].as_object().into_iter().flatten();
            let lines = hard.filter(|(what, _)| what.starts_with("limits.") == limits);
            let lines = lines.map(|(what, most)| {
                let used = quota["status"]["used"][what].as_str().unwrap_or("0");
                format!("{what}: {used}/{}", text(most))
            });
            json!(lines.collect::<Vec<_>>().join(", "))
        };
        vec![name(quota), age(quota, times), of(false), of(true)]
    },
};
