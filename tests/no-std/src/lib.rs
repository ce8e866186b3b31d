//! Proves that `quorate-core` and all that it depends on do without `std`: `cargo check` here is the test.
//!
//! `std` brings a panic handler of its own. Were it anywhere below, the one here would be a second one, and the check would
//! stop with "found duplicate lang item `panic_impl`", naming the crate that brings `std` in.
#![no_std]

// Without a use of the core the compiler would not look at it, and the check would prove nothing.
pub use quorate_core;

#[panic_handler]
fn stop(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
