//! Errors and the places they are reported at.

use super::Checker;
use super::operand::{OpExpr, Operand};
use crate::ids::{ObjId, PkgId, TypeId};
use crate::under::NoCommon;
use crate::version::GoVersion;
use rustc_hash::{FxHashMap, FxHashSet};
use trigo_syntax::ast::{AssignOp, ExprId, StmtId, StmtKind};
use trigo_syntax::{FilePos, Pos};

/// An error in a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeError {
    /// Where it is; none for errors about the package as a whole.
    pub pos: Option<FilePos>,
    /// What is wrong; more lines say more.
    pub message: String,
    /// Whether the code could be compiled nevertheless, such as an unused import.
    pub soft: bool,
}

/// A message of several lines, each with an optional place.
pub(super) struct Report {
    pos: Option<FilePos>,
    message: String,
}

impl Report {
    pub fn new(pos: Option<FilePos>, message: impl Into<String>) -> Self {
        Self { pos, message: message.into() }
    }
}

impl<'a> Checker<'a> {
    /// Reports an error. Errors that follow from others are dropped.
    pub(super) fn report(&mut self, pos: Option<FilePos>, message: String, soft: bool) {
        if !self.errors.is_empty() {
            let follows = |text| message.find(text).is_some_and(|at| at > 0);
            if follows("invalid operand") || follows("invalid type") {
                return;
            }
        }
        let pos = self.env.err_pos.or(pos);
        let message = match pos.filter(|_| is_about_version(&message)) {
            Some(pos) => message + &self.version_hint(pos),
            None => message,
        };
        self.errors.push(TypeError { pos, message, soft });
    }

    /// Says where the language version at a position comes from, as Go's compiler adds it (`noder.checkFiles`).
    fn version_hint(&self, pos: FilePos) -> String {
        let Some(i) = self.files.iter().position(|file| file.id() == pos.file) else {
            return String::new();
        };
        let version = self.info.files[i].version.unwrap_or(GoVersion::CURRENT).to_string();
        if self.files[i].go_version.as_deref() == Some(&*version) {
            return format!(" (file declares //go:build {version})");
        }
        let lang = self.conf.go_version.unwrap_or(GoVersion::CURRENT);
        format!(" (-lang was set to {lang}; check go.mod)")
    }

    pub(super) fn error(&mut self, pos: Option<FilePos>, message: impl Into<String>) {
        self.report(pos, message.into(), false);
    }

    pub(super) fn error_at(&mut self, pos: FilePos, message: impl Into<String>) {
        self.report(Some(pos), message.into(), false);
    }

    pub(super) fn soft_error(&mut self, pos: Option<FilePos>, message: impl Into<String>) {
        self.report(pos, message.into(), true);
    }

    /// Reports an error at the start of an expression.
    pub(super) fn error_expr(&mut self, e: ExprId, message: impl Into<String>) {
        self.error_at(self.start(e), message);
    }

    /// Reports an error at the start of an operand's expression.
    pub(super) fn error_op(&mut self, x: &Operand, message: impl Into<String>) {
        self.error(self.at(x), message);
    }

    pub(super) fn send(&mut self, report: Report) {
        self.report(report.pos, report.message, false);
    }

    /// Adds a line to a report.
    pub(super) fn add_line(&self, report: &mut Report, pos: Option<FilePos>, text: &str) {
        report.message.push_str("\n\t");
        if let Some(place) = pos.and_then(|p| self.s.position(p)) {
            report.message.push_str(&format!("{place}: "));
        }
        report.message.push_str(text);
    }

    /// Adds where else a name is declared.
    pub(super) fn add_other(&self, report: &mut Report, obj: ObjId) {
        let o = self.s.obj(obj);
        if o.pos.is_some() {
            self.add_line(report, o.pos, &format!("other declaration of {}", self.s.text(o.name)));
        }
    }

    /// A position in the current file.
    pub(super) fn here(&self, pos: Pos) -> FilePos {
        FilePos { file: self.file().id(), pos }
    }

    /// Where an expression starts.
    pub(super) fn start(&self, e: ExprId) -> FilePos {
        self.here(self.file().start(e))
    }

