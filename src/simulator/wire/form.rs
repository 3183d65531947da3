//! `A.B.member.1.C=x&…`: forms, and the structures and lists that the names of their members spell.

use std::collections::BTreeMap;

use percent_encoding::percent_decode;

use super::input::Tree;

/// How many members a form may have; more is no request that any client makes.
const MEMBER_LIMIT: usize = 10_000;
/// How many parts the name of a member may have. Structures nest as deep as names have parts, and every layer takes
/// stack.
const DEPTH_LIMIT: usize = 32;

/// The members of a form with their values, decoded, in order; the error says why they cannot be read.
pub(super) fn pairs(form: &[u8]) -> Result<Vec<(String, String)>, String> {
    let mut pairs = Vec::new();
    for member in form.split(|byte| *byte == b'&') {
        if member.is_empty() {
            continue;
        }
        if pairs.len() == MEMBER_LIMIT {
            return Err(format!("there are more than {MEMBER_LIMIT} parameters"));
        }
        let mut halves = member.splitn(2, |byte| *byte == b'=');
        let name = decoded(halves.next().unwrap_or_default())?;
        let value = decoded(halves.next().unwrap_or_default())?;
        pairs.push((name, value));
    }
    Ok(pairs)
}

fn decoded(text: &[u8]) -> Result<String, String> {
    let mut blanks = text.to_vec();
    for byte in &mut blanks {
        if *byte == b'+' {
            *byte = b' ';
        }
    }
    let decoded = match blanks.contains(&b'%') {
        true => percent_decode(&blanks).collect(),
        false => blanks,
    };
    String::from_utf8(decoded).map_err(|_| {
        format!(
            "the parameter {:?} is not UTF-8",
            String::from_utf8_lossy(text)
        )
    })
}

/// What the members of a form mean together; the error says why nothing.
pub(super) fn tree(pairs: &[(String, String)]) -> Result<Tree, String> {
    let mut root = Branch::default();
    for (name, value) in pairs {
        root.insert(name, value)?;
    }
    members(root.children)
}

fn members(children: BTreeMap<String, Branch>) -> Result<Tree, String> {
    let members = children
        .into_iter()
        .map(|(name, child)| Ok((name, child.into_tree()?)));
    members.collect::<Result<_, _>>().map(Tree::Members)
}

#[derive(Default)]
struct Branch {
    text: Option<String>,
    children: BTreeMap<String, Branch>,
}

impl Branch {
    fn insert(&mut self, name: &str, value: &str) -> Result<(), String> {
        if name.split('.').count() > DEPTH_LIMIT {
            let start: String = name.chars().take(80).collect();
            return Err(format!("the parameter {start}… is nested too deeply"));
        }
        let mut branch = self;
        for part in name.split('.') {
            branch = branch.children.entry(part.to_owned()).or_default();
        }
        branch.text = Some(value.to_owned());
        Ok(())
    }

    fn into_tree(mut self) -> Result<Tree, String> {
        if self.children.is_empty() {
            return Ok(Tree::Text(self.text.unwrap_or_default()));
        }
        // `A=` stands for a structure or list without members, but these have some.
        if let Some(text) = self.text.filter(|text| !text.is_empty()) {
            return Err(format!(
                "{text:?} is given for a parameter that has members"
            ));
        }
        // Query lists sit under `member`; EC2 lists are flattened to the numbers alone.
        if self.children.len() == 1
            && let Some(list) = self.children.remove("member")
        {
            return list.into_tree();
        }
        if self.children.keys().all(|key| key.parse::<u32>().is_ok()) {
            let mut items: Vec<(u32, Branch)> = self
                .children
                .into_iter()
                .filter_map(|(key, child)| Some((key.parse().ok()?, child)))
                .collect();
            items.sort_by_key(|(number, _)| *number);
            let items = items.into_iter().map(|(_, child)| child.into_tree());
            return items.collect::<Result<_, _>>().map(Tree::List);
        }
        members(self.children)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: &str) -> Result<Tree, String> {
        tree(&pairs(form.as_bytes())?)
    }

    fn text(text: &str) -> Tree {
        Tree::Text(text.to_owned())
    }

    #[test]
    fn names_spell_structures_and_lists() {
        let list = Tree::List(vec![text("x y"), text("ä+")]);
        for form in ["A.member.2=%C3%A4%2B&A.member.1=x+y", "A.10=ä%2b&A.9=x%20y"] {
            assert_eq!(
                read(form),
                Ok(Tree::Members(vec![("A".to_owned(), list.clone())]))
            );
        }
        assert_eq!(read("&&"), Ok(Tree::Members(Vec::new())));
        assert_eq!(read("A="), read("A"));
    }

    #[test]
    fn names_that_contradict_each_other_are_refused() {
        assert!(read("A=1&A.B=2").is_err());
        assert!(read("A=&A.B=2").is_ok());
    }

    #[test]
    fn a_form_is_a_structure_whatever_its_names() {
        for form in ["1=a", "member=a", "member.1=a", "=a", ".=a"] {
            assert!(
                matches!(read(form), Ok(Tree::Members(members)) if members.len() == 1),
                "{form}"
            );
        }
    }

    #[test]
    fn what_is_not_text_is_refused() {
        assert_eq!(
            read("A=%ff"),
            Err("the parameter \"%ff\" is not UTF-8".to_owned())
        );
        assert!(read("A=\u{1}%00").is_ok());
        assert!(pairs(b"\xff").is_err());
    }

    #[test]
    fn depth_and_number_are_bounded() {
        assert!(read(&["A"; 32].join(".")).is_ok());
        assert!(read(&["A"; 33].join(".")).is_err());
        assert!(read(&["A"; 400_000].join(".")).is_err());
        assert!(pairs("a&".repeat(10_000).as_bytes()).is_ok());
        assert!(pairs("a&".repeat(10_001).as_bytes()).is_err());
    }
}
