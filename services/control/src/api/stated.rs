//! What a change says of one field: nothing, null, or a value.

use poem_openapi::types::MaybeUndefined;

/// None: nothing was said. None within: null was.
#[expect(clippy::option_option, reason = "undefined, null and a value are three cases")]
pub fn stated<T>(value: MaybeUndefined<T>) -> Option<Option<T>> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}
