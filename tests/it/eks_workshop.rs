//! Content in the layout of the EKS Workshop plans without a diagnostic and runs with one command, as
//! docs/eks-workshop.md tells. What `prepare-environment` does there, its caller brings.

use serde_json::Value;

use super::support::{Breakfix, Outcome, breakfix};

const DOCS: &str = "website/docs";
const JAPANESE: &str = "website/i18n/ja/docusaurus-plugin-content-docs/current";

const MODULE: &str = r#"---
title: Storage
sidebar_position: 20 # after networking
sidebar_custom_props: { "module": true }
description: "What survives a pod."
---

::required-time{estimatedLabExecutionTimeMinutes="10"}

:::tip Before you start
Prepare your environment for this section:

```bash timeout=300 wait=0
$ prepare-environment fundamentals/storage
```

:::

{/* Nothing runs in here:

```bash
$ exit 9
```

*/}

<ConsoleButton
  url="https://console.aws.amazon.com/eks/home#/clusters"
  service="eks"
  label="Open EKS console"
/>

It made a bucket:

```bash
$ echo "bucket/$BUCKET_NAME of $EKS_CLUSTER_NAME"
bucket/VAR::BUCKET_NAME of VAR::EKS_CLUSTER_NAME
```

```file
manifests/modules/fundamentals/storage/deployment.yaml
```
"#;

const LAB: &str = r#"---
title: Keep it
sidebar_position: 10
---

Annotations have doubled spaces and doubled words:

```bash  bash timeout=40  hook=deployment hookTimeout=60
$ cat <<EOF > deployment.yaml
kind: Deployment

bucket: $BUCKET_NAME
EOF
$ cat deployment.yaml
kind: Deployment
...
bucket: VAR::BUCKET_NAME
```

```bash expectError=true
$ cat no-such-file.yaml
cat: no-such-file.yaml: No such file or directory
```

```bash raw=true
for name in one two; do
  echo "$name"
done
```

<Tabs>
<TabItem value="curl" label="curl">

```bash
$ printf '> GET / HTTP/1.1\n< HTTP/1.1 200 OK\n'
> GET / HTTP/1.1
< HTTP/1.1 200 OK
```

</TabItem>
</Tabs>

<details>
<summary>By hand</summary>

```bash test=false
$ kubectl exec -it deployment/catalog -- bash
```

</details>
"#;

const LATER: &str = "---\ntitle: Another module\nweight: 30\n---\n\n```bash\n$ [ \"$BUCKET_NAME\" = made-by-prepare ] && prepare-environment\n```\n";

const DRAFT: &str = "---\ntitle: Draft\n---\n\n```bash\n$ exit 9\n```\n";

const SUITE: &str = "set -Eeuo pipefail\n\nbefore() {\n  echo before >> \"$PREPARED\"\n}\n\nafter() {\n  prepare-environment\n}\n\n\"$@\"\n";

const HOOK: &str = r#"set -Eeuo pipefail

before() {
  echo "noop"
}

after() {
  if [[ $TEST_OUTPUT != *"bucket: made-by-prepare"* ]]; then
    echo "the deployment has no bucket: $TEST_OUTPUT" >&2
    exit 1
  fi
}

"$@"
"#;

/// As the workshop's own does, it exports what its module made.
const PREPARE: &str = r#"
prepare-environment() {
  echo "prepared ${1:-nothing}" >> "$PREPARED"
  source <(echo "export BUCKET_NAME=made-by-prepare")
}
"#;

/// A program cannot export into the shell that calls it: here the caller did.
const PROGRAM: &str = "#!/bin/sh\necho \"prepared ${1:-nothing}\" >> \"$PREPARED\"\n";

fn workshop() -> Breakfix {
    let module = format!("{DOCS}/fundamentals/storage");
    let home = breakfix(&[])
        .file(&format!("{DOCS}/index.md"), "---\ntitle: Welcome\n---\n")
        .file(
            &format!("{DOCS}/fundamentals/index.md"),
            "---\ntitle: Fundamentals\nsidebar_position: 10\n---\n",
        )
        .file(&format!("{module}/index.md"), MODULE)
        .file(&format!("{module}/keep.md"), LAB)
        .file(&format!("{module}/tests/hook-suite.sh"), SUITE)
        .file(&format!("{module}/tests/hook-deployment.sh"), HOOK)
        .file(&format!("{DOCS}/later/index.md"), LATER)
        .file(&format!("{DOCS}/draft/.notest"), "")
        .file(&format!("{DOCS}/draft/index.md"), DRAFT)
        .file(
            &format!("{JAPANESE}/fundamentals/storage/index.md"),
            &MODULE.replace("It made a bucket", "バケットができた"),
        )
        .file(
            &format!("{JAPANESE}/fundamentals/storage/keep.md"),
            &LAB.replace("title: Keep it", "title: 残す"),
        )
        .file(&format!("{JAPANESE}/draft/index.md"), DRAFT);
    let prepared = home.work().join("prepared");
    home.env("PREPARED", prepared.to_str().unwrap())
        .env("EKS_CLUSTER_NAME", "eks-workshop")
}

