//! What a failed lab leaves for whoever looks into it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::support::{Breakfix, breakfix, page, project};

const SECRET: &str = "geheim-und-lang-genug";

fn text(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{:?}: {error}", path.as_ref()))
}

fn bundles(place: &Breakfix) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(place.work().join("bundles"));
    let mut found: Vec<PathBuf> = entries
        .into_iter()
        .flatten()
        .map(|it| it.unwrap().path())
        .collect();
    found.sort();
    found
}

#[test]
fn a_failed_lab_leaves_everything_and_a_passing_one_nothing() {
    let failing = page(&[
        ("", "$ echo \"number one\""),
        (
            "id=second hook=look",
            "$ cat <<E\n$ here\nE\n$ false\n$ echo never",
        ),
        ("", "$ echo later"),
    ]);
    let place = breakfix(&[])
        .file("a dir/bad.md", &failing)
        .file("a dir/tests/hook-look.sh", "true\n")
        .file("good.md", &page(&[("", "$ true")]));
    let arguments = [
        "run",
        "a dir/bad.md",
        "good.md",
        "--on",
        "none",
        "--bundle",
        "bundles",
        "--mask",
        "PIN",
        "--from",
        "1",
    ];
    let outcome = place.call(&arguments);
    assert_eq!(outcome.status, 1, "{}", outcome.stderr);
    let found = bundles(&place);
    let [bundle] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(bundle.file_name().unwrap(), "1-a-dir-bad.md");
    assert!(
        outcome
            .stdout
            .contains("for whoever looks into it: bundles/1-a-dir-bad.md"),
        "{}",
        outcome.stdout
    );

    let script = bundle.join("script.sh");
    let line = |part: &str| {
        1 + failing
            .lines()
            .position(|line| line.contains(part))
            .unwrap()
    };
    let expected = format!(
        "# a dir/bad.md:{}\ncat <<E\n$ here\nE\n# a dir/bad.md:{}\nfalse\n# a dir/bad.md:{}\n# did not run\n# hook: bash a dir/tests/hook-look.sh after\n",
        line("cat <<E"),
        line("$ false"),
        line("echo never")
    );
    assert!(text(&script).contains(&expected), "{}", text(&script));
    assert!(text(&script).contains("# did not run: an earlier step failed"));
    assert_eq!(
        script.metadata().unwrap().permissions().mode() & 0o111,
        0o111
    );
    assert!(text(bundle.join("transcript.txt")).contains("number one\n"));
    let report: Value = serde_json::from_str(&text(bundle.join("report.json"))).unwrap();
    assert_eq!(report["labs"][0]["steps"][1]["result"], "fail");
    assert!(text(bundle.join("environment.txt")).contains("\nLANG=C.UTF-8\n"));

    let readme = text(bundle.join("README.txt"));
    let again = readme
        .lines()
        .find(|line| line.contains("breakfix run"))
        .unwrap();
    assert_eq!(
        again.trim(),
        "breakfix run 'a dir/bad.md' --on none --from 1 --mask PIN"
    );
    // The line does what it says.
    let again = place.bash(&again.replace("breakfix", "\"$BREAKFIX\""));
    assert_eq!(again.status, 1, "{}", again.stderr);
}

#[test]
fn without_a_directory_bundles_are_with_the_logs() {
    let place = breakfix(&[]).file("page.md", &page(&[("", "$ false")]));
    let outcome = place.call(&["run", "page.md", "--on", "none", "--format", "json"]);
    let bundle = outcome.lab()["bundle"].as_str().map(PathBuf::from).unwrap();
    assert!(
        bundle.starts_with(place.root().join("state/breakfix/runs")),
        "{bundle:?}"
    );
    assert!(bundle.join("README.txt").is_file());
    assert!(!bundle.join("audit.json").exists());
}

#[test]
fn no_secret_is_in_a_bundle() {
    let encoded = "$ printf %s \"$APP_TOKEN\" | base64; printf %s \"a$APP_TOKEN\" | base64; printf '%s\\n' \"$APP_TOKEN\" \"$API_KEY\"";
    let source = page(&[(
        "",
        &format!("$ export APP_TOKEN={SECRET}; echo \"$APP_TOKEN\"\n{encoded}\n$ false"),
    )]);
    let place = breakfix(&[])
        .file("page.md", &source)
        .env("API_KEY", "another-value")
        .env("SHORT_PASSWORD", "kurz");
    let outcome = place.call(&["run", "page.md", "--on", "none", "--bundle", "bundles"]);
    assert_eq!(outcome.status, 1, "{}", outcome.stderr);
    let files = std::fs::read_dir(&bundles(&place)[0]).unwrap();
    let all: String = files.map(|file| text(file.unwrap().path())).collect();
    assert!(
        all.contains("SHORT_PASSWORD='***'\n") && all.contains("export APP_TOKEN=***"),
        "{all}"
    );
    for secret in [
        SECRET,
        "Z2VoZWltLXVuZC1s",
        "dlaGVpbS11bmQtbGFuZy",
        "another-value",
        "kurz",
    ] {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
}

#[test]
fn a_simulated_world_is_told_with_its_calls_and_the_variant_that_was_drawn() {
    let place = breakfix(&[]);
    assert_eq!(
        place
            .call(&["new", "scenario", "off", "--dir", "mine"])
            .status,
        0
    );
    let lesson = place.work().join("mine/off/lesson.md");
    let broken = text(&lesson).replace("$ aws kms enable-key", "$ aws kms disable-key");
    std::fs::write(&lesson, broken).unwrap();
    let arguments = [
        "run",
        "mine/off/lesson.md",
        "--scenarios",
        "mine",
        "--variant",
        "random",
        "--chaos",
        "latency=1ms,seed=7",
        "--bundle",
        "bundles",
    ];
    let outcome = place.call(&arguments);
    assert_eq!(outcome.status, 1, "{}", outcome.stdout);
    let bundle = &bundles(&place)[0];
    let json = |name: &str| -> Value { serde_json::from_str(&text(bundle.join(name))).unwrap() };
    let observations = json("observations.json");
    assert_eq!(observations["variant"], "disabled");
    let checks = observations["checks"].as_array().unwrap();
    assert!(
        checks
            .iter()
            .any(|check| check["id"] == "key-enabled" && check["observed"].is_string()),
        "{checks:?}"
    );
    let keys = &observations["world"]["kms"]["keys"];
    assert!(keys.to_string().contains("\"material\":\"***\""), "{keys}");
    let audit = json("audit.json");
    let calls = audit.as_array().unwrap().iter();
    let disabled =
        calls.filter(|call| call["operation"] == "DisableKey" && call["error"].is_null());
    // breakfix's own, and the lesson's.
    assert_eq!(disabled.count(), 2);
    let readme = text(bundle.join("README.txt"));
    let expected = "breakfix run mine/off/lesson.md --scenarios mine --variant disabled --chaos throttle=0,error=0,latency=1ms..1ms,seed=7\n";
    assert!(readme.contains(expected), "{readme}");
    assert!(!project().join("bundles").exists());
}
