#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use store::{Catalogue, Registration, RegistrationHealth, Store, StoreError, Verification, slug};
use tracing::error;

use crate::Filter;

/// The number that stands for the events API among the registrations of deliveries: the store gives none below 1.
pub const PUBLISH: i64 = 0;

/// Who is to get which event: what ingestion and delivery need of the catalogue, ready to look up.
#[derive(Debug, Default)]
pub struct Routes {
    catalogue: Catalogue,
    providers: HashSet<Arc<str>>,
    by_code: HashMap<Arc<str>, Vec<Route>>,
    targets: HashMap<i64, Target>,
}

/// An event of one provider that somebody registered for.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) code: Arc<str>,
    pub(crate) provider_id: Arc<str>,
    pub(crate) subscribers: Vec<Subscriber>,
}

/// A registration as an event meets it.
#[derive(Clone, Debug)]
pub(crate) struct Subscriber {
    /// The store's number of the registration.
    pub(crate) number: i64,
    pub(crate) filter: Option<Arc<Filter>>,
    pub(crate) wants: Wants,
}

/// What a registration wants of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    Delivery,
    /// It reads its journal.
    Journal,
    /// It is switched off or disabled: the journal keeps the event until it is back.
    Later,
    /// It is not verified: the journal keeps the event, but nobody has shown that it is wanted.
    Nothing,
}

/// What a registration is bound to.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) name: Arc<str>,
    pub(crate) kind: TargetKind,
}

#[derive(Clone, Debug)]
pub(crate) enum TargetKind {
    /// `package/action`.
    Action(Arc<str>),
    Webhook,
    WebhookBatch,
    Nothing,
}

impl Wants {
    /// Somebody is there now.
    pub(crate) fn is_present(self) -> bool {
        matches!(self, Self::Delivery | Self::Journal)
    }
}

impl Routes {
    pub fn new(catalogue: Catalogue) -> Self {
        let mut routes = Self::default();
        routes.providers.extend(catalogue.providers.iter().map(|provider| Arc::from(provider.id.as_str())));
        for registration in &catalogue.registrations {
            let target = Target { name: registration.name.as_str().into(), kind: target(registration) };
            routes.targets.insert(registration.id, target);
            routes.subscribe(registration);
        }
        routes.catalogue = catalogue;
        // In order, because every delivery to a webhook looks its registration up.
        routes.catalogue.registrations.sort_by_key(|registration| registration.id);
        routes
    }

    fn subscribe(&mut self, registration: &Registration) {
        let filter = registration.subscriber_filters.first().map(|filter| Filter::parse(&filter.subscriber_filter));
        let filter = match filter.transpose() {
            Ok(filter) => filter.map(Arc::new),
            Err(error) => {
                error!(registration = registration.name, %error, "a stored filter cannot be read; nothing passes it");
                return;
            }
        };
        let subscriber = Subscriber { number: registration.id, filter, wants: wants(registration) };
        for interest in &registration.events_of_interest {
            let code: Arc<str> = interest.event_code.as_str().into();
            let routes = self.by_code.entry(Arc::clone(&code)).or_default();
            let known = routes.iter_mut().position(|route| *route.provider_id == interest.provider_id);
            let position = known.unwrap_or_else(|| {
                let provider_id = interest.provider_id.as_str().into();
                routes.push(Route { code, provider_id, subscribers: Vec::new() });
                routes.len() - 1
            });
            let subscribers = &mut routes[position].subscribers;
            if !subscribers.iter().any(|other| other.number == registration.id) {
                subscribers.push(subscriber.clone());
            }
        }
    }

    /// The catalogue that these routes were made of.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    pub fn has_provider(&self, id: &str) -> bool {
        self.providers.contains(id)
    }

    /// What `x-adobe-provider` says of a provider: `<provider metadata>_<organisation>_<instance>`.
    pub fn provider_name(&self, id: &str, ims_org_id: &str) -> Option<String> {
        let provider = self.catalogue.providers.iter().find(|provider| provider.id == id)?;
        Some(format!("{}_{ims_org_id}_{}", provider.provider_metadata, provider.instance_id))
    }

    pub fn registration(&self, number: i64) -> Option<&Registration> {
        let registrations = &self.catalogue.registrations;
        let position = registrations.binary_search_by_key(&number, |registration| registration.id).ok()?;
        registrations.get(position)
    }

    /// The registration with this id, or whose name has this slug.
    pub fn registration_called(&self, id_or_slug: &str) -> Option<&Registration> {
        let registrations = &self.catalogue.registrations;
        let by_id = registrations.iter().find(|registration| registration.registration_id == id_or_slug);
        let has_slug = |name: &str| !id_or_slug.is_empty() && slug(name) == id_or_slug;
        by_id.or_else(|| registrations.iter().find(|registration| has_slug(&registration.name)))
    }

    /// Who wants this code, of the provider that was registered for first; else who will want it when it is back.
    pub(crate) fn of_code(&self, code: &str) -> Option<&Route> {
        let routes = self.by_code.get(code)?;
        let wanted = routes.iter().find(|route| route.subscribers.iter().any(|other| other.wants.is_present()));
        let is_later = |route: &&Route| route.subscribers.iter().any(|other| other.wants == Wants::Later);
        wanted.or_else(|| routes.iter().find(is_later))
    }

    /// Who registered for this code of this provider, whether it is there for it or not.
    pub(crate) fn of_event(&self, provider_id: &str, code: &str) -> Option<&Route> {
        self.by_code.get(code)?.iter().find(|route| *route.provider_id == *provider_id)
    }

    pub(crate) fn targets(&self) -> impl Iterator<Item = (i64, &Target)> {
        self.targets.iter().map(|(number, target)| (*number, target))
    }

    pub(crate) fn target(&self, registration: i64) -> Option<&Target> {
        self.targets.get(&registration)
    }
}

fn target(registration: &Registration) -> TargetKind {
    match (&registration.runtime_action, &registration.webhook_url) {
        (Some(action), _) => TargetKind::Action(action.as_str().into()),
        (None, Some(_)) if registration.delivery_type == "webhook_batch" => TargetKind::WebhookBatch,
        (None, Some(_)) => TargetKind::Webhook,
        (None, None) => TargetKind::Nothing,
    }
}

pub(crate) fn wants(registration: &Registration) -> Wants {
    let is_disabled = matches!(registration.health, RegistrationHealth::Disabled { .. });
    match (&registration.verification, registration.enabled && !is_disabled) {
        (Verification::Pending { .. }, _) => Wants::Nothing,
        (Verification::Verified, false) => Wants::Later,
        (Verification::Verified, true) if registration.delivery_type == "journal" => Wants::Journal,
        (Verification::Verified, true) => Wants::Delivery,
    }
}

/// Whether events are brought to a registration now: it is switched on, and not read by journal alone.
pub fn takes_deliveries(registration: &Registration) -> bool {
    wants(registration) == Wants::Delivery
}

/// The routes of the moment; replaced whole when the catalogue changes.
#[derive(Clone, Debug, Default)]
pub struct RoutesHandle {
    routes: Arc<RwLock<Arc<Routes>>>,
    /// Held from the look at the catalogue on: whoever looked first does not replace what is newer.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl RoutesHandle {
    pub fn get(&self) -> Arc<Routes> {
        Arc::clone(&self.routes.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes what the store's catalogue says now count for events that arrive from now on.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn refresh(&self, store: &dyn Store) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        self.set(Routes::new(store.catalogue().await?));
        Ok(())
    }

    pub fn set(&self, routes: Routes) {
        *self.routes.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(routes);
    }
}
