//! Somebody between breakfix and the AWS APIs who makes trouble.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use serde_json::json;

/// What befalls a request.
#[derive(Clone)]
pub(crate) enum Fault {
    /// It is served, and the connection ends before the answer.
    Lost,
    /// It is not served; this is answered instead: a status, a content type and a body.
    Answered(u16, &'static str, String),
}

/// A request by what it asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    /// As signatures spell it: `kms`, `ec2`, `autoscaling`, `eks`, `iam`, `sts`.
    pub(crate) service: String,
    /// `CreateKey`; for EKS, which has none in its requests, a method and the path's words.
    pub(crate) operation: String,
}

impl std::fmt::Display for Asked {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{}:{}", self.service, self.operation)
    }
}

impl Asked {
    pub(crate) fn read(request: &str) -> Asked {
        let after = |text: &str| request.split_once(text).map(|(_, rest)| rest);
        let service = after("Credential=").and_then(|rest| rest.split('/').nth(3));
        let word = |rest: &str| {
            let end = rest.find(|it: char| !it.is_alphanumeric());
            rest[..end.unwrap_or(rest.len())].to_owned()
        };
        let operation = after("TrentService.").or_else(|| after("Action="));
        let line = request.lines().next().unwrap_or_default();
        Asked {
            service: service.unwrap_or("?").to_owned(),
            operation: operation.map_or_else(|| line.replace(" HTTP/1.1", ""), word),
        }
    }

    pub(crate) fn changes(&self) -> bool {
        let reads = ["Describe", "Get", "List", "GET "];
        !reads
            .iter()
            .any(|prefix| self.operation.starts_with(prefix))
    }

    /// A refusal in the words of the service; `codes` are those of JSON services, EC2, and the other query services.
    pub(crate) fn refused(&self, codes: [&str; 3], message: &str) -> Fault {
        let xml = |code: &str, open: &str, close: &str| {
            format!(
                "<?xml version=\"1.0\"?>{open}<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>{close}"
            )
        };
        let [json, ec2, query] = codes;
        match &*self.service {
            "kms" | "eks" => {
                let body = json!({"__type": json, "message": message}).to_string();
                Fault::Answered(400, "application/x-amz-json-1.1", body)
            }
            "ec2" => Fault::Answered(
                400,
                "text/xml",
                xml(
                    ec2,
                    "<Response><Errors>",
                    "</Errors><RequestID>r</RequestID></Response>",
                ),
            ),
            _ => Fault::Answered(
                400,
                "text/xml",
                xml(
                    query,
                    "<ErrorResponse>",
                    "<RequestId>r</RequestId></ErrorResponse>",
                ),
            ),
        }
    }

    pub(crate) fn denied(&self) -> Fault {
        let codes = [
            "AccessDeniedException",
            "UnauthorizedOperation",
            "AccessDenied",
        ];
        let message =
            format!("User: arn:aws:iam::123456789012:user/x is not authorized to perform: {self}");
        self.refused(codes, &message)
    }

    pub(crate) fn throttled(&self) -> Fault {
        self.refused(
            ["ThrottlingException", "RequestLimitExceeded", "Throttling"],
            "Rate exceeded",
        )
    }

    pub(crate) fn expired(&self) -> Fault {
        let codes = ["ExpiredTokenException", "RequestExpired", "ExpiredToken"];
        self.refused(
            codes,
            "The security token included in the request is expired",
        )
    }
}

/// Listens on a port, hands requests on to `url` and answers back, as `befalls` lets it. Returns its own URL.
pub(crate) fn between(
    url: String,
    befalls: impl Fn(&str) -> Option<Fault> + Send + Sync + 'static,
) -> String {
    let befalls = Arc::new(befalls);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let upstream = url.strip_prefix("http://").unwrap().to_owned();
    // It ends with the test's process.
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (upstream, befalls) = (upstream.clone(), Arc::clone(&befalls));
            std::thread::spawn(move || hand_on(client, &upstream, &*befalls));
        }
    });
    format!("http://{address}")
}

/// Serves one connection until one side ends it.
fn hand_on(
    mut client: TcpStream,
    upstream: &str,
    befalls: &impl Fn(&str) -> Option<Fault>,
) -> Option<()> {
    let mut server = TcpStream::connect(upstream).ok()?;
    let mut requests = BufReader::new(client.try_clone().ok()?);
    let mut answers = BufReader::new(server.try_clone().ok()?);
    loop {
        let request = message(&mut requests)?;
        let fault = befalls(&String::from_utf8_lossy(&request));
        if let Some(Fault::Answered(status, kind, body)) = fault {
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            client.write_all(head.as_bytes()).ok()?;
            client.write_all(body.as_bytes()).ok()?;
            continue;
        }
        server.write_all(&request).ok()?;
        let answer = message(&mut answers)?;
        if matches!(fault, Some(Fault::Lost)) {
            return None;
        }
        client.write_all(&answer).ok()?;
    }
}

/// A request or an answer: its head and as much body as that says.
fn message(from: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    let mut length = 0;
    loop {
        let mut line = Vec::new();
        if from.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&line).to_lowercase();
        if let Some(number) = text.strip_prefix("content-length:") {
            length = number.trim().parse().ok()?;
        }
        all.extend_from_slice(&line);
        if text.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    all.extend(body);
    Some(all)
}
