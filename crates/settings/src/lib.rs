//! What the user wrote, as types: `app.config.yaml` with everything it includes, and the
//! environment over `.env`. Reads files and variables, decides nothing and opens no connection.
//!
//! Invariant: a read that returns a value has no fault left, and neither a fault nor `Debug` shows the value of an input
//! or a secret.

mod env_file;
mod environment;
mod fault;
mod manifest;
mod overrides;
mod suggestion;
mod variables;

pub use env_file::EnvFileOpen;
pub use environment::{
    AdobeAuth, Backoffice, BackofficeAuth, BodyLimits, Caller, Commerce, CommerceAuth, Decompression, Delivery,
    Environment, Events, EventsApi, EventsClient, EventsService, HeaderLimits, HealthRules, Http2Limits, IngestAck,
    Ingestion, IngestionScheme, Integration, Journals, Kept, Local, LogLevel, Memory, Mode, OnParked, Onboarding,
    RateLimit, Remote, Retry, Return, Role, RuntimeAuth, Server, ServerLimits, ServerUrl, Signatures, Store,
    TargetInputs, TargetLimits, Tls, Traces, is_exposed,
};
pub use fault::{Fault, Faults, Location};
pub use manifest::{Action, EventRegistration, EventsOfInterest, Limits, MANIFEST_FILE, Manifest, Web};
pub use overrides::{DELIVERY_FILE, DeliveryOverride, DeliveryOverrides};
pub use suggestion::nearest;
pub use variables::{ENV_FILE, Variables};
