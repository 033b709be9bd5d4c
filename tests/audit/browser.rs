//! A headless Chromium that is driven as a person without a mouse would: key by key, by the DevTools protocol over pipes.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use libtest_mimic::Failed;
use serde_json::{Value, json};

/// Whether there is a browser to try the page in.
pub(super) fn is_there() -> bool {
    let version = Command::new("chromium").arg("--version").output();
    version.is_ok_and(|output| output.status.success())
}

/// A page in a browser of its own.
pub(super) struct Browser {
    child: Child,
    to: File,
    from: BufReader<File>,
    calls: u64,
    session: Option<String>,
    _home: tempfile::TempDir,
}

impl Browser {
    /// Opens a file as a page, and waits until it is there.
    pub(super) fn open(page: &Path) -> Result<Self, Failed> {
        let home = tempfile::tempdir()?;
        let pipes = ["to", "from"].map(|name| home.path().join(name));
        let made = Command::new("mkfifo").args(&pipes).status()?;
        assert!(made.success(), "no pipes");
        // Chromium reads from 3 and writes to 4.
        let start = "exec chromium --headless --no-sandbox --disable-gpu --remote-debugging-pipe \
             --user-data-dir=\"$2\" about:blank 3<\"$0\" 4>\"$1\"";
        let child = Command::new("sh")
            .args(["-c", start])
            .args(&pipes)
            .arg(home.path().join("profile"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let to = File::options().write(true).open(&pipes[0])?;
        let from = BufReader::new(File::open(&pipes[1])?);
        let mut browser = Self {
            child,
            to,
            from,
            calls: 0,
            session: None,
            _home: home,
        };
        let url = format!("file://{}", page.display());
        let target = browser.call("Target.createTarget", &json!({"url": url}))?;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.call("Target.attachToTarget", &attach)?;
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for _ in 0..200 {
            if browser.look("document.readyState === 'complete' && location.protocol")? == "file:" {
                return Ok(browser);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("the page does not load".into())
    }

    /// Presses a key: `Tab`, `Enter`.
    pub(super) fn press(&mut self, key: &str) -> Result<(), Failed> {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            _ => return Err(format!("no such key: {key}").into()),
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let event = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text});
            self.call("Input.dispatchKeyEvent", &event)?;
        }
        Ok(())
    }

    /// Presses Tab until what has the focus is so.
    pub(super) fn tab_to(&mut self, is_so: &str) -> Result<(), Failed> {
        for _ in 0..80 {
            self.press("Tab")?;
            let script =
                format!("(() => {{ const at = document.activeElement; return {is_so}; }})()");
            if self.look(&script)? == true {
                return Ok(());
            }
        }
        Err(format!("no Tab leads to {is_so}").into())
    }

    /// Types a text into what has the focus.
    pub(super) fn write(&mut self, text: &str) -> Result<(), Failed> {
        self.call("Input.insertText", &json!({"text": text}))
            .map(drop)
    }

    /// What an expression comes to in the page.
    pub(super) fn look(&mut self, script: &str) -> Result<Value, Failed> {
        let ask = json!({"expression": script, "returnByValue": true});
        let said = self.call("Runtime.evaluate", &ask)?;
        Ok(said["result"]["value"].clone())
    }

    /// Calls a method, and waits for its answer.
    fn call(&mut self, method: &str, params: &Value) -> Result<Value, Failed> {
        self.calls += 1;
        let mut message = json!({"id": self.calls, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes)?;
        loop {
            let mut answer = Vec::new();
            self.from.read_until(0, &mut answer)?;
            if answer.pop() != Some(0) {
                return Err("the browser has ended".into());
            }
            let answer: Value = serde_json::from_slice(&answer)?;
            if answer["id"] == self.calls {
                return match answer.get("error") {
                    Some(error) => Err(format!("{method}: {error}").into()),
                    None => Ok(answer["result"].clone()),
                };
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
