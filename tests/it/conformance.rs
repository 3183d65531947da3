//! Which operations the tests call with which clients: each test's account leaves its calls where
//! `BREAKFIX_CONFORMANCE` says, and `tests/conformance.md` is written from them (`make test`, `make conformance`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use breakfix::simulator::audit::Record;
use breakfix::simulator::wire::SERVICES;

use super::support::project;

const DIRECTORY: &str = "BREAKFIX_CONFORMANCE";
const TABLE: &str = "tests/conformance.md";

/// Leaves the calls of one account for the table.
pub(crate) fn leave(events: &[Arc<Record>]) {
    let Some(directory) = std::env::var_os(DIRECTORY).map(PathBuf::from) else {
        return;
    };
    let lines: BTreeSet<String> = events
        .iter()
        .filter_map(|event| Some((event, client(&event.agent)?)))
        .map(|(event, client)| format!("{} {} {client}\n", event.source, what(event)))
        .collect();
    std::fs::create_dir_all(&directory).unwrap();
    let (_, path) = tempfile::NamedTempFile::new_in(&directory)
        .unwrap()
        .keep()
        .unwrap();
    std::fs::write(path, lines.into_iter().collect::<String>()).unwrap();
}

/// An operation; for Kubernetes a verb and what it is for.
fn what(event: &Record) -> String {
    match event.resources.first() {
        Some(resource) if event.source == "kubernetes" => {
            format!("{}:{}", event.operation, resource.kind)
        }
        _ => event.operation.clone(),
    }
}

fn client(agent: &str) -> Option<&'static str> {
    let known = [
        ("aws-cli/", "aws"),
        ("Boto3/", "boto3"),
        ("aws-sdk-rust/", "Rust SDK"),
        ("kubectl", "kubectl"),
        ("kube", "kube"),
    ];
    known
        .into_iter()
        .find(|(start, _)| agent.starts_with(start))
        .map(|(_, name)| name)
}

/// Clients by operation.
type Calls = BTreeMap<(String, String), BTreeSet<String>>;

fn left(directory: &Path) -> Calls {
    let mut calls = Calls::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        for line in std::fs::read_to_string(entry.unwrap().path())
            .unwrap()
            .lines()
        {
            let mut words = line.splitn(3, ' ').map(str::to_owned);
            let (source, what) = (words.next().unwrap(), words.next().unwrap());
            calls
                .entry((source, what))
                .or_default()
                .insert(words.next().unwrap());
        }
    }
    calls
}

fn table(calls: &Calls) -> String {
    let mut text = "# What is tested with which client\n\nWritten by `make conformance` from the calls that the tests made. Every operation of the simulated services is here.\n".to_owned();
    for service in SERVICES.iter() {
        let source = format!("{}.amazonaws.com", service.signing_name);
        let mut names: Vec<&str> = service
            .operations
            .iter()
            .filter(|operation| !operation.is_absent)
            .map(|operation| operation.name)
            .collect();
        names.sort_unstable();
        names.dedup();
        heading(&mut text, service.signing_name);
        for name in names {
            row(
                &mut text,
                name,
                calls.get(&(source.clone(), name.to_owned())),
            );
        }
    }
    heading(&mut text, "kubernetes");
    for ((_, what), clients) in calls
        .iter()
        .filter(|((source, what), _)| source == "kubernetes" && what.contains(':'))
    {
        row(&mut text, &what.replace(':', " "), Some(clients));
    }
    text
}

fn heading(text: &mut String, name: &str) {
    let _ = write!(text, "\n## {name}\n\n| operation | clients |\n|---|---|\n");
}

fn row(text: &mut String, name: &str, clients: Option<&BTreeSet<String>>) {
    let clients = clients.map(|clients| clients.iter().cloned().collect::<Vec<_>>().join(", "));
    let _ = writeln!(
        text,
        "| {name} | {} |",
        clients.unwrap_or_else(|| NOBODY.to_owned())
    );
}

const NOBODY: &str = "**none**";

#[test]
#[ignore = "reads what the other tests left: `make test` runs it after them"]
fn every_operation_is_called_by_a_client_and_the_table_says_so() {
    let directory =
        std::env::var_os(DIRECTORY).expect("BREAKFIX_CONFORMANCE says where the calls are");
    let table = table(&left(Path::new(&directory)));
    let path = project().join(TABLE);
    if std::env::var_os("BREAKFIX_BLESS").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let untested: Vec<&str> = table.lines().filter(|line| line.contains(NOBODY)).collect();
    assert_eq!(
        untested,
        Vec::<&str>::new(),
        "operations that no test calls"
    );
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    // What `kubectl` asks on its way depends on its version.
    let of_aws = |table: &str| table.split("\n## kubernetes").next().map(str::to_owned);
    assert!(
        of_aws(&known) == of_aws(&table),
        "{TABLE} is out of date: `make conformance` writes it"
    );
}
