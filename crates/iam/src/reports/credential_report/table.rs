//! The table of a credential report, as CSV (IAM User Guide, "Understanding the report format").
//!
//! The guide writes truth in capitals; the real reports, and the clients that read them, in small letters.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use store::{Row, Snapshot, params};
use world::Timestamp;

use crate::{arns, users::ROOT_NAME};

const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,\
    password_last_changed,password_next_rotation,mfa_active,access_key_1_active,\
    access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,\
    access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
    access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,\
    cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

/// What is not there.
const NOT_APPLICABLE: &str = "N/A";

/// What the report does not tell of root.
const NOT_SUPPORTED: &str = "not_supported";

/// A password that was never used.
const NO_INFORMATION: &str = "no_information";

/// Access keys, and certificates, that have columns of their own.
const COLUMNS_EACH: usize = 2;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A person of the account.
struct Person {
    /// Of a user its id, of root the account's.
    id: String,
    name: String,
    arn: String,
    created_at: Timestamp,
    password: Password,
}

/// What is told of a password.
enum Password {
    None,
    OfRoot { used_at: Option<Timestamp> },
    OfUser { used_at: Option<Timestamp>, changed_at: Timestamp },
}

struct Key {
    active: bool,
    created_at: Timestamp,
    used_at: Option<Timestamp>,
    region: Option<String>,
    service: Option<String>,
}

/// A signing certificate.
struct Certificate {
    active: bool,
    uploaded_at: Timestamp,
}

/// What hangs on the people of an account, by their ids.
struct Belongings {
    keys: HashMap<String, Vec<Key>>,
    certificates: HashMap<String, Vec<Certificate>>,
    second_factors: HashSet<String>,
    max_password_age: Option<Duration>,
}

/// The report of an account as it is in `snapshot`.
pub(super) async fn of(snapshot: &mut Snapshot, account: &str) -> Result<String, store::Error> {
    let belongings = Belongings {
        keys: keys(snapshot, account).await?,
        certificates: certificates(snapshot, account).await?,
        second_factors: second_factors(snapshot, account).await?,
        max_password_age: max_password_age(snapshot, account).await?,
    };
    let mut lines = vec![HEADER.to_owned()];
    let people = root(snapshot, account).await?.into_iter().chain(users(snapshot, account).await?);
    lines.extend(people.map(|person| line(&person, &belongings)));
    Ok(lines.join("\n"))
}

fn line(person: &Person, belongings: &Belongings) -> String {
    let mut fields = vec![person.name.clone(), person.arn.clone(), date(person.created_at)];
    fields.extend(password_fields(&person.password, belongings.max_password_age));
    fields.push(truth(belongings.second_factors.contains(&person.id)));
    let keys = belongings.keys.get(&person.id).map_or(&[][..], Vec::as_slice);
    for index in 0..COLUMNS_EACH {
        fields.extend(key_fields(keys.get(index)));
    }
    let certificates = belongings.certificates.get(&person.id).map_or(&[][..], Vec::as_slice);
    for index in 0..COLUMNS_EACH {
        fields.extend(certificate_fields(certificates.get(index)));
    }
    fields.iter().map(|field| quoted(field)).collect::<Vec<_>>().join(",")
}

fn password_fields(password: &Password, max_age: Option<Duration>) -> [String; 4] {
    let used = |at: &Option<Timestamp>| at.map_or(NO_INFORMATION.to_owned(), date);
    match password {
        Password::None => {
            [&truth(false), NOT_APPLICABLE, NOT_APPLICABLE, NOT_APPLICABLE].map(ToString::to_string)
        }
        Password::OfRoot { used_at } => {
            [NOT_SUPPORTED, &used(used_at), NOT_SUPPORTED, NOT_SUPPORTED].map(ToString::to_string)
        }
        Password::OfUser { used_at, changed_at } => {
            let next = max_age.map(|age| date(changed_at.saturating_add(age)));
            let next = next.unwrap_or_else(|| NOT_APPLICABLE.to_owned());
            [truth(true), used(used_at), date(*changed_at), next]
        }
    }
}

fn key_fields(key: Option<&Key>) -> [String; 5] {
    let or_not = |text: Option<String>| text.unwrap_or_else(|| NOT_APPLICABLE.to_owned());
    [
        truth(key.is_some_and(|key| key.active)),
        or_not(key.map(|key| date(key.created_at))),
        or_not(key.and_then(|key| key.used_at).map(date)),
        or_not(key.and_then(|key| key.region.clone())),
        or_not(key.and_then(|key| key.service.clone())),
    ]
}

fn certificate_fields(certificate: Option<&Certificate>) -> [String; 2] {
    let uploaded = certificate.map(|certificate| date(certificate.uploaded_at));
    [
        truth(certificate.is_some_and(|certificate| certificate.active)),
        uploaded.unwrap_or_else(|| NOT_APPLICABLE.to_owned()),
    ]
}

fn truth(value: bool) -> String {
    value.to_string()
}

fn date(at: Timestamp) -> String {
    at.civil("%Y-%m-%dT%H:%M:%S+00:00")
}

