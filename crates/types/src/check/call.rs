//! Calls and instantiations of functions (spec: Calls, Instantiations).

use super::Checker;
use super::assign::Context;
use super::errors::Report;
use super::expr::Target;
use super::infer::InferError;
use super::operand::{Mode, OpExpr, Operand};
use crate::ids::{ObjId, TypeId};
use crate::object::VarKind;
use crate::types::{Signature, Type};
use crate::universe::{ExprClass, typ};
use trigo_syntax::FilePos;
use trigo_syntax::ast::{ExprId, ExprKind, List};

/// A call's parts.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub e: ExprId,
    pub fun: ExprId,
    pub args: &'a [ExprId],
    pub spread: bool,
}

impl<'a> Checker<'a> {
    /// Instantiates a generic function operand with the type arguments of
    /// `inst`, and with what can be inferred from the target. Gives the type
    /// arguments if there are too few and `infer` is unset.
    pub(super) fn func_inst(
        &mut self,
        target: Option<&Target>,
        pos: Option<FilePos>,
        x: &mut Operand,
        inst: Option<(ExprId, List<ExprId>)>,
        infer: bool,
    ) -> Option<Vec<TypeId>> {
        let inst_pos = inst.map(|(e, _)| self.pos(e)).or(pos)?;
        if let Some((e, _)) = inst {
            x.expr = OpExpr::Node(e);
        }
        let versioned = self.verify_version(inst_pos, 18, |_| "function instantiation".into());
        let exprs: &[ExprId] = inst.map_or(&[], |(_, args)| &self.file()[args]);
        let Some(targs) = self.type_list(exprs) else {
            x.invalidate();
            return None;
        };
        let Some(sig) = self.s.as_signature(x.typ) else {
            x.invalidate();
            return None;
        };
        let (got, want) = (targs.len(), sig.tparams.len());
        if got > want {
            self.error_expr(exprs[got - 1], format!("got {got} type arguments but want {want}"));
            x.invalidate();
            return None;
        }
        let mut all: Vec<Option<TypeId>> = targs.iter().copied().map(Some).collect();
        if got < want {
            if !infer {
                return Some(targs);
            }
            let mut params = Vec::new();
            let mut args = Vec::new();
            if let Some(target) = target {
                if versioned && !self.allow_version(21) {
                    let how = if inst.is_some() { "partially" } else { "implicitly" };
                    self.verify_version(inst_pos, 21, |_| {
                        format!("{how} instantiated function in assignment")
                    });
                }
                let mut plain = sig.clone();
                plain.tparams = Box::new([]);
                params.push(self.s.signature(plain));
                let at = self.op_pos(x).unwrap_or(inst_pos);
                args.push(Operand::text(Mode::Value, target.sig, at, target.desc.as_str()));
            }
            let (tparams, params) = self.rename_tparams(&sig.tparams, params);
            match self.infer(inst_pos, &tparams, &all, &params, &args, target.is_some()) {
                Ok(inferred) => all = inferred.into_iter().map(Some).collect(),
                Err(why) => {
                    if let InferError::Because(at, message) = why {
                        self.error(at.or(pos), message);
                    }
                    x.invalidate();
                    return None;
                }
            }
        }
        let targs: Vec<TypeId> = all.into_iter().flatten().collect();
        let at = self.op_pos(x).unwrap_or(inst_pos);
        x.typ = self.instantiate_func(at, x.node(), x.typ, &targs, exprs);
        x.mode = Mode::Value;
        None
    }

    /// A generic signature with its type arguments, which are verified later.
    fn instantiate_func(
        &mut self,
        pos: FilePos,
        e: Option<ExprId>,
        sig: TypeId,
        targs: &[TypeId],
        exprs: &[ExprId],
    ) -> TypeId {
        let inst = self.s.instantiate_signature(sig, targs);
        if let Some(e) = e {
            self.record_instance(e, targs, inst);
        }
        let targs = targs.to_vec();
        let places: Vec<FilePos> = exprs.iter().map(|&e| self.start(e)).collect();
        self.later(move |c| {
            let s = c.s;
            let tparams = s.as_signature(sig).map_or(&[][..], |sig| &sig.tparams);
            c.verify_instance(pos, tparams, &targs, &places);
        });
        inst
    }

