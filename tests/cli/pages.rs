//! Pages of `--report FILE.html` in a real browser: nothing in them runs but their own script, nothing is asked for, and
//! the script filters and sorts.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::case::{Case, tool};
use crate::make::{docker_old, file, tar};
use crate::matrix::fake::Fake;
use crate::sample::Sample;
use crate::sizes;

/// A browser without a window, asked over two pipes (the `DevTools` protocol): each message ends with a zero.
struct Browser {
    process: Child,
    to: File,
    from: BufReader<File>,
    /// What it told without being asked.
    events: Vec<Value>,
    last: u64,
    session: Option<String>,
}

impl Browser {
    /// One of its own, with its settings in `case`; `None` where there is none.
    fn start(case: &Case) -> Option<Self> {
        tool("chromium", &["--version"])?;
        let pipes = ["to", "from"].map(|name| case.at(name));
        assert!(Command::new("mkfifo").args(&pipes).status().unwrap().success());
        let script = "exec chromium --headless --no-sandbox --disable-gpu --remote-debugging-pipe \"$@\" 3<\"$0\"";
        let script = format!("{script} 4>\"$FROM\"");
        let process = Command::new("sh")
            .args(["-c", &script])
            .arg(&pipes[0])
            .arg(format!("--user-data-dir={}", case.at("profile").display()))
            .env("FROM", &pipes[1])
            .env("HOME", case.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = File::options().write(true).open(&pipes[0]).unwrap();
        let from = BufReader::new(File::open(&pipes[1]).unwrap());
        let mut browser = Self { process, to, from, events: Vec::new(), last: 0, session: None };
        let target = browser.ask("Target.createTarget", &json!({"url": "about:blank"}))["targetId"].clone();
        let attached = browser.ask("Target.attachToTarget", &json!({"targetId": target, "flatten": true}));
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Network", "Log", "Runtime"] {
            browser.ask(&format!("{domain}.enable"), &json!({}));
        }
        Some(browser)
    }

    fn read(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.from.read_until(0, &mut bytes).unwrap();
        bytes.pop().expect("the browser has ended");
        serde_json::from_slice(&bytes).unwrap()
    }

    /// The result of a command of the protocol.
    #[track_caller]
    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let answer = self.read();
            if answer["id"] == self.last {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    /// Shows the page at `path` and waits until it is there.
    fn show(&mut self, path: &Path) {
        self.events.clear();
        self.ask("Page.navigate", &json!({"url": format!("file://{}", path.display())}));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.read();
            self.events.push(event);
        }
    }

