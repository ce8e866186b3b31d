//! [Lease](https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/): the few fields that decisions
//! use, read out of the whole object, which is kept so that a write alters nothing that is not ours (E6).

use alloc::borrow::Cow;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::decode::DecodeError;
use super::meta::{LeaseName, Namespace, ResourceVersion};
use super::resource::Resource;

/// The annotation that tells processes of one name apart.
const NONCE_ANNOTATION: &str = "quorate.github.io/nonce";

/// A Lease as the server wrote it, or the nearest to it that can be compared and written back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lease {
    uid: Arc<str>,
    version: ResourceVersion,
    // Shared: whoever acts on a Lease holds it while the machine changes.
    object: Arc<Map<String, Value>>,
}

impl Lease {
    /// Decodes the Lease of this name.
    pub(crate) fn decode(json: &[u8], name: &LeaseName) -> Result<Self, DecodeError> {
        let object: Map<String, Value> = serde_json::from_slice(json)?;
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
        if kind != Resource::LEASES.kind() {
            return Err(DecodeError::kind(Resource::LEASES.kind(), kind));
        }
        let meta = |field| object.get("metadata").and_then(|meta| meta.get(field)).and_then(Value::as_str);
        let unidentified = |missing| Err(DecodeError::Unidentified { missing });
        if meta("name") != Some(name.as_str()) {
            return unidentified("the name that was asked for");
        }
        let Some(uid) = meta("uid").filter(|uid| !uid.is_empty()) else { return unidentified("a uid") };
        let version = ResourceVersion::new(meta("resourceVersion").unwrap_or_default());
        // E4: a fencing token is a version, so one that does not compare can begin no term.
        if version.newness().is_none() {
            return unidentified("a resourceVersion that is a decimal integer");
        }
        if !matches!(object.get("spec"), None | Some(Value::Null | Value::Object(_))) {
            return unidentified("a spec that is an object");
        }
        Ok(Self { uid: uid.into(), version, object: Arc::new(object) })
    }

    pub(crate) const fn uid(&self) -> &Arc<str> {
        &self.uid
    }

    pub(crate) const fn version(&self) -> &ResourceVersion {
        &self.version
    }

    /// Content is the uid and the spec: an edit of a label must not prolong a dead Lease.
    pub(crate) fn has_content_of(&self, other: &Self) -> bool {
        self.uid == other.uid && self.object.get("spec") == other.object.get("spec")
    }

    fn spec(&self, field: &str) -> Option<&Value> {
        self.object.get("spec")?.get(field).filter(|value| !value.is_null())
    }

    /// Who holds it; nobody if the field is missing, null or empty, and only then (E7).
    pub(crate) fn holder(&self) -> Option<Cow<'_, str>> {
        match self.spec("holderIdentity")? {
            Value::String(holder) if holder.is_empty() => None,
            Value::String(holder) => Some(Cow::Borrowed(holder)),
            // No server writes it, but what it says is not that nobody holds it.
            other => Some(Cow::Owned(other.to_string())),
        }
    }

    /// `leaseDurationSeconds`, unless it is missing or no positive integer (E7).
    pub(crate) fn duration_seconds(&self) -> Option<u64> {
        self.spec("leaseDurationSeconds")?.as_u64().filter(|seconds| *seconds > 0)
    }

    /// `leaseTransitions`; missing and negative ones count as 0 (E7).
    pub(crate) fn transitions(&self) -> u32 {
        let transitions = self.spec("leaseTransitions").and_then(Value::as_u64).unwrap_or_default();
        u32::try_from(transitions).unwrap_or(MOST_TRANSITIONS).min(MOST_TRANSITIONS)
    }

    /// What a winning write counts, also if the holder was us.
    pub(crate) fn next_transitions(&self) -> u32 {
        self.transitions().saturating_add(1).min(MOST_TRANSITIONS)
    }

    /// `renewTime` as it is written: it names a write, and its meaning decides nothing.
    pub(crate) fn renew_time(&self) -> Option<&str> {
        self.spec("renewTime")?.as_str()
    }

    /// `acquireTime` as it is written.
    pub(crate) fn acquire_time(&self) -> Option<&str> {
        self.spec("acquireTime")?.as_str()
    }

    /// `preferredHolder`, which coordinated election sets.
    pub(crate) fn preferred_holder(&self) -> Option<&str> {
        self.spec("preferredHolder")?.as_str()
    }

    /// `strategy`, which is set when the Lease belongs to coordinated election.
    pub(crate) fn strategy(&self) -> Option<&str> {
        self.spec("strategy").map(|strategy| strategy.as_str().unwrap_or("?")).filter(|strategy| !strategy.is_empty())
    }

    /// The nonce of who wrote it last, if it was an exact identity of ours or of a namesake.
    pub(crate) fn nonce(&self) -> Option<&str> {
        self.object.get("metadata")?.get("annotations")?.get(NONCE_ANNOTATION)?.as_str()
    }

    /// For model checkers, to name its parts anew: what was read out of it, and itself.
    #[cfg(feature = "testing")]
    pub(crate) fn parts_mut(&mut self) -> (&mut Arc<str>, &mut ResourceVersion, &mut Map<String, Value>) {
        (&mut self.uid, &mut self.version, Arc::make_mut(&mut self.object))
    }

    /// The body of a PUT: this Lease with the claim in it. It carries this one's uid and resourceVersion.
    pub(crate) fn claimed(&self, claim: &Claim<'_>) -> Vec<u8> {
        let mut object = Map::clone(&self.object);
        claim.write(&mut object);
        to_json(&object)
    }
}

