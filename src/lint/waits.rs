//! Rules about time: what changes in the background and is looked at too early, waits that are too long or too short by
//! being fixed.

use std::time::Duration;

use super::steps::{BlockView, CommandView, PageView};
use crate::diagnostic::Diagnostic;
use crate::lab::Setting;
use crate::lab::script::Call;
use crate::plan::DEFAULT_TIMEOUT;

/// A change that goes on when its command has ended.
struct Change {
    /// What waits until it is done.
    waiter: &'static str,
    /// The service that it is a change of.
    service: &'static str,
    deletes: bool,
    /// Whether it is always one; else it depends on what the manifest holds.
    is_sure: bool,
}

/// Operations of AWS that end before their effect is there, and what waits for it.
const OPERATIONS: [(&str, &str, &str); 30] = [
    ("eks", "create-cluster", "aws eks wait cluster-active"),
    (
        "eks",
        "update-cluster-config",
        "aws eks wait cluster-active",
    ),
    (
        "eks",
        "update-cluster-version",
        "aws eks wait cluster-active",
    ),
    ("eks", "delete-cluster", "aws eks wait cluster-deleted"),
    ("eks", "create-nodegroup", "aws eks wait nodegroup-active"),
    (
        "eks",
        "update-nodegroup-config",
        "aws eks wait nodegroup-active",
    ),
    (
        "eks",
        "update-nodegroup-version",
        "aws eks wait nodegroup-active",
    ),
    ("eks", "delete-nodegroup", "aws eks wait nodegroup-deleted"),
    ("eks", "create-addon", "aws eks wait addon-active"),
    ("eks", "update-addon", "aws eks wait addon-active"),
    ("eks", "delete-addon", "aws eks wait addon-deleted"),
    (
        "eks",
        "create-fargate-profile",
        "aws eks wait fargate-profile-active",
    ),
    (
        "eks",
        "delete-fargate-profile",
        "aws eks wait fargate-profile-deleted",
    ),
    ("ec2", "run-instances", "aws ec2 wait instance-running"),
    ("ec2", "start-instances", "aws ec2 wait instance-running"),
    ("ec2", "stop-instances", "aws ec2 wait instance-stopped"),
    (
        "ec2",
        "terminate-instances",
        "aws ec2 wait instance-terminated",
    ),
    (
        "ec2",
        "create-nat-gateway",
        "aws ec2 wait nat-gateway-available",
    ),
    ("ec2", "create-volume", "aws ec2 wait volume-available"),
    ("ec2", "create-snapshot", "aws ec2 wait snapshot-completed"),
    (
        "autoscaling",
        "set-desired-capacity",
        "a loop over `aws autoscaling describe-auto-scaling-groups`",
    ),
    (
        "autoscaling",
        "start-instance-refresh",
        "a loop over `aws autoscaling describe-instance-refreshes`",
    ),
    (
        "cloudformation",
        "create-stack",
        "aws cloudformation wait stack-create-complete",
    ),
    (
        "cloudformation",
        "update-stack",
        "aws cloudformation wait stack-update-complete",
    ),
    (
        "cloudformation",
        "delete-stack",
        "aws cloudformation wait stack-delete-complete",
    ),
    (
        "rds",
        "create-db-instance",
        "aws rds wait db-instance-available",
    ),
    (
        "rds",
        "delete-db-instance",
        "aws rds wait db-instance-deleted",
    ),
    (
        "elbv2",
        "create-load-balancer",
        "aws elbv2 wait load-balancer-available",
    ),
    ("dynamodb", "create-table", "aws dynamodb wait table-exists"),
    (
        "dynamodb",
        "delete-table",
        "aws dynamodb wait table-not-exists",
    ),
];

/// Kinds that nothing has to start.
const AT_ONCE: [&str; 16] = [
    "configmap",
    "cm",
    "secret",
    "namespace",
    "ns",
    "serviceaccount",
    "sa",
    "role",
    "rolebinding",
    "clusterrole",
    "clusterrolebinding",
    "quota",
    "poddisruptionbudget",
    "pdb",
    "priorityclass",
    "token",
];

/// Waits from which on a poll would be worth it.
const WORTH_POLLING: Duration = Duration::from_secs(5);

pub(super) fn check(lab: &[PageView<'_>], found: &mut Vec<Diagnostic>) {
    let mut pending: Vec<Pending<'_>> = Vec::new();
    for view in lab {
        for block in view.tested() {
            fixed_waits(view, block, found);
            longer_than_the_block(view, block, found);
            polled(view, block, &mut pending, found);
        }
        // Whoever reads goes to another page at leisure.
        for left in pending.drain(..) {
            if left.change.is_sure && !left.change.deletes {
                found.push(left.told(None));
            }
        }
    }
}

/// A change that nothing has waited for.
struct Pending<'a> {
    view: &'a PageView<'a>,
    command: &'a CommandView<'a>,
    call: &'a Call,
    change: Change,
}

