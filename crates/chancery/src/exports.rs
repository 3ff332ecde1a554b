//! `[export]` of the configuration: where mailbox exports go.

use std::path::{Path, PathBuf};

use archive::{Destination, EXPORT_KEY_BYTES, ExportKey, S3Settings};
use serde::{Deserialize, Serialize};
use world::Secret;

use crate::{
    cli,
    failure::Failure,
    options::{pick_list, read_credentials, refuse_without},
};

/// A folder, or an S3-compatible server; without either, no mailbox can be exported.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Exports {
    /// The folder whose subfolders are the buckets.
    #[serde(skip_serializing_if = "Option::is_none")]
    directory: Option<PathBuf>,
    /// The keys that encrypt what goes into the folder: `ARN=FILE`.
    keys: Vec<String>,
    /// The server: https:// and a host.
    #[serde(skip_serializing_if = "Option::is_none")]
    s3_endpoint: Option<String>,
    /// Its region, if it is not that of the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    s3_region: Option<String>,
    /// File with the credentials: `ACCESS_KEY_ID:SECRET_ACCESS_KEY`.
    #[serde(skip_serializing_if = "Option::is_none")]
    s3_credentials: Option<PathBuf>,
}

impl Exports {
    /// Flags, and the file where they say nothing.
    pub(crate) fn merge(options: &cli::Serve, file: Self) -> Self {
        let flags = &options.exports;
        Self {
            directory: flags.export_directory.clone().or(file.directory),
            keys: pick_list(&flags.export_keys, file.keys),
            s3_endpoint: flags.export_s3_endpoint.clone().or(file.s3_endpoint),
            s3_region: flags.export_s3_region.clone().or(file.s3_region),
            s3_credentials: flags.export_s3_credentials.clone().or(file.s3_credentials),
        }
    }

    /// The destination, with the keys and credentials read.
    pub(crate) fn destination(&self) -> Result<Destination, Failure> {
        self.refuse_ignored()?;
        match (&self.directory, &self.s3_endpoint) {
            (None, None) => Ok(Destination::Nowhere),
            (Some(root), None) => {
                let keys = self.keys.iter().map(|entry| key(entry)).collect::<Result<_, _>>()?;
                Ok(Destination::Directory { root: root.clone(), keys })
            }
            (None, Some(endpoint)) => self.s3(endpoint).map(Destination::S3),
            (Some(_), Some(_)) => Err(Failure::new(
                "export-directory and export-s3-endpoint exclude each other: give one of them",
            )),
        }
    }

    fn refuse_ignored(&self) -> Result<(), Failure> {
        if self.directory.is_none() {
            refuse_without("export-directory", &[("export-key", !self.keys.is_empty())])?;
        }
        if self.s3_endpoint.is_none() {
            let region = ("export-s3-region", self.s3_region.is_some());
            let credentials = ("export-s3-credentials", self.s3_credentials.is_some());
            refuse_without("export-s3-endpoint", &[region, credentials])?;
        }
        Ok(())
    }

    fn s3(&self, endpoint: &str) -> Result<S3Settings, Failure> {
        let path = self.s3_credentials.as_deref().ok_or_else(|| {
            Failure::new("export-s3-endpoint needs export-s3-credentials, a file")
        })?;
        let (id, secret) = read_credentials(path)?;
        S3Settings::new(endpoint, self.s3_region.clone(), &id, secret)
            .map_err(|error| Failure::new(format!("export-s3-endpoint {error}")))
    }
}

/// The key in a file, under the name that an entry `ARN=FILE` gives it.
fn key(entry: &str) -> Result<ExportKey, Failure> {
    let (arn, path) = entry
        .split_once('=')
        .filter(|(arn, _)| arn.starts_with("arn:aws:kms:"))
        .ok_or_else(|| Failure::new(format!("export-key `{entry}` is not ARN=FILE")))?;
    let path = Path::new(path);
    ExportKey::new(arn, read_key(path)?)
        .ok_or_else(|| Failure::new(format!("export-key `{arn}`: the ARN is too long")))
}

/// The bytes of a key.
pub(crate) fn read_key(path: &Path) -> Result<Secret, Failure> {
    let bytes = std::fs::read(path).map_err(Failure::file("cannot read the key", path))?;
    if bytes.len() == EXPORT_KEY_BYTES {
        return Ok(Secret::new(bytes));
    }
    let (path, length) = (path.display(), bytes.len());
    Err(Failure::new(format!("the key `{path}` has {length} bytes instead of {EXPORT_KEY_BYTES}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:kms:us-east-1:123456789012:key/a";

    #[test]
    fn what_cannot_be_meant_is_found_before_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            std::fs::write(folder.path().join(name), bytes).unwrap();
            folder.path().join(name)
        };
        let (good, short) = (file("good", &[1; EXPORT_KEY_BYTES]), file("short", b"x"));
        let credentials = file("s3", b"id:secret\n");
        let keyed = |path: &Path| Exports {
            directory: Some(folder.path().to_owned()),
            keys: vec![format!("{ARN}={}", path.display())],
            ..Exports::default()
        };
        assert!(matches!(keyed(&good).destination(), Ok(Destination::Directory { .. })));
        let server = |url: &str, credentials: &Path| Exports {
            s3_endpoint: Some(url.to_owned()),
            s3_credentials: Some(credentials.to_owned()),
            ..Exports::default()
        };
        assert!(matches!(
            server("https://s3.example.com", &credentials).destination(),
            Ok(Destination::S3(_))
        ));
        let both = Exports { directory: Some("/tmp".into()), ..server("https://a", &credentials) };
        for (wrong, words) in [
            (keyed(&short), "1 bytes instead of 32"),
            (Exports { keys: vec!["x".to_owned()], ..keyed(&good) }, "not ARN=FILE"),
            (server("http://s3.example.com", &credentials), "loopback"),
            (server("https://s3.example.com", &short), "ACCESS_KEY_ID"),
            (Exports { s3_credentials: None, ..server("https://a", &short) }, "needs"),
            (both, "exclude each other"),
            (Exports { directory: None, ..keyed(&good) }, "nothing without export-directory"),
            (Exports { s3_endpoint: None, ..server("", &credentials) }, "export-s3-endpoint"),
            (
                Exports { s3_region: Some("eu-west-1".to_owned()), ..keyed(&good) },
                "export-s3-region",
            ),
        ] {
            let message = wrong.destination().unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
    }
}
