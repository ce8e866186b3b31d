mod lists;
mod properties;
#[cfg(feature = "testing")]
mod server;
mod support;
mod watches;
