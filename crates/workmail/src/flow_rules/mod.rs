//! E-mail flow rules: what happens to mail by who sent it and whom it is for.
//!
//! An organization has rules for what comes in and rules for what its users send. Of those that apply to a message
//! and a recipient, the most specific one wins ([`Rules::judge`]). What is done then is the mail side's business.

mod action;
mod authors;
mod inbound;
mod known;
mod lambda;
mod operations;
mod outbound;
mod pattern;
mod rows;
mod rules;
#[cfg(test)]
mod slow;

pub use self::{
    action::Action,
    authors::Authors,
    known::KnownRules,
    pattern::Party,
    rules::{Rule, Rules},
};
pub(crate) use self::{
    inbound::{
        create_inbound_mail_flow_rule, delete_inbound_mail_flow_rule,
        describe_inbound_mail_flow_rule, list_inbound_mail_flow_rules,
        test_inbound_mail_flow_rules, update_inbound_mail_flow_rule,
    },
    outbound::{
        create_outbound_mail_flow_rule, delete_outbound_mail_flow_rule,
        describe_outbound_mail_flow_rule, list_outbound_mail_flow_rules,
        test_outbound_mail_flow_rules, update_outbound_mail_flow_rule,
    },
};

/// Which mail a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Mail for addresses of the organization.
    Inbound,
    /// Mail that users of the organization send.
    Outbound,
}

impl Direction {
    /// As the store writes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "INBOUND",
            Self::Outbound => "OUTBOUND",
        }
    }
}
