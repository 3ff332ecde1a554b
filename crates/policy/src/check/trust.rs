//! The actions of trust policies: to assume the role, and what goes with that.

use crate::{
    defect::{Defects, Stage, quoted},
    glob::Glob,
    position::Text,
    template::{self, Syntax},
};

/// What a trust policy may speak of, in lower case (STS API Reference; IAM User Guide, "Roles terms and
/// concepts").
const ACTIONS: [&str; 6] = [
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:tagsession",
    "sts:setsourceidentity",
    "sts:setcontext",
];

const VERDICT: &str = "AssumeRole policy may only specify STS AssumeRole actions.";

/// Refuses an action or pattern that covers none of those, or services beyond STS.
pub(super) fn action(action: &Text, defects: &mut Defects) {
    if is_of_trust(&action.value.to_ascii_lowercase()) {
        return;
    }
    let message = format!(
        "the action {} is none of STS that a trust policy may speak of",
        quoted(&action.value)
    );
    defects.add(action.span.start, Stage::Action, VERDICT, message);
}

fn is_of_trust(action: &str) -> bool {
    let pattern = template::read(action, Syntax::WILDCARDS).map(Glob::new);
    action.starts_with("sts:")
        && pattern.is_ok_and(|pattern| ACTIONS.iter().any(|action| pattern.matches(action, &())))
}
