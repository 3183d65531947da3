//! Which values of a lab are secret: by the name of their variable, in the environment that the
//! lab was given and in what its commands set later. Hiding them is [`super::mask`]'s work.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use super::mask::{Mask, SHORTEST};

/// Secret values, and the names by which more are recognized.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    /// Names that were declared secret, beside those that say so themselves.
    declared: BTreeSet<String>,
    /// Names to ask bash for.
    names: BTreeSet<String>,
    values: BTreeSet<Vec<u8>>,
    mask: Mask,
}

impl Secrets {
    /// Variables of these names are secret too, once they are set.
    pub fn declare(&mut self, names: impl IntoIterator<Item = String>) {
        let names = names.into_iter().filter(|name| is_identifier(name));
        self.declared.extend(names);
    }

    /// Takes in the variables of an environment.
    pub fn learn_environment(&mut self, environment: &[(OsString, OsString)]) {
        self.learn_names(environment.iter().filter_map(|(name, _)| name.to_str()));
        let secret = |name: &OsString| name.to_str().is_some_and(|name| self.is_secret(name));
        let values: Vec<&[u8]> = environment
            .iter()
            .filter(|(name, _)| secret(name))
            .map(|(_, value)| value.as_bytes())
            .collect();
        self.learn_values(values);
    }

    /// Takes in names of variables that exist. True when one of them is new and secret.
    pub(crate) fn learn_names<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) -> bool {
        let before = self.names.len();
        for name in names {
            if self.is_secret(name) && !self.names.contains(name) {
                self.names.insert(name.to_owned());
            }
        }
        self.names.len() > before
    }

    /// Takes in values of secret variables.
    pub(crate) fn learn_values<'a>(&mut self, values: impl IntoIterator<Item = &'a [u8]>) {
        let before = self.values.len();
        for value in values {
            if value.len() >= SHORTEST && !self.values.contains(value) {
                self.values.insert(value.to_vec());
            }
        }
        if self.values.len() > before {
            self.mask = Mask::of(self.values.iter().map(Vec::as_slice));
        }
    }

    /// Takes in all that another shell of the run has learned.
    pub(crate) fn learn_from(&mut self, other: &Secrets) {
        self.declared.extend(other.declared.iter().cloned());
        self.names.extend(other.names.iter().cloned());
        self.learn_values(other.values.iter().map(Vec::as_slice));
    }

    /// What hides every value known by now.
    pub fn mask(&self) -> &Mask {
        &self.mask
    }

    /// Names of variables whose values are secret, if they are set: each a bash identifier.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let undeclared = self.names.difference(&self.declared);
        self.declared.iter().chain(undeclared).map(String::as_str)
    }

    fn is_secret(&self, name: &str) -> bool {
        self.declared.contains(name) || is_secret_name(name)
    }
}

/// `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `*_TOKEN`, `*_PASSWORD`, `*_SECRET*`, in either case.
fn is_secret_name(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let says_so =
        upper.ends_with("_TOKEN") || upper.ends_with("_PASSWORD") || upper.contains("_SECRET");
    says_so && is_identifier(name)
}

fn is_identifier(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(word) && !name.bytes().next().is_none_or(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        let pair = |(name, value): &(&str, &str)| (name.into(), value.into());
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_name_says_that_its_value_is_secret() {
        for name in [
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "GITHUB_TOKEN",
            "DB_PASSWORD",
            "db_password",
            "MY_SECRETS",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "AWS_ACCESS_KEY_ID",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "SECRET_NAME",
            "PASSWORD_FILE",
            "a.b_TOKEN",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn the_values_of_secret_variables_are_hidden() {
        let mut secrets = Secrets::default();
        secrets.declare(["PIN".to_owned()]);
        secrets.learn_environment(&environment(&[
            ("A_TOKEN", "token-value"),
            ("PIN", "declared-value"),
            ("OTHER", "other-value"),
            ("B_TOKEN", "short"),
        ]));
        let shown = secrets
            .mask()
            .text("token-value declared-value other-value short");
        assert_eq!(shown, "*** *** other-value short");
        assert_eq!(
            secrets.names().collect::<Vec<_>>(),
            ["PIN", "A_TOKEN", "B_TOKEN"]
        );
    }

    #[test]
    fn only_a_new_secret_name_is_news() {
        let mut secrets = Secrets::default();
        assert!(secrets.learn_names(["X", "X_TOKEN"]));
        assert!(!secrets.learn_names(["X", "X_TOKEN", "Y"]));
    }

    #[test]
    fn a_value_stays_secret_after_it_changed() {
        let mut secrets = Secrets::default();
        secrets.learn_values([&b"first-value"[..]]);
        secrets.learn_values([&b"second-value"[..]]);
        assert_eq!(secrets.mask().text("first-value second-value"), "*** ***");
    }
}
