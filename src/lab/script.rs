//! What a command does, as far as its text tells: the programs that it calls with their arguments, the variables that it
//! sets, exports and needs, in the order in which bash gets to them.
//!
//! The text is read, never run. What cannot be known before (`eval`, `source`, a function of somebody else's) is a call
//! like any other: who asks decides what may come of it.

mod builtins;
mod words;

use brush_parser::ast::{
    self, AssignmentName, AssignmentValue, CommandPrefixOrSuffixItem, CompoundCommand,
    CompoundList, ExtendedTestExpr, FunctionBody, IoFileRedirectTarget, IoRedirect, Word,
};

use super::bash;
pub use words::{Argument, unquoted};

/// One thing that happens when bash runs a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// A program, builtin or function is called.
    Call(Call),
    /// A variable gets a value. `exported` where the same word exports it.
    Set { name: String, exported: bool },
    /// A variable is exported as it is.
    Export(String),
    /// A variable's value is needed; not said where the command itself gives a default (`${X:-…}`).
    Use(String),
    /// From here on what is set is exported, too, or no longer (`set -a`, `set +a`).
    ExportAll(bool),
}

/// A call of a program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Call {
    /// Its name as it is written, without quotes; `$NAME` where a variable names it.
    pub program: String,
    pub arguments: Vec<Argument>,
    /// Line within the command's text, counted from 1.
    pub line: usize,
    /// Variables that are set for this call alone.
    pub environment: Vec<String>,
    /// Whether `&` stands behind it.
    pub in_background: bool,
    /// Whether something is written to its standard input: a pipe, a file, a heredoc.
    pub has_input: bool,
    /// What a heredoc or `<<<` writes to its standard input.
    pub input: Option<String>,
    /// Whether a pipe takes its output.
    pub is_piped: bool,
}

impl Call {
    /// The arguments' texts.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.arguments.iter().map(|argument| argument.text.as_str())
    }

    /// Whether an argument is `word`, or `word=…`.
    pub fn has(&self, word: &str) -> bool {
        self.words().any(|text| {
            let rest = text.strip_prefix(word);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        })
    }

    /// What stands behind the option `name`: its own word, or after `=`.
    pub fn value_of(&self, name: &str) -> Option<&Argument> {
        let at = self.words().position(|text| text == name)?;
        self.arguments.get(at + 1)
    }

    /// The arguments that are no options, in their order. An option's value counts as one, unless `=` joins them.
    pub fn operands(&self) -> impl Iterator<Item = &str> {
        self.words().filter(|text| !text.starts_with('-'))
    }
}

/// How deep substitutions inside each other are read.
const DEEPEST: usize = 6;

/// Reads a command's text; nothing where bash would refuse it, or where it is too complex to be read.
pub fn read(text: &str) -> Vec<Deed> {
    let mut reader = Reader::default();
    reader.text(text);
    reader.deeds
}

#[derive(Default)]
struct Reader {
    deeds: Vec<Deed>,
    depth: usize,
    in_background: bool,
    has_input: bool,
    is_piped: bool,
    /// Added to the lines of what is read: a substitution's text begins at line 1 again.
    line_offset: usize,
}

impl Reader {
    fn text(&mut self, text: &str) {
        if self.depth >= DEEPEST {
            return;
        }
        let Some(program) = bash::program(text) else {
            return;
        };
        self.depth += 1;
        for list in &program.complete_commands {
            self.list(list);
        }
        self.depth -= 1;
    }

    /// What a substitution runs: its place is that of the command around it, its input is nobody's.
    fn substitution(&mut self, text: &str, line: usize) {
        let outer = (
            self.in_background,
            self.has_input,
            self.is_piped,
            self.line_offset,
        );
        (self.in_background, self.has_input, self.is_piped) = (false, false, true);
        self.line_offset = line.saturating_sub(1);
        self.text(text);
        (
            self.in_background,
            self.has_input,
            self.is_piped,
            self.line_offset,
        ) = outer;
    }

    fn list(&mut self, list: &CompoundList) {
        for ast::CompoundListItem(and_or, separator) in &list.0 {
            let outer = self.in_background;
            self.in_background |= matches!(separator, ast::SeparatorOperator::Async);
            for (_, pipeline) in and_or {
                self.pipeline(pipeline);
            }
            self.in_background = outer;
        }
    }

