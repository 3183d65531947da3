//! Where commands begin and end, in every form that pages take. A test for each thing that doc runners get
//! wrong, named after it.

use std::path::Path;

use breakfix::diagnostic::Diagnostic;
use breakfix::lab::{self, Block};

use super::properties::check_page;

fn blocks(page: &str) -> (Vec<Block>, Vec<Diagnostic>) {
    let (page, diagnostics) = lab::parse(Path::new("page.md"), page);
    (page.blocks, diagnostics)
}

/// Line and text of each command that would run.
fn commands(page: &str) -> Vec<(usize, String)> {
    let tested = blocks(page).0.into_iter().filter(|block| block.tested);
    tested
        .flat_map(|block| block.commands)
        .map(|command| (command.line, command.text))
        .collect()
}

/// `page` holds exactly these commands, and nothing about it is suspicious.
#[track_caller]
fn check(page: &str, expected: &[(usize, &str)]) {
    let found = commands(page);
    let found: Vec<(usize, &str)> = found
        .iter()
        .map(|(line, text)| (*line, text.as_str()))
        .collect();
    assert_eq!(found, expected, "{page}");
    assert_eq!(blocks(page).1, [], "{page}");
}

/// A page of one block that holds exactly these commands.
#[track_caller]
fn check_block(lines: &str, expected: &[(usize, &str)]) {
    check(&format!("```bash\n{lines}\n```\n"), expected);
}

/// `page` has one diagnostic: of this code, at this line, under this text.
#[track_caller]
fn check_said(page: &str, code: &str, line: usize, under: &str) -> Diagnostic {
    let (_, diagnostics) = blocks(page);
    let [one] = diagnostics.as_slice() else {
        panic!("{page}\n{diagnostics:#?}")
    };
    let found = (one.code, one.line, &page[one.span.clone()]);
    assert_eq!(found, (code, line, under), "{page}");
    one.clone()
}

#[test]
fn a_blank_line_does_not_end_a_block() {
    check_block(
        "$ a\n\nout\n\n\n$ b\n\n$ c",
        &[(2, "a"), (7, "b"), (9, "c")],
    );
}

#[test]
fn a_price_in_the_output_is_no_command() {
    check_block("$ bill\n$5.00 total\n$$\n$HOME", &[(2, "bill")]);
}

#[test]
fn a_prompt_is_indented_with_its_fence() {
    check(
        "1. First\n\n   ```bash\n   $ a\n     $5 out\n   $ b\n   ```\n",
        &[(4, "a"), (6, "b")],
    );
    check("  ```bash\n  $ a\n  ```\n", &[(2, "a")]);
}

#[test]
fn heredocs_of_every_form_and_word_end_at_their_word() {
    for (opening, end) in [
        ("<<EOF", "EOF"),
        ("<< EOF", "EOF"),
        ("<<'EOF'", "EOF"),
        ("<<\"EOF\"", "EOF"),
        ("<<\\EOF", "EOF"),
        ("<<-EOF", "\tEOF"),
        ("<<- 'EOF'", "EOF"),
        ("<<YAML", "YAML"),
        ("<<E-O.F", "E-O.F"),
        ("<<'END OF FILE'", "END OF FILE"),
        ("<<_", "_"),
        ("<<!", "!"),
    ] {
        let command = format!(
            "cat {opening} | kubectl apply -f -\nkind: Pod\n\n$ no: command\nnot EOF x\n{end}"
        );
        check_block(
            &format!("$ {command}\ncreated\n$ next"),
            &[(2, command.as_str()), (9, "next")],
        );
    }
}

#[test]
fn a_heredoc_body_has_blank_lines_its_word_and_dollars() {
    let body = "\n\nEOF \n EOF\nEOFX\nx EOF\n$ dollar\n$(unclosed `quote \" '\n${x\n\\\n```x\n";
    let command = format!("cat <<'EOF' > file\n{body}EOF");
    check_block(&format!("$ {command}"), &[(2, command.as_str())]);
}

