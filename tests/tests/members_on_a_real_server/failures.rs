//! Answers that cannot be used.

use quorate_core::api::FailureKind;
use quorate_core::membership::Source;
use quorate_core::membership::listing::{ListingFailure, ListingOptions};
use quorate_tests::api_server::ApiServer;
use quorate_tests::lab::{Lab, Pod};
use quorate_tests::trouble::Trouble;

use crate::in_process;

pub(crate) fn a_body_over_the_limit_is_a_typed_failure() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "too-long")?;
    lab.serve("web", &Pod::stateful_set("web", 3))?;
    for source in [Source::EndpointSlices, Source::Endpoints, Source::Pods] {
        let options = in_process::options(&lab, "app=web")?;
        let config = ListingOptions { source, page_bytes: 512, ..options }.build()?;
        let listed = in_process::list(config, &in_process::client(&lab)?)?;
        let Err(error) = listed.outcome else { return Err(Trouble::new("512 bytes were enough")) };
        let ListingFailure::Failed(failure) = &error.failure else { return Err(Trouble::new(error.to_string())) };
        assert_eq!(failure.kind, FailureKind::BodyTooLarge, "{error}");
        assert_eq!((error.attempts, listed.events), (1, vec![]), "{source}");
        assert!(error.to_string().contains("512"), "{error}");
    }
    Ok(())
}
