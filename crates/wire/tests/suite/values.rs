//! Values made from the shape tables.

use std::collections::BTreeMap;

use proptest::{collection::vec, option, prelude::*, sample::select, strategy::BoxedStrategy};
use wire::{Kind, OperationModel, Shape, TimestampFormat, Value};
use world::Timestamp;

/// An operation out of all services, seen as taking and giving the same shape.
pub(crate) fn mirrored(operations: &'static [OperationModel]) -> Vec<OperationModel> {
    let shapes = operations.iter().flat_map(|op| [op.input, op.output].map(|shape| (op, shape)));
    shapes
        .filter_map(|(op, shape)| {
            Some(OperationModel {
                name: op.name,
                action: op.action,
                input: Some(shape?),
                output: Some(shape?),
                result_wrapper: "Result",
                method: op.method,
                uri: op.uri,
                status: op.status,
                unsigned: op.unsigned,
                errors: &[],
            })
        })
        .collect()
}

/// Any value of that shape, constraints aside. Its texts match the regular expression `texts`.
pub(crate) fn of(shape: &'static Shape, texts: &'static str) -> BoxedStrategy<Value> {
    match &shape.kind {
        Kind::Structure(members) => {
            let slot = |member: &'static wire::Member| {
                let value = of(member.shape, texts);
                if member.required {
                    value.prop_map(Some).boxed()
                } else {
                    option::of(value).boxed()
                }
            };
            members.iter().map(slot).collect::<Vec<_>>().prop_map(Value::Structure).boxed()
        }
        Kind::List(list) => vec(of(list.member, texts), 0..12).prop_map(Value::List).boxed(),
        Kind::Map(map) => vec((texts, of(map.value, texts)), 0..4)
            .prop_map(|entries| Value::Map(BTreeMap::from_iter(entries)))
            .boxed(),
        Kind::String(text) if !text.values.is_empty() => {
            select(text.values).prop_map(|value| Value::String(value.to_owned())).boxed()
        }
        Kind::String(_) if shape.sensitive => {
            texts.prop_map(|text| Value::Sensitive(text.into())).boxed()
        }
        Kind::String(_) => texts.prop_map(Value::String).boxed(),
        Kind::Integer(_) => any::<i32>().prop_map(|number| Value::Integer(number.into())).boxed(),
        Kind::Long(_) => any::<i64>().prop_map(Value::Integer).boxed(),
        Kind::Double(_) => prop::num::f64::NORMAL.prop_map(Value::Double).boxed(),
        Kind::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        Kind::Timestamp(format) => {
            // what every protocol can carry
            let step = match format {
                Some(TimestampFormat::EpochSeconds) => 1_000,
                _ => 1_000_000,
            };
            (-60_000_000_000_000_i64..250_000_000_000_000_000)
                .prop_map(move |micros| Timestamp::from_micros(micros / step * step))
                .prop_map(Value::Timestamp)
                .boxed()
        }
        Kind::Blob(_) => {
            vec(any::<u8>(), 0..40).prop_map(|bytes| Value::Blob(bytes.into())).boxed()
        }
    }
}

/// An operation of the list and a value of its shape.
pub(crate) fn of_any(
    operations: Vec<OperationModel>,
    texts: &'static str,
) -> impl Strategy<Value = (usize, Value)> {
    let shapes: Vec<_> = operations.iter().filter_map(|operation| operation.input).collect();
    (0..shapes.len()).prop_flat_map(move |at| (Just(at), of(shapes[at], texts)))
}
