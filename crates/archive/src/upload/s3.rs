//! An export as an object of an S3 bucket, sent in parts and encrypted there with the key of the job.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use object_store::{
    BackoffConfig, ObjectStoreExt, PutPayload, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    multipart::{MultipartStore, PartId},
    path::Path,
};
use workmail::exports::work::Job;
use world::Secret;

use super::{
    connector::Connector,
    endpoint::{Endpoint, EndpointError},
    log_path,
};
use crate::Error;

/// How long a request that failed is tried again, and how often.
const RETRY_TIMEOUT: Duration = Duration::from_secs(60);
const RETRIES_MAX: usize = 5;

/// An S3-compatible server, as the operator describes it.
#[derive(Clone, Debug)]
pub struct S3Settings {
    endpoint: Endpoint,
    url: String,
    region: Option<String>,
    access_key_id: String,
    secret_access_key: Secret,
}

impl S3Settings {
    /// The server at `url`, `https://` and a host. Without `region`, requests name that of the organization.
    ///
    /// # Errors
    /// [`EndpointError`].
    pub fn new(
        url: &str,
        region: Option<String>,
        access_key_id: impl Into<String>,
        secret_access_key: Secret,
    ) -> Result<Self, EndpointError> {
        Ok(Self {
            endpoint: Endpoint::parse(url)?,
            url: url.trim_end_matches('/').to_owned(),
            region,
            access_key_id: access_key_id.into(),
            secret_access_key,
        })
    }

    /// The bucket of a job, in which all objects are encrypted with its key.
    fn bucket(&self, job: &Job) -> Result<AmazonS3, Error> {
        let secret = self.secret_access_key.expose_text().unwrap_or_default();
        let connector = Connector::new(self.endpoint.clone()).map_err(|error| {
            failed(job, &object_store::Error::Generic { store: "TLS", source: error.into() })
        })?;
        let retries = RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: RETRIES_MAX,
            retry_timeout: RETRY_TIMEOUT,
        };
        AmazonS3Builder::new()
            .with_endpoint(&self.url)
            .with_allow_http(!self.endpoint.tls)
            .with_virtual_hosted_style_request(false)
            .with_region(self.region.as_deref().unwrap_or(&job.region))
            .with_bucket_name(&job.bucket)
            .with_access_key_id(&self.access_key_id)
            .with_secret_access_key(secret)
            .with_sse_kms_encryption(&job.key_arn)
            .with_http_connector(connector)
            .with_retry(retries)
            .build()
            .map_err(|error| failed(job, &error))
    }
}

/// Where the object of a job is to be.
pub(super) struct Place {
    bucket: AmazonS3,
    path: Path,
    log: Path,
    job: Arc<Job>,
}

impl Place {
    pub(super) fn new(settings: &S3Settings, job: &Job) -> Result<Self, Error> {
        let path = |text: &str| {
            Path::parse(text).map_err(|_| Error::Destination(format!("The key {text} is invalid.")))
        };
        Ok(Self {
            bucket: settings.bucket(job)?,
            path: path(&job.path)?,
            log: path(&log_path(&job.path))?,
            job: Arc::new(job.clone()),
        })
    }

    pub(super) async fn begin(self) -> Result<Multipart, Error> {
        let id = self.bucket.create_multipart(&self.path).await;
        let id = id.map_err(|error| failed(&self.job, &error))?;
        Ok(Multipart { place: self, id, parts: Vec::new() })
    }

    /// Takes away the parts of an upload that did not come to its end.
    pub(super) async fn abort(&self, id: &str) {
        match self.bucket.abort_multipart(&self.path, &id.to_owned()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => tracing::warn!(%error, job = self.job.id, "cannot abort an upload"),
        }
    }

    async fn remove(&self, path: &Path) {
        match self.bucket.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => tracing::warn!(%error, job = self.job.id, "cannot remove an export"),
        }
    }
}

/// An object on its way.
pub(crate) struct Multipart {
    place: Place,
    id: String,
    parts: Vec<PartId>,
}

impl Multipart {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) async fn part(&mut self, bytes: Bytes) -> Result<(), Error> {
        let Place { bucket, path, job, .. } = &self.place;
        let part = bucket.put_part(path, &self.id, self.parts.len(), PutPayload::from(bytes)).await;
        self.parts.push(part.map_err(|error| failed(job, &error))?);
        Ok(())
    }

    pub(super) async fn complete(&mut self, log: Bytes) -> Result<(), Error> {
        let Place { bucket, path, log: log_path, job } = &self.place;
        let parts = std::mem::take(&mut self.parts);
        let done = bucket.complete_multipart(path, &self.id, parts).await;
        done.map_err(|error| failed(job, &error))?;
        let logged = bucket.put(log_path, PutPayload::from(log)).await;
        logged.map(drop).map_err(|error| failed(job, &error))
    }

    pub(super) async fn abort(self, is_wanted: bool) {
        self.place.abort(&self.id).await;
        if is_wanted {
            return;
        }
        self.place.remove(&self.place.path).await;
        self.place.remove(&self.place.log).await;
    }
}

/// What the client is told names no server: that is the operator's business.
fn failed(job: &Job, error: &object_store::Error) -> Error {
    tracing::warn!(%error, job = job.id, "the S3 server refuses an export");
    let bucket = &job.bucket;
    Error::Destination(match error {
        object_store::Error::NotFound { .. } => format!("The bucket {bucket} does not exist."),
        object_store::Error::PermissionDenied { .. }
        | object_store::Error::Unauthenticated { .. } => {
            format!("Access to the bucket {bucket} was denied.")
        }
        _ => format!("The bucket {bucket} cannot be written to with the key {}.", job.key_arn),
    })
}
