//! Trouble on purpose: some requests are throttled, fail or wait before anything handles them, as on a bad day of the
//! real services, so that clients' retries are exercised.
//!
//! What happens to the nth request of a port follows from the seed and n alone.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response};

use super::kubernetes;
use super::refusal::Refusal;
use super::wire::{Protocol, Service};

/// Which trouble, and how much of it; the default is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Chaos {
    /// Share of requests that are told to come again more slowly, from 0 to 1.
    pub throttle: f64,
    /// Share of requests that fail for no reason of theirs, from 0 to 1.
    pub error: f64,
    /// How long requests wait first.
    pub latency: RangeInclusive<Duration>,
    pub seed: u64,
}

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Trouble {
    pub(super) latency: Duration,
    pub(super) fault: Option<Fault>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fault {
    Throttled,
    Failed,
}

/// The trouble of one port, request by request.
pub(super) struct Troubles {
    chaos: Chaos,
    requests: AtomicU64,
}

impl Default for Chaos {
    fn default() -> Self {
        Self {
            throttle: 0.0,
            error: 0.0,
            latency: Duration::ZERO..=Duration::ZERO,
            seed: 0,
        }
    }
}

impl Chaos {
    /// Whether requests are left alone.
    fn is_none(&self) -> bool {
        self.throttle + self.error <= 0.0 && self.latency.end().is_zero()
    }

    /// What happens to the request of this number.
    fn trouble(&self, request: u64) -> Trouble {
        // Neighbouring seeds begin alike: the request's number goes into a stirred one.
        let stirred = fastrand::Rng::with_seed(self.seed).u64(..);
        let mut dice = fastrand::Rng::with_seed(stirred.wrapping_add(request));
        dice.u64(..);
        let (shortest, longest) = (*self.latency.start(), *self.latency.end());
        let latency = shortest + (longest - shortest).mul_f64(dice.f64());
        let drawn = dice.f64();
        let fault = if drawn < self.throttle {
            Some(Fault::Throttled)
        } else if drawn < self.throttle + self.error {
            Some(Fault::Failed)
        } else {
            None
        };
        Trouble { latency, fault }
    }
}

impl Troubles {
    pub(super) fn new(chaos: &Chaos) -> Self {
        Self {
            chaos: chaos.clone(),
            requests: AtomicU64::new(0),
        }
    }

    pub(super) fn are_none(&self) -> bool {
        self.chaos.is_none()
    }

    /// What happens to the next request.
    pub(super) fn next(&self) -> Trouble {
        let request = self.requests.fetch_add(1, Ordering::Relaxed);
        self.chaos.trouble(request)
    }
}

/// `throttle=0.1,error=0.05,latency=50ms..400ms,seed=7`, each of them optional.
impl FromStr for Chaos {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut chaos = Chaos::default();
        let mut given = Vec::new();
        for part in text.split(',') {
            let (name, value) = part.split_once('=').ok_or_else(|| {
                format!("{part:?} is no trouble: write throttle=0.1, error=0.05, latency=200ms or seed=7, joined by commas")
            })?;
            if given.contains(&name) {
                return Err(format!("{name} is given twice: leave one out"));
            }
            given.push(name);
            match name {
                "throttle" => chaos.throttle = share(name, value)?,
                "error" => chaos.error = share(name, value)?,
                "latency" => chaos.latency = latency(value)?,
                "seed" => {
                    chaos.seed = value.parse().map_err(|_| {
                        format!("{value:?} is no seed: write a whole number, such as seed=7")
                    })?;
                }
                _ => {
                    return Err(format!(
                        "{name:?} is no trouble: there are throttle, error, latency and seed"
                    ));
                }
            }
        }
        if chaos.throttle + chaos.error > 1.0 {
            let sum = chaos.throttle + chaos.error;
            return Err(format!(
                "throttle and error together are {sum}: they share the requests, so write at most 1"
            ));
        }
        Ok(chaos)
    }
}

/// As it is written on the command line.
impl fmt::Display for Chaos {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shortest, longest) = (
            self.latency.start().as_millis(),
            self.latency.end().as_millis(),
        );
        write!(
            formatter,
            "throttle={},error={},latency={shortest}ms..{longest}ms,seed={}",
            self.throttle, self.error, self.seed
        )
    }
}

fn share(name: &str, value: &str) -> Result<f64, String> {
    let share = value.parse::<f64>().ok();
    share
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| {
            format!(
                "{value:?} is no share of requests: write a number from 0 to 1, such as {name}=0.1"
            )
        })
}

fn latency(value: &str) -> Result<RangeInclusive<Duration>, String> {
    let (shortest, longest) = value.split_once("..").unwrap_or((value, value));
    match (duration(shortest), duration(longest)) {
        (Some(shortest), Some(longest)) if shortest <= longest => Ok(shortest..=longest),
        _ => Err(format!(
            "{value:?} is no latency: write latency=200ms, latency=1s or, from the shortest to the longest, latency=50ms..400ms; up to 60s"
        )),
    }
}

/// `200ms` or `1s`, up to a minute.
fn duration(text: &str) -> Option<Duration> {
    let duration = if let Some(number) = text.strip_suffix("ms") {
        Duration::from_millis(number.parse().ok()?)
    } else {
        Duration::from_secs(text.strip_suffix('s')?.parse().ok()?)
    };
    (duration <= Duration::from_secs(60)).then_some(duration)
}

