//! The annotation grammar: what may stand behind the language of a `bash` fence.
//!
//! ```text
//! info        = language { blank } { word blank { blank } }         blank = space | TAB, any number
//! word        = annotation | decoration | the language once more ("bash bash timeout=40")
//! annotation  = name "=" value | name "=" '"' value '"'             each name at most once
//!
//! test        = "true" | "false"                  run this block                          default true
//! timeout     = duration, more than 0             limit for the whole block               default 120
//! hook        = name                              tests/hook-NAME.sh around the block     default none
//! hookTimeout = duration, more than 0             limit for each call of the hook         default 300
//! wait        = duration                          let it pass after the hooks             default 0
//! expectError = "true" | "false" | "must"         a failure is fine / is not / is wanted  default false
//! raw         = "true" | "false"                  the block is the script, no prompts     default false
//! retries     = 0 … 100                           try a failed block again                default 0
//! id          = name that begins with a letter    the step's stable name                  default its number
//!
//! duration    = digits [ "s" | "m" | "h" ]        whole seconds without a unit, at most 24 h
//! name        = letter-or-digit { letter-or-digit | "." | "_" | "-" }
//! decoration  = "{…}" | 'title="…"' | "showLineNumbers"             the web page's own, no meaning here
//! ```
//!
//! Anything else is an error with a place; nothing is passed over in silence.

mod known;
mod value;

use std::ops::Range;
use std::time::Duration;

use self::known::names;
pub use self::known::{KNOWN, Known, known};
use self::value::BadValue;
pub(super) use self::value::is_name;
use super::text::PageText;
use crate::diagnostic::{Diagnostic, Location, Severity, nearest};

/// What a fence asks for; `None` where it does not say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Annotations {
    pub test: Option<Setting<bool>>,
    pub timeout: Option<Setting<Duration>>,
    pub hook: Option<Setting<String>>,
    pub hook_timeout: Option<Setting<Duration>>,
    pub wait: Option<Setting<Duration>>,
    pub expect_error: Option<Setting<ExpectError>>,
    pub raw: Option<Setting<bool>>,
    pub retries: Option<Setting<u32>>,
    pub id: Option<Setting<String>>,
}

/// A value and the place of its `name=value` (or `name: value`) in the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    pub value: T,
    pub at: Location,
}

/// What a failing command means to its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectError {
    No,
    /// A failing command is fine, and so is a passing one.
    May,
    /// The block must fail.
    Must,
}

/// Reads the annotations at `span` of the page: the info string behind its first word `language`.
pub(super) fn parse(
    page: &PageText<'_>,
    language: &str,
    span: Range<usize>,
) -> (Annotations, Vec<Diagnostic>) {
    let mut reader = Reader {
        page,
        annotations: Annotations::default(),
        seen: Vec::new(),
        diagnostics: vec![],
    };
    for word in words(page.slice(span.clone()), span.start) {
        let text = page.slice(word.clone());
        if text != language && !is_decoration(text) {
            reader.annotation(text, word);
        }
    }
    (reader.annotations, reader.diagnostics)
}

/// Splits at blanks that stand neither in double quotes nor in braces.
pub(super) fn words(text: &str, offset: usize) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    let (mut quoted, mut braced) = (false, false);
    for (index, character) in text.char_indices() {
        let separates = matches!(character, ' ' | '\t' | '\r') && !quoted && !braced;
        match (start, separates) {
            (None, false) => start = Some(index),
            (Some(first), true) => {
                words.push(offset + first..offset + index);
                start = None;
            }
            _ => {}
        }
        match character {
            '"' => quoted = !quoted,
            '{' if start == Some(index) => braced = true,
            '}' => braced = false,
            _ => {}
        }
    }
    words.extend(start.map(|first| offset + first..offset + text.trim_end().len()));
    words
}

fn is_decoration(word: &str) -> bool {
    (word.starts_with('{') && word.ends_with('}'))
        || (word.starts_with("title=\"") && word.ends_with('"'))
        || word == "showLineNumbers"
        || word.starts_with("showLineNumbers=")
}

