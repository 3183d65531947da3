//! One codec per AWS protocol: an HTTP request becomes a call of a named operation with its input,
//! an answer becomes bytes. Operations know no wire format; adding one writes no code here.

mod answer;
mod form;
pub mod input;
mod json;
mod protocol;
mod rest;
mod xml;

use std::any::Any;
use std::sync::LazyLock;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use super::world::World;
use super::{autoscaling, cloudtrail, ec2, eks, iam, kms, sts};
use crate::policy::Caller;
pub use answer::Answer;
pub(in crate::simulator) use answer::object;
use input::{Input, Tree};
pub use json::TIMESTAMP;
pub use protocol::Protocol;

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
    /// Known only to be refused by its name, and not by its path.
    pub is_absent: bool,
    run: Box<Run>,
}

/// An operation on its untyped input.
pub type Run = dyn Fn(&mut World, &Call, Input) -> Result<Answer, Refusal> + Send + Sync;

/// What a service does around each of its operations: it gets the operation's name and run.
pub type Guard = fn(&str, &Run, &mut World, &Call, Input) -> Result<Answer, Refusal>;

/// Who calls.
#[derive(Debug, Clone)]
pub struct Call {
    pub caller: Caller,
    /// The id of the key that signed.
    pub access_key: Option<String>,
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
            let protocol = input.protocol;
            let request = input
                .read::<Q>()
                .map_err(|error| error.refusal(protocol, name))?;
            let reply = run(world, call, request)?;
            answered(reply)
                .map_err(|error| Refusal::new("InternalFailure", 500, format!("{name}: {error}")))
        };
        Self {
            name,
            route: None,
            is_absent: false,
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
        (self.run)(world, call, input).map(|answer| answer.to_value())
    }

    /// An operation that REST reaches and that is refused by its name.
    pub fn absent(name: &'static str) -> Self {
        let refuse = move |_: &mut World, _: &Call, input: Input| {
            Err(input
                .protocol
                .unknown_operation(format!("{name} is not simulated")))
        };
        Self {
            name,
            route: None,
            is_absent: true,
            run: Box::new(refuse),
        }
    }

    /// The same operation with `guard` around it.
    #[must_use]
    pub fn guarded(mut self, guard: Guard) -> Self {
        let (name, run) = (self.name, self.run);
        self.run = Box::new(move |world, call, input| guard(name, &*run, world, call, input));
        self
    }

    /// The same, reached by REST.
    #[must_use]
    pub fn at(mut self, method: &'static str, path: &'static str) -> Self {
        self.route = Some((method, path));
        self
    }
}

/// What an operation returned as its answer. Most return one already or a JSON value, and neither is written anew.
fn answered<R: Serialize + 'static>(reply: R) -> Result<Answer, serde_json::Error> {
    let mut reply = Some(reply);
    let any: &mut dyn Any = &mut reply;
    if let Some(answer) = any.downcast_mut::<Option<Answer>>().and_then(Option::take) {
        return Ok(answer);
    }
    if let Some(value) = any.downcast_mut::<Option<Value>>().and_then(Option::take) {
        return Ok(Answer::Value(value));
    }
    serde_json::to_value(reply).map(Answer::Value)
}

/// Every simulated service.
pub static SERVICES: LazyLock<Vec<Service>> = LazyLock::new(|| {
    vec![
        eks::service(),
        kms::service(),
        autoscaling::service(),
        ec2::service(),
        sts::service(),
        cloudtrail::service(),
        iam::service(),
    ]
});

/// A request whose service and operation are known.
pub struct Decoded {
    pub service: &'static Service,
    pub operation: &'static Operation,
    input: Input,
}

impl Decoded {
    /// The input's members as they are named in the protocol.
    pub(super) fn members(&self) -> Value {
        self.input.members.to_value()
    }

    /// Runs the operation; the same input may run again on another copy of the world.
    pub fn run(&self, world: &mut World, call: &Call) -> Result<Answer, Refusal> {
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
    check_body(service, request)?;
    let (operation, members) = match service.protocol {
        Protocol::RestJson => decode_rest(service, request)?,
        Protocol::Json => decode_json(service, request)?,
        Protocol::Query | Protocol::Ec2 => decode_query(service, request)?,
    };
    Ok(Decoded {
        service,
        operation,
        input: Input {
            protocol: service.protocol,
            members,
        },
    })
}

/// What a request seems to ask for, before anything is checked: `GetKeyPolicy`, or `POST /clusters`.
pub fn apparent_operation(request: &Request<Bytes>) -> String {
    let target = request.headers().get("x-amz-target");
    if let Some(name) = target.and_then(|target| target.to_str().ok()) {
        return name.rsplit('.').next().unwrap_or(name).to_owned();
    }
    form_urlencoded::parse(form_of(request))
        .find(|(name, _)| name == "Action")
        .map_or_else(
            || format!("{} {}", request.method(), request.uri().path()),
            |(_, action)| action.into_owned(),
        )
}

/// The form of a query request: its body, or what stands in its URL.
fn form_of(request: &Request<Bytes>) -> &[u8] {
    match request.body().as_ref() {
        [] => request.uri().query().unwrap_or_default().as_bytes(),
        body => body,
    }
}

fn decode_rest(
    service: &'static Service,
    request: &Request<Bytes>,
) -> Result<(&'static Operation, Tree), Refusal> {
    let path = request.uri().path();
    let method = request.method().as_str();
    for operation in &service.operations {
        let Some((wanted, template)) = operation.route else {
            continue;
        };
        if wanted != method {
            continue;
        }
        if let Some(labels) = rest::match_path(template, path) {
            let query = request.uri().query().unwrap_or_default();
            return Ok((operation, rest::members(&labels, query, request.body())?));
        }
    }
    Err(not_simulated(service, &format!("{method} {path}")))
}

fn decode_json(
    service: &'static Service,
    request: &Request<Bytes>,
) -> Result<(&'static Operation, Tree), Refusal> {
    check_address(service, request, &[Method::POST])?;
    let target = request
        .headers()
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| service.protocol.missing_operation())?;
    let name = target_operation(service, target).unwrap_or(target);
    let operation = find(service, name)?;
    let members = json::read(service.protocol, request.body())?;
    Ok((operation, Tree::Members(members)))
}

