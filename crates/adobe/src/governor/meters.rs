use metrics::{counter, gauge};

use super::load::Load;

/// The governor's metrics; `mod.rs` tells what they mean.
#[derive(Debug)]
pub(super) struct Meters {
    target: &'static str,
}

impl Meters {
    pub fn new(target: &'static str) -> Self {
        Self { target }
    }

    pub fn load(&self, load: &Load) {
        gauge!("kit_target_concurrency_limit", "target" => self.target).set(load.concurrency());
        if let Some(rate) = load.rate() {
            gauge!("kit_target_rate_limit", "target" => self.target).set(rate);
        }
    }

    pub fn in_flight(&self, load: &Load) {
        gauge!("kit_target_calls_in_flight", "target" => self.target).set(load.in_flight());
    }

    pub fn answer(&self, status: u16, is_throttled: bool) {
        self.count(class(status));
        if is_throttled {
            counter!("kit_target_throttled_total", "target" => self.target).increment(1);
        }
    }

    pub fn silence(&self) {
        self.count("none");
    }

    fn count(&self, status: &'static str) {
        counter!("kit_target_calls_total", "target" => self.target, "status" => status).increment(1);
    }
}

fn class(status: u16) -> &'static str {
    match status {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        429 => "429",
        400..500 => "4xx",
        500.. => "5xx",
    }
}
