//! A whole program: from the IR to an executable.

use crate::build_info::BuildInfo;
use crate::descriptor::{Descriptors, is_linked, name_piece};
use crate::error::{Error, Place};
use crate::image::Runtime;
use crate::layout::{Fixup, Form, Layout, Piece, PieceId, Section};
use crate::symbols::Symbol;
use crate::tables::Tables;
use crate::target::{Environment, Target};
use crate::translate::{self, Code, Scratch};
use cranelift_codegen::binemit::Reloc;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::time::{Duration, Instant};
use trigo_abi::module::{self, Module, Roots, Table, Text, Write};
use trigo_abi::{ASSEMBLY, NATIVE_PREFIX, PROGRAM_BASE};
use trigo_ir::Style;
use trigo_ir::build::Builder;
use trigo_ir::data::{self, Data, RelocTarget};
use trigo_ir::func::{Attrs, Func, Pos, Signature};
use trigo_ir::inst::{Callee, Terminator};
use trigo_ir::program::Program;
use trigo_ir::sym::Sym;
use trigo_ir::types::TypeId;

/// How long the parts of a compilation took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// Functions to machine code, all threads together running.
    pub code: Duration,
    /// Descriptors, data, tables.
    pub data: Duration,
    /// Addresses, and the file.
    pub link: Duration,
}

/// Compiles a program and joins it with the runtime: an executable file.
///
/// # Errors
/// All that went wrong, sorted: names that nothing defines, and what Cranelift refuses.
pub fn compile(
    program: &Program,
    runtime: &Runtime,
    info: &BuildInfo,
) -> Result<(Vec<u8>, Times), Vec<Error>> {
    let start = Instant::now();
    let env = Environment::new(program.context.clone());
    let inits = run_inits(program);
    let sources = sources(program, &inits);
    let codes =
        sources.par_iter().map_init(Scratch::default, |scratch, s| s.compile(&env, scratch));
    let codes: Vec<_> = codes.collect();
    let failures = codes.iter().filter_map(|code| code.as_ref().err());
    let mut errors: Vec<Error> = failures.map(|failure| failure.clone().into()).collect();
    if !errors.is_empty() {
        errors.sort();
        return Err(errors);
    }
    let codes = sources.iter().zip(codes.into_iter().flatten()).collect();
    let coded = Instant::now();
    let mut linker = Linker::new(program, runtime, codes);
    linker.collect()?;
    linker.build_info(info);
    let data = Instant::now();
    let file = linker.finish().map_err(|error| vec![error.into()])?;
    let times = Times { code: coded - start, data: data - coded, link: data.elapsed() };
    Ok((file, times))
}

/// What becomes machine code.
enum Source<'p> {
    Func(&'p Func),
    Native(Sym, &'p Signature),
}

impl<'p> Source<'p> {
    fn sym(&self) -> Sym {
        match self {
            Source::Func(func) => func.sym,
            Source::Native(sym, _) => *sym,
        }
    }

    /// What tracebacks call it, where it is declared, and its flags ([`module::Func::flags`]).
    fn shown(&self, text: impl Fn(Sym) -> &'p str) -> (&'p str, Option<Pos>, u32) {
        let (name, pos, sig, wrapper) = match self {
            Source::Func(func) => (func.name, func.pos, &func.sig, func.attrs.has(Attrs::WRAPPER)),
            Source::Native(sym, sig) => (*sym, None, *sig, false),
        };
        let name = text(name);
        let flags = [
            (module::WRAPPER, wrapper),
            (module::NO_ARGS, sig.params.is_empty()),
            (module::HIDDEN, module::BEHIND_DEFER.contains(&name)),
        ];
        (name, pos, flags.iter().filter(|(_, has)| *has).map(|(flag, _)| flag).sum())
    }

    fn compile(&self, env: &Environment, scratch: &mut Scratch) -> Result<Code, String> {
        match self {
            Source::Func(func) => translate::function(env, scratch, func),
            Source::Native(sym, sig) => translate::native_stub(env, scratch, *sym, sig),
        }
    }
}

/// `runtime.runInits`, which the runtime declares: runs the initialisers of all packages.
fn run_inits(program: &Program) -> Func {
    let context = &*program.context;
    let sym = context.syms.intern("runtime.runInits");
    let mut b = Builder::new(context, sym, Signature::default());
    for &init in program.inits.iter().flat_map(|init| &init.funcs) {
        b.call(Callee::Direct(init), Signature::default(), &[]);
    }
    b.terminate(Terminator::Return(Default::default()));
    b.finish()
}

/// Functions and stubs of natives, sorted by name.
fn sources<'p>(program: &'p Program, inits: &'p Func) -> Vec<Source<'p>> {
    let text = |sym| program.context.syms.text(sym);
    let natives = program.externs.iter();
    let natives = natives.filter(|e| !ASSEMBLY.contains(&text(e.sym)) && e.sym != inits.sym);
    let natives = natives.map(|e| Source::Native(e.sym, &e.sig));
    let funcs = program.funcs.iter().chain([inits]).map(Source::Func);
    let mut sources: Vec<_> = funcs.chain(natives).collect();
    sources.sort_by_key(|source| text(source.sym()));
    sources
}

/// Brings everything together that the program needs.
struct Linker<'p> {
    program: &'p Program,
    runtime: &'p Runtime,
    codes: Vec<(&'p Source<'p>, Code)>,
    layout: Layout,
    tables: Tables<'p>,
    funcs: FxHashSet<Sym>,
    aliases: FxHashMap<Sym, Sym>,
    types: Vec<TypeId>,
    itabs: Vec<(TypeId, TypeId)>,
    module: Option<PieceId>,
    parts: Option<Parts>,
    /// What the program says of itself.
    info: Option<Text>,
}

