//! What the server says it is.

use serde_json::{Value, json};

/// The answer to `GET /version`. A dispatching kubectl chooses its own version after `minor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerVersion {
    /// `1`.
    pub major: String,
    /// `30`.
    pub minor: String,
    /// `v1.30.8-eks-aeac579`.
    pub git_version: String,
    /// Forty hex digits.
    pub git_commit: String,
    /// RFC 3339.
    pub build_date: String,
    /// `go1.22.10`.
    pub go_version: String,
}

impl ServerVersion {
    /// The version that a `vMAJOR.MINOR.PATCH…` text names; the rest is plausible for a server of that age.
    pub fn new(git_version: &str) -> Self {
        let mut numbers = git_version.trim_start_matches('v').split(['.', '-']);
        let mut next = |otherwise: &str| {
            numbers
                .next()
                .filter(|text| !text.is_empty())
                .unwrap_or(otherwise)
                .to_owned()
        };
        let (major, minor) = (next("1"), next("30"));
        let go_version = match minor.parse::<u32>() {
            Ok(..=29) => "go1.21.13",
            Ok(30..=31) => "go1.22.10",
            Ok(32) => "go1.23.6",
            _ => "go1.24.4",
        };
        Self {
            major,
            minor,
            git_version: git_version.to_owned(),
            git_commit: "0cb4a4d1bd2a2a2e8f2a1d0b2e1f4d7c6b5a4938".to_owned(),
            build_date: "2024-12-20T05:06:30Z".to_owned(),
            go_version: go_version.to_owned(),
        }
    }

    pub(super) fn body(&self) -> Value {
        json!({
            "major": self.major, "minor": self.minor, "gitVersion": self.git_version, "gitCommit": self.git_commit,
            "gitTreeState": "clean", "buildDate": self.build_date, "goVersion": self.go_version,
            "compiler": "gc", "platform": "linux/amd64",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_come_from_the_version_text() {
        let version = ServerVersion::new("v1.30.8-eks-aeac579");
        assert_eq!(
            (version.major.as_str(), version.minor.as_str()),
            ("1", "30")
        );
        assert_eq!(version.body()["gitVersion"], "v1.30.8-eks-aeac579");
    }
}
