//! How Ctrl-C, SIGTERM and SIGHUP reach a shell that waits: a count, and a pipe that ends its poll.
//! Ctrl-Z goes the same way, so that the lab and its limits stop before we do.

use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::ioctl_fionbio;
use rustix::process::{Signal, getpid, kill_process};

/// Counts the interrupts of a run. Clones share the count, so a signal task can hold one and each
/// shell another.
#[derive(Debug, Clone)]
pub struct Interrupt(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    count: AtomicUsize,
    /// Somebody should stop this process.
    suspension: AtomicBool,
    /// Nanoseconds for which it was stopped.
    suspended: AtomicU64,
    woken: PipeReader,
    wake: PipeWriter,
    /// Those that hear of each interrupt, too.
    children: Mutex<Vec<Weak<Shared>>>,
}

impl Interrupt {
    /// A count of zero. Fails when the process has no descriptor left for the pipe.
    pub fn new() -> std::io::Result<Interrupt> {
        let (woken, wake) = pipe()?;
        ioctl_fionbio(&woken, true)?;
        ioctl_fionbio(&wake, true)?;
        Ok(Interrupt(Arc::new(Shared {
            count: AtomicUsize::new(0),
            suspension: AtomicBool::new(false),
            suspended: AtomicU64::new(0),
            woken,
            wake,
            children: Mutex::default(),
        })))
    }

    /// An interrupt that is raised whenever this one is, for somebody who waits beside others: a wake-up is for one
    /// waiter. Ctrl-Z stops this process alone then, and no lab.
    ///
    /// # Errors
    /// Like [`Interrupt::new`].
    pub fn child(&self) -> std::io::Result<Interrupt> {
        let child = Interrupt::new()?;
        let mut children = self.children();
        children.retain(|other| other.strong_count() > 0);
        children.push(Arc::downgrade(&child.0));
        drop(children);
        // Raised from now on by whoever raises this; what was before is told now.
        while child.count() < self.count() {
            child.raise();
        }
        Ok(child)
    }

    fn children(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Shared>>> {
        self.0
            .children
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// One more interrupt: the first stops the step, the second ends everything at once.
    pub fn raise(&self) {
        self.0.count.fetch_add(1, Ordering::SeqCst);
        // A full pipe wakes as well as one more byte would.
        let _ = (&self.0.wake).write(b"!");
        for child in self.children().iter().filter_map(Weak::upgrade) {
            Interrupt(child).raise();
        }
    }

    /// How often `raise` was called.
    pub fn count(&self) -> usize {
        self.0.count.load(Ordering::SeqCst)
    }

    /// Lets real time pass, for `wait=` on a real clock. False when an interrupt cut it short.
    pub fn sleep(&self, duration: Duration) -> bool {
        let before = self.count();
        let end = Instant::now() + duration;
        let suspended = self.suspended();
        while self.count() == before {
            if self.take_suspension() {
                self.stop_this_process();
            }
            let end = end + self.suspended().saturating_sub(suspended);
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

    /// Asks whoever waits here to stop this process. True when somebody will have within `patience`;
    /// else nobody is waiting.
    pub fn suspend(&self, patience: Duration) -> bool {
        self.0.suspension.store(true, Ordering::SeqCst);
        let _ = (&self.0.wake).write(b"z");
        let end = Instant::now() + patience;
        while Instant::now() < end {
            if !self.0.suspension.load(Ordering::SeqCst) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        !self.take_suspension()
    }

    /// Whether this process should stop; whoever asks sees to it.
    pub(crate) fn take_suspension(&self) -> bool {
        self.0.suspension.swap(false, Ordering::SeqCst)
    }

    /// Stops this process as Ctrl-Z would, until somebody lets it continue.
    pub fn stop_this_process(&self) {
        let stopped = Instant::now();
        // A process may always stop itself.
        let _ = kill_process(getpid(), Signal::STOP);
        let nanoseconds = u64::try_from(stopped.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.0.suspended.fetch_add(nanoseconds, Ordering::SeqCst);
    }

    /// Real time for which this process was stopped: limits do not count it.
    pub fn suspended(&self) -> Duration {
        Duration::from_nanos(self.0.suspended.load(Ordering::SeqCst))
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
    fn children_hear_of_every_interrupt_also_of_those_before_them() {
        let interrupt = Interrupt::new().unwrap();
        interrupt.raise();
        let (one, two) = (interrupt.child().unwrap(), interrupt.child().unwrap());
        interrupt.raise();
        assert_eq!((one.count(), two.count()), (2, 2));
        drop(one);
        interrupt.raise();
        assert_eq!((two.count(), interrupt.count()), (3, 3));
    }

    #[test]
    fn an_undisturbed_sleep_says_so() {
        assert!(Interrupt::new().unwrap().sleep(Duration::ZERO));
    }
}
