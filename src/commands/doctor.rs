//! `breakfix doctor`.
use super::manners::Manners;
use super::sessions::AccountNames;
use crate::outcome::Exit;
use std::path::PathBuf;
#[derive(Debug, Clone)]
pub struct DoctorRequest {
    pub account: Option<AccountNames>,
    pub directory: Option<PathBuf>,
    pub json: bool,
}
pub fn doctor(_request: &DoctorRequest, _manners: Manners) -> anyhow::Result<Exit> {
    Ok(Exit::Met)
}
