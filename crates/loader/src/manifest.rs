//! What is known of files that did not change since they were read: a load that has a [`Manifest`] of an earlier one
//! looks at times and sizes, and reads only what is new.
//!
//! A file counts as unchanged if its size, its inode, and the times of its last modification and of its last change of
//! status are as they were. Who writes other text of the same size and sets the time of modification back changes the
//! other time by doing so, and is found out; only who also sets the machine's clock back is not.
//!
//! Times are coarse: a file that is written twice in one tick of the file system's clock has the same times after both.
//! So a file is noted only if it was left alone for [`SETTLED`] when it was looked at, as git's index has it ("racy git" in
//! its technical documentation); one that was just edited is read again until then.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::constraint::Expr;
use crate::header::{self, Header};

/// How long a file must have been left alone to be noted. The coarsest clock of a file system ticks every two seconds.
pub const SETTLED: Duration = Duration::from_secs(2);

/// A SHA-256 of a file's text.
pub type Digest = [u8; 32];

/// The files of an earlier load, and those of this one.
#[derive(Debug, Default)]
pub struct Manifest {
    /// None if nothing is to be remembered either.
    known: Option<HashMap<PathBuf, Known>>,
    read: Mutex<Vec<(PathBuf, Note)>>,
}

#[derive(Debug)]
struct Known {
    note: Note,
    is_used: AtomicBool,
}

/// A file as it was, and what was found in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Note {
    stamp: Stamp,
    facts: Facts,
}

/// By what a change of a file is noticed. Times are seconds and nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    size: u64,
    device: u64,
    inode: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// What selecting a file needs to know of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// See [`header::constraint`].
    pub constraint: Result<Option<Expr>, String>,
    /// Of a Go file.
    pub header: Header,
    /// Of a Go file; computed only for manifests.
    pub digest: Option<Digest>,
    /// In bytes.
    pub size: usize,
}

impl Manifest {
    /// What [`Manifest::to_bytes`] wrote in an earlier load; nothing is known if these are other bytes.
    pub fn from_bytes(bytes: Option<&[u8]>) -> Manifest {
        let notes = bytes.and_then(|bytes| postcard::from_bytes::<Vec<(String, Note)>>(bytes).ok());
        let known = |(path, note): (String, Note)| {
            (PathBuf::from(path), Known { note, is_used: AtomicBool::new(false) })
        };
        let known = notes.unwrap_or_default().into_iter().map(known).collect();
        Manifest { known: Some(known), read: Mutex::default() }
    }

    /// The files that loading with this manifest has looked at and a later load need not read; none if these are the
    /// same as in the earlier load.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let known = self.known.as_ref()?;
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let used = || known.iter().filter(|(_, known)| known.is_used.load(Ordering::Relaxed));
        if read.is_empty() && used().count() == known.len() {
            return None;
        }
        let used = used().map(|(path, known)| (path, &known.note));
        let notes = used.chain(read.iter().map(|(path, note)| (path, note)));
        let mut notes: Vec<(&str, &Note)> =
            notes.filter_map(|(path, note)| Some((path.to_str()?, note))).collect();
        notes.sort_unstable_by_key(|(path, _)| *path);
        // A file may have been looked at twice, and then changed in between.
        notes.dedup_by_key(|(path, _)| *path);
        postcard::to_allocvec(&notes).ok()
    }

    /// What is to be known of a file, and its text if it had to be read.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn look(&self, path: &Path) -> io::Result<(Facts, Option<Arc<[u8]>>)> {
        let Some(known) = &self.known else {
            let text: Arc<[u8]> = fs::read(path)?.into();
            return Ok((Facts::of(path, &text), Some(text)));
        };
        let now = SystemTime::now();
        let stamp = Stamp::of(&fs::metadata(path)?);
        if let Some(known) = known.get(path).filter(|known| known.note.stamp == stamp) {
            known.is_used.store(true, Ordering::Relaxed);
            return Ok((known.note.facts.clone(), None));
        }
        let text: Arc<[u8]> = fs::read(path)?.into();
        let mut facts = Facts::of(path, &text);
        if is_go(path) {
            facts.digest = Some(digest(&text));
        }
        // A file that changed after the look at its times has other times now.
        if stamp.is_settled(now) {
            let note = Note { stamp, facts: facts.clone() };
            let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            read.push((path.to_path_buf(), note));
        }
        Ok((facts, Some(text)))
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Stamp {
        Stamp {
            size: metadata.size(),
            device: metadata.dev(),
            inode: metadata.ino(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether the file was left alone for long enough before `now`.
    fn is_settled(&self, now: SystemTime) -> bool {
        let (seconds, nanoseconds) = self.modified.max(self.changed);
        let Ok(seconds) = u64::try_from(seconds) else { return true };
        let last = Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds as u64);
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        now.checked_sub(last).is_some_and(|age| age > SETTLED)
    }
}

impl Facts {
    pub fn of(path: &Path, text: &[u8]) -> Facts {
        let header = if is_go(path) { Header::scan(text) } else { Header::default() };
        Facts { constraint: header::constraint(text), header, digest: None, size: text.len() }
    }
}

fn is_go(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "go")
}

