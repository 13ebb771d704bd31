use std::collections::VecDeque;

use sdk::web::Response;
use serde::Serialize;

use super::failure::Failure;

/// Longer runs list their last pages only.
const RESULTS_LISTED_MAX: usize = 1_000;

/// What one run did.
#[derive(Debug)]
pub struct Report {
    resumed_from: u32,
    succeeded: u32,
    products: u64,
    results: VecDeque<PageResult>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PageResult {
    page: u32,
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    products: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    pages: u32,
    succeeded: u32,
    failed: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_page: Option<u32>,
    products: u64,
    resumed_from: u32,
    results: &'a VecDeque<PageResult>,
}

impl Report {
    /// Of a run that begins with this page.
    pub fn new(resumed_from: u32) -> Self {
        Self { resumed_from, succeeded: 0, products: 0, results: VecDeque::new() }
    }

    pub fn add(&mut self, page: u32, products: usize) {
        self.succeeded += 1;
        self.products += u64::try_from(products).unwrap_or(u64::MAX);
        self.list(PageResult { page, success: true, products: Some(products), message: None, status_code: None });
    }

    pub fn success(self) -> Response {
        let pages = self.succeeded;
        let message = format!(
            "Sync process completed successfully. Processed {pages} pages: {pages} succeeded, 0 failed. Results: {}",
            self.results_text()
        );
        Response::json(200, &Answer { success: true, message: Some(message), ..self.answer() })
    }

    /// The run ended at this page. Nothing in this answer claims a success.
    pub fn failure(mut self, failure: &Failure, page: u32) -> Response {
        let (message, status_code) = (Some(failure.message.clone()), Some(failure.status));
        self.list(PageResult { page, success: false, products: None, message, status_code });
        let error = format!("Sync process stopped at page {page}: {failure}");
        let answer = self.answer();
        let pages = answer.pages + 1;
        let answer = Answer { error: Some(error), pages, failed: 1, failed_page: Some(page), ..answer };
        Response::json(failure.status, &answer)
    }

    fn answer(&self) -> Answer<'_> {
        Answer {
            success: false,
            message: None,
            error: None,
            pages: self.succeeded,
            succeeded: self.succeeded,
            failed: 0,
            failed_page: None,
            products: self.products,
            resumed_from: self.resumed_from,
            results: &self.results,
        }
    }

    fn list(&mut self, result: PageResult) {
        if self.results.len() == RESULTS_LISTED_MAX {
            self.results.pop_front();
        }
        self.results.push_back(result);
    }

    /// As in the original kit's message, which knows no numbers of products.
    fn results_text(&self) -> String {
        let plain: Vec<PageResult> =
            self.results.iter().map(|result| PageResult { products: None, ..result.clone() }).collect();
        serde_json::to_string(&plain).unwrap_or_default()
    }
}
