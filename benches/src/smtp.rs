//! Durable intake: how many messages a second get their 250, and what they cost.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    Options, account, floor,
    house::{House, Running},
    idle,
    messages::Pool,
    outcome::{Outcome, joined},
    pace::Pace,
    process::{self, Cpu},
    report::{self, grouped, micros},
    smtp_client::SmtpClient,
};

/// Connections that send at one time, and writers of the floors.
pub(crate) const WRITERS: usize = 16;

/// Mailboxes that the messages go to, one after the other.
pub(crate) const MAILBOXES: usize = 100;

/// Turns that each of the programs gets.
const ROUNDS: usize = 3;

/// No turn goes on for longer.
const SPAN_MAX: Duration = Duration::from_secs(5);

/// Messages before the clock starts.
const WARM_UP: usize = 400;

const AIM_PER_SECOND: f64 = 1_500.0;
const AIM_CPU_MS: f64 = 1.0;

/// Measures and reports.
pub(crate) fn run(options: &Options) -> Outcome<()> {
    report::part("smtp: durable intake, 16 connections, 100 mailboxes");
    report::note("60 % of 4-8 KB, 30 % of 20-60 KB, 10 % of 200 KB-1 MB; one recipient a message");
    report::note("in rounds that take turns, for a disk is not as fast at one time as at another");
    let pool = Arc::new(Pool::mixed());
    let house = House::found(options)?;
    let server = house.start()?;
    let mailboxes = Arc::new(account::mailboxes(&house, server.address("api")?, MAILBOXES)?);
    send(server.address("smtp")?, &mailboxes, &pool, WRITERS, WARM_UP)?;
    let (mut disk, mut store, mut room, mut whole) = Default::default();
    let messages = options.messages / ROUNDS;
    let scratch = TempDir::with_prefix_in("floors-", &options.data)?;
    let folder = scratch.path();
    for _ in 0..ROUNDS {
        add(&mut disk, floor::disk(folder, &pool, messages)?);
        add(&mut store, floor::store(folder, &pool, messages)?);
        add(&mut room, floor::mailbox(folder, &pool, messages)?);
        add(&mut whole, chancery(&server, &mailboxes, &pool, messages)?);
    }
    let memory = process::resident_bytes(server.process())?;
    server.stop()?;
    disk.tell("disk alone: append, fdatasync in groups");
    store.tell("store alone: body sealed, 5 rows, commit");
    room.tell("mailbox alone: read, sealed, delivered");
    whole.tell("chancery: SMTP to 250");
    report::figure("chancery: memory after the load", idle::mebibytes(memory));

    let rate = whole.per_second();
    report::aimed("messages/s", grouped(rate), "> 1,500", rate > AIM_PER_SECOND);
    let cpu_ms = whole.cpu.micros_each(whole.pace.count()) / 1e3;
    let system = whole.cpu.system.as_secs_f64() / whole.cpu.total().as_secs_f64() * 100.0;
    let cpu = format!("{cpu_ms:.2} ms ({system:.0} % of it in the kernel)");
    report::aimed("processor time a message", cpu, "< 1 ms", cpu_ms < AIM_CPU_MS);
    let share = |floor: &Intake| format!("{:.0} %", rate / floor.per_second() * 100.0);
    report::figure("share of what the disk alone allows", share(&disk));
    report::figure("share of what the store alone allows", share(&store));
    report::figure("share of what the mailbox alone allows", share(&room));
    Ok(())
}

fn add(sum: &mut Intake, more: Intake) {
    sum.pace.merge(more.pace);
    sum.bytes += more.bytes;
    sum.took += more.took;
    sum.cpu = sum.cpu.plus(more.cpu);
}

fn chancery(
    server: &Running,
    mailboxes: &Arc<Vec<String>>,
    pool: &Arc<Pool>,
    messages: usize,
) -> Outcome<Intake> {
    let before = Cpu::of(server.process())?;
    let mut intake = send(server.address("smtp")?, mailboxes, pool, WRITERS, messages)?;
    intake.cpu = Cpu::of(server.process())?.since(before);
    Ok(intake)
}

/// Sends so many messages over so many connections.
pub(crate) fn send(
    address: SocketAddr,
    mailboxes: &Arc<Vec<String>>,
    pool: &Arc<Pool>,
    connections: usize,
    messages: usize,
) -> Outcome<Intake> {
    let work = Arc::new(Work::new(messages));
    let clients: Vec<_> = (0..connections)
        .map(|_| (Arc::clone(mailboxes), Arc::clone(pool), Arc::clone(&work)))
        .map(|(mailboxes, pool, work)| {
            thread::spawn(move || client(address, &mailboxes, &pool, &work))
        })
        .collect();
    work.gather(clients.into_iter().map(|client| joined(client.join())))
}

fn client(
    address: SocketAddr,
    mailboxes: &[String],
    pool: &Pool,
    work: &Work,
) -> Outcome<(Pace, usize)> {
    let mut client = SmtpClient::connect(address)?;
    let (mut pace, mut bytes, mut message) = (Pace::default(), 0, Vec::new());
    while let Some(number) = work.next() {
        pool.write(number, &mut message);
        pace.add(client.send(&mailboxes[number % mailboxes.len()], &message)?);
        bytes += message.len();
    }
    client.quit()?;
    Ok((pace, bytes))
}

/// Messages handed out to writers, bounded in number and time.
pub(crate) struct Work {
    next: AtomicUsize,
    messages: usize,
    began: Instant,
}

impl Work {
    pub(crate) fn new(messages: usize) -> Self {
        Self { next: AtomicUsize::new(0), messages, began: Instant::now() }
    }

    /// The number of the next message, while there is one and time for it.
    pub(crate) fn next(&self) -> Option<usize> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (number < self.messages && self.began.elapsed() < SPAN_MAX).then_some(number)
    }

    /// What all writers did; the clock stops when the last is done.
    pub(crate) fn gather(
        &self,
        writers: impl Iterator<Item = Outcome<(Pace, usize)>>,
    ) -> Outcome<Intake> {
        let writers = writers.collect::<Outcome<Vec<_>>>()?;
        let took = self.began.elapsed();
        let bytes = writers.iter().map(|(_, bytes)| bytes).sum();
        let pace = writers.into_iter().map(|(pace, _)| pace).collect();
        Ok(Intake { pace, bytes, took, cpu: Cpu::default() })
    }
}

/// What a load came to.
#[derive(Default)]
pub(crate) struct Intake {
    pub(crate) pace: Pace,
    bytes: usize,
    took: Duration,
    pub(crate) cpu: Cpu,
}

impl Intake {
    fn per_second(&self) -> f64 {
        self.pace.count() as f64 / self.took.as_secs_f64()
    }

    fn tell(&self, name: &str) {
        let mut pace: Pace = self.pace.clone();
        let (p50, p99) = (micros(pace.micros_at(0.5)), micros(pace.micros_at(0.99)));
        let megabytes = self.bytes as f64 / 1e6 / self.took.as_secs_f64();
        let cpu = micros(self.cpu.micros_each(self.pace.count()));
        let rate = grouped(self.per_second());
        report::figure(
            name,
            format!("{rate} messages/s, {megabytes:.0} MB/s, p50 {p50}, p99 {p99}, {cpu} CPU each"),
        );
    }
}
