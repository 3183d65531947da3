//! What of bash's grammar the parser does not know: `select`, whose grammar is that of `for`; `coproc` before a
//! simple command, which it changes nothing about; and digits before a redirection that are no descriptor's number.

use brush_parser::Token;

/// Words behind which a command begins.
const OPENERS: [&str; 10] = [
    "{", "!", "if", "then", "elif", "else", "while", "until", "do", "time",
];
/// Words that begin a compound command.
const COMPOUNDS: [&str; 8] = ["{", "[[", "if", "for", "while", "until", "case", "select"];

/// The same commands in words that the parser knows.
pub(super) fn known_to_the_parser(mut tokens: Vec<Token>) -> Vec<Token> {
    let mut at = 0;
    while at < tokens.len() {
        let begins = at == 0 || ends_before_a_command(&tokens[at - 1]);
        match word(&tokens, at) {
            Some("select") if begins => {
                if let Token::Word(text, _) = &mut tokens[at] {
                    "for".clone_into(text);
                }
            }
            Some("coproc") if begins && is_simple(&tokens, at + 1) => {
                tokens.remove(at);
            }
            Some(word) if is_number_too_large(word) => {
                // The parser would panic. For the grammar, any other word will do.
                if let Token::Word(text, _) = &mut tokens[at] {
                    "1".clone_into(text);
                }
            }
            _ => {}
        }
        at += 1;
    }
    tokens
}

fn is_number_too_large(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit()) && word.parse::<i32>().is_err()
}

fn ends_before_a_command(token: &Token) -> bool {
    match token {
        Token::Operator(text, _) => !text.contains(['<', '>']),
        Token::Word(text, _) => OPENERS.contains(&text.as_str()),
    }
}

/// Whether a simple command is at `at`: neither a compound one nor a name before one.
fn is_simple(tokens: &[Token], at: usize) -> bool {
    let opens = |at: usize| match tokens.get(at) {
        Some(Token::Operator(text, _)) => text == "(",
        Some(Token::Word(text, _)) => COMPOUNDS.contains(&text.as_str()),
        None => false,
    };
    word(tokens, at).is_some() && !opens(at) && !opens(at + 1)
}

fn word(tokens: &[Token], at: usize) -> Option<&str> {
    match tokens.get(at) {
        Some(Token::Word(text, _)) => Some(text),
        _ => None,
    }
}
