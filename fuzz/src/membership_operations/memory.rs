//! M6: what is remembered is what is there. Whoever has gone is remembered nowhere, in no index and in no link.

use super::answer::{ADDRESSES, NAMES};

/// Everything by which scripts tell objects and members apart, as it stands in a description.
fn vocabulary() -> impl Iterator<Item = String> {
    let names = NAMES.into_iter().map(|name| format!("{name:?}"));
    let pods = (0..5).map(|pod| format!("uid-{pod}"));
    let pending = ["a", "b", "c"].into_iter().flat_map(|space| (0..4).map(move |name| format!("uid-{space}-{name}")));
    ADDRESSES.into_iter().map(str::to_owned).chain(names).chain(pods).chain(pending)
}

/// `description` is all that the machine is made of, `present` all that is there.
pub(super) fn check(description: &str, present: &str) {
    for word in vocabulary().filter(|word| description.contains(&**word)) {
        assert!(present.contains(&*word), "M6: {word} has gone, and is remembered: {description}");
    }
}