/// Pieces that are filled in when addresses are known.
struct Parts {
    module: PieceId,
    funcs: PieceId,
    files: PieceId,
    lines: PieceId,
    strings: PieceId,
    roots: PieceId,
    bits: PieceId,
    itabs: PieceId,
    types: PieceId,
}

/// Bytes that a variable may have, as Go's linker has it.
const MAX_VARIABLE: u64 = 2_000_000_000;

const MODULE: u64 = size_of::<Module>() as u64;

impl<'p> Linker<'p> {
    fn new(program: &'p Program, runtime: &'p Runtime, codes: Vec<(&'p Source<'p>, Code)>) -> Self {
        Self {
            program,
            runtime,
            funcs: codes.iter().map(|(source, _)| source.sym()).collect(),
            codes,
            layout: Layout::default(),
            tables: Tables::new(&program.context.syms),
            aliases: program.aliases.iter().copied().collect(),
            types: Vec::new(),
            itabs: Vec::new(),
            module: None,
            parts: None,
            info: None,
        }
    }

    fn text(&self, sym: Sym) -> &'p str {
        self.program.context.syms.text(sym)
    }

    /// Makes all pieces.
    fn collect(&mut self) -> Result<(), Vec<Error>> {
        let module = Piece { align: 8, size: MODULE, ..Piece::default() };
        let module = self.layout.add(Section::Constants, module);
        let codes = std::mem::take(&mut self.codes);
        let mut wanted = Wanted::default();
        for (source, code) in codes {
            let (name, pos, flags) = source.shown(|sym| self.text(sym));
            self.tables.add(name, pos, flags, &code);
            let piece = code_piece(code);
            wanted.add_all(&piece);
            self.layout.define(RelocTarget::Sym(source.sym()), Section::Text, piece);
        }
        let too_large = self.too_large();
        if !too_large.is_empty() {
            return Err(too_large);
        }
        let types = &self.program.context.types;
        let (empty, others): (Vec<&Data>, Vec<&Data>) =
            self.program.data.iter().partition(|data| types.layout(data.ty).size == 0);
        others.into_iter().for_each(|data| self.data(data, &mut wanted));
        let zerobase = self.program.context.syms.intern("runtime.zerobase");
        let zerobase = self.layout.find(&RelocTarget::Sym(zerobase).into());
        for data in empty {
            // Variables of size zero are where objects of size zero are. Whatever has no variables has no such objects.
            match zerobase {
                Some(zerobase) => self.layout.alias(RelocTarget::Sym(data.sym), zerobase),
                None => self.data(data, &mut wanted),
            }
        }
        for &ty in &self.program.types {
            wanted.add(&Target::Program(RelocTarget::Type(ty)));
        }
        self.types(&mut wanted)?;
        self.constants(wanted)?;
        self.module = Some(module);
        Ok(())
    }

    /// Puts what the program says of itself into the tables, and makes room for these, which are whole then.
    fn build_info(&mut self, info: &BuildInfo) {
        let text = self.tables.bytes(&info.framed());
        let module = self.module.expect("all pieces are made");
        self.parts = Some(self.tables_at(module));
        self.info = Some(text);
    }

    /// The variables that no program can have room for.
    fn too_large(&self) -> Vec<Error> {
        let types = &self.program.context.types;
        let sizes = self.program.data.iter().map(|data| (data.sym, types.layout(data.ty).size));
        let found = sizes.filter(|&(_, size)| size > MAX_VARIABLE).map(|(sym, size)| {
            let name = self.text(sym);
            format!("{name}: symbol too large ({size} bytes > {MAX_VARIABLE} bytes)").into()
        });
        found.collect()
    }

    fn data(&mut self, data: &Data, wanted: &mut Wanted) {
        let types = &self.program.context.types;
        let layout = types.layout(data.ty);
        let fixup = |reloc: &data::Reloc| Fixup {
            at: reloc.at as u32,
            form: Form::Wide,
            target: reloc.target.clone().into(),
            addend: reloc.addend,
        };
        let mut piece = Piece::new(layout.align, data.bytes.clone());
        piece.fixups = data.relocs.iter().map(fixup).collect();
        let end = data.relocs.iter().map(|reloc| reloc.at as usize + 8).max().unwrap_or(0);
        piece.bytes.resize(piece.bytes.len().max(end), 0);
        piece.size = layout.size.max(piece.bytes.len() as u64);
        wanted.add_all(&piece);
        let zeros = piece.fixups.is_empty() && piece.bytes.iter().all(|&byte| byte == 0);
        let section = match (data.section, zeros, layout.ptrdata != 0) {
            (data::Section::Constant, ..) => Section::Constants,
            (_, false, false) => Section::PlainData,
            (_, false, true) => Section::Data,
            (_, true, true) => Section::Zeros,
            (_, true, false) => Section::PlainZeros,
        };
        if matches!(section, Section::Zeros | Section::PlainZeros) {
            piece.bytes.clear();
        }
        if matches!(section, Section::Data | Section::Zeros) {
            piece.align = piece.align.max(8);
        }
        piece.pointers = matches!(section, Section::Data | Section::Zeros).then_some(data.ty);
        self.layout.define(RelocTarget::Sym(data.sym), section, piece);
    }

    /// Descriptors and itabs of all types that are wanted, and that these want.
    fn types(&mut self, wanted: &mut Wanted) -> Result<(), Vec<Error>> {
        let context = &*self.program.context;
        let mut made: FxHashMap<TypeId, Piece> = FxHashMap::default();
        let mut itabs: FxHashMap<(TypeId, TypeId), Piece> = FxHashMap::default();
        let mut errors = Vec::new();
        let has_func = |sym| self.funcs.contains(&sym);
        // A first round finds the types; which pointers to them exist is known only then.
        let unknown = Descriptors { context, has_func: &has_func, has_type: &|_| false };
        loop {
            if let Some(ty) = wanted.types.pop() {
                let piece = unknown.descriptor(ty);
                wanted.add_all(&piece);
                made.insert(ty, piece);
            } else if let Some(itab) = wanted.itabs.pop() {
                match unknown.itab(itab.0, itab.1) {
                    Ok(piece) => {
                        wanted.add_all(&piece);
                        itabs.insert(itab, piece);
                    }
                    Err(error) => errors.push(error.into()),
                }
            } else {
                break;
            }
        }
        if !errors.is_empty() {
            errors.sort();
            return Err(errors);
        }
        let link = |ty: TypeId| context.types.string(&context.syms, ty, Style::Link);
        let mut types: Vec<TypeId> = made.keys().copied().collect();
        types.sort_by_cached_key(|&ty| link(ty));
        let has_type = |ty| made.contains_key(&ty);
        let known = Descriptors { context, has_func: &has_func, has_type: &has_type };
        for &ty in &types {
            let piece = known.descriptor(ty);
            self.layout.define(RelocTarget::Type(ty), Section::Constants, piece);
        }
        self.types = types;
        self.itabs = itabs.keys().copied().collect();
        self.itabs.sort_by_cached_key(|&(iface, ty)| (link(ty), link(iface)));
        for &(iface, ty) in &self.itabs {
            let piece = itabs.remove(&(iface, ty)).unwrap_or_default();
            self.layout.define(RelocTarget::Itab(iface, ty), Section::Constants, piece);
        }
        Ok(())
    }

    /// Everything else that is wanted, in a fixed order.
    fn constants(&mut self, wanted: Wanted) -> Result<(), Vec<Error>> {
        let context = &*self.program.context;
        let link = |ty| context.types.string(&context.syms, ty, Style::Link);
        let mut others: Vec<Target> = wanted.others.into_iter().collect();
        others.sort_by_cached_key(|target| match target {
            Target::Program(RelocTarget::FuncValue(sym)) => (0, self.text(*sym).into()),
            Target::Program(RelocTarget::Bytes(bytes)) => (1, bytes.to_vec()),
            Target::Name(bytes, pkg) => {
                let pkg = pkg.map_or("", |pkg| self.text(pkg));
                (2, [bytes, pkg.as_bytes()].concat())
            }
            Target::Mask(bits) => (3, bits.to_vec()),
            Target::MaskCell(ty) => (4, link(*ty).into_bytes()),
            Target::Program(RelocTarget::Sym(sym)) => (5, self.text(*sym).into()),
            Target::Native(sym) => (6, self.text(*sym).into()),
            Target::Runtime(name) => (7, name.as_bytes().to_vec()),
            Target::Program(RelocTarget::Type(_) | RelocTarget::Itab(..)) => (8, Vec::new()),
        });
        let mut missing = Vec::new();
        let mut next = others;
        while let Some(target) = next.pop() {
            let (section, piece) = match &target {
                Target::Program(RelocTarget::FuncValue(sym)) => {
                    let mut piece = Piece::new(8, Vec::new());
                    piece.push_address(RelocTarget::Sym(*sym));
                    (Section::Constants, piece)
                }
                Target::Program(RelocTarget::Bytes(bytes)) => {
                    (Section::Constants, Piece::new(1, bytes.to_vec()))
                }
                Target::Name(bytes, pkg) => (Section::Constants, name_piece(context, bytes, *pkg)),
                Target::Mask(bits) => (Section::Constants, Piece::new(8, bits.to_vec())),
                Target::MaskCell(_) => (Section::PlainZeros, Piece::zeros(8, 8)),
                Target::Program(RelocTarget::Sym(sym)) => {
                    self.symbol(*sym, &mut missing);
                    continue;
                }
                other => {
                    if self.outside(other).is_none() {
                        missing.push(self.missing(other));
                    }
                    continue;
                }
            };
            // What these pieces name is looked at too.
            for fixup in &piece.fixups {
                if self.layout.find(&fixup.target).is_none() {
                    next.push(fixup.target.clone());
                }
            }
            if self.layout.find(&target).is_none() {
                self.layout.define(target, section, piece);
            }
        }
        missing.sort();
        missing.dedup();
        if missing.is_empty() { Ok(()) } else { Err(missing) }
    }

    /// Looks whether a name is defined, by the program, by an alias, or by the runtime's assembly.
    fn symbol(&mut self, sym: Sym, missing: &mut Vec<Error>) {
        let target = Target::Program(RelocTarget::Sym(sym));
        if self.layout.find(&target).is_some() || self.outside(&target).is_some() {
            return;
        }
        let mut end = sym;
        // A chain of aliases that goes in a circle leads nowhere.
        for _ in 0..self.aliases.len() {
            let Some(&other) = self.aliases.get(&end) else { break };
            end = other;
        }
        match self.layout.find(&Target::Program(RelocTarget::Sym(end))) {
            Some(id) => self.layout.alias(target, id),
            None => missing.push(self.missing(&target)),
        }
    }

    fn missing(&self, target: &Target) -> Error {
        let what = match target {
            Target::Program(RelocTarget::Sym(sym)) => {
                format!(
                    "{}: nothing defines it (a go:linkname that has no other end?)",
                    self.text(*sym)
                )
            }
            Target::Native(sym) => {
                let message =
                    format!("{} has no body here, and nothing else defines it", self.text(*sym));
                return Error { place: self.declaration(*sym), message };
            }
            Target::Runtime(name) => format!("{name}: the runtime does not export it"),
            other => format!("{other:?}: nothing defines it"),
        };
        what.into()
    }

    /// Where a function without body is declared.
    fn declaration(&self, sym: Sym) -> Option<Place> {
        let declared = self.program.externs.iter().find(|declared| declared.sym == sym)?;
        let Pos { file, line, col } = declared.pos?;
        Some(Place { file: self.text(file).into(), line, column: col })
    }

    /// What the runtime exports.
    fn outside(&self, target: &Target) -> Option<u64> {
        match target {
            Target::Runtime(name) => self.runtime.symbol(name),
            Target::Native(sym) => {
                self.runtime.symbol(&format!("{NATIVE_PREFIX}{}", self.text(*sym)))
            }
            Target::Program(RelocTarget::Sym(sym)) if ASSEMBLY.contains(&self.text(*sym)) => {
                self.runtime.symbol(self.text(*sym))
            }
            _ => None,
        }
    }

    /// Room for the tables.
    fn tables_at(&mut self, module: PieceId) -> Parts {
        let linked = self.types.iter().filter(|&&ty| is_linked(&self.program.context, ty)).count();
        let words = self.pointer_words();
        let roots = 2 * size_of::<Roots>() as u64;
        let sizes = [
            self.tables.function_bytes((0..self.tables.functions()).map(|_| 0)).len() as u64,
            8 * self.tables.files() as u64,
            self.tables.lines.len() as u64,
            self.tables.strings.len() as u64,
            roots,
            // Each of the two sections' bitmaps ends with a whole word.
            words.map(|words| words.div_ceil(64) * 8).iter().sum(),
            8 * self.itabs.len() as u64,
            8 * linked as u64,
        ];
        let [funcs, files, lines, strings, roots, bits, itabs, types] =
            sizes.map(|size| self.layout.add(Section::Constants, Piece::zeros(8, size)));
        Parts { module, funcs, files, lines, strings, roots, bits, itabs, types }
    }

    /// Words of the two sections whose variables have pointers.
    fn pointer_words(&mut self) -> [u64; 2] {
        self.layout.place(PROGRAM_BASE);
        [Section::Data, Section::Zeros].map(|section| {
            let (start, end) = self.layout.bounds(section);
            (end - start).div_ceil(8)
        })
    }

    fn finish(mut self) -> Result<Vec<u8>, String> {
        self.layout.place(PROGRAM_BASE);
        let (_, end) = self.layout.bounds(Section::PlainZeros);
        if end > i32::MAX as u64 {
            return Err(format!("the program needs {} MB, which is too large", end >> 20));
        }
        let names = self.tables.names();
        self.fill();
        let segments = self.layout.segments(&|target| self.outside(target));
        let functions = self.layout.section(Section::Text).zip(&names);
        let functions =
            functions.map(|((piece, address), name)| Symbol { name, address, size: piece.size });
        self.runtime.with_segments(&segments, functions)
    }

    fn fill(&mut self) {
        let parts = self.parts.take().expect("the tables have their places");
        let funcs: Vec<u64> = self.layout.section(Section::Text).map(|(_, at)| at).collect();
        let bytes = self.tables.function_bytes(funcs.iter().copied());
        self.layout.piece_mut(parts.funcs).bytes = bytes;
        self.layout.piece_mut(parts.files).bytes = self.tables.file_bytes();
        self.layout.piece_mut(parts.lines).bytes = std::mem::take(&mut self.tables.lines);
        self.layout.piece_mut(parts.strings).bytes = std::mem::take(&mut self.tables.strings);
        let roots = self.roots(&parts);
        self.layout.piece_mut(parts.roots).bytes = roots;
        let itabs = self.itabs.iter().map(|&(iface, ty)| RelocTarget::Itab(iface, ty));
        let itabs = self.addresses(itabs);
        self.layout.piece_mut(parts.itabs).bytes = itabs;
        let types = self.typelinks();
        self.layout.piece_mut(parts.types).bytes = types;
        let module = self.module(&parts);
        self.layout.piece_mut(parts.module).bytes = module;
    }

    fn addresses(&self, targets: impl Iterator<Item = RelocTarget>) -> Vec<u8> {
        let address = |target| self.layout.resolve(&Target::Program(target)).unwrap_or(0);
        targets.flat_map(|target| address(target).to_le_bytes()).collect()
    }

    fn typelinks(&self) -> Vec<u8> {
        let context = &*self.program.context;
        let mut types: Vec<TypeId> =
            self.types.iter().copied().filter(|&ty| is_linked(context, ty)).collect();
        types.sort_by_cached_key(|&ty| context.types.string(&context.syms, ty, Style::Reflect));
        self.addresses(types.into_iter().map(RelocTarget::Type))
    }

    /// The two sections with pointers, and which words of them are pointers.
    fn roots(&mut self, parts: &Parts) -> Vec<u8> {
        let mut bits = Vec::new();
        let mut out = Vec::new();
        let bits_at = self.layout.address(parts.bits);
        for section in [Section::Data, Section::Zeros] {
            let (start, end) = self.layout.bounds(section);
            let words = (end - start).div_ceil(8);
            let mut own = vec![0u8; (words.div_ceil(64) * 8) as usize];
            for (piece, at) in self.layout.section(section) {
                let Some(ty) = piece.pointers else { continue };
                self.program.context.types.each_pointer(ty, at - start, &mut |at| {
                    own[(at / 64) as usize] |= 1 << (at / 8 % 8);
                });
            }
            Roots { start, words, bits: bits_at + bits.len() as u64 }.write(&mut out);
            bits.extend(own);
        }
        self.layout.piece_mut(parts.bits).bytes = bits;
        out
    }

    fn module(&self, parts: &Parts) -> Vec<u8> {
        let function = |name: &str| {
            let sym = self.program.context.syms.intern(name);
            self.layout.resolve(&Target::Program(RelocTarget::Sym(sym))).unwrap_or(0)
        };
        let (text, text_end) = self.layout.bounds(Section::Text);
        let (constants, constants_end) = self.layout.bounds(Section::Constants);
        let at = |id| self.layout.address(id);
        let mut out = Vec::new();
        Module {
            text,
            text_end,
            funcs: table(at(parts.funcs), self.tables.functions()),
            lines: table(at(parts.lines), self.size(parts.lines)),
            files: table(at(parts.files), self.tables.files()),
            strings: table(at(parts.strings), self.size(parts.strings)),
            roots: table(at(parts.roots), 2),
            kinds: Table::EMPTY,
            itabs: table(at(parts.itabs), self.itabs.len()),
            types: table(at(parts.types), self.size(parts.types) / 8),
            constants,
            constants_end,
            main: function("runtime.main"),
            sigpanic: function("runtime.sigpanic"),
            goexit: function("runtime.goexit0"),
            modinfo: self.info.unwrap_or_default(),
            mem_profile_rate: self.mem_profile_rate(),
        }
        .write(&mut out);
        out
    }

    /// The address of the variable that says how often allocations are sampled, if the program reads the samples.
    fn mem_profile_rate(&self) -> u64 {
        let syms = &self.program.context.syms;
        if !self.funcs.contains(&syms.intern("runtime.memProfile")) {
            return 0;
        }
        let variable = syms.intern("runtime.MemProfileRate");
        self.layout.resolve(&Target::Program(RelocTarget::Sym(variable))).unwrap_or(0)
    }

    fn size(&self, id: PieceId) -> usize {
        self.layout.piece(id).size as usize
    }
}

