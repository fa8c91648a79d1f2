//! What a worker says of itself right now, as people see it.

use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
pub struct Presence {
    pub version: String,
    pub leaving: bool,
    pub hindrance: Option<String>,
    pub in_flight: u32,
    pub capacity: u32,
    pub upstreams: Vec<Upstream>,
}

/// A model at one of its upstreams.
#[derive(Debug, Clone, Deserialize)]
pub struct Upstream {
    pub model: String,
    pub url: String,
    pub health: String,
    resting_for_s: Option<u64>,
    reason: Option<String>,
    in_flight: u32,
    capacity: u32,
}

impl Presence {
    /// Of all it does: `3 of 16`.
    pub fn load(&self) -> String {
        format!("{} of {}", self.in_flight, self.capacity)
    }

    /// What somebody should know, in a line for each thing.
    pub fn trouble(&self) -> Vec<String> {
        let leaving = self.leaving.then(|| "it is stopping".to_owned());
        let down = self.upstreams.iter().filter(|upstream| upstream.is_down());
        let down = down.map(|upstream| {
            format!("{} at {}: {}", upstream.model, upstream.url, upstream.standing())
        });
        leaving.into_iter().chain(self.hindrance.clone()).chain(down).collect()
    }
}

impl Upstream {
    pub fn is_down(&self) -> bool {
        self.health == "down"
    }

    /// `up`, `rests for 3 s`, `down: it does not take the API key`.
    pub fn standing(&self) -> String {
        match (&self.reason, self.resting_for_s) {
            (Some(reason), _) => format!("{}: {reason}", self.health),
            (None, Some(seconds)) => format!("rests for {seconds} s"),
            (None, None) => self.health.clone(),
        }
    }

    pub fn line(&self) -> String {
        let Self { model, url, in_flight, capacity, .. } = self;
        format!("{model} at {url}, {in_flight} of {capacity}, {}", self.standing())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_is_said_in_a_line_for_each_thing() {
        let upstream = |health: &str, reason: Option<&str>, resting: Option<u64>| {
            json!({
                "model": "llama", "id": "ups_1", "url": "http://here/v1", "health": health,
                "resting_for_s": resting, "reason": reason, "in_flight": 1, "capacity": 4,
            })
        };
        let presence: Presence = serde_json::from_value(json!({
            "version": "1", "leaving": false, "hindrance": null, "zone": null,
            "in_flight": 3, "capacity": 12,
            "upstreams": [
                upstream("up", None, None),
                upstream("resting", None, Some(3)),
                upstream("down", Some("it does not take the API key"), None),
            ],
        }))
        .unwrap();
        let trouble = "llama at http://here/v1: down: it does not take the API key";
        assert_eq!(presence.trouble(), [trouble]);
        assert_eq!(presence.load(), "3 of 12");
        let lines: Vec<_> = presence.upstreams.iter().map(Upstream::standing).collect();
        assert_eq!(lines[..2], ["up", "rests for 3 s"]);
    }
}
