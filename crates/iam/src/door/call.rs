//! One call on its way through a handler.

use std::sync::Arc;

use store::{Keyring, Snapshot, Transaction};
use wire::errors::ACCESS_DENIED;
use world::{Timestamp, World};

use super::{
    Caller, Door, Outcome, Principal, Record, RequestFacts, Resource, Target, authorize,
    events::{self, Notes},
    permissions::Standing,
};
use crate::{
    arns,
    issuer_keys::IssuerKeys,
    mfa::{self, MfaOwner},
};

/// One call. It gives no access to data until an action on a target was authorised.
pub struct Call {
    door: Door,
    caller: Arc<Caller>,
    access: Access,
    notes: Notes,
}

/// What the call has opened so far.
#[derive(Default)]
struct Access {
    snapshot: Option<Snapshot>,
    transaction: Option<Transaction>,
    /// Whether an action was allowed on what is open.
    is_allowed: bool,
}

impl Call {
    /// A call by `caller`, whose signature was verified. `snapshot` is the one in which the caller was
    /// identified, so that credentials, permissions and data are of one moment.
    pub fn new(door: Door, caller: Caller, snapshot: Snapshot) -> Self {
        let access = Access { snapshot: Some(snapshot), ..Access::default() };
        Self { door, caller: Arc::new(caller), access, notes: Notes::default() }
    }

    /// A call of an operation that needs no signature.
    pub fn anonymous(door: Door, request: RequestFacts, snapshot: Snapshot) -> Self {
        Self::new(door, Caller::anonymous(request), snapshot)
    }

    /// Makes an anonymous call one by a person whom an identity provider of `account` vouches for. What
    /// proves it must have been verified. Of any other call it changes nothing: who signed it stays who calls.
    pub fn identify_as(&mut self, identity: super::WebIdentity, account: &str) {
        if self.caller.principal != Principal::Anonymous {
            return;
        }
        let caller = Arc::make_mut(&mut self.caller);
        caller.principal = Principal::Web(identity);
        account.clone_into(&mut caller.account);
    }

    /// What can be read before anything is authorised, for finding out who calls and nothing else: the keys
    /// of an identity provider, the device of a second factor.
    pub(crate) async fn preliminary(&mut self) -> Result<&mut Snapshot, wire::Error> {
        self.access.snapshot(&self.door).await
    }

    /// The same to write in, for using up a code that must not be used twice.
    pub(crate) async fn preliminary_write(&mut self) -> Result<&mut Transaction, wire::Error> {
        self.access.transaction(&self.door).await
    }

    /// Who calls.
    pub fn caller(&self) -> Arc<Caller> {
        Arc::clone(&self.caller)
    }

    /// The clock and random source of this call.
    pub fn world(&self) -> World {
        self.door.inner.world.clone()
    }

    /// The time that the whole call works with.
    pub fn now(&self) -> Timestamp {
        self.caller.request.now
    }

    /// The way to other servers. Nothing may be open meanwhile: [`release`](Self::release) comes first.
    pub fn errands(&self) -> errand::Client {
        self.door.inner.around.errands.clone()
    }

    /// How others reach the API of this server.
    pub fn public_url(&self) -> String {
        self.door.public_url().to_owned()
    }

    /// The keys of identity providers, as far as they were fetched.
    pub fn issuer_keys(&self) -> Arc<IssuerKeys> {
        Arc::clone(&self.door.inner.issuer_keys)
    }

    /// What seals secrets before they are stored.
    pub fn keyring(&self) -> Keyring {
        self.door.inner.store.keyring().clone()
    }

    /// A snapshot to read from, if `action` (such as `iam:GetUser`) on `target` is allowed.
    ///
    /// # Errors
    /// `AccessDenied`, or what resolving the target gives.
    pub async fn read(
        &mut self,
        action: &str,
        target: impl Target,
    ) -> Result<&mut Snapshot, wire::Error> {
        let standing = self.access.standing();
        self.access.is_allowed = false;
        let snapshot = self.access.snapshot(&self.door).await?;
        let data = (&mut *snapshot, standing);
        let way = (&self.door, &*self.caller, &mut self.notes);
        authorize::decide(way, data, action, &target).await?;
        self.access.is_allowed = true;
        self.opened()
    }

    /// What [`read`](Self::read) or [`write`](Self::write) gave last, once more.
    ///
    /// # Errors
    /// An internal failure if nothing was allowed since the beginning, or since it was let go.
    pub fn opened(&mut self) -> Result<&mut Snapshot, wire::Error> {
        let Access { snapshot, transaction, is_allowed } = &mut self.access;
        match (transaction, snapshot) {
            (Some(transaction), _) if *is_allowed => Ok(transaction),
            (None, Some(snapshot)) if *is_allowed => Ok(snapshot),
            _ => Err(wire::Error::internal("nothing was opened")),
        }
    }

    /// What [`write`](Self::write) gave, once more.
    ///
    /// # Errors
    /// An internal failure if it gave nothing.
    pub fn opened_to_write(&mut self) -> Result<&mut Transaction, wire::Error> {
        let allowed = self.access.transaction.as_mut().filter(|_| self.access.is_allowed);
        allowed.ok_or_else(|| wire::Error::internal("nothing was opened to write"))
    }

