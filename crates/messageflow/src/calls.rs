//! The functions that rules want called: the loop over the calls that are due.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use errand::Limits;
use lambda::{Caller, FunctionArn, Functions, How};
use mailflow::{
    Mailflow,
    transit::{self, Call},
};
use store::Change;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    task::{self, JoinSet},
    time,
};

/// Calls under way at once.
const CALLS_MAX: usize = 64;

/// Calls that are begun together. An organization that has so many under way begins no others, so that functions that
/// do not answer hold up nobody else's.
const CALLS_TOGETHER: usize = 8;

/// Rest while all that is due is of such organizations.
const BUSY_REST: Duration = Duration::from_secs(1);

/// How long a function may take (WorkMail Administrator Guide, "Synchronous Run Lambda action limits").
const TIMEOUT: Duration = Duration::from_secs(15);

/// It is looked at this often what is due, whatever notices come.
const REST_MAX: Duration = Duration::from_secs(60);

/// Rest after the store could not be read.
const TROUBLE_REST: Duration = Duration::from_secs(5);

/// Calls functions until `stop` is done, then waits for what is under way. What is cut off by the end of the process
/// is called again, with the same invocation id.
pub async fn call_functions(flow: Mailflow, functions: Functions, stop: impl Future<Output = ()>) {
    let caller = Arc::new(Calls { flow, functions });
    let mut stop = std::pin::pin!(stop);
    let mut notices = caller.flow.store().subscribe();
    let mut under_way = UnderWay::default();
    loop {
        let rest = caller.start(&mut under_way).await;
        tokio::select! {
            () = &mut stop => break,
            () = under_way.next_end(), if !under_way.calls.is_empty() => {}
            () = notice(&mut notices) => {}
            () = time::sleep(rest) => {}
        }
    }
    while !under_way.calls.is_empty() {
        under_way.next_end().await;
    }
}

/// The calls under way.
#[derive(Default)]
struct UnderWay {
    calls: JoinSet<()>,
    /// The organization of each.
    organizations: HashMap<task::Id, String>,
}

impl UnderWay {
    fn begin(&mut self, organization: String, call: impl Future<Output = ()> + Send + 'static) {
        let id = self.calls.spawn(call).id();
        self.organizations.insert(id, organization);
    }

    async fn next_end(&mut self) {
        let id = match self.calls.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => error.id(),
            None => return,
        };
        self.organizations.remove(&id);
    }

    /// The organizations that begin no further calls.
    fn busy(&self) -> Vec<&str> {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for organization in self.organizations.values() {
            *counts.entry(organization).or_default() += 1;
        }
        counts.retain(|_, count| *count >= CALLS_TOGETHER);
        counts.into_keys().collect()
    }
}

struct Calls {
    flow: Mailflow,
    functions: Functions,
}

impl Calls {
    /// Starts what is due as far as there is room, and tells how long to rest.
    async fn start(self: &Arc<Self>, under_way: &mut UnderWay) -> Duration {
        loop {
            let room = CALLS_MAX.saturating_sub(under_way.calls.len()).min(CALLS_TOGETHER);
            if room == 0 {
                return REST_MAX;
            }
            let claimed = match self.flow.claim_calls(room, &under_way.busy()).await {
                Ok(claimed) => claimed,
                Err(error) => {
                    tracing::error!(%error, "the calls of functions cannot be read");
                    return TROUBLE_REST;
                }
            };
            if claimed.is_empty() {
                return self.time_to_next().await.max(BUSY_REST);
            }
            for call in claimed {
                let calls = Arc::clone(self);
                under_way.begin(call.organization.clone(), async move { calls.make(&call).await });
            }
        }
    }

    async fn time_to_next(&self) -> Duration {
        match self.flow.next_call_due().await {
            Ok(Some(due)) => due.since(self.flow.world().now()).min(REST_MAX),
            Ok(None) => REST_MAX,
            Err(_) => TROUBLE_REST,
        }
    }

    async fn make(&self, call: &Call) {
        let said = self.ask(call).await;
        let outcome = if said.is_ok() { "answered" } else { "failed" };
        metrics::counter!("chancery_mailflow_function_calls_total", "outcome" => outcome)
            .increment(1);
        if let Err(error) = self.flow.settle_call(call, said).await {
            tracing::error!(message = %call.message, %error, "a call's outcome cannot be recorded");
        }
    }

    async fn ask(&self, call: &Call) -> Result<Bytes, String> {
        let (account, region) = &call.home;
        let function = FunctionArn::parse(call.function()).filter(|function| {
            function.account() == account.as_str() && function.region() == region.as_str()
        });
        let function =
            function.ok_or("it is not a function of the organization's account and region")?;
        let caller = Caller { arn: call.organization_arn(), account: account.clone() };
        let how = if call.is_awaited() { How::AndWait } else { How::AsEvent };
        let limits = Limits { timeout: TIMEOUT, reply_bytes: transit::ANSWER_BYTES_MAX };
        let answer =
            self.functions.call(&function, Some(&caller), how, call.event().into(), limits);
        answer.await.map_err(|error| error.to_string())
    }
}

/// Waits until a call is due, or may be.
async fn notice(notices: &mut Receiver<Change>) {
    loop {
        match notices.recv().await {
            Ok(change) if change.topic == transit::TOPIC || change.topic == Change::MISSED => {
                return;
            }
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
