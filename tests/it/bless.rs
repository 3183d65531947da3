//! Documented output is rewritten where it drifted, and nowhere else.

use std::os::unix::fs::PermissionsExt as _;

use std::path::Path;

use breakfix::expect::{self, Blessed, Comparison};
use breakfix::lab::{self, Command, rewrite};

use super::support::{Breakfix, Outcome, breakfix, page};
use super::terminal::Terminal;
use super::verbs::Learner;

/// Blesses pages of shell commands in the call's place.
fn bless(place: &Breakfix, more: &[&str]) -> Outcome {
    let mut all = vec!["bless", ".", "--on", "none"];
    all.extend(more);
    place.call(&all)
}

fn text(place: &Breakfix, name: &str) -> String {
    std::fs::read_to_string(place.work().join(name)).unwrap()
}

/// A page in which everything is there that has to stay.
const PAGE: &str = "\u{feff}---\r\ntitle: Ümlaut\r\n---\r\n\r\n# One\r\n\r\n- item\r\n\r\n  ```bash\r\n  $ printf '%s\\n' first 2 3 last\r\n  first\r\n  ...\r\n  end      <<<---\r\n  $ echo unclaimed\r\n  $ echo i-0fedcba9876543210\r\n  i-0123456789abcdef0\r\n  ```\r\n\r\n> ~~~bash\r\n> $ printf '{\"name\": \"web\", \"x\": 1, \"status\": \"NEW\"}'\r\n> {\r\n>     \"group\": {\r\n>         \"name\": \"web\",\r\n>         ...\r\n>         \"status\": \"OLD\"   <<<---\r\n>     }\r\n> }\r\n> ~~~\r\n\r\nThe end, without a newline";

#[test]
fn only_what_drifted_is_rewritten_and_once_is_enough() {
    let place = breakfix(&[]).file("page.md", PAGE);
    let path = place.work().join("page.md");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();

    let checked = bless(&place, &["--check"]);
    assert_eq!(checked.status, 3, "{}", checked.stderr);
    assert!(
        checked
            .stdout
            .contains("-  end      <<<---\n+  last     <<<---\n"),
        "{}",
        checked.stdout
    );
    assert!(
        checked.stdout.ends_with("1 page, 1 to be blessed\n"),
        "{}",
        checked.stdout
    );
    assert_eq!(text(&place, "page.md"), PAGE);

    let blessed = bless(&place, &[]);
    assert_eq!(blessed.status, 0, "{}", blessed.stderr);
    let expected = PAGE.replace("  end      <<<---", "  last     <<<---").replace(
        ">     \"group\": {\r\n>         \"name\": \"web\",\r\n>         ...\r\n>         \"status\": \"OLD\"   <<<---\r\n>     }\r\n",
        ">     \"name\": \"web\",\r\n>     ...\r\n>     \"status\": \"NEW\"   <<<---\r\n",
    );
    assert_eq!(text(&place, "page.md"), expected);
    assert!(
        blessed.stdout.contains("page.md: 2 outputs rewritten\n"),
        "{}",
        blessed.stdout
    );
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(std::fs::read_dir(place.work()).unwrap().count(), 1);

    let again = bless(&place, &["--check"]);
    assert_eq!(
        (again.status, again.stdout.as_str()),
        (0, "1 page, 1 agree\n")
    );
    assert_eq!(bless(&place, &[]).status, 0);
    assert_eq!(text(&place, "page.md"), expected);
}

#[test]
fn the_diff_applies() {
    let source = page(&[("", "$ seq 3\n1\n3"), ("", "$ echo a\nb")]);
    let place = breakfix(&[]).file("page.md", &source);
    let script = "\"$BREAKFIX\" bless page.md --on none --check > diff; patch --quiet -p0 < diff; \"$BREAKFIX\" bless page.md --on none --check";
    let outcome = place.bash(script);
    assert_eq!(outcome.stdout, "1 page, 1 agree\n", "{}", outcome.stderr);
}

#[test]
fn a_page_whose_step_fails_is_left_and_the_others_are_not() {
    let place = breakfix(&[])
        .file("good.md", &page(&[("", "$ echo a\nb")]))
        .file("bad.md", &page(&[("", "$ echo a\nb"), ("", "$ false")]))
        .file(
            "expected.md",
            &page(&[("expectError=true", "$ ls /nowhere-at-all; false\nold")]),
        );
    let before = text(&place, "bad.md");
    let outcome = bless(&place, &[]);
    assert_eq!(outcome.status, 1);
    assert_eq!(text(&place, "bad.md"), before);
    assert!(text(&place, "good.md").contains("$ echo a\na\n"));
    assert!(
        text(&place, "expected.md").contains("/nowhere-at-all"),
        "{}",
        outcome.stdout
    );
    assert!(!text(&place, "expected.md").contains("old"));
    assert!(
        outcome.stdout.contains("left as it is: step 2 (./bad.md:"),
        "{}",
        outcome.stdout
    );
    assert!(outcome.stderr.contains("$ false"), "{}", outcome.stderr);
}

