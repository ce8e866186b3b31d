//! What is wrong with a configuration.

use std::fmt;

/// Everything that is wrong with a configuration. Nothing has been started.
///
/// `Display` gives one line for each fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    faults: Vec<Fault>,
}

impl ConfigError {
    pub(crate) const fn new(faults: Vec<Fault>) -> Self {
        Self { faults }
    }

    /// The faults, at least one, in the order in which they were found.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// One thing that is wrong, and what to change. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    place: String,
    problem: String,
    remedy: String,
}

impl Fault {
    pub(crate) fn new(place: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into(), remedy: remedy.into() }
    }

    /// Where: the file, the entry in it and its field.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What is wrong, with the value where that is no secret.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// What to change.
    #[must_use]
    pub fn remedy(&self) -> &str {
        &self.remedy
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, problem, remedy } = self;
        write!(f, "{place}: {problem}; {remedy}")
    }
}
