//! Holds what was acknowledged against what is stored and what the target saw.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use store::{DeliveryFilter, Listed, Order, Reader, State};
use uuid::Uuid;

use super::attempts;
use super::finding::{Finding, Kind};
use super::ledger::History;
use super::sample::Samples;
use super::sender::{Fate, Sent};

const PAGE: usize = 5_000;

/// All that is known at the end.
pub struct Evidence {
    /// Of each sender, in its order.
    pub sent: Vec<Vec<Sent>>,
    /// What came for each event.
    pub histories: HashMap<Uuid, History>,
    /// Changes that name no event.
    pub nameless: Vec<String>,
    pub samples: Samples,
}

/// Reads the store of the ended program, and tells everything that does not fit.
///
/// # Errors
/// The store cannot be read.
pub fn check(data: &Path, mut evidence: Evidence) -> anyhow::Result<Vec<Finding>> {
    let reader = Reader::open(data)?;
    let listed = list(&reader)?;
    let mut findings = evidence.samples.compare(&listed);
    findings.extend(attempts::check(&reader, &listed)?);
    let stored = Stored::of(&listed);
    findings.extend(stored.twice());
    let nothing = History::default();
    for sent in evidence.sent.iter().flatten() {
        findings.extend(check_fate(sent));
        let Some(id) = stored.id_of(sent) else { continue };
        let history = evidence.histories.get(&id).unwrap_or(&nothing);
        match stored.by_id.get(&id) {
            Some(listed) => findings.extend(check_event(sent, listed, history)),
            None => findings.push(missing(&reader, sent, (id, history))?),
        }
    }
    for sent in &evidence.sent {
        findings.extend(check_order(sent, &evidence.histories));
    }
    findings.extend(strange(&stored, &evidence));
    Ok(findings)
}

/// All deliveries, oldest first.
fn list(reader: &Reader) -> anyhow::Result<Vec<Listed>> {
    let mut listed: Vec<Listed> = Vec::new();
    loop {
        let after = listed.last().map(|listed| (listed.delivery.event, listed.delivery.registration));
        let filter = DeliveryFilter { order: Order::OldestFirst, after, limit: PAGE, ..DeliveryFilter::default() };
        let page = reader.deliveries(&filter)?;
        if page.is_empty() {
            return Ok(listed);
        }
        listed.extend(page);
    }
}

#[derive(Default)]
struct Stored<'a> {
    by_id: HashMap<Uuid, Vec<&'a Listed>>,
    by_uid: HashMap<&'a str, Vec<Uuid>>,
}

impl<'a> Stored<'a> {
    fn of(listed: &'a [Listed]) -> Self {
        let mut stored = Self::default();
        for listed in listed {
            stored.by_id.entry(listed.id).or_default().push(listed);
            if let Some(uid) = &listed.uid {
                stored.by_uid.entry(uid).or_default().push(listed.id);
            }
        }
        stored.by_uid.values_mut().for_each(Vec::dedup);
        stored
    }

    /// An event that its sender gave up may be there all the same.
    fn id_of(&self, sent: &Sent) -> Option<Uuid> {
        match &sent.fate {
            Fate::Acknowledged(id) => Some(*id),
            Fate::Abandoned | Fate::Open => self.by_uid.get(sent.uid.as_str())?.first().copied(),
            Fate::Wrong { id, .. } => *id,
        }
    }

    fn twice(&self) -> Vec<Finding> {
        let twice = self.by_uid.iter().filter(|(_, ids)| ids.len() > 1);
        let finding = |(uid, ids): (&&str, &Vec<Uuid>)| Finding {
            kind: Kind::Double,
            event: ids.first().copied(),
            uid: Some((*uid).to_owned()),
            key: None,
            expected: "one event for each uid".to_owned(),
            seen: format!("{} events", ids.len()),
        };
        twice.map(finding).collect()
    }
}

fn finding(kind: Kind, sent: &Sent, event: Option<Uuid>, (expected, seen): (&str, String)) -> Finding {
    let (uid, key) = (Some(sent.uid.clone()), Some(sent.keys.join(", ")));
    Finding { kind, event, uid, key, expected: expected.to_owned(), seen }
}

fn check_fate(sent: &Sent) -> Option<Finding> {
    let Fate::Wrong { id, expected, seen } = &sent.fate else { return None };
    Some(finding(Kind::Answer, sent, *id, (expected, format!("{seen} ({})", sent.code))))
}

