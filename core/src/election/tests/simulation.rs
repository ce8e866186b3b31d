//! Two candidates, a network that delays and loses, clocks that differ in rate, pauses and deletions, in virtual time.

use alloc::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;

use super::*;
use crate::backoff::Jitter;
use crate::testing::{FakeAnswer, FakeApi, FakeRequest, WatchId, WatchUpdate};

/// Real time, in microseconds.
type Micros = u64;

const SECOND: Micros = 1_000_000;

struct Node {
    election: Election,
    /// Its clock's rate, in thousandths.
    rate: u64,
    paused_until: Micros,
    /// The work, and its hard deadline on the node's clock.
    work: Option<(FencingToken, Instant)>,
    lines: BTreeMap<RequestId, (WatchId, Micros)>,
}

enum Happening {
    Arrive { node: usize, id: RequestId, request: Request },
    Answer { node: usize, id: RequestId, status: u16, body: Vec<u8> },
    Cut { node: usize, id: RequestId },
    Chunk { node: usize, id: RequestId, bytes: Vec<u8> },
    Stop { node: usize, term: FencingToken },
    Delete,
}

struct World {
    api: FakeApi,
    nodes: Vec<Node>,
    queue: BTreeMap<(Micros, u64), Happening>,
    sequence: u64,
    chance: Jitter,
    now: Micros,
    tokens: Vec<FencingToken>,
    /// Losses, in percent; as many reads are stale.
    losses: u64,
    /// Everything arrives at once.
    is_quiet: bool,
    log: VecDeque<String>,
}

impl World {
    fn new(seed: u64, losses: u64, deletes: bool) -> Self {
        let mut world = Self {
            api: FakeApi::new(seed),
            nodes: Vec::new(),
            queue: BTreeMap::new(),
            sequence: 0,
            chance: Jitter::from_seed(seed),
            now: SECOND,
            tokens: Vec::new(),
            losses,
            is_quiet: false,
            log: VecDeque::new(),
        };
        for index in 0..2 {
            let options = ElectionOptions { nonce: index, seed: seed ^ index, jitter_percent: 20, ..options() };
            let rate = if index == 0 { 1000 } else { 1000 + world.draw(10) };
            world.nodes.push(Node {
                election: Election::new(options.build().unwrap()),
                rate,
                paused_until: 0,
                work: None,
                lines: BTreeMap::new(),
            });
        }
        if deletes {
            for _ in 0..3 {
                let at = world.draw(120 * SECOND);
                world.plan(at, Happening::Delete);
            }
        }
        world
    }

    fn draw(&mut self, below: u64) -> u64 {
        u64::try_from(self.chance.up_to(Duration::from_nanos(below)).as_nanos()).unwrap()
    }

    fn plan(&mut self, at: Micros, happening: Happening) {
        self.sequence += 1;
        self.queue.insert((at, self.sequence), happening);
    }

    /// Mostly quick, at times longer than any attempt.
    fn delay(&mut self) -> Micros {
        if self.is_quiet {
            return 1000;
        }
        match self.draw(10) {
            0 => self.draw(20 * SECOND),
            1 | 2 => self.draw(3 * SECOND),
            _ => self.draw(SECOND / 20),
        }
    }

    fn local(&self, node: usize, at: Micros) -> Now {
        let instant = Instant::since_origin(Duration::from_micros(at * self.nodes[node].rate / 1000));
        // The wall clocks are far apart, and one stands still.
        let wall = if node == 0 { WALL } else { i64::try_from(at).unwrap() };
        Now { instant, wall: Timestamp::from_unix_micros(wall) }
    }

    /// The first microsecond at which the node's clock has reached the instant.
    fn real(&self, node: usize, instant: Instant) -> Micros {
        let micros = u64::try_from(instant.elapsed_since_origin().as_micros()).unwrap_or(u64::MAX / 2000);
        (micros + 1) * 1000 / self.nodes[node].rate + 1
    }

    fn run(&mut self, until: Micros) {
        for node in 0..self.nodes.len() {
            self.feed(node, Input::Start);
        }
        self.go_on(until);
    }

