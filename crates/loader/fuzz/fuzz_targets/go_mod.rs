//! Any bytes as go.mod, go.work and vendor/modules.txt: an answer or an error, never a panic.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use trigo_loader::modfile::{ModFile, Strictness, VendorList, WorkFile};

fuzz_target!(|source: &[u8]| {
    let file = Path::new("go.mod");
    let strict = ModFile::parse(file, source, Strictness::Main);
    let lax = ModFile::parse(file, source, Strictness::Dependency);
    assert!(strict.is_err() || lax.is_ok(), "what is right is right for a dependency");
    let _ = WorkFile::parse(Path::new("go.work"), source);
    VendorList::parse(source);
});
