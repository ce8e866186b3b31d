//! Continue tokens: opaque to clients, and here what they are on the real server.

use alloc::format;
use alloc::string::{String, ToString as _};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::status::{ApiError, Result};

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Continue {
    /// The version that the first page had; `None` goes on regardless, with whatever there is.
    pub(super) version: Option<u64>,
    /// The first path, relative to what is listed.
    pub(super) start: String,
}

#[derive(Serialize, Deserialize)]
struct Token {
    v: String,
    rv: i64,
    #[serde(default)]
    start: String,
}

const FORMAT: &str = "meta.k8s.io/v1";

impl Continue {
    /// The token for what follows `last`.
    pub(super) fn after(version: u64, last: &str) -> String {
        let rv = i64::try_from(version).unwrap_or(i64::MAX);
        encode(&Token { v: FORMAT.to_string(), rv, start: format!("/{last}\0") })
    }

    /// The token for the same place, without a version.
    pub(super) fn regardless(&self) -> String {
        encode(&Token { v: FORMAT.to_string(), rv: -1, start: self.start.clone() })
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        let invalid =
            |why: &str| ApiError::bad_request(format!("invalid continue token: continue key is not valid: {why}"));
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid("illegal base64 data"))?;
        let token: Token = serde_json::from_slice(&bytes).map_err(|_| invalid("invalid character"))?;
        if token.v != FORMAT {
            return Err(invalid(&format!("server does not recognize this encoded version {:?}", token.v)));
        }
        let version = match u64::try_from(token.rv) {
            Ok(0) => return Err(invalid("incorrect encoded start resourceVersion (version meta.k8s.io/v1)")),
            Ok(version) => Some(version),
            Err(_) => None,
        };
        let start = token.start.trim_start_matches('/').to_string();
        if start.is_empty() {
            return Err(invalid("encoded start key empty (version meta.k8s.io/v1)"));
        }
        Ok(Self { version, start })
    }
}

fn encode(token: &Token) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(token).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_the_real_server() {
        assert_eq!(
            Continue::after(254, "web-3-terminating"),
            "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjU0LCJzdGFydCI6Ii93ZWItMy10ZXJtaW5hdGluZ1x1MDAwMCJ9"
        );
        let token = Continue::parse(&Continue::after(254, "web-1")).unwrap();
        assert_eq!(token, Continue { version: Some(254), start: "web-1\0".into() });
        assert_eq!(token.regardless(), "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0Ijoid2ViLTFcdTAwMDAifQ");
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for text in ["?", "e30", "eyJ2IjoiIn0"] {
            assert_eq!(Continue::parse(text).unwrap_err().response().status, 400, "{text}");
        }
    }
}
