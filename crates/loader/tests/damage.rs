//! Damaged texts: cut, with bytes deleted, doubled and changed. Reading them ends, without a panic.

use std::path::Path;

use trigo_loader::header::{self, Header};
use trigo_loader::modfile::{ModFile, Strictness, VendorList, WorkFile};

const GO_MOD: &str = "module example.com/m // c\n\ngo 1.23.4\ntoolchain go1.24.0\n\
    require (\n\ta.b/c v1.2.3\n\t\"d.e/f/v2\" v2.0.0 // indirect\n)\n\
    exclude a.b/c v1.2.4\nreplace a.b/c v1.2.3 => ../c\nreplace `g` => h v1.1.0\n\
    retract [v0.1.0, v0.2.0]\nignore ./x\n";

const GO_FILE: &str = "\u{feff}// c\n//go:build (linux && !cgo) || go1.21\n// +build linux,!x y\n\n/* d */\npackage p\n\
    import (\n\t_ \"embed\"; x `a/b`\n)\n//go:embed a \"b c\" `d`\nvar s = \"\\\"\" + `\n` + string('\\'')\n";

/// Calls `read` with the text damaged at every place in several ways.
fn damage(text: &str, read: &dyn Fn(&[u8])) {
    let text = text.as_bytes();
    for at in 0..text.len() {
        let (before, after) = text.split_at(at);
        read(before);
        read(after);
        read(&[before, &after[1..]].concat());
        read(&[before, &after[..1], after].concat());
        for byte in *b"\0\n\r\t \"`'/*()[],=>!&|\\\xff" {
            read(&[before, &[byte], after].concat());
            read(&[before, &[byte], &after[1..]].concat());
        }
    }
}

#[test]
fn module_files() {
    damage(GO_MOD, &|source| {
        let file = Path::new("go.mod");
        let strict = ModFile::parse(file, source, Strictness::Main);
        let lax = ModFile::parse(file, source, Strictness::Dependency);
        assert!(strict.is_err() || lax.is_ok());
        let _ = WorkFile::parse(file, source);
        VendorList::parse(source);
    });
}

#[test]
fn headers() {
    damage(GO_FILE, &|source| {
        let _ = header::constraint(source);
        let header = Header::scan(source);
        let imports = header.imports.iter().map(|import| import.offset);
        let embeds = header.embeds.iter().map(|embed| embed.offset);
        assert!(imports.chain(embeds).all(|offset| offset < source.len()));
    });
}
