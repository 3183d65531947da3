//! What a session has made so far, as its journal says: the one place that writes the journal.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::bail;
use jiff::Timestamp;

use super::journal::{self, Begun, Journal, Record};
use crate::cloud::changes::{Mark, Original, Outputs, Size};
use crate::outcome::standing::SessionOutcome;
use crate::scenario::Change;
use crate::scenario::observation::Baselines;

/// A session's changes, and how far they are.
#[derive(Debug)]
pub struct Ledger {
    pub begun: Begun,
    entries: BTreeMap<usize, Entry>,
    injected: Option<Baselines>,
    /// Changes up to this number were there before the last reset.
    reset_after: usize,
    paused: Option<Paused>,
    finished: bool,
    directory: PathBuf,
    /// `None` when it is only looked at.
    journal: Option<Journal>,
}

/// A change that was begun.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub change: Change,
    pub original: Option<Original>,
    /// `None` while nobody knows whether it was made.
    pub outputs: Option<Outputs>,
    pub undone: bool,
    /// Which change of the solution it is, from 0; `None` for one of the scenario's own.
    pub solution: Option<usize>,
}

/// A session in which nothing happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paused {
    pub at: Timestamp,
    /// Of the node groups that have no nodes meanwhile.
    pub sizes: BTreeMap<String, Size>,
}

impl Ledger {
    /// # Errors
    /// When the journal cannot be begun.
    pub fn begin(directory: &Path, begun: Begun) -> anyhow::Result<Ledger> {
        let journal = Journal::begin(directory, &begun)?;
        Ok(Ledger {
            begun,
            entries: BTreeMap::new(),
            injected: None,
            reset_after: 0,
            paused: None,
            finished: false,
            directory: directory.to_owned(),
            journal: Some(journal),
        })
    }

    /// # Errors
    /// When there is no journal, or it cannot be understood.
    pub fn open(directory: &Path) -> anyhow::Result<Ledger> {
        let (journal, records) = Journal::open(directory)?;
        Ledger::of(directory, Some(journal), records)
    }

    /// What the journal says, for whoever does not hold the session: it cannot be written to.
    ///
    /// # Errors
    /// When there is no journal, or it cannot be understood.
    pub fn look(directory: &Path) -> anyhow::Result<Ledger> {
        Ledger::of(directory, None, journal::look(directory)?)
    }

    fn of(
        directory: &Path,
        journal: Option<Journal>,
        records: Vec<Record>,
    ) -> anyhow::Result<Ledger> {
        let mut records = records.into_iter();
        let Some(Record::Begun(begun)) = records.next() else {
            bail!("the journal does not say what session it is of");
        };
        let mut ledger = Ledger {
            begun,
            entries: BTreeMap::new(),
            injected: None,
            reset_after: 0,
            paused: None,
            finished: false,
            directory: directory.to_owned(),
            journal,
        };
        records.for_each(|record| ledger.note(record));
        Ok(ledger)
    }

    fn note(&mut self, record: Record) {
        match record {
            Record::Begun(_) => {}
            Record::Intended {
                number,
                change,
                original,
                solution,
            } => {
                let entry = Entry {
                    change,
                    original,
                    outputs: None,
                    undone: false,
                    solution,
                };
                self.entries.insert(number, entry);
            }
            Record::Made { number, outputs } => {
                if let Some(entry) = self.entries.get_mut(&number) {
                    entry.outputs = Some(outputs);
                }
            }
            Record::Injected { baselines, .. } => self.injected = Some(baselines),
            Record::Undone { number } => {
                if let Some(entry) = self.entries.get_mut(&number) {
                    entry.undone = true;
                }
            }
            Record::Reset { last, .. } => {
                self.reset_after = last;
                self.injected = None;
            }
            Record::Extended { expires_at } => self.begun.expires_at = expires_at,
            Record::Paused { at, sizes } => self.paused = Some(Paused { at, sizes }),
            Record::Resumed { expires_at, .. } => {
                self.begun.expires_at = expires_at;
                self.paused = None;
            }
            Record::Finished { .. } => self.finished = true,
        }
    }

    fn write(&mut self, record: Record) -> anyhow::Result<()> {
        let Some(journal) = &mut self.journal else {
            bail!("the session is only looked at: hold it to change it");
        };
        journal.append(&record)?;
        self.note(record);
        Ok(())
    }

    /// # Errors
    /// When the journal cannot be written; nothing may be changed then.
    pub fn intend(
        &mut self,
        number: usize,
        change: Change,
        original: Option<Original>,
        solution: Option<usize>,
    ) -> anyhow::Result<()> {
        self.write(Record::Intended {
            number,
            change,
            original,
            solution,
        })
    }