#[test]
fn several_heredocs_of_a_command_end_in_their_order() {
    let two = "paste /dev/fd/3 - 3<<A <<B\none\nB\nA\ntwo\nB";
    check_block(&format!("$ {two}\n$ next"), &[(2, two), (8, "next")]);
    // A heredoc in a substitution, whose line goes on behind it.
    let blanks = "X=$(cat <<  'EOF'\none )\nEOF\n)";
    check_block(&format!("$ {blanks}\n$ next"), &[(2, blanks), (6, "next")]);
    let inside = "X=$(cat <<EOF\none )\nEOF\n) && echo \"$X\"";
    check_block(&format!("$ {inside}\n$ next"), &[(2, inside), (6, "next")]);
}

#[test]
fn a_heredoc_at_the_end_of_a_block_ends_there() {
    check(
        "```bash\n$ cat <<EOF\nx\nEOF\n```\n\n```bash\n$ b\n```",
        &[(2, "cat <<EOF\nx\nEOF"), (8, "b")],
    );
    let said = check_said(
        "```bash\n$ a\n$ cat <<EOF\nx\n```\n\n```bash\n$ b\n```",
        "command-unfinished",
        3,
        "$ cat <<EOF",
    );
    assert_eq!(
        said.help.as_deref(),
        Some("bash waits for the heredoc's end `EOF`")
    );
}

#[test]
fn quotes_go_over_lines() {
    check_block(
        "$ echo 'one\n\n$ two' \"three\n> four\"\nout\n$ b",
        &[(2, "echo 'one\n\n$ two' \"three\n> four\""), (7, "b")],
    );
    check_block(
        "$ echo \"{\n  \\\"a\\\": \\\"$(date)\\\"\n}\"\nout",
        &[(2, "echo \"{\n  \\\"a\\\": \\\"$(date)\\\"\n}\"")],
    );
    check_block("$ echo $'it\\'s\ntwo'\nout", &[(2, "echo $'it\\'s\ntwo'")]);
}

#[test]
fn an_operator_at_a_lines_end_goes_on() {
    for operator in ["|", "&&", "||", "|&", "| # why", "&& # it's", "\\"] {
        let command = format!("a {operator}\n  b");
        check_block(
            &format!("$ {command}\nout\n$ c"),
            &[(2, command.as_str()), (5, "c")],
        );
    }
}

#[test]
fn loops_functions_and_other_compound_commands_go_on_to_their_end() {
    for command in [
        "for x in 1 2; do\n  echo $x\ndone",
        "for ((i = 0; i < 3; i++)); do\n  echo $i\ndone",
        "for x in 1\ndo\n\n  echo $x\ndone | sort",
        "while read -r line; do\n  echo \"$line\"\ndone < <(seq 3)",
        "until kubectl get pods; do sleep 1\ndone",
        "if true; then\n  a\nelif false; then b\nelse\n  c\nfi",
        "case $x in\n  a | b) one ;;\n  *)\n    two\n    ;;\nesac",
        "f() {\n  echo \"${1:-none}\"\n}",
        "f ()\n{\n  a\n}",
        "function g {\n  a\n}",
        "{\n  a\n  b\n} > file",
        "(\n  cd x\n  a\n)",
        "x=(\n  one\n  two\n)",
        "x=$(\n  a |\n    b\n)",
        "x=`a\nb`",
        "[[ -f x &&\n  -f y ]]",
        "select x in a b; do\n  echo\ndone",
        "a &&\n  {\n    b\n  }",
        "! a |\n  b",
        "time a |\n  b",
    ] {
        let next = 2 + command.lines().count() + 1;
        check_block(
            &format!("$ {command}\nout\n$ next"),
            &[(2, command), (next, "next")],
        );
    }
}

#[test]
fn a_backslash_with_a_blank_behind_it_goes_on_nowhere_and_is_said() {
    check_said(
        "```bash\n$ aws eks \\ \n    list-clusters\n```\n",
        "continuation-blank",
        2,
        "$ aws eks \\",
    );
}

