//! Addresses for nodes of one basename on one machine: they differ in nothing else.

use std::net::TcpListener;
use std::ops::RangeInclusive;
use std::sync::OnceLock;

/// The port of every node: each has an address of its own.
pub const PORT: &str = "47113";

/// The second bytes of the addresses that are ours to choose from.
const SECOND: RangeInclusive<u8> = 64..=126;

/// One of 127.0.0.0/8. The network is this process's own: others may run the same tests at the same time.
#[must_use]
pub fn address(network: u8, number: u8) -> String {
    static CLAIM: OnceLock<(u8, Option<TcpListener>)> = OnceLock::new();
    let (second, _) = CLAIM.get_or_init(claim);
    format!("127.{second}.{network}.{number}")
}

/// So many addresses of one network, from 1 on.
#[must_use]
pub fn addresses(network: u8, count: u8) -> Vec<String> {
    (1..=count).map(|number| address(network, number)).collect()
}

/// Whoever listens at the last address of a network has it, for as long as he does. If all are taken, nodes will say so.
fn claim() -> (u8, Option<TcpListener>) {
    let listen = |second: u8| TcpListener::bind(format!("127.{second}.255.254:{PORT}")).ok();
    let claimed = SECOND.into_iter().find_map(|second| Some((second, Some(listen(second)?))));
    claimed.unwrap_or((*SECOND.end(), None))
}

/// A port of the loopback address that nobody has now.
///
/// # Errors
///
/// When there is none.
pub fn free_port() -> std::io::Result<u16> {
    TcpListener::bind("127.0.0.1:0")?.local_addr().map(|address| address.port())
}
