//! Hides secrets in text and in streams of bytes, wherever the chunks are cut. Pure: whose values
//! are secret is [`super::Secrets`]' business.
//!
//! A byte is hidden when it belongs to any occurrence of any pattern; each run of hidden bytes
//! becomes one [`HIDDEN`]. What could be the beginning of an occurrence is held back until it is
//! decided.

use std::sync::Arc;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// What stands for a secret.
pub const HIDDEN: &str = "***";
/// Bytes of the shortest value that is hidden: what is shorter occurs by chance.
pub(super) const SHORTEST: usize = 8;

/// The line lengths at which encoders of base64 break: MIME's and PEM's.
const BASE64_WIDTHS: [usize; 2] = [76, 64];

/// The patterns to hide. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Mask(Option<Arc<Patterns>>);

#[derive(Debug)]
struct Patterns {
    automaton: AhoCorasick,
    /// Sorted, so that those with a common beginning stand together.
    sorted: Vec<Vec<u8>>,
    longest: usize,
}

impl Mask {
    /// Hides these values: as they are, each of their lines, and encoded as base64, for a URL or
    /// in JSON. Values and lines of less than `SHORTEST` bytes are not hidden.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Mask {
        let mut sorted: Vec<Vec<u8>> = values.into_iter().flat_map(patterns_of).collect();
        sorted.sort_unstable();
        sorted.dedup();
        // Only patterns beyond the crate's limit of 2 GiB cannot be built.
        let automaton = AhoCorasick::new(&sorted).ok();
        Mask(
            automaton
                .filter(|_| !sorted.is_empty())
                .map(|automaton| Patterns {
                    automaton,
                    longest: sorted.iter().map(Vec::len).max().unwrap_or(0),
                    sorted,
                })
                .map(Arc::new),
        )
    }

    /// The text without its secrets.
    pub fn text(&self, text: &str) -> String {
        if self.0.is_none() {
            return text.to_owned();
        }
        let mut shown = Vec::with_capacity(text.len());
        let mut stream = MaskedStream::default();
        stream.push(self, text.as_bytes(), &mut shown);
        stream.finish(self, &mut shown);
        String::from_utf8_lossy(&shown).into_owned()
    }
}

impl Patterns {
    /// Where the first beginning of a pattern is that the end of `bytes` cuts, else the end.
    fn undecided_from(&self, bytes: &[u8]) -> usize {
        let first = (bytes.len() + 1).saturating_sub(self.longest);
        (first..bytes.len())
            .find(|start| self.continues(&bytes[*start..]))
            .unwrap_or(bytes.len())
    }

    /// Whether a pattern begins with these bytes and goes on.
    fn continues(&self, beginning: &[u8]) -> bool {
        let at = self
            .sorted
            .partition_point(|pattern| pattern.as_slice() <= beginning);
        self.sorted
            .get(at)
            .is_some_and(|pattern| pattern.starts_with(beginning))
    }

    /// The runs of bytes that occurrences cover, `covered` bytes at the start among them.
    fn runs(&self, bytes: &[u8], covered: usize) -> Vec<(usize, usize)> {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        runs.extend((covered > 0).then_some((0, covered)));
        // In the order of their ends.
        for found in self.automaton.find_overlapping_iter(bytes) {
            let (mut start, mut end) = (found.start(), found.end());
            while let Some((earlier, until)) = runs.pop_if(|(_, until)| *until >= start) {
                (start, end) = (start.min(earlier), end.max(until));
            }
            runs.push((start, end));
        }
        runs
    }
}

/// One stream on its way through a mask.
#[derive(Debug, Default)]
pub(super) struct MaskedStream {
    /// What may be the beginning of a secret.
    held: Vec<u8>,
    /// Bytes at the start of `held` that an occurrence covers already.
    covered: usize,
    /// The last thing that was let through is a [`HIDDEN`], which more hidden bytes join.
    hiding: bool,
}

impl MaskedStream {
    /// Adds a chunk; what can be decided goes to `shown`.
    pub(super) fn push(&mut self, mask: &Mask, bytes: &[u8], shown: &mut Vec<u8>) {
        let Some(patterns) = &mask.0 else {
            shown.extend_from_slice(bytes);
            return;
        };
        self.held.extend_from_slice(bytes);
        let decided = patterns.undecided_from(&self.held);
        self.let_through(patterns, decided, shown);
    }

