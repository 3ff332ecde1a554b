//! Credentials in the `Authorization` header.

use std::borrow::Cow;

use crate::{
    ALGORITHM, Error, Request,
    presented::{Form, Parts},
};

/// Reads `AWS4-HMAC-SHA256 Credential=.., SignedHeaders=.., Signature=..` and the date and token headers.
pub(crate) fn parse<'a>(request: &Request<'a>, value: &'a [u8]) -> Result<Parts<'a>, Error> {
    let text = String::from_utf8_lossy(value);
    let fields = match text {
        Cow::Borrowed(text) => Fields::parse(text)?,
        // not UTF-8: no signer wrote this, and its replaced characters must not be signed for
        Cow::Owned(_) => return Err(Error::mismatch()),
    };
    let date = text_of(request, "x-amz-date").or_else(|| text_of(request, "date"));
    let (Some(credential), Some(signature), Some(signed_headers), Some(date)) =
        (fields.credential, fields.signature, fields.signed_headers, date.clone())
    else {
        return Err(fields.missing(date.is_some()));
    };
    Ok(Parts {
        form: Form::Header,
        credential: credential.into(),
        signed_headers: signed_headers.into(),
        signature: signature.into(),
        date,
        token: text_of(request, "x-amz-security-token"),
    })
}

fn text_of<'a>(request: &Request<'a>, name: &str) -> Option<Cow<'a, str>> {
    request.header_values(name).next().map(|value| String::from_utf8_lossy(value.trim_ascii()))
}

#[derive(Default)]
struct Fields<'a> {
    credential: Option<&'a str>,
    signature: Option<&'a str>,
    signed_headers: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn parse(text: &'a str) -> Result<Self, Error> {
        let text = text.trim_ascii();
        let (algorithm, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
        if algorithm != ALGORITHM {
            return Err(Error::incomplete(format!("Unsupported AWS 'algorithm': '{algorithm}'.")));
        }
        let mut fields = Self::default();
        for item in rest.split(',').map(str::trim_ascii).filter(|item| !item.is_empty()) {
            let (key, value) = item.split_once('=').ok_or_else(|| not_a_pair(item, text))?;
            fields.set(key, value);
        }
        Ok(fields)
    }

    /// Takes the field over; the last of several counts, and unknown ones are passed over.
    fn set(&mut self, key: &str, value: &'a str) {
        match key {
            "Credential" => self.credential = Some(value),
            "Signature" => self.signature = Some(value),
            "SignedHeaders" => self.signed_headers = Some(value),
            _ => {}
        }
    }

    fn missing(&self, dated: bool) -> Error {
        let mut message = String::new();
        for (present, name) in [
            (self.credential.is_some(), "Credential"),
            (self.signature.is_some(), "Signature"),
            (self.signed_headers.is_some(), "SignedHeaders"),
        ] {
            if !present {
                message += &format!("Authorization header requires '{name}' parameter. ");
            }
        }
        if !dated {
            message += "Authorization header requires existence of either a 'X-Amz-Date' or a \
                        'Date' header. ";
        }
        Error::incomplete(format!("{message}Authorization={ALGORITHM}"))
    }
}

fn not_a_pair(item: &str, header: &str) -> Error {
    Error::incomplete(format!(
        "'{item}' not a valid key=value pair (missing equal-sign) in Authorization header: \
         '{header}'."
    ))
}
