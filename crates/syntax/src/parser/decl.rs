//! Files and declarations.

use super::{Parser, Top};
use crate::ast::{Decl, DeclId, DeclKind, ExprKind, Group, GroupId, List};
use crate::intern::sym;
use crate::pos::Pos;
use crate::token::{LitKind, Token};

/// Where to go on after a broken declaration.
const DECLARATIONS: &[Token] = &[Token::Import, Token::Const, Token::Type, Token::Var, Token::Func];

impl Parser<'_> {
    /// `SourceFile = PackageClause ";" { ImportDecl ";" } { TopLevelDecl ";" } .`
    pub(super) fn file(&mut self) -> Top {
        let mut top = Top {
            pos: self.pos(),
            package: None,
            directives: List::EMPTY,
            decls: List::EMPTY,
            go_version: self.go_version(),
            eof: Pos(self.lex.src.len() as u32),
        };
        if !self.got(Token::Package) {
            self.syntax_error("package statement must be first");
            return top;
        }
        top.directives = self.take_directives();
        let package = self.name();
        self.want(Token::Semi);
        if self.lex.diagnostics.is_empty() {
            top.package = Some(package);
            self.top_level_decls();
            top.decls = self.decls_since(0);
        }
        top
    }

    fn top_level_decls(&mut self) {
        let mut last = Token::Import;
        while self.tok() != Token::Eof {
            let tok = self.tok();
            if tok == Token::Import && last != Token::Import {
                self.syntax_error("imports must appear before other declarations");
            }
            if self.mode.imports_only && tok != Token::Import {
                return;
            }
            last = tok;
            match tok {
                Token::Import | Token::Const | Token::Type | Token::Var => self.declarations(),
                Token::Func => self.func_decl(),
                _ => {
                    if tok == Token::LBrace && self.follows_bodyless_func() {
                        self.syntax_error("unexpected semicolon or newline before {");
                    } else {
                        self.syntax_error("non-declaration statement outside function body");
                    }
                    self.advance(DECLARATIONS);
                    continue;
                }
            }
            // Before the `;` is taken: directives after it belong to the next declaration.
            self.drop_directives();
            if self.tok() != Token::Eof && !self.got(Token::Semi) {
                self.syntax_error("after top level declaration");
                self.advance(DECLARATIONS);
            }
        }
    }

    fn follows_bodyless_func(&self) -> bool {
        let last = self.decl_stack.last().map(|&id| self.nodes[id].kind);
        matches!(last, Some(DeclKind::Func { body: None, .. }))
    }

    /// At `import`, `const`, `type` or `var`: a declaration, or a group of them. They go on top of the stack.
    pub(super) fn declarations(&mut self) {
        let (tok, keyword) = (self.tok(), self.pos());
        self.next();
        if self.tok() != Token::LParen {
            return self.spec(tok, Some(keyword), None);
        }
        let lparen = self.pos();
        let group = GroupId::from_index(self.nodes.groups.len());
        self.nodes.groups.push(Group { keyword, lparen, rparen: lparen, decls: List::EMPTY });
        // Before the `(` is taken: directives after it belong to the first declaration.
        self.drop_directives();
        self.next();
        let mark = self.decl_stack.len();
        let rparen = self.list("grouped declaration", Token::Semi, Token::RParen, |p| {
            p.spec(tok, None, Some(group));
            false
        });
        let start = self.nodes.decl_lists.len();
        self.nodes.decl_lists.extend_from_slice(&self.decl_stack[mark..]);
        let decls = List::from_range(start..self.nodes.decl_lists.len());
        let group = &mut self.nodes.groups[group.index()];
        (group.rparen, group.decls) = (rparen, decls);
    }

    /// One line of a declaration that starts with `tok`.
    fn spec(&mut self, tok: Token, keyword: Option<Pos>, group: Option<GroupId>) {
        let pos = self.pos();
        let directives = self.take_directives();
        let kind = match tok {
            Token::Import => self.import_spec(),
            Token::Const => self.const_spec(),
            Token::Type => self.type_spec(),
            _ => self.var_spec(),
        };
        self.push_decl(Decl { pos, keyword: keyword.unwrap_or(pos), group, directives, kind });
    }

    fn push_decl(&mut self, decl: Decl) {
        let id = DeclId::from_index(self.nodes.decls.len());
        self.nodes.decls.push(decl);
        self.decl_stack.push(id);
    }

    /// `ImportSpec = [ "." | PackageName ] ImportPath .`
    fn import_spec(&mut self) -> DeclKind {
        let name = match self.tok() {
            Token::Name => Some(self.name()),
            Token::Dot => {
                let pos = self.pos();
                self.next();
                Some(self.ident(pos, sym::DOT))
            }
            _ => None,
        };
        let path = self.literal_or_none();
        match path {
            None => {
                self.syntax_error("missing import path");
                self.advance(&[Token::Semi, Token::RParen]);
            }
            Some(path) => {
                let node = self.nodes[path];
                if let ExprKind::Literal { kind, bad: false, len } = node.kind
                    && kind != LitKind::String
                {
                    self.syntax_error_at(node.pos, "import path must be a string");
                    self.nodes.exprs[path.index()].kind =
                        ExprKind::Literal { kind, bad: true, len };
                }
            }
        }
        DeclKind::Import { name, path }
    }

    /// `ConstSpec = IdentifierList [ [ Type ] "=" ExpressionList ] .`
    fn const_spec(&mut self) -> DeclKind {
        let first = self.name();
        let names = self.name_list(first);
        let (mut ty, mut values) = (None, List::EMPTY);
        if !matches!(self.tok(), Token::Eof | Token::Semi | Token::RParen) {
            ty = self.type_or_none();
            if self.got_assign() {
                values = self.expr_list();
            }
        }
        DeclKind::Const { names, ty, values }
    }

    /// `VarSpec = IdentifierList ( Type [ "=" ExpressionList ] | "=" ExpressionList ) .`
    fn var_spec(&mut self) -> DeclKind {
        let first = self.name();
        let names = self.name_list(first);
        let (mut ty, mut values) = (None, List::EMPTY);
        if self.got_assign() {
            values = self.expr_list();
        } else {
            ty = Some(self.type_());
            if self.got_assign() {
                values = self.expr_list();
            }
        }
        DeclKind::Var { names, ty, values }
    }

    /// ```text
    /// FunctionDecl = "func" identifier [ TypeParameters ] Signature [ Block ] .
    /// MethodDecl   = "func" Receiver identifier [ TypeParameters ] Signature [ Block ] .
    /// ```
    fn func_decl(&mut self) {
        let keyword = self.pos();
        self.next();
        let pos = self.pos();
        let directives = self.take_directives();
        let mut recv = List::EMPTY;
        let has_recv = self.got(Token::LParen);
        if has_recv {
            recv = self.params(Token::RParen, false);
            match recv.len() {
                0 => self.error("method has no receiver"),
                1 => {}
                _ => {
                    self.error("method has multiple receivers");
                    let start = recv.range().start;
                    recv = List::from_range(start..start + 1);
                }
            }
        }
        let (name, type_params, ty);
        if self.tok() == Token::Name {
            name = self.name();
            (type_params, ty) = self.func_type("");
        } else {
            let at = self.pos();
            name = self.ident(at, sym::BLANK);
            let (params, results) = (List::EMPTY, List::EMPTY);
            type_params = List::EMPTY;
            ty = self.expr(at, ExprKind::Func { params, results });
            self.syntax_error(if has_recv { "expected name" } else { "expected name or (" });
            self.advance(&[Token::LBrace, Token::Semi]);
        }
        let body = (self.tok() == Token::LBrace).then(|| self.func_body());
        let kind = DeclKind::Func { recv, name, type_params, ty, body };
        self.push_decl(Decl { pos, keyword, group: None, directives, kind });
    }
}
