//! Running a program: its statements one by one, each operator by libtorch, within bounds.

use std::cell::Cell;
use std::rc::Rc;

use tch::{Device, Tensor};

use super::Program;
use super::ops::{self, Call};
use super::syntax::{Expr, Function, Stmt, StmtKind};
use super::value::{Held, Stop, Value};
use crate::checkpoint::torchscript::Datum;

/// Statements and operators of one run. The largest network known, traced, takes 20,000.
const MAX_STEPS: u64 = 300_000;

/// How deep calls, blocks and expressions are within each other.
const MAX_DEPTH: usize = 250;

/// Elements that a program may hold at once, for each that it is given: 64 channels at eight times the size are 1,400.
const ROOM: i64 = 16_384;

/// Elements that it may hold however little it is given.
const LEAST_ROOM: i64 = 1 << 24;

/// Elements that its operators may make in one run, views included, for each that it is given: the most that any network
/// of windows and wide attention is known to make is a tenth of it.
const WORK: i64 = 1 << 20;

/// Elements that they may make however little is given.
const LEAST_WORK: i64 = 1 << 30;

/// One run of a program.
pub(crate) struct Run<'a> {
    program: &'a Program,
    pub(crate) device: Device,
    /// Elements that are held.
    pub(crate) held: Rc<Cell<i64>>,
    limit: i64,
    /// Elements that were made so far.
    made: Cell<i64>,
    work: i64,
    steps: Cell<u64>,
    depth: Cell<usize>,
    /// Where the input's numbers are.
    input: (usize, usize),
}

type R<T> = Result<T, Stop>;

/// How a block ended.
enum Flow {
    On,
    Returned(Value),
}

