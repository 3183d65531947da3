//! Commands that need no parser to be told complete.

/// Words that are no command's name where a command may begin.
const RESERVED: [&str; 17] = [
    "if", "then", "elif", "else", "fi", "for", "while", "until", "select", "do", "done", "case",
    "esac", "in", "function", "time", "coproc",
];

/// Simple commands of plain words, quoted words and `$NAME`s, joined by `|`, `&&` and `||`, on one line or on
/// lines that end with ` \`: complete, whatever they are. Most commands of most pages are such, and reading
/// them for real would be most of the time that a plan takes. Anything that could mean more is not plain.
pub(super) fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or_default();
    let names = |at: usize| byte(at).is_ascii_alphabetic() || byte(at) == b'_';
    let mut quote = None;
    let mut command_start = 0;
    let mut at = 0;
    while at < bytes.len() {
        match (quote, bytes[at]) {
            (Some(open), close) if close == open => quote = None,
            (Some(_), b'\n') => return false,
            (Some(b'\''), _) => {}
            (_, b'$') if names(at + 1) => {}
            (Some(_), b'$' | b'`' | b'\\') => return false,
            (Some(_), _) => {}
            (None, open @ (b'\'' | b'"')) => quote = Some(open),
            (None, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b' ') => {}
            (None, b'_' | b'-' | b'.' | b'/' | b'=' | b':' | b',' | b'@' | b'%' | b'+') => {}
            (None, b'\\') if at > 0 && bytes[at - 1] == b' ' && byte(at + 1) == b'\n' => at += 1,
            (None, b'|' | b'&') => {
                let doubled = byte(at + 1) == bytes[at];
                let joins = doubled || bytes[at] == b'|' && byte(at + 1) != b'&';
                if !joins || !begins_with_a_name(&text[command_start..at]) {
                    return false;
                }
                at += usize::from(doubled);
                command_start = at + 1;
            }
            (None, _) => return false,
        }
        at += 1;
    }
    quote.is_none() && begins_with_a_name(&text[command_start..])
}

fn begins_with_a_name(command: &str) -> bool {
    let first = command
        .split([' ', '\n'])
        .find(|word| !word.is_empty() && *word != "\\");
    first.is_some_and(|first| !RESERVED.contains(&first))
}

#[cfg(test)]
mod tests {
    use super::super::{Reading, read_here};
    use super::*;

    #[test]
    fn what_is_plain_is_complete_for_the_parser_too() {
        let pieces = [
            "a", "if", "time", "X=1", "'it is'", "\"b $c\"", "$N", "'", "\"", "$", "\\", "!",
            "a'b'c", "done", "[[", "{", "=", "-", " ", "|", "||", "&&", "&", "|&", "\\\n", " \\\n",
            "\n", ";", "#",
        ];
        let mut plain = 0;
        for first in pieces {
            for second in pieces {
                for third in pieces {
                    for text in [
                        format!("{first}{second}{third}"),
                        format!("a {first} {second}{third} b"),
                    ] {
                        if is_plain(&text) {
                            plain += 1;
                            // The parser refuses `X=1 if`, which bash takes.
                            let unfinished = matches!(read_here(&text), Reading::Unfinished(_));
                            assert!(!unfinished, "{text}");
                        }
                    }
                }
            }
        }
        assert!(plain > 2_000, "{plain}");
        assert!(is_plain(
            "aws eks list \\\n --query 'a.{b:c} | [0]' | jq -r . && x || y"
        ));
        assert!(!is_plain("") && !is_plain("a\nb") && !is_plain("a | if"));
    }
}