    pub(super) fn call_expr(&mut self, e: ExprId) -> (Operand, ExprClass) {
        let file = self.file();
        let ExprKind::Call { fun, args, spread, .. } = file[e].kind else {
            return (Operand::invalid(e), ExprClass::Statement);
        };
        let call = Call { e, fun, args: &file[args], spread };
        let mut inst = None;
        let x = match file[fun].kind {
            ExprKind::Index { x: base, args, .. } => {
                let (mut x, is_func) = self.index_expr(fun, base, args);
                if is_func {
                    inst = Some(args);
                }
                x.expr = OpExpr::Node(fun);
                self.record(&x);
                x
            }
            _ => self.expr_or_type(fun, true),
        };
        match x.mode {
            Mode::Invalid => {
                self.use_all(call.args);
                (Operand::invalid(e), ExprClass::Statement)
            }
            Mode::Type => (self.conversion_call(call, x), ExprClass::Conversion),
            Mode::Builtin => {
                let id = x.id;
                let mut x = self.builtin_call(call, id).unwrap_or_else(|| Operand::invalid(e));
                x.expr = OpExpr::Node(e);
                if x.is_valid() && !x.is_const() {
                    self.env.has_call_or_recv = true;
                }
                (x, id.info().class)
            }
            _ => (self.function_call(call, x, inst), ExprClass::Statement),
        }
    }

    fn conversion_call(&mut self, call: Call<'a>, mut x: Operand) -> Operand {
        self.non_generic(None, &mut x);
        let invalid = Operand::invalid(call.e);
        if !x.is_valid() {
            return invalid;
        }
        let t = x.typ;
        if !self.is_complete(t) {
            return invalid;
        }
        match call.args {
            [] => {
                let text = self.ts(t);
                self.error_expr(call.e, format!("missing argument in conversion to {text}"));
                invalid
            }
            [arg] => {
                let target = self.target(Some(t), |_| "conversion".into());
                let mut x = self.expr(target.as_ref(), *arg);
                if !x.is_valid() {
                    return invalid;
                }
                let under = self.s.under(t);
                if self.s.is_plain_interface(t) && !self.s.type_set(under).is_method_set() {
                    let text = self.ts(t);
                    self.error_expr(
                        call.e,
                        format!(
                            "cannot use interface {text} in conversion (contains specific type constraints or is comparable)"
                        ),
                    );
                    return invalid;
                }
                if call.spread {
                    let text = self.ts(t);
                    self.error_expr(*arg, format!("invalid use of ... in conversion to {text}"));
                    return invalid;
                }
                self.conversion(&mut x, t);
                x.expr = OpExpr::Node(call.e);
                x
            }
            [.., last] => {
                self.use_all(call.args);
                let text = self.ts(t);
                self.error_expr(*last, format!("too many arguments in conversion to {text}"));
                invalid
            }
        }
    }

    fn function_call(&mut self, call: Call<'a>, x: Operand, inst: Option<List<ExprId>>) -> Operand {
        let s = self.s;
        let invalid = Operand::invalid(call.e);
        let Some(sig_type) = self.callee(&x) else {
            self.use_all(call.args);
            return invalid;
        };
        let Some(sig) = s.as_signature(sig_type) else {
            return invalid;
        };
        let generic = !sig.tparams.is_empty();
        let mut sig_type = sig_type;
        let mut exprs: &[ExprId] = &[];
        let mut targs = Vec::new();
        if let Some(list) = inst {
            exprs = &self.file()[list];
            let Some(list) = self.type_list(exprs) else {
                self.use_all(call.args);
                return invalid;
            };
            targs = list;
            let (got, want) = (targs.len(), sig.tparams.len());
            if got > want {
                self.error_expr(exprs[want], format!("got {got} type arguments but want {want}"));
                self.use_all(call.args);
                return invalid;
            }
            if got == want && want > 0 {
                let at = self.start(call.fun);
                self.verify_version(at, 18, |_| "function instantiation".into());
                sig_type = self.instantiate_func(
                    self.pos(call.fun),
                    Some(call.fun),
                    sig_type,
                    &targs,
                    exprs,
                );
                targs.clear();
                exprs = &[];
            }
        }
        let (mut args, arg_targs) = self.generic_expr_list(call.args);
        let done = self.arguments(call, sig_type, &targs, exprs, &mut args, arg_targs);
        let Some(result) = s.as_signature(done) else {
            return invalid;
        };
        if generic && result.tparams.is_empty() {
            self.record_type(call.fun, Mode::Value, done, None);
        }
        let mut x = Operand::new(Mode::Value, result.results, call.e);
        match s.vars(result.results) {
            [] => {
                x.mode = Mode::NoValue;
                x.typ = done;
            }
            [single] => {
                x.typ = s.obj_type(*single);
                if !self.is_complete(x.typ) {
                    return invalid;
                }
            }
            _ => {}
        }
        self.env.has_call_or_recv = true;
        // If inference failed the results may still mention type parameters.
        if x.mode == Mode::Value && self.is_parameterized(&result.tparams, x.typ) {
            x.invalidate();
        }
        x
    }

