//! The text of a TorchScript archive's `code/` into statements.
//!
//! What libtorch's serializer writes is a small part of Python, and this is a small part of that: no `while`, no `with`, no
//! lambda, no import, no `print`. Whatever is not known here is refused by name, and so is every operator that
//! [`super::ops`] does not have, whether or not the program would ever come to it.

use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use super::ops::{self, Op};

/// How deep expressions and blocks may be nested. The deepest that torch itself writes, `interpolate`, has 30.
const MAX_DEPTH: usize = 80;

/// Names that are not a program's own to give away.
const RESERVED: [&str; 4] = ["torch", "ops", "CONSTANTS", "__torch__"];

/// Why a file's text is refused: where, and what it says there.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) line: usize,
    pub(crate) what: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (line {})", self.what, self.line)
    }
}

/// An expression.
#[derive(Debug)]
pub(crate) enum Expr {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Arc<str>),
    /// A local variable, by its place in the function.
    Local(usize),
    /// `CONSTANTS.c3`.
    Constant(usize),
    /// `__torch__.torch.nn.functional.interpolate`.
    Function(Arc<str>),
    Attribute(Box<Expr>, Arc<str>),
    Item(Box<Expr>, Box<Expr>),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    /// An operator of ours.
    Op {
        op: &'static Op,
        in_place: bool,
        args: Vec<Expr>,
        named: Vec<(usize, Expr)>,
    },
    /// `int(x)` and its like.
    Convert(Number, Box<Expr>),
    /// `(module).forward(x, )`.
    Method(Box<Expr>, Arc<str>, Vec<Expr>),
    /// A call of a function that a variable or a path names.
    Call(Box<Expr>, Vec<Expr>),
}

/// What a tensor of one element or a number is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    Int,
    Float,
    Bool,
    /// Whatever it is.
    Any,
}

/// A statement, with its line.
#[derive(Debug)]
pub(crate) struct Stmt {
    pub(crate) line: usize,
    pub(crate) kind: StmtKind,
}

#[derive(Debug)]
pub(crate) enum StmtKind {
    /// An expression whose values go to these variables; to none, when it is computed for what it does.
    Assign(Vec<usize>, Expr),
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    /// `for i in range(n)`.
    For(usize, Expr, Vec<Stmt>),
    Return(Expr),
}

/// A function or method.
#[derive(Debug)]
pub(crate) struct Function {
    /// The file that it stands in, for messages.
    pub(crate) file: Arc<str>,
    pub(crate) name: String,
    /// The first variables are its parameters: the defaults of those that have one.
    pub(crate) defaults: Vec<Option<Expr>>,
    /// How many variables it has.
    pub(crate) locals: usize,
    pub(crate) body: Vec<Stmt>,
}

/// A class of modules.
#[derive(Debug)]
pub(crate) struct Class {
    pub(crate) name: String,
    /// Attributes that were trained.
    pub(crate) parameters: Vec<String>,
    /// Attributes with a value of their own.
    pub(crate) constants: HashMap<String, Expr>,
    pub(crate) methods: HashMap<String, Function>,
}

/// What a file defines.
#[derive(Debug, Default)]
pub(crate) struct File {
    pub(crate) classes: Vec<Class>,
    pub(crate) functions: Vec<Function>,
}

/// Reads a file of `code/`.
pub(crate) fn parse(file: &str, text: &str) -> Result<File, Refusal> {
    let tokens = tokens(text)?;
    let mut parser = Parser {
        file: file.into(),
        tokens: &tokens,
        at: 0,
        depth: 0,
        locals: HashMap::new(),
    };
    parser.file()
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(Rc<str>),
    Int(u64),
    Float(f64),
    Str(Rc<str>),
    Sign(&'static str),
    Line,
    Indent,
    Dedent,
    End,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Name(name) => {
                let name: String = name.chars().take(60).collect();
                write!(f, "`{name}`")
            }
            Token::Int(n) => write!(f, "the number {n}"),
            Token::Float(x) => write!(f, "the number {x}"),
            Token::Str(_) => write!(f, "a text"),
            Token::Sign(sign) => write!(f, "`{sign}`"),
            Token::Line => write!(f, "the end of the line"),
            Token::Indent | Token::Dedent => write!(f, "another indentation"),
            Token::End => write!(f, "the end of the file"),
        }
    }
}

