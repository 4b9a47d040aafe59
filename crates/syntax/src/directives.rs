//! What the parser itself reads from directives: the language version that a `//go:build` line asks for.

/// The smallest Go minor version under which a build constraint can hold: as it stands, and negated. -1 is any.
#[derive(Clone, Copy)]
struct MinVersion {
    plain: i64,
    negated: i64,
}

/// How deep parentheses and `!` may nest, and so how deep reading them recurses.
const MAX_NESTING: u32 = 1000;

/// For a `//go:build` line, the language version that it asks for, such as `go1.21`, or `None` if it asks for none.
/// Nothing at all if the text is another comment or malformed.
///
/// The version is the least minor version under which the line can be true, as `go/build/constraint.GoVersion` has it.
pub(crate) fn go_version_of_build_line(comment: &str) -> Option<Option<Box<str>>> {
    let text = comment.strip_prefix("//go:build")?;
    if !text.is_empty() && !text.starts_with(char::is_whitespace) {
        return None;
    }
    let mut reader = Reader { rest: text.trim(), depth: 0 };
    let version = reader.or()?;
    if !reader.rest.is_empty() {
        return None;
    }
    Some(match version.plain {
        ..0 => None,
        0 => Some("go1".into()),
        minor => Some(format!("go1.{minor}").into()),
    })
}

struct Reader<'a> {
    rest: &'a str,
    depth: u32,
}

impl Reader<'_> {
    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn or(&mut self) -> Option<MinVersion> {
        let mut x = self.and()?;
        while self.take("||") {
            let y = self.and()?;
            x = MinVersion { plain: x.plain.min(y.plain), negated: x.negated.max(y.negated) };
        }
        Some(x)
    }

    fn and(&mut self) -> Option<MinVersion> {
        let mut x = self.not()?;
        while self.take("&&") {
            let y = self.not()?;
            x = MinVersion { plain: x.plain.max(y.plain), negated: x.negated.min(y.negated) };
        }
        Some(x)
    }

    fn not(&mut self) -> Option<MinVersion> {
        if self.take("!") {
            if self.rest.starts_with('!') {
                return None; // `!!` is not allowed.
            }
            let x = self.not()?;
            return Some(MinVersion { plain: x.negated, negated: x.plain });
        }
        if self.take("(") {
            self.depth += 1;
            if self.depth > MAX_NESTING {
                return None;
            }
            let x = self.or()?;
            self.depth -= 1;
            return self.take(")").then_some(x);
        }
        self.tag()
    }

    fn tag(&mut self) -> Option<MinVersion> {
        let is_tag = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let end = self.rest.find(|c| !is_tag(c)).unwrap_or(self.rest.len());
        let (tag, rest) = self.rest.split_at(end);
        if tag.is_empty() {
            return None;
        }
        self.rest = rest.trim_start();
        let plain = match tag.strip_prefix("go1.") {
            _ if tag == "go1" => 0,
            Some(minor) => minor.parse().unwrap_or(-1),
            None => -1,
        };
        Some(MinVersion { plain, negated: -1 })
    }
}

#[cfg(test)]
mod tests {
    use super::go_version_of_build_line;

    #[test]
    fn least_version_under_which_a_line_holds() {
        for (line, version) in [
            ("//go:build go1.21", Some("go1.21")),
            ("//go:build linux && go1.18", Some("go1.18")),
            ("//go:build linux || go1.18", None),
            ("//go:build go1.20 || go1.18", Some("go1.18")),
            ("//go:build go1.20 && go1.18", Some("go1.20")),
            ("//go:build !go1.20", None),
            ("//go:build !(!go1.20 || linux)", Some("go1.20")),
            ("//go:build !(!go1.20 && linux)", None),
            ("//go:build (go1.5)", Some("go1.5")),
            ("//go:build go1", Some("go1")),
            ("//go:build ignore", None),
        ] {
            assert_eq!(go_version_of_build_line(line), Some(version.map(Into::into)), "{line}");
        }
    }

    #[test]
    fn other_comments_say_nothing() {
        for line in [
            "//go:builder go1.21",
            "// go:build go1.21",
            "//go:build go1.21 &&",
            "//go:build",
            "//go:build a b",
        ] {
            assert_eq!(go_version_of_build_line(line), None, "{line}");
        }
        let deep = format!("//go:build {}a{}", "(".repeat(100_000), ")".repeat(100_000));
        assert_eq!(go_version_of_build_line(&deep), None);
    }
}
