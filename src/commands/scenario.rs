//! `breakfix scenario`: what authors of scenarios need besides `prove`.

use std::path::{Path, PathBuf};

use super::output;
use super::prove::refused;
use crate::diagnostic::Diagnostic;
use crate::outcome::Exit;
use crate::report;
use crate::scenario::schema::json_schema;
use crate::scenarios::{self, Source};

/// What is asked.
#[derive(Debug, Clone)]
pub enum ScenarioRequest {
    /// The shape of `scenario.yaml`.
    Schema,
    Check(CheckRequest),
}

/// Which scenarios to read.
#[derive(Debug, Clone)]
pub struct CheckRequest {
    /// Every scenario when empty.
    pub names: Vec<String>,
    /// Looked in before the built-in ones.
    pub directory: Option<PathBuf>,
}

/// Answers on stdout; mistakes go to stderr.
pub fn scenario(request: &ScenarioRequest) -> Exit {
    match request {
        ScenarioRequest::Schema => {
            output::say(&format!("{:#}\n", json_schema()));
            Exit::Met
        }
        ScenarioRequest::Check(request) => check(request),
    }
}

/// Every scenario is read, whatever is wrong with the ones before.
fn check(request: &CheckRequest) -> Exit {
    let directory = request.directory.as_deref();
    let names = if request.names.is_empty() {
        scenarios::names(directory)
    } else {
        request.names.clone()
    };
    let exits = names.iter().map(|name| check_one(name, directory));
    exits.fold(Exit::Met, Exit::or_heavier)
}

fn check_one(name: &str, directory: Option<&Path>) -> Exit {
    let source = match scenarios::load(name, directory) {
        Ok(source) => source,
        Err(error) => {
            let (text, exit) = refused(error);
            output::complain(&text);
            return exit;
        }
    };
    let mistakes = source.file_mistakes();
    if mistakes.is_empty() {
        output::say(&format!("ok {name}: {}\n", counts(&source)));
        return Exit::Met;
    }
    show(&mistakes, &source);
    Exit::Content
}

fn show(mistakes: &[Diagnostic], source: &Source) {
    let text_of = |path: &Path| source.text_of(path);
    let color = output::is_colored(&std::io::stderr());
    output::complain(&report::diagnostics::render(mistakes, &text_of, color));
}

fn counts(source: &Source) -> String {
    let scenario = &source.scenario;
    format!(
        "variants: {}, checks: {}, fixes: {}",
        scenario.variants.len(),
        scenario.checks().count(),
        scenario.fixes().count()
    )
}
