//! The protobuf request bodies that kubectl sends from 1.32 on (`auth can-i`, `create deployment`, `drain`), read into
//! the JSON they stand for. Answers are always JSON.

mod shapes;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use shapes::{Fields, Shape};

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
    let fields = shapes::of(&kind).ok_or_else(|| {
        format!(
            "reading a {kind} from a protobuf body is not simulated; send it as JSON or YAML, as `kubectl create -f` does"
        )
    })?;
    let mut decoded = Map::new();
    decoded.insert("kind".to_owned(), json!(kind));
    decoded.insert("apiVersion".to_owned(), json!(api_version));
    read_fields(envelope.bytes(2), fields, &kind, &mut decoded, 0)?;
    Ok(Value::Object(decoded))
}

/// Deeper than any object that clients make.
const MAX_DEPTH: usize = 32;

/// Reads a message's fields into `into`. What carries nothing is left out; what is not known is refused.
fn read_fields(
    bytes: &[u8],
    fields: Fields,
    of: &str,
    into: &mut Map<String, Value>,
    depth: usize,
) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err("the protobuf body is nested too deeply".to_owned());
    }
    for (number, content) in Message::read(bytes)?.0 {
        let known = fields.iter().find(|(of, ..)| *of == number);
        let Some((_, name, shape)) = known else {
            if content.says_nothing() {
                continue;
            }
            return Err(format!(
                "field {number} of {of} in a protobuf body is not simulated; send it as JSON or YAML, as `kubectl create -f` does"
            ));
        };
        if let Shape::Inline(fields) = shape {
            read_fields(content.bytes(), fields, of, into, depth + 1)?;
        } else {
            read_field(content, *shape, name, into, depth)?;
        }
    }
    Ok(())
}

fn read_field(
    content: Content<'_>,
    shape: Shape,
    name: &str,
    into: &mut Map<String, Value>,
    depth: usize,
) -> Result<(), String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let message = |fields: Fields| {
        let mut message = Map::new();
        read_fields(content.bytes(), fields, name, &mut message, depth + 1)?;
        Ok::<Value, String>(Value::Object(message))
    };
    let value = match shape {
        Shape::Ignored | Shape::Inline(_) => Value::Null,
        Shape::Text if content.bytes().is_empty() => Value::Null,
        Shape::Text => json!(text(content.bytes())),
        Shape::Number if content.number() == 0 => Value::Null,
        Shape::Number | Shape::Count => json!(content.number()),
        Shape::Truth if content.number() == 0 => Value::Null,
        Shape::Truth => json!(true),
        Shape::One(fields) => match message(fields)? {
            Value::Object(fields) if fields.is_empty() && name != "metadata" => Value::Null,
            message => message,
        },
        Shape::IntOrText => {
            let message = Message::read(content.bytes())?;
            match message.number(1) {
                0 => json!(message.number(2)),
                _ => json!(message.text(3)),
            }
        }
        // Seconds since 1970; what the client read it from says the same.
        Shape::Time => match Message::read(content.bytes())?.number(1) {
            0 => Value::Null,
            seconds => jiff::Timestamp::from_second(seconds)
                .map_or(Value::Null, |time| json!(time.to_string())),
        },
        Shape::Texts => return push(into, name, json!(text(content.bytes()))),
        Shape::Many(fields) => return push(into, name, message(fields)?),
        Shape::TextMap | Shape::BytesMap | Shape::QuantityMap => {
            let entry = Message::read(content.bytes())?;
            let value = match shape {
                Shape::TextMap => json!(entry.text(2)),
                Shape::BytesMap => json!(BASE64_STANDARD.encode(entry.bytes(2))),
                _ => json!(Message::read(entry.bytes(2))?.text(1)),
            };
            let map = into
                .entry(name.to_owned())
                .or_insert_with(|| Value::Object(Map::new()));
            map[entry.text(1)] = value;
            return Ok(());
        }
    };
    if !value.is_null() {
        into.insert(name.to_owned(), value);
    }
    Ok(())
}

