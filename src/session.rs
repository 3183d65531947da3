//! One run of one scenario: makes its resources, knows what it made, judges, unmakes.

pub mod runs;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, anyhow};

use crate::cloud::aws::{NewNodegroup, NewTemplate};
use crate::cloud::{Cloud, CloudError, Wanted};
use crate::outcome::{CheckKind, CheckOutcome, Verdict};
use crate::scenario::judge::judge;
use crate::scenario::{Change, Check, Parameter, Predicate, Scenario, Values};
use crate::scenarios::Source;

/// A scenario in an environment.
pub struct Session {
    pub id: String,
    pub values: Values,
    source: Source,
    cloud: Cloud,
    /// What was made, oldest first.
    changes: Vec<Made>,
}

/// One thing that a session made and will unmake.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Made {
    Key { id: String },
    Alias { name: String },
    Template { id: String, name: String },
    Nodegroup { name: String },
}

/// Between two looks while waiting for checks.
const LOOK: Duration = Duration::from_secs(10);

impl Session {
    /// A session that has made nothing yet.
    pub fn new(source: Source, cloud: Cloud) -> Session {
        let id = random_text(8);
        let mut values = Values::default();
        values.set("session", &*id);
        values.set("account", &*cloud.account);
        values.set("region", &*cloud.region);
        values.set("cluster", &*cloud.cluster);
        for (name, parameter) in &source.scenario.parameters {
            let Parameter::Random(length) = parameter;
            values.set(name, random_text(*length));
        }
        Session {
            id,
            values,
            source,
            cloud,
            changes: Vec::new(),
        }
    }

    pub fn scenario(&self) -> &Scenario {
        &self.source.scenario
    }

    /// Breaks the environment: makes the scenario's resources and waits until its symptoms show.
    ///
    /// # Errors
    /// When a resource cannot be made or a symptom does not show; what was made is still known and
    /// can be undone.
    pub async fn inject(&mut self) -> anyhow::Result<()> {
        for resource in self.scenario().resources.clone() {
            self.make(&resource).await?;
        }
        let symptoms = self.scenario().symptoms.clone();
        let mut waited = Duration::ZERO;
        loop {
            let outcomes = self.judge(&symptoms, CheckKind::Symptom).await?;
            let Some(missing) = outcomes
                .iter()
                .find(|outcome| outcome.verdict != Verdict::Met)
            else {
                return Ok(());
            };
            if waited >= self.scenario().ripens_within {
                return Err(anyhow!(
                    "the environment did not break within {} s: {} ({:?})",
                    waited.as_secs(),
                    missing.title,
                    missing.verdict
                ));
            }
            (self.cloud.pause)(LOOK).await;
            waited += LOOK;
        }
    }

    async fn make(&mut self, resource: &Change) -> anyhow::Result<()> {
        let tags = self.tags();
        match resource {
            Change::KmsKey(key) => {
                let policy = self.values.fill(&self.source.read(&key.policy)?)?;
                let made = self
                    .cloud
                    .create_key(&self.values.fill(&key.description)?, &policy, &tags)
                    .await;
                let (id, arn) =
                    made.with_context(|| format!("failed to make the key {}", key.id))?;
                self.changes.push(Made::Key { id: id.clone() });
                if key.rotation {
                    self.cloud
                        .enable_key_rotation(&id)
                        .await
                        .context("failed to enable the key's rotation")?;
                }
                self.values.set(format!("{}.id", key.id), id);
                self.values.set(format!("{}.arn", key.id), arn);
            }
            Change::KmsAlias(alias) => {
                let (name, key) = (
                    self.values.fill(&alias.name)?,
                    self.values.fill(&alias.key)?,
                );
                self.cloud
                    .create_alias(&name, &key)
                    .await
                    .with_context(|| format!("failed to make the alias {name}"))?;
                self.changes.push(Made::Alias { name });
            }
            Change::LaunchTemplate(template) => {
                let name = self.values.fill(&template.name)?;
                let kms_key = template
                    .volume
                    .kms_key
                    .as_ref()
                    .map(|key| self.values.fill(key))
                    .transpose()?;
                let new = NewTemplate {
                    name: &name,
                    instance_type: &self.values.fill(&template.instance_type)?,
                    volume_size: template.volume.size,
                    volume_type: &template.volume.volume_type,
                    encrypted: template.volume.encrypted,
                    kms_key: kms_key.as_deref(),
                };
                let made = self.cloud.create_template(new, &tags).await;
                let id =
                    made.with_context(|| format!("failed to make the launch template {name}"))?;
                self.changes.push(Made::Template {
                    id: id.clone(),
                    name: name.clone(),
                });
                self.values.set(format!("{}.id", template.id), id);
                self.values.set(format!("{}.name", template.id), name);
            }
            Change::Nodegroup(group) => {
                let (name, template) = (
                    self.values.fill(&group.name)?,
                    self.values.fill(&group.template)?,
                );
                // A name that is taken is somebody else's: it must never be undone.
                if self.cloud.nodegroup_exists(&name).await? {
                    return Err(anyhow!(
                        "the cluster has a node group {name} already: finish or remove it first"
                    ));
                }
                self.changes.push(Made::Nodegroup { name: name.clone() });
                let new = NewNodegroup {
                    name: &name,
                    template: &template,
                    min: group.min,
                    max: group.max,
                    desired: group.desired,
                };
                let made = self.cloud.create_nodegroup(new, &tags).await;
                let asg = made.with_context(|| format!("failed to make the node group {name}"))?;
                self.values.set(format!("{}.name", group.id), name);
                self.values.set(format!("{}.asg", group.id), asg);
            }
            Change::Scale(scale) => {
                let name = self.values.fill(&scale.nodegroup)?;
                let scaled = self.cloud.scale(&name, scale.desired).await;
                scaled.with_context(|| format!("failed to scale the node group {name}"))?;
            }
            other => return Err(anyhow!("{other} cannot be made yet")),
        }
        Ok(())
    }

