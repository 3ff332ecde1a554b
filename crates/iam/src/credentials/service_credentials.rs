//! Credentials for single services that cannot take AWS's signatures: a name with a password, or a bearer token.
//!
//! Secrets are random and long, so a plain digest of one tells nothing; each is shown once.

use std::time::Duration;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};
use store::{Row, Snapshot, Transaction, params};
use wire::{
    Sensitive,
    errors::VALIDATION,
    iam::{
        CreateServiceSpecificCredentialRequest, CreateServiceSpecificCredentialResponse,
        DeleteServiceSpecificCredentialRequest, ListServiceSpecificCredentialsRequest,
        ListServiceSpecificCredentialsResponse, ResetServiceSpecificCredentialRequest,
        ResetServiceSpecificCredentialResponse, ServiceSpecificCredential,
        ServiceSpecificCredentialMetadata, StatusType, UpdateServiceSpecificCredentialRequest,
        errors::NO_SUCH_ENTITY,
    },
};
use world::{Timestamp, World};

use crate::{
    arns,
    door::{Call, Caller, Resource},
    entity::{self, Entity, Named},
    ids::{self, Kind},
    pages::Page,
    quotas, statuses,
};

/// The table of these credentials. `login` is the name that goes with the password, or the alias of a token.
pub(crate) const SCHEMA: store::Migration = store::Migration {
    name: "iam-0009-service-credentials",
    sql: "CREATE TABLE service_credentials (
        id TEXT PRIMARY KEY,
        account_id TEXT NOT NULL REFERENCES accounts (id),
        user_id TEXT NOT NULL REFERENCES users (id),
        service TEXT NOT NULL,
        login TEXT NOT NULL,
        secret_digest BLOB NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('Active', 'Inactive')),
        created_at INTEGER NOT NULL,
        expires_at INTEGER,
        UNIQUE (account_id, service, login)
    );
    CREATE INDEX service_credentials_by_user ON service_credentials (user_id, service);",
};

/// The condition keys of the call that makes one.
const SERVICE_KEY: &str = "iam:ServiceSpecificCredentialServiceName";
const AGE_KEY: &str = "iam:ServiceSpecificCredentialAgeDays";

/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;

/// How a service takes its credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A name and a password.
    Password,
    /// A token that may expire.
    Bearer,
}

/// The services that have such credentials (IAM User Guide, "Service-specific credentials for IAM users").
const SERVICES: [(&str, Form); 4] = [
    ("codecommit.amazonaws.com", Form::Password),
    ("cassandra.amazonaws.com", Form::Password),
    ("bedrock.amazonaws.com", Form::Bearer),
    ("logs.amazonaws.com", Form::Bearer),
];

/// What bearer tokens begin with.
const BEARER_PREFIX: &str = "ABSK";

/// The columns of a [`Stored`], of the account `$1` and with further conditions.
macro_rules! select {
    ($conditions:literal) => {
        concat!(
            "SELECT c.id, u.name, c.service, c.login, c.status, c.created_at, c.expires_at \
             FROM service_credentials c JOIN users u ON u.id = c.user_id \
             WHERE c.account_id = $1 AND ",
            $conditions
        )
    };
}

/// A credential as it is stored, without its secret.
struct Stored {
    id: String,
    user_name: String,
    service: String,
    login: String,
    status: StatusType,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
}

pub(crate) async fn create(
    call: &mut Call,
    input: CreateServiceSpecificCredentialRequest,
) -> Result<CreateServiceSpecificCredentialResponse, wire::Error> {
    let (caller, world, now) = (call.caller(), call.world(), call.now());
    let age_days = input.credential_age_days;
    let mut target = Named::user(&input.user_name).with(SERVICE_KEY, &input.service_name);
    if let Some(days) = age_days {
        target = target.with(AGE_KEY, &days.to_string());
    }
    let tx = call.write("iam:CreateServiceSpecificCredential", target).await?;
    let user = entity::user(tx, &caller, &input.user_name).await?;
    let form = form_of(&input.service_name)?;
    if form == Form::Password && age_days.is_some() {
        let message = format!("CredentialAgeDays is not supported for {}.", input.service_name);
        return Err(VALIDATION.with(message));
    }
    let login = free_login(tx, &user, &input.service_name).await?;
    let stored = Stored {
        id: ids::generate(&world, Kind::ServiceCredential, &caller.account),
        user_name: user.name.clone(),
        service: input.service_name,
        login,
        status: StatusType::Active,
        created_at: now,
        expires_at: age_days.map(|days| now.saturating_add(days_long(days))),
    };
    let secret = Secret::new(&world, form, &stored.login);
    stored.insert(tx, &user, &secret).await?;
    let shown = stored.shown_with(secret, form, now);
    Ok(CreateServiceSpecificCredentialResponse { service_specific_credential: Some(shown) })
}

