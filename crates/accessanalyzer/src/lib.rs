//! IAM Access Analyzer: what is wrong with a policy, before it is stored anywhere.
//!
//! One operation, `ValidatePolicy`; what it knows is in `lint`. There are no analyzers, findings about
//! resources, or generated policies.

mod shown;
mod token;
mod validate_policy;

use iam::door::Call;
use wire::accessanalyzer::{AccessAnalyzer, ValidatePolicyRequest, ValidatePolicyResponse};

/// Access Analyzer, served. It keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Service;

impl AccessAnalyzer for Service {
    type Call = Call;

    async fn validate_policy(
        &self,
        call: &mut Call,
        input: ValidatePolicyRequest,
    ) -> Result<ValidatePolicyResponse, wire::Error> {
        validate_policy::validate(call, input).await
    }
}
