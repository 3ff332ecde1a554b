//! How long event records are kept.

use std::{fmt, num::NonZeroU16, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use world::Timestamp;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// For a number of days, or forever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventDays {
    /// So many days.
    Days(NonZeroU16),
    /// None is ever deleted.
    Forever,
}

/// As long as AWS shows them.
impl Default for EventDays {
    fn default() -> Self {
        Self::Days(NonZeroU16::MIN.saturating_add(89))
    }
}

impl EventDays {
    /// Records before this point are to go, if any are.
    pub(crate) fn earliest(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Days(days) => Some(now.saturating_sub(DAY * u32::from(days.get()))),
            Self::Forever => None,
        }
    }
}

impl FromStr for EventDays {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "forever" {
            return Ok(Self::Forever);
        }
        let days = text.parse().map(Self::Days);
        days.map_err(|_| format!("event-days `{text}` is neither a number from 1 nor `forever`"))
    }
}

impl fmt::Display for EventDays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) => days.fmt(f),
            Self::Forever => f.write_str("forever"),
        }
    }
}

impl Serialize for EventDays {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Days(days) => serializer.serialize_u16(days.get()),
            Self::Forever => serializer.serialize_str("forever"),
        }
    }
}

impl<'de> Deserialize<'de> for EventDays {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(i64),
            Word(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Number(number) => number.to_string(),
            Written::Word(word) => word,
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_or_forever() {
        assert_eq!(EventDays::default().to_string(), "90");
        for text in ["1", "90", "65535", "forever"] {
            assert_eq!(text.parse::<EventDays>().unwrap().to_string(), text);
        }
        for text in ["0", "-1", "65536", "", "Forever", "90d"] {
            assert!(text.parse::<EventDays>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_older_goes() {
        let now = Timestamp::from_seconds(1_795_305_600);
        let day = "1".parse::<EventDays>().unwrap();
        assert_eq!(day.earliest(now), Some(Timestamp::from_seconds(1_795_219_200)));
        assert_eq!(EventDays::Forever.earliest(now), None);
    }
}
