//! Proves that a scenario's checks can fail, and that they can be met: healthy → broken → each wrong fix refused → each
//! solution accepted, and after each of these everything taken back and the world as before. The same world goes
//! through all of it, so that what one round leaves behind spoils the next.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use serde_json::Value;

use crate::cloud::Cloud;
use crate::outcome::proof::{ProofOutcome, Stage, StageOutcome};
use crate::outcome::{CheckOutcome, Verdict};
use crate::scenario::fact::Fact;
use crate::scenario::observation::Wanted;
use crate::scenario::{Chosen, Fix};
use crate::scenarios::Source;
use crate::session::{Session, Wish};

/// Runs a script of a scenario as a learner would, with these variables; the inner `Err` says how it failed.
pub type RunScript<'a> =
    dyn Fn(&str, Vec<(String, String)>) -> anyhow::Result<Result<(), String>> + Send + Sync + 'a;

/// The environment that a proof breaks and repairs.
pub struct Ground<'a> {
    pub cloud: Cloud,
    /// Where sessions keep their journals.
    pub directory: PathBuf,
    /// What there is in it.
    pub inventory: &'a (dyn Fn() -> Value + Send + Sync),
    /// `None` leaves scripts out.
    pub script: Option<&'a RunScript<'a>>,
}

/// Proves one variant, or several at once; with `healthy`, also that everything is met without a fault, which is the
/// same for all variants.
pub async fn prove(
    source: &Source,
    variant: Option<&str>,
    healthy: bool,
    ground: &Ground<'_>,
) -> ProofOutcome {
    let started = Instant::now();
    let mut outcome = ProofOutcome {
        scenario: source.scenario.name.clone(),
        variant: variant.unwrap_or_default().to_owned(),
        stages: Vec::new(),
        error: None,
        duration: started.elapsed(),
    };
    if let Err(error) = prove_stages(source, variant, healthy, ground, &mut outcome.stages).await {
        outcome.error = Some(format!("{error:#}"));
    }
    outcome.duration = started.elapsed();
    outcome
}

async fn prove_stages(
    source: &Source,
    variant: Option<&str>,
    with_healthy: bool,
    ground: &Ground<'_>,
    stages: &mut Vec<StageOutcome>,
) -> anyhow::Result<()> {
    let chosen = source.scenario.choose(variant)?;
    let mut prover = Prover {
        source,
        variant,
        ground,
        before: (ground.inventory)(),
    };
    if with_healthy {
        stages.push(prover.stage(Stage::Healthy, true, healthy).await?);
    }
    stages.push(prover.stage(Stage::Broken, false, broken).await?);
    for fix in &chosen.wrong_fixes {
        if ground.script.is_none() && fix.script.is_some() {
            continue;
        }
        let stage = Stage::WrongFix(fix.id.clone());
        let refused = prover.stage(stage, false, async |session| {
            refused(session, fix, ground).await
        });
        stages.push(refused.await?);
    }
    let mut accepted_any = false;
    for solution in &chosen.solutions {
        let by_script = solution.fixes.iter().any(|fix| fix.script.is_some());
        if ground.script.is_none() && by_script {
            continue;
        }
        accepted_any = true;
        let ids: Vec<&str> = solution.fixes.iter().map(|fix| fix.id.as_str()).collect();
        let stage = Stage::Solution(ids.join(", then "));
        let accepted =
            async |session: &mut Session| accepted(session, &solution.fixes, ground).await;
        stages.push(prover.stage(stage, false, accepted).await?);
    }
    if !accepted_any {
        let nothing = "no solution repairs it: add one to `solutions`".to_owned();
        add_defect(stages, nothing);
    }
    if chosen.wrong_fixes.is_empty() {
        let nothing = "no wrong fix is tried: add one to `wrong_fixes`, or nobody knows that the checks can tell";
        add_defect(stages, nothing.to_owned());
    }
    note_scripts(&chosen, stages);
    Ok(())
}

/// To the last stage.
fn add_defect(stages: &mut [StageOutcome], defect: String) {
    if let Some(stage) = stages.last_mut() {
        stage.defects.push(defect);
    }
}

fn note_scripts(chosen: &Chosen, stages: &mut [StageOutcome]) {
    let solutions = chosen.solutions.iter().flat_map(|solution| &solution.fixes);
    let scripts: Vec<&str> = solutions
        .chain(&chosen.wrong_fixes)
        .filter(|fix| fix.script.is_some())
        .map(|fix| fix.id.as_str())
        .collect();
    for stage in stages {
        if let Stage::WrongFix(id) | Stage::Solution(id) = &stage.stage {
            stage.by_script = id.split(", then ").any(|id| scripts.contains(&id));
        }
    }
}