    fn tags(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("breakfix:session".to_owned(), self.id.clone()),
            ("breakfix:scenario".to_owned(), self.scenario().name.clone()),
            ("breakfix:managed-by".to_owned(), "breakfix".to_owned()),
        ])
    }

    /// The variables that the lesson's commands get.
    ///
    /// # Errors
    /// When a value names something unknown.
    pub fn environment(&self) -> anyhow::Result<Vec<(String, String)>> {
        let filled =
            |(name, value): (&String, &String)| Ok((name.clone(), self.values.fill(value)?));
        self.scenario().environment.iter().map(filled).collect()
    }

    /// Judges the conditions and invariants once.
    ///
    /// # Errors
    /// When a check names something unknown.
    pub async fn verdicts(&self) -> anyhow::Result<Vec<CheckOutcome>> {
        let mut outcomes = self
            .judge(&self.scenario().conditions, CheckKind::Condition)
            .await?;
        outcomes.extend(
            self.judge(&self.scenario().invariants, CheckKind::Invariant)
                .await?,
        );
        Ok(outcomes)
    }

    /// Judges until everything is met or `patience` of the environment's time is over, as long as
    /// `worth_waiting` says that a verdict may still change.
    ///
    /// # Errors
    /// When a check names something unknown.
    pub async fn settled_verdicts(
        &self,
        patience: Duration,
        worth_waiting: impl Fn(&Verdict) -> bool,
    ) -> anyhow::Result<Vec<CheckOutcome>> {
        let mut waited = Duration::ZERO;
        loop {
            let outcomes = self.verdicts().await?;
            if waited >= patience
                || !outcomes
                    .iter()
                    .any(|outcome| worth_waiting(&outcome.verdict))
            {
                return Ok(outcomes);
            }
            (self.cloud.pause)(LOOK).await;
            waited += LOOK;
        }
    }

    /// Judges the checks of a page's hook; `None` when the scenario has no such hook.
    ///
    /// # Errors
    /// When a check names something unknown.
    pub async fn hook(&self, name: &str) -> anyhow::Result<Option<Vec<CheckOutcome>>> {
        let Some(ids) = self.scenario().hooks.get(name) else {
            return Ok(None);
        };
        let checks: Vec<Check> = ids
            .iter()
            .filter_map(|id| self.scenario().check(id))
            .cloned()
            .collect();
        Ok(Some(self.judge(&checks, CheckKind::Symptom).await?))
    }

    async fn judge(&self, checks: &[Check], kind: CheckKind) -> anyhow::Result<Vec<CheckOutcome>> {
        let filled: Vec<Predicate> = checks
            .iter()
            .map(|check| self.values.fill_all(&check.expect))
            .collect::<Result<_, _>>()?;
        let observation = self.cloud.observe(&Wanted::by(&filled)).await;
        Ok(checks
            .iter()
            .zip(&filled)
            .map(|(check, predicate)| {
                let judged = judge(predicate, &observation);
                CheckOutcome {
                    id: check.id.clone(),
                    title: check.title.en.clone(),
                    kind,
                    verdict: judged.verdict,
                    warnings: judged.warnings,
                }
            })
            .collect())
    }

    /// Unmakes everything that was made, newest first, and says what is left.
    pub async fn undo(&mut self) -> Vec<String> {
        let mut left = Vec::new();
        while let Some(change) = self.changes.pop() {
            let undone = match self.unmake(&change).await {
                Ok(()) => self
                    .remains(&change)
                    .await
                    .map(|remains| remains.then(|| "still there".to_owned())),
                Err(error) => Err(error),
            };
            match undone {
                Ok(None) => {}
                Ok(Some(why)) => left.push(format!("{change}: {why}")),
                Err(error) => left.push(format!("{change}: {error}")),
            }
        }
        left
    }

    async fn unmake(&self, change: &Made) -> Result<(), CloudError> {
        match change {
            Made::Key { id } => self.cloud.delete_key(id).await,
            Made::Alias { name } => self.cloud.delete_alias(name).await,
            Made::Template { id, .. } => self.cloud.delete_template(id).await,
            Made::Nodegroup { name } => self.cloud.delete_nodegroup(name).await,
        }
    }

    /// Whether something is still there. A key that is pending deletion counts as gone.
    async fn remains(&self, change: &Made) -> Result<bool, CloudError> {
        match change {
            Made::Key { id } => Ok(!self.cloud.key_is_going(id).await?),
            Made::Alias { name } => self.cloud.alias_exists(name).await,
            Made::Template { id, .. } => self.cloud.template_exists(id).await,
            Made::Nodegroup { name } => self.cloud.nodegroup_exists(name).await,
        }
    }
}

impl std::fmt::Display for Made {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Made::Key { id } => write!(formatter, "KMS key {id}"),
            Made::Alias { name } => write!(formatter, "KMS alias {name}"),
            Made::Template { id, name } => write!(formatter, "launch template {name} ({id})"),
            Made::Nodegroup { name } => write!(formatter, "node group {name}"),
        }
    }
}

/// Lower-case letters and digits.
fn random_text(length: usize) -> String {
    std::iter::repeat_with(|| fastrand::alphanumeric().to_ascii_lowercase())
        .take(length)
        .collect()
}
