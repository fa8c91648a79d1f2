//! The `AIModel` resource, `uplion.io/v1alpha1`: the desired state of one model, and what was last seen of it.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A model that the installation offers, and how its workers are to be run.
#[derive(Debug, Clone, PartialEq, Eq, CustomResource, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "uplion.io",
    version = "v1alpha1",
    kind = "AIModel",
    plural = "aimodels",
    shortname = "aim",
    namespaced,
    status = "AIModelStatus",
    printcolumn = r#"{"name":"Model","type":"string","jsonPath":".spec.model"}"#,
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type=='Ready')].status"}"#,
    printcolumn = r#"{"name":"Workers","type":"integer","jsonPath":".status.workers"}"#
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AIModelSpec {
    /// What clients name, installation-wide; never used again for another model.
    #[schemars(length(min = 1, max = 128))]
    pub model: String,
    /// Who answers for it.
    pub kind: Kind,
    /// How many workers, and how much each takes on.
    #[serde(default)]
    pub workers: Workers,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// A model server that runs in the cluster beside its worker.
    Local(Local),
    /// A provider, or a server that somebody else runs.
    Remote(Remote),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Local {
    /// The image of an OpenAI-compatible model server.
    pub image: String,
    /// Where it listens, within its pod.
    #[schemars(range(min = 1))]
    pub port: u16,
    /// Its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Remote {
    /// Up to and including `/v1`.
    #[schemars(regex(pattern = r"^https?://[^/?#@]+(/[^?#@]*)?$"))]
    pub url: String,
    /// What that server calls the model, if not as clients do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Credential>,
}

/// Where the worker finds what the upstream wants to be shown. Never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Credential {
    SecretKey(SecretKey),
}

/// One key of a Secret in the namespace of the `AIModel`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretKey {
    pub name: String,
    pub key: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Workers {
    #[serde(default = "one")]
    pub replicas: u32,
    /// Requests that one worker has at its upstream at once.
    #[serde(default = "four")]
    #[schemars(range(min = 1))]
    pub max_in_flight: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AIModelStatus {
    /// Workers that are ready.
    #[serde(default)]
    pub workers: u32,
    /// The generation of the spec that this speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    #[serde(default)]
    pub conditions: Vec<Condition>,
}

/// As Kubernetes' own conditions. `reason` is one of `ConfigurationError`, `AuthenticationError`,
/// `MessageQueueConnectionError`, `APIQuotaExceededError`, `GeneralError`, or says what goes well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    pub r#type: String,
    pub status: ConditionStatus,
    pub reason: String,
    pub message: String,
    /// RFC 3339.
    pub last_transition_time: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConditionStatus {
    True,
    False,
    Unknown,
}

impl Default for Workers {
    fn default() -> Self {
        Self { replicas: one(), max_in_flight: four() }
    }
}

const fn one() -> u32 {
    1
}

const fn four() -> u32 {
    4
}
