//! The simulator's front door: whatever comes in, what goes out is an answer of the right protocol.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use breakfix::simulator::Configuration;
use breakfix::simulator::serve::CONNECTION_LIMIT;
use breakfix::simulator::wire::SERVICES;
use serde_json::{Value, json};

use super::account::Account;
use super::support::{breakfix, page};

/// Every simulated operation, by the service's signing name.
fn operations() -> BTreeMap<&'static str, Vec<&'static str>> {
    let names = |service: &'static breakfix::simulator::wire::Service| {
        service
            .operations
            .iter()
            .map(|operation| operation.name)
            .collect()
    };
    SERVICES
        .iter()
        .map(|service| (service.signing_name, names(service)))
        .collect()
}

/// How many requests of the generated kind are sent. More with `BREAKFIX_ROUNDS=50000`, others with `BREAKFIX_SEED=2`.
fn parameter(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn any_input_is_answered_in_the_protocol_and_never_by_a_failure() {
    let account = Account::new();
    let parameters = format!(
        "OPERATIONS = json.loads('{}')\nSEED = {}\nROUNDS = {}\n",
        json!(operations()),
        parameter("BREAKFIX_SEED", 1),
        parameter("BREAKFIX_ROUNDS", 600),
    );
    let told = account.boto3(&(parameters + include_str!("front_door/anything.py")));
    assert_eq!(told["found"], json!([]), "{told:#}");
    let codes = told["codes"].as_object().unwrap();
    let answered = |code: &str| codes.get(code).and_then(Value::as_u64).unwrap_or(0);
    assert!(answered("200") > 20, "some do succeed: {codes:?}");
    assert!(answered("400") > 100, "some do not: {codes:?}");
}

#[test]
fn signatures_of_odd_requests_hold_and_wrong_ones_are_refused_by_their_service() {
    let account = Account::new();
    let told = account.boto3(include_str!("front_door/signatures.py"));

    let right = &told["right"];
    let all = |value: &Value, expected: &Value| {
        value.as_array().unwrap().iter().all(|one| one == expected)
    };
    assert!(
        all(&right["names"], &json!("ResourceNotFoundException")),
        "{right}"
    );
    assert!(all(&right["described"], &json!(true)), "{right}");
    assert!(all(&right["echoed"], &json!("ValidationError")), "{right}");
    for what in [
        "spaces in headers",
        "empty header",
        "a hash of the body",
        "get",
        "presigned",
    ] {
        assert_eq!(right[what], 200, "{what}");
    }

    // Signed over a normal path, which no operation is asked to take apart.
    assert_eq!(right["dots in the path"], 404);
    let query = right["query in any order"].as_str().unwrap();
    assert!(query.contains("is not simulated"), "{query}");

    let unknown = json!({
        "eks": ["UnrecognizedClientException", 403],
        "kms": ["UnrecognizedClientException", 400],
        "autoscaling": ["InvalidClientTokenId", 403],
        "ec2": ["AuthFailure", 401],
        "sts": ["InvalidClientTokenId", 403],
    });
    assert_eq!(told["unknown key"], unknown);
    assert_eq!(told["stray token"], unknown);
    let wrong = json!({
        "eks": ["InvalidSignatureException", 403],
        "kms": ["InvalidSignatureException", 400],
        "autoscaling": ["SignatureDoesNotMatch", 403],
        "ec2": ["AuthFailure", 401],
        "sts": ["SignatureDoesNotMatch", 403],
    });
    assert_eq!(told["wrong secret"], wrong);
    assert_eq!(
        told["unsigned"]["sts"],
        json!(["MissingAuthenticationToken", 403])
    );
    let late = json!({
        "eks": ["InvalidSignatureException", 403],
        "kms": ["InvalidSignatureException", 400],
        "autoscaling": "answered",
        "ec2": ["RequestExpired", 400],
        "sts": "answered",
    });
    let unmatched = json!(["SignatureDoesNotMatch", 403]);
    assert_eq!(told["late"], json!(["answered", late, unmatched]));
    let early = json!(["answered", ["InvalidSignatureException", 400], unmatched]);
    assert_eq!(told["early"], early);
    assert_eq!(told["presigned and changed"], 403);
    assert_eq!(told["a wrong hash"], json!([403, 403]));

    assert_eq!(told["other region"], 400);
    assert_eq!(told["unknown service"], 404);
    assert_eq!(told["cbor"], json!([415, 415]));
    let no_action = |index: usize| told["no action"][index].as_str().unwrap();
    assert!(no_action(0).contains("<Code>MissingAction</Code>"));
    assert!(no_action(1).contains("UnknownOperationException"));
    assert_eq!(told["methods"], json!([400, 400, 404, 400]));
}

#[test]
fn any_request_to_the_cluster_is_answered_and_only_good_tokens_are_let_in() {
    let account = Account::new();
    let parameters = format!(
        "SEED = {}\nROUNDS = {}\n",
        parameter("BREAKFIX_SEED", 1),
        parameter("BREAKFIX_ROUNDS", 600),
    );
    let told = account.boto3(&(parameters + include_str!("front_door/cluster.py")));
    assert_eq!(told["found"], json!([]), "{told:#}");
    for answer in told["in"].as_array().unwrap() {
        assert_eq!(answer, &json!([200, null, "NodeList"]), "{}", told["in"]);
    }
    for answer in told["out"].as_array().unwrap() {
        let refused = json!([401, "Unauthorized", "Status"]);
        assert_eq!(answer, &refused, "{}", told["out"]);
    }
}

fn chaotic(trouble: &str) -> Account {
    Account::with(Configuration {
        chaos: trouble.parse().unwrap(),
        ..Configuration::default()
    })
}

const EACH_SERVICE: &str = r#"
def told(function):
    try:
        function()
    except ClientError as error:
        return [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]]
    return "answered"

