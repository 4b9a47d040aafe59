//! Bodies of generic and inlinable functions, with the closures in them.
//!
//! A body is kept as it is written, together with what the meaning of its names depends on beside the package: the imports
//! and the language version of its file. Reading it back parses and checks it, against the objects of the package that
//! the archive's other parts have put into the store; so all that is found out about a body when its package is
//! checked is found out again, and in a form that cannot contradict the rest of the archive.
//!
//! What is parsed is the file with all but the wanted functions blanked out: each byte keeps its place, line and column.
//! Of `//line` directives those between functions are lost. They change what messages say, not what they mean, and
//! [`Store::position`] does not read places from these trees.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use trigo_syntax::ast::{Decl, DeclKind, ExprId, ExprKind, File, IdentId};
use trigo_syntax::token::Op;
use trigo_syntax::{FileId, FilePos, LineCol, MAX_SOURCE_BYTES, Mode, Pos, Source, parse_file};

use super::inline::may_be_inlined;
use super::read::Damaged;
use crate::check::{Checked, Config, check_bodies};
use crate::ids::{ObjId, PkgId};
use crate::store::Store;

/// What is kept of a file.
#[derive(Serialize, Deserialize)]
struct FileRecord<'a> {
    /// Its place among the package's files.
    file: u32,
    /// [`File::go_version`].
    version: Option<&'a str>,
    /// In source order.
    #[serde(borrow)]
    pieces: Vec<Piece<'a>>,
}

/// A piece of a file's text.
#[derive(Serialize, Deserialize)]
struct Piece<'a> {
    /// Where the name of the function stands that it is; none if it is the package clause or an import.
    function: Option<u32>,
    /// Its place in bytes.
    offset: u32,
    /// The line it starts in, from 1.
    line: u32,
    /// The bytes before it in that line.
    column: u32,
    #[serde(borrow)]
    text: Text<'a>,
}

/// Source text, which is written as one thing and not byte by byte.
#[derive(Clone, Copy)]
struct Text<'a>(&'a [u8]);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&'a [u8]>::deserialize(deserializer).map(Text)
    }
}

/// Writes the bodies of the generic and inlinable functions of a package without errors. The numbers of its files follow
/// one another.
pub fn write_bodies(files: &[Arc<File>]) -> Vec<u8> {
    let mut records = Vec::new();
    for (file, number) in files.iter().zip(0..) {
        let pieces = pieces(file);
        if !pieces.is_empty() {
            let version = file.go_version.as_deref();
            records.push(FileRecord { file: number, version, pieces });
        }
    }
    postcard::to_allocvec(&records).expect("memory takes all that is written")
}

/// The functions of a file that are kept, after its package clause and imports; nothing if there are none.
fn pieces(file: &File) -> Vec<Piece<'_>> {
    let decls = || file[file.decls].iter().map(|&id| &file[id]);
    // Expressions are numbered in source order: those of a declaration end where the next ones begin.
    let ends = decls().skip(1).filter_map(|decl| first_expr(file, decl)).chain([file.expr_count()]);
    let functions: Vec<Piece<'_>> =
        decls().zip(ends).filter_map(|(decl, end)| function(file, decl, end)).collect();
    let Some(package) = file.package.filter(|_| !functions.is_empty()) else {
        return Vec::new();
    };
    let mut pieces = vec![piece(file, None, file.pos, file.end(package.expr()))];
    let mut last_group = None;
    for decl in decls() {
        let DeclKind::Import { path: Some(path), .. } = decl.kind else { continue };
        match decl.group {
            None => pieces.push(piece(file, None, decl.keyword, file.end(path))),
            Some(group) if last_group.replace(group) == Some(group) => {}
            Some(group) => {
                let end = Pos(file[group].rparen.0 + 1);
                pieces.push(piece(file, None, file[group].keyword, end));
            }
        }
    }
    pieces.extend(functions);
    pieces
}

/// The number of a declaration's first expression; none if an import has no path, which is an error.
fn first_expr(file: &File, decl: &Decl) -> Option<usize> {
    let first = match decl.kind {
        DeclKind::Import { name, path } => name.map(IdentId::expr).or(path)?,
        DeclKind::Const { names, .. } | DeclKind::Var { names, .. } => file[names].first()?.expr(),
        DeclKind::Type { name, .. } => name.expr(),
        DeclKind::Func { recv, name, .. } => match file[recv].first() {
            Some(recv) => recv.name.map_or(recv.ty, IdentId::expr),
            None => name.expr(),
        },
    };
    Some(first.index())
}

/// A function with its directives, if it is kept. Its expressions are numbered up to `end`.
fn function<'a>(file: &'a File, decl: &Decl, end: usize) -> Option<Piece<'a>> {
    let DeclKind::Func { recv, name, type_params, ty, body: Some(body) } = decl.kind else {
        return None;
    };
    let generic_recv = || file[recv].first().is_some_and(|recv| has_arguments(file, recv.ty));
    let exprs = ty.index()..end;
    if type_params.is_empty() && !generic_recv() && !may_be_inlined(file, body, exprs) {
        return None;
    }
    let start = file[decl.directives].first().map_or(decl.keyword, |first| first.pos);
    Some(piece(file, Some(file.ident_pos(name).0), start, file.block_end(body)))
}

/// Whether a receiver's type has type arguments.
fn has_arguments(file: &File, ty: ExprId) -> bool {
    match file[file.unparen(ty)].kind {
        ExprKind::Unary { op: Op::Mul, x } => has_arguments(file, x),
        kind => matches!(kind, ExprKind::Index { .. }),
    }
}

