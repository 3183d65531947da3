//! What is the same to a reader, and what is not.

use super::*;

#[track_caller]
fn check(documented: &str, real: &str, expected: bool) {
    assert_eq!(
        same(documented, real, PLAIN),
        expected,
        "{documented:?} {real:?}"
    );
}

/// Each of the values stands for each other.
#[track_caller]
fn check_alike(values: &[&str]) {
    for documented in values {
        for real in values {
            check(documented, real, true);
            check(&format!("a {documented}, b"), &format!("a {real}, b"), true);
        }
    }
}

#[test]
fn stable_text_is_compared_letter_by_letter() {
    check("ACTIVE", "ACTIVE", true);
    check("ACTIVE", "DEGRADED", false);
    check("a  b\tc", "  a b   c ", true);
    check("ab", "a b", false);
    check("3 nodes", "4 nodes", false);
    check("1.5", "1.6", false);
    check("日本語", "日本語", true);
}

#[test]
fn ids_agree_by_form_and_kind() {
    check_alike(&[
        "i-1234abcd1234abcd1",
        "i-07c1d5e8a92b4f360",
        "i-xxxxxxxxxxxxxxxxx",
    ]);
    check_alike(&["lt-0123456789abcdef0", "lt-abcdefabcdefabcde"]);
    check_alike(&[
        "1234abcd-1234-abcd-1234-1234abcd1234",
        "5ac63f2e-0b1d-4c7a-9a53-61f0e8d2b7c4",
        "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111",
    ]);
    check_alike(&["1234567890", "123456789012", "111122223333"]);
    check_alike(&["sha256:0123abcd0123", "sha256:9876fedc9876"]);
    check("i-1234abcd1234abcd1", "lt-1234abcd1234abcd1", false);
    check("i-0abc", "i-0abd", false);
    check("key 1234567", "key 7654321", false);
}

#[test]
fn arns_agree_by_service_and_kind_of_resource() {
    check_alike(&[
        "arn:aws:kms:us-west-2:xxxxxxxxxxxx:key/1234abcd-1234-abcd-1234-1234abcd1234",
        "arn:aws:kms:eu-central-1:123456789012:key/5ac63f2e-0b1d-4c7a-9a53-61f0e8d2b7c4",
        "arn:aws:kms:${AWS_REGION}:${AWS_ACCOUNT_ID}:key/5ac63f2e-0b1d-4c7a-9a53-61f0e8d2b7c4",
    ]);
    let key = "arn:aws:kms:us-west-2:123456789012:key/5ac63f2e-0b1d-4c7a-9a53-61f0e8d2b7c4";
    check(
        "arn:aws:kms:us-west-2:xxxxxxxxxxxx:key/xxxxxxxxxxxx",
        key,
        true,
    );
    check("arn:aws:kms:...:key/...", key, true);
    check("arn:aws:kms:us-west-2:1:alias/x", key, false);
    check(
        "arn:aws:iam::1234567890:root",
        "arn:aws:iam::123456789012:root",
        true,
    );
    check("arn:aws:iam::1:root", "arn:aws:sts::1:root", false);
    check("arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b", false);
}

#[test]
fn generated_names_agree_up_to_their_ends() {
    check_alike(&["ui-7d8f9c6b5-x2kqz", "ui-846479dcdd-fznf5"]);
    check_alike(&["aws-node-q8zvp", "aws-node-7bnjm"]);
    check_alike(&[
        "eks-new_1-5ac63f2e-0b1d-4c7a-9a53-61f0e8d2b7c4",
        "eks-new_1-00000000-0000-4000-8000-000000000000",
    ]);
    check_alike(&[
        "stack-NodeRole-1A2B3C4D5E6F7",
        "stack-NodeRole-kj6Ypae2mZ2E",
    ]);
    check_alike(&[
        "ip-10-42-1-2.us-west-2.compute.internal",
        "ip-10-0-250-3.ec2.internal",
    ]);
    check("ui-7d8f9c6b5-x2kqz", "cart-7d8f9c6b5-x2kqz", false);
    check("mysql-0", "mysql-1", false);
    check("kube-proxy", "kube-dns", false);
}

