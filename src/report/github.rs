//! GitHub's workflow commands: a line for each finding, which GitHub shows beside the page's line.

use std::fmt::Write;
use std::path::Path;

use super::Counts;
use super::finding::{self, Finding, Level};
use super::text::{duration_text, one_line};
use crate::outcome::RunOutcome;

/// Bytes of evidence in one annotation: GitHub folds what is longer than a few lines.
const EVIDENCE_BYTES: usize = 2 * 1024;

/// One line for each finding and a notice with the counts at the end, each ending with a newline.
pub fn render(outcome: &RunOutcome) -> String {
    let mut text = String::new();
    for lab in &outcome.labs {
        for finding in finding::of_lab(lab, EVIDENCE_BYTES) {
            command(&mut text, &finding);
        }
    }
    for finding in finding::of_run(outcome) {
        command(&mut text, &finding);
    }
    let words = Counts::of(outcome).words();
    let words = format!("{words} — {}", duration_text(outcome.duration));
    let _ = writeln!(text, "::notice title=breakfix::{}", escaped_data(&words));
    text
}

fn command(text: &mut String, finding: &Finding<'_>) {
    let word = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Notice => "notice",
    };
    let _ = write!(text, "::{word} ");
    if let Some((page, line)) = finding.place {
        let page = file(page);
        let _ = write!(text, "file={page},line={line},");
    }
    let _ = write!(text, "title={}::", escaped_property(&finding.title));
    let mut message = finding.reason.clone();
    if !finding.evidence.is_empty() {
        let _ = write!(message, "\n{}", finding.evidence);
    }
    let _ = writeln!(text, "{}", escaped_data(&message));
}

/// A file as GitHub knows it: from the root of the repository, without `./`.
pub(super) fn file(path: &Path) -> String {
    let path = path.strip_prefix(".").unwrap_or(path);
    escaped_property(&one_line(&path.to_string_lossy()))
}

/// A message: what would end its line or read as an escape is escaped.
pub(super) fn escaped_data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A value among others: what would end it is escaped, too.
pub(super) fn escaped_property(text: &str) -> String {
    escaped_data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{full_run, step};
    use super::*;
    use crate::outcome::{LabOutcome, StepResult};

    #[test]
    fn findings_become_lines_beside_the_page() {
        let expected = "\
::warning file=lab/page.md,line=10,title=step 1%3A Look at it%2C 1::expectError=true, but nothing failed
::error file=lab/page.md,line=41,title=step 2%3A Look at it%2C 2::lab/page.md:41: exit code 254%0A$ aws eks nope%0Ano\u{fffd} such
::error title=condition node::node is fine: not met%0Aexpected: 1 ready node%0Aobserved: none%0Abecause: the key's policy shuts Auto Scaling out
::error title=lab/page.md%3A left over::1 resource is still there%0Akey 1234
::notice title=lab/page.md%3A skipped::2 skipped (1: an earlier step failed; 1: test=false)
::notice title=breakfix::1 passed, 1 failed, 2 skipped (1: an earlier step failed; 1: test=false) — 1 of 2 checks met — 1.50 s
";
        assert_eq!(render(&full_run()), expected);
    }

    #[test]
    fn a_file_is_named_as_the_repository_does() {
        assert_eq!(file(Path::new("./lab/page.md")), "lab/page.md");
        assert_eq!(file(Path::new(".hidden/a,b.md")), ".hidden/a%2Cb.md");
    }

    #[test]
    fn a_flaky_step_is_a_warning() {
        let lab = LabOutcome {
            steps: vec![step(1, StepResult::Flaky { failures: 2 })],
            ..LabOutcome::default()
        };
        let text = render(&RunOutcome {
            labs: vec![lab],
            ..RunOutcome::default()
        });
        assert!(
            text.starts_with("::warning file=lab/page.md,line=10,title=step 1%3A Look at it%2C 1::passed after failing 2 times\n"),
            "{text}"
        );
    }

    #[test]
    fn nothing_can_end_its_line_or_its_value() {
        assert_eq!(
            escaped_property("50%: a,b\r\nc::"),
            "50%25%3A a%2Cb%0D%0Ac%3A%3A"
        );
        assert_eq!(
            escaped_data("50%: a,b\r\n::error::"),
            "50%25: a,b%0D%0A::error::"
        );
    }
}
