//! What a statement is asked with, by name: a struct for each statement that asks for more than one thing.

use uplion_domain::{
    ModelName, Timestamp,
    id::{Id, Kind as IdKind},
    word::{Kind as WordKind, Word},
};

use crate::{
    columns::text,
    table::{Kind, Value},
};

/// What can be said in one parameter.
pub trait Parameter {
    const KIND: Kind;

    fn value(&self) -> Value;
}

/// Null says nothing: where a statement takes one, it then means all.
impl<P: Parameter> Parameter for Option<P> {
    const KIND: Kind = P::KIND;

    fn value(&self) -> Value {
        self.as_ref().map_or(Value::Null, Parameter::value)
    }
}

/// 1 or 0: what is compared with a number is plain to both stores.
impl Parameter for bool {
    const KIND: Kind = Kind::BigInt;

    fn value(&self) -> Value {
        Value::BigInt(i64::from(*self))
    }
}

impl Parameter for i64 {
    const KIND: Kind = Kind::BigInt;

    fn value(&self) -> Value {
        Value::BigInt(*self)
    }
}

impl Parameter for usize {
    const KIND: Kind = Kind::BigInt;

    fn value(&self) -> Value {
        Value::BigInt(i64::try_from(*self).unwrap_or(i64::MAX))
    }
}

impl Parameter for Timestamp {
    const KIND: Kind = Kind::BigInt;

    fn value(&self) -> Value {
        Value::BigInt(self.micros())
    }
}

impl Parameter for String {
    const KIND: Kind = Kind::Text;

    fn value(&self) -> Value {
        Value::Text(self.clone())
    }
}

impl Parameter for ModelName {
    const KIND: Kind = Kind::Text;

    fn value(&self) -> Value {
        text(self)
    }
}

impl<K: IdKind> Parameter for Id<K> {
    const KIND: Kind = Kind::Text;

    fn value(&self) -> Value {
        text(self)
    }
}

impl<K: WordKind> Parameter for Word<K> {
    const KIND: Kind = Kind::Text;

    fn value(&self) -> Value {
        text(self)
    }
}

/// A struct with a field for each of a statement's `:names`, and its values in the order of the fields.
macro_rules! parameters {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $field:ident: $type:ty,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default)]
        pub struct $name {
            $($(#[$about])* pub $field: $type,)+
        }

        impl $name {
            const NAMES: &'static [&'static str] = &[$(stringify!($field)),+];
            const KINDS: &'static [crate::table::Kind] =
                &[$(<$type as crate::parameters::Parameter>::KIND),+];

            pub fn values(&self) -> Vec<crate::table::Value> {
                vec![$(crate::parameters::Parameter::value(&self.$field)),+]
            }
        }
    };
}
pub(crate) use parameters;

#[cfg(test)]
mod tests {
    use super::*;

    parameters! {
        Example { since: Option<Timestamp>, hidden: bool, name: Option<String>, }
    }

    #[test]
    fn values_stand_in_the_order_of_their_names() {
        assert_eq!(Example::NAMES, ["since", "hidden", "name"]);
        assert_eq!(Example::KINDS, [Kind::BigInt, Kind::BigInt, Kind::Text]);
        let example = Example { since: None, hidden: true, name: Some("a".into()) };
        let values = [Value::Null, Value::BigInt(1), Value::Text("a".into())];
        assert_eq!(example.values(), values);
    }
}
