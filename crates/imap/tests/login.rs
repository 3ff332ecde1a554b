//! The commands of strangers, and what every state knows.

mod support;

use support::House;

#[tokio::test]
async fn a_stranger_may_do_little() {
    let house = House::new().await;
    let mut client = house.stranger().await;
    client
        .follow(
            r#"
            C: a CAPABILITY
            S: * CAPABILITY IMAP4rev1 LITERAL+ SASL-IR ID ENABLE AUTH=PLAIN AUTH=OAUTHBEARER AUTH=XOAUTH2
            S: a OK CAPABILITY completed
            C: b SELECT INBOX
            S: b BAD log in first
            C: c ID ("name" "x")
            S: * ID ("name" "Chancery")
            S: c OK ID completed
            C: d NOOP
            S: d OK NOOP completed
            C: e LOGOUT
            S: * BYE …
            S: e OK LOGOUT completed
            S:"#,
        )
        .await;
}

#[tokio::test]
async fn logins_of_every_form() {
    let house = House::new().await;
    for script in [
        "C: a LOGIN \"ann@example.com\" secret\nS: a OK …",
        "C: a LOGIN {15}\nS: + …\nC: ann@example.com {6}\nS: + …\nC: secret\nS: a OK …",
        "C: a LOGIN {15+}\nC: ann@example.com {6+}\nC: secret\nS: a OK …",
        "C: a AUTHENTICATE PLAIN AGFubkBleGFtcGxlLmNvbQBzZWNyZXQ=\nS: a OK …",
        "C: a AUTHENTICATE PLAIN\nS: + \nC: AGFubkBleGFtcGxlLmNvbQBzZWNyZXQ=\nS: a OK …",
    ] {
        house.stranger().await.follow(script).await;
    }
    let refused = r#"
        C: a AUTHENTICATE PLAIN
        S: + 
        C: *
        S: a BAD AUTHENTICATE cancelled
        C: b AUTHENTICATE PLAIN Ym9iAGFubkBleGFtcGxlLmNvbQBzZWNyZXQ=
        S: b BAD the response is not one of PLAIN
        C: c AUTHENTICATE GSSAPI
        S: c NO [CANNOT] …
        C: d LOGIN ann@example.com secret
        S: d OK …
        C: e LOGIN ann@example.com secret
        S: e BAD you are logged in already"#;
    house.stranger().await.follow(refused).await;
}

/// Base64 of `n,a=ann@example.com,^Aauth=Bearer token^A^A` and its like.
#[tokio::test]
async fn tokens_are_shown_in_two_mechanisms() {
    let house = House::new().await;
    for script in [
        "C: a AUTHENTICATE OAUTHBEARER bixhPWFubkBleGFtcGxlLmNvbSwBYXV0aD1CZWFyZXIgdG9rZW4BAQ==\nS: a OK …",
        "C: a AUTHENTICATE OAUTHBEARER\nS: + \nC: biwsAWF1dGg9QmVhcmVyIHRva2VuAQE=\nS: a OK …",
        "C: a AUTHENTICATE xoauth2 dXNlcj1hbm5AZXhhbXBsZS5jb20BYXV0aD1CZWFyZXIgdG9rZW4BAQ==\nS: a OK …",
    ] {
        house.stranger().await.follow(script).await;
    }
    let refused = r#"
        C: a AUTHENTICATE OAUTHBEARER biwsAWF1dGg9QmVhcmVyIG90aGVyAQE=
        S: + eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NoZW1lcyI6ImJlYXJlciJ9
        C: AQ==
        S: a NO [AUTHENTICATIONFAILED] …
        C: b AUTHENTICATE XOAUTH2 dXNlcj1hbm4BYXV0aD1CZWFyZXIgdG9rZW4BAQ==
        S: + eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIn0=
        C: *
        S: b NO [AUTHENTICATIONFAILED] …
        C: c AUTHENTICATE OAUTHBEARER AGFubkBleGFtcGxlLmNvbQBzZWNyZXQ=
        S: c BAD the response is not one of the mechanism
        C: d AUTHENTICATE OAUTHBEARER
        S: + 
        C: *
        S: d BAD AUTHENTICATE cancelled
        C: e AUTHENTICATE OAUTHBEARER biwsAWF1dGg9QmVhcmVyIG90aGVyAQE=
        S: + …
        C: AQ==
        S: e NO …
        S: * BYE too many failed logins
        S:"#;
    house.stranger().await.follow(refused).await;
}

#[tokio::test]
async fn nonsense_is_answered_and_bounded() {
    let house = House::new().await;
    let mut client = house.stranger().await;
    client.follow("C: a FROB\nS: a BAD …\nC: \u{1}\nS: * BAD …\nC:\nS: * BAD …").await;
    client.follow("C: b LOGIN {5000}\nS: b NO [TOOBIG] …\nC: c NOOP\nS: c OK …").await;
    client.send("d NOOP\n").await;
    client.follow("S: d BAD a line ends with CRLF").await;
    let long = "x".repeat(13_000);
    client.follow(&format!("C: e {long}\nS: e BAD the line is too long")).await;
    client.follow(&"C: f FROB\nS: f BAD …\n".repeat(17)).await;
    client.follow("C: g FROB\nS: g BAD …\nS: * BYE too many bad commands\nS:").await;
}

#[tokio::test]
async fn a_literal_that_is_not_awaited_and_too_large_ends_the_session() {
    let house = House::new().await;
    house.stranger().await.follow("C: a LOGIN {5000+}\nS: * BYE [TOOBIG] …\nS:").await;
}

#[tokio::test]
async fn the_server_says_bye_when_it_stops() {
    let house = House::new().await;
    let mut client = house.ann_with(&[]).await;
    client.follow("C: a IDLE\nS: + idling").await;
    house.server.stop();
    client.follow("S: * BYE the server is stopping\nS:").await;
}
