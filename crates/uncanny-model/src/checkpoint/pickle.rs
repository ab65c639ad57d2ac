//! The pickle machine: opcodes in, a graph of plain values out. It calls nothing.
//!
//! Values live in an arena and refer to each other by index, so that cycles, sharing and deep
//! nesting cost no recursion. What a "call" means is decided in [`super::globals`], by an
//! allow-list.

use std::collections::HashMap;

use super::error::Problem;
use super::globals;
use super::value::{Node, Pickle, Value};

/// Values a pickle may create, and the depth of its stack. Real checkpoints need thousands.
const MAX_OBJECTS: usize = 1 << 21;
/// Steps it may take, and list elements it may copy.
const MAX_STEPS: usize = 1 << 24;
/// Module and class names are short; anything longer is an attempt at something.
const MAX_NAME: usize = 200;

/// Interprets the pickle at the start of `bytes`; `what` names it in messages.
pub(crate) fn run<'a>(bytes: &'a [u8], what: &'a str) -> Result<Pickle<'a>, Problem> {
    let mut machine = Machine {
        bytes,
        pos: 0,
        what,
        steps: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        nodes: Vec::new(),
        first_instance: None,
    };
    let root = machine.run()?;
    Ok(Pickle::new(machine.nodes, root, machine.pos))
}

/// The interpreter's state.
pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    pos: usize,
    what: &'a str,
    steps: usize,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: HashMap<u64, Value>,
    nodes: Vec<Node<'a>>,
    /// The class of the first object outside the allow-list: in a pickled module, the module's.
    pub(super) first_instance: Option<String>,
}

