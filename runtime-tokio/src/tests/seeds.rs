//! Seeds.

use std::collections::BTreeSet;

use crate::random_seed;

#[test]
fn no_two_seeds_are_alike() {
    let here = (0..50).map(|_| random_seed());
    let elsewhere = std::thread::spawn(|| (0..50).map(|_| random_seed()).collect::<Vec<_>>()).join().unwrap();
    assert_eq!(here.chain(elsewhere).collect::<BTreeSet<_>>().len(), 100);
}
