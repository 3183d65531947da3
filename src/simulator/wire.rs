//! One codec per AWS protocol: an HTTP request becomes a call of a named operation with its input,
//! an answer becomes bytes. Operations know no wire format; adding one writes no code here.

pub mod input;
mod xml;

use std::sync::LazyLock;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use super::world::World;
use super::{autoscaling, ec2, eks, kms, sts};
use crate::policy::Caller;
use input::Input;

/// The only member of an object that stands for an instant: microseconds since the epoch.
pub const TIMESTAMP: &str = "$timestamp";

/// How a service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// EC2's variant of query.
    Ec2,
    Query,
    /// JSON 1.1 with `X-Amz-Target`.
    Json,
    RestJson,
}

/// A simulated service.
pub struct Service {
    /// As in a signature's credential scope.
    pub signing_name: &'static str,
    pub protocol: Protocol,
    /// Version of a query API, target prefix of a JSON API; empty for REST.
    pub selector: &'static str,
    pub namespace: &'static str,
    pub operations: Vec<Operation>,
}

/// One operation and how REST reaches it.
pub struct Operation {
    pub name: &'static str,
    /// Method and path template, e.g. `GET /clusters/{name}`; `None` outside REST.
    pub route: Option<(&'static str, &'static str)>,
    run: Box<Run>,
}

/// An operation on its untyped input.
type Run = dyn Fn(&mut World, &Call, Input) -> Result<Value, Refusal> + Send + Sync;

/// Who calls.
#[derive(Debug, Clone)]
pub struct Call {
    pub caller: Caller,
}

impl Operation {
    /// An operation from a function over its typed request.
    pub fn new<Q, R>(
        name: &'static str,
        run: fn(&mut World, &Call, Q) -> Result<R, Refusal>,
    ) -> Self
    where
        Q: DeserializeOwned + 'static,
        R: Serialize + 'static,
    {
        let run = move |world: &mut World, call: &Call, input: Input| {
            let request = input.read::<Q>().map_err(|error| error.refusal(name))?;
            let reply = run(world, call, request)?;
            serde_json::to_value(reply)
                .map_err(|error| Refusal::new("InternalFailure", 500, format!("{name}: {error}")))
        };
        Self {
            name,
            route: None,
            run: Box::new(run),
        }
    }

    /// Runs the operation on an input that no protocol says more of.
    #[cfg(test)]
    pub(super) fn run(
        &self,
        world: &mut World,
        call: &Call,
        input: Input,
    ) -> Result<Value, Refusal> {
        (self.run)(world, call, input)
    }

    /// The same, reached by REST.
    #[must_use]
    pub fn at(mut self, method: &'static str, path: &'static str) -> Self {
        self.route = Some((method, path));
        self
    }
}

/// Every simulated service.
pub static SERVICES: LazyLock<Vec<Service>> = LazyLock::new(|| {
    vec![
        eks::service(),
        kms::service(),
        autoscaling::service(),
        ec2::service(),
        sts::service(),
    ]
});

/// A request whose service and operation are known.
pub struct Decoded {
    pub service: &'static Service,
    pub operation: &'static Operation,
    input: Input,
}

impl Decoded {
    /// Runs the operation; the same input may run again on another copy of the world.
    pub fn run(&self, world: &mut World, call: &Call) -> Result<Value, Refusal> {
        (self.operation.run)(world, call, self.input.clone())
    }
}

/// The service that a request means, by its signature's scope.
pub fn service(signing_name: &str) -> Option<&'static Service> {
    SERVICES
        .iter()
        .find(|service| service.signing_name == signing_name)
}

#[cfg(test)]
pub(super) fn operation(signing_name: &str, name: &str) -> Option<&'static Operation> {
    let operations = &service(signing_name)?.operations;
    operations.iter().find(|operation| operation.name == name)
}

/// Finds the operation and reads its input.
pub fn decode(service: &'static Service, request: &Request<Bytes>) -> Result<Decoded, Refusal> {
    let (operation, input) = match service.protocol {
        Protocol::RestJson => decode_rest(service, request)?,
        Protocol::Json => decode_json(service, request)?,
        Protocol::Query | Protocol::Ec2 => decode_query(service, request)?,
    };
    Ok(Decoded {
        service,
        operation,
        input,
    })
}

