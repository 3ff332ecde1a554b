//! What the house writes to people about their accounts.

use mailflow::{OwnMail, Packed};

use crate::{Refusal, Service};

/// Digits of a code that is mailed.
const CODE_DIGITS: usize = 6;

/// A letter, but for its address.
pub(crate) struct Letter {
    subject: &'static str,
    text: String,
}

impl Service {
    /// A code to be mailed.
    pub(crate) fn mailed_code(&self) -> String {
        self.world().random_text(b"0123456789", CODE_DIGITS)
    }

    /// Packs a letter, to be posted in a transaction.
    pub(crate) async fn pack(&self, to: &str, letter: &Letter) -> Result<Packed, Refusal> {
        let mail = OwnMail { to, subject: letter.subject, text: &letter.text };
        Ok(self.flow.write(mail).await?)
    }
}

/// To who wants an account. Nothing that was typed is in it: whoever asks could write to anybody by it.
pub(crate) fn sign_up_code(code: &str) -> Letter {
    let text = format!(
        "Somebody, we hope you, asked for an account with this e-mail address. To confirm that the\n\
         address is yours, type this code:\n\n    \
         {code}\n\n\
         It is good for ten minutes. If it was not you, do nothing: no account is made without it.\n\
         Nobody from here will ever ask you for the code.\n"
    );
    Letter { subject: "Your code to sign up", text }
}

/// To whose address has an account already. Who asked is not told.
pub(crate) fn already_signed_up() -> Letter {
    let text = "Somebody, perhaps you, asked for an account with this e-mail address. It has one already, so no\n\
         other was made: sign in with this address and the root user's password.\n\n\
         If it was not you, there is nothing to do.\n"
        .to_owned();
    Letter { subject: "You have an account already", text }
}

/// To who has just got an account.
pub(crate) fn welcome(account_name: &str, account_id: &str, host: &str) -> Letter {
    let text = format!(
        "Your account is ready.\n\n    Name: {account_name}\n    Account ID: {account_id}\n\n\
         Sign in as the root user with this e-mail address and your password, at {host}.\n\
         There you can see at any time what goes on in the account, and manage it.\n\n\
         The root user may do everything, and nothing can limit it. So keep it for what only it can do:\n\
         make a user for yourself in IAM, put it into a group with administrative permissions, and work\n\
         as that user. Programs need an access key: make one for a user, not for root. Its secret is\n\
         shown once. Keep it to yourself; nobody from here will ever ask you for it.\n"
    );
    Letter { subject: "Your account is ready", text }
}

/// To the address by which root shall sign in.
pub(crate) fn email_code(account_id: &str, code: &str) -> Letter {
    let text = format!(
        "The root user of account {account_id} wants to sign in with this e-mail address. To confirm that\n\
         it is yours, type this code:\n\n    {code}\n\n\
         It is good for ten minutes. If you know nothing of it, do nothing.\n"
    );
    Letter { subject: "Your code to confirm this address", text }
}

/// To an address that cannot become root's, for another account has it.
pub(crate) fn email_is_taken() -> Letter {
    let text = "Somebody, perhaps you, wants to use this e-mail address for the root user of another account.\n\
         It belongs to an account already, and an address can belong to one only.\n\n\
         If it was not you, there is nothing to do.\n"
        .to_owned();
    Letter { subject: "This address belongs to an account", text }
}

/// To the address by which root signed in until now.
pub(crate) fn email_changed(account_id: &str) -> Letter {
    let text = format!(
        "The root user of account {account_id} signs in with another e-mail address from now on, and no\n\
         longer with this one. If that was not you, ask the operator of the server for help at once.\n"
    );
    Letter { subject: "The address of your account was changed", text }
}
