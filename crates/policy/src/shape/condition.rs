//! The `Condition` of a statement.

use crate::{
    defect::{Defects, quoted},
    document::{Condition, Form, Scalar},
    json::{Member, Node, Value},
    operator::Operator,
    position::{Located, Text},
};

/// One entry for every operator and key.
pub(super) fn read(node: &Node, defects: &mut Defects) -> Vec<Condition> {
    let Value::Object(operators) = &node.value else {
        let message = format!("`Condition` must be an object, not {}", node.value.kind());
        defects.syntax(node.span.start, message);
        return Vec::new();
    };
    operators.iter().flat_map(|member| block(member, defects)).collect()
}

/// The keys under one operator.
fn block(member: &Member, defects: &mut Defects) -> Vec<Condition> {
    let name = &member.name;
    let Value::Object(keys) = &member.value.value else {
        let kind = member.value.value.kind();
        let message =
            format!("{} must hold an object of condition keys, not {kind}", quoted(&name.value));
        defects.syntax(member.value.span.start, message);
        return Vec::new();
    };
    let operator = Operator::parse(&name.value);
    // AWS takes any name over an empty object, which asks for nothing.
    if operator.is_none() && !keys.is_empty() {
        let message = format!("{} is no condition operator", quoted(&name.value));
        defects.syntax(name.span.start, message);
    }
    let mut conditions = Vec::new();
    for Member { name: key, value } in keys {
        let values = scalars(value, key, defects);
        if let Some(value) = operator {
            let operator = Located { value, span: name.span };
            conditions.push(Condition { operator, key: key.clone(), values });
        }
    }
    conditions
}

fn scalars(node: &Node, key: &Text, defects: &mut Defects) -> Vec<Scalar> {
    match &node.value {
        Value::Array(items) => items.iter().filter_map(|item| scalar(item, key, defects)).collect(),
        _ => scalar(node, key, defects).into_iter().collect(),
    }
}

fn scalar(node: &Node, key: &Text, defects: &mut Defects) -> Option<Scalar> {
    let (form, text) = match &node.value {
        Value::String(text) => (Form::String, text.clone()),
        // Condition operators know integers and decimals; an exponent would match nothing.
        Value::Number(text) if !text.contains(['e', 'E']) => (Form::Number, text.clone()),
        Value::Boolean(truth) => (Form::Boolean, truth.to_string().into()),
        Value::Number(text) => {
            let message = format!("write {} without an exponent", quoted(text));
            defects.syntax(node.span.start, message);
            return None;
        }
        other @ (Value::Null | Value::Array(_) | Value::Object(_)) => {
            let (key, kind) = (quoted(&key.value), other.kind());
            let message =
                format!("a value of {key} must be a string, number or boolean, not {kind}");
            defects.syntax(node.span.start, message);
            return None;
        }
    };
    Some(Scalar { form, text: Located { value: text, span: node.span } })
}
