//! A Lease as people read it: field by field, out of plain JSON.

use std::time::Duration;

use quorate_core::election::ElectionConfig;
use serde_json::Value;

use super::settings::NAME;

/// The longest that a record may keep others waiting (design §4, Observing).
const CAP: Duration = Duration::from_secs(3600);

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lease(pub(super) Value);

/// Orders as the integer does that a version is.
pub(super) fn number(version: &str) -> (usize, &str) {
    let digits = version.trim_start_matches('0');
    (digits.len(), digits)
}

impl Lease {
    /// What can be told apart from others, and compared; all else is no Lease.
    pub(super) fn read(json: &[u8]) -> Option<Self> {
        let lease = Self(serde_json::from_slice(json).ok()?);
        let is_decimal = !lease.version().is_empty() && lease.version().bytes().all(|byte| byte.is_ascii_digit());
        let is_record = matches!(lease.0.get("spec"), None | Some(Value::Null | Value::Object(_)));
        let is_it = lease.0.get("kind")? == "Lease" && lease.meta("name") == NAME && !lease.uid().is_empty();
        (is_it && is_decimal && is_record).then_some(lease)
    }

    fn meta(&self, field: &str) -> &str {
        self.0.get("metadata").and_then(|meta| meta.get(field)).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn spec(&self, field: &str) -> &Value {
        self.0.get("spec").and_then(|spec| spec.get(field)).unwrap_or(&Value::Null)
    }

    pub(super) fn uid(&self) -> &str {
        self.meta("uid")
    }

    pub(super) fn version(&self) -> &str {
        self.meta("resourceVersion")
    }

    pub(super) fn is_newer_than(&self, version: &str) -> bool {
        number(self.version()) > number(version)
    }

    /// Held is what names a holder, however oddly.
    pub(super) fn is_held(&self) -> bool {
        !matches!(self.spec("holderIdentity"), Value::Null) && self.spec("holderIdentity") != ""
    }

    pub(super) fn is_ours(&self, config: &ElectionConfig) -> bool {
        let nonce = || self.0.get("metadata")?.get("annotations")?.get("quorate.github.io/nonce")?.as_str();
        let is_namesake =
            config.options().exact_identity && nonce() != Some(&format!("{:016x}", config.options().nonce));
        self.spec("holderIdentity") == &**config.identity() && !is_namesake
    }

    pub(super) fn is_in_coordinated_election(&self) -> bool {
        let strategy = self.spec("strategy");
        !strategy.is_null() && strategy != ""
    }

    pub(super) fn renew_time(&self) -> Option<&str> {
        self.spec("renewTime").as_str()
    }

    /// How long it must be left alone since it changed.
    pub(super) fn patience(&self, config: &ElectionConfig) -> Duration {
        let seconds = self.spec("leaseDurationSeconds").as_u64().unwrap_or_default();
        Duration::from_secs(seconds).min(CAP).max(config.options().lease_duration)
    }

    pub(super) fn transitions(&self) -> u64 {
        let most = i32::MAX.unsigned_abs().into();
        self.spec("leaseTransitions").as_u64().unwrap_or_default().min(most)
    }

    pub(super) fn has_content_of(&self, other: &Self) -> bool {
        self.uid() == other.uid() && self.0.get("spec") == other.0.get("spec")
    }

    /// What is left when the fields are taken out that a candidate may write (E6).
    pub(super) fn foreign(&self, config: &ElectionConfig) -> Value {
        let mut rest = self.0.clone();
        let ours = ["holderIdentity", "leaseDurationSeconds", "renewTime", "acquireTime", "leaseTransitions"];
        if let Some(Value::Object(spec)) = rest.get_mut("spec") {
            ours.iter().for_each(|field| drop(spec.remove(*field)));
        }
        if config.options().exact_identity
            && let Some(Value::Object(annotations)) =
                rest.get_mut("metadata").and_then(|meta| meta.get_mut("annotations"))
        {
            annotations.remove("quorate.github.io/nonce");
        }
        // Nothing is lost where something empty, or of the wrong kind, made room for an object.
        for (parent, field) in [(None, "spec"), (Some("metadata"), "annotations")] {
            let holder = match parent {
                Some(parent) => rest.get_mut(parent),
                None => Some(&mut rest),
            };
            let Some(Value::Object(holder)) = holder else { continue };
            if holder.get(field).is_some_and(|value| value.as_object().is_none_or(serde_json::Map::is_empty)) {
                holder.remove(field);
            }
        }
        rest
    }
}
