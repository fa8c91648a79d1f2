//! What a client may say about its request, so that usage can be told apart by it later.

use std::collections::BTreeMap;

pub const MAX_LABELS: usize = 8;
/// Bytes.
pub const MAX_KEY: usize = 64;
/// Bytes.
pub const MAX_VALUE: usize = 256;

/// A few short texts under names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels(BTreeMap<String, String>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a request has at most {MAX_LABELS} labels, with names of 1 to {MAX_KEY} bytes and values of up to {MAX_VALUE}"
)]
pub struct TooManyLabels;

impl Labels {
    pub fn try_new(labels: BTreeMap<String, String>) -> Result<Self, TooManyLabels> {
        let short = |(key, value): (&String, &String)| {
            (1..=MAX_KEY).contains(&key.len()) && value.len() <= MAX_VALUE
        };
        let usable = labels.len() <= MAX_LABELS && labels.iter().all(short);
        if usable { Ok(Self(labels)) } else { Err(TooManyLabels) }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(count: usize, key: usize, value: usize) -> Result<Labels, TooManyLabels> {
        let label = |n: usize| (format!("{n:0>key$}"), "v".repeat(value));
        Labels::try_new((0..count).map(label).collect())
    }

    #[test]
    fn labels_are_few_and_short() {
        assert!(labels(MAX_LABELS, MAX_KEY, MAX_VALUE).is_ok());
        assert_eq!(labels(MAX_LABELS + 1, 4, 4), Err(TooManyLabels));
        assert_eq!(labels(1, MAX_KEY + 1, 4), Err(TooManyLabels));
        assert_eq!(labels(1, 4, MAX_VALUE + 1), Err(TooManyLabels));
        let nameless = BTreeMap::from([(String::new(), String::new())]);
        assert_eq!(Labels::try_new(nameless), Err(TooManyLabels));
    }
}
