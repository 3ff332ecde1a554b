//! SearchMembers: users, groups and resources by a fragment of their names or addresses.
//!
//! A fragment is no prefix, so no index finds it. Instead each call looks at a bounded number of members, by name,
//! and the token says where the next one goes on: a page may hold few members, or none, and still not be the last.

use iam::door::Call;
use store::{Row, Snapshot, params};
use wire::{
    Sensitive,
    workmail::{
        EntityState, EntityType, FoundMember, MemberState, Operation, SearchMembersRequest,
        SearchMembersResponse,
    },
};

use crate::{organizations, page::Page, refusal};

/// Members that one call looks at.
const EXAMINED_MAX: usize = 1_000;
/// Words of one query.
const WORDS_MAX: usize = 8;

pub(crate) async fn search_members(
    call: &mut Call,
    input: SearchMembersRequest,
) -> Result<SearchMembersResponse, wire::Error> {
    let (id, operation) = (&input.organization_id, Operation::SearchMembers);
    let wanted = Wanted::new(&input)?;
    let scope = [id.as_str(), &format!("{wanted:?}")];
    let page = Page::open(call, operation, &scope, input.next_token.as_deref(), input.max_results)?;
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let examined = examine(snapshot, &organization.id, &page.range("").key).await?;
    let (found, next_token) = wanted.choose(examined, &page)?;
    Ok(SearchMembersResponse { members: Some(found), next_token })
}

/// What a member must be: all of it.
#[derive(Debug)]
struct Wanted {
    /// In lower case. Each is somewhere in a name or an address.
    words: Vec<String>,
    kind: Option<EntityType>,
    state: Option<EntityState>,
}

impl Wanted {
    fn new(input: &SearchMembersRequest) -> Result<Self, wire::Error> {
        let words: Vec<_> =
            input.words.expose().split_whitespace().map(str::to_lowercase).collect();
        if words.is_empty() || words.len() > WORDS_MAX {
            let text = format!("Words must hold 1 to {WORDS_MAX} words.");
            return Err(refusal::invalid(text));
        }
        let state = input.state.map(|state| match state {
            MemberState::Enabled => EntityState::Enabled,
            MemberState::Disabled => EntityState::Disabled,
        });
        Ok(Self { words, kind: input.r#type, state })
    }

    /// The members that match, as far as they go on the page, and the token of the next one.
    fn choose(
        &self,
        examined: Vec<Member>,
        page: &Page,
    ) -> Result<(Vec<FoundMember>, Option<String>), wire::Error> {
        let mut found = Vec::new();
        let mut last = None;
        for (place, member) in examined.into_iter().enumerate() {
            if place == EXAMINED_MAX || found.len() == page.limit() {
                let token = last.map(|key: String| page.token(&key, ""));
                return Ok((found, token.transpose()?));
            }
            last = Some(member.key.clone());
            if self.is(&member) {
                found.push(member.shown());
            }
        }
        Ok((found, None))
    }

    fn is(&self, member: &Member) -> bool {
        self.kind.is_none_or(|kind| kind == member.kind)
            && self.state.is_none_or(|state| state == member.state)
            && self.words.iter().all(|word| member.texts.iter().any(|text| text.contains(word)))
    }
}

/// A living user, group or resource.
struct Member {
    id: String,
    kind: EntityType,
    name: String,
    state: EntityState,
    /// By which the list is sorted; no other living member of the organization has it.
    key: String,
    display_name: Option<String>,
    email: Option<String>,
    /// Names and addresses in lower case.
    texts: Vec<String>,
}

/// The members whose names come after `after`, by name: as many as one call looks at, and one more to know whether
/// there are more.
async fn examine(
    snapshot: &mut Snapshot,
    organization: &str,
    after: &str,
) -> Result<Vec<Member>, store::Error> {
    let limit = params![organization, after, EXAMINED_MAX + 1];
    let rows =
        snapshot.rows(SQL, limit, |row| Ok((Member::of(row)?, row.get(6)?, row.get(7)?))).await?;
    let mut members: Vec<Member> = Vec::new();
    for (member, address, is_primary) in rows {
        if members.last().is_none_or(|last| last.id != member.id) {
            members.push(member);
        }
        if let Some(last) = members.last_mut() {
            last.add_address(address, is_primary);
        }
    }
    Ok(members)
}

/// A row for each address of a member.
const SQL: &str = "SELECT e.id, e.kind, e.name, e.state, e.name_key, d.display_name, \
    a.address, a.is_primary FROM (SELECT id, kind, name, state, name_key FROM entities \
    WHERE organization_id = $1 AND deleted_at IS NULL AND name_key > $2 \
    ORDER BY name_key LIMIT $3) e \
    LEFT JOIN user_details d ON d.entity_id = e.id \
    LEFT JOIN addresses a ON a.entity_id = e.id ORDER BY e.name_key";

impl Member {
    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        let corrupt = || store::Error::corrupt("the kind or state of an entity");
        let (key, display_name): (String, Option<String>) = (row.get(4)?, row.get(5)?);
        let mut texts = vec![key.clone()];
        texts.extend(display_name.as_deref().map(str::to_lowercase));
        Ok(Self {
            id: row.get(0)?,
            kind: EntityType::parse(row.get(1)?).ok_or_else(corrupt)?,
            name: row.get(2)?,
            state: EntityState::parse(row.get(3)?).ok_or_else(corrupt)?,
            key,
            display_name,
            email: None,
            texts,
        })
    }

    fn add_address(&mut self, address: Option<String>, is_primary: Option<bool>) {
        let Some(address) = address else { return };
        self.texts.push(address.to_lowercase());
        if is_primary == Some(true) {
            self.email = Some(address);
        }
    }

    fn shown(self) -> FoundMember {
        FoundMember {
            id: Some(self.id),
            r#type: Some(self.kind),
            name: Some(self.name),
            display_name: self.display_name.map(Sensitive::from),
            email: self.email,
            state: Some(self.state),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_search_reads_what_it_examines_and_nothing_else() {
        let plan = crate::plan::of(SQL, 3).await;
        let tables = ["SCAN entities", "SCAN d", "SCAN a"];
        assert!(!plan.iter().any(|step| tables.iter().any(|t| step.starts_with(t))), "{plan:?}");
    }
}
