//! The catalogue of rules: each has a code, a severity and an explanation.

use crate::diagnostic::Severity;

/// A kind of mistake or doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Stable name.
    pub code: &'static str,
    /// Unless the configuration says otherwise.
    pub severity: Severity,
    /// Markdown: the code as a heading, a sentence, why, and what fails and passes.
    pub explanation: &'static str,
}

macro_rules! rule {
    ($severity:ident, $code:literal) => {
        Rule {
            code: $code,
            severity: Severity::$severity,
            explanation: include_str!(concat!("rules/", $code, ".md")),
        }
    };
}

/// All rules, sorted by code.
pub const RULES: &[Rule] = &[
    rule!(Error, "annotation-duplicate"),
    rule!(Error, "annotation-unknown"),
    rule!(Error, "annotation-value"),
    rule!(Warning, "async-without-wait"),
    rule!(Warning, "block-empty"),
    rule!(Warning, "check-without-hint"),
    rule!(Warning, "cluster-name-literal"),
    rule!(Warning, "command-empty"),
    rule!(Warning, "command-endless"),
    rule!(Warning, "command-interactive"),
    rule!(Warning, "command-syntax"),
    rule!(Error, "command-too-complex"),
    rule!(Error, "command-unfinished"),
    rule!(Warning, "command-without-prompt"),
    rule!(Error, "comment-unclosed"),
    rule!(Warning, "condition-without-wrong-fix"),
    rule!(Warning, "continuation-blank"),
    rule!(Error, "directory-unreadable"),
    rule!(Error, "fence-unclosed"),
    rule!(Error, "front-matter-invalid"),
    rule!(Error, "front-matter-unclosed"),
    rule!(Warning, "generated-name"),
    rule!(Error, "hook-missing"),
    rule!(Warning, "hook-unreferenced"),
    rule!(Error, "id-duplicate"),
    rule!(Error, "index-duplicate"),
    rule!(Warning, "language-not-run"),
    rule!(Warning, "link-anchor"),
    rule!(Warning, "link-target"),
    rule!(Error, "page-unreadable"),
    rule!(Warning, "prompt-in-command"),
    rule!(Warning, "prompt-in-raw"),
    rule!(Warning, "prompt-indented"),
    rule!(Warning, "prompt-missing"),
    rule!(Warning, "prompt-without-blank"),
    rule!(Error, "scenario-check-unknown"),
    rule!(Error, "scenario-conflict"),
    rule!(Error, "scenario-directory"),
    rule!(Error, "scenario-file-missing"),
    rule!(Error, "scenario-finding-unknown"),
    rule!(Error, "scenario-fix"),
    rule!(Error, "scenario-id-twice"),
    rule!(Error, "scenario-invalid"),
    rule!(Error, "scenario-name-early"),
    rule!(Error, "scenario-name-unknown"),
    rule!(Error, "scenario-unknown"),
    rule!(Warning, "scenario-unreferenced"),
    rule!(Error, "scenario-value-unknown"),
    rule!(Error, "scenario-variant-name"),
    rule!(Error, "scenario-variant-unknown"),
    rule!(Error, "script-syntax"),
    rule!(Warning, "second-terminal"),
    rule!(Warning, "suppression-reason"),
    rule!(Warning, "suppression-unknown"),
    rule!(Note, "suppression-unused"),
    rule!(Warning, "text-before-prompt"),
    rule!(Note, "timeout-shorter-than-command"),
    rule!(Warning, "translation-annotations"),
    rule!(Warning, "translation-commands"),
    rule!(Warning, "translation-orphan"),
    rule!(Warning, "translation-stale"),
    rule!(Warning, "url-unpinned"),
    rule!(Warning, "variable-unexported"),
    rule!(Warning, "variable-unset"),
    rule!(Note, "wait-fixed"),
];

/// The rule of this code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    let at = RULES.binary_search_by(|rule| rule.code.cmp(code)).ok()?;
    RULES.get(at)
}

/// A rule's own severity.
pub(super) fn severity(code: &str) -> Severity {
    rule(code).map_or(Severity::Warning, |rule| rule.severity)
}

impl Rule {
    /// What it is about, in a sentence.
    pub fn summary(&self) -> &'static str {
        self.explanation
            .lines()
            .find(|line| !line.is_empty() && !line.starts_with('#'))
            .unwrap_or_default()
    }

    /// Whether `lint --fix` can mend it, sometimes or always.
    pub fn is_fixable(&self) -> bool {
        self.explanation.contains("`lint --fix`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_sorted_and_explain_themselves() {
        assert!(RULES.is_sorted_by(|one, other| one.code < other.code));
        for rule in RULES {
            let heading = format!("# {}\n", rule.code);
            assert!(rule.explanation.starts_with(&heading), "{}", rule.code);
            assert!(
                rule.summary().ends_with('.'),
                "{}: {}",
                rule.code,
                rule.summary()
            );
        }
    }
}
