//! `breakfix lsp`, as an editor talks to it: framed JSON over stdin and stdout.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// An editor with a workspace of its own.
struct Editor {
    workspace: tempfile::TempDir,
    server: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    requests: i64,
    /// Diagnostics that came while something else was awaited.
    early: Vec<Value>,
}

impl Editor {
    fn start(files: &[(&str, &str)]) -> Editor {
        let workspace = tempfile::tempdir().unwrap();
        for (name, text) in files {
            write(workspace.path(), name, text);
        }
        // Where the editor is, not where the server was started.
        let mut server = Command::new(env!("CARGO_BIN_EXE_breakfix"))
            .args(["lsp", "--stdio"])
            .current_dir("/")
            .env("LANG", "C.UTF-8")
            .env_remove("BREAKFIX_LANG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = server.stdin.take();
        let output = BufReader::new(server.stdout.take().unwrap());
        let mut editor = Editor {
            workspace,
            server,
            input,
            output,
            requests: 0,
            early: Vec::new(),
        };
        let root = editor.uri("");
        let folders = json!([{ "uri": root.trim_end_matches('/'), "name": "labs" }]);
        let said = editor.request(
            "initialize",
            json!({ "processId": null, "capabilities": {}, "workspaceFolders": folders }),
        );
        assert_eq!(said["serverInfo"]["name"], "breakfix");
        assert_eq!(said["capabilities"]["textDocumentSync"]["change"], 1);
        editor.notify("initialized", json!({}));
        editor
    }

    fn uri(&self, name: &str) -> String {
        format!("file://{}/{name}", self.workspace.path().display())
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let input = self.input.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        input.flush().unwrap();
    }

    fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// The next message of the server, whatever it is; `None` once there are no more.
    fn receive(&mut self) -> Option<Value> {
        let mut length = None;
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", count)) => length = Some(count.parse().unwrap()),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length.expect("a length")];
        self.output.read_exact(&mut body).unwrap();
        Some(serde_json::from_slice(&body).unwrap())
    }

    /// What comes of a request.
    fn request(&mut self, method: &str, params: Value) -> Value {
        self.requests += 1;
        let id = self.requests;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.receive().expect("an answer");
            if message["id"] == id {
                assert_eq!(message["error"], Value::Null, "{method}");
                return message["result"].clone();
            }
            self.early.push(message);
        }
    }

