//! What an election costs: a question to the guard, and the step that takes the answer to a renewal.
//!
//! `cargo bench -p quorate-tests --bench election`
//!
//! The guard is that of an elector that leads on the development server; the step is the machine's alone, with a Lease as a
//! real server sends it. Each figure is the best of several rounds. It fails when a limit is missed.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a benchmark is for reading")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use quorate_core::api::{AnswerPart, Head, LeaseName, Namespace, Request};
use quorate_core::election::{Election, ElectionConfig, ElectionOptions, Event, Order};
use quorate_core::machine::{Action, Actions, Input, Machine as _, RequestId};
use quorate_core::testing::FakeApi;
use quorate_core::time::{Now, Timestamp};
use quorate_runtime_tokio::{Elector, Guard};
use quorate_tests::trouble::Trouble;
use quorate_transport_hyper::serve::{Serve, ServeOptions};
use quorate_transport_hyper::{Client, Config};
use serde_json::{Value, json};

// A round is shorter than the time for which a thread runs undisturbed, and all of them take longer than what disturbs a
// machine for a while: the best one measures no other program.
const ROUNDS: usize = 10_000;
const QUESTIONS: u32 = 10_000;
const RENEWALS: u32 = 20;

const QUESTION_LIMIT: Duration = Duration::from_nanos(100);
const STEP_LIMIT: Duration = Duration::from_micros(10);

fn main() -> ExitCode {
    let figures = measure_guard().and_then(|guard| Ok([guard, measure_step()?]));
    match figures {
        Ok(figures) => {
            let questions = [("a question to the guard", QUESTION_LIMIT), ("the answer to a renewal", STEP_LIMIT)];
            let mut is_missed = false;
            println!("{:<24} {:>12} {:>12}", "", "takes", "limit");
            for ((what, limit), took) in questions.into_iter().zip(figures) {
                is_missed |= took > limit;
                let verdict = if took > limit { "missed" } else { "" };
                println!("{what:<24} {:>9} ns {:>9} ns {verdict}", took.as_nanos(), limit.as_nanos());
            }
            if is_missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        Err(trouble) => {
            eprintln!("error: {trouble}");
            ExitCode::FAILURE
        }
    }
}

fn config() -> Result<ElectionConfig, Trouble> {
    let (namespace, name) = (Namespace::parse("lab")?, LeaseName::parse("demo")?);
    Ok(ElectionOptions::new(namespace, name, "web-0", 7).build()?)
}

/// A Lease that nobody holds, as a real server sends it.
fn lease() -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": "demo",
            "namespace": "lab",
            "uid": "0c5b9a37-5d0b-4a53-9a7e-0a4f2b6f7f10",
            "resourceVersion": "1000",
            "creationTimestamp": "2026-11-20T18:04:58Z",
            "managedFields": [{
                "manager": "quorate",
                "operation": "Update",
                "apiVersion": "coordination.k8s.io/v1",
                "time": "2026-11-20T18:04:58Z",
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:spec": {
                    "f:acquireTime": {},
                    "f:holderIdentity": {},
                    "f:leaseDurationSeconds": {},
                    "f:leaseTransitions": {},
                    "f:renewTime": {},
                }},
            }],
        },
        "spec": {},
    })
}

fn measure_guard() -> Result<Duration, Trouble> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (server, elector) = runtime.block_on(lead())?;
    let guard = elector.guard();
    let took = best(QUESTIONS, || ask(&guard));
    let still_leads = guard.is_leading();
    runtime.block_on(async {
        elector.shutdown().await;
        server.stop().await;
    });
    if still_leads { Ok(took) } else { Err(Trouble::new("leadership was lost meanwhile")) }
}

async fn lead() -> Result<(Serve, Elector), Trouble> {
    let server = Serve::start(ServeOptions::default(), FakeApi::new(1)).await?;
    server.with(|api, now| api.load(now, &[lease()]))?;
    let folder = tempfile::tempdir()?;
    let kubeconfig = folder.path().join("kubeconfig");
    std::fs::write(&kubeconfig, server.kubeconfig())?;
    let client = Client::new(Config::from_kubeconfig(&[kubeconfig], None)?);
    let elector = Elector::start(config()?, client);
    let mut changes = elector.changes();
    while let Some(event) = changes.next().await {
        if matches!(event, Event::Acquired { .. }) {
            return Ok((server, elector));
        }
    }
    Err(Trouble::new("the election ended"))
}

