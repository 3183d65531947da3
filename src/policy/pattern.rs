//! Patterns of policies: `*` and `?`, comparison of ARNs part by part, and policy variables.

use super::context::Context;
use super::document::Version;

/// One element of a pattern. A variable's value becomes plain characters, whatever it contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Character(char),
    /// `*`
    AnyRun,
    /// `?`
    AnyOne,
}

/// The tokens of a text in which `*` and `?` are wildcards and nothing else is special.
pub(super) fn wildcards(text: &str) -> Vec<Token> {
    let token = |character| match character {
        '*' => Token::AnyRun,
        '?' => Token::AnyOne,
        other => Token::Character(other),
    };
    text.chars().map(token).collect()
}

/// Whether a text of a document of this version may have policy variables in it.
pub(super) fn has_variables(text: &str, version: Version) -> bool {
    version != Version::V2008 && text.contains("${")
}

/// The tokens of a text whose policy variables are replaced from `context`; documents of 2008 have no
/// variables. `None` when a variable has neither exactly one value nor a default.
pub(super) fn expand(text: &str, version: Version, context: &Context) -> Option<Vec<Token>> {
    if !has_variables(text, version) {
        return Some(wildcards(text));
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some((before, (variable, after))) = rest
        .split_once("${")
        .and_then(|(before, open)| Some((before, open.split_once('}')?)))
    {
        tokens.extend(wildcards(before));
        tokens.extend(substitute(variable, context)?.chars().map(Token::Character));
        rest = after;
    }
    tokens.extend(wildcards(rest));
    Some(tokens)
}

/// The value of what stands between `${` and `}`.
fn substitute<'a>(variable: &'a str, context: &'a Context) -> Option<&'a str> {
    if matches!(variable, "*" | "?" | "$") {
        return Some(variable);
    }
    match variable.split_once(',') {
        None => context.single(variable.trim()),
        Some((key, default)) => {
            let default = default.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            Some(context.single(key.trim()).unwrap_or(default))
        }
    }
}

/// Whether the whole of `text` matches.
pub(super) fn matches(pattern: &[Token], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at_pattern, mut at_text) = (0, 0);
    // After the last `*`: where the pattern goes on, and where in the text it was last tried.
    let mut retry: Option<(usize, usize)> = None;
    while at_text < text.len() {
        match (pattern.get(at_pattern), retry) {
            (Some(Token::AnyRun), _) => {
                at_pattern += 1;
                retry = Some((at_pattern, at_text));
            }
            (Some(token), _)
                if *token == Token::AnyOne || *token == Token::Character(text[at_text]) =>
            {
                at_pattern += 1;
                at_text += 1;
            }
            (_, Some((after_star, tried))) => {
                (at_pattern, at_text) = (after_star, tried + 1);
                retry = Some((after_star, tried + 1));
            }
            (_, None) => return false,
        }
    }
    pattern[at_pattern..]
        .iter()
        .all(|token| *token == Token::AnyRun)
}

/// Whether an ARN matches part by part: a wildcard never reaches across one of the first five colons.
pub(super) fn matches_arn(pattern: &[Token], arn: &str) -> bool {
    let patterns: Vec<&[Token]> = pattern
        .splitn(6, |token| *token == Token::Character(':'))
        .collect();
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    patterns.len() == 6
        && parts.len() == 6
        && patterns
            .iter()
            .zip(parts)
            .all(|(pattern, part)| matches(pattern, part))
}

/// Whether a resource matches a `Resource` pattern: a bare `*` is everything, all else is compared as an ARN.
pub(super) fn matches_resource(pattern: &[Token], arn: &str) -> bool {
    pattern == [Token::AnyRun] || matches_arn(pattern, arn)
}

/// Whether an action matches an `Action` pattern; actions compare without regard to case.
pub(super) fn matches_action(pattern: &str, action: &str) -> bool {
    pattern == "*"
        || matches(
            &wildcards(&pattern.to_ascii_lowercase()),
            &action.to_ascii_lowercase(),
        )
}

/// The text of a pattern whose wildcards are plain characters, for operators that know none.
pub(super) fn plain(pattern: &[Token]) -> String {
    let character = |token: &Token| match token {
        Token::Character(character) => *character,
        Token::AnyRun => '*',
        Token::AnyOne => '?',
    };
    pattern.iter().map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(
            matches(&wildcards(pattern), text),
            expected,
            "{pattern} on {text}"
        );
    }

    #[test]
    fn wildcards_match_the_whole_text() {
        for (pattern, text) in [
            ("*", ""),
            ("a*c", "abbc"),
            ("a*c", "ac"),
            ("*b*", "abc"),
            ("a?c", "aéc"),
            ("**", "x"),
            ("*ab", "aab"),
        ] {
            check(pattern, text, true);
        }
        for (pattern, text) in [
            ("", "a"),
            ("a", ""),
            ("a?", "a"),
            ("a*c", "acd"),
            ("?", ""),
            ("A", "a"),
            ("a ", "a"),
        ] {
            check(pattern, text, false);
        }
    }

    #[test]
    fn arns_are_compared_part_by_part() {
        let role = "arn:aws:iam::111122223333:role/path/Builder";
        for pattern in [
            "arn:aws:iam::111122223333:role/*",
            "arn:*:*:*:*:*",
            "arn:aws:iam::1111*:*Builder",
            role,
        ] {
            assert!(matches_arn(&wildcards(pattern), role), "{pattern}");
        }
        for pattern in [
            "*",
            "arn:*",
            "arn:aws:*:role/path/Builder",
            "arn:aws:iam::*/Builder",
            "arn:aws:iam::111122223333",
        ] {
            assert!(!matches_arn(&wildcards(pattern), role), "{pattern}");
        }
        assert!(!matches_arn(&wildcards("arn:*:*:*:*:*"), "not-an-arn"));
    }

    #[test]
    fn variables_are_replaced_only_in_documents_of_2012() {
        let context = Context::new().with("aws:username", "sam*");
        let text =
            |version| expand("a-${aws:UserName}-?", version, &context).map(|tokens| plain(&tokens));
        assert_eq!(text(Version::V2012).as_deref(), Some("a-sam*-?"));
        assert_eq!(text(Version::V2008).as_deref(), Some("a-${aws:UserName}-?"));
    }

    #[test]
    fn the_value_of_a_variable_is_no_pattern() {
        let context = Context::new().with("aws:username", "*");
        let tokens = expand("${aws:username}", Version::V2012, &context).expect("resolves");
        assert!(matches(&tokens, "*") && !matches(&tokens, "x"));
    }

    #[test]
    fn escapes_stand_for_themselves_and_defaults_for_missing_keys() {
        let context = Context::new().with_all("many", ["a", "b"]);
        let text = |text| expand(text, Version::V2012, &context).map(|tokens| plain(&tokens));
        assert_eq!(text("${*}${?}${$}").as_deref(), Some("*?$"));
        assert_eq!(
            expand("${*}", Version::V2012, &context),
            Some(vec![Token::Character('*')])
        );
        assert_eq!(text("${missing, 'x y'}").as_deref(), Some("x y"));
        assert_eq!(text("${many, 'x'}").as_deref(), Some("x"));
        assert_eq!(text("${missing}"), None);
        assert_eq!(text("${missing, x}"), None);
        assert_eq!(text("open ${end").as_deref(), Some("open ${end"));
    }
}
