//! Keeps a command's output within a bound: its head and its tail, in order of arrival, each
//! chunk with its stream.

use std::collections::VecDeque;

use crate::outcome::Stream;

/// Bytes kept of one command's output, unless the caller says otherwise.
pub const KEPT_BYTES: usize = 1024 * 1024;

/// Output as it arrives, with the middle dropped once there is too much.
#[derive(Debug)]
pub struct Capture {
    /// Room for the head, and again for the tail.
    half: usize,
    head: Vec<(Stream, Vec<u8>)>,
    head_bytes: usize,
    tail: VecDeque<(Stream, Vec<u8>)>,
    tail_bytes: usize,
    dropped: u64,
}

impl Capture {
    /// Keeps at most `limit` bytes.
    pub fn new(limit: usize) -> Capture {
        Capture {
            half: limit / 2,
            head: Vec::new(),
            head_bytes: 0,
            tail: VecDeque::new(),
            tail_bytes: 0,
            dropped: 0,
        }
    }

    /// Adds a chunk.
    pub fn push(&mut self, stream: Stream, bytes: &[u8]) {
        let (first, rest) = bytes.split_at(bytes.len().min(self.half - self.head_bytes));
        if !first.is_empty() {
            self.head_bytes += first.len();
            let chunk = append(self.head.last_mut(), stream, first);
            self.head.extend(chunk);
        }
        if !rest.is_empty() {
            self.tail_bytes += rest.len();
            let chunk = append(self.tail.back_mut(), stream, rest);
            self.tail.extend(chunk);
            // Cutting only when twice too long moves each byte once on average.
            if self.tail_bytes >= self.half * 2 {
                self.shorten_tail();
            }
        }
    }

    /// The chunks kept, neighbours of the same stream merged, and how many bytes were dropped.
    pub fn finish(mut self) -> (Vec<(Stream, Vec<u8>)>, u64) {
        self.shorten_tail();
        let mut chunks = self.head;
        for (stream, bytes) in self.tail {
            let chunk = append(chunks.last_mut(), stream, &bytes);
            chunks.extend(chunk);
        }
        (chunks, self.dropped)
    }

    /// What was kept, as text, whichever stream it was on.
    pub fn text(self) -> String {
        let chunks = self.finish().0.into_iter();
        let bytes: Vec<u8> = chunks.flat_map(|(_, bytes)| bytes).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn shorten_tail(&mut self) {
        let mut excess = self.tail_bytes.saturating_sub(self.half);
        self.dropped += excess as u64;
        self.tail_bytes -= excess;
        while let Some((_, bytes)) = self.tail.front_mut() {
            if bytes.len() > excess {
                bytes.drain(..excess);
                break;
            }
            excess -= bytes.len();
            self.tail.pop_front();
        }
    }
}

/// Adds to the last chunk when the stream is the same, else hands back a chunk to add.
fn append(
    last: Option<&mut (Stream, Vec<u8>)>,
    stream: Stream,
    bytes: &[u8],
) -> Option<(Stream, Vec<u8>)> {
    match last {
        Some((of, kept)) if *of == stream => {
            kept.extend_from_slice(bytes);
            None
        }
        _ => Some((stream, bytes.to_vec())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Stream::{Stderr, Stdout};

    fn check(limit: usize, pushed: &[(Stream, &str)], kept: &[(Stream, &str)], dropped: u64) {
        let mut capture = Capture::new(limit);
        for (stream, text) in pushed {
            capture.push(*stream, text.as_bytes());
        }
        let kept: Vec<_> = kept
            .iter()
            .map(|(stream, text)| (*stream, text.as_bytes().to_vec()))
            .collect();
        assert_eq!(capture.finish(), (kept, dropped));
    }

    #[test]
    fn chunks_of_one_stream_merge_and_the_order_of_arrival_stays() {
        check(
            100,
            &[(Stdout, "a"), (Stdout, "b"), (Stderr, "c"), (Stdout, "d")],
            &[(Stdout, "ab"), (Stderr, "c"), (Stdout, "d")],
            0,
        );
    }

    #[test]
    fn head_and_tail_survive_and_the_middle_is_counted() {
        check(
            8,
            &[(Stdout, "head"), (Stdout, "middle"), (Stdout, "tail")],
            &[(Stdout, "headtail")],
            6,
        );
    }

    #[test]
    fn a_chunk_larger_than_the_bound_is_cut_on_both_sides() {
        check(4, &[(Stdout, "abcdefgh")], &[(Stdout, "abgh")], 4);
    }

    #[test]
    fn streams_keep_their_names_across_the_gap() {
        check(
            4,
            &[(Stderr, "ab"), (Stdout, "cdef"), (Stderr, "g")],
            &[(Stderr, "ab"), (Stdout, "f"), (Stderr, "g")],
            3,
        );
    }
}
