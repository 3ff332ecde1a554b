//! The thread that makes groups durable, so that no task of the program waits for the disk.

use std::sync::{Arc, mpsc};

use rusqlite::Connection;

use crate::{
    Error,
    durable::Durable,
    sqlite::{errors::told_of_commit, lane::Turn, statement::control},
};

/// Starts the thread; it ends when no lane is left to send it work.
pub(super) fn start(groups: mpsc::Receiver<Turn>, bodies: Arc<dyn Durable>) -> Result<(), Error> {
    let work = move || {
        while let Ok(turn) = groups.recv() {
            commit(turn, bodies.as_ref());
        }
    };
    let thread = std::thread::Builder::new().name("store-commit".to_owned()).spawn(work);
    thread.map(drop).map_err(|error| Error::file("the committing thread", &error))
}

/// Commits the group, tells its members and passes the writer on.
fn commit(mut turn: Turn, bodies: &dyn Durable) {
    let lane = Arc::clone(turn.lane());
    let Ok(writer) = turn.writer() else { return };
    match make_durable(writer.connection.get(), bodies) {
        Ok(()) => {
            for member in writer.group.end() {
                lane.changes.tell(member.changes);
                member.reply.send(Ok(())).ok();
            }
        }
        Err(error) => {
            tracing::error!(%error, members = writer.group.members.len(), "a group commit failed");
            if matches!(error, Error::Poisoned(_)) {
                lane.shut(error.clone());
            }
            writer.group.fail(&error);
        }
    }
}

/// Bodies first: a row must never name a body that a power cut could take away.
fn make_durable(connection: &Connection, bodies: &dyn Durable) -> Result<(), Error> {
    let done = bodies
        .sync()
        .and_then(|()| control(connection, "COMMIT").map_err(|error| told_of_commit(&error)));
    if done.is_err() && !connection.is_autocommit() {
        control(connection, "ROLLBACK").map_err(|error| told_of_commit(&error))?;
    }
    done
}
