//! Bearer tokens.

use http::HeaderValue;

use crate::config::Fault;
use crate::material::Material;
use crate::secret::Secret;

/// A bearer token: given once, or read from its file for every request.
///
/// The kubelet renews a service account's token before it expires and swaps the file
/// ([bound tokens](https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-token-volume));
/// reading a kilobyte from memory a few times a second costs less than noticing the change by any cleverer means.
#[derive(Clone, Debug)]
pub(crate) struct Token(Material);

impl Token {
    pub(crate) const fn new(material: Material) -> Self {
        Self(material)
    }

    pub(crate) const fn is_file(&self) -> bool {
        self.0.is_file()
    }

    /// The `Authorization` header as of this moment. Blocks on the file system.
    pub(crate) fn authorization(&self) -> Result<HeaderValue, Fault> {
        let content = self.0.read()?;
        let token = content.trim_ascii();
        if token.is_empty() {
            return Err(self.0.fault("holds no token", "have a token put there"));
        }
        let unusable = || {
            let problem = "holds a blank, a line break or a character that a token cannot have";
            self.0.fault(problem, "have exactly one token put there")
        };
        if !token.iter().all(u8::is_ascii_graphic) {
            return Err(unusable());
        }
        let header = Secret::new([b"Bearer ", token].concat());
        let mut header = HeaderValue::from_bytes(&header).map_err(|_| unusable())?;
        // Keeps it out of Debug output, and out of the table from which HTTP/2 repeats headers.
        header.set_sensitive(true);
        Ok(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token_file(content: &[u8]) -> (tempfile::TempDir, Token) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        std::fs::write(&path, content).unwrap();
        (directory, Token::new(Material::file("the token file", path)))
    }

    #[test]
    fn blanks_around_a_token_are_no_part_of_it() {
        let (_directory, token) = token_file(b" \tabc.def\r\n\n");
        assert_eq!(token.authorization().unwrap(), "Bearer abc.def");
    }

    #[test]
    fn the_header_does_not_show_itself() {
        let (_directory, token) = token_file(b"marker");
        assert_eq!(format!("{:?}", token.authorization().unwrap()), "Sensitive");
    }

    #[test]
    fn what_cannot_be_a_token_is_refused_by_the_name_of_its_file_and_not_shown() {
        for content in
            [&b""[..], b" \n", b"marker\nmarker", b"marker marker", b"marker\0", b"mark\xc3\xa9r", b"\xff\xfemarker"]
        {
            let (directory, token) = token_file(content);
            let fault = token.authorization().unwrap_err().to_string();
            assert!(fault.contains(directory.path().to_str().unwrap()) && !fault.contains("marker"), "{fault}");
        }
    }
}