    fn go_on(&mut self, until: Micros) {
        while self.now < until {
            let wakes = (0..self.nodes.len()).filter_map(|node| {
                let deadline = self.nodes[node].election.deadline()?;
                Some((self.real(node, deadline.at).max(self.nodes[node].paused_until), node))
            });
            let wake = wakes.min();
            let first = self.queue.keys().next().copied();
            let earliest = first.map(|(at, _)| at).into_iter().chain(wake.map(|(at, _)| at)).min();
            if earliest.is_none_or(|at| at > until) {
                self.now = until;
                break;
            }
            match (first, wake) {
                (Some(key), wake) if wake.is_none_or(|(at, _)| key.0 <= at) => {
                    self.now = self.now.max(key.0);
                    let happening = self.queue.remove(&key).unwrap();
                    self.happen(happening);
                }
                (_, Some((at, node))) => {
                    self.now = self.now.max(at);
                    if !self.is_quiet && self.draw(60) == 0 {
                        self.nodes[node].paused_until = self.now + self.draw(40 * SECOND);
                        continue;
                    }
                    self.feed(node, Input::Timeout);
                }
                (_, None) => break,
            }
            self.check();
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Arrive { node, id, request } => self.serve(node, id, &request),
            Happening::Delete => {
                let target = "/apis/coordination.k8s.io/v1/namespaces/lab/leases/demo";
                let now = Now { instant: Instant::since_origin(Duration::from_micros(self.now)), ..Now::default() };
                let _ = self.api.handle(now, &FakeRequest { method: Method::Delete, ..FakeRequest::get(target) });
                self.publish();
            }
            Happening::Answer { node, .. }
            | Happening::Cut { node, .. }
            | Happening::Chunk { node, .. }
            | Happening::Stop { node, .. }
                if self.nodes[node].paused_until > self.now =>
            {
                let at = self.nodes[node].paused_until;
                self.plan(at, happening);
            }
            Happening::Answer { node, id, status, body } => {
                for part in
                    [AnswerPart::Head(Head { status, retry_after: None }), AnswerPart::Chunk(&body), AnswerPart::End]
                {
                    self.feed(node, Input::Answer { id, part });
                }
            }
            Happening::Cut { node, id } => {
                let failure = Failure { sent: Sent::Unknown, kind: FailureKind::Interrupted, message: "cut".into() };
                self.feed(node, Input::Answer { id, part: AnswerPart::Failed(&failure) });
            }
            Happening::Chunk { node, id, bytes } => {
                self.feed(node, Input::Answer { id, part: AnswerPart::Chunk(&bytes) })
            }
            Happening::Stop { node, term } => {
                if self.nodes[node].work.as_ref().is_some_and(|(running, _)| *running == term) {
                    self.nodes[node].work = None;
                }
                self.feed(node, Input::Report(&Report::WorkEnded { term }));
                self.feed(node, Input::Report(&Report::Stand));
            }
        }
    }

    fn serve(&mut self, node: usize, id: RequestId, request: &Request) {
        let now = Now {
            instant: Instant::since_origin(Duration::from_micros(self.now)),
            wall: Timestamp::from_unix_micros(WALL + i64::try_from(self.now).unwrap()),
        };
        let (content_type, body) = request.body().unzip();
        let fake = FakeRequest {
            method: request.method(),
            target: request.target(),
            token: None,
            content_type,
            body: body.unwrap_or_default(),
        };
        let at = self.now + self.delay();
        if self.draw(100) < self.losses {
            let versions = self.draw(4);
            self.api.lag(Some(versions));
            self.api.stale_quorum(true);
        }
        let answer = self.api.handle(now, &fake);
        self.api.stale_quorum(false);
        match answer {
            FakeAnswer::Complete(response) => {
                let is_lost = self.draw(100) < self.losses;
                let answer = match is_lost {
                    true => Happening::Cut { node, id },
                    false => Happening::Answer { node, id, status: response.status, body: response.body },
                };
                self.plan(at, answer);
            }
            FakeAnswer::Watch { id: watch, .. } => {
                self.nodes[node].lines.insert(id, (watch, at));
                let head = AnswerPart::Head(Head { status: 200, retry_after: None });
                self.feed(node, Input::Answer { id, part: head });
            }
        }
        self.publish();
    }

    /// Sends what the watches are told; some fall silent.
    fn publish(&mut self) {
        let now = Now { instant: Instant::since_origin(Duration::from_micros(self.now)), ..Now::default() };
        for update in self.api.updates(now) {
            let delay = self.delay();
            let is_silent = self.draw(100) < self.losses;
            for node in 0..self.nodes.len() {
                let found = self.nodes[node].lines.iter_mut().find(|(_, (watch, _))| *watch == update.watch());
                let Some((id, (_, last))) = found else { continue };
                let (id, at) = (*id, (self.now + delay).max(*last + 1));
                *last = at;
                if is_silent {
                    self.nodes[node].lines.remove(&id);
                    break;
                }
                if let WatchUpdate::Line(_, bytes) = &update {
                    let bytes = bytes.clone();
                    self.plan(at, Happening::Chunk { node, id, bytes });
                }
                break;
            }
        }
    }

