//! The person at the terminal: questions and answers.

use std::{
    fmt::Display,
    io::{self, Write},
    thread,
};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};
use world::Secret;

use crate::failure::Failure;

/// How often a question is put before we give up.
const TRIES: usize = 3;

/// Who is asked. While there is one, Ctrl-C ends the dialogue and leaves the terminal as it was.
pub(crate) struct Terminal {
    /// Its handler must stand before a hidden question: without one, the signal that is raised for Ctrl-C
    /// kills the process before the terminal's echo is back.
    interrupt: Signal,
}

impl Terminal {
    /// Takes over Ctrl-C.
    pub(crate) fn open() -> Result<Self, Failure> {
        signal(SignalKind::interrupt())
            .map(|interrupt| Self { interrupt })
            .map_err(Failure::io("cannot wait for signals"))
    }

    /// Asks until `check` accepts the answer, and says each time what is wrong with it.
    pub(crate) async fn ask<T, E: Display>(
        &mut self,
        question: &str,
        check: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, Failure> {
        for _ in 0..TRIES {
            match check(&self.line(question).await?) {
                Ok(value) => return Ok(value),
                Err(error) => println!("{error}"),
            }
        }
        Err(Failure::new(format!("no answer to `{question}`")))
    }

    /// Asks for a new password, which is not shown, until it has been given twice and `check` accepts it.
    pub(crate) fn ask_password<E: Display>(
        &self,
        question: &str,
        check: impl Fn(&Secret) -> Result<(), E>,
    ) -> Result<Secret, Failure> {
        for _ in 0..TRIES {
            let first = hidden(question)?;
            if let Err(error) = check(&first) {
                println!("{error}");
                continue;
            }
            if first == hidden("The same again")? {
                return Ok(first);
            }
            println!("these are not the same");
        }
        Err(Failure::new("no password was chosen"))
    }

    /// One line, without the white space around it.
    async fn line(&mut self, question: &str) -> Result<String, Failure> {
        print!("{question}: ");
        io::stdout().flush().map_err(Failure::io("cannot ask"))?;
        let (answer, answered) = oneshot::channel();
        // A thread of its own: one of the runtime's would have to be waited for after Ctrl-C.
        thread::spawn(move || {
            let mut line = String::new();
            // Nobody listens any more after Ctrl-C.
            let _ = answer.send(io::stdin().read_line(&mut line).map(|octets| (octets, line)));
        });
        let read = tokio::select! {
            read = answered => read.unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into())),
            _ = self.interrupt.recv() => Err(io::ErrorKind::Interrupted.into()),
        };
        match read {
            Ok((0, _)) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok((_, line)) => Ok(line.trim().to_owned()),
            Err(error) => Err(error),
        }
        .map_err(unanswered)
    }
}

fn hidden(question: &str) -> Result<Secret, Failure> {
    rpassword::prompt_password(format!("{question}: ")).map(Secret::from).map_err(unanswered)
}

fn unanswered(error: io::Error) -> Failure {
    // The cursor still stands behind the question.
    println!();
    match error.kind() {
        io::ErrorKind::Interrupted => Failure::new("interrupted"),
        io::ErrorKind::UnexpectedEof => Failure::new("the input ended"),
        _ => Failure::new(format!("cannot read the answer: {error}")),
    }
}
