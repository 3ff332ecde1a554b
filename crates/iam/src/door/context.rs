//! The condition keys of a call, each made only when a policy asks for it.

use std::borrow::Cow;

use policy::{Context, Values};

use super::{Caller, Principal, Resource};
use crate::tags;

/// The request context of one decision (IAM User Guide, "AWS global condition context keys").
pub(crate) struct CallContext<'a> {
    caller: &'a Caller,
    caller_tags: &'a tags::Pairs,
    resource: &'a Resource,
}

impl<'a> CallContext<'a> {
    /// The context of `caller`, who bears `caller_tags`, reaching for `resource`.
    pub(crate) fn new(
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
            "aws:principalarn" => caller.principal_arn().into(),
            "aws:principalaccount" if !caller.account.is_empty() => (&*caller.account).into(),
            "aws:resourceaccount" => self.resource.owner(caller).into(),
            "aws:principaltype" => principal_type(&caller.principal).into(),
            "aws:userid" => caller.user_id(),
            "aws:username" => caller.user_name()?.into(),
            "aws:principalisawsservice" | "aws:viaawsservice" => truth(false),
            "aws:sourceidentity" => caller.scope()?.source_identity.as_deref()?.into(),
            "aws:federatedprovider" => caller.scope()?.provider.as_deref()?.into(),
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
            "aws:principaltag" => return self.principal_tag(tag),
            "aws:requesttag" => &self.resource.request_tags,
            // Every service has its own form of the resource tag beside the global one.
            _ if family.ends_with(":resourcetag") => &self.resource.tags,
            _ => return None,
        };
        find(tags, tag)
    }

    /// A tag of the session, or else of the user or role.
    fn principal_tag(&self, tag: &str) -> Option<Cow<'a, str>> {
        let of_session = self.caller.scope().and_then(|scope| find(&scope.tags, tag));
        of_session.or_else(|| find(self.caller_tags, tag))
    }

    fn of_operation(&self, key: &str) -> Option<Values<'a>> {
        let (_, values) = self.resource.keys.iter().find(|(name, _)| *name == key)?;
        Some(match values.as_slice() {
            [one] => Values::One(one.into()),
            many => Values::Many(many.iter().map(Cow::from).collect()),
        })
    }
}

/// Tag keys in condition keys are compared without case, like the keys themselves.
fn find<'a>(tags: &'a [(String, String)], wanted: &str) -> Option<Cow<'a, str>> {
    let (_, value) = tags.iter().find(|(key, _)| key.to_lowercase() == wanted)?;
    Some(value.into())
}

impl Context for CallContext<'_> {
    fn get(&self, key: &str) -> Option<Values<'_>> {
        if key == "aws:tagkeys" {
            let keys = &self.resource.tag_keys;
            let keys = || keys.iter().map(|key| Cow::Borrowed(key.as_str())).collect();
            return (!self.resource.tag_keys.is_empty()).then(|| Values::Many(keys()));
        }
        // What the operation itself tells of goes first: it knows a second factor that it was just given.
        self.of_operation(key)
            .or_else(|| self.global(key).or_else(|| self.tagged(key)).map(Values::One))
    }
}

fn truth(value: bool) -> Cow<'static, str> {
    Cow::Borrowed(if value { "true" } else { "false" })
}

fn principal_type(principal: &Principal) -> &'static str {
    match principal {
        Principal::Root => "Account",
        Principal::User { .. } => "User",
        Principal::Role(_) => "AssumedRole",
        Principal::Federated(_) => "FederatedUser",
        Principal::Web(_) | Principal::Anonymous => "Anonymous",
    }
}
