//! `breakfix lint`: each rule has a page that fails and one that passes, in its own explanation; valid content of
//! others stays silent; every format says the same.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::support::{breakfix, page, project};

/// Rules that no page can show: what they are about cannot be written down in an explanation.
const WITHOUT_EXAMPLE: [&str; 3] = [
    "command-too-complex",
    "directory-unreadable",
    "page-unreadable",
];

struct Linted {
    exit: i32,
    document: Value,
}

impl Linted {
    fn codes(&self) -> Vec<&str> {
        let all = self.document["diagnostics"]
            .as_array()
            .expect("diagnostics");
        all.iter().filter_map(|one| one["code"].as_str()).collect()
    }
}

fn call(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_breakfix"))
        .current_dir(directory)
        .args(arguments)
        .output()
        .expect("breakfix runs")
}

fn lint(directory: &Path, arguments: &[&str]) -> Linted {
    let output = call(
        directory,
        &[&["lint", "--format", "json"], arguments].concat(),
    );
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    Linted {
        exit: output.status.code().unwrap_or(-1),
        document: serde_json::from_str(&text)
            .unwrap_or_else(|why| panic!("{why}: {text}\n{error}")),
    }
}

/// Writes files into a directory of their own.
fn directory<N: AsRef<str>, T: AsRef<str>>(files: &[(N, T)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        let path = directory.path().join(name.as_ref());
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("directories");
        std::fs::write(path, text.as_ref()).expect("a file");
    }
    directory
}

