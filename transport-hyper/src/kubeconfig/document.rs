//! The shape of a kubeconfig file, as far as it concerns us.
//!
//! Fields that nobody has heard of are passed over, as kubectl does: `preferences`, `extensions`, and whatever later
//! versions may add.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::secret::Secret;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct Document {
    #[serde(rename = "apiVersion")]
    api_version: Option<String>,
    kind: Option<String>,
    pub(super) current_context: Option<String>,
    contexts: Option<Vec<Named<Context>>>,
    clusters: Option<Vec<Named<Cluster>>>,
    users: Option<Vec<Named<User>>>,
}

/// An entry of one of the three lists: `{name: ..., context: ...}`, or `cluster`, or `user`.
#[derive(Deserialize)]
#[serde(bound = "T: Default + Deserialize<'de>")]
pub(super) struct Named<T> {
    pub(super) name: String,
    #[serde(alias = "context", alias = "cluster", alias = "user", default, deserialize_with = "or_default")]
    pub(super) value: T,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Context {
    pub(super) cluster: Option<String>,
    pub(super) user: Option<String>,
    pub(super) namespace: Option<String>,
}

/// `disable-compression` is not here: we never ask for compression.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct Cluster {
    pub(super) server: Option<String>,
    pub(super) tls_server_name: Option<String>,
    pub(super) insecure_skip_tls_verify: Option<bool>,
    pub(super) certificate_authority: Option<String>,
    pub(super) certificate_authority_data: Option<Secret>,
    pub(super) proxy_url: Present,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct User {
    pub(super) client_certificate: Option<String>,
    pub(super) client_certificate_data: Option<Secret>,
    pub(super) client_key: Option<String>,
    pub(super) client_key_data: Option<Secret>,
    pub(super) token: Option<Secret>,
    #[serde(rename = "tokenFile")]
    pub(super) token_file: Option<String>,
    pub(super) username: Present,
    pub(super) password: Present,
    pub(super) exec: Present,
    pub(super) auth_provider: Present,
    #[serde(rename = "as")]
    pub(super) act_as: Present,
    pub(super) as_uid: Present,
    pub(super) as_groups: Present,
    pub(super) as_user_extra: Present,
}

impl Document {
    /// The error says where the text goes wrong, but not what stands there: that may be a secret.
    pub(super) fn parse(content: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(content).map_err(|_| "is not UTF-8".to_owned())?;
        // kubectl takes an empty file for an empty configuration.
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let document: Self = serde_saphyr::from_str(text).map_err(|error| match error.location() {
            Some(at) => format!("is not a kubeconfig at line {}, column {}", at.line(), at.column()),
            None => "is not a kubeconfig".to_owned(),
        })?;
        for (field, value, expected) in
            [("apiVersion", &document.api_version, "v1"), ("kind", &document.kind, "Config")]
        {
            if let Some(value) = set(value.as_deref()).filter(|value| *value != expected) {
                return Err(format!("has the {field} {value:?} where {expected:?} is expected"));
            }
        }
        Ok(document)
    }

    pub(super) fn contexts(&self) -> &[Named<Context>] {
        self.contexts.as_deref().unwrap_or_default()
    }

    pub(super) fn clusters(&self) -> &[Named<Cluster>] {
        self.clusters.as_deref().unwrap_or_default()
    }

    pub(super) fn users(&self) -> &[Named<User>] {
        self.users.as_deref().unwrap_or_default()
    }
}

/// The empty text means that a field is not set.
pub(super) fn set(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Whether a field is set to anything but null, an empty text, an empty list or an empty mapping.
#[derive(Clone, Copy, Default)]
pub(super) struct Present(pub(super) bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PresentVisitor).map(Self)
    }
}

struct PresentVisitor;

impl<'de> Visitor<'de> for PresentVisitor {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_none<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_str<E>(self, text: &str) -> Result<bool, E> {
        Ok(!text.is_empty())
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<bool, E> {
        Ok(!bytes.is_empty())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        let mut any = false;
        while items.next_element::<IgnoredAny>()?.is_some() {
            any = true;
        }
        Ok(any)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        let mut any = false;
        while items.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            any = true;
        }
        Ok(any)
    }
}
