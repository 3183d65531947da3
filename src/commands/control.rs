//! The way from a breakfix command to a simulator that is running elsewhere.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::simulator::environment::{CONTROL_ADDRESS, CONTROL_TOKEN};
use crate::simulator::{client, durability};

/// Where a simulator listens, and what it wants to be shown.
pub(super) struct Control {
    address: SocketAddr,
    token: String,
}

impl Control {
    /// The simulator of this environment; `None` when there is none.
    pub(super) fn of_environment() -> Option<Control> {
        let address = std::env::var(CONTROL_ADDRESS).ok()?.parse().ok()?;
        let token = std::env::var(CONTROL_TOKEN).ok()?;
        Some(Control { address, token })
    }

    /// The simulator that keeps its world in `state`, or else the one of this environment.
    ///
    /// # Errors
    /// When there is neither; the message says how to get one.
    pub(super) fn find(state: Option<&Path>) -> anyhow::Result<Control> {
        let Some(state) = state else {
            return Control::of_environment().context(
                "no simulator is known here: call this where the lines that `breakfix simulate` prints were evaluated, or name its --state directory",
            );
        };
        let identity = durability::identity(state)?;
        Ok(Control {
            address: identity.aws,
            token: identity.control_token,
        })
    }

    /// What the simulator answers below its control path.
    ///
    /// # Errors
    /// When it cannot be reached or refuses; the message has its words.
    pub(super) fn ask(&self, method: &str, what: &str) -> anyhow::Result<Vec<u8>> {
        let bearer = format!("Bearer {}", self.token);
        let path = format!("/_breakfix/{what}");
        let headers = [("authorization", bearer.as_str())];
        let (status, body) = client::request(self.address, method, &path, &headers, b"")?;
        if status != 200 {
            bail!("the simulator refuses: {}", String::from_utf8_lossy(&body));
        }
        Ok(body)
    }

    /// The same, for answers in JSON.
    pub(super) fn ask_json(&self, method: &str, what: &str) -> anyhow::Result<Value> {
        let body = self.ask(method, what)?;
        serde_json::from_slice(&body).context("read the simulator's answer")
    }
}
