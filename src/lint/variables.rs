//! Rules about variables: those that nobody sets, and those that are set where a hook or a fresh shell cannot see them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::steps::{BlockView, CommandView, PageView, blocks};
use super::{Content, Settings};
use crate::diagnostic::{Diagnostic, Location, nearest};
use crate::lab::script::{self, Call, Deed};
use crate::lab::{Command, Page};
use crate::plan::LabSource;

/// What bash itself or every machine has.
const OF_THE_SHELL: [&str; 52] = [
    "HOME",
    "PATH",
    "PWD",
    "OLDPWD",
    "USER",
    "LOGNAME",
    "SHELL",
    "HOSTNAME",
    "HOSTTYPE",
    "OSTYPE",
    "MACHTYPE",
    "RANDOM",
    "SRANDOM",
    "SECONDS",
    "LINENO",
    "UID",
    "EUID",
    "PPID",
    "BASHPID",
    "BASH",
    "BASH_VERSION",
    "BASH_VERSINFO",
    "BASH_SOURCE",
    "BASH_LINENO",
    "BASH_COMMAND",
    "BASH_REMATCH",
    "BASH_SUBSHELL",
    "FUNCNAME",
    "PIPESTATUS",
    "IFS",
    "PS1",
    "PS2",
    "PS4",
    "TERM",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TMPDIR",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "COLUMNS",
    "LINES",
    "REPLY",
    "OPTARG",
    "OPTIND",
    "SHLVL",
    "EPOCHSECONDS",
    "EPOCHREALTIME",
    "DIRSTACK",
    "GROUPS",
    "COLORTERM",
];

/// What breakfix gives every lab.
pub const OF_EVERY_LAB: [&str; 19] = [
    "EKS_CLUSTER_NAME",
    "AWS_ACCOUNT_ID",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_PAGER",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_PROFILE",
    "KUBECONFIG",
    "KUBECACHEDIR",
    "NO_PROXY",
    "no_proxy",
    "BREAKFIX_SIMULATOR",
    "BREAKFIX_SIMULATOR_TOKEN",
];

/// What breakfix gives hooks besides.
const OF_HOOKS: [&str; 2] = ["TEST_OUTPUT", "TEST_OUTPUT_FILE"];

/// What pages give to their neighbours: the next page of a directory is read in the same terminal.
pub(super) struct Shared<'a> {
    by_directory: BTreeMap<PathBuf, Given>,
    settings: &'a Settings,
}

/// What a page sets.
#[derive(Debug, Clone, Default)]
struct Given {
    names: BTreeSet<String>,
    /// Whether it runs what may set anything.
    anything: bool,
    /// Whether the page is its directory's index.
    of_index: Option<Box<Given>>,
}

impl Given {
    fn extend(&mut self, other: Given) {
        self.names.extend(other.names);
        self.anything |= other.anything;
    }
}

impl<'a> Shared<'a> {
    pub(super) fn new(
        content: &Content<'a>,
        labs: &[Vec<PageView<'_>>],
        settings: &'a Settings,
    ) -> Shared<'a> {
        let mut shared = Shared {
            by_directory: BTreeMap::new(),
            settings,
        };
        for view in labs.iter().flatten() {
            shared.add(view.page, &view.blocks);
        }
        for page in content.neighbours.values() {
            shared.add(page, &blocks(page));
        }
        shared
    }