struct Prover<'a> {
    source: &'a Source,
    variant: Option<&'a str>,
    ground: &'a Ground<'a>,
    /// The world as it is between stages.
    before: Value,
}

impl Prover<'_> {
    /// A session of its own: `show` says what is wrong with it, then it is undone, and the world has to be as before.
    async fn stage(
        &mut self,
        stage: Stage,
        healthy: bool,
        show: impl AsyncFnOnce(&mut Session) -> anyhow::Result<Vec<String>>,
    ) -> anyhow::Result<StageOutcome> {
        let started = Instant::now();
        let wish = Wish {
            variant: self.variant.map(str::to_owned),
            healthy,
            time_to_live: std::time::Duration::from_secs(3600),
            ..Wish::default()
        };
        let (directory, cloud) = (&self.ground.directory, self.ground.cloud.clone());
        let mut session = Session::begin(directory, self.source.clone(), cloud, &wish)?;
        let shown = show(&mut session).await;
        let left = session.undo().await?;
        let mut defects = shown.with_context(|| format!("stage {stage:?}"))?;
        defects.extend(left.iter().map(|left| format!("undo leaves {left}")));
        let after = (self.ground.inventory)();
        if left.is_empty() {
            let differing = differences(&self.before, &after);
            defects.extend(
                differing
                    .iter()
                    .map(|what| format!("after undo the world differs: {what}")),
            );
        }
        self.before = after;
        Ok(StageOutcome {
            stage,
            defects,
            by_script: false,
            duration: started.elapsed(),
        })
    }
}

/// The fault is what breaks: without it everything is met, and no symptom shows.
async fn healthy(session: &mut Session) -> anyhow::Result<Vec<String>> {
    session.build().await?;
    let patience = session.scenario().ripens_within;
    let outcomes = session
        .settled_verdicts(patience, |check| check.verdict != Verdict::Met)
        .await?;
    let mut defects: Vec<String> = outcomes
        .iter()
        .filter(|outcome| outcome.verdict != Verdict::Met)
        .map(|outcome| {
            format!(
                "{} should be met without the fault: {}",
                outcome.id,
                outcome.verdict.explained()
            )
        })
        .collect();
    let symptoms = session.symptoms().await?;
    let shown = symptoms
        .iter()
        .filter(|symptom| symptom.verdict == Verdict::Met);
    defects.extend(
        shown.map(|symptom| format!("the symptom {} shows without the fault, too", symptom.id)),
    );
    Ok(defects)
}

async fn broken(session: &mut Session) -> anyhow::Result<Vec<String>> {
    let mut defects = Vec::new();
    if let Err(error) = session.inject().await {
        return Ok(vec![format!("{error:#}")]);
    }
    for outcome in session.verdicts().await? {
        defects.extend(wrong_when_broken(&outcome));
    }
    defects.extend(wrong_findings(session).await?);
    Ok(defects)
}

/// What learners are asked for can be read, and is not what is only taken for it.
async fn wrong_findings(session: &Session) -> anyhow::Result<Vec<String>> {
    let values = session.values();
    let mut defects = Vec::new();
    for finding in session.chosen().asked_findings() {
        let value = values.fill_all(&finding.value)?;
        let near = finding.near.iter().map(|near| values.fill_all(&near.value));
        let near: Vec<Fact> = near.collect::<Result<_, _>>()?;
        let mut wanted = Wanted::default();
        near.iter()
            .chain([&value])
            .for_each(|fact| fact.wants(&mut wanted));
        let observation = session.observed(&wanted).await;
        let known = match value.value(&observation) {
            Ok(known) => known,
            Err(why) => {
                defects.push(format!("the finding {} cannot be read: {why}", finding.id));
                continue;
            }
        };
        for near in near {
            let near = near.value(&observation).ok();
            if let Some(near) = near.filter(|near| known.is_meant_by(near.shown())) {
                let id = &finding.id;
                defects.push(format!(
                    "the finding {id} is {}, which is also what is only near it",
                    near.shown()
                ));
            }
        }
    }
    Ok(defects)
}

fn wrong_when_broken(outcome: &CheckOutcome) -> Option<String> {
    use crate::outcome::CheckKind;
    let CheckOutcome { id, verdict, .. } = outcome;
    match (outcome.kind, verdict) {
        (CheckKind::Invariant, Verdict::Met) | (CheckKind::Condition, Verdict::NotMet { .. }) => {
            None
        }
        (CheckKind::Invariant, _) => Some(format!(
            "the invariant {id} should hold while it is broken: {}",
            verdict.explained()
        )),
        (CheckKind::Condition | CheckKind::Symptom, _) => Some(format!(
            "the condition {id} should not be met while it is broken, and is {}",
            verdict.explained()
        )),
    }
}

