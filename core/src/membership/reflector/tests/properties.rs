//! What holds for any inputs, in any order, at any time.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use proptest::prelude::*;

use super::support::*;
use crate::api::{AnswerPart, Failure, FailureKind, Head, Sent};
use crate::membership::reflector::Follow;

#[derive(Clone, Debug)]
enum Op {
    Timeout,
    Pass(u32),
    Confirm,
    Head(bool, u16),
    Chunk(bool, String),
    End(bool),
    Fail(bool),
}

fn any_op() -> impl Strategy<Value = Op> {
    let line = (proptest::sample::select(&["ADDED", "MODIFIED", "DELETED", "BOOKMARK"][..]), 0..4_u8, 0..30_u8)
        .prop_map(|(kind, name, version)| event(kind, &name.to_string(), &version.to_string()));
    let text = prop_oneof![
        4 => line,
        1 => Just(error(410)),
        1 => Just(error(500)),
        1 => Just(String::from("x\n")),
        3 => (0..30_u8).prop_map(|version| list(&version.to_string(), &[("1", "1")])),
        1 => Just(list("x", &[])),
    ];
    prop_oneof![
        4 => Just(Op::Timeout),
        3 => (0..40_000_u32).prop_map(Op::Pass),
        1 => Just(Op::Confirm),
        6 => (any::<bool>(), proptest::sample::select(&[200, 200, 200, 403, 410, 500][..])).prop_map(|(w, s)| Op::Head(w, s)),
        8 => (any::<bool>(), text).prop_map(|(watch, text)| Op::Chunk(watch, text)),
        4 => any::<bool>().prop_map(Op::End),
        2 => any::<bool>().prop_map(Op::Fail),
    ]
}

fn run(ops: &[Op], mode: Follow) -> Host {
    let mut host = Host::start(mode);
    let failure = Failure { sent: Sent::Unknown, kind: FailureKind::Interrupted, message: "cut".into() };
    for op in ops {
        let (watch, part) = match op {
            Op::Timeout => {
                host.timeout();
                continue;
            }
            Op::Pass(millis) => {
                host.pass(u64::from(*millis));
                continue;
            }
            Op::Confirm => {
                host.confirm();
                continue;
            }
            Op::Head(watch, status) => (watch, AnswerPart::Head(Head { status: *status, retry_after: None })),
            Op::Chunk(watch, text) => (watch, AnswerPart::Chunk(text.as_bytes())),
            Op::End(watch) => (watch, AnswerPart::End),
            Op::Fail(watch) => (watch, AnswerPart::Failed(&failure)),
        };
        let Some(id) = (if *watch { host.watch() } else { host.list() }) else { continue };
        host.part(id, part);
    }
    host
}

fn any_mode() -> impl Strategy<Value = Follow> {
    prop_oneof![Just(Follow::WATCH), Just(Follow::POLL)]
}

proptest! {
    #[test]
    fn it_always_waits_for_something_and_a_timeout_serves_what_is_due(
        ops in prop::collection::vec(any_op(), 0..80), mode in any_mode(),
    ) {
        let mut host = run(&ops, mode);
        for _ in 0..4 {
            let deadline = host.reflector.deadline();
            prop_assert!(deadline.is_some(), "{}", host.reflector.explain(host.now));
            host.timeout();
            host.timeout();
            prop_assert!(host.reflector.deadline().unwrap().at > host.now, "{}", host.reflector.explain(host.now));
            let _ = host.wait();
        }
    }

    #[test]
    fn an_early_timeout_changes_nothing(ops in prop::collection::vec(any_op(), 0..80), mode in any_mode()) {
        let mut host = run(&ops, mode);
        host.timeout();
        host.timeout();
        let before = host.reflector.clone();
        host.timeout();
        prop_assert_eq!(&host.reflector, &before);
    }

    #[test]
    fn the_same_inputs_give_the_same_steps(ops in prop::collection::vec(any_op(), 0..80), mode in any_mode()) {
        let (one, other) = (run(&ops, mode), run(&ops, mode));
        prop_assert_eq!((one.reflector, one.news, one.in_flight), (other.reflector, other.news, other.in_flight));
    }

    #[test]
    fn how_a_watch_is_cut_into_chunks_means_nothing(
        lines in prop::collection::vec(any_op(), 0..20), size in 1..60_usize,
    ) {
        let text: String = lines.iter().filter_map(|op| match op {
            Op::Chunk(_, text) if text.contains("\"type\"") => Some(text.as_str()),
            _ => None,
        }).collect();
        let (mut whole, mut cut) = (Host::watching(), Host::watching());
        let hear = |host: &mut Host, chunks: Vec<&[u8]>| {
            let id = host.watch().unwrap();
            for chunk in chunks {
                host.part(id, AnswerPart::Chunk(chunk));
            }
        };
        hear(&mut whole, Vec::from([text.as_bytes()]));
        hear(&mut cut, text.as_bytes().chunks(size).collect());
        prop_assert_eq!((whole.reflector, whole.view, whole.news), (cut.reflector, cut.view, cut.news));
    }
}
