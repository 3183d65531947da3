//! Rules about single commands: what nobody can run unattended, what will be another thing tomorrow, names that only
//! one account has.

use super::steps::{BlockView, CommandView, PageView};
use crate::diagnostic::Diagnostic;
use crate::lab::Command;
use crate::lab::script::{Argument, Call};

/// The variable that has the cluster's name in every lab.
const CLUSTER_VARIABLE: &str = "EKS_CLUSTER_NAME";
/// The cluster's name unless somebody says otherwise.
const USUAL_CLUSTER: &str = "eks-workshop";

pub(super) fn check(view: &PageView<'_>, found: &mut Vec<Diagnostic>) {
    let mut created = Vec::new();
    let mut cloned_unpinned = None;
    for block in view.tested() {
        another_terminal(view, block, found);
        for command in &block.commands {
            for call in command.calls() {
                unattended(view, command, call, found);
                urls(view, command, call, found);
                generated_names(view, command, call, found);
                cluster_name(view, command, call, &mut created, found);
                if is_unpinned_clone(call) {
                    cloned_unpinned = cloned_unpinned.or(Some((command.command, call.line)));
                } else if call.program == "git"
                    && call
                        .operands()
                        .any(|word| ["checkout", "switch", "reset"].contains(&word))
                {
                    cloned_unpinned = None;
                }
            }
            without_prompt(view, command, found);
        }
    }
    if let Some((command, line)) = cloned_unpinned {
        let at = view.place(command, line, "git clone");
        let message = "this clones whatever the repository's branch is at that day";
        let help = "add `--branch TAG`, or check out a commit afterwards";
        found.push(view.diagnostic("url-unpinned", at, message).with_help(help));
    }
}

/// Prose above a block that sends the reader to another terminal.
fn another_terminal(view: &PageView<'_>, block: &BlockView<'_>, found: &mut Vec<Diagnostic>) {
    const SAYINGS: [&str; 12] = [
        "another terminal",
        "second terminal",
        "new terminal",
        "separate terminal",
        "different terminal",
        "other terminal",
        "another shell",
        "別のターミナル",
        "新しいターミナル",
        "もう一つのターミナル",
        "もうひとつのターミナル",
        "2つ目のターミナル",
    ];
    let lead = block.block.lead.to_lowercase();
    if let Some(saying) = SAYINGS.iter().find(|saying| lead.contains(**saying)) {
        let span = view.lines.span(block.block.line);
        let message = format!("the text above sends the reader to {saying}; a run has one shell");
        let help = "put what runs beside it in the background with `&`, or write `test=false`";
        let one = view.diagnostic("second-terminal", view.lines.locate(span), message);
        found.push(one.with_help(help));
    }
}

fn unattended(
    view: &PageView<'_>,
    command: &CommandView<'_>,
    call: &Call,
    found: &mut Vec<Diagnostic>,
) {
    let at = || view.place(command.command, call.line, &call.program);
    if let Some(why) = waits_for_a_person(call) {
        let message = format!("`{}` {why}: in a run nobody is there", call.program);
        let help = "give it what it asks for as arguments, or write `test=false`";
        let one = view.diagnostic("command-interactive", at(), message);
        found.push(one.with_help(help));
    } else if let Some(what) = never_ends(call) {
        let message = format!("`{what}` does not end by itself");
        let help = "put `timeout 30` before it, or `&` behind it, or write `test=false`";
        found.push(
            view.diagnostic("command-endless", at(), message)
                .with_help(help),
        );
    }
}

