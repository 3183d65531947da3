//! KMS operations that encrypt, decrypt and make data keys.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::access::{access_denied, asking, asking_about, authorize, authorize_by_identity};
use super::ciphertext::{self, Head, Pairs};
use super::constraint::{check_length, check_range, refuse_dry_run, validation, violated};
use super::{Key, vanished};
use crate::policy::Request;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("Encrypt", encrypt),
        Operation::new("Decrypt", decrypt),
        Operation::new("ReEncrypt", re_encrypt),
        Operation::new("GenerateDataKey", generate_data_key),
        Operation::new(
            "GenerateDataKeyWithoutPlaintext",
            generate_data_key_without_plaintext,
        ),
        Operation::new("GenerateRandom", generate_random),
    ]
}

const ALGORITHM: &str = "SYMMETRIC_DEFAULT";
const MOST_PLAINTEXT: usize = 4096;
const MOST_CIPHERTEXT: usize = 6144;

/// Bytes that JSON carries as base64.
#[derive(Clone)]
struct Blob(Vec<u8>);

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Blob).map_err(D::Error::custom)
    }
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// How a call means to use a key.
struct Use<'a> {
    /// As the request names the key.
    name: &'a str,
    action: &'a str,
    context: &'a Pairs,
    tokens: &'a [String],
    algorithm: Option<&'a str>,
}

/// The key, if the call may use it in this way and its state lets it.
fn usable<'a>(
    world: &'a World,
    call: &Call,
    wanted: &Use<'_>,
    more: impl FnOnce(Request) -> Request,
) -> Result<&'a Key, Refusal> {
    let key = world.find_key(wanted.name)?;
    require_known_tokens(world, wanted.tokens)?;
    let mut request = naming(asking_about(world, call, key, wanted.action), wanted.name).with(
        "kms:EncryptionAlgorithm",
        wanted.algorithm.unwrap_or(ALGORITHM),
    );
    request.encryption_context = wanted.context.clone();
    authorize(world, key, &more(request))?;
    require_algorithm(wanted.algorithm, key)?;
    key.require_enabled()?;
    Ok(key)
}

fn same(request: Request) -> Request {
    request
}

/// The request with `kms:RequestAlias`, when it names its key by an alias.
pub(super) fn naming(request: Request, name: &str) -> Request {
    let resource = name.splitn(6, ':').last().unwrap_or(name);
    if resource.starts_with("alias/") {
        request.with("kms:RequestAlias", resource)
    } else {
        request
    }
}

/// A grant is in force as soon as it is made, so its token says nothing new; but it has to be one.
pub(super) fn require_known_tokens(world: &World, tokens: &[String]) -> Result<(), Refusal> {
    let known = |token: &String| {
        let mut issued = world.kms.keys.values().flat_map(|key| key.issued.values());
        issued.any(|issued| issued.tokens.contains(token))
    };
    if tokens.iter().all(known) {
        return Ok(());
    }
    Err(Refusal::bad(
        "InvalidGrantTokenException",
        "The specified grant token is not valid.",
    ))
}

fn require_algorithm(algorithm: Option<&str>, key: &Key) -> Result<(), Refusal> {
    match algorithm {
        None | Some(ALGORITHM) => Ok(()),
        Some(other) => Err(Refusal::bad(
            "InvalidKeyUsageException",
            format!("{} does not support the algorithm {other}.", key.arn),
        )),
    }
}

/// Encrypts with the current material of a key; the blob and the material's id.
fn sealed(
    world: &mut World,
    key_id: &str,
    context: &Pairs,
    plaintext: &[u8],
) -> Result<(String, String), Refusal> {
    let mut nonce = [0; 12];
    nonce.copy_from_slice(&world.bytes(12));
    let key = world.kms.keys.get(key_id).ok_or_else(vanished)?;
    let (number, material) = key.current_material().ok_or_else(vanished)?;
    let head = Head {
        key_id: key_id.to_owned(),
        material: number,
    };
    let blob = ciphertext::seal(&material.secret, &head, nonce, context, plaintext);
    Ok((base64(&blob.ok_or_else(vanished)?), material.id.clone()))
}

/// Decrypts a blob of this key; the plaintext and the material's id.
fn opened(key: &Key, context: &Pairs, blob: &[u8]) -> Result<(Vec<u8>, String), Refusal> {
    let head = Head::of(blob).ok_or_else(invalid_ciphertext)?;
    let material = key
        .material
        .get(head.material)
        .ok_or_else(invalid_ciphertext)?;
    let plaintext = ciphertext::open(&material.secret, context, blob);
    let plaintext = plaintext.ok_or_else(invalid_ciphertext)?;
    Ok((plaintext, material.id.clone()))
}

