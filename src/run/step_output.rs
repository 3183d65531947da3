//! What a step printed, as its `after` hook is given it: `TEST_OUTPUT` and `TEST_OUTPUT_FILE`.
//!
//! Hooks get the output as it was printed, secrets included: they belong to the lab, hold its
//! variables anyway, and judge what really came. So the files are for the user alone, in the
//! shell's private directory, and go with the step.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::plan::{Hook, HookSource, Step};
use crate::shell::{HookInput, ShellConfig};

/// Bytes of a step's output that fit into one environment variable (Linux: 128 KiB with its name),
/// less a little for the line that says that it was cut.
const TEST_OUTPUT_BYTES: usize = 128 * 1024 - 1024;

/// Collects what a step prints into the files that its `after` hook is given.
pub(crate) struct StepOutput {
    files: HookInput,
    all: File,
    start: Vec<u8>,
    bytes: usize,
}

impl StepOutput {
    /// `None` unless the step has a script that will want it.
    pub(crate) fn collect(
        step: &Step,
        config: &ShellConfig,
    ) -> std::io::Result<Option<StepOutput>> {
        if !matches!(
            step.hook,
            Some(Hook {
                source: HookSource::Script(_),
                ..
            })
        ) {
            return Ok(None);
        }
        let scratch = std::path::absolute(&config.scratch)?;
        let path = |name: &str| -> PathBuf { scratch.join(name) };
        let files = HookInput {
            file: path("test-output"),
            variable: path("test-output.start"),
        };
        Ok(Some(StepOutput {
            all: create_private(&files.file)?,
            files,
            start: Vec::new(),
            bytes: 0,
        }))
    }

    /// Adds output of either stream.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.bytes += bytes.len();
        let room = TEST_OUTPUT_BYTES
            .saturating_sub(self.start.len())
            .min(bytes.len());
        self.start.extend_from_slice(&bytes[..room]);
        self.all.write_all(bytes)
    }

    /// The files, complete; they last as long as this value.
    pub(crate) fn finish(&mut self) -> std::io::Result<&HookInput> {
        let text = variable_text(&self.start, self.bytes);
        create_private(&self.files.variable)?.write_all(&text)?;
        Ok(&self.files)
    }
}

impl Drop for StepOutput {
    fn drop(&mut self) {
        for file in [&self.files.file, &self.files.variable] {
            // If it is not there, all the better.
            let _ = std::fs::remove_file(file);
        }
    }
}

fn create_private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

/// What a variable can hold of the output: no NUL, no half character at the cut, and a last line
/// that says when it was cut.
fn variable_text(start: &[u8], total: usize) -> Vec<u8> {
    let mut text: Vec<u8> = start.iter().copied().filter(|byte| *byte != 0).collect();
    if total > start.len() {
        if let Err(error) = std::str::from_utf8(&text)
            && error.error_len().is_none()
        {
            text.truncate(error.valid_up_to());
        }
        text.extend_from_slice(
            format!("\n[cut: all {total} bytes are in TEST_OUTPUT_FILE]\n").as_bytes(),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_variable(output: &[u8], room: usize, expected: &[u8]) {
        let start = &output[..room.min(output.len())];
        assert_eq!(
            String::from_utf8_lossy(&variable_text(start, output.len())),
            String::from_utf8_lossy(expected)
        );
    }

    #[test]
    fn output_that_fits_is_given_as_it_is_but_for_nul() {
        check_variable(b"a\0b\n", 100, b"ab\n");
    }

    #[test]
    fn output_that_does_not_fit_says_so_and_ends_at_a_whole_character() {
        check_variable(
            "abcdef".as_bytes(),
            3,
            b"abc\n[cut: all 6 bytes are in TEST_OUTPUT_FILE]\n",
        );
        check_variable(
            "aéé".as_bytes(),
            2,
            b"a\n[cut: all 5 bytes are in TEST_OUTPUT_FILE]\n",
        );
    }
}