    /// What `expression` is on the page.
    #[track_caller]
    fn value(&mut self, expression: &str) -> Value {
        let answer = self.ask("Runtime.evaluate", &json!({"expression": expression, "returnByValue": true}));
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// The events of `method` so far, each as its parameters.
    fn told(&self, method: &str) -> Vec<&Value> {
        self.events.iter().filter(|event| event["method"] == method).map(|event| &event["params"]).collect()
    }

    /// Fails if the page asked for anything but itself, was refused something, or opened a dialog.
    #[track_caller]
    fn assert_quiet(&mut self) {
        // Whatever the page had in mind has happened by the second answer.
        self.value("new Promise(resolve => setTimeout(resolve, 300)) && 1");
        let asked: Vec<_> =
            self.told("Network.requestWillBeSent").iter().map(|event| event["request"]["url"].clone()).collect();
        assert_eq!(asked.len(), 1, "{asked:?}");
        for method in
            ["Log.entryAdded", "Page.javascriptDialogOpening", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"]
        {
            assert!(self.told(method).is_empty(), "{method}: {:?}", self.told(method));
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The services that are shown, from top to bottom.
const SHOWN: &str =
    "[...document.querySelectorAll('tbody tr')].filter(row => !row.hidden).map(row => row.id).join(' ')";

/// Sets a field of the filters as a person does.
fn set(field: &str, value: &str) -> String {
    format!(
        "{{ const field = document.forms[0].elements.namedItem('{field}'); field.value = '{value}';
            for (const name of ['input', 'change']) field.dispatchEvent(new Event(name, {{bubbles: true}})); }}"
    )
}

const HOSTILE: &str =
    "</pre></script><script>alert(1)</script><img src=http://192.0.2.1/x onerror=alert(2)>\"' ::%0A]]>\u{202e}";

/// What the fake engine has: one image that works and one that says the worst.
fn tested() -> Fake {
    let hostile = HOSTILE.replace('\'', "'\\''");
    Fake::of(&["a.one", "a.two", "b.one"])
        .image("a.one")
        .image("a.two")
        .run("a.one", &format!("echo '{hostile}'"))
        .run("a.two", &format!("echo '{hostile}' >&2; end exited 3"))
}

#[test]
fn nothing_on_the_page_of_outcomes_runs_but_its_own_script_which_filters_and_sorts() {
    let fake = tested();
    let run = fake.try_it(&["test", "-q", "--no-build", "--logs", "logs", "--report", "r.html"]);
    assert_eq!(run.code(), 1, "{}", run.stderr());
    let Some(mut browser) = Browser::start(&fake.case) else { return };
    browser.show(&fake.case.at("r.html"));
    browser.assert_quiet();
    assert_eq!(browser.value("document.querySelectorAll('script, img').length"), 1);
    assert!(
        browser
            .value("document.querySelector('[id=\"a.one\"] pre').textContent")
            .as_str()
            .unwrap()
            .contains("<script>alert(1)</script>")
    );
    assert_eq!(browser.value(SHOWN), "a.one a.two b.one");
    browser.value(&set("program", "a"));
    assert_eq!(browser.value(SHOWN), "a.one a.two");
    assert_eq!(browser.value("document.querySelector('output').value"), "2 of 3 shown");
    browser.value(&set("state", "exits 3"));
    assert_eq!(browser.value(SHOWN), "a.two");
    browser.value(&set("program", ""));
    browser.value(&set("state", "!"));
    assert_eq!(browser.value(SHOWN), "a.two b.one");
    browser.value(&set("state", ""));
    browser.value(&set("name", "ONE"));
    assert_eq!(browser.value(SHOWN), "a.one b.one");
    browser.value("document.querySelector('thead button').click(); document.querySelector('thead button').click()");
    assert_eq!(browser.value(SHOWN), "b.one a.one");
    assert_eq!(browser.value("document.querySelector('thead th').ariaSort"), "descending");
    browser.value(&set("sort", ""));
    assert_eq!(browser.value("document.querySelector('thead th').ariaSort"), "none");
    // The log is where its link leads.
    let link = browser.value("document.querySelector('[id=\"a.one\"] a').href");
    let log = link.as_str().unwrap().strip_prefix("file://").unwrap();
    assert!(fs::read_to_string(log).unwrap().contains("alert(2)"), "{log}");
    browser.assert_quiet();
}

#[test]
fn what_scrolls_on_a_page_has_a_name_and_nothing_that_cannot_be_seen_gets_the_focus() {
    let fake = tested();
    assert_eq!(fake.try_it(&["test", "-q", "--no-build", "--report", "r.html"]).code(), 1);
    let Some(mut browser) = Browser::start(&fake.case) else { return };
    browser.show(&fake.case.at("r.html"));
    browser.value("document.querySelectorAll('details').forEach(details => details.open = true)");
    assert_eq!(
        browser.value("[...document.querySelectorAll('pre')].map(pre => `${pre.role} ${pre.ariaLabel}`).join()"),
        "region Standard output of a.one,region Standard error of a.two,region Standard error of b.one"
    );
    let focused = "{ const button = document.querySelector('thead button'); button.focus();
        const is = document.activeElement === button; button.blur(); is }";
    for (width, is_seen) in [(1280, true), (320, false)] {
        let size = json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false});
        browser.ask("Emulation.setDeviceMetricsOverride", &size);
        assert_eq!(browser.value(focused), is_seen, "{width}");
        // The head of a column is named all the same.
        let tree = browser.ask("Accessibility.getFullAXTree", &json!({}));
        let heads = tree["nodes"].as_array().unwrap().iter().filter(|node| node["role"]["value"] == "columnheader");
        let names: Vec<_> = heads.map(|node| node["name"]["value"].as_str().unwrap_or_default()).collect();
        assert_eq!(names, ["Service", "Program", "Outcome", "Build", "Run", "Detail"], "{width}");
    }
}

