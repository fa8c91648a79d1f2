//! What callers say in headers, read once for all operations, and how the API's description names it.
//!
//! The framework knows one parameter of each extractor: [`documented`] puts those that it stands for in its place.

use poem::{
    Request, RequestBody,
    http::{Method, Uri, header},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaParamIn, MetaSchema, MetaSchemaRef},
};
use serde_json::{Value, json};
use uplion_domain::Timestamp;

use crate::{
    caller::Caller,
    idempotency::{Command, IdempotencyKey},
    position::SeenAt,
    problem::Problem,
    write::WriteContext,
};

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
const POSITION: &str = "Uplion-Position";
/// Longer keys are somebody's mistake.
const MAX_IDEMPOTENCY_KEY: usize = 255;

/// Formats of placeholders in the framework's description.
const CREATE: &str = "headers of a creation";
const CHANGE: &str = "headers of a change";
const READ: &str = "headers of a read";

/// Beside a command that makes something: the key under which it may be sent again.
pub struct CreateHeaders {
    idempotency_key: Option<String>,
    command: Command,
}

/// Beside a command that changes something: also the version that the caller saw.
pub struct ChangeHeaders {
    if_match: Option<String>,
    create: CreateHeaders,
}

/// The position that a reader wants to see, in the header or as `at`.
pub struct ReadAt {
    header: Option<String>,
    at: Option<String>,
}

impl CreateHeaders {
    fn of(request: &Request) -> Result<Self, Problem> {
        let command = request.data::<Command>().cloned();
        let command = command.ok_or_else(|| Problem::internal("nobody read the command"))?;
        Ok(Self { idempotency_key: text(request, IDEMPOTENCY_KEY), command })
    }

    pub fn by(self, caller: Caller) -> Result<WriteContext, Problem> {
        let idempotency = match self.idempotency_key {
            None => None,
            Some(key) if (1..=MAX_IDEMPOTENCY_KEY).contains(&key.len()) => {
                Some(IdempotencyKey::new(&key, &self.command))
            }
            Some(_) => {
                let text = format!("an Idempotency-Key has 1 to {MAX_IDEMPOTENCY_KEY} characters");
                return Err(Problem::malformed(text));
            }
        };
        Ok(WriteContext { idempotency, ..WriteContext::of(caller) })
    }
}

impl ChangeHeaders {
    fn of(request: &Request) -> Result<Self, Problem> {
        let if_match = text(request, header::IF_MATCH.as_str());
        Ok(Self { if_match, create: CreateHeaders::of(request)? })
    }

    pub fn by(self, caller: Caller) -> Result<WriteContext, Problem> {
        let if_match = self.if_match.as_deref().map(version).transpose()?.flatten();
        Ok(WriteContext { if_match, ..self.create.by(caller)? })
    }
}

impl ReadAt {
    fn of(request: &Request) -> Self {
        let query: Vec<(String, String)> = request.params().unwrap_or_default();
        let at = query.into_iter().find(|(name, _)| name == "at").map(|(_, value)| value);
        Self { header: text(request, POSITION), at }
    }

    pub fn position(&self) -> Result<Option<SeenAt>, Problem> {
        let read =
            |text: &String| text.parse().map_err(|error| Problem::malformed(format!("{error}")));
        // Both are read, so that a mistake in one is not hidden by the other.
        let header = self.header.as_ref().map(read).transpose()?;
        let at = self.at.as_ref().map(read).transpose()?;
        Ok(at.or(header))
    }
}

/// The command of a request, as it is recognised when it is sent again: JSON says the same in any order of fields.
pub fn command(method: &Method, uri: &Uri, body: &[u8]) -> Command {
    let read: Option<Value> = serde_json::from_slice(body).ok();
    let body = read.map_or_else(|| body.to_vec(), |read| read.to_string().into_bytes());
    Command::of(&format!("{method} {}", uri.path()), &body)
}

/// `"3"`, as an answer's `ETag` said it. `*` asks for nothing.
fn version(text: &str) -> Result<Option<u64>, Problem> {
    let text = text.trim();
    if text == "*" {
        return Ok(None);
    }
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    bare.parse().map(Some).map_err(|_| {
        Problem::malformed(format!(
            "If-Match is a version as the ETag said it, like \"3\", not {text}"
        ))
    })
}

