//! TestAvailabilityConfiguration: the provider is really asked, and what is wrong with it is told as data.

use std::time::Duration;

use errand::{Client, Limits, Method, Reply, Request, StatusCode, Url, header};
use iam::door::Call;
use wire::workmail::{
    Operation, TestAvailabilityConfigurationRequest, TestAvailabilityConfigurationResponse,
};
use world::Timestamp;

use super::{
    domain, function,
    provider::{Ews, Provider},
    stored,
};
use crate::{Settings, organizations, refusal};

/// How long a provider may take.
const TIMEOUT: Duration = Duration::from_secs(10);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The namespace of EWS's requests and answers.
const MESSAGES: &str = "http://schemas.microsoft.com/exchange/services/2006/messages";
/// The namespace of SOAP 1.1.
const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// Nobody said where functions run.
const NO_LAMBDA: &str = "The operator of this server has not said where functions run.";

pub(crate) async fn test_availability_configuration(
    call: &mut Call,
    settings: &Settings,
    input: TestAvailabilityConfigurationRequest,
) -> Result<TestAvailabilityConfigurationResponse, wire::Error> {
    let (errands, keyring, now) = (call.errands(), call.keyring(), call.now());
    let caller = call.caller();
    let operation = Operation::TestAvailabilityConfiguration;
    let (snapshot, organization) =
        organizations::read(call, operation, &input.organization_id).await?;
    let given = Provider::given(input.ews_provider, input.lambda_provider)?;
    let provider = match (given, &input.domain_name) {
        (Some(provider), None) => provider,
        (None, Some(name)) => stored(snapshot, &keyring, &organization.id, &domain(name)?).await?,
        _ => return Err(refusal::invalid("Give either one provider or the DomainName.")),
    };
    let account = caller.account.clone();
    let asker = lambda::Caller { arn: organizations::arn(&caller, &organization.id), account };
    call.release(); // nothing waits for the other server
    let outcome = match provider {
        Provider::Ews(ews) => log_in(&errands, &ews, now).await,
        Provider::Lambda(arn) => match &settings.functions {
            Some(functions) => function::try_out(functions, &arn, &asker, &organization, now).await,
            None => Err(NO_LAMBDA),
        },
    };
    Ok(TestAvailabilityConfigurationResponse {
        test_passed: Some(outcome.is_ok()),
        failure_reason: outcome.err().map(str::to_owned),
    })
}

/// Asks an EWS server for the free/busy times of the user who logs in. That there is no such mailbox is an answer
/// too: it is given to those only who are logged in.
async fn log_in(errands: &Client, ews: &Ews, now: Timestamp) -> Result<(), &'static str> {
    let url = Url::parse(&ews.endpoint).map_err(|_| "The EWS endpoint is not an https URL.")?;
    let authorization = ews.authorization().ok_or("The user name or password cannot be sent.")?;
    let mut request = Request::get(url);
    request.method = Method::POST;
    request.headers.insert(header::AUTHORIZATION, authorization);
    let xml = header::HeaderValue::from_static("text/xml; charset=utf-8");
    request.headers.insert(header::CONTENT_TYPE, xml);
    request.body = question(&ews.username, now).into();
    request.limits = Limits { timeout: TIMEOUT, ..Limits::default() };
    judge(&errands.run(request).await.map_err(|error| unreachable_because(&error))?)
}

/// None of these repeats what the other server said, so that nobody reads by them what is not theirs.
fn judge(reply: &Reply) -> Result<(), &'static str> {
    match reply.status {
        StatusCode::OK if is_availability(&reply.body) => Ok(()),
        StatusCode::OK => Err("The endpoint answered, but not as Exchange Web Services do."),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err("The EWS endpoint refused the user name and password.")
        }
        _ => Err("The EWS endpoint answered with a failure."),
    }
}

