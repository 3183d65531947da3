//! `sleep` as lessons and hooks find it on their PATH when the clock is the simulator's: world time
//! passes instead, and only what is left of it on the wall clock is slept.

use std::process::ExitCode;
use std::time::Duration;

use super::control::Control;
use super::output;

/// The shim's `main`: arguments as of coreutils' `sleep`.
pub fn main(arguments: &[String]) -> ExitCode {
    match sleep(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            output::complain(&format!("sleep: {why}"));
            ExitCode::FAILURE
        }
    }
}

fn sleep(arguments: &[String]) -> Result<(), String> {
    let mut total = Duration::ZERO;
    if arguments.is_empty() {
        return Err("missing operand".to_owned());
    }
    for argument in arguments {
        total = total.saturating_add(interval(argument)?);
    }
    std::thread::sleep(pass(total).unwrap_or(total));
    Ok(())
}

/// `1.5`, `2s`, `3m`, `4h`, `5d`, `inf`.
pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    let invalid = || format!("invalid time interval '{text}'");
    let unit = match text.chars().last() {
        Some('s') => 1.0,
        Some('m') => 60.0,
        Some('h') => 3600.0,
        Some('d') => 86_400.0,
        _ => return seconds(text).ok_or_else(invalid),
    };
    let number: f64 = text[..text.len() - 1].parse().map_err(|_| invalid())?;
    seconds(&(number * unit).to_string()).ok_or_else(invalid)
}

fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.parse().ok()?;
    (seconds >= 0.0).then(|| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

/// Lets world time pass; what is left to sleep on the wall clock. `None` without a simulator.
fn pass(total: Duration) -> Option<Duration> {
    let micros = u64::try_from(total.as_micros()).ok()?;
    let body = Control::of_environment()?
        .ask("POST", &format!("sleep?micros={micros}"))
        .ok()?;
    let left = String::from_utf8(body).ok()?.parse().ok()?;
    Some(Duration::from_micros(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_coreutils() {
        assert_eq!(interval("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(interval("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(interval("inf"), Ok(Duration::MAX));
        assert_eq!(
            interval("soon"),
            Err("invalid time interval 'soon'".to_owned())
        );
        assert!(interval("-1").is_err());
    }
}