#[test]
fn a_comment_ends_with_its_line() {
    check_block(
        "$ a # it's \"here\" \\\nout\n$ # alone\n$ b#c",
        &[(2, "a # it's \"here\" \\"), (4, "# alone"), (5, "b#c")],
    );
}

#[test]
fn a_block_may_end_in_an_ampersand_or_a_semicolon() {
    check_block("$ server &\n$ a;", &[(2, "server &"), (3, "a;")]);
    check_block("$ a & b &", &[(2, "a & b &")]);
}

#[test]
fn fences_count_in_lists_quotes_tabs_details_and_under_admonitions() {
    let one = |page: &str, line| check(page, &[(line, "a")]);
    one("- x\n\n  ```bash\n  $ a\n  ```\n", 4);
    one("* x\n  ```bash\n  $ a\n  ```\n", 3);
    one("1. x\n   - y\n\n     ```bash\n     $ a\n     ```\n", 5);
    one("10) x\n\n    ```bash\n    $ a\n    ```\n", 4);
    one("> ```bash\n> $ a\n> ```\n", 2);
    one("> - x\n>   ```bash\n>   $ a\n>   ```\n", 3);
    one("\t```bash\n\t$ a\n\t```\n", 2);
    one("-\tx\n\n\t```bash\n\t$ a\n\t```\n", 4);
    one(
        "<details>\n<summary>x</summary>\n```bash\n$ a\n```\n</details>\n",
        4,
    );
    one(
        "<details>\n  <summary>x</summary>\n\n  ```bash\n  $ a\n  ```\n\n</details>\n",
        5,
    );
    one(":::note\n\n    ```bash\n    $ a\n    ```\n\n:::\n", 4);
    one(":::tip[Title]\n```bash\n$ a\n```\n:::\n", 3);
    one("- x\n\n      ```bash\n      $ a\n      ```\n", 4);
    one(":::caution\n- x\n  ```bash\n  $ a\n  ```\n:::\n", 4);
    one(
        "<Tabs>\n<TabItem value=\"x\">\n```bash\n$ a\n```\n</TabItem>\n</Tabs>\n",
        4,
    );
}

#[test]
fn fences_are_made_of_tildes_or_of_more_marks() {
    check("~~~bash\n$ a\n~~~\n", &[(2, "a")]);
    check("~~~bash\n$ a\n```\n$ b\n~~~\n", &[(2, "a"), (4, "b")]);
    check("`````bash\n$ a\n```\n`````\n\ntext\n", &[(2, "a")]);
    check("````\n```bash\n$ a\n```\n````\n", &[]);
    check(
        "```bash\n$ a\n`````\n\n```bash\n$ b\n```\n",
        &[(2, "a"), (6, "b")],
    );
}

#[test]
fn line_ends_of_windows_a_mark_and_a_missing_last_newline_do_no_harm() {
    check(
        "\u{feff}---\r\ntitle: x\r\n---\r\n```bash timeout=5\r\n$ a \\\r\n  b\r\n$ cat <<X\r\ny\r\nX\r\n```",
        &[(5, "a \\\n  b"), (7, "cat <<X\ny\nX")],
    );
    check("```bash\n$ a\n```", &[(2, "a")]);
    check(
        "```bash\r\n$ a\r\n\r\n$ b\r\n```\r\n",
        &[(2, "a"), (4, "b")],
    );
}

#[test]
fn fences_of_other_shells_and_root_prompts_do_not_run_but_are_said() {
    for language in ["sh", "shell", "console", "terminal", "shell-session", "zsh"] {
        let page = format!("```{language}\n$ a\n```\n");
        check_said(&page, "language-not-run", 1, language);
    }
    check_said(
        "```bash{1,2}\n$ a\n```\n",
        "language-not-run",
        1,
        "bash{1,2}",
    );
    check_said(
        "```bash,ignore\n$ a\n```\n",
        "language-not-run",
        1,
        "bash,ignore",
    );
    check_said("```\n$ a\n```\n", "language-not-run", 1, "```");
    check_said(
        "```bash\n# apt-get update\n```\n",
        "prompt-missing",
        1,
        "```bash",
    );
    check_said(
        "```bash\n# apt-get update\n$ a\n```\n",
        "text-before-prompt",
        2,
        "# apt-get update",
    );
    for language in ["yaml", "json", "text", "python", "diff"] {
        check(&format!("```{language}\na: $ b\n```\n"), &[]);
    }
    let skipped = blocks("```sh\n$ a\n```\n").0.remove(0).skip;
    assert_eq!(skipped.as_deref(), Some("a `sh` fence does not run"));
}

