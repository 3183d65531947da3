use super::*;

fn document(source: &str) -> Document {
    read(Path::new("page.md"), source)
}

/// Elements in a short form, for comparing.
fn shape(elements: &[Element]) -> String {
    let parts: Vec<String> = elements.iter().map(one).collect();
    parts.join(" ")
}

fn one(element: &Element) -> String {
    match &element.kind {
        Kind::Heading { level, text } => format!("h{level}({})", words(text)),
        Kind::Paragraph(text) => format!("p({})", words(text)),
        Kind::List { start, items } => {
            let items: Vec<String> = items
                .iter()
                .map(|item| {
                    let done = item.done.map_or("", |done| if done { "x " } else { "o " });
                    format!("{done}{}", shape(&item.elements))
                })
                .collect();
            format!(
                "list{}[{}]",
                start.map_or(String::new(), |start| start.to_string()),
                items.join(" | ")
            )
        }
        Kind::Table { header, rows } => {
            let row = |cells: &Vec<Cell>| {
                cells
                    .iter()
                    .map(|cell| words(cell))
                    .collect::<Vec<_>>()
                    .join(",")
            };
            let rows: Vec<String> = std::iter::once(header).chain(rows).map(row).collect();
            format!("table[{}]", rows.join(" | "))
        }
        Kind::Quote(elements) => format!("quote[{}]", shape(elements)),
        Kind::Rule => "rule".to_owned(),
        Kind::Admonition {
            word,
            title,
            elements,
        } => {
            format!("{word:?}({})[{}]", words(title), shape(elements))
        }
        Kind::Details { summary, elements } => {
            format!("details({})[{}]", words(summary), shape(elements))
        }
        Kind::RequiredTime { minutes } => format!("time({minutes:?})"),
        Kind::Code { block, step } => format!(
            "code{}({})",
            step.map_or(String::new(), |n| n.to_string()),
            block.lines.join("/")
        ),
    }
}

fn words(inlines: &[Inline]) -> String {
    inlines
        .iter()
        .map(|inline| match inline {
            Inline::Text(text) => text.clone(),
            Inline::Code(text) => format!("`{text}`"),
            Inline::Emphasis(inside) => format!("_{}_", words(inside)),
            Inline::Strong(inside) => format!("*{}*", words(inside)),
            Inline::Struck(inside) => format!("~{}~", words(inside)),
            Inline::Link { target, text } => format!("{{{}→{target}}}", words(text)),
            Inline::Image { target, alt } => format!("img{{{alt}→{target}}}"),
            Inline::Button { label, target } => format!("button{{{label}→{target}}}"),
            Inline::SoftBreak => "␣".to_owned(),
            Inline::HardBreak => "⏎".to_owned(),
        })
        .collect()
}

#[track_caller]
fn check(source: &str, expected: &str) {
    assert_eq!(shape(&document(source).elements), expected, "{source}");
}

#[test]
fn markdown_is_read_as_everywhere() {
    check("# A *b*\n\nc `d`\ne\n\n---\n", "h1(A _b_) p(c `d`␣e) rule");
    check(
        "- a\n- b\n  1. c\n  2. d\n",
        "list[p(a) | p(b) list1[p(c) | p(d)]]",
    );
    check("- [x] a\n- [ ] b\n", "list[x p(a) | o p(b)]");
    check(
        "| a | b |\n|---|---|\n| `c` | [d](e) |\n",
        "table[a,b | `c`,{d→e}]",
    );
    check("> a\n>\n> - b\n", "quote[p(a) list[p(b)]]");
    check(
        "![a cat](cat.png) ~~no~~  \nb <https://x.y>",
        "p(img{a cat→cat.png} ~no~⏎b {https://x.y→https://x.y})",
    );
    check(
        "## T {#anchor}\n\n    no code in MDX\n",
        "h2(T) p(no code in MDX)",
    );
}

