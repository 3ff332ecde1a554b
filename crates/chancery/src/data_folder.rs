//! The data folder: the store, the message bodies, the master key.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use store::{Engine, Options, Store};
use world::{Secret, World};

use crate::{config::DataConfig, failure::Failure};

/// The master key's length in bytes (AES-256).
const MASTER_KEY_BYTES: usize = 32;

/// The tables of all rooms, in the order in which they build on each other.
pub(crate) const MIGRATIONS: &[&[store::Migration]] = &[
    iam::MIGRATIONS,
    logs::MIGRATIONS,
    mailbox::MIGRATIONS,
    workmail::MIGRATIONS,
    mailflow::MIGRATIONS,
    signin::MIGRATIONS,
];

/// Makes sure that one server at most works on a data folder, for as long as the answer is kept: two would
/// not tell each other what they change.
pub(crate) fn occupy(folder: &Path) -> Result<File, Failure> {
    make_private_folder(folder)?;
    let path = folder.join("serve.lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(Failure::file("cannot open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::new(format!(
            "another server is running on the data folder `{}`",
            folder.display()
        ))),
        Err(TryLockError::Error(error)) => Err(Failure::file("cannot lock", &path)(error)),
    }
}

/// Opens the store, after making the folder and the master key where this is the first start.
pub(crate) async fn open(config: &DataConfig, world: World) -> Result<Store, Failure> {
    make_private_folder(&config.data)?;
    let engine = match &config.postgres {
        Some(url) => Engine::Postgres { url: url.clone() },
        None => Engine::Sqlite { path: config.data.join("chancery.db") },
    };
    let key = master_key(config, &world)?;
    let options = Options::new(engine, config.data.join("blobs"), key, world);
    Store::open(options, MIGRATIONS).await.map_err(Failure::of("cannot open the store"))
}

/// The name of the server on this data folder, which it keeps from start to start: no other server has it, for
/// none works on the folder meanwhile.
pub(crate) fn node(folder: &Path, world: &World) -> Result<String, Failure> {
    let path = folder.join("node.id");
    if !path.exists() {
        write_new_private_file(&path, world.random_uuid().as_bytes())
            .map_err(Failure::file("cannot write the name of this server", &path))?;
    }
    fs::read_to_string(&path).map_err(Failure::file("cannot read the name of this server", &path))
}

/// Makes `folder` for the owner's eyes only, unless it is there.
pub(crate) fn make_private_folder(folder: &Path) -> Result<(), Failure> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(Failure::file("cannot make the folder", folder))
}

/// Writes a file for the owner's eyes only: whole, or not at all. An existing file is left as it is and
/// the answer is false.
pub(crate) fn write_new_private_file(path: &Path, content: &[u8]) -> io::Result<bool> {
    let draft = draft_name(path);
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    // A hard link fails where the name is taken: of two processes that start at once, one wins.
    let made = match fs::hard_link(&draft, path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    };
    fs::remove_file(&draft)?;
    made
}

fn draft_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    name.into()
}

fn master_key(config: &DataConfig, world: &World) -> Result<Secret, Failure> {
    let path = match &config.master_key_file {
        Some(path) => path.clone(),
        None => {
            let path = config.data.join("master.key");
            let fresh = world.random_bytes::<MASTER_KEY_BYTES>();
            if !path.exists() {
                write_new_private_file(&path, &fresh)
                    .map_err(Failure::file("cannot write the master key", &path))?;
            }
            path
        }
    };
    let key = fs::read(&path).map_err(Failure::file("cannot read the master key", &path))?;
    if key.len() != MASTER_KEY_BYTES {
        return Err(Failure::new(format!(
            "the master key `{}` has {} bytes instead of {MASTER_KEY_BYTES}",
            path.display(),
            key.len()
        )));
    }
    Ok(Secret::new(key))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_private_file_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        assert!(write_new_private_file(&path, b"first").unwrap());
        assert!(!write_new_private_file(&path, b"second").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_data_folder_has_room_for_one_server() {
        let folder = tempfile::tempdir().unwrap();
        let first = occupy(folder.path()).unwrap();
        let failure = occupy(folder.path()).unwrap_err();
        assert!(failure.to_string().contains("another server"), "{failure}");
        drop(first);
        occupy(folder.path()).unwrap();
    }

    #[test]
    fn a_server_keeps_its_name() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let name = |folder: &Path| node(folder, &World::system()).unwrap();
        assert_eq!(name(one.path()), name(one.path()));
        assert_ne!(name(one.path()), name(two.path()));
    }

    #[test]
    fn a_master_key_of_another_length_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("short.key");
        fs::write(&path, b"short").unwrap();
        let config = DataConfig {
            data: folder.path().to_owned(),
            postgres: None,
            master_key_file: Some(path),
        };
        let failure = master_key(&config, &World::system()).unwrap_err();
        assert!(failure.to_string().contains("5 bytes instead of 32"), "{failure}");
    }
}
