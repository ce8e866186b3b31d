//! The wire between a host and the fake server: slow, cut, silent, refusing, or spoiling what it carries.

use std::collections::BTreeMap;
use std::time::Duration;

use quorate_core::api::{AnswerPart, Failure, FailureKind, Head, Sent};
use quorate_core::machine::RequestId;
use quorate_core::testing::{FakeAnswer, FakeRequest, WatchId, WatchUpdate};
use quorate_core::time::{Instant, Now};
use serde_json::Value;

use super::server::Server;

/// What is on its way to the host.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) id: RequestId,
    pub(crate) content: Content,
}

#[derive(Debug)]
pub(crate) enum Content {
    /// The head of a watch.
    Head,
    /// A line of a watch, and its version unless it was spoilt.
    Line(Vec<u8>, Option<u64>),
    End,
    Whole(u16, Vec<u8>),
    Failed(Failure),
}

impl Content {
    pub(crate) fn parts(&self) -> Vec<AnswerPart<'_>> {
        let head = |status| AnswerPart::Head(Head { status, retry_after: None });
        match self {
            Self::Head => vec![head(200)],
            Self::Line(line, _) => vec![AnswerPart::Chunk(line)],
            Self::End => vec![AnswerPart::End],
            Self::Whole(status, body) => vec![head(*status), AnswerPart::Chunk(body), AnswerPart::End],
            Self::Failed(failure) => vec![AnswerPart::Failed(failure)],
        }
    }

    /// Whether nothing more comes of the exchange.
    pub(crate) const fn is_last(&self) -> bool {
        matches!(self, Self::End | Self::Whole(..) | Self::Failed(_))
    }
}

#[derive(Debug, Default)]
pub(crate) struct Wire {
    /// Exchanges that the host waits for, and their targets.
    pub(crate) in_flight: BTreeMap<RequestId, String>,
    /// Exchanges that the server has yet to see.
    unsent: Vec<RequestId>,
    watches: BTreeMap<WatchId, RequestId>,
    letters: BTreeMap<(Instant, u64), Letter>,
    sent: u64,
    watch_letters_until: Instant,
    pub(crate) is_out: bool,
    /// The status that everything is refused with; 0 for none.
    pub(crate) refusal: u16,
    pub(crate) spoils: bool,
    pub(crate) slow_answers: Duration,
    pub(crate) slow_watches: Duration,
}

impl Wire {
    pub(crate) fn send(&mut self, id: RequestId, target: &str) {
        assert!(self.in_flight.insert(id, target.to_owned()).is_none(), "an id is used twice");
        self.unsent.push(id);
        let watches = self.in_flight.values().filter(|target| target.contains("watch=true")).count();
        assert!(watches <= 1 && self.in_flight.len() <= watches + 1, "M6: {:?} in flight", self.in_flight);
    }

    pub(crate) fn cancel(&mut self, id: RequestId) {
        assert!(self.in_flight.remove(&id).is_some(), "{id} is not in flight");
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.letters.first_key_value().map(|((at, _), _)| *at)
    }

    /// Carries what there is to carry, and hands over the next letter that has arrived.
    pub(crate) fn next(&mut self, now: Now, server: &mut Server) -> Option<Letter> {
        for id in std::mem::take(&mut self.unsent) {
            if let Some(target) = self.in_flight.get(&id).cloned() {
                self.serve(now, id, &target, server);
            }
        }
        let unwanted = self.watches.iter().filter(|(_, id)| !self.in_flight.contains_key(id)).map(|(watch, _)| *watch);
        for watch in unwanted.collect::<Vec<_>>() {
            self.watches.remove(&watch);
            server.api.close(watch);
        }
        for update in server.api.updates(now) {
            let Some(id) = self.watches.get(&update.watch()).copied() else { continue };
            let content = match update {
                WatchUpdate::Line(_, line) => self.line(line),
                WatchUpdate::End(_) => Content::End,
            };
            self.post_of_watch(now, id, content);
        }
        server.follow(now);
        loop {
            let ((at, number), letter) = self.letters.pop_first()?;
            if at > now.instant {
                self.letters.insert((at, number), letter);
                return None;
            }
            if self.in_flight.contains_key(&letter.id) {
                if letter.content.is_last() {
                    self.in_flight.remove(&letter.id);
                }
                return Some(letter);
            }
        }
    }

    fn serve(&mut self, now: Now, id: RequestId, target: &str, server: &mut Server) {
        let content = if self.is_out {
            Content::Failed(failure(Sent::No, FailureKind::Unreachable))
        } else if self.refusal != 0 {
            let status = format!(r#"{{"kind":"Status","message":"not now","code":{}}}"#, self.refusal);
            Content::Whole(self.refusal, status.into_bytes())
        } else {
            match server.api.handle(now, &FakeRequest::get(target)) {
                FakeAnswer::Complete(response) => {
                    let length = if self.spoils { response.body.len() / 2 } else { response.body.len() };
                    Content::Whole(response.status, response.body[..length].to_vec())
                }
                FakeAnswer::Watch { id: watch, .. } => {
                    self.watches.insert(watch, id);
                    return self.post_of_watch(now, id, Content::Head);
                }
            }
        };
        self.post(now.instant.saturating_add(self.slow_answers), id, content);
    }

    fn line(&self, mut line: Vec<u8>) -> Content {
        let event: Value = serde_json::from_slice(&line).unwrap();
        let version = event["object"]["metadata"]["resourceVersion"].as_str().and_then(|version| version.parse().ok());
        if self.spoils {
            line[0] = b'!';
        }
        Content::Line(line, version.filter(|_| !self.spoils))
    }

    /// A stream keeps its order.
    fn post_of_watch(&mut self, now: Now, id: RequestId, content: Content) {
        self.watch_letters_until = self.watch_letters_until.max(now.instant.saturating_add(self.slow_watches));
        self.post(self.watch_letters_until, id, content);
    }

    fn post(&mut self, at: Instant, id: RequestId, content: Content) {
        self.letters.insert((at, self.sent), Letter { id, content });
        self.sent += 1;
    }

    /// Everything that is on its way is lost; the host is told so, or is not.
    pub(crate) fn cut(&mut self, now: Now, server: &mut Server, is_told: bool) {
        self.letters.clear();
        self.unsent.clear();
        self.watch_letters_until = now.instant;
        for watch in std::mem::take(&mut self.watches).into_keys() {
            server.api.close(watch);
        }
        for id in self.in_flight.keys().copied().filter(|_| is_told).collect::<Vec<_>>() {
            self.post(now.instant, id, Content::Failed(failure(Sent::Unknown, FailureKind::Interrupted)));
        }
    }
}

fn failure(sent: Sent, kind: FailureKind) -> Failure {
    Failure { sent, kind, message: "the connection failed".to_owned() }
}
