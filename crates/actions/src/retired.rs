//! Actions that old policies still name and no service has any more.
//!
//! From WorkMail's and Directory Service's old documentation, and the history of AWS's own policies.

use crate::service::Folded;

/// In lower case and sorted.
const RETIRED: [&str; 23] = [
    "ds:createdomain",
    "ds:deletealias",
    "ds:extenddirectory",
    "ec2:describedomains",
    "workmail:addmemberstogroup",
    "workmail:createmailuser",
    "workmail:describedirectories",
    "workmail:describekmskeys",
    "workmail:describemailgroups",
    "workmail:describemailusers",
    "workmail:describeorganizations",
    "workmail:disablemailgroups",
    "workmail:disablemailusers",
    "workmail:enablemailgroups",
    "workmail:enablemailusers",
    "workmail:getmailgroupdetails",
    "workmail:getmailuserdetails",
    "workmail:listmembersinmailgroup",
    "workmail:removemembersfromgroup",
    "workmail:resetuserpassword",
    "workmail:setadmin",
    "workmail:setmailgroupdetails",
    "workmail:setmailuserdetails",
];

/// Whether `action`, as in `ds:CreateDomain`, was once one, or is in AWS's own old policies.
#[must_use]
pub fn is_retired(action: &str) -> bool {
    RETIRED.binary_search_by(|known| Folded(known).cmp(&Folded(action))).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_alive() {
        assert!(RETIRED.is_sorted());
        for action in RETIRED {
            assert!(
                is_retired(&action.to_uppercase()) && crate::action(action).is_none(),
                "{action}"
            );
        }
        assert!(!is_retired("workmail:CreateUser") && !is_retired("workmail:CreateUsr"));
    }
}
