//! Sessions that are open, and what is left of those that never were.

use jiff::Timestamp;

use crate::message;
use crate::outcome::health::Finding;
use crate::session::runs::state_directory;
use crate::session::store::Store;

pub(super) fn findings() -> Vec<Finding> {
    let store = Store::new(&state_directory(|name| std::env::var_os(name)));
    let title = || message!("doctor-sessions-title");
    let mut findings = Vec::new();
    let begun: Vec<String> = store
        .ids()
        .into_iter()
        .filter(|id| store.is_begun(id))
        .collect();
    let never_begun = store.abandoned().len();
    if never_begun > 0 {
        let said = message!("doctor-sessions-abandoned", count = never_begun);
        findings.push(Finding::to_mend(
            "abandoned",
            title(),
            said,
            message!("doctor-sessions-clear"),
        ));
    }
    for id in &begun {
        match store.look(id) {
            Err(error) => {
                let said = message!(
                    "doctor-session-unreadable",
                    session = id,
                    why = format!("{error:#}")
                );
                let path = store.directory().join(id).display().to_string();
                let advice = message!("doctor-session-unreadable-advice", path = path);
                findings.push(Finding::to_mend("session", title(), said, advice));
            }
            Ok(ledger) if ledger.begun.expires_at < Timestamp::now() => {
                let at = ledger.begun.expires_at.to_string();
                let said = message!("doctor-session-over", session = id, at = at);
                let advice = message!("doctor-session-over-advice", session = id);
                findings.push(Finding::to_mend("session", title(), said, advice));
            }
            Ok(_) => {}
        }
    }
    if findings.is_empty() {
        let said = match begun.is_empty() {
            true => message!("doctor-sessions-none"),
            false => message!(
                "doctor-sessions",
                count = begun.len(),
                ids = begun.join(", ")
            ),
        };
        findings.push(Finding::ok("sessions", title(), said));
    }
    findings
}
