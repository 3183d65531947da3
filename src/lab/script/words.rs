//! What a word of bash expands to: its text without quotes, and the variables and commands in it.

use std::iter::Peekable;
use std::str::CharIndices;

use super::builtins::is_variable;

/// A word without its quotes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Argument {
    /// Expansions stay as they are written.
    pub text: String,
    /// Whether nothing in it is expanded: neither a variable nor a command.
    pub is_literal: bool,
    /// Whether single quotes hold a `$` back that was meant for somebody else.
    pub is_quoted: bool,
}

/// What bash puts into a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expansion {
    /// The value of a variable that has to be there.
    Use(String),
    /// `${X:=value}` sets what is not there.
    Default(String),
    /// `$(…)`, `<(…)` or backquotes: what is run.
    Substitution(String),
}

/// A word as bash hands it on, with its expansions left as they are written.
pub fn unquoted(word: &str) -> Argument {
    let mut argument = Argument {
        is_literal: true,
        ..Argument::default()
    };
    let mut characters = word.char_indices().peekable();
    let mut in_double = false;
    while let Some((at, character)) = characters.next() {
        match character {
            '\'' if !in_double => {
                for (_, quoted) in characters.by_ref() {
                    if quoted == '\'' {
                        break;
                    }
                    argument.is_quoted |= quoted == '$';
                    argument.text.push(quoted);
                }
            }
            '"' => in_double = !in_double,
            '\\' => match characters.next() {
                Some((_, '\n')) | None => {}
                Some((_, escaped)) => {
                    if in_double && !matches!(escaped, '$' | '`' | '"' | '\\') {
                        argument.text.push('\\');
                    }
                    argument.text.push(escaped);
                }
            },
            '$' | '`' => {
                let end = end_of_expansion(word, at);
                argument.is_literal &= end == at + 1 && character == '$';
                argument.text.push_str(&word[at..end]);
                while characters.next_if(|(next, _)| *next < end).is_some() {}
            }
            _ => argument.text.push(character),
        }
    }
    argument
}

/// The expansions of a word, or of a heredoc's body, in their order.
pub(super) fn expansions(text: &str, in_heredoc: bool) -> Vec<Expansion> {
    let mut found = Vec::new();
    let mut characters = text.char_indices().peekable();
    let mut in_double = in_heredoc;
    while let Some((at, character)) = characters.next() {
        match character {
            '\'' if !in_double => skip_to(&mut characters, '\''),
            '"' if !in_heredoc => in_double = !in_double,
            '\\' => drop(characters.next()),
            '$' if text[at + 1..].starts_with('\'') && !in_double => {
                characters.next();
                skip_ansi(&mut characters);
            }
            '$' | '`' => {
                let end = end_of_expansion(text, at);
                expansion(&text[at..end], &mut found);
                while characters.next_if(|(next, _)| *next < end).is_some() {}
            }
            _ => {}
        }
    }
    found
}

fn skip_to(characters: &mut Peekable<CharIndices<'_>>, end: char) {
    characters.by_ref().any(|(_, character)| character == end);
}

fn skip_ansi(characters: &mut Peekable<CharIndices<'_>>) {
    while let Some((_, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            '\'' => return,
            _ => {}
        }
    }
}

/// Behind the expansion that begins at `start` with `$` or a backquote; a `$` that begins none ends behind itself.
fn end_of_expansion(text: &str, start: usize) -> usize {
    let rest = &text[start + 1..];
    if text[start..].starts_with('`') {
        return closing(text, start + 1, |rest| rest.starts_with('`').then_some(1));
    }
    match rest.as_bytes().first() {
        Some(b'(') => matching(text, start + 1, '(', ')'),
        Some(b'{') => matching(text, start + 1, '{', '}'),
        Some(byte) if byte.is_ascii_alphabetic() || *byte == b'_' => {
            let length = rest
                .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
                .unwrap_or(rest.len());
            start + 1 + length
        }
        Some(b'?' | b'!' | b'#' | b'@' | b'*' | b'$' | b'-' | b'0'..=b'9') => start + 2,
        _ => start + 1,
    }
}

