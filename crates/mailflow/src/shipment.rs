//! A message with all that is handed out together with it: the records of journals, and notices of what cannot
//! be delivered.

use world::Timestamp;

use crate::{
    Error, Failure, Mailflow, Refusal,
    events::Chronicle,
    journal::Record,
    parcel::Parcel,
    retry::{self, MAX_TRIES},
    transit::Ending,
};

/// A message and its records.
#[derive(Debug)]
pub(crate) struct Shipment {
    pub(crate) message: Parcel,
    /// Who is told if the message cannot be delivered: nobody, if that is empty.
    pub(crate) told: String,
    pub(crate) records: Vec<Record>,
    /// What is told of the message, if anybody wants to know.
    pub(crate) chronicle: Option<Chronicle>,
    /// What it waited for until now, if it did.
    pub(crate) ending: Option<Ending>,
}

/// A part of a shipment, and who is told if it cannot be delivered: nobody, if that is empty.
struct Part<'a> {
    parcel: &'a Parcel,
    organization: &'a str,
    told: &'a str,
}

/// What could not be delivered of one part of a shipment.
#[derive(Debug, PartialEq)]
struct Untold {
    part: usize,
    failures: Vec<Failure>,
}

/// A notice of that, ready to be handed out beside the message.
#[derive(Debug)]
struct Ready {
    untold: Untold,
    notice: Parcel,
}

impl Shipment {
    fn part(&self, part: usize) -> Option<Part<'_>> {
        let Some(record) = part.checked_sub(1) else {
            let (parcel, told) = (&self.message, self.told.as_str());
            return Some(Part {
                parcel,
                organization: parcel.organization().unwrap_or_default(),
                told,
            });
        };
        let Record { parcel, organization, report } = self.records.get(record)?;
        Some(Part { parcel, organization, told: report })
    }

    fn parts(&self) -> impl Iterator<Item = (usize, Part<'_>)> {
        (0..=self.records.len()).filter_map(|part| Some((part, self.part(part)?)))
    }
}

impl Mailflow {
    /// Hands a shipment out, and tells its senders what of it could not be delivered.
    ///
    /// # Errors
    /// A [`Refusal`]: nothing was kept.
    pub(crate) async fn hand_over(
        &self,
        shipment: &Shipment,
        arrived_at: Timestamp,
    ) -> Result<(), Refusal> {
        let mut ready = Vec::new();
        for tries in 1..=MAX_TRIES {
            match self.try_hand_out(shipment, &ready).await {
                Ok(untold) if untold.is_empty() => return Ok(()),
                Ok(all_untold) => {
                    for untold in all_untold {
                        ready.extend(self.tell(shipment, untold, arrived_at).await?);
                    }
                }
                Err(Refusal::Failed(error)) if error.is_conflict() => {
                    retry::rest(&self.world, tries).await;
                }
                Err(refusal) => return Err(refusal),
            }
        }
        Err(Error::Contended(MAX_TRIES).into())
    }

    /// One transaction. Commits if all went well or `ready` tells just the failures that there are; otherwise
    /// keeps nothing and says what is still to be told.
    async fn try_hand_out(
        &self,
        shipment: &Shipment,
        ready: &[Ready],
    ) -> Result<Vec<Untold>, Refusal> {
        let now = self.world.now();
        let mut tx = self.store.write().await?;
        let (mut all_untold, mut chapter) = (Vec::new(), None);
        for (part, Part { parcel, told, .. }) in shipment.parts() {
            let out = parcel.hand_out(&mut tx, now).await?;
            // Of a message that waited, nobody waits to be refused.
            if part == 0 && out.placed == 0 && shipment.ending.is_none() {
                drop(tx);
                return Err(self.refuse(shipment, &out.failures).await);
            }
            if part == 0 {
                chapter = shipment.chronicle.as_ref().map(|chronicle| chronicle.told(&out));
            }
            // A notice about a notice could go on for ever (RFC 5321 section 4.5.5).
            if out.failures.is_empty() || told.is_empty() {
                continue;
            }
            let untold = Untold { part, failures: out.failures };
            match ready.iter().find(|ready| ready.untold == untold) {
                Some(ready) => {
                    ready.notice.hand_out(&mut tx, now).await?;
                }
                None => all_untold.push(untold),
            }
        }
        if all_untold.is_empty() {
            if let Some(ending) = &shipment.ending {
                ending.apply(&mut tx).await?;
            }
            if let Some(told) = chapter {
                told.write(&self.log, &mut tx, now).await?;
            }
            tx.commit().await?;
        }
        Ok(all_untold)
    }

    /// What the sender is told; whose server is another learns it at once, so the organization must learn it here.
    async fn refuse(&self, shipment: &Shipment, failures: &[Failure]) -> Refusal {
        let chronicle = shipment.chronicle.as_ref().filter(|chronicle| chronicle.is_of_stranger());
        if let Some(chronicle) = chronicle {
            self.tell_of_refused(chronicle.told_of_refused(failures)).await;
        }
        Refusal::of(failures, shipment.message.route.blocked.as_deref())
    }

    /// Writes the notice of what could not be delivered.
    async fn tell(
        &self,
        shipment: &Shipment,
        untold: Untold,
        arrived_at: Timestamp,
    ) -> Result<Option<Ready>, Error> {
        let Some(Part { parcel, organization, told }) = shipment.part(untold.part) else {
            return Ok(None);
        };
        let original = parcel.letter.content.slice(parcel.letter.return_path_octets..);
        let failures = &untold.failures;
        let notice = self.notice(organization, told, failures, &original, arrived_at).await?;
        Ok(Some(Ready { untold, notice }))
    }
}
