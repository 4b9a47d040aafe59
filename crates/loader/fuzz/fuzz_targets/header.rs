//! Any bytes as a Go file: its constraint and its header are read without a panic, and every
//! offset lies in the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trigo_loader::header::{self, Header};

fuzz_target!(|source: &[u8]| {
    let _ = header::constraint(source);
    let header = Header::scan(source);
    let imports = header.imports.iter().map(|import| import.offset);
    let embeds = header.embeds.iter().map(|embed| embed.offset);
    assert!(imports.chain(embeds).all(|offset| offset < source.len()));
});
