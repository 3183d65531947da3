//! What proving found out, as text: for people, and as one versioned JSON document.

use std::time::Duration;

use serde::Serialize;

use super::text::{document, duration_text};
use crate::outcome::Exit;
use crate::outcome::proof::{ProofOutcome, StageOutcome};

/// Raised when a field changes its meaning or goes; new fields do not raise it.
const VERSION: u32 = 1;

const GREEN: &str = "\u{1b}[32m";
const RED: &str = "\u{1b}[31m";
const RESET: &str = "\u{1b}[0m";

/// One line, for whoever waits.
pub fn progress(proof: &ProofOutcome) -> String {
    let verdict = if proof.is_proved() {
        "proved"
    } else {
        "NOT proved"
    };
    format!(
        "{verdict}: {} in {}",
        name(proof),
        duration_text(proof.duration)
    )
}

/// Every proof with its stages, what is wrong below each, and a last line with the counts. Ends with a newline.
pub fn terminal(proofs: &[ProofOutcome], color: bool) -> String {
    let mut text = String::new();
    for proof in proofs {
        text += &format!("{}\n", name(proof));
        for stage in &proof.stages {
            text += &stage_lines(stage, color);
        }
        if let Some(error) = &proof.error {
            text += &format!("  {} {error}\n", painted("cannot tell:", RED, color));
        }
    }
    let proved = proofs.iter().filter(|proof| proof.is_proved()).count();
    let (scripts, data) = durations(proofs);
    text += &format!("{proved} of {} proved", proofs.len());
    text += &format!(
        " ({} by changes, {} by scripts with the real clients)\n",
        duration_text(data),
        duration_text(scripts)
    );
    text
}

fn name(proof: &ProofOutcome) -> String {
    match proof.variant.as_str() {
        "" => proof.scenario.clone(),
        variant => format!("{} · {variant}", proof.scenario),
    }
}

fn stage_lines(stage: &StageOutcome, color: bool) -> String {
    let mark = if stage.defects.is_empty() {
        painted("ok", GREEN, color)
    } else {
        painted("WRONG", RED, color)
    };
    let by = if stage.by_script { ", by script" } else { "" };
    let mut text = format!(
        "  {mark:5} {} ({}{by})\n",
        stage.stage,
        duration_text(stage.duration)
    );
    for defect in &stage.defects {
        let indented = defect.trim_end().replace('\n', "\n          ");
        text += &format!("        {indented}\n");
    }
    text
}

fn painted(text: &str, paint: &str, color: bool) -> String {
    if color {
        format!("{paint}{text}{RESET}")
    } else {
        text.to_owned()
    }
}

/// What scripts took, and what the rest did.
fn durations(proofs: &[ProofOutcome]) -> (Duration, Duration) {
    let stages = || proofs.iter().flat_map(|proof| &proof.stages);
    let sum = |by_script| {
        stages()
            .filter(|stage| stage.by_script == by_script)
            .map(|stage| stage.duration)
            .sum()
    };
    (sum(true), sum(false))
}

/// The document, ending with a newline.
pub fn json(proofs: &[ProofOutcome]) -> String {
    let exit = proofs
        .iter()
        .map(ProofOutcome::exit)
        .fold(Exit::Met, Exit::or_heavier);
    let view = ReportView {
        version: VERSION,
        exit_code: exit as u8,
        proofs: proofs.iter().map(proof_view).collect(),
    };
    document(&view)
}

#[derive(Serialize)]
struct ReportView<'a> {
    version: u32,
    /// What the process exits with.
    exit_code: u8,
    proofs: Vec<ProofView<'a>>,
}

#[derive(Serialize)]
struct ProofView<'a> {
    scenario: &'a str,
    /// Empty for a scenario without variants.
    variant: &'a str,
    proved: bool,
    error: Option<&'a str>,
    duration_ms: u128,
    stages: Vec<StageView<'a>>,
}

#[derive(Serialize)]
struct StageView<'a> {
    stage: String,
    by_script: bool,
    defects: &'a [String],
    duration_ms: u128,
}

fn proof_view(proof: &ProofOutcome) -> ProofView<'_> {
    ProofView {
        scenario: &proof.scenario,
        variant: &proof.variant,
        proved: proof.is_proved(),
        error: proof.error.as_deref(),
        duration_ms: proof.duration.as_millis(),
        stages: proof
            .stages
            .iter()
            .map(|stage| StageView {
                stage: stage.stage.to_string(),
                by_script: stage.by_script,
                defects: &stage.defects,
                duration_ms: stage.duration.as_millis(),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::proof::Stage;

    fn proof(defects: &[&str]) -> ProofOutcome {
        let stage = |stage, defects: &[&str]| StageOutcome {
            stage,
            defects: defects.iter().map(|defect| (*defect).to_owned()).collect(),
            by_script: false,
            duration: Duration::from_millis(100),
        };
        ProofOutcome {
            scenario: "s".to_owned(),
            variant: "v".to_owned(),
            stages: vec![
                stage(Stage::Broken, &[]),
                stage(Stage::WrongFix("w".to_owned()), defects),
            ],
            error: None,
            duration: Duration::from_millis(200),
        }
    }

    #[test]
    fn what_is_wrong_stands_below_its_stage() {
        assert_eq!(
            terminal(&[proof(&["it is accepted: every check is met"])], false),
            "s · v\n  ok    broken by it (0.10 s)\n  WRONG wrong fix w refused (0.10 s)\n        it is accepted: every check is met\n\
             0 of 1 proved (0.20 s by changes, 0.00 s by scripts with the real clients)\n"
        );
    }

    #[test]
    fn the_document_says_what_the_process_exits_with() {
        let document: serde_json::Value =
            serde_json::from_str(&json(&[proof(&[]), proof(&["no"])])).unwrap();
        assert_eq!(document["exit_code"], 3);
        assert_eq!(document["proofs"][0]["proved"], true);
        assert_eq!(document["proofs"][1]["stages"][1]["defects"][0], "no");
    }
}