const SIGNS: [&str; 13] = [
    "->", "==", "(", ")", "[", "]", ",", ":", ".", "=", "-", "{", "}",
];

/// The tokens of a text, each with its line. Brackets join lines, as in Python.
fn tokens(text: &str) -> Result<Vec<(Token, usize)>, Refusal> {
    let mut found = Vec::new();
    let mut indents = vec![0];
    let mut open = 0_usize;
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        let refuse = |what: String| Refusal { line: number, what };
        let inner = line.trim_start_matches(' ');
        if inner.is_empty() || inner.starts_with('#') {
            continue;
        }
        if open == 0 {
            let indent = line.len() - inner.len();
            if indent > *indents.last().unwrap_or(&0) {
                indents.push(indent);
                found.push((Token::Indent, number));
            }
            while indent < *indents.last().unwrap_or(&0) {
                indents.pop();
                found.push((Token::Dedent, number));
            }
            if indents.last() != Some(&indent) || indents.len() > MAX_DEPTH {
                return Err(refuse("an indentation that fits no other".into()));
            }
        }
        let mut rest = inner;
        while !rest.is_empty() {
            let (token, length) = token(rest).map_err(refuse)?;
            match token {
                Some(Token::Sign("(" | "[" | "{")) => open += 1,
                Some(Token::Sign(")" | "]" | "}")) => open = open.saturating_sub(1),
                _ => {}
            }
            found.extend(token.map(|token| (token, number)));
            rest = &rest[length..];
        }
        if open == 0 {
            found.push((Token::Line, number));
        }
    }
    let last = text.lines().count();
    found.extend(indents.iter().skip(1).map(|_| (Token::Dedent, last)));
    found.push((Token::End, last));
    Ok(found)
}

/// The token that a text begins with, none for white space and comments, and its length.
fn token(text: &str) -> Result<(Option<Token>, usize), String> {
    let first = text.chars().next().unwrap_or(' ');
    let length = |accepted: fn(char) -> bool| text.find(|c| !accepted(c)).unwrap_or(text.len());
    if first == ' ' {
        return Ok((None, length(|c| c == ' ')));
    }
    if first == '#' {
        return Ok((None, text.len()));
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let length = length(|c| c.is_ascii_alphanumeric() || c == '_');
        return Ok((Some(Token::Name(text[..length].into())), length));
    }
    if first.is_ascii_digit() {
        return number(text).map(|(token, length)| (Some(token), length));
    }
    if first == '"' || first == '\'' {
        return string(text, first).map(|(token, length)| (Some(token), length));
    }
    match SIGNS.iter().find(|sign| text.starts_with(**sign)) {
        Some(sign) => Ok((Some(Token::Sign(sign)), sign.len())),
        None => Err(format!("the character {first:?}")),
    }
}

fn number(text: &str) -> Result<(Token, usize), String> {
    let digits = |text: &str| {
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len())
    };
    let mut length = digits(text);
    let mut whole = true;
    if text[length..].starts_with('.') {
        whole = false;
        length += 1;
        length += digits(&text[length..]);
    }
    if text[length..].starts_with(['e', 'E']) {
        whole = false;
        length += 1;
        length += usize::from(text[length..].starts_with(['+', '-']));
        length += digits(&text[length..]);
    }
    let bad = || format!("the number {:.40}", &text[..length]);
    let token = if whole {
        Token::Int(text[..length].parse().map_err(|_| bad())?)
    } else {
        Token::Float(text[..length].parse().map_err(|_| bad())?)
    };
    Ok((token, length))
}

fn string(text: &str, quote: char) -> Result<(Token, usize), String> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Ok((Token::Str(value.into()), at + 1));
        }
        if c != '\\' {
            value.push(c);
            continue;
        }
        match chars.next() {
            Some((_, 'n')) => value.push('\n'),
            Some((_, 't')) => value.push('\t'),
            Some((_, c @ ('\\' | '"' | '\''))) => value.push(c),
            // Bytes and the like: nothing that names a mode or an equation has them.
            Some((_, c)) => value.push(c),
            None => break,
        }
    }
    Err("a text without an end".into())
}