fn rules() -> Vec<Value> {
    let output = call(Path::new("."), &["explain", "--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    document["rules"].as_array().expect("rules").clone()
}

/// The files of the examples under a heading of an explanation: fences with a title.
fn files_under(explanation: &str, heading: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    let mut fence: Option<(String, String)> = None;
    for line in explanation.lines() {
        match &mut fence {
            Some((marks, _)) if line == marks => fence = None,
            Some((_, name)) => {
                let last = files
                    .last_mut()
                    .filter(|(last, _)| last == name)
                    .expect("a file");
                last.1.push_str(line);
                last.1.push('\n');
            }
            None if line.starts_with("## ") => inside = line == heading,
            None if line.starts_with("```") && inside => {
                let marks: String = line.chars().take_while(|mark| *mark == '`').collect();
                let name = line
                    .split("title=\"")
                    .nth(1)
                    .and_then(|rest| rest.split('"').next());
                let name = name
                    .unwrap_or_else(|| panic!("a fence without a title: {line}"))
                    .to_owned();
                files.push((name.clone(), String::new()));
                fence = Some((marks, name));
            }
            None => {}
        }
    }
    files
}

#[test]
fn every_rule_explains_itself_by_what_fails_and_what_passes() {
    let mut without = BTreeSet::new();
    for rule in rules() {
        let code = rule["code"].as_str().expect("a code");
        let explanation = rule["explanation"].as_str().expect("an explanation");
        let (fails, passes) = (
            files_under(explanation, "## Fails"),
            files_under(explanation, "## Passes"),
        );
        if fails.is_empty() {
            without.insert(code.to_owned());
            continue;
        }
        let bad = directory(&fails);
        let found = lint(bad.path(), &["."]);
        assert!(
            found.codes().contains(&code),
            "{code}: {:#}",
            found.document
        );
        let good = directory(&passes);
        let found = lint(good.path(), &["."]);
        assert_eq!(found.codes(), [""; 0], "{code}: {:#}", found.document);
        assert_eq!(found.exit, 0, "{code}");
    }
    assert_eq!(without, WITHOUT_EXAMPLE.map(str::to_owned).into());
}

#[test]
fn every_fixable_rule_is_mended_in_its_own_example_and_a_second_time_changes_nothing() {
    for rule in rules().iter().filter(|rule| rule["fixable"] == true) {
        let code = rule["code"].as_str().expect("a code");
        let explanation = rule["explanation"].as_str().expect("an explanation");
        let root = directory(&files_under(explanation, "## Fails"));
        let fixed = lint(root.path(), &["--fix", "."]);
        // What is not certain stays for the author.
        if code == "annotation-unknown" {
            continue;
        }
        assert!(
            fixed.document["fixed"].as_u64() > Some(0),
            "{code}: {:#}",
            fixed.document
        );
        assert!(
            !fixed.codes().contains(&code),
            "{code}: {:#}",
            fixed.document
        );
        let again = lint(root.path(), &["--fix", "."]);
        assert_eq!(again.document["fixed"], 0, "{code}");
    }
}

#[test]
fn the_content_and_scenarios_of_this_project_are_clean() {
    let found = lint(project(), &["content", "--fail-on", "note"]);
    assert_eq!(
        (found.exit, found.codes()),
        (0, vec![]),
        "{:#}",
        found.document
    );
}

#[test]
fn valid_content_of_others_stays_silent_as_a_tree_and_page_by_page() {
    let root = project().join("tests/it/lint_valid");
    let trees = lint(&root, &["docs", "i18n", "--fail-on", "note"]);
    assert_eq!(
        (trees.exit, trees.codes()),
        (0, vec![]),
        "{:#}",
        trees.document
    );
    for page in [
        "docs/index.md",
        "docs/storage/volumes.md",
        "docs/networking/load-balancer.md",
        "docs/observability/logs.mdx",
        "i18n/ja/docusaurus-plugin-content-docs/current/storage/volumes.md",
    ] {
        let alone = lint(&root, &[page]);
        assert_eq!(alone.codes(), [""; 0], "{page}: {:#}", alone.document);
    }
}

#[test]
fn what_is_meant_so_is_allowed_with_a_reason() {
    let bad = "```sh\n$ true\n```\n";
    let allowed = |comment: &str| format!("# T\n\n{comment}\n\n{bad}");
    #[track_caller]
    fn check(page: &str, expected: &[&str]) {
        let found = lint(directory(&[("page.md", page)]).path(), &["."]);
        assert_eq!(found.codes(), expected, "{page}\n{:#}", found.document);
    }
    check(bad, &["language-not-run"]);
    check(
        &allowed("<!-- breakfix: allow language-not-run because of zsh -->"),
        &[],
    );
    check(
        &allowed("{/* breakfix: allow language-not-run, url-unpinned because of zsh */}"),
        &[],
    );
    check(
        &(allowed("<!-- breakfix: allow language-not-run because of zsh -->") + bad),
        &["language-not-run"],
    );
    check(
        &(allowed("<!-- breakfix: allow language-not-run on this page because of zsh -->") + bad),
        &[],
    );
    check(
        &allowed("<!-- breakfix: allow language-not-run -->"),
        &["suppression-reason"],
    );
    // In a fence it is an example, and an error stays one.
    check(
        "```text\n<!-- breakfix: allow nothing because -->\n```\n\n```bash timeuot=1\n$ true\n```\n",
        &["annotation-unknown"],
    );
    check(
        "<!-- breakfix: allow annotation-unknown because it is mine -->\n```bash timeuot=1\n$ true\n```\n",
        &["suppression-unused", "annotation-unknown"],
    );
}

#[test]
fn breakfix_toml_says_what_counts() {
    let page = "```sh\n$ true\n```\n\n```bash\n$ echo $SHOP\n$ mine\n$ echo $OTHER\n```\n";
    let with = |config: &str, arguments: &[&str]| {
        let root = directory(&[
            ("content/page.md", page),
            ("breakfix.toml", config),
            (".git/config", ""),
        ]);
        let found = lint(&root.path().join("content"), arguments);
        (found.exit, found.codes().join(" "))
    };
    let both = "language-not-run variable-unset variable-unset";
    assert_eq!(with("", &["."]), (0, both.to_owned()));
    assert_eq!(with("[lint]\nfail-on = \"warning\"\n", &["."]).0, 3);
    assert_eq!(
        with(
            "[lint]\nfail-on = \"warning\"\n",
            &[".", "--fail-on", "error"]
        )
        .0,
        0
    );
    assert_eq!(
        with("[lint.rules]\nlanguage-not-run = \"error\"\n", &["."]).0,
        3
    );
    assert_eq!(
        with(
            "[lint]\nenvironment = [\"SHOP\"]\nsetters = [\"mine\"]\n",
            &["."]
        )
        .1,
        "language-not-run"
    );
    let allow =
        "[[lint.allow]]\nrule = \"variable-unset\"\npaths = [\"content/*\"]\nreason = \"old\"\n";
    assert_eq!(with(allow, &["."]).1, "language-not-run");
    let root = directory(&[("page.md", page), ("breakfix.toml", "[lint]\nrulez = 1\n")]);
    let output = call(root.path(), &["lint", "page.md"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    for part in [
        "breakfix.toml:2:1",
        "unknown field `rulez`",
        "did you mean `rules`?",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

const MIXED: &str = "\u{feff}# ノード\r\n\r\n```bash timeuot=1\r\n$ aws eks describe-cluster --name eks-workshop\r\n```\r\n\r\n```sh\r\n$ %,:\r\n```\r\n";

#[test]
fn sarif_is_valid_and_points_at_the_place() {
    let root = directory(&[("a dir/页.md", MIXED)]);
    let output = call(root.path(), &["lint", ".", "--format", "sarif"]);
    assert_eq!(output.status.code(), Some(3));
    let log: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let schema = std::fs::read_to_string(project().join("tests/it/schemas/sarif-2.1.0.json"));
    let schema: Value = serde_json::from_str(&schema.expect("the schema")).expect("JSON");
    assert_eq!(
        super::schema::complaints_about(&schema, std::slice::from_ref(&log)),
        [None]
    );
    let results = log["runs"][0]["results"].as_array().expect("results");
    let first = &results[0];
    assert_eq!(
        (&first["ruleId"], &first["level"]),
        (&"annotation-unknown".into(), &"error".into())
    );
    let place = &first["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20dir/%E9%A1%B5.md");
    assert_eq!(place["region"]["startLine"], 3);
    assert_eq!(place["region"]["startColumn"], 9);
    assert_eq!(place["region"]["endColumn"], 16);
    let rules = log["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .expect("rules");
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    let fixes: Vec<&Value> = results
        .iter()
        .filter(|one| one["fixes"].is_array())
        .collect();
    assert_eq!(fixes.len(), 1, "{fixes:#?}");
}

#[test]
fn github_gets_a_line_for_each() {
    let root = directory(&[("page.md", MIXED)]);
    let output = call(root.path(), &["lint", "page.md", "--format", "github"]);
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let first = "::error file=page.md,line=3,col=9,title=annotation-unknown::unknown annotation `timeuot`%0Ahelp: did you mean `timeout`?\n";
    assert!(lines.starts_with(first), "{lines}");
    assert_eq!(lines.lines().count(), 3, "{lines}");
}

#[test]
fn fixing_leaves_every_other_byte_alone() {
    let root = directory(&[("page.md", MIXED)]);
    let found = lint(root.path(), &["page.md", "--fix"]);
    assert_eq!((found.exit, &found.document["fixed"]), (3, &1.into()));
    let text = std::fs::read_to_string(root.path().join("page.md")).expect("the page");
    assert_eq!(
        text,
        MIXED.replace("--name eks-workshop", "--name $EKS_CLUSTER_NAME")
    );
}

#[test]
fn what_bash_accepts_is_not_doubted() {
    // Our parser does not know this form; bash does.
    let accepted = "```bash\n$ case x in x) echo y;; esac; time -p true\n```\n";
    let refused = "```bash\n$ echo )\n```\n";
    let root = directory(&[("good.md", accepted), ("bad.md", refused)]);
    let found = lint(root.path(), &["."]);
    assert_eq!(found.codes(), ["command-syntax"], "{:#}", found.document);
    assert_eq!(found.document["diagnostics"][0]["severity"], "error");
}

#[test]
fn wrong_arguments_have_a_way_out() {
    let root = directory(&[("page.md", "text\n")]);
    #[track_caller]
    fn check(root: &Path, arguments: &[&str], status: i32, expected: &str) {
        let output = call(root, arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(said.contains(expected), "{said}");
    }
    check(
        root.path(),
        &["lint", "nowhere"],
        2,
        "no such file or directory: nowhere",
    );
    check(root.path(), &["lint"], 2, "<PATH>");
    check(
        root.path(),
        &["explain", "variable-unst"],
        2,
        "did you mean variable-unset?",
    );
    check(
        root.path(),
        &["lint", ".", "--config", "none.toml"],
        2,
        "failed to read none.toml",
    );
    assert_eq!(lint(root.path(), &["."]).exit, 0);
}

#[test]
fn the_pages_about_rules_and_configuration_are_up_to_date() {
    let explained: Vec<String> = rules()
        .iter()
        .map(|rule| {
            let text = rule["explanation"].as_str().expect("an explanation");
            let severity = rule["severity"].as_str().expect("a severity");
            // A heading deeper each, below the page's own.
            let text: Vec<String> = text
                .lines()
                .map(|line| match line.strip_prefix('#') {
                    Some(rest) if rest.starts_with([' ', '#']) && rest.len() < 60 => {
                        format!("##{rest}")
                    }
                    _ => line.to_owned(),
                })
                .collect();
            let heading = text.first().cloned().unwrap_or_default();
            format!("{heading}\n\n*{severity}*\n{}\n", text[1..].join("\n"))
        })
        .collect();
    let page = format!(
        "# Rules of `lint`\n\nWhat `breakfix explain CODE` says of each rule. This page is written by its test.\n\n{}",
        explained.join("\n")
    );
    let schema = format!("{:#}\n", breakfix::config::json_schema());
    for (file, text) in [
        ("docs/lint-rules.md", page),
        ("schemas/config-v1.json", schema),
    ] {
        let path = project().join(file);
        if std::env::var_os("BREAKFIX_BLESS").is_some() {
            std::fs::write(&path, &text).expect("written");
        }
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            known == text,
            "{file}: BREAKFIX_BLESS=1 cargo test --test it lint:: writes it"
        );
    }
}

/// Valid pages with pieces cut out, doubled, swapped and put in.
fn mangled(seed: u64) -> Vec<(String, String)> {
    const PIECES: [&str; 16] = [
        "```",
        "$ ",
        "\n",
        "<<EOF",
        "'",
        "\"",
        "`",
        "$(",
        "${",
        "))",
        "\r\n",
        "<!-- breakfix: allow ",
        "{/*",
        "---\n",
        "ノ",
        "\\",
    ];
    let mut random = fastrand::Rng::with_seed(seed);
    let root = project();
    let pages = [
        "tests/it/lint_valid/docs/networking/load-balancer.md",
        "tests/it/lint_valid/docs/observability/logs.mdx",
        "tests/it/lint_valid/docs/storage/volumes.md",
        "content/troubleshooting/missing-worker-nodes.md",
    ];
    let texts = pages.map(|page| std::fs::read_to_string(root.join(page)).expect("a page"));
    (0..100)
        .map(|number| {
            let mut text: Vec<char> = texts[random.usize(..texts.len())].chars().collect();
            for _ in 0..random.usize(1..12) {
                let at = random.usize(..text.len());
                let end = (at + random.usize(..40)).min(text.len());
                match random.u8(..4) {
                    0 => drop(text.drain(at..end)),
                    1 => {
                        let again: Vec<char> = text[at..end].to_vec();
                        text.splice(at..at, again);
                    }
                    2 => {
                        let line = text[at..].iter().position(|letter| *letter == '\n');
                        text.drain(at..at + line.unwrap_or(0));
                    }
                    _ => {
                        let piece = PIECES[random.usize(..PIECES.len())];
                        text.splice(at..at, piece.chars());
                    }
                }
            }
            (
                format!("dir-{}/page-{number}.md", number % 7),
                text.into_iter().collect(),
            )
        })
        .collect()
}

#[test]
fn any_page_is_linted_in_every_format_and_fixing_comes_to_an_end() {
    for seed in 0..2 {
        let pages = mangled(seed);
        let root = directory(&pages);
        let found = lint(root.path(), &["."]);
        assert!([0, 3].contains(&found.exit), "{seed}: {}", found.exit);
        assert_eq!(found.document["pages"], 100);
        for format in ["terminal", "sarif", "github"] {
            let output = call(root.path(), &["lint", ".", "--format", format]);
            assert_eq!(output.status.code(), Some(found.exit), "{seed} {format}");
        }
        let fixed = lint(root.path(), &[".", "--fix"]);
        let again = lint(root.path(), &[".", "--fix"]);
        assert!(fixed.document["fixed"].as_u64() > Some(0), "{seed}");
        assert_eq!(again.document["fixed"], 0, "{seed}");
        assert_eq!(again.codes(), fixed.codes(), "{seed}");
    }
}

#[test]
fn every_variable_that_a_simulated_lab_is_given_is_known() {
    let names = |on: &str| -> BTreeSet<String> {
        let outcome = breakfix(&["run", "page.md", "--on", on, "--format", "json"])
            .file("page.md", &page(&[("", "$ compgen -e")]))
            .run();
        assert_eq!(outcome.status, 0, "{}", outcome.stderr);
        let (stdout, _) = outcome.printed(1, 1);
        stdout.lines().map(str::to_owned).collect()
    };
    let alone = names("none");
    let given: Vec<String> = names("simulator").difference(&alone).cloned().collect();
    assert!(given.contains(&"EKS_CLUSTER_NAME".to_owned()), "{given:?}");
    let unknown: Vec<&String> = given
        .iter()
        .filter(|name| !breakfix::lint::OF_EVERY_LAB.contains(&name.as_str()))
        .collect();
    assert_eq!(unknown, Vec::<&String>::new());
}
