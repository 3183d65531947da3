//! Where reports go: `--report KIND=PATH`, stdout, the summary of a GitHub job. Everything that
//! could keep a report from being written is found before the run starts; a file is replaced as a
//! whole, so that nobody ever reads half a report.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::super::output;
use crate::diagnostic::nearest;
use crate::outcome::RunOutcome;
use crate::report::{self, Format};

/// The file that GitHub shows on a job's page.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// Permissions of a new report, less what the process's umask takes away.
const NEW_FILE_MODE: u32 = 0o666;

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

/// A place for a file that is written at the end, looked at before: a report, or a page.
#[derive(Debug)]
pub(in crate::commands) enum Target {
    /// A file of its own, replaced as a whole.
    Replaced(PathBuf),
    /// A file that others write, too, or none on a disk, such as a pipe.
    Appended(PathBuf, File),
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
                Destination::StepSummary => Target::step_summary(std::env::var_os(STEP_SUMMARY)),
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
            if let Target::Replaced(path) = target {
                replace(path, &report::render(outcome, *format, false))?;
            }
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

impl Target {
    /// # Errors
    /// With why nothing can be written there.
    pub(in crate::commands) fn at(path: &Path) -> Result<Target, String> {
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => Err(format!("{} is a directory", path.display())),
            Ok(found) => Target::existing(path, &found),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Target::replaced(path),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    fn existing(path: &Path, found: &Metadata) -> Result<Target, String> {
        let opened = OpenOptions::new().append(true).open(path);
        let file = opened.map_err(|error| format!("{}: {error}", path.display()))?;
        let is_shared = Some(path.as_os_str()) == std::env::var_os(STEP_SUMMARY).as_deref();
        if !found.is_file() || is_shared || path.starts_with("/dev") {
            return Ok(Target::Appended(path.to_owned(), file));
        }
        // A link stays a link: what it leads to is replaced.
        let real = path.canonicalize();
        Target::replaced(&real.map_err(|error| format!("{}: {error}", path.display()))?)
    }

    fn replaced(path: &Path) -> Result<Target, String> {
        let directory = directory_of(path);
        let name = path.file_name();
        let name = name.filter(|_| !path.as_os_str().as_bytes().ends_with(b"/"));
        let name = name.ok_or_else(|| format!("{} is no name of a file", path.display()))?;
        let real = directory.canonicalize();
        let real = real.map_err(|error| format!("the directory {}: {error}", directory.display()));
        let path = real?.join(name);
        temporary_beside(&path)
            .map_err(|error| format!("failed to write into {}: {error}", directory.display()))?;
        Ok(Target::Replaced(path))
    }

    fn step_summary(named: Option<OsString>) -> Result<Target, String> {
        let path = named.filter(|path| !path.is_empty()).map(PathBuf::from);
        let path = path.ok_or_else(|| {
            format!("{STEP_SUMMARY} is not set: write summary=PATH, or run it in a GitHub job")
        })?;
        let opened = OpenOptions::new().append(true).create(true).open(&path);
        let file = opened.map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Target::Appended(path, file))
    }

    fn path(&self) -> &Path {
        match self {
            Target::Replaced(path) | Target::Appended(path, _) => path,
        }
    }

    /// # Errors
    /// With the path and what went wrong.
    pub(in crate::commands) fn write(self, text: &str) -> Result<(), String> {
        match self {
            Target::Replaced(path) => replace(&path, text),
            Target::Appended(path, mut file) => file
                .write_all(text.as_bytes())
                .map_err(|error| format!("failed to write {}: {error}", path.display())),
        }
    }
}

/// Puts the whole text in the file's place at once.
fn replace(path: &Path, text: &str) -> Result<(), String> {
    let written = temporary_beside(path).and_then(|mut temporary| {
        temporary.write_all(text.as_bytes())?;
        temporary.persist(path)?;
        Ok(())
    });
    written.map_err(|error| format!("failed to write {}: {error}", path.display()))
}

/// A file in the same directory, with the permissions that the report is to have.
fn temporary_beside(path: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let existing = std::fs::metadata(path).ok();
    let mode = existing
        .as_ref()
        .map_or(NEW_FILE_MODE, |found| found.permissions().mode());
    let temporary = tempfile::Builder::new()
        .prefix(".breakfix-new-")
        .permissions(Permissions::from_mode(mode & 0o777))
        .tempfile_in(directory_of(path))?;
    if let Some(existing) = existing {
        // Made under the umask, which an existing file's permissions need not follow.
        temporary
            .as_file()
            .set_permissions(existing.permissions())?;
    }
    Ok(temporary)
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
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

    #[test]
    fn a_file_is_replaced_as_a_whole_and_keeps_its_permissions() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.xml");
        std::fs::write(&path, "a longer text than the new one").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o606)).unwrap();
        let link = directory.path().join("link.xml");
        std::os::unix::fs::symlink("out.xml", &link).unwrap();
        Target::at(&link).unwrap().write("short").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "short");
        assert!(link.is_symlink());
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o606);
        let names = std::fs::read_dir(directory.path()).unwrap().count();
        assert_eq!(names, 2, "no temporary file is left");
    }

    #[test]
    fn what_is_no_plain_file_is_written_in_its_place() {
        Target::at(Path::new("/dev/null"))
            .unwrap()
            .write("x")
            .unwrap();
        assert!(!Path::new("/dev/null").is_file());
    }
}