    fn add(&mut self, page: &Page, blocks: &[BlockView<'_>]) {
        let mut given = Given::default();
        for deed in blocks
            .iter()
            .flat_map(|block| &block.commands)
            .flat_map(|command| &command.deeds)
        {
            match deed {
                Deed::Set { name, .. } => drop(given.names.insert(name.clone())),
                Deed::Call(call) => given.anything |= self.may_set_anything(call),
                _ => {}
            }
        }
        let directory = page.path.parent().unwrap_or(Path::new("")).to_owned();
        let all = self.by_directory.entry(directory).or_default();
        all.names.extend(given.names.iter().cloned());
        all.anything |= given.anything;
        let stem = page
            .path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        if stem.trim_start_matches('_').starts_with("index") {
            all.of_index = Some(Box::new(given));
        }
    }

    fn may_set_anything(&self, call: &Call) -> bool {
        matches!(
            call.program.as_str(),
            "eval" | "source" | "." | "prepare-environment"
        ) || self.settings.setters.contains(&call.program)
    }

    /// What the pages of this directory, and the index pages of those above, give.
    fn given_to(&self, page: &Path) -> Given {
        let directory = page.parent().unwrap_or(Path::new(""));
        let mut all = Given::default();
        for above in directory.ancestors() {
            let Some(given) = self.by_directory.get(above) else {
                continue;
            };
            let given = match (&given.of_index, above == directory) {
                (_, true) => Some(given),
                (index, false) => index.as_deref(),
            };
            if let Some(given) = given {
                all.names.extend(given.names.iter().cloned());
                all.anything |= given.anything;
            }
        }
        all
    }
}

/// Checks the pages of a lab, which share one shell.
pub(super) fn check(
    lab: &LabSource,
    views: &[PageView<'_>],
    content: &Content<'_>,
    shared: &Shared<'_>,
    found: &mut Vec<Diagnostic>,
) {
    let mut shell = ShellState {
        known: environment(lab, content, shared.settings),
        ..ShellState::default()
    };
    let scripts = needs_of_hooks(lab, content);
    for view in views {
        let mut given = shared.given_to(&view.page.path);
        // A translation is read where its source is.
        if let Some((source, _)) = content.sources.get(&view.page.path) {
            given.extend(shared.given_to(&source.path));
        }
        let mut told = BTreeSet::new();
        for block in &view.blocks {
            shell.hook(view, block, &scripts, found);
            for command in &block.commands {
                for deed in &command.deeds {
                    if let Deed::Use(name) = deed {
                        let is_there = shell.known.contains(name)
                            || shell.anything
                            || given.anything
                            || given.names.contains(name);
                        if block.block.tested && !is_there && told.insert(name.clone()) {
                            found.push(unset(view, command.command, name, &shell.known));
                        }
                    }
                    shell.deed(view, command, deed, shared, found);
                }
            }
            shell.hook(view, block, &scripts, found);
        }
    }
}

/// What a lab has before its first command.
fn environment(lab: &LabSource, content: &Content<'_>, settings: &Settings) -> BTreeSet<String> {
    let constant = OF_THE_SHELL
        .iter()
        .chain(&OF_EVERY_LAB)
        .map(|name| (*name).to_owned());
    let of_scenarios = lab
        .scenarios
        .iter()
        .filter_map(|named| content.scenarios.get(&named.name))
        .flat_map(|scenario| scenario.environment.keys().cloned());
    constant
        .chain(of_scenarios)
        .chain(settings.environment.iter().cloned())
        .collect()
}

fn unset(
    view: &PageView<'_>,
    command: &Command,
    name: &str,
    known: &BTreeSet<String>,
) -> Diagnostic {
    let at = place_of_use(view, command, name);
    let message = format!("nothing sets `${name}` before this command");
    let one = view.diagnostic("variable-unset", at, message);
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) if name.len() > 3 => one.with_help(format!("did you mean `${near}`?")),
        _ => one.with_help("set it in an earlier block or in the scenario's `environment`, or name it under `environment` in breakfix.toml"),
    }
}

fn place_of_use(view: &PageView<'_>, command: &Command, name: &str) -> Location {
    let forms = [
        format!("${name}"),
        format!("${{{name}"),
        format!("${{#{name}"),
        format!("${{!{name}"),
    ];
    let found = forms
        .iter()
        .find(|form| command.text.contains(form.as_str()));
    let line = found.and_then(|form| {
        command
            .text
            .lines()
            .position(|line| line.contains(form.as_str()))
    });
    view.place(
        command,
        line.unwrap_or(0) + 1,
        found.map_or("", String::as_str),
    )
}

/// What the lab's shell has so far.
#[derive(Default)]
struct ShellState {
    known: BTreeSet<String>,
    /// Variables that are set and not exported, with what is told when somebody needs them.
    unexported: BTreeMap<String, Diagnostic>,
    exports_all: bool,
    /// Something ran that may have set any variable.
    anything: bool,
}

impl ShellState {
    fn deed(
        &mut self,
        view: &PageView<'_>,
        command: &CommandView<'_>,
        deed: &Deed,
        shared: &Shared<'_>,
        found: &mut Vec<Diagnostic>,
    ) {
        match deed {
            Deed::Set { name, exported } => {
                let was_exported = self.known.contains(name) && !self.unexported.contains_key(name);
                self.known.insert(name.clone());
                if *exported || self.exports_all || was_exported {
                    self.unexported.remove(name);
                } else {
                    let one = unexported(view, command.command, name);
                    self.unexported.insert(name.clone(), one);
                }
            }
            Deed::Export(name) => {
                self.known.insert(name.clone());
                self.unexported.remove(name);
            }
            Deed::ExportAll(on) => self.exports_all = *on,
            Deed::Call(call) => {
                if shared.may_set_anything(call) {
                    self.anything = true;
                    self.unexported.clear();
                }
                for name in needs_of_fresh_shell(call) {
                    if !call.environment.contains(&name) {
                        let who = format!(
                            "`{}` in line {}",
                            call.program,
                            command.command.line + call.line - 1
                        );
                        self.needed(&name, &who, found);
                    }
                }
            }
            Deed::Use(_) => {}
        }
    }

