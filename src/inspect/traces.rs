//! All that one id leads to: the request, the event, its deliveries, their attempts, and the calls that those made.

use serde_json::{Value, json};
use store::{Activation, DeliveryFilter, Listed, Reader, StoredEvent};
use uuid::Uuid;

use super::activations::{caused, detail, duration_ms, word};
use super::{Refused, Registrations, deliveries, reason};

/// Deliveries of one event that are looked at.
const OF_EVENT_MAX: usize = 1_000;

/// Attempts of one delivery that are told, the newest.
const ATTEMPTS_MAX: usize = 30;

/// By the event's id, its sender's uid, its producer's id, or the id of an activation that ran on it.
pub(super) fn trace(reader: &Reader, known_by: &str) -> anyhow::Result<Value> {
    let id = event_of(reader, known_by)?;
    let Some((event, _)) = reader.event(id)? else { return Err(unknown(known_by).into()) };
    let registrations = Registrations::read(reader)?;
    let filter = DeliveryFilter { event: Some(id.to_string()), limit: OF_EVENT_MAX, ..DeliveryFilter::default() };
    let mut listed = reader.deliveries(&filter)?;
    listed.reverse();
    let shares: Vec<Value> =
        listed.iter().map(|listed| share(reader, &registrations, listed)).collect::<anyhow::Result<_>>()?;
    Ok(json!({"event": told(&event), "post": post(reader, &event)?, "deliveries": shares}))
}

fn event_of(reader: &Reader, known_by: &str) -> anyhow::Result<Uuid> {
    let known = Some(known_by.to_owned());
    let listed =
        reader.deliveries(&DeliveryFilter { event: known, limit: OF_EVENT_MAX, ..DeliveryFilter::default() })?;
    let mut ids: Vec<Uuid> = listed.iter().map(|listed| listed.id).collect();
    ids.dedup();
    match (ids.as_slice(), Uuid::try_parse(known_by)) {
        ([id], _) => Ok(*id),
        ([], Ok(id)) if reader.event(id)?.is_some() => Ok(id),
        ([], Ok(id)) => match reader.activation(id)? {
            Some(Activation { event: Some(event), .. }) => Ok(event),
            Some(run) => Err(Refused::Wrong(format!(
                "the activation {} of `{}` ran on no event\n  hint: `kit activation get {}` shows it",
                run.id.simple(),
                run.action,
                run.id.simple()
            ))
            .into()),
            None => Err(unknown(known_by).into()),
        },
        ([], Err(_)) => Err(unknown(known_by).into()),
        (several, _) => {
            let several: Vec<String> = several.iter().map(Uuid::to_string).collect();
            let told = format!("`{known_by}` is the uid of several events\n  hint: name one of {}", several.join(", "));
            Err(Refused::Wrong(told).into())
        }
    }
}

fn unknown(known_by: &str) -> Refused {
    Refused::Unknown(format!(
        "nothing is known by `{known_by}`\n  hint: an event's id, the uid that its sender gave it, or an activation's id. What \
         was refused has an activation and no event: `kit activation list --status 'app error'`"
    ))
}

fn told(event: &StoredEvent) -> Value {
    json!({
        "id": event.id.to_string(),
        "uid": event.given_id.as_deref().or(event.uid.as_deref()),
        "code": &*event.code,
        "source": engine::source(event),
        "accepted": event.at.to_string(),
    })
}

/// The run that took the event in; none when it came over the wire as a CloudEvent.
fn post(reader: &Reader, event: &StoredEvent) -> anyhow::Result<Value> {
    let run = if event.publisher.is_empty() { None } else { reader.activation(event.id)? };
    Ok(run.map(|run| brief(&run)).unwrap_or_default())
}

/// A delivery with its attempts, oldest first.
fn share(reader: &Reader, registrations: &Registrations, listed: &Listed) -> anyhow::Result<Value> {
    let mut row = deliveries::row(listed, registrations);
    row["reason"] = json!(reason::of(reader, registrations, listed)?);
    let runs = reason::attempts(reader, registrations, listed)?;
    let newest = &runs[runs.len().saturating_sub(ATTEMPTS_MAX)..];
    row["runs"] = newest.iter().map(|run| whole(reader, run)).collect::<anyhow::Result<_>>()?;
    Ok(row)
}

/// A run with the calls that it made, and the runs that it caused with theirs.
fn whole(reader: &Reader, run: &Activation) -> anyhow::Result<Value> {
    let mut told = with_calls(reader, run.id)?;
    let below = caused(reader, run)?.into_iter().map(|id| with_calls(reader, id));
    told["caused"] = below.collect::<anyhow::Result<_>>()?;
    Ok(told)
}

fn with_calls(reader: &Reader, id: Uuid) -> anyhow::Result<Value> {
    let Some(run) = reader.activation(id)? else { return Ok(Value::Null) };
    let mut told = brief(&run);
    let detail = detail(&run);
    let calls = detail["calls"].as_array().map(Vec::as_slice).unwrap_or_default();
    told["calls"] = calls.iter().map(call).collect();
    Ok(told)
}

fn brief(run: &Activation) -> Value {
    let result: Value = serde_json::from_str(&run.result).unwrap_or_default();
    let answer = result.get("error").filter(|error| error.is_object()).unwrap_or(&result);
    json!({
        "activation": run.id.simple().to_string(),
        "action": run.action,
        "attempt": run.attempt,
        "start": run.start.to_string(),
        "duration_ms": duration_ms(run),
        "status": word(run.status),
        "statusCode": answer["statusCode"],
        "said": reason::said(&result),
    })
}

fn call(call: &Value) -> Value {
    let error = call["error"].as_str().or(call.pointer("/stop/message").and_then(Value::as_str));
    json!({
        "target": call["target"],
        "method": call["method"],
        "path": call["path"],
        "ms": call["us"].as_u64().unwrap_or_default() / 1_000,
        "status": call["status"],
        "error": error,
    })
}