#[test]
fn admonitions_have_a_word_a_title_and_what_stands_in_them() {
    check(
        ":::warning[What `a` keeps]\nb\n:::\nc\n",
        "Warning(What `a` keeps)[p(b)] p(c)",
    );
    check(":::tip\n\na\n\n- b\n\n:::\n", "Tip()[p(a) list[p(b)]]");
    check(":::note Old title\na\n:::\n", "Note(Old title)[p(a)]");
    check(
        "::::info\n:::danger[x]{#y}\na\n:::\nb\n::::\n",
        "Info()[Danger(x)[p(a)] p(b)]",
    );
    check(":::important\na\n", "Other(\"important\")()[p(a)]");
    check(
        "- a\n\n  :::caution\n  b\n  :::\n\n- c\n",
        "list[p(a) Caution()[p(b)] | p(c)]",
    );
    check("> :::note\n> a\n> :::\n", "quote[Note()[p(a)]]");
    check(":::note\n```bash\n$ a\n```\n:::\n", "Note()[code1($ a)]");
    check("a\n:::\nb", "p(a) p(b)");
}

#[test]
fn details_have_a_summary() {
    check(
        "<details>\n<summary>a **b**</summary>\nc\n</details>\nd",
        "details(a *b*)[p(c)] p(d)",
    );
    check(
        "<details><summary>a</summary>\n```bash\n$ b\n```\n</details>\n",
        "details(a)[code1($ b)]",
    );
    check(
        "<details>\n  <summary>\n    a\n  </summary>\n\n    b\n</details>\n",
        "details(a)[p(b)]",
    );
    check(
        "- <details>\n  <summary>a</summary>\n  b\n  </details>\n- c\n",
        "list[details(a)[p(b)] | p(c)]",
    );
}

#[test]
fn tags_become_what_they_mean_and_keep_what_they_hold() {
    check(
        "Go <ConsoleButton url=\"u\" service=\"eks\" label=\"Open EKS\"/> now",
        "p(Go button{Open EKS→u} now)",
    );
    check(
        "<ConsoleButton\n  url=\"u\"\n  label=\"L\"\n/>\n\nx\n",
        "p(button{L→u}) p(x)",
    );
    check(
        "a<br/>b <b>c</b> <kbd>d</kbd> <a href=\"e\">f</a> <span class=\"g\">h</span>",
        "p(a⏎b *c* `d` {f→e} h)",
    );
    check("<img src=\"s\" alt=\"t\" />", "p(img{t→s})");
    check(
        "<Tabs>\n<TabItem value=\"x\" label=\"Linux\">\na\n</TabItem>\n</Tabs>\n",
        "p(*Linux*) p(a)",
    );
    check("<div>\ntext\n</div>\n", "p(text)");
    check(
        "a <none> b `<none>`\n\n<cluster-name> c\n\n2 < 3 <4>",
        "p(a <none> b `<none>`) p(<cluster-name> c) p(2 < 3 <4>)",
    );
    check(
        "import Tabs from '@theme/Tabs';\nexport const a = 1;\n\nimport it from there.\n",
        "p(import it from there.)",
    );
    check("a {/* b */}c <!-- d\n\ne -->\nf", "p(a c) p(f)");
}

#[test]
fn the_required_time_is_told_where_the_page_tells_it() {
    check("::required-time\n", "time(None)");
    check(
        "::required-time{estimatedLabExecutionTimeMinutes=\"30\"}\n",
        "time(Some(30))",
    );
    check("::youtube[A film]{id=x}\n\na ::b c", "p(A film) p(a ::b c)");
}

#[test]
fn characters_that_marks_are_made_of_stay_themselves() {
    check(
        "a\u{f0000}<br/>\u{f0001}`\u{f0000}`",
        "p(a\u{f0000}⏎\u{f0001}`\u{f0000}`)",
    );
}

#[test]
fn elements_know_their_lines_in_the_page() {
    let source = "---\ntitle: t\n---\n\n# h\n\n:::note[x]\na\nb\n:::\n\n<Card\n  a=\"b\">\nc\n</Card>\n\n```bash\n$ d\n```\n";
    let lines: Vec<_> = document(source)
        .elements
        .into_iter()
        .map(|element| element.lines)
        .collect();
    assert_eq!(lines, [5..6, 7..11, 14..15, 17..20]);
}

