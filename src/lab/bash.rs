//! Would bash ask for more? Decides where a command ends, by bash's own grammar.
//!
//! `brush-parser` reads the text. What it leaves to its caller is dealt with here: it recurses
//! without a limit of its own, tries some nested constructs twice per level (so that its time doubles
//! with each), takes a backslash before the final newline for a complete command, and knows a heredoc's
//! word only once the line with `<<` has ended.

mod heredocs;
mod keywords;
mod plain;

use brush_parser::{ParseError, ParserOptions, Token, TokenizerError};

/// What bash makes of a text at its `PS1` prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reading {
    Complete,
    /// Bash would print `PS2` and read on.
    Unfinished(Unfinished),
    /// Bash would refuse it, or at least our reading of its grammar does.
    Invalid {
        /// Line within the text, counted from 1, when the parser could tell.
        line: Option<usize>,
        message: String,
    },
    /// Too long or too deeply nested to be read safely.
    TooComplex,
}

/// What keeps a command open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfinished {
    /// For people: "a closing `\"`", "the heredoc's end `EOF`".
    pub awaiting: String,
    /// Text that a line must contain to have any chance of finishing the command.
    /// Lets a long heredoc or loop be passed over without reading it again for each of its lines.
    pub needle: Option<String>,
    /// Whether the lines up to there are text, in which a prompt is no prompt.
    pub in_text: bool,
}

/// Longest text that is read, in bytes.
const LONGEST: usize = 512 * 1024;
/// Openings up to which the caller's own stack is enough, whatever thread that is.
const SHALLOW: usize = 100;
/// Openings up to which a text is read at all.
const DEEPEST: usize = 4_000;
/// Stack that one level of nesting may need, with a margin for unoptimised builds.
const STACK_PER_OPENING: usize = 64 * 1024;
/// Constructs inside each other that the parser tries more than once; its time doubles with each.
const MOST_RETRIED: usize = 12;

/// Reads `text`, which has no final newline unless an empty line belongs to it.
pub(crate) fn read(text: &str) -> Reading {
    if text.len() > LONGEST {
        return Reading::TooComplex;
    }
    if plain::is_plain(text) {
        return Reading::Complete;
    }
    if ends_in_a_continuation(text) {
        return unfinished("a line after the `\\`", None);
    }
    let text = &*heredocs::tidied(text);
    match openings(text) {
        // The parser is not ours: where it panics, the page's other commands are still read.
        count if count <= SHALLOW => {
            std::panic::catch_unwind(|| read_here(text)).unwrap_or(Reading::TooComplex)
        }
        count if count <= DEEPEST => read_on_a_larger_stack(text, count),
        _ => Reading::TooComplex,
    }
}

/// The text's syntax tree; `None` where [`read`] would not call it complete, or where it is nested more deeply than
/// anybody's lesson.
pub(super) fn program(text: &str) -> Option<brush_parser::ast::Program> {
    if text.len() > LONGEST || openings(text) > SHALLOW {
        return None;
    }
    let text = &*heredocs::tidied(text);
    let parse = || {
        let options = ParserOptions::default();
        let tokens =
            brush_parser::uncached_tokenize_str(text, &options.tokenizer_options()).ok()?;
        let tokens = keywords::known_to_the_parser(tokens);
        if nested_retries(&tokens) > MOST_RETRIED {
            return None;
        }
        brush_parser::parse_tokens(&tokens, &options).ok()
    };
    // The parser is not ours: where it panics, there is no tree.
    std::panic::catch_unwind(parse).ok().flatten()
}

/// A `\` before the final newline joins the next line, and where it does not (in single quotes, in
/// a heredoc), something else is open. Only in a comment it means nothing.
fn ends_in_a_continuation(text: &str) -> bool {
    let backslashes = text.bytes().rev().take_while(|byte| *byte == b'\\').count();
    backslashes % 2 == 1 && !text.contains('#')
}

/// The parser recurses per nesting level and would overflow the stack, which ends the process.
fn read_on_a_larger_stack(text: &str, openings: usize) -> Reading {
    let size = openings * STACK_PER_OPENING;
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(size)
            .spawn_scoped(scope, || read_here(text))
            .ok()
            .and_then(|reading| reading.join().ok())
            .unwrap_or(Reading::TooComplex)
    })
}

