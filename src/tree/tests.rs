//! Small content trees on disk.

use std::fs;

use super::*;

const STEP: &str = "```bash\n$ true\n```\n";

/// A directory with the given files; links are written `-> target`.
fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a temporary directory");
    for (name, content) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        match content.strip_prefix("-> ") {
            Some(target) => std::os::unix::fs::symlink(target, &path).expect("a link"),
            None => fs::write(&path, content).expect("a file"),
        }
    }
    root
}

fn weighted(weight: &str) -> String {
    format!("---\nweight: {weight}\n---\n{STEP}")
}

fn load_all(root: &tempfile::TempDir, request: &Request) -> Loaded {
    load(&[root.path().to_owned()], request).expect("a plan")
}

/// Labs as "name: page page", relative to the root.
fn labs(root: &tempfile::TempDir, loaded: &Loaded) -> Vec<String> {
    let relative = |path: &Path| {
        path.strip_prefix(root.path())
            .unwrap_or(path)
            .display()
            .to_string()
    };
    let lab = |lab: &plan::Lab| {
        let pages: Vec<String> = lab.steps.iter().map(|step| relative(&step.page)).collect();
        format!("{}: {}", relative(Path::new(&lab.name)), pages.join(" "))
    };
    loaded.plan.labs.iter().map(lab).collect()
}

fn scenario(name: &str) -> String {
    format!("---\nscenario: {name}\n---\n{STEP}")
}

#[test]
fn pages_come_in_reading_order() {
    let root = tree(&[
        ("b.md", STEP),
        ("a.md", STEP),
        ("heavy.md", &weighted("30")),
        ("light.mdx", &weighted("4")),
        ("z/index.md", &weighted("1")),
        ("z/page.md", STEP),
        ("y/_index.md", &weighted("2")),
        ("x/page.md", STEP),
        ("index.en.md", &weighted("99")),
        ("notes.txt", STEP),
    ]);
    let loaded = load_all(&root, &Request::default());
    let pages: Vec<String> = labs(&root, &loaded)
        .iter()
        .map(|lab| lab.split(": ").next().unwrap_or_default().to_owned())
        .collect();
    let expected = [
        "index.en.md",
        "light.mdx",
        "heavy.md",
        "a.md",
        "b.md",
        "z/index.md",
        "z/page.md",
        "y/_index.md",
        "x/page.md",
    ];
    assert_eq!(pages, expected);
    assert_eq!(loaded.diagnostics, []);
    assert_eq!(loaded.sources.len(), 9);
}

#[test]
fn what_is_no_content_is_passed_over() {
    let root = tree(&[
        ("a.md", STEP),
        (".git/x.md", STEP),
        (".hidden.md", STEP),
        ("node_modules/m/README.md", STEP),
        ("broken.md", "-> nowhere.md"),
        ("deep/loop", "-> .."),
        ("self", "-> self"),
        ("twice.md", "-> a.md"),
    ]);
    assert_eq!(
        labs(&root, &load_all(&root, &Request::default())),
        ["a.md: a.md"]
    );
}

#[test]
fn a_suite_hook_makes_a_directory_and_its_children_one_lab() {
    let root = tree(&[
        ("tests/hook-suite.sh", ""),
        ("index.md", STEP),
        ("a/one.md", STEP),
        ("b/tests/hook-suite.sh", ""),
        ("b/two.md", STEP),
    ]);
    let loaded = load_all(&root, &Request::default());
    assert_eq!(labs(&root, &loaded), [": index.md a/one.md", "b: b/two.md"]);
    let outer = root.path().join("tests/hook-suite.sh");
    assert_eq!(
        loaded.plan.labs[0].suite_hooks,
        std::slice::from_ref(&outer)
    );
    assert_eq!(
        loaded.plan.labs[1].suite_hooks,
        [outer, root.path().join("b/tests/hook-suite.sh")]
    );
}

#[test]
fn a_suite_hook_above_a_single_page_counts() {
    let root = tree(&[("tests/hook-suite.sh", ""), ("a/one.md", STEP)]);
    let loaded = load(&[root.path().join("a/one.md")], &Request::default()).expect("a plan");
    assert_eq!(
        loaded.plan.labs[0].suite_hooks,
        [root.path().join("tests/hook-suite.sh")]
    );
}

#[test]
fn one_scenario_makes_pages_one_lab() {
    let root = tree(&[
        ("lone.md", STEP),
        ("p.md", &scenario("s")),
        ("q.md", &scenario("s")),
        ("d/index.md", &scenario("t")),
        ("d/page.md", STEP),
        ("d/e/page.md", STEP),
        ("d/other.md", &scenario("u")),
    ]);
    let loaded = load_all(&root, &Request::default());
    assert_eq!(
        labs(&root, &loaded),
        [
            "lone.md: lone.md",
            ": p.md q.md",
            "d: d/index.md d/page.md d/e/page.md",
            "d/other.md: d/other.md"
        ]
    );
    let scenarios: Vec<_> = loaded
        .plan
        .labs
        .iter()
        .map(|lab| lab.scenario.as_deref())
        .collect();
    assert_eq!(scenarios, [None, Some("s"), Some("t"), Some("u")]);
    assert_eq!(loaded.diagnostics, []);
}

