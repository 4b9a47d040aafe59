//! Reading the text form: items, types, names. Functions are read in [`parse_func`](super::parse_func).

use super::lex::{Token, lex};
use crate::data::{Data, Reloc, RelocTarget, Section};
use crate::func::{Pos, Signature};
use crate::program::{Context, Extern, Init, Program};
use crate::sym::Sym;
use crate::types::{Basic, ChanDir, Field, InterfaceMethod, Method, Name, Shape, TypeId};
use std::sync::Arc;

/// What reading gives; an error says the line.
pub(super) type Parsed<T> = Result<T, String>;

/// Reads a whole program. Types may be used before they are defined; a name that stays undefined is an error.
pub fn parse_program(text: &str) -> Result<Program, String> {
    let context = Arc::new(Context::default());
    let mut program = Program {
        context: Arc::clone(&context),
        funcs: Vec::new(),
        externs: Vec::new(),
        data: Vec::new(),
        types: Vec::new(),
        inits: Vec::new(),
        aliases: Vec::new(),
    };
    let tokens = lex(text)?;
    let types = Parser::new(&context, &tokens);
    types.declare()?;
    let mut parser = Parser::new(&context, &tokens);
    while *parser.peek() != Token::End {
        parser.item(&mut program)?;
    }
    for ty in context.types.all() {
        if !context.types.is_defined(ty) {
            let name = context.types.name(ty).expect("others are defined when they are made");
            return Err(format!("type {} is not defined", context.syms.text(name.link)));
        }
    }
    Ok(program)
}

/// A place in the tokens.
pub(super) struct Parser<'a> {
    pub(super) context: &'a Context,
    tokens: &'a [(Token, u32)],
    at: usize,
    /// The file of positions that name none.
    pub(super) file: Option<Sym>,
}

impl<'a> Parser<'a> {
    fn new(context: &'a Context, tokens: &'a [(Token, u32)]) -> Self {
        Self { context, tokens, at: 0, file: None }
    }

    /// Makes the defined types, before anything mentions them.
    fn declare(mut self) -> Parsed<()> {
        while *self.peek() != Token::End {
            if self.accept_word("type") {
                let name = self.type_name()?;
                self.context.types.named(name);
            } else {
                self.at += 1;
            }
        }
        Ok(())
    }

