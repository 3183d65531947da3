//! Pages against outputs: what agrees, and what drift says.

use super::*;

#[track_caller]
fn check_match(documented: &str, real: &str) {
    assert_eq!(
        compare(documented, real),
        Comparison::Match,
        "{documented}\n{real}"
    );
}

/// `expected`: kind, line of the page, and a part of the sentence.
#[track_caller]
fn check_drift(documented: &str, real: &str, expected: (DriftKind, usize, &str)) -> Drift {
    let Comparison::Drift(drift) = compare(documented, real) else {
        panic!("no drift: {documented}\n{real}")
    };
    assert_eq!(
        (drift.kind, drift.at_line),
        (expected.0, expected.1),
        "{drift:#?}"
    );
    assert!(drift.why.contains(expected.2), "{drift:#?}");
    drift
}

/// The answer to a question that `--query` has cut down.
const HEALTH: &str = r#"{
    "Name": "web",
    "Status": "DEGRADED",
    "Sizes": {
        "minSize": 0,
        "desiredSize": 1
    },
    "Groups": [
        {
            "name": "eks-web-5ac63f2e-0b1d-4c7a-9a53-61f0e8d2b7c4"
        }
    ]
}
"#;

#[test]
fn nothing_documented_claims_nothing() {
    check_match("", "anything\n");
    check_match("\n  \n", "anything\n");
    check_match("...\n", "anything\nat all\n");
}

#[test]
fn blanks_at_the_ends_marks_and_colours_do_not_count() {
    check_match("\n\none  \ntwo\n\n", "one\ntwo\n");
    check_match("one   <<<---\n --->>> two\n", "one\ntwo\n");
    check_match("one\n", "\u{1b}[32mone\u{1b}[0m\r\n");
}

#[test]
fn text_is_compared_line_by_line() {
    check_match(
        "node/ip-10-42-1-2.ec2.internal condition met\n",
        "node/ip-10-0-9-8.ec2.internal condition met\n",
    );
    check_match("first\n...\nlast\n", "first\n2\n3\nlast\n");
    check_match("first\n   ...\n", "first\n");
    check_drift("ACTIVE\n", "DEGRADED\n", (DriftKind::Line, 1, "differs"));
    check_drift(
        "a\nc\n",
        "a\nb\nc\n",
        (DriftKind::Line, 2, "the output has a line here"),
    );
    check_drift(
        "a\nb\nc\n",
        "a\nc\n",
        (DriftKind::Line, 2, "the output lacks a line"),
    );
    check_drift("a\nb\n", "a\n", (DriftKind::Line, 2, "ends before"));
    let drift = check_drift("a\n", "a\nb\n", (DriftKind::Line, 1, "goes on"));
    assert_eq!(
        (drift.expected.as_str(), drift.found.as_str()),
        ("(nothing more)", "b")
    );
    check_drift("\n\na\n...\nz\n", "a\nb\n", (DriftKind::Line, 5, "differs"));
}

