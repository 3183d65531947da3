//! The scenario that a page names, or that is named for it: by the page it translates, or by the index page of
//! its directory or of one above.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::overlay::Overlay;
use super::read;
use super::walk::INDEX_NAMES;
use crate::lab::{self, FrontMatter, Page};
use crate::plan::ScenarioName;

/// A scenario and the pages that share it.
pub(super) struct Binding {
    pub scenario: ScenarioName,
    /// The directory whose index page names it for all pages below; `None` when the page does so itself.
    pub inherited_from: Option<PathBuf>,
}

/// What index pages name, by directory; each is read at most once.
pub(super) struct Bindings<'a> {
    overlay: &'a Overlay,
    named: BTreeMap<PathBuf, Option<ScenarioName>>,
    /// Texts of pages that were read only for their front matter.
    pub sources: BTreeMap<PathBuf, String>,
}

impl<'a> Bindings<'a> {
    pub(super) fn new(overlay: &'a Overlay) -> Self {
        Bindings {
            overlay,
            named: BTreeMap::new(),
            sources: BTreeMap::new(),
        }
    }

    /// Spares reading an index page that was read already.
    pub(super) fn know_index(&mut self, page: &Page) {
        let directory = super::directory_of(page).to_owned();
        let named = scenario_of(&page.path, &page.front_matter);
        let known = self.named.entry(directory).or_insert(None);
        *known = known.take().or(named);
    }

    /// The scenario of a page; the page's own word goes first.
    pub(super) fn of(&mut self, page: &Page) -> Option<Binding> {
        let directory = super::directory_of(page).to_owned();
        let itself = scenario_of(&page.path, &page.front_matter);
        let inherited = self.inherited(&directory);
        match (
            itself.or_else(|| self.of_the_source(page, &directory)),
            inherited,
        ) {
            (Some(own), Some((from, above))) => Some(Binding {
                inherited_from: (own.name == above.name).then_some(from),
                scenario: own,
            }),
            (Some(own), None) => Some(Binding {
                scenario: own,
                inherited_from: None,
            }),
            (None, Some((from, above))) => Some(Binding {
                scenario: above,
                inherited_from: Some(from),
            }),
            (None, None) => None,
        }
    }

    /// What the page that this one translates says itself.
    fn of_the_source(&mut self, page: &Page, directory: &Path) -> Option<ScenarioName> {
        let name = page.path.file_name()?;
        let twin = self.overlay.homes(directory).nth(1)?.join(name);
        self.read_for_its_scenario(&twin)
    }

    /// The nearest directory at or above that names one. Only directories that the path spells are looked at.
    fn inherited(&mut self, directory: &Path) -> Option<(PathBuf, ScenarioName)> {
        let above: Vec<PathBuf> = directory.ancestors().map(Path::to_owned).collect();
        above.into_iter().find_map(|directory| {
            let homes: Vec<PathBuf> = self.overlay.homes(&directory).collect();
            let named = homes.into_iter().find_map(|home| self.of_index(home))?;
            Some((directory, named))
        })
    }

    fn of_index(&mut self, directory: PathBuf) -> Option<ScenarioName> {
        if let Some(known) = self.named.get(&directory) {
            return known.clone();
        }
        let named = INDEX_NAMES
            .iter()
            .map(|name| directory.join(name))
            .find(|index| index.is_file())
            .and_then(|index| self.read_for_its_scenario(&index));
        self.named.insert(directory, named.clone());
        named
    }

    /// A page that cannot be read names nothing; whoever selects it hears why.
    fn read_for_its_scenario(&mut self, path: &Path) -> Option<ScenarioName> {
        let source = path.is_file().then(|| read::text(path).ok()).flatten()?;
        let named = scenario_of(path, &lab::front_matter(path, &source))?;
        self.sources.insert(path.to_owned(), source);
        Some(named)
    }
}

fn scenario_of(page: &Path, front_matter: &FrontMatter) -> Option<ScenarioName> {
    let scenario = front_matter.scenario.clone()?;
    Some(ScenarioName {
        name: scenario.value,
        page: page.to_owned(),
        at: scenario.at,
    })
}
