//! `breakfix.toml`: what a repository of content says once instead of on every command line. Pure: finding and reading
//! the file is for `commands`.

use std::collections::BTreeMap;
use std::num::{NonZeroU16, NonZeroU32};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diagnostic::{Diagnostic, Lines, Location, Severity, nearest};

/// The file's name.
pub const FILE: &str = "breakfix.toml";

/// Defaults of a repository; what a command line says goes before.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// Directory with scenarios, from the file's own directory; they come before the built-in ones of the same name.
    pub scenarios: Option<PathBuf>,
    /// What `lint` does.
    pub lint: LintConfig,
    /// What `run` does.
    pub run: RunConfig,
}

/// What `run` does.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RunConfig {
    /// How many labs run at the same time.
    pub jobs: Option<Jobs>,
    /// What it means when a command prints other than the lesson shows.
    pub documented: Option<Documented>,
    /// Retry failing steps so often, instead of as often as they say; only steps that say `retries=` are retried.
    pub retries: Option<u32>,
    /// Whether a step passes that passes on a retry only.
    pub allow_flaky: Option<bool>,
    /// Start nothing more after so many failures.
    #[schemars(range(min = 1))]
    pub max_fail: Option<NonZeroU32>,
    /// Limit of each page's steps together, in seconds of the lab's time.
    #[schemars(range(min = 1))]
    pub page_timeout: Option<NonZeroU32>,
    /// Limit of the whole run, in seconds.
    #[schemars(range(min = 1))]
    pub run_timeout: Option<NonZeroU32>,
    /// Variables whose values are hidden, beside those whose names say that they are secret.
    pub mask: Vec<String>,
}

/// How many labs run at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Jobs {
    Number(NonZeroU16),
    Word(Automatic),
}

/// One per processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Automatic {
    Auto,
}

/// What drift of documented output means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Documented {
    /// A line in the report.
    #[default]
    Report,
    /// The lesson is wrong.
    Fail,
    /// Nothing is compared.
    Ignore,
}

/// What `lint` does.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct LintConfig {
    /// From which severity on `lint` exits with 3; errors by default.
    pub fail_on: Option<Level>,
    /// Severity of rules by code, instead of their own.
    pub rules: BTreeMap<String, Level>,
    /// Rules that are passed over in some paths.
    pub allow: Vec<Allow>,
    /// Variables that the content's environment has besides those that breakfix gives every lab.
    pub environment: Vec<String>,
    /// Commands after which any variable may be set, besides `eval`, `source` and `prepare-environment`.
    pub setters: Vec<String>,
}

/// How much a rule weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// It is not told.
    Off,
    Note,
    Warning,
    Error,
}

impl Level {
    /// `None` for what is not told.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Level::Off => None,
            Level::Note => Some(Severity::Note),
            Level::Warning => Some(Severity::Warning),
            Level::Error => Some(Severity::Error),
        }
    }
}

/// A rule that is passed over somewhere.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Allow {
    /// Its code.
    pub rule: String,
    /// Globs of paths, from the file's own directory; `*` crosses `/`.
    pub paths: Vec<String>,
    /// Why; not empty.
    #[schemars(length(min = 1))]
    pub reason: String,
}

/// Reads the file's text. `known` are the codes of all rules.
///
/// # Errors
/// The first mistake, with its place.
pub fn read(text: &str, path: &Path, known: &[&str]) -> Result<Config, Box<Diagnostic>> {
    let config: Config =
        toml::from_str(text).map_err(|error| Box::new(mistake(&error, text, path)))?;
    let lint = &config.lint;
    let named = lint.allow.iter().map(|allow| &allow.rule);
    for code in lint.rules.keys().chain(named) {
        if !known.contains(&code.as_str()) {
            return Err(Box::new(unknown_rule(code, text, path, known)));
        }
    }
    for allow in &lint.allow {
        if allow.reason.trim().is_empty() {
            let message = format!("`{}` is allowed without a reason", allow.rule);
            let at = place(text, &allow.rule);
            return Err(Box::new(diagnostic(path, at, message)));
        }
        if let Err(error) = globs(&allow.paths) {
            let message = format!("`paths` of `{}`: {error}", allow.rule);
            let at = place(text, &allow.rule);
            return Err(Box::new(diagnostic(path, at, message)));
        }
    }
    Ok(config)
}

/// One matcher of all these globs.
///
/// # Errors
/// When one of them makes no sense.
pub fn globs(paths: &[String]) -> Result<globset::GlobSet, globset::Error> {
    let mut set = globset::GlobSetBuilder::new();
    for path in paths {
        set.add(globset::Glob::new(path.trim_start_matches("./"))?);
    }
    set.build()
}

