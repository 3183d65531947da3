//! `breakfix plan`: what a run would do, before anything runs.

use super::content::{self, Selection};
use super::output;
use crate::outcome::Exit;
use crate::report;

/// What to show, and how.
#[derive(Debug, Clone)]
pub struct PlanRequest {
    pub selection: Selection,
    /// As one JSON document instead of text.
    pub json: bool,
}

/// Shows the plan on stdout and what is wrong with it on stderr.
pub fn plan(request: &PlanRequest) -> Exit {
    let content = match content::load(&request.selection, true) {
        Ok(content) => content,
        Err(refused) => return refused.complained(),
    };
    let plan = &content.loaded.plan;
    let exit = if content.has_errors() {
        Exit::Content
    } else if plan.runs_something() {
        Exit::Met
    } else {
        Exit::Usage
    };
    let color = output::is_colored(&std::io::stdout());
    let diagnostics = &content.loaded.diagnostics;
    output::say(&if request.json {
        report::plan::json::render(plan, diagnostics, exit)
    } else {
        report::plan::render(plan, diagnostics, color)
    });
    if exit == Exit::Usage {
        output::complain(&format!("error: {}", content::NOTHING_RUNS));
    }
    exit
}
