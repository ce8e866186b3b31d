//! The host of one listing: what it is fed, and what it promises of itself.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use quorate_core::machine::{Action, Cause, Input, Machine as _};
use quorate_core::membership::listing::{Event, Listing, ListingConfig};

use crate::answer::Piece;
use crate::host::{self, Driver, Exchanges, Host as _};

pub(super) type Trace = host::Trace<Listing>;

pub(super) struct Host {
    config: ListingConfig,
    driver: Driver<Listing>,
    is_started: bool,
    is_done: bool,
}

impl Host {
    pub(super) fn new(config: ListingConfig) -> Self {
        let driver = Driver::new(Listing::new(config.clone()), Exchanges::new(&[]));
        Self { config, driver, is_started: false, is_done: false }
    }

    pub(super) fn trace(self) -> Trace {
        self.driver.trace
    }

    /// Parts for what is in flight, if anything is.
    pub(super) fn answer(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            let id = self.driver.exchanges.iter().next().map(|(id, _)| id);
            if let Some(id) = id {
                self.take(id, piece.part());
            }
        }
    }

    /// A part for something that is not, or no longer, in flight.
    pub(super) fn answer_late(&mut self, age: u8, piece: &Piece) {
        let Some(id) = self.driver.exchanges.former(age) else { return };
        let before = self.driver.trace.len();
        self.feed(Input::Answer { id, part: piece.part() });
        assert_eq!(self.driver.trace.len(), before, "an answer that nobody waits for had an effect");
    }

    fn carry_out(&mut self, action: Action<Event>) {
        assert!(!self.is_done, "after the last event: {action}");
        assert!(!action.to_string().is_empty());
        match &action {
            Action::Send { id, request } => {
                assert!(self.driver.exchanges.iter().next().is_none(), "two at once: {action}");
                self.driver.exchanges.send(self.driver.clock.latest(), *id, request);
            }
            Action::Cancel(id) => self.driver.exchanges.cancel(*id),
            Action::Emit(Event::Listed(snapshot)) => {
                assert!(snapshot.objects.len() <= self.config.options().object_limit);
                self.is_done = true;
            }
            Action::Emit(Event::Failed(_)) => self.is_done = true,
            _ => {}
        }
        self.driver.trace.push(action);
    }
}

impl host::Host for Host {
    type Machine = Listing;

    const TIMEOUTS: usize = 1;

    fn driver(&self) -> &Driver<Listing> {
        &self.driver
    }

    fn driver_mut(&mut self) -> &mut Driver<Listing> {
        &mut self.driver
    }

    fn handle(&mut self, input: Input<'_>) {
        self.is_started |= input == Input::Start;
        // The copy is the machine: one knows nothing that the other does not.
        let mut twin = self.driver.machine.clone();
        let actions = self.driver.handle(input);
        assert_eq!(twin.handle(self.driver.clock.now(), input), actions);
        assert_eq!(twin, self.driver.machine);
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        assert_eq!(hasher.hash_one(&twin), hasher.hash_one(&self.driver.machine));

        if let Input::Answer { id, part } = input {
            let _ = self.driver.exchanges.take(self.driver.clock.latest(), id, part);
        }
        assert!(actions.as_slice().len() <= 2, "{actions}");
        actions.into_iter().for_each(|action| self.carry_out(action));
    }

    /// It waits for an answer or for a time whenever it is not done, and for no longer than it was told to.
    fn check_state(&self) {
        let deadline = self.driver.machine.deadline();
        let asked = self.driver.exchanges.iter().next().map(|(_, exchange)| exchange.asked_at);
        let expected = match (self.is_started && !self.is_done, asked) {
            (false, _) => None,
            (true, Some(_)) => Some(Cause::RequestTimeout),
            (true, None) => Some(Cause::Retry),
        };
        assert_eq!(deadline.map(|deadline| deadline.cause), expected);
        let since = asked.unwrap_or(self.driver.clock.latest());
        let longest = since.saturating_add(self.config.options().request_timeout);
        assert!(deadline.is_none_or(|deadline| deadline.at <= longest));
        assert!(!self.is_done || asked.is_none(), "done, with a request in flight");
        self.driver.check_description();
    }
}