/// Everything that can open a nested construct, counted without looking at quotes or at what
/// closes it: never less than the true depth.
fn openings(text: &str) -> usize {
    const KEYWORDS: [&str; 11] = [
        "if", "then", "elif", "else", "for", "while", "until", "select", "case", "do", "!",
    ];
    let brackets = text
        .bytes()
        .filter(|byte| matches!(byte, b'(' | b'{' | b'['))
        .count();
    let words = text.split(|c: char| c.is_ascii_whitespace() || ";&|()`\\".contains(c));
    brackets + words.filter(|word| KEYWORDS.contains(word)).count()
}

fn read_here(text: &str) -> Reading {
    let options = ParserOptions::default();
    let tokens = match brush_parser::uncached_tokenize_str(text, &options.tokenizer_options()) {
        Ok(tokens) => keywords::known_to_the_parser(tokens),
        Err(error) => return not_tokenized(text, &error),
    };
    if nested_retries(&tokens) > MOST_RETRIED {
        return Reading::TooComplex;
    }
    match brush_parser::parse_tokens(&tokens, &options) {
        Ok(_) => Reading::Complete,
        Err(ParseError::ParsingAtEndOfInput) => match another_word_is_refused(text, &options) {
            None => Reading::Unfinished(Unfinished {
                awaiting: "the rest of the command".to_owned(),
                needle: last_word(text),
                in_text: false,
            }),
            Some(line) => invalid(line),
        },
        Err(ParseError::ParsingNear(position)) => invalid(position.line),
        Err(ParseError::Tokenizing { inner, .. }) => not_tokenized(text, &inner),
    }
}

/// The word that the compound command at the start of `text` must come to, if there is one.
fn last_word(text: &str) -> Option<String> {
    let first = text.split([' ', '\t', '\n', ';', '(']).next();
    let last = match first {
        Some("for" | "while" | "until" | "select") => "done",
        Some("if") => "fi",
        Some("case") => "esac",
        _ => return None,
    };
    Some(last.to_owned())
}

fn invalid(line: usize) -> Reading {
    Reading::Invalid {
        line: Some(line),
        message: format!("syntax error at its line {line}"),
    }
}

/// The parser blames the end of the input also for a wrong *last* word (`if true; fi`). With one
/// more word behind it, it blames the wrong one; gives its line.
fn another_word_is_refused(text: &str, options: &ParserOptions) -> Option<usize> {
    let longer = format!("{text}\nword");
    let tokens = brush_parser::uncached_tokenize_str(&longer, &options.tokenizer_options()).ok()?;
    let tokens = keywords::known_to_the_parser(tokens);
    match brush_parser::parse_tokens(&tokens, options) {
        Err(ParseError::ParsingNear(position)) if position.line <= text.lines().count() => {
            Some(position.line)
        }
        _ => None,
    }
}

