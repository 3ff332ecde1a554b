//! Where replacements come from: objects in buckets, on an S3-compatible server or in a folder of this machine.
//!
//! The operator says which account a bucket belongs to, and no other account's calls read from it: the server sees
//! the operator's credentials, not the caller's.

use std::{collections::HashMap, io, path::PathBuf, time::Duration};

use bytes::Bytes;
use errand::{
    Client, HeaderMap, Limits, Request, Url,
    header::{HeaderName, HeaderValue},
};
use sigv4::{PathStyle, Payload, Rules, Signer};
use tokio::io::AsyncReadExt;
use wire::{
    Error,
    workmailmessageflow::{
        S3Reference,
        errors::{INVALID_CONTENT_LOCATION, MESSAGE_REJECTED},
    },
};
use world::{Secret, World};

/// Bytes of a text at most (Amazon WorkMail quotas: 40 MB as MIME).
pub(crate) const TEXT_BYTES_MAX: usize = 40 * 1024 * 1024;

/// How long the server may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Where replacements come from.
pub struct Content {
    source: Source,
    /// The account of each bucket.
    buckets: HashMap<String, String>,
}

/// Where the buckets are.
pub enum Source {
    /// There are none.
    Nowhere,
    /// In a folder, a subfolder each.
    Directory(PathBuf),
    /// On a server.
    S3(S3),
}

/// An S3-compatible server.
pub struct S3 {
    /// The way to it.
    pub client: Client,
    /// The clock.
    pub world: World,
    /// Its address.
    pub endpoint: Url,
    /// Its region; that of the call unless given.
    pub region: Option<String>,
    /// The id of the access key.
    pub access_key_id: String,
    /// Its secret.
    pub secret: Secret,
}

/// The text is not `BUCKET=ACCOUNT`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not BUCKET=ACCOUNT, as in drafts=123456789012")]
pub struct ParseBucketError(String);

impl Content {
    /// Objects in those buckets: `BUCKET=ACCOUNT` each.
    ///
    /// # Errors
    /// [`ParseBucketError`] for the first entry of another form.
    pub fn new<'a>(
        source: Source,
        buckets: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, ParseBucketError> {
        let wrong = |entry: &str| ParseBucketError(entry.to_owned());
        let buckets = buckets.into_iter().map(|text| entry(text).ok_or_else(|| wrong(text)));
        Ok(Self { source, buckets: buckets.collect::<Result<_, _>>()? })
    }

    /// No objects at all.
    pub fn nowhere() -> Self {
        Self { source: Source::Nowhere, buckets: HashMap::new() }
    }

    /// The object that a caller of `account` names.
    ///
    /// # Errors
    /// `InvalidContentLocation` if it cannot be had, for whatever reason; `MessageRejected` if it is too large.
    pub(crate) async fn fetch(
        &self,
        (account, region): (&str, &str),
        object: &S3Reference,
    ) -> Result<Bytes, Error> {
        if self.buckets.get(&object.bucket).is_none_or(|owner| owner != account) {
            return Err(unreachable(object));
        }
        match &self.source {
            Source::Nowhere => Err(unreachable(object)),
            Source::Directory(root) => read(root.clone(), object).await,
            Source::S3(server) => server.fetch(region, object).await,
        }
    }
}

fn entry(text: &str) -> Option<(String, String)> {
    let (bucket, account) = text.split_once('=')?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (is_account && !bucket.is_empty()).then(|| (bucket.to_owned(), account.to_owned()))
}

/// What is said is the same whether the object, the bucket or the right to it is missing.
fn unreachable(object: &S3Reference) -> Error {
    let S3Reference { bucket, key, .. } = object;
    INVALID_CONTENT_LOCATION
        .with(format!("The object {key} in the bucket {bucket} cannot be read."))
}

fn too_large() -> Error {
    MESSAGE_REJECTED.with(format!("The message is larger than {TEXT_BYTES_MAX} bytes."))
}

/// A file below the folder: the model lets keys have neither dots nor backslashes, and an empty step could lead to
/// the root.
async fn read(root: PathBuf, object: &S3Reference) -> Result<Bytes, Error> {
    let steps: Vec<_> = object.key.split('/').collect();
    let is_plain = |step: &&str| !step.is_empty() && !step.contains(['.', '\\']);
    if !steps.iter().all(is_plain) || object.object_version.is_some() {
        return Err(unreachable(object));
    }
    let mut path = root.join(&object.bucket);
    path.extend(steps);
    let text = read_bounded(&path).await.map_err(|error| {
        tracing::info!(%error, path = %path.display(), "a replacement cannot be read");
        unreachable(object)
    })?;
    if text.len() > TEXT_BYTES_MAX { Err(too_large()) } else { Ok(text.into()) }
}

