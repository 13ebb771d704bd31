//! What onboarding tells: the plan, each change as it is done, and the end.

use std::fmt::Write;

use onboarding::{Applied, Change, Plan, Progress, RecordedProvider, RecordedRegistration, Verb};
use serde_json::{Value, json};

/// Collects and prints.
pub struct Told {
    is_json: bool,
    is_dry: bool,
    /// Of the plan, what was left included.
    changes: Vec<Change>,
    done: usize,
    /// Changes and what was done of them before the plan that may be made anew.
    before: Option<(usize, usize)>,
}

impl Told {
    pub fn new(is_json: bool, is_dry: bool) -> Self {
        Self { is_json, is_dry, changes: Vec::new(), done: 0, before: None }
    }

    /// A plan beside those before it.
    pub fn plan<'a>(&mut self, changes: impl IntoIterator<Item = &'a Change>) {
        for change in changes {
            if self.is_dry && !self.is_json && change.verb != Verb::Leave {
                println!("{change}");
            }
            self.changes.push(change.clone());
        }
    }

    /// A change of a plan whose steps are all told.
    pub fn done_or_left(&mut self, change: &Change) {
        if change.verb != Verb::Leave {
            self.done(change);
        }
    }

    fn count(&self, is_meant: impl Fn(Verb) -> bool) -> usize {
        self.changes.iter().filter(|change| is_meant(change.verb)).count()
    }

    /// `"changes"`, `"dryRun"`, and what `more` has beside them; or one line.
    pub fn end(&self, more: Value) {
        if self.is_json {
            let mut end = json!({"dryRun": self.is_dry, "changes": self.changes});
            if let (Some(end), Value::Object(more)) = (end.as_object_mut(), more) {
                end.extend(more);
            }
            println!("{end:#}");
            return;
        }
        let mut line = String::new();
        for (verb, done, planned) in [
            (Verb::Create, "created", "to create"),
            (Verb::Update, "updated", "to update"),
            (Verb::Delete, "deleted", "to delete"),
            (Verb::Leave, "left as they are", "as they should be"),
        ] {
            let (count, separator) = (self.count(|other| other == verb), if line.is_empty() { "" } else { ", " });
            let _ = write!(line, "{separator}{count} {}", if self.is_dry { planned } else { done });
        }
        let nothing = if self.is_dry { "; nothing was changed" } else { "" };
        println!("{line}{nothing}");
    }
}

impl Progress for Told {
    fn planned(&mut self, plan: &Plan) {
        let (changes, done) = *self.before.get_or_insert((self.changes.len(), self.done));
        self.changes.truncate(changes);
        self.done = done;
        self.plan(plan.changes());
    }

    fn done(&mut self, change: &Change) {
        self.done += 1;
        if !self.is_json {
            let all = self.count(|verb| verb != Verb::Leave);
            println!("[{}/{all}] {change}", self.done);
        }
    }
}

/// What Adobe's kit returns: the providers and registrations.
pub fn result(applied: &Applied) -> Value {
    let provider = |provider: &RecordedProvider| {
        json!({
            "key": provider.key,
            "id": provider.id,
            "instanceId": provider.instance_id,
            "label": provider.label,
        })
    };
    json!({
        "providers": applied.providers.iter().map(provider).collect::<Vec<_>>(),
        "registrations": applied.registrations.iter().map(RecordedRegistration::from).collect::<Vec<_>>(),
        "leftOut": applied.left_out,
    })
}
