//! The lesson's steps, for a session.

use std::path::Path;

use crate::language::Language;
use crate::outcome::progress::Progress;
use crate::plan::{self, LabSource, Request};
use crate::scenario::guidance::{self, Hints};
use crate::scenarios::Source;
use crate::session::Session;
use crate::{lab, lessons};

/// The tested blocks of the scenario's lesson; none when it has no lesson.
///
/// # Errors
/// When it names one that is not there.
pub(super) fn steps(source: &Source, language: Language) -> anyhow::Result<Vec<plan::Step>> {
    let Some(lesson) = lessons::of(source, language)? else {
        return Ok(Vec::new());
    };
    // Mistakes of the page are its author's.
    let (page, _) = lab::parse(&lesson.path, &lesson.text);
    let source = LabSource {
        name: lesson.path.display().to_string(),
        pages: vec![page],
        ..LabSource::default()
    };
    let (plan, _) = plan::plan(vec![source], &Request::default());
    Ok(plan.labs.into_iter().flat_map(|lab| lab.steps).collect())
}

/// A step's heading without what learners call it, which stands beside it: "Step 4.1: Look" and "4.1 Look" are "Look".
pub(super) fn bare_title<'a>(heading: &'a str, id: &str) -> &'a str {
    let Some((before, after)) = heading.split_once(id) else {
        return heading;
    };
    let is_word = |text: &str| {
        let text = text.trim();
        text.is_empty() || ["step", "ステップ"].contains(&text.to_lowercase().as_str())
    };
    let rest = after.trim_start_matches([':', '：', '.', ')', '）', ' ', '　']);
    match is_word(before) && rest.len() < after.len() && !rest.is_empty() {
        true => rest,
        false => heading,
    }
}

/// A step for which the scenario names no evidence.
pub(super) fn step(step: &plan::Step) -> guidance::Step {
    guidance::Step {
        id: step.id.clone(),
        step: step.id.clone(),
        evidence: Vec::new(),
        hints: Hints::default(),
    }
}

/// Name of the file with the step that a shell's prompt shows.
const PROMPT: &str = "prompt";

/// Leaves the current step for the prompts of `breakfix shell`.
pub(super) fn leave_prompt(session: &Session, progress: &Progress) {
    let current = progress.current().map_or("✓", |step| step.id.as_str());
    write_if_changed(&session.directory().join(PROMPT), current);
}

fn write_if_changed(path: &Path, text: &str) {
    if std::fs::read_to_string(path).is_ok_and(|known| known == text) {
        return;
    }
    // A prompt that is behind does no harm.
    let _ = std::fs::write(path, text);
}

#[cfg(test)]
mod tests {
    use super::bare_title;

    #[test]
    fn a_heading_does_not_repeat_the_steps_name() {
        assert_eq!(bare_title("Step 1: Look", "1"), "Look");
        assert_eq!(bare_title("ステップ 1：見る", "1"), "見る");
        assert_eq!(bare_title("4.1 Find it", "4.1"), "Find it");
        assert_eq!(bare_title("Look at 1 node", "1"), "Look at 1 node");
        assert_eq!(bare_title("Step 1", "1"), "Step 1");
        assert_eq!(bare_title("12 nodes", "1"), "12 nodes");
    }
}
