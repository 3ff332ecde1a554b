//! What is known of where a message really comes from.

/// The verdicts on a message that another server brought. The words are those of Amazon SES, which WorkMail's
/// event records use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// Whether the server may send for the envelope's sender (RFC 7208).
    pub spf: Verdict,
    /// Whether a signature of the author's domain holds (RFC 6376).
    pub dkim: Verdict,
    /// Whether either of them speaks for the domain in `From` (RFC 7489).
    pub dmarc: Verdict,
    /// What the domain in `From` asks for if none does.
    pub dmarc_policy: Option<DmarcPolicy>,
}

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not hold.
    Fail,
    /// The domain says nothing about it.
    Gray,
    /// It could not be found out.
    ProcessingFailed,
    /// It was not looked at.
    Disabled,
}

/// What a domain wants to happen to mail that only claims to be from it (RFC 7489 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DmarcPolicy {
    /// Nothing.
    None,
    /// To be treated as suspicious.
    Quarantine,
    /// To be turned away.
    Reject,
}

impl Authentication {
    /// Of a message whose sender signed in, and of one that nobody looked at.
    pub const DISABLED: Self = Self {
        spf: Verdict::Disabled,
        dkim: Verdict::Disabled,
        dmarc: Verdict::Disabled,
        dmarc_policy: None,
    };
}

impl Verdict {
    /// The word of Amazon SES.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Gray => "GRAY",
            Self::ProcessingFailed => "PROCESSING_FAILED",
            Self::Disabled => "DISABLED",
        }
    }
}

impl DmarcPolicy {
    /// The word of Amazon SES.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Quarantine => "QUARANTINE",
            Self::Reject => "REJECT",
        }
    }
}
