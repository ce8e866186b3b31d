//! A wall clock that stands still. The elector reads the system's, so here the machine is driven by hand.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use quorate_core::api::{AnswerPart, Failure, Head, Request};
use quorate_core::election::{Election, Event, Report};
use quorate_core::machine::{Action, Input, Machine as _, RequestId};
use quorate_core::time::{Instant, Now, Timestamp};
use quorate_tests::trouble::Trouble;
use quorate_transport_hyper::{Client, Config};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;
use tokio::time::{sleep_until, timeout_at};

use crate::arena::{Arena, Pace, options};

/// 2026-11-20T18:04:58.545226Z, for ever.
const WALL: Timestamp = Timestamp::from_unix_micros(1_795_197_898_545_226);

enum Part {
    Head(u16),
    Chunk(Vec<u8>),
    End,
    Failed(Failure),
}

struct Host {
    election: Election,
    client: Client,
    began: tokio::time::Instant,
    exchanges: BTreeMap<RequestId, AbortHandle>,
    parts: UnboundedSender<(RequestId, Part)>,
    arrived: UnboundedReceiver<(RequestId, Part)>,
    events: Vec<Event>,
}

impl Host {
    async fn run(&mut self, time: Duration) {
        let end = tokio::time::Instant::now() + time;
        self.feed(Input::Start);
        while tokio::time::Instant::now() < end {
            let deadline = self.election.deadline().map(|deadline| self.began + deadline.at.elapsed_since_origin());
            let wake = deadline.map_or(end, |at| at.min(end));
            match timeout_at(wake, self.arrived.recv()).await {
                Ok(Some((id, part))) => self.answer(id, &part),
                Ok(None) => return,
                Err(_) => {
                    // Timers count in milliseconds.
                    sleep_until(wake + Duration::from_millis(1)).await;
                    self.feed(Input::Timeout);
                }
            }
        }
    }

    fn answer(&mut self, id: RequestId, part: &Part) {
        let part = match part {
            Part::Head(status) => AnswerPart::Head(Head { status: *status, retry_after: None }),
            Part::Chunk(bytes) => AnswerPart::Chunk(bytes),
            Part::End => AnswerPart::End,
            Part::Failed(failure) => AnswerPart::Failed(failure),
        };
        self.feed(Input::Answer { id, part });
    }

    fn feed(&mut self, input: Input<'_, Report>) {
        let now = Now { instant: Instant::since_origin(self.began.elapsed()), wall: WALL };
        for action in self.election.handle(now, input) {
            match action {
                Action::Send { id, request } => {
                    let task = tokio::spawn(exchange(self.client.clone(), request, id, self.parts.clone()));
                    self.exchanges.insert(id, task.abort_handle());
                }
                Action::Cancel(id) => {
                    if let Some(task) = self.exchanges.remove(&id) {
                        task.abort();
                    }
                }
                Action::Emit(event) => self.events.push(event),
                _ => {}
            }
        }
    }
}

async fn exchange(client: Client, request: Request, id: RequestId, parts: UnboundedSender<(RequestId, Part)>) {
    let tell = |part| {
        // Nobody listens any more once the test is over.
        let _ = parts.send((id, part));
    };
    let mut answer = match client.send(&request).await {
        Ok(answer) => answer,
        Err(failure) => return tell(Part::Failed(failure)),
    };
    tell(Part::Head(answer.status()));
    loop {
        match answer.chunk().await {
            Ok(Some(bytes)) => tell(Part::Chunk(bytes.to_vec())),
            Ok(None) => return tell(Part::End),
            Err(failure) => return tell(Part::Failed(failure)),
        }
    }
}

// A renewal that is the same byte for byte is answered 200 and written nowhere: no two may be.
pub(crate) fn a_wall_clock_that_stands_still_costs_no_renewal() -> Result<(), Trouble> {
    let arena = Arena::new("stuck-clock", Pace::Short)?;
    let files: [PathBuf; 1] = [arena.lab.kubeconfig()];
    let client = Client::new(Config::from_kubeconfig(&files, None)?);
    let config = options(arena.lab.namespace(), Pace::Short, "stuck")?.build()?;
    let (parts, arrived) = unbounded_channel();
    let events = arena.runtime().block_on(async {
        let began = tokio::time::Instant::now();
        let (exchanges, events) = (BTreeMap::new(), Vec::new());
        let mut host = Host { election: Election::new(config), client, began, exchanges, parts, arrived, events };
        host.run(Duration::from_secs(5)).await;
        assert!(host.election.leading_until().is_some(), "{:?}", host.events);
        host.events
    });
    let count = |wanted: fn(&Event) -> bool| events.iter().filter(|event| wanted(event)).count();
    let failed = count(|event| matches!(event, Event::RenewFailed { .. } | Event::Lost { .. } | Event::WriteFailed(_)));
    let renewed = count(|event| matches!(event, Event::Renewed { .. }));
    assert!(failed == 0 && renewed >= 6, "{events:?}");
    // Each was written: the times have gone on from where the clock stands.
    let lease = arena.lease()?;
    let renewed_at = lease["spec"]["renewTime"].as_str().unwrap_or_default();
    assert!(renewed_at > WALL.to_string().as_str(), "{lease}");
    arena.finish()
}
