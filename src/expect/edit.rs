//! How a sequence with elisions becomes one that stands for the real sequence, with as little of it
//! changed as can be: what `align` refuses is mended here.

use std::ops::Range;

use super::align::Item;

/// One piece of the way, in the order of both sequences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Edit {
    /// They agree.
    Keep { documented: usize, real: usize },
    /// The real element comes in the place of the documented one.
    Change { documented: usize, real: usize },
    /// The page shows nothing here.
    Add { real: usize },
    /// The output has it no longer.
    Remove { documented: usize },
    /// The elision stands for these.
    Elide {
        documented: usize,
        real: Range<usize>,
    },
}

/// Cost of an element that agrees.
pub(super) const SAME: u32 = 0;
/// Cost of the likest element that differs.
pub(super) const ALIKE: u32 = 8;
/// Cost of an element that has nothing in common with the documented one.
pub(super) const UNLIKE: u32 = 16;
const ADD: u32 = 10;
/// More than any change: an author shows a line because there is one, whatever it says.
const REMOVE: u32 = 20;

/// Longer ways are not looked for.
const CELLS: usize = 4_000_000;

/// The cheapest way; `cost` is [`SAME`] or lies between [`ALIKE`] and [`UNLIKE`]. `None` where the sequences are too
/// long to tell.
pub(super) fn edits<T, R>(
    documented: &[Item<T>],
    real: &[R],
    cost: impl Fn(&T, &R) -> u32,
) -> Option<Vec<Edit>> {
    let width = real.len() + 1;
    if documented.len().saturating_mul(width) > CELLS {
        return None;
    }
    let mut changes = vec![0; documented.len() * width];
    // `rest[n * width + m]`: what it costs from the documented element n and the real element m on.
    let mut rest = vec![0; (documented.len() + 1) * width];
    for at in 0..real.len() {
        rest[documented.len() * width + at] = ADD * count(real.len() - at);
    }
    for index in (0..documented.len()).rev() {
        for at in (0..=real.len()).rev() {
            let cell = index * width + at;
            let further = |cell: usize| rest.get(cell).copied().unwrap_or(u32::MAX);
            let is_inside = at < real.len();
            rest[cell] = match &documented[index] {
                Item::Elision if is_inside => further(cell + width).min(further(cell + 1)),
                Item::Elision => further(cell + width),
                Item::One(_) if !is_inside => further(cell + width) + REMOVE,
                Item::One(shown) => {
                    changes[cell] = cost(shown, &real[at]);
                    (further(cell + width + 1) + changes[cell])
                        .min(further(cell + width) + REMOVE)
                        .min(further(cell + 1) + ADD)
                }
            };
        }
    }
    Some(way(documented, real.len(), &rest, &changes))
}

fn count(elements: usize) -> u32 {
    u32::try_from(elements).unwrap_or(u32::MAX / ADD)
}

/// Follows the costs from the start; of several ways, the one that keeps or changes first.
fn way<T>(documented: &[Item<T>], real: usize, rest: &[u32], changes: &[u32]) -> Vec<Edit> {
    let width = real + 1;
    let mut way = Vec::new();
    let (mut index, mut at) = (0, 0);
    let mut elided_from = 0;
    while index < documented.len() || at < real {
        let cell = index * width + at;
        let Some(item) = documented.get(index) else {
            way.push(Edit::Add { real: at });
            at += 1;
            elided_from = at;
            continue;
        };
        match item {
            Item::Elision if at < real && rest[cell] != rest[cell + width] => at += 1,
            Item::Elision => {
                way.push(Edit::Elide {
                    documented: index,
                    real: elided_from..at,
                });
                index += 1;
                elided_from = at;
            }
            Item::One(_) => {
                let pairs = at < real && rest[cell] == rest[cell + width + 1] + changes[cell];
                way.push(match (pairs, changes[cell]) {
                    (true, SAME) => Edit::Keep {
                        documented: index,
                        real: at,
                    },
                    (true, _) => Edit::Change {
                        documented: index,
                        real: at,
                    },
                    (false, _) if at < real && rest[cell] == rest[cell + 1] + ADD => {
                        Edit::Add { real: at }
                    }
                    (false, _) => Edit::Remove { documented: index },
                });
                let last = way.last();
                index += usize::from(!matches!(last, Some(Edit::Add { .. })));
                at += usize::from(!matches!(last, Some(Edit::Remove { .. })));
                elided_from = at;
            }
        }
    }
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `.` elides. `expected`: what each piece is: kept letters as they are, changes `x>y`, `+y`, `-x`, elided `[…]`.
    #[track_caller]
    fn check(documented: &str, real: &str, expected: &str) {
        let shown: Vec<char> = documented.chars().collect();
        let items: Vec<Item<char>> = shown
            .iter()
            .map(|letter| match letter {
                '.' => Item::Elision,
                other => Item::One(*other),
            })
            .collect();
        let found: Vec<char> = real.chars().collect();
        let cost = |a: &char, b: &char| match (a == b, a.eq_ignore_ascii_case(b)) {
            (true, _) => SAME,
            (_, true) => ALIKE,
            _ => UNLIKE,
        };
        let told: Vec<String> = edits(&items, &found, cost)
            .unwrap()
            .iter()
            .map(|edit| match edit {
                Edit::Keep { documented, .. } => shown[*documented].to_string(),
                Edit::Change { documented, real } => {
                    format!("{}>{}", shown[*documented], found[*real])
                }
                Edit::Add { real } => format!("+{}", found[*real]),
                Edit::Remove { documented } => format!("-{}", shown[*documented]),
                Edit::Elide { real, .. } => {
                    format!("[{}]", found[real.clone()].iter().collect::<String>())
                }
            })
            .collect();
        assert_eq!(told.join(" "), expected, "{documented} over {real:?}");
    }

    #[test]
    fn what_agrees_is_kept_and_the_rest_changes_where_it_stands() {
        check("abc", "abc", "a b c");
        check("abc", "axc", "a b>x c");
        check("abc", "ac", "a -b c");
        check("ac", "abc", "a +b c");
        check("", "ab", "+a +b");
        check("ab", "", "-a -b");
        check("Ab", "xab", "+x A>a b");
    }

    #[test]
    fn elisions_stay_and_take_what_nothing_else_shows() {
        check("a.z", "abcz", "a [bc] z");
        check("a.z", "abcy", "a [bc] z>y");
        check("a.", "a", "a []");
        check(".", "", "[]");
        check("a.c", "xbc", "a>x [b] c");
        check("..a", "ba", "[] [b] a");
    }

    #[test]
    fn sequences_that_are_too_long_are_left_alone() {
        let long: Vec<Item<usize>> = (0..3_000).map(Item::One).collect();
        let other: Vec<usize> = (1..3_000).collect();
        assert_eq!(edits(&long, &other, |_, _| UNLIKE), None);
    }
}
