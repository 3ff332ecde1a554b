//! What an organization's size does to the calls that administrators make, and what making users costs.

use std::{
    net::SocketAddr,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    Options,
    account::wait_until_active,
    aws::{Client, Key},
    house::{House, Running},
    http::Connection,
    outcome::{Outcome, joined},
    pace::Pace,
    report::{self, grouped, micros},
    smtp_client::SmtpClient,
};

/// Rounds of the calls; each is made once in each organization in a round, in turn.
const ROUNDS: usize = 200;
/// Connections that fill the organizations.
const WRITERS: usize = 8;
/// Groups that the first user is in, members of the first group, and aliases of the first user.
const TIES: usize = 10;

/// Aim of the medians, in microseconds.
const AIM_MICROS: f64 = 2_000.0;
/// Aim of the script that makes users, in seconds.
const AIM_SCRIPT_SECONDS: f64 = 30.0;

/// An organization of some size.
struct Size {
    alias: &'static str,
    users: usize,
    groups: usize,
    /// Besides the test domain.
    domains: usize,
}

const SMALL: Size = Size { alias: "small", users: 100, groups: 10, domains: 10 };
const LARGE: Size = Size { alias: "large", users: 10_000, groups: 1_000, domains: 999 };

/// Measures and reports.
pub(crate) fn run(options: &Options) -> Outcome<()> {
    let house = House::found(options)?;
    let server = house.start()?;
    let api = server.address("api")?;
    report::part("scale: one organization with 100 users beside one with 10,000");
    let (small, large) = (fill(&house.key, api, &SMALL)?, fill(&house.key, api, &LARGE)?);
    compare_calls(&house.key, api, &small, &large)?;
    compare_recipients(&server, &small, &large)?;
    delete(&house.key, api, &large)?;
    if let Some(python) = &options.python {
        report::part("users: 1,000 made and registered by a script with boto3");
        for threads in [1, 8] {
            script(python, &house.key, api, threads)?;
        }
    }
    server.stop()
}

/// An organization as calls name it.
struct Organization {
    id: String,
    domain: String,
    user: String,
    group: String,
}

impl Organization {
    fn with(&self, mut input: Value) -> Value {
        input["OrganizationId"] = json!(self.id);
        input
    }
}

fn fill(key: &Key, api: SocketAddr, size: &Size) -> Outcome<Organization> {
    let began = Instant::now();
    let mut client = Client::new(key.clone(), Connection::new(api));
    let made = client.workmail("CreateOrganization", &json!({"Alias": size.alias}))?;
    let id = text(&made, "OrganizationId")?;
    wait_until_active(&mut client, &id)?;
    let organization = Organization {
        domain: format!("{}.awsapps.com", size.alias),
        user: String::new(),
        group: String::new(),
        id,
    };
    spread(key, api, size.domains, |client, number| {
        let input = json!({"DomainName": format!("domain{number}.{}.example", size.alias)});
        client.workmail("RegisterMailDomain", &organization.with(input)).map(|_| String::new())
    })?;
    let users = spread(key, api, size.users, |client, number| {
        let name = format!("user{number:05}");
        let input = json!({"Name": name, "DisplayName": format!("The user {number}"),
            "IdentityProviderUserId": format!("00000000-0000-0000-0000-{number:012}")});
        registered(client, &organization, "CreateUser", "UserId", &name, input)
    })?;
    let groups = spread(key, api, size.groups, |client, number| {
        let name = format!("group{number:04}");
        let input = json!({"Name": name});
        registered(client, &organization, "CreateGroup", "GroupId", &name, input)
    })?;
    tie(&mut client, &organization, &users, &groups)?;
    let what = format!("{}: made in", size.alias);
    report::figure(&what, format!("{:.1} s", began.elapsed().as_secs_f64()));
    let (user, group) = (first(&users)?, first(&groups)?);
    Ok(Organization { user, group, ..organization })
}

fn first(ids: &[String]) -> Outcome<String> {
    Ok(ids.first().ok_or("an organization without anybody")?.clone())
}

/// Creates a user or group, registers it, and gives its id.
fn registered(
    client: &mut Client,
    organization: &Organization,
    operation: &str,
    id: &str,
    name: &str,
    input: Value,
) -> Outcome<String> {
    let made = client.workmail(operation, &organization.with(input))?;
    let id = text(&made, id)?;
    let input = json!({"EntityId": id, "Email": format!("{name}@{}", organization.domain)});
    client.workmail("RegisterToWorkMail", &organization.with(input))?;
    Ok(id)
}

