//! `breakfix lint`: every mistake and doubt about content, before anything runs. And `breakfix explain`.

mod gather;
mod second_opinion;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::config::{self, Found};
use super::content::{Refused, refused};
use super::output;
use super::target::Target;
use crate::diagnostic::{Diagnostic, Severity, nearest};
use crate::lint::rules::{self, RULES, Rule};
use crate::lint::{Allowed, Content, Settings, fix, lint as lint_content};
use crate::outcome::Exit;
use crate::report;
use crate::report::lint::RuleText;
use crate::tree::Drafts;
pub(super) use gather::Gathered;

/// What to look at, and how to tell.
#[derive(Debug, Clone, Default)]
pub struct LintRequest {
    pub paths: Vec<PathBuf>,
    /// The pages are translations of those in this directory.
    pub source_tree: Option<PathBuf>,
    /// Where scenarios are, before those of the configuration.
    pub scenarios: Option<PathBuf>,
    /// The configuration instead of the nearest `breakfix.toml`.
    pub config: Option<PathBuf>,
    pub format: LintFormat,
    /// Mend what can be mended without a doubt.
    pub fix: bool,
    /// From which severity on the content is wrong, before that of the configuration.
    pub fail_on: Option<Severity>,
}

/// How diagnostics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LintFormat {
    #[default]
    Terminal,
    Json,
    Sarif,
    Github,
}

/// What was found.
pub(super) struct Linted {
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) texts: BTreeMap<PathBuf, String>,
    pub(super) pages: usize,
}

/// Tells on stdout what is wrong.
pub fn lint(request: &LintRequest) -> Exit {
    match linted_and_fixed(request) {
        Ok((linted, fixed, fail_on)) => tell(request, &linted, fixed, fail_on),
        Err(refused) => refused.complained(),
    }
}

fn linted_and_fixed(request: &LintRequest) -> Result<(Linted, usize, Severity), Refused> {
    let found = config::load(request.config.as_deref())?;
    let of_config = found.config.lint.fail_on.and_then(|level| level.severity());
    let fail_on = request.fail_on.or(of_config).unwrap_or(Severity::Error);
    let mut linted = linted(request, &found, &Drafts::default())?;
    let mut fixed = 0;
    // An edit can bring another mistake to light, or have stood in another's way.
    for _ in 0..MOST_ROUNDS {
        if !request.fix {
            break;
        }
        let count = write_fixes(&linted)?;
        if count == 0 {
            break;
        }
        fixed += count;
        linted = self::linted(request, &found, &Drafts::default())?;
    }
    Ok((linted, fixed, fail_on))
}

const MOST_ROUNDS: usize = 5;

/// Looks at the content as it is, with drafts instead of files where an editor has some.
pub(super) fn linted(
    request: &LintRequest,
    found: &Found,
    drafts: &Drafts,
) -> Result<Linted, Refused> {
    let gathered = gather::gather(request, found, drafts)?;
    let settings = settings(found)?;
    let content = Content {
        labs: &gathered.loaded.labs,
        texts: &gathered.loaded.sources,
        scripts: &gathered.around.scripts,
        unnamed: &gathered.around.unnamed,
        sources: &gathered.around.sources,
        orphans: &gathered.around.orphans,
        neighbours: &gathered.around.neighbours,
        scenarios: &gathered.scenarios,
        scenario_files: &gathered.scenario_files,
        exists: &Path::exists,
    };
    let diagnostics = lint_content(&content, gathered.diagnostics.clone(), &settings);
    let diagnostics = second_opinion::asked(diagnostics, &gathered);
    let pages = gathered.loaded.labs.iter().map(|lab| lab.pages.len()).sum();
    Ok(Linted {
        diagnostics,
        pages,
        texts: gathered.texts(),
    })
}

