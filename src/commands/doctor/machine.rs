//! The machine: where state is kept, ports, the simulator, the clock, the terminal.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::runtime::Runtime;

use super::super::simulated;
use super::look_yourself;
use crate::message;
use crate::outcome::health::Finding;
use crate::session::runs::state_directory;
use crate::simulator::{Configuration, Simulator};

/// A session's world with its journal and logs takes a few megabytes.
const FREE: u64 = 100 * 1024 * 1024;
const MEGABYTE: u64 = 1024 * 1024;
/// How long the simulator may take until it has answered a call.
const SIMULATOR: Duration = Duration::from_secs(30);
/// Columns below which lessons are hard to read.
const NARROW: u16 = 60;
/// The first second of 2025: no clock that goes right shows less.
const EARLIEST: Duration = Duration::from_secs(1_735_689_600);
/// By how much the clock may be set while doctor looks.
const SET: Duration = Duration::from_secs(2);

pub(super) fn findings(runtime: &Runtime) -> Vec<Finding> {
    vec![
        state(&state_directory(|name| std::env::var_os(name))),
        port(),
        simulator(runtime),
        locale(|name| std::env::var_os(name)),
        terminal(),
    ]
}

/// Whether sessions can be kept; nothing is left behind there.
fn state(directory: &Path) -> Finding {
    let title = message!("doctor-state-title");
    let shown = directory.display().to_string();
    let advice = || message!("doctor-state-advice", path = &shown);
    // It is made at the first start; until then, whoever can write above it can make it.
    let Some(there) = directory.ancestors().find(|above| above.is_dir()) else {
        return Finding::to_mend(
            "state",
            title,
            message!("doctor-state-missing", path = &shown),
            advice(),
        );
    };
    if let Err(error) = tempfile::NamedTempFile::new_in(there) {
        let why = error.to_string();
        let said = message!("doctor-state-unwritable", path = &shown, why = why);
        return Finding::to_mend("state", title, said, advice());
    }
    match rustix::fs::statvfs(there) {
        Ok(found) => {
            let free = found.f_bavail.saturating_mul(found.f_frsize);
            let said = message!("doctor-state", path = &shown, megabytes = free / MEGABYTE);
            match free < FREE {
                true => Finding::to_mend("state", title, said, message!("doctor-state-full")),
                false => Finding::ok("state", title, said),
            }
        }
        Err(error) => {
            let said = message!("doctor-state-space", path = &shown, why = error.to_string());
            Finding::cannot_tell("state", title, said, look_yourself())
        }
    }
}

fn port() -> Finding {
    let title = message!("doctor-port-title");
    match TcpListener::bind((Ipv4Addr::LOCALHOST, 0)) {
        Ok(_) => Finding::ok("port", title, message!("doctor-port")),
        Err(error) => {
            let said = message!("doctor-port-refused", why = error.to_string());
            Finding::to_mend("port", title, said, message!("doctor-port-advice"))
        }
    }
}

/// Starts one in this process, and asks it who is calling.
fn simulator(runtime: &Runtime) -> Finding {
    let title = message!("doctor-simulator-title");
    let asked = async {
        let simulator = Arc::new(Simulator::start(Configuration::default()).await?);
        let identity = simulated::connect(&simulator).await?.identity().await?;
        anyhow::Ok(identity.arn)
    };
    let asked = runtime.block_on(async { tokio::time::timeout(SIMULATOR, asked).await });
    let why = match asked {
        Ok(Ok(_)) => return Finding::ok("simulator", title, message!("doctor-simulator")),
        Ok(Err(error)) => format!("{error:#}").into(),
        Err(_) => message!("doctor-no-answer", seconds = SIMULATOR.as_secs()),
    };
    let said = message!("doctor-simulator-silent", why = why);
    Finding::to_mend(
        "simulator",
        title,
        said,
        message!("doctor-simulator-advice"),
    )
}

/// Whether the clock is about right, and went steadily since these moments.
pub(super) fn clock((monotonic, wall): (Instant, SystemTime)) -> Finding {
    let title = message!("doctor-clock-title");
    let advice = || message!("doctor-clock-advice");
    let now = SystemTime::now();
    if now.duration_since(UNIX_EPOCH).unwrap_or_default() < EARLIEST {
        return Finding::to_mend("clock", title, message!("doctor-clock-past"), advice());
    }
    let passed = now.duration_since(wall).unwrap_or_default();
    if passed.abs_diff(monotonic.elapsed()) > SET {
        return Finding::to_mend("clock", title, message!("doctor-clock-set"), advice());
    }
    Finding::ok("clock", title, message!("doctor-clock"))
}

fn locale(variable: impl Fn(&str) -> Option<OsString>) -> Finding {
    let title = message!("doctor-locale-title");
    let names = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter();
    let mut set = names.filter_map(|name| variable(name).filter(|value| !value.is_empty()));
    let locale = set
        .next()
        .map(|locale| locale.to_string_lossy().into_owned());
    let is_utf8 = |locale: &String| {
        let locale = locale.to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    };
    match locale {
        Some(locale) if is_utf8(&locale) => Finding::ok("locale", title, locale.into()),
        Some(locale) => Finding::to_mend(
            "locale",
            title,
            message!("doctor-locale-other", locale = locale),
            message!("doctor-locale-advice"),
        ),
        None => Finding::to_mend(
            "locale",
            title,
            message!("doctor-locale-none"),
            message!("doctor-locale-advice"),
        ),
    }
}

fn terminal() -> Finding {
    let title = message!("doctor-terminal-title");
    if !std::io::stdout().is_terminal() {
        return Finding::ok("terminal", title, message!("doctor-terminal-none"));
    }
    match rustix::termios::tcgetwinsize(std::io::stdout()) {
        Ok(size) if size.ws_col > 0 => {
            let said = message!("doctor-terminal", columns = u64::from(size.ws_col));
            match size.ws_col < NARROW {
                true => {
                    Finding::to_mend("terminal", title, said, message!("doctor-terminal-narrow"))
                }
                false => Finding::ok("terminal", title, said),
            }
        }
        _ => Finding::ok("terminal", title, message!("doctor-terminal-unknown")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::health::Health;

    #[test]
    fn a_locale_without_utf8_is_to_mend() {
        let check = |set: &'static [(&str, &str)], expected: Health| {
            let found = locale(|name| {
                let found = set.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| value.into())
            });
            assert_eq!(found.health, expected, "{set:?}");
        };
        check(&[("LANG", "ja_JP.UTF-8")], Health::Ok);
        check(&[("LC_ALL", ""), ("LANG", "C.utf8")], Health::Ok);
        check(&[("LC_ALL", "C"), ("LANG", "C.UTF-8")], Health::ToMend);
        check(&[], Health::ToMend);
    }

    #[test]
    fn looking_at_the_state_directory_leaves_nothing_there() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("not/yet/there");
        assert_ne!(state(&directory).health, Health::CannotTell);
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_clock_that_was_set_is_noticed() {
        assert_eq!(
            clock((Instant::now(), SystemTime::now())).health,
            Health::Ok
        );
        let before = SystemTime::now() - Duration::from_secs(60);
        assert_eq!(clock((Instant::now(), before)).health, Health::ToMend);
    }
}