    fn pipeline(&mut self, pipeline: &ast::Pipeline) {
        let last = pipeline.seq.len().saturating_sub(1);
        for (at, command) in pipeline.seq.iter().enumerate() {
            let outer = (self.has_input, self.is_piped);
            self.has_input |= at > 0;
            self.is_piped |= at < last;
            self.command(command);
            (self.has_input, self.is_piped) = outer;
        }
    }

    fn command(&mut self, command: &ast::Command) {
        match command {
            ast::Command::Simple(simple) => self.simple(simple),
            ast::Command::Compound(compound, redirects) => {
                let outer = self.has_input;
                for redirect in redirects.iter().flat_map(|redirects| &redirects.0) {
                    self.has_input |= is_input(redirect);
                    self.redirect(redirect, 1);
                }
                self.compound(compound);
                self.has_input = outer;
            }
            ast::Command::Function(function) => {
                let FunctionBody(body, _) = &function.body;
                self.compound(body);
            }
            ast::Command::ExtendedTest(test, _) => self.test(&test.expr),
        }
    }

    fn compound(&mut self, compound: &CompoundCommand) {
        match compound {
            CompoundCommand::Arithmetic(arithmetic) => self.arithmetic(&arithmetic.expr.value),
            CompoundCommand::ArithmeticForClause(clause) => {
                let parts = [&clause.initializer, &clause.condition, &clause.updater];
                for part in parts.into_iter().flatten() {
                    self.arithmetic(&part.value);
                }
                self.list(&clause.body.list);
            }
            CompoundCommand::BraceGroup(group) => self.list(&group.list),
            CompoundCommand::Subshell(subshell) => self.list(&subshell.list),
            CompoundCommand::ForClause(clause) => {
                for word in clause.values.iter().flatten() {
                    self.word(word);
                }
                self.set(&clause.variable_name, false);
                self.list(&clause.body.list);
            }
            CompoundCommand::CaseClause(clause) => {
                self.word(&clause.value);
                for case in &clause.cases {
                    case.patterns.iter().for_each(|word| self.word(word));
                    case.cmd.iter().for_each(|list| self.list(list));
                }
            }
            CompoundCommand::IfClause(clause) => {
                self.list(&clause.condition);
                self.list(&clause.then);
                for other in clause.elses.iter().flatten() {
                    other.condition.iter().for_each(|list| self.list(list));
                    self.list(&other.body);
                }
            }
            CompoundCommand::WhileClause(clause) | CompoundCommand::UntilClause(clause) => {
                let word = match compound {
                    CompoundCommand::UntilClause(_) => "until",
                    _ => "while",
                };
                // A loop is a call, too: it can be what a lesson waits by.
                self.deeds.push(Deed::Call(Call {
                    program: word.to_owned(),
                    line: clause.2.start.line + self.line_offset,
                    ..Call::default()
                }));
                self.list(&clause.0);
                self.list(&clause.1.list);
            }
            CompoundCommand::Coprocess(coprocess) => {
                let outer = std::mem::replace(&mut self.in_background, true);
                self.set("COPROC", false);
                self.command(&coprocess.body);
                self.in_background = outer;
            }
        }
    }

    fn test(&mut self, expression: &ExtendedTestExpr) {
        match expression {
            ExtendedTestExpr::And(one, two) | ExtendedTestExpr::Or(one, two) => {
                self.test(one);
                self.test(two);
            }
            ExtendedTestExpr::Not(inner) | ExtendedTestExpr::Parenthesized(inner) => {
                self.test(inner);
            }
            ExtendedTestExpr::UnaryTest(_, word) => self.word(word),
            ExtendedTestExpr::BinaryTest(_, one, two) => {
                self.word(one);
                self.word(two);
            }
        }
    }

    fn simple(&mut self, simple: &ast::SimpleCommand) {
        let prefix = simple.prefix.iter().flat_map(|prefix| &prefix.0);
        let suffix = simple.suffix.iter().flat_map(|suffix| &suffix.0);
        let line = simple
            .word_or_name
            .as_ref()
            .and_then(|word| word.loc.as_ref())
            .map_or(1, |at| at.start.line)
            + self.line_offset;
        let mut call = Call {
            line,
            in_background: self.in_background,
            has_input: self.has_input,
            is_piped: self.is_piped,
            ..Call::default()
        };
        let mut assigned = Vec::new();
        for item in prefix {
            match item {
                CommandPrefixOrSuffixItem::AssignmentWord(assignment, _) => {
                    self.assignment(assignment);
                    assigned.push(name_of(assignment).to_owned());
                }
                other => self.item(other, &mut call),
            }
        }
        let Some(program) = &simple.word_or_name else {
            assigned.iter().for_each(|name| self.set(name, false));
            return;
        };
        self.word(program);
        call.program = words::unquoted(&program.value).text;
        for item in suffix {
            self.item(item, &mut call);
        }
        call.environment = assigned;
        let about_variables = builtins::deeds(&call);
        self.deeds.push(Deed::Call(call));
        self.deeds.extend(about_variables);
    }

