//! What to ask for next.

use super::{Listing, ListingOptions};
use crate::api::{LabelSelector, ListPage, Namespace, Permission, Request, Resource, ServiceName};
use crate::membership::object::Source;

/// The longest Service object that is accepted, in bytes: etcd's own limit for a request is 1.5 MiB.
const SERVICE_BYTES: usize = 2 * 1024 * 1024;

impl Listing {
    /// The request for what is missing next, and how long its answer may be.
    pub(super) fn next_request(&self) -> (Request, usize) {
        let options = self.config.options();
        let namespace = self.namespace();
        if let (true, Some(namespace), Some(service)) = (self.needs_the_service(), namespace, &options.service) {
            return (Request::get_service(namespace, service, SERVICE_BYTES), SERVICE_BYTES);
        }
        let selector = label_selector(options, self.collection.service_selector.as_ref());
        let page = ListPage {
            resource: options.source.resource(),
            namespace,
            label_selector: selector.as_ref(),
            name: object_name(options),
            limit: options.page_limit,
            continue_token: self.collection.continue_token.as_deref(),
        };
        (Request::list(&page, options.page_bytes), options.page_bytes)
    }

    /// Whether the pods' selector has to be read off their Service first.
    pub(super) const fn needs_the_service(&self) -> bool {
        let options = self.config.options();
        matches!(options.source, Source::Pods)
            && options.selector.is_none()
            && self.collection.service_selector.is_none()
    }

    fn namespace(&self) -> Option<&Namespace> {
        self.scopes.first()?.as_ref()
    }

    /// The right that the next request takes.
    pub(in crate::membership) fn permission(&self) -> Permission {
        let (verb, needed, resource): (_, &[_], _) = match self.needs_the_service() {
            true => ("get", &["get"], Resource::SERVICES),
            false => ("list", &["list"], self.config.options().source.resource()),
        };
        Permission::new(verb, needed, resource, self.namespace().cloned())
    }
}

/// The labels that select the objects; `of_pods` is the Service's own selector, where it had to be read.
pub(in crate::membership) fn label_selector(
    options: &ListingOptions,
    of_pods: Option<&LabelSelector>,
) -> Option<LabelSelector> {
    let of_service = options.service.as_ref().filter(|_| options.source == Source::EndpointSlices);
    let of_service = of_service.map(LabelSelector::of_service);
    match (options.selector.as_ref().or(of_pods), &of_service) {
        (Some(selector), Some(of_service)) => Some(selector.and(of_service)),
        (selector, of_service) => selector.or(of_service.as_ref()).cloned(),
    }
}

/// The name of the one object that counts: Endpoints carry the name of their Service.
pub(in crate::membership) fn object_name(options: &ListingOptions) -> Option<&ServiceName> {
    options.service.as_ref().filter(|_| options.source == Source::Endpoints)
}
