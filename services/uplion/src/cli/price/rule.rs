//! Rules of a price as they are given: `--when context_above=200000 input=2.50,output=15`.

use serde_json::{Map, Value, json};

use crate::cli::failure::Failure;

const CONDITIONS: [&str; 5] = ["operation", "context_above", "service_tier", "from", "until"];

/// `input=2.50,output=15`
pub fn rates(text: &str) -> Result<Map<String, Value>, Failure> {
    let pairs = pairs(text, "rates are like input=2.50,output=15")?;
    Ok(pairs.map(|(unit, amount)| (unit.to_owned(), json!(amount))).collect())
}

/// From `--when`, which takes two values: what must be so, and the rates where it is.
pub fn rules(given: &[String]) -> Result<Vec<Value>, Failure> {
    given.chunks_exact(2).map(|pair| rule(&pair[0], &pair[1])).collect()
}

fn rule(when: &str, rates_there: &str) -> Result<Value, Failure> {
    let hint = "conditions are like context_above=200000, operation=embedding, service_tier=flex or from=22:00,until=06:00";
    let mut conditions = Map::new();
    for (name, value) in pairs(when, hint)? {
        if !CONDITIONS.contains(&name) {
            return Err(Failure::Local(format!(
                "a rule does not ask for {name}: it may ask for {}",
                CONDITIONS.join(", ")
            )));
        }
        let value = match (name, value.parse::<u64>()) {
            ("context_above", Ok(tokens)) => json!(tokens),
            ("context_above", Err(_)) => return Err(Failure::Local(hint.to_owned())),
            (_, _) => json!(value),
        };
        conditions.insert(name.to_owned(), value);
    }
    Ok(json!({ "when": conditions, "rates": rates(rates_there)? }))
}

fn pairs<'a>(
    text: &'a str,
    hint: &str,
) -> Result<impl Iterator<Item = (&'a str, &'a str)>, Failure> {
    let pair =
        |part: &'a str| part.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
    let pairs: Option<Vec<_>> = text.split(',').map(pair).collect();
    match pairs {
        Some(pairs) => Ok(pairs.into_iter()),
        None => Err(Failure::Local(format!("{text:?} is not understood: {hint}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_conditions_and_the_rates_where_they_hold() {
        let given = ["context_above=200000", "input=2.50, output=15"].map(ToOwned::to_owned);
        let rule = json!({
            "when": { "context_above": 200_000 },
            "rates": { "input": "2.50", "output": "15" },
        });
        assert_eq!(rules(&given).unwrap(), [rule]);
    }

    #[test]
    fn what_no_rule_asks_for_is_named_with_what_one_may_ask_for() {
        let given = ["weather=fine", "input=1"].map(ToOwned::to_owned);
        let message = rules(&given).unwrap_err().message().unwrap();
        assert!(message.contains("weather") && message.contains("context_above"), "{message}");
    }
}
