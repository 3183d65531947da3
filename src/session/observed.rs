//! Which AWS operations the learner's clients called on a real account: what is kept of the AWS CLI's client-side
//! monitoring, and nothing else. Its raw records carry session tokens; they are never written anywhere.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Bytes of the file, at most: some ten thousand calls.
const LARGEST: u64 = 1024 * 1024;
/// Letters of a name, at most.
const LONGEST_NAME: usize = 80;

/// A call that succeeded. What it was about is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedCall {
    /// From 1, in the order in which they were heard of.
    pub number: u64,
    /// As in IAM's actions: `eks`, `autoscaling`.
    pub service: String,
    /// `DescribeNodegroup`
    pub operation: String,
    /// When it began.
    pub at: Timestamp,
}

/// A call that was heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    service: String,
    operation: String,
    succeeded: bool,
    at: Timestamp,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    call: ObservedCall,
    succeeded: bool,
}

/// By which a session's clients are known.
pub fn client_id(session: &str) -> String {
    format!("breakfix-{session}")
}

/// What of a datagram is kept: of a whole call of this client, as botocore's `CSMSerializer` writes it.
pub fn heard(datagram: &[u8], client_id: &str, now: Timestamp) -> Option<Heard> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct ApiCall {
        r#type: String,
        client_id: String,
        service: String,
        api: String,
        /// Milliseconds since the epoch.
        timestamp: Option<i64>,
        final_http_status_code: Option<u16>,
        final_aws_exception: Option<serde::de::IgnoredAny>,
        final_sdk_exception: Option<serde::de::IgnoredAny>,
    }
    let call: ApiCall = serde_json::from_slice(datagram).ok()?;
    if call.r#type != "ApiCall" || call.client_id != client_id {
        return None;
    }
    let succeeded = call
        .final_http_status_code
        .is_some_and(|status| (200..300).contains(&status))
        && call.final_aws_exception.is_none()
        && call.final_sdk_exception.is_none();
    let began = call.timestamp.map(Timestamp::from_millisecond);
    Some(Heard {
        service: signing_name(&call.service)?,
        operation: name(&call.api)?,
        succeeded,
        at: began.and_then(Result::ok).unwrap_or(now).min(now),
    })
}

/// `Auto Scaling` is `autoscaling`.
fn signing_name(service: &str) -> Option<String> {
    let joined: String = service.split(' ').collect();
    name(&joined).map(|name| name.to_ascii_lowercase())
}

/// Only what can be a name: no secret comes in under a wrong field.
fn name(text: &str) -> Option<String> {
    let is_name = !text.is_empty()
        && text.len() <= LONGEST_NAME
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_name.then(|| text.to_owned())
}

/// Adds a call to the session's file. One that is full stays as it is.
///
/// # Errors
/// When it cannot be written.
pub fn append(session: &Path, number: u64, heard: Heard) -> anyhow::Result<()> {
    let path = path(session);
    let write = || {
        let mut options = OpenOptions::new();
        // Not `create`: without its directory the session is over.
        let mut file = options.append(true).create(true).mode(0o600).open(&path)?;
        if file.metadata()?.len() > LARGEST {
            return Ok(());
        }
        let mut line = serde_json::to_vec(&Line {
            succeeded: heard.succeeded,
            call: ObservedCall {
                number,
                service: heard.service,
                operation: heard.operation,
                at: heard.at,
            },
        })?;
        line.push(b'\n');
        file.write_all(&line)
    };
    write().with_context(|| format!("failed to write {}", path.display()))
}

/// The calls that succeeded, oldest first. What cannot be read was not observed.
pub fn read(session: &Path) -> Vec<ObservedCall> {
    let lines = lines(session).into_iter();
    lines
        .filter(|line| line.succeeded)
        .map(|line| line.call)
        .collect()
}

/// The number of the last call that is on file; 0 when there is none.
pub fn last(session: &Path) -> u64 {
    lines(session).last().map_or(0, |line| line.call.number)
}

fn lines(session: &Path) -> Vec<Line> {
    let text = std::fs::read_to_string(path(session)).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn path(session: &Path) -> PathBuf {
    session.join("observed.jsonl")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: Timestamp = Timestamp::MAX;

    fn record() -> Value {
        json!({
            "Version": 1, "ClientId": "breakfix-s1", "Type": "ApiCall", "Service": "Auto Scaling",
            "Api": "DescribeScalingActivities", "Timestamp": 1_700_000_000_000_i64, "AttemptCount": 1,
            "Region": "us-west-2", "UserAgent": "aws-cli", "FinalHttpStatusCode": 200, "Latency": 12,
            "MaxRetriesExceeded": 0, "SessionToken": "THE-TOKEN", "AccessKey": "AKIA",
        })
    }

    fn told(record: &Value) -> Option<Heard> {
        heard(record.to_string().as_bytes(), "breakfix-s1", NOW)
    }

    #[test]
    fn of_a_call_its_service_operation_outcome_and_time_are_kept() {
        let session = tempfile::tempdir().unwrap();
        append(session.path(), 1, told(&record()).unwrap()).unwrap();
        let mut denied = record();
        denied["FinalHttpStatusCode"] = json!(403);
        denied["FinalAwsException"] = json!("AccessDenied");
        append(session.path(), 2, told(&denied).unwrap()).unwrap();
        let expected = ObservedCall {
            number: 1,
            service: "autoscaling".to_owned(),
            operation: "DescribeScalingActivities".to_owned(),
            at: Timestamp::from_second(1_700_000_000).unwrap(),
        };
        assert_eq!(read(session.path()), [expected]);
        assert_eq!(last(session.path()), 2);
        let text = std::fs::read_to_string(path(session.path())).unwrap();
        assert!(!text.contains("TOKEN") && !text.contains("AKIA"), "{text}");
    }

    #[test]
    fn services_have_the_names_of_iam() {
        let check = |service: &str, expected: &str| {
            assert_eq!(signing_name(service).as_deref(), Some(expected));
        };
        check("EKS", "eks");
        check("Auto Scaling", "autoscaling");
        check("EC2", "ec2");
        check("KMS", "kms");
    }

    #[test]
    fn whatever_else_comes_is_dropped() {
        let mut cases = vec![json!("text"), json!([])];
        for (member, value) in [
            ("ClientId", json!("another")),
            ("Type", json!("ApiCallAttempt")),
            ("Service", json!("KMS\u{1b}[2J")),
            ("Api", json!("a/secret+token==")),
            ("Api", json!("A".repeat(200))),
        ] {
            let mut record = record();
            record[member] = value;
            cases.push(record);
        }
        for case in cases {
            assert_eq!(told(&case), None, "{case}");
        }
        assert_eq!(heard(b"\xff{", "breakfix-s1", NOW), None);
    }

    #[test]
    fn a_full_file_grows_no_more() {
        let session = tempfile::tempdir().unwrap();
        let full = vec![b'\n'; usize::try_from(LARGEST).unwrap() + 1];
        std::fs::write(path(session.path()), &full).unwrap();
        append(session.path(), 1, told(&record()).unwrap()).unwrap();
        let size = std::fs::metadata(path(session.path())).unwrap().len();
        assert_eq!(size, full.len() as u64);
    }
}
