use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post, put};
use http::StatusCode;
use serde_json::{Value, json};
use store::{Catalogue, Provider};
use uuid::Uuid;

use crate::Service;
use crate::management::call::{Call, Names, OfProvider, Parameters};
use crate::management::fields::{Alphabet, Fields, Text};
use crate::management::hal::{Places, link, no_content};
use crate::management::input::{Document, Operations};
use crate::management::kinds::{CUSTOM, Kind};
use crate::management::{catalogue, metadata, patch};
use crate::problem::Problem;

const PROSE: Alphabet = Alphabet::new(
    |letter| {
        let is_blank = letter.is_ascii_whitespace() || letter == '\u{b}';
        letter.is_ascii_alphanumeric() || is_blank || "_-.(),@:'`?#!".contains(letter)
    },
    "letters from A to Z, digits, spaces and _ - . ( ) , @ : ' ` ? # !",
);
const INSTANCE: Alphabet = Alphabet::new(
    |letter| letter.is_ascii_alphanumeric() || "_-:@./".contains(letter),
    "letters from A to Z, digits and _ - : @ . /",
);
const LABEL: Text = Text::new(1, 255).of(PROSE);
const DESCRIPTION: Text = Text::new(0, 255).of(PROSE);
const DOCS_URL: Text = Text::new(0, 255);
const INSTANCE_ID: Text = Text::new(0, 255).of(INSTANCE);
const KIND: Text = Text::new(1, 255);
const REGION: Text = Text::new(1, 255);
const REGIONS: [&str; 2] = [Provider::REGION, "IRL1"];

/// Of the registrations that keep a provider from being deleted, a refusal names this many.
const NAMED_MAX: usize = 10;

pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route("/events/{org}/providers", get(list))
        .route("/events/providers/{provider}", get(read))
        .route("/events/{org}/{project}/{workspace}/providers", post(create))
        .route("/events/{org}/{project}/{workspace}/providers/{provider}", put(replace).patch(change).delete(remove))
}

async fn list(State(service): State<Service>, call: Call, query: Parameters) -> Result<Response, Problem> {
    let with_events = query.flag("eventmetadata")?;
    let instance = query.one("instanceId")?;
    let kind = query.one("providerMetadataId")?;
    let kinds: Vec<&str> = query.all("providerMetadataIds").flat_map(|ids| ids.split(',')).collect();
    if kind.is_some() && !kinds.is_empty() {
        let message = "the parameters `providerMetadataId` and `providerMetadataIds` exclude each other; leave one out";
        return Err(Problem::bad_request(message));
    }
    let is_asked = |provider: &&Provider| {
        let has_kind = kind.is_none_or(|kind| kind == provider.provider_metadata)
            && (kinds.is_empty() || kinds.contains(&provider.provider_metadata.as_str()));
        has_kind && instance.is_none_or(|instance| instance == provider.instance_id)
    };
    let catalogue = catalogue(&service).await?;
    let asked = catalogue.providers.iter().filter(is_asked);
    let views = asked.map(|provider| view(&service, provider, with_events.then_some(&catalogue))).collect();
    Ok(call.media.list("providers", views, Places::new(&service).providers()))
}

async fn read(
    State(service): State<Service>,
    call: Call,
    Names(path): Names<OfProvider>,
    query: Parameters,
) -> Result<Response, Problem> {
    let with_events = query.flag("eventmetadata")?;
    let catalogue = catalogue(&service).await?;
    let provider = find(&catalogue, &path.provider)?;
    Ok(call.media.ok(view(&service, provider, with_events.then_some(&catalogue))))
}

async fn create(State(service): State<Service>, call: Call, Document(document): Document) -> Result<Response, Problem> {
    let provider = read_new(&document)?;
    let _turn = service.0.turn.lock().await;
    let catalogue = catalogue(&service).await?;
    let is_same = |other: &&Provider| {
        other.provider_metadata == provider.provider_metadata && other.instance_id == provider.instance_id
    };
    if let Some(other) = catalogue.providers.iter().find(is_same) {
        let message = "another provider of this `/provider_metadata` has this `/instance_id`";
        return Err(Problem::conflict(message, Some(&other.id)));
    }
    service.0.store.put_provider(provider.clone()).await?;
    service.refresh().await?;
    Ok(call.media.answer(StatusCode::CREATED, view(&service, &provider, None)))
}

async fn replace(
    State(service): State<Service>,
    call: Call,
    Names(path): Names<OfProvider>,
    Document(document): Document,
) -> Result<Response, Problem> {
    let (provider, _) = update(&service, &path.provider, |_| Update::read(&document)).await?;
    Ok(call.media.ok(view(&service, &provider, None)))
}

async fn change(
    State(service): State<Service>,
    call: Call,
    Names(path): Names<OfProvider>,
    Operations(operations): Operations,
) -> Result<Response, Problem> {
    let patched = |old: &Provider| {
        let Provider { label, description, docs_url, .. } = old;
        let mut document = json!({"label": label, "description": description, "docs_url": docs_url});
        patch::apply(&operations, &mut document)?;
        Update::read(&document)
    };
    let (provider, is_changed) = update(&service, &path.provider, patched).await?;
    Ok(if is_changed { call.media.ok(view(&service, &provider, None)) } else { no_content() })
}

