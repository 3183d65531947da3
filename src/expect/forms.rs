//! What makes two texts the same to a reader: stable parts letter by letter, generated parts by
//! their form. `identifier` knows ids, addresses and versions, `time` times and ages.

mod identifier;
mod time;

/// A part of a text as it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Character(char),
    /// Any number of blanks within a line.
    Blank,
    Form(Form),
    /// Documented `...`: any text.
    Elision,
    /// Documented `xxxx` or `VAR::NAME`: anything without blanks.
    Placeholder,
}

/// A part that differs from run to run, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A hexadecimal id, a long number, the generated end of a name.
    Id,
    Uuid,
    /// The account number of an ARN.
    Account,
    Region,
    /// An availability zone by name or by id.
    Zone,
    /// A node's name (`ip-10-…`).
    Node,
    /// An IPv4, IPv6 or hardware address.
    Address,
    /// The port that Kubernetes opens on every node.
    NodePort,
    Version,
    /// A date, a time of day, or both.
    Time,
    /// `3m9s`, `1.5s`.
    Age,
    /// Long base64.
    Opaque,
}

/// Who wrote a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// May elide and hold places.
    Documented,
    Real,
}

/// What surrounds a text and decides what some of it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Context {
    /// `250m` is an age, not a quantity of processors.
    pub(super) ages: bool,
    /// `1.30` is a version, not a number.
    pub(super) short_versions: bool,
}

/// Text outside of any table or JSON.
pub(super) const PLAIN: Context = Context {
    ages: true,
    short_versions: false,
};

/// A documented text, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Documented {
    formed: Vec<Token>,
    /// Without forms, when something is left open: an elision may cut a form in two.
    literal: Option<Vec<Token>>,
}

/// A real text, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Real<'a> {
    text: &'a str,
    formed: Vec<Token>,
}

/// Takes a documented text apart. Blanks at its ends are ignored.
pub(super) fn documented(text: &str, context: Context) -> Documented {
    let formed = tokens(text, Side::Documented, Some(context));
    let literal = formed
        .iter()
        .any(is_open)
        .then(|| tokens(text, Side::Documented, None));
    Documented { formed, literal }
}

/// Takes a real text apart. Blanks at its ends are ignored.
pub(super) fn real(text: &str, context: Context) -> Real<'_> {
    Real {
        text,
        formed: tokens(text, Side::Real, Some(context)),
    }
}

impl Documented {
    /// Whether this says the same as what really came.
    pub(super) fn fits(&self, real: &Real<'_>) -> bool {
        match &self.literal {
            None => self.formed == real.formed,
            Some(literal) => {
                stands_for(&self.formed, &real.formed)
                    || stands_for(literal, &tokens(real.text, Side::Real, None))
            }
        }
    }
}

/// Whether a documented text says the same as a real one.
pub(super) fn same(documented_text: &str, real_text: &str, context: Context) -> bool {
    documented_text == real_text
        || documented(documented_text, context).fits(&real(real_text, context))
}

/// Takes a text apart: into forms where there is a context, else letter by letter.
fn tokens(text: &str, side: Side, context: Option<Context>) -> Vec<Token> {
    let text = text.trim();
    let mut tokens = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let before = text[..at].chars().next_back();
        let rest = &text[at..];
        let length = match side {
            Side::Documented => open_part(rest, before, &mut tokens),
            Side::Real => None,
        };
        let length =
            length.or_else(|| context.and_then(|context| form(rest, before, context, &mut tokens)));
        at += length.unwrap_or_else(|| literal(rest, &mut tokens));
    }
    tokens
}

/// Whether documented tokens, some of which are open, can stand for the real ones.
fn stands_for(documented: &[Token], real: &[Token]) -> bool {
    let first = documented.iter().position(is_open);
    let last = documented.iter().rposition(is_open);
    let (Some(first), Some(last)) = (first, last) else {
        return documented == real;
    };
    // What is not open at the ends decides most cases at once, however long the line.
    let (start, end) = (&documented[..first], &documented[last + 1..]);
    let rest = real.strip_prefix(start);
    let Some(between) = rest.and_then(|rest| rest.strip_suffix(end)) else {
        return false;
    };
    reaches_end(&documented[first..=last], between)
}

fn is_open(token: &Token) -> bool {
    matches!(token, Token::Elision | Token::Placeholder)
}

