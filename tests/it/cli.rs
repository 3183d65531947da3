//! The command line: exit codes, messages that lead out, and nothing left behind.

use std::io::{BufRead as _, BufReader, Read as _};

use super::support::{breakfix, page};

#[test]
fn a_path_that_is_not_there_is_a_usage_error() {
    let outcome = breakfix(&["run", "nowhere.md"]).run();
    assert_eq!(outcome.status, 2);
    assert!(
        outcome
            .stderr
            .contains("no such file or directory: nowhere.md"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn selecting_nothing_that_runs_is_a_usage_error() {
    let outcome = breakfix(&["run", "page.md", "--on", "none"])
        .file("page.md", "# Prose only\n")
        .run();
    assert_eq!(outcome.status, 2);
    assert!(
        outcome.stderr.contains("nothing selected"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_mistake_in_a_page_is_shown_in_its_place_before_anything_runs() {
    let outcome = breakfix(&["run", "page.md", "--on", "none"])
        .file("page.md", &page(&[("timeuot=5", "$ touch ran")]))
        .run();
    assert_eq!(outcome.status, 3);
    assert!(outcome.stderr.contains("page.md:5"), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("timeuot") && outcome.stderr.contains("timeout"),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stdout.is_empty());
}

#[test]
fn an_unknown_scenario_is_named_with_those_that_there_are() {
    let outcome = breakfix(&["run", "page.md", "--scenario", "missing"])
        .file("page.md", &page(&[("", "$ true")]))
        .run();
    assert_eq!(outcome.status, 2);
    assert!(
        outcome
            .stderr
            .contains("there is no scenario \"missing\"; there are: missing-worker-nodes"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_hook_that_nobody_supplies_is_named_with_its_place() {
    let outcome = breakfix(&["run", "page.md", "--scenario", "missing-worker-nodes"])
        .file("page.md", &page(&[("hook=fix-9-9", "$ true")]))
        .run();
    assert_eq!(outcome.status, 3);
    assert!(
        outcome
            .stderr
            .contains("hook=fix-9-9 has no script tests/hook-fix-9-9.sh"),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stderr.contains("page.md:5:9"), "{}", outcome.stderr);
}

#[test]
fn a_missing_tool_is_named_before_anything_starts() {
    let outcome = breakfix(&["run", "page.md", "--scenario", "missing-worker-nodes"])
        .file("page.md", &page(&[("", "$ true")]))
        .only_programs(&["bash", "jq"])
        .run();
    assert_eq!(outcome.status, 4);
    assert!(
        outcome.stderr.contains("aws is not on the PATH: install"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome
            .stderr
            .contains("kubectl is not on the PATH: install"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains("breaking the environment"));
}

#[test]
fn an_aws_cli_that_would_call_the_real_aws_is_refused() {
    let outcome = breakfix(&["run", "page.md", "--scenario", "missing-worker-nodes"])
        .file("page.md", &page(&[("", "$ true")]))
        .program(
            "aws",
            "#!/bin/sh\necho aws-cli/2.9.19 Python/3.11.2 Linux/6.1\n",
        )
        .run();
    assert_eq!(outcome.status, 4);
    assert!(
        outcome
            .stderr
            .contains("version 2.9: it does not honour AWS_ENDPOINT_URL"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_real_account_has_to_be_named() {
    let outcome = breakfix(&["run", "page.md", "--on", "aws"])
        .file("page.md", &page(&[("", "$ true")]))
        .run();
    assert_eq!(outcome.status, 2);
    for name in ["--account", "--region", "--cluster"] {
        assert!(outcome.stderr.contains(name), "{}", outcome.stderr);
    }
}

#[test]
fn without_an_environment_the_shell_alone_runs_the_page() {
    let outcome = breakfix(&["run", "page.md", "--on", "none"])
        .file(
            "page.md",
            &page(&[
                ("", "$ NAME=value"),
                ("", "$ echo $NAME"),
                ("", "$ false"),
                ("", "$ true"),
            ]),
        )
        .only_programs(&["bash"])
        .run();
    assert_eq!(outcome.status, 1);
    let report = &outcome.stdout;
    assert!(
        report.contains("2 passed") && report.contains("1 failed") && report.contains("1 skipped"),
        "{report}"
    );
    assert!(
        report.contains("page.md:14"),
        "the failing command's place: {report}"
    );
    assert_eq!(outcome.temporary, Vec::<String>::new());
}

#[test]
fn progress_goes_to_stderr_and_the_report_alone_to_stdout() {
    let outcome = breakfix(&["run", "page.md", "--on", "none", "--format", "json"])
        .file("page.md", &page(&[("", "$ echo hello")]))
        .run();
    assert_eq!(outcome.json()["version"], 1);
    assert_eq!(outcome.json()["counts"]["passed"], 1);
    assert!(outcome.stderr.contains("step 1/1"), "{}", outcome.stderr);
}

/// Waits until the run says `line`, sends it a signal, and returns its exit code.
fn interrupted_at(call: &super::support::Breakfix, line: &str, signal: &str) -> (i32, String) {
    let mut child = call.start();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    let mut lines = stderr.lines();
    for next in lines.by_ref() {
        let next = next.unwrap();
        said.push_str(&next);
        said.push('\n');
        if next.contains(line) {
            break;
        }
    }
    let status = std::process::Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success(), "{said}");
    let mut stdout = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut stdout)
        .unwrap();
    lines.for_each(drop);
    (child.wait().unwrap().code().unwrap_or(-1), stdout)
}

/// Whether a process still runs.
fn runs(pid: &str) -> bool {
    std::path::Path::new("/proc")
        .join(pid)
        .join("cmdline")
        .exists()
}

#[test]
fn ctrl_c_ends_every_process_undoes_and_leaves_no_file() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let commands = "$ bash -c 'echo $$ > pid; echo started >&2; exec tail -f /dev/null'";
        let call = breakfix(&["run", "page.md", "--scenario", "missing-worker-nodes", "-v"])
            .file("page.md", &page(&[("", commands)]));
        let (status, report) = interrupted_at(&call, "started", signal);
        assert_eq!(status, 130, "{signal}: {report}");
        assert!(report.contains("interrupted"), "{report}");
        let pid = std::fs::read_to_string(call.work().join("pid")).unwrap();
        assert!(!runs(pid.trim()), "{signal}: process {pid} is left");
        assert_eq!(call.temporary(), Vec::<String>::new(), "{signal}");
    }
}

#[test]
fn keep_serves_the_world_until_ctrl_c_and_then_tells_the_verdict() {
    let page = page(&[("", "$ true")]);
    let call = breakfix(&[
        "run",
        "page.md",
        "--scenario",
        "missing-worker-nodes",
        "--keep",
    ])
    .file("page.md", &page);
    // The last line of what leads a terminal to the world.
    let (status, report) = interrupted_at(&call, "export NEW_NODEGROUP_1_LT_ID", "-INT");
    assert_eq!(
        status, 1,
        "nothing was repaired, nothing interrupted: {report}"
    );
    assert!(report.contains("1 passed"), "{report}");
    assert_eq!(call.temporary(), Vec::<String>::new());
}

#[test]
fn retries_are_for_steps_that_declare_them() {
    // Passes at the third attempt.
    let third = "$ echo x >> tries; test $(wc -l < tries) -ge 3";
    let run = |annotations: &str, arguments: &[&str]| {
        let call = [
            &["run", "page.md", "--on", "none", "--format", "json"],
            arguments,
        ]
        .concat();
        let outcome = breakfix(&call)
            .file("page.md", &page(&[(annotations, third)]))
            .run();
        outcome.lab()["steps"][0]["result"].clone()
    };
    assert_eq!(run("retries=1", &[]), "fail");
    assert_eq!(run("retries=1", &["--retries", "2"]), "flaky");
    assert_eq!(run("retries=2", &["--retries", "0"]), "fail");
    assert_eq!(run("", &["--retries", "2"]), "fail");
}

#[test]
fn keep_is_for_one_lab() {
    let page = page(&[("", "$ true")]);
    let call = breakfix(&["run", "one.md", "two.md", "--keep"]);
    let outcome = call.file("one.md", &page).file("two.md", &page).run();
    assert_eq!(outcome.status, 2);
    assert!(
        outcome
            .stderr
            .contains("keeps the world of one lab, and 2 are selected"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn simulate_prints_what_leads_clients_to_it_and_ends_at_a_signal() {
    let call = breakfix(&["simulate"]);
    let (status, exports) = interrupted_at(&call, "simulator ready", "-TERM");
    assert_eq!(status, 0);
    for name in [
        "AWS_ENDPOINT_URL='http://127.0.0.1:",
        "KUBECONFIG='",
        "EKS_CLUSTER_NAME='eks-workshop'",
    ] {
        assert!(exports.contains(&format!("export {name}")), "{exports}");
    }
    assert!(exports.contains("unset AWS_PROFILE"));
    assert_eq!(call.temporary(), Vec::<String>::new());
}
