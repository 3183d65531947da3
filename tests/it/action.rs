//! The GitHub Action's scripts, run in a repository as a job runs them: what it sees, what is set, what it exits with.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::support::{Breakfix, Outcome, breakfix, page, project};

/// What a job has: an empty repository, and the files and variables that GitHub sets.
struct Job {
    home: Breakfix,
}

/// What a step of the job left behind.
struct Step {
    outcome: Outcome,
    outputs: BTreeMap<String, String>,
    summary: String,
}

impl Job {
    fn new() -> Job {
        Job::at(breakfix(&[]))
    }

    fn at(home: Breakfix) -> Job {
        let root = home.root().to_owned();
        let place = |name: &str| root.join(name).to_str().unwrap().to_owned();
        for name in ["runner", "action"] {
            std::fs::create_dir_all(root.join(name)).unwrap();
        }
        let home = home
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_WORKSPACE", &place("work"))
            .env("GITHUB_OUTPUT", &place("output"))
            .env("GITHUB_STEP_SUMMARY", &place("summary"))
            .env("GITHUB_PATH", &place("path"))
            .env("GITHUB_ACTION_PATH", project().to_str().unwrap())
            .env("RUNNER_TEMP", &place("runner"))
            .env("ACTION_REPOSITORY", "someone/breakfix");
        let begun = home.bash("git init -q . && rm -f pwned");
        assert_eq!(begun.status, 0, "{}", begun.stderr);
        Job { home }
    }

    /// A lesson that is committed.
    fn lesson(mut self, name: &str, text: &str) -> Job {
        self.home = self.home.file(name, text);
        let added = self
            .home
            .bash("git add -A && git -c user.name=a -c user.email=a@b commit -qm lesson");
        assert_eq!(added.status, 0, "{}", added.stderr);
        self
    }

    /// A script of the action, with inputs that bash never sees as text.
    fn script(&self, name: &str, inputs: &[(&str, &str)]) -> Outcome {
        let file = self.home.root().join("inputs");
        let quoted = |value: &str| format!("'{}'", value.replace('\'', "'\\''"));
        let exports: Vec<String> = inputs
            .iter()
            .map(|(name, value)| format!("export {name}={}\n", quoted(value)))
            .collect();
        std::fs::write(&file, exports.concat()).unwrap();
        self.home.bash(&format!(
            ". ../inputs\n[ ! -f \"$GITHUB_PATH\" ] || PATH=$(cat \"$GITHUB_PATH\"):$PATH\nexec \"$GITHUB_ACTION_PATH/.github/action/{name}\""
        ))
    }

    fn install(&self) {
        let outcome = self.script(
            "install.sh",
            &[("INPUT_BINARY", env!("CARGO_BIN_EXE_breakfix"))],
        );
        assert_eq!(outcome.status, 0, "{}{}", outcome.stdout, outcome.stderr);
    }

    fn run(&self, inputs: &[(&str, &str)]) -> Step {
        let defaults = [
            ("INPUT_COMMAND", "run"),
            ("INPUT_PATHS", "."),
            ("INPUT_ARGS", "--on\nnone"),
            ("INPUT_REPORT_DIR", "breakfix-reports"),
        ];
        let outcome = self.script("run.sh", &[&defaults, inputs].concat());
        let read =
            |name: &str| std::fs::read_to_string(self.home.root().join(name)).unwrap_or_default();
        let outputs = read("output");
        let outputs = outputs.lines().map(|line| line.split_once('=').unwrap());
        Step {
            outputs: outputs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            summary: read("summary"),
            outcome,
        }
    }

    fn report(&self, step: &Step) -> Value {
        let path = self.home.work().join(&step.outputs["report"]);
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }
}

