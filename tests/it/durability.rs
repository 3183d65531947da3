//! A simulator that is killed comes back with the same world, for the same clients.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command};

use serde_json::Value;

use super::support::{Breakfix, breakfix, signal};

/// Starts `breakfix simulate --state` and reads the environment that it prints.
fn serve(call: &Breakfix) -> (Child, Vec<(String, String)>) {
    let mut child = call.start();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = Vec::new();
    for line in stderr.lines() {
        said.push(line.unwrap());
        if said.last().unwrap().contains("simulator ready") {
            break;
        }
    }
    let ready = said.iter().any(|line| line.contains("simulator ready"));
    assert!(ready, "{said:?}");
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let mut exports = Vec::new();
    for line in stdout.lines() {
        let line = line.unwrap();
        let Some((name, value)) = line
            .strip_prefix("export ")
            .and_then(|line| line.split_once('='))
        else {
            break;
        };
        exports.push((name.to_owned(), value.trim_matches('\'').to_owned()));
    }
    (child, exports)
}

fn client(
    call: &Breakfix,
    exports: &[(String, String)],
    program: &str,
    arguments: &[&str],
) -> String {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(call.work())
        .envs(exports.iter().map(|(name, value)| (name, value)));
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_killed_simulator_serves_the_same_world_again() {
    let call = breakfix(&["simulate", "--state", "world"]);
    let (mut first, exports) = serve(&call);
    let aws = |arguments: &[&str]| client(&call, &exports, "aws", arguments);
    let key: Value = serde_json::from_str(&aws(&["kms", "create-key"])).unwrap();
    let key = key["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
    client(&call, &exports, "kubectl", &["create", "namespace", "mine"]);
    let instances = [
        "ec2",
        "describe-instances",
        "--query",
        "Reservations[].Instances[].[InstanceId,PrivateIpAddress,State.Name]",
    ];
    let before = aws(&instances);
    signal(&first, rustix::process::Signal::KILL);
    first.wait().unwrap();

    let (mut second, again) = serve(&call);
    assert_eq!(again, exports, "clients find it where it was");
    assert_eq!(aws(&instances), before);
    let state = aws(&[
        "kms",
        "describe-key",
        "--key-id",
        &key,
        "--query",
        "KeyMetadata.KeyState",
    ]);
    assert_eq!(state, "\"Enabled\"\n");
    let namespaces = client(
        &call,
        &exports,
        "kubectl",
        &["get", "namespace", "mine", "-o", "name"],
    );
    assert_eq!(namespaces, "namespace/mine\n");
    let events = call.arguments(&["simulate", "events", "--state", "world", "--format", "json"]);
    let events = events.run_once().json();
    let operations: Vec<&str> = events
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|event| event["operation"].as_str())
        .collect();
    for operation in ["CreateKey", "create", "DescribeInstances", "DescribeKey"] {
        assert!(
            operations.contains(&operation),
            "{operation}: {operations:?}"
        );
    }
    signal(&second, rustix::process::Signal::TERM);
    assert_eq!(second.wait().unwrap().code(), Some(0));
}

#[test]
fn one_directory_is_served_once_and_time_can_be_moved() {
    let call = breakfix(&["simulate", "--state", "world"]);
    let (mut first, _) = serve(&call);
    let twice = call.run_once();
    assert_eq!(twice.status, 4);
    assert!(
        twice.stderr.contains("is being served already"),
        "{}",
        twice.stderr
    );
    let call = call.arguments(&[
        "simulate", "advance", "2h", "--state", "world", "--format", "json",
    ]);
    let status = call.run_once().json();
    assert_eq!(status["clock"], "real");
    signal(&first, rustix::process::Signal::TERM);
    first.wait().unwrap();
}

#[test]
fn without_a_simulator_its_events_are_not_to_be_had() {
    let outcome = breakfix(&["simulate", "events"]).run();
    assert_eq!(outcome.status, 4);
    assert!(
        outcome.stderr.contains("no simulator is known here"),
        "{}",
        outcome.stderr
    );
}
