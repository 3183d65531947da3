//! stub
use super::*;
use crate::scenario::Change;
use std::collections::BTreeMap;
pub struct Mark {
    pub session: String,
    pub scenario: String,
    pub number: usize,
    pub expires_at: jiff::Timestamp,
}
pub type Outputs = BTreeMap<String, String>;
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Original {
    A,
}
#[derive(Debug)]
pub struct Left;
impl fmt::Display for Left {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
impl Cloud {
    pub async fn original(&self, _c: &Change) -> Result<Option<Original>, CloudError> {
        Ok(None)
    }
    pub async fn apply(&self, _c: &Change, _m: &Mark) -> Result<Outputs, CloudError> {
        Ok(Outputs::new())
    }
    pub async fn revert(
        &self,
        _c: &Change,
        _m: &Mark,
        _o: Option<&Outputs>,
        _r: Option<&Original>,
    ) -> Result<(), CloudError> {
        Ok(())
    }
    pub async fn left_of(&self, _s: &str) -> Result<Vec<Left>, CloudError> {
        Ok(Vec::new())
    }
}
