//! Why a call did not succeed, by what a caller can do about it.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// Why a call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloudError {
    /// The environment says that it does not exist.
    NotFound,
    /// Somebody else has what would be made, under this description.
    Taken(String),
    /// The caller may not do this.
    Denied(String),
    /// Too many calls, after all retries.
    Throttled(String),
    /// The credentials are missing, unknown or past their time.
    Expired(String),
    /// No answer, or one that says that the service has trouble; the call may have come through.
    Unreachable(String),
    /// Not in the state that it is in now.
    Conflict(String),
    Other(String),
}

impl CloudError {
    /// Whether nothing can be said about the environment: the answer was kept from us.
    pub fn cannot_tell(&self) -> bool {
        matches!(
            self,
            CloudError::Denied(_)
                | CloudError::Throttled(_)
                | CloudError::Expired(_)
                | CloudError::Unreachable(_)
        )
    }

    /// The same kind of error with `what` before its text.
    #[must_use]
    pub fn about(self, what: impl fmt::Display) -> CloudError {
        let with = |why: String| format!("{what}: {why}");
        match self {
            CloudError::NotFound => CloudError::NotFound,
            CloudError::Taken(why) => CloudError::Taken(with(why)),
            CloudError::Denied(why) => CloudError::Denied(with(why)),
            CloudError::Throttled(why) => CloudError::Throttled(with(why)),
            CloudError::Expired(why) => CloudError::Expired(with(why)),
            CloudError::Unreachable(why) => CloudError::Unreachable(with(why)),
            CloudError::Conflict(why) => CloudError::Conflict(with(why)),
            CloudError::Other(why) => CloudError::Other(with(why)),
        }
    }
}

impl fmt::Display for CloudError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CloudError::NotFound => to.write_str("it does not exist"),
            CloudError::Denied(why) => write!(to, "denied: {why}"),
            CloudError::Throttled(why) => write!(to, "throttled: {why}"),
            CloudError::Expired(why) => write!(to, "the credentials are not accepted: {why}"),
            CloudError::Unreachable(why) => write!(to, "unreachable: {why}"),
            CloudError::Taken(why) | CloudError::Conflict(why) | CloudError::Other(why) => {
                to.write_str(why)
            }
        }
    }
}

impl std::error::Error for CloudError {}

/// Error codes of the services by what they mean; how NotFound and AlreadyExists are spelled, each service decides
/// anew, so parts of them do.
const NOT_FOUND: [&str; 2] = ["NotFound", "NoSuchEntity"];
const TAKEN: [&str; 1] = ["AlreadyExists"];
const DENIED: [&str; 4] = [
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "NotAuthorizedException",
];
const THROTTLED: [&str; 8] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
];
const EXPIRED: [&str; 13] = [
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];
const CONFLICT: [&str; 13] = [
    "ConcurrentModification",
    "ConcurrentModificationException",
    "DeleteConflict",
    "DependencyViolation",
    "DisabledException",
    "IncorrectInstanceState",
    "IncorrectState",
    "KMSInvalidStateException",
    "ResourceInUse",
    "ResourceInUseException",
    "ScalingActivityInProgress",
    "UnmodifiableEntity",
    "VolumeInUse",
];
const UNREACHABLE: [&str; 11] = [
    "DependencyTimeoutException",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "KMSInternalException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServerException",
    "ServiceFailure",
    "ServiceUnavailable",
    "ServiceUnavailableException",
];

/// What an answer of a service means.
fn classified(code: &str, status: Option<u16>, message: &str) -> CloudError {
    let text = match (code, message) {
        ("", message) => message.to_owned(),
        (code, "") => code.to_owned(),
        (code, message) => format!("{code}: {message}"),
    };
    if DENIED.contains(&code) {
        CloudError::Denied(text)
    } else if THROTTLED.contains(&code) {
        CloudError::Throttled(text)
    } else if EXPIRED.contains(&code) {
        CloudError::Expired(text)
    } else if UNREACHABLE.contains(&code) {
        CloudError::Unreachable(text)
    } else if CONFLICT.contains(&code) {
        CloudError::Conflict(text)
    } else if NOT_FOUND.iter().any(|part| code.contains(part)) {
        CloudError::NotFound
    } else if TAKEN.iter().any(|part| code.contains(part)) {
        CloudError::Taken(if message.is_empty() {
            text
        } else {
            message.to_owned()
        })
    } else {
        match status {
            Some(401) => CloudError::Expired(text),
            Some(403) => CloudError::Denied(text),
            Some(429) => CloudError::Throttled(text),
            Some(500..) => CloudError::Unreachable(text),
            _ => CloudError::Other(text),
        }
    }
}

impl<E> From<SdkError<E, HttpResponse>> for CloudError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let context = || DisplayErrorContext(&error).to_string();
        match &error {
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                let told = answer.err();
                let code = told.code().unwrap_or_default();
                match told.message().unwrap_or_default() {
                    "" if code.is_empty() => classified("", Some(status), &context()),
                    message => classified(code, Some(status), message),
                }
            }
            SdkError::TimeoutError(_) | SdkError::ResponseError(_) => {
                CloudError::Unreachable(context())
            }
            // Credentials are fetched before a request is sent, and their lack is told as its failure.
            SdkError::DispatchFailure(_) if context().to_lowercase().contains("credential") => {
                CloudError::Expired(context())
            }
            SdkError::DispatchFailure(_) => CloudError::Unreachable(context()),
            _ => CloudError::Other(context()),
        }
    }
}

