//! The book in `docs/` holds together: every page is in its contents, every link leads somewhere, and what it says of
//! the program is so. `make docs` runs what its pages show.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::support::{breakfix, project};

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn docs() -> PathBuf {
    project().join("docs")
}

/// Pages of a directory and those below it.
fn pages(directory: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(pages(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.insert(path);
        }
    }
    found
}

fn events(text: &str) -> Vec<Event<'_>> {
    Parser::new_ext(text, Options::ENABLE_TABLES).collect()
}

/// Where a page's links and images lead.
fn targets(text: &str) -> Vec<String> {
    let links = events(text).into_iter().filter_map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
            Some(dest_url.to_string())
        }
        _ => None,
    });
    links.collect()
}

/// What a page's headings are called in links.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut heading: Option<String> = None;
    for event in events(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => found.extend(heading.take().map(|text| slug(&text))),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            _ => {}
        }
    }
    found
}

fn slug(heading: &str) -> String {
    let letters = heading.to_lowercase();
    let kept = letters
        .chars()
        .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}

#[test]
fn the_contents_list_every_page_once() {
    let summary = docs().join("SUMMARY.md");
    let listed = targets(&read(&summary));
    let once: BTreeSet<PathBuf> = listed.iter().map(|target| docs().join(target)).collect();
    assert_eq!(
        once.len(),
        listed.len(),
        "a page is listed twice: {listed:?}"
    );
    let mut there = pages(&docs());
    there.remove(&summary);
    assert_eq!(once, there);
}

#[test]
fn every_link_leads_somewhere() {
    let mut lost = Vec::new();
    let roots = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
    ];
    let all = pages(&docs())
        .into_iter()
        .chain(roots.map(|name| project().join(name)));
    for page in all {
        let text = read(&page);
        for target in targets(&text) {
            if target.contains("://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let to = match file {
                "" => page.clone(),
                file => page.parent().unwrap().join(file),
            };
            let is_there =
                to.exists() && (anchor.is_empty() || anchors(&read(&to)).contains(anchor));
            if !is_there {
                lost.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert_eq!(lost, Vec::<String>::new());
}

#[test]
fn the_book_reads_the_pages_where_they_are() {
    let book: toml::Table = read(&docs().join("book.toml")).parse().unwrap();
    assert_eq!(book["book"]["src"].as_str(), Some("."));
    let built = book["build"]["build-dir"].as_str().unwrap();
    assert!(
        built.starts_with("../target/"),
        "a built book must not be taken for pages"
    );
}

#[test]
fn its_pages_plan_and_lint_without_a_word() {
    let docs = docs();
    let docs = docs.to_str().unwrap();
    let plan = breakfix(&["plan", docs, "--format", "json"]).run();
    assert_eq!(plan.status, 0, "{}", plan.stderr);
    let steps = plan.json()["counts"]["steps"].as_u64().unwrap();
    assert!(steps > 20, "{steps}");
    let lint = breakfix(&["lint", docs, "--fail-on", "warning"]).run();
    assert_eq!(lint.status, 0, "{}", lint.stdout);
}

#[test]
fn the_example_of_breakfix_toml_is_read() {
    let page = read(&docs().join("configuration.md"));
    let example = page
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let home = breakfix(&["lint", "a.md"])
        .file("breakfix.toml", example)
        .file(
            "a.md",
            "```bash\n$ use-cluster && echo \"$WORKSHOP_BUCKET $SET_BY_IT\"\n```\n",
        );
    std::fs::create_dir(home.work().join("scenarios")).unwrap();
    let outcome = home.run();
    assert_eq!(outcome.status, 0, "{}{}", outcome.stdout, outcome.stderr);
}

#[test]
fn every_exit_code_and_report_is_in_its_page() {
    let help = breakfix(&["--help"]).run().stdout;
    let codes = help.split("Exit codes:").nth(1).unwrap();
    let page = read(&docs().join("exit-codes.md"));
    for line in codes.lines().filter(|line| !line.trim().is_empty()) {
        let code = line.split_whitespace().next().unwrap();
        assert!(page.contains(&format!("\n| {code} | ")), "{line}");
    }
    let help = breakfix(&["run", "--help"]).run().stdout;
    let kinds = help.split("Kinds: ").nth(1).unwrap();
    let kinds = kinds.split('(').next().unwrap();
    let page = read(&docs().join("reports.md"));
    for kind in kinds.split(',') {
        assert!(
            page.contains(&format!("\n| `{}` | ", kind.trim())),
            "{kind}"
        );
    }
}

#[test]
fn every_annotation_is_in_its_page() {
    let page = read(&docs().join("annotations.md"));
    let grammar = read(&project().join("src/lab/annotation.rs"));
    let named = grammar
        .lines()
        .filter_map(|line| line.strip_prefix("//! ")?.split_once(" = "));
    let known = [
        "info",
        "word",
        "annotation",
        "duration",
        "name",
        "decoration",
    ];
    let names: Vec<&str> = named
        .map(|(name, _)| name.trim())
        .filter(|name| !known.contains(name))
        .collect();
    assert!(names.len() > 8, "{names:?}");
    for name in names {
        assert!(page.contains(&format!("\n| `{name}` | ")), "{name}");
    }
}
