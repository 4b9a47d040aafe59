//! Writing the text form.

use crate::data::{Data, Reloc, RelocTarget, Section};
use crate::func::{Attrs, Block, BlockData, Func, Pos, Signature, Slot, SlotData, Val};
use crate::inst::{AllocWhat, Barrier, Callee, Inst, Op, Place, Target, Terminator};
use crate::program::{Context, Program};
use crate::sym::Sym;
use crate::types::{ChanDir, Method, Shape, TypeId};
use std::fmt::{self, Display, Formatter};

/// A whole program, items sorted by name within their kind. The types that are listed are those with names that are
/// defined; others show where they are used.
pub fn print_program(program: &Program) -> String {
    let print = Print { context: &program.context, file: None };
    let mut text = String::new();
    let mut section = |mut items: Vec<String>, sorted: bool| {
        if sorted {
            items.sort();
        }
        for item in items {
            text.push_str(&item);
        }
    };
    section(print.types(), true);
    section(program.types.iter().map(|&t| format!("descriptor {}\n", print.ty(t))).collect(), true);
    section(
        program
            .externs
            .iter()
            .map(|e| format!("extern {}{}\n", print.sym(e.sym), print.sig(&e.sig)))
            .collect(),
        true,
    );
    section(
        program
            .aliases
            .iter()
            .map(|a| format!("alias {} = {}\n", print.sym(a.0), print.sym(a.1)))
            .collect(),
        true,
    );
    section(
        program
            .inits
            .iter()
            .map(|i| {
                let funcs = list(&i.funcs, |&f| print.sym(f));
                format!("init {} {{ {funcs} }}\n", print.sym(i.package))
            })
            .collect(),
        false,
    );
    section(program.data.iter().map(|d| print.data(d)).collect(), false);
    section(program.funcs.iter().map(|f| print_func(&program.context, f)).collect(), false);
    text
}

/// One function.
pub fn print_func(context: &Context, func: &Func) -> String {
    let print = Print { context, file: func.pos.map(|p| p.file) };
    format!("{}", show(|f| print.func(func, f)))
}

/// A type as the text form writes it.
pub fn print_type(context: &Context, ty: TypeId) -> String {
    Print { context, file: None }.ty(ty).to_string()
}

/// What is written is looked up here; `file` is the one that positions leave out.
struct Print<'c> {
    context: &'c Context,
    file: Option<Sym>,
}

/// Something that a closure writes.
struct Show<F>(F);

impl<F: Fn(&mut Formatter<'_>) -> fmt::Result> Display for Show<F> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}

fn show<F: Fn(&mut Formatter<'_>) -> fmt::Result>(f: F) -> Show<F> {
    Show(f)
}

fn list<T, D: Display>(items: &[T], item: impl Fn(&T) -> D) -> impl Display {
    show(move |f| {
        for (i, it) in items.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{}", item(it))?;
        }
        Ok(())
    })
}

impl Display for Val {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.index())
    }
}

impl Display for Block {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "b{}", self.index())
    }
}

impl Display for Slot {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.index())
    }
}

impl Display for Target {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.args.len() {
            0 => write!(f, "{}", self.block),
            _ => write!(f, "{}({})", self.block, list(&self.args, |&v| v)),
        }
    }
}

/// Words that could stand where a name can: as names they are quoted.
const KEYWORDS: &[&str] = &["in", "embedded", "code", "closure"];

/// Whether a name is a word of the text form.
fn is_word(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| is_word_char(c) && !c.is_ascii_digit() && c != '.' && c != '/')
        && chars.all(is_word_char)
        && !text.contains("//")
        && !KEYWORDS.contains(&text)
}

/// Whether a word may go on with this.
pub(super) fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || "_./$·".contains(c)
}

