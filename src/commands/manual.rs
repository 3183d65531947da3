//! `breakfix man`: the manual pages, from the same words as `--help`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use super::output;
use crate::cli::Cli;
use crate::outcome::Exit;

/// What to write.
#[derive(Debug, Clone)]
pub struct ManualRequest {
    /// A page for breakfix and one for each verb go there; breakfix's own to stdout when `None`.
    pub directory: Option<PathBuf>,
}

/// Writes pages in roff.
///
/// # Errors
/// When they cannot be written.
pub fn manual(request: &ManualRequest) -> anyhow::Result<Exit> {
    let mut command = Cli::command();
    command.build();
    match &request.directory {
        None => output::say(&page(command)?),
        Some(directory) => {
            std::fs::create_dir_all(directory)
                .with_context(|| format!("failed to make {}", directory.display()))?;
            write(command, "", directory)?;
        }
    }
    Ok(Exit::Met)
}

/// The page of a command and those of its verbs: `breakfix.1`, `breakfix-start.1`.
fn write(command: Command, before: &str, directory: &Path) -> anyhow::Result<()> {
    let name = match before {
        "" => command.get_name().to_owned(),
        before => format!("{before}-{}", command.get_name()),
    };
    let verbs: Vec<Command> = command
        .get_subcommands()
        .filter(|verb| !verb.is_hide_set() && verb.get_name() != "help")
        .cloned()
        .collect();
    let path = directory.join(format!("{name}.1"));
    std::fs::write(&path, page(command)?)
        .with_context(|| format!("failed to write {}", path.display()))?;
    for verb in verbs {
        write(verb, &name, directory)?;
    }
    Ok(())
}

fn page(command: Command) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let version = format!("breakfix {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command).source(version).manual("breakfix");
    man.render(&mut bytes)
        .context("failed to write a manual page")?;
    String::from_utf8(bytes).context("a manual page is not UTF-8")
}
