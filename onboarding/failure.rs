//! Why onboarding ended, in the words of Adobe's kit (its section of labels in the contract): phase, label, reason and what to do.

use std::fmt;

/// The step that failed, as it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    EnvironmentVariables,
    GetAccessToken,
    Providers,
    Metadata,
    Registrations,
    ConfigureEventing,
    CommerceEventSubscribe,
}

impl Phase {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EnvironmentVariables => "ENVIRONMENT_VARIABLES",
            Self::GetAccessToken => "GET_ACCESS_TOKEN",
            Self::Providers => "PROVIDER_ONBOARDING",
            Self::Metadata => "METADATA_ONBOARDING",
            Self::Registrations => "REGISTRATIONS_ONBOARDING",
            Self::ConfigureEventing => "CONFIGURE_EVENTING",
            Self::CommerceEventSubscribe => "COMMERCE_EVENT_SUBSCRIBE",
        }
    }
}

/// One readable end of a run. Holds no token and no body of an answer beyond its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub phase: Phase,
    /// Such as `PROVIDER_CREATION_FAILED`.
    pub label: &'static str,
    /// What Adobe's kit says.
    pub reason: String,
    /// What is known beyond that: the status, the other side's words.
    pub details: Vec<String>,
    /// What to do about it.
    pub hints: Vec<String>,
}

impl Failure {
    pub fn new(phase: Phase, label: &'static str, reason: impl Into<String>) -> Self {
        Self { phase, label, reason: reason.into(), details: Vec::new(), hints: Vec::new() }
    }

    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}\n  {}", self.phase.as_str(), self.label, self.reason)?;
        for detail in &self.details {
            write!(f, "\n  {detail}")?;
        }
        for hint in &self.hints {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_label_reason_and_what_to_do() {
        let failure = Failure::new(Phase::Providers, "PROVIDER_CREATION_FAILED", "it went wrong")
            .detail("I/O Events answered 403: Forbidden")
            .hint("check `IO_PROJECT_ID`");
        assert_eq!(
            failure.to_string(),
            "PROVIDER_ONBOARDING → PROVIDER_CREATION_FAILED\n  it went wrong\n  I/O Events answered 403: Forbidden\n  \
             hint: check `IO_PROJECT_ID`"
        );
    }
}
