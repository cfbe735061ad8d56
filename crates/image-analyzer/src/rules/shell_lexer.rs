//! The words and operators of a shell's line. Source: POSIX, "Shell Command Language", 2.2 to 2.4 and 2.10.
//!
//! What is not understood here (here-documents, bash's own operators and quotes) makes the whole text unknown: then nothing is
//! said of it.

use std::iter::Peekable;
use std::str::Chars;

use crate::rules::word::Word;

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A word, and the same as it is written.
    Word(Word, String),
    /// `<`, `>` and the like; the word behind it is a file or a descriptor.
    Redirection,
    /// What ends a command.
    End(Operator),
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// `;;`, which ends a choice of `case`.
    Break,
}

/// What stands between two commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `&&`.
    And,
    /// `||`.
    Or,
    /// `|`.
    Pipe,
    /// `&`.
    Background,
    /// `;`.
    Semicolon,
    /// The end of a line.
    Newline,
}

/// The longest line that the kernel hands to a shell, in bytes (`MAX_ARG_STRLEN`).
const LONGEST: usize = 128 << 10;

/// The pieces of a line without brackets and carriage returns; `None` if something in it is not understood.
pub(crate) fn lex(line: &str) -> Option<Vec<Token>> {
    let tokens = lex_script(line).filter(|_| !line.contains('\r'))?;
    let is_bracket = |token: &Token| matches!(token, Token::Open | Token::Close | Token::Break);
    (!tokens.iter().any(is_bracket)).then_some(tokens)
}

/// The pieces of a script; `None` if something in it is not understood. A carriage return is part of a word.
pub(crate) fn lex_script(text: &str) -> Option<Vec<Token>> {
    if text.len() > LONGEST {
        return None;
    }
    let mut lexer = Lexer { chars: text.chars().peekable(), tokens: Vec::new(), word: None };
    lexer.run()?;
    Some(lexer.tokens)
}

/// A word that is being read.
struct Begun {
    /// What it becomes.
    text: String,
    /// How it is written.
    raw: String,
    /// Is all of it known?
    is_plain: bool,
}

/// The state while a line is read.
struct Lexer<'l> {
    chars: Peekable<Chars<'l>>,
    tokens: Vec<Token>,
    word: Option<Begun>,
}

