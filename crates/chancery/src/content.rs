//! `[content]` of the configuration: where functions leave the replacements of messages in transit.

use std::path::PathBuf;

use errand::{Client, Url};
use messageflow::{Content, S3, Source};
use serde::{Deserialize, Serialize};
use world::World;

use crate::{
    cli,
    failure::Failure,
    options::{read_credentials, refuse_without},
};

/// A folder, or an S3-compatible server; without either, no message can be replaced.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ContentConfig {
    /// The folder whose subfolders are the buckets.
    #[serde(skip_serializing_if = "Option::is_none")]
    directory: Option<PathBuf>,
    /// The server.
    #[serde(skip_serializing_if = "Option::is_none")]
    s3_endpoint: Option<String>,
    /// Its region, if it is not that of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    s3_region: Option<String>,
    /// File with the credentials: `ACCESS_KEY_ID:SECRET_ACCESS_KEY`.
    #[serde(skip_serializing_if = "Option::is_none")]
    s3_credentials: Option<PathBuf>,
    /// The account of each bucket: `BUCKET=ACCOUNT`.
    buckets: Vec<String>,
}

impl ContentConfig {
    /// Flags, and the file where they say nothing.
    pub(crate) fn merge(options: &cli::Serve, file: Self) -> Self {
        let flags = &options.content;
        Self {
            directory: flags.content_directory.clone().or(file.directory),
            s3_endpoint: flags.content_s3_endpoint.clone().or(file.s3_endpoint),
            s3_region: flags.content_s3_region.clone().or(file.s3_region),
            s3_credentials: flags.content_s3_credentials.clone().or(file.s3_credentials),
            buckets: [file.buckets, flags.content_buckets.clone()].concat(),
        }
    }

    /// Finds what cannot be meant.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let world = World::system();
        let client = Client::new(errand::Hosts::default(), world.clone());
        self.content(client, world).map(drop)
    }

    /// The same for the service, with the credentials read; a server is reached by `client`.
    pub(crate) fn content(&self, client: Client, world: World) -> Result<Content, Failure> {
        self.refuse_ignored()?;
        let source = match (&self.directory, &self.s3_endpoint) {
            (None, None) => Source::Nowhere,
            (Some(root), None) => Source::Directory(root.clone()),
            (None, Some(endpoint)) => Source::S3(self.s3(endpoint, client, world)?),
            (Some(_), Some(_)) => {
                return Err(Failure::new(
                    "content-directory and content-s3-endpoint exclude each other: give one of them",
                ));
            }
        };
        let buckets = self.buckets.iter().map(String::as_str);
        Content::new(source, buckets)
            .map_err(|error| Failure::new(format!("content-bucket {error}")))
    }

    fn refuse_ignored(&self) -> Result<(), Failure> {
        if self.s3_endpoint.is_none() {
            let region = ("content-s3-region", self.s3_region.is_some());
            let credentials = ("content-s3-credentials", self.s3_credentials.is_some());
            refuse_without("content-s3-endpoint", &[region, credentials])?;
        }
        if self.s3_endpoint.is_none() && self.directory.is_none() {
            let owner = "content-directory or content-s3-endpoint";
            refuse_without(owner, &[("content-bucket", !self.buckets.is_empty())])?;
        }
        Ok(())
    }

    fn s3(&self, endpoint: &str, client: Client, world: World) -> Result<S3, Failure> {
        let url = Url::parse_trusted(endpoint).ok().filter(|url| url.target() == "/");
        let path = self.s3_credentials.as_deref().ok_or_else(|| {
            Failure::new("content-s3-endpoint needs content-s3-credentials, a file")
        })?;
        let (access_key_id, secret) = read_credentials(path)?;
        Ok(S3 {
            client,
            world,
            endpoint: url.ok_or_else(|| {
                Failure::new(format!(
                    "content-s3-endpoint `{endpoint}` is not a URL without a path"
                ))
            })?,
            region: self.s3_region.clone(),
            access_key_id,
            secret,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_meant_is_found_before_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            folder.path().join(name)
        };
        let (good, bad) = (file("good", "id:secret\n"), file("bad", "id"));
        let (id, secret) = read_credentials(&good).unwrap();
        assert_eq!((id.as_str(), secret.expose()), ("id", &b"secret"[..]));
        let content = |config: &ContentConfig| config.check().map_err(|error| error.to_string());
        let server = |endpoint: &str, credentials: &std::path::Path| ContentConfig {
            s3_endpoint: Some(endpoint.to_owned()),
            s3_credentials: Some(credentials.to_owned()),
            ..ContentConfig::default()
        };
        assert!(content(&server("http://127.0.0.1:5000", &good)).is_ok());
        let both = ContentConfig { directory: Some("/tmp".into()), ..server("https://a", &good) };
        let directory =
            || ContentConfig { directory: Some("/tmp".into()), ..ContentConfig::default() };
        let bucket = ContentConfig { buckets: vec!["b=1".into()], ..directory() };
        for (wrong, words) in [
            (server("127.0.0.1:5000", &good), "not a URL"),
            (server("https://a/b", &good), "without a path"),
            (server("https://a", &bad), "ACCESS_KEY_ID"),
            (ContentConfig { s3_credentials: None, ..server("https://a", &good) }, "needs"),
            (both, "exclude each other"),
            (ContentConfig { directory: None, ..bucket.clone() }, "content-directory or"),
            (bucket, "BUCKET=ACCOUNT"),
            (
                ContentConfig { s3_region: Some("eu-west-1".into()), ..directory() },
                "s3-region means",
            ),
            (ContentConfig { s3_credentials: Some(good), ..directory() }, "s3-credentials means"),
        ] {
            let message = content(&wrong).unwrap_err();
            assert!(message.contains(words), "{message}");
        }
    }
}