impl Pending<'_> {
    fn told(&self, reader: Option<usize>) -> Diagnostic {
        let operation = operation_name(self.call);
        let at = self
            .view
            .place(self.command.command, self.call.line, &operation);
        let message = match reader {
            Some(line) => {
                format!("`{operation}` only begins a change, and line {line} already looks at it")
            }
            None => {
                format!("`{operation}` only begins a change, and nothing waits until it is done")
            }
        };
        let help = match self.change.waiter {
            waiter if waiter.starts_with("a loop") => format!("wait by {waiter}"),
            waiter => format!("let `{waiter} …` follow"),
        };
        self.view
            .diagnostic("async-without-wait", at, message)
            .with_help(help)
    }
}

fn polled<'a>(
    view: &'a PageView<'a>,
    block: &'a BlockView<'a>,
    pending: &mut Vec<Pending<'a>>,
    found: &mut Vec<Diagnostic>,
) {
    let annotations = &block.block.annotations;
    let value =
        |setting: &Option<Setting<u32>>| setting.as_ref().map_or(0, |setting| setting.value);
    if value(&annotations.retries) > 0 {
        pending.clear();
    }
    for command in &block.commands {
        for call in command.calls() {
            if waits(call) {
                pending.clear();
            } else if let Some(change) = change(call) {
                pending.push(Pending {
                    view,
                    command,
                    call,
                    change,
                });
            } else {
                let line = command.command.line + call.line - 1;
                pending.retain(|one| {
                    let too_early = looks_at(call, &one.change);
                    if too_early {
                        found.push(one.told(Some(line)));
                    }
                    !too_early
                });
            }
        }
    }
    if annotations.wait.is_some() || annotations.hook.is_some() {
        pending.clear();
    }
}

/// Behind the program the words that say what is done: `aws eks create-addon`, `kubectl rollout restart`.
fn operation_name(call: &Call) -> String {
    let words: Vec<&str> = match aws_operation(call) {
        Some((service, operation)) => vec![service, operation],
        None => call.operands().take(1).collect(),
    };
    let operation = words.last().copied().unwrap_or(&call.program);
    if call.program == "aws" {
        operation.to_owned()
    } else {
        format!("{} {operation}", call.program)
    }
}

fn aws_operation(call: &Call) -> Option<(&str, &str)> {
    if call.program != "aws" {
        return None;
    }
    let services = OPERATIONS.iter().map(|(service, _, _)| *service);
    let words: Vec<&str> = call.words().collect();
    let at = words
        .iter()
        .position(|word| services.clone().any(|service| service == *word))?;
    Some((words[at], words.get(at + 1)?))
}

fn change(call: &Call) -> Option<Change> {
    if let Some((service, operation)) = aws_operation(call) {
        let (service, operation, waiter) = OPERATIONS
            .iter()
            .find(|(of, name, _)| (*of, *name) == (service, operation))?;
        return Some(Change {
            waiter,
            service,
            deletes: operation.starts_with("delete") || operation.starts_with("terminate"),
            is_sure: true,
        });
    }
    let mut operands = call.operands();
    let (first, second) = (operands.next(), operands.next());
    let is_dry = call.has("--dry-run") || call.has("--help");
    let (is_sure, is_change) = match (call.program.as_str(), first, second) {
        ("kubectl", Some("scale"), _) => (true, true),
        ("kubectl", Some("rollout"), Some("restart" | "undo")) => (true, true),
        ("kubectl", Some("set"), Some("image" | "env" | "resources")) => (true, true),
        // What is there as soon as it is made.
        ("kubectl", Some("create"), Some(kind)) if AT_ONCE.contains(&kind) => (false, false),
        ("kubectl", Some("apply" | "create" | "replace" | "run"), _) => (false, true),
        ("helm", Some("install" | "upgrade"), _) => (false, true),
        _ => (false, false),
    };
    (is_change && !is_dry).then_some(Change {
        waiter: "kubectl rollout status",
        service: "kubernetes",
        deletes: false,
        is_sure,
    })
}

/// Whether a call lets time pass until something is so.
fn waits(call: &Call) -> bool {
    match call.program.as_str() {
        "sleep" | "until" | "while" | "timeout" | "watch" | "eksctl" | "prepare-environment" => {
            true
        }
        "aws" => call.words().any(|word| word == "wait") || call.has("deploy"),
        "kubectl" => {
            let mut operands = call.operands();
            let first = operands.next();
            first == Some("wait")
                || first == Some("rollout") && operands.next() == Some("status")
                || ["-w", "--watch", "--wait"]
                    .iter()
                    .any(|option| call.has(option))
        }
        "helm" => call.has("--wait") || call.has("--atomic"),
        "curl" => call.has("--retry"),
        _ => false,
    }
}