/// It has to be done, with one effect.
fn check_event(sent: &Sent, listed: &[&Listed], history: &History) -> Vec<Finding> {
    let mut findings = Vec::new();
    let id = listed.first().map(|listed| listed.id);
    let stands = listed
        .iter()
        .map(|listed| format!("`{}` after {} attempts", listed.delivery.state.as_str(), listed.delivery.attempts));
    let seen = format!("{}, at the target: {history}", stands.collect::<Vec<_>>().join(", "));
    if listed.iter().any(|listed| listed.delivery.state.is_open()) {
        findings.push(finding(Kind::Stuck, sent, id, ("its end", seen.clone())));
    } else if history.changes == 0 || listed.iter().any(|listed| listed.delivery.state != State::Done) {
        findings.push(finding(Kind::Lost, sent, id, ("one effect", seen.clone())));
    }
    if history.changes > 1 {
        findings.push(finding(Kind::Double, sent, id, ("one effect", seen)));
    }
    findings
}

/// It has no delivery.
fn missing(reader: &Reader, sent: &Sent, (id, history): (Uuid, &History)) -> anyhow::Result<Finding> {
    let seen = if reader.event(id)?.is_some() {
        "nobody is registered for it".to_owned()
    } else {
        format!("it was acknowledged and is not in the store; at the target: {history}")
    };
    Ok(finding(Kind::Lost, sent, Some(id), ("a stored event", seen)))
}

/// The first effects of the events of each key come in the order in which the events were acknowledged.
fn check_order(sent: &[Sent], histories: &HashMap<Uuid, History>) -> Vec<Finding> {
    let mut last: HashMap<&str, (u64, &Sent)> = HashMap::new();
    let mut findings = Vec::new();
    for sent in sent {
        let Fate::Acknowledged(id) = sent.fate else { continue };
        let Some(position) = histories.get(&id).and_then(|history| history.first_change) else { continue };
        for key in &sent.keys {
            if let Some((before, earlier)) = last.get(key.as_str())
                && *before > position
            {
                let expected = format!("its effect after that of uid {} at call {before}", earlier.uid);
                let seen = format!("call {position}");
                findings.push(finding(Kind::Reorder, sent, Some(id), (&expected, seen)));
            } else {
                last.insert(key, (position, sent));
            }
        }
    }
    findings
}

/// What nobody sent: effects, and stored events.
fn strange(stored: &Stored<'_>, evidence: &Evidence) -> Vec<Finding> {
    let uids: HashSet<&str> = evidence.sent.iter().flatten().map(|sent| sent.uid.as_str()).collect();
    let unsent = stored.by_uid.iter().filter(|(uid, _)| !uids.contains(*uid));
    let unsent = unsent.map(|(uid, ids)| Finding {
        kind: Kind::Strange,
        event: ids.first().copied(),
        uid: Some((*uid).to_owned()),
        key: None,
        expected: "events that were sent".to_owned(),
        seen: "one that was not".to_owned(),
    });
    let acknowledged: HashSet<Uuid> = evidence.sent.iter().flatten().filter_map(|sent| stored.id_of(sent)).collect();
    let unknown = evidence.histories.iter();
    let unknown = unknown.filter(|(id, _)| !acknowledged.contains(*id) && !stored.by_id.contains_key(*id)).map(
        |(id, history)| Finding {
            event: Some(*id),
            ..Finding::of_run(Kind::Strange, "effects of stored events", &history.to_string())
        },
    );
    let nameless = evidence.nameless.iter();
    let nameless = nameless.map(|call| Finding::of_run(Kind::Strange, "the event's id with every effect", call));
    unsent.chain(unknown).chain(nameless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(keys: &[&str], id: Uuid) -> Sent {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Sent { uid: id.to_string(), code: "code", keys, fate: Fate::Acknowledged(id) }
    }

    /// The events' keys in the order of their acknowledgement, each with the place of its effect.
    fn check(events: &[(&[&str], Option<u64>)], reordered: usize) {
        let mut histories = HashMap::new();
        let mut all = Vec::new();
        for (keys, first_change) in events {
            let id = Uuid::new_v4();
            histories.insert(id, History { first_change: *first_change, ..History::default() });
            all.push(sent(keys, id));
        }
        assert_eq!(check_order(&all, &histories).len(), reordered, "{events:?}");
    }

    #[test]
    fn order_counts_within_a_key() {
        check(&[(&["a"], Some(1)), (&["a"], Some(2))], 0);
        check(&[(&["a"], Some(2)), (&["a"], Some(1))], 1);
        check(&[(&["a"], Some(2)), (&["b"], Some(1))], 0);
        check(&[(&["a", "b"], Some(2)), (&["c", "b"], Some(1))], 1);
        check(&[(&["a"], None), (&["a"], Some(1)), (&["a"], Some(2))], 0);
        check(&[(&["a"], Some(1)), (&["a"], Some(5)), (&["a"], Some(3)), (&["a"], Some(4))], 2);
    }
}
