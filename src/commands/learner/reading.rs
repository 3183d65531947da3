//! Whether a command only reads: what does not is shown and asked for before it runs. What is not known to only read is
//! taken for a change.

/// Programs that change nothing by themselves.
const HARMLESS: [&str; 30] = [
    "echo", "printf", "jq", "yq", "grep", "egrep", "head", "tail", "cat", "cut", "sort", "uniq",
    "wc", "tr", "awk", "column", "test", "[", "[[", "sleep", "true", "false", "date", "pwd", "ls",
    "which", "command", "type", "base64", "diff",
];
/// Words of the shell that stand before a command.
const KEYWORDS: [&str; 14] = [
    "if", "then", "else", "elif", "fi", "while", "until", "do", "done", "!", "{", "}", "export",
    "time",
];
/// First words of operations of the AWS CLI that only read.
const AWS_READS: [&str; 7] = [
    "describe-",
    "get-",
    "list-",
    "wait",
    "batch-get-",
    "lookup-",
    "help",
];
const KUBECTL_READS: [&str; 12] = [
    "get",
    "describe",
    "logs",
    "wait",
    "top",
    "explain",
    "version",
    "api-resources",
    "api-versions",
    "auth",
    "cluster-info",
    "diff",
];

/// Whether everything in the text only reads.
pub(super) fn only_reads(text: &str) -> bool {
    let joined = without_quoted(&text.replace("\\\n", " "));
    if writes_a_file(&joined) || joined.contains("<<") {
        return false;
    }
    simple_commands(&joined)
        .into_iter()
        .all(|words| harmless(&words))
}

/// With a word in the place of each text in single quotes, which is nothing but text.
fn without_quoted(text: &str) -> String {
    let parts = text.split('\'').enumerate();
    parts
        .map(|(at, part)| if at % 2 == 0 { part } else { "quoted" })
        .collect()
}

/// Words between what separates commands; a substitution's command is one of its own.
fn simple_commands(text: &str) -> Vec<Vec<&str>> {
    let parts = text.split(['\n', ';', '|', '&', '`', '(', ')']);
    let words = parts.map(|part| part.split_whitespace().collect::<Vec<_>>());
    words.filter(|words| !words.is_empty()).collect()
}

fn harmless(words: &[&str]) -> bool {
    let is_assignment = |word: &str| {
        let name = word.split_once('=').map_or("", |(name, _)| name);
        !name.is_empty()
            && name
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    let mut rest = words
        .iter()
        .copied()
        .skip_while(|word| is_assignment(word) || KEYWORDS.contains(word))
        // What closes a quotation that a substitution stands in.
        .skip_while(|word| word.chars().all(|letter| "\"'$}]".contains(letter)));
    let Some(program) = rest.next() else {
        return true;
    };
    // Options of the programs come before their operation or after it.
    let mut operands = rest.filter(|word| !word.starts_with('-'));
    match program {
        "aws" => {
            let operation = operands.nth(1).unwrap_or_default();
            AWS_READS.iter().any(|read| operation.starts_with(read))
        }
        "kubectl" => operands
            .next()
            .is_some_and(|verb| KUBECTL_READS.contains(&verb)),
        program => HARMLESS.contains(&program),
    }
}

/// Whether output goes into a file that is none of the devices.
fn writes_a_file(text: &str) -> bool {
    let targets = text.split('>').skip(1);
    targets.into_iter().any(|target| {
        let target = target.trim_start_matches(['>', '|']).trim_start();
        !target.starts_with('&') && !target.starts_with("/dev/null")
    })
}

#[cfg(test)]
mod tests {
    use super::only_reads;

    #[track_caller]
    fn check(text: &str, expected: bool) {
        assert_eq!(only_reads(text), expected, "{text}");
    }

    #[test]
    fn what_only_reads_needs_no_question() {
        check("kubectl get nodes --selector=a=b", true);
        check(
            "aws eks describe-nodegroup --cluster-name \"$C\" \\\n  --nodegroup-name g",
            true,
        );
        check(
            "N=$(aws eks describe-nodegroup --query 'a[0].name' --output text)",
            true,
        );
        check(
            "aws kms get-key-policy --key-id k | jq -r '.Policy | fromjson'",
            true,
        );
        check(
            "aws kms get-key-policy --key-id k | jq -r .Policy 2>/dev/null",
            true,
        );
        check("aws eks wait nodegroup-active --nodegroup-name g", true);
        check("echo \"$N\"", true);
    }

    #[test]
    fn what_may_change_something_is_asked_for() {
        check("aws kms put-key-policy --key-id k", false);
        check(
            "aws eks describe-nodegroup && aws eks update-nodegroup-config",
            false,
        );
        check("kubectl delete node n", false);
        check("echo a > file", false);
        check("rm -rf x", false);
        check("$PROGRAM", false);
        check("cat <<EOF\nkubectl delete\nEOF", false);
        check("P=$(aws kms disable-key --key-id k)", false);
    }
}
