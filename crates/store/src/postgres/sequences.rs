//! Numbers that are given once.
//!
//! Were the counter's row written by every transaction, every two of them would conflict. So a node takes a block of
//! numbers at a time in a transaction of its own and hands them out from memory; what is left at its end is lost.

use std::{collections::HashMap, ops::RangeInclusive, sync::Arc};

use tokio::sync::Mutex;

use crate::{Error, Value, params};

use super::{errors::told, pool::Pool};

/// Numbers taken at a time.
const BLOCK: i64 = 32;

const TAKE: &str = "INSERT INTO sequences (name, value) VALUES ($1, $2) \
                    ON CONFLICT (name) DO UPDATE SET value = sequences.value + $2 RETURNING value";

pub(super) struct Sequences {
    /// One connection of its own: a caller that holds a pooled one must not wait for a second.
    pool: Arc<Pool>,
    blocks: Mutex<HashMap<String, RangeInclusive<i64>>>,
}

impl Sequences {
    pub(super) fn new(pool: Arc<Pool>) -> Self {
        Self { pool, blocks: Mutex::default() }
    }

    pub(super) async fn next(&self, name: &str) -> Result<i64, Error> {
        let mut blocks = self.blocks.lock().await;
        if let Some(number) = blocks.get_mut(name).and_then(Iterator::next) {
            return Ok(number);
        }
        let last = self.take(name).await?;
        let mut block = last - BLOCK + 1..=last;
        let number = block.next().unwrap_or(last);
        blocks.insert(name.to_owned(), block);
        Ok(number)
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    /// Moves the counter past a block and says where the block ends.
    async fn take(&self, name: &str) -> Result<i64, Error> {
        let lease = Pool::lease(&self.pool).await?;
        let statement = lease.prepared(TAKE).await?;
        let [name, block]: &[Value<'_>; 2] = params![name, BLOCK];
        name.check()?;
        let row = lease.client().query_one(&statement, &[name, block]).await;
        let last = row.map_err(|error| told(&error))?.try_get(0);
        lease.give_back();
        last.map_err(Error::corrupt)
    }
}
