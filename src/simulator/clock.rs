//! World time as a value. The wall clock is read elsewhere and handed in.
//!
//! World time may run ahead of the wall clock (a jump, a faster pace). Clients must never see an
//! instant that lies in their future, so what they are shown is shifted: a jump of the world moves
//! everything that exists into the past instead (`World::shown`).

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in world time: microseconds on the world's own time line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Moment(i64);

impl Moment {
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Time from `earlier` to this moment; zero when `earlier` is later.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;
    fn add(self, duration: Duration) -> Moment {
        Moment(self.0.saturating_add(micros_of(duration)))
    }
}

impl Sub<Duration> for Moment {
    type Output = Moment;
    fn sub(self, duration: Duration) -> Moment {
        Moment(self.0.saturating_sub(micros_of(duration)))
    }
}

fn micros_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// How fast world time flows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Pace {
    /// Like `Real`, and jumps to the next transition when a waiter asks or a lesson waits.
    Instant,
    Real,
    /// So many times as fast as the wall clock.
    Times(f64),
}

impl Pace {
    fn rate(self) -> f64 {
        match self {
            Pace::Instant | Pace::Real => 1.0,
            Pace::Times(rate) => rate,
        }
    }

    /// Whether waiting may be replaced by a jump.
    pub fn jumps(self) -> bool {
        self == Pace::Instant
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pace::Instant => formatter.write_str("instant"),
            Pace::Real => formatter.write_str("real"),
            Pace::Times(rate) => write!(formatter, "{rate}x"),
        }
    }
}

impl FromStr for Pace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "instant" => Ok(Pace::Instant),
            "real" => Ok(Pace::Real),
            _ => text
                .strip_suffix('x')
                .and_then(|number| number.parse::<f64>().ok())
                .filter(|rate| (0.001..=100_000.0).contains(rate))
                .map(Pace::Times)
                .ok_or_else(|| {
                    format!(
                        "{text:?} is not a clock: use `instant`, `real` or a speed such as `20x`"
                    )
                }),
        }
    }
}

/// Maps the wall clock to world time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    pace: Pace,
    wall_anchor: i64,
    world_anchor: Moment,
    /// Whether it stands still.
    #[serde(default)]
    frozen: bool,
}

impl Clock {
    /// A clock that shows the wall time at `wall_micros` and flows at `pace` from there.
    pub fn new(pace: Pace, wall_micros: i64) -> Self {
        Self {
            pace,
            wall_anchor: wall_micros,
            world_anchor: Moment(wall_micros),
            frozen: false,
        }
    }

    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// The same clock, at another pace from `wall_micros` on.
    #[must_use]
    pub fn paced(&self, pace: Pace, wall_micros: i64) -> Self {
        Self {
            pace,
            wall_anchor: wall_micros,
            world_anchor: self.at(wall_micros),
            frozen: self.frozen,
        }
    }

    /// The same clock, standing still from `wall_micros` on, or flowing again.
    #[must_use]
    pub fn frozen(&self, frozen: bool, wall_micros: i64) -> Self {
        Self {
            frozen,
            ..self.paced(self.pace, wall_micros)
        }
    }

    pub fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// World time at a wall time.
    pub fn at(&self, wall_micros: i64) -> Moment {
        if self.frozen {
            return self.world_anchor;
        }
        let elapsed = wall_micros.saturating_sub(self.wall_anchor).max(0) as f64;
        Moment(
            self.world_anchor
                .0
                .saturating_add((elapsed * self.pace.rate()) as i64),
        )
    }

    /// Wall time at which the world will reach `moment` by flowing alone.
    pub fn wall_of(&self, moment: Moment) -> i64 {
        if self.frozen && moment > self.world_anchor {
            return i64::MAX;
        }
        let ahead = moment.0.saturating_sub(self.world_anchor.0).max(0) as f64;
        self.wall_anchor
            .saturating_add((ahead / self.pace.rate()) as i64)
    }

    /// Puts the world at `moment` now; earlier moments than the present are ignored.
    pub fn jump(&mut self, wall_micros: i64, moment: Moment) {
        self.world_anchor = self.at(wall_micros).max(moment);
        self.wall_anchor = wall_micros;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_moves_the_world_ahead_of_the_wall_and_time_flows_on_from_there() {
        let mut clock = Clock::new(Pace::Instant, 1_000_000);
        clock.jump(2_000_000, Moment(62_000_000));
        assert_eq!(clock.at(2_000_000), Moment(62_000_000));
        assert_eq!(clock.at(3_000_000), Moment(63_000_000));
        assert_eq!(clock.wall_of(Moment(63_000_000)), 3_000_000);
    }

    #[test]
    fn time_that_stood_still_goes_on_where_it_stopped() {
        let frozen = Clock::new(Pace::Times(20.0), 0).frozen(true, 1_000_000);
        assert_eq!(frozen.at(900_000_000), Moment(20_000_000));
        assert_eq!(frozen.wall_of(Moment(20_000_001)), i64::MAX);
        let thawed = frozen.frozen(false, 900_000_000);
        assert_eq!(thawed.at(901_000_000), Moment(40_000_000));
    }

    #[test]
    fn a_jump_into_the_past_changes_nothing() {
        let mut clock = Clock::new(Pace::Real, 0);
        clock.jump(5_000_000, Moment(1_000_000));
        assert_eq!(clock.at(5_000_000), Moment(5_000_000));
    }

    #[test]
    fn a_pace_is_instant_real_or_a_speed() {
        assert_eq!("instant".parse(), Ok(Pace::Instant));
        assert_eq!("20x".parse(), Ok(Pace::Times(20.0)));
        assert!("fast".parse::<Pace>().is_err());
        assert!("0x".parse::<Pace>().is_err());
        assert!("-3x".parse::<Pace>().is_err());
    }

    #[test]
    fn twenty_times_is_twenty_times() {
        let clock = Clock::new(Pace::Times(20.0), 0);
        assert_eq!(clock.at(1_000_000), Moment(20_000_000));
        assert_eq!(clock.wall_of(Moment(20_000_000)), 1_000_000);
    }
}
