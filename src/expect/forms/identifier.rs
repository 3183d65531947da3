//! Ids, names with generated ends, addresses and versions. Every function takes the text from the
//! beginning of a word on and returns the length of what it read.

use super::{Form, Token, ends_word, run};

/// Letters and digits of the names that Kubernetes generates: no vowels, and nothing that looks alike.
const GENERATED: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// Kinds of ids that AWS writes as `kind-id`.
const KINDS: [&str; 27] = [
    "acl", "ami", "cgw", "dopt", "eipalloc", "eipassoc", "eni", "fs", "fsap", "fsmt", "i", "igw",
    "lt", "nat", "pcx", "pl", "r", "rtb", "rtbassoc", "sg", "sgr", "snap", "subnet", "tgw", "vol",
    "vpc", "vpce",
];

/// `arn:aws:service:region:account:`; what follows names the resource and is compared for itself.
pub(super) fn arn(rest: &str, tokens: &mut Vec<Token>) -> Option<usize> {
    let mut fields = rest.splitn(6, ':');
    if fields.next() != Some("arn") {
        return None;
    }
    let (partition, service) = (fields.next()?, fields.next()?);
    let (region, account) = (fields.next()?, fields.next()?);
    fields.next()?;
    let is_field = |field: &str| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'*');
        // Documentation writes variables where they stand for region and account.
        let name = field.trim_start_matches(['$', '{', '<']);
        name.trim_end_matches(['}', '>']).bytes().all(is_part)
    };
    let head = [partition, service, region, account];
    if partition.is_empty() || service.is_empty() || !head.into_iter().all(is_field) {
        return None;
    }
    let literally = |text: &str, tokens: &mut Vec<Token>| {
        tokens.extend(text.chars().map(Token::Character));
    };
    let named = format!("arn:{partition}:{service}:");
    literally(&named, tokens);
    for (field, form) in [(region, Form::Region), (account, Form::Account)] {
        if !field.is_empty() {
            tokens.push(Token::Form(form));
        }
        literally(":", tokens);
    }
    Some(named.len() + region.len() + account.len() + 2)
}

/// 8-4-4-4-12 letters and digits: placeholders are not always hexadecimal.
pub(super) fn uuid(rest: &str) -> Option<(Form, usize)> {
    let mut at = 0;
    for (index, length) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if index > 0 {
            at += rest[at..].strip_prefix('-').map(|_| 1)?;
        }
        if run(&rest[at..], |byte| byte.is_ascii_alphanumeric()) != length {
            return None;
        }
        at += length;
    }
    ends_word(rest, at).then_some((Form::Uuid, at))
}

/// Base64 of some length: tokens, certificates.
pub(super) fn opaque(rest: &str) -> Option<(Form, usize)> {
    let length = run(rest, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
    });
    let text = &rest.as_bytes()[..length];
    let mixed = text.iter().any(u8::is_ascii_digit)
        && text.iter().any(u8::is_ascii_uppercase)
        && text.iter().any(u8::is_ascii_lowercase);
    (length >= 40 && mixed).then_some((Form::Opaque, length))
}

/// Node names, IP and hardware addresses, node ports.
pub(super) fn address(rest: &str) -> Option<(Form, usize)> {
    let node = rest.strip_prefix("ip-").and_then(|numbers| {
        let length = four_numbers(numbers, '-')?;
        let domain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        let length = length + run(&numbers[length..], domain);
        Some(numbers[..length].trim_end_matches(['.', '-']).len() + 3)
    });
    if let Some(length) = node {
        return Some((Form::Node, length));
    }
    let ip = four_numbers(rest, '.').filter(|length| ends_word(rest, *length));
    if let Some(length) = ip.or_else(|| groups(rest)) {
        return Some((Form::Address, length));
    }
    node_port(rest)
}

fn four_numbers(text: &str, separator: char) -> Option<usize> {
    let mut at = 0;
    for index in 0..4 {
        if index > 0 {
            at += text[at..].strip_prefix(separator).map(|_| 1)?;
        }
        let digits = run(&text[at..], |byte| byte.is_ascii_digit());
        if !(1..=3).contains(&digits) {
            return None;
        }
        at += digits;
    }
    Some(at)
}

/// Hexadecimal groups between colons, at least four.
fn groups(text: &str) -> Option<usize> {
    let length = run(text, |byte| byte.is_ascii_hexdigit() || byte == b':');
    let text_of = text[..length].trim_end_matches(':');
    let groups: Vec<&str> = text_of.split(':').collect();
    let fits = groups.len() >= 4 && groups.iter().all(|group| group.len() <= 4);
    (fits && ends_word(text, text_of.len())).then_some(text_of.len())
}

