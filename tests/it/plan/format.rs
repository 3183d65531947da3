//! The format that content already uses, a test for each of its rules.

use serde_json::Value;

use super::{STEP, codes, pages, plan, plan_json, steps};
use crate::support::{breakfix, page};

fn weighted(front_matter: &str) -> String {
    format!("---\n{front_matter}\n---\n{STEP}")
}

#[track_caller]
fn check_order(files: &[(&str, &str)], expected: &[&str]) {
    let (document, status) = plan_json(files, &["docs"]);
    assert_eq!(
        (pages(&document), status),
        (
            expected.iter().map(|name| format!("docs/{name}")).collect(),
            0
        )
    );
}

#[test]
fn a_tree_is_walked_for_md_and_mdx() {
    let files = [
        ("docs/a.md", STEP),
        ("docs/b.mdx", STEP),
        ("docs/c.markdown", STEP),
        ("docs/d/e/f.md", STEP),
    ];
    check_order(&files, &["a.md", "b.mdx", "d/e/f.md"]);
}

#[test]
fn the_index_page_comes_first_and_its_weight_orders_its_directory() {
    let (light, heavy) = (weighted("weight: 1"), weighted("sidebar_position: 900"));
    for index in ["_index.md", "index.en.md", "index.md"] {
        let (one, two) = (format!("docs/x/{index}"), format!("docs/a/{index}"));
        let files = [
            (one.as_str(), light.as_str()),
            ("docs/x/a.md", STEP),
            (two.as_str(), heavy.as_str()),
            ("docs/a/a.md", STEP),
        ];
        let (x, a) = (format!("x/{index}"), format!("a/{index}"));
        check_order(&files, &[&x, "x/a.md", &a, "a/a.md"]);
    }
}

#[test]
fn weight_goes_before_sidebar_position_and_yaml_comments_are_no_part_of_it() {
    let both = weighted("sidebar_position: 1\nweight: 30 # late");
    let (ten, twenty) = (
        weighted("weight: 10 # early"),
        weighted("sidebar_position: 20"),
    );
    let files = [
        ("docs/a.md", both.as_str()),
        ("docs/b.md", &ten),
        ("docs/c.md", &twenty),
    ];
    check_order(&files, &["b.md", "c.md", "a.md"]);
}

#[test]
fn ties_are_in_byte_order_of_the_file_name() {
    let same = weighted("weight: 5");
    let names = [
        "docs/Z.md",
        "docs/a-b.md",
        "docs/a.md",
        "docs/a_b.md",
        "docs/é.md",
        "docs/10.md",
        "docs/9.md",
    ];
    let files: Vec<(&str, &str)> = names.iter().map(|name| (*name, same.as_str())).collect();
    check_order(
        &files,
        &["10.md", "9.md", "Z.md", "a-b.md", "a.md", "a_b.md", "é.md"],
    );
}

#[test]
fn a_directorys_pages_run_before_its_child_directories() {
    let light = weighted("weight: 1");
    let files = [("docs/a/index.md", light.as_str()), ("docs/z.md", STEP)];
    check_order(&files, &["z.md", "a/index.md"]);
}

#[test]
fn only_bash_fences_run_and_output_may_start_with_a_bracket() {
    let text = "```bash\n$ curl -v x\n> GET / HTTP/1.1\n>\n< HTTP/1.1 200 OK\n```\n\n```python\n$ a\n```\n";
    let (document, _) = plan_json(&[("p.md", text)], &["p.md"]);
    let commands = &steps(&document)[0]["commands"];
    assert_eq!(commands.as_array().map(Vec::len), Some(1));
    assert_eq!(commands[0]["text"], "curl -v x");
    assert_eq!(steps(&document).len(), 1);
}

#[test]
fn a_raw_block_is_one_script() {
    let text = "```bash raw=true\nif true; then\n\n  echo '$ x'\nfi\necho b\n```\n";
    let (document, _) = plan_json(&[("p.md", text)], &["p.md"]);
    let commands = &steps(&document)[0]["commands"];
    assert_eq!(
        commands[0]["text"],
        "if true; then\n\n  echo '$ x'\nfi\necho b"
    );
    assert_eq!(commands[0]["line"], 2);
}

