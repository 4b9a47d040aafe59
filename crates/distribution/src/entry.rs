//! Putting a directory into the cache, whole or not at all.
//!
//! An entry is filled in a temporary folder of the same file system and renamed into place when it
//! is complete and on disk. A lock file per entry keeps two installers of the same entry apart; who
//! holds it may delete the temporary folders of that entry that an interrupted installer left
//! behind.

use anyhow::{Context, Result};
use std::fs::{self, File, TryLockError};
use std::path::Path;

/// What [`install`] found or did.
#[derive(Debug, PartialEq, Eq)]
pub enum Installed {
    /// The entry was there already; nothing was touched.
    Present,
    /// The entry was filled and put in place.
    Fresh,
}

/// Makes sure that `cache/entry` exists, calling `fill` with the empty folder that is to become it
/// and with an empty scratch folder of the same file system when it does not.
///
/// Blocks while another process installs the same entry. The lock goes with the process, however it
/// ends.
///
/// # Errors
///
/// When `fill` fails (its error, and nothing is left behind) or the file system does.
pub fn install(
    cache: &Path,
    entry: &str,
    fill: impl FnOnce(&Path, &Path) -> Result<()>,
) -> Result<Installed> {
    let target = cache.join(entry);
    if target.is_dir() {
        return Ok(Installed::Present);
    }
    fs::create_dir_all(cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let _lock = lock(cache, entry)?;
    if target.is_dir() {
        return Ok(Installed::Present);
    }
    let prefix = format!(".{entry}.partial-");
    remove_stale(cache, &prefix)?;

    let partial = tempfile::Builder::new().prefix(&prefix).tempdir_in(cache)?;
    let content = partial.path().join(entry);
    let scratch = partial.path().join("scratch");
    fs::create_dir(&content)?;
    fs::create_dir(&scratch)?;
    fill(&content, &scratch)?;
    rustix::fs::syncfs(File::open(&content)?)?;
    fs::rename(&content, &target)
        .with_context(|| format!("cannot put {} in place", target.display()))?;
    Ok(Installed::Fresh)
}

/// Holds the entry's lock until the returned file is dropped.
fn lock(cache: &Path, entry: &str) -> Result<File> {
    let path = cache.join(format!(".{entry}.lock"));
    let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            println!("{entry}: waiting for another setup to finish");
            file.lock()?;
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot lock {}", path.display()));
        }
    }
    Ok(file)
}

fn remove_stale(cache: &Path, prefix: &str) -> Result<()> {
    for found in fs::read_dir(cache)? {
        let path = found?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(prefix) {
            fs::remove_dir_all(&path)
                .with_context(|| format!("cannot remove leftover {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

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
        let fill = |dir: &Path, _: &Path| Ok(fs::write(dir.join("a"), "one")?);
        assert_eq!(install(cache.path(), "e", fill).unwrap(), Installed::Fresh);
        let again = install(cache.path(), "e", |_, _| panic!("filled twice")).unwrap();
        assert_eq!(again, Installed::Present);
        assert_eq!(fs::read(cache.path().join("e/a")).unwrap(), b"one");
        assert_eq!(names(cache.path()), [".e.lock", "e"]);
    }

    #[test]
    fn a_failed_fill_leaves_nothing() {
        let cache = tempfile::tempdir().unwrap();
        let result = install(cache.path(), "e", |dir, _| {
            fs::write(dir.join("half"), "x")?;
            anyhow::bail!("network went away")
        });
        assert_eq!(result.unwrap_err().to_string(), "network went away");
        assert_eq!(names(cache.path()), [".e.lock"]);
    }

    #[test]
    fn leftovers_of_an_interrupted_install_go() {
        let cache = tempfile::tempdir().unwrap();
        fs::create_dir_all(cache.path().join(".e.partial-dead/e")).unwrap();
        fs::create_dir(cache.path().join(".other.partial-live")).unwrap();
        install(cache.path(), "e", |_, _| Ok(())).unwrap();
        assert_eq!(names(cache.path()), [".e.lock", ".other.partial-live", "e"]);
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
                    install(cache.path(), "e", |dir, _| {
                        fills.fetch_add(1, Ordering::Relaxed);
                        std::thread::sleep(Duration::from_millis(50));
                        Ok(fs::write(dir.join("a"), "whole")?)
                    })
                    .unwrap();
                    assert_eq!(fs::read(cache.path().join("e/a")).unwrap(), b"whole");
                });
            }
        });
        assert_eq!(fills.into_inner(), 1);
    }
}
