//! `breakfix doctor`: whether this machine, and an account if one is named, has what labs need. It changes nothing and
//! needs neither a network nor a session.

mod account;
mod machine;
mod permissions;
mod programs;
mod sessions;

use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use super::manners::Manners;
use super::sessions::AccountNames;
use super::{output, runtime};
use crate::message;
use crate::outcome::Exit;
use crate::outcome::health;
use crate::report;

/// What to look at.
#[derive(Debug, Clone)]
pub struct DoctorRequest {
    /// The account on which labs are going to be run; `None` for the simulator.
    pub account: Option<AccountNames>,
    /// Directory with scenarios of the user's own.
    pub directory: Option<PathBuf>,
    pub json: bool,
}

/// Looks at everything, whatever was found before.
///
/// # Errors
/// When there is no runtime to look from.
pub fn doctor(request: &DoctorRequest, manners: Manners) -> anyhow::Result<Exit> {
    let language = manners.language(None);
    let begun = (Instant::now(), SystemTime::now());
    let runtime = runtime()?;
    let mut findings = programs::findings(request.directory.as_deref(), request.account.is_none());
    findings.extend(machine::findings(&runtime));
    findings.extend(sessions::findings());
    match &request.account {
        Some(names) => {
            findings.push(machine::clock(begun));
            findings.extend(runtime.block_on(account::findings(names)));
        }
        None => findings.push(machine::clock(begun)),
    }
    output::say(&if request.json {
        report::doctor::json(&findings, language)
    } else {
        report::doctor::render(&findings, manners.style(language, &std::io::stdout()))
    });
    Ok(health::exit(&findings))
}

/// Advice for what nobody but the machine's owner can mend.
fn look_yourself() -> crate::language::Message {
    message!("doctor-look-yourself")
}
