//! A simulated account of a test's own, and the clients that users have: `aws`, `kubectl`, boto3.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use breakfix::simulator::{Configuration, Simulator};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::conformance;
use super::support::project;

/// A running simulator with an empty home, and the environment that leads clients to it.
pub(crate) struct Account {
    directory: TempDir,
    environment: Vec<(String, Option<String>)>,
    pub(crate) simulator: Simulator,
    // After the simulator, which stops on it.
    runtime: Runtime,
}

/// What a client printed.
#[derive(Debug)]
pub(crate) struct Printed {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Account {
    /// As a world begins: a healthy cluster, an instant clock.
    pub(crate) fn new() -> Account {
        Account::with(Configuration::default())
    }

    pub(crate) fn with(configuration: Configuration) -> Account {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let simulator = runtime.block_on(Simulator::start(configuration)).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let key = simulator.learner_key();
        let environment = simulator.environment(directory.path(), &key).unwrap();
        Account {
            directory,
            environment,
            simulator,
            runtime,
        }
    }

    /// Where clients run.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Lets world time pass.
    pub(crate) fn advance(&self, by: Duration) {
        self.simulator.advance(by);
    }

    /// Runs a future of an SDK's.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// A command in the account's environment and in no other.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.directory.path())
            .env_clear()
            .env("HOME", self.directory.path())
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::null());
        for name in ["PYENV_ROOT", "PYENV_VERSION"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    fn print(&self, mut command: Command) -> Printed {
        let output = command.output().unwrap();
        Printed {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The JSON that an `aws` command prints; `Null` for nothing. It must succeed.
    #[track_caller]
    pub(crate) fn aws(&self, arguments: &[&str]) -> Value {
        let printed = self.try_aws(arguments);
        assert_eq!(printed.status, 0, "aws {arguments:?}: {printed:?}");
        read(&printed.stdout)
    }

    /// What an `aws` command says when it fails, which it must.
    #[track_caller]
    pub(crate) fn aws_refuses(&self, arguments: &[&str]) -> String {
        let printed = self.try_aws(arguments);
        assert_ne!(printed.status, 0, "aws {arguments:?}: {printed:?}");
        printed.stderr
    }

    pub(crate) fn try_aws(&self, arguments: &[&str]) -> Printed {
        let mut command = self.command("aws");
        command.args(arguments);
        self.print(command)
    }

    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Printed {
        let mut command = self.command("kubectl");
        command.args(arguments);
        self.print(command)
    }

    /// Runs Python with `boto3` imported, `client(SERVICE)` to make clients, `code(FUNCTION, …)` for the error code and
    /// message of a call that must fail, and `say(VALUE)` for the value that this returns.
    #[track_caller]
    pub(crate) fn boto3(&self, script: &str) -> Value {
        let mut command = self.command(python());
        command.args(["-c", &format!("{PRELUDE}{script}")]);
        let printed = self.print(command);
        assert_eq!(
            printed.status, 0,
            "{script}\n{}{}",
            printed.stdout, printed.stderr
        );
        read(&printed.stdout)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        conformance::leave(&self.simulator.events(0));
        self.simulator.close();
    }
}

const PRELUDE: &str = r#"
import base64, json, os, time, boto3, botocore
from botocore.config import Config
from botocore.exceptions import ClientError

def client(service, **options):
    return boto3.client(service, config=Config(retries={"total_max_attempts": 1}), **options)

def code(function, *arguments, **members):
    try:
        function(*arguments, **members)
    except ClientError as error:
        return [error.response["Error"]["Code"], error.response["Error"].get("Message", "")]
    raise AssertionError("the call did not fail")

def say(value):
    print(json.dumps(value, default=str))

"#;

/// The Python that has boto3: `.ci/tools` puts one into `.tools/`.
fn python() -> PathBuf {
    let own = project().join(".tools/venv/bin/python");
    assert!(
        own.exists(),
        "{} is missing: run `.ci/tools tests`",
        own.display()
    );
    own
}

#[track_caller]
fn read(stdout: &str) -> Value {
    if stdout.trim().is_empty() {
        return Value::Null;
    }
    serde_json::from_str(stdout).unwrap_or_else(|error| panic!("{error}: {stdout}"))
}