say({
    "eks": told(lambda: client("eks").list_clusters()),
    "kms": told(lambda: client("kms").list_keys()),
    "autoscaling": told(lambda: client("autoscaling").describe_auto_scaling_groups()),
    "ec2": told(lambda: client("ec2").describe_instances()),
    "sts": told(lambda: client("sts").get_caller_identity()),
})
"#;

#[test]
fn trouble_has_the_codes_of_each_service() {
    let told = chaotic("throttle=1").boto3(EACH_SERVICE);
    assert_eq!(
        told,
        json!({
            "eks": ["ThrottlingException", 429],
            "kms": ["ThrottlingException", 400],
            "autoscaling": ["Throttling", 400],
            "ec2": ["RequestLimitExceeded", 503],
            "sts": ["Throttling", 400],
        })
    );
    let told = chaotic("error=1").boto3(EACH_SERVICE);
    assert_eq!(
        told,
        json!({
            "eks": ["ServerException", 500],
            "kms": ["KMSInternalException", 500],
            "autoscaling": ["InternalFailure", 500],
            "ec2": ["InternalError", 500],
            "sts": ["InternalFailure", 500],
        })
    );
}

/// With this seed requests 1, 4 and 8 of a port are throttled, and no other of the first eleven.
const THROTTLED: &str = "throttle=0.3,latency=1ms..5ms,seed=1136";

#[test]
fn clients_get_through_trouble_by_their_own_retries() {
    let account = chaotic(THROTTLED);
    for arguments in [
        ["eks", "list-clusters"],
        ["kms", "list-keys"],
        ["autoscaling", "describe-auto-scaling-groups"],
        ["ec2", "describe-instances"],
        ["sts", "get-caller-identity"],
    ] {
        account.aws(&arguments);
    }
    let nodes = account.kubectl(&["get", "nodes", "-o", "name"]);
    assert_eq!(nodes.status, 0, "{nodes:?}");
    assert_eq!(nodes.stdout.lines().count(), 3, "{nodes:?}");
}

#[test]
fn trouble_spares_breakfix_itself() {
    let page = page(&[("expectError=must", "$ aws sts get-caller-identity")]);
    let run = breakfix(&[
        "run",
        "page.md",
        "--scenario",
        "missing-worker-nodes",
        "--chaos",
        "error=1",
        "--format",
        "json",
    ]);
    let outcome = run
        .env("AWS_MAX_ATTEMPTS", "1")
        .file("page.md", &page)
        .run();
    // Injected and observed all the same: the checks are not met, and nothing is left behind.
    assert_eq!(outcome.status, 1, "{}{}", outcome.stdout, outcome.stderr);
    let (_, stderr) = outcome.printed(1, 1);
    assert!(stderr.contains("InternalFailure"), "{stderr}");
}

