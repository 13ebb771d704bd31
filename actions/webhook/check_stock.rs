use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use sdk::web::{Request, Response, WebAction};
use sdk::webhook::Operation;
use sdk::{Chain, Context, Inputs, Stop};
use serde_json::Value;
use tracing::warn;

use super::cart::{self, Wanted};
use super::quantity::Quantity;
use super::stock;

const SOFT_LIMIT_MS_DEFAULT: u64 = 1_000;
const SOFT_LIMIT_MS: std::ops::RangeInclusive<u64> = 50..=5_000;

/// A message to a shopper names this many products.
const SHORTAGES_SHOWN: usize = 3;

/// Lets a product into a cart when the store has enough of it. Commerce calls and waits, so every answer is a 200 with
/// an operation.
pub struct CheckStock;

#[async_trait]
impl WebAction for CheckStock {
    fn methods(&self) -> &'static [Method] {
        &[Method::POST]
    }

    fn check_inputs(&self, inputs: &Inputs) -> Result<(), String> {
        Settings::read(inputs).map(drop)
    }

    async fn run(&self, cx: &Context, request: Request) -> Response {
        let operation = match decide(cx, &request.body).await {
            Ok(()) => Operation::Success,
            Err(message) => Operation::exception(message),
        };
        operation.answer()
    }
}

struct Settings {
    soft_limit: Duration,
    when_slow: WhenSlow,
}

/// What becomes of a cart whose stock cannot be read in time.
#[derive(Clone, Copy)]
enum WhenSlow {
    Allow,
    Refuse,
}

impl Settings {
    fn read(inputs: &Inputs) -> Result<Self, String> {
        let when_slow = match inputs.text("WHEN_SLOW") {
            None | Some("allow") => WhenSlow::Allow,
            Some("refuse") => WhenSlow::Refuse,
            Some(_) => return Err("the input `WHEN_SLOW` must be `allow` or `refuse`".to_owned()),
        };
        let said = inputs.get::<Value>("SOFT_LIMIT_MS").ok().flatten();
        let soft_limit_ms = match &said {
            None | Some(Value::Null) => Some(SOFT_LIMIT_MS_DEFAULT),
            Some(Value::String(text)) if text.is_empty() => Some(SOFT_LIMIT_MS_DEFAULT),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(other) => other.as_u64(),
        };
        match soft_limit_ms {
            Some(ms) if SOFT_LIMIT_MS.contains(&ms) => Ok(Self { soft_limit: Duration::from_millis(ms), when_slow }),
            Some(_) | None => {
                let (least, most) = SOFT_LIMIT_MS.into_inner();
                Err(format!("the input `SOFT_LIMIT_MS` must be a whole number from {least} to {most}"))
            }
        }
    }
}

/// Nothing when the cart is fine; otherwise what the shopper is told.
async fn decide(cx: &Context, body: &[u8]) -> Result<(), String> {
    let Settings { soft_limit, when_slow } = Settings::read(cx.inputs())?;
    let cart = cart::read(body)?;
    if cart.is_empty() {
        return Ok(());
    }
    match tokio::time::timeout(soft_limit, stock::available(cx, &cart)).await {
        Ok(Ok(available)) => shortage(&cart, &available).map_or(Ok(()), Err),
        Ok(Err(stop)) => unchecked(cx, &stop, when_slow),
        Err(_) => {
            let late = format!("Commerce did not answer within {} ms", soft_limit.as_millis());
            unchecked(cx, &Stop::retry(late), when_slow)
        }
    }
}

fn unchecked(cx: &Context, stop: &Stop, when_slow: WhenSlow) -> Result<(), String> {
    let (activation, error) = (cx.activation(), Chain(stop));
    match when_slow {
        WhenSlow::Allow => {
            warn!(action = %cx.action(), %activation, %error, "a cart was allowed without a look at the stock");
            Ok(())
        }
        WhenSlow::Refuse => {
            warn!(action = %cx.action(), %activation, %error, "a cart was refused without a look at the stock");
            Err("The stock cannot be checked right now. Please try again.".to_owned())
        }
    }
}

/// One sentence for each product of which there is too little.
fn shortage(cart: &[Wanted], available: &BTreeMap<String, Quantity>) -> Option<String> {
    let mut sentences: Vec<String> = cart.iter().filter_map(|wanted| short(wanted, available)).collect();
    let others = sentences.len().saturating_sub(SHORTAGES_SHOWN);
    sentences.truncate(SHORTAGES_SHOWN);
    match others {
        0 => {}
        1 => sentences.push("There is not enough of one more product.".to_owned()),
        _ => sentences.push(format!("There is not enough of {others} more products.")),
    }
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

fn short(wanted: &Wanted, available: &BTreeMap<String, Quantity>) -> Option<String> {
    let Wanted { sku, quantity } = wanted;
    let available = available.get(&Wanted::key(sku)).copied().unwrap_or_default();
    if available >= *quantity {
        return None;
    }
    if available <= Quantity::NONE {
        return Some(format!("The product \"{sku}\" is not available."));
    }
    Some(format!("Only {available} of the product \"{sku}\" are available."))
}