#[test]
fn a_wrapper_that_the_query_removes_is_found_although_the_rest_is_elided_and_cut_off() {
    let documented = r#"

{
    "nodegroup": {
        "name": "web", <<<---
        "arn": "arn:aws:eks:us-west-2:1234567890:nodegroup/c/web/abcd1234-1234-abcd-1234-1234abcd1234",
        ...
        "status": "DEGRADED",           <<<---
        ...
}
"#;
    let why = "the documented output has the wrapper \"nodegroup\", which is not in the output";
    check_drift(documented, HEALTH, (DriftKind::WrapperGone, 4, why));
}

#[test]
fn a_wrapper_around_a_list_is_found() {
    let documented = "{\n  \"Versions\": [\n    {\n      \"Id\": \"lt-1234abcd1234abcd1\",\n      ...\n      \"Data\": {\n      ...\n    --->>>  \"Encrypted\": true\n";
    let real = "[{\"Id\": \"lt-0f2d81c6b7e94a053\", \"Default\": true, \"Encrypted\": true}]\n";
    check_drift(
        documented,
        real,
        (DriftKind::WrapperGone, 2, "the wrapper \"Versions\""),
    );
    let first = "{\"Id\": \"lt-0f2d81c6b7e94a053\", \"Encrypted\": true}\n";
    check_drift(
        documented,
        first,
        (DriftKind::WrapperGone, 2, "the wrapper \"Versions\""),
    );
}

#[test]
fn a_wrapper_that_the_page_lacks_is_found() {
    check_drift(
        "{\n  \"name\": \"web\",\n  ...\n}\n",
        "{\"nodegroup\": {\"name\": \"web\", \"status\": \"ACTIVE\"}}\n",
        (DriftKind::WrapperNew, 1, "the wrapper \"nodegroup\""),
    );
}

#[test]
fn json_agrees_by_shape_and_stable_values() {
    check_match(
        r#"{"Groups": [{"name": "eks-web-00000000-0000-4000-8000-000000000000"}], ..., "Status": "DEGRADED"}"#,
        HEALTH,
    );
    check_match(
        "{\"createdAt\": 1728065196.5, \"StartTime\": \"2024-10-04T18:06:36Z\", \"n\": 1}",
        "{\"createdAt\": \"2026-11-22T14:34:37+00:00\", \"StartTime\": 1795358092.562, \"n\": 1.0}",
    );
    check_match(
        "{\"Id\": \"1234abcd-1234-abcd-1234-1234abcd1234\", \"version\": \"1.30\", \"resourceVersion\": \"1\"}",
        "{\"Id\": \"5ac63f2e-0b1d-4c7a-9a53-61f0e8d2b7c4\", \"version\": \"1.31\", \"resourceVersion\": \"8\"}",
    );
    check_match(
        "{\n \"Activities\": [\n  {\n   \"Id\": 1,\n   ...\n  },\n  ...\n ]\n}",
        "{\"Activities\": [{\"Id\": 1, \"Code\": 2}, {\"Id\": 3}, {\"Id\": 4}]}",
    );
    check_match("{\"a\": 1}\n{\"b\": 2}", "{ \"a\": 1 }\n{\n\"b\": 2 }\n");
    check_match("{\"a\": 1}\n...", "{ \"a\": 1 } {\n\"b\": 2 }\n");
}

#[test]
fn json_drift_says_what_differs() {
    let real =
        r#"{"Status": "ACTIVE", "Sizes": {"min": 0, "max": 1}, "Ids": ["a", "b"], "None": null}"#;
    let elided = |member: &str| format!("{{\n  {member},\n  ...\n}}\n");
    let check = |member: &str, kind, why: &str| {
        check_drift(&elided(member), real, (kind, 2, why));
    };
    check(
        "\"Status\": \"DEGRADED\"",
        DriftKind::Value,
        "\"Status\" is \"DEGRADED\" on the page, \"ACTIVE\" in the output",
    );
    check(
        "\"Sizes\": {\"min\": 1, \"max\": 1}",
        DriftKind::Value,
        "\"min\" is 1 on the page, 0",
    );
    check(
        "\"Sizes\": {\"min\": 0}",
        DriftKind::Member,
        "the output has \"max\"",
    );
    check(
        "\"status\": \"ACTIVE\"",
        DriftKind::Member,
        "which the output writes \"Status\"",
    );
    check(
        "\"Other\": 1",
        DriftKind::Member,
        "which is not in the output",
    );
    check(
        "\"Ids\": [\"a\"]",
        DriftKind::Length,
        "the output has 2 elements, the page shows 1",
    );
    check(
        "\"Ids\": [\"a\", \"b\", \"c\"]",
        DriftKind::Length,
        "the page shows 3 elements",
    );
    check(
        "\"Ids\": [\"a\", \"x\"]",
        DriftKind::Value,
        "\"x\" on the page",
    );
    check(
        "\"Ids\": [..., \"a\"]",
        DriftKind::Value,
        "\"a\" on the page",
    );
    check(
        "\"Ids\": \"a\"",
        DriftKind::Type,
        "a string on the page, a list in the output",
    );
    check(
        "\"None\": false",
        DriftKind::Type,
        "a boolean on the page, null",
    );
    check_drift(
        "{\"a\": 1}",
        "error: no\n",
        (DriftKind::NotJson, 1, "something else"),
    );
    check_drift(
        "{\"a\": 1}",
        "",
        (DriftKind::NotJson, 1, "nothing was printed"),
    );
    check_drift(
        "{\"a\": 1}",
        "{\"a\": 1} {\"a\": 1}",
        (DriftKind::Length, 1, "2 documents"),
    );
    let policy = |date: &str| format!("{{\"Version\": \"{date}\"}}");
    check_drift(
        &policy("2008-10-17"),
        &policy("2012-10-17"),
        (DriftKind::Value, 1, "Version"),
    );
}

const NODES: &str = "\
NAME                                          STATUS   ROLES    AGE    VERSION
ip-10-42-190-166.us-west-2.compute.internal   Ready    <none>   3m2s   v1.30.8-eks-aeac579
";

#[test]
fn tables_agree_by_columns() {
    check_match(
        "NAME                     STATUS   ROLES    AGE   VERSION\nip-10-42-1-2.internal   Ready    <none>   45h   vVAR::VERSION\n",
        NODES,
    );
    check_match(
        "NAME                 READY   STATUS    RESTARTS      AGE\nui-7d8f9c6b5-x2kqz   1/1     Running   0             5m\n...\n",
        "NAME                  READY   STATUS    RESTARTS      AGE\nui-846479dcdd-fznf5   1/1     Running   1 (3m ago)    9d\ncart-846479dcdd-fznf5   1/1     Running   0    9d\n",
    );
    check_match(
        "NAME   STATUS\n...\n",
        NODES
            .replace("   ROLES    AGE    VERSION", "")
            .lines()
            .next()
            .unwrap(),
    );
}

#[test]
fn table_drift_names_the_column() {
    let row = |status: &str| format!("NAME   STATUS   AGE\na      {status}   3m\n");
    check_drift(
        &row("Ready"),
        &row("NotReady"),
        (
            DriftKind::Value,
            2,
            "column STATUS shows \"Ready\" on the page, \"NotReady\"",
        ),
    );
    check_drift(
        "NAME   STATUS\na      Ready\n",
        &row("Ready"),
        (
            DriftKind::Columns,
            1,
            "NAME, STATUS on the page, NAME, STATUS, AGE",
        ),
    );
    check_drift(
        &row("Ready"),
        "No resources found\n",
        (DriftKind::Columns, 1, "the output has none"),
    );
    let two = format!("{}b      Ready   4m\n", row("Ready"));
    check_drift(&row("Ready"), &two, (DriftKind::Line, 2, "goes on"));
    check_drift(&two, &row("Ready"), (DriftKind::Line, 3, "ends before"));
}

/// Outputs of many kinds.
const OUTPUTS: [&str; 6] = [
    HEALTH,
    NODES,
    "Waiting for rollout to finish...\ndeployment \"ui\" successfully rolled out\n\ndone\n",
    "{\"a\": [1, 2, {\"b\": null}]}\n{\n  \"c\": \"--->>> x\"\n}\n",
    "Name:   ui\nStart Time:  Fri, 04 Oct 2024 18:06:36 +0000\n  xxxx VAR::X …\n\u{1b}[1m10%\r20%\u{1b}[0m\n",
    "[\n  \"...\",\n  \"a\n]\n",
];

#[test]
fn any_text_matches_itself() {
    for output in OUTPUTS {
        check_match(output, output);
    }
    let mut random = fastrand::Rng::with_seed(11);
    let parts = [
        "{",
        "}",
        "[",
        "]",
        "\"a\"",
        ":",
        ",",
        "1",
        "null",
        "\n",
        "...",
        "NAME  AGE",
        "  ",
        "--->>>",
        "é",
        "\r",
        "\u{1b}[",
    ];
    for _ in 0..5_000 {
        let text: String = (0..random.usize(0..14))
            .map(|_| parts[random.usize(0..parts.len())])
            .collect();
        check_match(&text, &text);
        let other: String = (0..random.usize(0..14))
            .map(|_| parts[random.usize(0..parts.len())])
            .collect();
        // Whatever comes of it, it comes.
        compare(&text, &other);
    }
}

#[test]
fn eliding_any_line_keeps_a_match() {
    for output in OUTPUTS {
        let lines: Vec<&str> = output.lines().collect();
        for from in 0..lines.len() {
            for to in from..=lines.len() {
                let mut elided = lines[..from].to_vec();
                elided.push("   ...");
                elided.extend(&lines[to..]);
                check_match(&elided.join("\n"), output);
            }
        }
    }
}
