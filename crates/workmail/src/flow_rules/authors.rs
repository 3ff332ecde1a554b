//! Who a message says that it is from.

use super::Party;

/// The authors of a message, as rules see them.
#[derive(Clone, Debug)]
pub struct Authors {
    sender: Vec<Party>,
    from: Vec<Party>,
}

impl Authors {
    /// Of the addresses in the header's `Sender` and `From`. A message that names nobody is from somebody all the
    /// same, whom `*` covers.
    pub fn new<'a>(
        sender: impl IntoIterator<Item = &'a str>,
        from: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let sender: Vec<_> = sender.into_iter().map(Party::new).collect();
        let mut from: Vec<_> = from.into_iter().map(Party::new).collect();
        if from.is_empty() {
            from.push(Party::new(""));
        }
        Self { sender, from }
    }

    /// In the order in which rules are asked about them: `From` counts where no rule is about the `Sender`.
    pub(super) fn in_turn(&self) -> [&[Party]; 2] {
        [&self.sender, &self.from]
    }
}