impl Lexer<'_> {
    fn run(&mut self) -> Option<()> {
        while let Some(c) = self.chars.next() {
            match c {
                ' ' | '\t' => self.end_word(),
                '\n' => self.operator(Operator::Newline),
                ';' if self.chars.next_if_eq(&';').is_some() => self.mark(Token::Break),
                ';' => self.operator(Operator::Semicolon),
                '&' if self.chars.next_if_eq(&'&').is_some() => self.operator(Operator::And),
                // bash's `&>`; other shells read it otherwise.
                '&' if self.chars.peek() == Some(&'>') => return None,
                '&' => self.operator(Operator::Background),
                '|' if self.chars.next_if_eq(&'|').is_some() => self.operator(Operator::Or),
                '|' if self.chars.peek() == Some(&'&') => return None,
                '|' => self.operator(Operator::Pipe),
                '<' | '>' => self.redirection(c)?,
                '(' => self.mark(Token::Open),
                ')' => self.mark(Token::Close),
                '#' if self.word.is_none() => while self.chars.next_if(|c| *c != '\n').is_some() {},
                '\'' => self.single()?,
                '"' => self.double()?,
                '\\' => self.escaped(),
                '$' => self.dollar('$')?,
                '`' => self.backquoted()?,
                '*' | '?' | '[' => self.unknown(c),
                '~' if self.word.is_none() => self.unknown(c),
                _ => self.push(c, true),
            }
        }
        self.end_word();
        Some(())
    }

    fn begun(&mut self) -> &mut Begun {
        self.word.get_or_insert_with(|| Begun { text: String::new(), raw: String::new(), is_plain: true })
    }

    /// Takes a character as it is written, and into the word if it `stays`.
    fn push(&mut self, c: char, stays: bool) {
        let word = self.begun();
        word.raw.push(c);
        if stays {
            word.text.push(c);
        }
    }

    /// Takes a character that means more than itself.
    fn unknown(&mut self, c: char) {
        self.push(c, true);
        self.begun().is_plain = false;
    }

    fn end_word(&mut self) {
        let Some(Begun { text, raw, is_plain }) = self.word.take() else { return };
        // bash expands braces, other shells do not.
        let is_plain = is_plain && (!raw.contains('{') || raw == "{");
        let text = if is_plain { text } else { raw.clone() };
        self.tokens.push(Token::Word(Word { text, is_plain }, raw));
    }

    fn operator(&mut self, operator: Operator) {
        self.mark(Token::End(operator));
    }

    fn mark(&mut self, token: Token) {
        self.end_word();
        self.tokens.push(token);
    }

    fn redirection(&mut self, first: char) -> Option<()> {
        // A number right before is the descriptor's.
        if self.word.as_ref().is_some_and(|word| word.raw.bytes().all(|byte| byte.is_ascii_digit())) {
            self.word = None;
        }
        self.end_word();
        match (first, self.chars.peek()) {
            (_, Some('(')) | ('<', Some('<')) => return None,
            (_, Some('&' | '>')) | ('>', Some('|')) => {
                self.chars.next();
            }
            _ => {}
        }
        self.tokens.push(Token::Redirection);
        Some(())
    }

    fn single(&mut self) -> Option<()> {
        self.push('\'', false);
        loop {
            match self.chars.next()? {
                '\'' => break,
                c => self.push(c, true),
            }
        }
        self.push('\'', false);
        Some(())
    }

    fn double(&mut self) -> Option<()> {
        self.push('"', false);
        loop {
            match self.chars.next()? {
                '"' => break,
                '$' => self.dollar('"')?,
                '`' => self.backquoted()?,
                '\\' => match self.chars.next()? {
                    '\n' => {}
                    c @ ('$' | '`' | '"' | '\\') => {
                        self.push('\\', false);
                        self.push(c, true);
                    }
                    c => {
                        self.push('\\', true);
                        self.push(c, true);
                    }
                },
                c => self.push(c, true),
            }
        }
        self.push('"', false);
        Some(())
    }

    fn escaped(&mut self) {
        match self.chars.next() {
            // A line that goes on.
            Some('\n') => {}
            Some(c) => {
                self.push('\\', false);
                self.push(c, true);
            }
            None => self.push('\\', true),
        }
    }

    /// What a `$` begins, outside of quotes or within `"`.
    fn dollar(&mut self, within: char) -> Option<()> {
        self.unknown('$');
        match self.chars.peek() {
            Some('(') => self.nested(('(', ')'), false),
            Some('{') => self.nested(('{', '}'), within == '"'),
            // bash has more kinds of quotes than other shells.
            Some('\'') => (within == '"').then_some(()),
            Some('"') if within != '"' => None,
            _ => Some(()),
        }
    }

    /// Passes over what is between two brackets, with all the brackets and quotes in it. Quotes within `"${…}"` are not read
    /// alike by all shells.
    fn nested(&mut self, (open, close): (char, char), in_quotes: bool) -> Option<()> {
        let (mut depth, mut inside, mut quote) = (0_usize, String::new(), None);
        loop {
            let c = self.chars.next()?;
            self.push(c, true);
            inside.push(c);
            match (quote, c) {
                (None, '\'' | '"') if in_quotes => return None,
                (Some('"'), '$' | '`') => return None,
                (None | Some('"'), '\\') => self.chars.next().map(|escaped| self.push(escaped, true))?,
                (Some(open), _) if open == c => quote = None,
                (None, '\'' | '"' | '`') => quote = Some(c),
                (None, _) if c == open => depth += 1,
                (None, _) if c == close && depth == 1 => break,
                (None, _) if c == close => depth -= 1,
                _ => {}
            }
        }
        // There a bracket may stand alone.
        let is_odd = ["case", "<<", "#"].iter().any(|odd| inside.contains(odd));
        (open == '{' || !is_odd).then_some(())
    }

    fn backquoted(&mut self) -> Option<()> {
        self.unknown('`');
        loop {
            let c = self.chars.next()?;
            self.push(c, true);
            match c {
                '`' => return Some(()),
                '\\' => {
                    let escaped = self.chars.next()?;
                    self.push(escaped, true);
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Operator, Token, lex};
    use proptest::prelude::*;

    /// The pieces, joined: a word that is not known in brackets.
    fn read(line: &str) -> Option<String> {
        let show = |token: &Token| match token {
            Token::Word(word, _) if word.is_plain => word.text.clone(),
            Token::Word(word, _) => format!("[{}]", word.text),
            Token::Redirection => "->".to_owned(),
            Token::End(Operator::And) => "&&".to_owned(),
            Token::End(Operator::Or) => "||".to_owned(),
            Token::End(Operator::Pipe) => "|".to_owned(),
            Token::End(Operator::Background) => "&".to_owned(),
            Token::End(Operator::Semicolon | Operator::Newline) => ";".to_owned(),
            Token::Open => "(".to_owned(),
            Token::Close => ")".to_owned(),
            Token::Break => ";;".to_owned(),
        };
        Some(lex(line)?.iter().map(show).collect::<Vec<_>>().join("_"))
    }

    #[test]
    fn a_line_is_words_and_operators() {
        for (line, pieces) in [
            ("/app/server --port $PORT", "/app/server_--port_[$PORT]"),
            ("exec gunicorn --bind :$PORT main:app", "exec_gunicorn_--bind_[:$PORT]_main:app"),
            ("a&&b||c|d&e;f\ng", "a_&&_b_||_c_|_d_&_e_;_f_;_g"),
            ("server >/dev/stdout 2>&1 <x >>y >|z <>w", "server_->_/dev/stdout_->_1_->_x_->_y_->_z_->_w"),
            ("a2>b", "a2_->_b"),
            ("a 'b  $c' \"d  e\"f \\$g h\\ i \"\\$j\\k\"", "a_b  $c_d  ef_$g_h i_$j\\k"),
            (
                "a \"x $B y\" ${C:-d e} $(f 'g )' $(h)) `i j` $((1 + 2))k",
                "a_[\"x $B y\"]_[${C:-d e}]_[$(f 'g )' $(h))]_[`i j`]_[$((1 + 2))k]",
            ),
            ("a *.jar b? [c] ~/d e~ {f,g} { }", "a_[*.jar]_[b?]_[[c]]_[~/d]_e~_[{f,g}]_{_}"),
            ("a # b && c\nd e#f", "a_;_d_e#f"),
            ("a \\\n b\\\nc '' \"\"", "a_bc__"),
            ("$ a$", "[$]_[a$]"),
        ] {
            assert_eq!(read(line).as_deref(), Some(pieces), "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_makes_the_line_unknown() {
        for line in [
            "(a)",
            "f() { a; }",
            "a <<E\nE",
            "a <<< b",
            "a &> b",
            "a |& b",
            "a <(b)",
            "x=(a)",
            "case a in b) c;; esac",
            "'a",
            "\"a",
            "`a",
            "$(a",
            "${a",
            "a\r",
            "$'a'",
            "$\"a\"",
            "a $(case b in c) d; esac)",
            "a $(b # )\n)",
            "\"${A:-it's}\"",
            "$(a \"$(b)\")",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
        assert_eq!(read(&"a ".repeat(1 << 17)), None);
    }

    proptest! {
        #[test]
        fn any_line_is_read(line: String, odd in "[ a'\"\\\\$`(){}<>&|;#\n]{0,40}") {
            let _ = lex(&line);
            let _ = lex(&odd);
        }
    }
}
