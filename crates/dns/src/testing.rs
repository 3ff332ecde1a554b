//! A zone that a test writes, in the place of servers.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use hickory_resolver::proto::rr::{
    Name, RData, RecordType,
    rdata::{A, AAAA, CNAME, MX, PTR, TXT},
};

use crate::{LookupError, resolver};

/// Aliases of one name that are followed.
const ALIASES_MAX: usize = 8;

type Records = HashMap<Name, Vec<RData>>;

/// Names with their records; clones are the same zone. A name that is not there does not exist.
#[derive(Clone, Default)]
pub struct Zone(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    records: Records,
    silent: HashSet<Name>,
    slow: HashSet<Name>,
    broken: bool,
    asked: usize,
}

impl Zone {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a record in the form `TXT text`, `A address`, `MX 10 host`, `CNAME host` or `PTR host`; after
    /// `TIMEOUT ` no look-up of another kind for the name gets an answer, and after `SLOW ` none ever ends.
    ///
    /// # Panics
    /// If it has another form.
    #[allow(clippy::unwrap_used)]
    pub fn add(&self, name: &str, record: &str) -> &Self {
        let (kind, value) = record.split_once(' ').unwrap();
        let host = |name: &str| whole(name);
        // Nobody can ask for what can be no name.
        let Ok(name) = resolver::whole(name) else { return self };
        if kind == "TIMEOUT" {
            self.lock().silent.insert(name);
            return self;
        }
        if kind == "SLOW" {
            self.lock().slow.insert(name);
            return self;
        }
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
        self.lock().records.entry(name).or_default().push(data);
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

    pub(crate) fn is_slow(&self, name: &Name) -> bool {
        self.lock().slow.contains(name)
    }

    pub(crate) fn answer(&self, name: &Name, kind: RecordType) -> Result<Vec<RData>, LookupError> {
        let mut state = self.lock();
        state.asked += 1;
        let mut name = name.clone();
        for _ in 0..ALIASES_MAX {
            let records = state.records.get(&name);
            let of_kind = records.into_iter().flatten().filter(|data| data.record_type() == kind);
            let found: Vec<RData> = of_kind.cloned().collect();
            if state.broken || (found.is_empty() && state.silent.contains(&name)) {
                return Err(LookupError::Failed("the zone is broken".to_owned()));
            }
            match records.ok_or(LookupError::NoName)?.first() {
                Some(RData::CNAME(target)) if found.is_empty() => name = target.0.clone(),
                _ => return Ok(found),
            }
        }
        Err(LookupError::Failed("the aliases go in circles".to_owned()))
    }
}

#[allow(clippy::unwrap_used)]
fn whole(name: &str) -> Name {
    match name {
        "" | "." => Name::root(),
        name => resolver::whole(name).unwrap(),
    }
}
