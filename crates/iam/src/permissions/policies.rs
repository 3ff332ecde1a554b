//! Managed policies: the account's own, and those of AWS beside them.

use policy::Kind;
use store::{Row, Snapshot, Transaction, params};
use wire::{
    errors::{ACCESS_DENIED, VALIDATION},
    iam::{
        CreatePolicyRequest, CreatePolicyResponse, DeletePolicyRequest, GetPolicyRequest,
        GetPolicyResponse, ListPolicyTagsRequest, ListPolicyTagsResponse, Policy, TagPolicyRequest,
        UntagPolicyRequest,
        errors::{DELETE_CONFLICT, ENTITY_ALREADY_EXISTS, NO_SUCH_ENTITY},
    },
};
use world::Timestamp;

use crate::{
    arns::{self, PolicyArn},
    documents,
    door::{Call, Caller, Resource, Target},
    epoch,
    ids::{self, Kind as IdKind},
    managed::{self, ManagedPolicy},
    names,
    pages::Page,
    policy_versions::{self, FIRST_VERSION},
    quotas, tags,
};

/// AWS's name of the limit of tags.
const TAGS_QUOTA: &str = "TagsPerPolicy";

/// A managed policy that an account can see.
pub(crate) enum Found {
    /// One of AWS's own.
    Aws(&'static ManagedPolicy),
    /// One of the account's.
    Customer(Stored),
}

/// A policy of an account as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) description: Option<String>,
    pub(crate) default_version: u32,
    pub(crate) next_version: u32,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// How often a policy is used in an account.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) attachments: i32,
    pub(crate) boundaries: i32,
}

pub(crate) async fn create(
    call: &mut Call,
    input: CreatePolicyRequest,
) -> Result<CreatePolicyResponse, wire::Error> {
    let tags = tags::checked(input.tags)?;
    let path = input.path.unwrap_or_else(|| names::ROOT_PATH.to_owned());
    let (caller, world, now) = (call.caller(), call.world(), call.now());
    let arn = arns::policy(&caller.account, &path, &input.policy_name);
    let target = Resource::arn(&arn).bringing(tags.iter().cloned());
    let mut tx = call.write("iam:CreatePolicy", &target).await?;
    if !tags.is_empty() {
        tx = call.write("iam:TagPolicy", &target).await?;
    }
    refuse_taken(tx, &caller.account, &input.policy_name).await?;
    check_document(&input.policy_document)?;
    quotas::check("PoliciesPerAccount", quotas::POLICIES, count(tx, &caller.account).await?)?;
    let policy = Stored {
        id: ids::generate(&world, IdKind::Policy, &caller.account),
        arn,
        name: input.policy_name,
        path,
        description: input.description,
        default_version: FIRST_VERSION,
        next_version: FIRST_VERSION + 1,
        created_at: now,
        updated_at: now,
    };
    policy.insert(tx, &caller.account).await?;
    policy_versions::insert(tx, &policy.id, FIRST_VERSION, &input.policy_document, now).await?;
    tags::put(tx, &policy.id, &tags, TAGS_QUOTA).await?;
    let shown = Policy { tags: tags::shown(tags), ..policy.shown(Usage::default()) };
    Ok(CreatePolicyResponse { policy: Some(shown) })
}

/// Accepts the text of a managed policy.
pub(crate) fn check_document(text: &str) -> Result<(), wire::Error> {
    documents::check(text, Kind::Managed)?;
    let size = documents::size(text).saturating_sub(1);
    quotas::check("PolicySize", quotas::POLICY_CHARS as i64, size as i64)
}

pub(crate) async fn get(
    call: &mut Call,
    input: GetPolicyRequest,
) -> Result<GetPolicyResponse, wire::Error> {
    let caller = call.caller();
    let target = ByArn::new(&input.policy_arn)?;
    let snapshot = call.read("iam:GetPolicy", target).await?;
    let found = get_any(snapshot, &caller, &input.policy_arn).await?;
    let usage = usage(snapshot, &caller.account, &input.policy_arn).await?;
    let tags = tags::listed(tags::of(snapshot, found.id().unwrap_or_default()).await?);
    let description = found.description();
    let policy = Policy { description, tags, ..found.shown(usage) };
    Ok(GetPolicyResponse { policy: Some(policy) })
}