    fn item(&mut self, item: &CommandPrefixOrSuffixItem, call: &mut Call) {
        match item {
            CommandPrefixOrSuffixItem::IoRedirect(redirect) => {
                call.has_input |= is_input(redirect);
                if let Some(input) = written_to_input(redirect) {
                    call.input = Some(input.to_owned());
                }
                self.redirect(redirect, call.line);
            }
            CommandPrefixOrSuffixItem::Word(word) => {
                self.word(word);
                call.arguments.push(words::unquoted(&word.value));
            }
            CommandPrefixOrSuffixItem::AssignmentWord(assignment, word) => {
                self.assignment(assignment);
                call.arguments.push(words::unquoted(&word.value));
            }
            CommandPrefixOrSuffixItem::ProcessSubstitution(_, subshell) => {
                call.has_input = true;
                self.list(&subshell.list);
            }
        }
    }

    fn assignment(&mut self, assignment: &ast::Assignment) {
        match &assignment.value {
            AssignmentValue::Scalar(word) => self.word(word),
            AssignmentValue::Array(elements) => {
                for (key, value) in elements {
                    key.iter().for_each(|key| self.word(key));
                    self.word(value);
                }
            }
        }
        // `X+=y` needs no X: bash takes an empty one.
    }

    fn redirect(&mut self, redirect: &IoRedirect, line: usize) {
        match redirect {
            IoRedirect::File(_, _, IoFileRedirectTarget::Filename(word))
            | IoRedirect::HereString(_, word)
            | IoRedirect::OutputAndError(word, _) => self.word(word),
            IoRedirect::File(_, _, IoFileRedirectTarget::ProcessSubstitution(_, subshell)) => {
                self.list(&subshell.list);
            }
            IoRedirect::HereDocument(_, document) if document.requires_expansion => {
                self.expansions(&document.doc.value, true, line);
            }
            _ => {}
        }
    }

    fn word(&mut self, word: &Word) {
        let line = word.loc.as_ref().map_or(1, |at| at.start.line) + self.line_offset;
        self.expansions(&word.value, false, line);
    }

    fn expansions(&mut self, text: &str, in_heredoc: bool, line: usize) {
        if !text.contains(['$', '`']) {
            return;
        }
        for expansion in words::expansions(text, in_heredoc) {
            match expansion {
                words::Expansion::Use(name) => self.deeds.push(Deed::Use(name)),
                words::Expansion::Default(name) => self.set(&name, false),
                words::Expansion::Substitution(text) => self.substitution(&text, line),
            }
        }
    }

    /// `((i = 0))` and `((i++))` set what they name.
    fn arithmetic(&mut self, text: &str) {
        for name in words::names_set_in_arithmetic(text) {
            self.set(&name, false);
        }
    }

    fn set(&mut self, name: &str, exported: bool) {
        self.deeds.push(Deed::Set {
            name: name.to_owned(),
            exported,
        });
    }
}

fn name_of(assignment: &ast::Assignment) -> &str {
    match &assignment.name {
        AssignmentName::VariableName(name) | AssignmentName::ArrayElementName(name, _) => name,
    }
}

fn is_input(redirect: &IoRedirect) -> bool {
    match redirect {
        IoRedirect::File(descriptor, kind, _) => {
            descriptor.is_none_or(|descriptor| descriptor == 0)
                && matches!(
                    kind,
                    ast::IoFileRedirectKind::Read | ast::IoFileRedirectKind::ReadAndWrite
                )
        }
        IoRedirect::HereDocument(..) | IoRedirect::HereString(..) => true,
        IoRedirect::OutputAndError(..) => false,
    }
}

fn written_to_input(redirect: &IoRedirect) -> Option<&str> {
    match redirect {
        IoRedirect::HereDocument(_, document) => Some(&document.doc.value),
        IoRedirect::HereString(_, word) => Some(&word.value),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