#[test]
fn trouble_that_makes_no_sense_is_a_mistake_of_the_command_line() {
    for verb in [["run", "page.md"].as_slice(), &["simulate"]] {
        let arguments = [verb, &["--chaos", "throttle=2"]].concat();
        let outcome = breakfix(&arguments).run();
        assert_eq!(outcome.status, 2);
        assert!(
            outcome.stderr.contains(
                r#""2" is no share of requests: write a number from 0 to 1, such as throttle=0.1"#
            ),
            "{}",
            outcome.stderr
        );
    }
}

/// What the AWS port answers to these bytes, until it closes the connection.
fn answer_to(account: &Account, sent: &[u8]) -> String {
    let address = account.simulator.aws_url();
    let mut socket = TcpStream::connect(address.strip_prefix("http://").unwrap()).unwrap();
    // Refused before it is all sent, perhaps.
    let _ = socket.write_all(sent);
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

fn lives(account: &Account) -> bool {
    let asked =
        b"GET /?Action=GetCallerIdentity HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    answer_to(account, asked).contains("<Code>MissingAuthenticationToken</Code>")
}

#[test]
fn bytes_that_are_no_request_are_refused_and_do_no_harm() {
    let account = Account::new();
    let mut luck = fastrand::Rng::with_seed(9);
    let head = b"POST /?Action=X HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
    for _ in 0..200 {
        let mut sent = head.to_vec();
        for _ in 0..luck.usize(1..4) {
            let at = luck.usize(..sent.len() - 30);
            match luck.u8(..3) {
                0 => sent[at] = luck.u8(..),
                1 => drop(sent.remove(at)),
                _ => sent.insert(at, luck.choice(b"\r\n\0 :/%?.;,\xff").copied().unwrap()),
            }
        }
        // Never waits for what is missing: nothing more will come.
        let answer = answer_and_close(&account, &sent);
        let status = answer.split(' ').nth(1).unwrap_or("none").to_owned();
        let expected = answer.is_empty() || status.starts_with('4');
        assert!(expected, "{:?}: {answer}", String::from_utf8_lossy(&sent));
    }
    assert!(lives(&account));
}

/// The same for a client that says that nothing more will come.
fn answer_and_close(account: &Account, sent: &[u8]) -> String {
    let address = account.simulator.aws_url();
    let mut socket = TcpStream::connect(address.strip_prefix("http://").unwrap()).unwrap();
    let _ = socket.write_all(sent);
    let _ = socket.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn what_the_door_refuses_it_refuses_in_the_protocol() {
    let account = Account::new();
    let large = |head: &str| {
        let length = 5 << 20;
        let head = format!(
            "POST {head}\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        answer_to(&account, &[head.as_bytes(), &vec![b'x'; length]].concat())
    };
    for (head, told) in [
        ("/ HTTP/1.1", "<Code>RequestEntityTooLarge</Code>"),
        (
            "/clusters HTTP/1.1",
            "x-amzn-errortype: RequestEntityTooLargeException",
        ),
        (
            "/ HTTP/1.1\r\nx-amz-target: TrentService.ListKeys",
            r#""__type":"RequestEntityTooLargeException""#,
        ),
    ] {
        let answer = large(head);
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains(told), "{answer}");
    }
    let page = "GET /clusters HTTP/1.1\r\nhost: localhost\r\norigin: http://evil.example\r\nconnection: close\r\n\r\n";
    assert!(answer_to(&account, page.as_bytes()).starts_with("HTTP/1.1 403 "));
    assert!(lives(&account));
}

#[test]
fn a_crowd_of_idle_connections_is_turned_away_and_forgotten() {
    let account = Account::new();
    let address = account.simulator.aws_url();
    let connect = || TcpStream::connect(address.strip_prefix("http://").unwrap()).unwrap();
    let crowd: Vec<TcpStream> = (0..CONNECTION_LIMIT).map(|_| connect()).collect();
    assert!(answer_to(&account, b"").starts_with("HTTP/1.1 503 "));
    drop(crowd);
    while !lives(&account) {}
}
