//! What the pages need of a database, on either engine.

use serde::Serialize;

use crate::{AnyError, postgres::Postgres, sqlite::Sqlite};

pub const SELECT_WORLD: &str = "SELECT id, random_number FROM world WHERE id = $1";
pub const UPDATE_WORLD: &str = "UPDATE world SET random_number = $1 WHERE id = $2";
pub const SELECT_FORTUNES: &str = "SELECT id, message FROM fortune";

const WORLD_ROWS: i32 = 10_000;
const ROWS_AT_ONCE: usize = 20;

#[derive(Clone, Copy, Serialize)]
pub struct World {
    pub id: i32,
    pub random_number: i32,
}

pub struct Fortune {
    pub id: i32,
    pub message: String,
}

#[derive(Clone)]
pub enum Store {
    Postgres(Postgres),
    Sqlite(Sqlite),
}

impl Store {
    pub async fn open(url: &str, workers: usize) -> Result<Self, AnyError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            return Ok(Store::Sqlite(Sqlite::open(path, workers)?));
        }
        if url.starts_with("postgres://") {
            return Ok(Store::Postgres(Postgres::open(url, workers)?));
        }
        Err(format!("BENCH_DATABASE is neither postgres:// nor sqlite: but {url:?}").into())
    }

    pub async fn world(&self) -> Result<World, AnyError> {
        let id = random_id();
        match self {
            Store::Postgres(postgres) => postgres.world(id).await,
            Store::Sqlite(sqlite) => sqlite.world(id).await,
        }
    }

    pub async fn worlds(&self) -> Result<Vec<World>, AnyError> {
        let ids = [(); ROWS_AT_ONCE].map(|()| random_id());
        match self {
            Store::Postgres(postgres) => postgres.worlds(&ids).await,
            Store::Sqlite(sqlite) => sqlite.worlds(ids.to_vec()).await,
        }
    }

    /// Gives the rows new numbers and writes them in the order of their ids, so that writers lock rows in one order.
    pub async fn renumber(&self, mut worlds: Vec<World>) -> Result<Vec<World>, AnyError> {
        for world in &mut worlds {
            world.random_number = random_id();
        }
        worlds.sort_unstable_by_key(|world| world.id);
        match self {
            Store::Postgres(postgres) => postgres.save(&worlds).await?,
            Store::Sqlite(sqlite) => sqlite.save(worlds.clone()).await?,
        }
        Ok(worlds)
    }

    pub async fn fortunes(&self) -> Result<Vec<Fortune>, AnyError> {
        match self {
            Store::Postgres(postgres) => postgres.fortunes().await,
            Store::Sqlite(sqlite) => sqlite.fortunes().await,
        }
    }
}

fn random_id() -> i32 {
    rand::random_range(1..=WORLD_ROWS)
}
