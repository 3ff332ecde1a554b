//! `GetAccountAuthorizationDetails`: everybody and every managed policy of an account, in one list of pages.

mod entities;
mod policies;
mod roles;

use store::Snapshot;
use wire::iam::{
    EntityType, GetAccountAuthorizationDetailsRequest, GetAccountAuthorizationDetailsResponse,
    GroupDetail, ManagedPolicyDetail, RoleDetail, UserDetail,
};

use crate::{
    door::{Call, Resource},
    pages::{Cut, Page},
};

/// One thing of the list, whatever it is, with its key: the section's digit and the folded name.
struct Item {
    key: String,
    detail: Detail,
}

enum Detail {
    User(UserDetail),
    Group(GroupDetail),
    Role(RoleDetail),
    Policy(ManagedPolicyDetail),
}

/// The sections of the list, in its order.
#[derive(Clone, Copy)]
enum Section {
    Users,
    Groups,
    Roles,
    OwnPolicies,
    AwsPolicies,
}

/// What of a section belongs on the page.
struct Range<'a> {
    account: &'a str,
    after: &'a str,
    limit: usize,
}

pub(crate) async fn get(
    call: &mut Call,
    input: GetAccountAuthorizationDetailsRequest,
) -> Result<GetAccountAuthorizationDetailsResponse, wire::Error> {
    const LIST: &str = "GetAccountAuthorizationDetails";
    let page = Page::of(call, LIST, input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let snapshot = call.read("iam:GetAccountAuthorizationDetails", Resource::any()).await?;
    let filter = input.filter.unwrap_or_default();
    let mut found = Vec::new();
    for section in Section::ALL.into_iter().filter(|section| section.passes(&filter)) {
        let limit = page.fetch().saturating_sub(found.len());
        let Some(after) = section.after(page.after()).filter(|_| limit > 0) else { continue };
        let range = Range { account: &caller.account, after, limit };
        for (name_key, detail) in section.load(snapshot, range).await? {
            found.push(Item { key: format!("{}{name_key}", section.prefix()), detail });
        }
    }
    Ok(answer(page.cut(found, |item| item.key.clone())?))
}

/// The lists are all there, also those that are empty or filtered out.
fn answer(cut: Cut<Item>) -> GetAccountAuthorizationDetailsResponse {
    let (mut users, mut groups, mut roles, mut policies) = (vec![], vec![], vec![], vec![]);
    for item in cut.items {
        match item.detail {
            Detail::User(user) => users.push(user),
            Detail::Group(group) => groups.push(group),
            Detail::Role(role) => roles.push(role),
            Detail::Policy(policy) => policies.push(policy),
        }
    }
    GetAccountAuthorizationDetailsResponse {
        user_detail_list: Some(users),
        group_detail_list: Some(groups),
        role_detail_list: Some(roles),
        policies: Some(policies),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    }
}

impl Section {
    const ALL: [Self; 5] =
        [Self::Users, Self::Groups, Self::Roles, Self::OwnPolicies, Self::AwsPolicies];

    /// Begins the keys of the section; sorts as the sections do.
    fn prefix(self) -> &'static str {
        match self {
            Self::Users => "0/",
            Self::Groups => "1/",
            Self::Roles => "2/",
            Self::OwnPolicies => "3/",
            Self::AwsPolicies => "4/",
        }
    }

    /// Whether a filter lets the section through; an empty one lets all.
    fn passes(self, filter: &[EntityType]) -> bool {
        let kind = match self {
            Self::Users => EntityType::User,
            Self::Groups => EntityType::Group,
            Self::Roles => EntityType::Role,
            Self::OwnPolicies => EntityType::LocalManagedPolicy,
            Self::AwsPolicies => EntityType::AWSManagedPolicy,
        };
        filter.is_empty() || filter.contains(&kind)
    }

    /// After which name the section goes on, if the key of the page before leaves anything of it.
    fn after(self, key: &str) -> Option<&str> {
        match key.strip_prefix(self.prefix()) {
            Some(name_key) => Some(name_key),
            None if key < self.prefix() => Some(""),
            None => None,
        }
    }

    async fn load(
        self,
        snapshot: &mut Snapshot,
        range: Range<'_>,
    ) -> Result<Vec<(String, Detail)>, store::Error> {
        match self {
            Self::Users => entities::users(snapshot, range).await,
            Self::Groups => entities::groups(snapshot, range).await,
            Self::Roles => roles::roles(snapshot, range).await,
            Self::OwnPolicies => policies::own(snapshot, range).await,
            Self::AwsPolicies => policies::of_aws(snapshot, range).await,
        }
    }
}
