//! Heredocs without a word. Bash refuses `<< &` or ends `<<''` at an empty line; in a substitution, either sends
//! the parser's tokenizer round in circles until memory ends.

use std::borrow::Cow;

/// The text with `_` for each `<` of a `<<` that no word follows. Lengths and lines stay; where `<<` is no heredoc
/// (in quotes, in arithmetic, in the body of one), it says nothing about where a command ends.
pub(super) fn without_wordless(text: &str) -> Cow<'_, str> {
    let mut changed = Cow::Borrowed(text);
    let mut at = 0;
    while let Some(offset) = text[at..].find("<<") {
        let start = at + offset;
        let rest = text[start..].trim_start_matches('<');
        at = text.len() - rest.len();
        let length = at - start;
        // `<<<` takes any word.
        if length != 3 && is_wordless(rest) {
            changed
                .to_mut()
                .replace_range(start..at, &"_".repeat(length));
        }
    }
    changed
}

/// Whether what stands behind `<<` begins with nothing that would be left of a word without its quotes.
fn is_wordless(rest: &str) -> bool {
    let mut rest = rest.strip_prefix('-').unwrap_or(rest);
    loop {
        let trimmed = rest.trim_start_matches(is_blank);
        match trimmed.strip_prefix("\\\n") {
            Some(joined) => rest = joined,
            None => {
                rest = trimmed;
                break;
            }
        }
    }
    let word = rest.split(ends_a_word).next().unwrap_or_default();
    word.trim_matches(['\'', '"', '\\', '$']).is_empty()
}

fn is_blank(character: char) -> bool {
    character != '\n' && character.is_whitespace()
}

fn ends_a_word(character: char) -> bool {
    character.is_whitespace() || "&();|<>".contains(character)
}

#[cfg(test)]
mod tests {
    use super::super::{Reading, read};
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(without_wordless(text), expected);
    }

    #[test]
    fn only_what_has_no_word_is_changed() {
        for text in [
            "cat <<EOF",
            "cat <<- 'E F'",
            "cat << \\\nEOF",
            "cat <<$X",
            "cat <<< \"\"",
            "cat < x <y",
        ] {
            check(text, text);
        }
        check("cat << &", "cat __ &");
        check("cat <<-\t\n", "cat __-\t\n");
        check("cat <<''", "cat __''");
        check("cat <<<<< |", "cat _____ |");
        check("echo $((1 << (n))) <<X", "echo $((1 __ (n))) <<X");
    }

    #[test]
    fn a_heredoc_without_a_word_in_a_substitution_comes_to_an_end() {
        for inside in [
            "\t&)& X <<\t\n",
            " |)& X << \n",
            " \n)\n",
            "\\\n &)& X << \n",
            "- ''&)& X << \n",
            "- &)& X <<\n",
            "\r&)& X << \n",
            "\u{c}&)& X << \n",
            "''&)& X <<''\n",
        ] {
            for behind in ["$ b", "$ b\n["] {
                let reading = read(&format!("$(X <<{inside}{behind}"));
                assert_ne!(reading, Reading::TooComplex, "{inside:?}");
            }
        }
        assert_eq!(read("echo $((1 << (2))) \"<< \" '<<'"), Reading::Complete);
    }
}
