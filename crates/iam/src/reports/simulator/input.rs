//! What a simulation is asked for, checked.

use policy::{ArnAsker, PolicySet};
use wire::iam::{ContextEntry, OrderedOrganizationPolicyType, errors::INVALID_INPUT};

use super::{
    entries,
    layer::{self, Layer},
    results::Simulation,
};
use crate::{
    arns,
    entity::EntityKind,
    entity_arns::{self, EntityArn},
    subject::{Given, GivenValues, Subject},
};

/// The resource of a simulation that names none.
pub(super) const ANY: &str = "*";

/// The id of a caller that is not told (recorded of the service).
const NO_CALLER: &str = "STUB_PRINCIPAL_FOR_POLICY_SIMULATOR";

/// Scenarios of resources that go together. They all start an instance.
const HANDLING_OPTIONS: [&str; 6] = [
    "EC2-Classic-InstanceStore",
    "EC2-Classic-EBS",
    "EC2-VPC-InstanceStore",
    "EC2-VPC-InstanceStore-Subnet",
    "EC2-VPC-EBS",
    "EC2-VPC-EBS-Subnet",
];

/// What a call asks to be simulated, but for whose policies.
pub(super) struct Wish {
    pub(super) actions: Vec<String>,
    pub(super) resources: Option<Vec<String>>,
    pub(super) resource_policy: Option<String>,
    pub(super) resource_owner: Option<String>,
    pub(super) caller_arn: Option<String>,
    pub(super) context: Option<Vec<ContextEntry>>,
    pub(super) handling: Option<String>,
    pub(super) organization: Option<Vec<OrderedOrganizationPolicyType>>,
    pub(super) boundary: Option<Vec<String>>,
}

impl Wish {
    /// The simulation of the `identity` policies, which may be those of a `subject` of `account`.
    pub(super) fn simulation(
        self,
        account: &str,
        subject: Option<Subject>,
        identity: Layer,
        boundary: Option<Layer>,
    ) -> Result<Simulation, wire::Error> {
        self.actions.iter().try_for_each(|action| check_action(action))?;
        let resources = resources(self.resources)?;
        check_handling(self.handling.as_deref(), &self.actions)?;
        let caller = caller(self.caller_arn.as_deref(), self.resource_policy.is_some(), &subject)?;
        let mut given = entries::read(self.context.unwrap_or_default())?;
        let subject = subject.filter(|subject| match &caller {
            Some(caller) => caller.text == subject.arn,
            None => true,
        });
        if subject.is_none() {
            add_defaults(&mut given, caller.as_ref(), account);
        }
        let caller_account = caller.as_ref().map_or(account, |caller| &caller.account).to_owned();
        let resource_policy = match &self.resource_policy {
            Some(text) => Some(resource_policy(text, &resources)?),
            None => None,
        };
        Ok(Simulation {
            actions: self.actions,
            asker: asker(caller.as_ref(), subject.as_ref(), &caller_account),
            owner: self.resource_owner.as_deref().map(owner).transpose()?,
            caller_account,
            given,
            subject,
            identity: identity.into(),
            boundary: match self.boundary {
                Some(given) => boundary_given(&given)?.or(boundary).map(Into::into),
                None => boundary.map(Into::into),
            },
            resource_policy: resource_policy.map(Into::into),
            organization: levels(self.organization.unwrap_or_default())?,
            resources,
        })
    }
}

fn check_action(action: &str) -> Result<(), wire::Error> {
    match action.split_once(':') {
        Some((service, name)) if !service.is_empty() && !name.is_empty() => {}
        _ => return Err(INVALID_INPUT.with("The action is invalid since it is missing names")),
    }
    if action.contains(['*', '?']) {
        return Err(INVALID_INPUT.with(format!("Invalid Input Actions: [{action}] has wildcards.")));
    }
    Ok(())
}

/// `*`, or ARNs.
fn resources(given: Option<Vec<String>>) -> Result<Vec<String>, wire::Error> {
    let resources = given.filter(|resources| !resources.is_empty());
    let resources = resources.unwrap_or_else(|| vec![ANY.to_owned()]);
    if resources == [ANY] {
        return Ok(resources);
    }
    match resources.iter().find(|resource| !is_arn(resource)) {
        Some(wrong) => {
            let message = format!("ResourceNames are not in a valid ARN format: {wrong}.");
            Err(INVALID_INPUT.with(message))
        }
        None => Ok(resources),
    }
}

