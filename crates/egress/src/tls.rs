use std::error::Error;
use std::io;

/// Whether a call failed while the two sides agreed on encryption.
pub fn failed_at_tls(error: &reqwest::Error) -> bool {
    error.is_connect() && causes(error).any(is_of_tls)
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        // An error of input and output that wraps another one passes over it when it is asked for its source.
        Some(inner) => Some(inner as &(dyn Error + 'static)),
        None => error.source(),
    })
}

/// While connecting, only TLS reads bytes and can find them invalid or missing.
fn is_of_tls(error: &(dyn Error + 'static)) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    matches!(kind, Some(io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof))
}