    /// The hook of a block needs what it needs; it is called before the block and after it.
    fn hook(
        &mut self,
        view: &PageView<'_>,
        block: &BlockView<'_>,
        scripts: &NeedsOfHooks,
        found: &mut Vec<Diagnostic>,
    ) {
        let Some(hook) = block
            .block
            .annotations
            .hook
            .as_ref()
            .filter(|_| block.block.tested)
        else {
            return;
        };
        let directory = view.page.path.parent().unwrap_or(Path::new(""));
        let key = (directory.to_owned(), hook.value.clone());
        for name in scripts.get(&key).into_iter().flatten() {
            let who = format!("the hook `{}` of line {}", hook.value, block.block.line);
            self.needed(name, &who, found);
        }
    }

    /// Says once that `who` cannot see a variable.
    fn needed(&mut self, name: &str, who: &str, found: &mut Vec<Diagnostic>) {
        if let Some(mut one) = self.unexported.remove(name) {
            one.message = format!("`{name}` is not exported, and {who} needs it");
            found.push(one);
        }
    }
}

/// What will be told if somebody needs the variable.
fn unexported(view: &PageView<'_>, command: &Command, name: &str) -> Diagnostic {
    let assignment = format!("{name}=");
    let line = command
        .text
        .lines()
        .position(|line| line.contains(&assignment));
    let at = view.place(command, line.unwrap_or(0) + 1, &assignment);
    let start = at.span.start;
    let end = at.span.end.saturating_sub(1).max(start);
    let one = view
        .diagnostic("variable-unexported", view.lines.locate(start..end), "")
        .with_help(format!("write `export {name}=…`"));
    // An assignment that is all of its command can be exported where it stands.
    if command.text.starts_with(&assignment) {
        one.with_fix(start..start, "export ")
    } else {
        one
    }
}

/// By directory and hook: the variables that its script needs and does not set itself.
type NeedsOfHooks = BTreeMap<(PathBuf, String), Vec<String>>;

fn needs_of_hooks(lab: &LabSource, content: &Content<'_>) -> NeedsOfHooks {
    let mut needs = BTreeMap::new();
    for hooks in &lab.hook_scripts {
        for (name, script) in &hooks.scripts {
            let key = (hooks.directory.clone(), name.clone());
            if let Some(text) = content.scripts.get(script) {
                needs.entry(key).or_insert_with(|| needs_of_script(text));
            }
        }
    }
    needs
}

/// What a script needs and does not set itself.
fn needs_of_script(text: &str) -> Vec<String> {
    let deeds = script::read(text);
    let set: BTreeSet<&str> = deeds
        .iter()
        .filter_map(|deed| match deed {
            Deed::Set { name, .. } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let needed = deeds.iter().filter_map(|deed| match deed {
        Deed::Use(name) => Some(name.as_str()),
        _ => None,
    });
    let own = |name: &&str| {
        !set.contains(name) && !OF_HOOKS.contains(name) && !OF_THE_SHELL.contains(name)
    };
    let names: BTreeSet<&str> = needed.filter(own).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// What a call hands to a shell or program that sees exported variables only.
fn needs_of_fresh_shell(call: &Call) -> Vec<String> {
    let inner = match call.program.as_str() {
        "bash" | "sh" | "zsh" if call.has("-c") => call.value_of("-c"),
        "xargs" | "timeout" | "watch" | "env" if call.has("-c") => call.value_of("-c"),
        "jq" => return names_behind(call, &["env.", "$ENV."]),
        "yq" => return names_behind(call, &["env(", "strenv("]),
        _ => return Vec::new(),
    };
    inner
        .filter(|inner| inner.is_quoted)
        .map_or_else(Vec::new, |inner| needs_of_script(&inner.text))
}

fn names_behind(call: &Call, openings: &[&str]) -> Vec<String> {
    let mut names = Vec::new();
    for argument in call.words() {
        for opening in openings {
            for (at, _) in argument.match_indices(opening) {
                let rest = &argument[at + opening.len()..];
                let name: String = rest
                    .chars()
                    .take_while(|character| character.is_ascii_alphanumeric() || *character == '_')
                    .collect();
                if !name.is_empty() {
                    names.push(name);
                }
            }
        }
    }
    names
}
