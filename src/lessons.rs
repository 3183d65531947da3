//! Where lessons are kept: beside the user's own scenarios, or built in; in the learner's language where there is one.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rust_embed::RustEmbed;

use crate::language::Language;
use crate::scenarios::Source;

#[derive(RustEmbed)]
#[folder = "content"]
struct BuiltIn;

/// Where the built-in lessons are in the source tree, as scenarios name them.
const CONTENT: &str = "content";
/// Where translations are below the content: `i18n/ja/…`, at the same place as in the source language.
const TRANSLATIONS: &str = "i18n";

/// A page, to be read to a learner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// For people, and for diagnostics.
    pub path: PathBuf,
    pub text: String,
    /// The language that it is in: English stands in where there is no translation.
    pub language: Language,
}

/// The lesson that a scenario names; `None` when it names none.
///
/// # Errors
/// When it names one that is not there.
pub fn of(source: &Source, language: Language) -> anyhow::Result<Option<Lesson>> {
    let Some(lab) = &source.scenario.lab else {
        return Ok(None);
    };
    let parent = source.parent();
    let places = [Some(language), None].into_iter().flat_map(|wanted| {
        let path = translated(lab, wanted);
        let within = source.directory().map(|own| own.join(&path));
        let beside = parent
            .as_deref()
            .map(|parent| parent.join("..").join(&path));
        within
            .into_iter()
            .chain(beside)
            .chain([PathBuf::from(path)])
            .map(move |path| (path, wanted))
    });
    for (path, wanted) in places {
        let text = match path.strip_prefix(CONTENT) {
            Ok(inside) => built_in(inside),
            Err(_) => read(&path)?,
        };
        if let Some(text) = text {
            let language = wanted.unwrap_or_default();
            return Ok(Some(Lesson {
                path,
                text,
                language,
            }));
        }
    }
    bail!(
        "the scenario {} names the lesson {lab}, which is not there",
        source.scenario.name
    )
}

/// `content/a/b.md` in a language other than the source's: `content/i18n/ja/a/b.md`.
fn translated(lab: &str, language: Option<Language>) -> String {
    match (language, lab.split_once('/')) {
        (Some(language), Some((root, rest))) if language != Language::default() => {
            format!("{root}/{TRANSLATIONS}/{}/{rest}", language.tag())
        }
        _ => lab.to_owned(),
    }
}

fn built_in(path: &Path) -> Option<String> {
    let file = BuiltIn::get(path.to_str()?)?;
    String::from_utf8(file.data.into_owned()).ok()
}

fn read(path: &Path) -> anyhow::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("failed to read {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios;

    #[test]
    fn a_lesson_comes_in_the_learners_language() {
        let source = scenarios::load("missing-worker-nodes", None).unwrap();
        let title = |language| {
            let lesson = of(&source, language).unwrap().unwrap();
            assert_eq!(lesson.language, language);
            crate::lab::front_matter(&lesson.path, &lesson.text).title
        };
        assert_eq!(
            title(Language::Japanese).as_deref(),
            Some("ワーカーノードの欠落")
        );
        assert_ne!(title(Language::English), title(Language::Japanese));
    }
}
