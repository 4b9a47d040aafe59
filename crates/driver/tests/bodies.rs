//! A body that is read from an archive says what it said when its package was checked.

mod support;

use std::collections::HashMap;
use std::sync::Arc;

use support::standard;
use trigo_driver::{Package, Program};
use trigo_loader::graph;
use trigo_syntax::ast::{DeclId, DeclKind, ExprId, ExprKind, File, Node, StmtKind};
use trigo_syntax::{FilePos, Symbol};
use trigo_types::archive::{ArchivedBodies, Bodies, read_package, write_bodies, write_package};
use trigo_types::{Config, FileInfo, GoVersion, Importer, ObjId, ObjKind, PkgId, Store, TypeId};

/// What the imports of a package mean in the store that archives are read into.
struct Imports<'a> {
    source: &'a graph::Package,
    packages: &'a [PkgId],
}

impl Importer for Imports<'_> {
    fn import(&self, path: &str, _: &str) -> Result<PkgId, String> {
        let import = self.source.imports.iter().find(|import| import.path == path);
        let id = import.and_then(|import| import.package).ok_or("not imported")?;
        Ok(self.packages[id.0 as usize])
    }
}

/// A tree with what was found out about it.
#[derive(Clone, Copy)]
struct View<'a> {
    store: &'a Store,
    file: &'a File,
    info: &'a FileInfo,
}

impl View<'_> {
    fn typ(&self, t: TypeId) -> String {
        self.store.type_string(t, &|pkg| self.store.pkg(pkg).path.to_string())
    }

    fn types(&self, list: &[TypeId]) -> Vec<String> {
        list.iter().map(|&t| self.typ(t)).collect()
    }

    fn object(&self, obj: ObjId) -> String {
        let o = self.store.obj(obj);
        let kind = match &o.kind {
            ObjKind::PkgName(pkg) => format!("package {}", self.store.pkg(*pkg).path),
            ObjKind::Const(_) => format!("const {}", o.value()),
            ObjKind::Var(var) => format!("{:?} {}", var.kind, var.embedded),
            ObjKind::Func(func) => format!("func {:?}", func.instance.map(|t| self.typ(t))),
            other => format!("{other:?}"),
        };
        let package = o.pkg.map(|pkg| self.store.pkg(pkg).path.clone());
        let t = self.store.func_type(obj).filter(|_| o.as_func().is_some()).or(o.typ());
        let t = t.map(|t| self.typ(t));
        format!("{kind} {package:?} {} {:?} {t:?}", self.store.text(o.name), o.pos)
    }

    fn objects(&self, list: &[ObjId]) -> Vec<String> {
        list.iter().map(|&obj| self.object(obj)).collect()
    }

    /// All that is known of an expression.
    fn expr(&self, e: ExprId) -> String {
        let info = self.info;
        let mut text =
            format!("{:?} {:?}", self.file.position(self.file[e].pos), kind(self.file, e));
        if let Some((mode, t)) = info.typ(e) {
            text += &format!(" {mode:?} {}", self.typ(t));
        }
        if let Some(value) = info.value(e) {
            text += &format!(" = {value}");
        }
        if let Some(obj) = info.object(e) {
            text += &format!(" means {}", self.object(obj));
        }
        if let Some(s) = info.selections.get(&e) {
            let (recv, obj) = (self.typ(s.recv), self.object(s.obj));
            text += &format!(" selects {:?} {recv} {obj} {:?} {}", s.kind, s.path, s.indirect);
        }
        if let Some(instance) = info.instances.get(&e) {
            let (targs, t) = (self.types(&instance.targs), self.typ(instance.typ));
            text += &format!(" instance {targs:?} {t}");
        }
        if let Some(captured) = info.captures.get(&e) {
            text += &format!(" captures {:?}", self.objects(captured));
        }
        text
    }

    /// All that is known of a function, a line for each node.
    fn function(&self, decl: DeclId) -> Vec<String> {
        let mut lines = vec![format!("{:?}", self.info.version)];
        let mut stack = vec![Node::Decl(decl)];
        while let Some(node) = stack.pop() {
            match node {
                Node::Expr(e) => lines.push(self.expr(e)),
                Node::Stmt(s) => {
                    lines.push(format!("{:?}", self.file.position(self.file[s].pos)));
                    if let StmtKind::Switch { clauses, .. } = self.file[s].kind {
                        let vars = clauses.range().filter_map(|at| self.info.clause_vars.get(&at));
                        lines.extend(vars.map(|&var| self.object(var)));
                    }
                }
                _ => {}
            }
            self.file.children(node, |child| stack.push(child));
        }
        lines
    }

    /// What a function's declaration names is what its importers see: the function itself, its type parameters,
    /// parameters and results.
    fn assert_means_the_package(&self, decl: DeclId) {
        let (file, info, store) = (self.file, self.info, self.store);
        let DeclKind::Func { recv, name, type_params, ty, .. } = file[decl].kind else {
            panic!("a function");
        };
        let ExprKind::Func { params, results } = file[ty].kind else { panic!("a signature") };
        let sig = store.as_signature(store.obj_type(info.object(name.expr()).unwrap())).unwrap();
        let tparams: Vec<ObjId> = sig.tparams.iter().map(|&p| store.type_obj(p).unwrap()).collect();
        for (fields, objects) in [
            (recv, sig.recv.as_slice()),
            (type_params, &tparams),
            (params, store.vars(sig.params)),
            (results, store.vars(sig.results)),
        ] {
            assert_eq!(file[fields].len(), objects.len());
            for (field, &object) in file[fields].iter().zip(objects) {
                let named = field.name.map(|name| info.object(name.expr()));
                let is_blank = store.obj(object).name == trigo_syntax::sym::BLANK;
                assert!(is_blank || named.is_none_or(|named| named == Some(object)));
            }
        }
    }

    /// By the place of their names, the functions of the file.
    fn functions(&self) -> HashMap<FilePos, (Symbol, DeclId)> {
        let decls = self.file[self.file.decls].iter();
        decls
            .filter_map(|&decl| match self.file[decl].kind {
                DeclKind::Func { name, .. } => {
                    let pos = FilePos { file: self.file.id(), pos: self.file.ident_pos(name) };
                    Some((pos, (self.file.symbol(name), decl)))
                }
                _ => None,
            })
            .collect()
    }
}