#[test]
fn how_much_smaller_an_image_is_sorts_by_what_is_shown() {
    let fake = sizes::Fake::of(&["a.big", "a.half", "b.big", "b.tenth", "b.none"])
        .image("a.big", "sha256:1", &[("a", 1_000_000_000)])
        .image("a.half", "sha256:2", &[("b", 500_000_000)])
        .image("b.big", "sha256:3", &[("c", 1_000_000)])
        .image("b.tenth", "sha256:4", &[("d", 100_000)])
        .image("b.none", "sha256:5", &[("e", 0)]);
    let run = fake.run(&["-q", "--report", "r.html"]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    let Some(mut browser) = Browser::start(&fake.case) else { return };
    browser.show(&fake.case.at("r.html"));
    browser
        .value("[...document.querySelectorAll('thead button')].find(head => head.textContent === 'Smaller').click()");
    assert_eq!(browser.value(SHOWN), "a.big b.big a.half b.tenth b.none");
}

#[test]
fn a_script_that_gets_into_a_page_does_not_run() {
    let fake = tested();
    assert_eq!(fake.try_it(&["test", "-q", "--no-build", "--logs", "logs", "--report", "r.html"]).code(), 1);
    let page = fake.case.read("r.html");
    let broken = page.replace("</main>", "<script>window.ran = 1</script><img src=x onerror='window.ran = 2'></main>");
    assert_ne!(page, broken);
    fs::write(fake.case.at("r.html"), broken).unwrap();
    let Some(mut browser) = Browser::start(&fake.case) else { return };
    browser.show(&fake.case.at("r.html"));
    assert_eq!(browser.value("typeof window.ran"), "undefined");
    assert_eq!(browser.value("document.getElementById('filters').hidden"), false);
    assert!(
        browser
            .told("Log.entryAdded")
            .iter()
            .any(|entry| entry["entry"]["text"].to_string().contains("Content Security"))
    );
}

#[test]
fn each_page_is_read_as_a_table_and_fits_a_phone_also_with_long_names() {
    let long = "x".repeat(90);
    let test = Fake::of(&["a.one", &long]).image("a.one").image(&long);
    assert_eq!(test.try_it(&["test", "-q", "--no-build", "--logs", "logs", "--report", "r.html"]).code(), 0);
    let layers = [("base", 1_000_000_000), ("program", 1)];
    let sizes =
        sizes::Fake::of(&["a.one", &long]).image("a.one", "sha256:1", &layers).image(&long, "sha256:2", &layers[..1]);
    let run = sizes.run(&["-q", "--report", "r.html"]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    let Some(mut browser) = Browser::start(&test.case) else { return };
    for case in [&test.case, &sizes.case] {
        let page = case.at("r.html");
        browser.show(&page);
        for width in [320, 834, 1280] {
            let size = json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500});
            browser.ask("Emulation.setDeviceMetricsOverride", &size);
            assert_eq!(
                browser.value("document.documentElement.scrollWidth <= innerWidth"),
                true,
                "{} at {width}",
                page.display()
            );
            let tree = browser.ask("Accessibility.getFullAXTree", &json!({}));
            let nodes = tree["nodes"].as_array().unwrap();
            let of_role = |role: &str| nodes.iter().filter(|node| node["role"]["value"] == role).count();
            assert_eq!((of_role("table"), of_role("rowheader")), (1, 2), "{} at {width}", page.display());
        }
        browser.assert_quiet();
    }
}

/// Every text below `value`, but for the keys that a page has no use for.
fn texts(value: &Value, found: &mut Vec<String>) {
    const WITHOUT_USE: [&str; 8] = ["image", "set", "outcome", "expect", "build_set", "certainty", "file", "missing"];
    let children: Vec<&Value> = match value {
        Value::String(text) => return found.push(text.clone()),
        Value::Array(list) => list.iter().collect(),
        Value::Object(map) => {
            map.iter().filter(|(key, _)| !WITHOUT_USE.contains(&key.as_str())).map(|(_, value)| value).collect()
        }
        _ => Vec::new(),
    };
    for child in children {
        texts(child, found);
    }
}

