//! What each sender does right now, for whoever finds that nothing moves.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// By the sender's number.
#[derive(Debug, Default)]
pub struct Stands(Mutex<BTreeMap<usize, Stand>>);

#[derive(Debug)]
struct Stand {
    uid: String,
    doing: Doing,
    since: Instant,
    /// How often its event was sent so far.
    tries: u32,
    /// What came of the try before.
    before: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// So many acknowledged events have no effect yet that it sends no further one.
    WaitsForRoom,
    WaitsForAnswer,
    /// Told to come again.
    Pauses,
}

impl Stands {
    /// Turns to another event.
    pub fn begin(&self, sender: usize, uid: &str) {
        let stand = Stand {
            uid: uid.to_owned(),
            doing: Doing::WaitsForRoom,
            since: Instant::now(),
            tries: 0,
            before: String::new(),
        };
        self.all().insert(sender, stand);
    }

    pub fn asks(&self, sender: usize) {
        self.change(sender, |stand| {
            stand.tries += 1;
            stand.doing = Doing::WaitsForAnswer;
        });
    }

    pub fn pauses(&self, sender: usize, because: &str) {
        self.change(sender, |stand| {
            stand.doing = Doing::Pauses;
            because.clone_into(&mut stand.before);
        });
    }

    /// Has nothing more to send.
    pub fn end(&self, sender: usize) {
        self.all().remove(&sender);
    }

    fn change(&self, sender: usize, change: impl FnOnce(&mut Stand)) {
        if let Some(stand) = self.all().get_mut(&sender) {
            change(stand);
            stand.since = Instant::now();
        }
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<usize, Stand>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Stands {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.all();
        if all.is_empty() {
            return formatter.write_str("no sender has anything left to send");
        }
        let all: Vec<String> = all.iter().map(|(sender, stand)| stand.told(*sender, stand.since.elapsed())).collect();
        formatter.write_str(&all.join("; "))
    }
}

impl Stand {
    fn told(&self, sender: usize, since: Duration) -> String {
        let Self { uid, tries, before, .. } = self;
        let doing = match self.doing {
            Doing::WaitsForRoom => "waits for effects of what was acknowledged",
            Doing::WaitsForAnswer => "waits for an answer",
            Doing::Pauses => "pauses",
        };
        let before = if before.is_empty() { String::new() } else { format!(", the last time: {before}") };
        format!("sender {sender} {doing} since {} ms (uid {uid}, sent {tries} times{before})", since.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sender_that_is_not_done_says_what_it_does() {
        let stands = Stands::default();
        for sender in 0..3 {
            stands.begin(sender, &format!("f-{sender}"));
        }
        stands.asks(1);
        stands.pauses(1, "503");
        stands.asks(1);
        stands.end(2);
        let told = stands.to_string().replace(|digit: char| digit.is_ascii_digit(), "N");
        assert_eq!(
            told,
            "sender N waits for effects of what was acknowledged since N ms (uid f-N, sent N times); \
             sender N waits for an answer since N ms (uid f-N, sent N times, the last time: NNN)"
        );
        (0..3).for_each(|sender| stands.end(sender));
        assert_eq!(stands.to_string(), "no sender has anything left to send");
    }
}