/// `jane-at-123456789012`, and `jane+1-at-..` for the second (as AWS forms them).
async fn free_login(
    snapshot: &mut Snapshot,
    user: &Entity,
    service: &str,
) -> Result<String, wire::Error> {
    const HELD: &str =
        "SELECT COUNT(*) FROM service_credentials WHERE user_id = $1 AND service = $2";
    const TAKEN: &str = "SELECT 1 FROM service_credentials \
        WHERE account_id = $1 AND service = $2 AND login = $3";
    let count = snapshot.row(HELD, params![&user.id, service], |row| row.get(0)).await?;
    let quota = quotas::CREDENTIALS_PER_SERVICE;
    quotas::check("ServiceSpecificCredentialsPerUser", quota, count.unwrap_or(0))?;
    let account = &user.account;
    let mut login = format!("{}-at-{account}", user.name);
    // Names that another user left behind by a rename are passed over.
    for number in 1.. {
        let params = params![account, service, &login];
        if snapshot.row(TAKEN, params, |_| Ok(())).await?.is_none() {
            break;
        }
        login = format!("{}+{number}-at-{account}", user.name);
    }
    Ok(login)
}

pub(crate) async fn reset(
    call: &mut Call,
    input: ResetServiceSpecificCredentialRequest,
) -> Result<ResetServiceSpecificCredentialResponse, wire::Error> {
    const SQL: &str = "UPDATE service_credentials SET secret_digest = $2 WHERE id = $1";
    let (caller, world, now) = (call.caller(), call.world(), call.now());
    let name = entity::user_or_caller(&caller, input.user_name)?;
    let tx = call.write("iam:ResetServiceSpecificCredential", Named::user(&name)).await?;
    let stored = load(tx, &caller, &name, &input.service_specific_credential_id).await?;
    let form = form_of(&stored.service)?;
    let secret = Secret::new(&world, form, &stored.login);
    tx.execute(SQL, params![&stored.id, secret.digest()]).await?;
    let shown = stored.shown_with(secret, form, now);
    Ok(ResetServiceSpecificCredentialResponse { service_specific_credential: Some(shown) })
}

pub(crate) async fn update(
    call: &mut Call,
    input: UpdateServiceSpecificCredentialRequest,
) -> Result<(), wire::Error> {
    const SQL: &str = "UPDATE service_credentials SET status = $2 WHERE id = $1";
    let status = statuses::settable(input.status)?;
    let caller = call.caller();
    let name = entity::user_or_caller(&caller, input.user_name)?;
    let tx = call.write("iam:UpdateServiceSpecificCredential", Named::user(&name)).await?;
    let stored = load(tx, &caller, &name, &input.service_specific_credential_id).await?;
    tx.execute(SQL, params![&stored.id, status]).await?;
    Ok(())
}

pub(crate) async fn delete(
    call: &mut Call,
    input: DeleteServiceSpecificCredentialRequest,
) -> Result<(), wire::Error> {
    const SQL: &str = "DELETE FROM service_credentials WHERE id = $1";
    let caller = call.caller();
    let name = entity::user_or_caller(&caller, input.user_name)?;
    let tx = call.write("iam:DeleteServiceSpecificCredential", Named::user(&name)).await?;
    let stored = load(tx, &caller, &name, &input.service_specific_credential_id).await?;
    tx.execute(SQL, params![&stored.id]).await?;
    Ok(())
}

/// Of one user, or of all users of the account; of one service, or of all.
pub(crate) async fn list(
    call: &mut Call,
    input: ListServiceSpecificCredentialsRequest,
) -> Result<ListServiceSpecificCredentialsResponse, wire::Error> {
    const SQL: &str = select!(
        "c.id > $2 AND ($3 = '' OR c.user_id = $3) AND ($4 = '' OR c.service = $4) \
         ORDER BY c.id LIMIT $5"
    );
    const LIST: &str = "ListServiceSpecificCredentials";
    const ACTION: &str = "iam:ListServiceSpecificCredentials";
    let page = Page::of(call, LIST, input.marker.as_deref(), input.max_items)?;
    let (caller, now) = (call.caller(), call.now());
    let account = &caller.account;
    let service = input.service_name.unwrap_or_default();
    let (snapshot, user_id) = if input.all_users == Some(true) {
        if input.user_name.is_some() {
            return Err(VALIDATION.with("UserName and AllUsers cannot be specified together."));
        }
        (call.read(ACTION, Resource::arn(arns::user(account, "/", "*"))).await?, String::new())
    } else {
        let name = entity::user_or_caller(&caller, input.user_name)?;
        let snapshot = call.read(ACTION, Named::user(&name)).await?;
        let user = entity::user(snapshot, &caller, &name).await?;
        (snapshot, user.id)
    };
    if !service.is_empty() {
        form_of(&service)?;
    }
    let params = params![account, page.after(), &user_id, &service, page.fetch()];
    let found = snapshot.rows(SQL, params, Stored::read).await?;
    let cut = page.cut(found, |stored| stored.id.clone())?;
    let shown = cut.items.into_iter().map(|stored| stored.listed(now)).collect();
    Ok(ListServiceSpecificCredentialsResponse {
        service_specific_credentials: Some(shown),
        marker: cut.marker,
        is_truncated: cut.is_truncated,
    })
}

