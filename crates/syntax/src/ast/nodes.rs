//! The nodes: declarations, statements, expressions, and their parts.
//!
//! The position of a node is the one Go's compiler gives it (`cmd/compile/internal/syntax`, nodes.go): that of the
//! token which makes the node what it is, the operator of a binary operation, the `(` of a call, the `.` of a
//! selector. [`File::start`](super::File::start) gives the leftmost position instead.

use super::ids::{BlockId, DeclId, ExprId, GroupId, IdentId, List, StmtId};
use crate::intern::Symbol;
use crate::pos::Pos;
use crate::token::{LitKind, Op};

/// An expression or a type; the two are one in Go's grammar.
#[derive(Clone, Copy, Debug)]
pub struct Expr {
    /// The position of the token that makes it what it is.
    pub pos: Pos,
    /// What it is.
    pub kind: ExprKind,
}

/// The kinds of expressions and types.
#[derive(Clone, Copy, Debug)]
pub enum ExprKind {
    /// Stands where an expression is missing or could not be read; an error was reported.
    Bad,
    /// An identifier, used or declared. At the identifier.
    Name(Symbol),
    /// A basic literal. Its text is [`File::literal`](super::File::literal). At its start.
    Literal {
        /// Which kind.
        kind: LitKind,
        /// Whether the text is malformed; an error was reported.
        bad: bool,
        /// Its length in bytes.
        len: u32,
    },
    /// `ty{elems}`. At the `{`.
    Composite {
        /// The type, elided in elements of an outer literal.
        ty: Option<ExprId>,
        /// Values, or [`ExprKind::KeyValue`]s.
        elems: List<ExprId>,
        /// The `}`.
        rbrace: Pos,
    },
    /// `key: value` in a composite literal. At the `:`.
    KeyValue {
        /// The key.
        key: ExprId,
        /// The value.
        value: ExprId,
    },
    /// `func ty body`. At the `func`.
    FuncLit {
        /// An [`ExprKind::Func`].
        ty: ExprId,
        /// The body.
        body: BlockId,
    },
    /// `(x)`, in expressions; parentheses in types that are no expressions are not kept. At the `(`.
    Paren(ExprId),
    /// `x.sel`: a field, a method or a package's member. At the `.`.
    Selector {
        /// What is selected from.
        x: ExprId,
        /// The selected name.
        sel: IdentId,
    },
    /// `x[args]`: an element, or a generic type or function with its type arguments. At the `[`.
    Index {
        /// What is indexed or instantiated.
        x: ExprId,
        /// At least one; more than one only for instantiations.
        args: List<ExprId>,
        /// The `]`.
        rbrack: Pos,
    },
    /// `x[lo:hi]` or `x[lo:hi:max]`. At the `[`.
    Slice {
        /// What is sliced.
        x: ExprId,
        /// The low bound.
        lo: Option<ExprId>,
        /// The high bound.
        hi: Option<ExprId>,
        /// The capacity bound; there exactly if `full`.
        max: Option<ExprId>,
        /// Whether there are two colons.
        full: bool,
    },
    /// `x.(ty)`. At the `.`.
    Assert {
        /// The interface value.
        x: ExprId,
        /// The asserted type.
        ty: ExprId,
    },
    /// `x.(type)` or `lhs := x.(type)`. The grammar allows it in the head of a switch only, but the parser accepts it
    /// everywhere and leaves the complaint to the type checker. At the `.`.
    TypeSwitchGuard {
        /// The name declared in each clause.
        lhs: Option<IdentId>,
        /// The interface value.
        x: ExprId,
    },
    /// `op x`, a receive operation, a dereference, or a pointer type. At the operator.
    Unary {
        /// The operator.
        op: Op,
        /// The operand.
        x: ExprId,
    },
    /// `x op y`, or a union of constraint terms. At the operator.
    ///
    /// Chains such as `a + b + c` lean to the left and can be as long as the file: the one place besides `else if`
    /// where depth is not bounded by [`MAX_NESTING`](crate::MAX_NESTING). Walk along `x` with a loop.
    Binary {
        /// The operator.
        op: Op,
        /// The left operand.
        x: ExprId,
        /// The right operand.
        y: ExprId,
    },
    /// `fun(args)`: a call or a conversion. At the `(`.
    Call {
        /// What is called.
        fun: ExprId,
        /// The arguments.
        args: List<ExprId>,
        /// Whether the last argument is followed by `...`.
        spread: bool,
        /// The `)`.
        rparen: Pos,
    },
    /// `[len]elem`, or `[...]elem` without a length. At the `[`.
    Array {
        /// The length; `None` stands for `...`.
        len: Option<ExprId>,
        /// The element type.
        elem: ExprId,
    },
    /// `[]elem`. At the `[`.
    SliceType {
        /// The element type.
        elem: ExprId,
    },
    /// `...elem`, the type of a variadic parameter. At the `...`.
    Variadic {
        /// The element type.
        elem: ExprId,
    },
    /// `struct { fields }`. At the `struct`.
    Struct {
        /// One field for each name; embedded fields have none.
        fields: List<Field>,
        /// The `}`.
        rbrace: Pos,
    },
    /// `interface { elems }`. At the `interface`.
    Interface {
        /// Methods have a name and an [`ExprKind::Func`] as type, embedded elements have no name.
        elems: List<Field>,
        /// The `}`.
        rbrace: Pos,
    },
    /// `func(params) results`. At the `(`, or at the `[` of type parameters.
    Func {
        /// One field for each parameter: either all have names, or none has.
        params: List<Field>,
        /// Likewise.
        results: List<Field>,
    },
    /// `map[key]value`. At the `map`.
    Map {
        /// The key type.
        key: ExprId,
        /// The element type.
        value: ExprId,
    },
    /// A channel type. At its first token.
    Chan {
        /// Which way values may go.
        dir: ChanDir,
        /// The element type.
        elem: ExprId,
    },
}