    /// # Errors
    /// When the journal cannot be written.
    pub fn made(&mut self, number: usize, outputs: Outputs) -> anyhow::Result<()> {
        self.write(Record::Made { number, outputs })
    }

    /// # Errors
    /// When the journal cannot be written.
    pub fn injected(&mut self, baselines: Baselines) -> anyhow::Result<()> {
        let at = Timestamp::now();
        self.write(Record::Injected { at, baselines })
    }

    /// # Errors
    /// When the journal cannot be written.
    pub fn undone(&mut self, number: usize) -> anyhow::Result<()> {
        self.write(Record::Undone { number })
    }

    /// From now on everything that was begun belongs to the past, and has to go before anything is made.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn reset(&mut self) -> anyhow::Result<()> {
        let (at, last) = (Timestamp::now(), self.next_number() - 1);
        self.write(Record::Reset { at, last })
    }

    /// # Errors
    /// When the journal cannot be written.
    pub fn extend(&mut self, expires_at: Timestamp) -> anyhow::Result<()> {
        self.write(Record::Extended { expires_at })
    }

    /// # Errors
    /// When the journal cannot be written.
    pub fn pause(&mut self, at: Timestamp, sizes: BTreeMap<String, Size>) -> anyhow::Result<()> {
        self.write(Record::Paused { at, sizes })
    }

    /// # Errors
    /// When the journal cannot be written.
    pub fn resume(&mut self, at: Timestamp, expires_at: Timestamp) -> anyhow::Result<()> {
        self.write(Record::Resumed { at, expires_at })
    }

    /// # Errors
    /// When the journal cannot be written.
    pub fn finish(&mut self) -> anyhow::Result<()> {
        let at = Timestamp::now();
        self.write(Record::Finished { at })
    }

    pub fn entry(&self, number: usize) -> Option<&Entry> {
        self.entries.get(&number)
    }

    /// Every change that was begun, in the order in which they were.
    pub fn entries(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.entries.iter().map(|(number, entry)| (*number, entry))
    }

    /// The same without what was there before the last reset.
    pub fn current(&self) -> impl Iterator<Item = (usize, &Entry)> {
        let after = self.reset_after;
        self.entries().filter(move |(number, _)| *number > after)
    }

    /// Changes up to this number were there before the last reset; 0 when there was none.
    pub fn reset_after(&self) -> usize {
        self.reset_after
    }

    /// Since when nothing happens; `None` while the session goes on.
    pub fn paused(&self) -> Option<&Paused> {
        self.paused.as_ref()
    }

    /// A number that no change has.
    pub fn next_number(&self) -> usize {
        self.entries.keys().next_back().map_or(1, |last| last + 1)
    }

    /// The newest scaling activity of each node group when the environment was broken; `None` before that.
    pub fn baselines(&self) -> Option<&Baselines> {
        self.injected.as_ref()
    }

    /// Where the journal is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// What is altered was made by this session, and goes when it goes.
    pub fn owns_what_is_altered(&self, change: &Change) -> bool {
        let Some(altered) = change.altered() else {
            return false;
        };
        let mut outputs = self
            .entries
            .values()
            .filter_map(|entry| entry.outputs.as_ref());
        outputs.any(|outputs| outputs.values().any(|output| output == altered))
    }

    /// What is told of the session, without what only its scenario knows.
    pub fn outcome(&self) -> SessionOutcome {
        let Begun {
            session,
            scenario,
            target,
            at,
            expires_at,
            ..
        } = &self.begun;
        SessionOutcome {
            id: session.clone(),
            scenario: scenario.clone(),
            title: scenario.clone(),
            lab: None,
            place: target.to_string(),
            begun_at: at.to_string(),
            expires_at: expires_at.to_string(),
            is_broken: self.injected.is_some(),
            paused_at: self.paused.as_ref().map(|paused| paused.at.to_string()),
            error: None,
        }
    }

    /// By what change `number` is found again.
    pub fn mark(&self, number: usize) -> Mark {
        Mark {
            session: self.begun.session.clone(),
            scenario: self.begun.scenario.clone(),
            number,
            expires_at: self.begun.expires_at,
        }
    }

    /// What is begun and not taken back, in the order in which AWS lets it go.
    pub fn standing(&self) -> Vec<(usize, Entry)> {
        let mut standing: Vec<(usize, Entry)> = self
            .entries()
            .filter(|(_, entry)| !entry.undone)
            .map(|(number, entry)| (number, entry.clone()))
            .collect();
        standing.sort_by_key(|(number, entry)| {
            (entry.change.teardown_rank(), std::cmp::Reverse(*number))
        });
        standing
    }
}
