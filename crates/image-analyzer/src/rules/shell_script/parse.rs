//! The structure of a script: statements, and what `if`, `case`, loops and brackets hold. Source: POSIX, "Shell Grammar".

use super::super::shell_lexer::{Operator, Token, lex_script};
use crate::rules::shell_line::is_keyword;
use crate::rules::word::Word;

/// How deep brackets may be nested.
const DEEPEST: usize = 16;

/// Statements, one after the other.
pub(super) type List = Vec<Statement>;

/// Pipelines with `&&` and `||` between them.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) first: Pipeline,
    /// Each with whether `&&` is before it, not `||`.
    pub(super) rest: Vec<(bool, Pipeline)>,
    /// Does `&` follow?
    pub(super) in_background: bool,
}

/// Commands with `|` between them.
#[derive(Debug)]
pub(super) struct Pipeline {
    /// Is `!` before it?
    pub(super) is_negated: bool,
    pub(super) commands: Vec<Command>,
}

/// A word, and the same as it is written.
pub(super) type Written = (Word, String);

#[derive(Debug)]
pub(super) enum Command {
    /// A simple command.
    Simple(Simple),
    /// `if`: each test with what follows it, and what `else` has.
    If(Vec<(List, List)>, List),
    /// `while`, `until`, `for`: the test, the body, and the words of `for`.
    Loop(List, List, Vec<Written>),
    /// `case`: the word, and each choice with its patterns.
    Case(Written, Vec<(Vec<Written>, List)>),
    /// `{ }`.
    Group(List),
    /// `( )`.
    Subshell(List),
    /// A function of this name.
    Function(String),
}

#[derive(Debug, Default)]
pub(super) struct Simple {
    pub(super) words: Vec<Written>,
    /// The files of its redirections.
    pub(super) files: Vec<Written>,
}

