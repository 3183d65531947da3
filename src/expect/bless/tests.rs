//! What is kept, what is replaced, and that the result says what was printed.

use super::*;

/// The documented text becomes `expected`, which agrees with the output, and then stays.
#[track_caller]
fn check(documented: &str, real: &str, expected: &str) {
    let Blessed::Rewritten(text) = bless(documented, real) else {
        panic!("nothing was rewritten: {:?}", bless(documented, real))
    };
    assert_eq!(text, expected, "\n{text}");
    assert_eq!(compare(&text, real), Comparison::Match);
    assert_eq!(bless(&text, real), Blessed::AsBefore);
}

#[test]
fn what_agrees_is_left_alone() {
    for (documented, real) in [
        ("", "anything\n"),
        ("...\n", "a\nb\n"),
        ("i-0123456789abcdef0\n", "i-0fedcba9876543210\n"),
        ("{\"a\": 1}\n", "{\n  \"a\": 1\n}\n"),
    ] {
        assert_eq!(bless(documented, real), Blessed::AsBefore, "{documented}");
    }
}

#[test]
fn only_lines_that_drifted_are_replaced() {
    check(
        "one\ni-0123456789abcdef0\nthree\n",
        "one\ni-0fedcba9876543210\n3\n",
        "one\ni-0123456789abcdef0\n3\n",
    );
    check("a\nc\n", "a\nb\nc\n", "a\nb\nc\n");
    check("a\nb\nc\n", "a\nc\n", "a\nc\n");
    check("\na\n\nb\n\n", "a\n\nc\n\nd\n", "\na\n\nc\n\nd\n\n");
    check("a\n", "", "");
}

#[test]
fn elisions_and_pointers_stay() {
    check(
        "first\n...\nlast    <<<---\n",
        "first\n2\n3\nend\n",
        "first\n...\nend     <<<---\n",
    );
    check(
        "--->>> the state is OLD\n",
        "the state is NEW\n",
        "--->>> the state is NEW\n",
    );
    check(
        "from ... it is 10.0.0.1 and OLD\n",
        "from here to there it is 10.9.8.7 and NEW\n",
        "from ... it is 10.0.0.1 and NEW\n",
    );
}

#[test]
fn cells_of_a_table_are_replaced_one_by_one() {
    check(
        "NAME      STATUS     AGE\nip-10-0-0-1.ec2.internal   NotReady   3d\n",
        "NAME      STATUS     AGE\nip-10-42-7-7.ec2.internal   Ready   17s\n",
        "NAME      STATUS     AGE\nip-10-0-0-1.ec2.internal   Ready      3d\n",
    );
}

#[test]
fn values_of_json_are_replaced_one_by_one() {
    check(
        "{\n    \"status\": \"ACTIVE\",    <<<---\n    \"createdAt\": \"2024-01-01T00:00:00Z\",\n    ...\n    \"size\": 1\n",
        "{\"size\": 2, \"x\": [], \"createdAt\": 1730000000.5, \"status\": \"DEGRADED\"}\n",
        "{\n    \"status\": \"DEGRADED\",    <<<---\n    \"createdAt\": \"2024-01-01T00:00:00Z\",\n    ...\n    \"size\": 2\n",
    );
    check(
        "{\"a\": {\"b\": 1}}\n",
        "{\n  \"a\": {\n    \"b\": 2\n  }\n}\n",
        "{\"a\": {\"b\": 2}}\n",
    );
    check(
        "{\n  \"a\": {\n    \"b\": 1\n  },\n  \"c\": 1\n}\n",
        "{\"a\": null, \"c\": 1}\n",
        "{\n  \"a\": null,\n  \"c\": 1\n}\n",
    );
    check("{\"Name\": 1}\n", "{\"name\": 1}\n", "{\"name\": 1}\n");
}

#[test]
fn members_come_and_go_in_their_places() {
    check(
        "{\n  \"a\": 1,\n  \"c\": 3 <<<---\n}\n",
        "{\"a\": 1, \"b\": {\"x\": 2}, \"c\": 3, \"d\": 4}\n",
        "{\n  \"a\": 1,\n  \"b\": {\n      \"x\": 2\n  },\n  \"c\": 3, <<<---\n  \"d\": 4\n}\n",
    );
    check(
        "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}\n",
        "{\"b\": 2}\n",
        "{\n  \"b\": 2\n}\n",
    );
    check(
        "{\"a\": 1, \"b\": 2, \"c\": 3}\n",
        "{\"z\": 0, \"b\": 2, \"y\": 9}\n",
        "{\"z\": 0, \"b\": 2, \"y\": 9}\n",
    );
    check("{\"a\": 1}\n", "{\"b\": 1}\n", "{\n    \"b\": 1\n}\n");
}

