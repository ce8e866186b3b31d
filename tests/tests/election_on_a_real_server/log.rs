//! What the works themselves and their guards say of when they ran.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use quorate_runtime_tokio::Guard;

/// When works began and ended, and when they were told to.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Vec<Interval>>);

#[derive(Clone, Debug)]
pub(crate) struct Interval {
    pub(crate) who: &'static str,
    pub(crate) token: u64,
    pub(crate) began: Instant,
    pub(crate) told: Option<(Instant, String)>,
    pub(crate) ended: Option<Instant>,
}

impl Log {
    pub(crate) fn begin(self: &Arc<Self>, who: &'static str, token: u64) -> Running {
        let mut intervals = self.lock();
        intervals.push(Interval { who, token, began: Instant::now(), told: None, ended: None });
        Running { log: Arc::clone(self), index: intervals.len() - 1 }
    }

    pub(crate) fn intervals(&self) -> Vec<Interval> {
        self.lock().clone()
    }

    pub(crate) fn last_of(&self, who: &str) -> Option<Interval> {
        self.lock().iter().rev().find(|interval| interval.who == who).cloned()
    }

    /// E1 and E4: works never overlap, and their tokens grow.
    pub(crate) fn check(&self) {
        let mut intervals = self.intervals();
        intervals.sort_by_key(|interval| interval.began);
        for pair in intervals.windows(2) {
            let [one, next] = pair else { continue };
            assert!(one.ended.is_some_and(|ended| ended <= next.began), "E1: {intervals:#?}");
            assert!(one.token < next.token, "E4: {intervals:#?}");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Interval>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Belongs to a work: when it is dropped, the work is gone.
pub(crate) struct Running {
    log: Arc<Log>,
    index: usize,
}

impl Running {
    pub(crate) fn told(&self, reason: &impl ToString) {
        self.log.lock()[self.index].told = Some((Instant::now(), reason.to_string()));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.log.lock()[self.index].ended = Some(Instant::now());
    }
}

/// Asks all guards again and again, in a thread of its own, until it is dropped.
pub(crate) struct Watcher {
    guards: Arc<Mutex<Vec<Guard>>>,
    is_over: Arc<AtomicBool>,
    has_seen_two: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    pub(crate) fn start() -> Self {
        let guards = Arc::<Mutex<Vec<Guard>>>::default();
        let (is_over, has_seen_two) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let (asked, over, seen) = (Arc::clone(&guards), Arc::clone(&is_over), Arc::clone(&has_seen_two));
        let watch = move || {
            while !over.load(Ordering::Relaxed) {
                let guards = asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if two_lead(&guards) {
                    seen.store(true, Ordering::Relaxed);
                }
                thread::sleep(Duration::from_millis(1));
            }
        };
        Self { guards, is_over, has_seen_two, thread: Some(thread::spawn(watch)) }
    }

    pub(crate) fn add(&self, guard: Guard) {
        self.guards.lock().unwrap_or_else(PoisonError::into_inner).push(guard);
    }

    /// E1
    pub(crate) fn check(&self) {
        assert!(!self.has_seen_two.load(Ordering::Relaxed), "E1: two guards said \"leading\" at once");
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Whoever leads in the same term before and after it asked another, led when the other answered.
fn two_lead(guards: &[Guard]) -> bool {
    guards.iter().enumerate().any(|(index, one)| {
        one.token().is_some_and(|token| {
            let has_rival = guards.iter().skip(index + 1).any(Guard::is_leading);
            has_rival && one.token() == Some(token)
        })
    })
}
