//! The session's memory on disk: a line for every step, written before and after each mutation.
//!
//! A record is on the disk before what it announces is done. A process that is killed while it writes leaves a torn
//! last line, which says nothing and is cut off by whoever reads the journal next.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cloud::changes::{Original, Outputs, Size};
use crate::language::Message;
use crate::message;
use crate::scenario::Change;
use crate::scenario::observation::Baselines;

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// The first line: what everything else is about.
    Begun(Begun),
    /// About to make change `number`. Names are filled in, and files' texts are in their place.
    Intended {
        number: usize,
        change: Change,
        original: Option<Original>,
        /// Which change of the solution it is, from 0; `None` for one of the scenario's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        solution: Option<usize>,
    },
    /// Change `number` is made.
    Made { number: usize, outputs: Outputs },
    /// The environment is broken as it should be; the newest scaling activity of each node group at that moment.
    Injected { at: Timestamp, baselines: Baselines },
    /// Change `number` is taken back.
    Undone { number: usize },
    /// Back to the broken state: what has a number up to `last` is taken back, and then the scenario is made again, as
    /// changes with higher numbers.
    Reset { at: Timestamp, last: usize },
    /// The session may live until then.
    Extended { expires_at: Timestamp },
    /// From now on nothing happens: the simulator's time stands still, and these node groups have no nodes on a real
    /// account. Their sizes before that.
    Paused {
        at: Timestamp,
        sizes: BTreeMap<String, Size>,
    },
    /// It goes on, and lives longer by the time that it was paused.
    Resumed {
        at: Timestamp,
        expires_at: Timestamp,
    },
    /// Everything is taken back, and nothing was found left.
    Finished { at: Timestamp },
}

/// What a session is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// Of this format; a journal of a newer one is refused.
    pub version: u32,
    /// Id: lower-case letters and digits.
    pub session: String,
    pub scenario: String,
    /// Directory that the scenario came from; `None` for a built-in one.
    pub scenarios: Option<PathBuf>,
    /// What was asked for, as `--variant` says it; `None` for the first variant.
    pub variant: Option<String>,
    /// The variant was drawn by lot: the learner is not told which it is.
    #[serde(default)]
    pub hidden: bool,
    /// The language that it was started in, if one was asked for: `en` or `ja`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Drawn once.
    pub parameters: BTreeMap<String, String>,
    pub target: Target,
    pub at: Timestamp,
    /// When whoever reaps may take everything back.
    pub expires_at: Timestamp,
    /// Whether the AWS CLI's calls in the learner's terminals are listened to.
    #[serde(default)]
    pub observed: bool,
}

/// Where a session acts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// A real account, and not the simulator.
    pub real: bool,
    pub account: String,
    pub region: String,
    pub cluster: String,
    /// How fast a simulator's time flows for the learner, as `--clock` says it.
    #[serde(default)]
    pub clock: Option<String>,
}

impl Target {
    /// Where that is.
    pub fn told(&self) -> Message {
        let Target {
            account,
            region,
            cluster,
            ..
        } = self;
        if self.real {
            message!(
                "place-account",
                account = account,
                region = region,
                cluster = cluster
            )
        } else {
            message!("place-simulator")
        }
    }
}

/// In English: for errors and logs.
impl std::fmt::Display for Target {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.told().fmt(to)
    }
}

/// Of the format of journals.
pub const VERSION: u32 = 1;

/// Name of the file in a session's directory.
const FILE: &str = "journal.jsonl";

/// A journal that is written to.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
}

impl Journal {
    /// Begins the journal of a new session in a directory that must not be there yet.
    ///
    /// # Errors
    /// When the directory or the file cannot be made.
    pub fn begin(directory: &Path, begun: &Begun) -> anyhow::Result<Journal> {
        let path = directory.join(FILE);
        let why = || format!("failed to begin the journal {}", path.display());
        std::fs::create_dir_all(directory).with_context(why)?;
        let file = OpenOptions::new().create_new(true).append(true).open(&path);
        let mut journal = Journal {
            file: file.with_context(why)?,
            path: path.clone(),
        };
        journal.append(&Record::Begun(begun.clone()))?;
        // The file's name is on the disk with its directory only.
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .with_context(why)?;
        Ok(journal)
    }

    /// Opens the journal of a session that was begun, with what it says so far.
    ///
    /// # Errors
    /// When there is none, or a line of it is not ours; the message names file and line.
    pub fn open(directory: &Path) -> anyhow::Result<(Journal, Vec<Record>)> {
        let path = directory.join(FILE);
        let why = || format!("failed to read the journal {}", path.display());
        let text = std::fs::read(&path).with_context(why)?;
        let (records, whole) = read(&text).with_context(why)?;
        let mut file = OpenOptions::new()
            .append(true)
            .read(true)
            .open(&path)
            .with_context(why)?;
        if whole < text.len() {
            file.set_len(whole as u64).with_context(why)?;
            file.seek(std::io::SeekFrom::End(0)).with_context(why)?;
        }
        Ok((Journal { file, path }, records))
    }

