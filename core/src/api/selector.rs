//! Label selectors, checked before anything is sent.
//!
//! The grammar is Kubernetes' own
//! ([labels and selectors](https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors)):
//! requirements joined by commas, each one of `key`, `!key`, `key=value`, `key==value`, `key!=value`, `key in (a,b)`,
//! `key notin (a,b)`, `key>1`, `key<1`.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use super::meta::is_dns_subdomain;

/// A label selector that the server will understand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LabelSelector(Arc<str>);

impl LabelSelector {
    /// Checks a selector.
    ///
    /// # Errors
    ///
    /// When it does not follow the grammar, with the place where it goes wrong. The empty selector is refused as well: the
    /// server would take it for "every object there is", which is what an unset variable turns into, hardly what is meant.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let mut parser = Parser { text, at: 0 };
        match parser.requirements() {
            Ok(()) => Ok(Self(text.into())),
            Err(expected) => Err(SelectorError { text: text.into(), at: parser.at, expected }),
        }
    }

    /// The selector for the slices of one Service
    /// ([ownership](https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#ownership)).
    #[must_use]
    pub fn of_service(name: &super::meta::ServiceName) -> Self {
        Self(alloc::format!("{SERVICE_NAME_LABEL}={name}").into())
    }

    /// The selector that takes exactly these labels; `None` if there are none.
    pub fn of_labels<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Result<Self, SelectorError>> {
        let mut text = String::new();
        for (key, value) in labels {
            if !text.is_empty() {
                text.push(',');
            }
            text.extend([key, "=", value]);
        }
        (!text.is_empty()).then(|| Self::parse(&text))
    }

    /// What both selectors select.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(alloc::format!("{},{}", self.0, other.0).into())
    }

    /// The selector as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The label by which an EndpointSlice names its Service.
pub(crate) const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";

/// A selector that the server would refuse, or worse, misread.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SelectorError {
    text: String,
    at: usize,
    expected: &'static str,
}

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, at, expected } = self;
        if text.trim().is_empty() {
            return f
                .write_str("the label selector is empty, which would select every object; give one such as app=myapp");
        }
        let (read, rest) = text.split_at_checked(*at).unwrap_or((text, ""));
        if rest.is_empty() {
            write!(f, "the label selector {text:?} ends where {expected} should follow")
        } else {
            write!(f, "the label selector {text:?} has {rest:?} after {read:?} where {expected} should stand")
        }
    }
}

impl core::error::Error for SelectorError {}

type Parsed = Result<(), &'static str>;

const KEY: &str =
    "a label key ([prefix/]name, the name 1 to 63 letters, digits, '-', '_' or '.', a letter or digit at both ends)";
const VALUE: &str = "a label value (up to 63 letters, digits, '-', '_' or '.', a letter or digit at both ends)";

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at = self.text.len().saturating_sub(rest.trim_start_matches([' ', '\t', '\r', '\n']).len());
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip_blanks();
        let found = self.rest().starts_with(token);
        if found {
            self.at = self.at.saturating_add(token.len());
        }
        found
    }

    /// The characters up to the next blank or operator.
    fn word(&mut self) -> &'a str {
        self.skip_blanks();
        let rest = self.rest();
        let end = rest.find([' ', '\t', '\r', '\n', ',', '=', '!', '(', ')', '<', '>']).unwrap_or(rest.len());
        self.at = self.at.saturating_add(end);
        rest.get(..end).unwrap_or_default()
    }

    /// A word that must be `valid`; the place of the error is where the word begins.
    fn checked_word(&mut self, valid: fn(&str) -> bool, expected: &'static str) -> Parsed {
        self.skip_blanks();
        let start = self.at;
        if valid(self.word()) {
            return Ok(());
        }
        self.at = start;
        Err(expected)
    }

    fn requirements(&mut self) -> Parsed {
        loop {
            self.requirement()?;
            if !self.take(",") {
                break;
            }
        }
        if self.rest().is_empty() { Ok(()) } else { Err("a comma or the end") }
    }

    fn requirement(&mut self) -> Parsed {
        if self.take("!") {
            return self.checked_word(is_label_key, KEY);
        }
        self.checked_word(is_label_key, KEY)?;
        // The longer operators first: each would also read as its own first character.
        if self.take("==") || self.take("!=") || self.take("=") {
            return self.checked_word(is_label_value, VALUE);
        }
        if self.take(">") || self.take("<") {
            return self.checked_word(is_integer, "an integer");
        }
        let before = self.at;
        match self.word() {
            "in" | "notin" => self.set(),
            _ => {
                self.at = before;
                self.skip_blanks();
                Ok(())
            }
        }
    }

    fn set(&mut self) -> Parsed {
        if !self.take("(") {
            return Err("'('");
        }
        // `(,)` holds two empty values, but `()` holds none, and the server refuses that.
        self.skip_blanks();
        if self.rest().starts_with(')') {
            return Err(VALUE);
        }
        loop {
            self.checked_word(is_label_value, VALUE)?;
            if self.take(")") {
                return Ok(());
            }
            if !self.take(",") {
                return Err("',' or ')'");
            }
        }
    }
}