fn mistake(error: &toml::de::Error, text: &str, path: &Path) -> Diagnostic {
    let at = error.span().map_or_else(Location::start_of_file, |span| {
        Lines::new(text).locate(span)
    });
    let message = error.message().to_owned();
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let meant = match names.as_slice() {
        [word, known @ ..] if message.starts_with("unknown") => {
            nearest(word, known.iter().copied())
        }
        _ => None,
    };
    let help = meant.map(|meant| format!("did you mean `{meant}`?"));
    let mut one = diagnostic(path, at, message);
    one.help = help;
    one
}

fn unknown_rule(code: &str, text: &str, path: &Path, known: &[&str]) -> Diagnostic {
    let help = match nearest(code, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`breakfix explain` lists the rules".to_owned(),
    };
    diagnostic(
        path,
        place(text, code),
        format!("there is no rule `{code}`"),
    )
    .with_help(help)
}

fn diagnostic(path: &Path, at: Location, message: String) -> Diagnostic {
    Diagnostic::new(Severity::Error, "config-invalid", path, at, message)
}

fn place(text: &str, word: &str) -> Location {
    match text.find(word) {
        Some(at) => Lines::new(text).locate(at..at + word.len()),
        None => Location::start_of_file(),
    }
}

/// The shape of `breakfix.toml` as a JSON Schema.
pub fn json_schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Config).to_value();
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("$id".to_owned(), "urn:breakfix:config:v1".into());
        schema.insert("title".to_owned(), "breakfix.toml".into());
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: [&str; 2] = ["url-unpinned", "wait-fixed"];

    #[test]
    fn every_key_is_read() {
        let text = r#"
scenarios = "broken"
[lint]
fail-on = "warning"
environment = ["SHOP"]
setters = ["prepare"]
[run]
jobs = "auto"
documented = "fail"
retries = 2
allow-flaky = true
max-fail = 3
page-timeout = 600
run-timeout = 3600
mask = ["PIN"]
[lint.rules]
wait-fixed = "off"
url-unpinned = "error"
[[lint.allow]]
rule = "url-unpinned"
paths = ["old/*"]
reason = "frozen content"
"#;
        let config = read(text, Path::new(FILE), &RULES).unwrap();
        assert_eq!(config.scenarios.as_deref(), Some(Path::new("broken")));
        assert_eq!(config.lint.fail_on, Some(Level::Warning));
        assert_eq!(config.lint.rules["wait-fixed"].severity(), None);
        assert_eq!(
            config.lint.rules["url-unpinned"].severity(),
            Some(Severity::Error)
        );
        assert_eq!(config.run.jobs, Some(Jobs::Word(Automatic::Auto)));
        assert_eq!(config.run.documented, Some(Documented::Fail));
        assert_eq!(config.run.max_fail.map(NonZeroU32::get), Some(3));
        assert_eq!((config.run.retries, config.run.mask.len()), (Some(2), 1));
        assert_eq!(config.lint.allow[0].paths, ["old/*"]);
        assert_eq!(
            (config.lint.environment.len(), config.lint.setters.len()),
            (1, 1)
        );
    }

    #[test]
    fn mistakes_have_their_place_and_a_way_out() {
        #[track_caller]
        fn check(text: &str, line: usize, message: &str, help: Option<&str>) {
            let one = read(text, Path::new(FILE), &RULES).unwrap_err();
            assert_eq!(one.line, line, "{one:?}");
            assert!(one.message.contains(message), "{one:?}");
            assert_eq!(one.help.as_deref(), help, "{one:?}");
        }
        check(
            "[lint]\nenviroment = []\n",
            2,
            "unknown field `enviroment`",
            Some("did you mean `environment`?"),
        );
        check(
            "[lint.rules]\nwait-fixd = \"off\"\n",
            2,
            "there is no rule `wait-fixd`",
            Some("did you mean `wait-fixed`?"),
        );
        check(
            "[lint.rules]\nwait-fixed = \"of\"\n",
            2,
            "unknown variant `of`",
            Some("did you mean `off`?"),
        );
        check(
            "[[lint.allow]]\nrule = \"wait-fixed\"\npaths = [\"a\"]\nreason = \" \"\n",
            2,
            "without a reason",
            None,
        );
        check(
            "[[lint.allow]]\nrule = \"wait-fixed\"\npaths = [\"{a\"]\nreason = \"x\"\n",
            2,
            "paths",
            None,
        );
        check("[lint\n", 1, "", None);
        check("[run]\njobs = 0\n", 2, "", None);
    }
}
