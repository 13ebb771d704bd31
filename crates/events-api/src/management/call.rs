use axum::extract::{FromRequestParts, Path, Query};
use http::StatusCode;
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::access::Caller;
use crate::management::hal::Media;
use crate::problem::Problem;
use crate::{Identity, Service};

/// A call that may go on: somebody known makes it, and its path lies within our organisation.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) caller: Caller,
    pub(super) media: Media,
}

impl FromRequestParts<Service> for Call {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, service).await?;
        let Names(place) = Names::<Place>::from_request_parts(parts, service).await?;
        place.check(&service.0.identity)?;
        Ok(Self { caller, media: Media::of(&parts.headers) })
    }
}

/// Where a path says that it lies.
#[derive(Debug, Deserialize)]
struct Place {
    org: Option<String>,
    project: Option<String>,
    workspace: Option<String>,
}

impl Place {
    fn check(&self, identity: &Identity) -> Result<(), Problem> {
        let is_other = |name: &Option<String>, ours: &str| name.as_ref().is_some_and(|name| name != ours);
        if is_other(&self.org, &identity.consumer_id) {
            return Err(Problem::new(StatusCode::FORBIDDEN, "the path names an organisation other than the token's"));
        }
        if is_other(&self.project, &identity.project_id) {
            return Err(Problem::not_found("this organisation has no such project"));
        }
        if is_other(&self.workspace, &identity.workspace_id) {
            return Err(Problem::not_found("this project has no such workspace"));
        }
        Ok(())
    }
}

/// The names in a path. What is not text names nothing.
#[derive(Debug)]
pub(super) struct Names<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Service> for Names<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        match Path::from_request_parts(parts, service).await {
            Ok(Path(names)) => Ok(Self(names)),
            Err(_) => Err(Problem::not_found("there is nothing at this path")),
        }
    }
}

/// A query's parameters in their order; one may come several times.
#[derive(Debug)]
pub(super) struct Parameters(Vec<(String, String)>);

impl FromRequestParts<Service> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, service).await {
            Ok(Query(pairs)) => Ok(Self(pairs)),
            Err(_) => Err(Problem::bad_request("the query cannot be read")),
        }
    }
}

impl Parameters {
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The parameter's value.
    ///
    /// # Errors
    /// It comes several times.
    pub(super) fn one<'a>(&'a self, name: &'a str) -> Result<Option<&'a str>, Problem> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(Problem::bad_request(format!("the parameter `{name}` may come only once"))),
        }
    }

    /// `false` when it is left out.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.one(name)? {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Problem::bad_request(format!("the parameter `{name}` must be `true` or `false`"))),
        }
    }
}

/// Path names of a provider.
#[derive(Debug, Deserialize)]
pub(super) struct OfProvider {
    pub(super) provider: String,
}

/// Path names of an event of a provider.
#[derive(Debug, Deserialize)]
pub(super) struct OfEvent {
    pub(super) provider: String,
    pub(super) code: String,
}

/// Path names of a registration.
#[derive(Debug, Deserialize)]
pub(super) struct OfRegistration {
    pub(super) registration: String,
}
