//! The scenarios that there are, as text.

use serde_json::{Value, json};

use super::style::{Style, aligned, columns, wrapped};
use super::text::one_line;
use crate::language::{Language, Message};
use crate::message;
use crate::outcome::offer::{About, Offer};

/// Raised when a field changes its meaning or goes; new fields do not raise it.
const VERSION: u32 = 1;

/// Each scenario with what helps to choose one. `variants` names the faults, too.
pub fn render(offers: &[Offer], variants: bool, style: Style) -> String {
    let mut text = String::new();
    for offer in offers {
        text += &one(offer, variants, style);
        text.push('\n');
    }
    let say = |message: Message| wrapped(&message.to(style.language), style.width, "") + "\n";
    text += &say(match offers.len() {
        0 => message!("list-empty"),
        _ => message!("list-start"),
    });
    text
}

fn one(offer: &Offer, variants: bool, style: Style) -> String {
    let paint = style.paint();
    let Some(about) = &offer.about else {
        let error = one_line(offer.error.as_deref().unwrap_or_default());
        let text = message!("list-unreadable", name = &offer.name, error = error);
        return format!("{}\n", wrapped(&text.to(style.language), style.width, "  "));
    };
    let title = one_line(&about.title.to(style.language));
    let mut text = format!("{}  {title}\n", paint.strong(&offer.name));
    let facts = facts(offer, about, variants);
    let labels = facts
        .iter()
        .map(|(label, _)| columns(&label.to(style.language)));
    let indent = labels.max().unwrap_or_default() + 4;
    let rows: Vec<Vec<String>> = facts
        .into_iter()
        .map(|(label, fact)| {
            let room = style.width.saturating_sub(indent);
            let fact = wrapped(&one_line(&fact.to(style.language)), room, "");
            vec![format!("  {}", label.to(style.language)), fact]
        })
        .collect();
    text += &aligned(&spread(rows));
    if variants {
        for variant in &about.variants {
            let summary = one_line(&variant.summary.to(style.language));
            let line = message!("list-variant", name = &variant.name, summary = summary);
            text += &format!(
                "    - {}\n",
                wrapped(
                    &line.to(style.language),
                    style.width.saturating_sub(6),
                    "      "
                )
            );
        }
    }
    text
}

/// A row of its own for each line of a cell.
fn spread(rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let mut spread = Vec::new();
    for row in rows {
        let (label, fact) = (row[0].clone(), row[1].clone());
        for (index, line) in fact.split('\n').enumerate() {
            let label = if index == 0 {
                label.clone()
            } else {
                String::new()
            };
            spread.push(vec![label, line.to_owned()]);
        }
    }
    spread
}

fn facts(offer: &Offer, about: &About, variants: bool) -> Vec<(Message, Message)> {
    let count = about.variants.len();
    let faults = match (count, variants) {
        (_, true) => message!("list-variants-below", count = count),
        (_, false) => message!("list-variants", count = count),
    };
    let cost = match (&about.hourly_usd, about.simulator_only) {
        (_, true) => message!("list-simulator-only"),
        (None, false) => message!("list-cost-unknown"),
        (Some((usd, note)), false) => match note {
            Some(note) => message!("list-cost-noted", usd = format!("{usd:.2}"), note = note),
            None => message!("list-cost", usd = format!("{usd:.2}")),
        },
    };
    let lesson = match about.languages.as_slice() {
        [] => message!("list-lesson-none"),
        languages => languages
            .iter()
            .map(|language| named(*language))
            .collect::<Vec<_>>()
            .into(),
    };
    let from = match &offer.directory {
        Some(directory) => directory.as_str().into(),
        None => message!("list-built-in"),
    };
    vec![
        (message!("list-faults-label"), faults),
        (message!("list-cost-label"), cost),
        (message!("list-lesson-label"), lesson),
        (message!("list-from-label"), from),
        (
            message!("list-start-label"),
            format!("breakfix start {}", offer.name).into(),
        ),
    ]
}

/// By its own name, for those who look for it.
fn named(language: Language) -> Message {
    match language {
        Language::English => "English",
        Language::Japanese => "日本語",
    }
    .into()
}

/// For programs: titles and summaries in every language.
pub fn json(offers: &[Offer], variants: bool) -> String {
    let offers: Vec<Value> = offers.iter().map(|offer| view(offer, variants)).collect();
    format!("{:#}\n", json!({ "version": VERSION, "scenarios": offers }))
}

fn view(offer: &Offer, variants: bool) -> Value {
    let mut view =
        json!({ "name": offer.name, "directory": offer.directory, "error": offer.error });
    let Some(about) = &offer.about else {
        return view;
    };
    view["title"] = in_every_language(&about.title);
    view["variant_count"] = json!(about.variants.len());
    view["hourly_usd"] = json!(about.hourly_usd.as_ref().map(|(usd, _)| usd));
    view["simulator_only"] = json!(about.simulator_only);
    view["lesson_languages"] = about
        .languages
        .iter()
        .map(|language| json!(language.tag()))
        .collect();
    view["start"] = json!(format!("breakfix start {}", offer.name));
    if variants {
        let variants = about.variants.iter();
        view["variants"] = variants
            .map(|variant| json!({ "name": variant.name, "summary": in_every_language(&variant.summary) }))
            .collect();
    }
    view
}

fn in_every_language(text: &Message) -> Value {
    let languages = Language::ALL.into_iter();
    let texts = languages.map(|language| (language.tag().to_owned(), json!(text.to(language))));
    Value::Object(texts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::offer::OfferedVariant;

    fn offer() -> Offer {
        let variant = OfferedVariant {
            name: "root-only".to_owned(),
            summary: "the key policy knows the root only".into(),
        };
        Offer {
            name: "lost".to_owned(),
            about: Some(About {
                title: Message::Written {
                    en: "Lost nodes".to_owned(),
                    ja: Some("消えたノード".to_owned()),
                },
                variants: vec![variant],
                hourly_usd: Some((0.1, Some("one m5.large".to_owned()))),
                simulator_only: false,
                languages: vec![Language::English, Language::Japanese],
            }),
            error: None,
            directory: None,
        }
    }

    #[test]
    fn a_fault_is_named_only_when_it_is_asked_for() {
        let shown = |variants| render(&[offer()], variants, Style::plain(Language::English));
        assert!(
            !shown(false).contains("root-only") && !shown(false).contains("key policy"),
            "{}",
            shown(false)
        );
        assert!(
            shown(true).contains("    - root-only: the key policy knows the root only\n"),
            "{}",
            shown(true)
        );
        assert!(!json(&[offer()], false).contains("root-only"));
        assert!(json(&[offer()], true).contains("root-only"));
    }

    #[test]
    fn a_scenario_says_what_it_costs_and_how_it_starts() {
        let shown = render(&[offer()], false, Style::plain(Language::Japanese));
        for part in [
            "lost  消えたノード\n",
            "0.10",
            "English",
            "日本語",
            "breakfix start lost",
        ] {
            assert!(shown.contains(part), "{shown}");
        }
    }
}
