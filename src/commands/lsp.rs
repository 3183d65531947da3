//! `breakfix lsp`: a language server for lessons, over stdin and stdout. What it says is decided in `editor` and `lint`;
//! here is the protocol.

mod answers;
mod around;
mod documents;
mod linting;
mod position;
mod stdio;
mod workspace;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tower_lsp_server::jsonrpc;
use tower_lsp_server::ls_types::{
    CodeActionKind, CodeActionOptions, CodeActionParams, CodeActionProviderCapability,
    CodeActionResponse, CompletionOptions, CompletionParams, CompletionResponse,
    DidChangeTextDocumentParams, DidChangeWatchedFilesParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DidSaveTextDocumentParams, DocumentSymbolParams,
    DocumentSymbolResponse, GotoDefinitionParams, GotoDefinitionResponse, Hover, HoverParams,
    HoverProviderCapability, InitializeParams, InitializeResult, InitializedParams, OneOf,
    Position, SaveOptions, ServerCapabilities, ServerInfo, TextDocumentSyncCapability,
    TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions, Uri,
};
use tower_lsp_server::{Client, LanguageServer, LspService, Server};

use self::answers::Asked;
use self::documents::Documents;
use self::workspace::Workspace;
use crate::commands::manners::Manners;
use crate::language::Language;
use crate::outcome::Exit;

/// Serves an editor until it says `exit` or goes away.
///
/// # Errors
/// When there is no runtime to serve on.
pub fn lsp(manners: Manners) -> anyhow::Result<Exit> {
    let runtime = super::runtime()?;
    let shared = Arc::new(Shared::new(manners.language(None)));
    let (service, socket) = LspService::new(|client| Lessons {
        client,
        shared: shared.clone(),
    });
    let (streams, output) = stdio::streams(runtime.handle())?;
    runtime.block_on(Server::new(streams.input, streams.output, socket).serve(service));
    output.finish();
    // Whatever is still being computed is for nobody.
    runtime.shutdown_background();
    // As the protocol wants it: an editor that goes without a word has failed.
    Ok(if shared.is_shut_down.load(Ordering::SeqCst) {
        Exit::Met
    } else {
        Exit::Failed
    })
}

/// What all requests share.
struct Shared {
    language: Language,
    /// Once the editor has said where it is.
    workspace: OnceLock<Workspace>,
    documents: Mutex<Documents>,
    /// Who holds it looks at a page; the others wait, and most find out that nobody wants to know any more.
    turn: tokio::sync::Mutex<()>,
    /// Why content cannot be looked at, as it was told last.
    told: Mutex<String>,
    is_shut_down: AtomicBool,
}

impl Shared {
    fn new(language: Language) -> Shared {
        Shared {
            language,
            workspace: OnceLock::new(),
            documents: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            told: Mutex::default(),
            is_shut_down: AtomicBool::default(),
        }
    }

    fn documents(&self) -> MutexGuard<'_, Documents> {
        self.documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The page that an URI means, as its path from the workspace's root; `None` for what is none of our business.
    fn page(&self, uri: &Uri) -> Option<PathBuf> {
        self.workspace.get()?.page(uri)
    }
}

/// The language server.
struct Lessons {
    client: Client,
    shared: Arc<Shared>,
}

