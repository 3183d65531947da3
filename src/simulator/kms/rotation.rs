//! Key material and its rotation: every so many days, or on demand. Older material still decrypts.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::clock::Moment;
use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::{self, World};
use super::access::{authorized, authorized_with, key_mut};
use super::ciphertext;
use super::constraint::{check_range, violated};
use super::keys::KeyRequest;
use super::page::Page;
use super::{Event, Key, days};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("EnableKeyRotation", enable_key_rotation),
        Operation::new("DisableKeyRotation", disable_key_rotation),
        Operation::new("GetKeyRotationStatus", get_key_rotation_status),
        Operation::new("RotateKeyOnDemand", rotate_key_on_demand),
        Operation::new("ListKeyRotations", list_key_rotations),
    ]
}

/// Days between two rotations, unless something else is asked for.
pub(super) const YEARLY: u32 = 365;

/// How often a key may be rotated on demand in its life.
const MOST_ON_DEMAND: usize = 25;

/// Automatic rotation of a key.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Rotation {
    pub period_days: u32,
    pub next: Moment,
}

/// What encrypts. It is drawn from the world's random numbers, so that a world that is played again
/// gives the same ciphertexts; nothing here is a secret worth keeping.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Material {
    /// 64 hexadecimal digits.
    pub(super) id: String,
    /// 256 bits as base64.
    pub(super) secret: String,
    /// How it came to replace its predecessor; `None` for the first.
    rotated: Option<Rotated>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Rotated {
    at: Moment,
    on_demand: bool,
}

impl Material {
    pub(super) fn first(world: &mut World) -> Material {
        Material {
            id: hexadecimal(&world.bytes(32)),
            secret: ciphertext::material(&world.bytes(32)),
            rotated: None,
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Key {
    /// The material that encrypts, and its number.
    pub(super) fn current_material(&self) -> Option<(usize, &Material)> {
        self.material.iter().enumerate().next_back()
    }
}

/// Begins automatic rotation, counted from now.
pub(super) fn start(world: &mut World, id: &str, period_days: u32) {
    let next = world.now() + days(period_days);
    if let Some(key) = world.kms.keys.get_mut(id) {
        key.rotation = Some(Rotation { period_days, next });
        let key = id.to_owned();
        let event = world::Event::Kms(Event::RotationDue { key });
        world.schedule(days(period_days), event);
    }
}

/// Rotates a key whose time has come. A key that is not enabled has to wait until it is.
pub(super) fn rotate_if_due(world: &mut World, id: &str) {
    let now = world.now();
    let rotation = world
        .kms
        .keys
        .get(id)
        .filter(|key| key.usable())
        .and_then(|key| key.rotation)
        .filter(|rotation| rotation.next <= now);
    if let Some(rotation) = rotation {
        rotate(world, id, false);
        start(world, id, rotation.period_days);
    }
}

fn rotate(world: &mut World, id: &str, on_demand: bool) {
    let at = world.now();
    let material = Material {
        rotated: Some(Rotated { at, on_demand }),
        ..Material::first(world)
    };
    if let Some(key) = world.kms.keys.get_mut(id) {
        key.material.push(material);
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct EnableKeyRotationRequest {
    key_id: String,
    #[serde(default = "yearly")]
    rotation_period_in_days: u32,
}

fn yearly() -> u32 {
    YEARLY
}

fn enable_key_rotation(
    world: &mut World,
    call: &Call,
    request: EnableKeyRotationRequest,
) -> Result<Value, Refusal> {
    let period = request.rotation_period_in_days;
    check_range(i64::from(period), "rotationPeriodInDays", 90..=2560)?;
    let action = "kms:EnableKeyRotation";
    let key = authorized_with(world, call, &request.key_id, action, |request| {
        request.with("kms:RotationPeriodInDays", period.to_string())
    })?;
    key.require_enabled()?;
    let id = key.id.clone();
    let unchanged = key
        .rotation
        .is_some_and(|known| known.period_days == period);
    if !unchanged {
        start(world, &id, period);
    }
    Ok(Value::Null)
}

fn disable_key_rotation(
    world: &mut World,
    call: &Call,
    request: KeyRequest,
) -> Result<Value, Refusal> {
    let key = authorized(world, call, &request.key_id, "kms:DisableKeyRotation")?;
    key.require_enabled()?;
    let id = key.id.clone();
    key_mut(world, &id)?.rotation = None;
    Ok(Value::Null)
}

/// In every state: "while a KMS key is pending deletion, its key rotation status is false" (service
/// model).
fn get_key_rotation_status(
    world: &mut World,
    call: &Call,
    request: KeyRequest,
) -> Result<Value, Refusal> {
    let key = authorized(world, call, &request.key_id, "kms:GetKeyRotationStatus")?;
    let rotation = key.rotation.filter(|_| !key.state.is_pending_deletion());
    Ok(json!({
        "KeyRotationEnabled": rotation.is_some(),
        "KeyId": key.arn,
        "RotationPeriodInDays": rotation.map(|rotation| rotation.period_days),
        "NextRotationDate": rotation.map(|rotation| world.timestamp_ahead(rotation.next)),
    }))
}

/// Done at once; AWS takes a moment for it in the background.
fn rotate_key_on_demand(
    world: &mut World,
    call: &Call,
    request: KeyRequest,
) -> Result<Value, Refusal> {
    let key = authorized(world, call, &request.key_id, "kms:RotateKeyOnDemand")?;
    key.require_enabled()?;
    let on_demand = |material: &&Material| material.rotated.is_some_and(|how| how.on_demand);
    if key.material.iter().filter(on_demand).count() >= MOST_ON_DEMAND {
        let message = format!("{} was rotated on demand {MOST_ON_DEMAND} times.", key.arn);
        return Err(Refusal::bad("LimitExceededException", message));
    }
    let id = key.id.clone();
    rotate(world, &id, true);
    Ok(json!({ "KeyId": id }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListKeyRotationsRequest {
    key_id: String,
    include_key_material: Option<String>,
    limit: Option<i64>,
    marker: Option<String>,
}

fn list_key_rotations(
    world: &mut World,
    call: &Call,
    request: ListKeyRotationsRequest,
) -> Result<Value, Refusal> {
    let with_first = match request.include_key_material.as_deref() {
        None | Some("ROTATIONS_ONLY") => false,
        Some("ALL_KEY_MATERIAL") => true,
        Some(other) => {
            let must = "satisfy enum value set: [ALL_KEY_MATERIAL, ROTATIONS_ONLY]";
            return Err(violated(other, "includeKeyMaterial", must));
        }
    };
    let key = authorized(world, call, &request.key_id, "kms:ListKeyRotations")?;
    let numbered = key.material.iter().enumerate();
    let listed = numbered.filter(|(_, material)| with_first || material.rotated.is_some());
    let entries = listed.map(|(number, material)| {
        let is_current = number + 1 == key.material.len();
        let rotation_type = material.rotated.map(|how| {
            if how.on_demand {
                "ON_DEMAND"
            } else {
                "AUTOMATIC"
            }
        });
        let entry = json!({
            "KeyId": key.id,
            "KeyMaterialId": material.id,
            "KeyMaterialState": if is_current { "CURRENT" } else { "NON_CURRENT" },
            "RotationDate": material.rotated.map(|how| world.timestamp(how.at)),
            "RotationType": rotation_type,
        });
        (format!("{number:08}"), entry)
    });
    let page = Page {
        limit: request.limit,
        marker: request.marker.as_deref(),
        usual: 100,
        most: 1000,
    };
    page.of("Rotations", entries.collect())
}
