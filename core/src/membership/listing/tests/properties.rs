//! What holds for any inputs, in any order, at any time.

use proptest::prelude::*;

use super::*;

/// What a property feeds: answers of any kind, in any order, at any time.
#[derive(Clone, Debug)]
enum Step {
    Start,
    Timeout,
    Pass(u16),
    Head(u16, Option<&'static str>),
    Chunk(&'static str),
    End,
    Fail(FailureKind),
    StaleEnd,
}

fn steps_strategy() -> impl Strategy<Value = Vec<Step>> {
    let good = r#"{"kind":"PodList","metadata":{"resourceVersion":"7"},"items":[]}"#;
    let more = r#"{"kind":"PodList","metadata":{"resourceVersion":"7","continue":"t"},"items":[{}]}"#;
    let step = prop_oneof![
        1 => Just(Step::Start),
        3 => Just(Step::Timeout),
        3 => (0..5000_u16).prop_map(Step::Pass),
        6 => (proptest::sample::select(&[200, 301, 401, 403, 404, 410, 429, 500][..]), proptest::option::of(Just("2")))
            .prop_map(|(status, after)| Step::Head(status, after)),
        4 => proptest::sample::select([good, more, "", "x"].as_slice().to_vec()).prop_map(Step::Chunk),
        6 => Just(Step::End),
        1 => proptest::sample::select(&[FailureKind::Interrupted, FailureKind::Untrusted][..]).prop_map(Step::Fail),
        1 => Just(Step::StaleEnd),
    ];
    proptest::collection::vec(step, 0..60)
}

/// Feeds the steps from an instant on; returns every action as a line.
fn run(steps: &[Step], origin: Duration) -> Vec<String> {
    let mut listing = Listing::new(options().build().unwrap());
    let mut now = Now { instant: Instant::since_origin(origin), ..Now::default() };
    let (mut id, mut lines) = (RequestId::default(), Vec::new());
    for step in steps {
        let failure;
        let part = |part| Input::Answer { id, part };
        let input = match step {
            Step::Start => Input::Start,
            Step::Timeout => Input::Timeout,
            Step::Pass(millis) => {
                now.instant = now.instant.saturating_add(Duration::from_millis(u64::from(*millis)));
                continue;
            }
            Step::Head(status, retry_after) => {
                part(AnswerPart::Head(Head { status: *status, retry_after: *retry_after }))
            }
            Step::Chunk(text) => part(AnswerPart::Chunk(text.as_bytes())),
            Step::End => part(AnswerPart::End),
            Step::Fail(kind) => {
                failure = Failure { sent: Sent::Unknown, kind: *kind, message: String::new() };
                part(AnswerPart::Failed(&failure))
            }
            Step::StaleEnd => Input::Answer { id: RequestId::default(), part: AnswerPart::End },
        };
        for action in listing.handle(now, input) {
            if let Action::Send { id: sent, .. } = &action {
                id = *sent;
            }
            lines.push(action.to_string());
        }
        // A deadline that has passed is served by one timeout: a host never spins.
        let is_due = |listing: &Listing| listing.deadline().is_some_and(|deadline| deadline.at <= now.instant);
        if is_due(&listing) {
            lines.extend(listing.handle(now, Input::Timeout).into_iter().map(|action| {
                if let Action::Send { id: sent, .. } = &action {
                    id = *sent;
                }
                action.to_string()
            }));
            assert!(!is_due(&listing), "{}", listing.explain(now));
        }
    }
    lines
}

proptest! {
    #[test]
    fn no_input_in_any_order_makes_it_panic_or_spin_or_end_twice(steps in steps_strategy()) {
        let lines = run(&steps, Duration::ZERO);
        let ends = lines.iter().filter(|line| line.starts_with("emit listed") || line.starts_with("emit cannot"));
        prop_assert!(ends.count() <= 1);
    }

    #[test]
    fn the_same_inputs_give_the_same_actions_whenever_they_happen(steps in steps_strategy(), origin in 0..1_000_000_u64) {
        prop_assert_eq!(run(&steps, Duration::ZERO), run(&steps, Duration::from_micros(origin)));
    }

    #[test]
    fn a_timeout_before_its_time_changes_nothing(early in 0..3_333_u64) {
        let mut host = Host::start(options());
        let before = host.listing.clone();
        host.now.instant = host.now.instant.saturating_add(Duration::from_millis(early));
        host.feed(Input::Timeout);
        prop_assert_eq!((host.listing.phase, host.events.len()), (before.phase, 0));
    }

    // M1: nothing but complete pages of one version become a list.
    #[test]
    fn a_list_that_is_cut_anywhere_is_no_list(cut in 0..76_usize) {
        let body = page("7", "", &[]);
        let mut host = Host::start(options());
        host.answer(200, None, &body[..cut.min(body.len() - 1)]);
        let is_failure = matches!(host.events[..], [Event::Retrying { .. }]);
        prop_assert!(is_failure);
    }
}
