//! A place for a file that breakfix writes: looked at before anything starts, replaced as a whole, so that nobody ever
//! reads half a file.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Names the file that GitHub shows on a job's page.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// Permissions of a new file, less what the process's umask takes away.
const NEW_FILE_MODE: u32 = 0o666;

/// A report, a page, recorded durations.
#[derive(Debug)]
pub(super) enum Target {
    /// A file of its own, replaced as a whole.
    Replaced(PathBuf),
    /// A file that others write, too, or none on a disk, such as a pipe.
    Appended(PathBuf, File),
}

impl Target {
    /// Looks at the place without writing there.
    ///
    /// # Errors
    /// With why nothing can be written there.
    pub(super) fn at(path: &Path) -> Result<Target, String> {
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

    /// The page of a GitHub job, to which others add, too.
    ///
    /// # Errors
    /// When this is no such job, or nothing can be written there.
    pub(super) fn step_summary() -> Result<Target, String> {
        let named = std::env::var_os(STEP_SUMMARY);
        let path = named.filter(|path| !path.is_empty()).map(PathBuf::from);
        let path = path.ok_or_else(|| {
            format!("{STEP_SUMMARY} is not set: write summary=PATH, or run it in a GitHub job")
        })?;
        let opened = OpenOptions::new().append(true).create(true).open(&path);
        let file = opened.map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Target::Appended(path, file))
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Target::Replaced(path) | Target::Appended(path, _) => path,
        }
    }

    /// Puts a text where this file is replaced at the end, for as long as that lasts.
    ///
    /// # Errors
    /// With the path and what went wrong.
    pub(super) fn replace(&self, text: impl FnOnce() -> String) -> Result<(), String> {
        match self {
            Target::Replaced(path) => replace(path, &text()),
            Target::Appended(..) => Ok(()),
        }
    }

    /// # Errors
    /// With the path and what went wrong.
    pub(super) fn write(self, text: &str) -> Result<(), String> {
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

/// A file in the same directory, with the permissions that the new one is to have.
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