#[test]
fn annotations_have_their_defaults_doubled_blanks_and_words_do_no_harm() {
    let text = "```bash\n$ a\n```\n\n```bash bash  timeout=40   wait=5 \n$ b\n```\n\n```bash hook=h hookTimeout=7 expectError=true\n$ c\n```\n";
    let files = [("docs/p.md", text), ("docs/tests/hook-h.sh", "")];
    let (document, status) = plan_json(&files, &["docs"]);
    let steps = steps(&document);
    let of = |step: usize, name: &str| steps[step][name].clone();
    assert_eq!(status, 0);
    assert_eq!(
        [of(0, "timeout_s"), of(0, "wait_s"), of(0, "retries")],
        [120, 0, 0]
    );
    assert_eq!(
        (of(0, "hook"), of(0, "expect_error")),
        (Value::Null, "false".into())
    );
    assert_eq!([of(1, "timeout_s"), of(1, "wait_s")], [40, 5]);
    assert_eq!(of(2, "hook")["script"], "docs/tests/hook-h.sh");
    assert_eq!(
        (of(2, "hook")["timeout_s"].clone(), of(2, "expect_error")),
        (7.into(), "true".into())
    );
}

#[test]
fn fences_in_admonitions_count_and_in_comments_do_not() {
    let text = ":::note\n\n```bash\n$ a\n```\n\n:::\n\n<!--\n```bash\n$ b\n```\n-->\n\n{/*\n```bash\n$ c\n```\n*/}\n\n:::tip\n```bash\n$ d VAR::NAME\nVAR::NAME\n```\n:::\n";
    let (document, status) = plan_json(&[("p.md", text)], &["p.md"]);
    let steps = steps(&document);
    let texts: Vec<&str> = steps
        .iter()
        .map(|step| step["commands"][0]["text"].as_str().unwrap())
        .collect();
    assert_eq!((texts, status), (vec!["a", "d VAR::NAME"], 0));
}

#[test]
fn suite_hooks_stand_around_a_directory_and_its_children() {
    let files = [
        ("docs/tests/hook-suite.sh", ""),
        ("docs/a.md", STEP),
        ("docs/b/c.md", STEP),
        ("docs/d/tests/hook-suite.sh", ""),
        ("docs/d/e.md", STEP),
    ];
    let (document, _) = plan_json(&files, &["docs"]);
    let hooks = |lab: usize| document["labs"][lab]["suite_hooks"].clone();
    assert_eq!(hooks(0), serde_json::json!(["docs/tests/hook-suite.sh"]));
    assert_eq!(
        hooks(1),
        serde_json::json!(["docs/tests/hook-suite.sh", "docs/d/tests/hook-suite.sh"])
    );
    assert_eq!(
        document["labs"][0]["pages"].as_array().map(Vec::len),
        Some(2)
    );
}

#[test]
fn a_missing_hook_is_found_before_the_run() {
    let files = [
        ("docs/p.md", "```bash hook=redy\n$ a\n```\n"),
        ("docs/tests/hook-ready.sh", ""),
    ];
    let (document, status) = plan_json(&files, &["docs"]);
    assert_eq!((codes(&document), status), (vec!["hook-missing"], 3));
    assert_eq!(
        document["diagnostics"][0]["help"],
        "did you mean `hook=ready`?"
    );
    assert_eq!(document["diagnostics"][0]["column"], 9);
}

const MODULES: [(&str, &str); 6] = [
    ("docs/index.md", STEP),
    ("docs/m/index.md", STEP),
    ("docs/m/n/deep.md", STEP),
    ("docs/m2/page.md", STEP),
    ("docs/other/m/page.md", STEP),
    ("docs/m.md", STEP),
];

