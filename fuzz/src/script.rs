//! What the fuzzer makes of its bytes: a configuration, and operations on the machine.

use arbitrary::Arbitrary;

#[derive(Arbitrary, Debug)]
pub(crate) struct Script<S, O> {
    pub(crate) settings: S,
    /// What follows the operations: nothing, or a sane world in which all must come right. Seldom, as it takes long.
    pub(crate) ending: u8,
    operations: Vec<O>,
}

impl<S, O> Script<S, O> {
    /// The accounts are slow on purpose: longer scripts would teach the fuzzer nothing but patience.
    pub(crate) fn operations(&self, most: usize) -> impl Iterator<Item = &O> {
        self.operations.iter().take(most)
    }
}
