//! Heredocs in the form in which the parser's tokenizer reads them rightly. In a substitution it takes the second
//! blank of `<<  EOF` for the heredoc's word, and an empty word (`<< &`, which bash refuses; `<<''`, which ends at an
//! empty line) sends it round in circles until memory ends.

use std::borrow::Cow;

/// The text with nothing between `<<` and its word, and with `_` for each `<` of a `<<` that no word follows. Lines
/// keep their numbers; where `<<` is no heredoc (in quotes, in arithmetic, in the body of one), all this says
/// nothing about where a command ends.
pub(super) fn tidied(text: &str) -> Cow<'_, str> {
    if !text.contains("<<") {
        return Cow::Borrowed(text);
    }
    let mut tidy = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("<<") {
        tidy.push_str(&rest[..start]);
        let behind = rest[start..].trim_start_matches('<');
        let length = rest.len() - start - behind.len();
        let (dash, behind) = match behind.strip_prefix('-') {
            Some(behind) => ("-", behind),
            None => ("", behind),
        };
        let (joined, word) = without_blanks(behind);
        // `<<<` takes any word.
        let mark = if length != 3 && is_empty(word) {
            "_"
        } else {
            "<"
        };
        tidy.push_str(&"\\\n".repeat(joined));
        tidy.push_str(&mark.repeat(length));
        tidy.push_str(dash);
        rest = word;
    }
    tidy.push_str(rest);
    Cow::Owned(tidy)
}

/// The text behind its leading blanks, and how many lines were joined among them.
fn without_blanks(text: &str) -> (usize, &str) {
    let mut rest = text.trim_start_matches([' ', '\t']);
    let mut joined = 0;
    while let Some(next) = rest.strip_prefix("\\\n") {
        joined += 1;
        rest = next.trim_start_matches([' ', '\t']);
    }
    (joined, rest)
}

/// Whether nothing is left of the word at the start of `text` without its quotes.
fn is_empty(text: &str) -> bool {
    let word = text.split(ends_a_word).next().unwrap_or_default();
    word.trim_matches(['\'', '"', '\\', '$']).is_empty()
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
        assert_eq!(tidied(text), expected);
    }

    #[test]
    fn words_stand_at_their_operator_and_empty_ones_are_none() {
        for text in [
            "cat <<EOF",
            "cat <<-'E F'",
            "cat <<$X",
            "cat <<<\"\"",
            "cat < x <y",
        ] {
            check(text, text);
        }
        check("cat <<  EOF <<-\tX", "cat <<EOF <<-X");
        check("cat << \\\n EOF", "cat \\\n<<EOF");
        check("cat << &", "cat __&");
        check("cat <<-\t\n", "cat __-\n");
        check("cat <<''", "cat __''");
        check("cat <<<<< |", "cat _____|");
        check("echo $((1 << (n))) <<X", "echo $((1 __(n))) <<X");
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
        let blanks = read("x=$(cat <<  EOF\nEOF\n)");
        assert_eq!(blanks, Reading::Complete);
        let open = read("x=$(cat <<-  EOF");
        assert!(matches!(open, Reading::Unfinished(_)), "{open:?}");
        assert_eq!(read("echo $((1 << (2))) \"<< \" '<<'"), Reading::Complete);
    }
}
