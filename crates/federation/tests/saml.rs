//! Responses that an independent library signed, and what becomes of them when they are altered.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use base64::{Engine, engine::general_purpose::STANDARD};
use federation::saml::{Assertion, Expected, Metadata, SamlError, private_key, verify};
use proptest::prelude::*;
use world::{Secret, Timestamp};

const AUDIENCE: &str = "urn:amazon:webservices";

/// 2026-11-22T00:00:00Z, when the documents were made.
const NOW: i64 = 1_795_305_600;

macro_rules! document {
    ($name:literal) => {
        include_str!(concat!("documents/", $name))
    };
}

const RSA: &str = document!("rsa-assertion-signed.xml");
const RESPONSE_SIGNED: &str = document!("rsa-response-signed.xml");

/// A check that is as it should be, but for what a test changes.
struct Check {
    metadata: &'static str,
    private_keys: Vec<Secret>,
    must_be_encrypted: bool,
    audience: &'static str,
    now: i64,
}

const GOOD: Check = Check {
    metadata: document!("rsa-metadata.xml"),
    private_keys: Vec::new(),
    must_be_encrypted: false,
    audience: AUDIENCE,
    now: NOW + 60,
};

impl Check {
    fn of(&self, text: &str) -> Result<Assertion, SamlError> {
        self.of_bytes(text.as_bytes())
    }

    fn of_bytes(&self, text: &[u8]) -> Result<Assertion, SamlError> {
        let expected = Expected {
            metadata: &Metadata::parse(self.metadata).unwrap(),
            private_keys: &self.private_keys,
            must_be_encrypted: self.must_be_encrypted,
            audiences: &[self.audience.to_owned()],
            now: Timestamp::from_seconds(self.now),
        };
        verify(&STANDARD.encode(text), &expected)
    }
}

/// The part of a document from one text to another, both included.
fn part<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let start = text.find(from).unwrap();
    let end = start + text[start..].find(to).unwrap() + to.len();
    &text[start..end]
}

fn assertion(text: &str) -> &str {
    part(text, "<saml:Assertion", "</saml:Assertion>")
}

#[test]
fn what_was_signed_is_read() {
    let cases = [
        (RSA, GOOD.metadata),
        (RESPONSE_SIGNED, GOOD.metadata),
        (document!("rsa-both-signed.xml"), GOOD.metadata),
        (document!("p256-assertion-signed.xml"), document!("p256-metadata.xml")),
        (document!("p256-response-signed.xml"), document!("p256-metadata.xml")),
        (document!("p384-assertion-signed.xml"), document!("p384-metadata.xml")),
        (document!("p384-response-signed.xml"), document!("p384-metadata.xml")),
    ];
    for (text, metadata) in cases {
        let assertion = Check { metadata, ..GOOD }.of(text).unwrap();
        assert_eq!(assertion.issuer, "https://idp.test/saml");
        assert_eq!(assertion.subject.value, "ada@example.com");
        assert!(assertion.subject.format.as_deref().unwrap().ends_with(":persistent"));
        assert_eq!(assertion.recipient, "https://signin.aws.amazon.com/saml");
        assert_eq!(assertion.session_ends_at, Some(Timestamp::from_seconds(NOW + 1800)));
        let name = "https://aws.amazon.com/SAML/Attributes/RoleSessionName";
        assert_eq!(assertion.single(name), Some("ada"));
        let affiliation = &assertion.attributes["urn:oid:1.3.6.1.4.1.5923.1.1.1.1"];
        assert_eq!(affiliation, &["staff", "faculty"]);
        assert_eq!(assertion.single("text"), Some("a & \u{fc}<b>"));
    }
}

#[test]
fn an_encrypted_assertion_is_read_with_the_private_key() {
    let text = document!("rsa-encrypted.xml");
    assert_eq!(GOOD.of(text), Err(SamlError::Encryption));
    for pem in [document!("private-key.pem"), document!("private-key-pkcs1.pem")] {
        let keys = || vec![private_key(pem).unwrap()];
        let check = Check { private_keys: keys(), must_be_encrypted: true, ..GOOD };
        assert_eq!(check.of(text).unwrap().subject.value, "ada@example.com");
        assert_eq!(check.of(RSA), Err(SamlError::Encryption), "one in the clear is not taken");
        for (from, to) in [("aes256-gcm", "aes256-cbc"), ("aes256-gcm", "aes128-gcm")] {
            assert_eq!(check.of(&text.replace(from, to)), Err(SamlError::Encryption));
        }
        let value = part(text, "</ds:KeyInfo>", "</xenc:CipherValue>");
        let altered = value.replacen('A', "B", 1);
        assert_eq!(check.of(&text.replace(value, &altered)), Err(SamlError::Encryption));
    }
    assert!(private_key("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----").is_err());
    assert!(private_key("").is_err());
}

