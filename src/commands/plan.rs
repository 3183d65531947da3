//! `breakfix plan`: what a run would do, before anything runs.

use std::io::IsTerminal as _;

use super::content::{self, Selection};
use super::output;
use crate::outcome::Exit;
use crate::report::{self, Format};

/// What to show, and how.
#[derive(Debug, Clone)]
pub struct PlanRequest {
    pub selection: Selection,
    pub format: Format,
}

/// Shows the plan on stdout and what is wrong with it on stderr.
pub fn plan(request: &PlanRequest) -> Exit {
    let content = match content::load(&request.selection, true) {
        Ok(content) => content,
        Err(refused) => {
            output::complain(&format!("error: {}", refused.text));
            return refused.exit;
        }
    };
    let plan = &content.loaded.plan;
    let exit = if content.has_errors() {
        Exit::Content
    } else if plan.runs_something() {
        Exit::Met
    } else {
        Exit::Usage
    };
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let diagnostics = &content.loaded.diagnostics;
    output::say(&match request.format {
        Format::Terminal => report::plan::render(plan, diagnostics, color),
        Format::Json => report::plan::json::render(plan, diagnostics, exit),
    });
    if exit == Exit::Usage {
        output::complain(&format!("error: {}", content::NOTHING_RUNS));
    }
    exit
}
