//! What to list: loose options, and the proven configuration that they become.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::api::{LabelSelector, Namespace, ServiceName};
use crate::membership::object::Source;

/// What to list, and how hard to try.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "options: built by every user, with ..Default::default()")]
pub struct ListingOptions {
    /// Which kind of object tells of the members. Default: EndpointSlices.
    pub source: Source,
    /// The namespaces to look in; none at all means all there are. Default: all.
    pub namespaces: Vec<Namespace>,
    /// Only objects with such labels.
    pub selector: Option<LabelSelector>,
    /// Only the members of this Service. Together with a selector both must hold; for pods the selector alone selects, and
    /// without one the Service's own selector is read first (which takes the right to `get` the Service).
    pub service: Option<ServiceName>,
    /// The most objects that a page may have. Default: 500, as kubectl asks for.
    pub page_limit: u32,
    /// The longest page that is accepted, in bytes. Default: 64 MiB. It bounds the memory that listing takes.
    pub page_bytes: usize,
    /// The most objects that are accepted in all. Default: 1,000,000.
    pub object_limit: usize,
    /// How long to keep trying for one answer, all attempts and the pauses between them included. Default: 10 s.
    pub request_timeout: Duration,
    /// Settles the jitter of the pauses: the same seed gives the same pauses. Each replica needs another one, or all of them
    /// come back at the same moments after an outage. Default: 0; a random one is the host's to give.
    pub seed: u64,
}

impl Default for ListingOptions {
    fn default() -> Self {
        Self {
            source: Source::EndpointSlices,
            namespaces: Vec::new(),
            selector: None,
            service: None,
            page_limit: 500,
            page_bytes: 64 * 1024 * 1024,
            object_limit: 1_000_000,
            request_timeout: Duration::from_secs(10),
            seed: 0,
        }
    }
}

impl ListingOptions {
    /// Proves the options.
    ///
    /// # Errors
    ///
    /// When they cannot work, with all faults at once.
    pub fn build(mut self) -> Result<ListingConfig, ListingConfigError> {
        self.namespaces.sort();
        self.namespaces.dedup();
        let faults = [
            (self.selector.is_none() && self.service.is_none(), ListingFault::NothingSelected),
            (self.looks_up_a_service_everywhere(), ListingFault::ServicePodsEverywhere),
            (self.page_limit == 0, ListingFault::Zero("page_limit")),
            (self.page_bytes == 0, ListingFault::Zero("page_bytes")),
            (self.object_limit == 0, ListingFault::Zero("object_limit")),
            (self.request_timeout.is_zero(), ListingFault::Zero("request_timeout")),
        ];
        let faults: Vec<_> = faults.into_iter().filter_map(|(found, fault)| found.then_some(fault)).collect();
        if faults.is_empty() { Ok(ListingConfig(self)) } else { Err(ListingConfigError { faults }) }
    }

    fn looks_up_a_service_everywhere(&self) -> bool {
        self.source == Source::Pods && self.selector.is_none() && self.service.is_some() && self.namespaces.is_empty()
    }
}

/// Options that work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListingConfig(ListingOptions);

impl ListingConfig {
    /// The options that it was made of; the namespaces are sorted, each once.
    #[must_use]
    pub const fn options(&self) -> &ListingOptions {
        &self.0
    }

    /// The same, with other jitter.
    pub(in crate::membership) fn with_seed(&self, seed: u64) -> Self {
        Self(ListingOptions { seed, ..self.0.clone() })
    }

    /// Each collection by itself: one a namespace, or a single one over all of them.
    pub(in crate::membership) fn each_scope(&self) -> impl Iterator<Item = (Option<Namespace>, Self)> {
        self.scopes().into_iter().map(|namespace| {
            let options = ListingOptions { namespaces: namespace.iter().cloned().collect(), ..self.0.clone() };
            (namespace, Self(options))
        })
    }

    /// The collections to read, one after another: one a namespace, or a single one over all of them.
    pub(super) fn scopes(&self) -> Vec<Option<Namespace>> {
        if self.0.namespaces.is_empty() { [None].into() } else { self.0.namespaces.iter().cloned().map(Some).collect() }
    }
}

/// Options that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListingConfigError {
    faults: Vec<ListingFault>,
}

impl ListingConfigError {
    /// Everything that is wrong.
    #[must_use]
    pub fn faults(&self) -> &[ListingFault] {
        &self.faults
    }
}

/// One line a fault.
impl fmt::Display for ListingConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl core::error::Error for ListingConfigError {}

/// One thing wrong with [`ListingOptions`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ListingFault {
    /// Neither a selector nor a Service: that would be every object there is.
    NothingSelected,
    /// The pods of a Service, in all namespaces: a Service selects in its own namespace.
    ServicePodsEverywhere,
    /// The named option must not be zero.
    Zero(&'static str),
}

impl fmt::Display for ListingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingSelected => f.write_str("nothing is selected: give a label selector or the name of a Service"),
            Self::ServicePodsEverywhere => f.write_str(
                "a Service selects pods of its own namespace: name the namespaces, or give a label selector to look in all",
            ),
            Self::Zero(option) => write!(f, "{option} is 0: it must be at least 1"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;

    #[test]
    fn all_faults_are_named_at_once() {
        let error =
            ListingOptions { page_limit: 0, request_timeout: Duration::ZERO, ..ListingOptions::default() }.build();
        let text = error.unwrap_err().to_string();
        assert_eq!(text.lines().count(), 3);
        assert!(
            text.contains("nothing is selected") && text.contains("page_limit") && text.contains("request_timeout")
        );
    }

    #[test]
    fn the_pods_of_a_service_need_a_namespace_or_a_selector() {
        let service = ServiceName::parse("web").ok();
        let options = ListingOptions { source: Source::Pods, service, ..ListingOptions::default() };
        assert_eq!(options.clone().build().unwrap_err().faults(), [ListingFault::ServicePodsEverywhere]);
        let namespaces = [Namespace::parse("lab").unwrap()].into();
        assert!(ListingOptions { namespaces, ..options.clone() }.build().is_ok());
        let selector = LabelSelector::parse("app=web").ok();
        assert!(ListingOptions { selector, ..options }.build().is_ok());
    }

    #[test]
    fn a_namespace_named_twice_is_read_once() {
        let namespaces = ["b", "a", "b"].map(|name| Namespace::parse(name).unwrap()).into();
        let service = ServiceName::parse("web").ok();
        let config = ListingOptions { namespaces, service, ..ListingOptions::default() }.build().unwrap();
        assert_eq!(config.scopes().len(), 2);
    }
}