fn kind(file: &File, e: ExprId) -> std::mem::Discriminant<ExprKind> {
    std::mem::discriminant(&file[e].kind)
}

/// Writes all packages of a program and reads them into another store, in which `visit` then gets each with its bodies.
fn read_all(
    graph: &graph::Graph,
    program: &Program,
    mut visit: impl FnMut(&Store, &Package, &ArchivedBodies<'_>, Config<'_>),
) {
    let copy = Store::new(program.interner.clone());
    let mut known = HashMap::from([("unsafe".to_string(), trigo_types::UNSAFE)]);
    let mut packages = Vec::new();
    for (id, source) in graph.iter() {
        let package = program.package(id);
        let first = package.files[0].id();
        let archive = write_package(&program.store, package.pkg.unwrap(), first).unwrap();
        for file in &package.files {
            let text = file.source().text.clone();
            copy.add_source(file.id(), file.name().clone(), move || Some(text.clone()));
        }
        let mut import = |path: &str| known.get(path).copied();
        let pkg = read_package(&copy, &archive, first, &mut import).unwrap();
        known.insert(source.path.clone(), pkg);
        packages.push(pkg);
        let importer = Imports { source, packages: &packages };
        let config = Config {
            importer: &importer,
            go_version: Some(GoVersion(source.go_version.minor)),
            ignore_func_bodies: false,
            fake_import_c: false,
            ignore_branch_errors: true,
        };
        let bodies = write_bodies(&package.files);
        visit(&copy, package, &ArchivedBodies::open(&copy, pkg, &bodies, first).unwrap(), config);
    }
}

