//! What is remembered of a learner's way: a file beside the journal, a line for each note. Nothing of the environment
//! depends on it, so that whoever looks may write, held or not; a torn or foreign line is left out.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;

use crate::progress::Note;

const FILE: &str = "progress.jsonl";

/// The notes of the session in a directory, oldest first.
pub fn read(directory: &Path) -> Vec<Note> {
    let text = std::fs::read(directory.join(FILE)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Adds notes, each as a whole: those who write at the same time do not tear each other's.
///
/// # Errors
/// When the file cannot be written.
pub fn append(directory: &Path, notes: &[Note]) -> anyhow::Result<()> {
    if notes.is_empty() {
        return Ok(());
    }
    let path = directory.join(FILE);
    let mut text = String::new();
    for note in notes {
        text.push_str(&serde_json::to_string(note).context("failed to write JSON")?);
        text.push('\n');
    }
    let mut options = OpenOptions::new();
    let file = options.create(true).append(true).mode(0o600).open(&path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("failed to write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_read_again_and_a_torn_line_is_left_out() {
        let directory = tempfile::tempdir().unwrap();
        let notes = [
            Note::Reported {
                step: "1".to_owned(),
            },
            Note::Reset {
                step: None,
                after: 0,
            },
        ];
        append(directory.path(), &notes[..1]).unwrap();
        append(directory.path(), &notes[1..]).unwrap();
        assert_eq!(read(directory.path()), notes);
        let path = directory.path().join(FILE);
        let torn = std::fs::read_to_string(&path).unwrap() + "{\"note\":\"rep";
        std::fs::write(&path, torn).unwrap();
        assert_eq!(read(directory.path()), notes);
    }
}