fn unreachable_because(error: &errand::Error) -> &'static str {
    match error {
        errand::Error::Resolve { .. } => "The host of the EWS endpoint cannot be found.",
        errand::Error::NotPublic(_) | errand::Error::NotPrivate(_) => {
            "The EWS endpoint is not at a public address."
        }
        error if error.is_untrusted() => "The certificate of the EWS endpoint is not trusted.",
        errand::Error::Connect { .. } => "The EWS endpoint cannot be connected to.",
        errand::Error::TimedOut { .. } => "The EWS endpoint did not answer in time.",
        errand::Error::Http { .. } | errand::Error::TooLarge { .. } => {
            "The answer of the EWS endpoint cannot be read."
        }
    }
}

/// Whether a body is the answer to [`question`].
fn is_availability(body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else { return false };
    let Ok(document) = roxmltree::Document::parse(text) else { return false };
    let root = document.root_element();
    root.has_tag_name((SOAP, "Envelope"))
        && root
            .children()
            .filter(|node| node.has_tag_name((SOAP, "Body")))
            .flat_map(|body| body.children())
            .any(|answer| answer.has_tag_name((MESSAGES, "GetUserAvailabilityResponse")))
}

/// A `GetUserAvailability` request about the day to come, in the version that WorkMail's own EWS knows.
fn question(username: &str, now: Timestamp) -> String {
    const CHANGE: &str = "<t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>1</t:DayOrder>\
        <t:Month>1</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek>";
    let address = escaped(username);
    let (start, end) = (now.iso8601(), now.saturating_add(DAY).iso8601());
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <s:Envelope xmlns:s=\"{SOAP}\" xmlns:m=\"{MESSAGES}\" \
         xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\">\
         <s:Header><t:RequestServerVersion Version=\"Exchange2010_SP2\"/></s:Header>\
         <s:Body><m:GetUserAvailabilityRequest>\
         <t:TimeZone><t:Bias>0</t:Bias><t:StandardTime>{CHANGE}</t:StandardTime>\
         <t:DaylightTime>{CHANGE}</t:DaylightTime></t:TimeZone>\
         <m:MailboxDataArray><t:MailboxData><t:Email><t:Address>{address}</t:Address></t:Email>\
         <t:AttendeeType>Required</t:AttendeeType>\
         <t:ExcludeConflicts>false</t:ExcludeConflicts></t:MailboxData></m:MailboxDataArray>\
         <t:FreeBusyViewOptions><t:TimeWindow><t:StartTime>{start}</t:StartTime>\
         <t:EndTime>{end}</t:EndTime></t:TimeWindow>\
         <t:MergedFreeBusyIntervalInMinutes>60</t:MergedFreeBusyIntervalInMinutes>\
         <t:RequestedView>FreeBusy</t:RequestedView></t:FreeBusyViewOptions>\
         </m:GetUserAvailabilityRequest></s:Body></s:Envelope>"
    )
}

/// A text as the content of an element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_answer_is_known_by_its_names() {
        let answer = |namespace: &str, name: &str| {
            format!(
                "<e:Envelope xmlns:e=\"{SOAP}\"><e:Body><{name} xmlns=\"{namespace}\"/></e:Body>\
                 </e:Envelope>"
            )
        };
        assert!(is_availability(answer(MESSAGES, "GetUserAvailabilityResponse").as_bytes()));
        assert!(!is_availability(answer(SOAP, "GetUserAvailabilityResponse").as_bytes()));
        assert!(!is_availability(answer(MESSAGES, "Fault").as_bytes()));
        assert!(!is_availability(b"<html>sign in</html>"));
        assert!(!is_availability(b""));
    }

    proptest! {
        #[test]
        fn any_name_can_be_asked_about(name in "[ -\u{ff}]{1,60}") {
            let question = question(&name, Timestamp::from_seconds(0));
            let document = roxmltree::Document::parse(&question).unwrap();
            let address = document.descendants().find(|node| node.has_tag_name((
                "http://schemas.microsoft.com/exchange/services/2006/types",
                "Address",
            )));
            prop_assert_eq!(address.and_then(|node| node.text()), Some(&*name));
        }

        #[test]
        fn any_answer_is_judged(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(!is_availability(&body));
        }
    }
}
