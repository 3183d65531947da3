//! What labs need and what of it is there, as text.

use serde_json::{Value, json};

use super::style::{Style, columns, padded, wrapped};
use super::text::one_line;
use crate::language::{Language, Message};
use crate::message;
use crate::outcome::health::{Finding, Health, exit};

/// Raised when a field changes its meaning or goes; new fields do not raise it.
const VERSION: u32 = 1;

/// A line for each finding, with the way out below those that need one; at last the counts.
pub fn render(findings: &[Finding], style: Style) -> String {
    let said = |message: &Message| one_line(&message.to(style.language));
    let words = [Health::Ok, Health::ToMend, Health::CannotTell]
        .map(|health| columns(&said(&word(health))));
    let word_width = words.into_iter().max().unwrap_or_default();
    let titles = findings
        .iter()
        .map(|finding| columns(&said(&finding.title)));
    let indent = " ".repeat(word_width + titles.max().unwrap_or_default() + 4);
    let room = style.width.saturating_sub(indent.len());
    let mut text = String::new();
    for finding in findings {
        let word = colored(
            finding.health,
            &padded(&said(&word(finding.health)), word_width),
            style,
        );
        let title = padded(&said(&finding.title), indent.len() - word_width - 4);
        let mut lines = wrapped(&said(&finding.said), room, "");
        if let Some(advice) = &finding.advice {
            let advice = advice.to(style.language);
            let labelled = message!("doctor-advice", advice = one_line(&advice));
            lines += &format!("\n{}", wrapped(&said(&labelled), room, "  "));
        }
        text += &format!(
            "{word}  {title}  {}\n",
            lines.replace('\n', &format!("\n{indent}"))
        );
    }
    let count = |health| {
        findings
            .iter()
            .filter(|finding| finding.health == health)
            .count()
    };
    let summary = message!(
        "doctor-summary",
        ok = count(Health::Ok),
        mend = count(Health::ToMend),
        unknown = count(Health::CannotTell)
    );
    format!("{text}\n{}\n", said(&summary))
}

fn word(health: Health) -> Message {
    match health {
        Health::Ok => message!("doctor-ok"),
        Health::ToMend => message!("doctor-to-mend"),
        Health::CannotTell => message!("doctor-cannot-tell"),
    }
}

fn colored(health: Health, word: &str, style: Style) -> String {
    let paint = style.paint();
    match health {
        Health::Ok => paint.good(word),
        Health::ToMend => paint.bad(word),
        Health::CannotTell => paint.unsure(word),
    }
}

/// For programs; texts are in one language.
pub fn json(findings: &[Finding], language: Language) -> String {
    let findings_view: Vec<Value> = findings
        .iter()
        .map(|finding| view(finding, language))
        .collect();
    let exit = exit(findings) as u8;
    format!(
        "{:#}\n",
        json!({ "version": VERSION, "exit_code": exit, "findings": findings_view })
    )
}

fn view(finding: &Finding, language: Language) -> Value {
    let health = match finding.health {
        Health::Ok => "ok",
        Health::ToMend => "to_mend",
        Health::CannotTell => "cannot_tell",
    };
    json!({
        "id": finding.id,
        "health": health,
        "title": finding.title.to(language),
        "said": finding.said.to(language),
        "advice": finding.advice.as_ref().map(|advice| advice.to(language)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_finding_says_its_health_in_words_and_the_way_out() {
        let findings = [
            Finding::ok("bash", "bash".into(), "5.2".into()),
            Finding::to_mend("jq", "jq".into(), "not there".into(), "install it".into()),
        ];
        let shown = render(&findings, Style::plain(Language::English));
        assert_eq!(
            shown,
            "ok           bash  5.2\n\
             to mend      jq    not there\n                   what to do: install it\n\n\
             1 ok, 1 to mend, 0 that cannot be told\n"
        );
        assert_eq!(exit(&findings) as u8, 1);
        let document: Value = serde_json::from_str(&json(&findings, Language::English)).unwrap();
        assert_eq!(document["findings"][1]["health"], "to_mend");
    }
}
