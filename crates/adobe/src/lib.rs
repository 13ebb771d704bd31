//! Clients of what the actions call: the REST and GraphQL APIs of Commerce, the back office, and Adobe's identity service
//! IMS and I/O Events.
//!
//! Invariant: every call has a time limit and a size limit, follows no redirect, and never puts a credential or a
//! payload into an error.

mod address;
mod authorize;
mod backoffice;
mod caller;
mod clock;
mod commerce;
mod complaint;
mod events;
mod flight;
mod governor;
mod graphql;
mod ims;
mod issuer;
mod pool;
mod reply;
mod retry_after;
mod sender;
mod settings;
mod span;

pub use authorize::{
    ApiKey, Authorize, Basic, Bearer, ClientCredentials, ImsBearer, NoCredentials, OAuth1, OAuth1Credentials,
};
pub use backoffice::Backoffice;
pub use clock::Clock;
pub use commerce::Commerce;
pub use events::{
    Answered, EventsApi, EventsApiError, EventsSettings, Exchange, JournalEntry, JournalError, JournalPage, Management,
    ManagementError, ManagementFault, Sent, Unanswered,
};
pub use governor::{Governor, Limits};
pub use graphql::Graphql;
pub use ims::{Ims, ImsSettings, Token, TokenCheck, TokenCheckSettings, TokenDoubt, TokenError};
pub use issuer::{Issuer, IssuerError, IssuerKeys};
pub use pool::{CallFailure, Pool, PoolError, Silence};
pub use sender::{CommerceKeyError, CommerceSignature, EventsSender, EventsSenderSettings, Transport, Unproven};
pub use settings::SettingsError;
