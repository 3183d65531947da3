//! What can be found out about an account before anything is made there. Nothing here changes anything.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, PolicyEvaluationDecisionType};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::api::ListParams;

use super::account::Identity;
use super::{Cloud, CloudError};

/// Whether a principal may do all this to one resource, in requests that carry these values.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    pub actions: Vec<String>,
    /// ARN, or `*`.
    pub resource: String,
    /// Condition keys of the request.
    pub context: Vec<(String, Vec<String>)>,
}

impl Cloud {
    /// What time it is for the account's STS, by the `Date` of an answer, whatever the answer is.
    ///
    /// # Errors
    /// When there is no answer, or none with a date.
    pub async fn server_time(&self) -> Result<Timestamp, CloudError> {
        let date = DateKeeper::default();
        let request = self.sts.get_caller_identity().customize();
        let sent = request.interceptor(date.clone()).send().await;
        let kept = date
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let time = kept.and_then(|date| jiff::fmt::rfc2822::parse(&date).ok());
        match (time, sent) {
            (Some(time), _) => Ok(time.timestamp()),
            (None, Err(error)) => Err(error.into()),
            (None, Ok(_)) => Err(CloudError::Other("the answer has no date".to_owned())),
        }
    }

    /// Whether the cluster's API answers, and shows nodes to whoever asks.
    ///
    /// # Errors
    /// [`CloudError::Denied`] or [`CloudError::Expired`] when the caller has no access entry that lets it see nodes.
    pub async fn sees_nodes(&self) -> Result<(), CloudError> {
        let nodes: Api<Node> = Api::all(self.kubernetes().await?);
        nodes.list(&ListParams::default().limit(1)).await?;
        Ok(())
    }

    /// ARN of the node role that new node groups take over: that of the cluster's first group that breakfix did not
    /// make.
    ///
    /// # Errors
    /// When there is no such group.
    pub async fn neighbours_role(&self) -> Result<String, CloudError> {
        self.surroundings(None).await.map(|(_, role)| role)
    }

    /// ARN of the principal whose policies decide what this identity may do: of a role's session, the role.
    ///
    /// # Errors
    /// When the role cannot be read, whose path its session does not tell.
    pub async fn principal(&self, identity: &Identity) -> Result<String, CloudError> {
        let Some((_, session)) = identity.arn.split_once(":assumed-role/") else {
            return Ok(identity.arn.clone());
        };
        let name = session.split('/').next().unwrap_or_default();
        let reply = self.iam.get_role().role_name(name).send().await?;
        let role = reply.role.ok_or(CloudError::NotFound)?;
        Ok(role.arn)
    }

    /// Those of the actions that the principal's policies do not allow, as `iam:SimulatePrincipalPolicy` says.
    ///
    /// # Errors
    /// [`CloudError::Denied`] when that itself is not allowed.
    pub async fn not_allowed(
        &self,
        principal: &str,
        question: &Question,
    ) -> Result<Vec<String>, CloudError> {
        let mut request = self
            .iam
            .simulate_principal_policy()
            .policy_source_arn(principal)
            .set_action_names(Some(question.actions.clone()))
            .resource_arns(&question.resource);
        for (key, values) in &question.context {
            request = request.context_entries(entry(key, values));
        }
        let mut pages = request.into_paginator().items().send();
        let mut refused = Vec::new();
        while let Some(result) = pages.next().await {
            let result = result?;
            if result.eval_decision != PolicyEvaluationDecisionType::Allowed {
                refused.push(result.eval_action_name);
            }
        }
        Ok(refused)
    }
}

fn entry(key: &str, values: &[String]) -> ContextEntry {
    let is_number = values.iter().all(|value| value.parse::<i64>().is_ok());
    let kind = match is_number {
        true => ContextKeyTypeEnum::Numeric,
        false => ContextKeyTypeEnum::String,
    };
    ContextEntry::builder()
        .context_key_name(key)
        .set_context_key_values(Some(values.to_vec()))
        .context_key_type(kind)
        .build()
}

/// Keeps the `Date` of the last answer.
#[derive(Debug, Clone, Default)]
struct DateKeeper(Arc<Mutex<Option<String>>>);

impl Intercept for DateKeeper {
    fn name(&self) -> &'static str {
        "DateKeeper"
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").map(str::to_owned);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date;
        Ok(())
    }
}
