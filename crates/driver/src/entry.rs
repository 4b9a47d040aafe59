//! A checked package in the cache: what its file looks like.
//!
//! The file begins with a head, which is all that is read of it as long as nothing is asked that the package declares. The
//! head has the lengths and hashes of the parts behind it, and begins with its own hash.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use trigo_types::archive::Archive;

use crate::cache::{Hash, MAGIC};

/// The parts behind the head, in this order.
#[derive(Clone, Copy)]
enum Part {
    Surface,
    Places,
    Bodies,
}

const PARTS: usize = 3;
/// Magic, hash, surface, and of each part its length and hash.
const HEAD: usize = 16 + 32 + 32 + PARTS * 40;

/// A package that was found to have no errors.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Stands for what importers may depend on, of this package and of those it imports.
    pub surface: Hash,
    file: PathBuf,
    /// Where each part begins, how long it is, and its hash.
    parts: [(u64, usize, Hash); PARTS],
}

/// The bytes of an entry's file.
pub(crate) fn encode(surface: &Hash, archive: &Archive, bodies: &[u8]) -> Vec<u8> {
    let parts: [&[u8]; PARTS] = [&archive.surface, &archive.places, bodies];
    let mut head = surface.to_vec();
    for part in parts {
        head.extend((part.len() as u64).to_le_bytes());
        head.extend(Sha256::digest(part));
    }
    let mut bytes = [&MAGIC[..], &Sha256::digest(&head), &head].concat();
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}

impl Entry {
    /// Reads the head of an entry's file; none if there is no file, or its head is damaged.
    pub fn open(file: &Path) -> Option<Entry> {
        let mut head = [0; HEAD];
        File::open(file).ok()?.read_exact(&mut head).ok()?;
        let (hash, head) = head.strip_prefix(MAGIC)?.split_first_chunk::<32>()?;
        if *hash != *Sha256::digest(head) {
            return None;
        }
        let (surface, mut rest) = head.split_first_chunk::<32>()?;
        let mut parts = [(0, 0, [0; 32]); PARTS];
        let mut at = HEAD as u64;
        for part in &mut parts {
            let (len, hash);
            (len, rest) = rest.split_first_chunk::<8>()?;
            (hash, rest) = rest.split_first_chunk::<32>()?;
            let len = u64::from_le_bytes(*len);
            *part = (at, usize::try_from(len).ok()?, *hash);
            at = at.checked_add(len)?;
        }
        Some(Entry { surface: *surface, file: file.to_path_buf(), parts })
    }

    /// Where the entry is.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The package; none if it is damaged or gone.
    pub fn archive(&self) -> Option<Archive> {
        Some(Archive { surface: self.part(Part::Surface)?, places: self.part(Part::Places)? })
    }

    /// The bodies of its functions; none if they are damaged or gone.
    pub fn bodies(&self) -> Option<Vec<u8>> {
        self.part(Part::Bodies)
    }

    fn part(&self, part: Part) -> Option<Vec<u8>> {
        let (at, len, hash) = self.parts[part as usize];
        let read = || {
            let mut bytes = vec![0; len];
            File::open(&self.file).ok()?.read_exact_at(&mut bytes, at).ok()?;
            (hash == *Sha256::digest(&bytes)).then_some(bytes)
        };
        let bytes = read();
        if bytes.is_none() {
            // Who looks for it next makes it anew; that it stays does no harm.
            let _ = fs::remove_file(&self.file);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Archive, Vec<u8>) {
        (Archive { surface: vec![1, 2, 3], places: vec![4] }, vec![5, 6])
    }

    #[test]
    fn an_entry_comes_back() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let (archive, bodies) = sample();
        fs::write(&file, encode(&[7; 32], &archive, &bodies)).unwrap();
        let entry = Entry::open(file.path()).unwrap();
        assert_eq!(entry.surface, [7; 32]);
        assert_eq!(entry.archive(), Some(archive));
        assert_eq!(entry.bodies(), Some(bodies));
    }

    #[test]
    fn no_changed_or_missing_byte_goes_unnoticed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("entry");
        let (archive, bodies) = sample();
        let bytes = encode(&[7; 32], &archive, &bodies);
        let is_whole = |bytes: &[u8]| {
            fs::write(&file, bytes).unwrap();
            let entry = Entry::open(&file);
            entry.is_some_and(|entry| entry.archive().is_some() && entry.bodies().is_some())
        };
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(!is_whole(&changed), "byte {at}");
            assert!(!is_whole(&bytes[..at]), "{at} bytes");
        }
        assert!(is_whole(&bytes));
    }
}
