//! Variables that are none: what was meant by them would be a guess, so the document is refused.

use crate::{
    defect::{Defects, quoted},
    document::Written,
    position::Text,
    resource::after_fifth_colon,
    template::{self, Syntax},
};

/// Looks at the strings in which variables count.
pub(super) fn check(document: &Written, defects: &mut Defects) {
    if !document.version().has_variables() {
        return;
    }
    for statement in &document.statements {
        for resource in statement.resources.iter().flat_map(|clause| &clause.entries) {
            string(after_fifth_colon(&resource.value), resource, defects);
        }
        let conditions = statement.conditions.iter();
        let live = conditions.filter(|condition| condition.operator.value.test.has_variables());
        for value in live.flat_map(|condition| &condition.values) {
            string(&value.text.value, &value.text, defects);
        }
    }
}

fn string(live: &str, whole: &Text, defects: &mut Defects) {
    if let Err(error) = template::read(live, Syntax { wildcards: true, variables: true }) {
        defects.syntax(whole.span.start, format!("{error} in {}", quoted(&whole.value)));
    }
}
