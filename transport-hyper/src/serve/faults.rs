//! What goes wrong on purpose: plain values, without a clock or a socket.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::asked::Asked;

/// The faults that last until they are turned off.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "built with `..Default::default()`; a further field breaks nobody")]
pub struct Faults {
    /// How long each request waits before it is looked at.
    pub latency: Duration,
    /// Which requests fail, how often, and how. The first that strikes answers.
    pub errors: Vec<ErrorRate>,
    /// Whether watches stay open and say nothing. What they had to say follows when this ends.
    pub stall_watches: bool,
    /// How long a watch lives before its connection breaks.
    pub cut_watches_after: Option<Duration>,
    /// How often the history is compacted.
    pub compact_every: Option<Duration>,
    /// How many versions behind the newest state reads that allow it are.
    pub lag: Option<u64>,
}

impl Faults {
    /// The status that this request is to fail with.
    pub(super) fn strike(&self, asked: &Asked, dice: &mut Dice) -> Option<u16> {
        // Only rates that match use up chance, so that other requests do not move where errors strike.
        self.errors
            .iter()
            .filter(|rate| rate.matches(asked))
            .find(|rate| dice.roll(rate.probability))
            .map(|rate| rate.status)
    }

    /// Takes over what the change says of faults that last.
    pub fn take(&mut self, change: &FaultChange) {
        let length = |millis: u64| (millis > 0).then(|| Duration::from_millis(millis));
        if let Some(millis) = change.latency_ms {
            self.latency = Duration::from_millis(millis);
        }
        if let Some(errors) = &change.errors {
            self.errors.clone_from(errors);
        }
        if let Some(stall) = change.stall_watches {
            self.stall_watches = stall;
        }
        if let Some(millis) = change.cut_watches_after_ms {
            self.cut_watches_after = length(millis);
        }
        if let Some(millis) = change.compact_every_ms {
            self.compact_every = length(millis);
        }
        if let Some(versions) = change.lag {
            self.lag = Some(versions).filter(|versions| *versions > 0);
        }
    }
}

/// Serialized as the fields of a [`FaultChange`] that brings them about.
impl Serialize for Faults {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Shown<'a> {
            latency_ms: u128,
            errors: &'a [ErrorRate],
            stall_watches: bool,
            cut_watches_after_ms: u128,
            compact_every_ms: u128,
            lag: u64,
        }
        let millis = |length: Option<Duration>| length.unwrap_or_default().as_millis();
        let shown = Shown {
            latency_ms: self.latency.as_millis(),
            errors: &self.errors,
            stall_watches: self.stall_watches,
            cut_watches_after_ms: millis(self.cut_watches_after),
            compact_every_ms: millis(self.compact_every),
            lag: self.lag.unwrap_or(0),
        };
        shown.serialize(serializer)
    }
}

/// A change of the faults, as the admin path takes it: what is absent stays, zero turns off.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[expect(clippy::exhaustive_structs, reason = "built with `..Default::default()`; a further field breaks nobody")]
pub struct FaultChange {
    /// [`Faults::latency`], in milliseconds.
    pub latency_ms: Option<u64>,
    /// [`Faults::errors`], all of them; in JSON each a text such as `list:pods=0.1:500`.
    pub errors: Option<Vec<ErrorRate>>,
    /// [`Faults::stall_watches`].
    pub stall_watches: Option<bool>,
    /// [`Faults::cut_watches_after`], in milliseconds; for watches that open from now on.
    pub cut_watches_after_ms: Option<u64>,
    /// [`Faults::compact_every`], in milliseconds.
    pub compact_every_ms: Option<u64>,
    /// [`Faults::lag`].
    pub lag: Option<u64>,
    /// Break all open watches, once.
    pub cut_watches: bool,
    /// Compact the history, once.
    pub compact: bool,
    /// Break all connections and take none for so many milliseconds; also the admin path is gone then.
    pub outage_ms: Option<u64>,
    /// The kubeconfig's token expires in so many milliseconds; zero is at once.
    pub token_expires_in_ms: Option<u64>,
    /// The kubeconfig's token is good again, and does not expire.
    pub renew_token: bool,
}

/// How often requests of one kind fail. Written `VERB:RESOURCE=PROBABILITY:STATUS`, such as `list:pods=0.1:500`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct ErrorRate {
    verb: String,
    resource: String,
    probability: f64,
    status: u16,
}

impl ErrorRate {
    fn matches(&self, asked: &Asked) -> bool {
        let fits = |pattern: &str, text: &str| pattern == "*" || pattern == text;
        fits(&self.verb, asked.verb) && fits(&self.resource, &asked.resource)
    }
}

