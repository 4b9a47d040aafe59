//! How Go writes types: in link names, which are unique, and for `reflect.Type.String`.
//!
//! Follows `cmd/compile/internal/types/fmt.go`, modes `fmtTypeID` and `fmtTypeIDName`.

use crate::sym::{Sym, Syms};
use crate::types::{Basic, ChanDir, Field, Shape, TypeId, TypeTable};
use std::fmt::Write as _;

/// For whom a type is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// For the linker: package paths, also before unexported fields and methods. Identical types and no others are
    /// written alike.
    Link,
    /// For people: package names.
    Reflect,
}

impl TypeTable {
    /// A type as Go writes it.
    pub fn string(&self, syms: &Syms, ty: TypeId, style: Style) -> String {
        let mut writer = Writer { types: self, syms, style, out: String::new() };
        writer.ty(ty);
        writer.out
    }
}

struct Writer<'a> {
    types: &'a TypeTable,
    syms: &'a Syms,
    style: Style,
    out: String,
}

impl Writer<'_> {
    fn ty(&mut self, ty: TypeId) {
        if let Some(name) = self.types.name(ty) {
            let sym = if self.style == Style::Link { name.link } else { name.string };
            self.out.push_str(self.syms.text(sym));
            return;
        }
        match self.types.shape(ty) {
            Shape::Basic(basic) => self.out.push_str(Basic::ALL[*basic as usize].1),
            Shape::Pointer(elem) => self.prefixed("*", *elem),
            Shape::Slice(elem) => self.prefixed("[]", *elem),
            Shape::Array { len, elem } => self.prefixed(&format!("[{len}]"), *elem),
            Shape::Map { key, elem } => {
                self.prefixed("map[", *key);
                self.prefixed("]", *elem);
            }
            Shape::Chan { dir, elem } => self.chan(*dir, *elem),
            Shape::Struct(fields) => self.structure(fields),
            Shape::Func { .. } => {
                self.out.push_str("func");
                self.signature(ty);
            }
            Shape::Interface(methods) => {
                self.out.push_str("interface {");
                for (i, method) in methods.iter().enumerate() {
                    self.out.push_str(if i == 0 { " " } else { "; " });
                    if let Some(pkg) = method.pkg {
                        self.qualifier(pkg);
                    }
                    self.out.push_str(self.syms.text(method.name));
                    self.signature(method.ty);
                }
                self.out.push_str(if methods.is_empty() { "}" } else { " }" });
            }
        }
    }

    fn prefixed(&mut self, prefix: &str, ty: TypeId) {
        self.out.push_str(prefix);
        self.ty(ty);
    }

    fn qualifier(&mut self, pkg: Sym) {
        let path = self.syms.text(pkg);
        match self.style {
            Style::Link => self.out.push_str(path),
            Style::Reflect => {
                let name = self.types.package_name(pkg);
                let last = path.rsplit('/').next().unwrap_or(path);
                self.out.push_str(name.map_or(last, |name| self.syms.text(name)));
            }
        }
        self.out.push('.');
    }

    fn chan(&mut self, dir: ChanDir, elem: TypeId) {
        self.out.push_str(match dir {
            ChanDir::Both => "chan ",
            ChanDir::Send => "chan<- ",
            ChanDir::Recv => "<-chan ",
        });
        let unnamed = self.types.name(elem).is_none();
        let receives =
            unnamed && matches!(self.types.shape(elem), Shape::Chan { dir: ChanDir::Recv, .. });
        if receives && dir != ChanDir::Recv {
            self.prefixed("(", elem);
            self.out.push(')');
        } else {
            self.ty(elem);
        }
    }

    fn structure(&mut self, fields: &[Field]) {
        self.out.push_str("struct {");
        for (i, field) in fields.iter().enumerate() {
            self.out.push_str(if i == 0 { " " } else { "; " });
            if !field.embedded {
                if let (Some(pkg), Style::Link) = (field.pkg, self.style) {
                    self.qualifier(pkg);
                }
                self.out.push_str(self.syms.text(field.name));
                self.out.push(' ');
            }
            self.ty(field.ty);
            if !field.tag.is_empty() {
                let _ = write!(self.out, " {}", quote(&field.tag));
            }
        }
        self.out.push_str(if fields.is_empty() { "}" } else { " }" });
    }

    fn signature(&mut self, ty: TypeId) {
        let Shape::Func { params, results, variadic } = self.types.shape(ty) else {
            unreachable!("a method's type is a function type");
        };
        self.out.push('(');
        for (i, &param) in params.iter().enumerate() {
            self.out.push_str(if i == 0 { "" } else { ", " });
            // The last parameter's type is a slice, of which `...` stands for the brackets.
            let spread = *variadic && i + 1 == params.len();
            match spread.then(|| self.types.shape(param)) {
                Some(Shape::Slice(elem)) => self.prefixed("...", *elem),
                _ => self.ty(param),
            }
        }
        self.out.push(')');
        match **results {
            [] => {}
            [single] => self.prefixed(" ", single),
            _ => {
                for (i, &result) in results.iter().enumerate() {
                    self.prefixed(if i == 0 { " (" } else { ", " }, result);
                }
                self.out.push(')');
            }
        }
    }
}