fn quoted(bytes: &[u8]) -> impl Display {
    show(move |f| {
        f.write_str("\"")?;
        for &byte in bytes {
            match byte {
                b'"' | b'\\' => write!(f, "\\{}", byte as char)?,
                b'\n' => f.write_str("\\n")?,
                b' '..=b'~' => write!(f, "{}", byte as char)?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        f.write_str("\"")
    })
}

impl Print<'_> {
    fn sym(&self, sym: Sym) -> impl Display {
        show(move |f| {
            let text = self.context.syms.text(sym);
            if is_word(text) { f.write_str(text) } else { write!(f, "{}", quoted(text.as_bytes())) }
        })
    }

    /// A name and the package of unexported ones.
    fn name(&self, name: Sym, pkg: Option<Sym>) -> impl Display {
        show(move |f| {
            write!(f, "{}", self.sym(name))?;
            pkg.map_or(Ok(()), |pkg| write!(f, " in {}", self.sym(pkg)))
        })
    }

    fn pos(&self, pos: Option<Pos>) -> impl Display {
        show(move |f| match pos {
            None => Ok(()),
            Some(pos) if Some(pos.file) == self.file => write!(f, " @{}:{}", pos.line, pos.col),
            Some(pos) => {
                let file = self.context.syms.text(pos.file);
                write!(f, " @ {}:{}:{}", quoted(file.as_bytes()), pos.line, pos.col)
            }
        })
    }

    fn ty(&self, ty: TypeId) -> impl Display {
        show(move |f| match self.context.types.name(ty) {
            Some(name) => write!(f, "{}", self.sym(name.link)),
            None => self.shape(self.context.types.shape(ty), f),
        })
    }

    fn tys(&self, types: &[TypeId]) -> impl Display {
        list(types, |&t| self.ty(t))
    }

    fn sig(&self, sig: &Signature) -> impl Display {
        show(move |f| write!(f, "({}) ({})", self.tys(&sig.params), self.tys(&sig.results)))
    }

    fn shape(&self, shape: &Shape, f: &mut Formatter<'_>) -> fmt::Result {
        match shape {
            Shape::Basic(basic) => f.write_str(crate::types::Basic::ALL[*basic as usize].1),
            Shape::Pointer(elem) => write!(f, "*{}", self.ty(*elem)),
            Shape::Slice(elem) => write!(f, "[]{}", self.ty(*elem)),
            Shape::Array { len, elem } => write!(f, "[{len}]{}", self.ty(*elem)),
            Shape::Map { key, elem } => write!(f, "map[{}]{}", self.ty(*key), self.ty(*elem)),
            Shape::Chan { dir: ChanDir::Both, elem } => write!(f, "chan({})", self.ty(*elem)),
            Shape::Chan { dir: ChanDir::Send, elem } => write!(f, "chan<-({})", self.ty(*elem)),
            Shape::Chan { dir: ChanDir::Recv, elem } => write!(f, "<-chan({})", self.ty(*elem)),
            Shape::Struct(fields) => {
                f.write_str("struct {")?;
                for (i, field) in fields.iter().enumerate() {
                    let sep = if i == 0 { " " } else { "; " };
                    let embedded = if field.embedded { "embedded " } else { "" };
                    let name = self.name(field.name, field.pkg);
                    write!(f, "{sep}{embedded}{name} {}", self.ty(field.ty))?;
                    if !field.tag.is_empty() {
                        write!(f, " {}", quoted(&field.tag))?;
                    }
                }
                f.write_str(" }")
            }
            Shape::Func { params, results, variadic } => {
                let dots = if *variadic { " variadic" } else { "" };
                write!(f, "func({}) ({}){dots}", self.tys(params), self.tys(results))
            }
            Shape::Interface(methods) => {
                f.write_str("interface {")?;
                for (i, method) in methods.iter().enumerate() {
                    let sep = if i == 0 { " " } else { "; " };
                    write!(
                        f,
                        "{sep}{} {}",
                        self.name(method.name, method.pkg),
                        self.ty(method.ty)
                    )?;
                }
                f.write_str(" }")
            }
        }
    }

    fn types(&self) -> Vec<String> {
        let types = &self.context.types;
        let mut items = Vec::new();
        for ty in types.all() {
            if let Some(name) = types.name(ty)
                && types.is_defined(ty)
                && name.pkg.is_some()
            {
                let pkg = name.pkg.map(|p| format!(" pkg {}", self.sym(p))).unwrap_or_default();
                let link = self.sym(name.link);
                let shape = show(|f| self.shape(types.shape(ty), f));
                let (name, string) = (self.sym(name.name), self.sym(name.string));
                items.push(format!("type {link} name {name}{pkg} string {string} = {shape}\n"));
            }
            if let Some(methods) = types.methods(ty) {
                let methods = list(methods, |m| self.method(m));
                items.push(format!("methods {} {{ {methods} }}\n", self.ty(ty)));
            }
        }
        items
    }

    fn method(&self, m: &Method) -> String {
        let (name, ty) = (self.name(m.name, m.pkg), self.ty(m.ty));
        format!("{name} {ty} ifn {} tfn {}", self.sym(m.ifn), self.sym(m.tfn))
    }

    fn data(&self, data: &Data) -> String {
        let section = match data.section {
            Section::Variable => "variable",
            Section::Constant => "constant",
        };
        let mut text = format!("data {section} {} {}", self.sym(data.sym), self.ty(data.ty));
        if !data.bytes.is_empty() {
            text += &format!(" = {}", quoted(&data.bytes));
        }
        if !data.relocs.is_empty() {
            text += &format!(" {{ {} }}", list(&data.relocs, |r| self.reloc(r)));
        }
        text + &format!("{}\n", self.pos(data.pos))
    }

    fn reloc(&self, reloc: &Reloc) -> String {
        let target = match &reloc.target {
            RelocTarget::Sym(sym) => format!("sym_addr {}", self.sym(*sym)),
            RelocTarget::FuncValue(sym) => format!("func_value {}", self.sym(*sym)),
            RelocTarget::Type(ty) => format!("type_addr {}", self.ty(*ty)),
            RelocTarget::Itab(iface, ty) => {
                format!("itab_addr {}, {}", self.ty(*iface), self.ty(*ty))
            }
            RelocTarget::Bytes(bytes) => format!("bytes {}", quoted(bytes)),
        };
        format!("{} {target}{}", reloc.at, plus(reloc.addend))
    }

    fn func(&self, func: &Func, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "func {}{}", self.sym(func.sym), self.sig(&func.sig))?;
        if func.name != func.sym {
            write!(f, " name {}", self.sym(func.name))?;
        }
        for (attr, word) in Attrs::WORDS {
            if func.attrs.has(*attr) {
                write!(f, " {word}")?;
            }
        }
        let header = Print { file: None, ..*self };
        writeln!(f, "{} {{", header.pos(func.pos))?;
        for (i, slot) in func.slots.iter().enumerate() {
            self.slot(Slot::new(i), slot, f)?;
        }
        for (i, block) in func.blocks.iter().enumerate() {
            self.block(func, Block::new(i), block, f)?;
        }
        f.write_str("}\n")
    }

    fn slot(&self, slot: Slot, data: &SlotData, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "slot {slot} {}", self.ty(data.ty))?;
        if let Some(name) = data.name {
            write!(f, " name {}", self.sym(name))?;
        }
        if let Some(param) = data.param {
            write!(f, " param {param}")?;
        }
        if data.pinned {
            f.write_str(" pinned")?;
        }
        writeln!(f, "{}", self.pos(data.pos))
    }

    fn block(&self, func: &Func, b: Block, data: &BlockData, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{b}")?;
        if !data.params.is_empty() {
            write!(f, "({})", list(&data.params, |&v| typed(func, v)))?;
        }
        writeln!(f, "{}:", if data.cold { " cold" } else { "" })?;
        for &inst in &data.insts {
            let Inst { op, results, pos } = &func.insts[inst.index()];
            f.write_str("  ")?;
            if !results.is_empty() {
                write!(f, "{} = ", list(results, |&v| typed(func, v)))?;
            }
            writeln!(f, "{}{}", show(|f| self.op(op, f)), self.pos(*pos))?;
        }
        match &data.term {
            Some(term) => {
                writeln!(f, "  {}{}", show(|f| self.term(term, f)), self.pos(data.term_pos))
            }
            None => Ok(()),
        }
    }

    fn op(&self, op: &Op, f: &mut Formatter<'_>) -> fmt::Result {
        match op {
            Op::Iconst(_, value) => write!(f, "iconst {value}"),
            Op::F32const(bits) => write!(f, "f32const 0x{bits:08x}"),
            Op::F64const(bits) => write!(f, "f64const 0x{bits:016x}"),
            Op::Null => f.write_str("null"),
            Op::SymAddr(sym, offset) => write!(f, "sym_addr {}{}", self.sym(*sym), plus(*offset)),
            Op::FuncValue(sym) => write!(f, "func_value {}", self.sym(*sym)),
            Op::TypeAddr(ty) => write!(f, "type_addr {}", self.ty(*ty)),
            Op::ItabAddr(iface, ty) => write!(f, "itab_addr {}, {}", self.ty(*iface), self.ty(*ty)),
            Op::Bytes(bytes) => write!(f, "bytes {}", quoted(bytes)),
            Op::Unary(op, x) => write!(f, "{} {x}", op.word()),
            Op::Binary(op, x, y) => write!(f, "{} {x}, {y}", op.word()),
            Op::Fma(x, y, z) => write!(f, "fma {x}, {y}, {z}"),
            Op::AddCarry(x, y, carry) => write!(f, "add_carry {x}, {y}, {carry}"),
            Op::SubBorrow(x, y, borrow) => write!(f, "sub_borrow {x}, {y}, {borrow}"),
            Op::DivWide { hi, lo, y } => write!(f, "div_wide {hi}, {lo}, {y}"),
            Op::Compare(cond, x, y) => write!(f, "{} {x}, {y}", cond.word()),
            Op::Select(cond, x, y) => write!(f, "select {cond}, {x}, {y}"),
            Op::Convert(op, _, x) => write!(f, "{} {x}", op.word()),
            Op::PtrAdd(base, bytes) => write!(f, "ptr_add {base}, {bytes}"),
            Op::SlotAddr(slot, offset) => write!(f, "slot_addr {slot}{}", plus(i64::from(*offset))),
            Op::Load { addr, offset, .. } => write!(f, "load {addr}{}", plus(i64::from(*offset))),
            Op::Store { addr, offset, val, barrier } => {
                let offset = plus(i64::from(*offset));
                write!(f, "store {addr}{offset}, {val}{}", with_barrier(*barrier))
            }
            Op::Copy { ty, dst, src, barrier } => {
                write!(f, "copy {}, {dst}, {src}{}", self.ty(*ty), with_barrier(*barrier))
            }
            Op::Zero { ty, dst, barrier } => {
                write!(f, "zero {}, {dst}{}", self.ty(*ty), with_barrier(*barrier))
            }
            Op::Alloc { ty, what, place } => {
                write!(f, "alloc {}, {}{}", self.ty(*ty), self.what(*what), stack(*place))
            }
            Op::AllocArray { elem, len, what, place } => {
                let (elem, what) = (self.ty(*elem), self.what(*what));
                write!(f, "alloc_array {elem}, {len}, {what}{}", stack(*place))
            }
            Op::NilCheck(x) => write!(f, "nil_check {x}"),
            Op::DivCheck(x) => write!(f, "div_check {x}"),
            Op::ShiftCheck(x) => write!(f, "shift_check {x}"),
            Op::BoundsCheck { kind, x, y, signed } => {
                let signed = if *signed { " signed" } else { "" };
                write!(f, "bounds_check {} {x}, {y}{signed}", kind.word())
            }
            Op::Call { callee, sig, args } => write!(f, "call {}", self.call(callee, sig, args)),
            Op::Context => f.write_str("context"),
            Op::EnterDefer(slot) => write!(f, "enter_defer {slot}"),
            Op::Poll => f.write_str("poll"),
            Op::FrameAddr => f.write_str("frame_addr"),
            Op::AtomicLoad(_, addr) => write!(f, "atomic_load {addr}"),
            Op::AtomicStore(addr, x) => write!(f, "atomic_store {addr}, {x}"),
            Op::AtomicRmw(op, addr, x) => write!(f, "{} {addr}, {x}", op.word()),
            Op::AtomicCas(addr, old, new) => write!(f, "atomic_cas {addr}, {old}, {new}"),
            Op::KeepAlive(x) => write!(f, "keep_alive {x}"),
            Op::Prefetch(x) => write!(f, "prefetch {x}"),
        }
    }

    fn call(&self, callee: &Callee, sig: &Signature, args: &[Val]) -> impl Display {
        show(move |f| {
            match callee {
                Callee::Direct(sym) => write!(f, "{}", self.sym(*sym))?,
                Callee::Code(val) => write!(f, "code {val}")?,
                Callee::Closure(val) => write!(f, "closure {val}")?,
            }
            write!(f, "({}): {}", list(args, |&v| v), self.sig(sig))
        })
    }

    fn what(&self, what: AllocWhat) -> impl Display {
        show(move |f| match what {
            AllocWhat::Variable(name) => write!(f, "variable {}", self.sym(name)),
            _ => {
                let word = AllocWhat::WORDS.iter().find(|w| w.0 == what);
                f.write_str(word.expect("a word for each").1)
            }
        })
    }

    fn term(&self, term: &Terminator, f: &mut Formatter<'_>) -> fmt::Result {
        match term {
            Terminator::Jump(target) => write!(f, "jump {target}"),
            Terminator::Branch { cond, then, els } => write!(f, "branch {cond}, {then}, {els}"),
            Terminator::Switch { val, cases, default } => {
                let cases = list(cases, |(value, block)| format!("{value}: {block}"));
                write!(f, "switch {val} {{ {cases} }} {default}")
            }
            Terminator::Return(args) if args.is_empty() => f.write_str("return"),
            Terminator::Return(args) => write!(f, "return {}", list(args, |&v| v)),
            Terminator::TailCall { callee, sig, args } => {
                write!(f, "tail_call {}", self.call(callee, sig, args))
            }
            Terminator::Unreachable => f.write_str("unreachable"),
        }
    }
}

fn typed(func: &Func, val: Val) -> String {
    format!("{val}: {}", func.scalar(val).word())
}

fn with_barrier(barrier: Barrier) -> impl Display {
    show(move |f| match barrier {
        Barrier::None => Ok(()),
        _ => write!(f, " {}", barrier.word()),
    })
}

fn stack(place: Place) -> &'static str {
    match place {
        Place::Heap => "",
        Place::Stack => " stack",
    }
}

/// An offset, if it is not zero.
fn plus(offset: i64) -> impl Display {
    show(move |f| match offset {
        0 => Ok(()),
        1.. => write!(f, " + {offset}"),
        _ => write!(f, " - {}", offset.unsigned_abs()),
    })
}