/// How deep parentheses, `case` and `coproc` stand in each other. In a `case`, a `)` may end a
/// pattern, so it closes nothing before `esac`: never less than the true depth.
fn nested_retries(tokens: &[Token]) -> usize {
    let mut open = 0_usize;
    let mut outside_cases = Vec::new();
    let mut deepest = 0;
    for token in tokens {
        match token {
            Token::Operator(text, _) if text == "(" => open += 1,
            Token::Operator(text, _) if text == ")" && outside_cases.is_empty() => {
                open = open.saturating_sub(1);
            }
            Token::Word(text, _) if text == "case" => {
                outside_cases.push(open);
                open += 2;
            }
            Token::Word(text, _) if text == "esac" => open = outside_cases.pop().unwrap_or(open),
            Token::Word(text, _) if text == "coproc" => open += 2,
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

fn not_tokenized(text: &str, error: &TokenizerError) -> Reading {
    match error {
        TokenizerError::UnterminatedHereDocuments(tags, _) if tags.is_empty() => {
            if text.ends_with('\n') {
                return unfinished("a heredoc's end", None);
            }
            read_here(&format!("{text}\n"))
        }
        TokenizerError::UnterminatedHereDocuments(tags, _) => {
            let first = tags.split(", ").next().unwrap_or_default();
            let tag = brush_parser::unquote_str(first);
            unfinished(&format!("the heredoc's end `{tag}`"), Some(tag))
        }
        TokenizerError::UnterminatedSingleQuote(_) | TokenizerError::UnterminatedAnsiCQuote(_) => {
            unfinished("a closing `'`", Some("'".to_owned()))
        }
        TokenizerError::UnterminatedDoubleQuote(_) => {
            unfinished("a closing `\"`", Some("\"".to_owned()))
        }
        TokenizerError::UnterminatedBackquote(_) => {
            unfinished("a closing backquote", Some("`".to_owned()))
        }
        TokenizerError::UnterminatedEscapeSequence => unfinished("a line after the `\\`", None),
        TokenizerError::UnterminatedCommandSubstitution
        | TokenizerError::UnterminatedExpansion
        | TokenizerError::UnterminatedExtendedGlob(_) => unfinished("a closing `)`", None),
        TokenizerError::UnterminatedVariable => unfinished("a closing `}`", None),
        other => Reading::Invalid {
            line: None,
            message: other.to_string(),
        },
    }
}

fn unfinished(awaiting: &str, needle: Option<String>) -> Reading {
    Reading::Unfinished(Unfinished {
        awaiting: awaiting.to_owned(),
        in_text: needle.is_some(),
        needle,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn complete(text: &str) {
        assert_eq!(read(text), Reading::Complete, "{text:?}");
    }

    #[track_caller]
    fn unfinished(text: &str, expected: &str) {
        match read(text) {
            Reading::Unfinished(unfinished) => {
                assert_eq!(unfinished.awaiting, expected, "{text:?}")
            }
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn a_plain_command_is_complete() {
        complete("");
        complete("true");
        complete("sleep 1 &");
        complete("true;");
        complete("echo hi # with a comment \\");
        complete("# only a comment");
        complete("echo 'it'\\''s'");
        complete("echo \"a \\\" b\"");
        complete("aws x --query 'a.{b:c}' | jq -r '.Policy | fromjson'");
        complete("X=$(echo '{\"a\":\"'\"$Y\"'\"}') && echo \"$X\"");
        complete("echo `date` ${X:-y} $((1 + 2)) <(true)");
        complete("a=(1 2 3); shopt -s extglob; ls !(x)");
        complete("echo trailing\\ ");
        complete("[[ -f x && ! -d y ]] || echo no");
    }

    #[test]
    fn a_continuation_is_unfinished_for_the_parser_too() {
        for text in ["a \\", "a 'b \\", "cat <<X\n\\", "a \\\n\\\\\\"] {
            assert!(ends_in_a_continuation(text), "{text}");
            let reading = read_here(text);
            assert!(matches!(reading, Reading::Unfinished(_)), "{text}");
        }
        complete("a # b \\");
        complete("echo \\\\");
    }

    #[test]
    fn numbers_of_any_length_are_read() {
        let long = "9".repeat(40);
        for text in [
            format!("{long}>file"),
            format!("a {long}<<<b"),
            format!("X=~{long} a"),
            format!("X=~-{long} a"),
            format!("X=~+{long}"),
            format!("X=${{{long}}}"),
            format!("X=${long}"),
            format!("a[{long}]=1"),
            format!("echo ~{long} ${{{long}:-x}} {{1..{long}}} $(({long}))"),
            "X=~+ Y=~- a".to_owned(),
        ] {
            assert_eq!(read_here(&text), Reading::Complete, "{text}");
        }
    }

    #[test]
    fn an_open_quote_asks_for_more() {
        unfinished("echo 'a", "a closing `'`");
        unfinished("echo \"a", "a closing `\"`");
        unfinished("echo \"$(ls 'a", "a closing `'`");
        unfinished("echo $'a", "a closing `'`");
        unfinished("echo `date", "a closing backquote");
    }

    #[test]
    fn an_open_expansion_asks_for_more() {
        unfinished("echo $(ls", "a closing `)`");
        unfinished("echo ${X:-", "a closing `}`");
        unfinished("echo $((1 +", "a closing `)`");
    }

    #[test]
    fn a_trailing_operator_asks_for_more() {
        for text in ["ls |", "ls | # why", "true &&", "false ||", "true |&"] {
            unfinished(text, "the rest of the command");
        }
        unfinished("ls \\", "a line after the `\\`");
        unfinished("ls \\\n  -l \\", "a line after the `\\`");
    }

    #[test]
    fn an_open_compound_command_asks_for_more() {
        for text in [
            "if true",
            "if true; then",
            "if true; then echo; else",
            "for x in a b",
            "for x in a b; do\n  echo $x",
            "while read -r line; do",
            "select x in a b; do",
            "true; select x; do echo",
            "until false; do",
            "case $x in",
            "case $x in\n  a) echo;;",
            "f() {",
            "f()",
            "function f {",
            "{ echo",
            "( echo",
            "a=(1",
            "[[ -f x &&",
        ] {
            assert!(
                matches!(read(text), Reading::Unfinished(_)),
                "{text:?}: {:?}",
                read(text)
            );
        }
        complete("f() {\n  if true; then echo; fi\n}");
        complete("case $x in\n  a) echo;;\n  *) exit 1;;\nesac");
        complete("for x in a b; do\n  echo $x\ndone");
        complete("a=(1\n2\n)");
        complete("select x in a b; do\n  echo $x\ndone");
        complete("coproc cat\necho");
        complete("coproc NAME { cat; }");
        complete("echo select coproc");
    }

    #[test]
    fn heredocs_of_all_forms_end_at_their_word() {
        for (opening, word) in [
            ("cat <<EOF", "EOF"),
            ("cat << EOF", "EOF"),
            ("cat <<'YAML'", "YAML"),
            ("cat <<\"END\"", "END"),
            ("cat <<\\END", "END"),
            ("cat <<-X", "X"),
            ("cat <<EOF | kubectl apply -f -", "EOF"),
            ("cat <<EOF > file && echo done", "EOF"),
            ("x=$(cat <<EOF", "EOF"),
        ] {
            let awaiting = format!("the heredoc's end `{word}`");
            unfinished(opening, &awaiting);
            unfinished(&format!("{opening}\n\n$ echo {word}\n{word} "), &awaiting);
            let ended = format!("{opening}\n\n$5 ` ' \" $( {word}\n{word}");
            if opening.contains("$(") {
                unfinished(&ended, "a closing `)`");
            } else {
                complete(&ended);
            }
        }
        complete("cat <<-X\n\ta\n\tX");
        complete("cat <<A <<B\na\nA\nb\nB");
        unfinished("cat <<A <<B\na\nA\nb", "the heredoc's end `B`");
        complete("cat <<< word");
    }

    #[test]
    fn what_bash_would_refuse_is_invalid() {
        for text in [
            "a | | b",
            "echo )",
            "true; ; true",
            "if true; fi",
            "done",
            "fi",
        ] {
            assert!(
                matches!(read(text), Reading::Invalid { .. }),
                "{text:?}: {:?}",
                read(text)
            );
        }
    }

    #[test]
    fn any_nesting_is_read_or_refused_but_never_overflows() {
        for depth in [50, 99, 101, 1_000, 3_999, 4_001, 100_000] {
            for opening in [
                "$(",
                "(",
                "{ ",
                "if ",
                "! ",
                "${a:-",
                "$((",
                "[[ ( ",
                "while ",
                "f() { ",
                "\"$(",
                "x=(",
                "( case x in a) ",
                "case x in a) ",
                "coproc a { ",
                "coproc ",
                "for ((;;)) { ( ",
            ] {
                read(&opening.repeat(depth));
            }
        }
        assert_eq!(read(&"x".repeat(LONGEST + 1)), Reading::TooComplex);
        let nested = format!("echo {}true{}", "$(".repeat(1_000), ")".repeat(1_000));
        assert_eq!(read(&nested), Reading::Complete);
        let groups = format!("{}true{}", "( ".repeat(8), " )".repeat(8));
        assert_eq!(read(&groups), Reading::Complete);
    }
}
