//! Leases, as JSON: as candidates write them, as others do, and what is none.
//!
//! ```
//! use proptest::prelude::*;
//! use quorate_core::testing::strategies::records;
//!
//! proptest!(|(lease in records::leases())| {
//!     prop_assert_eq!(&lease["kind"], "Lease");
//!     prop_assert!(lease["metadata"]["resourceVersion"].is_string());
//! });
//! ```

use alloc::format;
use alloc::string::String;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::time::Timestamp;

/// A well-formed Lease `demo` in the namespace `lab`: free, or held by somebody, with any labels and any annotations.
///
/// Its version is between 1 and 99, and its uid one of two.
pub fn leases() -> impl Strategy<Value = Value> {
    (metadata(), prop_oneof![1 => free(), 4 => held()], foreign_fields()).prop_map(assemble)
}

/// A Lease that no candidate of ours would write: fields are missing, `null`, absurd, of another type, or unknown (E7).
pub fn odd_leases() -> impl Strategy<Value = Value> {
    let odd = select(alloc::vec![
        json!(null),
        json!(""),
        json!(0),
        json!(-1),
        json!(15.5),
        json!(u64::MAX),
        json!("x"),
        json!([]),
        json!({})
    ]);
    let fields = select(
        &["holderIdentity", "leaseDurationSeconds", "leaseTransitions", "renewTime", "acquireTime", "strategy"][..],
    );
    let spec = (held(), proptest::collection::vec((fields, odd), 1..4)).prop_map(|(mut spec, odds)| {
        odds.into_iter().for_each(|(field, odd)| set(&mut spec, field, odd));
        spec
    });
    (metadata(), prop_oneof![6 => spec, 1 => Just(Value::Null)], foreign_fields()).prop_map(assemble)
}

/// What stands in a Lease's place and is none: another kind, another name, no uid, no version, no object.
pub fn no_leases() -> impl Strategy<Value = Value> {
    let broken = select(alloc::vec![
        ("kind", json!("Pod")),
        ("kind", Value::Null),
        ("metadata", Value::Null),
        ("spec", json!([]))
    ]);
    let nameless = select(alloc::vec![
        ("name", json!("other")),
        ("uid", json!("")),
        ("resourceVersion", json!("x")),
        ("uid", Value::Null)
    ]);
    prop_oneof![
        (leases(), broken).prop_map(|(mut lease, (field, value))| {
            set(&mut lease, field, value);
            lease
        }),
        (leases(), nameless).prop_map(|(mut lease, (field, value))| {
            if let Some(metadata) = lease.get_mut("metadata") {
                set(metadata, field, value);
            }
            lease
        }),
        select(alloc::vec![json!(null), json!([]), json!("Lease"), json!({"kind": "Status", "code": 500})]),
    ]
}

/// Who may stand in a record: nobody we know, or one of ours with the nonce that is written behind its name.
pub fn holders() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => select(&["other", "one more", " "][..]).prop_map(String::from),
        1 => (0..4_u64).prop_map(|nonce| format!("me_{nonce:016x}")),
        1 => Just(String::from("me")),
    ]
}

fn metadata() -> impl Strategy<Value = Value> {
    (1..100_u64, select(&["first", "second"][..])).prop_map(|(version, uid)| {
        json!({"name": "demo", "namespace": "lab", "uid": uid, "resourceVersion": format!("{version}")})
    })
}

/// As client-go leaves it behind, as people create it, and as other tools do.
fn free() -> impl Strategy<Value = Value> {
    select(alloc::vec![
        json!({}),
        json!({"holderIdentity": null}),
        json!({"holderIdentity": "", "leaseDurationSeconds": 1, "leaseTransitions": 3})
    ])
}

fn held() -> impl Strategy<Value = Value> {
    (holders(), 1..=60_u32, 0..=9_u32, 0..=1_000_000_000_i64).prop_map(|(holder, seconds, transitions, micros)| {
        let time = format!("{}", Timestamp::from_unix_micros(1_795_197_898_000_000_i64.saturating_add(micros)));
        json!({
            "holderIdentity": holder, "leaseDurationSeconds": seconds, "leaseTransitions": transitions,
            "acquireTime": time, "renewTime": time,
        })
    })
}

/// Fields that are not ours, and must survive every write (E6).
fn foreign_fields() -> impl Strategy<Value = Value> {
    select(alloc::vec![
        json!({}),
        json!({"labels": {"app": "web"}}),
        json!({"annotations": {"of": "others"}, "ownerReferences": [{"kind": "Deployment", "name": "web"}]})
    ])
}

fn assemble((mut metadata, spec, foreign): (Value, Value, Value)) -> Value {
    if let Value::Object(foreign) = foreign {
        foreign.into_iter().for_each(|(field, value)| set(&mut metadata, &field, value));
    }
    json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec})
}

fn set(object: &mut Value, field: &str, value: Value) {
    if let Value::Object(object) = object {
        object.insert(field.into(), value);
    }
}