/// A secret, just made.
struct Secret(Sensitive);

impl Secret {
    /// A password is random text; a token also tells whose it is, as AWS's do.
    fn new(world: &World, form: Form, login: &str) -> Self {
        let random = STANDARD.encode(world.random_bytes::<SECRET_BYTES>());
        Self(match form {
            Form::Password => random.into(),
            Form::Bearer => {
                let token = STANDARD.encode(format!("{login}:{random}"));
                format!("{BEARER_PREFIX}{token}").into()
            }
        })
    }

    fn digest(&self) -> Vec<u8> {
        digest::digest(&digest::SHA256, self.0.expose().as_bytes()).as_ref().to_vec()
    }
}

impl Stored {
    /// From the columns id, user's name, service, login, status, created_at, expires_at.
    fn read(row: &Row<'_>) -> Result<Self, store::Error> {
        let status = StatusType::parse(&row.get::<String>(4)?);
        Ok(Self {
            id: row.get(0)?,
            user_name: row.get(1)?,
            service: row.get(2)?,
            login: row.get(3)?,
            status: status.ok_or_else(|| store::Error::corrupt("the status of a credential"))?,
            created_at: row.get(5)?,
            expires_at: row.get(6)?,
        })
    }

    async fn insert(
        &self,
        tx: &mut Transaction,
        user: &Entity,
        secret: &Secret,
    ) -> Result<(), store::Error> {
        const SQL: &str = "INSERT INTO service_credentials (id, account_id, user_id, service, \
            login, secret_digest, status, created_at, expires_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let params = params![
            &self.id,
            &user.account,
            &user.id,
            &self.service,
            &self.login,
            secret.digest(),
            self.status.as_str(),
            self.created_at,
            self.expires_at
        ];
        tx.execute(SQL, params).await.map(drop)
    }

    fn status_at(&self, now: Timestamp) -> StatusType {
        let expired = self.expires_at.is_some_and(|end| end <= now);
        if expired { StatusType::Expired } else { self.status }
    }

    fn shown_with(self, secret: Secret, form: Form, now: Timestamp) -> ServiceSpecificCredential {
        let status = self.status_at(now);
        let shown = ServiceSpecificCredential {
            create_date: self.created_at,
            expiration_date: self.expires_at,
            service_name: self.service,
            service_specific_credential_id: self.id,
            user_name: self.user_name,
            status,
            ..ServiceSpecificCredential::default()
        };
        let (login, secret) = (Some(self.login), Some(secret.0));
        match form {
            Form::Password => ServiceSpecificCredential {
                service_user_name: login,
                service_password: secret,
                ..shown
            },
            Form::Bearer => ServiceSpecificCredential {
                service_credential_alias: login,
                service_credential_secret: secret,
                ..shown
            },
        }
    }

    fn listed(self, now: Timestamp) -> ServiceSpecificCredentialMetadata {
        let status = self.status_at(now);
        let (service_user_name, service_credential_alias) = match form_of(&self.service) {
            Ok(Form::Bearer) => (None, Some(self.login)),
            _ => (Some(self.login), None),
        };
        ServiceSpecificCredentialMetadata {
            user_name: self.user_name,
            status,
            service_user_name,
            service_credential_alias,
            create_date: self.created_at,
            expiration_date: self.expires_at,
            service_specific_credential_id: self.id,
            service_name: self.service,
        }
    }
}

/// The credential of that id, if it is that user's.
async fn load(
    snapshot: &mut Snapshot,
    caller: &Caller,
    user_name: &str,
    id: &str,
) -> Result<Stored, wire::Error> {
    const SQL: &str = select!("u.id = $2 AND c.id = $3");
    let user = entity::user(snapshot, caller, user_name).await?;
    let stored = snapshot.row(SQL, params![&caller.account, &user.id, id], Stored::read).await?;
    stored.ok_or_else(|| NO_SUCH_ENTITY.with(format!("No such credential {id} exists")))
}

fn form_of(service: &str) -> Result<Form, wire::Error> {
    let known = SERVICES.iter().find(|(name, _)| *name == service);
    known.map(|(_, form)| *form).ok_or_else(|| {
        NO_SUCH_ENTITY.with(format!(
            "No such service {service} is supported for Service Specific Credentials"
        ))
    })
}

fn days_long(days: i32) -> Duration {
    const DAY_SECONDS: u64 = 24 * 60 * 60;
    Duration::from_secs(u64::try_from(days).unwrap_or(0) * DAY_SECONDS)
}
