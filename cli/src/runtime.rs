//! The runtime that a command runs in.

use crate::Failure;

/// Runs a future to its end, on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("cannot start the runtime: {error}")))?;
    let outcome = runtime.block_on(future);
    // Files and names are looked up on threads that nothing can interrupt: they must not hold us up.
    runtime.shutdown_background();
    Ok(outcome)
}
