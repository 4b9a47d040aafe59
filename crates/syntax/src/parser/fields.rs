//! The insides of structs and interfaces, and parameter lists.

use super::types::ArrayOrArgs;
use super::{Parser, errors};
use crate::ast::{ExprId, ExprKind, Field, IdentId, List};
use crate::intern::sym;
use crate::pos::Pos;
use crate::token::{Op, Token};

/// A parameter of which it is not yet known whether it is a name, a type or both. It has at least one of them.
#[derive(Clone, Copy)]
pub(super) struct Param {
    pub pos: Pos,
    pub name: Option<IdentId>,
    pub ty: Option<ExprId>,
}

/// Structs.
impl Parser<'_> {
    /// `StructType = "struct" "{" { FieldDecl ";" } "}" .`
    pub(super) fn struct_type(&mut self) -> ExprId {
        let pos = self.pos();
        let mark = self.field_stack.len();
        self.want(Token::Struct);
        self.want(Token::LBrace);
        let rbrace = self.list("struct type", Token::Semi, Token::RBrace, |p| {
            p.field_decl();
            false
        });
        let fields = self.fields_since(mark);
        self.expr(pos, ExprKind::Struct { fields, rbrace })
    }

    /// `FieldDecl = ( IdentifierList Type | EmbeddedField ) [ Tag ] .`
    fn field_decl(&mut self) {
        let pos = self.pos();
        match self.tok() {
            Token::Name => self.field_from_name(pos),
            Token::Star => {
                self.next();
                let ty = if self.tok() == Token::LParen {
                    self.syntax_error("cannot parenthesize embedded type");
                    self.next();
                    let ty = self.qualified_name(None);
                    self.got(Token::RParen);
                    ty
                } else {
                    self.qualified_name(None)
                };
                let ty = self.pointer_to(pos, ty);
                self.embedded_field(pos, ty);
            }
            Token::LParen => {
                self.syntax_error("cannot parenthesize embedded type");
                self.next();
                let star = self.pos();
                let ty = if self.got(Token::Star) {
                    let ty = self.qualified_name(None);
                    self.pointer_to(star, ty)
                } else {
                    self.qualified_name(None)
                };
                self.got(Token::RParen);
                self.embedded_field(pos, ty);
            }
            _ => {
                self.syntax_error("expected field name or embedded type");
                self.advance(&[Token::Semi, Token::RBrace]);
            }
        }
    }

    fn field_from_name(&mut self, pos: Pos) {
        let name = self.name();
        if matches!(self.tok(), Token::Dot | Token::Literal | Token::Semi | Token::RBrace) {
            let ty = self.qualified_name(Some(name));
            return self.embedded_field(pos, ty);
        }
        let names = self.name_list(name);
        let ty = if names.len() == 1 && self.tok() == Token::LBrack {
            match self.array_or_args() {
                ArrayOrArgs::Array(ty) => ty,
                ArrayOrArgs::Args { pos: at, args, rbrack } => {
                    let x = name.expr();
                    let ty = self.expr(at, ExprKind::Index { x, args, rbrack });
                    return self.embedded_field(pos, ty);
                }
            }
        } else {
            self.type_()
        };
        let tag = self.literal_or_none();
        for name in names.range() {
            let name = self.nodes.ident_lists[name];
            self.field_stack.push(Field {
                pos: self.nodes[name.expr()].pos,
                name: Some(name),
                ty,
                tag,
            });
        }
    }

    fn embedded_field(&mut self, pos: Pos, ty: ExprId) {
        let tag = self.literal_or_none();
        self.field_stack.push(Field { pos, name: None, ty, tag });
    }
}