#[test]
fn a_glob_is_relative_to_the_root_has_braces_and_its_star_crosses_directories() {
    for (glob, expected) in [
        ("{m,m/**}", &["m/index.md", "m/n/deep.md"] as &[&str]),
        ("m", &["m/index.md", "m/n/deep.md"]),
        ("./m/", &["m/index.md", "m/n/deep.md"]),
        ("m/n/*", &["m/n/deep.md"]),
        (
            "m*.md",
            &["m.md", "m/index.md", "m/n/deep.md", "m2/page.md"],
        ),
        ("*deep*", &["m/n/deep.md"]),
        ("**/page.md", &["m2/page.md", "other/m/page.md"]),
        ("{m2,other}/**", &["m2/page.md", "other/m/page.md"]),
        ("m?/*", &["m2/page.md"]),
        (
            "*",
            &[
                "index.md",
                "m.md",
                "m/index.md",
                "m/n/deep.md",
                "m2/page.md",
                "other/m/page.md",
            ],
        ),
    ] {
        let (document, status) = plan_json(&MODULES, &["docs", "-g", glob]);
        let expected: Vec<String> = expected.iter().map(|name| format!("docs/{name}")).collect();
        assert_eq!((pages(&document), status), (expected, 0), "{glob}");
    }
    let nothing = plan(&MODULES, &["docs", "--glob", "docs/m/**"]);
    assert_eq!(nothing.status, 2);
    assert!(
        nothing.stderr.contains("-g docs/m/**"),
        "{}",
        nothing.stderr
    );
}

#[test]
fn a_path_is_a_directory_or_a_page_and_several_run_in_their_order() {
    let (document, _) = plan_json(&MODULES, &["docs/m2", "docs/m/n/deep.md", "docs/m"]);
    assert_eq!(
        pages(&document),
        ["docs/m2/page.md", "docs/m/n/deep.md", "docs/m/index.md"]
    );
}

#[test]
fn an_index_page_that_is_not_selected_still_orders_and_binds_its_directory() {
    let (index, other) = (
        weighted("weight: 1\nscenario: missing-worker-nodes"),
        weighted("weight: 2"),
    );
    let files = [
        ("docs/x/index.md", index.as_str()),
        ("docs/x/page.md", STEP),
        ("docs/a/index.md", &other),
        ("docs/a/page.md", STEP),
    ];
    let (document, _) = plan_json(&files, &["docs", "-g", "*/page.md"]);
    assert_eq!(pages(&document), ["docs/x/page.md", "docs/a/page.md"]);
    assert_eq!(document["labs"][0]["scenario"], "missing-worker-nodes");
    assert_eq!(document["labs"][1]["scenario"], Value::Null);
}

#[test]
fn mistakes_of_pages_that_are_not_selected_are_not_told() {
    let files = [
        ("docs/bad/index.md", "---\nweight: heavy\n---\n"),
        ("docs/bad/page.md", "```bash x=1\n$ a\n```\n"),
        ("docs/good/index.md", "```bash x=1\n$ a\n```\n"),
        ("docs/good/page.md", STEP),
    ];
    let (document, status) = plan_json(&files, &["docs", "-g", "good/page.md"]);
    assert_eq!((codes(&document), status), (vec![], 0));
    let (document, status) = plan_json(&files, &["docs", "-g", "bad/page.md"]);
    assert_eq!(
        (codes(&document), status),
        (vec!["front-matter-invalid", "annotation-unknown"], 3)
    );
}

const SCENARIO: &str = "---\nscenario: missing-worker-nodes\n---\n";

#[test]
fn a_page_alone_inherits_the_scenario_of_the_index_page_beside_it() {
    let files = [
        ("docs/lab/index.md", SCENARIO),
        ("docs/lab/page.md", STEP),
        ("docs/lab/deep/page.md", STEP),
    ];
    for path in [
        "docs/lab/page.md",
        "docs/lab/deep/page.md",
        "docs/lab/deep",
        "docs",
    ] {
        let (document, _) = plan_json(&files, &[path]);
        assert_eq!(
            document["labs"][0]["scenario"], "missing-worker-nodes",
            "{path}"
        );
        assert_eq!(document["labs"].as_array().map(Vec::len), Some(1), "{path}");
    }
}

/// A source tree and its translation at `translation`, which carries nothing but text.
fn translated(translation: &str) -> Vec<(String, String)> {
    let hooked = "```bash hook=ready\n$ true\n```\n";
    let bound = format!("{SCENARIO}{hooked}");
    let files = [
        ("docs/tests/hook-suite.sh".to_owned(), ""),
        ("docs/lab/tests/hook-ready.sh".to_owned(), ""),
        ("docs/lab/page.md".to_owned(), bound.as_str()),
        ("docs/draft/.notest".to_owned(), ""),
        ("docs/draft/page.md".to_owned(), STEP),
        (format!("{translation}/lab/page.md"), hooked),
        (format!("{translation}/draft/page.md"), STEP),
        (format!("{translation}/draft/deep/page.md"), STEP),
    ];
    files
        .into_iter()
        .map(|(name, text)| (name, text.to_owned()))
        .collect()
}

