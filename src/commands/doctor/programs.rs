//! The programs that lessons call: whether they are there, whether they answer, whether they are too old.

use std::collections::BTreeSet;
use std::io::Read;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::super::tools;
use crate::language::Message;
use crate::message;
use crate::outcome::health::Finding;
use crate::scenarios;

/// How long a program may take to say its version.
const LIMIT: Duration = Duration::from_secs(10);
/// The first bash that knows what breakfix's prelude needs; macOS brings 3.2.
const BASH: u32 = 4;

/// What came of asking a program for its version.
enum Answer {
    Said(String),
    Failed(String),
    Silent,
}

/// Bash, and whatever the scenarios need, all asked at the same time.
pub(super) fn findings(directory: Option<&Path>, simulated: bool) -> Vec<Finding> {
    let names = scenarios::names(directory);
    let sources = names
        .iter()
        .filter_map(|name| scenarios::load(name, directory).ok());
    let wanted: BTreeSet<String> = sources.flat_map(|source| source.scenario.tools).collect();
    let wanted = wanted.into_iter().filter(|tool| tool != "bash");
    let programs: Vec<String> = std::iter::once("bash".to_owned()).chain(wanted).collect();
    std::thread::scope(|scope| {
        let asked: Vec<_> = programs
            .iter()
            .map(|program| scope.spawn(move || finding(program, simulated)))
            .collect();
        asked
            .into_iter()
            .filter_map(|asked| asked.join().ok())
            .collect()
    })
}

fn finding(name: &str, simulated: bool) -> Finding {
    let title: Message = name.into();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let Some(program) = tools::find(name, &path) else {
        return Finding::to_mend(name, title, message!("doctor-tool-missing"), install(name));
    };
    let shown = program.display().to_string();
    let Some(arguments) = version_arguments(name) else {
        return Finding::ok(name, title, message!("doctor-tool-there", path = &shown));
    };
    let text = match ask(&program, arguments) {
        Answer::Said(text) => text,
        Answer::Failed(why) => {
            let said = message!("doctor-tool-failed", path = &shown, why = why);
            return Finding::to_mend(name, title, said, install(name));
        }
        Answer::Silent => {
            let said = message!(
                "doctor-tool-silent",
                path = &shown,
                seconds = LIMIT.as_secs()
            );
            let command = format!("{shown} {}", arguments.join(" "));
            return Finding::cannot_tell(
                name,
                title,
                said,
                message!("doctor-tool-try", command = command),
            );
        }
    };
    let Some(version) = version(&text) else {
        let said = message!("doctor-tool-no-version", path = &shown);
        let command = format!("{shown} {}", arguments.join(" "));
        return Finding::cannot_tell(
            name,
            title,
            said,
            message!("doctor-tool-try", command = command),
        );
    };
    let said = message!("doctor-tool-version", version = version, path = &shown);
    match too_old(name, version, &text, simulated) {
        Some(advice) => Finding::to_mend(name, title, said, advice),
        None => Finding::ok(name, title, said),
    }
}

fn version_arguments(name: &str) -> Option<&'static [&'static str]> {
    match name {
        "bash" | "aws" | "jq" => Some(&["--version"]),
        "kubectl" => Some(&["version", "--client"]),
        _ => None,
    }
}

fn install(name: &str) -> Message {
    match name {
        "aws" => message!("doctor-install-aws"),
        "kubectl" => message!("doctor-install-kubectl"),
        "jq" | "bash" => message!("doctor-install-package", name = name),
        _ => message!("doctor-install"),
    }
}

fn too_old(name: &str, version: &str, text: &str, simulated: bool) -> Option<Message> {
    match name {
        "bash" => {
            let major = version
                .split('.')
                .next()
                .and_then(|major| major.parse::<u32>().ok());
            major
                .is_none_or(|major| major < BASH)
                .then(|| message!("doctor-bash-old"))
        }
        "aws" if simulated && !tools::honours_endpoint(text) => Some(message!("doctor-aws-old")),
        _ => None,
    }
}

/// The first word that looks like a version: `5.2.15` of `GNU bash, version 5.2.15(1)-release`.
fn version(text: &str) -> Option<&str> {
    let words = text.split(|next: char| !next.is_ascii_digit() && next != '.');
    let mut words = words.map(|word| word.trim_matches('.'));
    words.find(|word| word.contains('.'))
}

/// What a program prints, within the limit.
fn ask(program: &PathBuf, arguments: &[&str]) -> Answer {
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return Answer::Failed(error.to_string()),
    };
    let (send, received) = mpsc::channel();
    // Version 1 of the AWS CLI wrote to stderr for a long time.
    let pipes: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|pipe| Box::new(pipe) as _),
        child.stderr.take().map(|pipe| Box::new(pipe) as _),
    ];
    for (index, pipe) in pipes.into_iter().enumerate() {
        let (send, pipe) = (send.clone(), pipe);
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // Nobody's version is longer.
            let read = pipe.map(|pipe| pipe.take(64 * 1024).read_to_end(&mut bytes));
            let _ = (
                read,
                send.send((index, String::from_utf8_lossy(&bytes).into_owned())),
            );
        });
    }
    let end = Instant::now() + LIMIT;
    let mut texts = [String::new(), String::new()];
    for _ in 0..texts.len() {
        let left = end.saturating_duration_since(Instant::now());
        match received.recv_timeout(left) {
            Ok((index, text)) => texts[index] = text,
            Err(_) => {
                // Whoever it has started goes with it.
                let group = rustix::process::Pid::from_child(&child);
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
                let _ = child.wait();
                return Answer::Silent;
            }
        }
    }
    let [stdout, stderr] = texts;
    match child.wait() {
        Ok(status) if status.success() => Answer::Said(stdout + &stderr),
        Ok(status) => {
            let last = stderr
                .trim()
                .lines()
                .next_back()
                .unwrap_or_default()
                .to_owned();
            Answer::Failed(if last.is_empty() {
                status.to_string()
            } else {
                last
            })
        }
        Err(error) => Answer::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_what_programs_say() {
        for (text, expected) in [
            (
                "GNU bash, version 5.2.15(1)-release (x86_64)",
                Some("5.2.15"),
            ),
            ("aws-cli/1.45.11 Python/3.11.7 Linux/6", Some("1.45.11")),
            (
                "Client Version: v1.33.1\nKustomize Version: v5.6.0",
                Some("1.33.1"),
            ),
            ("jq-1.6", Some("1.6")),
            ("no version.", None),
        ] {
            assert_eq!(version(text), expected, "{text}");
        }
    }
}