struct Parser<'a> {
    file: Arc<str>,
    tokens: &'a [(Token, usize)],
    at: usize,
    depth: usize,
    /// The variables of the function that is being read, and the place of each.
    locals: HashMap<Rc<str>, usize>,
}

type Result<T, E = Refusal> = std::result::Result<T, E>;

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens
            .get(self.at)
            .map_or(&Token::End, |(token, _)| token)
    }

    fn line(&self) -> usize {
        let at = self.at.min(self.tokens.len().saturating_sub(1));
        self.tokens.get(at).map_or(0, |(_, line)| *line)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn refuse<T>(&self, what: impl Into<String>) -> Result<T> {
        Err(Refusal {
            line: self.line(),
            what: what.into(),
        })
    }

    fn unexpected<T>(&self) -> Result<T> {
        self.refuse(format!(
            "{} where TorchScript has something else",
            self.peek()
        ))
    }

    fn accept(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(found) if *found == sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<()> {
        if self.accept(sign) {
            Ok(())
        } else {
            self.unexpected()
        }
    }

    fn end_line(&mut self) -> Result<()> {
        match self.peek() {
            Token::Line => {
                self.at += 1;
                Ok(())
            }
            _ => self.unexpected(),
        }
    }

    fn name(&mut self) -> Result<Rc<str>> {
        match self.peek() {
            Token::Name(name) => {
                let name = Rc::clone(name);
                self.at += 1;
                Ok(name)
            }
            _ => self.unexpected(),
        }
    }

    fn keyword(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Name(name) if &**name == word);
        self.at += usize::from(found);
        found
    }

    fn file(&mut self) -> Result<File> {
        let mut file = File::default();
        loop {
            if self.keyword("class") {
                file.classes.push(self.class()?);
            } else if self.keyword("def") {
                file.functions.push(self.function()?);
            } else if *self.peek() == Token::End {
                return Ok(file);
            } else {
                return self.unexpected();
            }
        }
    }

    fn indent(&mut self) -> Result<()> {
        self.expect(":")?;
        self.end_line()?;
        match self.next() {
            Token::Indent => Ok(()),
            _ => self.unexpected(),
        }
    }

    fn class(&mut self) -> Result<Class> {
        let name = self.name()?.to_string();
        self.expect("(")?;
        let base = self.name()?;
        if &*base != "Module" {
            return self.refuse(format!("the class {name} ({base}), which is no module"));
        }
        self.expect(")")?;
        self.indent()?;
        let mut class = Class {
            name,
            parameters: Vec::new(),
            constants: HashMap::new(),
            methods: HashMap::new(),
        };
        while *self.peek() != Token::Dedent {
            if self.keyword("def") {
                let method = self.function()?;
                class.methods.insert(method.name.clone(), method);
            } else {
                self.member(&mut class)?;
            }
        }
        self.at += 1;
        Ok(class)
    }

    /// A line of a class that is no method: an attribute's type, its value, or a list of names.
    fn member(&mut self, class: &mut Class) -> Result<()> {
        let name = self.name()?;
        match &*name {
            "pass" => {}
            "__annotations__" => {
                // `__annotations__ = []`, and `__annotations__["0"] = Type` of names that Python could not write.
                if self.accept("[") {
                    self.next();
                    self.expect("]")?;
                }
                self.expect("=")?;
                self.skip_type()?;
            }
            "__parameters__" | "__buffers__" => {
                self.expect("=")?;
                self.expect("[")?;
                while !self.accept("]") {
                    match self.next() {
                        Token::Str(text) if &*name == "__parameters__" => {
                            class.parameters.push(text.to_string());
                        }
                        Token::Str(_) => {}
                        _ => return self.unexpected(),
                    }
                    self.accept(",");
                }
            }
            _ => {
                self.expect(":")?;
                self.skip_type()?;
                if self.accept("=") {
                    self.locals.clear();
                    let value = self.expr()?;
                    class.constants.insert(name.to_string(), value);
                }
            }
        }
        self.end_line()
    }

    /// Types are not looked at: what a value is, it tells itself.
    fn skip_type(&mut self) -> Result<()> {
        self.deeper(|parser| {
            match parser.next() {
                Token::Name(_) | Token::Str(_) => {}
                Token::Sign("(") => parser.types(")")?,
                Token::Sign("[") => parser.types("]")?,
                _ => {
                    parser.at -= 1;
                    return parser.unexpected();
                }
            }
            loop {
                if parser.accept(".") {
                    parser.name()?;
                } else if parser.accept("[") {
                    parser.types("]")?;
                } else {
                    return Ok(());
                }
            }
        })
    }

    fn types(&mut self, close: &str) -> Result<()> {
        while !self.accept(close) {
            self.skip_type()?;
            if !self.accept(",") {
                return self.expect(close);
            }
        }
        Ok(())
    }

    fn function(&mut self) -> Result<Function> {
        let name = self.name()?.to_string();
        self.locals.clear();
        let mut defaults = Vec::new();
        self.expect("(")?;
        while !self.accept(")") {
            let parameter = self.name()?;
            if self.locals.contains_key(&parameter) {
                return self.refuse(format!("two parameters called {parameter}"));
            }
            self.variable(&parameter)?;
            if self.accept(":") {
                self.skip_type()?;
            }
            let default = if self.accept("=") {
                Some(self.expr()?)
            } else {
                None
            };
            defaults.push(default);
            if !self.accept(",") {
                self.expect(")")?;
                break;
            }
        }
        if self.accept("->") {
            self.skip_type()?;
        }
        let body = self.block()?;
        Ok(Function {
            file: Arc::clone(&self.file),
            name,
            defaults,
            locals: self.locals.len(),
            body,
        })
    }

    fn block(&mut self) -> Result<Vec<Stmt>> {
        self.indent()?;
        let mut body = Vec::new();
        while *self.peek() != Token::Dedent {
            body.extend(self.statement()?);
        }
        self.at += 1;
        Ok(body)
    }

    fn statement(&mut self) -> Result<Option<Stmt>> {
        let line = self.line();
        let made = |kind| Ok(Some(Stmt { line, kind }));
        for word in [
            "while", "with", "try", "del", "import", "from", "assert", "raise", "global",
        ] {
            if self.keyword(word) {
                self.at -= 1;
                return match word {
                    "while" => self.refuse("a `while`, a loop without a bound"),
                    _ => self.refuse(format!("`{word}`")),
                };
            }
        }
        if self.keyword("pass") {
            self.end_line()?;
            return Ok(None);
        }
        if self.keyword("return") {
            let value = if *self.peek() == Token::Line {
                Expr::None
            } else {
                self.expressions()?
            };
            self.end_line()?;
            return made(StmtKind::Return(value));
        }
        if self.keyword("if") {
            let condition = self.expr()?;
            let then = self.deeper(Parser::block)?;
            let otherwise = if self.keyword("else") {
                self.deeper(Parser::block)?
            } else {
                Vec::new()
            };
            return made(StmtKind::If(condition, then, otherwise));
        }
        if self.keyword("for") {
            let name = self.name()?;
            let variable = self.variable(&name)?;
            if !(self.keyword("in") && self.keyword("range")) {
                return self.refuse("a loop over something else than `range`");
            }
            self.expect("(")?;
            let count = self.expr()?;
            self.expect(")")?;
            let body = self.deeper(Parser::block)?;
            return made(StmtKind::For(variable, count, body));
        }
        let kind = self.assignment()?;
        self.end_line()?;
        made(kind)
    }

    /// `a = b`, `a : T = b`, `a, b = c`, `a, b, = c`, or an expression alone.
    fn assignment(&mut self) -> Result<StmtKind> {
        let start = self.at;
        let mut targets = Vec::new();
        while let Token::Name(name) = self.peek() {
            targets.push(Rc::clone(name));
            self.at += 1;
            if !self.accept(",") {
                break;
            }
        }
        let typed = targets.len() == 1 && self.accept(":");
        if typed {
            self.skip_type()?;
        }
        if targets.is_empty() || !self.accept("=") {
            if typed {
                return self.unexpected();
            }
            self.at = start;
            let value = self.expr()?;
            if matches!(self.peek(), Token::Sign("=")) {
                return self.refuse("a change of a module or a list");
            }
            return Ok(StmtKind::Assign(Vec::new(), value));
        }
        // `a, = b` takes a tuple of one apart, and so do two names.
        let comma = matches!(
            self.tokens.get(self.at.wrapping_sub(2)),
            Some((Token::Sign(","), _))
        );
        let value = self.expressions()?;
        let mut variables = Vec::new();
        for target in &targets {
            variables.push(self.variable(target)?);
        }
        if comma && variables.len() == 1 {
            let value = Expr::Item(Box::new(value), Box::new(Expr::Int(0)));
            return Ok(StmtKind::Assign(variables, value));
        }
        Ok(StmtKind::Assign(variables, value))
    }

    /// The place of a variable, a new one where it has none.
    fn variable(&mut self, name: &Rc<str>) -> Result<usize> {
        if RESERVED.contains(&&**name) {
            return self.refuse(format!("a variable called {name}"));
        }
        let next = self.locals.len();
        Ok(*self.locals.entry(Rc::clone(name)).or_insert(next))
    }

    /// One expression, or several with commas between them: a tuple.
    fn expressions(&mut self) -> Result<Expr> {
        let first = self.expr()?;
        if !matches!(self.peek(), Token::Sign(",")) {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.accept(",") {
            if *self.peek() == Token::Line {
                break;
            }
            items.push(self.expr()?);
        }
        Ok(Expr::Tuple(items))
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.refuse("something too deeply nested");
        }
        let found = inner(self);
        self.depth -= 1;
        found
    }

    fn expr(&mut self) -> Result<Expr> {
        self.deeper(|parser| {
            let mut value = parser.primary()?;
            loop {
                if parser.accept(".") {
                    let name = Arc::from(&*parser.name()?);
                    value = if parser.accept("(") {
                        let args = parser.positional()?;
                        Expr::Method(Box::new(value), name, args)
                    } else {
                        Expr::Attribute(Box::new(value), name)
                    };
                } else if parser.accept("[") {
                    let index = parser.expr()?;
                    parser.expect("]")?;
                    value = Expr::Item(Box::new(value), Box::new(index));
                } else if parser.accept("(") {
                    let args = parser.positional()?;
                    value = Expr::Call(Box::new(value), args);
                } else {
                    return Ok(value);
                }
            }
        })
    }

    fn primary(&mut self) -> Result<Expr> {
        match self.next() {
            Token::Int(n) => match i64::try_from(n) {
                Ok(n) => Ok(Expr::Int(n)),
                Err(_) => self.refuse(format!("the number {n}")),
            },
            Token::Float(x) => Ok(Expr::Float(x)),
            Token::Str(text) => Ok(Expr::Str((&*text).into())),
            Token::Sign("-") => match self.next() {
                Token::Int(n) if n <= 1 << 63 => Ok(Expr::Int((n as i64).wrapping_neg())),
                Token::Float(x) => Ok(Expr::Float(-x)),
                Token::Name(name) if &*name == "inf" => Ok(Expr::Float(f64::NEG_INFINITY)),
                _ => {
                    self.at -= 1;
                    self.unexpected()
                }
            },
            Token::Sign("(") => self.bracketed(),
            Token::Sign("[") => Ok(Expr::List(self.items("]")?)),
            Token::Name(name) => self.named(&name),
            _ => {
                self.at -= 1;
                self.unexpected()
            }
        }
    }

    /// What follows an opening bracket: an expression in brackets, or a tuple.
    fn bracketed(&mut self) -> Result<Expr> {
        if self.accept(")") {
            return Ok(Expr::Tuple(Vec::new()));
        }
        let first = self.expr()?;
        if self.accept(")") {
            return Ok(first);
        }
        self.expect(",")?;
        let mut items = vec![first];
        items.extend(self.items(")")?);
        Ok(Expr::Tuple(items))
    }

    fn items(&mut self, close: &str) -> Result<Vec<Expr>> {
        let mut items = Vec::new();
        while !self.accept(close) {
            items.push(self.expr()?);
            if !self.accept(",") {
                self.expect(close)?;
                break;
            }
        }
        Ok(items)
    }

    fn positional(&mut self) -> Result<Vec<Expr>> {
        self.items(")")
    }

    /// An expression that begins with a name.
    fn named(&mut self, name: &Rc<str>) -> Result<Expr> {
        match &**name {
            "None" => return Ok(Expr::None),
            "True" => return Ok(Expr::Bool(true)),
            "False" => return Ok(Expr::Bool(false)),
            "inf" => return Ok(Expr::Float(f64::INFINITY)),
            "nan" => return Ok(Expr::Float(f64::NAN)),
            "torch" | "ops" => return self.operator(name),
            "CONSTANTS" => {
                self.expect(".")?;
                let field = self.name()?;
                let index = field
                    .strip_prefix('c')
                    .and_then(|digits| digits.parse().ok());
                return match index {
                    Some(index) => Ok(Expr::Constant(index)),
                    None => self.refuse(format!("the constant {field}")),
                };
            }
            "__torch__" => {
                let mut path = name.to_string();
                while self.accept(".") {
                    path.push('.');
                    path.push_str(&self.name()?);
                }
                return Ok(Expr::Function(path.into()));
            }
            _ => {}
        }
        if let Some(at) = self.locals.get(name) {
            return Ok(Expr::Local(*at));
        }
        if !self.accept("(") {
            return self.refuse(format!("the name {name}"));
        }
        let number = match &**name {
            "int" => Some(Number::Int),
            "float" => Some(Number::Float),
            "bool" => Some(Number::Bool),
            _ => None,
        };
        match (&**name, number) {
            (_, Some(number)) => {
                let value = self.expr()?;
                self.accept(",");
                self.expect(")")?;
                Ok(match (number, value) {
                    // `float("inf")` is how infinity is written.
                    (Number::Float, Expr::Str(text)) => match text.parse() {
                        Ok(x) => Expr::Float(x),
                        Err(_) => return self.refuse("a text made a number"),
                    },
                    (number, value) => Expr::Convert(number, Box::new(value)),
                })
            }
            ("annotate" | "unchecked_cast", _) => {
                let number = self.number_type()?;
                self.expect(",")?;
                let value = self.expr()?;
                self.accept(",");
                self.expect(")")?;
                Ok(match number {
                    Some(number) => Expr::Convert(number, Box::new(value)),
                    None => value,
                })
            }
            ("uninitialized", _) => {
                self.skip_type()?;
                self.expect(")")?;
                Ok(Expr::None)
            }
            ("getattr", _) => {
                let object = self.expr()?;
                self.expect(",")?;
                let Token::Str(field) = self.next() else {
                    return self.refuse("an attribute that has no name");
                };
                self.expect(")")?;
                let field = Arc::from(&*field);
                if self.accept(".") {
                    return self.method_of(Expr::Attribute(Box::new(object), field));
                }
                Ok(Expr::Attribute(Box::new(object), field))
            }
            _ => {
                self.at -= 2;
                self.refuse(format!("`{name}`"))
            }
        }
    }

    fn method_of(&mut self, object: Expr) -> Result<Expr> {
        let name = Arc::from(&*self.name()?);
        if self.accept("(") {
            let args = self.positional()?;
            return Ok(Expr::Method(Box::new(object), name, args));
        }
        Ok(Expr::Attribute(Box::new(object), name))
    }

    /// The type of an annotation; a number's is told, for tensors of one element become it.
    fn number_type(&mut self) -> Result<Option<Number>> {
        let number = match self.peek() {
            Token::Name(name) => match &**name {
                "int" => Some(Number::Int),
                "float" => Some(Number::Float),
                "bool" => Some(Number::Bool),
                "number" => Some(Number::Any),
                _ => None,
            },
            _ => None,
        };
        self.skip_type()?;
        Ok(number)
    }

    /// `torch.NAME(...)` or `ops.SPACE.NAME(...)`.
    fn operator(&mut self, root: &str) -> Result<Expr> {
        let line = self.line();
        let mut path = root.to_owned();
        while self.accept(".") {
            path.push('.');
            path.push_str(&self.name()?);
        }
        let Some((op, in_place)) = ops::find(&path) else {
            let path: String = path.chars().take(100).collect();
            return Err(Refusal {
                line,
                what: format!("`{path}`"),
            });
        };
        self.expect("(")?;
        let (mut args, mut named) = (Vec::new(), Vec::new());
        while !self.accept(")") {
            let keyword = match (self.peek(), self.tokens.get(self.at + 1)) {
                (Token::Name(name), Some((Token::Sign("="), _))) => Some(Rc::clone(name)),
                _ => None,
            };
            match keyword {
                Some(keyword) => {
                    let Some(at) = op.params.iter().position(|param| **param == *keyword) else {
                        return self.refuse(format!("`{path}` with `{keyword}`"));
                    };
                    self.at += 2;
                    named.push((at, self.expr()?));
                }
                None if named.is_empty() => args.push(self.expr()?),
                None => return self.unexpected(),
            }
            if !self.accept(",") {
                self.expect(")")?;
                break;
            }
        }
        if args.len() > op.params.len() {
            return self.refuse(format!("`{path}` with {} arguments", args.len()));
        }
        let mut places: Vec<usize> = named.iter().map(|(at, _)| *at).collect();
        places.sort_unstable();
        let twice = places.iter().any(|at| *at < args.len());
        if twice || places.windows(2).any(|pair| pair[0] == pair[1]) {
            return self.refuse(format!("`{path}` with an argument twice"));
        }
        Ok(Expr::Op {
            op,
            in_place,
            args,
            named,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(lines: &str) -> Result<File> {
        let mut text = String::from("def f(x: Tensor,\n    y: Optional[int]=None) -> Tensor:\n");
        for line in lines.lines() {
            text.push_str("  ");
            text.push_str(line);
            text.push('\n');
        }
        parse("f.py", &text)
    }

    #[test]
    fn what_torch_writes_is_read() {
        for lines in [
            "return torch.add(x, x, alpha=2)",
            "a, b, = torch.split(x, 1, 1)\nreturn a",
            "z : Optional[int] = None\nreturn x",
            "if torch.eq(torch.dim(x), 4):\n  pass\nelse:\n  ops.prim.RaiseException(\"a \\\"b\\\"\")\nreturn x",
            "for i in range(torch.sub(torch.dim(x), 2)):\n  _1 = torch.append([1], i)\nreturn x",
            "_0 = __torch__.torch.nn.functional.interpolate\nreturn _0(x, None, 2., \"nearest\", False, )",
            "return (getattr((x).body, \"0\")).forward(x, )",
            "return torch.slice(x, -1, 0, 9223372036854775807)",
            "return torch.mul(x, float(\"-inf\"))",
            "a = annotate(List[Tuple[int, int]], [])\nb = unchecked_cast(int, y)\nreturn x",
        ] {
            let file = body(lines).unwrap_or_else(|refusal| panic!("{lines}: {refusal}"));
            assert_eq!(file.functions.len(), 1);
        }
    }

    #[test]
    fn everything_else_is_refused_by_name() {
        for (lines, what) in [
            (
                "while True:\n  x = x",
                "a `while`, a loop without a bound (line 3)",
            ),
            (
                "return torch.from_file(\"a\", True)",
                "`torch.from_file` (line 3)",
            ),
            ("return ops.aten.save(\"a\", \"b\")", "`ops.aten.save`"),
            ("return ops.mine.thing(x)", "`ops.mine.thing`"),
            ("print(\"a\")", "`print`"),
            ("with x:\n  pass", "`with`"),
            ("return fork(x)", "`fork`"),
            ("return z", "the name z"),
            (
                "return torch.relu(x, y, 3)",
                "`torch.relu` with 3 arguments",
            ),
            ("return torch.add(x, x, out=x)", "`torch.add` with `out`"),
            (
                "return torch.add(x, self=x)",
                "`torch.add` with an argument twice",
            ),
            ("(x).weight = x", "a change of a module or a list"),
            ("torch = x", "a variable called torch"),
            (
                "for i in x:\n  pass",
                "a loop over something else than `range`",
            ),
            ("return {\"a\": x}", "`{`"),
            ("return x @ x", "the character '@'"),
            ("import os", "`import`"),
            (
                "return torch.pixel_shuffle_(x, 2)",
                "`torch.pixel_shuffle_`",
            ),
        ] {
            let refusal = body(lines).unwrap_err().to_string();
            assert!(refusal.contains(what), "{lines}: {refusal}");
        }
        let class = parse("c.py", "class C(Interface):\n  pass\n").unwrap_err();
        assert!(class.what.contains("C (Interface)"), "{class}");
        let deep = format!("return {}x{}", "(".repeat(5000), ")".repeat(5000));
        assert!(body(&deep).unwrap_err().what.contains("deeply"));
        let deep = format!("x : {}int{} = x", "List[".repeat(5000), "]".repeat(5000));
        assert!(body(&deep).unwrap_err().what.contains("deeply"));
    }
}
