//! Whether actions are of this world.

use actions::Service;
use policy::{
    json::{Edit, Value},
    quoted,
};

use crate::{
    PolicyType,
    code::Code,
    finding::Findings,
    tree::{Element, Entry, Policy, Statement},
};

/// What a trust policy may speak of, and the type by which AWS calls one.
const OF_TRUST: [&str; 6] = [
    "AssumeRole",
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "TagSession",
    "SetSourceIdentity",
    "SetContext",
];
const TRUST_TYPE: &str = "AWS::IAM::AssumeRolePolicyDocument";

/// Why an action is wrong.
enum Fault {
    NoService,
    WildcardInService,
    UnknownService,
    /// With the actions it may have been meant as, if there was time to look.
    Unknown(Option<Vec<String>>),
}

/// Looking for names that look like another takes as long as so many comparisons with each.
const NEAREST_COST: usize = 20;

pub(super) fn check(_: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    let Some(element) = &statement.actions else { return };
    let faults: Vec<_> = element.entries.iter().map(|entry| fault(entry.text, findings)).collect();
    let is_void = |fault: &Option<Fault>| matches!(fault, Some(Fault::Unknown(Some(near))) if near.is_empty());
    let void: Vec<bool> = faults.iter().map(is_void).collect();
    for (place, (entry, fault)) in element.entries.iter().zip(&faults).enumerate() {
        if let Some(fault) = fault {
            report(entry, fault, removal(element, &void, place), findings);
        }
    }
}

fn fault(action: &str, findings: &mut Findings) -> Option<Fault> {
    // Variables are another rule's.
    if action == "*" || action.contains("${") {
        return None;
    }
    let Some((prefix, name)) = action.split_once(':') else { return Some(Fault::NoService) };
    if prefix.contains(['*', '?']) {
        return Some(Fault::WildcardInService);
    }
    let Some(service) = actions::service(prefix) else { return Some(Fault::UnknownService) };
    let count = service.actions().len();
    let is_wild = name.contains(['*', '?']);
    if !service.is_known()
        || (is_wild && !findings.afford(count))
        || service.matching(name).next().is_some()
    {
        return None;
    }
    let near = findings.afford(NEAREST_COST * count).then(|| proposals(service, name));
    Some(Fault::Unknown(near))
}

fn report(entry: &Entry<'_>, fault: &Fault, removal: Option<Edit>, findings: &mut Findings) {
    let action = entry.text;
    match fault {
        Fault::NoService => {
            let message = format!("The action {action} does not exist.");
            findings
                .add(Code::InvalidAction, entry.span, message)
                .hint("write the service's prefix, a colon and the action's name");
        }
        Fault::WildcardInService => {
            let message = "Avoid using wildcards (*, ?) in the service name because it might grant \
                           unintended access to other AWS services with similar names.";
            findings.add(Code::WildcardInServiceName, entry.span, message);
        }
        Fault::UnknownService => unknown_service(entry, findings),
        Fault::Unknown(near) => {
            unknown_action(entry, near.as_deref().unwrap_or_default(), removal, findings);
        }
    }
}

fn unknown_service(entry: &Entry<'_>, findings: &mut Findings) {
    let (prefix, name) = entry.text.split_once(':').unwrap_or((entry.text, ""));
    let mut message = format!("The service {prefix} specified in the action does not exist.");
    let affordable = findings.afford(NEAREST_COST * actions::services().len());
    let near = if affordable { actions::nearest_services(prefix) } else { Vec::new() };
    if let Some(near) = near.first() {
        message += &format!(" Did you mean {}?", near.prefix());
    }
    let finding = findings.add(Code::InvalidServiceInAction, entry.span, message);
    if let Some(near) = near.first() {
        finding.hint(format!("did you mean `{}:{name}`?", near.prefix()));
    }
}

fn unknown_action(
    entry: &Entry<'_>,
    near: &[String],
    removal: Option<Edit>,
    findings: &mut Findings,
) {
    let mut message = format!("The action {} does not exist.", entry.text);
    if let Some(near) = near.first() {
        message += &format!(" Did you mean {near}?");
    }
    let finding = findings.add(Code::InvalidAction, entry.span, message);
    if !near.is_empty() {
        let near: Vec<_> = near.iter().map(|name| quoted(name)).collect();
        finding.hint(format!("did you mean {}?", near.join(" or ")));
        return;
    }
    finding.hint(match actions::is_retired(entry.text) {
        true => "delete it: the action was retired, and has no effect",
        false => "delete it: no request has this action, so it has no effect",
    });
    finding.edits.extend(removal);
}

/// Actions that an unknown one may have been meant as.
fn proposals(service: &Service, name: &str) -> Vec<String> {
    if actions::is_retired(&format!("{}:{name}", service.prefix())) {
        return Vec::new();
    }
    let near = service.nearest_actions(name.trim_end_matches('*'));
    near.iter().map(|near| format!("{}:{}", service.prefix(), near.name())).collect()
}

/// Takes the entry at `place` out of its array, if another entry stays that has an effect. `void` says
/// which go.
fn removal(element: &Element<'_>, void: &[bool], place: usize) -> Option<Edit> {
    let Value::Array(items) = &element.member.value.value else { return None };
    let stays = void.iter().position(|void| !void)?;
    if items.len() != void.len() || !*void.get(place)? {
        return None;
    }
    // Before the first that stays an entry goes with what follows it, after it with what comes before:
    // no two removals touch the same comma.
    let (start, end) = if place < stays {
        (items.get(place)?.span.start, items.get(place + 1)?.span.start)
    } else {
        (items.get(place - 1)?.span.end, items.get(place)?.span.end)
    };
    Some(Edit::delete(policy::Span { start, end }))
}

/// Actions that have nothing to do with the resource that the policy is of.
pub(super) fn of_resource_type(
    policy: &Policy<'_>,
    statement: &Statement<'_>,
    findings: &mut Findings,
) {
    let type_ = match policy.kind {
        PolicyType::Trust => TRUST_TYPE,
        PolicyType::Resource => policy.resource_type.unwrap_or_default(),
        _ => return,
    };
    let Some(element) = &statement.actions else { return };
    for entry in &element.entries {
        let Some((prefix, name)) = entry.text.split_once(':') else { continue };
        // Of services that are none it is said already.
        if actions::service(prefix).is_none() || fits(type_, prefix, name) {
            continue;
        }
        let message = format!(
            "The action {} is not supported for the resource-based policy attached to the resource \
             type {type_}.",
            entry.text
        );
        findings.add(Code::UnsupportedActionInPolicy, entry.span, message);
    }
}

fn fits(type_: &str, prefix: &str, name: &str) -> bool {
    match super::arns::service_of(type_) {
        Some("sts") => {
            prefix.eq_ignore_ascii_case("sts")
                && OF_TRUST.iter().any(|known| actions::matches(name, known))
        }
        Some(service) => prefix.eq_ignore_ascii_case(service),
        None => true,
    }
}
