//! Who is let in: everything that can be said about a request from memory alone.

use std::sync::Arc;

use poem::http::{HeaderMap, header};
use uplion_domain::{
    EndUserDigest, GatewayId, KeyDigest, ModelName, Operation, RequestId,
    request::{Accepted, Class, Labels, Size},
    subject::AggregateId,
};
use uplion_log_transport::message::Link;
use uplion_projections::catalog::{Key, Model, NotValid};
use uplion_protocol::{
    endpoint::Read,
    error::{ApiError, KeyFault},
};

use crate::{
    Clock,
    admission_gate::AdmissionGate,
    live_catalog::{LiveCatalog, Stale},
    options::{Options, Serving},
    outlook::Outlook,
    permit::{Capacity, Permit},
    recording::{LOG_REFUSES, Recording},
    rejections::Rejections,
};

pub struct Admission {
    pub(crate) catalog: Arc<LiveCatalog>,
    pub(crate) outlook: Arc<Outlook>,
    pub(crate) gate: AdmissionGate,
    pub(crate) recording: Arc<Recording>,
    pub(crate) capacity: Capacity,
    pub(crate) rejections: Rejections,
    pub(crate) options: Options,
    pub(crate) gateway: GatewayId,
    pub(crate) clock: Clock,
}

impl Admission {
    /// The key that a request shows.
    pub fn key(&self, headers: &HeaderMap) -> Result<Arc<Key>, ApiError> {
        let secret = bearer(headers).ok_or(ApiError::MissingApiKey)?;
        let (digest, now) = (KeyDigest::of(secret), (self.clock)());
        let key = self.catalog.ask(|catalog| {
            let key = catalog.key(&digest, now)?;
            let is_read = catalog.is_read(|| AggregateId::ApiKey(key.id))
                && catalog.is_read(|| AggregateId::Project(key.terms.project));
            Ok((Arc::clone(key), is_read))
        });
        let (key, is_read) = key
            .map_err(|stale| self.stale(stale))?
            .map_err(|why| ApiError::InvalidApiKey { fault: fault(why) })?;
        if is_read { Ok(key) } else { Err(self.unread(UNREAD_KEY)) }
    }

    /// A place for one more, if there is a way to answer it.
    pub fn permit(&self, link: Link) -> Result<Permit, ApiError> {
        let retry_after_s = self.retry_after_s();
        if self.gate.is_closing() {
            return Err(ApiError::Unavailable { reason: "it is stopping", retry_after_s });
        }
        if link == Link::Down || !self.gate.is_listening() {
            let reason = "the queue cannot be reached";
            return Err(ApiError::Unavailable { reason, retry_after_s });
        }
        if self.gate.is_deaf() {
            let reason = "it does not hear what it sends to itself";
            return Err(ApiError::Unavailable { reason, retry_after_s });
        }
        if self.gate.is_log_full() {
            return Err(ApiError::Unavailable { reason: "the log is nearly full", retry_after_s });
        }
        // Not a matter of being ready: a change of a stream's leader would take every gateway out of its balancer.
        let Some(pass) = self.recording.admit() else {
            return Err(ApiError::Unavailable { reason: LOG_REFUSES, retry_after_s });
        };
        self.capacity.permit(pass).ok_or(ApiError::Overloaded { retry_after_s })
    }

    pub fn accept(
        &self,
        request: RequestId,
        key: &Key,
        operation: Operation,
        read: &Read,
        size: Size,
    ) -> Result<(Accepted, Serving), ApiError> {
        let now = (self.clock)();
        let found = self.catalog.ask(|catalog| {
            let model =
                catalog.resolve(&read.model).ok().filter(|model| may_use(key, &model.name))?;
            let price = catalog.price(&model.name, key.terms.project, &operation, now);
            let is_read = catalog.is_read(|| AggregateId::Model(model.name.clone()))
                && price.price.is_none_or(|price| catalog.is_read(|| AggregateId::Price(price)));
            let found = (model.name.clone(), model.terms, price, catalog.hour(now));
            Some((found, is_read))
        });
        let Some((found, is_read)) = found.map_err(|stale| self.stale(stale))? else {
            return Err(ApiError::ModelNotFound { model: read.model.clone() });
        };
        if !is_read {
            return Err(self.unread(UNREAD_MODEL));
        }
        let (model, terms, price, hour) = found;
        let serving = self.options.timeouts.serving.with(&terms);
        self.check_served(&model, &serving)?;
        let deadline = i64::try_from(serving.deadline.as_millis()).unwrap_or(i64::MAX);
        // Limits, reservations and budgets of the project and the key are checked here.
        let accepted = Accepted {
            request,
            project: key.terms.project,
            key: key.id,
            model,
            operation,
            class: Class::Interactive,
            streamed: read.forwarding.streamed,
            gateway: self.gateway,
            price,
            reservation: None,
            size,
            labels: self.labels(read),
            end_user: self.end_user(key, read),
            hour,
            deadline: now.plus_millis(deadline),
            at: now,
        };
        Ok((accepted, serving))
    }

