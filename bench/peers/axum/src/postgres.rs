//! PostgreSQL: tokio-postgres behind a pool, statements prepared once a connection.

use deadpool_postgres::{Manager, Object, Pool};
use futures_util::future::try_join_all;
use tokio_postgres::{NoTls, Row, types::ToSql};

use crate::{
    AnyError,
    store::{Fortune, SELECT_FORTUNES, SELECT_WORLD, UPDATE_WORLD, World},
};

/// Keeps the server's backends busy while replies are written, without a crowd of idle ones.
const CONNECTIONS_PER_WORKER: usize = 8;

#[derive(Clone)]
pub struct Postgres {
    pool: Pool,
}

fn world_of(row: &Row) -> World {
    World {
        id: row.get(0),
        random_number: row.get(1),
    }
}

impl Postgres {
    pub fn open(url: &str, workers: usize) -> Result<Self, AnyError> {
        let manager = Manager::new(url.parse()?, NoTls);
        let pool = Pool::builder(manager)
            .max_size(workers * CONNECTIONS_PER_WORKER)
            .build()?;
        Ok(Postgres { pool })
    }

    async fn client(&self) -> Result<Object, AnyError> {
        Ok(self.pool.get().await?)
    }

    pub async fn world(&self, id: i32) -> Result<World, AnyError> {
        let client = self.client().await?;
        let select = client.prepare_cached(SELECT_WORLD).await?;
        Ok(world_of(&client.query_one(&select, &[&id]).await?))
    }

    pub async fn worlds(&self, ids: &[i32]) -> Result<Vec<World>, AnyError> {
        let client = self.client().await?;
        let select = client.prepare_cached(SELECT_WORLD).await?;
        let mut worlds = Vec::with_capacity(ids.len());
        for id in ids {
            worlds.push(world_of(&client.query_one(&select, &[id]).await?));
        }
        Ok(worlds)
    }

    /// Waits for all updates together: the client sends them without waiting for each answer.
    pub async fn save(&self, worlds: &[World]) -> Result<(), AnyError> {
        let mut client = self.client().await?;
        let update = client.prepare_cached(UPDATE_WORLD).await?;
        let transaction = client.transaction().await?;
        try_join_all(worlds.iter().map(|world| {
            let (transaction, update) = (&transaction, &update);
            async move {
                let values: [&(dyn ToSql + Sync); 2] = [&world.random_number, &world.id];
                transaction.execute(update, &values).await
            }
        }))
        .await?;
        Ok(transaction.commit().await?)
    }

    pub async fn fortunes(&self) -> Result<Vec<Fortune>, AnyError> {
        let client = self.client().await?;
        let select = client.prepare_cached(SELECT_FORTUNES).await?;
        let rows = client.query(&select, &[]).await?;
        let fortune_of = |row: &Row| Fortune {
            id: row.get(0),
            message: row.get(1),
        };
        Ok(rows.iter().map(fortune_of).collect())
    }
}