    /// The stream pauses: what was held back is no secret.
    pub(super) fn finish(&mut self, mask: &Mask, shown: &mut Vec<u8>) {
        match &mask.0 {
            Some(patterns) => self.let_through(patterns, self.held.len(), shown),
            None => shown.append(&mut self.held),
        }
        (self.covered, self.hiding) = (0, false);
    }

    fn let_through(&mut self, patterns: &Patterns, decided: usize, shown: &mut Vec<u8>) {
        let mut at = 0;
        for (start, end) in patterns.runs(&self.held, self.covered) {
            if start >= decided {
                break;
            }
            self.show(at, start, shown);
            if !self.hiding {
                shown.extend_from_slice(HIDDEN.as_bytes());
                self.hiding = true;
            }
            at = end;
        }
        self.show(at, decided, shown);
        self.held.drain(..decided);
        self.covered = at.max(self.covered).saturating_sub(decided);
    }

    fn show(&mut self, from: usize, to: usize, shown: &mut Vec<u8>) {
        if from < to {
            shown.extend_from_slice(&self.held[from..to]);
            self.hiding = false;
        }
    }
}

/// Everything that gives a value away.
fn patterns_of(value: &[u8]) -> Vec<Vec<u8>> {
    let lines = value
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut patterns: Vec<Vec<u8>> = std::iter::once(value)
        .chain(lines)
        .filter(|part| part.len() >= SHORTEST)
        .flat_map(|part| {
            let mut forms = vec![part.to_vec()];
            forms.extend(url_encoded(part));
            forms.extend(json_escaped(part));
            forms.extend(base64_encoded(part));
            forms
        })
        .collect();
    if value.len() >= SHORTEST {
        patterns.extend(base64_lines(value));
    }
    patterns
}

/// As `%XX`, in either case, with and without `/`, and as forms write it.
fn url_encoded(value: &[u8]) -> Vec<Vec<u8>> {
    let encode = |keep: &[u8], upper: bool, form: bool| -> Vec<u8> {
        let mut text = Vec::new();
        for byte in value {
            let hex = if upper {
                format!("%{byte:02X}")
            } else {
                format!("%{byte:02x}")
            };
            match byte {
                b' ' if form => text.push(b'+'),
                byte if byte.is_ascii_alphanumeric() || keep.contains(byte) => text.push(*byte),
                _ => text.extend_from_slice(hex.as_bytes()),
            }
        }
        text
    };
    let both = |keep: &[u8], form| [encode(keep, true, form), encode(keep, false, form)];
    [
        both(b"-_.~", false),
        both(b"-_.~/", false),
        both(b"-_.*", true),
    ]
    .concat()
}

/// Without its quotes; `None` for what is no text.
fn json_escaped(value: &[u8]) -> Option<Vec<u8>> {
    let text = serde_json::to_string(std::str::from_utf8(value).ok()?).ok()?;
    Some(text.as_bytes()[1..text.len() - 1].to_vec())
}

/// The characters that the value alone decides, wherever it starts within a group of three bytes.
fn base64_encoded(value: &[u8]) -> Vec<Vec<u8>> {
    let at = |offset: usize| {
        let mut bytes = vec![0; offset];
        bytes.extend_from_slice(value);
        let (first, end) = ((offset * 8).div_ceil(6), bytes.len() * 8 / 6);
        [
            STANDARD_NO_PAD.encode(&bytes),
            URL_SAFE_NO_PAD.encode(&bytes),
        ]
        .map(|text| text.as_bytes()[first..end].to_vec())
    };
    (0..3).flat_map(at).collect()
}