fn prepared(home: &Breakfix) -> Vec<String> {
    let text = std::fs::read_to_string(home.work().join("prepared")).unwrap();
    text.lines().map(str::to_owned).collect()
}

const ONE_COMMAND: &str = "--on none --shell-per run --documented fail --format json";

/// The whole tree with the function that its caller exports, as in the workshop's own terminal.
fn run_with_function(home: &Breakfix, tree: &str, more: &str) -> Outcome {
    home.bash(&format!(
        "{PREPARE}\nexport -f prepare-environment\n\"$BREAKFIX\" run {tree} {ONE_COMMAND} {more}"
    ))
}

#[test]
fn its_trees_plan_without_a_diagnostic() {
    let home = workshop();
    for (tree, steps) in [(DOCS, 7), (JAPANESE, 6)] {
        let outcome = home.call(&["plan", tree, "--format", "json"]);
        let plan: Value = outcome.json();
        assert_eq!(outcome.status, 0, "{}", outcome.stderr);
        assert_eq!(plan["diagnostics"], serde_json::json!([]), "{tree}");
        assert_eq!(plan["counts"]["steps"], steps, "{plan:#}");
        assert_eq!(plan["counts"]["skipped"], 2, "{plan:#}");
    }
}

#[test]
fn an_exported_function_prepares_the_environment_for_all_that_follows() {
    let home = workshop();
    let outcome = run_with_function(&home, DOCS, "");
    let report = outcome.json();
    assert_eq!(outcome.status, 0, "{report:#}\n{}", outcome.stderr);
    assert_eq!(report["counts"]["passed"], 7);
    assert_eq!(report["counts"]["drifted"], 0);
    assert_eq!(
        prepared(&home),
        [
            "before",
            "prepared fundamentals/storage",
            "prepared nothing",
            "prepared nothing"
        ]
    );
}

#[test]
fn a_translation_runs_with_the_hooks_of_its_source() {
    let home = workshop();
    let outcome = run_with_function(&home, JAPANESE, "");
    let report = outcome.json();
    assert_eq!(outcome.status, 0, "{report:#}\n{}", outcome.stderr);
    assert_eq!(report["counts"]["passed"], 6);
    assert_eq!(report["counts"]["skipped"], 2);
    assert_eq!(prepared(&home)[0], "before");
}

#[test]
fn a_program_on_the_path_does_as_well() {
    let home = workshop()
        .program("prepare-environment", PROGRAM)
        .env("BUCKET_NAME", "made-by-prepare");
    let arguments: Vec<&str> = ["run", DOCS]
        .into_iter()
        .chain(ONE_COMMAND.split(' '))
        .collect();
    let outcome = home.call(&arguments);
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert!(prepared(&home).contains(&"prepared fundamentals/storage".to_owned()));
}

#[test]
fn its_scripts_find_the_times_and_its_ci_the_test_cases() {
    let home = workshop();
    let outcome = run_with_function(
        &home,
        &format!("{DOCS} -g '{{fundamentals,fundamentals/**}}'"),
        "--report timing=times.json --report junit=junit.xml",
    );
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    let read = |name: &str| std::fs::read_to_string(home.work().join(name)).unwrap();
    let times: Value = serde_json::from_str(&read("times.json")).unwrap();
    let files: Vec<&str> = times["tests"]
        .as_array()
        .unwrap()
        .iter()
        .inspect(|test| assert!(test["duration"].is_u64(), "{test}"))
        .map(|test| test["file"].as_str().unwrap())
        .collect();
    let page = |name: &str| format!("{DOCS}/fundamentals/storage/{name}");
    assert_eq!(files, [page("index.md"), page("keep.md")]);
    let junit = read("junit.xml");
    assert!(
        junit.contains("<testsuite ") && junit.contains("keep.md"),
        "{junit}"
    );
}

#[test]
fn a_hook_that_says_no_fails_its_page_and_the_suite_still_ends() {
    let home = workshop();
    let spoiled = HOOK.replace("bucket: made-by-prepare", "bucket: another");
    let home = home.file(
        &format!("{DOCS}/fundamentals/storage/tests/hook-deployment.sh"),
        &spoiled,
    );
    let outcome = run_with_function(&home, DOCS, "--report summary=summary.md");
    assert_eq!(outcome.status, 1, "{}", outcome.stderr);
    let report = outcome.json();
    assert_eq!(report["counts"]["failed"], 1, "{report:#}");
    let summary = std::fs::read_to_string(home.work().join("summary.md")).unwrap();
    assert!(
        summary.contains("the deployment has no bucket"),
        "{summary}"
    );
    // The suite's `after`, and then the next module all the same.
    assert_eq!(
        prepared(&home)[2..],
        ["prepared nothing", "prepared nothing"]
    );
}