impl Fault {
    /// As an AWS service words it. Texts are those that clients print for the real services; only codes are matched on.
    pub(super) fn refusal(self, service: &Service) -> Refusal {
        match self {
            Fault::Throttled => throttled(service.protocol),
            Fault::Failed => failed(service),
        }
    }

    /// As the Kubernetes API words it, with the header that makes clients come again.
    pub(super) fn status(self) -> Response<Bytes> {
        let (code, reason, message) = match self {
            Fault::Throttled => (
                429,
                "TooManyRequests",
                "Too many requests, please try again later.",
            ),
            Fault::Failed => (
                503,
                "ServiceUnavailable",
                "the server is currently unable to handle the request",
            ),
        };
        let mut response = kubernetes::failure(code, reason, message);
        response
            .headers_mut()
            .insert("retry-after", HeaderValue::from_static("1"));
        response
    }
}

fn throttled(protocol: Protocol) -> Refusal {
    match protocol {
        Protocol::Ec2 => Refusal::new("RequestLimitExceeded", 503, "Request limit exceeded."),
        Protocol::Query => Refusal::bad("Throttling", "Rate exceeded"),
        Protocol::Json => Refusal::bad("ThrottlingException", "Rate exceeded"),
        Protocol::RestJson => Refusal::new("ThrottlingException", 429, "Rate exceeded"),
    }
}

fn failed(service: &Service) -> Refusal {
    let code = match (service.signing_name, service.protocol) {
        ("kms", _) => "KMSInternalException",
        ("iam", _) => "ServiceFailure",
        (_, Protocol::Ec2) => "InternalError",
        (_, Protocol::RestJson) => "ServerException",
        (_, Protocol::Query | Protocol::Json) => "InternalFailure",
    };
    Refusal::new(code, 500, "An internal error has occurred")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chaos(text: &str) -> Chaos {
        text.parse().unwrap()
    }

    #[test]
    fn every_part_is_optional() {
        let millis = Duration::from_millis;
        assert_eq!(
            chaos("throttle=0.1,latency=50ms..1s,error=0.05,seed=7"),
            Chaos {
                throttle: 0.1,
                error: 0.05,
                latency: millis(50)..=millis(1000),
                seed: 7
            }
        );
        assert_eq!(chaos("latency=200ms").latency, millis(200)..=millis(200));
        assert_eq!(chaos("throttle=0"), Chaos::default());
        let written = chaos("throttle=1,latency=1s").to_string();
        assert_eq!(written, "throttle=1,error=0,latency=1000ms..1000ms,seed=0");
        assert_eq!(chaos(&written), chaos("throttle=1,latency=1s"));
    }

    fn check_refused(text: &str, why: &str) {
        let message = text.parse::<Chaos>().unwrap_err();
        assert!(message.starts_with(why), "{message}");
        assert!(message.contains(": "), "names the way out: {message}");
    }

    #[test]
    fn what_makes_no_sense_is_named_with_the_way_out() {
        check_refused("", "\"\" is no trouble");
        check_refused("throttle", "\"throttle\" is no trouble");
        check_refused("thunder=1", "\"thunder\" is no trouble");
        check_refused("throttle=1.1", "\"1.1\" is no share of requests");
        check_refused("error=-0.1", "\"-0.1\" is no share of requests");
        check_refused("error=NaN", "\"NaN\" is no share of requests");
        check_refused("error=10%", "\"10%\" is no share of requests");
        check_refused("throttle=0.6,error=0.6", "throttle and error together");
        check_refused("throttle=0.1,throttle=0.2", "throttle is given twice");
        for latency in ["200", "1m", "-1s", "2s..1s", "..", "1h", "61s", "1.5s"] {
            check_refused(
                &format!("latency={latency}"),
                &format!("\"{latency}\" is no latency"),
            );
        }
        check_refused("seed=x", "\"x\" is no seed");
    }

    #[test]
    fn trouble_follows_from_seed_and_number_and_comes_as_often_as_asked() {
        let draw = |text: &str| {
            let troubles = Troubles::new(&chaos(text));
            (0..2000).map(|_| troubles.next()).collect::<Vec<_>>()
        };
        let some = draw("throttle=0.3,error=0.1,latency=10ms..20ms,seed=4");
        assert_eq!(
            some,
            draw("throttle=0.3,error=0.1,latency=10ms..20ms,seed=4")
        );
        assert_ne!(
            some,
            draw("throttle=0.3,error=0.1,latency=10ms..20ms,seed=5")
        );
        let count = |fault| some.iter().filter(|one| one.fault == Some(fault)).count();
        assert!((500..700).contains(&count(Fault::Throttled)));
        assert!((140..260).contains(&count(Fault::Failed)));
        let bounds = Duration::from_millis(10)..=Duration::from_millis(20);
        assert!(some.iter().all(|one| bounds.contains(&one.latency)));
        assert!(draw("throttle=1").iter().all(|one| one.fault.is_some()));
        assert!(draw("latency=1ms").iter().all(|one| one.fault.is_none()));
        assert!(Troubles::new(&Chaos::default()).are_none());
    }
}
