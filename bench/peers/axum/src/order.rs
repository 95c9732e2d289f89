//! The order, its rules as attributes, and an extractor that holds a body to them.

use std::sync::LazyLock;

use axum::{
    Json,
    extract::{FromRequest, Request, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use regex::Regex;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use validator::{Validate, ValidationErrors};

static SKU: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("^[A-Z]{3}-[0-9]{4}$").expect("the pattern is valid"));

/// Serde refuses any other name, so the rule needs no attribute.
#[derive(Deserialize)]
enum Currency {
    #[serde(rename = "EUR")]
    Euro,
    #[serde(rename = "USD")]
    Dollar,
    #[serde(rename = "GBP")]
    Pound,
}

/// Serialisable because an error of validator carries the value it refuses.
#[derive(Deserialize, Serialize, Validate)]
struct Line {
    #[validate(regex(path = *SKU))]
    sku: String,
    #[validate(range(min = 1, max = 100))]
    quantity: i64,
    #[validate(range(min = 1, max = 1_000_000))]
    price_cents: i64,
}

#[derive(Deserialize, Validate)]
pub struct Order {
    #[validate(length(min = 1, max = 80))]
    customer: String,
    #[validate(email)]
    email: String,
    #[serde(rename = "currency")]
    _currency: Currency,
    #[serde(rename = "express")]
    _express: bool,
    #[validate(length(min = 1, max = 50), nested)]
    lines: Vec<Line>,
    #[validate(length(max = 200))]
    note: Option<String>,
}

#[derive(Serialize)]
pub struct Summary {
    customer: String,
    lines: usize,
    units: i64,
    total_cents: i64,
}

/// A JSON body that has been decoded and has passed its rules.
pub struct Valid<T>(T);

pub enum Invalid {
    Json(JsonRejection),
    Rules(ValidationErrors),
}

impl<S, T> FromRequest<S> for Valid<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Validate,
{
    type Rejection = Invalid;

    async fn from_request(request: Request, state: &S) -> Result<Self, Invalid> {
        let Json(value) = Json::<T>::from_request(request, state)
            .await
            .map_err(Invalid::Json)?;
        value.validate().map_err(Invalid::Rules)?;
        Ok(Valid(value))
    }
}

impl IntoResponse for Invalid {
    fn into_response(self) -> Response {
        match self {
            Invalid::Json(rejection) => rejection.into_response(),
            Invalid::Rules(errors) => {
                (StatusCode::UNPROCESSABLE_ENTITY, errors.to_string()).into_response()
            }
        }
    }
}

pub async fn create(Valid(order): Valid<Order>) -> Json<Summary> {
    Json(Summary {
        lines: order.lines.len(),
        units: order.lines.iter().map(|line| line.quantity).sum(),
        total_cents: order
            .lines
            .iter()
            .map(|line| line.quantity * line.price_cents)
            .sum(),
        customer: order.customer,
    })
}
