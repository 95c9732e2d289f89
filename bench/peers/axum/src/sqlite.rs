//! SQLite: as many connections as workers to read on and one to write on, each call on a thread that may block.

use deadpool_sqlite::{
    Config, Hook, HookError, Pool, PoolConfig, Runtime,
    rusqlite::{self, Connection, Row, TransactionBehavior},
};

use crate::{
    AnyError,
    store::{Fortune, SELECT_FORTUNES, SELECT_WORLD, UPDATE_WORLD, World},
};

#[derive(Clone)]
pub struct Sqlite {
    readers: Pool,
    writer: Pool,
}

fn select_world(connection: &Connection, id: i32) -> rusqlite::Result<World> {
    connection
        .prepare_cached(SELECT_WORLD)?
        .query_row([id], |row| {
            Ok(World {
                id: row.get(0)?,
                random_number: row.get(1)?,
            })
        })
}

fn prepare_connection(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;",
    )
}

fn open_pool(path: &str, size: usize) -> Result<Pool, AnyError> {
    let mut config = Config::new(path);
    config.pool = Some(PoolConfig::new(size));
    let prepare = Hook::async_fn(|object, _| {
        Box::pin(async move {
            object
                .interact(prepare_connection)
                .await
                .map_err(|error| HookError::message(error.to_string()))?
                .map_err(HookError::Backend)
        })
    });
    Ok(config
        .builder(Runtime::Tokio1)?
        .post_create(prepare)
        .build()?)
}

async fn call<T, F>(pool: &Pool, work: F) -> Result<T, AnyError>
where
    T: Send + 'static,
    F: FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
{
    let connection = pool.get().await?;
    let done = connection.interact(work).await;
    Ok(done.map_err(|error| error.to_string())??)
}

impl Sqlite {
    pub fn open(path: &str, workers: usize) -> Result<Self, AnyError> {
        Ok(Sqlite {
            readers: open_pool(path, workers)?,
            writer: open_pool(path, 1)?,
        })
    }

    pub async fn world(&self, id: i32) -> Result<World, AnyError> {
        call(&self.readers, move |connection| {
            select_world(connection, id)
        })
        .await
    }

    pub async fn worlds(&self, ids: Vec<i32>) -> Result<Vec<World>, AnyError> {
        call(&self.readers, move |connection| {
            ids.iter().map(|id| select_world(connection, *id)).collect()
        })
        .await
    }

    pub async fn save(&self, worlds: Vec<World>) -> Result<(), AnyError> {
        call(&self.writer, move |connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut update = transaction.prepare_cached(UPDATE_WORLD)?;
            for world in &worlds {
                update.execute([world.random_number, world.id])?;
            }
            drop(update);
            transaction.commit()
        })
        .await
    }

    pub async fn fortunes(&self) -> Result<Vec<Fortune>, AnyError> {
        call(&self.readers, |connection| {
            let mut select = connection.prepare_cached(SELECT_FORTUNES)?;
            let fortune_of = |row: &Row| {
                Ok(Fortune {
                    id: row.get(0)?,
                    message: row.get(1)?,
                })
            };
            select.query_map([], fortune_of)?.collect()
        })
        .await
    }
}