fn is_label_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_dns_subdomain(prefix) && !name.is_empty() && is_label_value(name),
        None => !text.is_empty() && is_label_value(text),
    }
}

/// A label's value, or the name part of its key. The empty value is a value.
fn is_label_value(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= 63
        && bytes.first().is_none_or(u8::is_ascii_alphanumeric)
        && bytes.last().is_none_or(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}

/// A 64-bit integer that is a label value as well: so it has no sign.
fn is_integer(text: &str) -> bool {
    is_label_value(text) && text.parse::<i64>().is_ok()
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString as _;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_documented_forms_are_taken_as_written() {
        for good in [
            "app=web",
            "app==web",
            "app!=web",
            "app",
            "!app",
            "app in (a, b),tier notin (c)",
            "example.com/part-of=x_y.z",
            "environment,environment notin (frontend)",
            "partition in (customerA),environment!=qa",
            "replicas>3,replicas < 10",
            "empty=",
            "empty=,app=web",
            "in in (in)",
            "app in (,)",
            " app = web ",
        ] {
            assert_eq!(LabelSelector::parse(good).map(|s| s.as_str().to_string()), Ok(good.to_string()));
        }
    }

    #[test]
    fn what_the_server_would_refuse_or_misread_is_refused_with_its_place() {
        let long = format!("app={}", "v".repeat(64));
        for (bad, said) in [
            ("", "empty"),
            ("  ", "empty"),
            ("app=web,", "ends where a label key"),
            (",app", "label key"),
            ("app=my app&x=1", "\"app&x=1\" after \"app=my \" where a comma or the end"),
            ("app=a?b", "label value"),
            ("app=приложение", "label value"),
            ("app in a", "'('"),
            ("app in ()", "label value"),
            ("app in (a", "',' or ')'"),
            ("app in (a b)", "',' or ')'"),
            ("app%3Dweb", "label key"),
            ("-app=web", "label key"),
            ("a/b/c=x", "label key"),
            ("/c=x", "label key"),
            ("a/=x", "label key"),
            ("n>x", "an integer"),
            ("n>-5", "an integer"),
            ("n<+5", "an integer"),
            ("n<99999999999999999999", "an integer"),
            ("a=b=c", "a comma or the end"),
            (long.as_str(), "label value"),
        ] {
            let error = LabelSelector::parse(bad).expect_err(bad).to_string();
            assert!(error.contains(said), "{bad:?}: {error}");
        }
    }

    #[test]
    fn two_selectors_join_into_one() {
        let service = LabelSelector::of_service(&crate::api::meta::ServiceName::parse("web").unwrap());
        let both = LabelSelector::parse("app in (a,b)").unwrap().and(&service);
        assert_eq!(both.as_str(), "app in (a,b),kubernetes.io/service-name=web");
        assert_eq!(LabelSelector::parse(both.as_str()), Ok(both));
    }

    #[test]
    fn labels_become_a_selector() {
        let selector = LabelSelector::of_labels([("app", "web"), ("tier", "")]).unwrap().unwrap();
        assert_eq!(selector.as_str(), "app=web,tier=");
        assert!(LabelSelector::of_labels([]).is_none());
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused_with_a_place_inside_it(text in any::<String>()) {
            if let Err(error) = LabelSelector::parse(&text) {
                prop_assert!(error.at <= text.len());
                prop_assert!(!error.to_string().is_empty());
            }
        }

        #[test]
        fn whatever_is_taken_holds_no_character_that_means_something_in_a_query(text in "[a-z0-9=!,()<>& ?#+%-]{0,20}") {
            if LabelSelector::parse(&text).is_ok() {
                prop_assert!(!text.contains(['&', '?', '#', '+', '%']));
            }
        }
    }
}
