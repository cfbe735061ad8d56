//! The JSON Schema of the settings in the server that editors ask about YAML: it finds the schema as docs/INSTALL.md says.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::case::{Case, tool};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const INSTALLATION: &str = include_str!("../../docs/INSTALL.md");

/// Where the server is for Node.
const SERVER: &str = "require.resolve('yaml-language-server/bin/yaml-language-server')";

/// `yaml-language-server`, told over two pipes: each message has its length in front.
struct Server {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    /// The editor's settings, as it asks for them.
    settings: Value,
}

impl Server {
    /// `None` where there is none.
    fn start(case: &Case, settings: Value) -> Option<Self> {
        tool("node", &["-e", SERVER])?;
        let mut process = Command::new("node")
            .args(["-e", &format!("process.argv.push('server', '--stdio'); require({SERVER})")])
            .env("HOME", case.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        let mut server = Self { process, to, from, settings };
        let folder = format!("file://{}", case.path().display());
        let start =
            json!({"processId": null, "rootUri": folder, "capabilities": {"workspace": {"configuration": true}}});
        server.tell(&json!({"id": 1, "method": "initialize", "params": start}));
        while server.read()["id"] != 1 {}
        server.tell(&json!({"method": "initialized", "params": {}}));
        Some(server)
    }

    fn tell(&mut self, message: &Value) {
        let mut message = message.clone();
        message["jsonrpc"] = "2.0".into();
        let text = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert_ne!(self.from.read_line(&mut line).unwrap(), 0, "the server has ended");
            match line.trim_end().strip_prefix("Content-Length: ") {
                Some(number) => length = number.parse().unwrap(),
                None if line == "\r\n" => break,
                None => (),
            }
        }
        let mut text = vec![0; length];
        self.from.read_exact(&mut text).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// What it finds wrong in the `mkcompose.yml` of `folder` if that has this text, in the order of the lines.
    fn complaints(&mut self, folder: &Path, text: &str) -> Vec<String> {
        let uri = format!("file://{}", folder.join("mkcompose.yml").display());
        let document = json!({"uri": uri, "languageId": "yaml", "version": 1, "text": text});
        self.tell(&json!({"method": "textDocument/didOpen", "params": {"textDocument": document}}));
        loop {
            let said = self.read();
            if said["method"] == "textDocument/publishDiagnostics" && said["params"]["uri"] == uri {
                let mut found = said["params"]["diagnostics"].as_array().unwrap().clone();
                found.sort_by_key(|found| found["range"]["start"]["line"].as_u64());
                return found.iter().map(|found| found["message"].as_str().unwrap().to_owned()).collect();
            }
            if said["method"] == "workspace/configuration" {
                let asked = said["params"]["items"].as_array().unwrap().iter();
                let answers: Vec<_> =
                    asked.map(|item| self.settings[item["section"].as_str().unwrap()].clone()).collect();
                self.tell(&json!({"id": said["id"], "result": answers}));
            } else if said.get("id").is_some() && said.get("method").is_some() {
                self.tell(&json!({"id": said["id"], "result": null}));
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn an_editor_finds_the_schema_by_its_setting_and_by_the_first_line() {
    let schema = format!("{ROOT}/docs/settings.schema.json");
    let of_document = |line: &str| {
        let found = INSTALLATION.lines().map(str::trim_start).find(|found| found.starts_with(line));
        found.unwrap().replace("/path/to/settings.schema.json", &schema)
    };
    let setting: Value = serde_json::from_str(&format!("{{{}}}", of_document("\"yaml.schemas\": "))).unwrap();
    let by_setting = json!({"yaml": {"schemas": setting["yaml.schemas"], "schemaStore": {"enable": false}}});
    let by_line = json!({"yaml": {"schemaStore": {"enable": false}}});
    let line = of_document("# yaml-language-server: ");
    for (settings, line) in [(by_setting, "# No word of a schema."), (by_line, &line)] {
        let case = Case::empty();
        let Some(mut server) = Server::start(&case, settings) else { return };
        let right = format!("{line}\nimage: tools/{{service}}\nservices:\n  web: {{expect: works}}\n");
        assert_eq!(server.complaints(&case.at("right"), &right), [""; 0], "{line}");
        let wrong = format!("{line}\nimge: a\nplatforms: 5\n");
        let found = server.complaints(&case.at("wrong"), &wrong);
        assert_eq!(found.len(), 2, "{line}: {found:?}");
        assert!(found[0].contains("imge") && found[1].contains("array"), "{line}: {found:?}");
    }
}
