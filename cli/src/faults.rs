//! Bad usage, all of it at once.

use std::fmt;

/// What is wrong with the command line, the environment and the configuration.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<String>);

impl Faults {
    pub(crate) fn add(&mut self, fault: impl fmt::Display) {
        // A text of several lines is several faults.
        self.0.extend(fault.to_string().lines().map(String::from));
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps what parses, and takes note of what does not.
    pub(crate) fn check<T, E: fmt::Display>(&mut self, flag: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.add(format_args!("{flag}: {error}"))).ok()
    }

    /// Keeps the choice of that name, and takes note of any other.
    pub(crate) fn choose<T: Copy>(&mut self, flag: &str, value: &str, choices: &[(&str, T)]) -> Option<T> {
        let found = choices.iter().find(|(name, _)| *name == value).map(|(_, choice)| *choice);
        if found.is_none() {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            self.add(format_args!("{flag}: {value:?} is none of {}", names.join(", ")));
        }
        found
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}