/// Behind the bracket that closes the one at `start`, quotes and brackets inside left alone; the end where none does.
fn matching(text: &str, start: usize, open: char, close: char) -> usize {
    let mut depth = 0_usize;
    let mut quote: Option<char> = None;
    let mut characters = text[start..].char_indices();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => drop(characters.next()),
            (None, '\'' | '"') => quote = Some(character),
            // Inside of double quotes brackets count all the same: `"$(a "$(b)")"`.
            (_, character) if character == open => depth += 1,
            (_, character) if character == close => {
                depth -= 1;
                if depth == 0 {
                    return start + at + close.len_utf8();
                }
            }
            _ => {}
        }
    }
    text.len()
}

fn closing(text: &str, start: usize, ends: impl Fn(&str) -> Option<usize>) -> usize {
    let mut characters = text[start..].char_indices();
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if let Some(length) = ends(&text[start + at..]) {
            return start + at + length;
        }
    }
    text.len()
}

fn expansion(text: &str, found: &mut Vec<Expansion>) {
    if let Some(inside) = text.strip_prefix('`') {
        let inside = inside.strip_suffix('`').unwrap_or(inside);
        found.push(Expansion::Substitution(inside.replace("\\`", "`")));
    } else if text.starts_with("$((") && text.ends_with("))") {
        found.extend(substitutions_in(&text[3..text.len() - 2]));
    } else if let Some(inside) = text.strip_prefix("$(") {
        let inside = inside.strip_suffix(')').unwrap_or(inside);
        found.push(Expansion::Substitution(inside.to_owned()));
    } else if let Some(inside) = text.strip_prefix("${") {
        parameter(inside.strip_suffix('}').unwrap_or(inside), found);
    } else if is_variable(&text[1..]) {
        found.push(Expansion::Use(text[1..].to_owned()));
    }
}

/// In arithmetic a variable that is not there counts as 0; only what is run matters.
fn substitutions_in(text: &str) -> impl Iterator<Item = Expansion> {
    let all = expansions(text, true).into_iter();
    all.filter(|expansion| matches!(expansion, Expansion::Substitution(_)))
}

/// The inside of `${…}`.
fn parameter(text: &str, found: &mut Vec<Expansion>) {
    // `${#X}` is X's length, `${!X}` the value of what X names.
    let plain = text.strip_prefix(['#', '!']).unwrap_or(text);
    let length = plain
        .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .unwrap_or(plain.len());
    let (name, rest) = plain.split_at(length);
    if !is_variable(name) {
        return;
    }
    let rest = match rest.strip_prefix('[') {
        Some(index) => index.split_once(']').map_or("", |(_, behind)| behind),
        None => rest,
    };
    let operator = rest.trim_start_matches(':');
    match operator.as_bytes().first() {
        Some(b'=') => found.push(Expansion::Default(name.to_owned())),
        // With a default; `${!X*}` are names.
        Some(b'-' | b'+') => {}
        Some(b'*' | b'@') if text.starts_with('!') => {}
        _ => found.push(Expansion::Use(name.to_owned())),
    }
    found.extend(expansions(rest, true));
}

/// The variables that an arithmetic expression sets: before `=` and around `++` and `--`.
pub(super) fn names_set_in_arithmetic(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let word_and_rest = &rest[start..];
        let length = word_and_rest
            .find(|character| !is_part(character))
            .unwrap_or(word_and_rest.len());
        let (word, behind) = word_and_rest.split_at(length);
        let operator = behind.trim_start();
        let assigns = operator.starts_with('=') && !operator.starts_with("==");
        let combined = operator
            .get(1..2)
            .is_some_and(|second| second == "=" && operator.starts_with(['+', '-', '*', '/', '%']));
        let before = rest[..start].trim_end();
        let steps = |text: &str| text.starts_with("++") || text.starts_with("--");
        let stepped = steps(operator) || before.ends_with("++") || before.ends_with("--");
        if is_variable(word) && (assigns || combined || stepped) {
            names.push(word.to_owned());
        }
        rest = behind;
    }
    names
}
