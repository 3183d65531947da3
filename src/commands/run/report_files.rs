//! Where reports go: `--report KIND=PATH`, stdout, the summary of a GitHub job. Everything that
//! could keep a report from being written is found before the run starts.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use super::super::output;
use super::super::target::Target;
use crate::diagnostic::nearest;
use crate::outcome::RunOutcome;
use crate::report::{self, Format};

/// One `--report`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRequest {
    pub format: Format,
    pub to: Destination,
}

/// Where a report is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    Stdout,
    File(PathBuf),
    /// Appended to the file that `$GITHUB_STEP_SUMMARY` names.
    StepSummary,
}

impl ReportRequest {
    /// Reads `KIND=PATH`, where `-` is stdout; `summary` needs no path.
    ///
    /// # Errors
    /// With what is wrong and what to write instead.
    pub fn parse(text: &OsStr) -> Result<ReportRequest, String> {
        let bytes = text.as_bytes();
        let split = bytes.iter().position(|byte| *byte == b'=');
        let (kind, path) = match split {
            Some(at) => (&bytes[..at], &bytes[at + 1..]),
            None => (bytes, &[][..]),
        };
        let kind = String::from_utf8_lossy(kind);
        let format = Format::named(&kind).ok_or_else(|| unknown(&kind))?;
        let to = match path {
            [] if split.is_none() && format == Format::Summary => Destination::StepSummary,
            [] => return Err(format!("needs a path: {kind}=PATH, or {kind}=- for stdout")),
            b"-" | b"/dev/stdout" => Destination::Stdout,
            path => Destination::File(OsStr::from_bytes(path).into()),
        };
        Ok(ReportRequest { format, to })
    }
}

fn unknown(kind: &str) -> String {
    let known = Format::NAMED.map(|(name, _)| name);
    match nearest(kind, known) {
        Some(near) => format!("unknown kind of report `{kind}`: did you mean `{near}`?"),
        None => format!(
            "unknown kind of report `{kind}`: there are {}",
            known.join(", ")
        ),
    }
}

/// All reports of a run, known to be writable.
#[derive(Debug)]
pub(in crate::commands) struct Reports {
    on_stdout: Format,
    /// Another report has taken stdout, and nobody asked for none at all.
    terminal_on_stderr: bool,
    files: Vec<(Format, Target)>,
}

impl Reports {
    /// Looks at every place without writing there. `format` is what the user wants on stdout.
    ///
    /// # Errors
    /// When two reports want the same place, or one cannot be written.
    pub(in crate::commands) fn open(
        requests: &[ReportRequest],
        format: Option<Format>,
    ) -> Result<Reports, String> {
        let on_stdout = on_stdout(requests, format)?;
        let mut files: Vec<(Format, Target)> = Vec::new();
        for request in requests {
            let target = match &request.to {
                Destination::Stdout => continue,
                Destination::File(path) => Target::at(path),
                Destination::StepSummary => Target::step_summary(),
            };
            let target = target.map_err(|why| {
                let name = request.format.name();
                format!("the report --report {name} cannot be written: {why}")
            })?;
            let known = files
                .iter()
                .find(|(_, known)| known.path() == target.path());
            if let Some((format, _)) = known {
                let (one, other) = (format.name(), request.format.name());
                let path = target.path().display();
                return Err(format!("two reports to {path}: {one} and {other}"));
            }
            files.push((request.format, target));
        }
        Ok(Reports {
            on_stdout: on_stdout.unwrap_or(Format::Terminal),
            terminal_on_stderr: format.is_none()
                && on_stdout.is_some_and(|format| format != Format::Terminal),
            files,
        })
    }

    /// Puts a report into every file, so that a breakfix that is killed leaves no report of an
    /// earlier run behind.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn begin(&self, outcome: &RunOutcome) -> Result<(), String> {
        for (format, target) in &self.files {
            target.replace(|| report::render(outcome, *format, false))?;
        }
        Ok(())
    }

    /// Writes everything, files first, and says what could not be written.
    pub(in crate::commands) fn finish(self, outcome: &RunOutcome) -> Vec<String> {
        let mut problems = Vec::new();
        for (format, target) in self.files {
            let text = report::render(outcome, format, false);
            problems.extend(target.write(&text).err());
        }
        if self.terminal_on_stderr {
            let color = output::is_colored(&std::io::stderr());
            output::complain(report::render(outcome, Format::Terminal, color).trim_end());
        }
        let color = output::is_colored(&std::io::stdout());
        output::say(&report::render(outcome, self.on_stdout, color));
        problems
    }
}

/// The one report that stdout is asked for.
fn on_stdout(requests: &[ReportRequest], format: Option<Format>) -> Result<Option<Format>, String> {
    let format = format.map(|format| (format, format!("--format {}", format.name())));
    let requests = requests
        .iter()
        .filter(|request| request.to == Destination::Stdout)
        .map(|request| {
            (
                request.format,
                format!("--report {}=-", request.format.name()),
            )
        });
    match format
        .into_iter()
        .chain(requests)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [] => Ok(None),
        [(format, _)] => Ok(Some(*format)),
        [(_, one), (_, other), ..] => Err(format!("two reports to stdout: {one} and {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ReportRequest, String> {
        ReportRequest::parse(OsStr::new(text))
    }

    #[test]
    fn a_report_has_a_kind_and_a_place() {
        let check = |text: &str, format, to| {
            assert_eq!(parse(text), Ok(ReportRequest { format, to }), "{text}");
        };
        let file = |path: &str| Destination::File(path.into());
        check("junit=out.xml", Format::Junit, file("out.xml"));
        check("json=a=b", Format::Json, file("a=b"));
        check("github=-", Format::Github, Destination::Stdout);
        check("summary", Format::Summary, Destination::StepSummary);
        check("summary=-", Format::Summary, Destination::Stdout);
    }

    #[test]
    fn a_report_that_cannot_be_meant_is_refused_with_a_way_out() {
        let check = |text: &str, expected: &str| {
            assert_eq!(parse(text), Err(expected.to_owned()), "{text}");
        };
        check(
            "juint=x",
            "unknown kind of report `juint`: did you mean `junit`?",
        );
        check(
            "sarif=x",
            "unknown kind of report `sarif`: there are terminal, json, timing, junit, github, summary",
        );
        check("json", "needs a path: json=PATH, or json=- for stdout");
        check(
            "summary=",
            "needs a path: summary=PATH, or summary=- for stdout",
        );
    }

    #[test]
    fn stdout_takes_one_report() {
        let stdout = |format| ReportRequest {
            format,
            to: Destination::Stdout,
        };
        assert_eq!(
            Reports::open(&[stdout(Format::Junit)], Some(Format::Json)).unwrap_err(),
            "two reports to stdout: --format json and --report junit=-"
        );
        let reports = Reports::open(&[stdout(Format::Junit)], None).unwrap();
        assert_eq!(reports.on_stdout, Format::Junit);
        assert!(reports.terminal_on_stderr);
        let reports = Reports::open(&[], Some(Format::Json)).unwrap();
        assert_eq!(reports.on_stdout, Format::Json);
        assert!(!reports.terminal_on_stderr);
    }
}
