//! Signed `iam:GetUser` over connections that stay open, and the same calls to `moto_server`.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use world::{Timestamp, World};

use crate::{
    Options, account,
    aws::{self, Key},
    house::House,
    http::Connection,
    moto::Moto,
    outcome::{Outcome, joined},
    pace::Pace,
    process::Cpu,
    report::{self, grouped, micros},
    share,
};

const CLIENTS: usize = 8;

/// Requests that each client signs beforehand, each for another second of the past, so that no two bear the
/// same signature; they are sent in turn. All lie within the 15 minutes that AWS allows a clock to be off.
const SIGNATURES: i64 = 256;

/// Calls before the clock starts.
const WARM_UP: Duration = Duration::from_secs(1);

const AIM_PER_SECOND: f64 = 10_000.0;
const AIM_RATIO: f64 = 40.0;

/// Measures and reports.
pub(crate) fn run(options: &Options) -> Outcome<()> {
    report::part("api: signed iam:GetUser, keep-alive, 8 clients");
    let span = Duration::from_secs(options.seconds);
    let house = House::found(options)?;
    let server = house.start()?;
    let address = server.address("api")?;
    let key = account::iam_user(&house, address)?;
    load(address, &key, WARM_UP)?;
    let before = Cpu::of(server.process())?;
    let mut ours = load(address, &key, span)?;
    let cpu = Cpu::of(server.process())?.since(before);
    tell("chancery", &mut ours, cpu);
    server.stop()?;
    share::tell(&options.data, &key, cpu.micros_each(ours.pace.count()))?;
    let rate = ours.per_second();
    report::aimed("requests/s", grouped(rate), ">= 10,000", rate >= AIM_PER_SECOND);

    let Some(program) = &options.moto else { return Ok(()) };
    let moto = Moto::start(program)?;
    aws::Client::new(key.clone(), Connection::new(moto.address))
        .iam("CreateUser", &[("UserName", account::IAM_USER)])?;
    let before = Cpu::of(moto.process())?;
    let mut theirs = load(moto.address, &key, span)?;
    tell("moto_server", &mut theirs, Cpu::of(moto.process())?.since(before));
    let ratio = rate / theirs.per_second();
    report::aimed("times moto_server", format!("{ratio:.0}"), ">= 40", ratio >= AIM_RATIO);
    Ok(())
}

fn tell(name: &str, load: &mut Load, cpu: Cpu) {
    let (rate, p50, p99) = (load.per_second(), load.pace.micros_at(0.5), load.pace.micros_at(0.99));
    let each = cpu.micros_each(load.pace.count());
    report::figure(
        name,
        format!("{} requests/s, p50 {}, p99 {}", grouped(rate), micros(p50), micros(p99)),
    );
    report::figure(
        &format!("{name}: processor time a request"),
        format!("{} ({} connections opened)", micros(each), load.opened),
    );
}

/// What a load came to.
struct Load {
    pace: Pace,
    took: Duration,
    opened: usize,
}

impl Load {
    fn per_second(&self) -> f64 {
        self.pace.count() as f64 / self.took.as_secs_f64()
    }
}

fn load(address: SocketAddr, key: &Key, span: Duration) -> Outcome<Load> {
    let requests: Vec<_> = (0..CLIENTS).map(|_| requests(address, key)).collect();
    let began = Instant::now();
    let end = began + span;
    let clients: Vec<_> = requests
        .into_iter()
        .map(|requests| thread::spawn(move || client(address, &requests, end)))
        .collect();
    let mut load = Load { pace: Pace::default(), took: Duration::ZERO, opened: 0 };
    for client in clients {
        let (pace, opened) = joined(client.join())?;
        load.pace.merge(pace);
        load.opened += opened;
    }
    load.took = began.elapsed();
    Ok(load)
}

fn requests(address: SocketAddr, key: &Key) -> Vec<Vec<u8>> {
    let body = aws::form("GetUser", &[("UserName", account::IAM_USER)]);
    let now = World::system().now().as_seconds();
    let sign = |age| {
        let at = Timestamp::from_seconds(now - age);
        aws::signed(key, "iam", &address.to_string(), &[aws::FORM], body.as_bytes(), at)
    };
    (0..SIGNATURES).map(sign).collect()
}

/// One client: sends, waits for the answer, sends the next.
fn client(address: SocketAddr, requests: &[Vec<u8>], end: Instant) -> Outcome<(Pace, usize)> {
    let mut connection = Connection::new(address);
    let mut pace = Pace::default();
    for request in requests.iter().cycle() {
        let began = Instant::now();
        if began >= end {
            break;
        }
        let answer = connection.exchange(request)?;
        pace.add(began.elapsed());
        if answer.status != 200 || !answer.body.starts_with(b"<") {
            return Err(String::from_utf8_lossy(answer.body).into());
        }
    }
    Ok((pace, connection.opened))
}
