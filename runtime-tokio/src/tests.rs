//! The driver and the handles on a user's own transport, in virtual time. The real one is tried against a real API server in
//! `tests/`.

mod api;
mod changes;
mod driver;
mod elections;
mod links;
mod membership;
mod peers;
mod seeds;
mod traces;
