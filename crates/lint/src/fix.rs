//! Mending a text: every change that is certain, and none else.

use policy::json::{Edit, mend};

use crate::{Finding, PolicyType, lint};

/// A mended text may show what a mistake hid; so often it is looked at again.
const ROUNDS_MAX: usize = 8;

/// What became of a text.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// The text, as it was where nothing had to change.
    pub text: String,
    /// What was mended, in the order in which it was done. Places are those of the text at that time.
    pub mended: Vec<Finding>,
    /// What is still to be said of the text.
    pub left: Vec<Finding>,
}

/// Mends what there is only one way to mend.
#[must_use]
pub fn fix(text: &str, kind: PolicyType) -> Fixed {
    let mut fixed = Fixed { text: text.to_owned(), mended: Vec::new(), left: Vec::new() };
    for _ in 0..ROUNDS_MAX {
        let (mending, left) = round(lint(&fixed.text, kind));
        fixed.left = left;
        if mending.is_empty() {
            return fixed;
        }
        let edits: Vec<Edit> = mending.iter().flat_map(|finding| finding.edits.clone()).collect();
        fixed.text = mend(&fixed.text, &edits);
        fixed.mended.extend(mending);
    }
    fixed.left = lint(&fixed.text, kind);
    fixed
}

/// What to mend now, and the rest. JSON comes first: what rules say of a text that is none may be moved
/// or made void by that.
fn round(findings: Vec<Finding>) -> (Vec<Finding>, Vec<Finding>) {
    let of_json = |finding: &Finding| finding.code == crate::Code::JsonSyntaxError;
    let broken = findings.iter().any(of_json);
    findings
        .into_iter()
        .partition(|finding| !finding.edits.is_empty() && (!broken || of_json(finding)))
}
