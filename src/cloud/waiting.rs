//! What takes time: a service that does not know yet what another one has made, and things that change by themselves.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::task::JoinSet;

use super::{Cloud, CloudError};
use crate::language::Message;
use crate::message;

/// Between two looks at something that changes.
pub(super) const POLL: Duration = Duration::from_secs(5);
/// How long a node group may take to become, to change, or to go.
pub(super) const PATIENCE: Duration = Duration::from_secs(45 * 60);
/// How long services may take to hear of what is new: seconds as a rule, IAM now and then a minute.
const NEWS: Duration = Duration::from_secs(90);

/// Calls at a time, where many are made of the same kind.
const AT_ONCE: usize = 12;

/// Codes under which services complain of a principal, role or template that they have not heard of yet.
const UNHEARD_OF: [&str; 5] = [
    "InvalidArnException",
    "InvalidParameterException",
    "InvalidRequestException",
    "MalformedPolicyDocument",
    "ValidationError",
];

/// Something that is waited for, in environment time.
pub(super) struct Wait<'a> {
    cloud: &'a Cloud,
    what: Message,
    /// How long it takes as a rule.
    typically: Message,
    patience: Duration,
    waited: Duration,
}

impl Wait<'_> {
    /// Lets time pass until the next look, and says what for.
    ///
    /// # Errors
    /// When it has taken too long.
    pub(super) async fn next(&mut self, state: impl Into<Message>) -> Result<(), CloudError> {
        let (what, waited) = (&self.what, self.waited.as_secs());
        let state = state.into();
        if self.waited >= self.patience {
            return Err(CloudError::Conflict(format!(
                "{what} is still {state} after {waited} s"
            )));
        }
        (self.cloud.tell)(message!(
            "cloud-waiting",
            what = what.clone(),
            state = state,
            waited = waited,
            typically = self.typically.clone(),
        ));
        (self.cloud.pause)(POLL).await;
        self.waited += POLL;
        Ok(())
    }
}

impl Cloud {
    pub(super) fn wait(&self, what: impl Into<Message>, typically: Message) -> Wait<'_> {
        Wait {
            cloud: self,
            what: what.into(),
            typically,
            patience: self.patience,
            waited: Duration::ZERO,
        }
    }

    /// Remembers that these ids, names or ARNs are new, so that nobody's ignorance of them is taken seriously.
    pub(super) fn is_fresh<'a>(&self, names: impl IntoIterator<Item = &'a str>) {
        let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        fresh.extend(names.into_iter().map(str::to_owned));
    }

    /// Calls while the answer is that something else is going on there.
    pub(super) async fn once_free<T, F: Future<Output = Result<T, CloudError>>>(
        &self,
        what: Message,
        patience: Duration,
        call: impl Fn() -> F,
    ) -> Result<T, CloudError> {
        let mut wait = self.wait(what, message!("cloud-few-minutes"));
        wait.patience = patience;
        loop {
            match call().await {
                Err(CloudError::Conflict(why)) => {
                    let waited = wait.next(message!("cloud-busy")).await;
                    waited.map_err(|error| error.about(&why))?;
                }
                other => return other,
            }
        }
    }

    /// Whether any of these texts names something new.
    fn names_fresh(&self, texts: &[&str]) -> bool {
        let fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        fresh
            .iter()
            .any(|name| texts.iter().any(|text| text.contains(name.as_str())))
    }

    /// Calls until the service has heard of what `texts` name, if any of it was made a moment ago.
    pub(super) async fn once_heard_of<T, F: Future<Output = Result<T, CloudError>>>(
        &self,
        texts: &[&str],
        call: impl Fn() -> F,
    ) -> Result<T, CloudError> {
        let (mut waited, mut step) = (Duration::ZERO, Duration::from_secs(2));
        loop {
            match call().await {
                Err(error) if waited < NEWS && unheard_of(&error) && self.names_fresh(texts) => {
                    (self.pause)(step).await;
                    waited += step;
                    step = (step * 2).min(Duration::from_secs(15));
                }
                other => return other,
            }
        }
    }
}

fn unheard_of(error: &CloudError) -> bool {
    match error {
        CloudError::NotFound => true,
        // Permissions that hang on a key's tags take effect some time after the key is there.
        CloudError::Denied(why) => why.contains("kms:"),
        CloudError::Other(why) => UNHEARD_OF.iter().any(|code| why.starts_with(code)),
        _ => false,
    }
}

/// What is not there needs no undoing.
pub(super) fn done(result: Result<(), CloudError>) -> Result<(), CloudError> {
    match result {
        Err(CloudError::NotFound) => Ok(()),
        other => other,
    }
}

/// `None` for what is not there.
pub(super) fn found<T>(result: Result<T, CloudError>) -> Result<Option<T>, CloudError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(CloudError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Runs `call` on every item, some at a time, and gathers what they return.
pub(super) async fn at_once<I, T, F>(
    items: impl Iterator<Item = I>,
    call: impl Fn(I) -> F,
) -> Result<Vec<T>, CloudError>
where
    T: Send + 'static,
    F: Future<Output = Result<Vec<T>, CloudError>> + Send + 'static,
{
    let (mut items, mut gathered, mut running) = (items, Vec::new(), JoinSet::new());
    loop {
        while running.len() < AT_ONCE
            && let Some(item) = items.next()
        {
            running.spawn(call(item));
        }
        let Some(result) = running.join_next().await else {
            return Ok(gathered);
        };
        let result = result.map_err(|error| CloudError::Other(error.to_string()))?;
        gathered.extend(result?);
    }
}
