//! Texts from outside, made fit for a line of output: short, and without anything that a terminal acts upon.

use alloc::string::String;
use alloc::sync::Arc;

/// The longest name that Kubernetes gives to anything that we read.
const NAME_LIMIT: usize = 253;

/// The text on one line, without control characters, cut at `limit` bytes.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().filter(|c| is_printable(*c)));
        if line.len() > limit {
            let cut = (0..=limit).rev().find(|cut| line.is_char_boundary(*cut));
            line.truncate(cut.unwrap_or(0));
            line.push('…');
            break;
        }
    }
    line
}

/// A name or UID as the server wrote it. One that no server writes is escaped and cut, as it ends up in messages.
pub(crate) fn name(text: &str) -> Arc<str> {
    // Without an early end, which hardly any has, many bytes are seen at once.
    let is_usual = text.bytes().fold(true, |is_usual, b| is_usual & b.is_ascii_graphic());
    if text.len() <= NAME_LIMIT && is_usual {
        return text.into();
    }
    let escaped: String = text.chars().take(NAME_LIMIT).flat_map(char::escape_debug).take(NAME_LIMIT).collect();
    escaped.into()
}

/// Control characters move the cursor; others, such as those that turn the writing direction, hide what is written.
fn is_printable(c: char) -> bool {
    c.is_ascii_graphic() || (!c.is_ascii() && c.escape_debug().count() == 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_one_and_short() {
        assert_eq!(one_line(" a\n\tb\u{1b}[2J \u{202e}ä", 100), "a b[2J ä");
        assert_eq!(one_line("abcdef gh", 4), "abcd…");
        assert_eq!(one_line("ääää", 3), "ä…");
    }

    #[test]
    fn names_are_kept_as_they_are_and_others_escaped() {
        assert_eq!(&*name("web-0.example"), "web-0.example");
        assert_eq!(&*name("a\u{1b}[2J\nb"), "a\\u{1b}[2J\\nb");
    }

    proptest! {
        #[test]
        fn nothing_gets_through_that_a_terminal_acts_upon(text in any::<String>()) {
            for shown in [one_line(&text, 50), String::from(&*name(&text))] {
                prop_assert!(shown.chars().all(|c| !c.is_control() && c != '\u{2028}'), "{shown:?}");
            }
            prop_assert!(one_line(&text, 50).len() <= 50 + '…'.len_utf8());
            prop_assert!(name(&text).len() <= NAME_LIMIT * 4);
        }
    }
}
