//! The axum peer: every route of the benchmark's contract in one program.

mod order;
mod pages;
mod postgres;
mod sqlite;
mod store;

use std::{env, error::Error, net::SocketAddr};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query},
    http::{HeaderValue, header::SERVER},
    routing::{get, post},
    serve::ListenerExt,
};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tower_http::{services::ServeDir, set_header::SetResponseHeaderLayer};

use store::Store;

type AnyError = Box<dyn Error + Send + Sync>;

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

#[derive(Deserialize)]
struct UserQuery {
    q: String,
    page: i64,
}

#[derive(Serialize)]
struct User {
    id: i64,
    q: String,
    page: i64,
}

#[derive(Serialize)]
struct Received {
    bytes: usize,
}

fn main() -> Result<(), AnyError> {
    let workers: usize = env::var("BENCH_WORKERS").map_or(Ok(1), |text| text.parse())?;
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()?
        .block_on(serve(workers))
}

async fn serve(workers: usize) -> Result<(), AnyError> {
    let mut app = Router::new()
        .route("/", get(hello))
        .route("/plaintext", get(plaintext))
        .route("/users/{id}", get(show_user))
        .route("/orders", post(order::create))
        .route("/upload", post(upload))
        .nest_service("/static", ServeDir::new(env::var("BENCH_STATIC")?));
    if let Ok(url) = env::var("BENCH_DATABASE") {
        app = app.merge(pages::router(Store::open(&url, workers).await?));
    }
    let app = app.layer(SetResponseHeaderLayer::overriding(
        SERVER,
        HeaderValue::from_static("axum"),
    ));

    let address = SocketAddr::new(
        env::var("BENCH_LISTEN")?.parse()?,
        env::var("BENCH_PORT")?.parse()?,
    );
    let listener = TcpListener::bind(address).await?.tap_io(|stream| {
        // a refusal costs latency only, and the connection works without it
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, app).await?;
    Ok(())
}

async fn hello() -> Json<Message> {
    Json(Message {
        message: "Hello, World!",
    })
}

async fn plaintext() -> &'static str {
    "Hello, World!"
}

async fn show_user(Path(id): Path<i64>, Query(query): Query<UserQuery>) -> Json<User> {
    Json(User {
        id,
        q: query.q,
        page: query.page,
    })
}

async fn upload(body: Bytes) -> Json<Received> {
    Json(Received { bytes: body.len() })
}
