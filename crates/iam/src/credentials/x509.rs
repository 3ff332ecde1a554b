//! X.509 certificates and private keys as customers upload them: PEM, read and held against each other. Pure.

use aws_lc_rs::{
    rsa,
    signature::{
        self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, UnparsedPublicKey,
        VerificationAlgorithm,
    },
};
use world::Timestamp;
use x509_parser::{
    certificate::X509Certificate,
    oid_registry::{
        OID_PKCS1_SHA1WITHRSA, OID_PKCS1_SHA256WITHRSA, OID_PKCS1_SHA384WITHRSA,
        OID_PKCS1_SHA512WITHRSA, OID_SIG_ECDSA_WITH_SHA256, OID_SIG_ECDSA_WITH_SHA384,
        OID_SIG_ECDSA_WITH_SHA512, OID_SIG_ED25519, Oid,
    },
    pem::Pem,
    prelude::FromDer,
};

/// Certificates that are read from one text at most.
const CERTIFICATES_MAX: usize = 64;

/// Curves that private keys may be on.
const CURVES: [&EcdsaSigningAlgorithm; 3] = [
    &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
    &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
    &signature::ECDSA_P521_SHA512_ASN1_SIGNING,
];

/// A text that is not what it should be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// Not PEM, or nothing of the kind wanted in it, or too much.
    #[error("there is no PEM block of the kind wanted")]
    Pem,
    /// The block does not hold what its label says.
    #[error("the PEM block does not hold what its label says")]
    Content,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certificate {
    der: Vec<u8>,
    not_before: Timestamp,
    not_after: Timestamp,
    /// The subject's public key as the certificate holds it.
    public_key: Vec<u8>,
}

impl Certificate {
    /// All certificates of a text, in their order; other blocks are passed over.
    pub(crate) fn read_all(text: &str) -> Result<Vec<Self>, Unreadable> {
        let blocks = blocks(text)?.into_iter();
        let blocks: Vec<_> = blocks.filter(|block| block.label == "CERTIFICATE").collect();
        if blocks.is_empty() || blocks.len() > CERTIFICATES_MAX {
            return Err(Unreadable::Pem);
        }
        blocks.into_iter().map(|block| Self::new(block.contents)).collect()
    }

    /// One certificate from its bytes.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, Unreadable> {
        Self::new(der.to_vec())
    }

    fn new(der: Vec<u8>) -> Result<Self, Unreadable> {
        let (rest, parsed) = X509Certificate::from_der(&der).map_err(|_| Unreadable::Content)?;
        if !rest.is_empty() {
            return Err(Unreadable::Content);
        }
        let validity = parsed.validity();
        Ok(Self {
            not_before: Timestamp::from_seconds(validity.not_before.timestamp()),
            not_after: Timestamp::from_seconds(validity.not_after.timestamp()),
            public_key: parsed.public_key().subject_public_key.data.to_vec(),
            der,
        })
    }

    /// What AWS says of a certificate that is not valid now.
    pub(crate) fn untimely(&self, now: Timestamp) -> Option<&'static str> {
        if now > self.not_after {
            return Some(
                "Certificate is no longer valid. The 'Not After' date restriction on the \
                 certificate has passed.",
            );
        }
        (now < self.not_before).then_some(
            "Certificate is not yet valid. The 'Not Before' date restriction on the certificate \
             has not passed.",
        )
    }

    /// When it ends.
    pub(crate) fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// The subject's public key: RSA in PKCS #1, a point of a curve uncompressed.
    pub(crate) fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// The value of an extension, if it has that.
    pub(crate) fn extension(&self, kind: &Oid<'_>) -> Option<Vec<u8>> {
        let own = parsed_of(&self.der)?;
        let found = own.get_extension_unique(kind).ok()??;
        Some(found.value.to_vec())
    }

    /// Its bytes.
    pub(crate) fn der(&self) -> &[u8] {
        &self.der
    }

    /// In PEM, lines of 64 characters that end in LF, without one after the last.
    pub(crate) fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }

    /// Whether `issuer` is who signed it: by its name, and by the signature.
    pub(crate) fn is_signed_by(&self, issuer: &Self) -> bool {
        let (Some(own), Some(other)) = (parsed_of(&self.der), parsed_of(&issuer.der)) else {
            return false;
        };
        let algorithm = verification(&own.signature_algorithm.algorithm, issuer.public_key.len());
        let signed = own.tbs_certificate.as_ref();
        own.issuer() == other.subject()
            && algorithm.is_some_and(|algorithm| {
                UnparsedPublicKey::new(algorithm, &issuer.public_key)
                    .verify(signed, &own.signature_value.data)
                    .is_ok()
            })
    }

    /// Whether subject and issuer are one.
    pub(crate) fn is_self_issued(&self) -> bool {
        parsed_of(&self.der).is_some_and(|own| own.issuer() == own.subject())
    }

    /// Whether its key is of a kind that signatures can be verified with here: RSA of 2048 to 8192 bits, the
    /// NIST curves, Ed25519.
    pub(crate) fn has_usable_key(&self) -> bool {
        let Some(own) = parsed_of(&self.der) else { return false };
        match own.public_key().parsed() {
            Ok(x509_parser::public_key::PublicKey::RSA(_)) => {
                rsa::PublicKey::from_der(&self.public_key).is_ok()
            }
            Ok(x509_parser::public_key::PublicKey::EC(_)) => curve(self.public_key.len()).is_some(),
            _ => own.public_key().algorithm.algorithm == OID_SIG_ED25519,
        }
    }
}