/// The statements of a script; `None` if it is not understood.
pub(super) fn parse(text: &str) -> Option<List> {
    let mut parser = Parser { tokens: lex_script(text)?, at: 0, depth: 0 };
    let list = parser.list(&[])?;
    (parser.at == parser.tokens.len()).then_some(list)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned()?;
        self.at += 1;
        Some(token)
    }

    fn is_next(&self, token: &Token) -> bool {
        self.peek() == Some(token)
    }

    fn take(&mut self, token: &Token) -> bool {
        let is = self.is_next(token);
        self.at += usize::from(is);
        is
    }

    /// The next word as it is written.
    fn raw(&self) -> Option<&str> {
        if let Some(Token::Word(_, raw)) = self.peek() { Some(raw) } else { None }
    }

    fn keyword(&mut self, word: &str) -> Option<()> {
        let is = self.raw() == Some(word);
        self.at += usize::from(is);
        is.then_some(())
    }

    fn newlines(&mut self) {
        while self.take(&Token::End(Operator::Newline)) {}
    }

    /// Statements up to one of these words, a closing bracket, or the end.
    fn list(&mut self, ends: &[&str]) -> Option<List> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut list = Vec::new();
        loop {
            self.newlines();
            match self.peek() {
                None | Some(Token::Close | Token::Break) => break,
                Some(Token::Word(_, raw)) if ends.contains(&raw.as_str()) => break,
                Some(_) => list.push(self.statement()?),
            }
        }
        self.depth -= 1;
        Some(list)
    }

    /// The same, of which there must be one.
    fn some(&mut self, ends: &[&str]) -> Option<List> {
        self.list(ends).filter(|list| !list.is_empty())
    }

    fn statement(&mut self) -> Option<Statement> {
        let first = self.pipeline()?;
        let (mut rest, mut in_background) = (Vec::new(), false);
        loop {
            let and = match self.peek() {
                Some(Token::End(Operator::And)) => true,
                Some(Token::End(Operator::Or)) => false,
                Some(Token::End(operator @ (Operator::Semicolon | Operator::Newline | Operator::Background))) => {
                    in_background = *operator == Operator::Background;
                    self.at += 1;
                    break;
                }
                None | Some(Token::Close | Token::Break) => break,
                Some(_) => return None,
            };
            self.at += 1;
            self.newlines();
            rest.push((and, self.pipeline()?));
        }
        Some(Statement { first, rest, in_background })
    }

    fn pipeline(&mut self) -> Option<Pipeline> {
        let is_negated = self.keyword("!").is_some();
        let mut commands = vec![self.command()?];
        while self.take(&Token::End(Operator::Pipe)) {
            self.newlines();
            commands.push(self.command()?);
        }
        Some(Pipeline { is_negated, commands })
    }

    fn command(&mut self) -> Option<Command> {
        if self.take(&Token::Open) {
            let list = self.some(&[])?;
            return self.take(&Token::Close).then_some(Command::Subshell(list));
        }
        match self.raw().unwrap_or_default() {
            "if" => self.choice(),
            "while" | "until" => {
                self.at += 1;
                let test = self.some(&["do"])?;
                Some(Command::Loop(test, self.body()?, Vec::new()))
            }
            "for" => self.each(),
            "case" => self.case(),
            "{" => {
                self.at += 1;
                let list = self.some(&["}"])?;
                self.keyword("}").map(|()| Command::Group(list))
            }
            "[[" => self.test(),
            word if is_keyword(word) => None,
            _ => self.simple(),
        }
    }

    fn choice(&mut self) -> Option<Command> {
        let (mut branches, mut otherwise) = (Vec::new(), Vec::new());
        let mut word = "if";
        loop {
            self.keyword(word)?;
            let test = self.some(&["then"])?;
            self.keyword("then")?;
            branches.push((test, self.some(&["elif", "else", "fi"])?));
            if self.raw() != Some("elif") {
                break;
            }
            word = "elif";
        }
        if self.keyword("else").is_some() {
            otherwise = self.some(&["fi"])?;
        }
        self.keyword("fi").map(|()| Command::If(branches, otherwise))
    }

    /// `do … done`.
    fn body(&mut self) -> Option<List> {
        self.keyword("do")?;
        let body = self.some(&["done"])?;
        self.keyword("done").map(|()| body)
    }

    fn each(&mut self) -> Option<Command> {
        self.at += 1;
        let Some(Token::Word(..)) = self.next() else { return None };
        let mut words = Vec::new();
        self.newlines();
        if self.keyword("in").is_some() {
            while let Some(Token::Word(word, raw)) = self.peek() {
                words.push((word.clone(), raw.clone()));
                self.at += 1;
            }
        }
        self.take(&Token::End(Operator::Semicolon));
        self.newlines();
        Some(Command::Loop(Vec::new(), self.body()?, words))
    }

    fn case(&mut self) -> Option<Command> {
        self.at += 1;
        let Some(Token::Word(word, raw)) = self.next() else { return None };
        self.newlines();
        self.keyword("in")?;
        let mut choices = Vec::new();
        loop {
            self.newlines();
            if self.keyword("esac").is_some() {
                return Some(Command::Case((word, raw), choices));
            }
            self.take(&Token::Open);
            let mut patterns = Vec::new();
            loop {
                let Some(Token::Word(word, raw)) = self.next() else { return None };
                patterns.push((word, raw));
                if self.take(&Token::Close) {
                    break;
                }
                self.take(&Token::End(Operator::Pipe)).then_some(())?;
            }
            choices.push((patterns, self.list(&["esac"])?));
            if !self.take(&Token::Break) && self.raw() != Some("esac") {
                return None;
            }
        }
    }

    /// `[[ … ]]`, in which operators mean something else.
    fn test(&mut self) -> Option<Command> {
        let mut words = Vec::new();
        loop {
            let Some(Token::Word(word, raw)) = self.next() else { return None };
            let is_end = raw == "]]";
            words.push((word, raw));
            if is_end {
                return Some(Command::Simple(Simple { words, files: Vec::new() }));
            }
        }
    }

    fn simple(&mut self) -> Option<Command> {
        let mut simple = Simple::default();
        loop {
            match self.peek() {
                Some(Token::Word(word, raw)) => {
                    simple.words.push((word.clone(), raw.clone()));
                    self.at += 1;
                }
                Some(Token::Redirection) => {
                    self.at += 1;
                    let Some(Token::Word(word, raw)) = self.next() else { return None };
                    simple.files.push((word, raw));
                }
                Some(Token::Open) => return self.function(&simple),
                None | Some(Token::End(_) | Token::Close | Token::Break) => break,
            }
        }
        (!simple.words.is_empty() || !simple.files.is_empty()).then_some(Command::Simple(simple))
    }

    fn function(&mut self, simple: &Simple) -> Option<Command> {
        let [(word, _)] = simple.words.as_slice() else { return None };
        let name = word.plain().filter(|_| simple.files.is_empty())?.to_owned();
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'));
        (self.take(&Token::Open) && self.take(&Token::Close) && is_name).then_some(())?;
        self.newlines();
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        self.command()?;
        self.depth -= 1;
        Some(Command::Function(name))
    }
}
