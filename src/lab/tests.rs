//! Whole pages, in every form that lesson pages take.

use super::*;

fn read(source: &str) -> (Page, Vec<Diagnostic>) {
    parse(Path::new("page.md"), source)
}

/// `expected`: line and text of each command that would run.
#[track_caller]
fn check(source: &str, expected: &[(usize, &str)]) {
    let (page, diagnostics) = read(source);
    let found: Vec<_> = page
        .blocks
        .iter()
        .filter(|block| block.tested)
        .flat_map(|block| &block.commands)
        .map(|command| (command.line, command.text.as_str()))
        .collect();
    assert_eq!(found, expected, "{source}");
    assert_eq!(diagnostics, [], "{source}");
}

#[track_caller]
fn check_diagnostic(source: &str, code: &str, line: usize, under: &str) {
    let (_, diagnostics) = read(source);
    let [one] = diagnostics.as_slice() else {
        panic!("{source}\n{diagnostics:#?}")
    };
    assert_eq!(
        (one.code, one.line, &source[one.span.clone()]),
        (code, line, under),
        "{source}"
    );
}

/// A lesson in all forms of a real one: comments in front matter, directives, JSX in admonitions, elided and
/// marked output, a JSON block inside a note, several commands in a block.
const LESSON: &str = r#"---
title: "A queue that nobody empties"
sidebar_position: 12 # after the basics
chapter: true
someTranslationSourceHash: 0123abcd
---

::required-time

### Background

The team moved its _order_ worker to a new queue on a Friday.

- orders are accepted
- nothing is shipped

### Step 1: Look at the workers

Are there any?

```bash expectError=true timeout=60 hook=look-1 hookTimeout=90
$ kubectl get pods --selector=app=worker
No resources found
```

:::note
There are none.
:::

### Step 2: Ask the queue

```bash
$ qctl describe --name $QUEUE_NAME
```

:::info
The console shows it too:
<ConsoleButton
  url="https://console.example.com/queues?region=us-west-2#q/orders?tab=depth-tab"
  service="queues"
  label="Open the queue"
/>
:::

```bash
$ qctl describe --name $QUEUE_NAME --query 'queue.{Name:name,Depth:depth}'


{
    "queue": {
        "name": "orders", <<<---
        ...
        "state": "STUCK",               <<<---
  --->>>    "message": "no consumer has the right to read"
    }
}
```

### Step 3: Who may read?

#### 3.1. Keep the policy's name

:::info
**Note:** _it is also in `$POLICY_ID`._
:::

```bash
$ POLICY_NAME=$(qctl describe --name $QUEUE_NAME --query 'queue.policy' --output text)
$ echo $POLICY_NAME
```

#### 3.2. Read it

```bash
$ qctl get-policy \
--policy ${POLICY_NAME} \
--output json

{
  "Version": "1",
  ...
}
```

```bash
$ qctl get-policy --policy ${POLICY_ID} | jq -r '.Policy | fromjson'
{
  "Allow": []
}
```

### Step 4: Let the worker read

```bash
$ NEW=$(echo '{"Allow":["arn:'"$ACCOUNT_ID"':worker","read*"],"If":{"Bool":{"own":"true"}}}') && qctl put-policy --policy "$POLICY_ID" --json "$NEW"
```

:::note
It looks like this now:

```json
{
  "Allow": ["$ no command"]
}
```

:::

```bash timeout=120 wait=90
$ qctl update --name "${QUEUE_NAME}" --drain && qctl wait drained --name "${QUEUE_NAME}"
```

### Step 5: Check

```bash timeout=100 wait=10
$ qctl wait --for=condition=empty orders --selector=app.example.com/queue=orders
$ kubectl get pods --selector=app=worker
NAME      READY   AGE
worker-1  1/1     3m9s
```

:::info
That may take a minute.
:::

## Key points

