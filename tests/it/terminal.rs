//! A learner's terminal.

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pty_process::blocking::{Command, Pty, open};

use super::support::wait_until;
use super::verbs::Learner;

/// A program at a terminal.
pub(crate) struct Terminal {
    pty: Pty,
    said: Arc<Mutex<String>>,
    pub(crate) child: std::process::Child,
}

impl Terminal {
    /// Runs breakfix there, as the learner's terminal would.
    pub(crate) fn open(
        learner: &Learner,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Terminal {
        let breakfix = env!("CARGO_BIN_EXE_breakfix");
        Terminal::run(learner, breakfix, arguments, variables)
    }

    /// Runs any program there.
    pub(crate) fn run(
        learner: &Learner,
        program: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Terminal {
        let (pty, pts) = open().unwrap();
        pty.resize(pty_process::Size::new(40, 200)).unwrap();
        let home = learner.home.root();
        let mut command = Command::new(program)
            .args(arguments)
            .current_dir(learner.home.work())
            .env_clear()
            .env("HOME", home.join("home"))
            .env("XDG_STATE_HOME", home.join("state"))
            .env("PATH", std::env::var_os("PATH").unwrap())
            // fish leaves a directory of its own among temporary files.
            .env("TMPDIR", learner.home.work())
            .env("LANG", "C.UTF-8")
            .env("TERM", "dumb");
        for (name, value) in variables {
            command = command.env(name, value);
        }
        let child = command.spawn(pts).unwrap();
        let said: Arc<Mutex<String>> = Arc::default();
        let mut reader = pty_reader(&pty);
        let ears = Arc::clone(&said);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                ears.lock().unwrap().push_str(&text);
            }
        });
        Terminal { pty, said, child }
    }

    /// Whether this was said; forgets everything up to it.
    pub(crate) fn has_said(&self, text: &str) -> bool {
        let mut said = self.said.lock().unwrap();
        let found = said.find(text);
        if let Some(at) = found {
            said.drain(..at + text.len());
        }
        found.is_some()
    }

    /// What was said up to this, once it is; forgets all of it.
    pub(crate) fn until(&self, text: &str) -> String {
        let mut before = None;
        wait_until(text, || {
            let mut said = self.said.lock().unwrap();
            let found = said.find(text);
            if let Some(at) = found {
                before = Some(said.drain(..at + text.len()).collect());
            }
            found.is_some()
        });
        before.unwrap_or_default()
    }

    pub(crate) fn expect(&self, text: &str) {
        wait_until(text, || self.has_said(text));
    }

    /// Presses Ctrl-C until this is said: a shell that is just starting a program may let one go by.
    pub(crate) fn interrupt(&mut self, expected: &str) {
        wait_until(expected, || {
            self.pty.write_all(b"\x03").unwrap();
            std::thread::sleep(Duration::from_millis(100));
            self.has_said(expected)
        });
    }

    /// Presses keys, without the one that ends a line.
    pub(crate) fn press(&mut self, keys: &str) {
        self.pty.write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn enter(&mut self, text: &str) {
        self.pty.write_all(text.as_bytes()).unwrap();
        self.pty.write_all(b"\r").unwrap();
    }
}

fn pty_reader(pty: &Pty) -> std::fs::File {
    use std::os::fd::AsFd as _;
    pty.as_fd().try_clone_to_owned().unwrap().into()
}
