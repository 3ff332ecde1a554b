//! What trust policies can ask of a SAML assertion (IAM User Guide, "Available keys for SAML-based AWS STS
//! federation").

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use federation::saml::Assertion;
use iam::door::Resource;

/// The beginning of the URIs of SAML's own kinds of names.
const NAME_FORMATS: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:";

/// Attributes with keys of their own, under the names that providers give them.
const ATTRIBUTES: [(&str, &[&str]); 26] = [
    ("edupersonaffiliation", &["urn:oid:1.3.6.1.4.1.5923.1.1.1.1"]),
    ("edupersonnickname", &["urn:oid:1.3.6.1.4.1.5923.1.1.1.2"]),
    ("edupersonorgdn", &["urn:oid:1.3.6.1.4.1.5923.1.1.1.3"]),
    ("edupersonorgunitdn", &["urn:oid:1.3.6.1.4.1.5923.1.1.1.4"]),
    ("edupersonprimaryaffiliation", &["urn:oid:1.3.6.1.4.1.5923.1.1.1.5"]),
    ("edupersonprincipalname", &["urn:oid:1.3.6.1.4.1.5923.1.1.1.6"]),
    ("edupersonentitlement", &["urn:oid:1.3.6.1.4.1.5923.1.1.1.7"]),
    ("edupersonprimaryorgunitdn", &["urn:oid:1.3.6.1.4.1.5923.1.1.1.8"]),
    ("edupersonscopedaffiliation", &["urn:oid:1.3.6.1.4.1.5923.1.1.1.9"]),
    ("edupersontargetedid", &["urn:oid:1.3.6.1.4.1.5923.1.1.1.10"]),
    ("edupersonassurance", &["urn:oid:1.3.6.1.4.1.5923.1.1.1.11"]),
    ("eduorghomepageuri", &["urn:oid:1.3.6.1.4.1.5923.1.2.1.2"]),
    ("eduorgidentityauthnpolicyuri", &["urn:oid:1.3.6.1.4.1.5923.1.2.1.3"]),
    ("eduorglegalname", &["urn:oid:1.3.6.1.4.1.5923.1.2.1.4"]),
    ("eduorgsuperioruri", &["urn:oid:1.3.6.1.4.1.5923.1.2.1.5"]),
    ("eduorgwhitepagesuri", &["urn:oid:1.3.6.1.4.1.5923.1.2.1.6"]),
    ("cn", &["urn:oid:2.5.4.3"]),
    ("commonName", &["urn:oid:2.5.4.3", "http://schemas.xmlsoap.org/claims/CommonName"]),
    (
        "givenName",
        &["urn:oid:2.5.4.42", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"],
    ),
    (
        "mail",
        &[
            "urn:oid:0.9.2342.19200300.100.1.3",
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        ],
    ),
    ("name", &["urn:oid:2.5.4.41", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"]),
    ("organizationStatus", &["urn:oid:0.9.2342.19200300.100.1.45"]),
    (
        "primaryGroupSID",
        &["http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid"],
    ),
    (
        "surname",
        &["urn:oid:2.5.4.4", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname"],
    ),
    ("uid", &["urn:oid:0.9.2342.19200300.100.1.1"]),
    ("x500UniqueIdentifier", &["urn:oid:2.5.4.45"]),
];

/// How the subject of an assertion is named.
pub(crate) struct Named {
    /// The name.
    pub(crate) subject: String,
    /// `persistent`, `transient`, or the URI of another kind of name.
    pub(crate) subject_type: String,
    /// A hash that tells the names of one provider from those of another.
    pub(crate) qualifier: String,
    /// `<account>/<name of the provider>`
    doc: String,
}

impl Named {
    pub(crate) fn new(assertion: &Assertion, account: &str, provider_arn: &str) -> Self {
        let name = provider_arn.rsplit('/').next().unwrap_or_default();
        let doc = format!("{account}/{name}");
        let hashed = format!("{}{doc}", assertion.issuer);
        let hashed = digest(&SHA1_FOR_LEGACY_USE_ONLY, hashed.as_bytes());
        let format = assertion.subject.format.as_deref().unwrap_or_default();
        Self {
            subject: assertion.subject.value.clone(),
            subject_type: format.strip_prefix(NAME_FORMATS).unwrap_or(format).to_owned(),
            qualifier: STANDARD.encode(hashed),
            doc,
        }
    }
}

/// `asked` with the keys of an assertion.
pub(crate) fn condition_keys(asked: Resource, assertion: &Assertion, named: &Named) -> Resource {
    let mut asked = asked
        .with("saml:aud", &*assertion.recipient)
        .with("saml:iss", &*assertion.issuer)
        .with("saml:sub", &*named.subject)
        .with("saml:sub_type", &*named.subject_type)
        .with("saml:namequalifier", &*named.qualifier)
        .with("saml:doc", &*named.doc);
    for (key, names) in ATTRIBUTES {
        let values = names.iter().find_map(|name| assertion.attributes.get(*name));
        if let Some(values) = values.filter(|values| !values.is_empty()) {
            asked = asked.with_all(&format!("saml:{key}"), values.clone());
        }
    }
    asked
}