fn ask(guard: &Guard) -> Duration {
    let begun = Instant::now();
    for _ in 0..QUESTIONS {
        black_box(black_box(guard).is_leading());
    }
    begun.elapsed()
}

/// What one of so many takes in the best round.
fn best(count: u32, mut round: impl FnMut() -> Duration) -> Duration {
    let best = (0..ROUNDS).map(|_| round()).min().unwrap_or_default();
    best.checked_div(count).unwrap_or_default()
}

fn measure_step() -> Result<Duration, Trouble> {
    let mut leader = Leader::new()?;
    let mut trouble = None;
    let took = best(RENEWALS, || {
        let renewals = (0..RENEWALS).map(|_| leader.renew());
        renewals.sum::<Result<Duration, _>>().unwrap_or_else(|error| {
            trouble = Some(error);
            Duration::ZERO
        })
    });
    trouble.map_or(Ok(took), Err)
}

/// A machine that leads, and the server for it.
struct Leader {
    election: Election,
    now: Now,
    version: u64,
    asked: Option<(RequestId, Request)>,
    is_leading: bool,
    renewed: u32,
}

impl Leader {
    fn new() -> Result<Self, Trouble> {
        let wall = Timestamp::from_unix_micros(1_795_197_898_545_226);
        let now = Now { wall, ..Now::default() };
        let election = Election::new(config()?);
        let mut leader = Self { election, now, version: 1000, asked: None, is_leading: false, renewed: 0 };
        let actions = leader.election.handle(now, Input::Start);
        leader.take(actions);
        leader.answer(&serde_json::to_vec(&lease())?)?;
        leader.answer_write()?;
        if leader.is_leading { Ok(leader) } else { Err(Trouble::new("it does not lead")) }
    }

    /// One renewal; says how long the machine took for its answer.
    fn renew(&mut self) -> Result<Duration, Trouble> {
        while self.asked.is_none() {
            let deadline = self.election.deadline().ok_or_else(|| Trouble::new("it waits for nothing"))?;
            let passed = i64::try_from(deadline.at.saturating_since(self.now.instant).as_micros())?;
            let wall = Timestamp::from_unix_micros(self.now.wall.unix_micros().saturating_add(passed));
            self.now = Now { instant: deadline.at, wall };
            let actions = self.election.handle(self.now, Input::Timeout);
            self.take(actions);
        }
        // The answer takes a while.
        self.now = Now { instant: self.now.instant.saturating_add(Duration::from_millis(5)), ..self.now };
        let before = self.renewed;
        let took = self.answer_write()?;
        if self.renewed == before { Err(Trouble::new("it was not renewed")) } else { Ok(took) }
    }

    /// Stores what is written.
    fn answer_write(&mut self) -> Result<Duration, Trouble> {
        let (_, request) = self.asked.as_ref().ok_or_else(|| Trouble::new("nothing is asked"))?;
        let (_, body) = request.body().ok_or_else(|| Trouble::new("nothing is written"))?;
        let mut lease: Value = serde_json::from_slice(body)?;
        self.version = self.version.saturating_add(1);
        let metadata =
            lease.get_mut("metadata").and_then(Value::as_object_mut).ok_or_else(|| Trouble::new("no metadata"))?;
        metadata.insert("resourceVersion".into(), self.version.to_string().into());
        self.answer(&serde_json::to_vec(&lease)?)
    }

    fn answer(&mut self, body: &[u8]) -> Result<Duration, Trouble> {
        let (id, _) = self.asked.take().ok_or_else(|| Trouble::new("nothing is asked"))?;
        let parts =
            [AnswerPart::Head(Head { status: 200, retry_after: None }), AnswerPart::Chunk(body), AnswerPart::End];
        let begun = Instant::now();
        let actions = parts.map(|part| self.election.handle(self.now, Input::Answer { id, part }));
        let took = begun.elapsed();
        actions.into_iter().for_each(|actions| self.take(actions));
        Ok(took)
    }

    fn take(&mut self, actions: Actions<Event, Order>) {
        for action in actions {
            match action {
                Action::Send { id, request } if !request.target().contains("watch=true") => {
                    self.asked = Some((id, request));
                }
                Action::Emit(Event::Renewed { .. }) => self.renewed = self.renewed.saturating_add(1),
                Action::Order(Order::StartWork { .. }) => self.is_leading = true,
                _ => {}
            }
        }
    }
}
