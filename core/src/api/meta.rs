//! The parts of an object's metadata that decisions use.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::sync::Arc;
use core::cmp::Ordering;
use core::fmt;

/// Whether `text` is a DNS label after [RFC 1123], as Kubernetes wants namespaces and host names: 1 to 63 lower-case
/// letters, digits and dashes, neither first nor last a dash.
///
/// [RFC 1123]: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
pub(crate) fn is_dns_label(text: &str) -> bool {
    text.len() <= 63 && is_label_of_any_length(text)
}

/// Whether `text` is one or more DNS labels joined by dots, 253 characters at most ([RFC 1123 subdomain]).
///
/// [RFC 1123 subdomain]: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names
pub(crate) fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label_of_any_length)
}

fn is_label_of_any_length(text: &str) -> bool {
    let bytes = text.as_bytes();
    let alphanumeric = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    bytes.first().is_some_and(alphanumeric)
        && bytes.last().is_some_and(alphanumeric)
        && bytes.iter().all(|b| alphanumeric(b) || *b == b'-')
}

/// A text that is not what Kubernetes takes in its place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InvalidName {
    what: &'static str,
    text: String,
    rule: &'static str,
}

impl InvalidName {
    pub(crate) fn new(what: &'static str, text: &str, rule: &'static str) -> Self {
        Self { what, text: text.into(), rule }
    }
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a {}: {}", self.text, self.what, self.rule)
    }
}

impl core::error::Error for InvalidName {}

const LABEL_RULE: &str = "it takes 1 to 63 lower-case letters, digits and dashes, the first and the last no dash";

const SUBDOMAIN_RULE: &str = "it takes lower-case letters, digits, dashes and dots, 253 characters at most, and each part between \
     dots neither begins nor ends with a dash";

/// Newtypes over one DNS label differ in nothing but what they name.
macro_rules! dns_label {
    ($(#[$docs:meta])* $name:ident, $what:literal) => {
        $(#[$docs])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the name.
            ///
            /// # Errors
            ///
            /// When it is not an RFC 1123 label.
            pub fn parse(text: &str) -> Result<Self, InvalidName> {
                if is_dns_label(text) { Ok(Self(text.into())) } else { Err(InvalidName::new($what, text, LABEL_RULE)) }
            }

            /// The name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

dns_label! {
    /// The name of a namespace: an RFC 1123 label.
    Namespace, "namespace"
}

dns_label! {
    /// The name of a Service: an RFC 1123 label
    /// ([names](https://kubernetes.io/docs/concepts/services-networking/service/#defining-a-service)).
    ServiceName, "name of a Service"
}

/// The name of a Lease: an RFC 1123 subdomain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseName(Arc<str>);

impl LeaseName {
    /// Checks the name.
    ///
    /// # Errors
    ///
    /// When it is not an RFC 1123 subdomain.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        if is_dns_subdomain(text) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidName::new("name of a Lease", text, SUBDOMAIN_RULE))
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LeaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A version of an object or of a collection, as the server names it.
///
/// Versions of one resource type compare as decimal integers of any length since Kubernetes 1.35
/// ([KEP-5504](https://github.com/kubernetes/enhancements/issues/5504)); equality always means "the same version".
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ResourceVersion(Arc<str>);

impl ResourceVersion {
    /// Takes a version as the server wrote it; the empty text means that it wrote none.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The version as the server wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the server wrote none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Which of two versions of one resource type is the newer; `None` if either is not a decimal integer.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        Some(self.newness()?.cmp(&other.newness()?))
    }

    /// Orders like the integer, whatever its length; `None`, the lowest, if it is none.
    pub(crate) fn newness(&self) -> Option<(usize, &str)> {
        let is_decimal = !self.0.is_empty() && self.0.bytes().all(|b| b.is_ascii_digit());
        let digits = self.0.trim_start_matches('0');
        is_decimal.then_some((digits.len(), digits))
    }
}

impl fmt::Display for ResourceVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names one object for people and for logs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "kind, namespace and name are what Kubernetes identifies an object by")]
pub struct ObjectReference {
    /// The kind, as in the object's `kind` field.
    pub kind: Cow<'static, str>,
    /// The namespace; empty if the object names none.
    pub namespace: Arc<str>,
    /// The name; empty if the object has none.
    pub name: Arc<str>,
}

/// `Pod lab/web-0`
impl fmt::Display for ObjectReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_are_those_of_rfc_1123() {
        let long = "a".repeat(63);
        for good in ["a", "0", "web-0", "a--b", long.as_str()] {
            assert!(Namespace::parse(good).is_ok(), "{good}");
        }
        let too_long = "a".repeat(64);
        for bad in ["", "-a", "a-", "A", "a.b", "a_b", "a/b", "ä", too_long.as_str()] {
            assert!(Namespace::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn subdomains_are_labels_joined_by_dots() {
        assert!(is_dns_subdomain("web.example-1"));
        for bad in ["", ".", "a.", ".a", "a..b", "a.-b"] {
            assert!(!is_dns_subdomain(bad), "{bad}");
        }
    }

    #[test]
    fn an_error_names_the_text_and_the_rule() {
        let message = format!("{}", Namespace::parse("Lab").unwrap_err());
        assert!(message.contains("\"Lab\" is not a namespace") && message.contains("lower-case"), "{message}");
    }

    #[test]
    fn versions_that_are_no_numbers_do_not_compare() {
        let version = ResourceVersion::new;
        assert_eq!(version("10").compare(&version("9")), Some(Ordering::Greater));
        assert_eq!(version("007").compare(&version("7")), Some(Ordering::Equal));
        assert_eq!(version("7").compare(&version("")), None);
        assert_eq!(version("a").compare(&version("7")), None);
    }

    proptest! {
        #[test]
        fn versions_compare_as_integers_of_any_length(a in any::<u128>(), b in any::<u128>(), zeros in 0..4_usize) {
            let padded = ResourceVersion::new(&format!("{}{a}", "0".repeat(zeros)));
            prop_assert_eq!(padded.compare(&ResourceVersion::new(&format!("{b}"))), Some(a.cmp(&b)));
        }
    }
}
