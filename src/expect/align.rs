//! Lays a sequence with elisions over a sequence without: lines over lines, elements over elements.

/// What a page shows of a sequence.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item<T> {
    One(T),
    /// Any number of elements.
    Elision,
}

/// Where two sequences part, as indices into them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Misfit {
    /// `None`: the page shows nothing where the real sequence goes on.
    pub(super) documented: Option<usize>,
    /// `None`: the real sequence has ended.
    pub(super) real: Option<usize>,
}

/// Whether every element has its place.
///
/// # Errors
/// The first place at which they part; among the places that an elision leaves open, the one that fits longest.
pub(super) fn align<T, R>(
    documented: &[Item<T>],
    real: &[R],
    same: impl Fn(&T, &R) -> bool,
) -> Result<(), Misfit> {
    let segments = segments(documented);
    let last = segments.len() - 1;
    let mut at = 0;
    for (index, segment) in segments.iter().enumerate() {
        let fits = |at: usize| fitting(&segment.items, &real[at..], &same);
        let whole = |at: usize| fits(at) == segment.items.len();
        let starts = match (index == 0, index == last) {
            (true, _) => 0..=0,
            (false, true) => {
                let start = real.len().saturating_sub(segment.items.len()).max(at);
                start..=start
            }
            (false, false) => at..=real.len(),
        };
        let Some(start) = starts.clone().find(|start| whole(*start)) else {
            // Of several best places the first, where a reader would look.
            let best = starts.rev().max_by_key(|start| fits(*start));
            let start = best.unwrap_or(at);
            let fitted = fits(start);
            return Err(Misfit {
                documented: Some(segment.start + fitted),
                real: Some(start + fitted).filter(|index| *index < real.len()),
            });
        };
        at = start + segment.items.len();
    }
    if at < real.len() {
        return Err(Misfit {
            documented: None,
            real: Some(at),
        });
    }
    Ok(())
}

/// What stands between two elisions.
struct Segment<'a, T> {
    start: usize,
    items: Vec<&'a T>,
}

/// At least one; an elision at an end leaves an empty one there.
fn segments<T>(documented: &[Item<T>]) -> Vec<Segment<'_, T>> {
    let mut segments = vec![Segment {
        start: 0,
        items: Vec::new(),
    }];
    for (index, item) in documented.iter().enumerate() {
        match item {
            Item::Elision => segments.push(Segment {
                start: index + 1,
                items: Vec::new(),
            }),
            Item::One(item) => {
                if let Some(segment) = segments.last_mut() {
                    segment.items.push(item);
                }
            }
        }
    }
    segments
}

/// How many items fit from the start.
fn fitting<T, R>(items: &[&T], real: &[R], same: impl Fn(&T, &R) -> bool) -> usize {
    let pairs = items.iter().zip(real);
    pairs.take_while(|(item, real)| same(item, real)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `.` elides; `expected`: documented and real index.
    #[track_caller]
    fn check(documented: &str, real: &str, expected: Result<(), (Option<usize>, Option<usize>)>) {
        let items: Vec<Item<char>> = documented
            .chars()
            .map(|letter| match letter {
                '.' => Item::Elision,
                other => Item::One(other),
            })
            .collect();
        let real: Vec<char> = real.chars().collect();
        let found = align(&items, &real, |a, b| a == b);
        let found = found.map_err(|misfit| (misfit.documented, misfit.real));
        assert_eq!(found, expected, "{documented} over {real:?}");
    }

    #[test]
    fn elisions_stand_for_any_number_of_elements() {
        for (documented, real) in [
            ("abc", "abc"),
            (".", ""),
            (".", "abc"),
            ("a.", "a"),
            ("a.", "abc"),
            (".c", "abc"),
            ("a.c", "ac"),
            ("a.c.e", "abcde"),
            (".b.b.", "abab"),
            ("..a..", "a"),
            ("", ""),
        ] {
            check(documented, real, Ok(()));
        }
    }

    #[test]
    fn a_misfit_says_where() {
        check("abc", "axc", Err((Some(1), Some(1))));
        check("abc", "ab", Err((Some(2), None)));
        check("ab", "abc", Err((None, Some(2))));
        check("a.c", "abd", Err((Some(2), Some(2))));
        check(".bc.", "abxbcd", Ok(()));
        check(".bc.", "abxbyd", Err((Some(2), Some(2))));
        check("ab.b", "ab", Err((Some(3), None)));
        check("", "a", Err((None, Some(0))));
    }
}
