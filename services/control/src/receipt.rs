//! What a write is answered with.

use poem_openapi::{
    ApiResponse, Object,
    payload::Json,
    types::{ParseFromJSON, ToJSON},
};

use crate::{
    position::Position,
    problem::{Problem, etag},
};

/// What was done, as it is remembered for a command that is said again.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CommandResult {
    pub id: String,
    pub version: u64,
}

/// A write that is recorded, and where it stands on CONTROL once it is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub result: CommandResult,
    pub position: Option<Position>,
    /// The same command was carried out before; nothing was written now.
    pub repeated: bool,
}

/// A write that was recorded.
#[derive(Debug, Object)]
pub struct Written {
    /// Of what was written to: `prj_…`, `key_…`, `prc_…`, or a model's name.
    id: String,
    /// For `If-Match`.
    version: u64,
    /// Where it stands on the log: a read that names it in `Uplion-Position` sees the write. Null if it is not in force yet.
    position: Option<String>,
    /// Gateways and workers know of it, or will within 100 ms. If false it is recorded and will come into force by itself.
    in_force: bool,
    /// The same `Idempotency-Key` was seen before: this is what was done then.
    repeated: bool,
}

// No `Debug`: it would show the secret once more.

/// A key that was issued, or given a new secret.
#[derive(Object)]
pub struct IssuedKey {
    #[oai(flatten)]
    written: Written,
    /// Shown now and never again: it is not stored. Null if the command was repeated: rotate the key if the
    /// secret is lost.
    secret: Option<String>,
}

/// The answers to a write.
#[derive(ApiResponse)]
pub enum WriteResponse<T: ToJSON + ParseFromJSON + Send> {
    /// In force, or so already.
    #[oai(status = 200)]
    Changed(
        Json<T>,
        /// Name it in a read to see this write.
        #[oai(header = "Uplion-Position")]
        Option<String>,
        #[oai(header = "ETag")] String,
    ),
    /// Made, and in force.
    #[oai(status = 201)]
    Created(
        Json<T>,
        /// Name it in a read to see this write.
        #[oai(header = "Uplion-Position")]
        Option<String>,
        #[oai(header = "ETag")] String,
    ),
    /// Recorded, not yet in force: the log did not acknowledge it in time. It will be, without anybody doing anything.
    #[oai(status = 202)]
    Recorded(Json<T>, #[oai(header = "ETag")] String),
}

impl CommandResult {
    pub fn write(&self) -> String {
        serde_json::to_string(self).expect("a name and a number are always JSON")
    }

    pub fn read(text: &str) -> Result<Self, Problem> {
        serde_json::from_str(text).map_err(|error| {
            Problem::internal(format!("a remembered answer cannot be read: {error}"))
        })
    }
}

impl Receipt {
    fn written(&self) -> Written {
        let Self { result, position, repeated } = self;
        Written {
            id: result.id.clone(),
            version: result.version,
            position: position.map(|position| position.to_string()),
            in_force: position.is_some(),
            repeated: *repeated,
        }
    }

    pub fn changed(&self) -> WriteResponse<Written> {
        self.answer(self.written(), WriteResponse::Changed)
    }

    pub fn created(&self) -> WriteResponse<Written> {
        self.answer(self.written(), WriteResponse::Created)
    }

    pub fn issued(&self, secret: &str) -> WriteResponse<IssuedKey> {
        let secret = (!self.repeated).then(|| secret.to_owned());
        self.answer(IssuedKey { written: self.written(), secret }, WriteResponse::Created)
    }

    pub fn rotated(&self, secret: &str) -> WriteResponse<IssuedKey> {
        let secret = (!self.repeated).then(|| secret.to_owned());
        self.answer(IssuedKey { written: self.written(), secret }, WriteResponse::Changed)
    }

    fn answer<T: ToJSON + ParseFromJSON + Send>(
        &self,
        body: T,
        in_force: fn(Json<T>, Option<String>, String) -> WriteResponse<T>,
    ) -> WriteResponse<T> {
        let etag = etag(self.result.version);
        match self.position {
            None => WriteResponse::Recorded(Json(body), etag),
            Some(position) if self.repeated => {
                WriteResponse::Changed(Json(body), Some(position.to_string()), etag)
            }
            Some(position) => in_force(Json(body), Some(position.to_string()), etag),
        }
    }
}