/// The first user in the first groups, the first users in the first group, and aliases.
fn tie(
    client: &mut Client,
    organization: &Organization,
    users: &[String],
    groups: &[String],
) -> Outcome<()> {
    let (user, group) = (first(users)?, first(groups)?);
    let mut pairs: Vec<_> = groups.iter().take(TIES).map(|group| (group, &user)).collect();
    pairs.extend(users.iter().skip(1).take(TIES).map(|user| (&group, user)));
    for (group, member) in pairs {
        let input = json!({"GroupId": group, "MemberId": member});
        client.workmail("AssociateMemberToGroup", &organization.with(input))?;
    }
    for number in 0..TIES {
        let alias = format!("alias{number}@{}", organization.domain);
        let input = json!({"EntityId": user, "Alias": alias});
        client.workmail("CreateAlias", &organization.with(input))?;
    }
    Ok(())
}

/// Does so many pieces of work on several connections, and gives what they gave, in order.
fn spread(
    key: &Key,
    api: SocketAddr,
    count: usize,
    work: impl Fn(&mut Client, usize) -> Outcome<String> + Sync,
) -> Outcome<Vec<String>> {
    let work = &work;
    let parts = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                scope.spawn(move || {
                    let mut client = Client::new(key.clone(), Connection::new(api));
                    let numbers = (writer..count).step_by(WRITERS);
                    numbers.map(|number| Ok((number, work(&mut client, number)?))).collect()
                })
            })
            .collect();
        let joined = writers.into_iter().map(|writer| joined(writer.join()));
        joined.collect::<Outcome<Vec<Vec<(usize, String)>>>>()
    })?;
    let mut all: Vec<_> = parts.into_iter().flatten().collect();
    all.sort_unstable();
    Ok(all.into_iter().map(|(_, made)| made).collect())
}

/// A call to compare: what it is called here, its operation, and its input in an organization.
type Compared = (&'static str, &'static str, fn(&Organization) -> Value);

const CALLS: &[Compared] = &[
    ("ListUsers", "ListUsers", |_| json!({})),
    ("ListUsers by name", "ListUsers", |_| filtered("UsernamePrefix", "user000")),
    ("ListUsers by display name", "ListUsers", |_| filtered("DisplayNamePrefix", "the user 9")),
    ("ListUsers by address", "ListUsers", |_| filtered("PrimaryEmailPrefix", "user0009")),
    ("ListUsers by state, all", "ListUsers", |_| filtered("State", "ENABLED")),
    ("ListUsers by state, none", "ListUsers", |_| filtered("State", "DELETED")),
    ("ListUsers by provider id", "ListUsers", |_| filtered("IdentityProviderUserIdPrefix", "0000")),
    ("ListGroups", "ListGroups", |_| json!({})),
    ("ListGroups by name", "ListGroups", |_| filtered("NamePrefix", "group000")),
    ("ListGroups by address", "ListGroups", |_| filtered("PrimaryEmailPrefix", "group000")),
    ("ListGroups by address, users' only", "ListGroups", |_| {
        filtered("PrimaryEmailPrefix", "user")
    }),
    ("ListGroups by state", "ListGroups", |_| filtered("State", "ENABLED")),
    ("ListResources, none", "ListResources", |_| json!({})),
    ("ListMailDomains", "ListMailDomains", |_| json!({})),
    ("ListOrganizations", "ListOrganizations", |_| json!({})),
    ("ListGroupMembers", "ListGroupMembers", |of| json!({"GroupId": of.group})),
    ("ListGroupsForEntity", "ListGroupsForEntity", |of| json!({"EntityId": of.user})),
    ("ListAliases", "ListAliases", |of| json!({"EntityId": of.user})),
    ("ListMailboxPermissions", "ListMailboxPermissions", |of| json!({"EntityId": of.user})),
    ("DescribeUser by id", "DescribeUser", |of| json!({"UserId": of.user})),
    ("DescribeUser by name", "DescribeUser", |_| json!({"UserId": "user00042"})),
    (
        "DescribeUser by address",
        "DescribeUser",
        |of| json!({"UserId": format!("user00042@{}", of.domain)}),
    ),
    ("DescribeGroup by id", "DescribeGroup", |of| json!({"GroupId": of.group})),
    (
        "DescribeEntity by alias",
        "DescribeEntity",
        |of| json!({"Email": format!("alias5@{}", of.domain)}),
    ),
    ("DescribeOrganization", "DescribeOrganization", |_| json!({})),
    ("GetMailboxDetails", "GetMailboxDetails", |of| json!({"UserId": of.user})),
    ("GetMailDomain", "GetMailDomain", |of| json!({"DomainName": of.domain})),
];

fn filtered(filter: &str, value: &str) -> Value {
    json!({"Filters": {filter: value}})
}

