//! What options of several sections have in common.

use std::path::Path;

use world::Secret;

use crate::failure::Failure;

/// What a flag says, or else the file.
pub(crate) fn pick<T: Clone>(flag: &Option<T>, file: &Option<T>) -> Option<T> {
    flag.clone().or_else(|| file.clone())
}

/// A list that is given replaces that of the file.
pub(crate) fn pick_list<T: Clone>(flags: &[T], file: Vec<T>) -> Vec<T> {
    if flags.is_empty() { file } else { flags.to_vec() }
}

/// The access key in a file: `ACCESS_KEY_ID:SECRET_ACCESS_KEY`.
pub(crate) fn read_credentials(path: &Path) -> Result<(String, Secret), Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(Failure::file("cannot read the credentials", path))?;
    let (id, secret) = text.trim().split_once(':').ok_or_else(|| {
        let path = path.display();
        Failure::new(format!("`{path}` does not hold ACCESS_KEY_ID:SECRET_ACCESS_KEY"))
    })?;
    Ok((id.to_owned(), Secret::from(secret.to_owned())))
}

/// Refuses options that would be ignored: those given, by name, of which each means something beside `owner` only.
pub(crate) fn refuse_without(owner: &str, options: &[(&str, bool)]) -> Result<(), Failure> {
    match options.iter().find(|(_, given)| *given) {
        Some((option, _)) => Err(Failure::new(format!("{option} means nothing without {owner}"))),
        None => Ok(()),
    }
}
