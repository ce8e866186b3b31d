use std::io::{Read as _, Write as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net;

use rustix::process::getpid;

use super::*;

/// A keeper that has yet to call, which we play ourselves.
fn awaited(name: &str) -> (Kept, net::SocketAddr) {
    let name = format!("quorate-test-{}-{name}", process::id());
    let line = Line::Awaited { listener: protocol::listen(&name).unwrap(), orders: Vec::new() };
    let kept = Kept { keeper: getpid(), group: None, has_died: false, line };
    (kept, net::SocketAddr::from_abstract_name(name).unwrap())
}

#[tokio::test]
async fn what_was_ordered_before_the_keeper_called_reaches_it() {
    let (mut kept, address) = awaited("orders");
    kept.must_be_gone_by(Instant::since_origin(Duration::from_secs(7)));
    kept.signal(Signal::TERM);
    let mut keeper = net::UnixStream::connect_addr(&address).unwrap();
    keeper.write_all(b"started 4711\n").unwrap();
    assert!(matches!(kept.next().await, News::Started { .. }));
    kept.signal(Signal::USR1);
    drop(kept);
    let mut heard = String::new();
    keeper.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "deadline 7000000000\nsignal 15\nsignal 10\n");
}

#[tokio::test]
async fn the_last_words_of_a_keeper_are_heard_after_its_end() {
    let (mut kept, address) = awaited("words");
    let mut keeper = net::UnixStream::connect_addr(&address).unwrap();
    keeper.write_all(b"exited 3\n").unwrap();
    drop(keeper);
    kept.keeper_has_died();
    assert_eq!(kept.next().await, News::Ended(End::Exited(3)));
}

#[tokio::test]
async fn a_keeper_that_ends_without_a_call_has_died() {
    let (mut kept, _) = awaited("silence");
    kept.keeper_has_died();
    assert_eq!(kept.next().await, News::KeeperDied);
}
