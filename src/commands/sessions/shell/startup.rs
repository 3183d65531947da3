//! What bash, zsh and fish read when they start for a session: the user's own files first, then the environment, and a
//! prompt that shows the step. The step is read from a file at each prompt, by the shell itself.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;

use super::super::super::background::write_private;
use super::super::environment::Environment;

/// A session's shell.
pub(super) struct Startup<'a> {
    pub(super) environment: &'a Environment,
    pub(super) scenario: &'a str,
    /// File with the step that the prompt shows; without it none is shown.
    pub(super) prompt: PathBuf,
    /// Where the files are written; it is private to the session.
    pub(super) directory: PathBuf,
}

impl Startup<'_> {
    pub(super) fn bash(&self, program: &OsStr) -> anyhow::Result<Command> {
        let text = format!(
            "[ -f ~/.bashrc ] && . ~/.bashrc\n{}{}{BASH}",
            self.environment.exports(),
            self.names(),
        );
        let file = self.write("bashrc", &text)?;
        let mut command = Command::new(program);
        command.arg("--rcfile").arg(file).arg("-i");
        Ok(command)
    }

    pub(super) fn zsh(&self, program: &OsStr) -> anyhow::Result<Command> {
        self.write(".zshenv", ZSHENV)?;
        let text = format!("{ZSHRC}{}{}{ZSH}", self.environment.exports(), self.names());
        self.write(".zshrc", &text)?;
        let mut command = Command::new(program);
        if let Some(own) = std::env::var_os("ZDOTDIR") {
            command.env("BREAKFIX_ZDOTDIR", own);
        }
        command.env("ZDOTDIR", &self.directory).arg("-i");
        Ok(command)
    }

    pub(super) fn fish(&self, program: &OsStr) -> anyhow::Result<Command> {
        let names = format!(
            "set -g __breakfix_name {}\nset -g __breakfix_file {}\n",
            quoted(&format!("breakfix:{}", self.scenario)),
            quoted(&self.prompt.to_string_lossy()),
        );
        let text = format!("{}{names}{FISH}", self.environment.fish());
        let file = self.write("init.fish", &text)?;
        let source = format!("source {}", quoted(&file.to_string_lossy()));
        let mut command = Command::new(program);
        command.arg("--init-command").arg(source).arg("-i");
        Ok(command)
    }

    /// What the prompt is made of, for bash and zsh.
    fn names(&self) -> String {
        format!(
            "__breakfix_name={}\n__breakfix_file={}\n",
            quoted(&format!("breakfix:{}", self.scenario)),
            quoted(&self.prompt.to_string_lossy()),
        )
    }

    fn write(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        let why = || format!("failed to make {}", self.directory.display());
        std::fs::create_dir_all(&self.directory).with_context(why)?;
        let path = self.directory.join(name);
        write_private(&path, text)?;
        Ok(path)
    }
}

/// One word, for bash and zsh; for fish, too, where it holds no backslash.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The user's prompt may be set anew at each prompt, so ours comes last and looks whether it is there.
const BASH: &str = r#"shopt -s promptvars
__breakfix_prompt() {
  local line=
  { IFS= read -r line < "$__breakfix_file"; } 2>/dev/null
  case $line in
    '') __breakfix=$__breakfix_name ;;
    [0-9A-Za-z]*) __breakfix="$__breakfix_name step $line" ;;
    *) __breakfix="$__breakfix_name $line" ;;
  esac
  case $PS1 in
    *'${__breakfix}'*) ;;
    *) PS1='(${__breakfix}) '$PS1 ;;
  esac
}
case $(declare -p PROMPT_COMMAND 2>/dev/null) in
  'declare -a'*) PROMPT_COMMAND+=(__breakfix_prompt) ;;
  *) PROMPT_COMMAND="${PROMPT_COMMAND:+$PROMPT_COMMAND
}__breakfix_prompt" ;;
esac
"#;

/// zsh reads its files from ZDOTDIR, which is ours: the user's own are read from theirs.
const ZSHENV: &str = r#"__breakfix_zdotdir=$ZDOTDIR
if (( ${+BREAKFIX_ZDOTDIR} )); then ZDOTDIR=$BREAKFIX_ZDOTDIR; else unset ZDOTDIR; fi
[[ -f ${ZDOTDIR:-$HOME}/.zshenv ]] && . "${ZDOTDIR:-$HOME}/.zshenv"
if (( ${+ZDOTDIR} )); then BREAKFIX_ZDOTDIR=$ZDOTDIR; fi
ZDOTDIR=$__breakfix_zdotdir
"#;
const ZSHRC: &str = r#"if (( ${+BREAKFIX_ZDOTDIR} )); then ZDOTDIR=$BREAKFIX_ZDOTDIR; else unset ZDOTDIR; fi
unset BREAKFIX_ZDOTDIR
[[ $HISTFILE == $__breakfix_zdotdir/* ]] && HISTFILE=${ZDOTDIR:-$HOME}/.zsh_history
[[ -f ${ZDOTDIR:-$HOME}/.zshrc ]] && . "${ZDOTDIR:-$HOME}/.zshrc"
"#;
const ZSH: &str = r#"__breakfix=
__breakfix_prompt() {
  local line=
  { IFS= read -r line < "$__breakfix_file" } 2>/dev/null
  PROMPT=${PROMPT#"$__breakfix"}
  case $line in
    '') line=$__breakfix_name ;;
    [0-9A-Za-z]*) line="$__breakfix_name step $line" ;;
    *) line="$__breakfix_name $line" ;;
  esac
  __breakfix="(${line//\%/%%}) "
  PROMPT=$__breakfix$PROMPT
}
typeset -ga precmd_functions
precmd_functions+=(__breakfix_prompt)
"#;

const FISH: &str = r#"functions -q fish_prompt; and functions -c fish_prompt __breakfix_users_prompt
function fish_prompt
    set -l last $status
    set -l line
    test -r "$__breakfix_file"; and read line < "$__breakfix_file"
    switch "$line"
        case ''
            echo -n "($__breakfix_name) "
        case '*'
            string match -qr '^[0-9A-Za-z]' -- "$line"; and set line "step $line"
            echo -n "($__breakfix_name $line) "
    end
    functions -q __breakfix_users_prompt; or return
    echo "exit $last" | source
    __breakfix_users_prompt
end
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stays_one_word() {
        assert_eq!(quoted("a b'c"), r"'a b'\''c'");
    }

    #[test]
    fn startup_files_are_private_and_name_the_scenario() {
        use std::os::unix::fs::PermissionsExt as _;
        let session = tempfile::tempdir().unwrap();
        let environment = Environment {
            variables: vec![("KEY".to_owned(), Some("it's".to_owned()))],
            programs: None,
        };
        let startup = Startup {
            environment: &environment,
            scenario: "lab",
            prompt: session.path().join("prompt"),
            directory: session.path().join("shell"),
        };
        startup.bash("bash".as_ref()).unwrap();
        startup.zsh("zsh".as_ref()).unwrap();
        startup.fish("fish".as_ref()).unwrap();
        for name in ["bashrc", ".zshrc", "init.fish"] {
            let path = startup.directory.join(name);
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(
                text.contains("breakfix:lab") && text.contains("KEY"),
                "{text}"
            );
            let mode = path.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
}