pub(crate) fn digest(text: &[u8]) -> Digest {
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    struct World(tempfile::TempDir);

    impl World {
        fn path(&self) -> PathBuf {
            self.0.path().join("a.go")
        }

        fn write(&self, text: &str, age: Duration) {
            fs::write(self.path(), text).unwrap();
            self.date(age);
        }

        fn date(&self, age: Duration) {
            let file = File::options().append(true).open(self.path()).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
        }

        /// Whether the file is read by a load with what an earlier one left, and what this one leaves.
        fn look(&self, bytes: Option<&[u8]>) -> (bool, Option<Vec<u8>>) {
            let manifest = Manifest::from_bytes(bytes);
            let (facts, text) = manifest.look(&self.path()).unwrap();
            assert_eq!(facts.digest, Some(digest(&fs::read(self.path()).unwrap())));
            (text.is_some(), manifest.to_bytes())
        }
    }

    /// Longer than a file must be left alone.
    const PAUSE: Duration = Duration::from_millis(2100);

    #[test]
    fn a_file_that_did_not_change_is_not_read() {
        let world = World(tempfile::tempdir().unwrap());
        world.write("package a", Duration::ZERO);
        std::thread::sleep(PAUSE);
        let (is_read, bytes) = world.look(None);
        assert!(is_read);
        let again = world.look(bytes.as_deref());
        assert_eq!(again, (false, None), "it is known, and there is nothing new");
        // The same size, and the time of modification set back.
        let time = fs::metadata(world.path()).unwrap().modified().unwrap();
        fs::write(world.path(), "package b").unwrap();
        File::options().append(true).open(world.path()).unwrap().set_modified(time).unwrap();
        assert!(world.look(bytes.as_deref()).0);
    }

    #[test]
    fn a_file_that_was_just_written_is_not_noted() {
        let world = World(tempfile::tempdir().unwrap());
        world.write("package a", Duration::ZERO);
        let (_, bytes) = world.look(None);
        assert!(world.look(bytes.as_deref()).0);
        // An old time of modification does not help, since it was set just now.
        world.date(Duration::from_secs(100));
        let (_, bytes) = world.look(None);
        assert!(world.look(bytes.as_deref()).0);
    }

    #[test]
    fn files_that_are_gone_are_forgotten_and_damage_is_ignorance() {
        let world = World(tempfile::tempdir().unwrap());
        world.write("package a", Duration::ZERO);
        std::thread::sleep(PAUSE);
        let (_, bytes) = world.look(None);
        let bytes = bytes.unwrap();
        let unused = Manifest::from_bytes(Some(&bytes)).to_bytes().unwrap();
        assert!(unused.len() < bytes.len() && world.look(Some(&unused)).0);
        for end in 0..bytes.len() {
            assert!(world.look(Some(&bytes[..end])).0, "{end} bytes");
        }
    }

    #[test]
    fn a_load_without_a_manifest_leaves_none() {
        let world = World(tempfile::tempdir().unwrap());
        world.write("package a", Duration::ZERO);
        let manifest = Manifest::default();
        assert!(manifest.look(&world.path()).unwrap().1.is_some());
        assert_eq!(manifest.to_bytes(), None);
    }
}
