//! Putting a folder into a cache, whole or not at all.
//!
//! An entry is filled in a hidden folder of the same file system and renamed into place when it is complete and on disk.
//! A lock file per entry keeps two installers of the same entry apart; who holds it may delete the hidden folder that an
//! interrupted installer left behind. The lock goes with the process, however it ends.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// What [`install`] found or did.
#[derive(Debug, PartialEq, Eq)]
pub enum Installed {
    /// The entry was there already; nothing was touched.
    Present,
    /// The entry was filled and put in place.
    Fresh,
}

/// Makes sure that `cache/entry` is there and whole, calling `fill` with the empty folder that is to become it and with
/// an empty scratch folder of the same file system when it is not. What was there instead is removed.
///
/// Blocks while another process installs the same entry.
///
/// # Errors
/// When `fill` fails (its error, and the cache is as it was) or the file system does.
pub fn install<E: From<Error>>(
    cache: &Path,
    entry: &str,
    is_whole: impl Fn(&Path) -> bool,
    fill: impl FnOnce(&Path, &Path) -> std::result::Result<(), E>,
) -> std::result::Result<Installed, E> {
    let target = cache.join(entry);
    if is_whole(&target) {
        return Ok(Installed::Present);
    }
    fs::create_dir_all(cache).map_err(|error| Error::io("create", cache, &error))?;
    let _lock = lock(cache, entry)?;
    if is_whole(&target) {
        return Ok(Installed::Present);
    }
    let staging = Staging::new(cache.join(format!(".{entry}.partial")))?;
    let [content, scratch, damaged] =
        ["content", "scratch", "damaged"].map(|name| staging.0.join(name));
    for folder in [&content, &scratch] {
        fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, &error))?;
    }
    fill(&content, &scratch)?;
    sync(&content)?;
    if target.exists() {
        rename(&target, &damaged)?;
    }
    rename(&content, &target)?;
    Ok(Installed::Fresh)
}

/// Holds the entry's lock until the returned file is dropped.
fn lock(cache: &Path, entry: &str) -> Result<File> {
    let path = cache.join(format!(".{entry}.lock"));
    let file = File::create(&path).map_err(|error| Error::io("create", &path, &error))?;
    let locked = match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            eprintln!("waiting for another process to install {entry}");
            file.lock()
        }
        Err(TryLockError::Error(error)) => Err(error),
        Ok(()) => Ok(()),
    };
    locked.map_err(|error| Error::io("lock", &path, &error))?;
    Ok(file)
}

/// Waits until the files are on disk, so that not even a power failure leaves half of them under the final name.
fn sync(dir: &Path) -> Result<()> {
    let failed = |error| Error::io("sync", dir, &error);
    let file = File::open(dir).map_err(failed)?;
    rustix::fs::syncfs(file).map_err(|error| failed(error.into()))
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|error| Error::io("create", to, &error))
}

/// A folder to prepare in, removed when done with. An entry has one, since its lock is held; one that is there already was
/// left by a process that was killed.
struct Staging(PathBuf);

impl Staging {
    fn new(dir: PathBuf) -> Result<Staging> {
        if dir.exists() {
            fs::remove_dir_all(&dir).map_err(|error| Error::io("remove", &dir, &error))?;
        }
        Ok(Staging(dir))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // If this fails, the next installation does it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    fn install(cache: &Path, fill: impl FnOnce(&Path, &Path) -> Result<()>) -> Result<Installed> {
        super::install(cache, "e", |dir| dir.join("a").exists(), fill)
    }

    fn write(dir: &Path, text: &str) -> Result<()> {
        fs::write(dir.join("a"), text).map_err(|error| Error(error.to_string()))
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<_> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn fills_once_and_then_leaves_alone() {
        let cache = tempfile::tempdir().unwrap();
        assert_eq!(install(cache.path(), |dir, _| write(dir, "one")).unwrap(), Installed::Fresh);
        let again = install(cache.path(), |_, _| panic!("filled twice")).unwrap();
        assert_eq!(again, Installed::Present);
        assert_eq!(fs::read(cache.path().join("e/a")).unwrap(), b"one");
        assert_eq!(names(cache.path()), [".e.lock", "e"]);
    }

    #[test]
    fn a_failed_fill_leaves_nothing() {
        let cache = tempfile::tempdir().unwrap();
        let result = install(cache.path(), |dir, _| {
            write(dir, "half")?;
            Err(Error("network went away".into()))
        });
        assert_eq!(result.unwrap_err().to_string(), "network went away");
        assert_eq!(names(cache.path()), [".e.lock"]);
    }

    #[test]
    fn leftovers_of_an_interrupted_install_go() {
        let cache = tempfile::tempdir().unwrap();
        fs::create_dir_all(cache.path().join(".e.partial/content/half")).unwrap();
        fs::create_dir(cache.path().join(".other.partial")).unwrap();
        install(cache.path(), |dir, _| write(dir, "whole")).unwrap();
        assert_eq!(names(cache.path()), [".e.lock", ".other.partial", "e"]);
        assert_eq!(names(&cache.path().join("e")), ["a"]);
    }

    #[test]
    fn what_is_not_whole_is_replaced_once_there_is_better() {
        let cache = tempfile::tempdir().unwrap();
        fs::create_dir(cache.path().join("e")).unwrap();
        fs::write(cache.path().join("e/b"), "damaged").unwrap();
        assert!(install(cache.path(), |_, _| Err(Error("no network".into()))).is_err());
        assert_eq!(names(&cache.path().join("e")), ["b"]);
        assert_eq!(install(cache.path(), |dir, _| write(dir, "one")).unwrap(), Installed::Fresh);
        assert_eq!(names(&cache.path().join("e")), ["a"]);
    }

    #[test]
    fn of_two_at_once_one_fills_and_the_other_waits() {
        let cache = tempfile::tempdir().unwrap();
        let fills = AtomicUsize::new(0);
        let start = Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    install(cache.path(), |dir, _| {
                        fills.fetch_add(1, Ordering::Relaxed);
                        std::thread::sleep(Duration::from_millis(50));
                        write(dir, "whole")
                    })
                    .unwrap();
                    assert_eq!(fs::read(cache.path().join("e/a")).unwrap(), b"whole");
                });
            }
        });
        assert_eq!(fills.into_inner(), 1);
    }
}