/// A field as CSV has it (RFC 4180, section 2): names may hold commas.
fn quoted(field: &str) -> String {
    if field.contains([',', '"']) {
        return format!("\"{}\"", field.replace('"', "\"\""));
    }
    field.to_owned()
}

async fn root(snapshot: &mut Snapshot, account: &str) -> Result<Option<Person>, store::Error> {
    const SQL: &str = "SELECT created_at, root_password_last_used FROM accounts WHERE id = $1";
    let person = |row: &Row<'_>| {
        Ok(Person {
            id: account.to_owned(),
            name: ROOT_NAME.to_owned(),
            arn: arns::root(account),
            created_at: row.get(0)?,
            password: Password::OfRoot { used_at: row.get(1)? },
        })
    };
    snapshot.row(SQL, params![account], person).await
}

/// The users by name. The quota bounds them.
async fn users(snapshot: &mut Snapshot, account: &str) -> Result<Vec<Person>, store::Error> {
    const SQL: &str = "SELECT u.id, u.name, u.path, u.created_at, u.password_last_used, \
        l.changed_at FROM users u LEFT JOIN login_profiles l ON l.user_id = u.id \
        WHERE u.account_id = $1 ORDER BY u.name_key";
    let person = |row: &Row<'_>| {
        let (name, path): (String, String) = (row.get(1)?, row.get(2)?);
        let password = match row.get(5)? {
            None => Password::None,
            Some(changed_at) => Password::OfUser { used_at: row.get(4)?, changed_at },
        };
        let arn = arns::user(account, &path, &name);
        Ok(Person { id: row.get(0)?, name, arn, created_at: row.get(3)?, password })
    };
    snapshot.rows(SQL, params![account], person).await
}

/// The access keys of everybody, the oldest first.
async fn keys(
    snapshot: &mut Snapshot,
    account: &str,
) -> Result<HashMap<String, Vec<Key>>, store::Error> {
    const SQL: &str = "SELECT user_id, status, created_at, last_used_at, last_used_region, \
        last_used_service FROM access_keys WHERE account_id = $1 ORDER BY created_at, id";
    let owned = |row: &Row<'_>| {
        let owner: Option<String> = row.get(0)?;
        let key = Key {
            active: row.get::<&str>(1)? == "Active",
            created_at: row.get(2)?,
            used_at: row.get(3)?,
            region: row.get(4)?,
            service: row.get(5)?,
        };
        Ok((owner.unwrap_or_else(|| account.to_owned()), key))
    };
    Ok(by_owner(snapshot.rows(SQL, params![account], owned).await?))
}

/// The signing certificates of everybody, the oldest first.
async fn certificates(
    snapshot: &mut Snapshot,
    account: &str,
) -> Result<HashMap<String, Vec<Certificate>>, store::Error> {
    const SQL: &str = "SELECT holder, status, uploaded_at FROM signing_certificates \
        WHERE account_id = $1 ORDER BY uploaded_at, id";
    let owned = |row: &Row<'_>| {
        let active = row.get::<&str>(1)? == "Active";
        Ok((row.get(0)?, Certificate { active, uploaded_at: row.get(2)? }))
    };
    Ok(by_owner(snapshot.rows(SQL, params![account], owned).await?))
}

/// Who has an MFA device.
async fn second_factors(
    snapshot: &mut Snapshot,
    account: &str,
) -> Result<HashSet<String>, store::Error> {
    const SQL: &str =
        "SELECT DISTINCT holder FROM mfa_devices WHERE account_id = $1 AND holder IS NOT NULL";
    let holders = snapshot.rows(SQL, params![account], |row| row.get(0)).await?;
    Ok(holders.into_iter().collect())
}

fn by_owner<T>(owned: Vec<(String, T)>) -> HashMap<String, Vec<T>> {
    let mut by_owner: HashMap<_, Vec<_>> = HashMap::new();
    for (owner, item) in owned {
        by_owner.entry(owner).or_default().push(item);
    }
    by_owner
}

/// How long passwords are good, if the account lets them age.
async fn max_password_age(
    snapshot: &mut Snapshot,
    account: &str,
) -> Result<Option<Duration>, store::Error> {
    const SQL: &str =
        "SELECT max_age_days FROM password_policies WHERE account_id = $1 AND max_age_days > 0";
    Ok(snapshot.row(SQL, params![account], |row| row.get(0)).await?.map(|days: u32| DAY * days))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_with_a_comma_is_quoted() {
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("a=b@c.d"), "a=b@c.d");
        assert_eq!(quoted("a\",b"), "\"a\"\",b\"");
    }

    #[test]
    fn every_line_has_the_columns_of_the_header() {
        let person = Person {
            id: "123456789012".to_owned(),
            name: ROOT_NAME.to_owned(),
            arn: arns::root("123456789012"),
            created_at: Timestamp::from_seconds(0),
            password: Password::OfRoot { used_at: None },
        };
        let belongings = Belongings {
            keys: HashMap::new(),
            certificates: HashMap::new(),
            second_factors: HashSet::from([person.id.clone()]),
            max_password_age: None,
        };
        assert_eq!(line(&person, &belongings).split(',').count(), HEADER.split(',').count());
        assert_eq!(HEADER.split(',').count(), 22);
    }
}