/// The file, or so much of it that it is known to be too large.
async fn read_bounded(path: &std::path::Path) -> io::Result<Vec<u8>> {
    let file = tokio::fs::File::open(path).await?;
    if !file.metadata().await?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut text = Vec::new();
    file.take(TEXT_BYTES_MAX as u64 + 1).read_to_end(&mut text).await?;
    Ok(text)
}

impl S3 {
    async fn fetch(&self, region: &str, object: &S3Reference) -> Result<Bytes, Error> {
        let url = self.endpoint.at(&target(object)).map_err(|_| unreachable(object))?;
        let limits = Limits { timeout: TIMEOUT, reply_bytes: TEXT_BYTES_MAX };
        let headers = self.signature(&url, self.region.as_deref().unwrap_or(region));
        let reply = self.client.run(Request { headers, limits, ..Request::get(url) }).await;
        match reply {
            Ok(reply) if reply.status.is_success() => Ok(reply.body),
            Ok(reply) => {
                tracing::info!(status = %reply.status, "the S3 server gives no replacement");
                Err(unreachable(object))
            }
            Err(errand::Error::TooLarge { .. }) => Err(too_large()),
            Err(error) => {
                tracing::warn!(%error, "the S3 server cannot be asked for a replacement");
                Err(unreachable(object))
            }
        }
    }

    fn signature(&self, url: &Url, region: &str) -> HeaderMap {
        let host = url.authority();
        let headers = [("host", host.as_bytes())];
        let target = url.target().as_bytes();
        let request = sigv4::Request { method: "GET", target, headers: &headers, body: b"" };
        let signer = Signer {
            access_key_id: &self.access_key_id,
            secret: &self.secret,
            token: None,
            region,
            service: "s3",
            rules: Rules { path: PathStyle::Literal, payload: Payload::MayBeUnsigned },
            content_sha256: true,
        };
        let signed = signer.sign(&request, self.world.now()).into_iter();
        let header = |(name, value): (&'static str, String)| {
            Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))
        };
        signed.filter_map(header).collect()
    }
}

/// The path of an object, with the bucket in it (Amazon S3 API Reference, `GetObject`, path style).
fn target(object: &S3Reference) -> String {
    let mut target = format!("/{}/{}", object.bucket, object.key);
    if let Some(version) = &object.object_version {
        target.push_str("?versionId=");
        target.extend(version.bytes().map(escaped));
    }
    target
}

fn escaped(byte: u8) -> String {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "123456789012";

    fn object(bucket: &str, key: &str) -> S3Reference {
        S3Reference { bucket: bucket.into(), key: key.into(), object_version: None }
    }

    async fn fetched(content: &Content, account: &str, object: &S3Reference) -> Option<Bytes> {
        let fetched = content.fetch((account, "us-east-1"), object).await;
        fetched.inspect_err(|error| assert!(error.is(&INVALID_CONTENT_LOCATION))).ok()
    }

    #[tokio::test]
    async fn a_bucket_is_read_for_its_account_alone() {
        let root = std::env::temp_dir().join(format!("content-{}", std::process::id()));
        std::fs::create_dir_all(root.join("drafts/a")).unwrap();
        std::fs::create_dir_all(root.join("others")).unwrap();
        for file in ["drafts/a/b", "others/b"] {
            std::fs::write(root.join(file), "text").unwrap();
        }
        let buckets = ["drafts=123456789012", "others=210987654321"];
        let content = Content::new(Source::Directory(root.clone()), buckets).unwrap();
        let found = fetched(&content, ACCOUNT, &object("drafts", "a/b")).await;
        assert_eq!(found.as_deref(), Some(&b"text"[..]));
        let path = root.join("drafts/a/b");
        for (bucket, key) in [
            ("others", "b"),
            ("unnamed", "b"),
            ("drafts", "b"),
            ("drafts", "a"),
            ("drafts", "/a/b"),
            ("drafts", "a//b"),
            ("drafts", path.to_str().unwrap()),
            ("drafts", "../others/b"),
        ] {
            assert_eq!(
                fetched(&content, ACCOUNT, &object(bucket, key)).await,
                None,
                "{bucket} {key}"
            );
        }
        let versioned = S3Reference { object_version: Some("1".into()), ..object("drafts", "a/b") };
        assert_eq!(fetched(&content, ACCOUNT, &versioned).await, None, "files have no versions");
        assert_eq!(fetched(&Content::nowhere(), ACCOUNT, &object("drafts", "a/b")).await, None);
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn an_object_has_a_path() {
        let versioned =
            S3Reference { object_version: Some("a/b +é".into()), ..object("b", "k/l") };
        assert_eq!(target(&versioned), "/b/k/l?versionId=a%2Fb%20%2B%C3%A9");
        assert!(Content::new(Source::Nowhere, ["drafts"]).is_err());
        assert!(Content::new(Source::Nowhere, ["drafts=1"]).is_err());
    }
}