/// What a write says. Only these fields are ours (E6).
pub(crate) struct Claim<'a> {
    /// The holder; empty to release.
    pub(crate) holder: &'a str,
    pub(crate) duration_seconds: u64,
    /// When the holder began to hold it; `None` leaves it as it is.
    pub(crate) acquire_time: Option<&'a str>,
    pub(crate) renew_time: &'a str,
    /// The count of transitions; `None` leaves it as it is.
    pub(crate) transitions: Option<u32>,
    /// The writer's nonce, if it has an exact identity.
    pub(crate) nonce: Option<&'a str>,
}

impl Claim<'_> {
    /// The body of a POST: a new Lease with the claim in it. It carries neither uid nor resourceVersion.
    pub(crate) fn new_lease(&self, namespace: &Namespace, name: &LeaseName) -> Vec<u8> {
        let mut object = Map::new();
        object.insert("apiVersion".into(), "coordination.k8s.io/v1".into());
        object.insert("kind".into(), Resource::LEASES.kind().into());
        edit(&mut object, "metadata", |metadata| {
            metadata.insert("name".into(), name.as_str().into());
            metadata.insert("namespace".into(), namespace.as_str().into());
        });
        self.write(&mut object);
        to_json(&object)
    }

    fn write(&self, object: &mut Map<String, Value>) {
        edit(object, "spec", |spec| {
            spec.insert("holderIdentity".into(), self.holder.into());
            spec.insert("leaseDurationSeconds".into(), self.duration_seconds.into());
            spec.insert("renewTime".into(), self.renew_time.into());
            if let Some(time) = self.acquire_time {
                spec.insert("acquireTime".into(), time.into());
            }
            if let Some(transitions) = self.transitions {
                spec.insert("leaseTransitions".into(), transitions.into());
            }
        });
        if let Some(nonce) = self.nonce {
            edit(object, "metadata", |metadata| {
                edit(metadata, "annotations", |annotations| {
                    annotations.insert(NONCE_ANNOTATION.into(), nonce.into());
                });
            });
        }
    }
}

/// The API's `int32`.
pub(crate) const MOST_TRANSITIONS: u32 = i32::MAX.unsigned_abs();

/// Changes the object under this key; one is made where there is none.
fn edit(object: &mut Map<String, Value>, key: &str, change: impl FnOnce(&mut Map<String, Value>)) {
    let mut member = match object.remove(key) {
        Some(Value::Object(member)) => member,
        _ => Map::new(),
    };
    change(&mut member);
    object.insert(key.into(), Value::Object(member));
}