/// Asserts that what was read is what is in the package's own trees; gives the number of functions.
fn compare(original: (&Store, &Package), copy: &Store, read: &Bodies) -> usize {
    let (store, package) = original;
    assert!(read.checked.errors.is_empty(), "{:?}", read.checked.errors);
    let mut count = 0;
    for (file, info) in read.files.iter().zip(&read.checked.info.files) {
        let at = package.files.iter().position(|own| own.id() == file.id()).unwrap();
        let own = View { store, file: &package.files[at], info: &package.info.files[at] };
        let read = View { store: copy, file, info };
        let functions = own.functions();
        for (pos, (name, decl)) in read.functions() {
            let expected = own.function(functions[&pos].1);
            let found = read.function(decl);
            read.assert_means_the_package(decl);
            let name = store.text(name);
            for (expected, found) in expected.iter().zip(&found) {
                assert_eq!(expected, found, "in {name}");
            }
            assert_eq!(expected.len(), found.len(), "{name}");
            count += 1;
        }
    }
    count
}

#[test]
fn bodies_of_the_standard_library_come_back() {
    let graph = standard(&["fmt", "encoding/json", "go/types", "sync/atomic", "iter", "maps"]);
    let program = trigo_driver::check(&graph, trigo_driver::Bodies::All);
    assert_eq!(program.errors(), []);
    let mut count = 0;
    read_all(&graph, &program, |copy, package, bodies, config| {
        let read = bodies.read(&bodies.functions(), config).unwrap();
        assert_eq!(
            compare((&program.store, package), copy, &read),
            bodies.functions().len(),
            "each function is read once"
        );
        count += bodies.functions().len();
    });
    assert!(count > 5000, "{count} functions");
}

#[test]
fn a_body_comes_alone_if_it_is_wanted_alone() {
    let graph = standard(&["slices"]);
    let program = trigo_driver::check(&graph, trigo_driver::Bodies::All);
    let mut seen = 0;
    read_all(&graph, &program, |copy, package, bodies, config| {
        let functions = bodies.functions();
        for &func in functions.iter().step_by(40) {
            let read = bodies.read(&[func], config).unwrap();
            assert_eq!(compare((&program.store, package), copy, &read), 1);
            let [file] = &read.files[..] else { panic!("one file") };
            let name = View { store: copy, file, info: &read.checked.info.files[0] }.functions();
            assert_eq!(name.into_keys().collect::<Vec<_>>(), [copy.obj(func).pos.unwrap()]);
            seen += 1;
        }
    });
    assert!(seen > 20, "{seen} functions");
}

#[test]
fn damaged_bodies_are_noticed_or_harmless() {
    let graph = standard(&["cmp"]);
    let program = trigo_driver::check(&graph, trigo_driver::Bodies::All);
    let package = program.packages.last().unwrap();
    let first = package.files[0].id();
    let archive = write_package(&program.store, package.pkg.unwrap(), first).unwrap();
    let bytes = write_bodies(&package.files);
    let interner = Arc::clone(&program.interner);
    let mut noticed = 0;
    for at in 0..bytes.len() {
        for change in [1, 0x80] {
            let copy = Store::new(interner.clone());
            let pkg = read_package(&copy, &archive, first, &mut |_| None).unwrap();
            let mut bytes = bytes.clone();
            bytes[at] ^= change;
            let config = Config {
                importer: &Imports { source: &graph.packages[0], packages: &[] },
                go_version: None,
                ignore_func_bodies: false,
                fake_import_c: false,
                ignore_branch_errors: true,
            };
            let read = ArchivedBodies::open(&copy, pkg, &bytes, first)
                .and_then(|bodies| bodies.read(&bodies.functions(), config));
            noticed += usize::from(read.is_err());
        }
        if let Ok(cut) =
            ArchivedBodies::open(&program.store, package.pkg.unwrap(), &bytes[..at], first)
        {
            panic!("{at} bytes are read as {} functions", cut.functions().len());
        }
    }
    assert!(noticed > 100, "{noticed} of {} bytes", bytes.len());
}
