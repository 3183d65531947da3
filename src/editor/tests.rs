//! Places of small pages: `|` is where the cursor stands.

use std::path::{Path, PathBuf};

use super::*;
use crate::diagnostic::{Diagnostic, Severity};

fn around() -> Around {
    let script = |name: &str| KnownHook {
        name: name.to_owned(),
        origin: HookOrigin::Script(PathBuf::from(format!("tests/hook-{name}.sh"))),
    };
    let checks = KnownHook {
        name: "fix-1".to_owned(),
        origin: HookOrigin::Scenario {
            scenario: "nodes".to_owned(),
            checks: vec!["no-node".to_owned(), "degraded".to_owned()],
            at: hook_in_scenario("scenario: nodes\nhooks:\n  fix-1: [no-node]\n", "fix-1")
                .map(|at| (PathBuf::from("scenarios/nodes/scenario.yaml"), at)),
        },
    };
    let scenario = |name: &str, file: Option<&str>| KnownScenario {
        name: name.to_owned(),
        title: format!("The title of {name}"),
        file: file.map(PathBuf::from),
    };
    Around {
        hooks: vec![script("look"), checks, script("fix-1")],
        scenarios: vec![
            scenario("keys", None),
            scenario("nodes", Some("scenarios/nodes/scenario.yaml")),
        ],
    }
}

/// The text without its cursor, and where that stood.
fn cursor(marked: &str) -> (String, usize) {
    let at = marked.find('|').expect("a cursor");
    (marked.replacen('|', "", 1), at)
}

/// The text once the completion was chosen.
fn chosen(text: &str, one: &Completion) -> String {
    let mut text = text.to_owned();
    text.replace_range(one.replaced.clone(), &one.inserted);
    text
}

fn completed(marked: &str) -> (String, Vec<Completion>) {
    let (text, at) = cursor(marked);
    let found = completions(&OpenPage::new(Path::new("page.md"), &text), at, &around());
    (text, found)
}

#[track_caller]
fn offers(marked: &str, expected: &[&str]) {
    let (_, found) = completed(marked);
    let labels: Vec<&str> = found.iter().map(|one| one.label.as_str()).collect();
    assert_eq!(labels, expected, "{marked:?}");
}

/// What comes of choosing `label`.
#[track_caller]
fn becomes(marked: &str, label: &str, expected: &str) {
    let (text, found) = completed(marked);
    let one = found.iter().find(|one| one.label == label).expect(label);
    assert_eq!(chosen(&text, one), expected);
}

#[test]
fn annotations_are_offered_that_the_fence_does_not_have() {
    const ALL: [&str; 9] = [
        "test",
        "timeout",
        "hook",
        "hookTimeout",
        "wait",
        "expectError",
        "raw",
        "retries",
        "id",
    ];
    offers("```bash |\n$ true\n```\n", &ALL);
    offers("# T\n\n- one\n\n  ~~~bash |\n  $ true\n  ~~~\n", &ALL);
    offers("```bash |", &ALL);
    offers(
        "```bash timeout=5 wa| raw=true\n$ true\n```\n",
        &[
            "test",
            "hook",
            "hookTimeout",
            "wait",
            "expectError",
            "retries",
            "id",
        ],
    );
    offers("```bash|\n$ true\n```\n", &[]);
    offers("```ba|sh\n$ true\n```\n", &[]);
    offers("```yaml |\na: b\n```\n", &[]);
    offers("```bash\n$ tr|ue\n```\n", &[]);
    offers("```bash {1,|3}\n$ true\n```\n", &[]);
    offers("a |word\n", &[]);
    becomes(
        "```bash wa|\n$ true\n```\n",
        "wait",
        "```bash wait=\n$ true\n```\n",
    );
    becomes(
        "```bash timeo|ut=5 \n$ true\n```\n",
        "hookTimeout",
        "```bash hookTimeout=5 \n$ true\n```\n",
    );
}