    /// The position of an expression's main token.
    pub(super) fn pos(&self, e: ExprId) -> FilePos {
        self.here(self.file()[e].pos)
    }

    /// Where an operand's expression starts.
    pub(super) fn at(&self, x: &Operand) -> Option<FilePos> {
        match &x.expr {
            OpExpr::Node(e) => Some(self.start(*e)),
            OpExpr::Text(pos, _) => Some(*pos),
        }
    }

    /// The position of an operand's main token.
    pub(super) fn op_pos(&self, x: &Operand) -> Option<FilePos> {
        match &x.expr {
            OpExpr::Node(e) => Some(self.pos(*e)),
            OpExpr::Text(pos, _) => Some(*pos),
        }
    }

    /// Where a statement starts.
    pub(super) fn stmt_start(&self, s: StmtId) -> FilePos {
        let file = self.file();
        let stmt = &file[s];
        self.here(match stmt.kind {
            StmtKind::Expr(e) | StmtKind::Send { chan: e, .. } | StmtKind::IncDec { x: e, .. } => {
                file.start(e)
            }
            StmtKind::Assign { lhs, .. } => file[lhs].first().map_or(stmt.pos, |&e| file.start(e)),
            StmtKind::Labeled { label, .. } => file.ident_pos(label),
            _ => stmt.pos,
        })
    }

    /// The prefix a package's names are shown with.
    pub(super) fn qualifier(&self, pkg: PkgId) -> String {
        if pkg == self.pkg {
            return String::new();
        }
        let package = self.s.pkg(pkg);
        let Some(name) = package.name() else {
            return package.path.to_string();
        };
        match &self.ambiguous_names {
            Some(names) if names.contains(&name) => format!("{:?}", package.path),
            _ => self.s.text(name).to_string(),
        }
    }

    /// Finds package names shared by several of the packages that can be
    /// mentioned, so that messages tell those apart by path.
    pub(super) fn find_ambiguous_names(&mut self) {
        let mut by_name: FxHashMap<_, Vec<PkgId>> = FxHashMap::default();
        let mut seen = FxHashSet::default();
        let mut work = self.imported.clone();
        work.push(self.pkg);
        while let Some(pkg) = work.pop() {
            if seen.insert(pkg) {
                if let Some(name) = self.s.pkg(pkg).name() {
                    by_name.entry(name).or_default().push(pkg);
                }
                work.extend_from_slice(self.s.pkg(pkg).imports());
            }
        }
        let shared = by_name.into_iter().filter(|(_, list)| list.len() > 1).map(|(name, _)| name);
        self.ambiguous_names = Some(shared.collect());
    }

    /// A type as text.
    pub(super) fn ts(&self, t: TypeId) -> String {
        self.s.type_string(t, &|p| self.qualifier(p))
    }

    /// An object as text.
    pub(super) fn os(&self, obj: ObjId) -> String {
        self.s.object_string(obj, &|p| self.qualifier(p))
    }

    /// The reason there is no common underlying type, as text.
    pub(super) fn no_common(&self, why: NoCommon) -> String {
        match why {
            NoCommon::NoSpecificType => "no specific type".into(),
            NoCommon::ChannelElements(x, y) => {
                format!("channels {} and {} have different element types", self.ts(x), self.ts(y))
            }
            NoCommon::ChannelDirections(x, y) => {
                format!("channels {} and {} have conflicting directions", self.ts(x), self.ts(y))
            }
            NoCommon::Different(x, y) => {
                format!("{} and {} have different underlying types", self.ts(x), self.ts(y))
            }
        }
    }
}

/// Whether a message says `requires go1.N or later`.
fn is_about_version(message: &str) -> bool {
    message.split("requires go1.").skip(1).any(|rest| {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        after.len() < rest.len() && after.starts_with(" or later")
    })
}

/// The operator of an assignment as it is written, without the `=`.
pub(super) fn assign_op_text(op: AssignOp) -> &'static str {
    match op {
        AssignOp::Op(op) => op.as_str(),
        _ => "",
    }
}
