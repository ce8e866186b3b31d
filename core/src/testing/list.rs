//! Reads: one object, or a page of a collection, at the version that the client will have.

use alloc::collections::btree_map::Range;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Bound;

use serde::Serialize;
use serde_json::Value;

use super::FakeApi;
use super::answer::FakeResponse;
use super::fields::Fields;
use super::kind::Kind;
use super::object::{self, Item, Whole};
use super::page::Continue;
use super::request::Parameters;
use super::selector::Labels;
use super::status::{ApiError, Cause, Result};
use super::store::{Key, Snapshot};

/// Which objects of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Filter {
    pub(super) kind: Kind,
    pub(super) namespace: Option<String>,
    pub(super) labels: Labels,
    pub(super) fields: Fields,
}

impl Filter {
    pub(super) fn parse(kind: Kind, namespace: Option<&str>, parameters: &Parameters) -> Result<Self> {
        Ok(Self {
            kind,
            namespace: namespace.map(ToString::to_string),
            labels: Labels::parse(parameters.get("labelSelector"))?,
            fields: Fields::parse(kind, parameters.get("fieldSelector"))?,
        })
    }

    pub(super) fn matches(&self, object: &Value) -> bool {
        self.namespace.as_ref().is_none_or(|namespace| object::namespace(object) == namespace)
            && self.labels.matches(object)
            && self.fields.matches(object)
    }

    /// What the paths of the collection begin with.
    fn prefix(&self) -> String {
        self.namespace.as_ref().map_or_else(String::new, |namespace| format!("{namespace}/"))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    kind: String,
    api_version: String,
    metadata: ListMetadata,
    items: Vec<Item<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListMetadata {
    resource_version: String,
    #[serde(rename = "continue", skip_serializing_if = "String::is_empty")]
    continue_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining_item_count: Option<usize>,
}

impl FakeApi {
    pub(super) fn get(&self, key: &Key, parameters: &Parameters) -> Result<FakeResponse> {
        let wanted = match parse_version(parameters.get("resourceVersion")) {
            Ok(wanted) => wanted,
            Err(why) => return Err(ApiError::internal(why)),
        };
        let version = match wanted {
            None => self.newest(),
            Some(0) => self.cached(),
            Some(at_least) => self.no_older_than(at_least)?,
        };
        match self.store.get_at(key, version) {
            Some(object) => Ok(FakeResponse::json(200, &Whole(key.kind, object))),
            None => Err(ApiError::not_found(key.kind, key.name())),
        }
    }

    pub(super) fn list(&self, filter: &Filter, parameters: &Parameters) -> Result<FakeResponse> {
        validate(parameters)?;
        parse_integer(parameters, "timeoutSeconds")?;
        let limit = usize::try_from(parse_integer(parameters, "limit")?).unwrap_or(0);
        let (version, start) = self.version_to_list(filter, parameters, limit)?;
        // A cache answers in full.
        let from_cache = parameters.get("resourceVersion") == "0";
        let limit = if from_cache || limit == 0 { usize::MAX } else { limit };
        let objects = self.store.at(filter.kind, version);
        let mut matching = from(&objects, filter, start).filter(|(_, object)| filter.matches(object));
        let page: Vec<_> = matching.by_ref().take(limit).collect();
        let remaining = matching.count();
        let continue_token = match page.last() {
            Some((path, _)) if remaining > 0 => {
                Continue::after(version, path.strip_prefix(&filter.prefix()).unwrap_or(path))
            }
            _ => String::new(),
        };
        let is_selected = !filter.labels.is_empty() || !filter.fields.is_empty();
        let body = List {
            kind: format!("{}List", filter.kind.name()),
            api_version: filter.kind.api_version(),
            metadata: ListMetadata {
                resource_version: version.to_string(),
                continue_token,
                remaining_item_count: (remaining > 0 && !is_selected).then_some(remaining),
            },
            items: page.into_iter().map(|(_, object)| Item(object)).collect(),
        };
        Ok(FakeResponse::json(200, &body))
    }

    /// Which version a list shows, and from which path on. See
    /// [semantics for list](https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list).
    fn version_to_list(&self, filter: &Filter, parameters: &Parameters, limit: usize) -> Result<(u64, String)> {
        let text = parameters.get("resourceVersion");
        let invalid = |why| ApiError::bad_request(format!("invalid resource version: {why}"));
        let wanted = parse_version(text).map_err(invalid)?;
        let token = parameters.get("continue");
        if !token.is_empty() {
            if wanted.is_some_and(|version| version > 0) {
                let message = "specifying resource version is not allowed when using continue";
                return Err(ApiError::bad_request(message));
            }
            let token = Continue::parse(token)?;
            let version = token.version.unwrap_or_else(|| self.newest());
            if version < self.store.compacted() {
                return Err(ApiError::expired_page(token.regardless()));
            }
            return Ok((self.existing(version)?, format!("{}{}", filter.prefix(), token.start)));
        }
        let is_exact = match parameters.get("resourceVersionMatch") {
            "Exact" => true,
            "NotOlderThan" => false,
            _ => limit > 0,
        };
        let version = match wanted {
            None => self.newest(),
            Some(0) => self.cached(),
            Some(exact) if is_exact && exact < self.store.compacted() => {
                return Err(ApiError::expired("The resourceVersion for the provided list is too old."));
            }
            Some(exact) if is_exact => self.existing(exact)?,
            Some(at_least) => self.no_older_than(at_least)?,
        };
        Ok((version, String::new()))
    }

    /// The version of a read that asks for the newest: it is, unless stale reads are wanted.
    pub(super) fn newest(&self) -> u64 {
        if self.stale_quorum { self.cached() } else { self.store.version() }
    }

    /// The version of a read that takes any.
    pub(super) fn cached(&self) -> u64 {
        let lagging = self.store.version().saturating_sub(self.lag.unwrap_or_default());
        lagging.max(self.store.compacted())
    }

    pub(super) fn existing(&self, version: u64) -> Result<u64> {
        if version > self.store.version() {
            return Err(ApiError::version_too_large(version, self.store.version()));
        }
        Ok(version)
    }

    pub(super) fn no_older_than(&self, version: u64) -> Result<u64> {
        Ok(self.existing(version)?.max(self.cached()))
    }
}

fn from<'a>(objects: &'a Snapshot, filter: &Filter, start: String) -> Range<'a, String, Arc<Value>> {
    objects.range((Bound::Included(start.max(filter.prefix())), Bound::Unbounded))
}

