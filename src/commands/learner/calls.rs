//! The learner's successful calls: from the simulator's audit, or what the AWS CLI tells of itself on a real account.
//! breakfix's own are left out.

use std::path::Path;

use serde_json::Value;

use super::super::background::Background;
use crate::progress::Call;
use crate::session::ledger::Ledger;
use crate::session::{Session, observed};
use crate::simulator::world::start::OPERATOR;

/// The learner's calls after number `after`, and the number of the newest call of anybody.
///
/// # Errors
/// When the simulator cannot be reached.
pub(super) fn of(session: &Session, after: u64) -> anyhow::Result<(Vec<Call>, u64)> {
    if session.ledger().begun.target.real {
        return Ok(monitored(session.directory(), after));
    }
    let control = Background::of(session.directory()).control()?;
    let events = control.ask_json("GET", &format!("events?after={after}"))?;
    let events = events.as_array().map_or(&[][..], Vec::as_slice);
    let newest = events.last().and_then(|event| event["number"].as_u64());
    let calls = events.iter().filter_map(call).collect();
    Ok((calls, newest.unwrap_or(after)))
}

/// Number of the newest call of anybody.
///
/// # Errors
/// When the simulator cannot be reached.
pub(in super::super) fn newest(ledger: &Ledger) -> anyhow::Result<u64> {
    if ledger.begun.target.real {
        return Ok(monitored(ledger.directory(), 0).1);
    }
    let status = Background::of(ledger.directory())
        .control()?
        .ask_json("GET", "status")?;
    Ok(status["calls"].as_u64().unwrap_or_default())
}

/// What the AWS CLI told of its own calls, on a real account. It does not say on what.
fn monitored(session: &Path, after: u64) -> (Vec<Call>, u64) {
    let calls = observed::read(session).into_iter();
    let calls = calls.filter(|call| call.number > after).map(|call| Call {
        number: call.number,
        service: call.service,
        operation: call.operation,
        resources: None,
    });
    let calls: Vec<Call> = calls.collect();
    let newest = calls.last().map_or(after, |call| call.number);
    (calls, newest)
}

/// A call that somebody other than breakfix made, and that succeeded.
fn call(event: &Value) -> Option<Call> {
    let caller = event["caller"]["arn"].as_str()?;
    let source = event["source"].as_str()?;
    // What a service does in somebody's name was signed by nobody.
    let made_by_hand = source == "kubernetes" || event["access_key"].is_string();
    let own = caller.ends_with(&format!(":user/{OPERATOR}"));
    if own || !made_by_hand || !event["error"].is_null() {
        return None;
    }
    let resources = event["resources"].as_array().into_iter().flatten();
    let names = resources.flat_map(|resource| {
        let kind = resource["kind"].as_str().filter(|_| source == "kubernetes");
        [kind, resource["name"].as_str()]
    });
    Some(Call {
        number: event["number"].as_u64()?,
        service: source.trim_end_matches(".amazonaws.com").to_owned(),
        operation: event["operation"].as_str()?.to_owned(),
        resources: Some(names.flatten().map(str::to_owned).collect()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(caller: &str, access_key: Option<&str>, error: Option<&str>) -> Value {
        json!({
            "number": 7, "source": "eks.amazonaws.com", "operation": "DescribeNodegroup",
            "caller": { "arn": format!("arn:aws:iam::1:{caller}") }, "access_key": access_key,
            "resources": [{ "kind": "AWS::EKS::Nodegroup", "name": "g" }],
            "error": error.map(|code| json!({ "code": code })),
        })
    }

    #[test]
    fn only_successful_calls_of_the_learner_count() {
        let learner = call(&event("user/workshop", Some("AK"), None)).unwrap();
        assert_eq!((learner.number, &*learner.service), (7, "eks"));
        assert_eq!(learner.resources, Some(vec!["g".to_owned()]));
        assert_eq!(call(&event("user/breakfix", Some("AK"), None)), None);
        assert_eq!(
            call(&event("user/workshop", Some("AK"), Some("Denied"))),
            None
        );
        assert_eq!(call(&event("role/r", None, None)), None);
    }
}
