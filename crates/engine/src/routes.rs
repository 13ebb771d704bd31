use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use store::Catalogue;

/// Who is to get which event: what ingestion and delivery need of the catalogue, ready to look up.
#[derive(Debug, Default)]
pub struct Routes {
    by_code: HashMap<Arc<str>, Route>,
    actions: HashMap<i64, Target>,
}

/// An event code that somebody registered for.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) code: Arc<str>,
    pub(crate) provider_id: Arc<str>,
    /// The store's numbers of the registrations.
    pub(crate) registrations: Vec<i64>,
}

/// What a registration is bound to.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) name: Arc<str>,
    /// `package/action`.
    pub(crate) action: Option<Arc<str>>,
}

impl Routes {
    pub fn new(catalogue: &Catalogue) -> Self {
        let mut routes = Self::default();
        for registration in &catalogue.registrations {
            let target = Target {
                name: registration.name.as_str().into(),
                action: registration.runtime_action.as_deref().map(Into::into),
            };
            routes.actions.insert(registration.id, target);
            for interest in registration.events_of_interest.iter().filter(|_| registration.enabled) {
                let code: Arc<str> = interest.event_code.as_str().into();
                let route = routes.by_code.entry(Arc::clone(&code)).or_insert_with(|| Route {
                    code,
                    provider_id: interest.provider_id.as_str().into(),
                    registrations: Vec::new(),
                });
                let is_new = !route.registrations.contains(&registration.id);
                if is_new && *route.provider_id == interest.provider_id {
                    route.registrations.push(registration.id);
                }
            }
        }
        routes
    }

    pub(crate) fn route(&self, code: &str) -> Option<&Route> {
        self.by_code.get(code)
    }

    pub(crate) fn target(&self, registration: i64) -> Option<&Target> {
        self.actions.get(&registration)
    }
}

/// The routes of the moment; replaced whole when the catalogue changes.
#[derive(Clone, Debug, Default)]
pub struct RoutesHandle(Arc<RwLock<Arc<Routes>>>);

impl RoutesHandle {
    pub fn get(&self) -> Arc<Routes> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn set(&self, routes: Routes) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(routes);
    }
}
