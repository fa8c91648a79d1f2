//! An archived event, as a line for people.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub struct ArchivedEvent {
    /// Opaque.
    pub position: String,
    effective: bool,
    event: CloudEvent,
}

#[derive(Debug, Deserialize)]
struct CloudEvent {
    #[serde(rename = "type")]
    kind: String,
    time: String,
    data: Value,
}

impl ArchivedEvent {
    /// What it says, if its type begins so and it counts.
    pub fn data_of(&self, kind: &str) -> Option<&Value> {
        (self.effective && self.event.kind.starts_with(kind)).then_some(&self.event.data)
    }

    pub fn line(&self) -> String {
        let Self { position, effective, event } = self;
        let kind = event.kind.trim_start_matches("uplion.");
        let kind = kind.rsplit_once(".v").map_or(kind, |(kind, _)| kind);
        let doubled = if *effective { "" } else { "  (does not count: a repetition)" };
        format!(
            "{position:<14}  {:<27}  {kind:<24}  {}{doubled}",
            event.time,
            fields_of(&event.data)
        )
    }
}

/// `model=llama streamed=true`, objects in braces.
fn fields_of(data: &Value) -> String {
    let Value::Object(fields) = data else { return data.to_string() };
    let field = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name}={text}"),
        Value::Object(_) => format!("{name}={{{}}}", fields_of(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            format!("{name}={value}")
        }
    };
    fields.iter().map(field).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_told_in_one_line() {
        let event: ArchivedEvent = serde_json::from_value(json!({
            "position": "e1k1z3z0", "effective": true, "stream": "CONTROL", "epoch": 1, "sequence": 3,
            "event": {
                "type": "uplion.project.created.v1", "time": "2026-11-23T08:33:20Z",
                "data": { "name": "physics", "limits": { "a": 1 } },
            },
        }))
        .unwrap();
        assert_eq!(
            event.line(),
            "e1k1z3z0        2026-11-23T08:33:20Z         project.created           limits={a=1} name=physics"
        );
    }
}
