use std::path::Path;

use super::*;
use crate::language::Language;

fn style(width: usize) -> Style {
    Style {
        language: Language::English,
        color: false,
        plain: false,
        width,
    }
}

fn plain(width: usize) -> Style {
    Style {
        plain: true,
        ..style(width)
    }
}

fn colored(width: usize) -> Style {
    Style {
        color: true,
        ..style(width)
    }
}

fn rendered(source: &str, style: Style) -> String {
    render(&prose::read(Path::new("page.md"), source), style)
}

#[track_caller]
fn check(source: &str, style: Style, expected: &str) {
    assert_eq!(rendered(source, style), expected, "{source}");
}

#[test]
fn paragraphs_are_wrapped_as_their_language_is() {
    check(
        "one two three\nfour five six seven\n",
        style(24),
        "one two three four five\nsix seven\n",
    );
    check(
        "キーポリシーが\n許可していません。ノード\nis ok\n",
        style(24),
        "キーポリシーが許可してい\nません。ノード is ok\n",
    );
    check("a  \nb", style(24), "a\nb\n");
}

#[test]
fn headings_stand_out_without_colours_too() {
    check(
        "---\ntitle: T\n---\n# Big\n\n## Less\n\n### Small\n",
        style(40),
        "T\n=\n\nBig\n===\n\nLess\n----\n\nSmall\n",
    );
    check("# Big\n\ntext", plain(40), "Big\n\ntext\n");
    check("# Big", colored(40), "\u{1b}[1;4mBig\u{1b}[0m\n");
}

#[test]
fn commands_and_output_are_told_apart() {
    let block = "```bash\n$ a \\\n    --b\n{\n  out\n}\n$ c\n```\n";
    check(
        block,
        style(40),
        "    $ a \\\n          --b\n    {\n      out\n    }\n    $ c\n",
    );
    check(
        block,
        plain(40),
        "Command:\n    a \\\n        --b\nOutput:\n    {\n      out\n    }\nCommand:\n    c\n",
    );
    let colored = rendered(block, colored(40));
    assert!(
        colored.contains("\u{1b}[2m$\u{1b}[0m \u{1b}[1ma \\\u{1b}[0m"),
        "{colored:?}"
    );
    assert!(colored.contains("\u{1b}[2m{\u{1b}[0m"), "{colored:?}");
    check(
        "```bash raw=true\nif a; then\n  b\nfi\n```\n",
        style(40),
        "    if a; then\n      b\n    fi\n",
    );
    check("```yaml\na: 1\n```\n", plain(40), "Code, yaml:\n    a: 1\n");
    check(
        "```bash test=false\nno prompt\n```\n",
        style(40),
        "    no prompt\n",
    );
}

#[test]
fn admonitions_say_their_word() {
    let source = ":::warning[Keep `x`]\none two three four five\n\n- six\n:::\n";
    check(
        source,
        style(24),
        "│ Warning: Keep `x`\n│ one two three four\n│ five\n│\n│ • six\n",
    );
    check(
        source,
        plain(24),
        "Warning: Keep `x`\n  one two three four\n  five\n\n  - six\n",
    );
    let japanese = Style {
        language: Language::Japanese,
        ..plain(40)
    };
    check(":::note\na\n:::\n", japanese, "注：\n  a\n");
    check(":::note\na\n:::\n", style(40), "│ Note\n│ a\n");
    check(
        "<details>\n<summary>More of it</summary>\na\n</details>",
        style(40),
        "▸ More of it\n  a\n",
    );
    check("> a\n", style(40), "│ a\n");
    check("> a\n", plain(40), "Quote:\n  a\n");
}

#[test]
fn lists_are_indented_by_their_markers() {
    check(
        "- a\n- b\n  1. c\n  2. d\n",
        style(40),
        "• a\n• b\n  1. c\n  2. d\n",
    );
    check(
        "9. a\n10. b\n\n    more\n",
        style(40),
        "9. a\n\n10. b\n\n    more\n",
    );
    check("- [x] a\n- [ ] b\n", plain(40), "- [x] a\n- [ ] b\n");
}

#[test]
fn tables_fit_or_become_records() {
    let source = "| 名前 | state |\n|---|---|\n| ノード | `Ready` now |\n| b | no |\n";
    check(
        source,
        style(40),
        "名前    state\n──────  ───────────\nノード  `Ready` now\nb       no\n",
    );
    check(
        source,
        plain(40),
        "名前: ノード\nstate: `Ready` now\n\n名前: b\nstate: no\n",
    );
    let wide = "| key | what it says about it |\n|---|---|\n| a | one two three four five six seven |\n| b | x |\n";
    check(
        wide,
        style(30),
        "key  what it says about it\n───  ─────────────────────────\na    one two three four five\n     six seven\n\nb    x\n",
    );
    let many = format!(
        "|{}\n|{}\n|{}\n",
        "head and tail|".repeat(5),
        "---|".repeat(5),
        "a cell that is long|".repeat(5)
    );
    let records = rendered(&many, style(40));
    assert_eq!(
        records
            .matches("head and tail: a cell that is long\n")
            .count(),
        5,
        "{records}"
    );
}