fn decode_rest(
    service: &'static Service,
    request: &Request<Bytes>,
) -> Result<(&'static Operation, Input), Refusal> {
    let path = request.uri().path();
    let method = request.method().as_str();
    for operation in &service.operations {
        let Some((wanted, template)) = operation.route else {
            continue;
        };
        if wanted != method {
            continue;
        }
        if let Some(labels) = match_path(template, path) {
            return Ok((
                operation,
                Input::Json(Value::Object(rest_members(labels, request)?)),
            ));
        }
    }
    Err(not_simulated(service, &format!("{method} {path}")))
}

fn rest_members(
    labels: Map<String, Value>,
    request: &Request<Bytes>,
) -> Result<Map<String, Value>, Refusal> {
    let mut members = match request.body().as_ref() {
        [] => Map::new(),
        body => serde_json::from_slice(body)
            .map_err(|error| Refusal::bad("SerializationException", error.to_string()))?,
    };
    for (name, value) in
        form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
    {
        members.insert(name.into_owned(), input::scalar(&value));
    }
    members.extend(labels);
    Ok(members)
}

/// `/clusters/{name}` against `/clusters/a%20b`: the decoded labels, or `None`.
fn match_path(template: &str, path: &str) -> Option<Map<String, Value>> {
    let mut labels = Map::new();
    let mut parts = path.trim_end_matches('/').split('/');
    for wanted in template.split('/') {
        let part = parts.next()?;
        match wanted
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            Some(name) => {
                let value = percent_decode_str(part).decode_utf8().ok()?;
                labels.insert(name.to_owned(), json!(value));
            }
            None if wanted == part => {}
            None => return None,
        }
    }
    parts.next().is_none().then_some(labels)
}

fn decode_json(
    service: &'static Service,
    request: &Request<Bytes>,
) -> Result<(&'static Operation, Input), Refusal> {
    let target = request
        .headers()
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let name = target
        .strip_prefix(service.selector)
        .and_then(|rest| rest.strip_prefix('.'))
        .unwrap_or(target);
    let operation = find(service, name)?;
    let body: &[u8] = if request.body().is_empty() {
        b"{}"
    } else {
        request.body()
    };
    let input = serde_json::from_slice(body)
        .map_err(|error| Refusal::bad("SerializationException", error.to_string()))?;
    Ok((operation, Input::Json(input)))
}

fn decode_query(
    service: &'static Service,
    request: &Request<Bytes>,
) -> Result<(&'static Operation, Input), Refusal> {
    let form = match request.body().as_ref() {
        [] => request.uri().query().unwrap_or_default().as_bytes(),
        body => body,
    };
    let mut members: Vec<(String, String)> = form_urlencoded::parse(form).into_owned().collect();
    let mut take = |name: &str| {
        members
            .iter()
            .position(|(key, _)| key == name)
            .map(|at| members.swap_remove(at).1)
            .unwrap_or_default()
    };
    let (action, _version) = (take("Action"), take("Version"));
    members.retain(|(key, _)| !key.starts_with("X-Amz-"));
    Ok((
        find(service, &action)?,
        Input::Query(input::Tree::from_pairs(&members)),
    ))
}

