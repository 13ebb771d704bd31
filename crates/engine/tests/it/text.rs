//! Events' values, and a mark in them that no text for strangers may show.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing::subscriber::DefaultGuard;

use crate::product::Step;

/// Stands in payloads only.
pub const SECRET: &str = "PAYLOAD-4711";

pub fn product(sku: &str) -> Value {
    json!({"sku": sku})
}

/// A product whose attempts do this.
pub fn product_with(sku: &str, steps: &[Step]) -> Value {
    json!({"sku": sku, "steps": steps})
}

/// What is logged in this test, down to the last detail.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Collects until the guard goes.
    pub fn collect() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
        let subscriber = subscriber.with_writer(move || writer.clone()).finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