#[test]
fn values_have_their_obvious_meaning_or_are_errors_and_never_silence() {
    for (info, under) in [
        ("timeout=abc", "abc"),
        ("timeout=-5", "-5"),
        ("timeout=1.9", "1.9"),
        ("timeout=", "timeout="),
        ("wait=abc", "abc"),
        ("wait=10,timeout=5", "10,timeout=5"),
        ("test=no", "no"),
        ("raw=1", "1"),
        ("expectError=maybe", "maybe"),
        ("hook=a=b=c", "a=b=c"),
        ("hook=", "hook="),
        ("timeout", "timeout"),
    ] {
        let page = format!("```bash {info}\n$ a\n```\n");
        check_said(&page, "annotation-value", 1, under);
    }
    for (info, under) in [
        ("a=b=c", "a"),
        ("notest", "notest"),
        ("timeuot=5", "timeuot"),
    ] {
        let page = format!("```bash {info}\n$ a\n```\n");
        check_said(&page, "annotation-unknown", 1, under);
    }
    check_said(
        "```bash timeout=5 timeout=6\n$ a\n```\n",
        "annotation-duplicate",
        1,
        "timeout=6",
    );
    let timeout = |info: &str| {
        let (blocks, diagnostics) = blocks(&format!("```bash{info}\n$ a\n```\n"));
        assert_eq!(diagnostics, [], "{info}");
        let timeout = blocks[0].annotations.timeout.clone();
        timeout.map(|timeout| timeout.value.as_secs())
    };
    for info in [
        " timeout=5m",
        "\ttimeout=300",
        " wait=1\ttimeout=300s",
        " timeout=\"300\"",
    ] {
        assert_eq!(timeout(info), Some(300), "{info}");
    }
    check("```bash test=\"false\"\n$ a\n```\n", &[]);
}

#[test]
fn a_page_without_front_matter_is_a_page() {
    check("# Title\n\n```bash\n$ a\n```\n", &[(4, "a")]);
    check("\n---\n\n```bash\n$ a\n```\n", &[(5, "a")]);
}

#[test]
fn bad_front_matter_is_one_diagnostic_that_names_the_file() {
    for (front, line) in [
        ("title: [", 3),
        ("title: 'x", 3),
        ("a: b: c", 2),
        ("- a", 2),
    ] {
        let page = format!("---\n{front}\n---\n\n```bash\n$ a\n```\n");
        let (_, diagnostics) = blocks(&page);
        let found: Vec<_> = diagnostics
            .iter()
            .map(|one| (one.code, one.path.to_str(), one.line))
            .collect();
        assert_eq!(
            found,
            [("front-matter-invalid", Some("page.md"), line)],
            "{front}"
        );
        assert_eq!(commands(&page).len(), 1, "{front}");
    }
}

#[test]
fn a_numeric_title_is_a_title() {
    let (page, diagnostics) = lab::parse(Path::new("page.md"), "---\ntitle: 2024\n---\n");
    assert_eq!(
        (page.front_matter.title.as_deref(), diagnostics.len()),
        (Some("2024"), 0)
    );
}

/// Every prompt of a tested block is the start of a command or inside one: nothing is lost.
#[test]
fn concatenated_commands_account_for_every_prompt() {
    let page = include_str!("../../../content/troubleshooting/missing-worker-nodes.md");
    check_page(page);
    check_page("```bash\n$ a\n$ cat <<X\n$ b\nX\n$\n$ \n$ for x in 1; do\n$ y\ndone\n```\n");
}