#[test]
fn values_are_offered_where_they_can_be_counted() {
    offers("```bash raw=|\n$ true\n```\n", &["true", "false"]);
    offers(
        "```bash expectError=\"m|\"\n$ true\n```\n",
        &["true", "false", "must"],
    );
    offers("```bash timeout=|\n$ true\n```\n", &[]);
    offers("```bash nonsense=|\n$ true\n```\n", &[]);
    becomes(
        "```bash test=\"tr|ue\" wait=3\n$ true\n```\n",
        "false",
        "```bash test=\"false\" wait=3\n$ true\n```\n",
    );
}

#[test]
fn hooks_are_those_of_the_page_and_of_its_scenario_the_first_of_a_name_alone() {
    offers("```bash hook=|\n$ true\n```\n", &["look", "fix-1"]);
    becomes(
        "> ```bash hook=l|oo id=a\r\n> $ true\r\n> ```\r\n",
        "fix-1",
        "> ```bash hook=fix-1 id=a\r\n> $ true\r\n> ```\r\n",
    );
}

#[test]
fn scenarios_are_offered_in_front_matter_alone() {
    offers("---\nscenario: |\n---\n", &["keys", "nodes"]);
    offers("---\ntitle: x\nscenario: no|\n", &["keys", "nodes"]);
    offers("---\nscena|rio: nodes\n---\n", &[]);
    offers("---\ntitle: |\n---\n", &[]);
    offers("scenario: |\n", &[]);
    becomes(
        "---\nscenario:|\n---\n",
        "keys",
        "---\nscenario: keys\n---\n",
    );
    becomes(
        "---\nscenario: 'nod|' # why\n---\n",
        "nodes",
        "---\nscenario: 'nodes' # why\n---\n",
    );
}

#[test]
fn rules_are_offered_behind_allow_except_errors_and_those_that_stand_there() {
    #[track_caller]
    fn check(marked: &str, expected: bool) {
        let (_, found) = completed(marked);
        let has = |code: &str| found.iter().any(|one| one.label == code);
        assert_eq!(has("url-unpinned"), expected, "{marked:?}");
        assert!(!has("fence-unclosed") && !has("wait-fixed"), "{marked:?}");
    }
    check("<!-- breakfix: allow wait-fixed, | -->\n", true);
    check(
        "<!-- breakfix: allow wait-fixed,url-| because x -->\n",
        true,
    );
    check("{/* breakfix: allow wait-fixed | */}\n", true);
    check("<!-- breakfix: allow wait-fixed because | -->\n", false);
    check("breakfix: allow | \n", false);
    check("```text\n<!-- breakfix: allow | -->\n```\n", false);
    becomes(
        "<!-- breakfix: allow url| -->\n",
        "url-unpinned",
        "<!-- breakfix: allow url-unpinned -->\n",
    );
}

/// What is shown, and for which text.
fn shown(marked: &str, diagnostics: &[Diagnostic]) -> Option<(String, String)> {
    let (text, at) = cursor(marked);
    let page = OpenPage::new(Path::new("page.md"), &text);
    let hover = hover(&page, at, &around(), diagnostics)?;
    Some((text[hover.span].to_owned(), hover.text))
}

#[track_caller]
fn means(marked: &str, span: &str, expected: &str) {
    let (under, text) = shown(marked, &[]).expect("a meaning");
    assert_eq!(under, span);
    assert!(text.contains(expected), "{text}");
}

#[test]
fn words_mean_something() {
    means(
        "```bash time|out=5\n$ true\n```\n",
        "timeout=5",
        "How long the whole block may take.\n\nValue: seconds, such as 90, 90s or 5m. Default: 120.",
    );
    means(
        "```bash hook=lo|ok\n$ true\n```\n",
        "look",
        "the script tests/hook-look.sh",
    );
    means(
        "```bash hook=fix|-1\n$ true\n```\n",
        "fix-1",
        "checks of the scenario nodes: no-node, degraded",
    );
    means(
        "```bash hook=unkno|wn\n$ true\n```\n",
        "hook=unknown",
        "Runs `tests/hook-NAME.sh before`",
    );
    means(
        "---\nscenario: no|des\n---\n",
        "nodes",
        "The title of nodes",
    );
    means("---\nscenario: ke|ys\n---\n", "keys", "built in");
    means(
        "<!-- breakfix: allow wait-|fixed because x -->\n",
        "wait-fixed",
        "`breakfix explain wait-fixed` says more.",
    );
    assert_eq!(shown("a |word\n", &[]), None);
    assert_eq!(shown("```bash timeuot|=5\n$ true\n```\n", &[]), None);
}

