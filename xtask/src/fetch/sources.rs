//! Which Debian mirror this machine's apt uses.
//!
//! apt keeps its sources in two formats (sources.list(5)): one line per entry, or stanzas of
//! fields. Only what is needed to ask the same mirror for another suite is read: the address and
//! the signing key.

use anyhow::{Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// A Debian archive and the key it is signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    uri: String,
    /// The value of `Signed-By`, continuation lines included; apt's trusted keys when absent.
    signed_by: Option<String>,
}

impl Mirror {
    /// The first Debian archive among the sources under `config` (apt's `Dir::Etc`).
    ///
    /// # Errors
    ///
    /// When there is none, as on a distribution other than Debian.
    pub fn of_this_machine(config: &Path) -> Result<Mirror> {
        for file in source_files(config)? {
            let text = fs::read_to_string(&file)?;
            let stanzas = file.extension().is_some_and(|ext| ext == "sources");
            let found = if stanzas { from_stanzas(&text) } else { from_lines(&text) };
            if let Some(mirror) = found {
                return Ok(mirror);
            }
        }
        bail!(
            "no Debian archive among apt's sources in {}: Go's test directory comes from Debian, \
             so this needs a Debian machine or a Debian mirror added to apt",
            config.display()
        )
    }

    /// A sources file, in the stanza format, for the main component of one suite.
    pub fn stanza(&self, suite: &str) -> String {
        let mut text =
            format!("Types: deb\nURIs: {}\nSuites: {suite}\nComponents: main\n", self.uri);
        if let Some(key) = &self.signed_by {
            text.push_str(&format!("Signed-By: {key}\n"));
        }
        text
    }
}

/// Some file of that extension directly in `dir`, the first by name.
pub fn with_extension(dir: &Path, extension: &str) -> Result<Option<PathBuf>> {
    Ok(list(dir, &[extension])?.into_iter().next())
}

fn source_files(config: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let single = config.join("sources.list");
    if single.is_file() {
        files.push(single);
    }
    let parts = config.join("sources.list.d");
    if parts.is_dir() {
        files.extend(list(&parts, &["list", "sources"])?);
    }
    Ok(files)
}

fn list(dir: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for found in fs::read_dir(dir)? {
        let path = found?.path();
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        if extensions.contains(&&*extension) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Whether the address is a mirror of the main archive, by Debian's convention for its path;
/// security updates and foreign repositories are elsewhere.
fn is_debian(uri: &str) -> bool {
    uri.trim_end_matches('/').split('/').any(|part| part == "debian")
}

fn from_stanzas(text: &str) -> Option<Mirror> {
    let mut stanzas = vec![Vec::<(String, String)>::new()];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let stanza = stanzas.last_mut()?;
        if line.trim().is_empty() {
            stanzas.push(Vec::new());
        } else if line.starts_with([' ', '\t']) {
            let (_, value) = stanza.last_mut()?;
            value.push('\n');
            value.push_str(line);
        } else if let Some((name, value)) = line.split_once(':') {
            stanza.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    stanzas.iter().find_map(|fields| {
        let field = |wanted| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
        if field("enabled").is_some_and(|value| value.eq_ignore_ascii_case("no")) {
            return None;
        }
        field("types")?.split_whitespace().find(|kind| *kind == "deb")?;
        let uri = field("uris")?.split_whitespace().find(|uri| is_debian(uri))?;
        Some(Mirror { uri: uri.to_owned(), signed_by: field("signed-by").cloned() })
    })
}

fn from_lines(text: &str) -> Option<Mirror> {
    text.lines().find_map(|line| {
        let rest = line.trim().strip_prefix("deb")?;
        let rest = rest.strip_prefix([' ', '\t'])?.trim_start();
        let (options, rest) = match rest.strip_prefix('[') {
            Some(inner) => inner.split_once(']')?,
            None => ("", rest),
        };
        let uri = rest.split_whitespace().next().filter(|uri| is_debian(uri))?;
        let key = options.split_whitespace().find_map(|option| option.strip_prefix("signed-by="));
        Some(Mirror { uri: uri.to_owned(), signed_by: key.map(str::to_owned) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANZAS: &str = "\
# a comment
Types: deb deb-src
URIs: http://mirror.example/debian-security
Suites: stable-security
Components: main

Enabled: no
Types: deb
URIs: http://disabled.example/debian
Suites: stable

Types: deb
URIs: http://mirror.example/debian/
Suites: stable stable-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQ==
";

    #[test]
    fn stanzas_give_the_main_archive_with_its_inline_key() {
        let mirror = from_stanzas(STANZAS).unwrap();
        assert_eq!(
            mirror.stanza("sid"),
            "Types: deb\nURIs: http://mirror.example/debian/\nSuites: sid\nComponents: main\n\
             Signed-By: \n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQ==\n"
        );
    }

    #[test]
    fn lines_give_the_main_archive_with_its_options() {
        let text = "# deb http://no.example/debian x main\n\
            deb-src http://no.example/debian stable main\n\
            deb https://packages.example/apt stable main\n\
            deb [arch=amd64 signed-by=/k.gpg] http://yes.example/debian stable main\n";
        let mirror = from_lines(text).unwrap();
        assert_eq!(mirror.uri, "http://yes.example/debian");
        assert_eq!(mirror.signed_by.as_deref(), Some("/k.gpg"));
        let plain = from_lines("deb http://yes.example/debian stable main").unwrap();
        assert!(!plain.stanza("sid").contains("Signed-By"));
    }

    #[test]
    fn a_snapshot_counts_as_debian_and_a_security_archive_does_not() {
        assert!(is_debian("http://s.example/archive/debian/20260101T000000Z/"));
        assert!(!is_debian("http://s.example/debian-security"));
    }

    #[test]
    fn both_places_are_read_and_no_archive_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let error = Mirror::of_this_machine(dir.path()).unwrap_err().to_string();
        assert!(error.contains("no Debian archive"), "{error}");

        let parts = dir.path().join("sources.list.d");
        fs::create_dir(&parts).unwrap();
        fs::write(parts.join("debian.sources"), STANZAS).unwrap();
        fs::write(parts.join("debian.sources.bak"), "deb http://bak.example/debian x").unwrap();
        let mirror = Mirror::of_this_machine(dir.path()).unwrap();
        assert_eq!(mirror.uri, "http://mirror.example/debian/");

        let list = "deb http://first.example/debian x main";
        fs::write(dir.path().join("sources.list"), list).unwrap();
        let mirror = Mirror::of_this_machine(dir.path()).unwrap();
        assert_eq!(mirror.uri, "http://first.example/debian");
    }
}
