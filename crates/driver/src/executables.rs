//! Executables in the cache: what did not change is neither checked nor compiled again.
//!
//! An executable is found by a key of all that it is made of: the running program, which carries the runtime and its
//! sources, every file of the import graph by its place, since tracebacks tell it,
//! and its language version, the files that these embed, and what they take from assembly. Executables are large, so only
//! the newest stay.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use trigo_loader::graph::{Graph, PackageId};

use crate::Cache;
use crate::cache::Hash;
use crate::embedded;

/// How many executables stay.
const MOST: usize = 32;

/// What an executable is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecutableKey(Hash);

impl Cache {
    /// The key of a main package's executable that begins with these settings of GODEBUG. The graph must have no errors.
    pub fn executable_key(&self, graph: &Graph, main: PackageId, godebug: &str) -> ExecutableKey {
        let mut key = self.key();
        key.add(&main.0.to_le_bytes());
        key.add(godebug.as_bytes());
        for package in &graph.packages {
            key.add(package.path.as_bytes());
            key.add(format!("{:?} {}", package.form, package.go_version).as_bytes());
            for file in package.files() {
                key.add(file.path.as_os_str().as_encoded_bytes());
                key.add(file.digest());
            }
            key.add(b"");
            embedded::add_to_key(&mut key, package);
            // Assembly that cannot be read is an error when the program is compiled.
            for jump in package.jumps().unwrap_or_default() {
                key.add(jump.name.as_bytes());
                key.add(jump.target.as_bytes());
            }
        }
        ExecutableKey(key.hash())
    }

    /// An executable that was kept.
    pub fn executable(&self, key: &ExecutableKey) -> Option<Vec<u8>> {
        self.bytes(&key.0)
    }

    /// Keeps an executable, and removes the oldest if there are many.
    pub fn keep_executable(&self, key: &ExecutableKey, file: &[u8]) {
        self.put_bytes(&key.0, file);
        let entries = fs::read_dir(self.dir()).into_iter().flatten().flatten();
        let mut all: Vec<(SystemTime, PathBuf)> = entries
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        all.sort();
        let surplus = all.len().saturating_sub(MOST);
        for (_, path) in all.into_iter().take(surplus) {
            // Who removes it at the same time does no harm, nor that it stays.
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_executables_stay() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().join("new"));
        let key = |number: usize| ExecutableKey([number as u8; 32]);
        for number in 0..MOST + 8 {
            cache.keep_executable(&key(number), &[number as u8; 100]);
            let file = fs::File::options().append(true).open(cache.path(&key(number).0)).unwrap();
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(number as u64);
            file.set_modified(time).unwrap();
        }
        assert_eq!(cache.executable(&key(MOST + 7)), Some(vec![MOST as u8 + 7; 100]));
        assert_eq!(cache.executable(&key(0)), None);
        assert!(fs::read_dir(cache.dir()).unwrap().count() <= MOST);
    }
}