/// The parser's diagnostics of a text, and one of a rule on each line that has `sleep`.
fn diagnosed(text: &str) -> Vec<Diagnostic> {
    let (_, mut found) = lab::parse(Path::new("page.md"), text);
    let lines = Lines::new(text);
    for line in (1..=lines.count()).filter(|line| lines.text(*line).contains("sleep")) {
        let at = lines.locate(lines.span(line));
        let path = Path::new("page.md");
        let code = "wait-fixed";
        found.push(Diagnostic::new(Severity::Note, code, path, at, "fixed"));
    }
    found
}

#[test]
fn what_a_rule_found_is_explained_at_its_place() {
    let marked = "```bash\n$ slee|p 5\n```\n";
    let (text, _) = cursor(marked);
    let (under, told) = shown(marked, &diagnosed(&text)).expect("a rule");
    assert_eq!(under, "$ sleep 5");
    assert!(told.contains("`breakfix explain wait-fixed`"), "{told}");
    let marked = "```bash raw=t|rue wait=0 wait=1\n$ true\n```\n";
    assert!(shown(marked, &diagnosed(&cursor(marked).0)).is_some());
}

#[test]
fn names_lead_to_their_files() {
    #[track_caller]
    fn check(marked: &str, expected: Option<(&str, usize)>) {
        let (text, at) = cursor(marked);
        let page = OpenPage::new(Path::new("page.md"), &text);
        let found = target(&page, at, &around());
        let found = found.map(|found| (found.path.display().to_string(), found.at.line));
        let expected = expected.map(|(path, line)| (path.to_owned(), line));
        assert_eq!(found, expected, "{marked:?}");
    }
    check(
        "```bash hook=lo|ok\n$ true\n```\n",
        Some(("tests/hook-look.sh", 1)),
    );
    check(
        "```bash ho|ok=fix-1\n$ true\n```\n",
        Some(("scenarios/nodes/scenario.yaml", 3)),
    );
    check("```bash hook=other|\n$ true\n```\n", None);
    check("```bash id=lo|ok\n$ true\n```\n", None);
    check(
        "---\nscenario: |nodes\n---\n",
        Some(("scenarios/nodes/scenario.yaml", 1)),
    );
    check("---\nscenario: key|s\n---\n", None);
}

#[test]
fn a_hook_is_found_in_every_way_of_writing_a_scenario() {
    #[track_caller]
    fn check(text: &str, expected: Option<usize>) {
        let found = hook_in_scenario(text, "fix-1").map(|at| at.line);
        assert_eq!(found, expected, "{text:?}");
    }
    check("hooks:\n  fix-10: [a]\n\n  fix-1: [a]\n", Some(4));
    check("a: b\nhooks: { fix-1: [a] }\n", Some(2));
    check("hooks:\n  \"fix-1\": [a]\n", Some(2));
    check("hooks:\n  b: [a]\nother:\n  fix-1: c\n", Some(1));
    check("a: b\n", None);
}

/// Titles of what can be done at the cursor, and what the page is after each.
fn done(path: &str, marked: &str) -> Vec<(String, String)> {
    let (text, at) = cursor(marked);
    let page = OpenPage::new(Path::new(path), &text);
    let found = actions(&page, at..at, &diagnosed(&text));
    let after = |action: Action| {
        let mut text = text.clone();
        text.replace_range(action.edit.span, &action.edit.text);
        (action.title, text)
    };
    found.into_iter().map(after).collect()
}