/// Deletes a policy that is used nowhere and has no version but its default.
pub(crate) async fn delete(call: &mut Call, input: DeletePolicyRequest) -> Result<(), wire::Error> {
    const ACTION: &str = "iam:DeletePolicy";
    let caller = call.caller();
    let tx = call.write(ACTION, ByArn::new(&input.policy_arn)?).await?;
    let policy = get_own(tx, &caller, ACTION, &input.policy_arn).await?;
    let usage = usage(tx, &caller.account, &policy.arn).await?;
    if usage.attachments + usage.boundaries > 0 {
        return Err(DELETE_CONFLICT.with("Cannot delete a policy attached to entities."));
    }
    if policy_versions::count(tx, &policy.id).await? > 1 {
        return Err(DELETE_CONFLICT.with(
            "This policy has more than one version. Before you delete a policy, you must delete the \
             policy's versions. The default version is deleted with the policy.",
        ));
    }
    tags::remove_all(tx, &policy.id).await?;
    for sql in
        ["DELETE FROM policy_versions WHERE policy_id = $1", "DELETE FROM policies WHERE id = $1"]
    {
        tx.execute(sql, params![&policy.id]).await?;
    }
    Ok(epoch::bump(tx, &caller.account).await?)
}

pub(crate) async fn tag(call: &mut Call, input: TagPolicyRequest) -> Result<(), wire::Error> {
    const ACTION: &str = "iam:TagPolicy";
    let tags = tags::checked(Some(input.tags))?;
    let caller = call.caller();
    let target = ByArn::new(&input.policy_arn)?.bringing(&tags);
    let tx = call.write(ACTION, target).await?;
    let policy = get_own(tx, &caller, ACTION, &input.policy_arn).await?;
    tags::put(tx, &policy.id, &tags, TAGS_QUOTA).await
}

pub(crate) async fn untag(call: &mut Call, input: UntagPolicyRequest) -> Result<(), wire::Error> {
    const ACTION: &str = "iam:UntagPolicy";
    let caller = call.caller();
    let target = ByArn::new(&input.policy_arn)?.naming(&input.tag_keys);
    let tx = call.write(ACTION, target).await?;
    let policy = get_own(tx, &caller, ACTION, &input.policy_arn).await?;
    Ok(tags::remove(tx, &policy.id, &input.tag_keys).await?)
}

