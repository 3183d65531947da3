//! Who descends from this process. Everything in the shell that only Linux offers lives here;
//! elsewhere the process group is all that can be ended.

use rustix::process::Pid;

/// A living process below the one that asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Descendant {
    pub(crate) pid: Pid,
    pub(crate) group: i32,
}

#[cfg(target_os = "linux")]
mod platform {
    use std::collections::HashMap;
    use std::fs;

    use rustix::process::{Pid, getpid, set_child_subreaper};

    use super::Descendant;

    /// What one line of `/proc/PID/stat` says.
    #[derive(Debug, PartialEq, Eq)]
    pub(super) struct Stat {
        pub(super) pid: i32,
        pub(super) name: String,
        pub(super) zombie: bool,
        pub(super) parent: i32,
        pub(super) group: i32,
    }

    /// Makes orphans below this process its children instead of init's, so that none can leave
    /// the tree by outliving its parent.
    pub(crate) fn adopt_orphans() -> std::io::Result<()> {
        Ok(set_child_subreaper(Some(getpid()))?)
    }

    /// Every living process below this one, zombies left out.
    pub(crate) fn descendants() -> Vec<Descendant> {
        let mut children: HashMap<i32, Vec<Stat>> = HashMap::new();
        for stat in processes() {
            children.entry(stat.parent).or_default().push(stat);
        }
        let mut found = Vec::new();
        let mut parents = vec![getpid().as_raw_nonzero().get()];
        while let Some(parent) = parents.pop() {
            for stat in children.remove(&parent).unwrap_or_default() {
                parents.push(stat.pid);
                if let (false, Some(pid)) = (stat.zombie, Pid::from_raw(stat.pid)) {
                    found.push(Descendant {
                        pid,
                        group: stat.group,
                    });
                }
            }
        }
        found
    }

    /// The name of a running process; `None` when it has ended, even if nobody has noticed yet.
    pub(crate) fn running_name(pid: i32) -> Option<String> {
        let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
        let stat = parse_stat(&String::from_utf8_lossy(&text))?;
        (!stat.zombie).then_some(stat.name)
    }

    fn processes() -> impl Iterator<Item = Stat> {
        fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
            .filter_map(|pid| {
                let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
                parse_stat(&String::from_utf8_lossy(&text))
            })
    }

    /// `PID (NAME) STATE PPID PGRP …`, where NAME may hold blanks and parentheses.
    pub(super) fn parse_stat(text: &str) -> Option<Stat> {
        let (before, after) = text.rsplit_once(')')?;
        let (pid, name) = before.split_once('(')?;
        let mut fields = after.split_whitespace();
        let state = fields.next()?;
        Some(Stat {
            pid: pid.trim().parse().ok()?,
            name: name.to_owned(),
            zombie: matches!(state, "Z" | "X"),
            parent: fields.next()?.parse().ok()?,
            group: fields.next()?.parse().ok()?,
        })
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use rustix::process::{Pid, test_kill_process};

    use super::Descendant;

    /// Nothing to ask for here: orphans go to init, and only the process group is ended.
    pub(crate) fn adopt_orphans() -> std::io::Result<()> {
        Ok(())
    }

    /// Unknown without `/proc`.
    pub(crate) fn descendants() -> Vec<Descendant> {
        Vec::new()
    }

    /// The process's number stands for its name.
    pub(crate) fn running_name(pid: i32) -> Option<String> {
        test_kill_process(Pid::from_raw(pid)?).ok()?;
        Some("process".to_owned())
    }
}

pub(crate) use platform::{adopt_orphans, descendants, running_name};

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::platform::{Stat, parse_stat};

    #[test]
    fn a_name_with_blanks_and_parentheses_does_not_shift_the_fields() {
        assert_eq!(
            parse_stat("42 (tmux: (1) x) S 7 40 40 0 -1"),
            Some(Stat {
                pid: 42,
                name: "tmux: (1) x".to_owned(),
                zombie: false,
                parent: 7,
                group: 40
            })
        );
    }

    #[test]
    fn an_ended_process_is_a_zombie_and_nonsense_is_nothing() {
        assert!(parse_stat("42 (sleep) Z 7 40").is_some_and(|stat| stat.zombie));
        assert_eq!(parse_stat("no such thing"), None);
    }

    #[test]
    fn this_process_runs_and_has_a_name() {
        assert!(super::running_name(std::process::id() as i32).is_some());
    }
}