/// Why a call needs somebody at the keyboard.
fn waits_for_a_person(call: &Call) -> Option<&'static str> {
    if call.has_input {
        return None;
    }
    let first = call.operands().next();
    let asked = |options: &[&str]| options.iter().any(|option| call.has(option));
    match call.program.as_str() {
        "vi" | "vim" | "nvim" | "nano" | "emacs" | "joe" => Some("opens an editor"),
        "less" | "more" | "man" | "k9s" | "tmux" | "screen" | "htop" | "lynx" => {
            Some("takes over the terminal")
        }
        "top"
            if !call
                .words()
                .any(|word| word.starts_with('-') && word.contains('b')) =>
        {
            Some("takes over the terminal")
        }
        "ssh" if call.arguments.len() == 1 => Some("opens a shell on another machine"),
        "mysql" | "psql" | "mongo" | "mongosh" | "sqlite3" | "redis-cli"
            if !asked(&[
                "-e",
                "--execute",
                "-c",
                "--command",
                "--eval",
                "-f",
                "--file",
                "--version",
            ]) && (call.program != "sqlite3" && call.program != "redis-cli"
                || call.arguments.len() < 2) =>
        {
            Some("asks for statements")
        }
        "bash" | "sh" | "zsh" | "python" | "python3" | "node" if call.arguments.is_empty() => {
            Some("asks for input")
        }
        "kubectl" | "oc" => kubectl_waits_for_a_person(call),
        "docker" | "podman" | "nerdctl" | "finch"
            if matches!(first, Some("run" | "exec")) && is_tty(call) && ends_in_a_shell(call) =>
        {
            Some("opens a shell in a container")
        }
        "aws" => match call.operands().collect::<Vec<_>>().as_slice() {
            ["configure"] => Some("asks for credentials"),
            ["configure", "sso" | "sso-session"] | ["sso", "login", ..] => Some("opens a browser"),
            _ => None,
        },
        "read" if !asked(&["-t", "-u"]) => Some("waits for a line"),
        _ => None,
    }
}

fn kubectl_waits_for_a_person(call: &Call) -> Option<&'static str> {
    let first = call.operands().next();
    match first {
        Some("edit") if call.environment.is_empty() => Some("opens an editor"),
        Some("exec" | "run" | "debug") if is_tty(call) && ends_in_a_shell(call) => {
            Some("opens a shell in a container")
        }
        Some("attach") if is_tty(call) => Some("takes over the terminal"),
        _ => None,
    }
}

fn is_tty(call: &Call) -> bool {
    let short = |word: &str| {
        word.strip_prefix('-')
            .is_some_and(|letters| matches!(letters, "it" | "ti" | "t"))
    };
    // What stands behind `--` are the other program's options.
    call.words()
        .take_while(|word| *word != "--")
        .any(|word| short(word) || word == "--tty" || word == "--tty=true")
}

/// Whether the last word is a shell's name.
fn ends_in_a_shell(call: &Call) -> bool {
    let last = call.words().last().unwrap_or_default();
    let name = last.rsplit('/').next().unwrap_or(last);
    matches!(name, "bash" | "sh" | "zsh" | "ash")
}

fn never_ends(call: &Call) -> Option<String> {
    if call.in_background || call.is_piped {
        return None;
    }
    let first = call.operands().next().unwrap_or_default();
    let follows = |options: &[&str]| {
        call.words()
            .take_while(|word| *word != "--")
            .any(|word| options.contains(&word))
    };
    let endless = match (call.program.as_str(), first) {
        ("kubectl", "port-forward" | "proxy") => true,
        ("kubectl", "logs") => follows(&["-f", "--follow", "--follow=true"]),
        ("kubectl", "get" | "events") => {
            follows(&["-w", "--watch", "--watch=true", "--watch-only"])
        }
        ("tail", _) => follows(&["-f", "-F", "--follow"]),
        ("watch" | "stern", _) => true,
        _ => false,
    };
    endless.then(|| format!("{} {first}", call.program).trim().to_owned())
}

fn urls(view: &PageView<'_>, command: &CommandView<'_>, call: &Call, found: &mut Vec<Diagnostic>) {
    for argument in &call.arguments {
        let Some(why) = unpinned(call, &argument.text) else {
            continue;
        };
        let at = view.place(command.command, call.line, &argument.text);
        let message = format!("this leads to {why}, which is another thing tomorrow");
        let help = "name a tag, a version or a commit in the URL";
        found.push(view.diagnostic("url-unpinned", at, message).with_help(help));
    }
}