    fn open(&mut self, name: &str, text: &str) {
        let uri = self.uri(name);
        let document = json!({ "uri": uri, "languageId": "markdown", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    fn change(&mut self, name: &str, version: i64, text: &str) {
        let document = json!({ "uri": self.uri(name), "version": version });
        self.notify(
            "textDocument/didChange",
            json!({ "textDocument": document, "contentChanges": [{ "text": text }] }),
        );
    }

    fn close(&mut self, name: &str) {
        let document = json!({ "uri": self.uri(name) });
        self.notify("textDocument/didClose", json!({ "textDocument": document }));
    }

    /// The next diagnostics that are told of a file: version, and each.
    fn told(&mut self, name: &str) -> (Value, Vec<Value>) {
        let uri = self.uri(name);
        loop {
            let message = if self.early.is_empty() {
                self.receive().expect("diagnostics")
            } else {
                self.early.remove(0)
            };
            let params = &message["params"];
            if message["method"] == "textDocument/publishDiagnostics" && params["uri"] == uri {
                let all = params["diagnostics"].as_array().expect("diagnostics");
                return (params["version"].clone(), all.clone());
            }
        }
    }

    /// Codes of the next diagnostics of a file.
    fn codes(&mut self, name: &str) -> Vec<String> {
        let (_, all) = self.told(name);
        let codes = all
            .iter()
            .map(|one| one["code"].as_str().unwrap_or_default());
        codes.map(str::to_owned).collect()
    }

    fn ask(&mut self, method: &str, name: &str, line: u32, character: u32) -> Value {
        let uri = self.uri(name);
        self.request(
            &format!("textDocument/{method}"),
            json!({ "textDocument": { "uri": uri }, "position": at(line, character) }),
        )
    }

    fn labels(&mut self, name: &str, line: u32, character: u32) -> Vec<String> {
        let found = self.ask("completion", name, line, character);
        let items = found.as_array().expect("a list").iter();
        items
            .map(|item| item["label"].as_str().unwrap().to_owned())
            .collect()
    }

    fn actions(&mut self, name: &str, line: u32, character: u32) -> Vec<Value> {
        let uri = self.uri(name);
        let at = at(line, character);
        let found = self.request(
            "textDocument/codeAction",
            json!({
                "textDocument": { "uri": uri },
                "range": { "start": at, "end": at },
                "context": { "diagnostics": [] },
            }),
        );
        found.as_array().expect("a list").clone()
    }

    /// Ends as editors do; the exit code.
    fn leave(mut self) -> Option<i32> {
        assert_eq!(self.request("shutdown", Value::Null), Value::Null);
        self.notify("exit", Value::Null);
        // Its stdin is still open.
        while self.receive().is_some() {}
        self.server.wait().unwrap().code()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // A test that failed must leave nothing behind; one that passed has waited.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn at(line: u32, character: u32) -> Value {
    json!({ "line": line, "character": character })
}

fn range(line: u32, start: u32, end: u32) -> Value {
    json!({ "start": at(line, start), "end": at(line, end) })
}

const HOOK: &str = "#!/usr/bin/env bash\ntrue\n";
const SCENARIO: &str = "\
scenario: sleeping-key
title: { en: A key that sleeps, ja: 眠る鍵 }
resources: []
hooks:
  awake: [never]
conditions:
  - id: never
    title: { en: Never, ja: なし }
    expect: { nodes: { nodegroup: none, none: true } }
";
/// The line is longer in bytes than in UTF-16 units, and in those longer than in characters.
const MISSPELT: &str =
    "# T\n\n- 🙂ノ\n\n  ```bash hook=look title=\"🙂ノ\" timeuot=5\n  $ true\n  ```\n";
const MENDED: &str =
    "# T\n\n- 🙂ノ\n\n  ```bash hook=look title=\"🙂ノ\" timeout=5\n  $ true\n  ```\n";

#[test]
fn a_mistake_is_told_while_it_is_written_mended_and_forgotten() {
    let mut editor = Editor::start(&[("tests/hook-look.sh", HOOK), ("page.md", MENDED)]);
    // What is in the editor counts, not what is on disk.
    editor.open("page.md", MISSPELT);
    let (version, found) = editor.told("page.md");
    assert_eq!(version, 1);
    let [one] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(one["code"], "annotation-unknown");
    assert_eq!(one["source"], "breakfix");
    assert_eq!(one["severity"], 1);
    assert_eq!(one["range"], range(4, 32, 39));
    assert_eq!(
        one["message"],
        "unknown annotation `timeuot`\ndid you mean `timeout`?"
    );

    let hover = editor.ask("hover", "page.md", 4, 35);
    let text = hover["contents"]["value"].as_str().unwrap();
    assert!(
        text.contains("`breakfix explain annotation-unknown`"),
        "{text}"
    );
    assert_eq!(hover["range"], range(4, 32, 39));
    let actions = editor.actions("page.md", 4, 33);
    assert_eq!(actions[0]["title"], "Write `timeout` instead of `timeuot`");
    // It was probably meant, which is not certain.
    assert_eq!(actions[0]["isPreferred"], false);
    let uri = editor.uri("page.md");
    assert_eq!(
        actions[0]["edit"]["changes"][&uri],
        json!([{ "range": range(4, 32, 39), "newText": "timeout" }])
    );

    editor.change("page.md", 2, MENDED);
    assert_eq!(editor.told("page.md"), (json!(2), vec![]));
    assert_eq!(editor.actions("page.md", 4, 33), Vec::<Value>::new());
    let hover = editor.ask("hover", "page.md", 4, 35);
    let text = hover["contents"]["value"].as_str().unwrap();
    assert!(
        text.contains("How long the whole block may take."),
        "{text}"
    );

    editor.change("page.md", 3, MISSPELT);
    assert_eq!(editor.codes("page.md"), ["annotation-unknown"]);
    editor.close("page.md");
    assert_eq!(editor.told("page.md"), (Value::Null, vec![]));
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn names_are_offered_explained_and_followed() {
    let page = "---\nscenario: sleeping-key\n---\n\n## One\n\n```bash hook=look \n$ true\n```\n\n## Two\n\n```bash hook=awake\n$ true\n```\n";
    let mut editor = Editor::start(&[
        ("labs/tests/hook-look.sh", HOOK),
        ("scenarios/sleeping-key/scenario.yaml", SCENARIO),
        ("labs/page.md", page),
    ]);
    editor.open("labs/page.md", page);
    let name = "labs/page.md";
    let labels = editor.labels(name, 6, 18);
    assert!(labels.contains(&"timeout".to_owned()), "{labels:?}");
    assert!(!labels.contains(&"hook".to_owned()), "{labels:?}");
    assert_eq!(editor.labels(name, 6, 14), ["look", "awake"]);
    let scenarios = editor.labels(name, 1, 12);
    assert_eq!(scenarios, ["missing-worker-nodes", "sleeping-key"]);
    assert_eq!(editor.labels(name, 7, 3), Vec::<String>::new());

    let scenario = editor.uri("scenarios/sleeping-key/scenario.yaml");
    #[track_caller]
    fn shows(hover: &Value, expected: &str) {
        let text = hover["contents"]["value"].as_str().unwrap_or_default();
        assert!(text.contains(expected), "{hover}");
    }
    shows(&editor.ask("hover", name, 1, 12), "A key that sleeps");
    shows(&editor.ask("hover", name, 6, 14), "labs/tests/hook-look.sh");
    shows(
        &editor.ask("hover", name, 12, 14),
        "scenario sleeping-key: never",
    );
    assert_eq!(editor.ask("hover", name, 7, 3), Value::Null);

    let found = editor.ask("definition", name, 6, 14);
    assert_eq!(found["uri"], editor.uri("labs/tests/hook-look.sh"));
    let found = editor.ask("definition", name, 12, 14);
    assert_eq!(found, json!({ "uri": scenario, "range": range(4, 2, 7) }));
    assert_eq!(editor.ask("definition", name, 1, 12)["uri"], scenario);

    let uri = editor.uri(name);
    let found = editor.request(
        "textDocument/documentSymbol",
        json!({ "textDocument": { "uri": uri } }),
    );
    let names: Vec<&Value> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["1 One", "2 Two"]);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn what_is_meant_so_is_allowed_by_a_comment_that_asks_for_its_reason() {
    let page =
        "# T\n\n```bash\n$ curl -O https://example.com/main/latest/x.yaml\n$ sleep 60\n```\n";
    let mut editor = Editor::start(&[("page.md", page)]);
    editor.open("page.md", page);
    let (_, found) = editor.told("page.md");
    let one = found.first().expect("something of rules").clone();
    let code = one["code"].as_str().unwrap().to_owned();
    let start = &one["range"]["start"];
    let [line, character] =
        ["line", "character"].map(|part| u32::try_from(start[part].as_u64().unwrap()).unwrap());
    let actions = editor.actions("page.md", line, character);
    let title = format!("Allow {code} here, because …");
    let action = actions.iter().find(|one| one["title"] == title.as_str());
    let uri = editor.uri("page.md");
    let edit = &action.expect(&title)["edit"]["changes"][&uri][0];
    assert_eq!(edit["range"], range(2, 0, 0));
    let comment = edit["newText"].as_str().unwrap();
    let allowed = page.replace("```bash", &format!("{comment}```bash"));
    editor.change("page.md", 2, &allowed);
    let codes = editor.codes("page.md");
    assert!(!codes.contains(&code), "{codes:?}");
    assert!(
        codes.contains(&"suppression-reason".to_owned()),
        "{codes:?}"
    );
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn a_hooks_mistakes_are_told_in_its_own_file() {
    let page = "# T\n\n```bash hook=look\n$ true\n```\n";
    let mut editor = Editor::start(&[("tests/hook-look.sh", "if true; then\n"), ("page.md", page)]);
    editor.open("page.md", page);
    assert_eq!(editor.codes("page.md"), [""; 0]);
    assert_eq!(editor.codes("tests/hook-look.sh"), ["script-syntax"]);
    write(editor.workspace.path(), "tests/hook-look.sh", HOOK);
    let uri = editor.uri("page.md");
    editor.notify(
        "textDocument/didSave",
        json!({ "textDocument": { "uri": uri } }),
    );
    assert_eq!(editor.codes("page.md"), [""; 0]);
    assert_eq!(editor.codes("tests/hook-look.sh"), [""; 0]);
    // Another page of the directory names it, so far only in the editor.
    editor.change("page.md", 2, "# T\n");
    assert_eq!(editor.codes("tests/hook-look.sh"), ["hook-unreferenced"]);
    write(editor.workspace.path(), "other.md", "# T\n");
    editor.open("other.md", page);
    assert_eq!(editor.codes("other.md"), [""; 0]);
    editor.notify(
        "textDocument/didSave",
        json!({ "textDocument": { "uri": uri } }),
    );
    assert_eq!(editor.codes("tests/hook-look.sh"), [""; 0]);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn fast_typing_ends_with_what_is_there_at_last() {
    let mut editor = Editor::start(&[("page.md", "")]);
    editor.open("page.md", "");
    for version in 2..60 {
        let text = if version % 2 == 0 { MISSPELT } else { "# T\n" };
        editor.change("page.md", version, text);
    }
    editor.change("page.md", 60, "```sh\n$ true\n```\n");
    let mut last = 0;
    loop {
        let (version, found) = editor.told("page.md");
        let version = version.as_i64().expect("a version");
        assert!(version >= last, "{version} after {last}");
        last = version;
        if version == 60 {
            assert_eq!(found[0]["code"], "language-not-run");
            break;
        }
    }
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn what_is_no_page_of_the_workspace_is_passed_over() {
    let mut editor = Editor::start(&[("page.md", "# T\n"), ("notes.txt", "")]);
    let outside = "file:///nowhere/page.md";
    for uri in [
        "untitled:Untitled-1",
        "file:///",
        outside,
        "git:/x/page.md",
        "not an uri",
    ] {
        let document =
            json!({ "uri": uri, "languageId": "markdown", "version": 1, "text": MISSPELT });
        editor.notify("textDocument/didOpen", json!({ "textDocument": document }));
        let document = json!({ "uri": uri });
        editor.notify("textDocument/didClose", json!({ "textDocument": document }));
    }
    editor.open("notes.txt", MISSPELT);
    let asked = json!({ "textDocument": { "uri": outside }, "position": at(4, 35) });
    assert_eq!(
        editor.request("textDocument/hover", asked.clone()),
        Value::Null
    );
    assert_eq!(
        editor.request("textDocument/completion", asked),
        Value::Null
    );
    // Not open, and a place that is not there.
    assert_eq!(editor.ask("hover", "page.md", 1, 1), Value::Null);
    editor.open("page.md", "# T\n");
    assert_eq!(
        editor.ask("hover", "page.md", 4_000_000_000, 4_000_000_000),
        Value::Null
    );
    assert_eq!(editor.codes("page.md"), [""; 0]);
    // Never saved: nothing to tell, and nothing to complain about.
    editor.open("new.md", MISSPELT);
    assert_eq!(editor.codes("new.md"), [""; 0]);
    let told = editor
        .early
        .iter()
        .filter(|one| one["method"] == "textDocument/publishDiagnostics");
    assert_eq!(told.count(), 0);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn a_configuration_that_is_wrong_is_told_once() {
    let mut editor = Editor::start(&[("page.md", "# T\n"), ("breakfix.toml", "nonsense = 1\n")]);
    editor.open("page.md", "# T\n");
    let mut text = String::new();
    while text.is_empty() {
        let message = editor.receive().expect("a message");
        if message["method"] == "window/showMessage" {
            text = message["params"]["message"].as_str().unwrap().to_owned();
        }
    }
    assert!(text.contains("nonsense"), "{text}");
    write(editor.workspace.path(), "breakfix.toml", "");
    let uri = editor.uri("page.md");
    editor.change("page.md", 2, "# T\n");
    editor.notify(
        "textDocument/didSave",
        json!({ "textDocument": { "uri": uri } }),
    );
    assert_eq!(editor.codes("page.md"), [""; 0]);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn an_editor_that_goes_away_takes_the_server_with_it() {
    let mut editor = Editor::start(&[("page.md", MISSPELT)]);
    editor.open("page.md", MISSPELT);
    editor.input = None;
    while editor.receive().is_some() {}
    // The protocol's code for an end without `shutdown`.
    assert_eq!(editor.server.wait().unwrap().code(), Some(1));
}