#[test]
fn the_page_has_what_the_json_report_has_also_what_why_found() {
    let program = Sample::with_loader("/lib64/ld-linux-x86-64.so.2").needs("libc.so.6").bytes();
    let image = tar(&docker_old(&[tar(&[file("hello", program).mode(0o755)])], false));
    let fake = Fake::of(&["a.one", "a.two", "a.three"])
        .run("a.one", "echo Hello")
        .run("a.two", "echo 'exec ./a.two: no such file or directory' >&2; end exited 1")
        .build("a.three", "fail 'ERROR: <no>'")
        .file("save.a.two", image);
    let run = fake.try_it(&["test", "-q", "--report", "r.html", "--report", "r.json"]);
    assert_eq!(run.code(), 1, "{}", run.stderr());
    let report: Value = serde_json::from_str(&fake.case.read("r.json")).unwrap();
    let images = report["images"].as_array().unwrap();
    assert!(images.iter().any(|image| image["findings"][0]["id"] == "loader-missing"), "{report}");
    let Some(mut browser) = Browser::start(&fake.case) else { return };
    browser.show(&fake.case.at("r.html"));
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for image in images {
        let row = format!("document.getElementById({})", image["service"]);
        // Shown, and not only there.
        browser.value(&format!("{row}.querySelectorAll('details').forEach(details => details.open = true)"));
        let shown = plain(browser.value(&format!("{row}.innerText")).as_str().unwrap());
        let mut wanted = Vec::new();
        texts(image, &mut wanted);
        assert!(!wanted.is_empty());
        for text in wanted {
            assert!(shown.to_lowercase().contains(&plain(&text).to_lowercase()), "{text:?} is not in {shown:?}");
        }
    }
    browser.assert_quiet();
}

/// The lowest contrast of text that is seen to what is behind it, as WCAG 2 counts: 4.5 is enough.
const CONTRAST: &str = "(() => {
    const light = colour => {
        const parts = colour.match(/[\\d.]+/g).map(Number);
        if (parts.length === 4 && parts[3] === 0) return null;
        const [r, g, b] = parts.slice(0, 3).map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = element => element ? light(getComputedStyle(element).backgroundColor) ?? behind(element.parentElement) : 1;
    const ratios = [...document.body.querySelectorAll('*')]
        .filter(element => [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
        .filter(element => !['SCRIPT', 'STYLE', 'OPTION'].includes(element.tagName) && element.getClientRects().length)
        .map(element => [light(getComputedStyle(element).color), behind(element)].sort((a, b) => b - a))
        .map(([more, less]) => (more + 0.05) / (less + 0.05));
    return [ratios.length, Math.min(...ratios)];
})()";

#[test]
fn all_text_of_each_page_can_be_read_in_light_and_in_dark() {
    let test = tested();
    assert_eq!(test.try_it(&["test", "-q", "--no-build", "--logs", "logs", "--report", "r.html"]).code(), 1);
    let sizes = sizes::Fake::of(&["a.one", "a.two"]).image("a.one", "sha256:1", &[("base", 1_000), ("program", 1)]);
    assert_eq!(sizes.run(&["-q", "--report", "r.html"]).code(), 0);
    let Some(mut browser) = Browser::start(&test.case) else { return };
    for case in [&test.case, &sizes.case] {
        browser.show(&case.at("r.html"));
        browser.value("document.querySelectorAll('details').forEach(details => details.open = true)");
        let mut backs = Vec::new();
        for scheme in ["light", "dark"] {
            let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
            browser.ask("Emulation.setEmulatedMedia", &json!({"features": features}));
            let found = browser.value(CONTRAST);
            assert!(found[0].as_u64().unwrap() > 10 && found[1].as_f64().unwrap() >= 4.5, "{scheme}: {found}");
            backs.push(browser.value("getComputedStyle(document.body).backgroundColor"));
        }
        assert_ne!(backs[0], backs[1]);
    }
}