/// What GitHub takes for a command: lines between `stop-commands` and its token are none.
fn commands(stdout: &str) -> Vec<&str> {
    let mut commands = Vec::new();
    let mut stopped: Option<String> = None;
    for line in stdout.lines() {
        match &stopped {
            Some(token) if line == token => stopped = None,
            Some(_) => {}
            None => match line.strip_prefix("::stop-commands::") {
                Some(token) => stopped = Some(format!("::{token}::")),
                None if line.starts_with("::") => commands.push(line),
                None => {}
            },
        }
    }
    assert_eq!(stopped, None, "commands stay stopped: {stdout}");
    commands
}

#[test]
fn a_lab_that_passes_leaves_reports_a_summary_and_outputs() {
    let job = Job::new().lesson("labs/fine.md", &page(&[("", "$ echo one\none")]));
    job.install();
    let step = job.run(&[("INPUT_PATHS", "labs")]);
    let Outcome {
        status,
        stdout,
        stderr,
        ..
    } = &step.outcome;
    assert_eq!(*status, 0, "{stdout}{stderr}");
    assert_eq!(step.outputs["exit-code"], "0");
    assert_eq!(step.outputs["report"], "breakfix-reports/report.json");
    assert_eq!(job.report(&step)["counts"]["passed"], 1);
    for name in ["junit.xml", "timing.json", "annotations.txt"] {
        assert!(
            job.home.work().join("breakfix-reports").join(name).exists(),
            "{name}"
        );
    }
    assert!(
        step.summary.contains("## ✅ breakfix: 1 passed"),
        "{}",
        step.summary
    );
    assert!(stdout.contains("✓ 1"), "{stdout}");
    assert!(
        commands(stdout)
            .iter()
            .all(|line| line.starts_with("::notice ")),
        "{stdout}"
    );
}

#[test]
fn a_lab_that_fails_is_annotated_on_its_line_and_fails_the_job() {
    let job = Job::new().lesson(
        "labs/broken.md",
        &page(&[("", "$ true\n$ echo seen; exit 7")]),
    );
    job.install();
    let step = job.run(&[]);
    assert_eq!(step.outcome.status, 1, "{}", step.outcome.stderr);
    assert_eq!(step.outputs["exit-code"], "1");
    assert_eq!(job.report(&step)["exit_code"], 1);
    assert!(step.summary.contains("❌"), "{}", step.summary);
    let stdout = &step.outcome.stdout;
    let errors: Vec<&str> = commands(stdout)
        .into_iter()
        .filter(|line| line.starts_with("::error "))
        .collect();
    assert_eq!(errors.len(), 1, "{stdout}");
    assert!(
        errors[0].starts_with("::error file=labs/broken.md,line=7,"),
        "{stdout}"
    );
    assert!(
        errors[0].contains("exit code 7") && errors[0].contains("seen"),
        "{stdout}"
    );
}

/// GitHub reads commands from what a step prints; a lab must not give any.
#[test]
fn what_a_lab_prints_is_no_command_to_github() {
    let text = page(&[(
        "",
        "$ printf '\\n::add-mask::everything\\n::error::by the lab\\n'; false",
    )]);
    let job = Job::new().lesson("labs/sly.md", &text);
    job.install();
    let step = job.run(&[]);
    assert_eq!(step.outcome.status, 1);
    let own = |line: &&str| {
        line.starts_with("::error file=") || line.starts_with("::notice title=breakfix")
    };
    let commands = commands(&step.outcome.stdout);
    assert!(commands.iter().all(own), "{commands:?}");
}