- [Policies](https://docs.example.com/policies.html#read)
"#;

#[test]
fn a_lesson_yields_exactly_its_commands() {
    check(
        LESSON,
        &[
            (22, "kubectl get pods --selector=app=worker"),
            (33, "qctl describe --name $QUEUE_NAME"),
            (
                46,
                "qctl describe --name $QUEUE_NAME --query 'queue.{Name:name,Depth:depth}'",
            ),
            (
                68,
                "POLICY_NAME=$(qctl describe --name $QUEUE_NAME --query 'queue.policy' --output text)",
            ),
            (69, "echo $POLICY_NAME"),
            (
                75,
                "qctl get-policy \\\n--policy ${POLICY_NAME} \\\n--output json",
            ),
            (
                86,
                "qctl get-policy --policy ${POLICY_ID} | jq -r '.Policy | fromjson'",
            ),
            (
                95,
                "NEW=$(echo '{\"Allow\":[\"arn:'\"$ACCOUNT_ID\"':worker\",\"read*\"],\"If\":{\"Bool\":{\"own\":\"true\"}}}') && qctl put-policy --policy \"$POLICY_ID\" --json \"$NEW\"",
            ),
            (
                110,
                "qctl update --name \"${QUEUE_NAME}\" --drain && qctl wait drained --name \"${QUEUE_NAME}\"",
            ),
            (
                116,
                "qctl wait --for=condition=empty orders --selector=app.example.com/queue=orders",
            ),
            (117, "kubectl get pods --selector=app=worker"),
        ],
    );
}

#[test]
fn a_lesson_keeps_its_titles_annotations_and_documented_output() {
    let (page, _) = read(LESSON);
    assert_eq!(
        page.front_matter.title.as_deref(),
        Some("A queue that nobody empties")
    );
    assert_eq!(page.front_matter.weight, Some(12.0));
    assert_eq!(page.blocks.len(), 10);
    let first = &page.blocks[0];
    assert_eq!(
        (first.line, first.heading.as_str()),
        (21, "Step 1: Look at the workers")
    );
    let hook = first.annotations.hook.as_ref().expect("a hook");
    assert_eq!(
        (hook.value.as_str(), hook.at.line, hook.at.column),
        ("look-1", 21, 37)
    );
    assert_eq!(first.commands[0].documented, "No resources found\n");
    assert_eq!(page.blocks[3].heading, "3.1. Keep the policy's name");
    let elided = &page.blocks[2].commands[0].documented;
    assert!(
        elided.starts_with("\n\n{\n    \"queue\": {\n        \"name\": \"orders\", <<<---\n"),
        "{elided}"
    );
    let json = &page.blocks[7];
    assert_eq!(
        (json.language.as_str(), json.tested, &json.skip),
        ("json", false, &None)
    );
}

#[test]
fn fences_count_wherever_they_stand() {
    check("```bash\n$ a\n```", &[(2, "a")]);
    check("~~~bash\n$ a\n~~~\n", &[(2, "a")]);
    check("`````bash\n$ a\n```\n`````\n", &[(2, "a")]);
    check(
        "- item\n  ```bash\n  $ a \\\n    b\n\n  $ c\n  ```\n",
        &[(3, "a \\\n  b"), (6, "c")],
    );
    check(
        "1. item\n\n   ```bash\n   $ cat <<X\n   y\n   X\n   ```\n2. next\n\n   ```bash\n   $ b\n   ```\n",
        &[(4, "cat <<X\ny\nX"), (11, "b")],
    );
    check("- ```bash\n  $ a\n  ```\n", &[(2, "a")]);
    check("-\tx\n\n\t```bash\n\t$ a\n\t```\n", &[(4, "a")]);
    check(
        "- x\n    - y\n\n      ```bash\n      $ a\n      ```\n",
        &[(5, "a")],
    );
    check("> ```bash\n> $ a\n>\n> $ b\n> ```\n", &[(2, "a"), (4, "b")]);
    check(
        ":::note\n\n    ```bash\n    $ a\n      out\n    ```\n\n:::\n",
        &[(4, "a")],
    );
    check(
        ":::tip Title\n```bash\n$ a\n```\n:::\n```bash\n$ b\n```\n",
        &[(3, "a"), (7, "b")],
    );
    check(
        "<details>\n<summary>More</summary>\n```bash\n$ a\n```\n</details>\n",
        &[(4, "a")],
    );
    check(
        "<Tabs>\n  <TabItem value=\"x\" label=\"X\">\n```bash\n$ a\n```\n  </TabItem>\n</Tabs>\n",
        &[(4, "a")],
    );
    check(
        "<Tabs>\n  <TabItem value=\"x\">\n\n    ```bash\n    $ a\n    ```\n\n  </TabItem>\n</Tabs>\n",
        &[(5, "a")],
    );
    check(
        "<ConsoleButton\n  url=\"u\"\n  label=\"l\"\n/>\n```bash\n$ a\n```\n",
        &[(6, "a")],
    );
    check(
        "import X from 'x';\n\n::required-time\n```bash\n$ a\n```\n",
        &[(5, "a")],
    );
    check("<pre>\n```bash\n$ a\n```\n</pre>\n", &[(3, "a")]);
    check("text\n```bash\n$ a\n```\ntext\n", &[(3, "a")]);
}

#[test]
fn line_endings_marks_and_ends_do_no_harm() {
    check(
        "\u{feff}```bash\r\n$ a \\\r\n  b\r\nout\r\n```\r\n",
        &[(2, "a \\\n  b")],
    );
    check(
        "\u{feff}---\r\ntitle: x\r\n---\r\n```bash  timeout=3\r\n$ a\r\n```",
        &[(5, "a")],
    );
    check("```bash bash  timeout=40\n$ a\n```", &[(2, "a")]);
    check("```bash\ttimeout=40\n$ a\n```", &[(2, "a")]);
    check("``` bash\n$ a\n```", &[(2, "a")]);
    check("", &[]);
}

#[test]
fn fences_in_comments_and_in_other_fences_do_not_count() {
    check(
        "<!--\n```bash\n$ a\n```\n-->\n```bash\n$ b\n```\n",
        &[(7, "b")],
    );
    check("{/*\n```bash timeout=x\n$ a\n```\n*/}\n", &[]);
    check("{/* one */}\n```bash\n$ b\n```\n", &[(3, "b")]);
    check("text <!-- x\n\n```bash\n$ a\n```\n-->\n", &[]);
    check("````md\n```bash\n$ a\n```\n````\n", &[]);
    check(
        "write `<!--` first\n\n```bash\n$ echo '<!--' '{/*'\n```\n\nthen -->\n",
        &[(4, "echo '<!--' '{/*'")],
    );
}

#[test]
fn the_nearest_heading_is_the_title() {
    let headings = |source: &str| -> Vec<String> {
        read(source)
            .0
            .blocks
            .into_iter()
            .map(|block| block.heading)
            .collect()
    };
    let fence = "\n```bash\n$ a\n```\n";
    assert_eq!(
        headings(&format!(
            "{fence}# One `x` *y* {{#one}}\n{fence}Two\n---\n{fence}"
        )),
        ["", "One x y", "Two"]
    );
    assert_eq!(headings(&format!("---\ntitle: T\n---\n{fence}")), ["T"]);
}

#[test]
fn what_looks_like_commands_and_does_not_run_is_said() {
    check_diagnostic(
        "```bash\nkubectl get nodes\n```\n",
        "prompt-missing",
        1,
        "```bash",
    );
    check_diagnostic(
        "```bash\n# apt-get update\n```\n",
        "prompt-missing",
        1,
        "```bash",
    );
    check_diagnostic("```bash\n\n```\n", "block-empty", 1, "```bash");
    check_diagnostic("> ```sh\n> $ a\n> ```\n", "language-not-run", 1, "sh");
    check_diagnostic("```console\nls\n```\n", "language-not-run", 1, "console");
    check_diagnostic(
        "```bash{1,2}\n$ a\n```\n",
        "language-not-run",
        1,
        "bash{1,2}",
    );
    check_diagnostic("```Bash\n$ a\n```\n", "language-not-run", 1, "Bash");
    check_diagnostic("```\n$ a\n```\n", "language-not-run", 1, "```");
    check(
        "```\nsome output\n```\n\n```yaml\na: $ b\n```\n\n```sh test=false\n$ a\n```\n",
        &[],
    );
    check("```bash test=false\nnot even ' a command\n```\n", &[]);
}

#[test]
fn every_left_out_block_has_its_reason() {
    let reasons = |source: &str| read(source).0.blocks[0].skip.clone();
    assert_eq!(
        reasons("```bash test=false\n$ a\n```").as_deref(),
        Some("test=false")
    );
    assert_eq!(
        reasons("```bash\na\n```").as_deref(),
        Some("no `$ ` prompt")
    );
    assert_eq!(
        reasons("```sh\n$ a\n```").as_deref(),
        Some("a `sh` fence does not run")
    );
    assert_eq!(reasons("```json\n{}\n```"), None);
}

#[test]
fn mistakes_have_their_place() {
    check_diagnostic(
        "# x\n\n  ```bash timeuot=3\n  $ a\n  ```\n",
        "annotation-unknown",
        3,
        "timeuot",
    );
    check_diagnostic(
        "> ```bash wait=x\n> $ a\n> ```\n",
        "annotation-value",
        1,
        "x",
    );
    check_diagnostic(
        "- ```bash\n  $ true\n  $ echo 'x\n  ```\n",
        "command-unfinished",
        3,
        "$ echo 'x",
    );
    check_diagnostic("text\n```bash\n$ a\n", "fence-unclosed", 2, "```bash");
    check_diagnostic("> ```bash\n> $ a\n\nb\n", "fence-unclosed", 1, "> ```bash");
    check_diagnostic(
        "- x\n  ```bash\n  $ a\n\nb\n",
        "fence-unclosed",
        2,
        "```bash",
    );
    check_diagnostic(
        "a\n<!-- b\n\n```bash\n$ a\n```\n",
        "comment-unclosed",
        2,
        "<!-",
    );
    check_diagnostic(
        "---\ntitle: [\n---\n\n```bash\n$ a\n```\n",
        "front-matter-invalid",
        3,
        "---",
    );
}

/// Everything that pages are made of, on one page.
fn rich_page() -> String {
    let odd = "\n<details>\n<summary>ノード</summary>\n\n```bash  timeuot=5 wait=5m id=x hook=$(id)\r\n$ cat <<'EOF' | f\r\n$ x\r\nEOF\r\n```\n</details>\n> ~~~bash raw=true\n> if true; then echo 'あ'; fi\n> ~~~\n- a\n\n\t```sh\n\t$ b\n\t```\n{/* `` ``` */}<!-- x\n```bash\n-->\n\n    ````bash\n    $ for x in (1 2; do\n    ````\nSetext <b>\n---\n~~~\n$ ${a\n";
    format!("\u{feff}{LESSON}{odd}")
}

#[test]
fn no_cut_of_a_page_makes_the_parser_panic() {
    let page = rich_page();
    let cuts = (0..=page.len()).filter(|at| page.is_char_boundary(*at));
    for at in cuts {
        check_spans(&page[..at]);
        if at % 7 == 0 {
            check_spans(&page[at..]);
        }
    }
}

#[test]
fn no_swap_of_lines_makes_the_parser_panic() {
    let page = rich_page();
    let mut lines: Vec<&str> = page.split_inclusive('\n').collect();
    let mut state = 7_usize;
    for _ in 0..300 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let (one, other) = ((state >> 33) % lines.len(), (state >> 13) % lines.len());
        lines.swap(one, other);
        check_spans(&lines.concat());
    }
}

#[track_caller]
fn check_spans(source: &str) {
    let (page, diagnostics) = read(source);
    let lines: Vec<&str> = source.split('\n').collect();
    for diagnostic in diagnostics {
        let span = diagnostic.span.clone();
        assert!(
            span.start <= span.end && source.get(span).is_some(),
            "{diagnostic:?}"
        );
        assert!((1..=lines.len()).contains(&diagnostic.line) && diagnostic.column >= 1);
    }
    for block in page.blocks {
        let content = block
            .lines
            .iter()
            .enumerate()
            .map(|(index, line)| (block.line + 1 + index, line));
        for (number, line) in content {
            let written = lines[number - 1].trim_end_matches('\r');
            assert!(
                written.ends_with(line.trim_start()),
                "line {number}: {written:?} {line:?}"
            );
        }
        for command in block.commands {
            let first = command.text.lines().next().unwrap_or_default();
            assert!(lines[command.line - 1].contains(first), "{command:?}");
        }
    }
}
