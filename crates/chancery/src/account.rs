//! `chancery account create`: signing up an account.

use std::{
    io::{self, BufRead, IsTerminal},
    net::SocketAddr,
    path::Path,
};

use iam::{
    access_keys::KeyPair,
    accounts::{self, CreateError, NewAccount},
    csv,
};
use store::Store;
use wire::Sensitive;
use world::{Secret, World};

use crate::{
    cli::AccountCreate,
    config::{self, DataConfig},
    data_folder::{self, write_new_private_file},
    failure::Failure,
    sign_up,
    terminal::Terminal,
};

/// What root's password must be (`iam::passwords::is_acceptable`).
pub(crate) const PASSWORD_RULE: &str = "needs 8 to 128 characters of three of the four kinds (upper case, lower case, \
     digits, symbols) and must not be the account's name or e-mail";

/// Signs up one account and says what was made.
pub(crate) async fn create(options: AccountCreate) -> Result<(), Failure> {
    let config = DataConfig::load(&options.data)?;
    let api = config::api_address(&options)?;
    for path in options.csv.iter().chain(&options.credentials_csv) {
        check_free(path)?;
    }
    let application = application(&options).await?;
    let world = World::system();
    let store = data_folder::open(&config, world.clone()).await?;
    let signed_up = sign_up(&store, &world, &application).await;
    store.close().await;
    let signed_up = signed_up?;
    // Said before it is saved: if that fails, the key is not lost.
    match options.json {
        true => println!("{}", signed_up.to_json()),
        false => print!("{}", signed_up.to_text(api)),
    }
    if let Some(path) = &options.csv {
        save_csv(path, &signed_up.access_key)?;
    }
    if let Some(path) = &options.credentials_csv {
        save(path, &signed_up.credentials_csv(&application, api))?;
    }
    Ok(())
}

/// What a person says to get an account.
pub(crate) struct Application {
    /// The root user's e-mail address.
    pub(crate) email: String,
    /// The account's name.
    pub(crate) name: String,
    /// The account id, if it is not to be drawn.
    pub(crate) account_id: Option<String>,
    /// The root user's password; without one, root cannot sign in with a password.
    pub(crate) password: Option<Secret>,
    /// Whose access key is made.
    pub(crate) key_of: KeyOf,
}

/// Whose access key is made with the account.
pub(crate) enum KeyOf {
    /// The root user's.
    Root,
    /// A new administrator's, by this name, who signs in with this password if there is one.
    Administrator(String, Option<Secret>),
}

/// What was made.
pub(crate) struct SignedUp {
    account_id: String,
    user_name: Option<String>,
    access_key: KeyPair,
}

/// Makes the account, and the access key that the application asks for, in one transaction.
pub(crate) async fn sign_up(
    store: &Store,
    world: &World,
    application: &Application,
) -> Result<SignedUp, Failure> {
    let hash_of = async |password: Option<&Secret>| match password {
        Some(password) => Ok(Some(password_hash(application, password, world).await?)),
        None => Ok::<_, Failure>(None),
    };
    let root = hash_of(application.password.as_ref()).await?;
    let administrator = match &application.key_of {
        KeyOf::Administrator(_, password) => hash_of(password.as_ref()).await?,
        KeyOf::Root => None,
    };
    let hashes = Hashes { root, administrator };
    loop {
        match try_sign_up(store, world, application, &hashes).await {
            Err(error) if error.is_conflict() => {}
            result => return result.map_err(|error| error.told()),
        }
    }
}

/// The hashes of the passwords that the application gives.
struct Hashes {
    root: Option<String>,
    administrator: Option<String>,
}

async fn try_sign_up(
    store: &Store,
    world: &World,
    application: &Application,
    hashes: &Hashes,
) -> Result<SignedUp, Error> {
    let mut transaction = store.write().await?;
    let new = NewAccount {
        id: application.account_id.clone(),
        email: application.email.clone(),
        name: application.name.clone(),
        password_hash: hashes.root.clone(),
    };
    let account = accounts::create(&mut transaction, world, new).await?;
    let (tx, keyring) = (&mut transaction, store.keyring());
    let (user_name, access_key) = match &application.key_of {
        KeyOf::Root => {
            (None, accounts::create_root_access_key(tx, world, keyring, &account).await?)
        }
        KeyOf::Administrator(name, _) => {
            let hash = hashes.administrator.as_deref();
            let key = accounts::create_administrator(tx, world, keyring, &account, name, hash);
            (Some(name.clone()), key.await?)
        }
    };
    transaction.commit().await?;
    Ok(SignedUp { account_id: account.id, user_name, access_key })
}

/// Why an account was not made.
enum Error {
    Account(CreateError),
    Key(wire::Error),
}

impl Error {
    /// Whether trying again may help.
    fn is_conflict(&self) -> bool {
        match self {
            Self::Account(CreateError::Store(error)) => error.is_conflict(),
            Self::Account(_) => false,
            Self::Key(error) => {
                error.source_ref::<store::Error>().is_some_and(store::Error::is_conflict)
            }
        }
    }

    fn told(&self) -> Failure {
        match self {
            Self::Account(error) => Failure::new(format!("cannot create the account: {error}")),
            Self::Key(error) => match error.source() {
                Some(cause) => Failure::new(format!("cannot create the account: {cause}")),
                None => Failure::new(format!("cannot create the account: {}", error.message())),
            },
        }
    }
}

impl From<CreateError> for Error {
    fn from(error: CreateError) -> Self {
        Self::Account(error)
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Account(error.into())
    }
}

impl From<wire::Error> for Error {
    fn from(error: wire::Error) -> Self {
        Self::Key(error)
    }
}

