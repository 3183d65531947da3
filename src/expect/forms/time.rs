//! Dates, times of day and ages.

use super::{Form, ends_word, run};

/// Versions of the language of policies look like dates and are none.
const POLICY_LANGUAGES: [&str; 2] = ["2008-10-17", "2012-10-17"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// Longest first, so that `ms` is not read as `m`.
const UNITS: [&str; 9] = ["ms", "us", "µs", "ns", "s", "m", "h", "d", "y"];

/// `2024-10-04T18:06:36Z`, `2024-10-04 18:06:36.1 +0000 UTC`, `18:06:36`, `Fri, 04 Oct 2024 18:06:36 +0000`.
pub(super) fn time(rest: &str) -> Option<(Form, usize)> {
    let length = match date(rest) {
        Some(date) => date + behind_date(&rest[date..]),
        None => clock(rest).or_else(|| spelled(rest))?,
    };
    let is_language = POLICY_LANGUAGES.contains(&&rest[..length]);
    (!is_language && ends_word(rest, length)).then_some((Form::Time, length))
}

/// `3m9s`, `45s`, `5d12h`, `0m0.523s`.
pub(super) fn age(rest: &str) -> Option<(Form, usize)> {
    let mut at = 0;
    loop {
        let number = number(&rest[at..]);
        if number == 0 {
            break;
        }
        let behind = &rest[at + number..];
        let unit = UNITS.iter().find(|unit| behind.starts_with(**unit))?;
        at += number + unit.len();
    }
    (at > 0 && ends_word(rest, at)).then_some((Form::Age, at))
}

fn date(rest: &str) -> Option<usize> {
    pattern(rest, "dddd-dd-dd").or_else(|| pattern(rest, "dddd/dd/dd"))
}

/// The time of day behind a date, with its zone.
fn behind_date(rest: &str) -> usize {
    let gap = usize::from(rest.starts_with(['T', ' ']));
    match rest.get(gap..).and_then(clock).filter(|_| gap == 1) {
        Some(length) => gap + length,
        None => 0,
    }
}

/// `18:06:36` with a fraction and a zone, if it has them.
fn clock(rest: &str) -> Option<usize> {
    let mut at = pattern(rest, "dd:dd:dd")?;
    if rest[at..].starts_with(['.', ',']) {
        let fraction = run(&rest[at + 1..], |byte| byte.is_ascii_digit());
        at += if fraction > 0 { fraction + 1 } else { 0 };
    }
    Some(at + zone(&rest[at..]))
}

/// `Z`, `+00:00`, ` +0000`, ` UTC`, ` +0000 UTC`.
fn zone(rest: &str) -> usize {
    if rest.starts_with('Z') {
        return 1;
    }
    let mut at = 0;
    let offset = rest.trim_start_matches(' ');
    if offset.starts_with(['+', '-']) {
        let digits = pattern(&offset[1..], "dd:dd").or_else(|| pattern(&offset[1..], "dddd"));
        at = digits.map_or(0, |digits| rest.len() - offset.len() + 1 + digits);
    }
    match rest[at..]
        .strip_prefix(" UTC")
        .or(rest[at..].strip_prefix(" GMT"))
    {
        Some(behind) => rest.len() - behind.len(),
        None => at,
    }
}

/// A date in words: a weekday, then day, month, year and time in any order.
fn spelled(rest: &str) -> Option<usize> {
    WEEKDAYS.iter().find(|day| rest.starts_with(**day))?;
    let mut at = 3;
    let (mut months, mut clocks) = (0, 0);
    loop {
        let behind = rest[at..].trim_start_matches([',', ' ']);
        if behind.len() == rest.len() - at {
            break;
        }
        let start = rest.len() - behind.len();
        if let Some(length) = clock(behind) {
            clocks += 1;
            at = start + length;
            continue;
        }
        let word = &behind[..run(behind, |byte| byte.is_ascii_alphanumeric())];
        let is_number =
            matches!(word.len(), 1 | 2 | 4) && word.bytes().all(|byte| byte.is_ascii_digit());
        if MONTHS.contains(&word) {
            months += 1;
        } else if !is_number && !matches!(word, "UTC" | "GMT") {
            break;
        }
        at = start + word.len();
    }
    (months == 1 && clocks == 1).then_some(at)
}

/// Digits, with a fraction if there is one.
fn number(text: &str) -> usize {
    let is_digit = |byte: u8| byte.is_ascii_digit();
    let whole = run(text, is_digit);
    if whole > 0 && text[whole..].starts_with('.') {
        let fraction = run(&text[whole + 1..], is_digit);
        return if fraction > 0 {
            whole + 1 + fraction
        } else {
            whole
        };
    }
    whole
}

/// Length of `shape` when the text begins with it: `d` is a digit, the rest stands for itself.
fn pattern(text: &str, shape: &str) -> Option<usize> {
    let start = text.as_bytes().get(..shape.len())?;
    let fits = start.iter().zip(shape.bytes()).all(|(byte, expected)| {
        if expected == b'd' {
            byte.is_ascii_digit()
        } else {
            *byte == expected
        }
    });
    fits.then_some(shape.len())
}