/// From one time that a reader names until another.
pub fn span(
    from: Option<&str>,
    to: Option<&str>,
) -> Result<(Option<Timestamp>, Option<Timestamp>), Problem> {
    let (from, to) = (time(from)?, time(to)?);
    match (from, to) {
        (Some(from), Some(to)) if from > to => {
            let text = format!("from is after to: nothing is from {from} and before {to}");
            Err(Problem::unacceptable("rejected", text))
        }
        (from, to) => Ok((from, to)),
    }
}

/// A time that a reader names, RFC 3339.
pub fn time(text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    text.map(|text| text.parse().map_err(|error| Problem::malformed(format!("{error}"))))
        .transpose()
}

fn text(request: &Request, name: &str) -> Option<String> {
    request.header(name).map(ToOwned::to_owned)
}

/// The parameters that one of the framework's description stands for: most stand for themselves.
pub fn documented(parameter: &Value) -> Vec<Value> {
    let if_match = || {
        parameter_in(
            "header",
            "If-Match",
            "The version that you saw last; without it the last writer wins.",
        )
    };
    let idempotency_key = || {
        let what = "Sent again with the same key, the command is carried out once. A secret is not shown again.";
        parameter_in("header", IDEMPOTENCY_KEY, what)
    };
    match parameter["schema"]["format"].as_str() {
        Some(CREATE) => vec![idempotency_key()],
        Some(CHANGE) => vec![if_match(), idempotency_key()],
        Some(READ) => {
            let what = "See also the write that was answered with this position; `newest`: every write before this read.";
            let same = "The same as `Uplion-Position`.";
            vec![parameter_in("header", POSITION, what), parameter_in("query", "at", same)]
        }
        Some(_) | None => vec![parameter.clone()],
    }
}

fn parameter_in(place: &str, name: &str, description: &str) -> Value {
    json!({
        "name": name,
        "in": place,
        "description": description,
        "required": false,
        "schema": { "type": "string" },
    })
}

fn placeholder(format: &'static str) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format("string", format)))
}

/// By hand: derived, each would be a parameter of every operation, and read there.
macro_rules! extracted {
    ($headers:ty, $format:expr, $read:expr) => {
        impl<'a> ApiExtractor<'a> for $headers {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];

            type ParamType = ();
            type ParamRawType = ();

            fn param_in() -> Option<MetaParamIn> {
                Some(MetaParamIn::Header)
            }

            fn param_schema_ref() -> Option<MetaSchemaRef> {
                Some(placeholder($format))
            }

            async fn from_request(
                request: &'a Request,
                _body: &mut RequestBody,
                _options: ExtractParamOptions<()>,
            ) -> poem::Result<Self> {
                let read: fn(&Request) -> Result<Self, Problem> = $read;
                Ok(read(request)?)
            }
        }
    };
}

extracted!(CreateHeaders, CREATE, Self::of);
extracted!(ChangeHeaders, CHANGE, Self::of);
extracted!(ReadAt, READ, |request| Ok(Self::of(request)));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_as_the_etag_wrote_it() {
        assert_eq!(version("\"3\"").unwrap(), Some(3));
        assert_eq!(version("3").unwrap(), Some(3));
        assert_eq!(version("*").unwrap(), None);
        assert!(version("W/\"3\"").is_err());
    }

    #[test]
    fn a_command_is_its_method_its_path_and_what_its_body_says() {
        let of = |method: Method, path: &'static str, body: &str| {
            command(&method, &Uri::from_static(path), body.as_bytes())
        };
        let one = of(Method::PUT, "/keys/1/models", r#"{"a":1,"b":2}"#);
        assert_eq!(one, of(Method::PUT, "/keys/1/models", r#"{ "b": 2, "a": 1 }"#));
        for other in [
            of(Method::POST, "/keys/1/models", r#"{"a":1,"b":2}"#),
            of(Method::PUT, "/keys/2/models", r#"{"a":1,"b":2}"#),
            of(Method::PUT, "/keys/1/models", r#"{"a":1,"b":3}"#),
            of(Method::PUT, "/keys/1/models", "a=1"),
        ] {
            assert_ne!(one, other);
        }
    }
}
