//! What holds for any inputs, in any order, at any time.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Pass(u16),
    Wait,
    Read(usize),
    Status(u16),
    Cut,
    Open,
    Event(usize, &'static str),
    Garbage(&'static str),
    EndWatch,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (0..6000_u16).prop_map(Step::Pass),
        6 => Just(Step::Wait),
        6 => (0..7_usize).prop_map(Step::Read),
        2 => proptest::sample::select(&[401, 403, 404, 410, 429, 500][..]).prop_map(Step::Status),
        1 => Just(Step::Cut),
        2 => Just(Step::Open),
        8 => (0..7_usize, proptest::sample::select(&["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"][..]))
            .prop_map(|(which, kind)| Step::Event(which, kind)),
        1 => proptest::sample::select(&["x\n", "{}\n", "[]\n"][..]).prop_map(Step::Garbage),
        1 => Just(Step::EndWatch),
    ];
    proptest::collection::vec(step, 0..100)
}

fn seen(which: usize, version: u64) -> Value {
    let transitions = u32::try_from(version / 5).unwrap();
    match which {
        0 => free(version),
        1 => held(version, "a", transitions, version),
        2 => held(version, "b", transitions, version),
        3 => lease_of("v", version, &json!({})),
        4 => lease_of("u", version, &json!({"holderIdentity": 7, "leaseDurationSeconds": -1, "leaseTransitions": "x"})),
        5 => held(version.saturating_sub(9), "a", transitions, version),
        _ => json!({"kind": "Lease", "spec": []}),
    }
}

impl Host {
    /// A watch that the machine has closed is no more.
    fn forget_closed_watch(&mut self) {
        let is_open = |id: RequestId| matches!(&self.observer.watch, Watch::Open { id: open, .. } if *open == id);
        self.watch = self.watch.take().filter(|(id, _)| is_open(*id));
    }

    fn take(&mut self, step: &Step, version: u64) {
        match step {
            Step::Pass(millis) => {
                self.pass(u64::from(*millis));
            }
            Step::Wait if self.observer.deadline().is_some() => {
                self.wait();
            }
            Step::Read(which) if self.in_flight.is_some() => {
                self.answer(200, &seen(*which, version));
            }
            Step::Status(status) if self.in_flight.is_some() => {
                self.answer(*status, &json!({}));
            }
            Step::Cut if self.in_flight.is_some() => {
                self.cut();
            }
            Step::Open if self.watch.is_some() => {
                self.feed_watch(AnswerPart::Head(Head { status: 200, retry_after: None }));
            }
            Step::Event(which, kind) if self.watch.is_some() => {
                let line = format!("{}\n", json!({"type": kind, "object": seen(*which, version)}));
                self.feed_watch(AnswerPart::Chunk(line.as_bytes()));
            }
            Step::Garbage(text) if self.watch.is_some() => self.feed_watch(AnswerPart::Chunk(text.as_bytes())),
            Step::EndWatch if self.watch.is_some() => self.feed_watch(AnswerPart::End),
            _ => {}
        }
    }

    fn feed_watch(&mut self, part: AnswerPart<'_>) {
        let (id, _) = self.watch.clone().unwrap();
        if part == AnswerPart::End {
            self.watch = None;
        }
        self.feed(Input::Answer { id, part });
        self.forget_closed_watch();
    }
}

proptest! {
    #[test]
    fn any_answers_at_any_time_keep_the_promises(steps in steps(), follow: bool) {
        let mut host = Host::start(ObserverOptions { follow, ..options() });
        let mut version = 20;
        for step in steps {
            version += 1;
            host.take(&step, version);
            host.feed(Input::Timeout);
            prop_assert!(host.observer.deadline().is_none_or(|deadline| deadline.at > host.now.instant));
            for event in host.events.drain(..) {
                prop_assert!(!event.to_string().is_empty());
                let Event::Changed { sighting, .. } = event else { continue };
                let Sighting { record, token, take_over, .. } = *sighting;
                prop_assert_eq!(record.holder.is_some(), take_over.is_some());
                if let Some(TokenBound::Exactly(token) | TokenBound::AtMost(token)) = token {
                    prop_assert!(record.holder.is_some());
                    prop_assert!(token <= crate::election::FencingToken::new(record.resource_version));
                }
            }
        }
    }
}