/// The direction of a channel type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChanDir {
    /// `chan T`
    Both,
    /// `chan<- T`
    Send,
    /// `<-chan T`
    Recv,
}

/// A struct field, a parameter, a result, a receiver, a type parameter, a method or an embedded element of an
/// interface.
///
/// Names declared together (`a, b int`) are one field each, with the same type id. At the name, or at the type's
/// first token.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The position.
    pub pos: Pos,
    /// The name; `None` for embedded fields and elements, and for parameters without names.
    pub name: Option<IdentId>,
    /// The type, the constraint of a type parameter, or the signature of a method.
    pub ty: ExprId,
    /// The tag of a struct's field, an [`ExprKind::Literal`].
    pub tag: Option<ExprId>,
}

/// A statement.
#[derive(Clone, Copy, Debug)]
pub struct Stmt {
    /// The position of the keyword, of the operator of an assignment, `:` of a labeled statement, or else of the
    /// expression.
    pub pos: Pos,
    /// What it is.
    pub kind: StmtKind,
}

/// The kinds of statements.
#[derive(Clone, Copy, Debug)]
pub enum StmtKind {
    /// Nothing, before a `;` or a `}`.
    Empty,
    /// `{ … }`.
    Block(BlockId),
    /// An expression on its own; also the guard of a type switch.
    Expr(ExprId),
    /// `chan <- value`. At the `<-`.
    Send {
        /// The channel.
        chan: ExprId,
        /// The value.
        value: ExprId,
    },
    /// `x++` or `x--`. At the operator.
    IncDec {
        /// The operand.
        x: ExprId,
        /// [`Op::Add`] or [`Op::Sub`].
        op: Op,
    },
    /// `lhs = rhs`, `lhs := rhs` or `lhs op= rhs`. At the operator.
    Assign {
        /// Which of the three.
        op: AssignOp,
        /// One or more; exactly one with an operator.
        lhs: List<ExprId>,
        /// Likewise.
        rhs: List<ExprId>,
    },
    /// A `const`, `type` or `var` declaration.
    Decl(List<DeclId>),
    /// `label: stmt`. At the `:`.
    Labeled {
        /// The label.
        label: IdentId,
        /// The statement.
        stmt: StmtId,
    },
    /// `break`, `continue`, `goto` or `fallthrough`.
    Branch {
        /// Which.
        kind: BranchKind,
        /// The label.
        label: Option<IdentId>,
        /// Where it goes, if [`Mode::check_branches`](crate::Mode) was set and the function has no syntax errors: the
        /// labeled statement of a `goto`, else the statement that is left or continued. None for `fallthrough`.
        target: Option<StmtId>,
    },
    /// `go call` or `defer call`.
    Spawn {
        /// Which.
        kind: SpawnKind,
        /// A call in a correct program; the type checker complains of others.
        call: ExprId,
    },
    /// `return results`.
    Return(List<ExprId>),
    /// `if init; cond then else els`.
    If {
        /// The simple statement before the condition.
        init: Option<StmtId>,
        /// The condition.
        cond: ExprId,
        /// The block taken.
        then: BlockId,
        /// A block or another `if`. Chains of `else if` can be as long as the file: walk them with a loop.
        els: Option<StmtId>,
    },
    /// `for init; cond; post body`.
    For {
        /// The statement before the loop.
        init: Option<StmtId>,
        /// The condition.
        cond: Option<ExprId>,
        /// The statement after each iteration.
        post: Option<StmtId>,
        /// The body.
        body: BlockId,
    },
    /// `for lhs := range x body`, `for lhs = range x body`, or `for range x body`.
    Range {
        /// The iteration variables, if any.
        lhs: List<ExprId>,
        /// Whether they are declared here.
        define: bool,
        /// What is ranged over.
        x: ExprId,
        /// The `range` keyword.
        range_pos: Pos,
        /// The body.
        body: BlockId,
    },
    /// `switch init; tag { clauses }`.
    Switch {
        /// The statement before the tag.
        init: Option<StmtId>,
        /// The tag; an [`ExprKind::TypeSwitchGuard`] makes it a type switch.
        tag: Option<ExprId>,
        /// The clauses.
        clauses: List<CaseClause>,
        /// The `}`.
        rbrace: Pos,
    },
    /// `select { clauses }`.
    Select {
        /// The clauses.
        clauses: List<CommClause>,
        /// The `}`.
        rbrace: Pos,
    },
}