#[test]
fn no_input_is_ever_evaluated() {
    let job = Job::new().lesson(
        "labs/a b/$(touch pwned)'\".md",
        &page(&[("id=only", "$ true")]),
    );
    job.install();
    let sly = "$(touch pwned)`touch pwned`;touch pwned\n\"; touch pwned #'";
    for (name, status) in [
        ("INPUT_COMMAND", 2),
        ("INPUT_PATHS", 2),
        ("INPUT_ARGS", 2),
        ("INPUT_REPORT_DIR", 2),
    ] {
        let step = job.run(&[(name, sly)]);
        assert_eq!(
            step.outcome.status, status,
            "{name}: {}{}",
            step.outcome.stdout, step.outcome.stderr
        );
    }
    for name in ["INPUT_BINARY", "INPUT_VERSION"] {
        let outcome = job.script("install.sh", &[(name, sly)]);
        assert_eq!(outcome.status, 2, "{name}: {}", outcome.stderr);
        assert!(
            commands(&outcome.stdout)[0].starts_with("::error title=breakfix::"),
            "{}",
            outcome.stdout
        );
    }
    // Names that a shell would not leave alone are names.
    let step = job.run(&[
        ("INPUT_PATHS", "labs/a b/$(touch pwned)'\".md\n"),
        ("INPUT_ARGS", "--on\nnone\n\n--step\nonly"),
        ("INPUT_REPORT_DIR", "out $(touch pwned)"),
    ]);
    assert_eq!(step.outcome.status, 0, "{}", step.outcome.stderr);
    assert_eq!(step.outputs["report"], "out $(touch pwned)/report.json");
    let found = job
        .home
        .bash("find \"$GITHUB_WORKSPACE\" \"$RUNNER_TEMP\" -name pwned");
    assert_eq!(found.stdout, "");
}

#[test]
fn an_output_cannot_be_forged_by_the_name_of_a_directory() {
    let job = Job::new().lesson("a.md", &page(&[("", "$ false")]));
    job.install();
    let step = job.run(&[("INPUT_REPORT_DIR", "x\nexit-code=0\ny")]);
    assert_eq!(step.outcome.status, 2);
    assert_eq!(step.outputs["exit-code"], "2");
    let step = job.run(&[("INPUT_PATHS", "--on")]);
    assert_eq!(
        step.outcome.status, 2,
        "a path is no option: {}",
        step.outcome.stderr
    );
}

#[test]
fn a_plan_and_a_proof_leave_their_documents() {
    let job = Job::new().lesson("labs/bad.md", "```bash timeuot=5\n$ true\n```\n");
    job.install();
    let step = job.run(&[("INPUT_COMMAND", "plan"), ("INPUT_ARGS", "")]);
    assert_eq!(step.outcome.status, 3, "{}", step.outcome.stderr);
    assert_eq!(step.outputs["report"], "breakfix-reports/plan.json");
    assert_eq!(
        job.report(&step)["diagnostics"][0]["code"],
        "annotation-unknown"
    );
    let job = Job::new();
    job.install();
    let step = job.run(&[
        ("INPUT_COMMAND", "prove"),
        ("INPUT_PATHS", "no-such-scenario"),
        ("INPUT_ARGS", "--skip-scripts"),
    ]);
    assert_eq!(step.outcome.status, 2, "{}", step.outcome.stderr);
    assert_eq!(step.outputs["exit-code"], "2");
    assert!(!step.outputs.contains_key("report"), "{:?}", step.outputs);
}

/// Stands for the verb: what it is called with, and something of each format.
const LINTER: &str = "#!/bin/sh
[ \"$1\" != --version ] || exit 0
printf '%s|' \"$@\" >> \"$GITHUB_WORKSPACE/../called\"; echo >> \"$GITHUB_WORKSPACE/../called\"
case $* in
*sarif*) echo '{\"version\": \"2.1.0\"}' ;;
*github*) echo '::error file=a.md,line=1::wrong' ;;
*) echo 'a.md:1 wrong' ;;
esac
exit 3
";