    /// Whoever would wait for nobody is told at once, unless the model's requests are to wait.
    fn check_served(&self, model: &ModelName, serving: &Serving) -> Result<(), ApiError> {
        match self.outlook.unserved(model) {
            Some(why) if serving.wait_for_worker.is_zero() => {
                self.outlook.count(model, why);
                Err(ApiError::ModelUnavailable {
                    model: model.to_string(),
                    reason: why.reason(),
                    retry_after_s: self.options.timeouts.unavailable_retry_after.as_secs(),
                })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn labels(&self, read: &Read) -> Labels {
        if !self.options.record_labels {
            return Labels::default();
        }
        let labels = read.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Labels::try_new(labels.collect()).unwrap_or_default()
    }

    fn end_user(&self, key: &Key, read: &Read) -> Option<EndUserDigest> {
        let digests = self.options.end_user_key.as_ref()?;
        Some(digests.digest(key.terms.project, read.end_user.as_deref()?))
    }

    /// The name of a model that this key may use, as the catalog has it.
    pub fn model_name(&self, key: &Key, name: &str) -> Option<ModelName> {
        self.model(key, name).ok().map(|model| model.name.clone())
    }

    /// The models that a key may use, by name.
    pub fn models(&self, key: &Key) -> Result<Vec<Arc<Model>>, ApiError> {
        let models = self.catalog.ask(|catalog| catalog.models_for(key).cloned().collect());
        models.map_err(|stale| self.stale(stale))
    }

    pub fn model(&self, key: &Key, name: &str) -> Result<Arc<Model>, ApiError> {
        let model = self.catalog.ask(|catalog| {
            catalog.resolve(name).ok().filter(|model| may_use(key, &model.name)).cloned()
        });
        model
            .map_err(|stale| self.stale(stale))?
            .ok_or_else(|| ApiError::ModelNotFound { model: name.to_owned() })
    }

    fn stale(&self, Stale: Stale) -> ApiError {
        let retry_after_s = self.retry_after_s();
        ApiError::Unavailable { reason: "it cannot tell which keys are valid", retry_after_s }
    }

    /// A later version changed it: an unread revocation must not leave a key working.
    const fn unread(&self, reason: &'static str) -> ApiError {
        ApiError::Unavailable { reason, retry_after_s: self.retry_after_s() }
    }

    pub const fn retry_after_s(&self) -> u64 {
        self.options.timeouts.retry_after_s()
    }
}

const UNREAD_KEY: &str =
    "a later version of UPLION than this gateway's changed the key or its project";
const UNREAD_MODEL: &str =
    "a later version of UPLION than this gateway's changed the model or its price";

const fn fault(why: NotValid) -> KeyFault {
    match why {
        NotValid::Unknown => KeyFault::Unknown,
        NotValid::Revoked => KeyFault::Revoked,
        NotValid::Replaced => KeyFault::Replaced,
        NotValid::ProjectClosed => KeyFault::ProjectClosed,
        NotValid::ProjectSuspended => KeyFault::ProjectSuspended,
        NotValid::Disabled => KeyFault::Disabled,
        NotValid::Expired => KeyFault::Expired,
    }
}

/// Everybody may check the installation.
fn may_use(key: &Key, model: &ModelName) -> bool {
    model.is_check() || key.terms.models.allow(model)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    let secret = secret.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !secret.is_empty()).then_some(secret)
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    #[test]
    fn a_key_is_shown_as_a_bearer_token() {
        for (value, secret) in [
            ("Bearer sk-1", Some("sk-1")),
            ("bearer  sk-1 ", Some("sk-1")),
            ("Bearer ", None),
            ("Basic sk-1", None),
            ("sk-1", None),
        ] {
            let headers =
                HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]);
            assert_eq!(bearer(&headers), secret, "{value}");
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