pub(crate) async fn list_tags(
    call: &mut Call,
    input: ListPolicyTagsRequest,
) -> Result<ListPolicyTagsResponse, wire::Error> {
    let page = Page::of(call, "ListPolicyTags", input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let snapshot = call.read("iam:ListPolicyTags", ByArn::new(&input.policy_arn)?).await?;
    let found = get_any(snapshot, &caller, &input.policy_arn).await?;
    let cut = tags::page(snapshot, found.id().unwrap_or_default(), page).await?;
    Ok(ListPolicyTagsResponse {
        tags: cut.items,
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

/// A policy by its ARN, as policies see it.
#[derive(Clone, Debug)]
pub(crate) struct ByArn(Resource);

impl ByArn {
    /// The policy of that ARN.
    ///
    /// # Errors
    /// `ValidationError` for what has not the form of a policy's ARN.
    pub(crate) fn new(arn: &str) -> Result<Self, wire::Error> {
        check_arn(arn)?;
        Ok(Self(Resource::arn(arn)))
    }

    fn bringing(self, tags: &tags::Pairs) -> Self {
        Self(self.0.bringing(tags.iter().cloned()))
    }

    fn naming(self, keys: &[String]) -> Self {
        Self(self.0.naming(keys.iter().cloned()))
    }
}

impl Target for ByArn {
    async fn resolve(
        &self,
        snapshot: &mut Snapshot,
        caller: &Caller,
    ) -> Result<Resource, wire::Error> {
        let mut resource = self.0.clone();
        if let Some(Found::Customer(policy)) =
            find(snapshot, &caller.account, &resource.arn).await?
        {
            resource.tags = tags::of(snapshot, &policy.id).await?;
        }
        Ok(resource)
    }
}

/// Refuses what has not the form of a policy's ARN.
pub(crate) fn check_arn(arn: &str) -> Result<(), wire::Error> {
    match PolicyArn::parse(arn) {
        Some(_) => Ok(()),
        None => Err(VALIDATION.with("Invalid ARN:  Could not be parsed!")),
    }
}

/// The policy of that ARN, if it is AWS's or the account's.
pub(crate) async fn find(
    snapshot: &mut Snapshot,
    account: &str,
    arn: &str,
) -> Result<Option<Found>, store::Error> {
    if let Some(policy) = managed::find(arn) {
        return Ok(Some(Found::Aws(policy)));
    }
    let sql =
        format!("SELECT {} FROM policies WHERE arn = $1 AND account_id = $2", Stored::COLUMNS);
    let policy = snapshot.row(&sql, params![arn, account], Stored::read).await?;
    Ok(policy.map(Found::Customer))
}

/// Whether there is a policy of that ARN which `account` can use: its own, or AWS's.
///
/// # Errors
/// The store's.
pub async fn exists(
    snapshot: &mut Snapshot,
    account: &str,
    arn: &str,
) -> Result<bool, store::Error> {
    Ok(find(snapshot, account, arn).await?.is_some())
}

/// The policy of that ARN, or `NoSuchEntity`.
pub(crate) async fn get_any(
    snapshot: &mut Snapshot,
    caller: &Caller,
    arn: &str,
) -> Result<Found, wire::Error> {
    find(snapshot, &caller.account, arn).await?.ok_or_else(|| unknown(arn))
}

/// The policy of that ARN if the account may change it. Nobody may change AWS's own.
pub(crate) async fn get_own(
    snapshot: &mut Snapshot,
    caller: &Caller,
    action: &str,
    arn: &str,
) -> Result<Stored, wire::Error> {
    match get_any(snapshot, caller, arn).await? {
        Found::Customer(policy) => Ok(policy),
        Found::Aws(_) => Err(ACCESS_DENIED.with(format!(
            "User: {} is not authorized to perform: {action} on resource: policy {arn}",
            caller.arn()
        ))),
    }
}

pub(crate) fn unknown(arn: &str) -> wire::Error {
    NO_SUCH_ENTITY.with(format!("Policy {arn} was not found."))
}

/// How often the account uses the policy of that ARN.
pub(crate) async fn usage(
    snapshot: &mut Snapshot,
    account: &str,
    arn: &str,
) -> Result<Usage, store::Error> {
    const SQL: &str = "SELECT \
        (SELECT COUNT(*) FROM attachments WHERE account_id = $1 AND policy_arn = $2), \
        (SELECT COUNT(*) FROM users WHERE account_id = $1 AND permissions_boundary = $2) \
        + (SELECT COUNT(*) FROM roles WHERE account_id = $1 AND permissions_boundary = $2)";
    let usage = |row: &Row<'_>| Ok(Usage { attachments: row.get(0)?, boundaries: row.get(1)? });
    Ok(snapshot.row(SQL, params![account, arn], usage).await?.unwrap_or_default())
}

/// The default version of a customer's policy; nothing for AWS's own.
pub(crate) async fn default_text(
    snapshot: &mut Snapshot,
    arn: &str,
) -> Result<Option<String>, store::Error> {
    const SQL: &str = "SELECT v.document FROM policies p JOIN policy_versions v \
        ON v.policy_id = p.id AND v.version = p.default_version WHERE p.arn = $1";
    snapshot.row(SQL, params![arn], |row| row.get(0)).await
}

/// The document in force of a policy.
pub(crate) async fn text_in_force(
    snapshot: &mut Snapshot,
    found: &Found,
) -> Result<String, store::Error> {
    match found {
        Found::Aws(policy) => Ok(policy.default_version().document.to_owned()),
        Found::Customer(policy) => default_text(snapshot, &policy.arn)
            .await?
            .ok_or_else(|| store::Error::corrupt("a policy has no version in force")),
    }
}

async fn refuse_taken(
    snapshot: &mut Snapshot,
    account: &str,
    name: &str,
) -> Result<(), wire::Error> {
    const SQL: &str = "SELECT 1 FROM policies WHERE account_id = $1 AND name_key = $2";
    if snapshot.row(SQL, params![account, names::fold(name)], |_| Ok(())).await?.is_none() {
        return Ok(());
    }
    Err(ENTITY_ALREADY_EXISTS
        .with(format!("A policy called {name} already exists. Duplicate names are not allowed.")))
}

async fn count(snapshot: &mut Snapshot, account: &str) -> Result<i64, store::Error> {
    const SQL: &str = "SELECT COUNT(*) FROM policies WHERE account_id = $1";
    Ok(snapshot.row(SQL, params![account], |row| row.get(0)).await?.unwrap_or(0))
}

impl Found {
    /// Its ARN.
    pub(crate) fn arn(&self) -> &str {
        match self {
            Self::Aws(policy) => policy.arn,
            Self::Customer(policy) => &policy.arn,
        }
    }

    /// The id under which its tags are. AWS's own bear none, and nothing is stored for them.
    fn id(&self) -> Option<&str> {
        match self {
            Self::Aws(_) => None,
            Self::Customer(policy) => Some(&policy.id),
        }
    }

    /// What it is for, if its maker said so.
    pub(crate) fn description(&self) -> Option<String> {
        match self {
            Self::Aws(policy) => Some(policy.description.to_owned()),
            Self::Customer(policy) => policy.description.clone(),
        }
    }

    /// As answers carry it, without description and tags.
    pub(crate) fn shown(&self, usage: Usage) -> Policy {
        match self {
            Self::Aws(policy) => shown_aws(policy, usage),
            Self::Customer(policy) => policy.shown(usage),
        }
    }
}

/// One of AWS's own as answers carry it, without its description.
pub(crate) fn shown_aws(policy: &ManagedPolicy, usage: Usage) -> Policy {
    let version = policy.default_version();
    Policy {
        policy_name: Some(policy.name().to_owned()),
        policy_id: Some(policy.id.to_owned()),
        arn: Some(policy.arn.to_owned()),
        path: Some(policy.path().to_owned()),
        default_version_id: Some(policy_versions::version_id(version.number)),
        attachment_count: Some(usage.attachments),
        permissions_boundary_usage_count: Some(usage.boundaries),
        is_attachable: Some(true),
        description: None,
        create_date: Some(policy.created_at()),
        update_date: Some(version.created_at()),
        tags: None,
    }
}

impl Stored {
    /// The columns that [`read`](Self::read) reads.
    pub(crate) const COLUMNS: &str = "id, arn, name, path, description, default_version, \
        next_version, created_at, updated_at";

    pub(crate) fn read(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get(0)?,
            arn: row.get(1)?,
            name: row.get(2)?,
            path: row.get(3)?,
            description: row.get(4)?,
            default_version: row.get(5)?,
            next_version: row.get(6)?,
            created_at: row.get(7)?,
            updated_at: row.get(8)?,
        })
    }

    async fn insert(&self, tx: &mut Transaction, account: &str) -> Result<(), store::Error> {
        const SQL: &str = "INSERT INTO policies (id, account_id, arn, name, name_key, path, \
            description, default_version, next_version, created_at, updated_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        let params = params![
            &self.id,
            account,
            &self.arn,
            &self.name,
            names::fold(&self.name),
            &self.path,
            self.description.as_deref(),
            self.default_version,
            self.next_version,
            self.created_at,
            self.updated_at,
        ];
        tx.execute(SQL, params).await.map(drop)
    }

    /// As answers carry it, without description and tags.
    pub(crate) fn shown(&self, usage: Usage) -> Policy {
        Policy {
            policy_name: Some(self.name.clone()),
            policy_id: Some(self.id.clone()),
            arn: Some(self.arn.clone()),
            path: Some(self.path.clone()),
            default_version_id: Some(policy_versions::version_id(self.default_version)),
            attachment_count: Some(usage.attachments),
            permissions_boundary_usage_count: Some(usage.boundaries),
            is_attachable: Some(true),
            description: None,
            create_date: Some(self.created_at),
            update_date: Some(self.updated_at),
            tags: None,
        }
    }
}