#[test]
fn lint_is_called_for_people_for_code_scanning_and_for_the_lines() {
    let job = Job::at(breakfix(&[]).program("breakfix", LINTER));
    let step = job.run(&[
        ("INPUT_COMMAND", "lint"),
        ("INPUT_ARGS", ""),
        ("INPUT_PATHS", "a.md\nb.md"),
    ]);
    assert_eq!(step.outcome.status, 3);
    assert_eq!(step.outputs["report"], "breakfix-reports/lint.sarif");
    assert_eq!(job.report(&step)["version"], "2.1.0");
    assert_eq!(
        commands(&step.outcome.stdout),
        ["::error file=a.md,line=1::wrong"]
    );
    let called = std::fs::read_to_string(job.home.root().join("called")).unwrap();
    assert_eq!(
        called,
        "lint|--|a.md|b.md|\nlint|--format|sarif|--|a.md|b.md|\nlint|--format|github|--|a.md|b.md|\n"
    );
}

#[test]
fn what_lint_finds_is_on_its_line_and_in_sarif() {
    let job = Job::new().lesson("labs/bad.md", "```bash timeuot=5\n$ true\n```\n");
    job.install();
    let step = job.run(&[("INPUT_COMMAND", "lint"), ("INPUT_ARGS", "")]);
    assert_eq!(step.outcome.status, 3, "{}", step.outcome.stderr);
    let commands = commands(&step.outcome.stdout);
    let expected = "::error file=labs/bad.md,line=1,col=9,title=annotation-unknown::";
    assert!(
        commands.iter().any(|line| line.starts_with(expected)),
        "{commands:?}"
    );
    let results = &job.report(&step)["runs"][0]["results"];
    assert_eq!(results[0]["ruleId"], "annotation-unknown", "{results:#}");
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "labs/bad.md");
}