impl LanguageServer for Lessons {
    async fn initialize(&self, params: InitializeParams) -> jsonrpc::Result<InitializeResult> {
        let workspace = Workspace::of(&params);
        // What lessons name is relative to there, and so are the paths that diagnostics show.
        if let Err(error) = std::env::set_current_dir(&workspace.root) {
            let root = workspace.root.display();
            tracing::warn!("failed to go to {root}: {error}");
        }
        // The protocol allows this request once.
        let _ = self.shared.workspace.set(workspace);
        Ok(InitializeResult {
            capabilities: capabilities(),
            server_info: Some(ServerInfo {
                name: "breakfix".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
            ..InitializeResult::default()
        })
    }

    async fn initialized(&self, _: InitializedParams) {
        let watches = self.shared.workspace.get();
        if watches.is_some_and(|workspace| workspace.tells_of_files) {
            let client = self.client.clone();
            // Its answer comes in like any message, which must not wait for this one.
            tokio::spawn(async move {
                let registered = client.register_capability(workspace::watched_files()).await;
                if let Err(error) = registered {
                    tracing::debug!("the editor does not tell of changed files: {error}");
                }
            });
        }
    }

    async fn shutdown(&self) -> jsonrpc::Result<()> {
        self.shared.is_shut_down.store(true, Ordering::SeqCst);
        Ok(())
    }

    // The documents change before anything is awaited: messages are taken in their order, but may be dealt with at once.

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        if let Some(path) = self.shared.page(&document.uri) {
            let mut documents = self.shared.documents();
            documents.open(path.clone(), document.uri, document.version, document.text);
            drop(documents);
            self.look(path);
        }
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        let whole = params.content_changes.into_iter().rev();
        let text = whole.into_iter().find(|change| change.range.is_none());
        let (document, text) = (params.text_document, text.map(|change| change.text));
        if let (Some(path), Some(text)) = (self.shared.page(&document.uri), text) {
            let is_newer = self
                .shared
                .documents()
                .change(&path, document.version, text);
            if is_newer {
                self.look(path);
            }
        }
    }

    async fn did_save(&self, _: DidSaveTextDocumentParams) {
        self.look_at_all();
    }

    async fn did_change_watched_files(&self, _: DidChangeWatchedFilesParams) {
        self.look_at_all();
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        if let Some(path) = self.shared.page(&params.text_document.uri) {
            let left = self.shared.documents().close(&path);
            if let Some(left) = left {
                self.forget(path, left);
            }
        }
    }

    async fn completion(
        &self,
        params: CompletionParams,
    ) -> jsonrpc::Result<Option<CompletionResponse>> {
        let at = params.text_document_position;
        self.answer(&at.text_document.uri, at.position, answers::completion)
            .await
    }

    async fn hover(&self, params: HoverParams) -> jsonrpc::Result<Option<Hover>> {
        let at = params.text_document_position_params;
        self.answer(&at.text_document.uri, at.position, answers::hover)
            .await
    }

    async fn goto_definition(
        &self,
        params: GotoDefinitionParams,
    ) -> jsonrpc::Result<Option<GotoDefinitionResponse>> {
        let at = params.text_document_position_params;
        self.answer(&at.text_document.uri, at.position, answers::definition)
            .await
    }

    async fn code_action(
        &self,
        params: CodeActionParams,
    ) -> jsonrpc::Result<Option<CodeActionResponse>> {
        let end = params.range.end;
        let only = params.context.only;
        let is_wanted = only.is_none_or(|kinds| kinds.iter().any(answers::is_quick_fix));
        if !is_wanted {
            return Ok(None);
        }
        let uri = &params.text_document.uri;
        self.answer(uri, params.range.start, move |asked| {
            answers::actions(asked, end)
        })
        .await
    }

    async fn document_symbol(
        &self,
        params: DocumentSymbolParams,
    ) -> jsonrpc::Result<Option<DocumentSymbolResponse>> {
        let uri = &params.text_document.uri;
        self.answer(uri, Position::default(), answers::symbols)
            .await
    }
}

impl Lessons {
    /// Answers about a place of an open page, away from the messages: files may have to be read.
    async fn answer<T: Send + 'static>(
        &self,
        uri: &Uri,
        position: Position,
        answer: impl FnOnce(&Asked) -> Option<T> + Send + 'static,
    ) -> jsonrpc::Result<Option<T>> {
        let Some(path) = self.shared.page(uri) else {
            return Ok(None);
        };
        let shared = self.shared.clone();
        let answered = tokio::task::spawn_blocking(move || {
            let asked = Asked::new(&shared, path, position)?;
            answer(&asked)
        });
        answered.await.map_err(|error| {
            tracing::error!("failed to answer: {error}");
            jsonrpc::Error::internal_error()
        })
    }
}

fn capabilities() -> ServerCapabilities {
    let triggers = [" ", "=", ":", ","].map(str::to_owned);
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Options(
            TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(TextDocumentSyncKind::FULL),
                save: Some(TextDocumentSyncSaveOptions::SaveOptions(
                    SaveOptions::default(),
                )),
                ..TextDocumentSyncOptions::default()
            },
        )),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(triggers.into()),
            ..CompletionOptions::default()
        }),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
            ..CodeActionOptions::default()
        })),
        document_symbol_provider: Some(OneOf::Left(true)),
        ..ServerCapabilities::default()
    }
}
