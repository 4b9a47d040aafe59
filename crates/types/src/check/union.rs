//! Elements of interfaces: types, `~T`, and unions (spec: General interfaces).

use super::Checker;
use super::operand::Mode;
use crate::ids::TypeId;
use crate::types::{Term, Type};
use crate::typeset::MAX_TERMS;
use crate::universe::typ;
use trigo_syntax::ast::{ExprId, ExprKind};
use trigo_syntax::token::Op;

impl<'a> Checker<'a> {
    /// An element of an interface: a type or a union.
    pub(super) fn interface_elem(&mut self, e: ExprId) -> TypeId {
        let mut parts = Vec::new();
        let mut at = e;
        while let ExprKind::Binary { op: Op::Or, x, y } = self.file()[at].kind {
            parts.push((y, Some(at)));
            at = x;
        }
        parts.push((at, None));
        parts.reverse();
        let mut terms: Vec<Term> = Vec::new();
        for &(part, _) in &parts {
            let term = self.term(part);
            if parts.len() == 1 && !term.tilde {
                return term.typ;
            }
            if terms.len() >= MAX_TERMS {
                let message = format!(
                    "cannot handle more than {MAX_TERMS} union terms (implementation limitation)"
                );
                self.error_expr(part, message);
                return typ::INVALID;
            }
            terms.push(term);
        }
        let union = self.s.new_type(Type::Union(terms.clone().into()));
        for &(_, op) in &parts {
            if let Some(op) = op {
                self.record_type(op, Mode::Type, union, None);
            }
        }
        let places: Vec<ExprId> = parts.iter().map(|(e, _)| *e).collect();
        self.later(move |c| c.check_terms(&terms, &places));
        union
    }

    fn term(&mut self, e: ExprId) -> Term {
        let (x, tilde) = match self.file()[e].kind {
            ExprKind::Unary { op: Op::Tilde, x } => (x, true),
            _ => (e, false),
        };
        let mut t = self.typ(x);
        if self.s.is_type_param(t) {
            let message = match tilde {
                true => format!("type in term {} cannot be a type parameter", self.es(e)),
                false => "term cannot be a type parameter".into(),
            };
            self.error_expr(x, message);
            t = typ::INVALID;
        }
        let term = Term { tilde, typ: t };
        if tilde {
            let single = self.s.new_type(Type::Union(Box::new([term])));
            self.record_type(e, Mode::Type, single, None);
        }
        term
    }

    fn term_text(&self, term: Term) -> String {
        format!("{}{}", if term.tilde { "~" } else { "" }, self.ts_long(term.typ))
    }

    /// A type with full package paths, as type sets are shown.
    fn ts_long(&self, t: TypeId) -> String {
        self.s.type_string(t, &|p| self.s.pkg(p).path.to_string())
    }

    fn check_terms(&mut self, terms: &[Term], places: &[ExprId]) {
        let s = self.s;
        for (i, &term) in terms.iter().enumerate() {
            if !s.is_valid(term.typ) {
                continue;
            }
            let under = s.under(term.typ);
            let is_interface = matches!(s.typ(under), Type::Interface(_));
            let message = if term.tilde && is_interface {
                Some(format!("invalid use of ~ ({} is an interface)", self.ts(term.typ)))
            } else if term.tilde && !s.identical(under, term.typ) {
                let (t, u) = (self.ts(term.typ), self.ts(under));
                Some(format!("invalid use of ~ (underlying type of {t} is {u})"))
            } else if is_interface {
                let set = s.type_set(under);
                let text = self.term_text(term);
                match set {
                    _ if !set.methods.is_empty() => {
                        Some(format!("cannot use {text} in union ({text} contains methods)"))
                    }
                    _ if term.typ == typ::COMPARABLE => {
                        Some("cannot use comparable in union".into())
                    }
                    _ if set.comparable => {
                        Some(format!("cannot use {text} in union ({text} embeds comparable)"))
                    }
                    _ => None,
                }
            } else {
                let overlap = terms[..i].iter().find(|x| {
                    s.is_valid(x.typ) && !s.is_interface(x.typ) && !s.disjoint(**x, term)
                });
                if let Some(&x) = overlap {
                    let message = format!(
                        "overlapping terms {} and {}",
                        self.term_text(term),
                        self.term_text(x)
                    );
                    let at = Some(self.start(places[i]));
                    self.soft_error(at, message);
                }
                None
            };
            if let Some(message) = message {
                self.error_expr(places[i], message);
            }
        }
    }
}