#[test]
fn only_selected_steps_are_blessed() {
    let source = page(&[("", "$ echo a\nb"), ("", "$ echo c\nd")]);
    let place = breakfix(&[]).file("page.md", &source);
    let outcome = bless(&place, &["--step", "2"]);
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert_eq!(
        text(&place, "page.md"),
        source.replace("echo c\nd", "echo c\nc")
    );
}

#[test]
fn what_a_page_cannot_show_is_refused_with_its_place_and_the_rest_is_written() {
    let source = page(&[(
        "",
        "$ printf '```\\n'\nold\n$ printf '$ x\\n'\nold\n$ echo a\nb",
    )]);
    let place = breakfix(&[]).file("page.md", &source);
    let outcome = bless(&place, &[]);
    assert_eq!(outcome.status, 3);
    let line = |text: &str| 1 + source.lines().position(|line| line.contains(text)).unwrap();
    for (command, why) in [("```\\n", "end the block"), ("$ x\\n", "read as a command")] {
        let place = format!("./page.md:{}: not rewritten: ", line(command));
        let told = outcome.stdout.lines().find(|line| line.starts_with(&place));
        assert!(
            told.is_some_and(|told| told.contains(why)),
            "{}",
            outcome.stdout
        );
    }
    assert!(
        outcome
            .stdout
            .ends_with("1 page, 1 rewritten, 2 outputs refused\n"),
        "{}",
        outcome.stdout
    );
    assert_eq!(
        text(&place, "page.md"),
        source.replace("echo a\nb", "echo a\na")
    );
}

#[test]
fn a_secret_is_never_written() {
    let source = page(&[(
        "",
        "$ export APP_TOKEN=geheim-und-lang\n$ echo a\nb\n$ printf %s \"$APP_TOKEN\" | base64\nold",
    )]);
    let place = breakfix(&[]).file("page.md", &source);
    let outcome = bless(&place, &[]);
    assert_eq!(outcome.status, 3);
    assert_eq!(text(&place, "page.md"), source);
    assert!(
        outcome.stdout.contains("a secret would be written"),
        "{}",
        outcome.stdout
    );
    assert!(!outcome.stdout.contains("Z2VoZWlt"), "{}", outcome.stdout);
}

