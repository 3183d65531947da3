//! What `editor` says, as the protocol wants it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tower_lsp_server::ls_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionResponse, CompletionItem,
    CompletionItemKind, CompletionResponse, CompletionTextEdit, DocumentSymbol,
    DocumentSymbolResponse, Documentation, GotoDefinitionResponse, Hover, HoverContents, Location,
    MarkupContent, MarkupKind, Position, Range, SymbolKind, TextEdit, Uri, WorkspaceEdit,
};

use super::linting::as_shown;
use super::{Shared, around, position};
use crate::diagnostic::Diagnostic;
use crate::editor::{self, Action, Around, Completion, CompletionKind, OpenPage, Symbol};

/// A place of an open page that the editor asks about.
pub(super) struct Asked<'a> {
    shared: &'a Shared,
    path: PathBuf,
    text: Arc<str>,
    offset: usize,
}

impl<'a> Asked<'a> {
    /// `None` for a page that is not open.
    pub(super) fn new(shared: &'a Shared, path: PathBuf, at: Position) -> Option<Asked<'a>> {
        let text = shared.documents().text(&path)?;
        Some(Asked {
            offset: position::offset(&text, at),
            shared,
            path,
            text,
        })
    }

    fn page(&self) -> OpenPage<'_> {
        OpenPage::new(&self.path, &self.text)
    }

    fn around(&self) -> Around {
        let drafts = self.shared.documents().drafts();
        around::around(&self.path, &drafts, self.shared.language)
    }

    fn diagnostics(&self) -> Vec<Diagnostic> {
        self.shared.documents().diagnostics(&self.path)
    }

    fn range(&self, span: &std::ops::Range<usize>) -> Range {
        position::range(&self.text, span)
    }

    fn uri(&self) -> Option<Uri> {
        self.shared
            .documents()
            .called(&self.path)
            .map(|(uri, _)| uri)
    }
}

pub(super) fn completion(asked: &Asked<'_>) -> Option<CompletionResponse> {
    let found = editor::completions(&asked.page(), asked.offset, &asked.around());
    let items = found.into_iter().map(|one| item(asked, one));
    Some(CompletionResponse::Array(items.collect()))
}

fn item(asked: &Asked<'_>, one: Completion) -> CompletionItem {
    CompletionItem {
        label: one.label,
        kind: Some(match one.kind {
            CompletionKind::Annotation => CompletionItemKind::PROPERTY,
            CompletionKind::Value => CompletionItemKind::ENUM_MEMBER,
            CompletionKind::Hook => CompletionItemKind::REFERENCE,
            CompletionKind::Scenario => CompletionItemKind::MODULE,
            CompletionKind::Rule => CompletionItemKind::CONSTANT,
        }),
        detail: Some(one.detail).filter(|detail| !detail.is_empty()),
        documentation: one
            .documentation
            .map(|text| Documentation::MarkupContent(markdown(text))),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit::new(
            asked.range(&one.replaced),
            one.inserted,
        ))),
        ..CompletionItem::default()
    }
}

fn markdown(value: String) -> MarkupContent {
    MarkupContent {
        kind: MarkupKind::Markdown,
        value,
    }
}

pub(super) fn hover(asked: &Asked<'_>) -> Option<Hover> {
    let found = asked.diagnostics();
    let hover = editor::hover(&asked.page(), asked.offset, &asked.around(), &found)?;
    Some(Hover {
        contents: HoverContents::Markup(markdown(hover.text)),
        range: Some(asked.range(&hover.span)),
    })
}

pub(super) fn definition(asked: &Asked<'_>) -> Option<GotoDefinitionResponse> {
    let target = editor::target(&asked.page(), asked.offset, &asked.around())?;
    let uri = asked.shared.workspace.get()?.uri(&target.path)?;
    let text = read(&target.path)?;
    let range = position::range(&text, &target.at.span);
    Some(GotoDefinitionResponse::Scalar(Location::new(uri, range)))
}

/// The text that a place is in; nobody can go to a file that cannot be read.
fn read(path: &Path) -> Option<String> {
    let bytes = std::fs::read(path).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

pub(super) fn is_quick_fix(kind: &CodeActionKind) -> bool {
    let (asked, ours) = (kind.as_str(), CodeActionKind::QUICKFIX);
    asked.is_empty() || asked == ours.as_str()
}

pub(super) fn actions(asked: &Asked<'_>, end: Position) -> Option<CodeActionResponse> {
    let end = position::offset(&asked.text, end).max(asked.offset);
    let found = asked.diagnostics();
    let uri = asked.uri()?;
    let actions = editor::actions(&asked.page(), asked.offset..end, &found);
    let action = |action: Action| {
        let edit = TextEdit::new(asked.range(&action.edit.span), action.edit.text);
        let about = found.get(action.about);
        CodeActionOrCommand::CodeAction(CodeAction {
            title: action.title,
            kind: Some(CodeActionKind::QUICKFIX),
            diagnostics: about.map(|one| vec![as_shown(one, &asked.text)]),
            edit: Some(WorkspaceEdit::new(HashMap::from([(
                uri.clone(),
                vec![edit],
            )]))),
            is_preferred: Some(action.is_mend),
            ..CodeAction::default()
        })
    };
    Some(actions.into_iter().map(action).collect())
}

pub(super) fn symbols(asked: &Asked<'_>) -> Option<DocumentSymbolResponse> {
    let found = editor::outline(&asked.page());
    let symbols = found.into_iter().map(|one| symbol(asked, one));
    Some(DocumentSymbolResponse::Nested(symbols.collect()))
}

fn symbol(asked: &Asked<'_>, one: Symbol) -> DocumentSymbol {
    #[expect(
        deprecated,
        reason = "the field has no default and no other way to be left out"
    )]
    DocumentSymbol {
        name: one.name,
        detail: Some(one.detail),
        kind: SymbolKind::EVENT,
        tags: None,
        deprecated: None,
        range: asked.range(&one.span),
        selection_range: asked.range(&one.head),
        children: None,
    }
}