    /// The signature of a called operand.
    fn callee(&mut self, x: &Operand) -> Option<TypeId> {
        let s = self.s;
        let set = s.under_set(x.typ);
        let not_func = set.iter().find_map(|(t, u)| match (t, u) {
            (Some(t), Some(u)) if s.as_signature(*u).is_none() => Some(*t),
            _ => None,
        });
        let cause = match not_func {
            Some(t) => format!("{} is not a function", self.ts(t)),
            None => match s.common_under(x.typ) {
                Ok(u) => return Some(u),
                Err(why) => self.no_common(why),
            },
        };
        let text = self.op_string(x);
        self.error_op(x, format!("invalid operation: cannot call {text}: {cause}"));
        None
    }

    /// The values of a list of expressions; a single call may give several.
    pub(super) fn expr_list(&mut self, list: &[ExprId]) -> Vec<Operand> {
        match list {
            [single] => self.multi_expr(*single, false).0,
            _ => list.iter().map(|&e| self.expr(None, e)).collect(),
        }
    }

    /// Like [`Checker::expr_list`], but generic functions need not be
    /// instantiated: the type arguments given to each are returned too.
    fn generic_expr_list(&mut self, list: &[ExprId]) -> (Vec<Operand>, Vec<Vec<TypeId>>) {
        let infer = !list.is_empty() && !self.allow_version(21);
        let mut operands = Vec::with_capacity(list.len());
        let mut targs = Vec::with_capacity(list.len());
        for &e in list {
            let mut given = Vec::new();
            let x = match self.file()[e].kind {
                ExprKind::Index { x: base, args, .. } => {
                    let (mut x, is_func) = self.index_expr(e, base, args);
                    x.expr = OpExpr::Node(e);
                    if is_func {
                        let pos = self.op_pos(&x);
                        if let Some(list) =
                            self.func_inst(None, pos, &mut x, Some((e, args)), infer)
                        {
                            given = list;
                        } else {
                            self.record(&x);
                        }
                    } else {
                        self.non_generic(None, &mut x);
                        self.exclude_non_values(&mut x);
                        self.single_value(&mut x);
                        self.record(&x);
                    }
                    x
                }
                _ if list.len() == 1 => {
                    let (mut x, _) = self.raw_expr(None, e, None, true);
                    self.exclude_non_values(&mut x);
                    if let (true, Type::Tuple(vars)) = (x.is_valid(), self.s.typ(x.typ)) {
                        let each = |&v: &ObjId| Operand::new(Mode::Value, self.s.obj_type(v), e);
                        return (vars.iter().map(each).collect(), Vec::new());
                    }
                    x
                }
                _ => self.generic_expr(e, None),
            };
            operands.push(x);
            targs.push(given);
        }
        (operands, targs)
    }

    /// Checks arguments against parameters and infers missing type
    /// arguments; gives the signature, instantiated if that worked.
    pub(super) fn arguments(
        &mut self,
        call: Call<'a>,
        sig_type: TypeId,
        targs: &[TypeId],
        exprs: &[ExprId],
        args: &mut [Operand],
        arg_targs: Vec<Vec<TypeId>>,
    ) -> TypeId {
        let s = self.s;
        let Some(sig) = s.as_signature(sig_type) else {
            return sig_type;
        };
        let Some(mut params) = self.match_params(call, sig, args) else {
            return sig_type;
        };
        let n = sig.tparams.len();
        let mut tparams = Vec::new();
        let mut all: Vec<Option<TypeId>> = targs.iter().copied().map(Some).collect();
        if n > 0 {
            if !self.allow_version(18) {
                let what = match self.file()[call.fun].kind {
                    ExprKind::Index { .. } => "function instantiation",
                    _ => "implicit function instantiation",
                };
                let at = self.start(call.fun);
                self.verify_version(at, 18, |_| what.into());
            }
            (tparams, params) = self.rename_tparams(&sig.tparams, params);
            all.resize(n, None);
        }
        let generic_args = self.add_generic_args(args, arg_targs, &mut tparams, &mut all);
        if let Some(&first) = generic_args.first()
            && let Some(at) = self.at(&args[first])
        {
            self.verify_version(at, 21, |_| "implicitly instantiated function as argument".into());
        }
        let mut result = sig_type;
        if !tparams.is_empty() {
            let pos = self.pos(call.e);
            let targs = match self.infer(pos, &tparams, &all, &params, args, false) {
                Ok(targs) => targs,
                Err(InferError::Reported) => return sig_type,
                Err(InferError::Because(at, message)) => {
                    let text = self.es(call.fun);
                    self.error(at.or(Some(pos)), format!("in call to {text}, {message}"));
                    return sig_type;
                }
            };
            if n > 0 {
                result = self.instantiate_func(pos, Some(call.fun), sig_type, &targs[..n], exprs);
                params = params.iter().map(|&p| s.subst(p, &tparams[..n], &targs[..n])).collect();
            }
            let mut at = n;
            for &i in &generic_args {
                let asig = args[i].typ;
                let end = at + s.type_params(asig).len();
                args[i].typ =
                    self.instantiate_func(pos, args[i].node(), asig, &targs[at..end], &[]);
                let arg = args[i].clone();
                self.record(&arg);
                at = end;
            }
        }
        for (x, &t) in args.iter_mut().zip(&params) {
            self.assignment(x, Some(t), Context::ArgumentTo(call.fun));
        }
        result
    }

