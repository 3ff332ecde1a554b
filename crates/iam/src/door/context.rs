//! The condition keys of a call, each made only when a policy asks for it.

use std::borrow::Cow;

use policy::{Context, Values};

use super::{Caller, Principal, Resource};
use crate::tags;

/// The request context of one decision (IAM User Guide, "AWS global condition context keys").
pub(super) struct CallContext<'a> {
    caller: &'a Caller,
    caller_tags: &'a tags::Pairs,
    resource: &'a Resource,
}

impl<'a> CallContext<'a> {
    /// The context of `caller`, who bears `caller_tags`, reaching for `resource`.
    pub(super) fn new(
        caller: &'a Caller,
        caller_tags: &'a tags::Pairs,
        resource: &'a Resource,
    ) -> Self {
        Self { caller, caller_tags, resource }
    }

    fn global(&self, key: &str) -> Option<Cow<'a, str>> {
        let caller = self.caller;
        let request = &caller.request;
        let value: Cow<'a, str> = match key {
            "aws:currenttime" => request.now.iso8601().into(),
            "aws:epochtime" => request.now.as_seconds().to_string().into(),
            "aws:securetransport" => truth(request.secure_transport),
            "aws:sourceip" => request.source_ip.to_canonical().to_string().into(),
            "aws:useragent" if !request.user_agent.is_empty() => (&*request.user_agent).into(),
            "aws:requestedregion" => (&*request.region).into(),
            "aws:principalarn" => caller.arn().into(),
            "aws:principalaccount" | "aws:resourceaccount" => (&*caller.account).into(),
            "aws:principaltype" => principal_type(&caller.principal).into(),
            "aws:userid" => caller.user_id().into(),
            "aws:username" => caller.user_name()?.into(),
            "aws:principalisawsservice" | "aws:viaawsservice" => truth(false),
            "aws:tokenissuetime" => caller.session.as_ref()?.issued_at.iso8601().into(),
            "aws:multifactorauthpresent" => truth(caller.session.as_ref()?.mfa_at.is_some()),
            "aws:multifactorauthage" => {
                let proved = caller.session.as_ref()?.mfa_at?;
                request.now.since(proved).as_secs().to_string().into()
            }
            _ => return None,
        };
        Some(value)
    }

    fn tagged(&self, key: &str) -> Option<Cow<'a, str>> {
        let (family, tag) = key.split_once('/')?;
        let tags = match family {
            "aws:principaltag" => self.caller_tags,
            "aws:requesttag" => &self.resource.request_tags,
            // Every service has its own form of the resource tag beside the global one.
            _ if family.ends_with(":resourcetag") => &self.resource.tags,
            _ => return None,
        };
        // Tag keys in condition keys are compared without case, like the keys themselves.
        let found = tags.iter().find(|(key, _)| key.to_lowercase() == tag)?;
        Some((&*found.1).into())
    }

    fn of_operation(&self, key: &str) -> Option<Cow<'a, str>> {
        let found = self.resource.keys.iter().find(|(name, _)| name.eq_ignore_ascii_case(key))?;
        Some((&*found.1).into())
    }
}

impl Context for CallContext<'_> {
    fn get(&self, key: &str) -> Option<Values<'_>> {
        if key == "aws:tagkeys" {
            let keys = &self.resource.tag_keys;
            let keys = || keys.iter().map(|key| Cow::Borrowed(key.as_str())).collect();
            return (!self.resource.tag_keys.is_empty()).then(|| Values::Many(keys()));
        }
        self.global(key)
            .or_else(|| self.tagged(key))
            .or_else(|| self.of_operation(key))
            .map(Values::One)
    }
}

fn truth(value: bool) -> Cow<'static, str> {
    Cow::Borrowed(if value { "true" } else { "false" })
}

fn principal_type(principal: &Principal) -> &'static str {
    match principal {
        Principal::Root => "Account",
        Principal::User { .. } => "User",
    }
}
