//! Who may read what is for the people that look after a kit.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, StatusCode};
use schemes::{Message, Secrets, jwt};

use crate::answer;

/// Those who bring a token; everybody where there is none.
#[derive(Clone, Debug, Default)]
pub struct Operators(Option<Arc<Secrets>>);

impl Operators {
    pub fn with_tokens(tokens: Secrets) -> Self {
        Self(Some(Arc::new(tokens)))
    }

    /// Lets nobody else reach these routes.
    pub fn guard(&self, router: Router) -> Router {
        let operators = self.clone();
        router.route_layer(from_fn(move |request: Request, next: Next| {
            let is_admitted = operators.admits(request.headers());
            async move { if is_admitted { next.run(request).await } else { refusal() } }
        }))
    }

    pub(crate) fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(tokens) = &self.0 else { return true };
        let said = jwt::bearer(&Message { headers, query: None, body: &[] });
        said.is_ok_and(|token| tokens.has(token.as_bytes()))
    }
}

pub(crate) fn refusal() -> Response {
    let told = "this is for operators: bring the kit's token as `Authorization: Bearer`";
    ([(WWW_AUTHENTICATE, "Bearer")], answer::error(StatusCode::UNAUTHORIZED, told)).into_response()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::AUTHORIZATION;
    use secrecy::SecretString;

    use super::*;

    fn check(operators: &Operators, values: &[&'static str], is_admitted: bool) {
        let values = values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_static(value)));
        assert_eq!(operators.admits(&values.collect()), is_admitted);
    }

    #[test]
    fn operators_bring_one_of_their_tokens() {
        let tokens = Secrets::new(&["new", "old"].map(SecretString::from));
        let operators = Operators::with_tokens(tokens);
        check(&operators, &["Bearer new"], true);
        check(&operators, &["bearer old"], true);
        for values in
            [&[][..], &["Bearer other"], &["Bearer "], &["Basic new"], &["new"], &["Bearer new", "Bearer new"]]
        {
            check(&operators, values, false);
        }
        check(&Operators::default(), &[], true);
    }
}
