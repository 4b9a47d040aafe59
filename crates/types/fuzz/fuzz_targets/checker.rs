//! Any bytes: the checker ends, its errors have positions, and what it found out can be shown and asked about.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::Arc;
use trigo_syntax::ast::ExprId;
use trigo_syntax::{FileId, Interner, Mode, Source, parse_file};
use trigo_types::{
    CompilerFlags, Config, GoVersion, Importer, PkgId, Store, check_package, compiler_errors,
};

struct NoImports;

impl Importer for NoImports {
    fn import(&self, _: &str, _: &str) -> Result<PkgId, String> {
        Err("there is no other package".into())
    }
}

fuzz_target!(|data: &[u8]| {
    // The last byte chooses, so that Go files can be seeds.
    let Some((&version, text)) = data.split_last() else { return };
    let interner = Arc::new(Interner::new());
    let store = Store::new(interner.clone());
    let mode = Mode { check_branches: version & 1 == 0, ..Mode::default() };
    let source = Source::new(FileId(1), "fuzz.go", text);
    let files = [Arc::new(parse_file(source, &interner, mode, &mut Vec::new()))];
    let lang = (version & 2 != 0).then_some(GoVersion(u32::from(version >> 2)));
    let config = Config {
        importer: &NoImports,
        go_version: lang,
        ignore_func_bodies: false,
        fake_import_c: version & 4 != 0,
        ignore_branch_errors: mode.check_branches,
    };
    let checked = check_package(&store, "p", &files, config);
    let flags = CompilerFlags { lang, standard: version & 8 != 0, complete: version & 16 != 0 };
    let more = compiler_errors(&store, &files, &checked, flags);
    for error in checked.errors.iter().chain(&more) {
        let _ = error.pos.map(|pos| store.position(pos));
    }
    for (file, info) in files.iter().zip(&checked.info.files) {
        for e in (0..file.expr_count()).map(ExprId::from_index) {
            let Some((_, t)) = info.typ(e) else { continue };
            store.type_string(t, &|_| String::new());
            if checked.errors.is_empty() {
                store.method_set(t);
                assert_eq!(store.canonical(t), store.canonical(store.canonical(t)));
                store.size_of(t);
            }
        }
    }
});
