//! Secrets: planted ones appear in no byte that leaves a lab.

use std::fs;
use std::path::Path;

use breakfix::outcome::Stream;

use super::shell::Fixture;
use super::support::{breakfix, page};

const PASSWORD: &str = "pa55/wörd+with \"odd\" bytes";
const KEY: &str = "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA7\n-----END KEY-----";

/// Everything that a call left in files, and its two outputs.
fn all_bytes(root: &Path, outputs: &[&str]) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = outputs
        .iter()
        .map(|text| ("output".to_owned(), text.as_bytes().to_vec()))
        .collect();
    let mut directories = vec![root.join("state"), root.join("tmp"), root.join("home")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                directories.push(path);
            } else {
                found.push((path.display().to_string(), fs::read(&path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn planted_secrets_appear_in_no_byte_of_any_output() {
    let blocks = [
        (
            "hook=h",
            "$ echo \"$DB_PASSWORD\"; printf %s \"${DB_PASSWORD:0:9}\"; sleep 0.3; echo \"${DB_PASSWORD:9}\" >&1",
        ),
        (
            "",
            "$ printf %s \"$DB_PASSWORD\" | base64; printf 'user:%s' \"$DB_PASSWORD\" | base64 -w0; env; declare -p",
        ),
        ("", "$ echo \"$MY_PEM\"; echo \"$MY_PEM\" | tail -2"),
        (
            "",
            "$ printf %s \"$MY_PEM\" | sed 's/-/%2D/g; s/ /%20/g' >/dev/null",
        ),
        (
            "",
            "$ export NEW_TOKEN=$(printf learned-%s later); unexported_secret_x=$(printf quietly-%s kept)\n$ echo $NEW_TOKEN $unexported_secret_x\n$ exit 0",
        ),
        ("", "$ echo $NEW_TOKEN; set -x; : \"$DB_PASSWORD\""),
        ("", "$ set +x; echo \"$DB_PASSWORD\" >&2; false"),
    ];
    for format in ["terminal", "json"] {
        let call = breakfix(&[
            "run",
            "lab",
            "--on",
            "none",
            "--verbose",
            "--mask",
            "MY_PEM",
            "--format",
            format,
        ])
        .env("DB_PASSWORD", PASSWORD)
        .env("MY_PEM", KEY)
        .file("lab/page.md", &page(&blocks))
        .file(
            "lab/tests/hook-h.sh",
            "echo \"$DB_PASSWORD\"; echo \"$TEST_OUTPUT\"\n",
        )
        .file(
            "lab/tests/hook-suite.sh",
            "echo \"$DB_PASSWORD\"; [[ $1 == before ]]\n",
        );
        let child = call.start();
        let outcome = call.outcome(child.wait_with_output().unwrap());
        assert_eq!(outcome.status, 1, "{}", outcome.stdout);
        assert!(outcome.stdout.contains("***") && outcome.stderr.contains("***"));
        let mut files = 0;
        for (name, bytes) in all_bytes(call.root(), &[&outcome.stdout, &outcome.stderr]) {
            files += 1;
            let text = String::from_utf8_lossy(&bytes);
            for secret in [
                "pa55",
                "odd\"",
                "odd\\\"",
                "MIIEp",
                "learned-later",
                "quietly-kept",
                // The middle of the password as base64, at each of the three offsets.
                "dy9yZCt3",
                "wYTU1L3fDtnJk",
                "BhNTUvd8O2cm",
                "cGE1NS93w7Zy",
            ] {
                // What the page itself spells is no secret until a command made it one.
                let at = text.find(secret);
                let shown = at.map(|at| {
                    text.char_indices()
                        .filter(|(i, _)| i + 60 > at && *i < at + 60)
                        .map(|(_, c)| c)
                        .collect::<String>()
                });
                assert_eq!(shown, None, "{secret} in {name}");
            }
        }
        assert!(files >= 3, "the log is there");
    }
}

#[test]
fn a_hook_gets_what_was_really_printed() {
    let mut fixture = Fixture::new();
    fixture
        .config
        .environment
        .push(("A_TOKEN".into(), "very-secret-token".into()));
    let check = "[[ $1 == before ]] || [[ $TEST_OUTPUT == very-secret-token$'\\n' && $(<\"$TEST_OUTPUT_FILE\") == very-secret-token ]]\n";
    let hook = fixture.script_hook("h", check);
    fixture.step(&["echo $A_TOKEN"]).hook = hook;
    let outcome = fixture.run();
    assert_eq!(outcome.steps[0].result, breakfix::outcome::StepResult::Pass);
    assert_eq!(
        outcome.steps[0].commands[0].output,
        [(Stream::Stdout, b"***\n".to_vec())]
    );
    let scratch = fixture.directory.path().join("scratch");
    assert!(!scratch.join("test-output").exists() && !scratch.join("test-output.start").exists());
}

#[test]
fn what_a_page_spells_is_hidden_once_it_is_known() {
    let mut fixture = Fixture::new();
    fixture.step(&[
        "export A_TOKEN=spelled-in-the-page",
        "echo spelled-in-the-page",
    ]);
    let commands = fixture.run().steps[0].commands.clone();
    assert_eq!(commands[0].text, "export A_TOKEN=***");
    assert_eq!(commands[1].text, "echo ***");
    assert_eq!(commands[1].output[0].1, b"***\n");
}

#[test]
fn secrets_outlive_the_shell_that_made_them() {
    let mut fixture = Fixture::new();
    fixture.options.shell_per = breakfix::run::ShellPer::Page;
    fixture.step(&["A_TOKEN=$(printf 'tok%s' en-from-nowhere); echo $A_TOKEN >file"]);
    fixture.step(&["cat file"]).page = "later.md".into();
    let outcome = fixture.run();
    assert_eq!(outcome.steps[1].commands[0].output[0].1, b"***\n");
}
