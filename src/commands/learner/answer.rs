//! `breakfix answer STEP VALUE`: what the learner found out, compared with the environment as it is now.

use serde_json::json;

use super::super::content::{Refused, refused};
use super::super::manners::Manners;
use super::super::output;
use super::Learner;
use crate::language::Message;
use crate::message;
use crate::outcome::Exit;
use crate::progress::Note;
use crate::report::learner;
use crate::scenario::Finding;
use crate::scenario::fact::{Fact, Known};
use crate::scenario::guidance::{Kind, Step};
use crate::scenario::observation::{Observation, Wanted};

/// What was found out.
#[derive(Debug, Clone)]
pub struct AnswerRequest {
    pub session: Option<String>,
    pub step: String,
    pub value: String,
    pub json: bool,
}

/// What an answer comes to.
struct Judged {
    exit: Exit,
    says: Message,
}

/// Compares the answer, and says what it is where it is something else.
///
/// # Errors
/// When the session's environment cannot be reached.
pub fn answer(request: &AnswerRequest, manners: Manners) -> anyhow::Result<Exit> {
    let learner = match Learner::open(request.session.as_deref(), manners)? {
        Ok(learner) => learner,
        Err(Refused { exit, text }) => {
            output::complain(&text);
            return Ok(exit);
        }
    };
    let asked = learner.step(&request.step).and_then(|step| {
        let finding = finding_of(&learner, step)?;
        Ok((step, finding))
    });
    let (step, finding) = match asked {
        Ok(asked) => asked,
        Err(Refused { exit, text }) => {
            output::complain(&text);
            return Ok(exit);
        }
    };
    let judged = judge(&learner, step, finding, &request.value)?;
    if judged.exit == Exit::Met {
        learner.open_step(&step.id)?;
        let (step, finding) = (step.id.clone(), finding.id.clone());
        learner.note(Note::Answered { step, finding })?;
    }
    tell(&learner, request, &judged)?;
    Ok(judged.exit)
}

fn tell(learner: &Learner, request: &AnswerRequest, judged: &Judged) -> anyhow::Result<()> {
    let standing = learner.look()?;
    let says = learner.say(&judged.says);
    if request.json {
        let members = json!({
            "exit_code": judged.exit as u8, "step": request.step, "right": judged.exit == Exit::Met, "says": says,
            "newly_done": standing.newly_done,
        });
        let session = learner.session.outcome();
        output::say(&learner::status_json(
            &session,
            &standing.progress,
            &standing.checks,
            members,
        ));
        return Ok(());
    }
    let next = match judged.exit {
        Exit::Met => format!("\n{}", learner::next(&standing.progress, learner.style)),
        _ => String::new(),
    };
    output::say(&format!("{}\n{next}", learner.wrapped(&says)));
    Ok(())
}

fn finding_of<'a>(learner: &'a Learner, step: &Step) -> Result<&'a Finding, Refused> {
    let mut evidence = step.evidence.iter();
    let id = evidence.find_map(|evidence| match evidence.kind() {
        Kind::Answered(finding) => Some(finding),
        _ => None,
    });
    let mut findings = learner.session.chosen().findings.iter();
    let found = id.and_then(|id| findings.find(|finding| finding.id == id));
    found.ok_or_else(|| {
        let asking = learner.steps.iter().filter(|step| {
            let mut kinds = step.evidence.iter().map(|evidence| evidence.kind());
            kinds.any(|kind| matches!(kind, Kind::Answered(_)))
        });
        let asking: Vec<&str> = asking.map(|step| step.id.as_str()).collect();
        let text = message!(
            "answer-not-asked",
            step = &step.id,
            asking = asking.join(", ")
        );
        refused(Exit::Usage, learner.say(&text))
    })
}

fn judge(learner: &Learner, step: &Step, finding: &Finding, said: &str) -> anyhow::Result<Judged> {
    let values = learner.session.values();
    let fill = |fact: &Fact| values.fill_all(fact);
    let value = fill(&finding.value)?;
    let others = learner.session.chosen().findings.iter();
    let others: Vec<(&Finding, Fact)> = others
        .filter(|other| other.id != finding.id)
        .filter_map(|other| Some((other, fill(&other.value).ok()?)))
        .collect();
    let near = finding.near.iter();
    let near: Vec<(Message, Fact)> = near
        .filter_map(|near| Some((Message::from(&near.is), fill(&near.value).ok()?)))
        .collect();
    let mut wanted = Wanted::default();
    let facts = others
        .iter()
        .map(|(_, fact)| fact)
        .chain(near.iter().map(|(_, fact)| fact));
    facts
        .chain([&value])
        .for_each(|fact| fact.wants(&mut wanted));
    let observation = learner.runtime.block_on(learner.session.observed(&wanted));
    let known = match value.value(&observation) {
        Ok(known) => known,
        Err(why) => {
            let says = message!("answer-cannot-tell", why = why);
            return Ok(Judged {
                exit: Exit::CannotTell,
                says,
            });
        }
    };
    if known.is_meant_by(said) {
        let says = message!("answer-right", step = &step.id, value = known.shown());
        return Ok(Judged {
            exit: Exit::Met,
            says,
        });
    }
    let look = filled(learner, &finding.look);
    let is = |fact: &Fact| said_to_be(fact, &observation, said);
    let near = near
        .iter()
        .find(|(_, fact)| is(fact))
        .map(|(what, _)| what.clone());
    let other = || {
        let (other, _) = others.iter().find(|(_, fact)| is(fact))?;
        Some(message!("answer-of-another", question = &other.question))
    };
    let says = match near.or_else(other) {
        Some(what) => message!("answer-near", said = said.trim(), what = what, look = look),
        None => message!("answer-wrong", look = look),
    };
    Ok(Judged {
        exit: Exit::Failed,
        says,
    })
}

fn said_to_be(fact: &Fact, observation: &Observation, said: &str) -> bool {
    let known: Option<Known> = fact.value(observation).ok();
    known.is_some_and(|known| known.is_meant_by(said))
}

/// A text of the scenario, with names filled in.
pub(super) fn filled(learner: &Learner, text: &crate::scenario::Translated) -> Message {
    let values = learner.session.values();
    Message::Written {
        en: values.fill_known(&text.en),
        ja: text.ja.as_deref().map(|ja| values.fill_known(ja)),
    }
}