#[track_caller]
fn check_overlay(translation: &str, arguments: &[&str]) {
    let files = translated(translation);
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let (document, status) = plan_json(&files, arguments);
    assert_eq!((codes(&document), status), (vec![], 0), "{document:#}");
    let mut labs = document["labs"].as_array().unwrap().iter();
    let lab = labs.find(|lab| lab["pages"][0].is_object()).unwrap();
    assert_eq!(lab["scenario"], "missing-worker-nodes", "{document:#}");
    assert_eq!(
        lab["suite_hooks"],
        serde_json::json!(["docs/tests/hook-suite.sh"])
    );
    assert_eq!(pages(&document), [format!("{translation}/lab/page.md")]);
    assert_eq!(
        steps(&document)[0]["hook"]["script"],
        "docs/lab/tests/hook-ready.sh"
    );
}

#[test]
fn a_docusaurus_translation_takes_hooks_notest_and_scenario_from_the_source_tree() {
    let translation = "i18n/ja/docusaurus-plugin-content-docs/current";
    check_overlay(translation, &[translation]);
    check_overlay(translation, &["i18n/ja"]);
    check_overlay(translation, &[&format!("{translation}/lab/page.md")]);
    let files = translated(translation);
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let (document, _) = plan_json(&files, &[translation]);
    assert_eq!(document["counts"]["skipped"], 2);
    let reason = document["labs"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|lab| lab["skipped"][0]["reason"].as_str());
    assert_eq!(reason, Some(".notest in docs/draft"));
}