fn parsed_of(der: &[u8]) -> Option<X509Certificate<'_>> {
    X509Certificate::from_der(der).ok().map(|(_, parsed)| parsed)
}

/// The index within `chain` of the first certificate that is not signed by the one after it; -1 if `leaf` is not
/// signed by the first of the chain. None if all is in order.
pub(crate) fn break_in_chain(leaf: &Certificate, chain: &[Certificate]) -> Option<i64> {
    let links = std::iter::once(leaf).chain(chain).zip(chain);
    let broken = links.into_iter().position(|(lower, upper)| !lower.is_signed_by(upper))?;
    Some(broken as i64 - 1)
}

/// A private key, of which only the public half is looked at.
pub(crate) struct PrivateKey {
    public_key: Vec<u8>,
}

impl PrivateKey {
    /// The first private key of a text, in PKCS #1, PKCS #8 or SEC 1, without a passphrase.
    pub(crate) fn read(text: &str) -> Result<Self, Unreadable> {
        let blocks = blocks(text)?;
        let block = blocks.into_iter().find(|block| block.label.ends_with("PRIVATE KEY"));
        let block = block.ok_or(Unreadable::Pem)?;
        let der = &block.contents;
        let public_key = match block.label.as_str() {
            "RSA PRIVATE KEY" => rsa::KeyPair::from_der(der).ok().map(public_half),
            "EC PRIVATE KEY" => of_curves(|curve| {
                EcdsaKeyPair::from_private_key_der(curve, der).ok().map(public_half)
            }),
            "PRIVATE KEY" => of_pkcs8(der),
            _ => None,
        };
        public_key.map(|public_key| Self { public_key }).ok_or(Unreadable::Content)
    }

    /// Whether it is the key of that certificate.
    pub(crate) fn belongs_to(&self, certificate: &Certificate) -> bool {
        self.public_key == certificate.public_key
    }
}

fn of_pkcs8(der: &[u8]) -> Option<Vec<u8>> {
    let rsa = || rsa::KeyPair::from_pkcs8(der).ok().map(public_half);
    let ed25519 = || Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok().map(public_half);
    let curves = || of_curves(|curve| EcdsaKeyPair::from_pkcs8(curve, der).ok().map(public_half));
    rsa().or_else(curves).or_else(ed25519)
}

