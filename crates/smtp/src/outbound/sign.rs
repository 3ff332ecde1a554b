//! The signature of what leaves (RFC 6376): by the key of the author's domain, if that is the organization's own.
//!
//! A message is signed when it leaves and not when it is handed in, for until then it may still be changed.

use bytes::Bytes;
use mailflow::Job;
use tokio::task;
use workmail::SigningKey;

use super::{Outbound, Resolver};

impl<R: Resolver> Outbound<R> {
    /// The message with its signature. One that cannot be signed goes as it is.
    pub(super) async fn signed(&self, job: &Job, content: Bytes) -> Bytes {
        let domains = mailauth::author_domains(&content);
        let [domain] = domains.as_slice() else { return content };
        let key = match self.signing_key(job, domain).await {
            Ok(Some(key)) => key,
            Ok(None) => return content,
            Err(error) => {
                tracing::error!(message = %job.message, %domain, %error, "the key cannot be read");
                return content;
            }
        };
        let (domain, now, message) = (domain.clone(), self.flow.world().now(), content.clone());
        let sign = move || -> Result<Bytes, mailauth::DkimKeyError> {
            let field = key.key.sign(&domain, &key.selector, &message, now)?;
            Ok([field.as_bytes(), &message].concat().into())
        };
        match task::spawn_blocking(sign).await {
            Ok(Ok(signed)) => signed,
            _ => {
                tracing::error!(message = %job.message, "the message cannot be signed");
                content
            }
        }
    }

    async fn signing_key(
        &self,
        job: &Job,
        domain: &str,
    ) -> Result<Option<SigningKey>, store::Error> {
        let store = self.flow.store();
        let mut snapshot = store.read().await?;
        workmail::signing_key(&mut snapshot, store.keyring(), &job.organization, domain).await
    }
}
