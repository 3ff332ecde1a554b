//! Registration and addresses, compared with a plain model on arbitrary sequences of operations.

use std::collections::BTreeSet;

use proptest::prelude::*;
use wire::{
    ErrorKind,
    workmail::{EntityState::*, errors::*, *},
};
use workmail::Recipient;

use crate::house::{House, ask};

const USERS: usize = 3;
const ADDRESSES: usize = 4;

#[derive(Clone, Debug)]
enum Step {
    Register(usize, usize),
    Deregister(usize),
    CreateAlias(usize, usize),
    DeleteAlias(usize, usize),
    UpdatePrimary(usize, usize),
    Delete(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let pair = || (0..USERS, 0..ADDRESSES);
    prop_oneof![
        6 => pair().prop_map(|(user, address)| Step::Register(user, address)),
        2 => (0..USERS).prop_map(Step::Deregister),
        6 => pair().prop_map(|(user, address)| Step::CreateAlias(user, address)),
        3 => pair().prop_map(|(user, address)| Step::DeleteAlias(user, address)),
        4 => pair().prop_map(|(user, address)| Step::UpdatePrimary(user, address)),
        1 => (0..USERS).prop_map(Step::Delete),
    ]
}

/// What a user is by the rules of the specification.
#[derive(Clone, Debug, PartialEq)]
struct User {
    state: EntityState,
    primary: Option<usize>,
    aliases: BTreeSet<usize>,
}

impl User {
    fn holds(&self, address: usize) -> bool {
        self.primary == Some(address) || self.aliases.contains(&address)
    }
}

type Verdict = Result<(), &'static ErrorKind>;

/// The users, of whom no two hold the same address.
struct Model(Vec<User>);

impl Model {
    fn new() -> Self {
        let user = User { state: Disabled, primary: None, aliases: BTreeSet::new() };
        Self(vec![user; USERS])
    }

    fn apply(&mut self, step: &Step) -> Verdict {
        match *step {
            Step::Register(user, address) => self.register(user, address),
            Step::Deregister(user) => {
                self.enabled(user)?;
                self.0[user] = User { state: Disabled, primary: None, aliases: BTreeSet::new() };
                Ok(())
            }
            Step::CreateAlias(user, address) => {
                self.enabled(user)?;
                self.free(user, address)?;
                if !self.0[user].holds(address) {
                    self.0[user].aliases.insert(address);
                }
                Ok(())
            }
            Step::DeleteAlias(user, address) => {
                self.enabled(user)?;
                if self.0[user].primary == Some(address) {
                    return Err(&INVALID_PARAMETER);
                }
                self.0[user].aliases.remove(&address);
                Ok(())
            }
            Step::UpdatePrimary(user, address) => {
                self.enabled(user)?;
                self.free(user, address)?;
                let user = &mut self.0[user];
                user.aliases.extend(user.primary.replace(address));
                user.aliases.remove(&address);
                Ok(())
            }
            Step::Delete(user) => match self.0[user].state {
                Enabled => Err(&ENTITY_STATE),
                Disabled | Deleted => {
                    self.0[user].state = Deleted;
                    Ok(())
                }
            },
        }
    }

    fn register(&mut self, user: usize, address: usize) -> Verdict {
        match self.0[user].state {
            Deleted => return Err(&ENTITY_STATE),
            Enabled if self.0[user].primary == Some(address) => return Ok(()),
            Enabled => return Err(&ENTITY_ALREADY_REGISTERED),
            Disabled => self.free(user, address)?,
        }
        self.0[user] = User { state: Enabled, primary: Some(address), aliases: BTreeSet::new() };
        Ok(())
    }

    fn enabled(&self, user: usize) -> Verdict {
        if self.0[user].state == Enabled { Ok(()) } else { Err(&ENTITY_STATE) }
    }

    fn free(&self, user: usize, address: usize) -> Verdict {
        let mut others = self.0.iter().enumerate().filter(|(other, _)| *other != user);
        match others.any(|(_, other)| other.holds(address)) {
            true => Err(&EMAIL_ADDRESS_IN_USE),
            false => Ok(()),
        }
    }
}

/// The service, with the same users.
struct Subject {
    house: House,
    organization: String,
    ids: Vec<String>,
}

fn address(number: usize) -> String {
    format!("a{number}@example.com")
}

impl Subject {
    async fn new() -> Self {
        let (house, organization) = House::with_organization().await;
        let mut ids = Vec::new();
        for user in 0..USERS {
            ids.push(house.user(&organization, &format!("u{user}")).await);
        }
        Self { house, organization, ids }
    }

    async fn apply(&self, step: &Step) -> Result<(), wire::Error> {
        let (house, organization) = (&self.house, self.organization.as_str());
        let id = |user: usize| self.ids[user].clone();
        match *step {
            Step::Register(user, email) => {
                house.register(organization, &id(user), &address(email)).await.map(drop)
            }
            Step::Deregister(user) => house.deregister(organization, &id(user)).await.map(drop),
            Step::CreateAlias(user, alias) => {
                house.alias(organization, &id(user), &address(alias)).await.map(drop)
            }
            Step::DeleteAlias(user, alias) => {
                let input = DeleteAliasRequest {
                    organization_id: organization.into(),
                    entity_id: id(user),
                    alias: address(alias),
                };
                ask!(house, delete_alias, input).map(drop)
            }
            Step::UpdatePrimary(user, email) => {
                let input = UpdatePrimaryEmailAddressRequest {
                    organization_id: organization.into(),
                    entity_id: id(user),
                    email: address(email),
                };
                ask!(house, update_primary_email_address, input).map(drop)
            }
            Step::Delete(user) => house.delete_user(organization, &id(user)).await.map(drop),
        }
    }

    /// What the service shows of a user, in the words of the model.
    async fn shown(&self, id: &str) -> User {
        let described = self.house.describe_user(&self.organization, id).await.unwrap();
        let mut snapshot = self.house.store.read().await.unwrap();
        let held = workmail::addresses_of(&mut snapshot, id).await.unwrap();
        assert_eq!(described.email.as_ref(), held.first());
        let number =
            |text: &String| (0..ADDRESSES).find(|number| address(*number) == *text).unwrap();
        User {
            state: described.state.unwrap(),
            primary: held.first().map(number),
            aliases: held.iter().skip(1).map(number).collect(),
        }
    }

    async fn reached(&self, number: usize) -> Option<String> {
        let mut snapshot = self.house.store.read().await.unwrap();
        match workmail::resolve(&mut snapshot, &address(number)).await.unwrap() {
            Recipient::User(user) => Some(user.id),
            _ => None,
        }
    }
}

async fn compare(steps: &[Step]) {
    let (subject, mut model) = (Subject::new().await, Model::new());
    for (at, step) in steps.iter().enumerate() {
        let expected = model.apply(step);
        let got = subject.apply(step).await;
        match (&got, expected) {
            (Ok(()), Ok(())) => {}
            (Err(error), Err(kind)) if error.is(kind) => {}
            _ => panic!("step {at}, {step:?}: {got:?}, not {expected:?}"),
        }
        for (id, user) in subject.ids.iter().zip(&model.0) {
            assert_eq!(&subject.shown(id).await, user, "after step {at}, {step:?}");
        }
    }
    for number in 0..ADDRESSES {
        let owner = model.0.iter().position(|user| user.holds(number));
        assert_eq!(subject.reached(number).await, owner.map(|user| subject.ids[user].clone()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 200, ..Default::default() })]

    #[test]
    fn the_service_does_what_the_model_does(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(compare(&steps));
    }
}
