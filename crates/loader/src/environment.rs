//! The go command's variables: from the process's environment, then from the file `go env -w`
//! writes, then from GOROOT's go.env, as `go help environment` says.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The variables, looked up once and then fixed.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    process: BTreeMap<String, String>,
    user_file: BTreeMap<String, String>,
    goroot_file: BTreeMap<String, String>,
}

impl Environment {
    /// The variables of this process and of the user's configuration file.
    pub fn of_process() -> Environment {
        let process: BTreeMap<_, _> = env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let mut environment = Environment::of(process);
        if let Some(file) = environment.user_file_path() {
            environment.user_file = read_settings(&file);
        }
        environment
    }

    /// An environment of exactly these variables, without any file.
    pub fn of(process: impl IntoIterator<Item = (String, String)>) -> Environment {
        Environment { process: process.into_iter().collect(), ..Environment::default() }
    }

    /// Adds the defaults that a GOROOT brings.
    pub fn read_goroot(&mut self, goroot: &Path) {
        self.goroot_file = read_settings(&goroot.join("go.env"));
    }

    /// The file `go env -w` writes to.
    pub fn user_file_path(&self) -> Option<PathBuf> {
        match self.process("GOENV") {
            Some("off") => None,
            Some(file) => Some(PathBuf::from(file)),
            None => Some(self.config_home()?.join("go/env")),
        }
    }

    fn config_home(&self) -> Option<PathBuf> {
        match self.process("XDG_CONFIG_HOME") {
            Some(dir) => Some(PathBuf::from(dir)),
            None => Some(self.home()?.join(".config")),
        }
    }

    /// A variable of the process; an empty one counts as unset.
    pub fn process(&self, name: &str) -> Option<&str> {
        self.process.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A variable of the go command, wherever it is set; an empty one counts as unset.
    pub fn get(&self, name: &str) -> Option<&str> {
        [&self.process, &self.user_file, &self.goroot_file]
            .into_iter()
            .find_map(|variables| variables.get(name).filter(|value| !value.is_empty()))
            .map(String::as_str)
    }

    /// The user's home directory.
    pub fn home(&self) -> Option<PathBuf> {
        self.process("HOME").map(PathBuf::from)
    }

    /// Trigo's own cache: `$TRIGO_CACHE`, else `trigo` below `$XDG_CACHE_HOME` or `~/.cache`.
    ///
    /// # Errors
    /// If none of these variables is set.
    pub fn cache(&self) -> Result<PathBuf> {
        if let Some(dir) = self.process("TRIGO_CACHE") {
            return Ok(PathBuf::from(dir));
        }
        if let Some(dir) = self.process("XDG_CACHE_HOME") {
            return Ok(Path::new(dir).join("trigo"));
        }
        let home = self.home().ok_or_else(|| {
            Error::new("no place for Trigo's cache: set TRIGO_CACHE, XDG_CACHE_HOME or HOME")
        })?;
        Ok(home.join(".cache/trigo"))
    }

    /// GOPATH's first directory.
    pub fn gopath(&self) -> Option<PathBuf> {
        match self.get("GOPATH") {
            Some(list) => env::split_paths(list).next(),
            None => Some(self.home()?.join("go")),
        }
    }

    /// The module cache.
    pub fn module_cache(&self) -> Option<PathBuf> {
        match self.get("GOMODCACHE") {
            Some(dir) => Some(PathBuf::from(dir)),
            None => Some(self.gopath()?.join("pkg/mod")),
        }
    }

    /// The flags of `GOFLAGS`: separated by spaces, or quoted as a whole.
    ///
    /// # Errors
    /// If a quote is not closed or a word is no flag.
    pub fn goflags(&self) -> Result<Vec<String>> {
        let mut flags = Vec::new();
        let mut rest = self.get("GOFLAGS").unwrap_or("").trim_start();
        while let Some(first) = rest.chars().next() {
            let quoted = matches!(first, '"' | '\'');
            let (flag, after) = if quoted {
                rest[1..].split_once(first).ok_or_else(|| {
                    Error::new(format!("parsing $GOFLAGS: unterminated {first} string"))
                })?
            } else {
                rest.split_once(char::is_whitespace).unwrap_or((rest, ""))
            };
            if !flag.starts_with('-') || matches!(flag, "-" | "--") {
                return Err(Error::new(format!("parsing $GOFLAGS: non-flag {flag:?}")));
            }
            flags.push(flag.to_string());
            rest = after.trim_start();
        }
        Ok(flags)
    }
}

/// The `NAME=value` lines of a settings file. A missing file has none.
fn read_settings(file: &Path) -> BTreeMap<String, String> {
    let text = fs::read(file).unwrap_or_default();
    String::from_utf8_lossy(&text)
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Environment {
        let owned = variables.iter().map(|(n, v)| (n.to_string(), v.to_string()));
        Environment::of(owned)
    }

    #[test]
    fn looks_in_order() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("go.env"), "# c\nGOFLAGS=-mod=mod\nGOPATH=/g\nX=root").unwrap();
        let mut environment = of(&[("GOPATH", "/p:/q"), ("X", "")]);
        environment.read_goroot(dir.path());
        assert_eq!(environment.get("GOPATH"), Some("/p:/q"));
        assert_eq!(environment.get("X"), Some("root"));
        assert_eq!(environment.process("X"), None);
        assert_eq!(environment.module_cache(), Some(PathBuf::from("/p/pkg/mod")));
        assert_eq!(environment.goflags().unwrap(), ["-mod=mod"]);
    }

    #[test]
    fn places_the_cache() {
        let cache = |variables: &[(&str, &str)]| of(variables).cache().ok();
        assert_eq!(cache(&[("TRIGO_CACHE", "/c"), ("HOME", "/h")]), Some("/c".into()));
        assert_eq!(cache(&[("XDG_CACHE_HOME", "/x"), ("HOME", "/h")]), Some("/x/trigo".into()));
        assert_eq!(cache(&[("HOME", "/h")]), Some("/h/.cache/trigo".into()));
        assert_eq!(cache(&[]), None);
    }

    #[test]
    fn splits_goflags() {
        let flags = |value| of(&[("GOFLAGS", value)]).goflags();
        assert_eq!(flags("  -a=1   '-b=2 3' \"-c\"").unwrap(), ["-a=1", "-b=2 3", "-c"]);
        assert!(flags("'-a").unwrap_err().message.contains("unterminated"));
        assert!(flags("-a b").unwrap_err().message.contains("non-flag \"b\""));
    }
}
