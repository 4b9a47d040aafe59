//! Any bytes: the parser ends, its tree can be walked and printed, and a file without errors prints to the same tree.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trigo_syntax::{FileId, Interner, Mode, Source, dump, parse_file, printer};

const MODE: Mode = Mode {
    comments: true,
    check_branches: true,
    imports_only: false,
};

fuzz_target!(|data: &[u8]| {
    let names = Interner::new();
    let mut errors = Vec::new();
    let file = parse_file(Source::new(FileId(0), "fuzz.go", data), &names, MODE, &mut errors);
    for error in &errors {
        file.position(error.pos.pos);
    }
    let printed = printer::print_file(&file, &names);
    let tree = dump(&file, &names);
    if errors.is_empty() {
        let source = Source::new(FileId(1), "printed.go", printed.into_bytes());
        let again = parse_file(source, &names, MODE, &mut errors);
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(tree, dump(&again, &names));
    }
});