#[test]
fn times_and_ages_agree_by_form() {
    check_alike(&[
        "2024-10-04T18:06:36Z",
        "2026-11-22T14:34:37.282Z",
        "2026-11-22T14:34:37+09:00",
    ]);
    check_alike(&[
        "2024-10-04 18:06:36 +0000 UTC",
        "2024-10-04 18:06:36.123456 +0000 UTC",
        "2024-10-04",
    ]);
    check_alike(&[
        "Fri, 04 Oct 2024 18:06:36 +0000",
        "Sun Nov 22 14:34:37 UTC 2026",
    ]);
    check_alike(&["3m9s", "45s", "2d3h", "0m0.523s", "350ms"]);
    check("2012-10-17", "2008-10-17", false);
    check("3m9s", "3 minutes", false);
    check("Mon repos", "Tue repos", false);
}

#[test]
fn versions_addresses_and_places_agree_by_form() {
    check_alike(&[
        "v1.30.0-eks-036c24b",
        "v1.30.8-eks-aeac579",
        "1.30.8-20250103",
        "v1.30",
    ]);
    check_alike(&["10.42.1.2", "192.168.100.200"]);
    check_alike(&["10.42.0.0/16", "10.43.0.0/16"]);
    check_alike(&["fd00:1:2:3", "06:a0:bb:01:2c:ff"]);
    check_alike(&["us-west-2", "ap-northeast-1"]);
    check_alike(&["us-west-2a", "us-west-2c"]);
    check_alike(&["80:31234/TCP", "80:30001/TCP"]);
    check("80:8080/TCP", "80:9090/TCP", false);
    check("nginx:1.25.3", "httpd:1.25.3", false);
}

#[test]
fn a_short_version_and_a_quantity_need_their_context() {
    let version = Context {
        short_versions: true,
        ..PLAIN
    };
    assert!(same("1.30", "1.31", version));
    check("1.30", "1.31", false);
    let quantity = Context {
        ages: false,
        ..PLAIN
    };
    assert!(!same("250m", "100m", quantity));
}

#[test]
fn dots_elide_any_text_of_a_line() {
    check("a ... d", "a b c d", true);
    check("a ... d", "a d", true);
    check("new_node... is", "new_nodegroup_1 is", true);
    check("i-0ab1... is", "i-1234abcd1234abcd1 is", true);
    check(
        "abcd1234-1234-...",
        "5ac63f2e-0b1d-4c7a-9a53-61f0e8d2b7c4",
        true,
    );
    check("a…", "abc", true);
    check("waiting...", "waiting...", true);
    check("a ... x", "a b c d", false);
}

#[test]
fn placeholders_match_anything_on_their_spot() {
    check("id xxxxxxxxxxxx ok", "id 1234-ab ok", true);
    check("id xxxxxxxxxxxx ok", "id a b ok", false);
    check("id xxxx", "id", false);
    check("vVAR::KUBERNETES_VERSION-eks", "v1.30-eks", true);
    check("VAR::A and VAR::B", "x/y and z", true);
    check("VAR::A", "", false);
    check("real xxxx", "real yyyy", true);
    check("real yyyy", "real xxxx", false);
}

#[test]
fn any_text_says_the_same_as_itself_and_nothing_panics() {
    let parts = [
        "arn:",
        "aws:",
        "::",
        "...",
        "…",
        "xxxx",
        "VAR::",
        "VAR::X",
        "i-",
        "1234",
        "abcd",
        "-",
        ".",
        "v1",
        "é",
        " ",
        "2024-10-04",
        "T18:06:36",
        "Fri, ",
        "ip-1-2-3-4",
        "us-west-2",
        "az1",
        "/",
        "日",
        "31234",
        "5m",
        "{",
        "\"",
        "usw2-az",
    ];
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..20_000 {
        let text: String = (0..random.usize(0..9))
            .map(|_| parts[random.usize(0..parts.len())])
            .collect();
        assert!(
            documented(&text, PLAIN).fits(&real(&text, PLAIN)),
            "{text:?}"
        );
    }
}