    /// Adds a record; it is on the disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append(&mut self, record: &Record) -> anyhow::Result<()> {
        let mut line = serde_json::to_vec(record).context("failed to write a record as JSON")?;
        line.push(b'\n');
        let written = self
            .file
            .write_all(&line)
            .and_then(|()| self.file.sync_data());
        written.with_context(|| format!("failed to write the journal {}", self.path.display()))
    }
}

/// Whether a directory holds a journal with at least its first record.
pub fn exists(directory: &Path) -> bool {
    std::fs::read(directory.join(FILE)).is_ok_and(|text| text.contains(&b'\n'))
}

/// The records of the journal in a directory. A torn last line is left out.
///
/// # Errors
/// When there is none, or a line of it is not ours.
pub fn look(directory: &Path) -> anyhow::Result<Vec<Record>> {
    let path = directory.join(FILE);
    let why = || format!("failed to read the journal {}", path.display());
    let text = std::fs::read(&path).with_context(why)?;
    Ok(read(&text).with_context(why)?.0)
}

/// The records of a journal, and how many of its bytes they are.
fn read(text: &[u8]) -> anyhow::Result<(Vec<Record>, usize)> {
    let whole = text
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    let lines = text[..whole].split(|byte| *byte == b'\n');
    let mut records = Vec::new();
    for (index, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
        let record: Record = serde_json::from_slice(line)
            .with_context(|| format!("line {} is no record of a journal", index + 1))?;
        records.push(record);
    }
    match records.first() {
        Some(Record::Begun(begun)) if begun.version > VERSION => bail!(
            "it was written by a newer breakfix (format {}; this one knows {VERSION}): use that one",
            begun.version
        ),
        Some(Record::Begun(_)) => Ok((records, whole)),
        Some(_) => bail!("line 1 does not say what session it is of"),
        None => bail!("it holds no whole record: the session never began, and made nothing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::change::Scale;

    fn begun() -> Begun {
        Begun {
            version: VERSION,
            session: "s1".to_owned(),
            scenario: "s".to_owned(),
            scenarios: None,
            variant: None,
            hidden: false,
            language: None,
            parameters: BTreeMap::new(),
            target: Target {
                real: false,
                account: "1".to_owned(),
                region: "r".to_owned(),
                cluster: "c".to_owned(),
                clock: None,
            },
            at: Timestamp::UNIX_EPOCH,
            expires_at: Timestamp::UNIX_EPOCH,
            observed: false,
        }
    }

    fn scale() -> Change {
        let nodegroup = "g".to_owned();
        Change::Scale(Scale {
            nodegroup,
            desired: 1,
        })
    }

    fn two_records() -> (tempfile::TempDir, Vec<Record>) {
        let home = tempfile::tempdir().unwrap();
        let mut journal = Journal::begin(home.path(), &begun()).unwrap();
        let intended = Record::Intended {
            number: 1,
            change: scale(),
            original: None,
            solution: None,
        };
        journal.append(&intended).unwrap();
        (home, vec![Record::Begun(begun()), intended])
    }

    #[test]
    fn what_was_written_is_read_back() {
        let (home, expected) = two_records();
        let (mut journal, records) = Journal::open(home.path()).unwrap();
        assert_eq!(records, expected);
        journal.append(&Record::Undone { number: 1 }).unwrap();
        assert_eq!(Journal::open(home.path()).unwrap().1.len(), 3);
    }

    #[test]
    fn a_torn_last_line_is_cut_off_wherever_it_was_torn() {
        let (home, expected) = two_records();
        let path = home.path().join(FILE);
        let whole = std::fs::read(&path).unwrap();
        let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for end in first..whole.len() {
            std::fs::write(&path, &whole[..end]).unwrap();
            let (mut journal, records) = Journal::open(home.path()).unwrap();
            assert_eq!(records, expected[..1]);
            journal.append(&Record::Undone { number: 1 }).unwrap();
            let (_, records) = Journal::open(home.path()).unwrap();
            assert_eq!(records[1], Record::Undone { number: 1 });
        }
    }

    #[test]
    fn a_journal_that_is_not_ours_is_refused_with_its_line() {
        let (home, _) = two_records();
        let path = home.path().join(FILE);
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"record\":\"sung\"}\n");
        std::fs::write(&path, text).unwrap();
        let error = format!("{:#}", Journal::open(home.path()).unwrap_err());
        assert!(
            error.contains("journal.jsonl: line 3 is no record"),
            "{error}"
        );
    }

    /// As breakfix wrote them before there were solutions, resets and pauses.
    #[test]
    fn an_old_journal_is_readable() {
        let home = tempfile::tempdir().unwrap();
        let text = r#"{"record":"begun","version":1,"session":"s1","scenario":"s","scenarios":null,"variant":null,"hidden":false,"parameters":{},"target":{"real":false,"account":"1","region":"r","cluster":"c","clock":null},"at":"1970-01-01T00:00:00Z","expires_at":"1970-01-01T00:00:00Z"}
{"record":"intended","number":1,"change":{"scale":{"nodegroup":"g","desired":1}},"original":null}
"#;
        std::fs::write(home.path().join(FILE), text).unwrap();
        let (_, expected) = two_records();
        assert_eq!(look(home.path()).unwrap(), expected);
    }

    #[test]
    fn a_session_is_begun_once() {
        let (home, _) = two_records();
        assert!(Journal::begin(home.path(), &begun()).is_err());
    }
}
