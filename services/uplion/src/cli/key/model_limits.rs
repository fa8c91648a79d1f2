//! Limits of a key for one model alone, as they are typed: `llama=requests:60,tokens:1000,parallel:2`, or `llama=none`.

use std::str::FromStr;

use serde_json::{Map, Value, json};

#[derive(Debug, Clone)]
pub struct ModelLimits {
    model: String,
    limits: Value,
}

impl ModelLimits {
    /// All models' as they are to be, if any is given.
    pub fn over(given: &[Self], current: &Value) -> Option<Value> {
        let mut all: Map<String, Value> = current.as_object().cloned().unwrap_or_default();
        for Self { model, limits } in given {
            all.insert(model.clone(), limits.clone());
        }
        all.retain(|_, limits| !limits.is_null());
        (!given.is_empty()).then_some(Value::Object(all))
    }
}

impl FromStr for ModelLimits {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unclear =
            "limits of a model are like llama=requests:60,tokens:1000,parallel:2, or llama=none";
        let (model, limits) = text.rsplit_once('=').ok_or(unclear)?;
        let mut all = Map::new();
        for limit in limits.split(',').filter(|_| limits != "none") {
            let (what, most) = limit.split_once(':').ok_or(unclear)?;
            let most: u64 = most.parse().map_err(|_| unclear)?;
            let name = match what {
                "requests" => "requests_per_minute",
                "tokens" => "tokens_per_minute",
                "parallel" => "parallel_requests",
                _ => return Err(unclear),
            };
            all.insert(name.to_owned(), json!(most));
        }
        let limits = if all.is_empty() { Value::Null } else { Value::Object(all) };
        Ok(Self { model: model.to_owned(), limits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_limited_without_touching_the_others() {
        let current =
            json!({ "llama": { "parallel_requests": 1 }, "org/x:8b": { "parallel_requests": 2 } });
        let given = ["org/x:8b=none", "demo=requests:60,tokens:1000"];
        let given = given.map(|text| text.parse::<ModelLimits>().unwrap());
        let all = json!({
            "llama": { "parallel_requests": 1 },
            "demo": { "requests_per_minute": 60, "tokens_per_minute": 1000 },
        });
        assert_eq!(ModelLimits::over(&given, &current), Some(all));
        assert_eq!(ModelLimits::over(&[], &current), None);
        for unclear in ["llama", "llama=60", "llama=requests:many", "llama=speed:1", "llama="] {
            assert!(unclear.parse::<ModelLimits>().is_err(), "{unclear}");
        }
    }
}