fn looks_at(call: &Call, change: &Change) -> bool {
    let first = call.operands().next().unwrap_or_default();
    match (call.program.as_str(), change.service) {
        ("aws", service) => aws_operation(call).is_some_and(|(of, operation)| {
            let reads = ["describe-", "list-", "get-"]
                .iter()
                .any(|verb| operation.starts_with(verb));
            of == service && reads
        }),
        ("kubectl", "kubernetes") if change.is_sure => {
            ["get", "describe", "exec", "logs", "top"].contains(&first)
        }
        ("kubectl", "kubernetes") => ["exec", "logs", "top"].contains(&first),
        ("kubectl", "eks") => ["get", "exec", "logs"].contains(&first),
        _ => false,
    }
}

fn fixed_waits(view: &PageView<'_>, block: &BlockView<'_>, found: &mut Vec<Diagnostic>) {
    let calls = || block.commands.iter().flat_map(CommandView::calls);
    let waiter = calls().find_map(|call| {
        change(call)
            .map(|change| change.waiter.to_owned())
            .or_else(|| polls(call))
    });
    let Some(waiter) = waiter else { return };
    // Where the block polls, the rest of the wait is for something else.
    if calls().any(|call| call.program != "sleep" && waits(call)) {
        return;
    }
    let help = match waiter.as_str() {
        waiter if waiter.starts_with("a loop") => format!("wait by {waiter}"),
        waiter => format!("`{waiter} …` ends as soon as it is so, and fails when it never is"),
    };
    if let Some(wait) = &block.block.annotations.wait
        && wait.value >= WORTH_POLLING
    {
        let message = format!(
            "`wait={}` always takes that long, and may still be too short",
            wait.value.as_secs()
        );
        let one = view.diagnostic("wait-fixed", wait.at.clone(), message);
        found.push(one.with_help(help.clone()));
    }
    for command in &block.commands {
        for call in command.calls().filter(|call| call.program == "sleep") {
            let seconds = call.words().next().and_then(seconds);
            // In a loop it is the poll's own pause.
            let in_loop = command
                .calls()
                .any(|call| matches!(call.program.as_str(), "until" | "while"));
            if seconds.is_some_and(|seconds| seconds >= WORTH_POLLING) && !in_loop {
                let at = view.place(command.command, call.line, "sleep");
                let message = "this `sleep` always takes that long, and may still be too short";
                found.push(
                    view.diagnostic("wait-fixed", at, message)
                        .with_help(help.clone()),
                );
            }
        }
    }
}

/// What would wait for the state that a call reads.
fn polls(call: &Call) -> Option<String> {
    let reads = |operation: &str, waiter: &str| {
        aws_operation(call)
            .is_some_and(|found| found == ("eks", operation))
            .then(|| format!("aws eks wait {waiter}"))
    };
    let mut operands = call.operands();
    match (call.program.as_str(), operands.next(), operands.next()) {
        ("kubectl", Some("get"), Some(kind))
            if kind.starts_with("node") || kind.starts_with("pod") =>
        {
            Some("kubectl wait --for=condition=ready".to_owned())
        }
        ("kubectl", Some("get"), Some(kind)) if kind.starts_with("deploy") => {
            Some("kubectl rollout status".to_owned())
        }
        _ => reads("describe-nodegroup", "nodegroup-active")
            .or_else(|| reads("describe-cluster", "cluster-active"))
            .or_else(|| reads("describe-addon", "addon-active")),
    }
}

/// A command that is allowed to wait longer than its block may run.
fn longer_than_the_block(view: &PageView<'_>, block: &BlockView<'_>, found: &mut Vec<Diagnostic>) {
    let timeout = block.block.annotations.timeout.as_ref();
    let limit = timeout.map_or(DEFAULT_TIMEOUT, |timeout| timeout.value);
    for command in &block.commands {
        for call in command.calls().filter(|call| !call.in_background) {
            let Some((text, own)) = own_limit(call) else {
                continue;
            };
            if own > limit {
                let at = view.place(command.command, call.line, text);
                let message = format!(
                    "this may wait {} s, but the block ends after {} s",
                    own.as_secs(),
                    limit.as_secs()
                );
                let help = format!(
                    "write `timeout={}` on the fence, or wait shorter",
                    own.as_secs() + 30
                );
                let one = view.diagnostic("timeout-shorter-than-command", at, message);
                found.push(one.with_help(help));
            }
        }
    }
}

/// How long a call says that it may take, and the word that says so.
fn own_limit(call: &Call) -> Option<(&str, Duration)> {
    let word = match call.program.as_str() {
        "sleep" | "timeout" => call.operands().next()?,
        "kubectl" | "helm" => call
            .words()
            .find(|word| word.starts_with("--timeout="))
            .or_else(|| call.value_of("--timeout").map(|value| value.text.as_str()))?,
        _ => return None,
    };
    let value = word.strip_prefix("--timeout=").unwrap_or(word);
    Some((word, seconds(value)?))
}

/// `90`, `90s`, `5m`, `1h`.
fn seconds(text: &str) -> Option<Duration> {
    let (number, unit) = match text.find(|character: char| character.is_ascii_alphabetic()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let factor = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    Duration::try_from_secs_f64(number * factor).ok()
}