impl<'a> Machine<'a> {
    fn run(&mut self) -> Result<Value, Problem> {
        loop {
            let op = self.take(1)?[0];
            self.spend(1)?;
            if self.stack.len() > MAX_OBJECTS || self.marks.len() > MAX_OBJECTS {
                return Err(self.bad("too deep a stack"));
            }
            match op {
                // PROTO, FRAME: nothing to do.
                0x80 => drop(self.take(1)?),
                0x95 => drop(self.take(8)?),
                b'.' => return self.pop(),
                b'(' => self.marks.push(self.stack.len()),
                b'0' => drop(self.pop()?),
                b'1' => drop(self.pop_mark()?),
                b'2' => {
                    let top = self.peek()?;
                    self.stack.push(top);
                }

                b'N' => self.stack.push(Value::None),
                0x88 => self.stack.push(Value::Bool(true)),
                0x89 => self.stack.push(Value::Bool(false)),
                b'J' => {
                    let n = i32::from_le_bytes(self.array()?);
                    self.stack.push(Value::Int(n.into()));
                }
                b'K' => {
                    let [n] = self.array()?;
                    self.stack.push(Value::Int(n.into()));
                }
                b'M' => {
                    let n = u16::from_le_bytes(self.array()?);
                    self.stack.push(Value::Int(n.into()));
                }
                b'G' => {
                    let x = f64::from_be_bytes(self.array()?);
                    self.stack.push(Value::Float(x));
                }
                0x8a => {
                    let [n] = self.array()?;
                    self.long(n.into())?;
                }
                0x8b => {
                    let n = u32::from_le_bytes(self.array()?);
                    self.long(n.into())?;
                }
                b'I' => self.text_int()?,
                b'L' => {
                    let line = self.line()?;
                    let line = line.strip_suffix('L').unwrap_or(line);
                    let n = line.parse().map_err(|_| self.bad("not an integer"))?;
                    self.stack.push(Value::Int(n));
                }
                b'F' => {
                    let x = self.line()?.parse().map_err(|_| self.bad("not a number"))?;
                    self.stack.push(Value::Float(x));
                }

                b'S' => {
                    let line = self.line()?;
                    let text = line
                        .strip_prefix(['\'', '"'])
                        .and_then(|s| s.strip_suffix(['\'', '"']))
                        .ok_or_else(|| self.bad("a string without quotes"))?;
                    self.push(Node::Str(text.into()))?;
                }
                b'V' => {
                    let line = self.line()?;
                    self.push(Node::Str(line.into()))?;
                }
                b'T' => {
                    let n = u32::from_le_bytes(self.array()?);
                    self.byte_string(n.into())?;
                }
                b'U' => {
                    let [n] = self.array()?;
                    self.byte_string(n.into())?;
                }
                0x8c => {
                    let [n] = self.array()?;
                    self.string(n.into())?;
                }
                b'X' => {
                    let n = u32::from_le_bytes(self.array()?);
                    self.string(n.into())?;
                }
                0x8d => {
                    let n = u64::from_le_bytes(self.array()?);
                    self.string(n)?;
                }
                b'C' => {
                    let [n] = self.array()?;
                    self.push_bytes(n.into())?;
                }
                b'B' => {
                    let n = u32::from_le_bytes(self.array()?);
                    self.push_bytes(n.into())?;
                }
                // BINBYTES8, BYTEARRAY8
                0x8e | 0x96 => {
                    let n = u64::from_le_bytes(self.array()?);
                    self.push_bytes(n)?;
                }

                // EMPTY_LIST, EMPTY_SET
                b']' | 0x8f => self.push(Node::List(Vec::new()))?,
                b'}' => self.push(Node::Dict(Vec::new()))?,
                b')' => self.push(Node::Tuple(Vec::new()))?,
                // LIST, FROZENSET
                b'l' | 0x91 => {
                    let items = self.pop_mark()?;
                    self.push(Node::List(items))?;
                }
                b't' => {
                    let items = self.pop_mark()?;
                    self.push(Node::Tuple(items))?;
                }
                b'd' => {
                    let items = self.pop_mark()?;
                    let pairs = self.pairs(&items)?;
                    self.push(Node::Dict(pairs))?;
                }
                0x85..=0x87 => {
                    let n = usize::from(op - 0x84);
                    let at = self.stack.len().checked_sub(n);
                    let at = at
                        .filter(|at| self.marks.last().is_none_or(|m| at >= m))
                        .ok_or_else(|| self.bad("a stack that is empty"))?;
                    let items = self.stack.split_off(at);
                    self.push(Node::Tuple(items))?;
                }
                b'a' => {
                    let item = self.pop()?;
                    self.append(&[item])?;
                }
                // APPENDS, ADDITEMS
                b'e' | 0x90 => {
                    let items = self.pop_mark()?;
                    self.append(&items)?;
                }
                b's' => {
                    let value = self.pop()?;
                    let key = self.pop()?;
                    self.set_items(&[key, value])?;
                }
                b'u' => {
                    let items = self.pop_mark()?;
                    self.set_items(&items)?;
                }

                b'q' => {
                    let [n] = self.array()?;
                    self.put(n.into())?;
                }
                b'r' => {
                    let n = u32::from_le_bytes(self.array()?);
                    self.put(n.into())?;
                }
                0x94 => self.put(self.memo.len() as u64)?,
                b'p' => {
                    let n = self.line()?.parse().map_err(|_| self.bad("not an index"))?;
                    self.put(n)?;
                }
                b'h' => {
                    let [n] = self.array()?;
                    self.get(n.into())?;
                }
                b'j' => {
                    let n = u32::from_le_bytes(self.array()?);
                    self.get(n.into())?;
                }
                b'g' => {
                    let n = self.line()?.parse().map_err(|_| self.bad("not an index"))?;
                    self.get(n)?;
                }

                b'c' => {
                    let module = self.line()?;
                    let name = self.line()?;
                    self.global(module, name)?;
                }
                0x93 => {
                    let name = self.pop()?;
                    let module = self.pop()?;
                    let (Some(module), Some(name)) = (self.short(module), self.short(name)) else {
                        return Err(self.bad("a global without a name"));
                    };
                    self.global(&module, &name)?;
                }
                b'R' => {
                    let args = self.pop()?;
                    let function = self.pop()?;
                    let made = globals::call(self, function, args)?;
                    self.stack.push(made);
                }
                // NEWOBJ, NEWOBJ_EX
                0x81 | 0x92 => {
                    if op == 0x92 {
                        self.pop()?;
                    }
                    let args = self.pop()?;
                    let class = self.pop()?;
                    let made = globals::instance(self, class, args)?;
                    self.stack.push(made);
                }
                // INST, OBJ: protocol 0 and 1's calls.
                b'i' => {
                    let module = self.line()?;
                    let name = self.line()?;
                    let items = self.pop_mark()?;
                    self.push(Node::Tuple(items))?;
                    let args = self.pop()?;
                    self.global(module, name)?;
                    let class = self.pop()?;
                    let made = globals::call(self, class, args)?;
                    self.stack.push(made);
                }
                b'o' => {
                    let mut items = self.pop_mark()?;
                    if items.is_empty() {
                        return Err(self.bad("an object without a class"));
                    }
                    let class = items.remove(0);
                    self.push(Node::Tuple(items))?;
                    let args = self.pop()?;
                    let made = globals::call(self, class, args)?;
                    self.stack.push(made);
                }
                b'b' => {
                    let state = self.pop()?;
                    let object = self.peek()?;
                    globals::build(self, object, state)?;
                }
                b'Q' => {
                    let id = self.pop()?;
                    let made = globals::persistent(self, id)?;
                    self.stack.push(made);
                }
                _ => return Err(self.bad(&format!("opcode {op:#04x}, which torch never writes"))),
            }
        }
    }

