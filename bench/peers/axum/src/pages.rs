//! The pages that ask the database.

use askama::Template;
use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{Html, IntoResponse, Response},
    routing::get,
};

use crate::{
    AnyError,
    store::{Fortune, Store, World},
};

const ADDED_FORTUNE: &str = "Additional fortune added at request time.";

/// Any error of the database or the template: the client learns that there was one, the log learns which.
struct Failure(AnyError);

impl<E: Into<AnyError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        eprintln!("cannot answer: {}", self.0);
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

#[derive(Template)]
#[template(path = "fortunes.html")]
struct FortunesPage {
    fortunes: Vec<Fortune>,
}

pub fn router(store: Store) -> Router {
    Router::new()
        .route("/db", get(one))
        .route("/queries", get(many))
        .route("/fortunes", get(fortunes))
        .route("/updates", get(updates))
        .with_state(store)
}

async fn one(State(store): State<Store>) -> Result<Json<World>, Failure> {
    Ok(Json(store.world().await?))
}

async fn many(State(store): State<Store>) -> Result<Json<Vec<World>>, Failure> {
    Ok(Json(store.worlds().await?))
}

async fn fortunes(State(store): State<Store>) -> Result<Html<String>, Failure> {
    let mut fortunes = store.fortunes().await?;
    fortunes.push(Fortune {
        id: 0,
        message: ADDED_FORTUNE.to_owned(),
    });
    fortunes.sort_unstable_by(|a, b| a.message.cmp(&b.message));
    Ok(Html(FortunesPage { fortunes }.render()?))
}

async fn updates(State(store): State<Store>) -> Result<Json<Vec<World>>, Failure> {
    let worlds = store.worlds().await?;
    Ok(Json(store.renumber(worlds).await?))
}