async fn remove(State(service): State<Service>, _: Call, Names(path): Names<OfProvider>) -> Result<Response, Problem> {
    let _turn = service.0.turn.lock().await;
    let catalogue = catalogue(&service).await?;
    let provider = find(&catalogue, &path.provider)?;
    let interested = catalogue
        .registrations
        .iter()
        .filter(|registration| registration.events_of_interest.iter().any(|event| event.provider_id == provider.id));
    let names: Vec<&str> = interested.map(|registration| registration.name.as_str()).collect();
    if !names.is_empty() {
        let shown = names[..names.len().min(NAMED_MAX)].join("`, `");
        let count = names.len();
        let message = format!(
            "{count} registrations want events of this provider (`{shown}`); delete them first, or take the provider \
             out of their `events_of_interest`"
        );
        return Err(Problem::conflict(message, None));
    }
    service.0.store.delete_provider(&provider.id).await?;
    service.refresh().await?;
    Ok(no_content())
}

pub(super) fn find<'a>(catalogue: &'a Catalogue, id: &str) -> Result<&'a Provider, Problem> {
    let found = catalogue.providers.iter().find(|provider| provider.id == id);
    found.ok_or_else(|| Problem::not_found("there is no provider with this id"))
}

/// What may be changed of a provider.
struct Update {
    label: String,
    description: Option<String>,
    docs_url: Option<String>,
}

impl Update {
    fn read(document: &Value) -> Result<Self, Problem> {
        let mut fields = Fields::new(document)?;
        let update = Self::of(&mut fields);
        fields.finish(update)
    }

    fn of(fields: &mut Fields<'_>) -> Self {
        Self {
            label: fields.required("label", &LABEL).to_owned(),
            description: fields.text("description", &DESCRIPTION).map(str::to_owned),
            docs_url: fields.url("docs_url", &DOCS_URL).map(str::to_owned),
        }
    }

    /// The provider with this update; one without a description gets that of its kind.
    fn applied(self, old: Provider) -> Provider {
        let of_kind = || Kind::find(&old.provider_metadata).map(|kind| kind.description).unwrap_or_default().to_owned();
        let description = self.description.unwrap_or_else(of_kind);
        Provider { label: self.label, description, docs_url: self.docs_url, ..old }
    }
}

/// A new provider that its kind allows.
fn read_new(document: &Value) -> Result<Provider, Problem> {
    let mut fields = Fields::new(document)?;
    let update = Update::of(&mut fields);
    let kind = fields.filled("provider_metadata", &KIND).unwrap_or(CUSTOM);
    let instance = fields.filled("instance_id", &INSTANCE_ID);
    if kind != CUSTOM && !fields.has("instance_id") {
        fields.fault("instance_id", format!("is required for providers other than `{CUSTOM}`"));
    }
    let region = fields.filled("data_residency_region", &REGION).unwrap_or(Provider::REGION);
    if !REGIONS.contains(&region) {
        fields.fault("data_residency_region", format!("must be `{}`", REGIONS.join("` or `")));
    }
    fields.finish(())?;
    Kind::of_new(kind)?;
    Ok(update.applied(Provider {
        id: Uuid::new_v4().to_string(),
        label: String::new(),
        description: String::new(),
        docs_url: None,
        provider_metadata: kind.to_owned(),
        instance_id: instance.map_or_else(|| Uuid::new_v4().to_string(), str::to_owned),
        data_residency_region: region.to_owned(),
    }))
}

/// Changes a provider; says whether anything is different now.
async fn update(
    service: &Service,
    id: &str,
    read: impl FnOnce(&Provider) -> Result<Update, Problem>,
) -> Result<(Provider, bool), Problem> {
    let _turn = service.0.turn.lock().await;
    let catalogue = catalogue(service).await?;
    let old = find(&catalogue, id)?;
    let new = read(old)?.applied(old.clone());
    let is_changed = new != *old;
    if is_changed {
        service.0.store.put_provider(new.clone()).await?;
        service.refresh().await?;
    }
    Ok((new, is_changed))
}

/// The provider as answers show it, with its events when there is a catalogue to take them from.
fn view(service: &Service, provider: &Provider, events_of: Option<&Catalogue>) -> Value {
    let places = Places::new(service);
    let Provider { id, label, description, docs_url, provider_metadata, instance_id, data_residency_region } = provider;
    let mut view = json!({
        "id": id,
        "label": label,
        "description": description,
        "source": format!("urn:uuid:{id}"),
        "publisher": service.0.identity.ims_org_id,
        "provider_metadata": provider_metadata,
        "instance_id": instance_id,
        "event_delivery_format": "cloud_events_v1",
        "data_residency_region": data_residency_region,
        "_links": {
            "rel:eventmetadata": link(places.metadata(id)),
            "rel:update": link(places.provider_update(id)),
            "self": link(places.provider(id)),
        },
    });
    if let Some(docs_url) = docs_url {
        view["docs_url"] = docs_url.as_str().into();
    }
    if let Some(catalogue) = events_of {
        view["_embedded"] = json!({"eventmetadata": metadata::views(service, catalogue, id)});
    }
    view
}
