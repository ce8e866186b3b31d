//! What the tests that cross crates share.

pub mod api_server;
pub mod beam;
pub mod built;
pub mod child;
pub mod client_go;
pub mod connector;
pub mod contract;
pub mod eventually;
pub mod generated;
pub mod kubeconfig;
pub mod lab;
pub mod listing_host;
pub mod model;
pub mod proxy;
pub mod quorate_command;
pub mod recording;
pub mod server_trials;
pub mod target_folder;
pub mod trouble;
pub mod watching;
