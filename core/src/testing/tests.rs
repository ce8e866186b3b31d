//! What a client sees: recorded bodies of a real kube-apiserver 1.36.2, and what must hold for any of them.

mod controller;
mod errors;
mod lists;
mod properties;
mod support;
mod watches;
mod writes;
