//! GetMailDomainDetails: the records of a domain one by one, and what the DNS says of each.

use iam::door::Call;
use wire::workmail::{
    DnsRecordVerificationStatus as Status, DomainRecord, DomainRecordPurpose as Purpose,
    DomainRecordStatus as Shown, GetMailDomainDetailsRequest, GetMailDomainDetailsResponse,
    Operation,
};

use super::{
    checks::Open,
    look::{Look, Seen, look},
    show::{Asked, Found, LOOK_TIMEOUT, records},
};
use crate::Settings;

pub(crate) async fn get_mail_domain_details(
    call: &mut Call,
    settings: &Settings,
    input: GetMailDomainDetailsRequest,
) -> Result<GetMailDomainDetailsResponse, wire::Error> {
    let asked = Asked {
        operation: Operation::GetMailDomainDetails,
        organization: &input.organization_id,
        domain: &input.domain_name,
    };
    let (_, domain) = asked.known(call).await?;
    call.release(); // nothing waits for the DNS
    let seen = match domain.is_test {
        true => Look::UNKNOWN,
        false => look_up(settings, &domain.name).await,
    };
    let (organization, found) = asked.find(call, settings).await?;
    let (domain, records) = match found {
        // Its DNS is not ours.
        Found::Test(domain) => (domain, Vec::new()),
        Found::Own(open) => {
            let records = shown(&open, seen, settings);
            (open.domain, records)
        }
    };
    Ok(GetMailDomainDetailsResponse {
        is_test_domain: Some(domain.is_test),
        is_default: Some(organization.default_domain.as_ref() == Some(&domain.name)),
        domain_name: Some(domain.name),
        records: Some(records),
    })
}

/// What the DNS says in time.
async fn look_up(settings: &Settings, domain: &str) -> Look {
    let Some(dns) = &settings.dns else { return Look::UNKNOWN };
    let look = look(dns, &settings.mail_host, domain);
    tokio::time::timeout(LOOK_TIMEOUT, look).await.unwrap_or(Look::UNKNOWN)
}

/// All records with their states: those by which something is proved, as it was found proved or not; the others,
/// as they were just seen.
fn shown(open: &Open, seen: Look, settings: &Settings) -> Vec<DomainRecord> {
    let state = |purpose| match purpose {
        Purpose::Ownership => proved(open.domain.ownership),
        Purpose::Dkim => proved(open.domain.dkim),
        Purpose::Mx => found(seen.mx),
        Purpose::Autodiscover => found(seen.autodiscover),
        Purpose::Spf => found(seen.spf),
        Purpose::Dmarc => found(seen.dmarc),
    };
    let records = records(open, settings).into_iter().map(|(purpose, record)| DomainRecord {
        purpose: Some(purpose),
        r#type: record.r#type,
        hostname: record.hostname,
        value: record.value,
        status: Some(state(purpose)),
    });
    records.collect()
}

fn proved(status: Status) -> Shown {
    match status {
        Status::Verified => Shown::Verified,
        Status::Pending => Shown::Pending,
        Status::Failed => Shown::Failed,
    }
}

fn found(seen: Seen) -> Shown {
    match seen {
        Seen::Verified => Shown::Verified,
        Seen::Missing => Shown::Missing,
        Seen::Inconsistent => Shown::Inconsistent,
        Seen::Unknown => Shown::Unknown,
    }
}