/// A tag as `strconv.Quote` writes it, for tags of printable text; other bytes are escaped in hexadecimal.
fn quote(tag: &[u8]) -> String {
    let mut out = String::from("\"");
    for chunk in tag.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '\r' => out.push_str("\\r"),
                c if c.is_control() => {
                    let _ = write!(out, "\\x{:02x}", c as u32);
                }
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{InterfaceMethod, Name};

    #[test]
    fn link_names_qualify_what_reflect_does_not() {
        let syms = Syms::default();
        let types = TypeTable::new(&syms);
        let pkg = Some(syms.intern("gopkg.in/yaml.v3"));
        types.set_package_name(syms.intern("gopkg.in/yaml.v3"), syms.intern("yaml"));
        let node = types.named(Name {
            link: syms.intern("gopkg.in/yaml.v3.Node"),
            pkg,
            name: syms.intern("Node"),
            string: syms.intern("yaml.Node"),
        });
        let strings = types.intern(Shape::Slice(Basic::String.id()));
        let func = Shape::Func {
            params: [node, strings].into(),
            results: [Basic::Int.id(), node].into(),
            variadic: true,
        };
        let func = types.intern(func);
        let method = InterfaceMethod { name: syms.intern("m"), pkg, ty: func };
        let iface = types.intern(Shape::Interface([method].into()));
        let field = |name, pkg, ty, tag: &str, embedded| Field {
            name: syms.intern(name),
            pkg,
            ty,
            tag: tag.as_bytes().into(),
            embedded,
        };
        let recv = types.intern(Shape::Chan { dir: ChanDir::Recv, elem: iface });
        let chan = types.intern(Shape::Chan { dir: ChanDir::Both, elem: recv });
        let ty = types.intern(Shape::Struct(
            [field("x", pkg, chan, "a:\"b\"", false), field("Node", None, node, "", true)].into(),
        ));
        assert_eq!(
            types.string(&syms, ty, Style::Link),
            "struct { gopkg.in/yaml.v3.x chan (<-chan interface { gopkg.in/yaml.v3.m(gopkg.in/yaml.v3.Node, ...string) \
             (int, gopkg.in/yaml.v3.Node) }) \"a:\\\"b\\\"\"; gopkg.in/yaml.v3.Node }"
        );
        assert_eq!(
            types.string(&syms, ty, Style::Reflect),
            "struct { x chan (<-chan interface { yaml.m(yaml.Node, ...string) (int, yaml.Node) }) \"a:\\\"b\\\"\"; \
             yaml.Node }"
        );
    }
}
