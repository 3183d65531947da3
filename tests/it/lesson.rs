//! A lesson in the terminal, the scenarios to choose from, and what helps a shell: show, list, completions, man.

use std::io::Read as _;
use std::process::Command;

use super::support::{Breakfix, Outcome, breakfix, project};

const SCENARIO: &str = "missing-worker-nodes";

fn show(arguments: &[&str]) -> Outcome {
    let call = [&["show", "--scenario", SCENARIO], arguments].concat();
    let outcome = breakfix(&call).run();
    assert_eq!(outcome.status, 0, "{arguments:?}: {}", outcome.stderr);
    outcome
}

#[test]
fn a_lesson_is_shown_whole_or_step_by_step_with_nothing_between_them() {
    let whole = show(&[]).stdout;
    assert!(whole.starts_with("Missing worker nodes\n====="), "{whole}");
    let document = breakfix(&["show", "--scenario", SCENARIO, "--format", "json"])
        .run()
        .json();
    assert_eq!(document["version"], 1);
    let names = document["steps"].as_array().unwrap().iter();
    let names: Vec<&str> = names.map(|step| step["name"].as_str().unwrap()).collect();
    assert_eq!(names[2..5], ["3", "4.1", "4.2"]);
    let parts: Vec<String> = names.iter().map(|name| show(&[name]).stdout).collect();
    let first = whole.find(&parts[0]).unwrap();
    assert_eq!(whole[first..], parts.join("\n"));
}

#[test]
fn a_step_for_programs_has_its_commands_and_its_text() {
    let step = show(&["6.2", "--format", "json", "--lang", "ja"]).json();
    assert_eq!(step["language"], "ja");
    assert_eq!(step["step"]["heading"], "6.2 キーポリシー");
    let command = step["commands"][0]["text"].as_str().unwrap();
    assert!(command.starts_with("aws kms get-key-policy "), "{command}");
    assert!(
        step["text"]
            .as_str()
            .unwrap()
            .contains("コマンド：\n    aws kms get-key-policy")
    );
}

#[test]
fn plain_text_has_words_instead_of_signs() {
    let plain = show(&["--plain"]).stdout;
    for words in [
        "Warning: What a repair must keep\n",
        "Command:\n    kubectl get nodes",
        "Output:\n    No resources found\n",
    ] {
        assert!(plain.contains(words), "{plain}");
    }
    assert!(!plain.contains(['│', '─', '•', '▸', '\u{1b}']), "{plain}");
}

#[test]
fn lines_keep_to_the_width_but_for_what_is_copied() {
    for language in ["en", "ja"] {
        let call =
            breakfix(&["show", "--scenario", SCENARIO, "--lang", language]).env("COLUMNS", "60");
        let long = |line: &&str| {
            let columns: usize = line
                .chars()
                .map(|next| if next < '\u{2E80}' { 1 } else { 2 })
                .sum();
            // Blocks stay as they are, and so do targets of links.
            columns > 62 && !line.starts_with("    ") && !line.contains("https://")
        };
        let outcome = call.run();
        assert_eq!(outcome.stdout.lines().find(long), None, "{language}");
    }
}

