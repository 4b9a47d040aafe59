//! Checked packages on disk; executables are kept in the same way.
//!
//! An [`Entry`] says that a package has no errors, and holds what its importers need to know of it, and the bodies of
//! functions that a compiler may want ([`trigo_types::archive`]). It is found by a key made of all that checking
//! depends on: the running program, the package's files, and the surfaces of what it imports. So an entry is never out
//! of date; a package that changed has another key. And since the surface of an import counts and not its files, a change
//! inside of functions is one for that package alone.
//!
//! Entries are files that are written beside their place and renamed into it, so that processes at the same time do no
//! harm to each other; hashes in them show damage, and what is damaged counts as missing and is made anew.
//! A cache that cannot be written is no error: the next run checks again. Entries that were not used for
//! [`KEEP`] are removed, once a day at most.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use crate::entry::Entry;

/// What begins each file, before a hash.
pub(crate) const MAGIC: &[u8; 16] = b"trigo checked 2\n";

/// How long an entry stays that nobody uses.
const KEEP: Duration = Duration::from_secs(5 * 24 * 3600);
/// How old an entry's time may be before a use renews it, and how often old entries are looked for.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A SHA-256.
pub(crate) type Hash = [u8; 32];

/// A folder of checked packages.
#[derive(Clone, Debug)]
pub struct Cache {
    dir: PathBuf,
    program: Hash,
    is_new: bool,
}

impl Cache {
    /// The cache in a folder, which is made when there is something to write.
    ///
    /// Entries of other programs than the running one are not found: they may have checked otherwise.
    pub fn new(dir: impl Into<PathBuf>) -> Cache {
        let mut hash = Sha256::new();
        hash.update(MAGIC);
        hash.update(env!("CARGO_PKG_VERSION"));
        let program = std::env::current_exe().and_then(fs::metadata);
        if let Ok(program) = program {
            let changed = program.modified().ok();
            let age = changed.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
            hash.update(program.len().to_le_bytes());
            hash.update(age.unwrap_or_default().as_nanos().to_le_bytes());
        }
        let dir = dir.into();
        let is_new = !dir.exists();
        let cache = Cache { dir, program: hash.finalize().into(), is_new };
        cache.trim();
        cache
    }

    /// Whether it knew nothing at all at first.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    /// A key to which everything may be added that checking depends on.
    pub(crate) fn key(&self) -> Key {
        let mut key = Key(Sha256::new());
        key.add(&self.program);
        key
    }

    pub(crate) fn entry(&self, key: &Hash) -> Option<Entry> {
        let path = self.path(key);
        let entry = Entry::open(&path)?;
        renew(&path);
        Some(entry)
    }

    pub(crate) fn bytes(&self, key: &Hash) -> Option<Vec<u8>> {
        let path = self.path(key);
        let body = unframe(fs::read(&path).ok()?)?;
        renew(&path);
        Some(body)
    }

    pub(crate) fn put_bytes(&self, key: &Hash, body: &[u8]) {
        self.put_file(&self.path(key), &frame(body));
    }

    pub(crate) fn put_file(&self, path: &Path, bytes: &[u8]) {
        // Nothing depends on an entry's being there.
        let _ = write(path, bytes);
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn path(&self, key: &Hash) -> PathBuf {
        let name: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        self.dir.join(name)
    }

    /// Removes old entries, if that was not done today.
    fn trim(&self) {
        let marker = self.dir.join("trimmed");
        if !self.dir.exists() || !is_older(&marker, DAY) || write(&marker, b"").is_err() {
            return;
        }
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            if is_older(&entry.path(), KEEP) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// A key in the making.
#[derive(Clone)]
pub(crate) struct Key(Sha256);

impl Key {
    /// Adds a part; the same bytes in other parts are another key.
    pub(crate) fn add(&mut self, part: &[u8]) {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    pub(crate) fn hash(self) -> Hash {
        self.0.finalize().into()
    }
}

/// A file's bytes: a hash before the body.
fn frame(body: &[u8]) -> Vec<u8> {
    [&MAGIC[..], &Sha256::digest(body), body].concat()
}

/// The body of a file that is whole.
fn unframe(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let (hash, body) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<32>()?;
    if *hash != *Sha256::digest(body) {
        return None;
    }
    bytes.drain(..MAGIC.len() + 32);
    Some(bytes)
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new(""));
    let file = tempfile::NamedTempFile::new_in(dir);
    let mut file = match file {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            fs::create_dir_all(dir)?;
            tempfile::NamedTempFile::new_in(dir)?
        }
        file => file?,
    };
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

/// Notes that an entry is in use.
fn renew(path: &Path) {
    if is_older(path, DAY)
        && let Ok(file) = File::options().append(true).open(path)
    {
        let _ = file.set_modified(SystemTime::now());
    }
}

/// Whether a file was last changed longer ago than that, or is not there.
fn is_older(path: &Path, age: Duration) -> bool {
    let changed = fs::metadata(path).and_then(|metadata| metadata.modified());
    changed.map_or(true, |time| time.elapsed().is_ok_and(|elapsed| elapsed > age))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"body";

    fn key(text: &str) -> Hash {
        let mut key = Key(Sha256::new());
        key.add(text.as_bytes());
        key.hash()
    }

    #[test]
    fn an_entry_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().join("new"));
        assert_eq!(cache.bytes(&key("a")), None);
        cache.put_bytes(&key("a"), BODY);
        assert_eq!(cache.bytes(&key("a")), Some(BODY.to_vec()));
        assert_eq!(cache.bytes(&key("b")), None);
    }

    #[test]
    fn no_changed_or_missing_byte_goes_unnoticed() {
        let bytes = frame(BODY);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(unframe(changed), None, "byte {at}");
            assert_eq!(unframe(bytes[..at].to_vec()), None, "{at} bytes");
        }
        assert_eq!(unframe([&bytes[..], b"x"].concat()), None);
    }

    #[test]
    fn parts_do_not_run_together() {
        let two = |a: &str, b: &str| {
            let mut key = Key(Sha256::new());
            key.add(a.as_bytes());
            key.add(b.as_bytes());
            key.hash()
        };
        assert_ne!(two("ab", "c"), two("a", "bc"));
    }

    #[test]
    fn writers_at_once_leave_a_whole_entry() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        cache.put_bytes(&key("a"), BODY);
                        assert_eq!(cache.bytes(&key("a")), Some(BODY.to_vec()));
                    }
                });
            }
        });
        let entry = |file: &fs::DirEntry| file.file_name() != "trimmed";
        assert_eq!(fs::read_dir(dir.path()).unwrap().flatten().filter(entry).count(), 1);
    }

    #[test]
    fn entries_that_nobody_uses_go() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().join("new"));
        let age = |path: &Path, days: u32| {
            let file = File::options().append(true).open(path).unwrap();
            file.set_modified(SystemTime::now() - DAY * days).unwrap();
        };
        for name in ["old", "used"] {
            cache.put_bytes(&key(name), BODY);
            age(&cache.path(&key(name)), 6);
        }
        cache.bytes(&key("used"));
        cache.trim();
        assert_eq!(cache.bytes(&key("old")), None);
        assert_eq!(cache.bytes(&key("used")), Some(BODY.to_vec()));
        // Not again on the same day.
        age(&cache.path(&key("used")), 6);
        cache.trim();
        assert!(cache.path(&key("used")).exists());
    }
}
