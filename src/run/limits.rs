//! Which limit ends what is going on: several hold at once (the block's, its page's, the run's), the
//! nearest one fires, and its text says where it was written. Pure: time comes in as a value.

use std::time::Duration;

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// The lab's world, whose clock may jump.
    World,
    /// The wall: the whole run, across worlds.
    Real,
}

/// One reading of both clocks, without the time for which we were stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Now {
    pub(crate) world: Duration,
    pub(crate) real: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limit {
    clock: Clock,
    end: Duration,
    /// Which limit it is and where it was written.
    text: String,
}

impl Limit {
    /// A limit that fires `after` this moment.
    pub(crate) fn new(clock: Clock, now: Now, after: Duration, text: String) -> Limit {
        Limit {
            clock,
            end: now.of(clock).saturating_add(after),
            text,
        }
    }

    pub(crate) fn left(&self, now: Now) -> Duration {
        self.end.saturating_sub(now.of(self.clock))
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The same limit with some time more, for what must run although it fired.
    pub(crate) fn extended(&self, by: Duration) -> Limit {
        Limit {
            clock: self.clock,
            end: self.end.saturating_add(by),
            text: format!("{}, and {} s more to clean up", self.text, by.as_secs()),
        }
    }
}

impl Now {
    fn of(self, clock: Clock) -> Duration {
        match clock {
            Clock::World => self.world,
            Clock::Real => self.real,
        }
    }
}

/// Limits that hold together, the innermost first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Limits(Vec<Limit>);

impl Limits {
    pub(crate) fn of(limits: impl IntoIterator<Item = Limit>) -> Limits {
        Limits(limits.into_iter().collect())
    }

    /// These and one within them.
    pub(crate) fn with(&self, inner: Limit) -> Limits {
        Limits::of(std::iter::once(inner).chain(self.0.iter().cloned()))
    }

    pub(crate) fn extended(&self, by: Duration) -> Limits {
        Limits::of(self.0.iter().map(|limit| limit.extended(by)))
    }

    /// Time left on the nearest.
    pub(crate) fn left(&self, now: Now) -> Duration {
        let left = self.0.iter().map(|limit| limit.left(now));
        left.min().unwrap_or(Duration::MAX)
    }

    /// The text of the limit that is over: the innermost of them.
    pub(crate) fn fired(&self, now: Now) -> Option<&str> {
        let mut over = self.0.iter().filter(|limit| limit.left(now).is_zero());
        over.next().map(Limit::text)
    }
}

/// A duration as annotations and options write it: in seconds.
pub(crate) fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(world: u64, real: u64) -> Now {
        Now {
            world: Duration::from_secs(world),
            real: Duration::from_secs(real),
        }
    }

    fn limits(now: Now) -> Limits {
        let limit = |clock, seconds, text: &str| {
            Limit::new(clock, now, Duration::from_secs(seconds), text.to_owned())
        };
        Limits::of([
            limit(Clock::World, 60, "block"),
            limit(Clock::World, 300, "page"),
            limit(Clock::Real, 30, "run"),
        ])
    }

    #[test]
    fn the_nearest_limit_counts_on_its_own_clock() {
        let limits = limits(at(1000, 5));
        let check = |now, left, fired| {
            assert_eq!(
                (limits.left(now).as_secs(), limits.fired(now)),
                (left, fired)
            );
        };
        check(at(1000, 5), 30, None);
        check(at(1050, 6), 10, None);
        check(at(1060, 6), 0, Some("block"));
        check(at(2000, 6), 0, Some("block"));
        check(at(1010, 35), 0, Some("run"));
    }

    #[test]
    fn without_limits_nothing_fires() {
        assert_eq!(Limits::default().left(at(0, 0)), Duration::MAX);
        assert_eq!(Limits::default().fired(at(9, 9)), None);
    }

    #[test]
    fn cleaning_up_gets_more_time() {
        let extended = limits(at(0, 0)).extended(Duration::from_secs(60));
        assert_eq!(extended.fired(at(0, 89)), None);
        assert_eq!(
            extended.fired(at(0, 90)),
            Some("run, and 60 s more to clean up")
        );
    }
}