const VERBS: &[&str] = &["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "*"];

impl FromStr for ErrorRate {
    type Err = InvalidErrorRate;

    fn from_str(text: &str) -> Result<Self, InvalidErrorRate> {
        let invalid = |why| InvalidErrorRate { text: text.into(), why };
        let shape = || invalid("write it as VERB:RESOURCE=PROBABILITY:STATUS, such as list:pods=0.1:500");
        let (what, how) = text.split_once('=').ok_or_else(shape)?;
        let (verb, resource) = what.split_once(':').ok_or_else(shape)?;
        let (probability, status) = how.split_once(':').ok_or_else(shape)?;
        if !VERBS.contains(&verb) {
            return Err(invalid(
                "the verb is none of get, list, watch, create, update, patch, delete, deletecollection, *",
            ));
        }
        if resource.is_empty() {
            return Err(invalid("the resource is missing: name one, such as pods, or * for all"));
        }
        let probability = probability.parse().ok().filter(|probability| (0.0..=1.0).contains(probability));
        let status = status.parse().ok().filter(|status| (400..=599).contains(status));
        Ok(Self {
            verb: verb.into(),
            resource: resource.into(),
            probability: probability.ok_or_else(|| invalid("the probability is no number from 0 to 1"))?,
            status: status.ok_or_else(|| invalid("the status is no number from 400 to 599"))?,
        })
    }
}

impl TryFrom<String> for ErrorRate {
    type Error = InvalidErrorRate;

    fn try_from(text: String) -> Result<Self, InvalidErrorRate> {
        text.parse()
    }
}

impl fmt::Display for ErrorRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}={}:{}", self.verb, self.resource, self.probability, self.status)
    }
}

impl Serialize for ErrorRate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text that is no [`ErrorRate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidErrorRate {
    text: String,
    why: &'static str,
}

impl fmt::Display for InvalidErrorRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.text, self.why)
    }
}

impl std::error::Error for InvalidErrorRate {}

/// Chance that can be repeated: SplitMix64 (Steele, Lea, Flood: *Fast splittable pseudorandom number generators*, 2014).
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self, probability: f64) -> bool {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        // 32 bits fit a double exactly, so that 0 never strikes and 1 always does.
        f64::from((mixed >> 32) as u32) < probability * f64::from(u32::MAX) + probability
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn faults(errors: &[&str]) -> Faults {
        Faults { errors: errors.iter().map(|text| text.parse().unwrap()).collect(), ..Faults::default() }
    }

    fn list_of(resource: &str) -> Asked {
        Asked::of(&Method::GET, &format!("/api/v1/{resource}"), "")
    }

    #[test]
    fn errors_strike_what_they_name_as_often_as_they_say() {
        let faults = faults(&["list:pods=0.25:500", "*:services=1:503", "get:*=0:500"]);
        let mut dice = Dice::from_seed(7);
        let struck = (0..4000).filter(|_| faults.strike(&list_of("pods"), &mut dice) == Some(500)).count();
        assert!((900..1100).contains(&struck), "{struck}");
        assert!((0..100).all(|_| faults.strike(&list_of("services"), &mut dice) == Some(503)));
        assert!((0..100).all(|_| faults.strike(&list_of("leases"), &mut dice).is_none()));
        let get = Asked::of(&Method::GET, "/api/v1/namespaces/lab/pods/a", "");
        assert!((0..1000).all(|_| faults.strike(&get, &mut dice).is_none()));
    }

    #[test]
    fn the_same_seed_strikes_the_same_requests() {
        let faults = faults(&["*:*=0.5:500"]);
        let strikes = |seed| {
            let mut dice = Dice::from_seed(seed);
            (0..64).map(|_| faults.strike(&list_of("pods"), &mut dice).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(strikes(1), strikes(1));
        assert_ne!(strikes(1), strikes(2));
    }

    #[test]
    fn an_error_rate_is_read_as_it_is_written() {
        for text in ["list:pods=0.1:500", "*:*=1:429", "update:pods/status=0:599"] {
            assert_eq!(text.parse::<ErrorRate>().unwrap().to_string(), text);
        }
        for text in ["", "pods=1:500", "list:pods", "list:pods=1", "look:pods=1:500", "list:=1:500", "list:pods=2:500"]
        {
            assert!(text.parse::<ErrorRate>().is_err(), "{text}");
        }
        for text in ["list:pods=NaN:500", "list:pods=-1:500", "list:pods=1:200", "list:pods=1:600"] {
            assert!(text.parse::<ErrorRate>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_change_leaves_alone_what_it_does_not_name_and_zero_turns_off() {
        let change = |json: &str| serde_json::from_str::<FaultChange>(json).unwrap();
        let mut faults = Faults::default();
        faults.take(&change(r#"{"latencyMs": 50, "errors": ["list:pods=1:500"], "stallWatches": true}"#));
        faults.take(&change(r#"{"lag": 3, "cutWatchesAfterMs": 9, "compactEveryMs": 8}"#));
        let shown = r#"{"latencyMs":50,"errors":["list:pods=1:500"],"stallWatches":true,"cutWatchesAfterMs":9,"compactEveryMs":8,"lag":3}"#;
        assert_eq!(serde_json::to_string(&faults).unwrap(), shown);
        faults.take(&change(
            r#"{"latencyMs":0,"errors":[],"stallWatches":false,"cutWatchesAfterMs":0,"compactEveryMs":0,"lag":0}"#,
        ));
        assert_eq!(faults, Faults::default());
        assert!(serde_json::from_str::<FaultChange>(r#"{"latency": 50}"#).is_err());
    }
}
