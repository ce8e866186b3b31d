//! The one error of the test helpers: a text for whoever reads a failed test.

use std::error::Error;
use std::fmt;

/// Why a helper could not do its work. Any error becomes one by `?`.
pub struct Trouble(String);

impl Trouble {
    /// A trouble in these words.
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// For `map_err`: puts what was tried before what went wrong.
    pub fn during<E: fmt::Display>(what: impl fmt::Display) -> impl FnOnce(E) -> Self {
        move |error| Self(format!("{what}: {error}"))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// As text: it is for people, also where a test prints it with `{:?}`.
impl fmt::Debug for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// It is no `Error` itself, or this would overlap with `From<T> for T`.
impl<E: Error> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}
