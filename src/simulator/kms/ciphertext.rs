//! Ciphertext blobs: AES-256-GCM over the plaintext, with the encryption context and the blob's own
//! head authenticated. The head names the key, so that decrypting needs no key id.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

/// How blobs of KMS begin (`AQICAH…` in base64).
const MAGIC: [u8; 5] = [1, 2, 2, 0, 0x78];
const ID_LENGTH: usize = 16;
const NUMBER_LENGTH: usize = 4;
const HEAD_LENGTH: usize = MAGIC.len() + ID_LENGTH + NUMBER_LENGTH;

/// Non-secret pairs that a ciphertext is bound to.
pub(super) type Pairs = BTreeMap<String, String>;

/// What a blob says of itself, before anything is known to be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) key_id: String,
    /// Which of the key's materials encrypted it.
    pub(super) material: usize,
}

/// Key material as it is kept in the world.
pub(super) fn material(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Encrypts; `None` when the head or the secret cannot be written, which the world never has.
pub(super) fn seal(
    secret: &str,
    head: &Head,
    nonce: [u8; NONCE_LEN],
    context: &Pairs,
    plaintext: &[u8],
) -> Option<Vec<u8>> {
    let mut blob = head.bytes()?;
    let authenticated = authenticated(&blob, context);
    let mut text = plaintext.to_vec();
    let nonce_value = Nonce::assume_unique_for_key(nonce);
    cipher(secret)?
        .seal_in_place_append_tag(nonce_value, Aad::from(authenticated), &mut text)
        .ok()?;
    blob.extend(nonce);
    blob.extend(text);
    Some(blob)
}

/// Decrypts; `None` when the blob was altered or the context is another one.
pub(super) fn open(secret: &str, context: &Pairs, blob: &[u8]) -> Option<Vec<u8>> {
    let (head, rest) = blob.split_at_checked(HEAD_LENGTH)?;
    let (nonce, text) = rest.split_at_checked(NONCE_LEN)?;
    let mut text = text.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let authenticated = Aad::from(authenticated(head, context));
    let opened = cipher(secret)?.open_in_place(nonce, authenticated, &mut text);
    opened.ok().map(|text| text.to_vec())
}

impl Head {
    /// What stands at the beginning of a blob; `None` for what is no blob of ours.
    pub(super) fn of(blob: &[u8]) -> Option<Head> {
        let rest = blob.get(..HEAD_LENGTH)?.strip_prefix(&MAGIC)?;
        let (id, number) = rest.split_at_checked(ID_LENGTH)?;
        let number = u32::from_be_bytes(number.try_into().ok()?);
        Some(Head {
            key_id: Uuid::from_slice(id).ok()?.to_string(),
            material: usize::try_from(number).ok()?,
        })
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(Uuid::parse_str(&self.key_id).ok()?.as_bytes());
        bytes.extend(u32::try_from(self.material).ok()?.to_be_bytes());
        Some(bytes)
    }
}

fn cipher(secret: &str) -> Option<LessSafeKey> {
    let secret = STANDARD.decode(secret).ok()?;
    UnboundKey::new(&AES_256_GCM, &secret)
        .ok()
        .map(LessSafeKey::new)
}

/// Head and context, each text with its length before it, so that no two contexts read alike.
fn authenticated(head: &[u8], context: &Pairs) -> Vec<u8> {
    let mut bytes = head.to_vec();
    for text in context.iter().flat_map(|(key, value)| [key, value]) {
        bytes.extend((text.len() as u64).to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        Head {
            key_id: "1234abcd-12ab-34cd-56ef-1234567890ab".to_owned(),
            material: 3,
        }
    }

    fn pairs(entries: &[(&str, &str)]) -> Pairs {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        entries.iter().map(owned).collect()
    }

    fn sealed(context: &Pairs) -> Vec<u8> {
        seal(
            &material(&[7; 32]),
            &head(),
            [1; 12],
            context,
            b"attack at dawn",
        )
        .unwrap()
    }

    #[test]
    fn a_blob_opens_with_its_context_and_names_its_key() {
        let context = pairs(&[("a", "b")]);
        let blob = sealed(&context);
        assert_eq!(Head::of(&blob), Some(head()));
        assert!(STANDARD.encode(&blob).starts_with("AQICAH"));
        let opened = open(&material(&[7; 32]), &context, &blob);
        assert_eq!(opened.as_deref(), Some(b"attack at dawn".as_slice()));
        assert!(!blob.windows(6).any(|window| window == b"attack"));
    }

    #[test]
    fn another_context_opens_nothing() {
        let blob = sealed(&pairs(&[("a", "b"), ("c", "d")]));
        for other in [
            pairs(&[]),
            pairs(&[("a", "b")]),
            pairs(&[("a", "B"), ("c", "d")]),
            pairs(&[("A", "b"), ("c", "d")]),
            pairs(&[("a", "bc"), ("", "d")]),
        ] {
            assert_eq!(open(&material(&[7; 32]), &other, &blob), None, "{other:?}");
        }
    }

    #[test]
    fn no_byte_of_a_blob_can_be_changed() {
        let context = pairs(&[]);
        let blob = sealed(&context);
        for at in 0..blob.len() {
            let mut altered = blob.clone();
            altered[at] ^= 1;
            assert_eq!(open(&material(&[7; 32]), &context, &altered), None, "{at}");
        }
        assert_eq!(open(&material(&[7; 32]), &context, &blob[..30]), None);
        assert_eq!(open(&material(&[8; 32]), &context, &blob), None);
        assert_eq!(Head::of(&blob[..20]), None);
        assert_eq!(Head::of(b"not a blob of ours, but long enough"), None);
    }
}