fn reaches_end(documented: &[Token], real: &[Token]) -> bool {
    if documented == [Token::Elision] {
        return true;
    }
    // `reached[n]`: the documented tokens so far can stand for the first n real ones.
    let mut reached = vec![false; real.len() + 1];
    reached[0] = true;
    for token in documented {
        let mut next = vec![false; real.len() + 1];
        next[0] = *token == Token::Elision && reached[0];
        for (index, found) in real.iter().enumerate() {
            next[index + 1] = match token {
                Token::Elision => next[index] || reached[index + 1],
                Token::Placeholder => *found != Token::Blank && (next[index] || reached[index]),
                exact => exact == found && reached[index],
            };
        }
        reached = next;
    }
    reached[real.len()]
}

/// `...`, `xxxx` and `VAR::NAME`, with the length of what was read.
fn open_part(rest: &str, before: Option<char>, tokens: &mut Vec<Token>) -> Option<usize> {
    if let Some(length) = elision(rest) {
        if tokens.last() == Some(&Token::Blank) {
            tokens.pop();
        }
        tokens.push(Token::Elision);
        let behind = &rest[length..];
        return Some(length + behind.len() - behind.trim_start().len());
    }
    if begins_word(before)
        && let Some(length) = cut_id(rest)
    {
        // The elision behind it stands for the whole id.
        return Some(length);
    }
    let length = variable(rest).or_else(|| {
        let may_be = begins_word(before) && identifier::uuid(rest).is_none();
        may_be.then(|| crossed_out(rest)).flatten()
    })?;
    tokens.push(Token::Placeholder);
    Some(length)
}

fn elision(rest: &str) -> Option<usize> {
    if rest.starts_with('…') {
        return Some('…'.len_utf8());
    }
    let dots = rest.bytes().take_while(|byte| *byte == b'.').count();
    (dots >= 3).then_some(dots)
}

/// The beginning of an id that an elision cuts short: `i-0ab1...`.
fn cut_id(rest: &str) -> Option<usize> {
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-');
    let length = rest.bytes().take_while(is_part).count();
    let has_digit = rest[..length].bytes().any(|byte| byte.is_ascii_digit());
    (length >= 4 && has_digit && elision(&rest[length..]).is_some()).then_some(length)
}

/// The workshop format's placeholder for a value of its own build.
fn variable(rest: &str) -> Option<usize> {
    let name = rest.strip_prefix("VAR::")?;
    let is_part = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    let length = name.bytes().take_while(is_part).count();
    (length > 0).then_some("VAR::".len() + length)
}

/// `xxxxxxxxxxxx`, as documentation hides a value.
fn crossed_out(rest: &str) -> Option<usize> {
    let letter = rest.bytes().next().filter(|byte| b"xX*".contains(byte))?;
    let length = rest.bytes().take_while(|byte| *byte == letter).count();
    (length >= 4 && ends_word(rest, length)).then_some(length)
}

/// A generated part, with the length of what was read.
fn form(
    rest: &str,
    before: Option<char>,
    context: Context,
    tokens: &mut Vec<Token>,
) -> Option<usize> {
    if !begins_word(before) {
        return None;
    }
    if let Some(length) = identifier::arn(rest, tokens) {
        return Some(length);
    }
    let found = identifier::opaque(rest)
        .or_else(|| identifier::uuid(rest))
        .or_else(|| time::time(rest))
        .or_else(|| identifier::address(rest))
        .or_else(|| identifier::version(rest, context.short_versions))
        .or_else(|| time::age(rest).filter(|_| context.ages))
        .or_else(|| identifier::zone(rest))
        .or_else(|| identifier::generated(rest, before));
    if let Some((form, length)) = found {
        tokens.push(Token::Form(form));
        return Some(length);
    }
    let (kind, id) = identifier::resource_id(rest)?;
    tokens.extend(rest[..kind].chars().map(Token::Character));
    tokens.push(Token::Form(Form::Id));
    Some(kind + id)
}

fn literal(rest: &str, tokens: &mut Vec<Token>) -> usize {
    let trimmed = rest.trim_start();
    if trimmed.len() < rest.len() {
        tokens.push(Token::Blank);
        return rest.len() - trimmed.len();
    }
    let Some(character) = rest.chars().next() else {
        return 0;
    };
    tokens.push(Token::Character(character));
    character.len_utf8()
}

fn begins_word(before: Option<char>) -> bool {
    before.is_none_or(|before| !before.is_alphanumeric())
}

/// Whether a word that is `length` bytes long so far ends there.
fn ends_word(rest: &str, length: usize) -> bool {
    let behind = rest[length..].chars().next();
    behind.is_none_or(|next| !next.is_alphanumeric())
}

/// Bytes at the start that satisfy `is_part`.
fn run(text: &str, is_part: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| is_part(*byte)).count()
}

#[cfg(test)]
mod tests;
