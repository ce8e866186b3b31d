//! What we ask a Kubernetes API server, and what it tells us.
//!
//! Requests are plain data ([`Request`]); an answer comes back in parts ([`AnswerPart`]). Objects are decoded with only the
//! fields that a decision needs, borrowed from the bytes where they are read, and unknown fields are skipped.

pub mod answer;
pub mod decode;
pub(crate) mod endpoint_slice;
pub(crate) mod endpoints;
pub(crate) mod exchange;
pub(crate) mod lease;
pub mod meta;
pub(crate) mod object_meta;
pub mod permission;
pub(crate) mod pod;
pub mod refusal;
pub mod request;
pub mod resource;
pub mod selector;
pub(crate) mod service;
pub mod status;
pub(crate) mod target;
pub mod uid;
pub(crate) mod watch;

pub use answer::{AnswerPart, Failure, FailureKind, Head, Sent};
pub use decode::DecodeError;
pub use meta::{LeaseName, Namespace, ObjectReference, ResourceVersion, ServiceName};
pub use permission::Permission;
pub use refusal::Refusal;
pub use request::{ListPage, Method, Request, WatchFrom};
pub use resource::Resource;
pub use selector::LabelSelector;
pub use uid::Uid;