fn of_curves(read: impl Fn(&'static EcdsaSigningAlgorithm) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    CURVES.into_iter().find_map(read)
}

/// As certificates hold it: RSA in PKCS #1, a point of a curve uncompressed.
fn public_half<K: KeyPair>(pair: K) -> Vec<u8> {
    pair.public_key().as_ref().to_vec()
}

/// What verifies a signature of that kind by a key of that many bytes (RFC 3279, 5758, 8410). SHA-1 is for the roots
/// that still sign themselves so.
fn verification(kind: &Oid<'_>, key_bytes: usize) -> Option<&'static dyn VerificationAlgorithm> {
    use signature as s;
    let of_curve = |of_256, of_384, of_521| match curve(key_bytes)? {
        256 => Some(of_256),
        384 => Some(of_384),
        _ => Some(of_521),
    };
    match kind {
        kind if *kind == OID_PKCS1_SHA1WITHRSA => {
            Some(&s::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY)
        }
        kind if *kind == OID_PKCS1_SHA256WITHRSA => Some(&s::RSA_PKCS1_2048_8192_SHA256),
        kind if *kind == OID_PKCS1_SHA384WITHRSA => Some(&s::RSA_PKCS1_2048_8192_SHA384),
        kind if *kind == OID_PKCS1_SHA512WITHRSA => Some(&s::RSA_PKCS1_2048_8192_SHA512),
        kind if *kind == OID_SIG_ECDSA_WITH_SHA256 => of_curve(
            &s::ECDSA_P256_SHA256_ASN1 as &dyn VerificationAlgorithm,
            &s::ECDSA_P384_SHA256_ASN1,
            &s::ECDSA_P521_SHA256_ASN1,
        ),
        kind if *kind == OID_SIG_ECDSA_WITH_SHA384 => of_curve(
            &s::ECDSA_P256_SHA384_ASN1,
            &s::ECDSA_P384_SHA384_ASN1,
            &s::ECDSA_P521_SHA384_ASN1,
        ),
        kind if *kind == OID_SIG_ECDSA_WITH_SHA512 => of_curve(
            &s::ECDSA_P256_SHA512_ASN1,
            &s::ECDSA_P384_SHA512_ASN1,
            &s::ECDSA_P521_SHA512_ASN1,
        ),
        kind if *kind == OID_SIG_ED25519 => Some(&s::ED25519),
        _ => None,
    }
}

/// The curve, in bits, whose points have that many bytes uncompressed.
fn curve(key_bytes: usize) -> Option<u32> {
    match key_bytes {
        65 => Some(256),
        97 => Some(384),
        133 => Some(521),
        _ => None,
    }
}

/// The PEM blocks of a text (RFC 7468); what stands between them is passed over.
fn blocks(text: &str) -> Result<Vec<Pem>, Unreadable> {
    // The reader wants every line to begin at its first character.
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let text = lines.join("\n");
    Pem::iter_from_buffer(text.as_bytes()).collect::<Result<_, _>>().map_err(|_| Unreadable::Pem)
}

/// `der` in PEM.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    const LINE_CHARS: usize = 64;
    let text = STANDARD.encode(der);
    let mut lines = vec![format!("-----BEGIN {label}-----")];
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(LINE_CHARS));
        lines.push(line.to_owned());
        rest = more;
    }
    lines.push(format!("-----END {label}-----"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair as Pair};

    use super::*;

    const RSA_PKCS1: &str = include_str!("../../tests/data/rsa-key-pkcs1.pem");
    const RSA_PKCS8: &str = include_str!("../../tests/data/rsa-key-pkcs8.pem");
    const RSA_ENCRYPTED: &str = include_str!("../../tests/data/rsa-key-encrypted.pem");
    const EC_SEC1: &str = include_str!("../../tests/data/ec-key-sec1.pem");

    fn params(name: &str) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    }

    fn read(pem: &str) -> Certificate {
        Certificate::read_all(pem).unwrap().remove(0)
    }

    /// A leaf, an intermediate and a root, keys of three kinds.
    fn family() -> [Certificate; 3] {
        let root_key = Pair::from_pem(RSA_PKCS8).unwrap();
        let middle_key = Pair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let leaf_key = Pair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let root = params("root").self_signed(&root_key).unwrap();
        let by_root = Issuer::new(params("root"), &root_key);
        let middle = params("middle").signed_by(&middle_key, &by_root).unwrap();
        let by_middle = Issuer::new(params("middle"), &middle_key);
        let leaf = params("leaf").signed_by(&leaf_key, &by_middle).unwrap();
        [leaf, middle, root].map(|certificate| read(&certificate.pem()))
    }

    #[test]
    fn a_chain_leads_upwards() {
        let [leaf, middle, root] = family();
        let broken = |chain: &[&Certificate]| {
            let chain: Vec<_> = chain.iter().map(|link| (*link).clone()).collect();
            break_in_chain(&leaf, &chain)
        };
        assert_eq!(broken(&[&middle, &root]), None);
        assert_eq!((broken(&[&middle]), broken(&[])), (None, None));
        assert_eq!(broken(&[&root, &middle]), Some(-1));
        assert_eq!(broken(&[&middle, &middle]), Some(0));
        assert_eq!(broken(&[&middle, &root, &middle]), Some(1));
        assert!(root.is_self_issued() && root.is_signed_by(&root) && !leaf.is_self_issued());
        assert!([leaf, middle, root].iter().all(Certificate::has_usable_key));
    }

    #[test]
    fn a_namesake_of_the_issuer_signs_nothing() {
        let [leaf, ..] = family();
        let other_key = Pair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let other = read(&params("middle").self_signed(&other_key).unwrap().pem());
        assert_eq!(break_in_chain(&leaf, &[other]), Some(-1));
    }

    #[test]
    fn keys_of_every_kind_know_their_certificates() {
        let pairs = [
            Pair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap(),
            Pair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap(),
            Pair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512).unwrap(),
            Pair::generate_for(&rcgen::PKCS_ED25519).unwrap(),
            Pair::from_pem(RSA_PKCS8).unwrap(),
        ];
        let certificates: Vec<_> =
            pairs.iter().map(|pair| read(&params("x").self_signed(pair).unwrap().pem())).collect();
        for (at, pair) in pairs.iter().enumerate() {
            let key = PrivateKey::read(&pair.serialize_pem()).unwrap();
            for (other, certificate) in certificates.iter().enumerate() {
                assert_eq!(key.belongs_to(certificate), at == other, "{at} {other}");
            }
        }
        let pkcs1 = PrivateKey::read(RSA_PKCS1).unwrap();
        assert!(pkcs1.belongs_to(&certificates[4]));
        assert!(PrivateKey::read(EC_SEC1).is_ok(), "parameters may stand before the key");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let refusal = |text: &str| PrivateKey::read(text).err();
        let certificate = family()[0].pem();
        assert_eq!(refusal("key"), Some(Unreadable::Pem));
        assert_eq!(refusal(&certificate), Some(Unreadable::Pem));
        assert!(refusal(RSA_ENCRYPTED).is_some());
        let mislabelled = RSA_PKCS8.replace(" PRIVATE", " EC PRIVATE");
        assert_eq!(refusal(&mislabelled), Some(Unreadable::Content));
    }

    #[test]
    fn texts_are_read_as_people_paste_them() {
        let [leaf, middle, _] = family();
        let untidy = format!(
            "Bag Attributes\r\n  {}\r\n\r\n{}",
            leaf.pem().replace('\n', "\r\n  "),
            middle.pem()
        );
        assert_eq!(Certificate::read_all(&untidy).unwrap(), [leaf.clone(), middle]);
        assert_eq!(Certificate::read_all(""), Err(Unreadable::Pem));
        assert_eq!(Certificate::read_all(RSA_PKCS8), Err(Unreadable::Pem));
        let cut = pem("CERTIFICATE", &leaf.der()[..leaf.der().len() - 1]);
        assert_eq!(Certificate::read_all(&cut), Err(Unreadable::Content));
        let mut longer = leaf.der().to_vec();
        longer.push(0);
        assert_eq!(Certificate::read_all(&pem("CERTIFICATE", &longer)), Err(Unreadable::Content));
        let many = vec![leaf.pem(); CERTIFICATES_MAX + 1].join("\n");
        assert_eq!(Certificate::read_all(&many), Err(Unreadable::Pem));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "\\PC{0,200}") {
            let framed = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----");
            let key = framed.replace("CERTIFICATE", "PRIVATE KEY");
            for text in [text.as_str(), &framed, &key] {
                let _ = Certificate::read_all(text);
                let _ = PrivateKey::read(text);
            }
        }

        #[test]
        fn any_bytes_are_survived(at in 0..400_usize, byte: u8) {
            let [leaf, middle, _] = family_once();
            let mut der = leaf.der().to_vec();
            let at = at % der.len();
            der[at] = byte;
            if let Ok(all) = Certificate::read_all(&pem("CERTIFICATE", &der)) {
                let _ = (all[0].is_signed_by(middle), middle.is_signed_by(&all[0]));
                let _ = (all[0].has_usable_key(), all[0].is_self_issued());
            }
        }
    }

    fn family_once() -> &'static [Certificate; 3] {
        static FAMILY: std::sync::LazyLock<[Certificate; 3]> = std::sync::LazyLock::new(family);
        &FAMILY
    }
}