async fn refused(
    session: &mut Session,
    fix: &Fix,
    ground: &Ground<'_>,
) -> anyhow::Result<Vec<String>> {
    session.inject().await?;
    match (apply(session, fix, ground).await?, fix.fails) {
        (Err(_), true) | (Ok(()), false) => {}
        (Err(why), false) => {
            return Ok(vec![format!(
                "it cannot be tried: {why} (`fails: true` says that this is how it is refused)"
            )]);
        }
        (Ok(()), true) => {
            return Ok(vec![
                "it should fail (`fails: true`), and went through".to_owned(),
            ]);
        }
    }
    let outcomes = settled(session).await?;
    let unmet: Vec<&str> = outcomes
        .iter()
        .filter(|outcome| matches!(outcome.verdict, Verdict::NotMet { .. }))
        .map(|outcome| outcome.id.as_str())
        .collect();
    if unmet.is_empty() {
        let told: Vec<String> = outcomes
            .iter()
            .filter(|outcome| outcome.verdict != Verdict::Met)
            .map(|outcome| format!("{}: {}", outcome.id, outcome.verdict.explained()))
            .collect();
        return Ok(vec![match told.is_empty() {
            true => "it is accepted: every check is met".to_owned(),
            false => format!("no check refuses it: {}", told.join("; ")),
        }]);
    }
    let applies = |check: &&String| outcomes.iter().any(|outcome| outcome.id == **check);
    let missing = fix
        .refused_by
        .iter()
        .filter(applies)
        .filter(|check| !unmet.contains(&check.as_str()));
    Ok(missing
        .map(|check| format!("{check} should refuse it; refused by {}", unmet.join(", ")))
        .collect())
}

async fn accepted(
    session: &mut Session,
    fixes: &[Fix],
    ground: &Ground<'_>,
) -> anyhow::Result<Vec<String>> {
    session.inject().await?;
    for fix in fixes {
        if let Err(why) = apply(session, fix, ground).await? {
            return Ok(vec![format!("{} cannot be done: {why}", fix.id)]);
        }
    }
    let outcomes = settled(session).await?;
    Ok(outcomes
        .iter()
        .filter(|outcome| outcome.verdict != Verdict::Met)
        .map(|outcome| format!("{} is not met: {}", outcome.id, outcome.verdict.explained()))
        .collect())
}

/// The verdicts once nothing changes any more, or the scenario's patience is over.
async fn settled(session: &Session) -> anyhow::Result<Vec<CheckOutcome>> {
    let patience = session.scenario().ripens_within;
    session
        .settled_verdicts(patience, |check| check.verdict != Verdict::Met)
        .await
}

/// `Err` inside says how the fix failed.
async fn apply(
    session: &mut Session,
    fix: &Fix,
    ground: &Ground<'_>,
) -> anyhow::Result<Result<(), String>> {
    let Some(script) = &fix.script else {
        return Ok(session
            .repair(fix)
            .await
            .map_err(|error| format!("{error:#}")));
    };
    let run = ground.script.context("scripts are left out")?;
    let text = session.source().read(script)?;
    let variables = session.environment()?;
    tokio::task::block_in_place(|| run(&text, variables))
}

/// Where two inventories differ, by path; the first ten.
pub fn differences(before: &Value, after: &Value) -> Vec<String> {
    fn compare(path: &str, before: &Value, after: &Value, found: &mut Vec<String>) {
        if before == after {
            return;
        }
        match (before, after) {
            (Value::Object(old), Value::Object(new)) => {
                for name in old
                    .keys()
                    .chain(new.keys().filter(|name| !old.contains_key(*name)))
                {
                    let nothing = Value::Null;
                    let (old, new) = (
                        old.get(name).unwrap_or(&nothing),
                        new.get(name).unwrap_or(&nothing),
                    );
                    compare(&format!("{path}/{name}"), old, new, found);
                }
            }
            (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
                for (index, (old, new)) in old.iter().zip(new).enumerate() {
                    compare(&format!("{path}/{index}"), old, new, found);
                }
            }
            (before, after) => {
                found.push(format!("{path}: {} became {}", short(before), short(after)))
            }
        }
    }
    let mut found = Vec::new();
    compare("", before, after, &mut found);
    found.truncate(10);
    found
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_are_named_by_their_path() {
        let before = json!({"a": {"b": [1, 2]}, "c": 3});
        let after = json!({"a": {"b": [1, 4]}, "d": 5});
        assert_eq!(
            differences(&before, &after),
            [
                "/a/b/1: 2 became 4",
                "/c: 3 became null",
                "/d: null became 5"
            ]
        );
    }
}