#[test]
fn elements_come_and_go_in_their_places() {
    check(
        "[\n  1,\n  ...\n  9\n]\n",
        "[0, 5, 6, 8]\n",
        "[\n  0,\n  ...\n  8\n]\n",
    );
    check("[1, 3]\n", "[1, 2, 3, 4]\n", "[1, 2, 3, 4]\n");
    check("[\n  1,\n  3\n]\n", "[1, 2]\n", "[\n  1,\n  2\n]\n");
    check(
        "{\"l\": [\n  {\"n\": \"x\", ...}\n]}\n",
        "{\"l\": [{\"n\": \"x\", \"m\": 1}, {\"n\": \"y\"}]}\n",
        "{\"l\": [\n  {\"n\": \"x\", ...},\n  {\n      \"n\": \"y\"\n  }\n]}\n",
    );
    check("[1]\n", "[]\n", "[]\n");
}

#[test]
fn an_object_around_all_comes_or_goes_and_the_rest_stays() {
    check(
        "{\n    \"nodegroup\": {\n        \"name\": \"web\", <<<---\n        ...\n        \"status\": \"OLD\"\n    }\n}\n",
        "{\"name\": \"web\", \"x\": 1, \"status\": \"NEW\"}\n",
        "{\n    \"name\": \"web\", <<<---\n    ...\n    \"status\": \"NEW\"\n}\n",
    );
    check(
        "\n{\n  \"name\": \"web\", <<<---\n  ...\n}\n",
        "{\"group\": {\"name\": \"web\", \"x\": 1}}\n",
        "\n{\n  \"group\": {\n    \"name\": \"web\", <<<---\n    ...\n  }\n}\n",
    );
}

#[test]
fn what_is_no_json_any_more_is_text() {
    check("{\"a\": 1}\n", "no such thing\n", "no such thing\n");
    check(
        "no such thing\n",
        "{\n    \"a\": 1\n}\n",
        "{\n    \"a\": 1\n}\n",
    );
}

/// Pieces of which pages and outputs are made: text, tables, JSON, elisions, marks.
const PIECES: [&str; 32] = [
    "one",
    "two",
    "three and four",
    "...",
    "",
    "   indented",
    "value <<<---",
    "--->>> value",
    "i-0123456789abcdef0",
    "NAME   STATUS   AGE",
    "a      Ready    3d",
    "b      Gone     5m",
    "{",
    "}",
    "  \"a\": 1,",
    "  \"b\": \"x\"",
    "  \"c\": [1, 2],",
    "  ...",
    "[",
    "]",
    "{}",
    "[]",
    "10.0.0.1",
    "2024-01-01T00:00:00Z",
    "x ... y",
    "xxxx",
    "***",
    "\"",
    "{\"a\": {\"b\": [1, 2, {\"c\": null}]}}",
    "{\"a\": {\"b\": [2, {\"c\": 1, \"d\": []}]}}",
    "{\"A\": 1, \"z\": 2}",
    "ノード  ok",
];

#[test]
fn whatever_is_shown_and_printed_agrees_afterwards() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut text = |most: usize| -> String {
        let lines = random.usize(0..=most);
        (0..lines)
            .map(|_| format!("{}\n", PIECES[random.usize(0..PIECES.len())]))
            .collect()
    };
    let mut rewritten = 0;
    for _ in 0..4_000 {
        let (documented, real) = (text(6), text(6));
        match bless(&documented, &real) {
            Blessed::Rewritten(text) => {
                rewritten += 1;
                assert_eq!(
                    compare(&text, &real),
                    Comparison::Match,
                    "{documented}\n--\n{real}\n--\n{text}"
                );
                assert_eq!(bless(&text, &real), Blessed::AsBefore);
            }
            Blessed::AsBefore => assert_eq!(compare(&documented, &real), Comparison::Match),
            Blessed::Impossible => panic!("impossible:\n{documented}--\n{real}"),
        }
    }
    assert!(rewritten > 2_000, "{rewritten}");
}
