//! EC2's filters: names ANDed, values ORed, `*` and `?` as wildcards.

use serde::Deserialize;

use super::super::refusal::Refusal;
use super::Tags;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    #[serde(rename = "Name")]
    pub name: String,
    // EC2 calls the list `Value`, Auto Scaling `Values`.
    #[serde(rename = "Value", alias = "Values", default)]
    pub values: Vec<String>,
}

/// Whether a resource passes every filter. `values_of` gives the resource's values under a filter
/// name, `None` for a name that is not a filter of this resource.
pub fn passes(
    filters: &[Filter],
    values_of: impl Fn(&str) -> Option<Vec<String>>,
) -> Result<bool, Refusal> {
    for filter in filters {
        let found = values_of(&filter.name).ok_or_else(|| {
            Refusal::bad(
                "InvalidParameterValue",
                format!("The filter '{}' is invalid", filter.name),
            )
        })?;
        let any = filter
            .values
            .iter()
            .any(|wanted| found.iter().any(|value| like(wanted, value)));
        if !any {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Values under `tag:NAME` and `tag-key`.
pub fn tag_values(tags: &Tags, name: &str) -> Option<Vec<String>> {
    if name == "tag-key" {
        return Some(tags.keys().cloned().collect());
    }
    name.strip_prefix("tag:")
        .map(|key| tags.get(key).cloned().into_iter().collect())
}

/// Glob match over the whole text.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut position, mut star) = (0, 0, None);
    while position < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, position));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || *wanted == text[position] => {
                at += 1;
                position += 1;
            }
            _ => match star {
                Some((star_at, star_position)) => {
                    star = Some((star_at, star_position + 1));
                    at = star_at + 1;
                    position = star_position + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_value_may_hold_wildcards() {
        assert!(like("eks-*", "eks-workers-1"));
        assert!(like("i-?1*", "i-01"));
        assert!(!like("eks-*x", "eks-abc"));
        assert!(like("*", ""));
        assert!(!like("?", ""));
    }

    #[test]
    fn a_filter_name_that_the_resource_has_not_is_refused() {
        let filters = [Filter {
            name: "colour".into(),
            values: vec!["red".into()],
        }];
        assert_eq!(
            passes(&filters, |_| None).unwrap_err().message,
            "The filter 'colour' is invalid"
        );
    }
}
