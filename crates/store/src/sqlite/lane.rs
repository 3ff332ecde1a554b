//! The one writer, and the line of those who wait for it.
//!
//! Transactions take turns on one connection inside one outer transaction: the *group*. Who commits joins the
//! group and passes the writer on; when nobody waits, or the group has reached its bounds, the committer makes
//! the group durable with one sync and then tells its members. Those who come meanwhile form the next group.
//!
//! A transaction sees what earlier members of its group wrote, though it is not durable yet. That is sound:
//! should the outer commit fail, it fails for all of them, and nobody was told otherwise before.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    time::Duration,
};

use rusqlite::Connection;
use tokio::sync::oneshot;
use world::{Timestamp, World};

use crate::{
    Error,
    change::{Change, Changes},
    durable::Durable,
    exclusive::Exclusive,
    sqlite::committer,
};

/// Members after which a group is committed though others wait.
const GROUP_MEMBERS_MAX: usize = 256;

/// Age after which a group is committed though others wait.
const GROUP_AGE_MAX: Duration = Duration::from_millis(20);

/// Callers who may wait for the writer; more are turned away.
const WAITING_MAX: usize = 16 * 1024;

/// The line in front of the writer.
pub(super) struct Lane {
    line: Mutex<Line>,
    due: mpsc::Sender<Turn>,
    pub(super) changes: Changes,
    world: World,
}

#[derive(Default)]
struct Line {
    /// The writer, when nobody has it.
    idle: Option<Writer>,
    waiting: VecDeque<oneshot::Sender<Turn>>,
    /// Why there is no more writing.
    shut: Option<Error>,
}

/// The writing connection and the group that is open on it.
pub(super) struct Writer {
    pub(super) connection: Exclusive<Connection>,
    pub(super) group: Group,
}

/// Transactions that are done but not durable.
#[derive(Default)]
pub(super) struct Group {
    pub(super) members: Vec<Member>,
    opened_at: Option<Timestamp>,
}

/// One of them: what it has to tell, and who waits to hear that it is durable.
pub(super) struct Member {
    pub(super) changes: Vec<Change>,
    pub(super) reply: oneshot::Sender<Result<(), Error>>,
}

/// The right to use the writer; dropped, it goes to the next in line.
pub(super) struct Turn {
    writer: Option<Writer>,
    lane: Arc<Lane>,
}

impl Lane {
    /// Starts the committer. It ends with the last reference to the lane.
    pub(super) fn start(
        connection: Connection,
        bodies: Arc<dyn Durable>,
        changes: Changes,
        world: World,
    ) -> Result<Arc<Self>, Error> {
        let writer = Writer { connection: Exclusive::new(connection), group: Group::default() };
        let line = Mutex::new(Line { idle: Some(writer), ..Line::default() });
        let (due, groups) = mpsc::channel();
        committer::start(groups, bodies)?;
        Ok(Arc::new(Self { line, due, changes, world }))
    }

    /// Waits in line for the writer. A caller that stops waiting loses nothing but its place.
    pub(super) async fn turn(lane: &Arc<Self>) -> Result<Turn, Error> {
        let waiting = {
            let mut line = lane.line();
            if let Some(error) = &line.shut {
                return Err(error.clone());
            }
            if let Some(writer) = line.idle.take() {
                return Ok(Turn { writer: Some(writer), lane: Arc::clone(lane) });
            }
            if line.waiting.len() >= WAITING_MAX {
                return Err(Error::unavailable("too many transactions are waiting"));
            }
            let (sender, waiting) = oneshot::channel();
            line.waiting.push_back(sender);
            waiting
        };
        // The sender is dropped only when the lane shuts.
        waiting.await.map_err(|_| lane.why_shut())
    }

    /// Stops all writing for the reason given; those who wait are told.
    pub(super) fn shut(&self, reason: Error) {
        let mut line = self.line();
        line.shut.get_or_insert(reason);
        line.waiting.clear();
    }

    /// Lets the transactions before this call end, then closes the connection.
    pub(super) async fn close(self: &Arc<Self>) {
        let Ok(mut turn) = Self::turn(self).await else { return };
        self.shut(Error::unavailable("the store is closed"));
        // The last connection to close moves the log into the database, which takes a while.
        let writer = turn.writer.take();
        tokio::task::spawn_blocking(move || drop(writer)).await.ok();
    }

    /// Passes the writer to the next in line; or to the committer when its group is due or nobody waits.
    fn pass(self: &Arc<Self>, mut writer: Writer) {
        let mut line = self.line();
        if writer.group.is_due(self.world.now()) {
            drop(line);
            return self.send_to_committer(writer);
        }
        while let Some(next) = line.waiting.pop_front() {
            let turn = Turn { writer: Some(writer), lane: Arc::clone(self) };
            match next.send(turn).map_err(Turn::into_writer) {
                Ok(()) => return,
                // It stopped waiting.
                Err(Some(back)) => writer = back,
                Err(None) => return,
            }
        }
        if writer.group.members.is_empty() {
            line.idle = Some(writer);
            return;
        }
        drop(line);
        self.send_to_committer(writer);
    }

    fn send_to_committer(self: &Arc<Self>, writer: Writer) {
        let turn = Turn { writer: Some(writer), lane: Arc::clone(self) };
        if let Err(mpsc::SendError(mut turn)) = self.due.send(turn) {
            self.shut(Error::unavailable("the committer has stopped"));
            turn.writer = None;
        }
    }

    fn why_shut(&self) -> Error {
        self.line().shut.clone().unwrap_or_else(|| Error::unavailable("the store is closed"))
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    pub(super) fn writer(&mut self) -> Result<&mut Writer, Error> {
        self.writer.as_mut().ok_or_else(|| Error::unavailable("the store is closed"))
    }

    /// Adds the transaction that ends here to the group. The answer comes when the group is durable.
    pub(super) fn join(
        &mut self,
        changes: Vec<Change>,
    ) -> Result<oneshot::Receiver<Result<(), Error>>, Error> {
        let now = self.lane.world.now();
        let (reply, answer) = oneshot::channel();
        let group = &mut self.writer()?.group;
        group.opened_at.get_or_insert(now);
        group.members.push(Member { changes, reply });
        Ok(answer)
    }

    pub(super) fn lane(&self) -> &Arc<Lane> {
        &self.lane
    }

    fn into_writer(mut self) -> Option<Writer> {
        self.writer.take()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            self.lane.pass(writer);
        }
    }
}

impl Group {
    /// Takes the members out; the group is over.
    pub(super) fn end(&mut self) -> Vec<Member> {
        self.opened_at = None;
        std::mem::take(&mut self.members)
    }

    /// Ends the group by telling each member why it was undone.
    pub(super) fn fail(&mut self, error: &Error) {
        for member in self.end() {
            member.reply.send(Err(error.clone())).ok();
        }
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let age = self.opened_at.map_or(Duration::ZERO, |opened_at| now.since(opened_at));
        self.members.len() >= GROUP_MEMBERS_MAX || age >= GROUP_AGE_MAX
    }
}