    /// A transaction to change data in, if `action` on `target` is allowed.
    ///
    /// The decision is made twice: in the snapshot, so that a call that is refused never waits for the
    /// writer, and again in the transaction, so that it holds for the very state that is changed. The
    /// dispatcher commits. Called again, it decides again and gives the same transaction.
    ///
    /// # Errors
    /// `AccessDenied`, or what resolving the target gives.
    pub async fn write(
        &mut self,
        action: &str,
        target: impl Target,
    ) -> Result<&mut Transaction, wire::Error> {
        if self.access.transaction.is_some() {
            return self.decided(action, &target).await;
        }
        self.read(action, &target).await?;
        let transaction = self.access.transaction(&self.door).await?;
        authorize::still_valid(&self.caller, transaction).await?;
        self.decided(action, &target).await
    }

    /// The transaction, if `action` on `target` is allowed in it.
    async fn decided(
        &mut self,
        action: &str,
        target: &impl Target,
    ) -> Result<&mut Transaction, wire::Error> {
        self.access.is_allowed = false;
        let transaction = self.access.transaction(&self.door).await?;
        let data = (&mut **transaction, Standing::Pending);
        let way = (&self.door, &*self.caller, &mut self.notes);
        authorize::decide(way, data, action, target).await?;
        self.access.is_allowed = true;
        self.opened_to_write()
    }

    /// Whether `code` is right for the caller's own virtual device `serial`. A right one is used up when the
    /// call succeeds.
    ///
    /// # Errors
    /// The store's.
    pub async fn prove_second_factor(
        &mut self,
        serial: &str,
        code: &str,
    ) -> Result<bool, wire::Error> {
        let Some(owner) = MfaOwner::of(&self.caller) else { return Ok(false) };
        let (keyring, now) = (self.keyring(), self.now());
        let tx = self.preliminary_write().await?;
        Ok(mfa::verify_code(tx, &keyring, &owner, serial, code, now).await?)
    }

    /// Refuses unless the caller may hand the role to `service`, the principal that will assume it, such as
    /// `events.workmail.amazonaws.com` (IAM User Guide, "Granting a user permissions to pass a role to an AWS
    /// service"). `associated` is the ARN of the resource that will use it. What comes after is read or
    /// written as before.
    ///
    /// # Errors
    /// `AccessDenied`.
    pub async fn pass_role(
        &mut self,
        role_arn: &str,
        service: &str,
        associated: Option<&str>,
    ) -> Result<(), wire::Error> {
        const ACTION: &str = "iam:PassRole";
        let mut role = Resource::arn(role_arn).with("iam:PassedToService", service);
        if let Some(arn) = associated {
            role = role.with("iam:AssociatedResourceArn", arn);
        }
        if arns::account(role_arn) != Some(&self.caller.account) {
            return Err(ACCESS_DENIED.with("Cross-account pass role is not allowed."));
        }
        match self.access.standing() {
            Standing::Committed => self.read(ACTION, role).await.map(drop),
            Standing::Pending => self.decided(ACTION, &role).await.map(drop),
        }
    }

    /// Lets go of the snapshot, before something slow is awaited that needs no data, such as the hash of a
    /// password. A transaction is kept. What is read afterwards is decided anew, and of a later moment.
    pub fn release(&mut self) {
        self.access.snapshot = None;
        self.access.is_allowed &= self.access.transaction.is_some();
    }

    /// Lets go of the transaction as well, and undoes what was changed in it: the call begins anew.
    pub fn abandon(&mut self) {
        self.access = Access::default();
    }

    /// Ends a call whose handler succeeded: writes the event record, in the call's transaction if it has
    /// one, and commits. Returns when the change is durable.
    ///
    /// # Errors
    /// The store's; nothing was changed then, and after a conflict the whole call may be run again.
    pub async fn succeed(self, record: Record) -> Result<(), store::Error> {
        let recorder = &self.door.inner.recorder;
        recorder.used(&self.caller, &record).await;
        recorder.accessed(&self.caller, &record).await;
        if let Some(mut transaction) = self.access.transaction {
            events::insert(&mut transaction, &self.caller, &record, &self.notes).await?;
            return transaction.commit().await;
        }
        drop(self.access);
        recorder.record(&self.caller, record, &self.notes).await;
        Ok(())
    }

    /// Ends a call whose handler failed: rolls back and records the event.
    pub async fn fail(self, record: Record) {
        debug_assert!(matches!(record.outcome, Outcome::Failed { .. }));
        drop(self.access);
        let recorder = &self.door.inner.recorder;
        recorder.accessed(&self.caller, &record).await;
        recorder.record(&self.caller, record, &self.notes).await;
    }
}

impl Access {
    /// Whether what can be read is committed.
    fn standing(&self) -> Standing {
        if self.transaction.is_some() { Standing::Pending } else { Standing::Committed }
    }

    /// What can be read from: the transaction once there is one, else a snapshot.
    async fn snapshot(&mut self, door: &Door) -> Result<&mut Snapshot, wire::Error> {
        if let Some(transaction) = &mut self.transaction {
            return Ok(transaction);
        }
        match &mut self.snapshot {
            Some(snapshot) => Ok(snapshot),
            none => Ok(none.insert(door.inner.store.read().await?)),
        }
    }

    async fn transaction(&mut self, door: &Door) -> Result<&mut Transaction, wire::Error> {
        // The snapshot goes first: waiting for the writer must not pin it.
        self.snapshot = None;
        match &mut self.transaction {
            Some(transaction) => Ok(transaction),
            none => Ok(none.insert(door.inner.store.write().await?)),
        }
    }
}