fn compare_calls(
    key: &Key,
    api: SocketAddr,
    small: &Organization,
    large: &Organization,
) -> Outcome<()> {
    report::note(
        "median of a call on one connection, from its first byte to the last of the answer",
    );
    let mut client = Client::new(key.clone(), Connection::new(api));
    let mut all = Comparison::default();
    for (name, operation, input) in CALLS {
        let inputs = [small, large].map(|of| match *operation {
            "ListOrganizations" => json!({}),
            _ => of.with(input(of)),
        });
        all.tell(name, |which| client.timed(operation, &inputs[which]))?;
    }
    let mut inputs = Vec::new();
    for of in [small, large] {
        let page = of.with(json!({"MaxResults": 50}));
        inputs.push(of.with(json!({"MaxResults": 50, "NextToken": middle(&mut client, page)?})));
    }
    all.tell("ListUsers, a page in the middle", |which| client.timed("ListUsers", &inputs[which]))?;
    all.sum_up();
    Ok(())
}

/// The token of a page half-way through the users.
fn middle(client: &mut Client, page: Value) -> Outcome<Value> {
    let mut tokens = Vec::new();
    let mut input = page;
    loop {
        let answer = client.workmail("ListUsers", &input)?;
        match answer.get("NextToken") {
            Some(token) => tokens.push(token.clone()),
            None => return Ok(tokens.swap_remove(tokens.len() / 2)),
        }
        input["NextToken"] = answer["NextToken"].clone();
    }
}

/// What `RCPT` takes, for which the server resolves the address.
fn compare_recipients(server: &Running, small: &Organization, large: &Organization) -> Outcome<()> {
    let (address, mut all) = (server.address("smtp")?, Comparison::default());
    for (name, local) in [("RCPT for a user", "user00042"), ("RCPT for an alias", "alias5")] {
        let addresses = [small, large].map(|of| format!("{local}@{}", of.domain));
        all.tell(name, |which| {
            // a connection each: the server ends those that name recipients and send nothing
            let mut smtp = SmtpClient::connect(address)?;
            let took = smtp.offer(&addresses[which])?;
            smtp.quit()?;
            Ok(took)
        })?;
    }
    Ok(())
}

#[derive(Default)]
struct Comparison {
    slowest_micros: f64,
}

impl Comparison {
    /// Measures one thing in the small organization (0) and in the large one (1).
    fn tell(
        &mut self,
        name: &str,
        mut once: impl FnMut(usize) -> Outcome<Duration>,
    ) -> Outcome<()> {
        let mut paces = [Pace::default(), Pace::default()];
        for _ in 0..ROUNDS {
            for (which, pace) in paces.iter_mut().enumerate() {
                pace.add(once(which)?);
            }
        }
        let [small, large] = paces.map(|mut pace| pace.median_micros());
        self.slowest_micros = self.slowest_micros.max(small).max(large);
        report::figure(name, format!("{} / {}", micros(small), micros(large)));
        Ok(())
    }

    fn sum_up(&self) {
        let met = self.slowest_micros < AIM_MICROS;
        report::aimed("the slowest of them", micros(self.slowest_micros), "< 2 ms", met);
    }
}

/// How long it takes until nothing is left of an organization.
fn delete(key: &Key, api: SocketAddr, organization: &Organization) -> Outcome<()> {
    let began = Instant::now();
    let mut client = Client::new(key.clone(), Connection::new(api));
    let input = organization.with(json!({"DeleteDirectory": true, "ForceDelete": true}));
    client.workmail("DeleteOrganization", &input)?;
    let answered = began.elapsed();
    while client.workmail("DescribeOrganization", &organization.with(json!({})))?["State"]
        != "Deleted"
    {
        thread::sleep(Duration::from_millis(5));
    }
    let (answered, took) = (answered.as_secs_f64() * 1e6, began.elapsed().as_secs_f64());
    let value = format!("answered after {}, gone after {took:.1} s", micros(answered));
    report::figure("DeleteOrganization, 10,000 users", value);
    Ok(())
}

/// Runs the script, which prints how many seconds it took.
fn script(python: &Path, key: &Key, api: SocketAddr, threads: usize) -> Outcome<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(python)
        .arg(folder.join("users.py"))
        .args(["--endpoint", &format!("http://{api}"), "--threads", &threads.to_string()])
        .env("AWS_ACCESS_KEY_ID", &key.id)
        .env("AWS_SECRET_ACCESS_KEY", String::from_utf8_lossy(key.secret.expose()).as_ref())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let seconds: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
    let name = format!("{threads} at a time");
    let value = format!("{seconds:.1} s, {} users/s", grouped(1_000.0 / seconds));
    report::aimed(&name, value, "< 30 s", seconds < AIM_SCRIPT_SECONDS);
    Ok(())
}

fn text(value: &Value, member: &str) -> Outcome<String> {
    Ok(value[member].as_str().ok_or_else(|| format!("an answer without {member}"))?.to_owned())
}
