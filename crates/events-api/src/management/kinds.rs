//! The kinds of providers that can be made.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use serde_json::{Value, json};

use crate::Service;
use crate::management::call::Call;
use crate::management::hal::Places;
use crate::problem::Problem;

/// What providers of one kind have in common; the API calls it provider metadata.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) id: &'static str,
    group: &'static str,
    label: &'static str,
    /// Providers that bring no description get this one.
    pub(super) description: &'static str,
    /// An organisation may have many of this kind, told apart by their instance ids.
    has_multiple_providers: bool,
}

/// Providers of this kind get an instance id when they bring none.
pub(super) const CUSTOM: &str = "3rd_party_custom_events";

static KINDS: [Kind; 5] = [
    Kind {
        id: CUSTOM,
        group: "3rd Party Custom Events",
        label: "3rd Party Custom Events",
        description: "Events of applications that are not Adobe's",
        has_multiple_providers: true,
    },
    Kind {
        id: "acs",
        group: "Experience Cloud",
        label: "Adobe Campaign Standard",
        description: "Events of an Adobe Campaign Standard instance",
        has_multiple_providers: true,
    },
    Kind {
        id: "aem",
        group: "Experience Cloud",
        label: "Adobe Experience Manager",
        description: "Events of an Adobe Experience Manager instance",
        has_multiple_providers: true,
    },
    Kind {
        id: "asset_compute",
        group: "Experience Cloud",
        label: "Asset Compute",
        description: "Events of the Asset Compute service",
        has_multiple_providers: true,
    },
    Kind {
        id: "dx_commerce_events",
        group: "Experience Cloud",
        label: "Adobe Commerce Events",
        description: "Events of an Adobe Commerce instance",
        has_multiple_providers: true,
    },
];

impl Kind {
    pub(super) fn find(id: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.id == id)
    }

    /// The kind of a new provider.
    ///
    /// # Errors
    /// There is no such kind, or its only provider is not ours to make.
    pub(super) fn of_new(id: &str) -> Result<&'static Self, Problem> {
        let Some(kind) = Self::find(id) else {
            let ids: Vec<&str> = KINDS.iter().map(|kind| kind.id).collect();
            let message = format!("there is no `/provider_metadata` by this name; there are `{}`", ids.join("`, `"));
            return Err(Problem::not_found(message));
        };
        kind.allow().map(|()| kind)
    }

    fn allow(&self) -> Result<(), Problem> {
        if self.has_multiple_providers {
            return Ok(());
        }
        let message = format!("there is one provider of the kind `{}`, and no other can be made", self.id);
        Err(Problem::new(StatusCode::FORBIDDEN, message))
    }

    fn view(&self) -> Value {
        let Self { id, group, label, description, has_multiple_providers } = self;
        json!({
            "id": id,
            "group": group,
            "label": label,
            "description": description,
            "has_multiple_providers": has_multiple_providers,
        })
    }
}

pub(super) fn routes() -> Router<Service> {
    Router::new().route("/events/providermetadata", get(list))
}

async fn list(State(service): State<Service>, call: Call) -> Response {
    let kinds = KINDS.iter().map(Kind::view).collect();
    call.media.list("providermetadata", kinds, Places::new(&service).kinds())
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn a_kind_with_one_provider_takes_no_other() {
        let only = Kind { has_multiple_providers: false, ..KINDS[0] };
        let refused = only.allow().expect_err("it has its provider");
        assert_eq!(refused.into_response().status(), StatusCode::FORBIDDEN);
    }
}
