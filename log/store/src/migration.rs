//! What is wrong with the version of a schema, for people.

use refinery::error::Kind;
use rusqlite::ErrorCode;

use crate::StoreError;

pub fn refused(error: &refinery::Error) -> StoreError {
    match error.kind() {
        Kind::MissingVersion(newer) => StoreError::Refused(format!(
            "a newer uplion has been here ({newer} is not known to this one): run that release, or put \
             back a copy from before it"
        )),
        Kind::Connection(_, source) if is_damage(source.as_ref()) => {
            StoreError::Unreadable(source.to_string())
        }
        _ => StoreError::Refused(format!("{error:#}")),
    }
}

fn is_damage(source: &(dyn std::error::Error + 'static)) -> bool {
    let code =
        source.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
    matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}
