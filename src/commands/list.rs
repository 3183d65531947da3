//! `breakfix list`: the scenarios that there are, and how to start one.

use std::path::{Path, PathBuf};

use super::manners::Manners;
use super::output;
use crate::language::Language;
use crate::lessons;
use crate::outcome::Exit;
use crate::outcome::offer::{About, Offer, OfferedVariant};
use crate::report::list;
use crate::scenarios::{self, Source};

/// What to list.
#[derive(Debug, Clone)]
pub struct ListRequest {
    /// Directory with scenarios of the user's own.
    pub directory: Option<PathBuf>,
    /// Name the faults, too.
    pub variants: bool,
    pub json: bool,
}

/// Lists every scenario; one that cannot be read is told as such.
pub fn list(request: &ListRequest, manners: Manners) -> Exit {
    let directory = request.directory.as_deref();
    let names = scenarios::names(directory);
    let offers: Vec<Offer> = names
        .into_iter()
        .map(|name| offer(name, directory))
        .collect();
    output::say(&if request.json {
        list::json(&offers, request.variants)
    } else {
        let style = manners.style(manners.language(None), &std::io::stdout());
        list::render(&offers, request.variants, style)
    });
    match offers.iter().any(|offer| offer.error.is_some()) {
        true => Exit::Content,
        false => Exit::Met,
    }
}

fn offer(name: String, directory: Option<&Path>) -> Offer {
    let (about, error, parent) = match scenarios::load(&name, directory) {
        Ok(source) => (Some(about(&source)), None, source.parent()),
        // Built-in scenarios are valid: a test of theirs says so.
        Err(error) => (None, Some(error.to_string()), directory.map(Path::to_owned)),
    };
    Offer {
        name,
        about,
        error,
        directory: parent.map(|parent| parent.display().to_string()),
    }
}

fn about(source: &Source) -> About {
    let scenario = &source.scenario;
    let variants = scenario
        .variants
        .iter()
        .map(|(name, variant)| OfferedVariant {
            name: name.clone(),
            summary: (&variant.summary).into(),
        });
    let in_language = |language: &Language| {
        let lesson = lessons::of(source, *language);
        lesson.is_ok_and(|lesson| lesson.is_some_and(|lesson| lesson.language == *language))
    };
    About {
        title: (&scenario.title).into(),
        variants: variants.collect(),
        hourly_usd: scenario
            .cost
            .as_ref()
            .map(|cost| (cost.hourly_usd, cost.note.clone())),
        simulator_only: scenario.simulator_only,
        languages: Language::ALL.into_iter().filter(in_language).collect(),
    }
}
