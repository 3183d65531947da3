//! Where hook scripts are: in `tests/` beside the page, else at the same place of the tree in the
//! source language, because translations carry no hooks of their own.

use std::path::{Component, Path, PathBuf};

use super::LoadError;

const SUITE: &str = "hook-suite.sh";

/// A `hook-suite.sh` and the directory that it wraps.
pub(super) struct Suite {
    pub directory: PathBuf,
    pub script: PathBuf,
}

/// The suite hooks around a page's directory, the outermost first. Only directories that its path spells
/// are looked at: what lies above the working directory is not the content's.
pub(super) fn suite_hooks(directory: &Path) -> Vec<Suite> {
    let mut suites: Vec<Suite> = directory
        .ancestors()
        .filter_map(|above| {
            let script = homes(above)
                .into_iter()
                .map(|home| tests(&home).join(SUITE))
                .find(|script| script.is_file())?;
            Some(Suite {
                directory: above.to_owned(),
                script,
            })
        })
        .collect();
    suites.reverse();
    suites
}

/// Name and file of each `tests/hook-NAME.sh` for pages of `directory`, sorted within a home.
pub(super) fn scripts(directory: &Path) -> Result<Vec<(String, PathBuf)>, LoadError> {
    let mut found = Vec::new();
    for home in homes(directory) {
        let tests = tests(&home);
        if !tests.is_dir() {
            continue;
        }
        let unreadable = |error| LoadError::Unreadable {
            path: tests.clone(),
            error,
        };
        let mut here = Vec::new();
        for entry in tests.read_dir().map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.and_then(|name| name.strip_prefix("hook-")?.strip_suffix(".sh"));
            if let Some(name) = name.filter(|name| *name != "suite" && path.is_file()) {
                here.push((name.to_owned(), path.clone()));
            }
        }
        here.sort();
        found.extend(here);
    }
    Ok(found)
}

/// Whether a `.notest` leaves this directory out.
pub(super) fn is_excluded(directory: &Path) -> bool {
    homes(directory)
        .iter()
        .any(|home| home.join(".notest").exists())
}

fn tests(home: &Path) -> PathBuf {
    home.join("tests")
}

/// The directory itself, then the one it is a translation of.
fn homes(directory: &Path) -> Vec<PathBuf> {
    std::iter::once(directory.to_owned())
        .chain(source_language_twin(directory))
        .collect()
}

/// `site/i18n/ja/docusaurus-plugin-content-docs/current/a` → `site/docs/a`, as Docusaurus has it;
/// else `content/i18n/ja/a` → `content/a`.
fn source_language_twin(directory: &Path) -> Option<PathBuf> {
    let parts: Vec<Component<'_>> = directory.components().collect();
    let at = parts.iter().position(|part| part.as_os_str() == "i18n")?;
    let site: PathBuf = parts[..at].iter().collect();
    let is = |at: usize, name: &str| parts.get(at).is_some_and(|part| part.as_os_str() == name);
    let (source, rest) = if is(at + 2, "docusaurus-plugin-content-docs") && is(at + 3, "current") {
        (site.join("docs"), &parts[at + 4..])
    } else {
        // The language itself must be named.
        (site, parts.get(at + 2..)?)
    };
    Some(source.join(rest.iter().collect::<PathBuf>()))
}

#[cfg(test)]
mod tests_of_paths {
    use super::*;

    #[test]
    fn a_translation_has_a_twin_in_the_source_language() {
        #[track_caller]
        fn check(directory: &str, expected: Option<&str>) {
            assert_eq!(
                source_language_twin(Path::new(directory)),
                expected.map(PathBuf::from)
            );
        }
        check(
            "site/i18n/ja/docusaurus-plugin-content-docs/current/a/b",
            Some("site/docs/a/b"),
        );
        check(
            "i18n/ja/docusaurus-plugin-content-docs/current",
            Some("docs"),
        );
        check("content/i18n/ja/a", Some("content/a"));
        check("content/i18n", None);
        check("site/docs/a", None);
        check("", None);
    }
}
