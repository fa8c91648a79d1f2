//! The installation itself: what is the same for all of its projects and never changes.

use poem_openapi::{Object, OpenApi, payload::Json};

use super::Tag;
use crate::{
    auth::Auth,
    caller::Target,
    installation::{Foundation, Founded},
    permissions::Action,
    problem::Problem,
};

pub struct Installation {
    pub foundation: Foundation,
}

/// One log, one currency, one time zone.
#[derive(Debug, Object)]
#[oai(rename = "Installation")]
struct InstallationView {
    /// Named by the source of its events.
    id: String,
    /// Of every amount, as ISO 4217 has it: `EUR`.
    currency: String,
    /// Decimals that amounts are shown with at least. They are exact, and may have up to nine.
    minor_digits: u8,
    /// In which hours of usage begin and times of day of prices are: `Europe/Berlin`.
    time_zone: String,
    founded_at: String,
}

#[OpenApi(tag = "Tag::Installation")]
impl Installation {
    /// Show the installation
    ///
    /// Control founds it at its first start; nothing of it ever changes.
    #[oai(path = "/installation", method = "get", operation_id = "get_installation")]
    async fn show(&self, auth: Auth) -> Result<Json<InstallationView>, Problem> {
        auth.0.may(Action::GetInstallation, Target::Installation)?;
        let founded = self.foundation.current().await?;
        let unfounded = || Problem::not_found("the installation is not founded yet");
        Ok(Json(InstallationView::of(founded.ok_or_else(unfounded)?)))
    }
}

impl InstallationView {
    fn of(founded: Founded) -> Self {
        let Founded { id, terms, at } = founded;
        Self {
            id: id.to_string(),
            currency: terms.currency.to_string(),
            minor_digits: terms.minor_digits,
            time_zone: terms.time_zone.to_string(),
            founded_at: at.to_string(),
        }
    }
}