fn table<T>(start: u64, len: usize) -> Table<T> {
    Table { start, len: len as u64, ..Table::EMPTY }
}

/// What is to be made, each once.
#[derive(Default)]
struct Wanted {
    seen: FxHashSet<Target>,
    types: Vec<TypeId>,
    itabs: Vec<(TypeId, TypeId)>,
    others: Vec<Target>,
}

impl Wanted {
    fn add_all(&mut self, piece: &Piece) {
        piece.fixups.iter().for_each(|fixup| self.add(&fixup.target));
    }

    fn add(&mut self, target: &Target) {
        if self.seen.contains(target) {
            return;
        }
        self.seen.insert(target.clone());
        match target {
            Target::Program(RelocTarget::Type(ty)) => self.types.push(*ty),
            Target::Program(RelocTarget::Itab(iface, ty)) => self.itabs.push((*iface, *ty)),
            other => self.others.push(other.clone()),
        }
    }
}

fn code_piece(code: Code) -> Piece {
    let mut piece = Piece::new(code.align, code.bytes);
    for reloc in code.relocs {
        let form = match reloc.kind {
            Reloc::Abs8 => Form::Wide,
            Reloc::Abs4 => Form::Narrow,
            Reloc::X86PCRel4 | Reloc::X86CallPCRel4 => Form::Distance,
            other => unreachable!("{other} is not for programs at fixed addresses"),
        };
        piece.fixups.push(Fixup { at: reloc.at, form, target: reloc.target, addend: reloc.addend });
    }
    piece
}