/// The lines of a value that is encoded alone and too long for one.
fn base64_lines(value: &[u8]) -> Vec<Vec<u8>> {
    let text = STANDARD_NO_PAD.encode(value);
    let decided = &text.as_bytes()[..value.len() * 8 / 6];
    BASE64_WIDTHS
        .iter()
        .filter(|width| decided.len() > **width)
        .flat_map(|width| decided.chunks(*width))
        .filter(|line| line.len() >= SHORTEST)
        .map(<[u8]>::to_vec)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn mask(values: &[&str]) -> Mask {
        Mask::of(values.iter().map(|value| value.as_bytes()))
    }

    /// The text comes out as expected however it is cut into two chunks, and byte by byte.
    #[track_caller]
    fn check(secrets: &[&str], text: &str, expected: &str) {
        let mask = mask(secrets);
        let through = |chunks: &[&[u8]]| {
            let (mut stream, mut shown) = (MaskedStream::default(), Vec::new());
            for chunk in chunks {
                stream.push(&mask, chunk, &mut shown);
            }
            stream.finish(&mask, &mut shown);
            String::from_utf8(shown).unwrap()
        };
        for cut in 0..=text.len() {
            let (first, second) = text.as_bytes().split_at(cut);
            assert_eq!(through(&[first, second]), expected, "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(through(&bytes), expected);
        assert_eq!(mask.text(text), expected);
    }

    #[test]
    fn a_secret_is_hidden_wherever_the_chunks_are_cut() {
        check(&[KEY], &format!("key={KEY}\n"), "key=***\n");
        check(&[KEY], &format!("{KEY}{KEY} {KEY}"), "*** ***");
    }

    #[test]
    fn what_only_begins_like_a_secret_is_shown_whole() {
        check(&[KEY], &KEY[..20], &KEY[..20]);
        check(
            &["aaaaaaab"],
            "aaaaaaaaaaaaaac aaaaaaaab",
            "aaaaaaaaaaaaaac a***",
        );
    }

    #[test]
    fn secrets_that_overlap_or_contain_each_other_leave_nothing() {
        check(
            &["abcdefgh", "abcdefghijkl"],
            "abcdefghijkl abcdefghi",
            "*** ***i",
        );
        check(&["abcdefgh", "efghijkl"], "-abcdefghijkl-", "-***-");
        check(&["abcdefgh", "cdefghXY"], "abcdefghXY", "***");
        check(
            &["bcdefghi", "abcdefghij"],
            "abcdefghij abcdefghi",
            "*** a***",
        );
    }

    #[test]
    fn short_values_are_not_secrets() {
        check(&["1234567"], "1234567", "1234567");
        check(&[], "anything", "anything");
    }

    #[test]
    fn each_long_line_of_a_secret_is_one() {
        check(
            &["-----BEGIN KEY-----\r\nMIIEpAIBAAKC\nshort\n"],
            "a MIIEpAIBAAKC b\nshort\n-----BEGIN KEY-----\n",
            "a *** b\nshort\n***\n",
        );
    }

    #[test]
    fn base64_hides_nothing() {
        for before in ["", "u", "us", "user:"] {
            for encode in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
                let encoded = encode.encode(format!("{before}{KEY}\n"));
                let shown = mask(&[KEY]).text(&encoded);
                assert!(
                    shown.contains(HIDDEN) && shown.len() < before.len() * 2 + 12,
                    "{encoded} {shown}"
                );
            }
        }
    }

    #[test]
    fn base64_in_lines_hides_nothing() {
        let long = KEY.repeat(5) + "!";
        let encoded = STANDARD_NO_PAD.encode(&long);
        for width in BASE64_WIDTHS {
            let lines: Vec<&[u8]> = encoded.as_bytes().chunks(width).collect();
            let shown = mask(&[&long]).text(&String::from_utf8(lines.join(&b'\n')).unwrap());
            let rest = shown.replace(HIDDEN, "").replace('\n', "");
            assert!(rest.len() < 4, "{shown}");
        }
    }

    #[test]
    fn urls_and_json_hide_nothing() {
        let secret = "a b/c\"d+e&f\\g";
        let shown = |text: &str| mask(&[secret]).text(text);
        assert_eq!(shown("?t=a%20b%2Fc%22d%2Be%26f%5Cg&"), "?t=***&");
        assert_eq!(shown("?t=a%20b/c%22d%2be%26f%5cg&"), "?t=***&");
        assert_eq!(shown("?t=a+b%2Fc%22d%2Be%26f%5Cg&"), "?t=***&");
        assert_eq!(shown(r#"{"t":"a b/c\"d+e&f\\g"}"#), r#"{"t":"***"}"#);
    }

    #[test]
    fn bytes_that_are_no_text_pass_and_are_hidden_too() {
        let mask = Mask::of([&b"\xff\xfe\x00binary!"[..]]);
        let (mut stream, mut shown) = (MaskedStream::default(), Vec::new());
        stream.push(&mask, b"\xff\xff\xfe\x00bin", &mut shown);
        stream.push(&mask, b"ary!\xff", &mut shown);
        stream.finish(&mask, &mut shown);
        assert_eq!(shown, b"\xff***\xff");
    }
}
