//! Calls for the tests of services: as if a signature had been verified.

use std::net::{IpAddr, Ipv4Addr};

use store::Store;
use world::World;

use crate::door::{
    Call, Caller, Door, Origin, Outcome, Principal, Record, RequestFacts, SessionFacts,
    SessionScope,
};

/// Makes calls by one caller and ends them as the dispatcher does.
pub struct Calls {
    door: Door,
    caller: Caller,
}

impl Calls {
    /// Calls by the root user of `account` in us-east-1. Event records of reads are thrown away.
    pub fn by_root(store: &Store, world: &World, account: &str) -> Self {
        Self::by(store, world, account, Principal::Root)
    }

    /// Calls by any principal of `account` in us-east-1.
    pub fn by(store: &Store, world: &World, account: &str, principal: Principal) -> Self {
        let (door, recorder) = Door::new(store.clone(), world.clone());
        tokio::spawn(recorder.run());
        let now = world.now();
        let session = SessionFacts {
            issued_at: now,
            expires_at: now,
            mfa_at: Some(now),
            origin: Origin::Sts,
            scope: std::sync::Arc::new(SessionScope::default()),
        };
        let caller = Caller {
            principal,
            account: account.to_owned(),
            session: Some(session),
            access_key_id: String::new(),
            request: facts(world, "us-east-1"),
        };
        Self { door, caller }
    }

    /// The same caller, signing with a key that is in the store instead of a session with a second factor.
    #[must_use]
    pub fn with_key(mut self, access_key_id: &str) -> Self {
        self.caller.access_key_id = access_key_id.to_owned();
        self.caller.session = None;
        self
    }

    /// The same caller in a session of that scope.
    #[must_use]
    pub fn scoped(mut self, scope: SessionScope) -> Self {
        if let Some(session) = &mut self.caller.session {
            session.scope = std::sync::Arc::new(scope);
        }
        self
    }

    /// The same caller in another region.
    #[must_use]
    pub fn in_region(mut self, region: &str) -> Self {
        self.caller.request.region = region.to_owned();
        self
    }

    /// A new call, with the time and a request id of its own.
    ///
    /// # Errors
    /// The store's.
    pub async fn call(&self) -> Result<Call, store::Error> {
        let mut caller = self.caller.clone();
        caller.request = facts(self.door.world(), &self.caller.request.region);
        Ok(Call::new(self.door.clone(), caller, self.door.snapshot().await?))
    }

    /// Ends `call` by what its handler gave: commits, or rolls back.
    ///
    /// # Errors
    /// The handler's, or the commit's.
    pub async fn end<T>(
        &self,
        call: Call,
        result: Result<T, wire::Error>,
    ) -> Result<T, wire::Error> {
        match result {
            Ok(output) => {
                call.succeed(record(Outcome::Succeeded { response_elements: None })).await?;
                Ok(output)
            }
            Err(error) => {
                let message = error.message().to_owned();
                let code = error.kind().query.code;
                call.fail(record(Outcome::Failed { code, message })).await;
                Err(error)
            }
        }
    }
}

fn facts(world: &World, region: &str) -> RequestFacts {
    RequestFacts {
        request_id: world.ordered_uuid(),
        region: region.to_owned(),
        source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        user_agent: "test".to_owned(),
        secure_transport: false,
        now: world.now(),
    }
}

fn record(outcome: Outcome) -> Record {
    Record {
        event_source: "test.amazonaws.com",
        event_name: "Test",
        service: "test",
        request_parameters: None,
        outcome,
    }
}
