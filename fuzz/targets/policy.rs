//! Policy documents: parsed as every kind, asked, linted and mended.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lint::PolicyType;
use policy::{ArnAsker, Kind, PolicySet, Request, ResourcePolicy, Source, parse};

fuzz_target!(|text: &str| {
    for kind in [Kind::Managed, Kind::Inline, Kind::Session, Kind::Trust, Kind::Resource] {
        ask(text, kind);
    }
    for kind in [PolicyType::Identity, PolicyType::Resource] {
        let fixed = lint::fix(text, kind);
        if parse(&fixed.text, Kind::Managed).is_ok() {
            assert_eq!(lint::fix(&fixed.text, kind).text, fixed.text, "mended once is mended");
        }
    }
    let _ = lint::policies(text);
});

fn ask(text: &str, kind: Kind) {
    let Ok(document) = parse(text, kind) else { return };
    let source = Source { id: "p".into(), document: document.into() };
    let request = Request {
        action: "workmail:CreateUser",
        resource: "arn:aws:workmail:us-east-1:111122223333:organization/m-0",
        context: &(),
    };
    let set = PolicySet::new([source.clone()]);
    let _ = (set.decide(&request), set.missing_keys(&request), set.explain(&request));
    let asker = ArnAsker::user("arn:aws:iam::111122223333:user/a");
    let _ = ResourcePolicy::new(source).decide(&request, &asker);
}
