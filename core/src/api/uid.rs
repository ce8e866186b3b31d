//! The UID of an object, small and quick to compare.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use crate::text;

/// The [UID](https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#uids) of an object.
///
/// An API server writes UUIDs: one in its usual form is kept as a number, which takes no room of its own and compares like
/// its text. Any other text is kept as it is, and goes after all UUIDs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(Form);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Form {
    /// In two halves, as a `u128` is aligned to 16 bytes.
    Uuid(u64, u64),
    Text(Arc<str>),
}

impl Uid {
    /// The UID that a server wrote. A text that no server writes is escaped and cut, as it ends up in messages.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(parse(text).map_or_else(|| Form::Text(text::name(text)), |(high, low)| Form::Uuid(high, low)))
    }
}

impl From<&str> for Uid {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Uid {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

/// `fc96a3c6-8a0e-4a57-9d1b-5d2d9c3e8f10`
impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Text(text) => f.write_str(text),
            Form::Uuid(high, low) => {
                let (first, second, third) = (high >> 32, high >> 16 & 0xffff, high & 0xffff);
                let (fourth, fifth) = (low >> 48, low & 0xffff_ffff_ffff);
                write!(f, "{first:08x}-{second:04x}-{third:04x}-{fourth:04x}-{fifth:012x}")
            }
        }
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Uid").field(&format_args!("{self}")).finish()
    }
}

/// The halves of a UUID in its usual form: lower-case digits in five groups of 8, 4, 4, 4 and 12.
fn parse(text: &str) -> Option<(u64, u64)> {
    let (high, low) = <&[u8; 36]>::try_from(text.as_bytes()).ok()?.split_first_chunk::<18>()?;
    Some((number(high, [8, 13])?, number(low.first_chunk()?, [0, 5])?))
}

/// The number that these digits make, with dashes in two places. There is one to each member, so it is read without a branch.
fn number(half: &[u8; 18], dashes: [usize; 2]) -> Option<u64> {
    let (number, is_right) = half.iter().enumerate().fold((0, true), |(number, is_right), (place, byte)| {
        if dashes.contains(&place) {
            return (number, is_right & (*byte == b'-'));
        }
        let digit = if byte.is_ascii_digit() { byte & 0xf } else { (byte & 0xf).wrapping_add(9) };
        (number << 4 | u64::from(digit & 0xf), is_right & matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    });
    is_right.then_some(number)
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString as _;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_uuid_is_a_number_and_any_other_text_is_kept() {
        let uuid = "fc96a3c6-8a0e-4a57-9d1b-5d2d9c3e8f10";
        assert_eq!(Uid::new(uuid).0, Form::Uuid(0xfc96_a3c6_8a0e_4a57, 0x9d1b_5d2d_9c3e_8f10));
        for other in
            ["", "u", &uuid.to_uppercase(), &format!("{uuid}0"), &uuid.replace('-', "0"), &uuid.replace('5', "-")]
        {
            assert_eq!(Uid::new(other).0, Form::Text(other.into()), "{other}");
        }
        assert_eq!(format!("{:?}", Uid::new(uuid)), format!("Uid({uuid})"));
    }

    #[test]
    fn a_uid_has_no_room_to_waste() {
        assert_eq!(size_of::<Uid>(), 24);
    }

    proptest! {
        #[test]
        fn a_uid_reads_as_it_was_written(text in "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[!-~]{0,40}") {
            prop_assert_eq!(Uid::new(&text).to_string(), text);
        }

        #[test]
        fn uuids_go_by_their_text(texts in proptest::collection::vec("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", 2)) {
            let [one, other] = [0, 1].map(|index: usize| Uid::new(&texts[index]));
            prop_assert_eq!(one.cmp(&other), texts[0].cmp(&texts[1]));
        }
    }
}