impl From<kube::Error> for CloudError {
    fn from(error: kube::Error) -> Self {
        use kube::Error;
        match error {
            Error::Api(status) => of_status(status.code, &status.reason, &status.message),
            Error::HyperError(_) | Error::Service(_) | Error::ReadEvents(_) => {
                CloudError::Unreachable(chain(&error))
            }
            Error::Auth(_) => CloudError::Expired(chain(&error)),
            other => CloudError::Other(chain(&other)),
        }
    }
}

/// What a `Status` of the Kubernetes API means.
fn of_status(code: u16, reason: &str, message: &str) -> CloudError {
    let text = match (reason, message) {
        (reason, "") => format!("{code} {reason}"),
        (_, message) => message.to_owned(),
    };
    match (code, reason) {
        (401, _) => CloudError::Expired(text),
        (403, _) => CloudError::Denied(text),
        (404, _) => CloudError::NotFound,
        (409, "AlreadyExists") => CloudError::Taken(text),
        (409, _) => CloudError::Conflict(text),
        (429, _) => CloudError::Throttled(text),
        (500.., _) => CloudError::Unreachable(text),
        _ => CloudError::Other(text),
    }
}

/// An error with all its causes.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let said = next.to_string();
        // Many errors repeat their cause in their own text.
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(error: &CloudError) -> &'static str {
        match error {
            CloudError::NotFound => "not found",
            CloudError::Taken(_) => "taken",
            CloudError::Denied(_) => "denied",
            CloudError::Throttled(_) => "throttled",
            CloudError::Expired(_) => "expired",
            CloudError::Unreachable(_) => "unreachable",
            CloudError::Conflict(_) => "conflict",
            CloudError::Other(_) => "other",
        }
    }

    #[test]
    fn codes_of_every_service_say_what_can_be_done() {
        let table = [
            // EKS
            ("ResourceNotFoundException", 404, "not found"),
            ("ResourceInUseException", 409, "conflict"),
            ("AccessDeniedException", 403, "denied"),
            ("ExpiredTokenException", 403, "expired"),
            ("UnrecognizedClientException", 403, "expired"),
            ("TooManyRequestsException", 429, "throttled"),
            ("ServerException", 500, "unreachable"),
            ("ServiceUnavailableException", 503, "unreachable"),
            ("InvalidParameterException", 400, "other"),
            ("InvalidRequestException", 400, "other"),
            ("ResourceLimitExceededException", 400, "other"),
            // KMS
            ("NotFoundException", 400, "not found"),
            ("AlreadyExistsException", 400, "taken"),
            ("KMSInvalidStateException", 400, "conflict"),
            ("DisabledException", 400, "conflict"),
            ("ThrottlingException", 400, "throttled"),
            ("KMSInternalException", 500, "unreachable"),
            ("DependencyTimeoutException", 500, "unreachable"),
            ("InvalidArnException", 400, "other"),
            ("MalformedPolicyDocumentException", 400, "other"),
            ("LimitExceededException", 400, "other"),
            // EC2
            ("InvalidLaunchTemplateId.NotFound", 400, "not found"),
            (
                "InvalidLaunchTemplateName.NotFoundException",
                400,
                "not found",
            ),
            ("InvalidLaunchTemplateId.VersionNotFound", 400, "not found"),
            ("InvalidVolume.NotFound", 400, "not found"),
            (
                "InvalidLaunchTemplateName.AlreadyExistsException",
                400,
                "taken",
            ),
            ("UnauthorizedOperation", 403, "denied"),
            ("RequestLimitExceeded", 503, "throttled"),
            ("AuthFailure", 401, "expired"),
            ("RequestExpired", 400, "expired"),
            ("InternalError", 500, "unreachable"),
            ("DependencyViolation", 400, "conflict"),
            // IAM, STS, Auto Scaling
            ("NoSuchEntity", 404, "not found"),
            ("EntityAlreadyExists", 409, "taken"),
            ("DeleteConflict", 409, "conflict"),
            ("AccessDenied", 403, "denied"),
            ("Throttling", 400, "throttled"),
            ("ExpiredToken", 403, "expired"),
            ("InvalidClientTokenId", 403, "expired"),
            ("SignatureDoesNotMatch", 403, "expired"),
            ("ScalingActivityInProgress", 400, "conflict"),
            ("ServiceUnavailable", 503, "unreachable"),
            // What no table knows goes by its status.
            ("Surprise", 400, "other"),
            ("Surprise", 403, "denied"),
            ("Surprise", 429, "throttled"),
            ("Surprise", 502, "unreachable"),
            ("", 504, "unreachable"),
        ];
        for (code, status, expected) in table {
            let error = classified(code, Some(status), "why");
            assert_eq!(kind(&error), expected, "{code} {status}");
        }
    }

    #[test]
    fn statuses_of_kubernetes_say_what_can_be_done() {
        let table = [
            (401, "Unauthorized", "expired"),
            (403, "Forbidden", "denied"),
            (404, "NotFound", "not found"),
            (409, "AlreadyExists", "taken"),
            (409, "Conflict", "conflict"),
            (422, "Invalid", "other"),
            (429, "TooManyRequests", "throttled"),
            (500, "InternalError", "unreachable"),
            (504, "Timeout", "unreachable"),
        ];
        for (code, reason, expected) in table {
            let error = of_status(code, reason, "why");
            assert_eq!(kind(&error), expected, "{code} {reason}");
        }
    }

    #[test]
    fn a_denial_says_so_and_names_the_code() {
        let error = classified("AccessDeniedException", Some(400), "not for you");
        assert!(error.cannot_tell());
        let text = error.about("CreateKey").to_string();
        assert_eq!(
            text,
            "denied: CreateKey: AccessDeniedException: not for you"
        );
    }
}
