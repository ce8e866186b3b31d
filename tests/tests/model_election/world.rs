//! What is checked: who stands, on which server, with which clocks and options, and what befalls them.

use std::time::Duration;

use quorate_core::api::{LeaseName, Namespace};
use quorate_core::election::{Create, Election, ElectionConfig, ElectionOptions};
use quorate_core::machine::Input;
use quorate_core::time::Instant;

use super::faults::Faults;
use super::names::{Named, canonical};
use super::rival::Rival;
use super::server::{Life, Mischief, NAME, Server};
use super::state::{Change, LONGEST, NOW, Node, State, Told};

/// The candidates' clocks in thousandths of real time, and as many candidates.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) rates: Vec<u32>,
    /// Whether there is an empty Lease from the first.
    pub(crate) has_lease: bool,
    pub(crate) faults: Faults,
    /// How many late writes may be under way.
    pub(crate) late: usize,
    /// Whether watches say what happens; else they are silent for ever, and reads make up for it.
    pub(crate) has_watches: bool,
    /// Whether all candidates have one name, and a nonce each.
    pub(crate) is_exact: bool,
    pub(crate) create: Create,
    pub(crate) renew_deadline: Duration,
    /// For which ratio of clock rates the options are made.
    pub(crate) ratio_permille: u32,
    /// What somebody may write.
    pub(crate) mischief: &'static [Mischief],
    /// Whether mischief may erase a holder's renewals more than once.
    pub(crate) erases_renewals: bool,
    /// A candidate of client-go's besides ours.
    pub(crate) has_rival: bool,
    /// Whether the options heed it.
    pub(crate) heeds_rival: bool,
}

impl World {
    /// Two candidates, whose clocks run alike.
    pub(crate) fn new(faults: Faults) -> Self {
        Self {
            rates: vec![1000; 2],
            has_lease: true,
            faults,
            late: 2,
            has_watches: false,
            is_exact: false,
            create: Create::Safe,
            renew_deadline: Duration::from_secs(2),
            ratio_permille: 1000,
            mischief: &Mischief::ALL,
            erases_renewals: false,
            has_rival: false,
            heeds_rival: true,
        }
    }

    /// Whether nothing keeps a candidate from standing in: then E5 has a bound.
    pub(crate) fn is_prompt(&self) -> bool {
        let clocks_run_alike = self.rates.iter().all(|rate| *rate == 1000);
        self.has_lease && self.faults.are_prompt() && self.faults.deletions == 0 && clocks_run_alike && !self.has_rival
    }

    /// Whether an answer comes with its request: there is nothing to befall it.
    pub(crate) const fn answers_at_once(&self) -> bool {
        self.faults.delays == 0 && self.faults.losses == 0 && self.faults.failures == 0
    }

    /// How many ticks without a change are told apart: until everybody's wait is over, or somebody should lead.
    pub(crate) fn most_unchanged(&self) -> u16 {
        let slowest = (0..self.rates.len()).map(|index| self.tick_of(index)).min().unwrap();
        let longest = self.longest_record();
        let waits = longest.as_micros().div_ceil(slowest.as_micros()) as u16;
        if self.is_prompt() { waits + self.until_seen() as u16 + 1 } else { waits }
    }

    /// How many ticks pass until a standby reads what it hears nothing of.
    pub(crate) fn until_read(&self) -> u64 {
        self.longest_record().as_secs().div_ceil(4)
    }

    /// The same, and a retry period more: who has met with conflicts waits for it.
    pub(crate) fn until_seen(&self) -> u64 {
        self.until_read() + 1
    }

    /// How long a record lasts at most: somebody's may last longer than ours.
    pub(crate) fn longest_record(&self) -> Duration {
        let somebodys = if self.faults.mischief > 0 { super::LONG_DURATION } else { 0 };
        LONGEST.max(Duration::from_secs(somebodys.into()))
    }

    /// What a tick is for one of the clocks.
    pub(crate) fn tick_of(&self, index: usize) -> Duration {
        self.tick() * self.rates[index] / 1000
    }

    /// Beside client-go, what happens within a second matters.
    pub(crate) const fn tick(&self) -> Duration {
        if self.has_rival { Duration::from_millis(500) } else { Duration::from_secs(1) }
    }

    /// How long after a write was sent the work must be gone: before anybody's lease duration has passed.
    pub(crate) fn hard_deadline(&self, node: &Node) -> Duration {
        let rounding = if self.heeds_client_go() { Duration::from_secs(1) } else { Duration::ZERO };
        LONGEST * 1000 / self.ratio_permille - node.election.config().kill_margin() - rounding
    }

    const fn heeds_client_go(&self) -> bool {
        self.has_rival && self.heeds_rival
    }

    fn config(&self, life: Life) -> ElectionConfig {
        let (namespace, name) = (Namespace::parse("lab").unwrap(), LeaseName::parse("demo").unwrap());
        let options = ElectionOptions {
            exact_identity: self.is_exact,
            lease_duration: LONGEST,
            renew_deadline: self.renew_deadline,
            retry_period: Duration::from_millis(500),
            attempt_timeout: Some(Duration::from_millis(if self.has_rival { 500 } else { 750 })),
            jitter_percent: 0,
            rate_ratio_permille: self.ratio_permille,
            create: self.create,
            beside_client_go: self.heeds_client_go(),
            seed: 0,
            ..ElectionOptions::new(namespace, name, NAME, u64::from(life))
        };
        let is_proven = self.renew_deadline < LONGEST;
        if is_proven { options.build().unwrap() } else { options.unproven() }
    }

    pub(crate) fn node(&self, life: Life) -> Node {
        Node {
            election: Election::new(self.config(life)),
            life,
            call: None,
            answer: None,
            stream: None,
            work: None,
            is_cut_off: false,
            is_paused: false,
            told: Told::Stand,
            proven: Instant::since_origin(NOW.elapsed_since_origin().saturating_sub(LONGEST)),
        }
    }

    pub(crate) fn start(&self) -> State {
        let lives = 1..=Life::try_from(self.rates.len()).unwrap();
        let mut state = State {
            nodes: lives.map(|life| Named::new(self.node(life))).collect(),
            server: Named::new(Server::new(self.has_lease)),
            late: Vec::new(),
            faults: self.faults,
            rival: self.has_rival.then(Rival::default),
            token: 0,
            unchanged: 0,
            leaderless: 0,
            last_change: Change::First,
            has_begun: false,
            broken: None,
        };
        for index in 0..self.rates.len() {
            self.feed(&mut state, index, Input::Start);
        }
        self.tidy(&mut state);
        canonical(&mut state, None, &vec![Duration::ZERO; self.rates.len()]);
        state
    }
}
