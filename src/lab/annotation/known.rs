//! The annotations that there are: what the grammar accepts, and what an editor says about each.

use super::value;

/// A kind of annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    pub name: &'static str,
    /// All values, where they can be counted.
    pub values: &'static [&'static str],
    /// What its value has to be, with its unit.
    pub expected: &'static str,
    /// What holds where a block does not say.
    pub default: &'static str,
    /// What it does, in a sentence.
    pub meaning: &'static str,
}

/// All of them, in the order in which they are told.
pub const KNOWN: [Known; 9] = [
    Known {
        name: "test",
        values: &["true", "false"],
        expected: value::TRUTH,
        default: "true",
        meaning: "Whether a run runs this block.",
    },
    Known {
        name: "timeout",
        values: &[],
        expected: value::DURATION,
        default: "120",
        meaning: "How long the whole block may take.",
    },
    Known {
        name: "hook",
        values: &[],
        expected: value::NAME,
        default: "none",
        meaning: "Runs `tests/hook-NAME.sh before` and `… after` around the block, or the scenario's checks of that name.",
    },
    Known {
        name: "hookTimeout",
        values: &[],
        expected: value::DURATION,
        default: "300",
        meaning: "How long each call of the hook may take.",
    },
    Known {
        name: "wait",
        values: &[],
        expected: value::DURATION,
        default: "0",
        meaning: "How much time passes after the block and its hook.",
    },
    Known {
        name: "expectError",
        values: &["true", "false", "must"],
        expected: value::EXPECTATION,
        default: "false",
        meaning: "Whether the block may fail; with `must` it has to.",
    },
    Known {
        name: "raw",
        values: &["true", "false"],
        expected: value::TRUTH,
        default: "false",
        meaning: "Whether the whole block is the script, without prompts.",
    },
    Known {
        name: "retries",
        values: &[],
        expected: value::RETRIES,
        default: "0",
        meaning: "How often a failed block is tried again; a pass after a failure is flaky.",
    },
    Known {
        name: "id",
        values: &[],
        expected: value::STEP_NAME,
        default: "its number",
        meaning: "A stable name for the step, for `run --step NAME`.",
    },
];

/// The annotation of this name.
pub fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == name)
}

/// All names, in their order.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|known| known.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_offered_are_accepted_and_others_are_told_what_is_expected() {
        for known in KNOWN {
            for text in known.values {
                let set = super::super::tests::read(&format!("{}={text}", known.name));
                assert_eq!(set.1, [], "{}={text}", known.name);
            }
            let (_, wrong) = super::super::tests::read(&format!("{}=a/b", known.name));
            let told = format!(
                "`{0}` cannot be `a/b`: expected {1}",
                known.name, known.expected
            );
            assert_eq!(wrong[0].message, told);
        }
    }
}