/// `31234/TCP`: the range that Kubernetes takes node ports from.
fn node_port(rest: &str) -> Option<(Form, usize)> {
    let length = run(rest, |byte| byte.is_ascii_digit());
    let number: u32 = rest[..length].parse().ok()?;
    let is_port = (30_000..=32_767).contains(&number) && rest[length..].starts_with('/');
    is_port.then_some((Form::NodePort, length))
}

/// `v1.30.8-eks-aeac579`, `1.30.8-20250103`, `2.26.4`, `v1.30`; `1.30` where a version is expected.
pub(super) fn version(rest: &str, short: bool) -> Option<(Form, usize)> {
    let digits = |text: &str| run(text, |byte| byte.is_ascii_digit());
    let marked = usize::from(rest.starts_with('v'));
    let mut at = marked;
    let mut parts = 0;
    loop {
        let length = digits(&rest[at..]);
        if length == 0 || length > 4 {
            return None;
        }
        at += length;
        parts += 1;
        if !(rest[at..].starts_with('.') && digits(&rest[at + 1..]) > 0) {
            break;
        }
        at += 1;
    }
    let enough = if marked == 1 || short { 2 } else { 3 };
    if parts < enough || parts > 3 {
        return None;
    }
    if rest[at..].starts_with(['-', '+']) {
        let suffix = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+');
        let length = run(&rest[at..], suffix);
        at += rest[at..at + length]
            .trim_end_matches(['.', '-', '+'])
            .len();
    }
    ends_word(rest, at).then_some((Form::Version, at))
}

/// A region, an availability zone or the id of one.
pub(super) fn zone(rest: &str) -> Option<(Form, usize)> {
    const DIRECTIONS: [&str; 9] = [
        "northeast",
        "northwest",
        "southeast",
        "southwest",
        "north",
        "south",
        "east",
        "west",
        "central",
    ];
    let digit = |text: &str| run(text, |byte| byte.is_ascii_digit()) == 1;
    let letters = run(rest, |byte| byte.is_ascii_lowercase());
    if letters == 2 {
        let area = rest[2..].strip_prefix("-gov").unwrap_or(&rest[2..]);
        let place = area.strip_prefix('-')?;
        let number = DIRECTIONS
            .iter()
            .find_map(|name| place.strip_prefix(name))?;
        let number = number.strip_prefix('-').filter(|number| digit(number))?;
        let at = rest.len() - number.len() + 1;
        if ends_word(rest, at) {
            return Some((Form::Region, at));
        }
        let is_zone = matches!(rest.as_bytes()[at], b'a'..=b'f') && ends_word(rest, at + 1);
        return is_zone.then_some((Form::Zone, at + 1));
    }
    let area = &rest[letters..];
    let number = area.get(1..)?.strip_prefix("-az")?;
    let is_id = (3..=5).contains(&letters) && digit(area) && digit(number);
    let at = letters + "1-az1".len();
    (is_id && ends_word(rest, at)).then_some((Form::Zone, at))
}

/// An id by its letters, or, behind a hyphen, the generated end of a name.
pub(super) fn generated(rest: &str, before: Option<char>) -> Option<(Form, usize)> {
    let length = run(rest, |byte| byte.is_ascii_alphanumeric());
    if !ends_word(rest, length) {
        return None;
    }
    let word = &rest.as_bytes()[..length];
    let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    let all = |letters: &[u8]| word.iter().all(|byte| letters.contains(byte));
    let is_id = if digits == length {
        length >= 10
    } else {
        length >= 8 && digits > 0 && all(b"0123456789abcdef")
    };
    let is_kubernetes_end = matches!(length, 5 | 7..=10) && all(GENERATED);
    let is_cloudformation_end =
        matches!(length, 12 | 13) && digits > 0 && word.iter().any(u8::is_ascii_uppercase);
    let is_end = before == Some('-') && (is_kubernetes_end || is_cloudformation_end);
    (is_id || is_end).then_some((Form::Id, length))
}

/// Lengths of `kind-` and of the id behind it; the kind is stable.
pub(super) fn resource_id(rest: &str) -> Option<(usize, usize)> {
    let (kind, id) = rest.split_at(run(rest, |byte| byte.is_ascii_lowercase()));
    let id = id.strip_prefix('-').filter(|_| KINDS.contains(&kind))?;
    let length = run(id, |byte| {
        byte.is_ascii_digit() || byte.is_ascii_lowercase()
    });
    let word = &id.as_bytes()[..length];
    // Documentation invents letters beyond hexadecimal ones; a word has no digit.
    let fits = match length {
        17 => true,
        8 => word.iter().any(u8::is_ascii_digit) || word.iter().all(u8::is_ascii_hexdigit),
        _ => false,
    };
    let goes_on = !ends_word(id, length) || id[length..].starts_with(['-', '_']);
    (fits && !goes_on).then_some((kind.len() + 1, length))
}
