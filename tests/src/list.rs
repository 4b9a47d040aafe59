//! Lists of cases, each with a reason: `NAME: REASON` a line, `#` for comments.

use std::collections::BTreeMap;
use std::path::Path;

/// A list of cases that knows which of them were met.
pub struct List {
    entries: BTreeMap<String, Entry>,
}

struct Entry {
    reason: String,
    seen: bool,
}

impl List {
    /// The list in a file; a suite without the file has an empty list.
    pub fn read(path: &Path) -> Self {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&path.display().to_string(), &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::parse("", ""),
            Err(error) => panic!("cannot read {}: {error}", path.display()),
        }
    }

    /// The list in a text; `origin` names it in panics about lines of another form and names given twice.
    pub fn parse(origin: &str, text: &str) -> Self {
        let mut entries = BTreeMap::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (name, reason) = line
                .split_once(": ")
                .filter(|(_, reason)| !reason.trim().is_empty())
                .unwrap_or_else(|| panic!("{origin}: `{line}` is not `NAME: REASON`"));
            let entry = Entry { reason: reason.to_owned(), seen: false };
            assert!(
                entries.insert(name.to_owned(), entry).is_none(),
                "{origin}: {name} is listed twice"
            );
        }
        Self { entries }
    }

    /// Adds another list's entries.
    ///
    /// # Panics
    ///
    /// If both name a case.
    pub fn add(&mut self, other: List) {
        for (name, entry) in other.entries {
            assert!(!self.entries.contains_key(&name), "{name} is listed twice");
            self.entries.insert(name, entry);
        }
    }

    /// The reason for which a case is listed. It counts as met.
    pub fn find(&mut self, case: &str) -> Option<String> {
        let entry = self.entries.get_mut(case)?;
        entry.seen = true;
        Some(entry.reason.clone())
    }

    /// The listed cases that were not met.
    pub fn unseen(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter(|(_, entry)| !entry.seen).map(|(name, _)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_name_and_a_reason() {
        let mut list = List::parse("l", "# comment\n\na/b.go: it: is so\nc.go: too\n");
        assert_eq!(list.find("a/b.go").as_deref(), Some("it: is so"));
        assert_eq!(list.find("x"), None);
        assert_eq!(list.unseen().collect::<Vec<_>>(), ["c.go"]);
    }

    #[test]
    #[should_panic(expected = "is not `NAME: REASON`")]
    fn a_line_without_a_reason_is_refused() {
        List::parse("l", "a.go: \n");
    }

    #[test]
    #[should_panic(expected = "listed twice")]
    fn a_name_given_twice_is_refused() {
        List::parse("l", "a.go: x\na.go: y\n");
    }

    #[test]
    fn lists_add_up() {
        let mut list = List::parse("l", "a.go: x\n");
        list.add(List::parse("m", "b.go: y\n"));
        assert_eq!(list.find("b.go").as_deref(), Some("y"));
        assert_eq!(list.unseen().collect::<Vec<_>>(), ["a.go"]);
    }
}