/// Interfaces and constraints.
impl Parser<'_> {
    /// `InterfaceType = "interface" "{" { ( MethodElem | TypeElem ) ";" } "}" .`
    pub(super) fn interface_type(&mut self) -> ExprId {
        let pos = self.pos();
        let mark = self.field_stack.len();
        self.want(Token::Interface);
        self.want(Token::LBrace);
        let rbrace = self.list("interface type", Token::Semi, Token::RBrace, |p| {
            let field = p.interface_elem();
            p.field_stack.push(field);
            false
        });
        let elems = self.fields_since(mark);
        self.expr(pos, ExprKind::Interface { elems, rbrace })
    }

    fn interface_elem(&mut self) -> Field {
        let pos = self.pos();
        let (name, mut ty) = match self.tok() {
            Token::Name => self.method_or_embedded(),
            _ => (None, self.term()),
        };
        if name.is_none() {
            ty = self.union_from(ty);
        }
        Field { pos, name, ty, tag: None }
    }

    /// `MethodElem = MethodName Signature .`, or a type name with what follows it.
    fn method_or_embedded(&mut self) -> (Option<IdentId>, ExprId) {
        const CONTEXT: &str = "interface method";
        let name = self.name();
        match self.tok() {
            Token::LParen => (Some(name), self.func_type(CONTEXT).1),
            Token::LBrack => self.method_or_instance(name, CONTEXT),
            _ => (None, self.qualified_name(Some(name))),
        }
    }

    /// At the `[` after a name in an interface: the arguments of an embedded generic type, or type parameters, which
    /// methods of interfaces cannot have.
    fn method_or_instance(&mut self, name: IdentId, context: &str) -> (Option<IdentId>, ExprId) {
        let pos = self.pos();
        self.next();
        if self.tok() == Token::RBrack {
            let pos = self.pos();
            self.next();
            if self.tok() == Token::LParen {
                self.error_at(pos, "empty type parameter list");
                return (Some(name), self.func_type(context).1);
            }
            self.error_at(pos, "empty type argument list");
            return (None, name.expr());
        }
        // Type arguments look like parameters without names.
        let (list, rbrack) = self.param_list(None, Token::RBrack, false, false);
        let Some(&first) = self.nodes[list].first() else {
            return match self.tok() {
                Token::LParen => (Some(name), self.func_type(context).1),
                _ => (None, name.expr()),
            };
        };
        if first.name.is_some() {
            let ty = self.func_type(context).1;
            self.error_at(pos, "interface method must have no type parameters");
            return (Some(name), ty);
        }
        let mark = self.expr_stack.len();
        let types = self.nodes.fields[list.range()].iter().map(|field| field.ty);
        self.expr_stack.extend(types);
        let args = self.exprs_since(mark);
        let x = name.expr();
        (None, self.expr(pos, ExprKind::Index { x, args, rbrack }))
    }

    /// `TypeElem = TypeTerm { "|" TypeTerm } .`
    fn union(&mut self) -> ExprId {
        let first = self.term();
        self.union_from(first)
    }

    fn union_from(&mut self, mut x: ExprId) -> ExprId {
        while self.at_op(Op::Or) {
            let pos = self.pos();
            self.next();
            let y = self.term();
            x = self.expr(pos, ExprKind::Binary { op: Op::Or, x, y });
        }
        x
    }

    /// `TypeTerm = [ "~" ] Type .`
    fn term(&mut self) -> ExprId {
        let pos = self.pos();
        if self.at_op(Op::Tilde) {
            self.next();
            let x = self.type_();
            return self.expr(pos, ExprKind::Unary { op: Op::Tilde, x });
        }
        if let Some(ty) = self.type_or_none() {
            return ty;
        }
        let bad = self.bad_expr();
        self.syntax_error("expected ~ term or type");
        self.advance(&[Token::Operator, Token::Semi, Token::RParen, Token::RBrack, Token::RBrace]);
        bad
    }
}