    fn feed(&mut self, node: usize, input: Input<'_, Report>) {
        let now = self.local(node, self.now);
        let actions = self.nodes[node].election.handle(now, input);
        for action in actions {
            if self.log.len() > 60 {
                self.log.pop_front();
            }
            self.log.push_back(format!("{:.6} {node} {} {action}", self.now as f64 / 1e6, now.instant));
            match action {
                Action::Send { id, request } => {
                    let at = self.now + self.delay();
                    if self.draw(100) < self.losses && !request.target().contains("watch=true") {
                        self.plan(at, Happening::Cut { node, id });
                        // Late writes: cut for us, and under way nevertheless.
                        let late = at + self.delay();
                        if self.draw(2) == 0 {
                            self.plan(late, Happening::Arrive { node, id, request });
                        }
                    } else {
                        self.plan(at, Happening::Arrive { node, id, request });
                    }
                }
                Action::Cancel(_) | Action::Emit(_) => {}
                Action::Order(Order::StartWork { term, hard_deadline }) => {
                    assert!(self.tokens.last().is_none_or(|last| *last < term), "E4: {term} after {:?}", self.tokens);
                    self.tokens.push(term.clone());
                    assert!(self.nodes[node].work.replace((term, hard_deadline)).is_none(), "one work a node");
                }
                Action::Order(Order::MoveHardDeadline { term, hard_deadline }) => {
                    let running = self.nodes[node].work.as_mut().filter(|(running, _)| *running == term);
                    if let Some((_, deadline)) = running {
                        *deadline = hard_deadline;
                    }
                }
                Action::Order(Order::StopWork { term, hard_deadline, .. }) => {
                    if let Some((_, deadline)) = &mut self.nodes[node].work {
                        *deadline = hard_deadline;
                    }
                    let at = (self.now + self.draw(8 * SECOND)).min(self.real(node, hard_deadline).max(self.now));
                    self.plan(at, Happening::Stop { node, term });
                }
            }
        }
        if !self.is_quiet && self.draw(3000) == 0 {
            self.feed(node, Input::Report(&Report::StepDown));
            self.feed(node, Input::Report(&Report::Stand));
        }
    }

    // E1 and, as the other may only have taken over to begin its own work, E3.
    fn check(&self) {
        let count = |holds: &dyn Fn(usize, &Node) -> bool| {
            self.nodes.iter().enumerate().filter(|(index, node)| holds(*index, node)).count()
        };
        let leading = count(&|index, node| node.election.is_leading(self.local(index, self.now).instant));
        // Whoever watches over the work kills it at the hard deadline, whatever else is paused.
        let working = count(&|index, node| {
            node.work.as_ref().is_some_and(|(_, deadline)| self.local(index, self.now).instant < *deadline)
        });
        assert!(leading <= 1 && working <= 1, "E1: {leading} lead, {working} work\n{:#?}", self.log);
    }
}

fn led(seed: u64, losses: u64, deletes: bool) -> usize {
    let mut world = World::new(seed, losses, deletes);
    world.run(150 * SECOND);
    world.tokens.len()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn at_most_one_leads_and_works_and_tokens_grow(seed: u64, losses in 0..30_u64, deletes: bool) {
        led(seed, losses, deletes);
    }
}

// E5, and that the simulation says something: terms begin, also again.
#[test]
fn somebody_leads_in_a_bad_network() {
    let terms: usize = (0..20).map(|seed| led(seed, 10, false)).sum();
    assert!(terms >= 30, "{terms}");
    assert!((0..20).all(|seed| led(seed, 0, false) > 0));
}

/// Two candidates in a good network, and an empty Lease; the one that leads after 20 s.
fn quiet(seed: u64) -> (World, usize) {
    let mut world = World::new(seed, 0, false);
    world.is_quiet = true;
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "demo", "namespace": "lab"}});
    world.api.load(Now::default(), &[lease]).unwrap();
    world.run(20 * SECOND);
    let leader = (0..2).find(|node| world.nodes[*node].election.leading_until().is_some()).unwrap();
    (world, leader)
}

/// Runs on from where it is until the node leads; says how long that took.
fn until_leading(world: &mut World, node: usize) -> Duration {
    let from = world.now;
    while world.nodes[node].election.leading_until().is_none() {
        assert!(world.now < from + 60 * SECOND, "nobody leads");
        let until = world.now + 1000;
        world.go_on(until);
    }
    Duration::from_micros(world.now - from)
}

// E5.
#[test]
fn after_a_crash_another_leads_within_the_lease_duration_the_retry_period_and_jitter() {
    for seed in 0..20 {
        let (mut world, leader) = quiet(seed);
        world.nodes[leader].paused_until = Micros::MAX / 4;
        let config = world.nodes[leader].election.config().clone();
        assert!(until_leading(&mut world, 1 - leader) <= config.worst_failover() + Duration::from_millis(10));
    }
}

// E5.
#[test]
fn after_a_release_another_leads_within_a_round_trip_and_jitter() {
    for seed in 0..20 {
        let (mut world, leader) = quiet(seed);
        world.feed(leader, Input::Report(&Report::Shutdown));
        let (term, _) = world.nodes[leader].work.take().unwrap();
        world.feed(leader, Input::Report(&Report::WorkEnded { term }));
        let jitter = world.nodes[leader].election.config().jitter();
        let took = until_leading(&mut world, 1 - leader);
        assert!(took <= jitter + Duration::from_millis(20), "{took:?}");
    }
}
