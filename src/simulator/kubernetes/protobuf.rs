//! The few protobuf request bodies that kubectl sends from 1.32 on (`auth can-i`, `create namespace`, `create
//! configmap`), read into the JSON they stand for. Answers are always JSON.

use serde_json::{Map, Value, json};

/// Begins every protobuf body of Kubernetes.
const MAGIC: &[u8] = b"k8s\0";

/// Reads a body: `k8s\0`, then `runtime.Unknown { 1: TypeMeta, 2: the object }`. The error says what is wrong or not known.
pub(super) fn decode(body: &[u8]) -> Result<Value, String> {
    let envelope = body
        .strip_prefix(MAGIC)
        .ok_or("the body does not begin with the mark of a Kubernetes protobuf")?;
    let envelope = Message::read(envelope)?;
    let type_meta = Message::read(envelope.bytes(1))?;
    let (api_version, kind) = (type_meta.text(1), type_meta.text(2));
    let object = Message::read(envelope.bytes(2))?;
    let mut decoded = match kind.as_str() {
        "SelfSubjectAccessReview" => json!({ "spec": access_review_spec(&object)? }),
        "SelfSubjectRulesReview" => {
            json!({ "spec": { "namespace": Message::read(object.bytes(2))?.text(1) } })
        }
        "SelfSubjectReview" => json!({}),
        "Namespace" => json!({ "metadata": metadata(&object)? }),
        "ConfigMap" => json!({ "metadata": metadata(&object)?, "data": object.text_map(2)? }),
        other => {
            return Err(format!(
                "reading a {other} from a protobuf body is not simulated; send it as JSON or YAML, as `kubectl create -f` does"
            ));
        }
    };
    decoded["kind"] = json!(kind);
    decoded["apiVersion"] = json!(api_version);
    Ok(decoded)
}

fn access_review_spec(review: &Message<'_>) -> Result<Value, String> {
    let spec = Message::read(review.bytes(2))?;
    if let Some(attributes) = spec.find(2) {
        let attributes = Message::read(attributes)?;
        return Ok(json!({ "nonResourceAttributes": attributes.texts(&["path", "verb"]) }));
    }
    let attributes = Message::read(spec.bytes(1))?;
    let names = [
        "namespace",
        "verb",
        "group",
        "version",
        "resource",
        "subresource",
        "name",
    ];
    Ok(json!({ "resourceAttributes": attributes.texts(&names) }))
}

fn metadata(object: &Message<'_>) -> Result<Value, String> {
    let metadata = Message::read(object.bytes(1))?;
    let mut decoded = metadata.texts(&["name", "generateName", "namespace"]);
    for (number, field) in [(11, "labels"), (12, "annotations")] {
        let map = metadata.text_map(number)?;
        if !map.is_empty() {
            decoded.insert(field.to_owned(), Value::Object(map));
        }
    }
    Ok(Value::Object(decoded))
}

/// The length-delimited fields of a message, in order. Numbers are skipped: nothing that is read here has any.
struct Message<'a>(Vec<(u64, &'a [u8])>);

impl<'a> Message<'a> {
    fn read(mut bytes: &'a [u8]) -> Result<Self, String> {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes)?;
            match tag & 7 {
                0 => drop(varint(&mut bytes)?),
                1 => drop(taken(&mut bytes, 8)?),
                2 => {
                    let length = varint(&mut bytes)?;
                    fields.push((tag >> 3, taken(&mut bytes, length)?));
                }
                5 => drop(taken(&mut bytes, 4)?),
                wire_type => return Err(format!("protobuf wire type {wire_type} is not known")),
            }
        }
        Ok(Self(fields))
    }

    fn find(&self, number: u64) -> Option<&'a [u8]> {
        self.0
            .iter()
            .rev()
            .find(|(of, _)| *of == number)
            .map(|(_, bytes)| *bytes)
    }

    fn bytes(&self, number: u64) -> &'a [u8] {
        self.find(number).unwrap_or_default()
    }

    fn text(&self, number: u64) -> String {
        String::from_utf8_lossy(self.bytes(number)).into_owned()
    }

    /// Text fields numbered from 1, under these names; empty ones are left out.
    fn texts(&self, names: &[&str]) -> Map<String, Value> {
        let fields = names
            .iter()
            .zip(1..)
            .map(|(name, number)| ((*name).to_owned(), self.text(number)));
        fields
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| (name, json!(text)))
            .collect()
    }

    fn text_map(&self, number: u64) -> Result<Map<String, Value>, String> {
        let entries = self.0.iter().filter(|(of, _)| *of == number);
        entries
            .map(|(_, bytes)| {
                Message::read(bytes).map(|entry| (entry.text(1), json!(entry.text(2))))
            })
            .collect()
    }
}

fn varint(bytes: &mut &[u8]) -> Result<u64, String> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes
            .split_first()
            .ok_or("the protobuf body ends within a number")?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("a number in the protobuf body is too long".to_owned())
}

fn taken<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8], String> {
    let length = usize::try_from(length)
        .ok()
        .filter(|length| *length <= bytes.len());
    let (field, rest) = bytes.split_at(length.ok_or("the protobuf body ends within a field")?);
    *bytes = rest;
    Ok(field)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        [
            &[number << 3 | 2, u8::try_from(bytes.len()).unwrap()],
            bytes,
        ]
        .concat()
    }

    pub(in super::super) fn body(api_version: &str, kind: &str, object: &[u8]) -> Vec<u8> {
        let type_meta = [field(1, api_version.as_bytes()), field(2, kind.as_bytes())].concat();
        [
            MAGIC.to_vec(),
            field(1, &type_meta),
            field(2, object),
            field(3, b""),
            field(4, b""),
        ]
        .concat()
    }

    /// `auth can-i get nodes`.
    pub(in super::super) fn can_i_get_nodes() -> Vec<u8> {
        let attributes = [
            field(1, b"default"),
            field(2, b"get"),
            field(4, b"*"),
            field(5, b"nodes"),
        ]
        .concat();
        let review = [
            field(1, &field(1, b"")),
            field(2, &field(1, &attributes)),
            field(3, &[8, 0]),
        ]
        .concat();
        body(
            "authorization.k8s.io/v1",
            "SelfSubjectAccessReview",
            &review,
        )
    }

    #[test]
    fn an_access_review_is_read() {
        assert_eq!(
            decode(&can_i_get_nodes()).unwrap(),
            json!({
                "kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
                "spec": { "resourceAttributes": { "namespace": "default", "verb": "get", "version": "*", "resource": "nodes" } },
            })
        );
    }

    #[test]
    fn a_config_map_is_read() {
        let entry = [field(1, b"key"), field(2, b"value")].concat();
        let object = [
            field(1, &[field(1, b"c"), field(3, b"prod")].concat()),
            field(2, &entry),
        ]
        .concat();
        assert_eq!(
            decode(&body("v1", "ConfigMap", &object)).unwrap(),
            json!({ "kind": "ConfigMap", "apiVersion": "v1", "metadata": { "name": "c", "namespace": "prod" }, "data": { "key": "value" } })
        );
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        assert!(decode(b"{}").is_err());
        assert!(decode(&can_i_get_nodes()[..40]).is_err());
        assert!(
            decode(&body("apps/v1", "Deployment", b""))
                .unwrap_err()
                .contains("Deployment from a protobuf body is not simulated")
        );
    }
}
