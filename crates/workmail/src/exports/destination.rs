//! Where exports go, and what of a request can be meant for it.

use iam::arns;
use wire::workmail::StartMailboxExportJobRequest;

use crate::refusal;

/// The longest key of an object, in bytes (`S3ObjectKey` of the model).
const PATH_MAX_BYTES: usize = 1023;
/// How long the name of a bucket is, in bytes (Amazon S3, "Bucket naming rules").
const BUCKET_BYTES: std::ops::RangeInclusive<usize> = 3..=63;

/// Where the operator lets exports go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ExportDestination {
    /// Nowhere: no job can begin.
    #[default]
    Nowhere,
    /// An S3-compatible server, which encrypts with the key that a job names.
    S3,
    /// A folder of this machine. What goes there is encrypted with one of these keys, known by their ARNs.
    Directory {
        /// The ARNs.
        keys: Vec<String>,
    },
}

impl ExportDestination {
    /// The key of the object that a job is to write, or why there can be none.
    pub(super) fn path(
        &self,
        input: &StartMailboxExportJobRequest,
        (account, region): (&str, &str),
        job: &str,
    ) -> Result<String, wire::Error> {
        let ending = match self {
            Self::Nowhere => {
                return Err(refusal::invalid(
                    "This server has no destination for mailbox exports.",
                ));
            }
            Self::S3 => "zip",
            Self::Directory { .. } => "zip.enc",
        };
        check_bucket(&input.s3_bucket_name)?;
        self.check_key(&input.kms_key_arn, account, region)?;
        let prefix = input.s3_prefix.strip_suffix('/').unwrap_or(&input.s3_prefix);
        // Each part names a folder where the destination is one.
        if prefix.split('/').any(|part| matches!(part, "" | "." | "..")) {
            let text = format!("The S3 prefix {prefix} has a part that is empty, . or ...");
            return Err(refusal::invalid(text));
        }
        let path = format!("{prefix}/{job}.{ending}");
        if path.len() > PATH_MAX_BYTES {
            return Err(refusal::invalid("The S3 prefix is too long for the name of the export."));
        }
        Ok(path)
    }

    fn check_key(&self, arn: &str, account: &str, region: &str) -> Result<(), wire::Error> {
        let is_ours = arns::account(arn) == Some(account) && arn.split(':').nth(3) == Some(region);
        if !is_ours {
            let text =
                format!("The KMS key {arn} is not of the account and region of the organization.");
            return Err(refusal::invalid(text));
        }
        match self {
            Self::Directory { keys } if !keys.iter().any(|key| key == arn) => {
                Err(refusal::invalid(format!("The KMS key {arn} is not known to this server.")))
            }
            _ => Ok(()),
        }
    }
}

/// Amazon S3, "Bucket naming rules".
fn check_bucket(name: &str) -> Result<(), wire::Error> {
    let is_edge = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_inner = |byte: u8| is_edge(&byte) || matches!(byte, b'.' | b'-');
    let bytes = name.as_bytes();
    let ends = bytes.first().is_some_and(is_edge) && bytes.last().is_some_and(is_edge);
    if BUCKET_BYTES.contains(&bytes.len())
        && ends
        && name.bytes().all(is_inner)
        && !name.contains("..")
    {
        return Ok(());
    }
    Err(refusal::invalid(format!("The S3 bucket name {name} is not valid.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/one";

    fn path(destination: &ExportDestination, bucket: &str, prefix: &str) -> Option<String> {
        let input = StartMailboxExportJobRequest {
            s3_bucket_name: bucket.to_owned(),
            s3_prefix: prefix.to_owned(),
            kms_key_arn: KEY.to_owned(),
            ..Default::default()
        };
        destination.path(&input, ("123456789012", "us-east-1"), "job").ok()
    }

    #[test]
    fn a_path_stays_below_its_bucket() {
        let place = ExportDestination::Directory { keys: vec![KEY.to_owned()] };
        assert_eq!(path(&place, "exports", "a/b").as_deref(), Some("a/b/job.zip.enc"));
        assert_eq!(path(&place, "exports", "a/").as_deref(), Some("a/job.zip.enc"));
        for prefix in ["/", "/a", "a//b", "..", "a/../b", ".", "a//"] {
            assert_eq!(path(&place, "exports", prefix), None, "{prefix}");
        }
        for bucket in ["..", "ab", "Upper", ".ab", "ab-", "a..b"] {
            assert_eq!(path(&place, bucket, "a"), None, "{bucket}");
        }
        assert_eq!(path(&place, "exports", &"a".repeat(1023)), None);
    }

    #[test]
    fn a_key_must_be_known_where_we_encrypt() {
        let unknown = ExportDestination::Directory { keys: Vec::new() };
        assert_eq!(path(&unknown, "exports", "a"), None);
        assert_eq!(path(&ExportDestination::S3, "exports", "a").as_deref(), Some("a/job.zip"));
        assert_eq!(path(&ExportDestination::Nowhere, "exports", "a"), None);
    }
}
