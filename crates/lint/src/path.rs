//! From a place in the text to the path that leads there.

use policy::{
    Span,
    json::{Node, Value},
};

use crate::finding::PathElement;

/// The path from `root` to what `span` covers: a value, a name, or a part of a string.
pub(crate) fn to(root: &Node, span: Span, text: &str) -> Vec<PathElement> {
    let mut path = Vec::new();
    let mut node = root;
    while node.span != span {
        let Some(next) = step(node, span, &mut path) else {
            path.extend(part(node, span, text));
            break;
        };
        node = next;
    }
    path
}

/// One step towards `span`; nothing if `node` has no value that contains it.
fn step<'a>(node: &'a Node, span: Span, path: &mut Vec<PathElement>) -> Option<&'a Node> {
    match &node.value {
        Value::Object(members) => {
            // Members stand in the order of the text, so the first that ends late enough is meant.
            let place = members.partition_point(|member| ends_before(member.value.span, span));
            let member = members.get(place)?;
            if contains(member.name.span, span) {
                path.push(PathElement::Key(member.name.value.to_string()));
                return None;
            }
            contains(member.value.span, span).then(|| {
                path.push(PathElement::Value(member.name.value.to_string()));
                &member.value
            })
        }
        Value::Array(items) => {
            let place = items.partition_point(|item| ends_before(item.span, span));
            let item = items.get(place).filter(|item| contains(item.span, span))?;
            path.push(PathElement::Index(place));
            Some(item)
        }
        _ => None,
    }
}

/// The part of a string that `span` covers; where it was written with escapes, as they are written.
fn part(node: &Node, span: Span, text: &str) -> Option<PathElement> {
    if !matches!(node.value, Value::String(_)) || !contains(node.span, span) {
        return None;
    }
    let chars = |start: usize, end: usize| Some(text.get(start..end)?.chars().count());
    // The quote before the string is not part of it.
    let start = chars(node.span.start.offset + 1, span.start.offset)?;
    let length = chars(span.start.offset, span.end.offset)?;
    Some(PathElement::Substring { start, length })
}

fn ends_before(earlier: Span, later: Span) -> bool {
    earlier.end.offset <= later.start.offset
}

fn contains(outer: Span, inner: Span) -> bool {
    outer.start.offset <= inner.start.offset && inner.end.offset <= outer.end.offset
}