struct Reader<'a> {
    page: &'a PageText<'a>,
    annotations: Annotations,
    seen: Vec<String>,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn annotation(&mut self, word: &str, span: Range<usize>) {
        let Some((name, value)) = word.split_once('=') else {
            return self.bare_word(word, span);
        };
        if known(name).is_none() {
            let name_span = span.start..span.start + name.len();
            return self.unknown(name, name_span, &format!("{name}="));
        }
        if self.seen.iter().any(|seen| seen == name) {
            let message = format!("`{name}` stands twice on this fence");
            return self.error(
                "annotation-duplicate",
                span,
                message,
                Some("keep one of them".into()),
            );
        }
        self.seen.push(name.to_owned());
        let value_span = span.start + name.len() + 1..span.end;
        let at = self.page.locate(span.clone());
        if let Err(bad) = self.set(name, value::unquoted(value), at) {
            let message = format!("`{name}` cannot be `{value}`: expected {}", bad.expected);
            let help = bad
                .instead
                .map(|instead| format!("did you mean `{name}={instead}`?"));
            let at = if value_span.is_empty() {
                span
            } else {
                value_span
            };
            self.error("annotation-value", at, message, help);
        }
    }

    fn set(&mut self, name: &str, text: &str, at: Location) -> Result<(), BadValue> {
        let all = &mut self.annotations;
        match name {
            "test" => {
                all.test = Some(Setting {
                    value: value::truth(text)?,
                    at,
                })
            }
            "timeout" => {
                all.timeout = Some(Setting {
                    value: value::limit(text)?,
                    at,
                })
            }
            "hook" => {
                all.hook = Some(Setting {
                    value: value::script_name(text)?,
                    at,
                })
            }
            "hookTimeout" => {
                all.hook_timeout = Some(Setting {
                    value: value::limit(text)?,
                    at,
                })
            }
            "wait" => {
                all.wait = Some(Setting {
                    value: value::duration(text)?,
                    at,
                })
            }
            "expectError" => {
                all.expect_error = Some(Setting {
                    value: value::expectation(text)?,
                    at,
                })
            }
            "raw" => {
                all.raw = Some(Setting {
                    value: value::truth(text)?,
                    at,
                })
            }
            "retries" => {
                all.retries = Some(Setting {
                    value: value::retries(text)?,
                    at,
                })
            }
            _ => {
                all.id = Some(Setting {
                    value: value::step_name(text)?,
                    at,
                })
            }
        }
        Ok(())
    }

    fn bare_word(&mut self, word: &str, span: Range<usize>) {
        if known(word).is_some() {
            let message = format!("`{word}` has no value");
            let help = format!("write `{word}=…`, without blanks around the `=`");
            return self.error("annotation-value", span, message, Some(help));
        }
        self.unknown(word, span, word);
    }

    fn unknown(&mut self, name: &str, span: Range<usize>, shown: &str) {
        let help = match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "known annotations: {}",
                names().collect::<Vec<_>>().join(", ")
            ),
        };
        let shown = shown.trim_end_matches('=');
        self.error(
            "annotation-unknown",
            span,
            format!("unknown annotation `{shown}`"),
            Some(help),
        );
    }

    fn error(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: String,
        help: Option<String>,
    ) {
        let mut diagnostic = self.page.diagnostic(Severity::Error, code, span, message);
        diagnostic.help = help;
        self.diagnostics.push(diagnostic);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    pub(super) fn read(info: &str) -> (Annotations, Vec<Diagnostic>) {
        let page = PageText::new(Path::new("page.md"), info);
        parse(&page, "bash", 0..info.len())
    }

    #[track_caller]
    fn good(info: &str) -> Annotations {
        let (annotations, diagnostics) = read(info);
        assert_eq!(diagnostics, [], "{info:?}");
        annotations
    }

    #[track_caller]
    fn bad(info: &str, code: &str, under: &str, message: &str, help: &str) {
        let (_, diagnostics) = read(info);
        let [one] = diagnostics.as_slice() else {
            panic!("{info:?}: {diagnostics:?}")
        };
        let found = (
            one.code,
            &info[one.span.clone()],
            one.message.as_str(),
            one.help.as_deref(),
        );
        assert_eq!(
            found,
            (
                code,
                under,
                message,
                Some(help).filter(|help| !help.is_empty())
            )
        );
    }

    fn value<T: Clone>(setting: &Option<Setting<T>>) -> Option<T> {
        setting.as_ref().map(|setting| setting.value.clone())
    }

    #[test]
    fn every_annotation_has_its_place() {
        let all = good(
            "test=false timeout=60 hook=fix-1-1 hookTimeout=120 wait=90s expectError=must raw=true retries=2 id=look",
        );
        assert_eq!(value(&all.test), Some(false));
        assert_eq!(value(&all.timeout), Some(Duration::from_secs(60)));
        assert_eq!(value(&all.hook), Some("fix-1-1".to_owned()));
        assert_eq!(value(&all.hook_timeout), Some(Duration::from_secs(120)));
        assert_eq!(value(&all.wait), Some(Duration::from_secs(90)));
        assert_eq!(value(&all.expect_error), Some(ExpectError::Must));
        assert_eq!(value(&all.raw), Some(true));
        assert_eq!(value(&all.retries), Some(2));
        assert_eq!(value(&all.id), Some("look".to_owned()));
        assert_eq!(good(""), Annotations::default());
    }

    #[test]
    fn blanks_tabs_quotes_and_a_doubled_language_do_no_harm() {
        for info in [
            "  timeout=40",
            "\ttimeout=40\t",
            "bash timeout=40",
            "timeout=\"40\"  ",
            "timeout=40\r",
        ] {
            assert_eq!(
                value(&good(info).timeout),
                Some(Duration::from_secs(40)),
                "{info:?}"
            );
        }
        assert_eq!(
            value(&good("expectError=true").expect_error),
            Some(ExpectError::May)
        );
        assert_eq!(
            value(&good("timeout=5m").timeout),
            Some(Duration::from_secs(300))
        );
        assert_eq!(value(&good("wait=0").wait), Some(Duration::ZERO));
    }

    #[test]
    fn what_only_the_web_page_needs_is_passed_over() {
        let all = good("title=\"one two.sh\" {1, 3-5} showLineNumbers timeout=3");
        assert_eq!(value(&all.timeout), Some(Duration::from_secs(3)));
    }

    #[test]
    fn unknown_names_are_errors_with_the_nearest_known_one() {
        bad(
            "timeuot=60",
            "annotation-unknown",
            "timeuot",
            "unknown annotation `timeuot`",
            "did you mean `timeout`?",
        );
        bad(
            "hooktimeout=60",
            "annotation-unknown",
            "hooktimeout",
            "unknown annotation `hooktimeout`",
            "did you mean `hookTimeout`?",
        );
        bad(
            "expecterror",
            "annotation-unknown",
            "expecterror",
            "unknown annotation `expecterror`",
            "did you mean `expectError`?",
        );
        bad(
            "nonsense",
            "annotation-unknown",
            "nonsense",
            "unknown annotation `nonsense`",
            "known annotations: test, timeout, hook, hookTimeout, wait, expectError, raw, retries, id",
        );
    }

    #[test]
    fn bad_values_are_errors_with_what_was_expected() {
        const SECONDS: &str = "expected seconds, such as 90, 90s or 5m";
        let timeout = |value: &str, help: &str| {
            let message = format!("`timeout` cannot be `{value}`: {SECONDS}");
            bad(
                &format!("timeout={value}"),
                "annotation-value",
                value,
                &message,
                help,
            );
        };
        timeout("abc", "");
        timeout("-5", "did you mean `timeout=5`?");
        timeout("1.9", "");
        timeout("90sec", "did you mean `timeout=90s`?");
        timeout("5min", "did you mean `timeout=5m`?");
        timeout("60,wait=10", "did you mean `timeout=60`?");
        timeout("a=b", "");
        bad(
            "timeout=0",
            "annotation-value",
            "0",
            "`timeout` cannot be `0`: expected a limit of more than 0 seconds",
            "",
        );
        bad(
            "wait=99999999999999999999",
            "annotation-value",
            "99999999999999999999",
            "`wait` cannot be `99999999999999999999`: expected at most 24 hours",
            "",
        );
        bad(
            "timeout=",
            "annotation-value",
            "timeout=",
            &format!("`timeout` cannot be ``: {SECONDS}"),
            "",
        );
        bad(
            "test=no",
            "annotation-value",
            "no",
            "`test` cannot be `no`: expected true or false",
            "did you mean `test=false`?",
        );
        bad(
            "test=False",
            "annotation-value",
            "False",
            "`test` cannot be `False`: expected true or false",
            "did you mean `test=false`?",
        );
        bad(
            "expectError=maybe",
            "annotation-value",
            "maybe",
            "`expectError` cannot be `maybe`: expected true, false or must",
            "",
        );
        bad(
            "retries=-1",
            "annotation-value",
            "-1",
            "`retries` cannot be `-1`: expected a number from 0 to 100",
            "",
        );
    }

    #[test]
    fn a_hook_is_a_name_and_never_shell_or_a_path() {
        const EXPECTED: &str = "expected a name of letters, digits, `.`, `_` and `-`";
        for value in ["$(id)", "../x", "a/b", ".hidden", ";"] {
            let message = format!("`hook` cannot be `{value}`: {EXPECTED}");
            bad(
                &format!("hook={value}"),
                "annotation-value",
                value,
                &message,
                "",
            );
        }
        let message = format!("`hook` cannot be `tests/hook-one.sh`: {EXPECTED}");
        bad(
            "hook=tests/hook-one.sh",
            "annotation-value",
            "tests/hook-one.sh",
            &message,
            "did you mean `hook=one`?",
        );
    }

    #[test]
    fn an_annotation_stands_once_and_with_a_value() {
        bad(
            "wait=1 timeout=3 wait=2",
            "annotation-duplicate",
            "wait=2",
            "`wait` stands twice on this fence",
            "keep one of them",
        );
        bad(
            "raw",
            "annotation-value",
            "raw",
            "`raw` has no value",
            "write `raw=…`, without blanks around the `=`",
        );
        bad(
            "id=7",
            "annotation-value",
            "7",
            "`id` cannot be `7`: expected a name that begins with a letter and has only letters, digits, `.`, `_` and `-`",
            "",
        );
    }
}
