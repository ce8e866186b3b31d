//! What holds for any inputs, in any order, at any time.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Pass(u16),
    /// Heeds the machine's own deadline.
    Wait,
    /// Answers: what was written as the next version, whether it stays stored or not.
    Succeed,
    Read(usize),
    Status(u16),
    Cut,
    Event(usize, &'static str),
    Garbage(&'static str),
    Report(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..6000_u16).prop_map(Step::Pass),
        8 => Just(Step::Wait),
        12 => Just(Step::Succeed),
        8 => (0..8_usize).prop_map(Step::Read),
        3 => proptest::sample::select(&[401, 403, 404, 409, 410, 422, 429, 500][..]).prop_map(Step::Status),
        2 => Just(Step::Cut),
        4 => (0..8_usize, proptest::sample::select(&["ADDED", "MODIFIED", "DELETED"][..])).prop_map(|(i, t)| Step::Event(i, t)),
        1 => proptest::sample::select(&["x\n", "{}\n", "[]\n"][..]).prop_map(Step::Garbage),
        2 => (0..6_u8).prop_map(Step::Report),
    ];
    proptest::collection::vec(step, 0..120)
}

fn seen(which: usize, version: u64) -> Value {
    match which {
        0 => free(version),
        1 => held(version, "other", version),
        2 => lease_of("v", version, &json!({})),
        3 => held(version, ME, version),
        4 => lease_of("u", version, &json!({"holderIdentity": 7, "leaseDurationSeconds": -1, "leaseTransitions": "x"})),
        5 => lease_of("u", version, &json!({"holderIdentity": "", "strategy": "s"})),
        6 => held(version.saturating_sub(9), "other", version),
        _ => json!({"kind": "Lease", "spec": []}),
    }
}

proptest! {
    #[test]
    fn any_answers_at_any_time_keep_the_promises(steps in steps()) {
        let mut host = Host::start(options());
        let (mut version, mut last_term) = (7_u64, None::<FencingToken>);
        let mut last_sent = Instant::ORIGIN;
        for step in steps {
            version += 1;
            let before = host.in_flight.as_ref().map(|(id, _)| *id);
            match step {
                Step::Pass(millis) => { host.pass(u64::from(millis)); }
                Step::Wait if host.election.deadline().is_some() => { host.wait(); }
                Step::Succeed if host.asked() == "read" => { host.answer(200, &free(version)); }
                Step::Succeed if host.in_flight.is_some() => { host.acknowledge(version); }
                Step::Read(which) if host.asked() == "read" => { host.answer(200, &seen(which, version)); }
                Step::Status(status) if host.in_flight.is_some() => { host.answer(status, &json!({})); }
                Step::Cut if host.in_flight.is_some() => { host.cut(); }
                Step::Event(which, kind) if host.watch.is_some() => {
                    let id = host.watch.unwrap();
                    host.see(kind, &seen(which, version));
                    if host.election.is_watch_closed() { host.watch = host.watch.filter(|watch| *watch != id); }
                }
                Step::Garbage(text) if host.watch.is_some() => {
                    let id = host.watch.unwrap();
                    host.feed(Input::Answer { id, part: AnswerPart::Chunk(text.as_bytes()) });
                    if host.election.is_watch_closed() { host.watch = host.watch.filter(|watch| *watch != id); }
                }
                Step::Report(0) => host.report(&Report::StepDown),
                Step::Report(1) => host.report(&Report::Stand),
                Step::Report(2) if version % 7 == 0 => host.report(&Report::Shutdown),
                Step::Report(_) => if let Some(Order::StartWork { term, .. }) =
                    host.orders.iter().rev().find(|order| matches!(order, Order::StartWork { .. })).cloned()
                { host.report(&Report::WorkEnded { term }) },
                _ => {}
            }
            if host.in_flight.as_ref().map(|(id, _)| *id) != before && host.in_flight.is_some() {
                last_sent = host.now.instant;
                if host.asked() != "read" && host.asked() != "create" {
                    let body = host.body();
                    let named = |field: &str| body["metadata"][field].as_str().is_some_and(|text| !text.is_empty());
                    prop_assert!(named("uid") && named("resourceVersion"), "{body}");
                }
            }
            // E2.
            if let Some(until) = host.election.leading_until() {
                prop_assert!(until <= last_sent.saturating_add(Duration::from_secs(10)));
            }
            // E4, and one work at a time.
            let mut running = None;
            for order in &host.orders {
                match order {
                    Order::StartWork { term, .. } => running = Some(term.clone()),
                    Order::StopWork { term, .. } => prop_assert_eq!(Some(term), running.as_ref()),
                    Order::MoveHardDeadline { .. } => {}
                }
            }
            if let Some(term) = host.election.term() {
                prop_assert!(last_term.as_ref().is_none_or(|last| last <= term));
                last_term = Some(term.clone());
            }
            // A deadline that has passed was served.
            host.feed(Input::Timeout);
            prop_assert!(host.election.deadline().is_none_or(|deadline| deadline.at > host.now.instant));
            prop_assert!(!host.election.explain(host.now).to_string().is_empty());
        }
    }

    #[test]
    fn a_timeout_before_its_time_changes_nothing(early in 0..2000_u64) {
        let mut host = Host::leading();
        let at = host.now.instant.saturating_add(Duration::from_millis(early));
        host.set_time(at);
        let (events, orders) = (host.events.len(), host.orders.len());
        let before = Election { latest: at, ..host.election.clone() };
        host.feed(Input::Timeout);
        prop_assert_eq!((host.events.len(), host.orders.len()), (events, orders));
        prop_assert_eq!(host.election, before);
    }
}
