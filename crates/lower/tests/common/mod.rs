//! Checks sources without files and lowers them.

use std::collections::HashMap;
use std::sync::Arc;
use trigo_lower::program::Lowered;
use trigo_lower::{Package, lower_program};
use trigo_syntax::ast::File;
use trigo_syntax::{FileId, Interner, Mode, Source, parse_file};
use trigo_types::{Checked, Config, Importer, PkgId, Store, check_package};

/// What lowering calls of package `runtime`.
const RUNTIME: &str = "package runtime
    import \"unsafe\"
    type _deferframe struct { pc, sp, fp uintptr; link *_deferframe; calls unsafe.Pointer; flags uintptr }
    func panicwrap()
    func panicrangestate(state int)
    func deferproc(frame *_deferframe, fn func())
    func deferreturn(frame *_deferframe)
    func unreachableMethod() {}
    func panicdottypeE(have, want, iface *int)
    func panicdottypeI(have *uintptr, want, iface *int)
    func panicnildottype(want *int)
    func typeAssert(s *int, t *int) *uintptr
    func assertE2I(inter *int, t *int) *uintptr
    func assertE2I2(inter *int, t *int) *uintptr
    func memequal(p, q unsafe.Pointer, size uintptr) bool
    func memhash(p unsafe.Pointer, h, s uintptr) uintptr
    func strhash(p unsafe.Pointer, h uintptr) uintptr
    func interhash(p unsafe.Pointer, h uintptr) uintptr
    func nilinterhash(p unsafe.Pointer, h uintptr) uintptr
    func f32hash(p unsafe.Pointer, h uintptr) uintptr
    func f64hash(p unsafe.Pointer, h uintptr) uintptr
    func c64hash(p unsafe.Pointer, h uintptr) uintptr
    func c128hash(p unsafe.Pointer, h uintptr) uintptr
    func efaceeq(t *int, x, y unsafe.Pointer) bool
    func ifaceeq(t *uintptr, x, y unsafe.Pointer) bool";

struct Imports(HashMap<String, PkgId>);

impl Importer for Imports {
    fn import(&self, path: &str, _: &str) -> Result<PkgId, String> {
        match path {
            "unsafe" => Ok(trigo_types::UNSAFE),
            _ => self.0.get(path).copied().ok_or_else(|| format!("there is no package {path}")),
        }
    }
}

/// Lowers packages of one file each, given by path and source, imports first, and what `roots` names in them.
pub fn lower(sources: &[(&str, &str)], roots: &[&str]) -> Lowered {
    let interner = Arc::new(Interner::new());
    let store = Store::new(interner.clone());
    let mut imports = Imports(HashMap::new());
    let mut done: Vec<(Arc<File>, Checked)> = Vec::new();
    for (number, (path, source)) in (1..).zip([("runtime", RUNTIME)].iter().chain(sources)) {
        let mut errors = Vec::new();
        let mode = Mode { check_branches: true, ..Mode::default() };
        let name = format!("{path}.go");
        let source = Source::new(FileId(number), name.as_str(), source.as_bytes());
        let file = Arc::new(parse_file(source, &interner, mode, &mut errors));
        assert!(errors.is_empty(), "{path}: {errors:?}");
        let config = Config {
            importer: &imports,
            go_version: None,
            ignore_func_bodies: false,
            fake_import_c: false,
            ignore_branch_errors: true,
        };
        let checked = check_package(&store, path, std::slice::from_ref(&file), config);
        let messages: Vec<&str> = checked.errors.iter().map(|e| e.message.as_str()).collect();
        assert!(messages.is_empty(), "{path}: {messages:?}");
        imports.0.insert((*path).into(), checked.pkg);
        done.push((file, checked));
    }
    let packages = done
        .iter()
        .map(|(file, checked)| Package {
            pkg: checked.pkg,
            files: std::slice::from_ref(file),
            info: &checked.info,
            embeds: Vec::new(),
            aliases: Vec::new(),
        })
        .collect();
    lower_program(&store, packages, roots)
}
