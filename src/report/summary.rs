//! The page of a CI job: Markdown with a table of the labs and what went wrong in each.

use std::fmt::Write;

use super::Counts;
use super::finding::{self, Finding, Level};
use super::text::{duration_text, short_line};
use crate::outcome::{Exit, LabOutcome, RunOutcome};

/// GitHub drops a job's summary that is longer than 1 MiB, and other steps may add to it.
const MOST_BYTES: usize = 512 * 1024;
/// Bytes of evidence below one finding.
const EVIDENCE_BYTES: usize = 8 * 1024;

/// The document, ending with a newline. What no longer fits is counted.
pub fn render(outcome: &RunOutcome) -> String {
    let mut text = String::new();
    let counts = Counts::of(outcome).words();
    let time = duration_text(outcome.duration);
    let mark = mark(outcome.exit());
    let _ = writeln!(text, "## {mark} breakfix: {} — {time}\n", escaped(&counts));
    let rows = outcome.labs.iter().map(|lab| row(lab, outcome.allow_flaky));
    text.push_str("| Lab | Result | Passed | Failed | Skipped | Checks | Time |\n");
    text.push_str("|---|---|---:|---:|---:|---:|---:|\n");
    append(&mut text, rows, "labs");
    let of_run = finding::of_run(outcome);
    append(&mut text, of_run.iter().map(section), "findings");
    let findings = outcome.labs.iter().flat_map(|lab| {
        let found = finding::of_lab(lab, EVIDENCE_BYTES).into_iter();
        found.filter(|finding| finding.level != Level::Notice)
    });
    append(
        &mut text,
        findings.map(|finding| section(&finding)),
        "findings",
    );
    text
}

/// Adds what fits.
fn append(text: &mut String, pieces: impl Iterator<Item = String>, what: &str) {
    let mut left_out = 0;
    for piece in pieces {
        if left_out == 0 && text.len() + piece.len() <= MOST_BYTES {
            text.push_str(&piece);
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        let _ = writeln!(text, "\n… and {left_out} more {what}\n");
    }
}

fn row(lab: &LabOutcome, allow_flaky: bool) -> String {
    let counts = Counts::of_lab(lab);
    let exit = lab.exit(allow_flaky);
    let checks = match counts.checks {
        0 => String::new(),
        all => format!("{} of {all}", counts.checks_met),
    };
    format!(
        "| {} | {} {} | {} | {} | {} | {checks} | {} |\n",
        escaped(&short_line(&lab.lab)),
        mark(exit),
        word(exit),
        counts.passed + counts.flaky,
        counts.failed + counts.timed_out + counts.interrupted,
        counts.all_skipped(),
        duration_text(lab.duration),
    )
}

fn mark(exit: Exit) -> &'static str {
    match exit {
        Exit::Met => "✅",
        Exit::Failed | Exit::Leftovers | Exit::Usage | Exit::Content => "❌",
        Exit::CannotTell => "❔",
        Exit::NotYet => "⏳",
        Exit::Interrupted => "⏹️",
    }
}

fn word(exit: Exit) -> &'static str {
    match exit {
        Exit::Met => "passed",
        Exit::Failed | Exit::Usage | Exit::Content => "failed",
        Exit::Leftovers => "left something over",
        Exit::CannotTell => "cannot tell",
        Exit::NotYet => "not yet",
        Exit::Interrupted => "interrupted",
    }
}

fn section(finding: &Finding<'_>) -> String {
    let mark = match finding.level {
        Level::Error => "❌",
        Level::Warning => "⚠️",
        Level::Notice => "ℹ️",
    };
    let mut text = format!("\n**{mark} {}**", escaped(&finding.title));
    if let Some((page, line)) = finding.place {
        let page = short_line(&page.to_string_lossy());
        let _ = write!(text, " ({}:{line})", escaped(&page));
    }
    let _ = writeln!(text, "  \n{}", escaped(&finding.reason));
    if !finding.evidence.is_empty() {
        let fence = fence(&finding.evidence);
        let _ = writeln!(text, "\n{fence}text\n{}\n{fence}", finding.evidence);
    }
    text
}

/// A fence that nothing in the text can close.
fn fence(text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max();
    "`".repeat(longest.unwrap_or_default().max(2) + 1)
}

/// Text in which nothing is Markdown or HTML. At its beginning `=` or `-` would make a heading of the line above.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        let begins_line = at == 0 && "=-+".contains(letter);
        if begins_line || "\\`*_[]<>&|~#$@".contains(letter) {
            let _ = write!(escaped, "&#{};", letter as u32);
        } else {
            escaped.push(letter);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::tests::full_run;
    use super::*;

    #[test]
    fn no_text_is_markup() {
        let check = |text: &str, expected: &str| assert_eq!(escaped(text), expected);
        check("a=b - *c*", "a=b - &#42;c&#42;");
        check("=", "&#61;");
        check("--", "&#45;-");
    }

    #[test]
    fn a_table_of_labs_comes_before_what_went_wrong() {
        let expected = "\
## ❌ breakfix: 1 passed, 1 failed, 2 skipped (1: an earlier step failed; 1: test=false) — 1 of 2 checks met — 1.50 s

| Lab | Result | Passed | Failed | Skipped | Checks | Time |
|---|---|---:|---:|---:|---:|---:|
| lab/page.md | ❌ left something over | 1 | 1 | 2 | 1 of 2 | 1.40 s |

**⚠️ step 1: Look at it, 1** (lab/page.md:10)  
expectError=true, but nothing failed

**❌ step 2: Look at it, 2** (lab/page.md:41)  
lab/page.md:41: exit code 254

```text
$ aws eks nope
no\u{fffd} such
```

**❌ condition node**  
node is fine: not met

```text
expected: 1 ready node
observed: none
because: the key's policy shuts Auto Scaling out
```

**❌ lab/page.md: left over**  
1 resource is still there

```text
key 1234
```
";
        assert_eq!(render(&full_run()), expected);
    }

    #[test]
    fn nothing_printed_becomes_markdown() {
        assert_eq!(escaped("a|b <b>*"), "a&#124;b &#60;b&#62;&#42;");
        assert_eq!(fence("``` and ````` inside"), "``````");
        assert_eq!(fence("plain"), "```");
    }

    #[test]
    fn a_huge_run_stays_within_what_github_takes() {
        let mut outcome = full_run();
        outcome.labs[0].lab = "a lab | with ` and *".repeat(8);
        let lab = outcome.labs[0].clone();
        outcome.labs = vec![lab; 20_000];
        let text = render(&outcome);
        assert!(text.len() < MOST_BYTES + 1024, "{}", text.len());
        assert!(text.contains("more labs") && text.contains("more findings"));
    }
}