#[test]
fn links_show_where_they_lead() {
    check(
        "[docs](https://a.b/c) and <https://a.b>",
        style(60),
        "docs (https://a.b/c) and https://a.b\n",
    );
    check(
        "[here](#below) ![cat](cat.png)",
        style(60),
        "here [Image: cat] (cat.png)\n",
    );
    check(
        "<ConsoleButton url=\"https://c\" label=\"Open EKS\"/>",
        plain(60),
        "[Open EKS] (https://c)\n",
    );
    let colored = rendered("[docs](https://a.b/c)", colored(60));
    assert!(
        colored
            .starts_with("\u{1b}]8;;https://a.b/c\u{1b}\\\u{1b}[4mdocs\u{1b}[0m\u{1b}]8;;\u{1b}\\"),
        "{colored:?}"
    );
    let local = rendered(
        "[docs](../c.md)",
        Style {
            color: true,
            ..style(60)
        },
    );
    assert!(!local.contains("\u{1b}]8"), "{local:?}");
}

#[test]
fn no_control_character_of_a_page_gets_through() {
    let source = "a\u{1b}[31mb\u{7} [x](https://a\u{1b}]8;;b) `c\u{1b}[2J`\n\n```bash\n$ d\u{1b}[1m\ne\u{9b}x\n```\n\n| \u{8}f |\n|---|\n| g\u{0} |\n\n:::note[\u{1b}[5m]\n:::\n";
    for style in [style(40), plain(40)] {
        let text = rendered(source, style);
        assert!(
            !text.chars().any(|next| next.is_control() && next != '\n'),
            "{text:?}"
        );
    }
    let colored = rendered(source, colored(40));
    for sequence in ["\u{1b}[31m", "\u{1b}[2J", "\u{1b}[5m", "\u{1b}]8;;b"] {
        assert!(!colored.contains(sequence), "{colored:?}");
    }
}

#[test]
fn colours_end_with_their_line() {
    let text = rendered(
        "**one two three four five six seven eight nine**",
        colored(24),
    );
    assert!(text.lines().count() > 1);
    for line in text.lines() {
        assert!(
            line.starts_with("\u{1b}[1m") && line.ends_with("\u{1b}[0m"),
            "{line:?}"
        );
    }
}

/// Words of a page without what Markdown and MDX make of its characters.
fn words(text: &str) -> Vec<String> {
    let kept = |next: char| next.is_alphanumeric();
    let words = text
        .split(|next: char| !kept(next))
        .filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// Everything that is left out on purpose: front matter but its title, info strings, comments, names of furniture.
fn visible(source: &str) -> String {
    let body = source
        .strip_prefix("---\n")
        .and_then(|rest| rest.split_once("\n---\n"));
    let body = body.map_or(source, |(_, body)| body);
    let mut body = body.to_owned();
    for (opening, closing) in [("<!--", "-->"), ("{/*", "*/}")] {
        while let Some((before, rest)) = body.split_once(opening) {
            let behind = rest.split_once(closing).map_or("", |(_, behind)| behind);
            body = format!("{before}{behind}");
        }
    }
    let mut visible = String::new();
    let mut fenced = false;
    for line in body.lines() {
        let rest = line.trim_start_matches([' ', '>', '-']);
        if rest.starts_with("```") || rest.starts_with("~~~") {
            fenced = !fenced;
        } else if fenced {
            visible.push_str(line);
        } else if let Some(rest) = rest.strip_prefix(":::") {
            visible.push_str(rest.split_once('[').map_or("", |(_, title)| title));
        } else if rest.starts_with("::") || rest.starts_with("import ") {
        } else {
            let mut text = line.to_owned();
            for tag in [
                "<details>",
                "</details>",
                "<summary>",
                "</summary>",
                "<br/>",
                "<Tabs>",
                "</Tabs>",
                "</TabItem>",
                "<TabItem value=\"l\"",
                "<ConsoleButton",
                "url=",
                "service=\"eks\"",
                "label=",
                "{#lists}",
            ] {
                text = text.replace(tag, " ");
            }
            visible.push_str(&text);
        }
        visible.push('\n');
    }
    visible
}

#[test]
fn every_visible_word_comes_out() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/lesson/furniture.md");
    let content = Path::new(env!("CARGO_MANIFEST_DIR")).join("content");
    let pages = [
        corpus,
        content.join("troubleshooting/missing-worker-nodes.md"),
        content.join("i18n/ja/troubleshooting/missing-worker-nodes.md"),
    ];
    for path in pages {
        let source = std::fs::read_to_string(&path).unwrap();
        for style in [style(40), style(100), plain(30), colored(80)] {
            let shown = rendered(&source, style);
            // Japanese is broken inside of its words.
            let shown = without_escapes(&shown).replace(
                |next: char| next.is_whitespace() || matches!(next, '│' | '▸' | '•'),
                "",
            );
            for line in visible(&source).lines() {
                for word in words(line) {
                    assert!(
                        shown.contains(&word),
                        "{}: {word:?} of {line:?} at {style:?}",
                        path.display()
                    );
                }
            }
        }
    }
}

fn without_escapes(text: &str) -> String {
    printable(text)
}
