//! Translations: which directory in the source language is a directory's twin. Hooks, `.notest` and the
//! binding to a scenario come from there, because translations carry none of their own.

use std::path::{Component, Path, PathBuf};

/// Where the twins of directories are.
#[derive(Debug, Clone, Default)]
pub(super) struct Overlay {
    /// Directories of translations and the directories in the source language that they translate.
    given: Vec<(PathBuf, PathBuf)>,
}

impl Overlay {
    /// What `--source-tree DIR` says about the argument at `path`: the longest end of its path that is
    /// also in `source` is the same place of both trees; without one, the whole argument translates `source`.
    pub(super) fn given(&mut self, path: &Path, source: &Path) {
        let directory = if path.is_dir() {
            path
        } else {
            path.parent().unwrap_or(Path::new(""))
        };
        let parts: Vec<Component<'_>> = directory.components().collect();
        let is_in_source = |split: &usize| {
            let rest = &parts[*split..];
            matches!(rest[0], Component::Normal(_)) && source.join(joined(rest)).is_dir()
        };
        let split = (0..parts.len()).find(is_in_source).unwrap_or(parts.len());
        let root = joined(&parts[..split]);
        self.given.push((root, source.to_owned()));
    }

    /// The directory itself, then the one that it is a translation of.
    pub(super) fn homes(&self, directory: &Path) -> impl Iterator<Item = PathBuf> {
        std::iter::once(directory.to_owned()).chain(self.twin(directory))
    }

    fn twin(&self, directory: &Path) -> Option<PathBuf> {
        let given = self
            .given
            .iter()
            .filter_map(|(root, source)| Some((directory.strip_prefix(root).ok()?, source)))
            .min_by_key(|(rest, _)| rest.as_os_str().len());
        match given {
            Some((rest, source)) => Some(source.join(rest)),
            None => twin_by_layout(directory),
        }
    }
}

fn joined(parts: &[Component<'_>]) -> PathBuf {
    parts.iter().collect()
}

/// `site/i18n/ja/docusaurus-plugin-content-docs/current/a` → `site/docs/a`, as Docusaurus has it;
/// else `content/i18n/ja/a` → `content/a`.
fn twin_by_layout(directory: &Path) -> Option<PathBuf> {
    let parts: Vec<Component<'_>> = directory.components().collect();
    let at = parts.iter().position(|part| part.as_os_str() == "i18n")?;
    let site = joined(&parts[..at]);
    let is = |at: usize, name: &str| parts.get(at).is_some_and(|part| part.as_os_str() == name);
    let (source, rest) = if is(at + 2, "docusaurus-plugin-content-docs") && is(at + 3, "current") {
        (site.join("docs"), &parts[at + 4..])
    } else {
        // The language itself must be named.
        (site, parts.get(at + 2..)?)
    };
    Some(source.join(joined(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_translation_has_a_twin_in_the_source_language() {
        #[track_caller]
        fn check(directory: &str, expected: Option<&str>) {
            assert_eq!(
                Overlay::default().twin(Path::new(directory)),
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

    #[test]
    fn a_given_source_tree_goes_before_the_layout() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let at = |place: &str| root.path().join(place);
        for directory in ["docs/a/b", "i18n/ja/a/b"] {
            std::fs::create_dir_all(at(directory)).expect("directories");
        }
        for argument in ["i18n/ja", "i18n/ja/a", "i18n/ja/a/b/page.md"] {
            let mut overlay = Overlay::default();
            overlay.given(&at(argument), &at("docs"));
            let homes: Vec<PathBuf> = overlay.homes(&at("i18n/ja/a/b")).collect();
            assert_eq!(homes, [at("i18n/ja/a/b"), at("docs/a/b")], "{argument}");
        }
    }
}
