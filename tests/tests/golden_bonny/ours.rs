//! Our election, asked the same.

use std::collections::VecDeque;
use std::time::Duration;

use quorate_core::api::{AnswerPart, Failure, FailureKind, Head, LeaseName, Namespace, Sent};
use quorate_core::election::{Create, Election, ElectionOptions, Order, Report};
use quorate_core::machine::{Action, Input, Machine as _, RequestId};
use quorate_core::time::{Instant, Now, Timestamp};
use serde_json::Value;

use super::case::{self, Case, Outcome, Step};
use super::server::Server;

/// A step is over after this: by then each request that it calls for was made, and another step may begin.
const STEP: Duration = Duration::from_millis(1_999);

/// What we do in one step.
#[derive(Debug)]
pub(crate) enum Ours {
    Did {
        outcome: Outcome,
        written: Option<Value>,
    },
    /// We do not start with such a configuration.
    Refused(String),
}

pub(crate) struct Candidate {
    election: Election,
    server: Server,
    now: Now,
    /// What has yet to be fed: answers, and reports that work has ended.
    inbox: VecDeque<Message>,
}

enum Message {
    Answer(RequestId, Option<(u16, Value)>),
    Report(Report),
}

impl Candidate {
    /// With Bonny's name and numbers, which are our defaults, and nothing left to chance.
    pub(crate) fn start(case: &Case, create: Create) -> Result<Self, String> {
        // Every recorded Lease is called so, whatever was asked for.
        let (namespace, name) = (Namespace::parse("ops").unwrap(), LeaseName::parse("x").unwrap());
        let options = ElectionOptions {
            exact_identity: true,
            jitter_percent: 0,
            create,
            ..ElectionOptions::new(namespace, name, case.identity(), 7)
        };
        let config = options.build().map_err(|error| error.to_string())?;
        let now = Now { wall: case.steps[0].wall(), ..Now::default() };
        let mut candidate =
            Self { election: Election::new(config), server: Server::new(), now, inbox: VecDeque::new() };
        candidate.server.begin(&case.steps[0]);
        candidate.feed(Input::Start);
        Ok(candidate)
    }

    /// Each step in turn; between them the server is well.
    pub(crate) fn take(&mut self, steps: &[Step]) -> Vec<Ours> {
        let starts_at = steps[0].wall().unix_micros();
        let after =
            |step: &Step| u64::try_from(step.wall().unix_micros() - starts_at).map(Duration::from_micros).unwrap();
        let just_before = |at: Duration| at.saturating_sub(Duration::from_micros(1));
        let mut done = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            let at = after(step);
            let end = steps.get(index + 1).map_or(at + STEP, |next| just_before(after(next)).min(at + STEP));
            self.pass_until(just_before(at));
            done.push(self.step(step, end));
        }
        done
    }

    fn step(&mut self, step: &Step, end: Duration) -> Ours {
        let led = self.is_leading();
        self.server.begin(step);
        match (step.action, self.election.term().cloned()) {
            (case::Action::Evaluate, _) | (case::Action::OperatorDown, None) => {}
            (case::Action::OperatorDown, Some(term)) => self.feed(Input::Report(&Report::WorkEnded { term })),
            (case::Action::Stop, _) => self.feed(Input::Report(&Report::Shutdown)),
        }
        self.deliver();
        self.pass_until(end);
        let written = self.server.written.clone();
        let has_freed = written.as_ref().is_some_and(|spec| spec["holderIdentity"] == "");
        let outcome = match (led, self.is_leading()) {
            _ if step.action != case::Action::Evaluate && has_freed => Outcome::Release,
            _ if step.action != case::Action::Evaluate => Outcome::Leave,
            (false, false) => Outcome::Wait,
            (false, true) => Outcome::Acquire,
            (true, false) => Outcome::Lose,
            (true, true) if written.is_some() => Outcome::Renew,
            (true, true) => Outcome::Keep,
        };
        self.server.end();
        Ours::Did { outcome, written }
    }

    /// How long after the beginning it leads, if it does within two minutes.
    pub(crate) fn leads_after(&mut self) -> Option<Duration> {
        (0..120_000).find_map(|_| {
            let elapsed = self.now.instant.elapsed_since_origin();
            if self.is_leading() {
                return Some(elapsed);
            }
            self.pass_until(elapsed + Duration::from_millis(1));
            None
        })
    }

    fn is_leading(&self) -> bool {
        self.election.is_leading(self.now.instant)
    }

    fn pass_until(&mut self, elapsed: Duration) {
        let until = Instant::since_origin(elapsed);
        while let Some(deadline) = self.election.deadline().filter(|deadline| deadline.at <= until) {
            self.set_time(deadline.at);
            self.feed(Input::Timeout);
            self.deliver();
        }
        self.set_time(until.max(self.now.instant));
    }

    fn set_time(&mut self, instant: Instant) {
        let passed = i64::try_from(instant.saturating_since(self.now.instant).as_micros()).unwrap();
        self.now = Now { instant, wall: Timestamp::from_unix_micros(self.now.wall.unix_micros() + passed) };
    }

    /// Every answer comes at once, but for the watch, which says nothing: Bonny has none.
    fn deliver(&mut self) {
        while let Some(message) = self.inbox.pop_front() {
            match message {
                Message::Report(report) => self.feed(Input::Report(&report)),
                Message::Answer(id, None) => {
                    let failure =
                        Failure { sent: Sent::Unknown, kind: FailureKind::Interrupted, message: "cut".into() };
                    self.feed(Input::Answer { id, part: AnswerPart::Failed(&failure) });
                }
                Message::Answer(id, Some((status, body))) => {
                    let (head, body) = (Head { status, retry_after: None }, body.to_string());
                    for part in [AnswerPart::Head(head), AnswerPart::Chunk(body.as_bytes()), AnswerPart::End] {
                        self.feed(Input::Answer { id, part });
                    }
                }
            }
        }
    }

    fn feed(&mut self, input: Input<'_, Report>) {
        for action in self.election.handle(self.now, input) {
            match action {
                Action::Send { request, .. } if request.target().contains("watch=true") => {}
                Action::Send { id, request } => {
                    let answer = self.server.answer(&request);
                    self.inbox.push_back(Message::Answer(id, answer));
                }
                Action::Order(Order::StopWork { term, .. }) => {
                    self.inbox.push_back(Message::Report(Report::WorkEnded { term }));
                }
                _ => {}
            }
        }
    }
}
