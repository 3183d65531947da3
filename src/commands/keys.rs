//! Single keys from a terminal, without waiting for a line. The terminal is as it was when this is dropped.

use std::io::{IsTerminal as _, Read as _};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// The terminal that stdin is.
pub(super) struct Keys {
    before: Option<Termios>,
}

impl Keys {
    /// Keys come at once from now on, and are not shown. Ctrl-C still interrupts. What is no terminal has no keys.
    pub(super) fn listen() -> Keys {
        let stdin = std::io::stdin();
        let before = stdin
            .is_terminal()
            .then(|| tcgetattr(&stdin).ok())
            .flatten();
        if let Some(before) = &before {
            listen(before);
        }
        Keys { before }
    }

    /// Whether there are keys at all.
    pub(super) fn are_there(&self) -> bool {
        self.before.is_some()
    }

    /// Does something with the terminal as it was before.
    pub(super) fn pause<T>(&self, during: impl FnOnce() -> T) -> T {
        self.restore();
        let done = during();
        if let Some(before) = &self.before {
            listen(before);
        }
        done
    }

    fn restore(&self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        }
    }

    /// The next key within `patience`; `None` when none came.
    pub(super) fn next(&self, patience: Duration) -> Option<char> {
        if !self.are_there() {
            std::thread::sleep(patience);
            return None;
        }
        let stdin = std::io::stdin();
        let mut ready = [PollFd::new(&stdin, PollFlags::IN)];
        let timeout = Timespec::try_from(patience).ok();
        let any = poll(&mut ready, timeout.as_ref()).is_ok_and(|count| count > 0);
        let mut key = [0];
        let read = any
            .then(|| std::io::stdin().lock().read(&mut key).ok())
            .flatten();
        match read {
            Some(1..) => Some(char::from(key[0])),
            // The terminal is gone.
            Some(0) => Some('q'),
            _ => None,
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.restore();
    }
}

fn listen(before: &Termios) {
    let mut raw = before.clone();
    raw.local_modes
        .remove(LocalModes::ICANON | LocalModes::ECHO);
    let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &raw);
}
