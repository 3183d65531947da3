use super::*;

fn uses(text: &str) -> Vec<String> {
    let needed = |deed| match deed {
        Deed::Use(name) => Some(name),
        _ => None,
    };
    read(text).into_iter().filter_map(needed).collect()
}

fn sets(text: &str) -> Vec<(String, bool)> {
    let set = |deed| match deed {
        Deed::Set { name, exported } => Some((name, exported)),
        Deed::Export(name) => Some((name, true)),
        _ => None,
    };
    read(text).into_iter().filter_map(set).collect()
}

fn calls(text: &str) -> Vec<Call> {
    let call = |deed| match deed {
        Deed::Call(call) => Some(call),
        _ => None,
    };
    read(text).into_iter().filter_map(call).collect()
}

#[test]
fn variables_that_a_command_needs_are_found_wherever_bash_expands_them() {
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(uses(text), expected, "{text}");
    }
    check("echo $A \"$B\" ${C} \"${D}x\"", &["A", "B", "C", "D"]);
    check("echo '$A' \\$B \"\\$C\" $'$D'", &[]);
    check("aws kms x --policy '{\"a\":\"'\"$A\"'\"}'", &["A"]);
    check("X=$(aws y --name \"$A\") && echo \"$X\"", &["A", "X"]);
    check("echo `ls $A`", &["A"]);
    check("cat <<EOF\n$A 'and' \"$B\"\nEOF", &["A", "B"]);
    check("cat <<'EOF'\n$A\nEOF", &[]);
    check("cat <<< \"$A\" > $B", &["A", "B"]);
    check("echo ${A:-x} ${B-} ${C:+y} ${E:=z}", &[]);
    check(": ${A:?why}", &["A"]);
    check("echo ${A:-$B}", &["B"]);
    check(
        "echo ${#A} ${A%%/*} ${A/x/$B} ${A[0]} ${A[@]}",
        &["A", "A", "A", "B", "A", "A"],
    );
    check("echo $1 $? $# $@ $$ $! $0 $((A + 1))", &[]);
    check(
        "[[ -n $A && $B == x ]] && for i in $C; do echo $i; done",
        &["A", "B", "C", "i"],
    );
    check("case $A in $B) echo;; esac", &["A", "B"]);
    check(
        "if test \"$A\"; then echo $B; elif x; then echo $C; else echo $D; fi",
        &["A", "B", "C", "D"],
    );
    check("awk '{print $NF}' file | grep \"$A\"", &["A"]);
    check("price costs $5.00 and $ alone", &[]);
}

#[test]
fn variables_that_a_command_sets_are_found() {
    #[track_caller]
    fn check(text: &str, expected: &[(&str, bool)]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, exported)| ((*name).to_owned(), *exported))
            .collect();
        assert_eq!(sets(text), expected, "{text}");
    }
    check("A=1 B=$(x)", &[("A", false), ("B", false)]);
    check("export A=1 B", &[("A", true), ("B", true)]);
    check(
        "declare -x A=1; local B=2; readonly C; typeset -i D",
        &[("A", true), ("B", false), ("C", false), ("D", false)],
    );
    check(
        "read -r A B; read; mapfile -t C",
        &[("A", false), ("B", false), ("REPLY", false), ("C", false)],
    );
    check("printf -v A %s x", &[("A", false)]);
    check("for A in 1 2; do B=$A; done", &[("A", false), ("B", false)]);
    check(
        "((A = 1, B++)); : ${C:=x}",
        &[("A", false), ("B", false), ("C", false)],
    );
    check(
        "f() { A=1; }; A+=x; B[1]=y",
        &[("A", false), ("A", false), ("B", false)],
    );
    check("A=1 program", &[]);
    check("aws x | while read -r A; do echo; done", &[("A", false)]);
}

#[test]
fn calls_have_their_arguments_and_circumstances() {
    let all = calls(
        "X=1 kubectl get pods -n \"shop\" | grep -v 'a b' &\naws eks wait x --name=$Y < file",
    );
    let told: Vec<_> = all
        .iter()
        .map(|call| {
            (
                call.program.as_str(),
                call.line,
                call.in_background,
                call.has_input,
                call.is_piped,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("kubectl", 1, true, false, true),
            ("grep", 1, true, true, false),
            ("aws", 2, false, true, false)
        ]
    );
    assert_eq!(
        all[0].words().collect::<Vec<_>>(),
        ["get", "pods", "-n", "shop"]
    );
    assert_eq!(all[0].environment, ["X"]);
    assert_eq!(
        all[0].value_of("-n").map(|value| value.text.as_str()),
        Some("shop")
    );
    assert_eq!(all[1].words().nth(1), Some("a b"));
    assert!(all[2].has("--name") && !all[2].arguments[3].is_literal);
}

#[test]
fn what_a_substitution_calls_is_called() {
    let all = calls("echo $(kubectl get pods -o name | head -1)");
    let programs: Vec<&str> = all.iter().map(|call| call.program.as_str()).collect();
    assert_eq!(programs, ["kubectl", "head", "echo"]);
}

#[test]
fn what_bash_would_refuse_or_cannot_be_read_has_no_deeds() {
    assert_eq!(read("a | | b"), []);
    assert_eq!(read(&"$(".repeat(5_000)), []);
    read(&format!("echo {}", "${a:-".repeat(90)));
    read(&format!("echo {}x{}", "$(".repeat(90), ")".repeat(90)));
}