#[test]
fn what_is_not_signed_by_the_provider_is_refused() {
    assert_eq!(GOOD.of(document!("rsa-unsigned.xml")), Err(SamlError::Signature));
    let other = Check { metadata: document!("p256-metadata.xml"), ..GOOD };
    assert_eq!(other.of(RSA), Err(SamlError::Signature));
    // The certificate in the document is not looked at.
    let forged = document!("p256-assertion-signed.xml");
    assert_eq!(GOOD.of(forged), Err(SamlError::Signature));
}

#[test]
fn every_altered_word_is_noticed() {
    for text in [RSA, RESPONSE_SIGNED] {
        for (from, to) in [
            ("ada@example.com", "eve@example.com"),
            ("role/r,", "role/admin,"),
            (">staff<", ">admin<"),
            ("Recipient=\"https://signin", "Recipient=\"https://other"),
            ("NotOnOrAfter=\"2026-11-22T00:05", "NotOnOrAfter=\"2026-11-22T00:09"),
            ("nameid-format:persistent", "nameid-format:transient"),
            ("<saml:Audience>urn:amazon:webservices", "<saml:Audience>urn:amazon:webservices "),
            ("  <saml:Subject>", " <saml:Subject>"),
        ] {
            assert!(text.contains(from), "{from}");
            assert_eq!(GOOD.of(&text.replace(from, to)), Err(SamlError::Signature), "{from}");
        }
    }
}

/// What canonical XML makes the same is the same.
#[test]
fn what_means_the_same_is_taken() {
    for (from, to) in [
        (
            "Version=\"2.0\" IssueInstant=\"2026-11-22T00:00:00.000Z\">",
            "IssueInstant='2026-11-22T00:00:00.000Z'  Version='2.0' >",
        ),
        ("ada@example.com", "a&#100;a@example.com"),
        ("ada@example.com", "ada@<!-- -->example.com"),
        ("ada@example.com", "<![CDATA[ada@example.com]]>"),
    ] {
        assert!(RSA.contains(from), "{from}");
        assert_eq!(GOOD.of(&RSA.replace(from, to)).unwrap().subject.value, "ada@example.com");
    }
}

/// The signed name is `ada@example.com.evil.test` in all of it, comment or not.
#[test]
fn a_comment_does_not_cut_a_name() {
    let cut = RSA.replace("ada@example.com<", "ada@example.com<!---->.evil.test<");
    assert_eq!(GOOD.of(&cut), Err(SamlError::Signature));
}

/// The attacks of "On Breaking SAML: Be Whoever You Want to Be" (USENIX Security 2012): the signed assertion is
/// moved, another is read.
#[test]
fn a_wrapped_signature_is_refused() {
    let signed = assertion(RSA);
    let signature = part(signed, "<ds:Signature", "</ds:Signature>");
    let forged = signed.replace("ada@example.com", "eve@example.com");
    let forged_bare = forged.replace(signature, "");
    let other_id = forged_bare.replacen("ID=\"_a", "ID=\"_b", 1);
    let wraps = [
        // two assertions, either way round
        format!("{other_id}{signed}"),
        format!("{signed}{other_id}"),
        format!("{forged_bare}{signed}"),
        // the signed one inside the forged one, or in its signature
        other_id.replace("</saml:Assertion>", &format!("{signed}</saml:Assertion>")),
        other_id.replacen(
            "<saml:Subject>",
            &format!("<saml:Advice>{signed}</saml:Advice><saml:Subject>"),
            1,
        ),
        other_id.replacen("<saml:Subject>", &format!("{signature}<saml:Subject>"), 1),
        forged
            .replace("</ds:Signature>", &format!("<ds:Object>{signed}</ds:Object></ds:Signature>")),
        forged.replace(
            "</ds:Signature>",
            &format!("<ds:Object>{}</ds:Object></ds:Signature>", signed.replace(signature, "")),
        ),
        // the signature refers to the signed one, but is a child of the forged one
        format!(
            "<samlp:Extensions>{signed}</samlp:Extensions>{}",
            other_id.replacen("<saml:Subject>", &format!("{signature}<saml:Subject>"), 1)
        ),
        format!("<samlp:Extensions>{signed}</samlp:Extensions>{forged}"),
    ];
    for (at, wrap) in wraps.iter().enumerate() {
        let text = RSA.replace(signed, wrap);
        let result = GOOD.of(&text);
        assert!(
            matches!(result, Err(SamlError::Signature | SamlError::Malformed)),
            "{at}: {result:?}"
        );
    }
    // The response is signed: no assertion but the one in it, unaltered.
    let inner = assertion(RESPONSE_SIGNED);
    let added = RESPONSE_SIGNED.replace(inner, &format!("{inner}{other_id}"));
    assert!(GOOD.of(&added).is_err());
}