/// What a URL leads to that may change.
fn unpinned(call: &Call, text: &str) -> Option<&'static str> {
    const BRANCHES: [&str; 6] = ["main", "master", "HEAD", "develop", "trunk", "latest"];
    let fetches = [
        "curl", "wget", "kubectl", "helm", "pip", "pip3", "eksctl", "istioctl", "git",
    ];
    let url = text.split_once("://").map_or(text, |(_, rest)| rest);
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let is_branch = |at: usize| {
        let heads = parts.get(at) == Some(&"refs") && parts.get(at + 1) == Some(&"heads");
        heads || parts.get(at).is_some_and(|part| BRANCHES.contains(part))
    };
    let reference = query.split('&').find_map(|pair| pair.strip_prefix("ref="));
    if reference.is_some_and(|reference| BRANCHES.contains(&reference)) {
        return Some("a branch");
    }
    match parts.first().copied() {
        Some("raw.githubusercontent.com") if is_branch(3) => Some("a branch"),
        Some("github.com") => match parts.get(3).copied() {
            Some("raw" | "blob" | "tree" | "archive" | "tarball" | "zipball") if is_branch(4) => {
                Some("a branch")
            }
            Some("archive")
                if parts.get(4).is_some_and(|part| {
                    let name = part.split('.').next().unwrap_or(part);
                    BRANCHES.contains(&name)
                }) =>
            {
                Some("a branch")
            }
            Some("releases") if parts.get(4) == Some(&"latest") => Some("the latest release"),
            _ if call.program == "kubectl"
                && reference.is_none()
                && is_kustomization(call, text) =>
            {
                Some("a repository's default branch")
            }
            _ => None,
        },
        Some(host) if text.contains("://") && fetches.contains(&&*call.program) => {
            let public =
                host.contains('.') && host.ends_with(|last: char| last.is_ascii_alphabetic());
            let file = parts.last().copied().unwrap_or_default();
            let moves =
                parts[1..].contains(&"latest") || file == "stable.txt" || file == "latest.txt";
            (public && moves).then_some("the latest version")
        }
        _ => None,
    }
}

/// Whether `text` is what `-k` leads to.
fn is_kustomization(call: &Call, text: &str) -> bool {
    let of = |name: &str| call.value_of(name).is_some_and(|value| value.text == text);
    of("-k") || of("--kustomize")
}

fn is_unpinned_clone(call: &Call) -> bool {
    call.program == "git"
        && call.operands().next() == Some("clone")
        && !["-b", "--branch", "--revision"]
            .iter()
            .any(|option| call.has(option))
}

fn generated_names(
    view: &PageView<'_>,
    command: &CommandView<'_>,
    call: &Call,
    found: &mut Vec<Diagnostic>,
) {
    if !matches!(call.program.as_str(), "kubectl" | "aws" | "oc") {
        return;
    }
    for argument in call.arguments.iter().filter(|argument| argument.is_literal) {
        let text = argument.text.rsplit(['/', '=']).next().unwrap_or_default();
        let what = match call.program.as_str() {
            "aws" if is_resource_id(text) => "an id of one account",
            "kubectl" | "oc" if is_pod_name(text) => "a pod's generated name",
            "kubectl" | "oc" if is_node_name(text) => "a node's generated name",
            _ => continue,
        };
        let at = view.place(command.command, call.line, text);
        let message = format!("`{text}` looks like {what}");
        let help = "select by label, or keep the name in a variable that an earlier command sets";
        found.push(
            view.diagnostic("generated-name", at, message)
                .with_help(help),
        );
    }
}

