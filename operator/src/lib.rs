//! What Kubernetes is told about a model: the `AIModel` resource. The reconciler that runs workers for it comes later.

mod crd;

pub use crd::{
    AIModel, AIModelSpec, AIModelStatus, Condition, ConditionStatus, Credential, Kind, Local,
    Remote, SecretKey, Workers,
};
