//! How Ctrl-C, SIGTERM and SIGHUP reach a shell that waits: a count, and a pipe that ends its poll.

use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::ioctl_fionbio;

/// Counts the interrupts of a run. Clones share the count, so a signal task can hold one and each
/// shell another.
#[derive(Debug, Clone)]
pub struct Interrupt(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    count: AtomicUsize,
    woken: PipeReader,
    wake: PipeWriter,
}

impl Interrupt {
    /// A count of zero. Fails when the process has no descriptor left for the pipe.
    pub fn new() -> std::io::Result<Interrupt> {
        let (woken, wake) = pipe()?;
        ioctl_fionbio(&woken, true)?;
        ioctl_fionbio(&wake, true)?;
        Ok(Interrupt(Arc::new(Shared {
            count: AtomicUsize::new(0),
            woken,
            wake,
        })))
    }

    /// One more interrupt: the first stops the step, the second ends everything at once.
    pub fn raise(&self) {
        self.0.count.fetch_add(1, Ordering::SeqCst);
        // A full pipe wakes as well as one more byte would.
        let _ = (&self.0.wake).write(b"!");
    }

    /// How often `raise` was called.
    pub fn count(&self) -> usize {
        self.0.count.load(Ordering::SeqCst)
    }

    /// Lets real time pass, for `wait=` on a real clock. False when an interrupt cut it short.
    pub fn sleep(&self, duration: Duration) -> bool {
        let before = self.count();
        let end = Instant::now() + duration;
        while self.count() == before {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            // Another waiter may have emptied the pipe, so the count is looked at now and then.
            let left = left.min(Duration::from_millis(100));
            let timeout = Timespec::try_from(left).unwrap_or_default();
            let _ = poll(&mut [PollFd::new(self, PollFlags::IN)], Some(&timeout));
            self.settle();
        }
        false
    }

    /// Empties the pipe, so that the next poll waits again.
    pub(crate) fn settle(&self) {
        let mut bytes = [0; 16];
        while matches!((&self.0.woken).read(&mut bytes), Ok(1..)) {}
    }
}

impl AsFd for Interrupt {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.woken.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_count() {
        let interrupt = Interrupt::new().unwrap();
        interrupt.clone().raise();
        assert_eq!(interrupt.count(), 1);
    }

    #[test]
    fn an_interrupt_from_another_thread_ends_a_sleep() {
        let interrupt = Interrupt::new().unwrap();
        let other = interrupt.clone();
        let thread = std::thread::spawn(move || other.sleep(Duration::from_secs(3600)));
        interrupt.raise();
        // Raised before the thread looked: then it never sees a change, so raise until it ends.
        while !thread.is_finished() {
            interrupt.raise();
            std::thread::yield_now();
        }
        assert!(!thread.join().unwrap());
    }

    #[test]
    fn an_undisturbed_sleep_says_so() {
        assert!(Interrupt::new().unwrap().sleep(Duration::ZERO));
    }
}
