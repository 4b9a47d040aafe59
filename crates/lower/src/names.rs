//! Link names as Go's compiler gives them, and the names that tracebacks show.
//!
//! Follows `cmd/compile/internal/ir` (`MethodSymSuffix`, `closureName`), `cmd/internal/objabi` (`PathToPrefix`) and
//! `cmd/compile/internal/noder` (names of instances and of local types).

use std::fmt::Write as _;
use trigo_ir::Style;
use trigo_ir::program::Context;
use trigo_ir::types::{Shape, TypeId};

/// A package's path as it stands in link names: dots behind the last slash and special characters are escaped.
pub fn path_prefix(path: &str) -> String {
    let last = path.rfind('/').map_or(0, |slash| slash + 1);
    let mut out = String::with_capacity(path.len());
    for (i, &byte) in path.as_bytes().iter().enumerate() {
        match byte {
            b'.' if i >= last => out.push_str("%2e"),
            b'%' | b'"' | 0..=b' ' | 0x7f.. => {
                let _ = write!(out, "%{byte:02x}");
            }
            _ => out.push(byte as char),
        }
    }
    out
}

/// Appends `[A,B]`, or `[outer;A,B]` for a local type of a generic function; nothing for no arguments.
pub fn type_args(context: &Context, outer: &[TypeId], targs: &[TypeId], out: &mut String) {
    if outer.is_empty() && targs.is_empty() {
        return;
    }
    let list = |types: &[TypeId]| {
        let texts = types.iter().map(|&t| context.types.string(&context.syms, t, Style::Link));
        texts.collect::<Vec<_>>().join(",")
    };
    out.push('[');
    out.push_str(&list(outer));
    if !outer.is_empty() && !targs.is_empty() {
        out.push(';');
    }
    out.push_str(&list(targs));
    out.push(']');
}

/// The link name of a method: `main.T.M`, `main.(*T).M`; of an unnamed type `go:struct {…}.M`. An unexported method of
/// another package than the type's has that package's path before its name.
pub fn method(context: &Context, receiver: TypeId, name: &str, pkg: Option<&str>) -> String {
    let types = &context.types;
    let (base, pointer) = match types.shape(receiver) {
        Shape::Pointer(elem) if types.name(receiver).is_none() => (*elem, true),
        _ => (receiver, false),
    };
    let text = types.string(&context.syms, base, Style::Link);
    let own = types.name(base).and_then(|n| n.pkg).map(|pkg| context.syms.text(pkg));
    let prefix = match (own, types.name(base)) {
        (Some(own), _) => path_prefix(own) + ".",
        (None, Some(_)) => String::new(),
        (None, None) => "go:".to_string(),
    };
    let local = if own.is_some() { &text[prefix.len()..] } else { &text };
    let local = if pointer { format!("(*{local})") } else { local.to_string() };
    match pkg.filter(|&pkg| own != Some(pkg)) {
        Some(pkg) => format!("{prefix}{local}.{}.{name}", path_prefix(pkg)),
        None => format!("{prefix}{local}.{name}"),
    }
}

/// A function's name as tracebacks show it: type arguments become `...`.
pub fn shown(link: &str) -> String {
    let Some(open) = link.find('[') else { return link.to_string() };
    let Some(close) = link.rfind(']').filter(|&close| close > open) else {
        return link.to_string();
    };
    format!("{}[...]{}", &link[..open], &link[close + 1..])
}

/// What a function that another contains is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inner {
    /// A function literal.
    Closure,
    /// The body of a `range` over a function.
    RangeBody,
    /// What a `go` statement starts.
    GoWrap,
    /// What a `defer` statement defers.
    DeferWrap,
}

/// The link name of the `number`th function of a kind, from 1, in a function with the given link name.
pub fn inner(outer: &str, outer_is_closure: bool, kind: Inner, number: u32) -> String {
    let between = match kind {
        Inner::Closure if outer_is_closure => ".",
        Inner::Closure => ".func",
        Inner::RangeBody => "-range",
        Inner::GoWrap => ".gowrap",
        Inner::DeferWrap => ".deferwrap",
    };
    format!("{outer}{between}{number}")
}