#[test]
fn what_cannot_be_shown_is_refused_with_what_can() {
    let refused = |arguments: &[&str], text: &str| {
        let outcome = breakfix(arguments).run();
        assert_eq!(outcome.status, 2, "{}", outcome.stderr);
        assert!(outcome.stderr.contains(text), "{}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
    };
    refused(&["show"], "breakfix show --scenario SCENARIO");
    refused(&["show", "--scenario", SCENARIO, "7"], "8.1, 8.2");
    refused(
        &["show", "--scenario", "missing-worker-node"],
        "did you mean missing-worker-nodes?",
    );
}

/// What a call writes to a terminal.
fn at_a_terminal(call: &Breakfix, script: &str) -> String {
    let (mut terminal, ends) = pty_process::blocking::open().unwrap();
    terminal.resize(pty_process::Size::new(24, 80)).unwrap();
    let environment = call.bash("env -0").stdout;
    let variables = environment
        .split('\0')
        .filter_map(|variable| variable.split_once('='));
    let command = pty_process::blocking::Command::new("bash")
        .args(["-c", script])
        .env_clear();
    let command = command
        .envs(variables.collect::<Vec<_>>())
        .env("TERM", "xterm")
        .current_dir(call.work());
    let mut child = command.spawn(ends).unwrap();
    let mut shown = Vec::new();
    // A terminal whose last process has gone is an error to read.
    let mut part = [0; 4096];
    while let Ok(length) = terminal.read(&mut part) {
        if length == 0 {
            break;
        }
        shown.extend_from_slice(&part[..length]);
    }
    assert!(
        child.wait().unwrap().success(),
        "{}",
        String::from_utf8_lossy(&shown)
    );
    String::from_utf8_lossy(&shown).into_owned()
}

#[test]
fn at_a_terminal_the_users_pager_shows_it_in_colours() {
    let call = breakfix(&[]).program("own-pager", "#!/bin/bash\necho PAGED\nexec cat\n");
    let show = format!("\"$BREAKFIX\" show --scenario {SCENARIO} 1");
    let paged = at_a_terminal(&call, &format!("PAGER=own-pager {show}"));
    assert!(
        paged.contains("PAGED") && paged.contains("\u{1b}[1mkubectl get nodes"),
        "{paged}"
    );
    let missing = at_a_terminal(&call, &format!("BREAKFIX_PAGER=no-such-pager {show}"));
    assert!(missing.contains("kubectl get nodes"), "{missing}");
    let early = at_a_terminal(
        &call,
        &format!("PAGER='head -1' {show}; echo \"ended with $?\""),
    );
    assert!(early.contains("ended with 0"), "{early}");
    let plain = at_a_terminal(&call, &format!("PAGER=own-pager {show} --plain"));
    assert!(
        !plain.contains("PAGED") && !plain.contains('\u{1b}'),
        "{plain}"
    );
    let colorless = at_a_terminal(&call, &format!("NO_COLOR=1 PAGER=own-pager {show}"));
    assert!(
        colorless.contains("PAGED") && !colorless.contains('\u{1b}'),
        "{colorless}"
    );
}

#[test]
fn scenarios_are_listed_without_telling_what_is_broken() {
    let list = |arguments: &[&str]| {
        let outcome = breakfix(&[&["list"], arguments].concat()).run();
        assert_eq!(outcome.status, 0, "{}", outcome.stderr);
        outcome
    };
    let shown = list(&[]).stdout;
    for part in [
        "missing-worker-nodes  Missing worker nodes\n",
        "English, 日本語",
        "breakfix start missing-worker-nodes",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    assert!(!shown.contains("no-autoscaling-access"), "{shown}");
    assert!(
        list(&["--variants"])
            .stdout
            .contains("    - no-autoscaling-access: ")
    );
    let japanese = list(&["--lang", "ja"]).stdout;
    assert!(
        japanese.contains("missing-worker-nodes  ワーカーノードの欠落\n"),
        "{japanese}"
    );
    let document = list(&["--format", "json"]).json();
    assert_eq!(
        document["scenarios"][0]["lesson_languages"],
        serde_json::json!(["en", "ja"])
    );
    assert!(document["scenarios"][0]["variants"].is_null());
}

#[test]
fn a_scenario_that_cannot_be_read_is_listed_as_such() {
    let call = breakfix(&["list", "--scenarios", "own"])
        .file("own/broken/scenario.yaml", "scenario: broken\n");
    let outcome = call.run();
    assert_eq!(outcome.status, 3);
    assert!(
        outcome.stdout.contains("broken cannot be read: "),
        "{}",
        outcome.stdout
    );
    assert!(
        outcome.stdout.contains("missing-worker-nodes  "),
        "{}",
        outcome.stdout
    );
}

/// What bash offers for the last word of a line.
fn completed(call: &Breakfix, line: &str) -> Vec<String> {
    let words: Vec<String> = line.split(' ').map(|word| format!("'{word}'")).collect();
    let script = format!(
        "ln -sf \"$BREAKFIX\" ./breakfix; PATH=\"$PWD:$PATH\"; eval \"$(breakfix completions bash 2>/dev/null)\"
         COMP_WORDS=({}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 )); COMP_TYPE=9
         compopt() {{ :; }}
         $(complete -p breakfix | sed 's/.*-F \\([^ ]*\\).*/\\1/') breakfix \"${{COMP_WORDS[COMP_CWORD]}}\"
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.join(" ")
    );
    let outcome = call.bash(&script);
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    outcome
        .stdout
        .lines()
        .map(|word| word.trim().to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

#[test]
fn bash_completes_what_there_is() {
    let call = breakfix(&[]);
    assert_eq!(completed(&call, "breakfix start mis"), [SCENARIO]);
    assert_eq!(completed(&call, "breakfix sho"), ["show"]);
    let variants = completed(&call, &format!("breakfix start {SCENARIO} --variant key-"));
    assert_eq!(variants, ["key-disabled", "key-pending-deletion"]);
    assert_eq!(
        completed(&call, &format!("breakfix show --scenario {SCENARIO} 4.")),
        ["4.1", "4.2"]
    );
    assert_eq!(completed(&call, "breakfix check --session x"), [""; 0]);
    let sessions = call.root().join("state/breakfix/sessions/k1session");
    std::fs::create_dir_all(&sessions).unwrap();
    std::fs::write(sessions.join("lock"), "").unwrap();
    assert_eq!(
        completed(&call, "breakfix check --session k1"),
        ["k1session"]
    );
    assert_eq!(call.survivors(), Vec::<String>::new());
}

#[test]
fn every_shell_is_told_its_line_and_accepts_it() {
    for (shell, check) in [("bash", "bash -n"), ("zsh", "zsh -n"), ("fish", "fish -n")] {
        let call = breakfix(&["completions", shell]);
        let outcome = call.run_once();
        assert_eq!(outcome.status, 0);
        assert!(
            outcome
                .stdout
                .contains(&format!("COMPLETE={shell} breakfix")),
            "{}",
            outcome.stdout
        );
        assert!(
            outcome.stderr.contains("Add this line to ~/"),
            "{}",
            outcome.stderr
        );
        let checked = call.bash(&format!("command -v {shell} >/dev/null || exit 0; COMPLETE={shell} \"$BREAKFIX\" > script && {check} script"));
        assert_eq!(checked.status, 0, "{shell}: {}", checked.stderr);
    }
}

#[test]
fn manual_pages_are_for_every_verb_and_without_mistakes() {
    let call = breakfix(&["man", "--dir", "pages"]);
    assert_eq!(call.run_once().status, 0);
    let pages: Vec<_> = std::fs::read_dir(call.work().join("pages"))
        .unwrap()
        .map(|page| page.unwrap().path())
        .collect();
    assert!(pages.iter().any(|page| page.ends_with("breakfix.1")));
    assert!(pages.iter().any(|page| page.ends_with("breakfix-doctor.1")));
    for page in &pages {
        let text = std::fs::read_to_string(page).unwrap();
        assert!(
            text.contains(".SH NAME") && text.contains(".TH "),
            "{}",
            page.display()
        );
    }
    let stdout = call.call(&["man"]).stdout;
    assert_eq!(
        stdout,
        std::fs::read_to_string(call.work().join("pages/breakfix.1")).unwrap()
    );
    let groff = Command::new("groff")
        .args(["-man", "-Tutf8", "-ww"])
        .args(&pages)
        .output();
    if let Ok(groff) = groff {
        assert_eq!(String::from_utf8_lossy(&groff.stderr), "");
        assert!(groff.status.success());
    }
}

#[test]
fn a_lesson_of_ones_own_is_shown_with_everything_in_it() {
    let page = std::fs::read_to_string(project().join("src/report/lesson/furniture.md")).unwrap();
    let scenario =
        std::fs::read_to_string(project().join("scenarios/missing-worker-nodes/scenario.yaml"))
            .unwrap();
    let scenario = scenario
        .replace("scenario: missing-worker-nodes", "scenario: own")
        .replace(
            "content/troubleshooting/missing-worker-nodes.md",
            "lessons/own.md",
        );
    let call = breakfix(&["show", "--scenario", "own", "--scenarios", "labs/scenarios"])
        .file("labs/scenarios/own/scenario.yaml", &scenario)
        .file("labs/lessons/own.md", &page);
    let outcome = call.run();
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    for part in [
        "Every furniture\n===",
        "│ Danger: Outer danger\n│ │ Note: Inner note\n",
        "▸ Summary words with weight\n",
        "[Open the KMS console] (https",
    ] {
        assert!(outcome.stdout.contains(part), "{}", outcome.stdout);
    }
}