/// Parameters.
impl Parser<'_> {
    /// `Parameters = "(" [ ParameterList [ "," ] ] ")" .`, without the opening bracket.
    pub(super) fn params(&mut self, close: Token, variadic_ok: bool) -> List<Field> {
        self.param_list(None, close, false, variadic_ok).0
    }

    /// `TypeParameters = "[" TypeParamList [ "," ] "]" .`, without the `[` and, if given, the first parameter.
    pub(super) fn type_params(&mut self, first: Option<Param>) -> List<Field> {
        self.param_list(first, Token::RBrack, true, false).0
    }

    /// Parameters up to `close`, and its position. In the result either all have names, or none has.
    ///
    /// `first` was read already: a name with its type, or only a name whose type may follow.
    fn param_list(
        &mut self,
        first: Option<Param>,
        close: Token,
        require_names: bool,
        variadic_ok: bool,
    ) -> (List<Field>, Pos) {
        let mut params: Vec<Param> = Vec::new();
        let end = match first {
            Some(param) if param.ty.is_some() && self.tok() == close => {
                params.push(param);
                let end = self.pos();
                self.next();
                end
            }
            _ => {
                let mut first = first;
                self.list("parameter list", Token::Comma, close, |p| {
                    let param = match first.take() {
                        Some(param) if param.ty.is_some() => Some(param),
                        first => p.param_decl(first.and_then(|param| param.name), close),
                    };
                    params.extend(param);
                    false
                })
            }
        };
        self.distribute_types(&mut params, end, require_names);
        self.check_variadic(&mut params, variadic_ok);
        let mark = self.field_stack.len();
        for param in params {
            let ty = match param.ty {
                Some(ty) => ty,
                None => self.bad_expr(),
            };
            self.field_stack.push(Field { pos: param.pos, name: param.name, ty, tag: None });
        }
        (self.fields_since(mark), end)
    }

    /// `ParameterDecl = [ IdentifierList ] [ "..." ] Type .`, one name at a time. Complains if there is nothing.
    fn param_decl(&mut self, name: Option<IdentId>, close: Token) -> Option<Param> {
        // Type parameters may have a set of types for a constraint.
        let sets_ok = close == Token::RBrack;
        let mut pos = self.pos();
        if let Some(name) = name {
            pos = self.nodes[name.expr()].pos;
        } else if sets_ok && self.at_op(Op::Tilde) {
            let ty = Some(self.union());
            return Some(Param { pos, name: None, ty });
        }
        let name = match name {
            None if self.tok() == Token::Name => Some(self.name()),
            name => name,
        };
        if let Some(name) = name
            && let Some(param) = self.param_from_name(pos, name, sets_ok)
        {
            return Some(param);
        }
        if self.tok() == Token::DotDotDot {
            let ty = Some(self.variadic_type());
            return Some(Param { pos, name, ty });
        }
        if sets_ok && self.at_op(Op::Tilde) {
            let ty = Some(self.union());
            return Some(Param { pos, name, ty });
        }
        let mut ty = self.type_or_none();
        if sets_ok && let Some(first) = ty {
            ty = Some(self.union_from(first));
        }
        if name.is_none() && ty.is_none() {
            self.syntax_error(&format!("expected {}", errors::describe(close)));
            self.advance(&[Token::Comma, close]);
            return None;
        }
        Some(Param { pos, name, ty })
    }

    /// A parameter whose first name is followed by something that decides what it is.
    fn param_from_name(&mut self, pos: Pos, name: IdentId, sets_ok: bool) -> Option<Param> {
        let (name, mut ty) = match self.tok() {
            Token::LBrack => match self.array_or_args() {
                ArrayOrArgs::Array(ty) => (Some(name), ty),
                ArrayOrArgs::Args { pos, args, rbrack } => {
                    let x = name.expr();
                    (None, self.expr(pos, ExprKind::Index { x, args, rbrack }))
                }
            },
            Token::Dot => (None, self.qualified_name(Some(name))),
            Token::Operator if sets_ok && self.lex.op == Op::Or => (None, name.expr()),
            _ => return None,
        };
        if sets_ok {
            ty = self.union_from(ty);
        }
        Some(Param { pos, name, ty: Some(ty) })
    }

    fn variadic_type(&mut self) -> ExprId {
        let pos = self.pos();
        self.next();
        if let Some(elem) = self.type_or_none() {
            return self.expr(pos, ExprKind::Variadic { elem });
        }
        let bad = self.bad_expr();
        self.syntax_error("... is missing type");
        bad
    }

    /// Decides which lone names are types, and gives the others the type that follows them.
    fn distribute_types(&mut self, params: &mut [Param], end: Pos, require_names: bool) {
        let named = params.iter().filter(|p| p.name.is_some() && p.ty.is_some()).count();
        let typed = params.iter().filter(|p| p.ty.is_some()).count();
        if named == 0 && !require_names {
            for param in params {
                if let Some(name) = param.name.take() {
                    param.ty = Some(name.expr());
                }
            }
            return;
        }
        if named == params.len() {
            return;
        }
        let mut leftmost = None;
        let mut current = None;
        for param in params.iter_mut().rev() {
            if let Some(ty) = param.ty {
                current = Some(ty);
                if param.name.is_none() {
                    let pos = self.nodes.start(ty);
                    leftmost = Some(pos);
                    param.name = Some(self.ident(pos, sym::BLANK));
                }
            } else if current.is_some() {
                param.ty = current;
            } else {
                let pos = param.pos;
                leftmost = Some(pos);
                param.ty = Some(self.expr(pos, ExprKind::Bad));
            }
        }
        let Some(leftmost) = leftmost else { return };
        let (pos, message) = match (named == typed, require_names) {
            // Only names without types are left, and they are at the end of the list.
            (true, true) => (end, "missing type constraint"),
            (true, false) => (end, "missing parameter type"),
            (false, true) if params.len() == 1 => {
                (leftmost, "missing type parameter name or invalid array length")
            }
            (false, true) => (leftmost, "missing type parameter name"),
            (false, false) => (leftmost, "missing parameter name"),
        };
        self.syntax_error_at(pos, message);
    }

    /// Complains once about `...` that is not at the last parameter, and takes the types for ordinary ones.
    fn check_variadic(&mut self, params: &mut [Param], variadic_ok: bool) {
        let last = params.len().saturating_sub(1);
        let mut complained = false;
        for (i, param) in params.iter_mut().enumerate() {
            let Some(ty) = param.ty else { continue };
            let ExprKind::Variadic { elem } = self.kind(ty) else {
                continue;
            };
            if variadic_ok && i == last {
                continue;
            }
            if !complained {
                complained = true;
                let message = match variadic_ok {
                    true => "can only use ... with final parameter",
                    false => "invalid use of ...",
                };
                self.error_at(self.nodes[ty].pos, message);
            }
            param.ty = Some(elem);
        }
    }
}