    pub(super) fn peek(&self) -> &'a Token {
        &self.tokens[self.at].0
    }

    pub(super) fn next(&mut self) -> &'a Token {
        let token = self.peek();
        if *token != Token::End {
            self.at += 1;
        }
        token
    }

    pub(super) fn error<T>(&self, message: impl std::fmt::Display) -> Parsed<T> {
        let (token, line) = &self.tokens[self.at];
        Err(format!("line {line}: {message}, at {token:?}"))
    }

    pub(super) fn accept(&mut self, punct: &'static str) -> bool {
        let found = *self.peek() == Token::Punct(punct);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, punct: &'static str) -> Parsed<()> {
        if self.accept(punct) { Ok(()) } else { self.error(format_args!("expected {punct}")) }
    }

    pub(super) fn accept_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Word(w) if w == word);
        self.at += usize::from(found);
        found
    }

    fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.accept_word(word) { Ok(()) } else { self.error(format_args!("expected {word}")) }
    }

    pub(super) fn word(&mut self) -> Parsed<&'a str> {
        match self.peek() {
            Token::Word(word) => {
                self.at += 1;
                Ok(word)
            }
            _ => self.error("expected a word"),
        }
    }

    pub(super) fn number<N: TryFrom<i128>>(&mut self) -> Parsed<N> {
        let negative = self.accept("-");
        let Token::Number(value) = *self.peek() else { return self.error("expected a number") };
        let value = if negative { -value } else { value };
        let Ok(value) = N::try_from(value) else { return self.error("a number out of range") };
        self.at += 1;
        Ok(value)
    }

    /// An offset behind `+` or `-`; 0 if there is none.
    pub(super) fn offset(&mut self) -> Parsed<i64> {
        match self.peek() {
            Token::Punct("-") => self.number(),
            Token::Punct("+") => {
                self.at += 1;
                self.number()
            }
            _ => Ok(0),
        }
    }

    pub(super) fn sym(&mut self) -> Parsed<Sym> {
        match self.peek() {
            Token::Word(word) => {
                self.at += 1;
                Ok(self.context.syms.intern(word))
            }
            Token::Quoted(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => {
                    self.at += 1;
                    Ok(self.context.syms.intern(text))
                }
                Err(_) => self.error("a name that is not UTF-8"),
            },
            _ => self.error("expected a name"),
        }
    }

    pub(super) fn quoted(&mut self) -> Parsed<Box<[u8]>> {
        let Token::Quoted(bytes) = self.peek() else { return self.error("expected quoted bytes") };
        self.at += 1;
        Ok(bytes.as_slice().into())
    }

    /// Items between `open` and `close`, with `sep` between them.
    pub(super) fn list<T>(
        &mut self,
        [open, sep, close]: [&'static str; 3],
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        self.expect(open)?;
        let mut items = Vec::new();
        while !self.accept(close) {
            if !items.is_empty() {
                self.expect(sep)?;
            }
            items.push(item(self)?);
        }
        Ok(items)
    }

    pub(super) fn pos(&mut self) -> Parsed<Option<Pos>> {
        if !self.accept("@") {
            return Ok(None);
        }
        let file = if let Token::Quoted(_) = self.peek() {
            let file = self.sym()?;
            self.expect(":")?;
            Some(file)
        } else {
            self.file
        };
        let Some(file) = file else { return self.error("a position without a file") };
        let line = self.number()?;
        self.expect(":")?;
        Ok(Some(Pos { file, line, col: self.number()? }))
    }

    fn item(&mut self, program: &mut Program) -> Parsed<()> {
        match self.word()? {
            "type" => {
                let name = self.type_name()?;
                let ty = self.context.types.named(name);
                self.expect("=")?;
                let shape = self.shape()?;
                self.context.types.define(ty, shape);
            }
            "methods" => {
                let ty = self.ty()?;
                let methods = self.list(["{", ",", "}"], Self::method)?;
                self.context.types.set_methods(ty, methods.into());
            }
            "descriptor" => program.types.push(self.ty()?),
            "extern" => {
                let (sym, sig) = (self.sym()?, self.sig()?);
                program.externs.push(Extern { sym, sig, pos: None });
            }
            "alias" => {
                let alias = self.sym()?;
                self.expect("=")?;
                program.aliases.push((alias, self.sym()?));
            }
            "init" => program.inits.push(self.init()?),
            "data" => program.data.push(self.data()?),
            "func" => program.funcs.push(self.func()?),
            word => return self.error(format_args!("no item begins with {word}")),
        }
        Ok(())
    }

    fn type_name(&mut self) -> Parsed<Name> {
        let link = self.sym()?;
        self.expect_word("name")?;
        let name = self.sym()?;
        let pkg = if self.accept_word("pkg") { Some(self.sym()?) } else { None };
        self.expect_word("string")?;
        Ok(Name { link, pkg, name, string: self.sym()? })
    }

    fn method(&mut self) -> Parsed<Method> {
        let (name, pkg) = self.member()?;
        let ty = self.ty()?;
        self.expect_word("ifn")?;
        let ifn = self.sym()?;
        self.expect_word("tfn")?;
        Ok(Method { name, pkg, ty, ifn, tfn: self.sym()? })
    }

    /// A name and the package of unexported ones.
    fn member(&mut self) -> Parsed<(Sym, Option<Sym>)> {
        let name = self.sym()?;
        let pkg = if self.accept_word("in") { Some(self.sym()?) } else { None };
        Ok((name, pkg))
    }

    fn init(&mut self) -> Parsed<Init> {
        let package = self.sym()?;
        let mut funcs = Vec::new();
        self.list(["{", ",", "}"], |p| p.sym().map(|s| funcs.push(s)))?;
        Ok(Init { package, funcs })
    }

    fn data(&mut self) -> Parsed<Data> {
        let section = match self.word()? {
            "variable" => Section::Variable,
            "constant" => Section::Constant,
            _ => return self.error("expected variable or constant"),
        };
        let sym = self.sym()?;
        let ty = self.ty()?;
        let bytes = if self.accept("=") { self.quoted()?.into() } else { Vec::new() };
        let relocs = match self.peek() {
            Token::Punct("{") => self.list(["{", ",", "}"], Self::reloc)?,
            _ => Vec::new(),
        };
        Ok(Data { sym, ty, bytes, relocs, section, pos: self.pos()? })
    }

    fn reloc(&mut self) -> Parsed<Reloc> {
        let at = self.number()?;
        let target = match self.word()? {
            "sym_addr" => RelocTarget::Sym(self.sym()?),
            "func_value" => RelocTarget::FuncValue(self.sym()?),
            "type_addr" => RelocTarget::Type(self.ty()?),
            "itab_addr" => {
                let iface = self.ty()?;
                self.expect(",")?;
                RelocTarget::Itab(iface, self.ty()?)
            }
            "bytes" => RelocTarget::Bytes(self.quoted()?),
            word => return self.error(format_args!("no address is a {word}")),
        };
        Ok(Reloc { at, target, addend: self.offset()? })
    }

    pub(super) fn tys(&mut self) -> Parsed<Vec<TypeId>> {
        self.list(["(", ",", ")"], Self::ty)
    }

    pub(super) fn sig(&mut self) -> Parsed<Signature> {
        Ok(Signature { params: self.tys()?, results: self.tys()? })
    }

    pub(super) fn ty(&mut self) -> Parsed<TypeId> {
        let types = &self.context.types;
        let named = match self.peek() {
            Token::Word(word) => match word.as_str() {
                "map" | "chan" | "struct" | "func" | "interface" => None,
                name => Some(name),
            },
            Token::Quoted(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        };
        let Some(name) = named else { return Ok(types.intern(self.shape()?)) };
        match types.find_named(self.context.syms.intern(name)) {
            Some(ty) => {
                self.at += 1;
                Ok(ty)
            }
            None => self.error("a type that the text does not define"),
        }
    }

    fn shape(&mut self) -> Parsed<Shape> {
        match self.next() {
            Token::Punct("*") => Ok(Shape::Pointer(self.ty()?)),
            Token::Punct("[") if self.accept("]") => Ok(Shape::Slice(self.ty()?)),
            Token::Punct("[") => {
                let len = self.number()?;
                self.expect("]")?;
                Ok(Shape::Array { len, elem: self.ty()? })
            }
            Token::Punct("<-") => {
                self.expect_word("chan")?;
                self.chan(ChanDir::Recv)
            }
            Token::Word(word) => match word.as_str() {
                "map" => {
                    self.expect("[")?;
                    let key = self.ty()?;
                    self.expect("]")?;
                    Ok(Shape::Map { key, elem: self.ty()? })
                }
                "chan" if self.accept("<-") => self.chan(ChanDir::Send),
                "chan" => self.chan(ChanDir::Both),
                "struct" => Ok(Shape::Struct(self.list(["{", ";", "}"], Self::field)?.into())),
                "func" => {
                    let (params, results) = (self.tys()?.into(), self.tys()?.into());
                    Ok(Shape::Func { params, results, variadic: self.accept_word("variadic") })
                }
                "interface" => {
                    let methods = self.list(["{", ";", "}"], Self::interface_method)?;
                    Ok(Shape::Interface(methods.into()))
                }
                word => match Basic::from_name(word) {
                    Some(basic) => Ok(Shape::Basic(basic)),
                    None => self.error(format_args!("no type begins with {word}")),
                },
            },
            _ => self.error("expected a type"),
        }
    }

    fn chan(&mut self, dir: ChanDir) -> Parsed<Shape> {
        self.expect("(")?;
        let elem = self.ty()?;
        self.expect(")")?;
        Ok(Shape::Chan { dir, elem })
    }

    fn field(&mut self) -> Parsed<Field> {
        let embedded = self.accept_word("embedded");
        let (name, pkg) = self.member()?;
        let ty = self.ty()?;
        let tag = match self.peek() {
            Token::Quoted(_) => self.quoted()?,
            _ => Box::default(),
        };
        Ok(Field { name, pkg, ty, tag, embedded })
    }

    fn interface_method(&mut self) -> Parsed<InterfaceMethod> {
        let (name, pkg) = self.member()?;
        Ok(InterfaceMethod { name, pkg, ty: self.ty()? })
    }
}
