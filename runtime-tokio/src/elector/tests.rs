//! What the guard makes of a machine that knows less than the handle.

use std::sync::Arc;
use std::time::Duration;

use quorate_core::api::{AnswerPart, Head, LeaseName, Namespace};
use quorate_core::election::{Election, ElectionOptions, Order};
use quorate_core::machine::{Action, Input, Machine as _};
use quorate_core::testing::{FakeAnswer, FakeApi, FakeRequest};
use quorate_core::time::Now;
use serde_json::json;
use tokio::sync::mpsc::unbounded_channel;
use tracing::Span;

use super::Guard;
use super::shared::Shared;
use crate::clock::Clock;

const GRACE: Duration = Duration::from_secs(5);

/// A machine that leads, and what it ordered.
fn leader() -> (Election, Vec<Order>) {
    let (namespace, name) = (Namespace::parse("lab").unwrap(), LeaseName::parse("demo").unwrap());
    let config = ElectionOptions::new(namespace, name, "a", 7).build().unwrap();
    let (mut api, mut machine, now) = (FakeApi::new(1), Election::new(config), Now::default());
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "demo", "namespace": "lab"},
    });
    api.load(now, &[lease]).unwrap();
    let (mut actions, mut orders) = (vec![machine.handle(now, Input::Start)], Vec::new());
    while let Some(next) = actions.pop() {
        for action in next {
            match action {
                Action::Order(order) => orders.push(order),
                Action::Send { id, request } if !request.target().contains("watch=true") => {
                    let body = request.body().map_or(&[][..], |(_, body)| body);
                    let asked = FakeRequest::json(request.method(), request.target(), body);
                    let FakeAnswer::Complete(response) = api.handle(now, &asked) else { panic!("a watch") };
                    let head = Head { status: response.status, retry_after: None };
                    for part in [AnswerPart::Head(head), AnswerPart::Chunk(&response.body), AnswerPart::End] {
                        actions.push(machine.handle(now, Input::Answer { id, part }));
                    }
                }
                _ => {}
            }
        }
    }
    (machine, orders)
}

/// The answer that begins a term may be under way when we are asked to step down.
#[tokio::test(start_paused = true)]
async fn a_term_that_begins_after_we_were_asked_to_step_down_is_stopped() {
    let stops: [fn(&Shared); 2] = [|shared| shared.step_down(GRACE), Shared::end_running];
    for stop in stops {
        let (machine, orders) = leader();
        let (reports, _reported) = unbounded_channel();
        let shared = Arc::new(Shared::new(Clock::start(), machine.clone(), Span::none(), reports));
        let guard = Guard::of_any_term(Arc::clone(&shared));
        stop(&shared);
        shared.publish(&machine);
        orders.iter().cloned().for_each(|order| shared.carry_out(order));
        shared.publish(&machine);
        assert!(!guard.is_leading() && guard.token().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_term_that_was_stopped_is_not_revived_by_a_machine_that_has_yet_to_hear_of_it() {
    let stops: [fn(&Shared); 3] = [|shared| shared.step_down(GRACE), |shared| shared.shut_down(GRACE), Shared::end];
    for stop in stops {
        let (machine, orders) = leader();
        let (reports, _reported) = unbounded_channel();
        let shared = Arc::new(Shared::new(Clock::start(), machine.clone(), Span::none(), reports));
        let guard = Guard::of_any_term(Arc::clone(&shared));
        shared.publish(&machine);
        assert!(!guard.is_leading(), "the work has yet to be begun");
        orders.iter().cloned().for_each(|order| shared.carry_out(order));
        shared.publish(&machine);
        assert!(guard.is_leading() && guard.token().is_some());
        stop(&shared);
        assert!(!guard.is_leading());
        assert!(machine.leading_until().is_some());
        shared.publish(&machine);
        assert!(!guard.is_leading() && guard.token().is_none());
    }
}
