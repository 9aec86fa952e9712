//! How a pattern renames the names that it means: what [`tape::matches()`] chooses, with what each star stands for.

use std::fmt;

/// A name in which each `*` stands for any characters, also none and also dots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    text: String,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned() }
    }

    /// How many stars it has.
    pub(crate) fn stars(&self) -> usize {
        self.text.matches('*').count()
    }

    /// What each star stands for in this name, as little as possible for the first ones; `None` if the name is not meant.
    pub(crate) fn captures<'a>(&self, name: &'a str) -> Option<Vec<&'a str>> {
        let mut captures = Vec::new();
        capture(&self.text, name, &mut captures).then_some(captures)
    }

    /// This pattern with its stars filled in.
    pub(crate) fn filled(&self, captures: &[&str]) -> String {
        let mut parts = self.text.split('*');
        let mut name = parts.next().unwrap_or_default().to_owned();
        for (capture, part) in captures.iter().zip(parts) {
            name += capture;
            name += part;
        }
        name
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

/// Names and patterns have a handful of parts: that trying every length for every star grows with a power of the name
/// is nothing to them.
fn capture<'a>(pattern: &str, name: &'a str, captures: &mut Vec<&'a str>) -> bool {
    let Some((before, behind)) = pattern.split_once('*') else { return pattern == name };
    let Some(name) = name.strip_prefix(before) else { return false };
    let ends = name.char_indices().map(|(end, _)| end).chain([name.len()]);
    for end in ends {
        captures.push(&name[..end]);
        if capture(behind, &name[end..], captures) {
            return true;
        }
        captures.pop();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        let captures = |pattern: &str, name| Pattern::new(pattern).captures(name);
        assert_eq!(captures("0.weight", "0.weight"), Some(vec![]));
        assert_eq!(captures("0.weight", "0.weights"), None);
        assert_eq!(captures("*.weight", "encoder.0.weight"), Some(vec!["encoder.0"]));
        assert_eq!(captures("*.*.weight", "encoder.0.1.weight"), Some(vec!["encoder", "0.1"]));
        assert_eq!(captures("*", ""), Some(vec![""]));
        assert_eq!(captures("a*a", "a"), None);
        assert_eq!(captures("größe.*", "größe.ß"), Some(vec!["ß"]));
    }

    #[test]
    fn a_name_goes_from_one_pattern_to_another() {
        let (ours, theirs) = (Pattern::new("*.layers.*.weight"), Pattern::new("*/block_*/kernel"));
        let captures = ours.captures("encoder.layers.3.weight").unwrap();
        assert_eq!(theirs.filled(&captures), "encoder/block_3/kernel");
        assert_eq!(theirs.captures("encoder/block_3/kernel").unwrap(), captures);
    }
}
