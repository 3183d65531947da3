//! World time inside objects: how it is stored, and how it is turned into what a client reads.
//!
//! Objects never hold a written date of their own making. They hold a *moment* of world time, because the world's clock
//! may jump and every date that a client has not seen yet moves with it.

use serde_json::{Map, Value, json};

const MICROS_PER_SECOND: i64 = 1_000_000;

/// The clock as a request sees it.
#[derive(Clone, Copy)]
pub struct Times<'a> {
    /// World time of the request, in microseconds.
    pub now: i64,
    /// Which instant a client is shown for a moment of world time (microseconds).
    pub shown: &'a dyn Fn(i64) -> jiff::Timestamp,
}

/// A moment of world time (microseconds), to be put where Kubernetes has a time.
pub fn moment(micros: i64) -> Value {
    json!({ "$moment": micros })
}

/// The moment (microseconds of world time) that [`moment`] made a value of, if it did.
pub fn moment_of(value: &Value) -> Option<i64> {
    value.get("$moment")?.as_i64()
}

/// A time that a healthy component renews every `period` microseconds since the moment `from`: a kubelet's heartbeat, a
/// lease. It is shown as the latest renewal, without anybody having to write the object again.
pub fn renewed_every(from: i64, period: i64) -> Value {
    json!({ "$renewed": { "from": from, "every": period } })
}

impl Times<'_> {
    /// The object with every moment written as RFC 3339.
    pub(super) fn render(&self, value: &Value) -> Value {
        self.render_field("", value)
    }

    fn render_field(&self, field: &str, value: &Value) -> Value {
        if let Some(micros) = self.moment_in(value) {
            return Value::String(self.written(field, micros));
        }
        match value {
            Value::Object(map) => map
                .iter()
                .map(|(key, value)| (key.clone(), self.render_field(key, value)))
                .collect::<Map<_, _>>()
                .into(),
            Value::Array(items) => items
                .iter()
                .map(|item| self.render_field(field, item))
                .collect(),
            other => other.clone(),
        }
    }

    /// Fields of type `MicroTime` carry six decimals, all others (`Time`) none.
    fn written(&self, field: &str, micros: i64) -> String {
        let instant = (self.shown)(micros);
        match field {
            "renewTime" | "acquireTime" | "eventTime" | "lastObservedTime" => {
                format!("{instant:.6}")
            }
            _ => {
                let second = jiff::Timestamp::from_second(instant.as_second()).unwrap_or(instant);
                second.to_string()
            }
        }
    }

    /// The moment that a stored value stands for, if it is one.
    fn moment_in(&self, value: &Value) -> Option<i64> {
        let map = value.as_object().filter(|map| map.len() == 1)?;
        if let Some(micros) = map.get("$moment") {
            return micros.as_i64();
        }
        let renewed = map.get("$renewed")?;
        let (from, every) = (renewed["from"].as_i64()?, renewed["every"].as_i64()?);
        let renewals = (self.now - from).max(0).checked_div(every)?;
        Some(from + renewals * every)
    }

    /// `new` with every time that reads as in `old` put back as the moment it stands for. A client that reads an object
    /// and writes it again sends text; the text must not freeze the time.
    pub(super) fn restore(&self, new: &mut Value, old: &Value) {
        self.restore_field("", new, old);
    }

    fn restore_field(&self, field: &str, new: &mut Value, old: &Value) {
        if let Some(micros) = self.moment_in(old) {
            if new.as_str() == Some(self.written(field, micros).as_str()) {
                *new = old.clone();
            }
            return;
        }
        match (new, old) {
            (Value::Object(new), Value::Object(old)) => {
                for (key, value) in new {
                    if let Some(old) = old.get(key) {
                        self.restore_field(key, value, old);
                    }
                }
            }
            (Value::Array(new), Value::Array(old)) => {
                for (value, old) in new.iter_mut().zip(old) {
                    self.restore_field(field, value, old);
                }
            }
            _ => {}
        }
    }

    /// How long ago a stored time was, as printed in an AGE column; `None` when the value holds no time.
    pub(super) fn age(&self, value: &Value) -> Option<String> {
        let micros = match self.moment_in(value) {
            Some(micros) => self.now - micros,
            None => {
                let written: jiff::Timestamp = value.as_str()?.parse().ok()?;
                (self.shown)(self.now).as_microsecond() - written.as_microsecond()
            }
        };
        Some(human_duration(micros.div_euclid(MICROS_PER_SECOND)))
    }
}