fn find(service: &'static Service, name: &str) -> Result<&'static Operation, Refusal> {
    service
        .operations
        .iter()
        .find(|operation| operation.name == name)
        .ok_or_else(|| not_simulated(service, name))
}

fn not_simulated(service: &Service, what: &str) -> Refusal {
    let (code, status) = match service.protocol {
        Protocol::RestJson => ("UnknownOperationException", 404),
        Protocol::Json => ("UnknownOperationException", 400),
        Protocol::Query | Protocol::Ec2 => ("InvalidAction", 400),
    };
    Refusal::new(
        code,
        status,
        format!("{} {what} is not simulated", service.signing_name),
    )
}

/// Writes an answer in the service's protocol.
pub fn encode(decoded: &Decoded, request_id: &str, reply: Value) -> Response<Bytes> {
    let service = decoded.service;
    let name = decoded.operation.name;
    match service.protocol {
        Protocol::RestJson => response(200, "application/json", request_id, json_bytes(reply)),
        Protocol::Json => {
            let body = if reply.is_null() {
                Vec::new()
            } else {
                json_bytes(reply)
            };
            response(200, "application/x-amz-json-1.1", request_id, body)
        }
        Protocol::Query => response(
            200,
            "text/xml",
            request_id,
            xml::query_reply(service.namespace, name, request_id, &reply),
        ),
        Protocol::Ec2 => response(
            200,
            "text/xml;charset=UTF-8",
            request_id,
            xml::ec2_reply(service.namespace, name, request_id, &reply),
        ),
    }
}

/// Writes a refusal in a protocol.
pub fn encode_refusal(
    protocol: Protocol,
    namespace: &str,
    request_id: &str,
    refusal: &Refusal,
) -> Response<Bytes> {
    let status = refusal.status;
    match protocol {
        Protocol::RestJson => {
            let mut body: Map<String, Value> = refusal.details.iter().cloned().collect();
            body.insert("message".to_owned(), json!(refusal.message));
            let mut reply = response(
                status,
                "application/json",
                request_id,
                json_bytes(Value::Object(body)),
            );
            if let Ok(code) = refusal.code.parse() {
                reply.headers_mut().insert("x-amzn-errortype", code);
            }
            reply
        }
        Protocol::Json => {
            let body = json!({ "__type": refusal.code, "message": refusal.message });
            response(
                status,
                "application/x-amz-json-1.1",
                request_id,
                json_bytes(body),
            )
        }
        Protocol::Query => response(
            status,
            "text/xml",
            request_id,
            xml::query_refusal(namespace, request_id, refusal),
        ),
        Protocol::Ec2 => response(
            status,
            "text/xml;charset=UTF-8",
            request_id,
            xml::ec2_refusal(request_id, refusal),
        ),
    }
}

fn response(
    status: u16,
    content_type: &'static str,
    request_id: &str,
    body: Vec<u8>,
) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert("content-type", http::HeaderValue::from_static(content_type));
    if let Ok(id) = request_id.parse() {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

fn json_bytes(mut value: Value) -> Vec<u8> {
    write_epoch_seconds(&mut value);
    value.to_string().into_bytes()
}

/// JSON protocols write instants as seconds with milliseconds.
fn write_epoch_seconds(value: &mut Value) {
    match value {
        Value::Object(members) => match instant(members) {
            Some(micros) => *value = json!((micros / 1000) as f64 / 1000.0),
            None => {
                members.retain(|_, member| !member.is_null());
                members.values_mut().for_each(write_epoch_seconds);
            }
        },
        Value::Array(items) => items.iter_mut().for_each(write_epoch_seconds),
        _ => {}
    }
}

/// The microseconds of a timestamp object.
fn instant(members: &Map<String, Value>) -> Option<i64> {
    if members.len() == 1 {
        members.get(TIMESTAMP)?.as_i64()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_template_gives_decoded_labels() {
        let labels = match_path(
            "/clusters/{name}/node-groups/{nodegroupName}",
            "/clusters/eks/node-groups/a%20b%2Fc",
        );
        assert_eq!(
            labels,
            json!({"name": "eks", "nodegroupName": "a b/c"})
                .as_object()
                .cloned()
        );
        assert_eq!(match_path("/clusters/{name}", "/clusters/a/b"), None);
        assert_eq!(match_path("/clusters", "/clusters/a"), None);
    }

    #[test]
    fn json_answers_carry_instants_as_seconds_and_leave_out_what_is_null() {
        let bytes = json_bytes(
            json!({"at": {TIMESTAMP: 1_759_500_000_001_999_i64}, "gone": null, "list": []}),
        );
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            r#"{"at":1759500000.001,"list":[]}"#
        );
    }
}