#[test]
fn a_suite_of_its_own_keeps_the_scenario_from_above() {
    let root = tree(&[
        ("index.md", &scenario("s")),
        ("a/tests/hook-suite.sh", ""),
        ("a/page.md", STEP),
    ]);
    let loaded = load_all(&root, &Request::default());
    assert_eq!(labs(&root, &loaded), ["index.md: index.md", "a: a/page.md"]);
    assert_eq!(loaded.plan.labs[1].scenario.as_deref(), Some("s"));
}

#[test]
fn the_requested_scenario_covers_each_argument() {
    let root = tree(&[("a/1.md", STEP), ("a/2.md", STEP), ("b.md", STEP)]);
    let request = Request {
        scenario: Some("s".to_owned()),
        ..Request::default()
    };
    let paths = [root.path().join("a"), root.path().join("b.md")];
    let loaded = load(&paths, &request).expect("a plan");
    assert_eq!(labs(&root, &loaded), ["a: a/1.md a/2.md", "b.md: b.md"]);
    assert!(
        loaded
            .plan
            .labs
            .iter()
            .all(|lab| lab.scenario.as_deref() == Some("s"))
    );
}

#[test]
fn hooks_are_found_beside_the_page_and_in_the_source_language() {
    let hooked = |name: &str| format!("```bash hook={name}\n$ true\n```\n");
    let translation = "i18n/ja/docusaurus-plugin-content-docs/current/lab";
    let root = tree(&[
        ("docs/lab/page.md", &hooked("one")),
        ("docs/lab/tests/hook-one.sh", ""),
        (&format!("{translation}/page.md"), &hooked("one")),
        (&format!("{translation}/typo.md"), &hooked("onne")),
    ]);
    let loaded = load_all(&root, &Request::default());
    let script = plan::HookSource::Script(root.path().join("docs/lab/tests/hook-one.sh"));
    let sources: Vec<_> = loaded
        .plan
        .labs
        .iter()
        .flat_map(|lab| &lab.steps)
        .map(|step| step.hook.as_ref().map(|hook| &hook.source))
        .collect();
    assert_eq!(sources, [Some(&script), Some(&script), None]);
    let [missing] = loaded.diagnostics.as_slice() else {
        panic!("{:?}", loaded.diagnostics)
    };
    assert_eq!(
        (missing.code, missing.help.as_deref()),
        ("hook-missing", Some("did you mean `hook=one`?"))
    );
}

#[test]
fn a_notest_leaves_a_tree_out_and_counts_it() {
    let root = tree(&[
        ("a.md", STEP),
        ("draft/.notest", ""),
        ("draft/b.md", STEP),
        ("draft/deep/c.md", STEP),
    ]);
    let loaded = load_all(&root, &Request::default());
    assert_eq!((loaded.plan.step_count(), loaded.plan.skip_count()), (1, 2));
    let reasons: Vec<_> = loaded
        .plan
        .labs
        .iter()
        .flat_map(|lab| &lab.skipped)
        .map(|skip| skip.reason.contains(".notest"))
        .collect();
    assert_eq!(reasons, [true, true]);
}

#[test]
fn one_bad_page_does_not_end_the_run() {
    let root = tree(&[
        ("a.md", STEP),
        ("bad.md", "---\ntitle: [\n---\n"),
        ("index.md", STEP),
        ("_index.md", STEP),
    ]);
    fs::write(root.path().join("binary.md"), [b'a', 0xff]).expect("a file");
    let loaded = load_all(&root, &Request::default());
    let mut found: Vec<_> = loaded.diagnostics.iter().map(|one| one.code).collect();
    found.sort_unstable();
    assert_eq!(
        found,
        ["front-matter-invalid", "index-duplicate", "page-unreadable"]
    );
    assert_eq!(loaded.plan.step_count(), 3);
}

#[test]
fn selecting_nothing_is_an_error_that_says_what_was_looked_for() {
    #[track_caller]
    fn check(root: &tempfile::TempDir, names: &[&str], expected: &str) {
        let paths: Vec<PathBuf> = names.iter().map(|name| root.path().join(name)).collect();
        let error = load(&paths, &Request::default())
            .expect_err("nothing to plan")
            .to_string();
        let error = error.replace(&format!("{}/", root.path().display()), "");
        assert_eq!(error, expected);
    }
    let root = tree(&[
        ("empty/x.txt", ""),
        ("draft/.notest", ""),
        ("draft/a.md", STEP),
    ]);
    check(
        &root,
        &["missing.md"],
        "no such file or directory: missing.md",
    );
    check(
        &root,
        &["empty/x.txt"],
        "empty/x.txt is not a page: a page's name ends in .md or .mdx",
    );
    check(
        &root,
        &["empty"],
        "nothing selected: no page (*.md, *.mdx) in empty",
    );
    check(
        &root,
        &["empty", "draft"],
        "nothing selected: no page (*.md, *.mdx) in empty, draft (1 left out by .notest)",
    );
    check(
        &root,
        &[],
        "nothing selected: no page (*.md, *.mdx) in no path at all",
    );
}

#[test]
fn a_page_that_is_given_twice_counts_once() {
    let root = tree(&[("a.md", STEP), ("b.md", STEP)]);
    let loaded = load(
        &[root.path().join("b.md"), root.path().to_owned()],
        &Request::default(),
    )
    .expect("a plan");
    assert_eq!(labs(&root, &loaded), ["b.md: b.md", "a.md: a.md"]);
}
