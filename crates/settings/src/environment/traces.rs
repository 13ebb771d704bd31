//! Where traces go, under the names that OpenTelemetry gives its variables.

use http::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use secrecy::SecretString;

use crate::environment::reader::{Reader, Setting};
use crate::environment::url::url;

const SERVICE_NAME_DEFAULT: &str = "commerce-kit";
const SERVICE_NAME_CHARACTERS_MAX: usize = 255;
const HEADERS_MAX: usize = 32;

/// Traces are exported.
#[derive(Debug, Clone)]
pub struct Traces {
    /// The collector's base URL, with a slash at its end; `v1/traces` follows.
    pub endpoint: String,
    /// What this kit is called in traces.
    pub service_name: String,
    /// Go along with every request to the collector; they tend to hold its credentials.
    pub headers: Vec<(HeaderName, SecretString)>,
    /// The share of the traces begun here that is kept, from 0 to 1.
    pub share: f64,
}

/// Nothing without an endpoint; what else is set has to be right all the same.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<Traces> {
    let endpoint = url(reader, "OTEL_EXPORTER_OTLP_ENDPOINT", None, "http://127.0.0.1:4318/");
    let service_name = service_name(reader);
    let headers = headers(reader);
    let share = share(reader);
    Some(Traces { endpoint: endpoint?, service_name, headers, share })
}

fn service_name(reader: &mut Reader<'_>) -> String {
    let setting = Setting {
        name: "OTEL_SERVICE_NAME",
        expected: "expected at most 255 characters, none of them a control character",
        hint: "leave it out for `commerce-kit`",
    };
    let name = reader.parse(setting, |text| {
        let is_fine = text.chars().count() <= SERVICE_NAME_CHARACTERS_MAX && !text.chars().any(char::is_control);
        is_fine.then(|| text.to_owned())
    });
    name.unwrap_or_else(|| SERVICE_NAME_DEFAULT.to_owned())
}

fn headers(reader: &mut Reader<'_>) -> Vec<(HeaderName, SecretString)> {
    let setting = Setting {
        name: "OTEL_EXPORTER_OTLP_HEADERS",
        expected: "expected up to 32 headers, `name=value` with commas between",
        hint: "such as `api-key=abc,x-tenant=7`; write `%20` for a blank and `%2C` for a comma in a value",
    };
    reader.parse(setting, header_list).unwrap_or_default()
}

/// As the specification has it: W3C baggage without metadata, the values percent-encoded.
fn header_list(text: &str) -> Option<Vec<(HeaderName, SecretString)>> {
    let members = text.split(',').filter(|member| !member.trim().is_empty());
    let headers: Vec<(HeaderName, SecretString)> = members.map(header).collect::<Option<_>>()?;
    (headers.len() <= HEADERS_MAX).then_some(headers)
}

fn header(member: &str) -> Option<(HeaderName, SecretString)> {
    let (name, value) = member.split_once('=')?;
    let name = HeaderName::try_from(name.trim()).ok()?;
    let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
    HeaderValue::from_str(&value).ok()?;
    Some((name, SecretString::from(value.into_owned())))
}

fn share(reader: &mut Reader<'_>) -> f64 {
    let setting = Setting {
        name: "OTEL_TRACES_SAMPLER_ARG",
        expected: "expected a number from 0 to 1",
        hint: "such as `0.1` for every tenth trace; leave it out to keep all",
    };
    let share = reader.parse(setting, |text| text.trim().parse().ok().filter(|share| (0.0..=1.0).contains(share)));
    share.unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;
    use crate::{Environment, Faults, Mode, Variables};

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");

    fn traces(pairs: &[(&str, &str)]) -> Result<Option<Traces>, Faults> {
        let variables = Variables::from_pairs(pairs.iter().copied());
        Environment::read(&variables, Mode::Dev).map(|environment| environment.traces)
    }

    #[test]
    fn nothing_is_exported_unless_an_endpoint_is_set() {
        assert!(traces(&[]).unwrap().is_none());
        assert!(traces(&[("OTEL_SERVICE_NAME", "shop"), ("OTEL_TRACES_SAMPLER_ARG", "0.5")]).unwrap().is_none());
    }

    #[test]
    fn all_but_the_endpoint_has_a_default() {
        let traces = traces(&[ENDPOINT]).unwrap().unwrap();
        assert_eq!(
            (traces.endpoint.as_str(), traces.service_name.as_str()),
            ("http://collector:4318/", "commerce-kit")
        );
        assert!(traces.headers.is_empty());
        assert!((traces.share - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn what_is_set_is_taken() {
        let pairs = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otlp.example.com/otlp"),
            ("OTEL_SERVICE_NAME", "Shop, north"),
            ("OTEL_EXPORTER_OTLP_HEADERS", " Authorization = Basic%20czNjcjN0PQ== ,x-tenant=7,"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
        ];
        let traces = traces(&pairs).unwrap().unwrap();
        assert_eq!(traces.endpoint, "https://otlp.example.com/otlp/");
        assert_eq!(traces.service_name, "Shop, north");
        let headers: Vec<_> =
            traces.headers.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect();
        assert_eq!(headers, [("authorization", "Basic czNjcjN0PQ=="), ("x-tenant", "7")]);
        assert!((traces.share - 0.25).abs() < f64::EPSILON);
        assert!(!format!("{traces:?}").contains("czNjcjN0"), "{traces:?}");
    }

    #[track_caller]
    fn check_fault(name: &str, value: &str) {
        let faults = traces(&[(name, value)]).unwrap_err().to_string();
        assert!(faults.starts_with(&format!("`{name}`: expected ")) && faults.contains("\n  hint: "), "{faults}");
        assert!(!faults.contains("s3cr3t"), "{faults}");
    }

    #[test]
    fn what_is_wrong_is_named_and_not_shown() {
        for endpoint in ["collector:4318", "http://me:s3cr3t@collector/", "grpc://collector:4317"] {
            check_fault("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
        }
        for headers in ["s3cr3t", "=s3cr3t", "a b=s3cr3t", "a=s3cr3t%0A", "a=s3cr3t%FF"] {
            check_fault("OTEL_EXPORTER_OTLP_HEADERS", headers);
        }
        for share in ["1.5", "-0.1", "NaN", "half"] {
            check_fault("OTEL_TRACES_SAMPLER_ARG", share);
        }
        check_fault("OTEL_SERVICE_NAME", &"s3cr3t".repeat(50));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_headers_panic(text in ".*") {
            let _ = header_list(&text);
        }
    }
}
