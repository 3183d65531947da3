//! What is around an open page on disk: the hooks and scenarios that it may name.

use std::path::{Path, PathBuf};

use super::super::config::{self, Found};
use crate::editor::{Around, HookOrigin, KnownHook, KnownScenario, hook_in_scenario};
use crate::language::Language;
use crate::plan::{LabSource, Request};
use crate::scenarios::{self, FILE, Source};
use crate::tree::{self, Drafts};

/// Where scenarios are: as configured, else in the workspace's own directory of them.
pub(super) fn scenario_directory(found: &Found) -> Option<PathBuf> {
    let beside = || Some(PathBuf::from("scenarios")).filter(|directory| directory.is_dir());
    found.scenarios(None).or_else(beside)
}

/// Looks around a page. What cannot be read is not there: `lint` says why.
pub(super) fn around(page: &Path, drafts: &Drafts, language: Language) -> Around {
    let configured = config::load(None).unwrap_or_default();
    let directory = scenario_directory(&configured);
    let loaded = tree::load_drafts(&[page.to_owned()], &Request::default(), drafts);
    let labs = loaded.map(|loaded| loaded.labs).unwrap_or_default();
    let mut hooks = Vec::new();
    for lab in &labs {
        hooks.extend(scripts(lab, page));
        let named = lab.scenarios.first();
        let source =
            named.and_then(|named| scenarios::load(&named.name, directory.as_deref()).ok());
        hooks.extend(source.iter().flat_map(checks));
    }
    let names = scenarios::names(directory.as_deref());
    let scenario = |name| known(name, directory.as_deref(), language);
    Around {
        hooks,
        scenarios: names.into_iter().map(scenario).collect(),
    }
}

fn scripts(lab: &LabSource, page: &Path) -> Vec<KnownHook> {
    let directory = page.parent().unwrap_or(Path::new(""));
    let here = lab.hook_scripts.iter();
    let here = here.filter(|hooks| hooks.directory == directory);
    here.flat_map(|hooks| &hooks.scripts)
        .map(|(name, script)| KnownHook {
            name: name.clone(),
            origin: HookOrigin::Script(script.clone()),
        })
        .collect()
}

/// A scenario's own hooks.
fn checks(source: &Source) -> Vec<KnownHook> {
    let file = source.directory().map(|directory| directory.join(FILE));
    let text = source.read(FILE).unwrap_or_default();
    let hooks = source.scenario.hooks.iter();
    hooks
        .map(|(name, checks)| KnownHook {
            name: name.clone(),
            origin: HookOrigin::Scenario {
                scenario: source.scenario.name.clone(),
                checks: checks.clone(),
                at: file.clone().zip(hook_in_scenario(&text, name)),
            },
        })
        .collect()
}

fn known(name: String, directory: Option<&Path>, language: Language) -> KnownScenario {
    let own = directory.map(|directory| directory.join(&name).join(FILE));
    let source = scenarios::load(&name, directory);
    KnownScenario {
        title: source.map_or_else(
            |_| "not valid: `breakfix lint` says why".to_owned(),
            |source| source.scenario.title.to(language),
        ),
        file: own.filter(|file| file.is_file()),
        name,
    }
}
