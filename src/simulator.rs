//! (being written)
pub mod kubernetes;
pub mod serve;
pub mod certificate;
pub mod signature;
pub mod client;
pub mod kubeconfig;