fn piece(file: &File, function: Option<u32>, start: Pos, end: Pos) -> Piece<'_> {
    let LineCol { line, col } = file.line_col(start);
    let text = Text(&file.source().text[start.offset()..end.offset()]);
    Piece { function, offset: start.0, line, column: col - 1, text }
}

/// The bodies that were written of a package that is in the store.
pub struct ArchivedBodies<'a> {
    store: &'a Store,
    pkg: PkgId,
    first_file: FileId,
    files: Vec<FileRecord<'a>>,
    /// By its place.
    functions: FxHashMap<FilePos, ObjId>,
}

/// Functions that were read from an archive.
pub struct Bodies {
    /// Trees of the files that they are in, with those functions and the files' imports, and nothing else. Every node
    /// has its place in the whole file.
    pub files: Vec<Arc<File>>,
    /// What was found out, by file in that order. There are errors only if the package was written without its bodies
    /// being checked.
    pub checked: Checked,
}

impl<'a> ArchivedBodies<'a> {
    /// The bodies of a package that [`read_package`](super::read_package) made, with the same `first_file`.
    ///
    /// # Errors
    ///
    /// If they are damaged, or those of another package.
    pub fn open(
        store: &'a Store,
        pkg: PkgId,
        bodies: &'a [u8],
        first_file: FileId,
    ) -> Result<Self, Damaged> {
        let files: Vec<FileRecord<'a>> = postcard::from_bytes(bodies).map_err(|_| Damaged)?;
        let declared = store.functions(pkg).into_iter();
        let declared: FxHashMap<FilePos, ObjId> =
            declared.filter_map(|func| Some((store.obj(func).pos?, func))).collect();
        let mut functions = FxHashMap::default();
        for file in &files {
            for at in file.pieces.iter().filter_map(|piece| piece.function) {
                let pos = FilePos { file: file.id(first_file), pos: Pos(at) };
                // Functions without a name that others could use are not found: `init` and `_`.
                if let Some(&func) = declared.get(&pos) {
                    functions.insert(pos, func);
                }
            }
        }
        Ok(ArchivedBodies { store, pkg, first_file, files, functions })
    }

    /// The functions and methods whose bodies there are, in source order.
    pub fn functions(&self) -> Vec<ObjId> {
        let mut list: Vec<(FilePos, ObjId)> =
            self.functions.iter().map(|(pos, func)| (*pos, *func)).collect();
        list.sort_unstable();
        list.into_iter().map(|(_, func)| func).collect()
    }

    /// Reads the bodies of some functions; those that are not there are passed over. `config` is that with which the
    /// package was checked; its importer is asked for the imports of the files that the functions are in.
    ///
    /// # Errors
    ///
    /// If the text of a function is damaged.
    pub fn read(&self, functions: &[ObjId], config: Config<'_>) -> Result<Bodies, Damaged> {
        let wanted: FxHashSet<ObjId> = functions.iter().copied().collect();
        let mut files = Vec::new();
        for record in &self.files {
            let id = record.id(self.first_file);
            let is_wanted = |piece: &&Piece<'_>| match piece.function {
                None => true,
                Some(at) => {
                    let func = self.functions.get(&FilePos { file: id, pos: Pos(at) });
                    func.is_some_and(|func| wanted.contains(func))
                }
            };
            let pieces: Vec<&Piece<'_>> = record.pieces.iter().filter(is_wanted).collect();
            if pieces.iter().any(|piece| piece.function.is_some()) {
                files.push(Arc::new(self.parse(id, record, &pieces)?));
            }
        }
        let config = Config { ignore_func_bodies: false, ignore_branch_errors: true, ..config };
        let checked = check_bodies(self.store, self.pkg, &files, config);
        Ok(Bodies { files, checked })
    }

    fn parse(
        &self,
        id: FileId,
        record: &FileRecord<'_>,
        pieces: &[&Piece<'_>],
    ) -> Result<File, Damaged> {
        let name = self.store.file_name(id).unwrap_or_default();
        let source = Source::new(id, name, text(pieces).ok_or(Damaged)?);
        let mode = Mode { check_branches: true, ..Mode::default() };
        let mut errors = Vec::new();
        let mut file = parse_file(source, self.store.interner(), mode, &mut errors);
        if !errors.is_empty() {
            return Err(Damaged);
        }
        file.go_version = record.version.map(Into::into);
        Ok(file)
    }
}

impl FileRecord<'_> {
    fn id(&self, first_file: FileId) -> FileId {
        FileId(first_file.0.wrapping_add(self.file))
    }
}

/// The text in which each piece stands at its place, with blanks between them. None if there is no such text.
fn text(pieces: &[&Piece<'_>]) -> Option<Vec<u8>> {
    let mut text: Vec<u8> = Vec::new();
    let mut line = 1;
    for piece in pieces {
        let offset =
            (piece.offset as usize <= MAX_SOURCE_BYTES).then_some(piece.offset as usize)?;
        let lines = piece.line.checked_sub(line)? as usize;
        let gap = offset.checked_sub(text.len())?;
        if lines > 0 {
            let rest = gap.checked_sub(lines)?.checked_sub(piece.column as usize)?;
            text.resize(text.len() + rest, b' ');
            text.resize(text.len() + lines, b'\n');
        } else if !text.is_empty() {
            // Declarations in one line have a semicolon between them.
            text.push(b';');
        }
        (text.len() <= offset).then(|| text.resize(offset, b' '))?;
        text.extend_from_slice(piece.text.0);
        line = piece.line + piece.text.0.iter().filter(|&&byte| byte == b'\n').count() as u32;
    }
    Some(text)
}
