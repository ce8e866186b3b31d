//! A `quorate watch` that runs, and what it tells as it goes.

mod laws;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

pub use laws::check;

use crate::child::Running;
use crate::connector::Links;
use crate::eventually::eventually;
use crate::lab::Lab;
use crate::trouble::Trouble;

/// Nothing that needs no outage to end takes longer, on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(20);
/// An outage is over when the longest pause before another attempt is.
const RECOVERY_LIMIT: Duration = Duration::from_secs(45);

/// One line that it printed.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When that was.
    pub time: Timestamp,
    value: Value,
}

impl Event {
    fn parse(line: &str) -> Result<Self, Trouble> {
        let value: Value = serde_json::from_str(line).map_err(Trouble::during(line))?;
        let time = value.get("time").and_then(Value::as_str).unwrap_or_default();
        Ok(Self { time: time.parse().map_err(Trouble::during(line))?, value })
    }

    /// What happened.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text("event")
    }

    /// A text in it; empty if it has none such.
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        self.value.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether the member counts.
    #[must_use]
    pub fn is_admitted(&self) -> bool {
        self.value.get("admitted").and_then(Value::as_bool).unwrap_or_default()
    }

    /// The whole of it.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }
}

/// A running `quorate watch -o json`, whose links are a script's.
#[derive(Debug)]
pub struct Watching {
    running: Running,
    links: Links,
    /// Its own name.
    itself: Option<String>,
    events: Vec<Event>,
    /// How many bytes of its output have become events.
    read: u64,
    /// How many events were asked for already.
    told: usize,
}

impl Watching {
    /// Starts it with these flags, and waits until it has seen everybody.
    ///
    /// # Errors
    ///
    /// When it ends, or sees nothing.
    pub fn start(lab: &Lab, arguments: &[&str]) -> Result<Self, Trouble> {
        Self::start_with(lab, Links::new()?, arguments)
    }

    /// Starts it with links that there are already.
    ///
    /// # Errors
    ///
    /// When it ends, or sees nothing.
    pub fn start_with(lab: &Lab, links: Links, arguments: &[&str]) -> Result<Self, Trouble> {
        let command = lab.watch(&[&["-v", "-o", "json"], arguments].concat())?;
        let running = command.variable("QUORATE_CONNECTOR", links.program()).start()?;
        let itself =
            arguments.iter().skip_while(|argument| **argument != "--self").nth(1).map(|name| (*name).to_owned());
        let mut watching = Self { running, links, itself, events: Vec::new(), read: 0, told: 0 };
        watching.next("synced")?;
        Ok(watching)
    }

