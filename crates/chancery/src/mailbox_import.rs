//! `chancery mailbox import`: a zip, an mbox or a Maildir into a mailbox, beside a running server or without one.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use archive::import::{self, CutShort, Progress, Report, Source, Wish};
use mailbox::FolderName;
use store::Store;
use tokio::signal::unix::{SignalKind, signal};
use workmail::Recipient;
use world::World;

use crate::{
    cli::MailboxImport, config::DataConfig, data_folder, exports::read_key, failure::Failure,
};

/// How often the terminal is told how far it is.
const TELL: Duration = Duration::from_millis(250);
/// As after any program that Ctrl-C has ended.
const INTERRUPTED: u8 = 130;

/// Imports what the options name, and says what came of it.
pub(crate) async fn import(options: MailboxImport) -> Result<ExitCode, Failure> {
    let config = DataConfig::load(&options.data)?;
    if !config.data.is_dir() {
        let folder = config.data.display();
        return Err(Failure::new(format!("there is no data folder `{folder}`")));
    }
    let folder = FolderName::parse(&options.folder)
        .map_err(|error| Failure::new(format!("folder `{}`: {error}", options.folder)))?;
    let key = options.key.as_deref().map(read_key).transpose()?;
    // What is wrong with it is found before anything is opened.
    let source = Source::open(&options.source, key.clone());
    let total = source.map_err(Failure::of("cannot import"))?.count();
    let world = World::system();
    let store = data_folder::open(&config, world.clone()).await?;
    let done = match owner(&store, &options.mailbox).await {
        Ok(owner) => {
            let wish = Wish { path: options.source, key, owner, folder };
            run(&store, &world, wish, total).await
        }
        Err(failure) => Err(failure),
    };
    store.close().await;
    tell(&done?)
}

/// The id of who has an address.
async fn owner(store: &Store, address: &str) -> Result<String, Failure> {
    const TRIED: &str = "cannot look for the mailbox";
    let mut snapshot = store.read().await.map_err(Failure::of(TRIED))?;
    match workmail::resolve(&mut snapshot, address).await.map_err(Failure::of(TRIED))? {
        Recipient::User(user) | Recipient::Resource(user) => Ok(user.id),
        Recipient::Group(_) => {
            Err(Failure::new(format!("`{address}` is a group, which has no mailbox")))
        }
        Recipient::Unknown | Recipient::NotLocalDomain => {
            Err(Failure::new(format!("nobody here has the address `{address}`")))
        }
    }
}

/// Imports until the end, or until somebody asks for it.
async fn run(
    store: &Store,
    world: &World,
    wish: Wish,
    total: Option<u64>,
) -> Result<Report, Failure> {
    let wait = |kind| signal(kind).map_err(Failure::io("cannot wait for signals"));
    let (mut interrupt, mut terminate) =
        (wait(SignalKind::interrupt())?, wait(SignalKind::terminate())?);
    let progress = Arc::new(Progress::default());
    let mut import = std::pin::pin!(import::import(store, world, wish, &progress));
    let mut ticks = tokio::time::interval(TELL);
    let line = Line { is_shown: io::stderr().is_terminal(), total };
    loop {
        tokio::select! {
            done = &mut import => {
                line.end();
                return done.map_err(Failure::of("cannot import"));
            }
            _ = ticks.tick() => line.show(&progress),
            _ = interrupt.recv() => progress.stop(),
            _ = terminate.recv() => progress.stop(),
        }
    }
}

/// The line on the terminal that tells how far it is.
struct Line {
    is_shown: bool,
    total: Option<u64>,
}

impl Line {
    fn show(&self, progress: &Progress) {
        if !self.is_shown {
            return;
        }
        let (messages, megabytes) = (progress.looked_at(), progress.bytes() / 1_000_000);
        let of = self.total.map(|total| format!(" of {total}")).unwrap_or_default();
        eprint!("\r{messages}{of} messages, {megabytes} MB ");
        let _ = io::stderr().flush();
    }

    fn end(&self) {
        if self.is_shown {
            eprintln!();
        }
    }
}

/// Says what came of it; the exit code tells whether everything is there.
fn tell(report: &Report) -> Result<ExitCode, Failure> {
    for refused in &report.refused {
        eprintln!("not imported: {}: {}", plain(&refused.origin), plain(&refused.why));
    }
    let untold = report.refused_count - report.refused.len() as u64;
    if untold > 0 {
        eprintln!("not imported: {untold} more");
    }
    let Report { imported, present, refused_count, .. } = report;
    println!("{imported} messages imported, {present} were there already, {refused_count} refused");
    match &report.cut_short {
        None if *refused_count == 0 => Ok(ExitCode::SUCCESS),
        None => Ok(ExitCode::FAILURE),
        Some(CutShort::Stopped) => {
            eprintln!("stopped: the same command goes on");
            Ok(ExitCode::from(INTERRUPTED))
        }
        Some(CutShort::Full { quota_bytes }) => Err(Failure::new(format!(
            "the mailbox is full: it may hold {quota_bytes} bytes. With a larger quota the same command goes on"
        ))),
        Some(CutShort::Gone) => Err(Failure::new("the mailbox was taken out of service meanwhile")),
        Some(CutShort::Unreadable(why)) => {
            Err(Failure::new(format!("the source cannot be read to its end: {}", plain(why))))
        }
    }
}

/// Without what a terminal would obey: names in an archive are a stranger's.
fn plain(text: &str) -> String {
    let shown = |char: char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char };
    text.chars().map(shown).collect()
}