    /// An error at the current place.
    pub(super) fn bad(&self, what: &str) -> Problem {
        Problem::malformed(format!("{}, byte {}: {what}", self.what, self.pos))
    }

    /// Counts work, so that a small file cannot ask for a lot of it.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Problem> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > MAX_STEPS {
            return Err(self.bad("more steps than any checkpoint needs"));
        }
        Ok(())
    }

    /// Puts a value into the arena.
    pub(super) fn make(&mut self, node: Node<'a>) -> Result<Value, Problem> {
        if self.nodes.len() >= MAX_OBJECTS {
            return Err(self.bad("more objects than any checkpoint needs"));
        }
        self.nodes.push(node);
        Ok(Value::Node(self.nodes.len() - 1))
    }

    /// The arena's entry of a value, if it has one.
    pub(super) fn node(&self, value: Value) -> Option<&Node<'a>> {
        match value {
            Value::Node(i) => self.nodes.get(i),
            _ => None,
        }
    }

    pub(super) fn node_mut(&mut self, value: Value) -> Option<&mut Node<'a>> {
        match value {
            Value::Node(i) => self.nodes.get_mut(i),
            _ => None,
        }
    }

    /// The items of a tuple.
    pub(super) fn tuple(&self, value: Value) -> Option<&[Value]> {
        match self.node(value)? {
            Node::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// A string short enough to be a name.
    pub(super) fn short(&self, value: Value) -> Option<String> {
        match self.node(value)? {
            Node::Str(s) if s.len() <= MAX_NAME => Some(s.to_string()),
            _ => None,
        }
    }

    fn take(&mut self, n: u64) -> Result<&'a [u8], Problem> {
        let rest = &self.bytes[self.pos..];
        let truncated = || Problem::Truncated {
            part: format!("{} at byte {}", self.what, self.pos),
            needed: n,
            found: rest.len() as u64,
        };
        let n = usize::try_from(n).map_err(|_| truncated())?;
        let taken = rest.get(..n).ok_or_else(truncated)?;
        self.pos += n;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let taken = self.take(N as u64)?;
        Ok(taken.try_into().expect("N bytes were taken"))
    }

    fn line(&mut self) -> Result<&'a str, Problem> {
        let rest = &self.bytes[self.pos..];
        let n = rest.iter().position(|b| *b == b'\n');
        let n = n.ok_or_else(|| Problem::Truncated {
            part: format!("{} at byte {}", self.what, self.pos),
            needed: rest.len() as u64 + 1,
            found: rest.len() as u64,
        })?;
        let line =
            std::str::from_utf8(&rest[..n]).map_err(|_| self.bad("text that is not UTF-8"))?;
        self.pos += n + 1;
        Ok(line.strip_suffix('\r').unwrap_or(line))
    }

    fn push(&mut self, node: Node<'a>) -> Result<(), Problem> {
        let value = self.make(node)?;
        self.stack.push(value);
        Ok(())
    }

    fn string(&mut self, n: u64) -> Result<(), Problem> {
        let bytes = self.take(n)?;
        let text = std::str::from_utf8(bytes).map_err(|_| self.bad("text that is not UTF-8"))?;
        self.push(Node::Str(text.into()))
    }

    /// A string of Python 2: text where it can be, else bytes.
    fn byte_string(&mut self, n: u64) -> Result<(), Problem> {
        let bytes = self.take(n)?;
        self.push(match std::str::from_utf8(bytes) {
            Ok(text) => Node::Str(text.into()),
            Err(_) => Node::Bytes(bytes.into()),
        })
    }

    fn push_bytes(&mut self, n: u64) -> Result<(), Problem> {
        let bytes = self.take(n)?;
        self.push(Node::Bytes(bytes.into()))
    }

    fn long(&mut self, n: u64) -> Result<(), Problem> {
        let bytes = self.take(n)?;
        if bytes.len() > 8 {
            return self.push(Node::Long);
        }
        let negative = bytes.last().is_some_and(|b| *b >= 0x80);
        let mut wide = [if negative { 0xff } else { 0 }; 8];
        wide[..bytes.len()].copy_from_slice(bytes);
        self.stack.push(Value::Int(i64::from_le_bytes(wide)));
        Ok(())
    }

    fn text_int(&mut self) -> Result<(), Problem> {
        let value = match self.line()? {
            "00" => Value::Bool(false),
            "01" => Value::Bool(true),
            n => Value::Int(n.parse().map_err(|_| self.bad("not an integer"))?),
        };
        self.stack.push(value);
        Ok(())
    }

    /// The stack's top; what lies under the last mark is out of reach.
    fn peek(&self) -> Result<Value, Problem> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.last() {
            Some(top) if self.stack.len() > floor => Ok(*top),
            _ => Err(self.bad("a stack that is empty")),
        }
    }

    fn pop(&mut self) -> Result<Value, Problem> {
        let top = self.peek()?;
        self.stack.pop();
        Ok(top)
    }

    fn pop_mark(&mut self) -> Result<Vec<Value>, Problem> {
        let mark = self.marks.pop().ok_or_else(|| self.bad("no mark"))?;
        Ok(self.stack.split_off(mark))
    }

    fn put(&mut self, index: u64) -> Result<(), Problem> {
        let top = self.peek()?;
        self.memo.insert(index, top);
        if self.memo.len() > MAX_OBJECTS {
            return Err(self.bad("more objects than any checkpoint needs"));
        }
        Ok(())
    }

    fn get(&mut self, index: u64) -> Result<(), Problem> {
        let value = self.memo.get(&index).copied();
        self.stack
            .push(value.ok_or_else(|| self.bad("a memo entry that was never made"))?);
        Ok(())
    }

    fn global(&mut self, module: &str, name: &str) -> Result<(), Problem> {
        let full = format!("{module}.{name}");
        if full.len() > MAX_NAME {
            return Err(self.bad("a global with an absurdly long name"));
        }
        let known = globals::known(module, name);
        self.push(Node::Global { name: full, known })
    }

    fn pairs(&self, items: &[Value]) -> Result<Vec<(Value, Value)>, Problem> {
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.bad("a key without a value"));
        }
        Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect())
    }

    fn append(&mut self, items: &[Value]) -> Result<(), Problem> {
        let target = self.peek()?;
        match self.node_mut(target) {
            Some(Node::List(list)) => list.extend_from_slice(items),
            Some(Node::Instance { .. } | Node::Opaque) => {}
            _ => return Err(self.bad("items for something that is not a list")),
        }
        Ok(())
    }

    fn set_items(&mut self, items: &[Value]) -> Result<(), Problem> {
        let mut pairs = self.pairs(items)?;
        let target = self.peek()?;
        match self.node_mut(target) {
            Some(Node::Dict(dict)) => dict.append(&mut pairs),
            Some(Node::Instance { .. } | Node::Opaque) => {}
            _ => return Err(self.bad("items for something that is not a dictionary")),
        }
        Ok(())
    }
}