#[test]
fn the_signature_has_one_accepted_shape() {
    let reference = part(RSA, "<ds:Reference", "</ds:Reference>");
    let exclusive = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
    for (from, to) in [
        ("xmlenc#sha256", "xmldsig#sha1"),
        ("xmldsig-more#rsa-sha256", "xmldsig#rsa-sha1"),
        ("xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256"),
        (reference, ""),
        (reference, &format!("{reference}{reference}")),
        (exclusive, ""),
        (exclusive, "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"/>"),
        ("URI=\"#_a", "URI=\"https://evil.test/#_a"),
        ("<ds:SignatureValue>", "<ds:SignatureValue>AAAA"),
    ] {
        assert!(RSA.contains(from), "{from}");
        assert_eq!(GOOD.of(&RSA.replace(from, to)), Err(SamlError::Signature), "{from}");
    }
    let blank = RSA.replace(part(RSA, "#_a", "\""), "\"");
    assert_eq!(GOOD.of(&blank), Err(SamlError::Signature));
}

#[test]
fn time_and_place_must_be_right() {
    let at = |seconds: i64| Check { now: NOW + seconds, ..GOOD }.of(RSA);
    assert!(at(-60).is_ok() && at(300).is_ok());
    assert_eq!(at(-61), Err(SamlError::NotYet));
    assert_eq!(at(301), Err(SamlError::Stale));
    assert_eq!(at(360), Err(SamlError::Expired));
    let other = Check { audience: "urn:other", ..GOOD };
    assert_eq!(other.of(RSA), Err(SamlError::Audience));
    let failed = RSA.replace("status:Success", "status:Requester");
    assert_eq!(GOOD.of(&failed), Err(SamlError::Failed));
    let issuer = RSA.replacen("https://idp.test/saml", "https://other.test/saml", 1);
    assert_eq!(GOOD.of(&issuer), Err(SamlError::Issuer));
}

#[test]
fn what_is_no_response_is_refused() {
    let bare = assertion(RSA).replacen(
        "<saml:Assertion",
        &format!("<saml:Assertion xmlns:saml=\"{}\"", "urn:oasis:names:tc:SAML:2.0:assertion"),
        1,
    );
    let none = RSA.replace(assertion(RSA), "");
    let entities = format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{RSA}");
    for text in
        ["", "<a/>", &bare, &none, &entities, &RSA.replace("Version=\"2.0\"", "Version=\"1.1\"")]
    {
        assert_eq!(GOOD.of(text), Err(SamlError::Malformed));
    }
    assert_eq!(GOOD.of(&"x".repeat(100_000)), Err(SamlError::Malformed));
}

#[test]
fn metadata_must_be_an_identity_providers() {
    let good = Metadata::parse(GOOD.metadata).unwrap();
    assert_eq!((good.entity_id(), good.valid_until()), ("https://idp.test/saml", None));
    let until = GOOD.metadata.replace("entityID=", "validUntil=\"2030-01-01T00:00:00Z\" entityID=");
    let until = Metadata::parse(&until).unwrap().valid_until();
    assert_eq!(until, Some(Timestamp::from_seconds(1_893_456_000)));
    for (from, to) in [
        ("entityID=\"https://idp.test/saml\"", ""),
        ("entityID=\"https://idp.test/saml\"", "entityID=\"\""),
        ("entityID=", "validUntil=\"soon\" entityID="),
        ("IDPSSODescriptor", "SPSSODescriptor"),
        ("use=\"signing\"", "use=\"encryption\""),
        ("<ds:X509Certificate>M", "<ds:X509Certificate>N"),
        ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<!DOCTYPE a>"),
        ("SAML:2.0:metadata", "SAML:1.1:metadata"),
    ] {
        assert!(GOOD.metadata.contains(from), "{from}");
        assert!(Metadata::parse(&GOOD.metadata.replace(from, to)).is_err(), "{from}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in any::<Vec<u8>>()) {
        prop_assert!(GOOD.of_bytes(&bytes).is_err());
        let text = String::from_utf8_lossy(&bytes);
        prop_assert!(Metadata::parse(&text).is_err());
        prop_assert!(private_key(&text).is_err());
    }

    /// A document cut and pasted at random says what was signed, or nothing.
    #[test]
    fn any_surgery_is_survived(from in 0..4000_usize, bytes in 0..400_usize, to in 0..4000_usize, keep in any::<bool>()) {
        let moved = RSA.get(from..from + bytes).unwrap_or_default().to_owned();
        let mut text = RSA.to_owned();
        if !keep && RSA.is_char_boundary(from) && RSA.get(from..from + bytes).is_some() {
            text.replace_range(from..from + bytes, "");
        }
        if text.is_char_boundary(to) && to <= text.len() {
            text.insert_str(to, &moved);
        }
        if let Ok(assertion) = GOOD.of(&text) {
            prop_assert_eq!(Ok(assertion), GOOD.of(RSA));
        }
    }
}