fn validate(parameters: &Parameters) -> Result<()> {
    let mut causes = vec![];
    let exact = parameters.get("resourceVersionMatch");
    if !exact.is_empty() {
        if parameters.get("resourceVersion").is_empty() {
            let rule = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            causes.push(Cause::forbidden("resourceVersionMatch", rule));
        }
        if !parameters.get("continue").is_empty() {
            causes.push(Cause::forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for continue"));
        }
        if exact == "Exact" && parameters.get("resourceVersion") == "0" {
            let rule = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            causes.push(Cause::forbidden("resourceVersionMatch", rule));
        }
        if !matches!(exact, "Exact" | "NotOlderThan") {
            causes.push(Cause::not_supported("resourceVersionMatch", exact, "\"\", \"Exact\", \"NotOlderThan\""));
        }
    }
    if parameters.flag("sendInitialEvents").is_some() {
        causes.push(Cause::forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    }
    list_options(causes)
}

/// Fails when options contradict each other.
pub(super) fn list_options(causes: Vec<Cause>) -> Result<()> {
    if causes.is_empty() { Ok(()) } else { Err(ApiError::invalid_as("ListOptions", "meta.k8s.io", "", causes)) }
}

/// A parameter that is a number; 0 if it is absent.
pub(super) fn parse_integer(parameters: &Parameters, name: &str) -> Result<i64> {
    match parameters.get(name) {
        "" => Ok(0),
        text => text
            .parse()
            .map_err(|_| ApiError::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))),
    }
}

/// A resourceVersion; none if the text is empty.
pub(super) fn parse_version(text: &str) -> core::result::Result<Option<u64>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        format!("resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax")
    })
}
