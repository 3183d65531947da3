//! How a verb speaks: what was asked for on the command line, and what the terminal can show.

use std::io::IsTerminal;

use super::output;
use crate::language::Language;
use crate::live::Live;
use crate::report::style::Style;

/// Columns of what is no terminal.
const WIDTH: usize = 100;
/// Lines longer than this are hard to read, however wide the terminal is.
const WIDEST: usize = 120;

/// What was asked for, for every verb.
#[derive(Debug, Clone, Copy)]
pub struct Manners {
    asked: Option<Language>,
    /// No colours, no spinners, no redrawing, no pager.
    pub plain: bool,
}

impl Manners {
    pub fn new(asked: Option<Language>, plain: bool) -> Manners {
        Manners { asked, plain }
    }

    /// The language that was asked for; else the one that a session was started in; else the locale's.
    pub fn language(self, of_session: Option<Language>) -> Language {
        self.asked
            .or(of_session)
            .unwrap_or_else(|| Language::of_locale(|name| std::env::var(name).ok()))
    }

    /// What was asked for, and nothing else.
    pub fn asked(self) -> Option<Language> {
        self.asked
    }

    /// What tells of work that goes on.
    pub fn live(self) -> Live {
        if self.plain {
            return Live::lines_on_stderr();
        }
        Live::on_stderr(false)
    }

    /// How text is shown on a stream.
    pub fn style(self, language: Language, stream: &impl IsTerminal) -> Style {
        Style {
            language,
            color: output::is_colored(stream),
            plain: self.plain,
            width: width(stream),
        }
    }
}

/// As COLUMNS says, else as the terminal is.
fn width(stream: &impl IsTerminal) -> usize {
    let said = std::env::var("COLUMNS").ok();
    let said = said.and_then(|columns| columns.parse().ok());
    let terminal = || {
        let size = stream
            .is_terminal()
            .then(|| rustix::termios::tcgetwinsize(std::io::stdout()));
        let columns = usize::from(size?.ok()?.ws_col);
        (columns > 0).then_some(columns)
    };
    said.or_else(terminal).unwrap_or(WIDTH).min(WIDEST)
}