#[track_caller]
fn allows(path: &str, marked: &str, expected: Option<&str>) {
    let found = done(path, marked);
    let found = found
        .iter()
        .map(|(title, text)| (title.as_str(), text.as_str()));
    let expected = expected.map(|text| ("Allow wait-fixed here, because …", text));
    assert_eq!(
        found.collect::<Vec<_>>(),
        expected.into_iter().collect::<Vec<_>>()
    );
}

#[test]
fn what_is_meant_so_is_allowed_above_its_block() {
    const COMMENT: &str = "<!-- breakfix: allow wait-fixed because -->\n";
    let md = "page.md";
    allows(
        md,
        "text\n\n```bash\n$ sle|ep 5\n```\n",
        Some(&format!("text\n\n{COMMENT}```bash\n$ sleep 5\n```\n")),
    );
    allows(
        md,
        "1. one\n\n   ```bash\n   $ sle|ep 5\n   ```\n",
        Some(&format!(
            "1. one\n\n   {COMMENT}   ```bash\n   $ sleep 5\n   ```\n"
        )),
    );
    allows(
        md,
        "> ```bash\n> $ sle|ep 5\n> ```\n",
        Some(&format!("> {COMMENT}> ```bash\n> $ sleep 5\n> ```\n")),
    );
    allows(md, "- ```bash\n  $ sle|ep 5\n  ```\n", None);
    allows(
        md,
        "<!-- breakfix: allow url-unpinned because x -->\n\n```bash\n$ sle|ep 5\n```\n",
        Some(
            "<!-- breakfix: allow url-unpinned, wait-fixed because x -->\n\n```bash\n$ sleep 5\n```\n",
        ),
    );
    allows(
        "page.mdx",
        "```bash\n$ sle|ep 5\n```\n",
        Some("{/* breakfix: allow wait-fixed because */}\n```bash\n$ sleep 5\n```\n"),
    );
    allows(
        md,
        "---\r\ntitle: sle|ep\r\n---\r\ntext\r\n",
        Some(
            "---\r\ntitle: sleep\r\n---\r\n\r\n<!-- breakfix: allow wait-fixed on this page because -->\r\ntext\r\n",
        ),
    );
    // An error would still keep the page from running.
    assert_eq!(done(md, "```bash a=b timeuo|t\n$ true\n```\n").len(), 1);
}

#[test]
fn what_mends_without_a_doubt_is_offered_first() {
    let text = "```bash timeuot=5\n$ true\n```\n";
    let page = OpenPage::new(Path::new("page.md"), text);
    let (_, found) = lab::parse(Path::new("page.md"), text);
    let mended: Vec<Diagnostic> = found
        .into_iter()
        .map(|one| {
            let span = one.span.clone();
            one.with_fix(span, "timeout")
        })
        .collect();
    let found = actions(&page, 8..8, &mended);
    let titles: Vec<&str> = found.iter().map(|one| one.title.as_str()).collect();
    assert_eq!(titles, ["Write `timeout` instead of `timeuot`"]);
    assert!(found[0].is_mend);
    assert_eq!(actions(&page, 25..25, &mended), []);
}

#[test]
fn names_that_were_probably_meant_are_offered() {
    #[track_caller]
    fn check(text: &str, code: &'static str, under: &str, meant: &str, expected: &str) {
        let path = Path::new("page.md");
        let start = text.find(under).expect("a place");
        let at = Lines::new(text).locate(start..start + under.len());
        let one = Diagnostic::new(Severity::Error, code, path, at, "unknown");
        let one = one.with_help(format!("did you mean `{meant}`?"));
        let found = actions(&OpenPage::new(path, text), start..start, &[one]);
        let [action] = found.as_slice() else {
            panic!("{found:?}")
        };
        let mut text = text.to_owned();
        text.replace_range(action.edit.span.clone(), &action.edit.text);
        assert_eq!((text.as_str(), action.is_mend), (expected, false));
    }
    check(
        "```bash timeuot=5\n$ true\n```\n",
        "annotation-unknown",
        "timeuot",
        "timeout",
        "```bash timeout=5\n$ true\n```\n",
    );
    check(
        "```bash hook=loko\n$ true\n```\n",
        "hook-missing",
        "hook=loko",
        "hook=look",
        "```bash hook=look\n$ true\n```\n",
    );
    check(
        "---\nscenario: noeds # x\n---\n",
        "scenario-unknown",
        "scenario: noeds # x",
        "nodes",
        "---\nscenario: nodes # x\n---\n",
    );
}

