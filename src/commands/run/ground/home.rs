//! A home of its own for each of the labs that run at the same time: what one writes there, no other sees.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::simulator::environment::Variable;

/// Where the AWS CLI looks, unless a variable says otherwise.
const AWS_FILES: [(&str, &str); 2] = [
    ("AWS_CONFIG_FILE", ".aws/config"),
    ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
];

/// An empty home and directory for temporary files below `scratch`. What leads to an account is taken along where
/// nothing else says it: AWS's files are read where they are, of the caller's kubeconfig a lab has its own copy.
pub(super) fn private(scratch: &Path, known: &[Variable]) -> std::io::Result<Vec<Variable>> {
    private_of(scratch, known, |name| std::env::var_os(name))
}

fn private_of(
    scratch: &Path,
    known: &[Variable],
    variable: impl Fn(&str) -> Option<OsString>,
) -> std::io::Result<Vec<Variable>> {
    let (home, temporary) = (scratch.join("home"), scratch.join("tmp"));
    std::fs::create_dir_all(&home)?;
    std::fs::create_dir_all(&temporary)?;
    let shown = |path: &Path| Some(path.to_string_lossy().into_owned());
    let mut own = vec![
        ("HOME".to_owned(), shown(&home)),
        ("TMPDIR".to_owned(), shown(&temporary)),
    ];
    let is_said = |name: &str| {
        known.iter().any(|(own, _)| own == name)
            || variable(name).is_some_and(|value| !value.is_empty())
    };
    let Some(callers) = variable("HOME").map(PathBuf::from) else {
        return Ok(own);
    };
    for (name, place) in AWS_FILES {
        let file = callers.join(place);
        if !is_said(name) && file.is_file() {
            own.push((name.to_owned(), shown(&file)));
        }
    }
    let kubeconfig = callers.join(".kube/config");
    if !is_said("KUBECONFIG") && kubeconfig.is_file() {
        std::fs::create_dir_all(home.join(".kube"))?;
        std::fs::copy(kubeconfig, home.join(".kube/config"))?;
    }
    Ok(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_to_an_account_is_taken_along() {
        let root = tempfile::tempdir().unwrap();
        let callers = root.path().join("callers");
        for (directory, file) in [(".aws", "config"), (".kube", "config")] {
            std::fs::create_dir_all(callers.join(directory)).unwrap();
            std::fs::write(callers.join(directory).join(file), "x").unwrap();
        }
        let variable = |name: &str| (name == "HOME").then(|| callers.clone().into_os_string());
        let scratch = root.path().join("lab");
        let own = private_of(&scratch, &[], variable).unwrap();
        let names: Vec<&str> = own.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["HOME", "TMPDIR", "AWS_CONFIG_FILE"]);
        assert!(scratch.join("home/.kube/config").is_file());
        let known = [("AWS_CONFIG_FILE".to_owned(), Some("y".to_owned()))];
        assert_eq!(private_of(&scratch, &known, variable).unwrap().len(), 2);
    }
}