fn push(into: &mut Map<String, Value>, name: &str, value: Value) -> Result<(), String> {
    let list = into
        .entry(name.to_owned())
        .or_insert_with(|| Value::Array(Vec::new()));
    if let Some(list) = list.as_array_mut() {
        list.push(value);
    }
    Ok(())
}

/// What a field of a message carries.
#[derive(Debug, Clone, Copy)]
enum Content<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Content<'a> {
    fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Number(_) => &[],
        }
    }

    /// Protobuf writes negative numbers in two's complement.
    fn number(self) -> i64 {
        match self {
            Self::Number(number) => number.cast_signed(),
            Self::Bytes(_) => 0,
        }
    }

    fn says_nothing(self) -> bool {
        matches!(self, Self::Number(0) | Self::Bytes([]))
    }
}

/// The fields of a message, in order.
struct Message<'a>(Vec<(u64, Content<'a>)>);

impl<'a> Message<'a> {
    fn read(mut bytes: &'a [u8]) -> Result<Self, String> {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes)?;
            match tag & 7 {
                0 => fields.push((tag >> 3, Content::Number(varint(&mut bytes)?))),
                1 => drop(taken(&mut bytes, 8)?),
                2 => {
                    let length = varint(&mut bytes)?;
                    fields.push((tag >> 3, Content::Bytes(taken(&mut bytes, length)?)));
                }
                5 => drop(taken(&mut bytes, 4)?),
                wire_type => return Err(format!("protobuf wire type {wire_type} is not known")),
            }
        }
        Ok(Self(fields))
    }

    fn find(&self, number: u64) -> Option<Content<'a>> {
        self.0
            .iter()
            .rev()
            .find(|(of, _)| *of == number)
            .map(|(_, content)| *content)
    }

    fn bytes(&self, number: u64) -> &'a [u8] {
        self.find(number).map(Content::bytes).unwrap_or_default()
    }

    fn number(&self, number: u64) -> i64 {
        self.find(number).map(Content::number).unwrap_or_default()
    }

    fn text(&self, number: u64) -> String {
        String::from_utf8_lossy(self.bytes(number)).into_owned()
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
    fn a_deployment_is_read() {
        let label = [field(1, b"app"), field(2, b"web")].concat();
        let container = [field(1, b"web"), field(2, b"nginx"), field(8, b"")].concat();
        let template = [
            field(1, &field(11, &label)),
            field(2, &field(2, &container)),
        ]
        .concat();
        // A number is written without a length: replicas = 0 says something.
        let spec = [
            vec![1 << 3, 0],
            field(2, &field(1, &label)),
            field(3, &template),
            field(4, &field(1, b"")),
        ]
        .concat();
        let object = [field(1, &field(1, b"web")), field(2, &spec), field(3, b"")].concat();
        assert_eq!(
            decode(&body("apps/v1", "Deployment", &object)).unwrap(),
            json!({
                "kind": "Deployment", "apiVersion": "apps/v1", "metadata": { "name": "web" },
                "spec": {
                    "replicas": 0,
                    "selector": { "matchLabels": { "app": "web" } },
                    "template": {
                        "metadata": { "labels": { "app": "web" } },
                        "spec": { "containers": [{ "name": "web", "image": "nginx" }] },
                    },
                },
            })
        );
    }

    #[test]
    fn a_field_that_is_not_known_is_refused_unless_it_is_empty() {
        let spec = |content: &[u8]| field(2, &field(15, content));
        assert!(decode(&body("apps/v1", "Deployment", &spec(b""))).is_ok());
        assert!(
            decode(&body("apps/v1", "Deployment", &spec(b"x")))
                .unwrap_err()
                .contains("field 15 of spec")
        );
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        assert!(decode(b"{}").is_err());
        assert!(decode(&can_i_get_nodes()[..40]).is_err());
        assert!(
            decode(&body("apps/v1", "Fleet", b""))
                .unwrap_err()
                .contains("Fleet from a protobuf body is not simulated")
        );
    }
}