    /// What it has printed so far.
    ///
    /// # Errors
    ///
    /// When that is no JSON.
    pub fn events(&mut self) -> Result<&[Event], Trouble> {
        let bytes = self.running.stdout_from(self.read)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end.saturating_add(1));
        let text = String::from_utf8_lossy(bytes.get(..whole).unwrap_or_default());
        for line in text.lines() {
            self.events.push(Event::parse(line)?);
        }
        self.read = self.read.saturating_add(u64::try_from(whole).unwrap_or(u64::MAX));
        Ok(&self.events)
    }

    /// Its links.
    #[must_use]
    pub const fn links(&self) -> &Links {
        &self.links
    }

    /// Waits for an event of this kind, after the one that was waited for last.
    ///
    /// # Errors
    ///
    /// When it does not come.
    pub fn next(&mut self, kind: &str) -> Result<Event, Trouble> {
        self.next_where(kind, LIMIT, |event| event.kind() == kind)
    }

    /// Waits for an event of this kind about this peer, after the one that was waited for last.
    ///
    /// # Errors
    ///
    /// When it does not come.
    pub fn next_of(&mut self, kind: &str, name: &str) -> Result<Event, Trouble> {
        let what = format!("{kind} {name}");
        self.next_where(&what, LIMIT, |event| event.kind() == kind && event.text("name") == name)
    }

    /// Waits until it says that it is degraded, for a reason with these words in it.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub fn degraded(&mut self, words: &str) -> Result<Event, Trouble> {
        let what = format!("degraded: {words}");
        self.next_where(&what, RECOVERY_LIMIT, |event| {
            event.kind() == "degraded" && event.text("reason").contains(words)
        })
    }

    /// Waits until it says that it is live again.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub fn live(&mut self) -> Result<Event, Trouble> {
        self.next_where("live", RECOVERY_LIMIT, |event| event.kind() == "live")
    }

    /// Waits for an event, after the one that was waited for last.
    ///
    /// # Errors
    ///
    /// When it does not come.
    pub fn next_where(
        &mut self,
        what: &str,
        limit: Duration,
        is_it: impl Fn(&Event) -> bool,
    ) -> Result<Event, Trouble> {
        let found = eventually(what, limit, || {
            let told = self.told;
            let found = self.events()?.iter().enumerate().skip(told).find(|(_, event)| is_it(event));
            Ok(found.map(|(index, event)| (index, event.clone())))
        });
        let (index, event) = found.map_err(|trouble| self.trouble(&trouble))?;
        self.told = index.saturating_add(1);
        Ok(event)
    }

    /// Waits until these peers are connected, and nobody else.
    ///
    /// # Errors
    ///
    /// When it does not come to that.
    pub fn connected(&mut self, names: &[&str]) -> Result<(), Trouble> {
        let expected: BTreeSet<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let waited = eventually(&format!("connected to {names:?}"), LIMIT, || {
            Ok((self.links.connected()? == expected).then_some(()))
        });
        waited.map_err(|trouble| self.trouble(&trouble))
    }

    /// Waits until these members are admitted, and nobody else.
    ///
    /// # Errors
    ///
    /// When it does not come to that.
    pub fn admitted(&mut self, names: &[&str]) -> Result<(), Trouble> {
        let waited = eventually(&format!("{names:?} are admitted"), LIMIT, || {
            let members = self.members()?;
            let admitted = members.iter().filter(|(_, event)| event.is_admitted());
            let admitted: BTreeSet<_> = admitted.map(|(name, _)| name.as_str()).collect();
            Ok((admitted == names.iter().copied().collect()).then_some(()))
        });
        waited.map_err(|trouble| self.trouble(&trouble))
    }

    /// Whom it has disconnected, in order.
    ///
    /// # Errors
    ///
    /// When that cannot be read.
    pub fn disconnected(&self) -> Result<Vec<String>, Trouble> {
        let calls = self.links.calls()?.into_iter();
        Ok(calls.filter(|call| call.verb == "disconnect").map(|call| call.name).collect())
    }

    /// The members that its events add up to, by name, each as it was told last.
    ///
    /// # Errors
    ///
    /// When they cannot be read, or contradict each other.
    pub fn members(&mut self) -> Result<BTreeMap<String, Event>, Trouble> {
        let mut members = BTreeMap::new();
        for event in self.events()? {
            let name = event.text("name").to_owned();
            let was_there = match event.kind() {
                "joined" => members.insert(name, event.clone()).is_none(),
                "changed" => members.insert(name, event.clone()).is_some(),
                "left" => members.remove(&name).is_some(),
                _ => true,
            };
            if !was_there {
                return Err(self.trouble("its events contradict each other"));
            }
        }
        Ok(members)
    }

    /// Stops it for a while: it neither hears nor tells anything until [`thaw`](Self::thaw).
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub fn freeze(&self) -> Result<(), Trouble> {
        self.running.signal("STOP")
    }

    /// Lets it go on.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub fn thaw(&self) -> Result<(), Trouble> {
        self.running.signal("CONT")
    }

    /// Ends it, when its links are those of its members, and holds all that it did to what is promised of links: see
    /// [`check`]. Returns its links.
    ///
    /// # Errors
    ///
    /// When anything is not as promised.
    pub fn finish(mut self) -> Result<Links, Trouble> {
        let settled = eventually("its links are those of its members", LIMIT, || {
            let members = self.members()?;
            let up = self.links.connected()?;
            let itself = self.itself.as_ref();
            let is_missing =
                |(name, event): (&String, &Event)| event.is_admitted() && !up.contains(name) && Some(name) != itself;
            let is_settled = !members.iter().any(is_missing) && up.iter().all(|name| members.contains_key(name));
            Ok(is_settled.then_some(()))
        });
        settled.map_err(|trouble| self.trouble(&trouble))?;
        check(&self.events, &self.links.calls()?).map_err(|trouble| self.trouble(&trouble))?;
        self.stop()
    }

    /// Ends it. Its links stay.
    ///
    /// # Errors
    ///
    /// When it does not end well.
    pub fn stop(self) -> Result<Links, Trouble> {
        self.running.terminate(LIMIT)?.with_code(0)?;
        Ok(self.links)
    }

    /// A failure about it, with all that it said and did.
    #[must_use]
    pub fn trouble(&self, problem: impl std::fmt::Display) -> Trouble {
        let events: Vec<_> = self.events.iter().map(|event| event.value.to_string()).collect();
        let calls: Vec<_> = self.links.calls().unwrap_or_default();
        let calls: Vec<_> = calls.iter().map(|call| format!("{} {} {}", call.time, call.verb, call.name)).collect();
        let said = self.running.stderr().unwrap_or_default();
        Trouble::new(format!(
            "{problem}\n--- events\n{}\n--- calls\n{}\n--- standard error\n{said}",
            events.join("\n"),
            calls.join("\n")
        ))
    }
}
