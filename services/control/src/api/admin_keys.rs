//! Admin keys: issue, list, revoke.

use poem_openapi::{
    Enum, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use uplion_domain::{
    AdminKeyId, KeyDigest,
    admin_key::{AdminKey, Command},
    user::Access,
};
use uplion_projections::{admin_keys, columns, projection::TypedRow};
use uuid::Uuid;

use super::{
    Tag,
    page::{self, Page},
};
use crate::{
    auth::Auth,
    caller::Target,
    headers::{ChangeHeaders, CreateHeaders, ReadAt},
    names,
    permissions::Action,
    problem::Problem,
    reading::Reader,
    receipt::{IssuedKey, WriteResponse, Written},
    secret::Secret,
    write::{Writer, now},
};

const PREFIX: &str = "sk-admin-";

pub struct AdminKeys {
    pub writer: Writer,
    pub reader: Reader,
}

#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct NewAdminKey {
    /// For people: what it is for. At most 128 characters.
    name: String,
    access: KeyAccess,
    /// RFC 3339; left out: never.
    expires_at: Option<String>,
}

/// What a machine shows to administer or to audit. The secret is not stored.
#[derive(Debug, Object)]
#[oai(rename = "AdminKey")]
struct AdminKeyView {
    id: String,
    name: String,
    access: KeyAccess,
    status: AdminKeyStatus,
    issued_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
}

#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename = "AdminKeyAccess", rename_all = "snake_case")]
enum KeyAccess {
    /// Sees everything and changes nothing.
    Auditor,
    Admin,
}

#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
enum AdminKeyStatus {
    Active,
    Expired,
    Revoked,
}

#[OpenApi(tag = "Tag::AdminKeys")]
impl AdminKeys {
    /// Issue an admin key
    ///
    /// For a machine that calls this API. The secret is in this answer and nowhere else, ever.
    #[oai(path = "/admin-keys", method = "post", operation_id = "issue_admin_key")]
    async fn issue(
        &self,
        auth: Auth,
        headers: CreateHeaders,
        body: Json<NewAdminKey>,
    ) -> Result<WriteResponse<IssuedKey>, Problem> {
        let caller = auth.0.may(Action::IssueAdminKey, Target::Installation)?;
        let context = headers.by(caller)?;
        let expires_at = body.expires_at.as_deref();
        let expires_at = expires_at.map(|at| names::time("expires_at", at)).transpose()?;
        let secret = Secret::minted(PREFIX)?;
        let digest = KeyDigest::of(secret.reveal());
        let access = body.access.access();
        let issue = |at| Command::Issue { name: body.name.clone(), digest, access, expires_at, at };
        let id = AdminKeyId::new(Uuid::now_v7());
        Ok(self.writer.execute::<AdminKey>(&id, &context, issue).await?.issued(secret.reveal()))
    }

    /// List admin keys
    ///
    /// The installation's first one is configuration, and not among them.
    #[oai(path = "/admin-keys", method = "get", operation_id = "list_admin_keys")]
    async fn list(
        &self,
        auth: Auth,
        /// Those issued after this one.
        after: Query<Option<String>>,
        /// At most 1000; 100 if not said.
        limit: Query<Option<usize>>,
        at: ReadAt,
    ) -> Result<Json<Page<AdminKeyView>>, Problem> {
        auth.0.may(Action::ListAdminKeys, Target::Installation)?;
        self.reader.wait_for(at.position()?, &[admin_keys::NAME]).await?;
        let after =
            page::cursor::<AdminKey>(self.writer.events.as_ref(), after.0.as_deref()).await?;
        let limit = page::limit(limit.0);
        let parameters = [columns::maybe_text(after), page::limit_value(limit)];
        let read = admin_keys::AdminKey::from_row;
        let rows = self.reader.query(&admin_keys::LIST, &parameters, read).await?;
        Ok(Json(Page::of(rows, limit, |row| row.admin_key.to_string(), AdminKeyView::of)))
    }

    /// Revoke an admin key
    ///
    /// For ever, and at once.
    #[oai(path = "/admin-keys/:key/revoke", method = "post", operation_id = "revoke_admin_key")]
    async fn revoke(
        &self,
        auth: Auth,
        key: Path<String>,
        headers: ChangeHeaders,
    ) -> Result<WriteResponse<Written>, Problem> {
        let caller = auth.0.may(Action::RevokeAdminKey, Target::Installation)?;
        let context = headers.by(caller)?;
        let id = names::admin_key(&key)?;
        let revoke = |at| Command::Revoke { at };
        Ok(self.writer.execute::<AdminKey>(&id, &context, revoke).await?.changed())
    }
}

impl KeyAccess {
    const fn access(self) -> Access {
        match self {
            Self::Auditor => Access::Auditor,
            Self::Admin => Access::Admin,
        }
    }
}

impl AdminKeyView {
    fn of(row: admin_keys::AdminKey) -> Self {
        let admin_keys::AdminKey { admin_key, name, access, expires_at, issued_at, revoked_at } =
            row;
        let expired = expires_at.is_some_and(|expires_at| expires_at <= now());
        Self {
            id: admin_key.to_string(),
            name,
            access: match access {
                Access::Admin => KeyAccess::Admin,
                // None is issued that may do nothing.
                Access::Auditor | Access::None => KeyAccess::Auditor,
            },
            status: match revoked_at {
                Some(_) => AdminKeyStatus::Revoked,
                None if expired => AdminKeyStatus::Expired,
                None => AdminKeyStatus::Active,
            },
            issued_at: issued_at.to_string(),
            expires_at: expires_at.map(|at| at.to_string()),
            revoked_at: revoked_at.map(|at| at.to_string()),
        }
    }
}
