//! The test suite that the authors of SPF made for RFC 7208.

#![allow(missing_docs, clippy::unwrap_used)]

use dns::{Dns, testing::Zone};
use mailauth::check_host;
use serde_json::Value;

#[tokio::test]
async fn the_suite_of_the_authors() {
    let suite: Value = serde_json::from_str(include_str!("rfc7208.json")).unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for scenario in suite["scenarios"].as_array().unwrap() {
        let dns = Dns::of(zone(&scenario["zone"]));
        for test in scenario["tests"].as_array().unwrap() {
            count += 1;
            let text = |key: &str| test[key].as_str().unwrap();
            let (helo, from) = (text("helo"), text("mailfrom"));
            let sender =
                if from.is_empty() { format!("postmaster@{helo}") } else { from.to_owned() };
            let found = check_host(&dns, text("host").parse().unwrap(), &sender, helo).await;
            let is_right = test["results"].as_array().unwrap().iter().any(|r| *r == found.as_str());
            if !is_right {
                wrong.push(format!("{}: {} {}", text("name"), found.as_str(), test["results"]));
            }
        }
    }
    assert!(count > 200 && wrong.is_empty(), "{wrong:#?}");
}

fn zone(records: &Value) -> Zone {
    let zone = Zone::new();
    for record in records.as_array().unwrap() {
        zone.add(record[0].as_str().unwrap(), record[1].as_str().unwrap());
    }
    zone
}