#[test]
fn a_given_source_tree_supplies_hooks_notest_and_scenario() {
    check_overlay("translated/ja", &["translated/ja", "--source-tree", "docs"]);
    check_overlay(
        "translated/ja",
        &["translated/ja/lab", "--source-tree", "docs"],
    );
    check_overlay(
        "translated/ja",
        &["translated/ja/lab/page.md", "--source-tree", "docs"],
    );
    let files = translated("ja");
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let outcome = plan(&files, &["ja/draft", "--source-tree", "docs"]);
    assert_eq!(outcome.status, 2);
    assert!(
        outcome.stderr.contains("2 left out by .notest"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_notest_leaves_its_tree_out_counts_it_and_a_named_page_runs() {
    let files = [
        ("docs/a.md", STEP),
        ("docs/d/.notest", ""),
        ("docs/d/x.md", STEP),
        ("docs/d/e/y.md", STEP),
    ];
    let (document, status) = plan_json(&files, &["docs"]);
    assert_eq!(
        (pages(&document), status),
        (vec!["docs/a.md".to_owned()], 0)
    );
    assert_eq!(document["counts"]["skipped"], 2);
    assert_eq!(plan(&files, &["docs/d/e"]).status, 2);
    assert_eq!(
        pages(&plan_json(&files, &["docs/d/x.md"]).0),
        ["docs/d/x.md"]
    );
}

#[test]
fn what_is_no_content_is_passed_over() {
    let call = [
        "a.md",
        ".git/x.md",
        ".hidden/x.md",
        "node_modules/m/README.md",
    ]
    .iter()
    .fold(
        breakfix(&["plan", ".", "--format", "json"]),
        |call, name| call.file(name, STEP),
    );
    let link = |target: &str, name: &str| {
        std::os::unix::fs::symlink(target, call.work().join(name)).unwrap()
    };
    link("nowhere.md", "broken.md");
    link(".", "loop");
    link("self.md", "self.md");
    let outcome = call.run();
    assert_eq!(
        (pages(&outcome.json()), outcome.status),
        (vec!["./a.md".to_owned()], 0)
    );
    assert_eq!(outcome.stderr, "");
}

#[test]
fn two_index_files_are_an_error() {
    let files = [("docs/index.md", STEP), ("docs/_index.md", STEP)];
    let (document, status) = plan_json(&files, &["docs"]);
    assert_eq!((codes(&document), status), (vec!["index-duplicate"], 3));
}

#[test]
fn a_page_that_is_no_text_is_one_diagnostic_and_not_the_end() {
    let call = breakfix(&["plan", ".", "--format", "json"]).file("a.md", STEP);
    std::fs::write(call.work().join("b.md"), b"```bash\n$ a\xff\n```\n").unwrap();
    let outcome = call.run();
    assert_eq!(
        (codes(&outcome.json()), outcome.status),
        (vec!["page-unreadable"], 3)
    );
    assert_eq!(steps(&outcome.json()).len(), 1);
    assert!(outcome.stderr.contains("b.md"), "{}", outcome.stderr);
}

#[test]
fn machine_output_has_nothing_but_json_on_stdout_and_warnings_on_stderr() {
    let files = [("p.md", "```sh\n$ a\n```\n\n```bash\n$ b\n```\n")];
    let outcome = plan(&files, &["p.md", "--format", "json", "-vv"]);
    assert_eq!(outcome.json()["version"], 1);
    assert_eq!(codes(&outcome.json()), ["language-not-run"]);
    assert_eq!(outcome.status, 0);
    assert!(
        outcome.stderr.contains("warning[language-not-run]"),
        "{}",
        outcome.stderr
    );
}

fn three() -> String {
    page(&[
        ("", "$ echo one >> ran"),
        ("id=two", "$ echo two >> ran"),
        ("", "$ echo three >> ran"),
    ])
}

#[test]
fn steps_are_selected_by_number_or_id_and_the_others_are_skips() {
    let text = three();
    for (arguments, expected) in [
        (&["--step", "2"] as &[&str], &[2_u64] as &[u64]),
        (&["--step", "two", "--step", "3"], &[2, 3]),
        (&["--from", "two"], &[2, 3]),
        (&["--to", "2"], &[1, 2]),
        (&["--from", "2", "--to", "two"], &[2]),
    ] {
        let mut all = vec!["p.md"];
        all.extend(arguments);
        let (document, status) = plan_json(&[("p.md", &text)], &all);
        let numbers: Vec<u64> = steps(&document)
            .iter()
            .map(|step| step["number"].as_u64().unwrap())
            .collect();
        assert_eq!((numbers.as_slice(), status), (expected, 0), "{arguments:?}");
        assert_eq!(document["counts"]["skipped"], 3 - expected.len());
    }
    for (arguments, message) in [
        (["--step", "9"], "there is no step 9: known are 1 to 3, two"),
        (["--from", "tow"], "there is no step tow: did you mean two?"),
    ] {
        let outcome = plan(&[("p.md", &text)], &["p.md", arguments[0], arguments[1]]);
        assert_eq!(outcome.status, 2);
        assert!(outcome.stderr.contains(message), "{}", outcome.stderr);
    }
    assert_eq!(
        plan(&[("p.md", &text)], &["p.md", "--from", "3", "--to", "1"]).status,
        2
    );
    assert_eq!(
        plan(&[("p.md", &text)], &["p.md", "--from", "3", "--step", "1"]).status,
        2
    );
}

#[test]
fn a_run_runs_the_selected_steps_alone_and_counts_the_others() {
    let call = breakfix(&[
        "run", "p.md", "--on", "none", "--from", "two", "--to", "2", "--format", "json",
    ])
    .file("p.md", &three());
    let ran = call.work().join("ran");
    let outcome = call.run_keeping(|_| std::fs::read_to_string(&ran).unwrap());
    assert_eq!(outcome.1, "two\n");
    let lab = outcome.0.lab();
    let results: Vec<&str> = lab["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["result"].as_str().unwrap())
        .collect();
    assert_eq!(results, ["skip", "pass", "skip"]);
    assert_eq!(lab["steps"][0]["reason"], "not selected");
    assert_eq!(outcome.0.status, 0);
}

#[test]
fn a_run_with_nothing_selected_starts_nothing() {
    for arguments in [["-g", "nope"], ["--step", "7"]] {
        let outcome = breakfix(&["run", ".", "--on", "none", arguments[0], arguments[1]])
            .file("p.md", &three())
            .run();
        assert_eq!(outcome.status, 2, "{}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
    }
}