/// The operator of an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AssignOp {
    /// `=`
    Assign,
    /// `:=`
    Define,
    /// `op=`
    Op(Op),
}

/// The statements that jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum BranchKind {
    Break,
    Continue,
    Goto,
    Fallthrough,
}

/// The statements that start a call for later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum SpawnKind {
    Go,
    Defer,
}

/// Statements in braces.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// The `{`.
    pub lbrace: Pos,
    /// The statements.
    pub stmts: List<StmtId>,
    /// The `}`.
    pub rbrace: Pos,
}

/// A clause of a `switch`. At the `case` or `default`.
#[derive(Clone, Copy, Debug)]
pub struct CaseClause {
    /// The position.
    pub pos: Pos,
    /// The expressions or types; `None` for `default`.
    pub exprs: Option<List<ExprId>>,
    /// The `:`.
    pub colon: Pos,
    /// The statements.
    pub body: List<StmtId>,
}

/// A clause of a `select`. At the `case` or `default`.
#[derive(Clone, Copy, Debug)]
pub struct CommClause {
    /// The position.
    pub pos: Pos,
    /// A send or receive statement in a correct program; `None` for `default`.
    pub comm: Option<StmtId>,
    /// The `:`.
    pub colon: Pos,
    /// The statements.
    pub body: List<StmtId>,
}

/// A declaration; in a parenthesised group, one of its lines.
#[derive(Clone, Copy, Debug)]
pub struct Decl {
    /// The position of what follows the keyword: the first name, or the `(` of a receiver.
    pub pos: Pos,
    /// The keyword's position; for a declaration in a group, the same as `pos`.
    pub keyword: Pos,
    /// The group it is in.
    pub group: Option<GroupId>,
    /// The `//go:` directives that belong to it.
    pub directives: List<Directive>,
    /// What it is.
    pub kind: DeclKind,
}

/// The kinds of declarations.
#[derive(Clone, Copy, Debug)]
pub enum DeclKind {
    /// `import name path`.
    Import {
        /// The local name, or `.`.
        name: Option<IdentId>,
        /// The path, an [`ExprKind::Literal`]: a string, or marked bad.
        path: Option<ExprId>,
    },
    /// `const names ty = values`.
    Const {
        /// One or more.
        names: List<IdentId>,
        /// The type.
        ty: Option<ExprId>,
        /// The values; none repeats the ones before in the group.
        values: List<ExprId>,
    },
    /// `var names ty = values`.
    Var {
        /// One or more.
        names: List<IdentId>,
        /// The type.
        ty: Option<ExprId>,
        /// The values.
        values: List<ExprId>,
    },
    /// `type name[type_params] ty`, or with `=` an alias.
    Type {
        /// The declared name.
        name: IdentId,
        /// The type parameters.
        type_params: List<Field>,
        /// Whether there is a `=`.
        alias: bool,
        /// The type.
        ty: ExprId,
    },
    /// `func (recv) name[type_params]ty body`.
    Func {
        /// The receiver: at most one.
        recv: List<Field>,
        /// The declared name.
        name: IdentId,
        /// The type parameters, of methods too.
        type_params: List<Field>,
        /// An [`ExprKind::Func`].
        ty: ExprId,
        /// The body; none if it is implemented elsewhere.
        body: Option<BlockId>,
    },
}

/// A parenthesised group of declarations.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// The keyword.
    pub keyword: Pos,
    /// The `(`.
    pub lparen: Pos,
    /// The `)`.
    pub rparen: Pos,
    /// The declarations in it.
    pub decls: List<DeclId>,
}

/// A comment: `//` up to the end of its line, or `/*` to `*/`.
#[derive(Clone, Copy, Debug)]
pub struct Comment {
    /// Its first `/`.
    pub pos: Pos,
    /// Just after its last byte, without the line's end.
    pub end: Pos,
}

/// A `//go:` directive: the comment that carries it, and what the parser knows of its place.
#[derive(Clone, Copy, Debug)]
pub struct Directive {
    /// Its first `/`.
    pub pos: Pos,
    /// Just after its last byte, without the line's end.
    pub end: Pos,
    /// Whether only white space precedes it on its line.
    pub alone: bool,
    /// Whether a declaration, or the package clause, took it. One that nothing took is misplaced, unless it is of a
    /// kind that speaks for the whole file.
    pub attached: bool,
}

const _: () =
    assert!(size_of::<Expr>() == 24 && size_of::<Stmt>() == 28 && size_of::<Field>() == 16);