#[test]
fn a_page_that_changes_meanwhile_is_left() {
    let source = page(&[("", "$ echo a\nb\n$ echo more >> page.md")]);
    let place = breakfix(&[]).file("page.md", &source);
    let outcome = bless(&place, &[]);
    assert_eq!(outcome.status, 4);
    assert_eq!(text(&place, "page.md"), format!("{source}more\n"));
    assert!(
        outcome.stdout.contains("changed while its lab ran"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn programs_get_one_document() {
    let place = breakfix(&[]).file("page.md", &page(&[("", "$ echo a\nb")]));
    let outcome = bless(&place, &["--check", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(document["exit_code"], 3);
    assert_eq!(document["pages"][0]["result"], "would change");
    assert_eq!(document["pages"][0]["changes"][0]["before"][0], "b");
    assert_eq!(document["pages"][0]["changes"][0]["after"][0], "a");
}

#[test]
fn asking_needs_a_terminal() {
    let place = breakfix(&[]).file("page.md", &page(&[("", "$ echo a\nb")]));
    let outcome = bless(&place, &["--interactive"]);
    assert_eq!(outcome.status, 2);
    assert!(
        outcome.stderr.contains("nobody can answer"),
        "{}",
        outcome.stderr
    );
    assert_eq!(bless(&place, &["--interactive", "--check"]).status, 2);
}

#[test]
fn an_author_is_asked_about_each_output() {
    let source = page(&[("", "$ echo a\nb\n$ echo c\nd\n$ echo e\nf\n$ echo g\nh")]);
    let author = Learner {
        home: breakfix(&[]).file("page.md", &source),
    };
    let arguments = ["bless", "page.md", "--on", "none", "--interactive"];
    let mut terminal = Terminal::open(&author, &arguments, &[]);
    for (added, answer) in [
        ("+a", "n"),
        ("+c", "what?"),
        ("q: no more", "y"),
        ("+e", "q"),
    ] {
        terminal.expect(added);
        terminal.enter(answer);
    }
    terminal.expect("1 output rewritten");
    assert!(terminal.child.wait().unwrap().success());
    assert_eq!(
        text(&author.home, "page.md"),
        source.replace("echo c\nd", "echo c\nc")
    );
}

/// What stands before a block's first line and before its others.
const DEPTHS: [(&str, &str); 7] = [
    ("", ""),
    ("- ", "  "),
    ("> ", "> "),
    ("1. > ", "   > "),
    ("> * ", ">   "),
    ("    ", "    "),
    ("  - - ", "      "),
];
const FENCES: [&str; 3] = ["```", "~~~~", "````"];
const COMMANDS: [&str; 4] = ["a", "b \\\n  --c", "cat <<E\n$ no\nE", "x |\n y"];
const LINES: [&str; 22] = [
    "one",
    "two",
    "...",
    "",
    "  deep",
    "a  <<<---",
    "--->>> a",
    "{",
    "}",
    "  \"a\": 1,",
    "  \"b\": []",
    "NAME   STATUS",
    "x      y",
    "```",
    "~~~~",
    "$ x",
    "$",
    "$HOME",
    "> q",
    "- l",
    "\ttab",
    "<b>",
];

fn lines(random: &mut fastrand::Rng, most: usize) -> String {
    let count = random.usize(0..=most);
    let lines = (0..count).map(|_| LINES[random.usize(0..LINES.len())]);
    lines.map(|line| format!("{line}\n")).collect()
}

fn generated(random: &mut fastrand::Rng) -> String {
    let mut page = String::new();
    for _ in 0..random.usize(1..=3) {
        let (first, rest) = random.choice(DEPTHS).unwrap();
        let fence = random.choice(FENCES).unwrap();
        let mut block = format!("{fence}bash timeout=5\n");
        for _ in 0..random.usize(1..=3) {
            block += &format!(
                "$ {}\n{}",
                random.choice(COMMANDS).unwrap(),
                lines(random, 4)
            );
        }
        block += fence;
        let block = block.lines().enumerate().map(|(index, line)| match index {
            0 => format!("{first}{line}\n"),
            _ => format!("{rest}{line}\n"),
        });
        page += &format!("# Heading\n\n{}\n", block.collect::<String>());
    }
    page += "The end";
    let mark = random.choice(["", "\u{feff}"]).unwrap();
    let ending = random.choice(["\n", "\r\n"]).unwrap();
    mark.to_owned() + &page.replace('\n', ending)
}

fn commands(source: &str) -> Vec<Command> {
    let (page, _) = lab::parse(Path::new("page.md"), source);
    page.blocks
        .into_iter()
        .flat_map(|block| block.commands)
        .collect()
}

/// The page without the outputs of these commands.
fn without_outputs(source: &str, commands: &[Command]) -> String {
    let mut lines: Vec<&str> = source.split_inclusive('\n').collect();
    for command in commands.iter().rev() {
        let first = command.line - 1 + command.text.split('\n').count();
        lines.drain(first..first + command.documented.lines().count());
    }
    lines.concat()
}

#[test]
fn whatever_pages_show_and_commands_print_a_blessed_page_says_it_and_keeps_the_rest() {
    let mut random = fastrand::Rng::with_seed(11);
    let (mut written, mut refused) = (0, 0);
    for _ in 0..700 {
        let source = generated(&mut random);
        let before = commands(&source);
        let mut text = source.clone();
        let mut printed: Vec<Option<String>> = vec![None; before.len()];
        for (index, command) in before.iter().enumerate().rev() {
            let real = lines(&mut random, 5);
            if let Blessed::Rewritten(new) = expect::bless(&command.documented, &real) {
                match rewrite::replace(Path::new("page.md"), &text, command, &new) {
                    Ok((replaced, change)) => {
                        assert_eq!(replaced, rewrite::apply(&text, &change));
                        text = replaced;
                        printed[index] = Some(real);
                        written += 1;
                    }
                    Err(refusal) => {
                        assert_eq!(refusal.line, command.line);
                        refused += 1;
                    }
                }
            }
        }
        let after = commands(&text);
        assert_eq!(before.len(), after.len(), "{source}\n--\n{text}");
        for ((old, new), printed) in before.iter().zip(&after).zip(&printed) {
            assert_eq!(old.text, new.text);
            match printed {
                None => assert_eq!(old.documented, new.documented, "{source}\n--\n{text}"),
                Some(real) => assert_eq!(
                    expect::compare(&new.documented, real),
                    Comparison::Match,
                    "{source}\n--\n{text}"
                ),
            }
        }
        let is_whole = |command: &&Command| !command.documented.contains("$");
        if before
            .iter()
            .chain(&after)
            .all(|command| is_whole(&command))
        {
            assert_eq!(
                without_outputs(&source, &before),
                without_outputs(&text, &after)
            );
        }
    }
    assert!(written > 500 && refused > 50, "{written} {refused}");
}