#[test]
fn the_outline_has_the_steps_that_run_with_their_numbers() {
    let text = "# Page\n\n## One\n\n```bash\n$ one\n$ two\n```\n\n```bash test=false\n$ no\n```\n\n## Two\n\n```bash raw=true\nthree\nfour\n```\n";
    let found = outline(&OpenPage::new(Path::new("page.md"), text));
    let told: Vec<_> = found
        .iter()
        .map(|one| {
            (
                one.name.as_str(),
                one.detail.as_str(),
                &text[one.head.clone()],
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("1 One", "one", "```bash"),
            ("2 Two", "three", "```bash raw=true")
        ]
    );
    assert!(text[found[1].span.clone()].ends_with("four\n```"));
}

/// Valid pages, and the same with pieces taken out, doubled and put elsewhere.
fn corpus() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/lint_valid");
    let mut pages: Vec<String> = [
        "docs/index.md",
        "docs/storage/volumes.md",
        "docs/networking/load-balancer.md",
        "docs/observability/logs.mdx",
        "i18n/ja/docusaurus-plugin-content-docs/current/storage/volumes.md",
    ]
    .iter()
    .map(|name| std::fs::read_to_string(root.join(name)).expect("a page"))
    .collect();
    pages.push(
        "\u{feff}---\r\nscenario: \"ノード'\r\n---\r\n```bash hook='é' test=\"\r\n$ x\r\n```\r\n<!-- breakfix: allow ノ, -->"
            .to_owned(),
    );
    pages
}

fn mangled(text: &str, random: &mut fastrand::Rng) -> String {
    const PIECES: [&str; 12] = [
        "```bash ",
        "~~~",
        "---\n",
        "\r\n",
        "hook=",
        "\"",
        "{",
        "<!-- breakfix: allow ",
        "{/*",
        "> ",
        "scenario:",
        "\u{feff}é",
    ];
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..random.usize(0..6) {
        let at = random.usize(0..=characters.len());
        if random.bool() {
            let end = characters.len().min(at + random.usize(0..40));
            characters.drain(at..end);
        } else {
            let piece = PIECES[random.usize(0..PIECES.len())];
            characters.splice(at..at, piece.chars());
        }
    }
    characters.into_iter().collect()
}

#[test]
fn no_text_and_no_offset_panics_and_every_span_is_of_the_text() {
    let mut random = fastrand::Rng::with_seed(7);
    let around = around();
    for page in corpus() {
        for round in 0..40 {
            let text = if round == 0 {
                page.clone()
            } else {
                mangled(&page, &mut random)
            };
            let open = OpenPage::new(Path::new("page.md"), &text);
            let diagnostics = diagnosed(&text);
            for symbol in outline(&open) {
                assert!(text.get(symbol.span).is_some() && text.get(symbol.head).is_some());
            }
            for _ in 0..40 {
                let at = random.usize(0..text.len() + 3);
                let other = random.usize(0..text.len() + 3);
                for one in completions(&open, at, &around) {
                    assert!(text.get(one.replaced.clone()).is_some(), "{text:?} {at}");
                }
                let hover = hover(&open, at, &around, &diagnostics);
                assert!(hover.is_none_or(|hover| text.get(hover.span).is_some()));
                let target = target(&open, at, &around);
                assert!(target.is_none_or(|target| text.get(target.from).is_some()));
                for action in actions(&open, at.min(other)..at.max(other), &diagnostics) {
                    assert!(text.get(action.edit.span).is_some(), "{text:?} {at}");
                }
            }
        }
    }
}
