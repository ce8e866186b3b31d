//! The driver, machine by machine.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use quorate_core::api::{Failure, FailureKind, Head, LabelSelector, Request, Sent};
use quorate_core::membership::listing::{Event, Listing, ListingOptions};

use crate::{Answer, Transport, run};

const PAGE: &str = r#"{"kind":"EndpointSliceList","metadata":{"resourceVersion":"7"},"items":[{}]}"#;

/// What the next request brings, after a while.
enum Reply {
    Fails,
    Answers { status: u16, chunks: Vec<&'static str> },
    NeverEnds,
}

#[derive(Default)]
struct Script {
    replies: Mutex<VecDeque<Reply>>,
    /// How many answers are held by somebody.
    open: Arc<AtomicUsize>,
}

impl Script {
    fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self { replies: Mutex::new(replies.into_iter().collect()), ..Self::default() }
    }
}

struct Body {
    status: u16,
    chunks: VecDeque<&'static str>,
    ends: bool,
    open: Arc<AtomicUsize>,
}

impl Drop for Body {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, _: Request) -> Result<Box<dyn Answer>, Failure> {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let (status, chunks, ends) = match self.replies.lock().unwrap().pop_front().unwrap() {
            Reply::Answers { status, chunks } => (status, chunks.into(), true),
            Reply::NeverEnds => (200, VecDeque::new(), false),
            Reply::Fails => {
                return Err(Failure {
                    sent: Sent::No,
                    kind: FailureKind::Unreachable,
                    message: "nobody is there".into(),
                });
            }
        };
        self.open.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Body { status, chunks, ends, open: self.open.clone() }))
    }
}

#[async_trait]
impl Answer for Body {
    fn head(&self) -> Head<'_> {
        Head { status: self.status, retry_after: None }
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        match self.chunks.pop_front() {
            // A body that never ends keeps its reader busy: chunk after chunk.
            None if !self.ends => Ok(Some(Bytes::from_static(b" "))),
            chunk => Ok(chunk.map(|chunk| Bytes::from_static(chunk.as_bytes()))),
        }
    }
}

fn listing() -> Listing {
    let selector = LabelSelector::parse("app=web").ok();
    Listing::new(ListingOptions { selector, ..ListingOptions::default() }.build().unwrap())
}

async fn outcome(script: &Script) -> Option<String> {
    let mut listing = listing();
    run(&mut listing, script, |event| match event {
        Event::Listed(snapshot) => ControlFlow::Break(format!("{} objects", snapshot.objects.len())),
        Event::Failed(error) => ControlFlow::Break(error.to_string()),
        _ => ControlFlow::Continue(()),
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn an_answer_reaches_the_machine_part_by_part() {
    let chunks = vec![&PAGE[..9], &PAGE[9..40], &PAGE[40..]];
    let script = Script::new([Reply::Answers { status: 200, chunks }]);
    assert_eq!(outcome(&script).await.unwrap(), "1 objects");
    assert_eq!(script.open.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn failed_attempts_are_repeated_when_the_machine_says_so() {
    let busy = Reply::Answers { status: 503, chunks: vec!["later"] };
    let script = Script::new([Reply::Fails, busy, Reply::Answers { status: 200, chunks: vec![PAGE] }]);
    let started = tokio::time::Instant::now();
    assert_eq!(outcome(&script).await.unwrap(), "1 objects");
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(150) && took < Duration::from_millis(400), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_ends_does_not_push_the_deadline_away() {
    let script = Script::new([Reply::NeverEnds]);
    let started = tokio::time::Instant::now();
    assert!(outcome(&script).await.unwrap().contains("no answer in time"));
    assert_eq!(started.elapsed().as_secs(), 10);
    assert_eq!(script.open.load(Ordering::SeqCst), 0, "the exchange was dropped");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_run_leaves_no_exchange_behind() {
    let script = Script::new([Reply::NeverEnds]);
    assert!(tokio::time::timeout(Duration::from_secs(1), outcome(&script)).await.is_err());
    assert_eq!(script.open.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_machine_at_rest_ends_the_run() {
    let script = Script::new([Reply::Answers { status: 200, chunks: vec![PAGE] }]);
    let mut listing = listing();
    let mut events = 0;
    let ended = run(&mut listing, &script, |_| {
        events += 1;
        ControlFlow::<()>::Continue(())
    });
    assert_eq!(ended.await, None);
    assert_eq!(events, 1);
}

/// An answer that is always there, without a pause.
struct Flood;

#[async_trait]
impl Transport for Flood {
    async fn send(&self, _: Request) -> Result<Box<dyn Answer>, Failure> {
        Ok(Box::new(Self))
    }
}

#[async_trait]
impl Answer for Flood {
    fn head(&self) -> Head<'_> {
        Head { status: 500, retry_after: None }
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        Ok(Some(Bytes::from_static(b" ")))
    }
}

/// In real time: the virtual one stands still while anybody is busy.
#[tokio::test]
async fn a_transport_that_is_never_out_of_bytes_holds_up_neither_the_deadline_nor_other_tasks() {
    let selector = LabelSelector::parse("app=web").ok();
    let request_timeout = Duration::from_millis(100);
    let options = ListingOptions { selector, request_timeout, ..ListingOptions::default() };
    let mut listing = Listing::new(options.build().unwrap());
    let other = tokio::spawn(async {});
    let outcome = run(&mut listing, &Flood, |event| match event {
        Event::Failed(error) => ControlFlow::Break(error.to_string()),
        _ => ControlFlow::Continue(()),
    });
    assert!(outcome.await.unwrap().contains("no answer in time"));
    assert!(other.is_finished());
}