fn is_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, service, _, _, resource] => {
            !partition.is_empty() && !service.is_empty() && !resource.is_empty()
        }
        _ => false,
    }
}

fn check_handling(option: Option<&str>, actions: &[String]) -> Result<(), wire::Error> {
    let Some(option) = option else { return Ok(()) };
    let fits = |action: &String| action.eq_ignore_ascii_case("ec2:RunInstances");
    let known = HANDLING_OPTIONS.contains(&option);
    match actions.iter().find(|action| !known || !fits(action)) {
        Some(action) => Err(INVALID_INPUT.with(format!(
            "Invalid input resource handling options. Action does not support resource handling \
             options: {action}."
        ))),
        None => Ok(()),
    }
}

/// Who is thought to call: the one named, or else the subject.
fn caller(
    arn: Option<&str>,
    needed: bool,
    subject: &Option<Subject>,
) -> Result<Option<EntityArn>, wire::Error> {
    const MESSAGE: &str =
        "Invalid caller - Caller must be an IAM user, role or group in this context.";
    match (arn, subject) {
        (Some(arn), _) => match EntityArn::parse(arn) {
            Some(caller) => Ok(Some(caller)),
            None => Err(INVALID_INPUT.with(MESSAGE)),
        },
        (None, Some(subject)) => Ok(EntityArn::parse(&subject.arn)),
        (None, None) if needed => {
            Err(INVALID_INPUT.with("Invalid caller - Caller cannot be null or empty."))
        }
        (None, None) => Ok(None),
    }
}

/// What is known of a caller by its ARN alone. What the call gives outweighs it.
fn add_defaults(given: &mut Given, caller: Option<&EntityArn>, account: &str) {
    let mut add = |key: &str, value: &str| {
        let value = GivenValues::One(value.to_owned());
        given.0.entry(key.to_owned()).or_insert(value);
    };
    add("aws:principalaccount", caller.map_or(account, |caller| &caller.account));
    add("aws:userid", caller.map_or(NO_CALLER, |caller| &caller.text));
    let Some(caller) = caller else { return };
    add("aws:principalarn", &caller.text);
    if caller.kind == EntityKind::User {
        add("aws:username", &caller.name);
    }
}

fn asker(caller: Option<&EntityArn>, subject: Option<&Subject>, account: &str) -> ArnAsker {
    match caller.or(subject.and_then(|subject| EntityArn::parse(&subject.arn)).as_ref()) {
        Some(caller) if caller.kind == EntityKind::Role => ArnAsker::role(&caller.text),
        // No policy can name a group, only its account.
        Some(caller) => ArnAsker::user(&caller.text),
        None => ArnAsker::user(&arns::user(account, "/", NO_CALLER)),
    }
}

fn owner(text: &str) -> Result<String, wire::Error> {
    let account = text.strip_prefix("arn:aws:iam::").and_then(|_| arns::account(text));
    match account {
        Some(account) => Ok(account.to_owned()),
        None => Err(INVALID_INPUT.with(format!("'{text}' is not a valid as a Resource Owner."))),
    }
}

/// Only a resource that is named can have a policy.
fn resource_policy(text: &str, resources: &[String]) -> Result<Layer, wire::Error> {
    if resources == [ANY] {
        return Err(entity_arns::unclear(ANY));
    }
    Layer::of_resource(text)
}

/// A boundary that the call brings takes the place of the one that is set.
fn boundary_given(texts: &[String]) -> Result<Option<Layer>, wire::Error> {
    match texts {
        [] => Ok(None),
        [_] => Layer::given(texts, layer::BOUNDARY).map(Some),
        _ => Err(INVALID_INPUT.with("Only one permissions boundary policy can be specified.")),
    }
}

fn levels(given: Vec<OrderedOrganizationPolicyType>) -> Result<Vec<PolicySet>, wire::Error> {
    let level = |level: OrderedOrganizationPolicyType| {
        let texts = level.service_control_policy_input_list.unwrap_or_default();
        Ok(Layer::given(&texts, "ServiceControlPolicyInputList")?.set())
    };
    given.into_iter().map(level).collect()
}
