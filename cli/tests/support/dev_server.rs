//! A development server in this process, and the folder with its kubeconfig.

use std::path::PathBuf;

use quorate_core::api::Method;
use quorate_core::testing::{FakeAnswer, FakeApi, FakeRequest};
use quorate_transport_hyper::serve::{Serve, ServeOptions};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct DevServer {
    pub(crate) serve: Serve,
    folder: TempDir,
}

impl DevServer {
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let serve = runtime.block_on(Serve::start(ServeOptions::default(), FakeApi::new(1))).unwrap();
        // It serves until all tests are over.
        std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kubeconfig"), serve.kubeconfig()).unwrap();
        Self { serve, folder }
    }

    /// Asks as an administrator what must not fail.
    pub(crate) fn ask(&self, method: Method, target: &str, content_type: &str, body: &str) -> Value {
        let (content_type, token) = (Some(content_type), Some(self.serve.token()));
        let request = FakeRequest { method, target, token, content_type, body: body.as_bytes() };
        let FakeAnswer::Complete(answer) = self.serve.with(|api, now| api.handle(now, &request)) else {
            panic!("{target} is a watch")
        };
        assert!((200..300).contains(&answer.status), "{}", String::from_utf8_lossy(&answer.body));
        serde_json::from_slice(&answer.body).unwrap()
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }
}
