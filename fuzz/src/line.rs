//! What people read: a line that no server can make long, and that does to a terminal nothing but appear.

/// More than any sentence, less than any log's patience.
const LONGEST_BYTES: usize = 4096;

pub(crate) fn assert_is_line(text: &str) {
    assert!(!text.contains(char::is_control), "{text:?}");
}

pub(crate) fn assert_is_short_line(text: &str) {
    assert!(text.len() <= LONGEST_BYTES, "{} bytes to read", text.len());
    assert_is_line(text);
}
