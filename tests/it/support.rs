//! breakfix as a user calls it: a scrubbed environment, a page in a directory of its own, and what
//! came of it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A call of breakfix under construction.
pub(crate) struct Breakfix {
    directory: TempDir,
    arguments: Vec<OsString>,
    path: OsString,
    variables: Vec<(String, OsString)>,
}

/// What a call left behind.
pub(crate) struct Outcome {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// Names in the directory for temporary files, after the call.
    pub(crate) temporary: Vec<String>,
}

pub(crate) fn breakfix(arguments: &[&str]) -> Breakfix {
    let directory = tempfile::tempdir().unwrap();
    for name in ["home", "tmp", "state", "work"] {
        std::fs::create_dir(directory.path().join(name)).unwrap();
    }
    Breakfix {
        directory,
        arguments: arguments.iter().map(Into::into).collect(),
        path: std::env::var_os("PATH").unwrap(),
        variables: Vec::new(),
    }
}

impl Breakfix {
    /// Where the call happens.
    pub(crate) fn work(&self) -> PathBuf {
        self.directory.path().join("work")
    }

    /// Where everything of the call is: its home, its temporary files, its state.
    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    /// Calls with other arguments in the same place from now on.
    pub(crate) fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments = arguments.iter().map(Into::into).collect();
        self
    }

    /// Processes that stand in a directory of the call, by command line.
    pub(crate) fn survivors(&self) -> Vec<String> {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        processes
            .map(|process| process.path())
            .filter(|process| {
                let directory = std::fs::read_link(process.join("cwd"));
                directory.is_ok_and(|directory| directory.starts_with(self.root()))
            })
            .map(|process| std::fs::read_to_string(process.join("cmdline")).unwrap_or_default())
            .map(|line| line.replace('\0', " "))
            .collect()
    }

    /// Waits until a file is in the working directory.
    pub(crate) fn wait_for(&self, name: &str) {
        wait_until(name, || self.work().join(name).exists());
    }

    /// Writes a file into the working directory.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        let path = self.work().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Writes an executable into a directory that comes first on the PATH.
    pub(crate) fn program(mut self, name: &str, text: &str) -> Self {
        let programs = self.directory.path().join("programs");
        std::fs::create_dir_all(&programs).unwrap();
        let program = programs.join(name);
        std::fs::write(&program, text).unwrap();
        make_executable(&program);
        let rest = std::env::split_paths(&self.path).collect::<Vec<_>>();
        self.path = std::env::join_paths(std::iter::once(programs).chain(rest)).unwrap();
        self
    }

    /// Sets a variable of the call's environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Replaces the PATH by a directory that has only these programs.
    pub(crate) fn only_programs(mut self, names: &[&str]) -> Self {
        let programs = self.directory.path().join("only");
        std::fs::create_dir(&programs).unwrap();
        for name in names {
            let found = std::env::split_paths(&self.path)
                .map(|place| place.join(name))
                .find(|path| path.is_file());
            std::os::unix::fs::symlink(found.unwrap(), programs.join(name)).unwrap();
        }
        self.path = programs.into();
        self
    }

    fn command(&self) -> Command {
        self.command_with(&self.arguments)
    }

    fn command_with(&self, arguments: &[impl AsRef<std::ffi::OsStr>]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_breakfix"));
        command.args(arguments).current_dir(self.work()).env_clear();
        for (name, place) in [
            ("HOME", "home"),
            ("TMPDIR", "tmp"),
            ("XDG_STATE_HOME", "state"),
        ] {
            command.env(name, self.directory.path().join(place));
        }
        // The shims of a Python version manager look there for what they stand for.
        for name in ["PYENV_ROOT", "PYENV_VERSION"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command
            .env("PATH", &self.path)
            .env("LANG", "C.UTF-8")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(self) -> Outcome {
        self.run_once()
    }

    /// Runs the call while its directory stays, for tests that read files there.
    pub(crate) fn run_once(&self) -> Outcome {
        self.outcome(self.command().output().unwrap())
    }

    /// What a call that was started and has ended left behind.
    pub(crate) fn outcome(&self, output: std::process::Output) -> Outcome {
        Outcome {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            temporary: self.temporary(),
        }
    }

    /// Calls with these arguments in the same place.
    pub(crate) fn call(&self, arguments: &[&str]) -> Outcome {
        self.outcome(self.command_with(arguments).output().unwrap())
    }

    /// Starts a call with these arguments in the same place, with both outputs piped.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Child {
        self.command_with(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Runs a script by bash in the call's environment.
    pub(crate) fn bash(&self, script: &str) -> Outcome {
        let call = self.command_with(&[] as &[&str]);
        let mut command = Command::new("bash");
        command.args(["-c", script]).env_clear();
        for (name, value) in call.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        command.env("BREAKFIX", env!("CARGO_BIN_EXE_breakfix"));
        let command = command.current_dir(self.work()).stdin(Stdio::null());
        self.outcome(command.output().unwrap())
    }

    /// Runs it, and looks at what it left in its directory before that goes.
    pub(crate) fn run_keeping<T>(self, look: impl FnOnce(&Path) -> T) -> (Outcome, T) {
        let outcome = self.run_once();
        (outcome, look(&self.work()))
    }

    /// Starts the call with both outputs piped.
    pub(crate) fn start(&self) -> Child {
        self.command()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    pub(crate) fn temporary(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.directory.path().join("tmp")).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect()
    }
}

impl Outcome {
    /// The JSON report on stdout.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout, self.stderr))
    }

    /// The only lab of the report.
    pub(crate) fn lab(&self) -> Value {
        let report = self.json();
        assert_eq!(
            report["labs"].as_array().map(Vec::len),
            Some(1),
            "{report:#}"
        );
        report["labs"][0].clone()
    }

    /// What the command of a step printed: stdout and stderr apart.
    pub(crate) fn printed(&self, step: usize, command: usize) -> (String, String) {
        let output = &self.lab()["steps"][step - 1]["commands"][command - 1]["output"];
        let of = |stream: &str| {
            let chunks = output
                .as_array()
                .into_iter()
                .flatten()
                .filter(|chunk| chunk["stream"] == stream);
            chunks
                .map(|chunk| chunk["text"].as_str().unwrap())
                .collect::<String>()
        };
        (of("stdout"), of("stderr"))
    }

    /// The check with this id.
    pub(crate) fn check(&self, id: &str) -> Value {
        let lab = self.lab();
        let checks = lab["checks"].as_array().unwrap();
        checks
            .iter()
            .find(|check| check["id"] == id)
            .unwrap_or_else(|| panic!("no check {id} in {lab:#}"))
            .clone()
    }
}

/// Waits for something that must come.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !is_so() {
        assert!(std::time::Instant::now() < limit, "{what} did not come");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// Sends a signal to a call that was started.
pub(crate) fn signal(child: &Child, signal: rustix::process::Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_child(child), signal).unwrap();
}

/// Copies a directory with all that is in it.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_tree(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The project's own directory.
pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A page that runs these blocks, each under its annotations.
pub(crate) fn page(blocks: &[(&str, &str)]) -> String {
    let mut page = "---\ntitle: A page\n---\n".to_owned();
    for (annotations, commands) in blocks {
        page.push_str(&format!("\n```bash {annotations}\n{commands}\n```\n"));
    }
    page
}