/// KMS says nothing with it: not whether the blob or the context is the wrong one.
fn invalid_ciphertext() -> Refusal {
    Refusal::bad("InvalidCiphertextException", "")
}

/// The id of the key that a blob names, which has to be the one that the request names, if any.
fn key_of_blob(world: &World, blob: &[u8], named: Option<&str>) -> Result<String, Refusal> {
    check_length(blob.len(), "ciphertextBlob", 1..=MOST_CIPHERTEXT)?;
    let named = named.map(|name| world.find_key(name)).transpose()?;
    let id = Head::of(blob).ok_or_else(invalid_ciphertext)?.key_id;
    match named {
        Some(key) if key.id != id => Err(Refusal::bad(
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation.",
        )),
        _ if world.kms.keys.contains_key(&id) => Ok(id),
        _ => Err(access_denied(
            "The ciphertext refers to a customer master key that does not exist, \
             does not exist in this region, or you are not allowed to access.",
        )),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct EncryptRequest {
    key_id: String,
    plaintext: Blob,
    #[serde(default)]
    encryption_context: BTreeMap<String, String>,
    #[serde(default)]
    grant_tokens: Vec<String>,
    encryption_algorithm: Option<String>,
    dry_run: Option<bool>,
}

fn encrypt(world: &mut World, call: &Call, request: EncryptRequest) -> Result<Value, Refusal> {
    check_length(request.plaintext.0.len(), "plaintext", 1..=MOST_PLAINTEXT)?;
    let wanted = Use {
        name: &request.key_id,
        action: "kms:Encrypt",
        context: &request.encryption_context,
        tokens: &request.grant_tokens,
        algorithm: request.encryption_algorithm.as_deref(),
    };
    let key = usable(world, call, &wanted, same)?;
    refuse_dry_run(request.dry_run)?;
    let (id, arn) = (key.id.clone(), key.arn.clone());
    let (blob, _) = sealed(world, &id, wanted.context, &request.plaintext.0)?;
    Ok(json!({ "CiphertextBlob": blob, "KeyId": arn, "EncryptionAlgorithm": ALGORITHM }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DecryptRequest {
    ciphertext_blob: Blob,
    key_id: Option<String>,
    #[serde(default)]
    encryption_context: BTreeMap<String, String>,
    #[serde(default)]
    grant_tokens: Vec<String>,
    encryption_algorithm: Option<String>,
    dry_run: Option<bool>,
}

fn decrypt(world: &mut World, call: &Call, request: DecryptRequest) -> Result<Value, Refusal> {
    let blob = &request.ciphertext_blob.0;
    let id = key_of_blob(world, blob, request.key_id.as_deref())?;
    let wanted = Use {
        name: request.key_id.as_deref().unwrap_or(&id),
        action: "kms:Decrypt",
        context: &request.encryption_context,
        tokens: &request.grant_tokens,
        algorithm: request.encryption_algorithm.as_deref(),
    };
    let key = usable(world, call, &wanted, same)?;
    let (plaintext, material) = opened(key, wanted.context, blob)?;
    refuse_dry_run(request.dry_run)?;
    Ok(json!({
        "KeyId": key.arn,
        "Plaintext": base64(&plaintext),
        "EncryptionAlgorithm": ALGORITHM,
        "KeyMaterialId": material,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ReEncryptRequest {
    ciphertext_blob: Blob,
    #[serde(default)]
    source_encryption_context: BTreeMap<String, String>,
    source_key_id: Option<String>,
    destination_key_id: String,
    #[serde(default)]
    destination_encryption_context: BTreeMap<String, String>,
    source_encryption_algorithm: Option<String>,
    destination_encryption_algorithm: Option<String>,
    #[serde(default)]
    grant_tokens: Vec<String>,
    dry_run: Option<bool>,
}

fn re_encrypt(world: &mut World, call: &Call, request: ReEncryptRequest) -> Result<Value, Refusal> {
    let blob = &request.ciphertext_blob.0;
    let source_id = key_of_blob(world, blob, request.source_key_id.as_deref())?;
    let from = Use {
        name: request.source_key_id.as_deref().unwrap_or(&source_id),
        action: "kms:ReEncryptFrom",
        context: &request.source_encryption_context,
        tokens: &request.grant_tokens,
        algorithm: request.source_encryption_algorithm.as_deref(),
    };
    let to = Use {
        name: &request.destination_key_id,
        action: "kms:ReEncryptTo",
        context: &request.destination_encryption_context,
        tokens: &request.grant_tokens,
        algorithm: request.destination_encryption_algorithm.as_deref(),
    };
    let on_same_key = (world.find_key(to.name)?.id == source_id).to_string();
    let marked = |request: Request| request.with("kms:ReEncryptOnSameKey", &on_same_key);
    let source = usable(world, call, &from, marked)?;
    let target = usable(world, call, &to, marked)?;
    let (plaintext, source_material) = opened(source, from.context, blob)?;
    refuse_dry_run(request.dry_run)?;
    let (source_arn, target_arn) = (source.arn.clone(), target.arn.clone());
    let target_id = target.id.clone();
    let (blob, target_material) = sealed(world, &target_id, to.context, &plaintext)?;
    Ok(json!({
        "CiphertextBlob": blob,
        "SourceKeyId": source_arn,
        "KeyId": target_arn,
        "SourceEncryptionAlgorithm": ALGORITHM,
        "DestinationEncryptionAlgorithm": ALGORITHM,
        "SourceKeyMaterialId": source_material,
        "DestinationKeyMaterialId": target_material,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GenerateDataKeyRequest {
    key_id: String,
    #[serde(default)]
    encryption_context: BTreeMap<String, String>,
    number_of_bytes: Option<i64>,
    key_spec: Option<String>,
    #[serde(default)]
    grant_tokens: Vec<String>,
    dry_run: Option<bool>,
}

impl GenerateDataKeyRequest {
    /// How many bytes the data key has.
    fn length(&self) -> Result<usize, Refusal> {
        match (self.number_of_bytes, self.key_spec.as_deref()) {
            (None, Some("AES_128")) => Ok(16),
            (None, Some("AES_256")) => Ok(32),
            (None, Some(other)) => {
                let must = "satisfy enum value set: [AES_256, AES_128]";
                Err(violated(other, "keySpec", must))
            }
            (Some(bytes), None) => number_of_bytes(bytes),
            _ => Err(validation(
                "Please specify either number of bytes or key spec.",
            )),
        }
    }
}

fn number_of_bytes(bytes: i64) -> Result<usize, Refusal> {
    check_range(bytes, "numberOfBytes", 1..=1024)?;
    usize::try_from(bytes).map_err(|_| violated(bytes, "numberOfBytes", "be a number"))
}

fn generate_data_key(
    world: &mut World,
    call: &Call,
    request: GenerateDataKeyRequest,
) -> Result<Value, Refusal> {
    let (plaintext, mut answer) = data_key(world, call, "kms:GenerateDataKey", &request)?;
    answer["Plaintext"] = json!(base64(&plaintext));
    Ok(answer)
}

fn generate_data_key_without_plaintext(
    world: &mut World,
    call: &Call,
    request: GenerateDataKeyRequest,
) -> Result<Value, Refusal> {
    let action = "kms:GenerateDataKeyWithoutPlaintext";
    data_key(world, call, action, &request).map(|(_, answer)| answer)
}

/// A new data key, and the answer that tells it only encrypted.
fn data_key(
    world: &mut World,
    call: &Call,
    action: &str,
    request: &GenerateDataKeyRequest,
) -> Result<(Vec<u8>, Value), Refusal> {
    let length = request.length()?;
    let wanted = Use {
        name: &request.key_id,
        action,
        context: &request.encryption_context,
        tokens: &request.grant_tokens,
        algorithm: None,
    };
    let key = usable(world, call, &wanted, same)?;
    refuse_dry_run(request.dry_run)?;
    let (id, arn) = (key.id.clone(), key.arn.clone());
    let plaintext = world.bytes(length);
    let (blob, material) = sealed(world, &id, wanted.context, &plaintext)?;
    let answer = json!({ "CiphertextBlob": blob, "KeyId": arn, "KeyMaterialId": material });
    Ok((plaintext, answer))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GenerateRandomRequest {
    number_of_bytes: Option<i64>,
}

fn generate_random(
    world: &mut World,
    call: &Call,
    request: GenerateRandomRequest,
) -> Result<Value, Refusal> {
    // The model has it optional, its documentation says that it is required.
    let asked = request
        .number_of_bytes
        .ok_or_else(|| validation("Please specify number of bytes."))?;
    let length = number_of_bytes(asked)?;
    authorize_by_identity(world, "*", &asking(world, call, "kms:GenerateRandom"))?;
    Ok(json!({ "Plaintext": base64(&world.bytes(length)) }))
}