/// `web-7d9c5bdf4c-x2k9p`: a Deployment's name, its ReplicaSet's hash, the pod's own letters.
fn is_pod_name(text: &str) -> bool {
    const LETTERS: &str = "bcdfghjklmnpqrstvwxz2456789";
    let generated = |part: &str| part.chars().all(|letter| LETTERS.contains(letter));
    let mut parts = text.rsplitn(3, '-');
    let (Some(own), Some(hash), Some(_)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    own.len() == 5
        && (6..=10).contains(&hash.len())
        && generated(own)
        && generated(hash)
        && hash.contains(|letter: char| letter.is_ascii_digit())
}

fn is_node_name(text: &str) -> bool {
    let host = text
        .strip_prefix("ip-")
        .and_then(|rest| rest.split('.').next());
    let numbers = |host: &str| {
        host.split('-')
            .filter(|part| part.parse::<u8>().is_ok())
            .count()
    };
    host.is_some_and(|host| numbers(host) == 4) && text.contains('.')
}

fn is_resource_id(text: &str) -> bool {
    const KINDS: [&str; 9] = [
        "i", "lt", "subnet", "vpc", "sg", "vol", "eni", "rtb", "snap",
    ];
    let Some((kind, id)) = text.split_once('-') else {
        return false;
    };
    let is_hexadecimal = id
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    KINDS.contains(&kind) && matches!(id.len(), 8 | 17) && is_hexadecimal
}

fn cluster_name(
    view: &PageView<'_>,
    command: &CommandView<'_>,
    call: &Call,
    created: &mut Vec<String>,
    found: &mut Vec<Diagnostic>,
) {
    let Some(name) = cluster_argument(call) else {
        return;
    };
    let literal = name.text.rsplit('=').next().unwrap_or_default();
    if call
        .words()
        .any(|word| word == "create-cluster" || word == "create")
    {
        created.push(literal.to_owned());
    }
    if !name.is_literal || literal.is_empty() || created.iter().any(|own| own == literal) {
        return;
    }
    let at = view.place(command.command, call.line, &name.text);
    let start = at.span.end - literal.len().min(at.span.len());
    let at = view.lines.locate(start..at.span.end);
    let is_there = &view.text[at.span.clone()] == literal;
    let message = format!("`{literal}` is one cluster's name; other readers have another");
    let help = format!("write \"${CLUSTER_VARIABLE}\"");
    let span = at.span.clone();
    let one = view
        .diagnostic("cluster-name-literal", at, message)
        .with_help(help);
    found.push(if literal == USUAL_CLUSTER && is_there {
        one.with_fix(span, format!("${CLUSTER_VARIABLE}"))
    } else {
        one
    });
}

/// Where a call names its cluster.
fn cluster_argument(call: &Call) -> Option<&Argument> {
    let joined = |name: &str| {
        call.arguments
            .iter()
            .find(|argument| argument.text.starts_with(&format!("{name}=")))
    };
    let of = |name: &str| call.value_of(name).or_else(|| joined(name));
    match call.program.as_str() {
        "aws" if call.words().any(|word| word == "eks") => of("--cluster-name").or_else(|| {
            let operations = [
                "describe-cluster",
                "update-kubeconfig",
                "update-cluster-config",
                "create-cluster",
                "update-cluster-version",
                "cluster-active",
                "cluster-deleted",
                "delete-cluster",
            ];
            let names_it = call.words().any(|word| operations.contains(&word));
            names_it.then(|| of("--name")).flatten()
        }),
        "eksctl" => of("--cluster").or_else(|| {
            let cluster = call.operands().nth(1) == Some("cluster");
            cluster.then(|| of("--name")).flatten()
        }),
        _ => None,
    }
}

/// A line of documented output that is a command which lost its `$ `.
fn without_prompt(view: &PageView<'_>, command: &CommandView<'_>, found: &mut Vec<Diagnostic>) {
    if command.calls().any(prints_commands) {
        return;
    }
    let first = command.command.line + command.command.text.lines().count().max(1);
    for (index, line) in command.command.documented.lines().enumerate() {
        if !looks_like_a_command(line) {
            continue;
        }
        let output = Command {
            line: first + index,
            text: line.to_owned(),
            documented: String::new(),
        };
        let at = view.place(&output, 1, line.trim());
        let start = at.span.start;
        let message = "this looks like a command, but without `$ ` it is output and does not run";
        let help = "write `$ ` before it, or move it out of the block";
        let one = view
            .diagnostic("command-without-prompt", at, message)
            .with_help(help);
        found.push(one.with_fix(start..start, "$ "));
        // What follows may be this command's output.
        return;
    }
}

/// Programs that are known to print commands.
fn prints_commands(call: &Call) -> bool {
    let printer = [
        "cat",
        "echo",
        "printf",
        "history",
        "sed",
        "helm",
        "head",
        "tail",
        "grep",
        "terraform",
        "eksctl",
        "type",
        "declare",
        "which",
        "alias",
        "breakfix",
        "diff",
        "git",
    ];
    printer.contains(&call.program.as_str()) || call.has("--help") || call.has("help")
}

fn looks_like_a_command(line: &str) -> bool {
    const KUBECTL: [&str; 18] = [
        "get",
        "apply",
        "describe",
        "delete",
        "create",
        "logs",
        "exec",
        "wait",
        "rollout",
        "scale",
        "patch",
        "label",
        "annotate",
        "config",
        "set",
        "run",
        "port-forward",
        "top",
    ];
    let mut words = line.split(' ');
    let (first, second) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let third = words.next().unwrap_or_default();
    match first {
        "kubectl" => KUBECTL.contains(&second) && !third.is_empty(),
        "aws" => {
            let operation = third.contains('-')
                && third.split('-').all(|part| {
                    !part.is_empty()
                        && part
                            .bytes()
                            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
                });
            operation
                && second
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        }
        "eksctl" => ["create", "delete", "get", "upgrade", "scale"].contains(&second),
        "helm" => {
            ["install", "upgrade", "repo", "uninstall"].contains(&second) && !third.is_empty()
        }
        "export" => second.split_once('=').is_some_and(|(name, value)| {
            !value.is_empty()
                && !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        }),
        _ => false,
    }
}