    /// The parameter type for each argument, or an error about their number.
    fn match_params(
        &mut self,
        call: Call<'a>,
        sig: &Signature,
        args: &[Operand],
    ) -> Option<Vec<TypeId>> {
        let s = self.s;
        let mut params: Vec<TypeId> = s.vars(sig.params).iter().map(|&p| s.obj_type(p)).collect();
        let declared = params.clone();
        let mut want = params.len();
        if sig.variadic {
            if call.spread {
                if call.args.len() == 1 && args.len() > 1 {
                    let text = self.es(call.args[0]);
                    self.error_expr(
                        call.e,
                        format!("cannot use ... with {}-valued {text}", args.len()),
                    );
                    return None;
                }
            } else if args.len() >= want - 1 {
                let last = params.pop()?;
                let elem = match s.typ(s.under(last)) {
                    Type::Slice(elem) => *elem,
                    _ => typ::INVALID,
                };
                params.resize(args.len(), elem);
                want = args.len();
            } else {
                want -= 1;
            }
        } else if call.spread {
            let text = self.es(call.fun);
            self.error_expr(call.e, format!("cannot use ... in call to non-variadic {text}"));
            return None;
        }
        if args.len() == want {
            return Some(params);
        }
        let (at, how) = match args.len() {
            n if n > want => (self.at(&args[want]), "too many"),
            0 => (Some(self.start(call.e)), "not enough"),
            n => (self.at(&args[n - 1]), "not enough"),
        };
        let have: Vec<TypeId> = args.iter().map(|x| x.typ).collect();
        let mut report =
            Report::new(at, format!("{how} arguments in call to {}", self.es(call.fun)));
        let have = format!("have {}", self.types_summary(&have, false, call.spread));
        let want = format!("want {}", self.types_summary(&declared, sig.variadic, false));
        self.add_line(&mut report, None, &have);
        self.add_line(&mut report, None, &want);
        self.send(report);
        None
    }

    /// Adds the type parameters of generic function arguments to those to infer.
    fn add_generic_args(
        &mut self,
        args: &mut [Operand],
        mut given: Vec<Vec<TypeId>>,
        tparams: &mut Vec<TypeId>,
        targs: &mut Vec<Option<TypeId>>,
    ) -> Vec<usize> {
        let s = self.s;
        let mut generic = Vec::new();
        for (i, arg) in args.iter_mut().enumerate() {
            let Some(sig) = s.as_signature(arg.typ).filter(|sig| !sig.tparams.is_empty()) else {
                continue;
            };
            let (renamed, parts) = self.rename_tparams(&sig.tparams, vec![sig.params, sig.results]);
            let new = Signature {
                tparams: renamed.clone().into(),
                params: parts[0],
                results: parts[1],
                ..sig.clone()
            };
            arg.typ = s.signature(new);
            tparams.extend(renamed);
            if let Some(list) = given.get_mut(i) {
                targs.extend(std::mem::take(list).into_iter().map(Some));
            }
            targs.resize(tparams.len(), None);
            generic.push(i);
        }
        generic
    }

    /// A signature with plain parameters, such as a built-in function has in a call.
    pub(super) fn make_signature(&self, params: &[TypeId], variadic: bool) -> TypeId {
        let unnamed = self.s.interner().intern("");
        let var = |&t: &TypeId| self.s.new_var(VarKind::Param, None, None, unnamed, Some(t));
        self.s.signature(Signature {
            tparams: Box::new([]),
            rparams: Box::new([]),
            recv: None,
            params: self.s.tuple(params.iter().map(var).collect()),
            results: typ::EMPTY_TUPLE,
            variadic,
        })
    }
}
