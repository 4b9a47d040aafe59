//! Types that no machine can hold, and operands that no code can be made for (`types/size.go`, `walk/builtin.go`).

use super::{Compiler, expressions};
use crate::ids::TypeId;
use crate::results::{FileInfo, Mode};
use crate::sizes::Sizer;
use crate::types::Type;
use crate::universe::Builtin;
use trigo_syntax::ast::{ExprId, ExprKind, File};

/// The size of the address space that gc lays types out for on amd64.
const ADDRESS_SPACE: i64 = 1 << 50;
/// The size from which channels cannot have elements.
const CHAN_LIMIT: i64 = 1 << 16;
/// The size from which maps cannot have keys or elements.
const MAP_LIMIT: i64 = 1 << 31;

impl Compiler<'_> {
    pub(super) fn size_errors(&mut self) {
        let mut sizer = Sizer::new(self.store);
        for (file, info) in self.checked_files() {
            for e in expressions(file) {
                match file[e].kind {
                    ExprKind::Call { fun, .. } => self.printed(file, info, e, fun),
                    ExprKind::Chan { .. }
                    | ExprKind::Map { .. }
                    | ExprKind::Array { .. }
                    | ExprKind::Struct { .. } => {
                        if let Some((Mode::Type, t)) = info.typ(e)
                            && let Some(message) = self.too_large(&mut sizer, t)
                        {
                            self.error(file, file.start(e), message);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn too_large(&self, sizer: &mut Sizer<'_>, t: TypeId) -> Option<String> {
        let mut beyond = |t, limit| sizer.layout(t).size.is_none_or(|size| size >= limit);
        let what = match self.store.typ(t) {
            Type::Chan { elem, .. } if beyond(*elem, CHAN_LIMIT) => {
                "channel element type too large (>64kB)".into()
            }
            Type::Map { elem, .. } if beyond(*elem, MAP_LIMIT) => {
                "map element type too large".into()
            }
            Type::Map { key, .. } if beyond(*key, MAP_LIMIT) => "map key type too large".into(),
            Type::Array { .. } if beyond(t, ADDRESS_SPACE) => {
                format!("type {} larger than address space", self.show(t))
            }
            Type::Struct(_) if beyond(t, ADDRESS_SPACE) => {
                format!("type {} too large", self.show(t))
            }
            _ => return None,
        };
        Some(what)
    }

    /// `print` and `println` print neither arrays nor structs.
    fn printed(&mut self, file: &File, info: &FileInfo, call: ExprId, fun: ExprId) {
        let name = file.as_ident(file.unparen(fun)).and_then(|ident| info.object(ident.expr()));
        let builtin = name.map(|obj| &self.store.obj(obj).kind);
        let op = match builtin {
            Some(crate::ObjKind::Builtin(Builtin::Print)) => "print",
            Some(crate::ObjKind::Builtin(Builtin::Println)) => "println",
            _ => return,
        };
        let ExprKind::Call { args, .. } = file[call].kind else { return };
        for &arg in &file[args] {
            let Some((_, t)) = info.typ(arg) else { continue };
            if matches!(self.store.typ(self.store.under(t)), Type::Array { .. } | Type::Struct(_)) {
                let message = format!("illegal types for operand: {op}\n\t{}", self.show(t));
                self.error(file, file[call].pos, message);
            }
        }
    }
}
