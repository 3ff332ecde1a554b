//! Condition keys that say little without another.

use crate::{
    code::Code,
    finding::Findings,
    tree::{Policy, Statement},
};

/// A key, and those of which one has to be there too. A private address is unique in its network only.
const PAIRS: [(&str, &[&str]); 2] = [
    ("aws:VpcSourceIp", &["aws:SourceVpc", "aws:SourceVpce", "aws:SourceVpcArn"]),
    ("aws:Ec2InstanceSourcePrivateIPv4", &["aws:Ec2InstanceSourceVpc"]),
];

pub(super) fn check(_: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    for condition in &statement.conditions {
        let name = &condition.key.value;
        let pair = PAIRS.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        let Some((_, partners)) = pair.filter(|(_, partners)| !statement.asks_for(partners)) else {
            continue;
        };
        let message = format!(
            "Using the condition key {name} can be overly permissive without also using the following \
             condition keys: {}. Condition keys like this one are more secure when paired with a related \
             key. We recommend that you add the related condition keys to the same condition block.",
            partners.join(", ")
        );
        findings.add(Code::MissingPairedConditionKeys, condition.key.span, message);
    }
}
