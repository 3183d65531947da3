//! `breakfix new`: a lab or a scenario to begin with, which works at once. The files are beside this
//! one; only the name is put into them.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::content::{Refused, refused, told};
use super::output;
use crate::lab;
use crate::outcome::Exit;

/// What to begin, what it is called and where it goes.
#[derive(Debug, Clone)]
pub struct NewRequest {
    pub kind: Kind,
    pub name: String,
    pub directory: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Lab,
    Scenario,
}

/// A file below the new directory.
struct Template {
    path: &'static str,
    text: &'static str,
    executable: bool,
}

/// Stands for the name, in paths and in texts.
const NAME: &str = "@NAME@";

const fn text(path: &'static str, text: &'static str) -> Template {
    Template {
        path,
        text,
        executable: false,
    }
}

const fn script(path: &'static str, text: &'static str) -> Template {
    Template {
        path,
        text,
        executable: true,
    }
}

const LAB: [Template; 2] = [
    text("index.md", include_str!("new/lab/index.md")),
    script(
        "tests/hook-@NAME@.sh",
        include_str!("new/lab/tests/hook.sh"),
    ),
];

const SCENARIO: [Template; 6] = [
    text("scenario.yaml", include_str!("new/scenario/scenario.yaml")),
    text("lesson.md", include_str!("new/scenario/lesson.md")),
    text(
        "policies/key.json",
        include_str!("new/scenario/policies/key.json"),
    ),
    text(
        "policies/public.json",
        include_str!("new/scenario/policies/public.json"),
    ),
    script(
        "solutions/enable-key.sh",
        include_str!("new/scenario/solutions/enable-key.sh"),
    ),
    script(
        "wrong/open-the-key.sh",
        include_str!("new/scenario/wrong/open-the-key.sh"),
    ),
];

/// Writes the files and says which, and what to do next.
///
/// # Errors
/// When a file cannot be written.
pub fn new(request: &NewRequest) -> anyhow::Result<Exit> {
    let place = match place(request) {
        Ok(place) => place,
        Err(refused) => return Ok(told(Err(refused))),
    };
    let templates: &[Template] = match request.kind {
        Kind::Lab => &LAB,
        Kind::Scenario => &SCENARIO,
    };
    let mut said = String::new();
    for template in templates {
        let path = place.join(template.path.replace(NAME, &request.name));
        write(
            &path,
            &template.text.replace(NAME, &request.name),
            template.executable,
        )
        .with_context(|| format!("failed to write {}", path.display()))?;
        said += &format!("wrote {}\n", path.display());
    }
    output::say(&(said + &next(request, &place)));
    Ok(Exit::Met)
}

/// The new directory, which is not there yet.
fn place(request: &NewRequest) -> Result<PathBuf, Refused> {
    let name = &request.name;
    if !lab::is_name(name) {
        let text = format!(
            "error: `{name}` cannot be a name: a letter or digit, then letters, digits, `.`, `_` and `-`"
        );
        return Err(refused(Exit::Usage, text));
    }
    let directory = &request.directory;
    let place = if directory == Path::new(".") {
        PathBuf::from(name)
    } else {
        directory.join(name)
    };
    if place.symlink_metadata().is_ok() {
        let text = format!(
            "error: {} is there already: take another name, or another place with --dir",
            place.display()
        );
        return Err(refused(Exit::Usage, text));
    }
    Ok(place)
}

fn write(path: &Path, text: &str, executable: bool) -> std::io::Result<()> {
    std::fs::create_dir_all(path.parent().unwrap_or(path))?;
    let mode = if executable { 0o777 } else { 0o666 };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    file.write_all(text.as_bytes())
}

fn next(request: &NewRequest, place: &Path) -> String {
    let (name, place) = (&request.name, place.display());
    let directory = request.directory.display();
    match request.kind {
        Kind::Lab => format!(
            "\nnext:\n  \
             breakfix plan {place}     # what a run would do, and every mistake\n  \
             breakfix run {place}      # on the simulator\n  \
             breakfix bless {place}    # documented output as it really comes\n"
        ),
        Kind::Scenario => format!(
            "\nnext:\n  \
             breakfix scenario check {name} --scenarios {directory}\n  \
             breakfix prove {name} --scenarios {directory}\n  \
             breakfix run {place}/lesson.md --scenarios {directory}\n  \
             breakfix start {name} --scenarios {directory}    # as a learner meets it\n"
        ),
    }
}
