//! Who may know whom: the table of ARCHITECTURE.md, held against the imports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::support::project;

/// Each room and the rooms that it may import. `main` and `lib` are above the table.
const MAY_KNOW: &[(&str, &[&str])] = &[
    // pure rooms
    ("config", &["diagnostic"]),
    ("diagnostic", &[]),
    ("editor", &["diagnostic", "lab", "lint", "plan"]),
    ("expect", &[]),
    ("lab", &["diagnostic"]),
    ("language", &[]),
    ("lint", &["diagnostic", "lab", "plan", "scenario"]),
    ("plan", &["diagnostic", "lab"]),
    ("policy", &["language"]),
    ("outcome", &["language"]),
    ("scenario", &["diagnostic", "language", "outcome", "policy"]),
    ("progress", &["language", "outcome", "scenario"]),
    (
        "report",
        &["diagnostic", "lab", "language", "outcome", "plan"],
    ),
    // input and output
    ("tree", &["diagnostic", "lab", "plan"]),
    ("shell", &["outcome"]),
    ("run", &["outcome", "plan", "shell"]),
    ("lessons", &["lab", "language", "scenarios"]),
    ("live", &["outcome"]),
    ("scenarios", &["diagnostic", "scenario"]),
    ("cloud", &["language", "policy", "scenario"]),
    (
        "session",
        &[
            "cloud",
            "language",
            "outcome",
            "progress",
            "scenario",
            "scenarios",
        ],
    ),
    (
        "prove",
        &["cloud", "outcome", "scenario", "scenarios", "session"],
    ),
    ("simulator", &["policy"]),
    (
        "commands",
        &[
            "cli",
            "cloud",
            "config",
            "diagnostic",
            "editor",
            "expect",
            "lab",
            "language",
            "lessons",
            "lint",
            "live",
            "outcome",
            "plan",
            "progress",
            "prove",
            "report",
            "run",
            "scenario",
            "scenarios",
            "session",
            "shell",
            "simulator",
            "tree",
        ],
    ),
    (
        "cli",
        &[
            "commands",
            "config",
            "diagnostic",
            "language",
            "outcome",
            "plan",
            "report",
            "simulator",
        ],
    ),
];

/// What pure rooms must not touch.
const IMPURE: [&str; 11] = [
    "tokio",
    "std::fs",
    "std::env",
    "std::net::Tcp",
    "std::net::Udp",
    "std::process",
    "std::io",
    "std::time::Instant",
    "std::time::SystemTime",
    "println!",
    "eprintln!",
];
const PURE: [&str; 13] = [
    "config",
    "editor",
    "lint",
    "diagnostic",
    "expect",
    "lab",
    "language",
    "plan",
    "policy",
    "progress",
    "outcome",
    "scenario",
    "report",
];

#[test]
fn every_room_knows_only_whom_it_may() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> = MAY_KNOW
        .iter()
        .map(|(room, known)| (*room, known.iter().copied().collect()))
        .collect();
    let mut wrong = Vec::new();
    for (room, file, text) in sources() {
        let Some(may) = allowed.get(room.as_str()) else {
            assert!(
                room == "main" || room == "lib",
                "{file}: the room {room} is not in the table"
            );
            continue;
        };
        for known in imports(&text) {
            if known != room && !may.contains(known.as_str()) {
                wrong.push(format!("{file}: {room} must not know {known}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_cycle_but_the_one_between_the_command_line_and_its_verbs() {
    let known: BTreeMap<&str, &[&str]> = MAY_KNOW.iter().copied().collect();
    fn reaches(known: &BTreeMap<&str, &[&str]>, from: &str, to: &str) -> bool {
        known[from].iter().any(|next| {
            *next == to || (*next != "commands" && *next != "cli" && reaches(known, next, to))
        })
    }
    for (room, _) in MAY_KNOW
        .iter()
        .filter(|(room, _)| !["cli", "commands"].contains(room))
    {
        assert!(
            !reaches(&known, room, room),
            "{room} knows itself through others"
        );
    }
}

#[test]
fn pure_rooms_touch_neither_files_nor_clocks_nor_sockets() {
    let mut wrong = Vec::new();
    for (room, file, text) in sources() {
        if !PURE.contains(&room.as_str()) {
            continue;
        }
        for forbidden in IMPURE {
            if text.contains(forbidden) {
                wrong.push(format!("{file}: {forbidden}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_cloud_room_knows_the_sdks() {
    let known: Vec<String> = sources()
        .into_iter()
        .filter(|(room, _, text)| {
            room != "cloud"
                && ["aws_sdk_", "aws_config", "use kube::"]
                    .iter()
                    .any(|name| text.contains(name))
        })
        .map(|(_, file, _)| file)
        .collect();
    assert_eq!(known, Vec::<String>::new());
}

#[test]
fn every_module_says_what_lives_in_it() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|(_, _, text)| !text.starts_with("//!"))
        .map(|(_, file, _)| file)
        .collect();
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn the_simulator_names_no_lab_and_no_scenario() {
    let mut names = vec!["new_nodegroup".to_owned()];
    for entry in std::fs::read_dir(project().join("scenarios")).unwrap() {
        names.push(entry.unwrap().file_name().to_string_lossy().into_owned());
    }
    assert!(names.len() > 1, "the scenarios were not found");
    let mut told = Vec::new();
    walk(&project().join("src/simulator"), &mut |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let found = names.iter().filter(|name| text.contains(name.as_str()));
        told.extend(found.map(|name| format!("{}: {name}", path.display())));
    });
    assert_eq!(told, Vec::<String>::new());
}

/// Room, file and code of every source file, without its unit tests.
fn sources() -> Vec<(String, String, String)> {
    let root = project().join("src");
    let mut found = Vec::new();
    walk(&root, &mut |path| {
        let relative = path.strip_prefix(&root).unwrap();
        let first = relative
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_string_lossy()
            .into_owned();
        let room = first.trim_end_matches(".rs").to_owned();
        let text = std::fs::read_to_string(path).unwrap();
        let code = text
            .split("\n#[cfg(test)]\nmod tests {")
            .next()
            .unwrap()
            .to_owned();
        let is_test = relative
            .file_name()
            .is_some_and(|name| name == "tests.rs" || name == "vectors.rs");
        if !is_test {
            found.push((room, relative.display().to_string(), code));
        }
    });
    assert!(found.len() > 30, "the sources were not found");
    found
}

fn walk(directory: &Path, visit: &mut impl FnMut(&Path)) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, visit);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            visit(&path);
        }
    }
}

/// Rooms that a text names as `crate::room`, alone or in a group.
fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, rest) in text
        .match_indices("crate::")
        .map(|(at, found)| (at, &text[at + found.len()..]))
    {
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => group
                .split('}')
                .next()
                .unwrap_or_default()
                .split(',')
                .collect(),
            None => vec![rest],
        };
        for name in names {
            let name: String = name
                .trim()
                .chars()
                .take_while(|letter| letter.is_ascii_lowercase() || *letter == '_')
                .collect();
            match name.as_str() {
                "" => {}
                // A macro is at the crate's root, wherever it was written.
                "message" => _ = found.insert("language".to_owned()),
                _ => _ = found.insert(name),
            }
        }
    }
    found
}