async fn password_hash(
    application: &Application,
    password: &Secret,
    world: &World,
) -> Result<String, Failure> {
    check_password(password, &application.name, &application.email)?;
    let password = password.expose_text().unwrap_or_default();
    iam::passwords::hash(world, password).await.map_err(Failure::of("cannot hash the password"))
}

impl SignedUp {
    fn to_json(&self) -> String {
        let mut object = serde_json::json!({
            "account_id": self.account_id,
            "access_key_id": self.access_key.id,
            "secret_access_key": self.secret(),
        });
        if let Some(name) = &self.user_name {
            object["user_name"] = name.as_str().into();
        }
        object.to_string()
    }

    /// What was made, for a person: the only time that the secret is shown.
    pub(crate) fn to_text(&self, api: Option<SocketAddr>) -> String {
        // Without a listener there is only the place of the address to show.
        let api = api.map_or("ADDRESS:PORT".to_owned(), |address| address.to_string());
        let owner = match &self.user_name {
            Some(name) => format!("the administrator `{name}` (group Administrators)"),
            None => "the root user".to_owned(),
        };
        let (id, secret) = (&self.access_key.id, self.secret());
        format!(
            "Account {} is signed up.\n\
             This is the access key of {owner}, as lines to paste for the AWS CLI.\n\
             The secret cannot be shown again, only replaced.\n\n  \
             export AWS_ACCESS_KEY_ID={id}\n  \
             export AWS_SECRET_ACCESS_KEY={secret}\n  \
             export AWS_DEFAULT_REGION=us-east-1\n  \
             aws --endpoint-url http://{api} sts get-caller-identity\n",
            self.account_id
        )
    }

    /// The access key.
    pub(crate) fn access_key(&self) -> &KeyPair {
        &self.access_key
    }

    /// What the administrator needs to sign in and to sign calls.
    fn credentials_csv(&self, application: &Application, api: Option<SocketAddr>) -> String {
        let password = match &application.key_of {
            KeyOf::Administrator(_, Some(password)) => password.expose_text().map(Sensitive::from),
            _ => None,
        };
        let base = api.map_or("http://ADDRESS:PORT".to_owned(), |api| format!("http://{api}"));
        let url = csv::sign_in_url(&base, &self.account_id);
        let name = self.user_name.as_deref().unwrap_or_default();
        let key = Some((self.access_key.id.as_str(), &self.access_key.secret));
        csv::credentials(name, password.as_ref(), key, &url)
    }

    fn secret(&self) -> &str {
        self.access_key.secret.expose()
    }
}

/// Whether `password` will do for the root user of this account.
pub(crate) fn check_password(password: &Secret, name: &str, email: &str) -> Result<(), Failure> {
    let text = password.expose_text().unwrap_or_default();
    match iam::passwords::is_acceptable(text, name, email) {
        true => Ok(()),
        false => Err(Failure::new(format!("the password will not do: it {PASSWORD_RULE}"))),
    }
}

/// Saves an access key in the console's CSV form, for the owner's eyes only.
pub(crate) fn save_csv(path: &Path, key: &KeyPair) -> Result<(), Failure> {
    save(path, &key.csv())
}

fn save(path: &Path, text: &str) -> Result<(), Failure> {
    let made = write_new_private_file(path, text.as_bytes())
        .map_err(Failure::file("cannot save the access key to", path))?;
    if made { Ok(()) } else { Err(taken(path)) }
}

/// Found out before the account is made: afterwards the key could only be replaced.
fn check_free(path: &Path) -> Result<(), Failure> {
    if path.symlink_metadata().is_ok() {
        return Err(taken(path));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder.map(Path::metadata) {
        Some(Err(error)) => Err(Failure::file("cannot save the access key to", path)(error)),
        _ => Ok(()),
    }
}

fn taken(path: &Path) -> Failure {
    Failure::new(format!("`{}` exists already and is not overwritten", path.display()))
}

/// The application that the options make, asking a person at the terminal for what is missing.
async fn application(options: &AccountCreate) -> Result<Application, Failure> {
    let mut terminal = match !options.json && io::stdin().is_terminal() {
        true => Some(Terminal::open()?),
        false => None,
    };
    let email = match (&options.email, &mut terminal) {
        (Some(email), _) => email.clone(),
        (None, Some(terminal)) => sign_up::ask_email(terminal).await?,
        (None, None) => return Err(Failure::new("--email is missing")),
    };
    let name = match (&options.name, &mut terminal) {
        (Some(name), _) => name.clone(),
        (None, Some(terminal)) => sign_up::ask_name(terminal).await?,
        (None, None) => return Err(Failure::new("--name is missing")),
    };
    let password = match (&options.password_file, &terminal) {
        (Some(path), _) => Some(read_password(path)?),
        (None, Some(terminal)) => Some(sign_up::ask_password(terminal, &name, &email)?),
        (None, None) => None,
    };
    let key_of = match options.root_access_key {
        true => KeyOf::Root,
        false => {
            let password = options.administrator_password_file.as_deref();
            let password = password.map(read_password).transpose()?;
            KeyOf::Administrator(options.administrator.clone(), password)
        }
    };
    Ok(Application { email, name, account_id: options.account_id.clone(), password, key_of })
}

fn read_password(path: &Path) -> Result<Secret, Failure> {
    let mut line = String::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().read_line(&mut line)
    } else {
        std::fs::File::open(path).and_then(|file| io::BufReader::new(file).read_line(&mut line))
    };
    read.map_err(Failure::file("cannot read the password from", path))?;
    Ok(Secret::from(line.trim_end_matches(['\r', '\n']).to_owned()))
}