fn to_json(object: &Map<String, Value>) -> Vec<u8> {
    // A map whose keys are text always serializes.
    serde_json::to_vec(object).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn name() -> LeaseName {
        LeaseName::parse("demo").unwrap()
    }

    fn lease(spec: &Value) -> Result<Lease, DecodeError> {
        let meta = json!({"name": "demo", "uid": "u", "resourceVersion": "7", "annotations": {"a": "b"}});
        let json = json!({"kind": "Lease", "metadata": meta, "spec": spec, "later": [1]});
        Lease::decode(json.to_string().as_bytes(), &name())
    }

    const CLAIM: Claim<'_> = Claim {
        holder: "me",
        duration_seconds: 15,
        acquire_time: None,
        renew_time: "2026-11-20T18:04:58.545226Z",
        transitions: None,
        nonce: None,
    };

    // E6.
    #[test]
    fn a_claim_leaves_every_field_that_is_not_ours() {
        let spec = json!({"preferredHolder": "x", "leaseTransitions": 4, "acquireTime": "t", "unknown": {"y": 1.5}});
        let body = lease(&spec).unwrap().claimed(&Claim { nonce: Some("n"), ..CLAIM });
        let expected = json!({
            "kind": "Lease",
            "metadata": {
                "name": "demo", "uid": "u", "resourceVersion": "7",
                "annotations": {"a": "b", "quorate.github.io/nonce": "n"},
            },
            "spec": {
                "preferredHolder": "x", "leaseTransitions": 4, "acquireTime": "t", "unknown": {"y": 1.5},
                "holderIdentity": "me", "leaseDurationSeconds": 15, "renewTime": CLAIM.renew_time,
            },
            "later": [1],
        });
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
    }

    #[test]
    fn a_new_lease_names_neither_uid_nor_version() {
        let namespace = Namespace::parse("lab").unwrap();
        let body = Claim { transitions: Some(0), acquire_time: Some("t"), ..CLAIM }.new_lease(&namespace, &name());
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["metadata"], json!({"name": "demo", "namespace": "lab"}));
        assert_eq!((&body["spec"]["leaseTransitions"], &body["spec"]["acquireTime"]), (&json!(0), &json!("t")));
    }

    // E7.
    #[test]
    fn free_means_missing_null_or_empty_and_nothing_else() {
        for spec in [json!(null), json!({}), json!({"holderIdentity": null}), json!({"holderIdentity": ""})] {
            assert_eq!(lease(&spec).unwrap().holder(), None, "{spec}");
        }
        for (holder, text) in [(json!(" "), " "), (json!("a"), "a"), (json!(7), "7"), (json!(false), "false")] {
            let lease = lease(&json!({"holderIdentity": holder, "leaseDurationSeconds": 1})).unwrap();
            assert_eq!(lease.holder().as_deref(), Some(text));
        }
    }

    // E7.
    #[test]
    fn absurd_numbers_read_as_absent() {
        for absurd in [json!(null), json!(-1), json!("15"), json!(15.5), json!([]), json!({})] {
            let lease = lease(&json!({"leaseDurationSeconds": absurd, "leaseTransitions": absurd})).unwrap();
            assert_eq!((lease.duration_seconds(), lease.transitions()), (None, 0), "{absurd}");
        }
        assert_eq!(lease(&json!({"leaseDurationSeconds": 0})).unwrap().duration_seconds(), None);
        assert_eq!(lease(&json!({"leaseTransitions": u64::MAX})).unwrap().transitions(), MOST_TRANSITIONS);
    }

    #[test]
    fn content_is_the_uid_and_the_spec() {
        let with = |field: &str, value: &str| {
            let mut json = json!({"kind": "Lease", "metadata": {"name": "demo", "uid": "u", "resourceVersion": "7"}});
            json["metadata"][field] = json!(value);
            Lease::decode(json.to_string().as_bytes(), &name()).unwrap()
        };
        let lease = with("uid", "u");
        assert!(
            with("resourceVersion", "8").has_content_of(&lease) && with("generateName", "x").has_content_of(&lease)
        );
        assert!(!with("uid", "v").has_content_of(&lease));
    }

    #[test]
    fn what_cannot_be_told_apart_is_no_lease() {
        assert!(lease(&json!([])).is_err());
        for json in [
            json!({"kind": "Pod", "metadata": {"name": "demo", "uid": "u", "resourceVersion": "7"}}),
            json!({"kind": "Lease"}),
            json!({"kind": "Lease", "metadata": {"name": "other", "uid": "u", "resourceVersion": "7"}}),
            json!({"kind": "Lease", "metadata": {"name": "demo", "uid": "", "resourceVersion": "7"}}),
            json!({"kind": "Lease", "metadata": {"name": "demo", "uid": "u", "resourceVersion": "x"}}),
            json!([]),
        ] {
            assert!(Lease::decode(json.to_string().as_bytes(), &name()).is_err(), "{json}");
        }
    }
}