#[test]
fn sections_leave_nothing_between_steps() {
    let source = "intro\n\n## A\n\na\n\n### A.1\n\n```bash\n$ 1\n```\n\nafter 1\n\n### Why\n\nwhy\n\n## B\n\n### B.1\n\n```bash id=two\n$ 2\n```\n\nleads to 3\n\n```bash\n$ 3\n```\n\n## End\n\nend\n";
    let document = document(source);
    let section = |number| {
        let lines = document.section(number).unwrap();
        shape(&within(&document.elements, &lines))
    };
    assert_eq!(
        shape(&within(&document.elements, &document.introduction())),
        "p(intro)"
    );
    assert_eq!(
        section(1),
        "h2(A) p(a) h3(A.1) code1($ 1) p(after 1) h3(Why) p(why)"
    );
    assert_eq!(section(2), "h2(B) h3(B.1) code2($ 2)");
    assert_eq!(section(3), "p(leads to 3) code3($ 3) h2(End) p(end)");
    assert_eq!(document.section(4), None);
    assert_eq!(document.section_of(13), Some(1));
    assert_eq!(document.section_of(1), None);
    assert_eq!(document.steps()[1].id.as_deref(), Some("two"));
}

#[test]
fn a_section_in_a_container_keeps_its_frame() {
    let document = document("1. a\n   ```bash\n   $ 1\n   ```\n2. b\n   ```bash\n   $ 2\n   ```\n");
    let section = |number| {
        shape(&within(
            &document.elements,
            &document.section(number).unwrap(),
        ))
    };
    assert_eq!(section(2), "list2[p(b) code2($ 2)]");
}

/// Pieces of which pages are made that get in each other's way.
const PIECES: [&str; 52] = [
    "word\n",
    "another word\n",
    "\n",
    "\n\n",
    "# Heading\n",
    "### Deep {#x}\n",
    "- ",
    "1. ",
    "> ",
    "  ",
    "    ",
    "\t",
    "```bash\n",
    "```\n",
    "~~~\n",
    "$ command\n",
    "output\n",
    "`code",
    "`",
    "**",
    "_",
    "~~",
    "[link](target) ",
    "![alt](src) ",
    ":::note[Title]\n",
    ":::tip\n",
    ":::\n",
    "::::\n",
    "::required-time\n",
    "::leaf[label]\n",
    "<details>\n",
    "</details>\n",
    "<details><summary>",
    "<summary>",
    "</summary>\n",
    "<ConsoleButton url=\"u\" label=\"open\"/>",
    "<ConsoleButton\n  url=\"u\"\n",
    "/>\n",
    "<Tabs>\n",
    "<TabItem label=\"tab\">",
    "</TabItem>\n",
    "</Tabs>\n",
    "<br/>",
    "<none> ",
    "<a href=\"x\">",
    "</a>",
    "| a | b |\n|---|---|\n| c | d |\n",
    "|",
    "<!--",
    "-->",
    "import x from 'y'\n",
    "\\",
];

#[test]
fn whatever_the_page_its_blocks_are_those_of_the_plan() {
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..3000 {
        let source: String = (0..random.usize(1..30))
            .map(|_| PIECES[random.usize(..PIECES.len())])
            .collect();
        let (page, _) = crate::lab::parse(Path::new("page.md"), &source);
        let document = document(&source);
        let expected: Vec<usize> = page.blocks.iter().map(|block| block.line).collect();
        assert_eq!(
            lines_of_blocks(&document.elements),
            expected,
            "{round}: {source:?}"
        );
        assert_eq!(
            document.steps().len(),
            page.blocks.iter().filter(|block| block.tested).count()
        );
        let mut parts = within(&document.elements, &document.introduction()).len();
        for step in document.steps() {
            parts += within(&document.elements, &document.section(step.number).unwrap()).len();
        }
        assert!(parts >= document.elements.len(), "{round}: {source:?}");
    }
}