/// A duration in seconds as Kubernetes prints ages: the two leading units at most, the lesser one only while it matters.
pub(super) fn human_duration(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let (days, years) = (hours / 24, hours / (24 * 365));
    if seconds < -1 {
        return "<invalid>".to_owned();
    }
    match () {
        () if seconds < 120 => format!("{}s", seconds.max(0)),
        () if minutes < 10 => two_units(minutes, "m", seconds % 60, "s"),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 => two_units(hours, "h", minutes % 60, "m"),
        () if hours < 48 => format!("{hours}h"),
        () if days < 8 => two_units(days, "d", hours % 24, "h"),
        () if years < 2 => format!("{days}d"),
        () if years < 8 => two_units(years, "y", days % 365, "d"),
        () => format!("{years}y"),
    }
}

fn two_units(large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    if small == 0 {
        format!("{large}{large_unit}")
    } else {
        format!("{large}{large_unit}{small}{small_unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(now: i64) -> Times<'static> {
        Times {
            now,
            shown: &|micros| {
                jiff::Timestamp::from_microsecond(1_795_341_600_000_000 + micros).unwrap()
            },
        }
    }

    #[test]
    fn ages_read_as_kubectl_prints_them() {
        // Taken from kubectl itself.
        let golden = "0=0s 1=1s 59=59s 60=60s 119=119s 120=2m 121=2m1s 179=2m59s 180=3m 599=9m59s 600=10m 659=10m \
            10740=179m 10799=179m 10800=3h 10859=3h 10860=3h1m 28740=7h59m 28800=8h 29100=8h 169200=47h 172799=47h \
            172800=2d 176400=2d1h 259200=3d 687600=7d23h 691200=8d 709200=8d 8640000=100d 62985600=729d 63072000=2y \
            63331200=2y3d 252201600=7y364d 252288000=8y 252374400=8y -1=0s -2=<invalid>";
        for pair in golden.split_whitespace() {
            let (seconds, text) = pair.split_once('=').unwrap();
            assert_eq!(
                human_duration(seconds.parse().unwrap()),
                text,
                "{seconds} seconds"
            );
        }
    }

    #[test]
    fn moments_become_dates_of_the_precision_of_their_field() {
        let object = json!({ "creationTimestamp": moment(1_500_000), "spec": { "renewTime": moment(1_500_000) }, "list": [moment(0)] });
        assert_eq!(
            times(0).render(&object),
            json!({ "creationTimestamp": "2026-11-22T10:00:01Z", "spec": { "renewTime": "2026-11-22T10:00:01.500000Z" }, "list": ["2026-11-22T10:00:00Z"] })
        );
    }

    #[test]
    fn a_renewed_time_is_the_latest_renewal() {
        let heartbeat = renewed_every(1_000_000, 10_000_000);
        assert_eq!(
            times(25_000_000).render(&heartbeat),
            json!("2026-11-22T10:00:21Z")
        );
        assert_eq!(times(0).render(&heartbeat), json!("2026-11-22T10:00:01Z"));
    }

    #[test]
    fn a_date_that_a_client_sends_back_unchanged_is_a_moment_again() {
        let old = json!({ "a": moment(5_000_000), "b": moment(5_000_000) });
        let mut new = json!({ "a": "2026-11-22T10:00:05Z", "b": "2030-01-01T00:00:00Z" });
        times(0).restore(&mut new, &old);
        assert_eq!(
            new,
            json!({ "a": moment(5_000_000), "b": "2030-01-01T00:00:00Z" })
        );
    }

    #[test]
    fn an_age_counts_from_a_moment_or_from_a_written_date() {
        assert_eq!(times(189_000_000).age(&moment(0)).as_deref(), Some("3m9s"));
        assert_eq!(
            times(189_000_000)
                .age(&json!("2026-11-22T10:00:00Z"))
                .as_deref(),
            Some("3m9s")
        );
        assert_eq!(times(0).age(&Value::Null), None);
    }
}
