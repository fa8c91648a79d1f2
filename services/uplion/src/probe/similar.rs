//! Which of some names was probably meant by another.

/// The most similar, if it is similar enough for somebody to have meant it.
pub fn most_similar<'a>(wanted: &str, names: &'a [String]) -> Option<&'a str> {
    let plain = plain(wanted);
    let scored = names.iter().map(|name| (score(&plain, &self::plain(name)), name));
    let (score, name) = scored.max_by_key(|(score, _)| *score)?;
    (score >= 50).then_some(name)
}

/// Percent.
fn score(wanted: &str, name: &str) -> usize {
    if !wanted.is_empty() && (name.contains(wanted) || wanted.contains(name)) {
        return 60 + 40 * wanted.len().min(name.len()) / wanted.len().max(name.len()).max(1);
    }
    let longest = wanted.chars().count().max(name.chars().count()).max(1);
    100 - 100 * distance(wanted, name).min(longest) / longest
}

/// Case and what separates words make no difference, and neither does who published a model.
fn plain(name: &str) -> String {
    let own = name.rsplit('/').next().unwrap_or(name);
    own.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// How many letters must be put in, taken out or exchanged.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], line + 1);
        for (column, other) in other.iter().enumerate() {
            let exchanged = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = exchanged.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(wanted: &str) -> Option<&'static str> {
        let names = ["llama3.2:latest", "meta/Llama-3.1-8B-Instruct", "gpt-4o-mini", "gpt-4o"];
        let names = names.map(String::from);
        let found = most_similar(wanted, &names)?.to_owned();
        Some(Box::leak(found.into_boxed_str()))
    }

    #[test]
    fn a_name_that_is_nearly_right_is_recognised_and_another_is_not() {
        for (wanted, meant_by_it) in [
            ("llama3.2", Some("llama3.2:latest")),
            ("Llama-3.1-8B-Instruct", Some("meta/Llama-3.1-8B-Instruct")),
            ("gpt4o", Some("gpt-4o")),
            ("gtp-4o-mini", Some("gpt-4o-mini")),
            ("whisper", None),
        ] {
            assert_eq!(meant(wanted), meant_by_it, "{wanted}");
        }
        assert_eq!(most_similar("any", &[]), None);
    }
}
