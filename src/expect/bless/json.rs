//! JSON written anew, value by value: what does not drift keeps its place, its order and its form.
//! `script` holds the changes of the text.

mod script;

use serde_json::Value;

use self::script::{Entry, Script};
use super::super::align::Item;
use super::super::clean::{self, Line};
use super::super::edit::{ALIKE, Edit, SAME, UNLIKE, edits};
use super::super::json;
use super::super::json_pattern::{self, Members, Node, Pattern};

/// The text with its drifted values replaced. `None` where one side is not one document of JSON.
pub(super) fn rewritten(documented: &str, real: &str) -> Option<String> {
    let plain = clean::with_blank_pointers(documented);
    let lines: Vec<Line> = plain
        .lines()
        .enumerate()
        .map(|(index, line)| Line {
            number: index + 1,
            text: line.trim_end().to_owned(),
        })
        .collect();
    let items = json_pattern::parse(&lines)?;
    let values = json::values(&clean::lines(real))?;
    let ([Item::One(node)], [value]) = (items.as_slice(), values.as_slice()) else {
        return None;
    };
    let mut writer = Writer {
        script: Script::new(documented, &plain),
    };
    writer.document(node, value)?;
    Some(writer.script.text())
}

struct Writer<'a> {
    script: Script<'a>,
}

impl Writer<'_> {
    /// Where only an object around the value has come or gone, the value itself stays.
    fn document(&mut self, node: &Node, real: &Value) -> Option<()> {
        if json::wrapper_gone(node, real).is_some() {
            let mut inner = json::within(node)?;
            while !json::is_like(inner, real) {
                inner = json::within(inner)?;
            }
            self.script.unwrap(&node.span, &inner.span);
            return self.value(inner, real, None);
        }
        let wrapper = real.as_object().and_then(|members| members.iter().next());
        if let Some((name, inner)) = wrapper.filter(|_| json::wrapper_new(node, real).is_some()) {
            self.value(node, inner, Some(name))?;
            self.script.wrap(&node.span, name);
            return Some(());
        }
        self.value(node, real, None)
    }

    /// `None` where a list is too long.
    fn value(&mut self, node: &Node, real: &Value, key: Option<&str>) -> Option<()> {
        if json::value(node, real, key).is_ok() {
            return Some(());
        }
        match (&node.value, real) {
            (Pattern::Object(shown), Value::Object(found)) if keeps_a_member(shown, found) => {
                self.members(node, shown, found)
            }
            (Pattern::Array(shown), Value::Array(found)) => self.elements(node, shown, found, key),
            _ => {
                self.script.replace(&node.span, real);
                Some(())
            }
        }
    }

    fn members(
        &mut self,
        node: &Node,
        shown: &Members,
        found: &serde_json::Map<String, Value>,
    ) -> Option<()> {
        let mut kept: Vec<(&str, &Node)> = Vec::new();
        for (name, member) in &shown.members {
            match counterpart(name, shown, found) {
                Some((real_name, real)) => {
                    if real_name != name {
                        self.script.rename(member, name, real_name);
                    }
                    self.value(member, real, Some(real_name))?;
                    kept.push((real_name, member));
                }
                None => self.script.remove(&member.entry()),
            }
        }
        if shown.elided {
            return Some(());
        }
        let anchor_of = |name: &str| kept.iter().find(|(kept, _)| *kept == name);
        let mut anchor = None;
        let mut new: Vec<String> = Vec::new();
        for (name, real) in found {
            let Some((_, member)) = anchor_of(name) else {
                let indent = self
                    .script
                    .indentation(node, kept.first().map(|(_, node)| *node));
                new.push(self.script.member(name, real, indent));
                continue;
            };
            self.script.insert(node, anchor, std::mem::take(&mut new));
            anchor = Some(member.entry());
        }
        self.script.insert(node, anchor, new);
        Some(())
    }

    fn elements(
        &mut self,
        node: &Node,
        shown: &[Item<Node>],
        found: &[Value],
        key: Option<&str>,
    ) -> Option<()> {
        let cost = |node: &Node, real: &Value| {
            if json::value(node, real, key).is_ok() {
                SAME
            } else if json::is_like(node, real) {
                ALIKE
            } else {
                UNLIKE
            }
        };
        let edits = edits(shown, found, cost)?;
        let node_of = |index: &usize| match shown.get(*index) {
            Some(Item::One(node)) => Some(node),
            _ => None,
        };
        let stays = |edit: &Edit| match edit {
            Edit::Keep { documented, .. } | Edit::Change { documented, .. } => node_of(documented),
            _ => None,
        };
        let is_elided = edits.iter().any(|edit| matches!(edit, Edit::Elide { .. }));
        let first = edits.iter().find_map(stays);
        if first.is_none() && !is_elided {
            self.script
                .replace(&node.span, &Value::from(found.to_vec()));
            return Some(());
        }
        let mut anchor = None;
        let mut new = Vec::new();
        for edit in &edits {
            match edit {
                Edit::Add { real } => {
                    let indent = self.script.indentation(node, first);
                    new.push(self.script.element(&found[*real], indent));
                    continue;
                }
                Edit::Remove { documented } => {
                    if let Some(gone) = node_of(documented) {
                        self.script.remove(&gone.entry());
                    }
                    continue;
                }
                Edit::Change { documented, real } => {
                    if let Some(changed) = node_of(documented) {
                        self.value(changed, &found[*real], key)?;
                    }
                }
                Edit::Keep { .. } | Edit::Elide { .. } => {}
            }
            self.script
                .insert(node, anchor.take(), std::mem::take(&mut new));
            anchor = stays(edit).map(Node::entry);
        }
        self.script.insert(node, anchor, new);
        Some(())
    }
}

impl Node {
    /// With its name, if it is a member.
    fn entry(&self) -> Entry {
        self.name.unwrap_or(self.span.start)..self.span.end
    }
}

fn keeps_a_member(shown: &Members, found: &serde_json::Map<String, Value>) -> bool {
    let mut names = shown.members.iter().map(|(name, _)| name);
    shown.elided || names.any(|name| counterpart(name, shown, found).is_some())
}

/// The member of this name, else one that only its case tells from it.
fn counterpart<'a>(
    name: &str,
    shown: &Members,
    found: &'a serde_json::Map<String, Value>,
) -> Option<(&'a str, &'a Value)> {
    let is_shown = |key: &str| shown.members.iter().any(|(shown, _)| shown == key);
    let same = found.get_key_value(name);
    let other = || {
        let mut members = found.iter();
        members.find(|(key, _)| key.eq_ignore_ascii_case(name) && !is_shown(key))
    };
    let (key, value) = same.or_else(other)?;
    Some((key.as_str(), value))
}
