//! Leases: at most one process at a time does a job, and one that lost its lease cannot write.

use std::time::Duration;

use async_trait::async_trait;
use uplion_domain::Timestamp;

use crate::StoreError;

/// The right to do a job until it expires. `token` grows with each new holder; writes carry it and fail once it is old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub job: String,
    pub holder: String,
    pub token: i64,
}

#[async_trait]
pub trait Leases: Send + Sync {
    /// Takes the lease if it is free, expired, or already the holder's.
    async fn take(
        &self,
        job: &str,
        holder: &str,
        keep: Duration,
    ) -> Result<Option<Lease>, StoreError>;

    /// False if it is lost.
    async fn renew(&self, lease: &Lease, keep: Duration) -> Result<bool, StoreError>;

    async fn release(&self, lease: &Lease) -> Result<(), StoreError>;

    /// What time it is by the clock that leases go by; none where that is this process's.
    async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }
}
