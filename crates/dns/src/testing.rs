//! A zone that a test writes, in the place of servers.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use hickory_resolver::proto::rr::{
    Name, RData, RecordType,
    rdata::{A, AAAA, CNAME, MX, PTR, TXT},
};

use crate::LookupError;

type Records = HashMap<Name, Vec<RData>>;

/// Names with their records; clones are the same zone. A name that is not there does not exist.
#[derive(Clone, Default)]
pub struct Zone(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    records: Records,
    broken: bool,
    asked: usize,
}

impl Zone {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a record in the form `TXT text`, `A address`, `MX 10 host`, `CNAME host` or `PTR host`.
    ///
    /// # Panics
    /// If it has another form.
    #[allow(clippy::unwrap_used)]
    pub fn add(&self, name: &str, record: &str) -> &Self {
        let (kind, value) = record.split_once(' ').unwrap();
        let host = |name: &str| whole(name);
        let data = match kind {
            "TXT" => {
                let pieces = value.as_bytes().chunks(255);
                RData::TXT(TXT::from_bytes(pieces.collect()))
            }
            "A" => RData::A(A(value.parse().unwrap())),
            "AAAA" => RData::AAAA(AAAA(value.parse().unwrap())),
            "CNAME" => RData::CNAME(CNAME(host(value))),
            "PTR" => RData::PTR(PTR(host(value))),
            "MX" => {
                let (preference, name) = value.split_once(' ').unwrap();
                RData::MX(MX::new(preference.parse().unwrap(), host(name)))
            }
            _ => panic!("no such record: {record}"),
        };
        self.lock().records.entry(whole(name)).or_default().push(data);
        self
    }

    /// Forgets a name.
    pub fn remove(&self, name: &str) -> &Self {
        self.lock().records.remove(&whole(name));
        self
    }

    /// From now on no look-up gets an answer, or each does.
    pub fn set_broken(&self, broken: bool) -> &Self {
        self.lock().broken = broken;
        self
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.lock().asked
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn answer(&self, name: &Name, kind: RecordType) -> Result<Vec<RData>, LookupError> {
        let mut state = self.lock();
        state.asked += 1;
        if state.broken {
            return Err(LookupError::Failed("the zone is broken".to_owned()));
        }
        let records = state.records.get(name).ok_or(LookupError::NoName)?;
        Ok(records.iter().filter(|data| data.record_type() == kind).cloned().collect())
    }
}

#[allow(clippy::unwrap_used)]
fn whole(name: &str) -> Name {
    let mut name = Name::from_ascii(name).unwrap();
    name.set_fqdn(true);
    name
}
