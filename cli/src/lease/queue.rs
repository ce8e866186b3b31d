//! What has yet to be printed.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// So many events wait for a reader that sleeps: at the usual pace those of half an hour.
const LIMIT: usize = 1000;

/// Holds the newest: each event of a Lease says all of it, so that the oldest can be done without.
pub(super) struct Queue<T> {
    waiting: Mutex<Waiting<T>>,
    is_filled: Notify,
}

struct Waiting<T> {
    items: VecDeque<T>,
    dropped: usize,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Self { waiting: Mutex::new(Waiting { items: VecDeque::new(), dropped: 0 }), is_filled: Notify::new() }
    }

    pub(super) fn push(&self, item: T) {
        let mut waiting = self.waiting();
        if waiting.items.len() >= LIMIT {
            waiting.items.pop_front();
            waiting.dropped = waiting.dropped.saturating_add(1);
        }
        waiting.items.push_back(item);
        self.is_filled.notify_one();
    }

    /// The oldest that is left, and how many before it are lost.
    pub(super) async fn next(&self) -> (T, usize) {
        loop {
            if let Some(next) = self.pop() {
                return next;
            }
            self.is_filled.notified().await;
        }
    }

    fn pop(&self) -> Option<(T, usize)> {
        let mut waiting = self.waiting();
        let item = waiting.items.pop_front()?;
        Some((item, std::mem::take(&mut waiting.dropped)))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<T>> {
        // Nobody panics while it holds this.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_and_the_rest_is_counted() {
        let queue = Queue::new();
        (0..LIMIT + 3).for_each(|item| queue.push(item));
        assert_eq!(queue.pop(), Some((3, 3)));
        assert_eq!(queue.pop(), Some((4, 0)));
        while queue.pop().is_some() {}
        queue.push(7);
        assert_eq!(queue.pop(), Some((7, 0)));
    }
}
