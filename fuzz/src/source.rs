//! What a script may have watched, or listed.

use arbitrary::Arbitrary;
use quorate_core::membership::Source;

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum AnySource {
    EndpointSlices,
    Endpoints,
    Pods,
}

impl From<AnySource> for Source {
    fn from(source: AnySource) -> Self {
        match source {
            AnySource::EndpointSlices => Self::EndpointSlices,
            AnySource::Endpoints => Self::Endpoints,
            AnySource::Pods => Self::Pods,
        }
    }
}