/// `LookupEvents` of `CloudTrail_20131101.LookupEvents`; some clients write a Java package before it.
fn target_operation<'a>(service: &Service, target: &'a str) -> Option<&'a str> {
    let (prefix, name) = target.rsplit_once('.')?;
    let last = prefix.rsplit('.').next().unwrap_or(prefix);
    (prefix == service.selector || last == service.selector).then_some(name)
}

fn decode_query(
    service: &'static Service,
    request: &Request<Bytes>,
) -> Result<(&'static Operation, Tree), Refusal> {
    check_address(service, request, &[Method::POST, Method::GET])?;
    let malformed = |why| service.protocol.malformed(why);
    let mut members = form::pairs(form_of(request)).map_err(malformed)?;
    let mut take = |name: &str| {
        let at = members.iter().position(|(key, _)| key == name)?;
        Some(members.remove(at).1)
    };
    let (action, _version) = (take("Action"), take("Version"));
    members.retain(|(key, _)| !key.starts_with("X-Amz-"));
    let action = action.ok_or_else(|| service.protocol.missing_operation())?;
    let operation = find(service, &action)?;
    Ok((operation, form::tree(&members).map_err(malformed)?))
}

/// All of a service that is not REST is at one place.
fn check_address(
    service: &Service,
    request: &Request<Bytes>,
    methods: &[Method],
) -> Result<(), Refusal> {
    let (method, path) = (request.method(), request.uri().path());
    if path == "/" && methods.contains(method) {
        Ok(())
    } else {
        Err(not_simulated(service, &format!("{method} {path}")))
    }
}

/// Newer protocols, such as Smithy's CBOR, which clients may choose where a service offers it.
fn check_body(service: &Service, request: &Request<Bytes>) -> Result<(), Refusal> {
    let text = |name| request.headers().get(name)?.to_str().ok();
    let other = text("content-type").filter(|of| of.contains("cbor"));
    match other.or(text("smithy-protocol")) {
        Some(other) => Err(service.protocol.unsupported_body(other)),
        None => Ok(()),
    }
}

fn find(service: &'static Service, name: &str) -> Result<&'static Operation, Refusal> {
    service
        .operations
        .iter()
        .find(|operation| operation.name == name)
        .ok_or_else(|| not_simulated(service, name))
}

fn not_simulated(service: &Service, what: &str) -> Refusal {
    let what = format!("{} {what} is not simulated", service.signing_name);
    service.protocol.unknown_operation(what)
}

/// Writes an answer in the service's protocol.
pub fn encode(decoded: &Decoded, request_id: &str, reply: &Answer) -> Response<Bytes> {
    let service = decoded.service;
    let name = decoded.operation.name;
    match service.protocol {
        Protocol::RestJson => response(200, "application/json", request_id, json::write(reply)),
        Protocol::Json => {
            let body = if reply.is_null() {
                Vec::new()
            } else {
                json::write(reply)
            };
            response(200, "application/x-amz-json-1.1", request_id, body)
        }
        Protocol::Query => response(
            200,
            "text/xml",
            request_id,
            xml::query_reply(service.namespace, name, request_id, reply),
        ),
        Protocol::Ec2 => response(
            200,
            "text/xml;charset=UTF-8",
            request_id,
            xml::ec2_reply(service.namespace, name, request_id, reply),
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
                json::write(&Answer::Value(Value::Object(body))),
            );
            if let Ok(code) = refusal.code.parse() {
                reply.headers_mut().insert("x-amzn-errortype", code);
            }
            reply
        }
        Protocol::Json => {
            let mut body: Map<String, Value> = refusal.details.iter().cloned().collect();
            body.insert("__type".to_owned(), json!(refusal.code));
            body.insert("message".to_owned(), json!(refusal.message));
            response(
                status,
                "application/x-amz-json-1.1",
                request_id,
                json::write(&Answer::Value(Value::Object(body))),
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