impl Run<'_> {
    /// What the program's `forward` makes of `x`.
    pub(crate) fn forward(program: &Program, x: &Tensor) -> R<Tensor> {
        let given = x.numel() as i64;
        let limit = given
            .saturating_mul(ROOM)
            .saturating_add(LEAST_ROOM)
            .saturating_add(program.elements.saturating_mul(2));
        let run = Run {
            program,
            device: program.device,
            held: Rc::default(),
            limit,
            made: Cell::default(),
            work: given.saturating_mul(WORK).saturating_add(LEAST_WORK),
            steps: Cell::default(),
            depth: Cell::default(),
            input: super::span(x),
        };
        let x = Value::Tensor(Rc::new(Held::free(x.shallow_clone())));
        match run.method(0, "forward", vec![x])? {
            Value::Tensor(made) => Ok(made.tensor.shallow_clone()),
            other => Err(Stop::failed(format!(
                "it makes {}, not a tensor",
                other.what()
            ))),
        }
    }

    /// Whether there is room for this many elements more.
    pub(crate) fn room(&self, name: &str, elements: Option<i64>) -> R<()> {
        let total = elements.and_then(|elements| elements.checked_add(self.held.get()));
        if total.is_some_and(|total| total <= self.limit) {
            return Ok(());
        }
        Err(Stop::refused(format!(
            "`{name}` takes more memory than any network for pictures of this size"
        )))
    }

    /// Counts what an operator made.
    pub(crate) fn count(&self, elements: i64) -> R<()> {
        self.made.set(self.made.get().saturating_add(elements));
        if self.made.get() > self.work {
            return Err(Stop::refused(
                "it works longer than any network for pictures of this size",
            ));
        }
        Ok(())
    }

    fn step(&self) -> R<()> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > MAX_STEPS {
            return Err(Stop::refused("it takes more steps than any network"));
        }
        Ok(())
    }

    fn deeper<T>(&self, inner: impl FnOnce() -> R<T>) -> R<T> {
        self.depth.set(self.depth.get() + 1);
        if self.depth.get() > MAX_DEPTH {
            return Err(Stop::refused("its calls are too deeply nested"));
        }
        let found = inner();
        self.depth.set(self.depth.get() - 1);
        found
    }

    fn method(&self, module: usize, name: &str, args: Vec<Value>) -> R<Value> {
        let class = &self.program.modules[module].class;
        let Some(function) = self.program.method(class, name) else {
            return Err(Stop::failed(format!("{class} has no method {name}")));
        };
        let mut all = vec![Value::Module(module)];
        all.extend(args);
        self.call(function, all)
    }

    fn call(&self, function: &Function, args: Vec<Value>) -> R<Value> {
        let count = function.defaults.len();
        if args.len() > count {
            return Err(Stop::failed(format!(
                "{} takes {count} arguments",
                function.name
            )));
        }
        let mut locals: Vec<Option<Value>> = args.into_iter().map(Some).collect();
        for default in &function.defaults[locals.len()..] {
            let Some(default) = default else {
                return Err(Stop::failed(format!("{} lacks an argument", function.name)));
            };
            let value = self.eval(default, &mut [])?;
            locals.push(Some(value));
        }
        self.count(function.locals as i64)?;
        locals.resize(function.locals, None);
        let flow = self.deeper(|| self.block(&function.body, &mut locals, function))?;
        Ok(match flow {
            Flow::Returned(value) => value,
            Flow::On => Value::None,
        })
    }

    fn block(&self, body: &[Stmt], locals: &mut [Option<Value>], of: &Function) -> R<Flow> {
        for statement in body {
            self.step()?;
            let flow = self.statement(statement, locals, of).map_err(|mut stop| {
                stop.at
                    .get_or_insert_with(|| format!("{}, line {}", of.file, statement.line));
                stop
            })?;
            if let Flow::Returned(value) = flow {
                return Ok(Flow::Returned(value));
            }
        }
        Ok(Flow::On)
    }

    fn statement(&self, statement: &Stmt, locals: &mut [Option<Value>], of: &Function) -> R<Flow> {
        match &statement.kind {
            StmtKind::Assign(targets, value) => {
                let value = self.eval(value, locals)?;
                match (targets.as_slice(), value) {
                    ([], _) => {}
                    ([target], value) => locals[*target] = Some(value),
                    (targets, value) => {
                        let Some(items) = value.items() else {
                            let why = format!("{} for several variables", value.what());
                            return Err(Stop::failed(why));
                        };
                        if items.len() != targets.len() {
                            return Err(Stop::failed("values for another number of variables"));
                        }
                        for (target, item) in targets.iter().zip(items) {
                            locals[*target] = Some(item);
                        }
                    }
                }
                Ok(Flow::On)
            }
            StmtKind::If(condition, then, otherwise) => {
                let condition = self.eval(condition, locals)?;
                let Value::Bool(yes) = ops::convert(super::syntax::Number::Bool, &condition)?
                else {
                    return Err(Stop::failed(format!("{} as a condition", condition.what())));
                };
                let body = if yes { then } else { otherwise };
                self.deeper(|| self.block(body, locals, of))
            }
            StmtKind::For(variable, count, body) => {
                let Value::Int(count) = self.eval(count, locals)? else {
                    return Err(Stop::failed("a loop without a number"));
                };
                for i in 0..count {
                    self.step()?;
                    locals[*variable] = Some(Value::Int(i));
                    if let flow @ Flow::Returned(_) =
                        self.deeper(|| self.block(body, locals, of))?
                    {
                        return Ok(flow);
                    }
                }
                Ok(Flow::On)
            }
            StmtKind::Return(value) => Ok(Flow::Returned(self.eval(value, locals)?)),
        }
    }

    fn eval(&self, expr: &Expr, locals: &mut [Option<Value>]) -> R<Value> {
        self.deeper(|| self.value(expr, locals))
    }

    fn all(&self, exprs: &[Expr], locals: &mut [Option<Value>]) -> R<Vec<Value>> {
        exprs.iter().map(|expr| self.eval(expr, locals)).collect()
    }

    fn value(&self, expr: &Expr, locals: &mut [Option<Value>]) -> R<Value> {
        Ok(match expr {
            Expr::None => Value::None,
            Expr::Bool(b) => Value::Bool(*b),
            Expr::Int(n) => Value::Int(*n),
            Expr::Float(x) => Value::Float(*x),
            Expr::Str(text) => Value::Str(text.clone()),
            Expr::Local(at) => match locals.get(*at) {
                Some(Some(value)) => value.clone(),
                _ => return Err(Stop::failed("a variable that has no value yet")),
            },
            Expr::Constant(at) => match self.program.constants.get(*at) {
                Some(stored) => self.stored(stored)?,
                None => return Err(Stop::failed(format!("no constant {at}"))),
            },
            Expr::Function(path) => Value::Function(path.clone()),
            Expr::Attribute(object, name) => match self.eval(object, locals)? {
                Value::Module(module) => self.attribute(module, name)?,
                other => return Err(Stop::failed(format!("{name} of {}", other.what()))),
            },
            Expr::Item(list, index) => {
                let list = self.eval(list, locals)?;
                let Value::Int(index) = self.eval(index, locals)? else {
                    return Err(Stop::failed("an index that is no number"));
                };
                let item = list.with_items(|items| ops::item(items, index));
                item.unwrap_or_else(|| Err(Stop::failed(format!("an item of {}", list.what()))))?
            }
            Expr::List(exprs) => Value::list(self.all(exprs, locals)?)?,
            Expr::Tuple(exprs) => Value::tuple(self.all(exprs, locals)?)?,
            Expr::Convert(number, value) => ops::convert(*number, &self.eval(value, locals)?)?,
            Expr::Method(object, name, args) => {
                let object = self.eval(object, locals)?;
                let args = self.all(args, locals)?;
                match object {
                    Value::Module(module) => self.method(module, name, args)?,
                    other => return Err(Stop::failed(format!("{name} of {}", other.what()))),
                }
            }
            Expr::Call(function, args) => {
                let function = self.eval(function, locals)?;
                let args = self.all(args, locals)?;
                let Value::Function(path) = function else {
                    return Err(Stop::failed(format!("a call of {}", function.what())));
                };
                match self.program.functions.get(&*path) {
                    Some(function) => self.call(function, args)?,
                    None => return Err(Stop::failed(format!("no function {path}"))),
                }
            }
            Expr::Op {
                op,
                in_place,
                args,
                named,
            } => {
                self.step()?;
                let mut values: Vec<Option<Value>> =
                    self.all(args, locals)?.into_iter().map(Some).collect();
                values.resize(op.params.len(), None);
                for (at, expr) in named {
                    values[*at] = Some(self.eval(expr, locals)?);
                }
                let call = Call {
                    name: op.name,
                    args: &values,
                    run: self,
                };
                let made = (op.body)(&call)?;
                if *in_place {
                    self.put(&call, &made)?
                } else {
                    made
                }
            }
        })
    }

    /// Copies what an operator made over its first argument.
    fn put(&self, call: &Call<'_>, made: &Value) -> R<Value> {
        let (Some(target @ Value::Tensor(held)), Value::Tensor(made)) = (call.get(0), made) else {
            return Err(Stop::failed(format!(
                "{}_ of something else than a tensor",
                call.name
            )));
        };
        let place = super::span(&held.tensor);
        let within = |whole: (usize, usize)| place.0 < whole.1 && whole.0 < place.1;
        if within(self.input) {
            return Err(Stop::refused(format!(
                "`{}_` changes the picture that it is given",
                call.name
            )));
        }
        let spans = &self.program.spans;
        let after = spans.partition_point(|weight| weight.0 < place.1);
        if spans[..after].last().is_some_and(|weight| within(*weight)) {
            let why = format!("`{}_` changes its own weights", call.name);
            return Err(Stop::refused(why));
        }
        let mut tensor = held.tensor.shallow_clone();
        if tensor.size() != made.tensor.size() {
            return Err(Stop::failed(format!("{}_ makes another size", call.name)));
        }
        tensor.f_copy_(&made.tensor)?;
        Ok(target.clone())
    }

    fn attribute(&self, module: usize, name: &str) -> R<Value> {
        let module = &self.program.modules[module];
        if let Some(stored) = module.attributes.get(name) {
            return self.stored(stored);
        }
        let constants = self.program.classes.get(&module.class);
        let constant = constants.and_then(|class| class.constants.get(name));
        match constant {
            Some(value) => self.eval(value, &mut []),
            None => Err(Stop::failed(format!("{} has no {name}", module.class))),
        }
    }

    fn stored(&self, stored: &Datum) -> R<Value> {
        let all = |items: &[Datum]| {
            items
                .iter()
                .map(|item| self.stored(item))
                .collect::<R<Vec<_>>>()
        };
        Ok(match stored {
            Datum::None => Value::None,
            Datum::Bool(b) => Value::Bool(*b),
            Datum::Int(n) => Value::Int(*n),
            Datum::Float(x) => Value::Float(*x),
            Datum::Str(text) => Value::Str(text.clone()),
            Datum::Tensor(at) => {
                let tensor = self.program.tensors[*at].shallow_clone();
                Value::Tensor(Rc::new(Held::free(tensor)))
            }
            Datum::List(items) => Value::list(all(items)?)?,
            Datum::Tuple(items) => Value::tuple(all(items)?)?,
            Datum::Module(at) => Value::Module(*at),
            Datum::Other => return Err(Stop::failed("a value that is not known here")),
        })
    }
}