/// Gets from a directory what it is asked to fetch, and writes down what that was.
const CURL: &str = "#!/bin/sh
for last; do :; done
while [ $# -gt 1 ]; do [ \"$1\" != --output ] || to=$2; shift; done
echo \"$last\" >> ../fetched
cp \"../release/${last##*/}\" \"$to\"
";

/// A job for which a release was made by the release workflow's own script.
fn released() -> (Job, String) {
    let home = breakfix(&[])
        .program("curl", CURL)
        .file("../program", "#!/bin/sh\necho \"breakfix $0 $*\"\n");
    let job = Job::at(home);
    let machine = job.home.bash("uname -m").stdout.trim().to_owned();
    let target = format!("{machine}-unknown-linux-gnu");
    let packaged = job.home.bash(&format!(
        "\"$GITHUB_ACTION_PATH/.github/action/package.sh\" {target} ../program ../release"
    ));
    assert_eq!(packaged.status, 0, "{}", packaged.stderr);
    (job, format!("breakfix-{target}.tar.gz"))
}

fn lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_release_is_installed_by_its_tag_and_once_in_a_job() {
    let (job, archive) = released();
    for _ in 0..2 {
        let outcome = job.script("install.sh", &[("INPUT_VERSION", "v1.2.3")]);
        assert_eq!(outcome.status, 0, "{}{}", outcome.stdout, outcome.stderr);
        assert!(
            outcome
                .stdout
                .ends_with("/runner/breakfix/bin/breakfix --version\n"),
            "{}",
            outcome.stdout
        );
    }
    let from = format!("https://github.com/someone/breakfix/releases/download/v1.2.3/{archive}");
    assert_eq!(
        lines(&job.home.root().join("fetched")),
        [from.clone(), format!("{from}.sha256")]
    );
    // Without a version it is the release that the action is of.
    let outcome = job.script(
        "install.sh",
        &[("INPUT_VERSION", ""), ("ACTION_REF", "v2.0.0")],
    );
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    let fetched = lines(&job.home.root().join("fetched"));
    assert!(fetched[2].contains("/v2.0.0/"), "{fetched:?}");
}

#[test]
fn an_archive_that_is_not_what_its_checksum_says_is_refused() {
    let (job, archive) = released();
    let path = job.home.root().join("release").join(&archive);
    std::fs::write(&path, "something else").unwrap();
    let outcome = job.script("install.sh", &[("INPUT_VERSION", "v1.2.3")]);
    assert_eq!(outcome.status, 2, "{}", outcome.stderr);
    assert!(
        outcome.stdout.contains("is not what its checksum says"),
        "{}",
        outcome.stdout
    );
    assert_eq!(lines(&job.home.root().join("path")), Vec::<String>::new());
    std::fs::remove_file(&path).unwrap();
    let outcome = job.script("install.sh", &[("INPUT_VERSION", "v1.2.3")]);
    assert_eq!(outcome.status, 2);
    assert!(
        outcome.stdout.contains("is there a release v1.2.3?"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn without_a_release_it_is_built_from_the_action_s_own_source() {
    let cargo = "#!/bin/sh\necho \"$@\" > ../built\nmkdir -p \"$RUNNER_TEMP/breakfix/bin\"\nprintf '#!/bin/sh\\n' > \"$RUNNER_TEMP/breakfix/bin/breakfix\"\nchmod +x \"$RUNNER_TEMP/breakfix/bin/breakfix\"\n";
    for inputs in [[("INPUT_VERSION", "build")], [("ACTION_REF", "main")]] {
        let job = Job::at(breakfix(&[]).program("cargo", cargo));
        let outcome = job.script("install.sh", &inputs);
        assert_eq!(outcome.status, 0, "{}{}", outcome.stdout, outcome.stderr);
        let built = lines(&job.home.root().join("built"));
        assert!(built[0].contains("install --locked --path"), "{built:?}");
    }
}

fn yaml(name: &str) -> Value {
    serde_yaml::from_str(&std::fs::read_to_string(project().join(name)).unwrap()).unwrap()
}

#[test]
fn the_action_hands_every_input_on_as_data() {
    let action = yaml("action.yml");
    let steps = action["runs"]["steps"].as_array().unwrap();
    let mut used = String::new();
    for step in steps {
        used += &step.to_string();
        if let Some(script) = step["run"].as_str() {
            assert!(
                !script.contains("${{"),
                "an expression in a script is evaluated: {script}"
            );
            let script = script.trim_matches('"').replace("$GITHUB_ACTION_PATH/", "");
            let text = std::fs::read_to_string(project().join(&script)).unwrap();
            for name in step["env"].as_object().unwrap().keys() {
                assert!(
                    text.contains(name.as_str()),
                    "{script} does not read {name}"
                );
            }
        } else {
            let action = step["uses"].as_str().unwrap();
            assert!(action.contains("@v"), "{action} has no version");
        }
    }
    let page = std::fs::read_to_string(project().join("docs/tutorials/ci.md")).unwrap();
    for (name, input) in action["inputs"].as_object().unwrap() {
        assert!(input["description"].is_string(), "{name}");
        assert!(page.contains(&format!("`{name}`")), "{name} is not told");
        assert!(
            used.contains(&format!("inputs.{name} ")),
            "nothing uses the input {name}"
        );
    }
    for script in ["install.sh", "run.sh"] {
        let text = std::fs::read_to_string(project().join(".github/action").join(script)).unwrap();
        for word in text.split(|letter: char| !letter.is_ascii_uppercase() && letter != '_') {
            if word.starts_with("INPUT_") || word.starts_with("ACTION_R") {
                assert!(
                    used.contains(&format!("\"{word}\"")),
                    "{script} reads {word}, which nobody sets"
                );
            }
        }
    }
}

#[test]
fn a_release_is_made_for_every_target_that_is_installed() {
    let release = yaml(".github/workflows/release.yml");
    let targets: Vec<&str> = release["jobs"]["build"]["strategy"]["matrix"]["include"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["target"].as_str().unwrap())
        .collect();
    let install = std::fs::read_to_string(project().join(".github/action/install.sh")).unwrap();
    assert_eq!(targets.len(), install.matches("-unknown-linux-gnu").count());
    for target in targets {
        assert!(install.contains(&format!("echo {target}")), "{target}");
    }
}