fn settings(found: &Found) -> Result<Settings, Refused> {
    let lint = &found.config.lint;
    let mut allowed = Vec::new();
    for allow in &lint.allow {
        let paths = crate::config::globs(&allow.paths)
            .map_err(|error| refused(Exit::Content, format!("{}: {error}", crate::config::FILE)))?;
        allowed.push(Allowed {
            rule: allow.rule.clone(),
            paths,
        });
    }
    let levels = lint.rules.iter();
    Ok(Settings {
        levels: levels
            .map(|(code, level)| (code.clone(), level.severity()))
            .collect(),
        allowed,
        environment: lint.environment.iter().cloned().collect(),
        setters: lint.setters.iter().cloned().collect(),
        root: absolute(&found.directory),
        from: absolute(Path::new("")),
    })
}

/// Without links and `..`; as it is where that cannot be told.
fn absolute(directory: &Path) -> PathBuf {
    let shown = if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    };
    std::fs::canonicalize(shown).unwrap_or_else(|_| directory.to_owned())
}

/// Writes the files whose diagnostics can be mended; how many edits there were.
fn write_fixes(linted: &Linted) -> Result<usize, Refused> {
    let mut by_file: BTreeMap<&Path, Vec<&Diagnostic>> = BTreeMap::new();
    for one in linted.diagnostics.iter().filter(|one| one.fix.is_some()) {
        by_file.entry(&one.path).or_default().push(one);
    }
    let mut total = 0;
    for (path, diagnostics) in by_file {
        let Some(text) = linted.texts.get(path) else {
            continue;
        };
        let (fixed, count) = fix::fixed(text, &diagnostics);
        if fixed != *text {
            replace(path, text, &fixed).map_err(|why| refused(Exit::CannotTell, why))?;
            total += count;
        }
    }
    Ok(total)
}

/// Replaces a file that is still as it was read, as a whole or not at all.
fn replace(path: &Path, was: &str, text: &str) -> Result<(), String> {
    let shown = path.display();
    let now = std::fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
    if now != was {
        return Err(format!("{shown}: it changed while it was being mended"));
    }
    Target::at(path)?.write(text)
}

fn tell(request: &LintRequest, linted: &Linted, fixed: usize, fail_on: Severity) -> Exit {
    let wrong = |one: &Diagnostic| one.severity <= fail_on;
    let exit = if linted.diagnostics.iter().any(wrong) {
        Exit::Content
    } else {
        Exit::Met
    };
    let diagnostics = &linted.diagnostics;
    output::say(&match request.format {
        LintFormat::Terminal => {
            let source_of = |path: &Path| linted.texts.get(path).cloned();
            let color = output::is_colored(&std::io::stdout());
            report::lint::terminal(diagnostics, &source_of, linted.pages, fixed, color)
        }
        LintFormat::Json => report::lint::json(diagnostics, linted.pages, fixed, exit),
        LintFormat::Sarif => {
            let rules: Vec<RuleText> = RULES.iter().map(rule_text).collect();
            report::sarif::render(diagnostics, &linted.texts, &rules)
        }
        LintFormat::Github => report::lint::github(diagnostics),
    });
    exit
}

fn rule_text(rule: &Rule) -> RuleText {
    RuleText {
        code: rule.code,
        severity: rule.severity,
        summary: rule.summary(),
        explanation: rule.explanation,
        is_fixable: rule.is_fixable(),
    }
}

/// What to explain.
#[derive(Debug, Clone)]
pub struct ExplainRequest {
    /// All rules, in a line each, when `None`.
    pub code: Option<String>,
    pub json: bool,
}

/// Explains a rule, or lists them.
pub fn explain(request: &ExplainRequest) -> Exit {
    let asked: Vec<RuleText> = match &request.code {
        None => RULES.iter().map(rule_text).collect(),
        Some(code) => match rules::rule(code) {
            Some(rule) => vec![rule_text(rule)],
            None => {
                let near = nearest(code, RULES.iter().map(|rule| rule.code));
                let help = near.map_or_else(
                    || "`breakfix explain` lists the rules".to_owned(),
                    |near| format!("did you mean {near}?"),
                );
                output::complain(&format!("error: there is no rule {code:?}; {help}"));
                return Exit::Usage;
            }
        },
    };
    output::say(&if request.json {
        report::lint::rules_json(&asked)
    } else if let ([only], Some(_)) = (asked.as_slice(), &request.code) {
        only.explanation.to_owned()
    } else {
        report::lint::rules_list(&asked)
    });
    Exit::Met
}
