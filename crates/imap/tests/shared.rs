//! Folders of others: who sees them, and what may be done there.
#![allow(clippy::unwrap_used)]

mod support;

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use imap::{Guest, Login, LoginFuture, Logins, Server, serve_connection};
use mailbox::{MailboxId, mailboxes};
use mailflow::testing::{House, Organization};
use support::{Client, GREETING};
use wire::workmail::PermissionType;
use world::{Secret, World};

const NOTE: &str = "Subject: note\r\n\r\ntext\r\n";

/// Ann and Bob of one organization, Bob also in its group `staff`; Eve of another.
struct Town {
    house: House,
    server: Arc<Server>,
    acme: Organization,
    ann: String,
    staff: String,
}

/// Everybody, without a password.
struct People(HashMap<String, MailboxId>);

impl Logins for People {
    fn log_in<'a>(&'a self, login: &'a str, _: &'a Secret, _: IpAddr) -> LoginFuture<'a> {
        let login = self.0.get(login).map_or(Login::Wrong, |mailbox| {
            let over = Box::pin(std::future::pending());
            Login::Granted(Guest { mailbox: *mailbox, over })
        });
        Box::pin(async move { Ok(login) })
    }

    /// Nobody has a token.
    fn log_in_by_token<'a>(
        &'a self,
        _: Option<&'a str>,
        _: &'a Secret,
        _: IpAddr,
    ) -> LoginFuture<'a> {
        Box::pin(async { Ok(Login::Wrong) })
    }
}

impl Town {
    async fn new() -> Self {
        let house = House::new(World::system()).await;
        let acme = house.organization("acme").await;
        let other = house.organization("other").await;
        let ann = house.user(&acme, "ann").await;
        let bob = house.user(&acme, "bob").await;
        let eve = house.user(&other, "eve").await;
        let staff = house.group(&acme, "staff", &[&bob]).await;
        let mut people = HashMap::new();
        for (name, id) in [("ann", &ann), ("bob", &bob), ("eve", &eve)] {
            let mut snapshot = house.store.read().await.unwrap();
            let mailbox = mailboxes::find(&mut snapshot, id).await.unwrap().unwrap();
            people.insert(name.to_owned(), mailbox.id);
        }
        let server = Server::new(house.store.clone(), house.world.clone(), People(people));
        Self { house, server, acme, ann, staff }
    }

    async fn client(&self, name: &str) -> Client {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let peer = "192.0.2.1:1000".parse().unwrap();
        tokio::spawn(serve_connection(far, peer, self.server.clone()));
        let mut client = Client::new(near);
        client.follow(&format!("S: {GREETING}\nC: l LOGIN {name} x\nS: l OK …")).await;
        client
    }

    /// Ann with a note in her inbox, and Bob.
    async fn both(&self) -> (Client, Client) {
        let mut ann = self.client("ann").await;
        ann.append("INBOX", NOTE).await;
        (ann, self.client("bob").await)
    }

    async fn used_bytes(&self, entity: &str) -> u64 {
        let mut snapshot = self.house.store.read().await.unwrap();
        mailboxes::find(&mut snapshot, entity).await.unwrap().unwrap().used_bytes
    }
}

async fn select(client: &mut Client, folder: &str) -> String {
    client.send(&format!("s SELECT \"{folder}\"\r\n")).await;
    loop {
        let line = client.line().await;
        if line.starts_with("s ") {
            return line;
        }
    }
}

const INBOX: &str = "Other Users/ann@acme.awsapps.com/INBOX";

#[tokio::test]
async fn who_has_no_right_learns_nothing() {
    let town = Town::new().await;
    let (mut ann, mut bob) = town.both().await;
    ann.follow("C: a CREATE Plans\nS: a OK …\nC: b SETACL Plans anyone lr\nS: b OK …").await;
    let mut eve = town.client("eve").await;
    for (client, plans) in [(&mut bob, true), (&mut eve, false)] {
        for owner in ["ann", "nobody"] {
            for folder in ["INBOX", "None", "Plans"] {
                if plans && owner == "ann" && folder == "Plans" {
                    continue;
                }
                let name = format!("\"Other Users/{owner}@acme.awsapps.com/{folder}\"");
                for command in [
                    format!("SELECT {name}"),
                    format!("STATUS {name} (MESSAGES)"),
                    format!("MYRIGHTS {name}"),
                    format!("GETACL {name}"),
                    format!("SETACL {name} bob@acme.awsapps.com lr"),
                    format!("LISTRIGHTS {name} anyone"),
                    format!("SUBSCRIBE {name}"),
                    format!("UNSUBSCRIBE {name}"),
                    format!("DELETE {name}"),
                    format!("RENAME {name} x"),
                    format!("GETQUOTAROOT {name}"),
                    "CREATE \"Other Users/ann@acme.awsapps.com/New\"".to_owned(),
                    "RENAME Drafts \"Other Users/ann@acme.awsapps.com/New\"".to_owned(),
                ] {
                    let answer = "S: a NO [NONEXISTENT] there is no such folder";
                    client.follow(&format!("C: a {command}\n{answer}")).await;
                }
                let answer = "S: b NO [TRYCREATE] there is no such folder";
                client.follow(&format!("C: b APPEND {name} {{1+}}\nC: x\n{answer}")).await;
            }
        }
        if !plans {
            client.follow("C: c LIST \"\" \"Other Users*\"\nS: c OK …").await;
        }
    }
    bob.follow(
        r#"
        C: c LIST "" "Other Users/*"
        S: * LIST (\NonExistent \Noselect \HasChildren) "/" "Other Users/ann@acme.awsapps.com"
        S: * LIST (\HasNoChildren) "/" "Other Users/ann@acme.awsapps.com/Plans"
        S: c OK LIST completed"#,
    )
    .await;
}

#[tokio::test]
async fn a_reader_reads_and_copies_and_no_more() {
    let town = Town::new().await;
    let (mut ann, mut bob) = town.both().await;
    ann.follow("C: a SETACL INBOX bob@acme.awsapps.com lr\nS: a OK SETACL completed").await;
    assert!(select(&mut bob, INBOX).await.starts_with("s OK [READ-ONLY]"));
    bob.follow(&format!(
        r#"
        C: a UID FETCH 1 BODY[TEXT]
        S: * 1 FETCH (UID 1 BODY[TEXT] {{6}}
        S: text
        S: )
        S: a OK UID FETCH completed
        C: b STORE 1 +FLAGS (\Seen)
        S: b NO [READ-ONLY] …
        C: c COPY 1 Drafts
        S: c OK [COPYUID …
        C: d COPY 1 "{INBOX}"
        S: d NO [NOPERM] you do not have the right to do this
        C: e STATUS "{INBOX}" (MESSAGES UNSEEN)
        S: * STATUS "{INBOX}" (MESSAGES 1 UNSEEN 1)
        S: e OK STATUS completed
        C: f SETACL "{INBOX}" bob@acme.awsapps.com +a
        S: f NO [NOPERM] …
        C: g DELETE "{INBOX}"
        S: g NO [NOPERM] …
        C: h MYRIGHTS "{INBOX}"
        S: * MYRIGHTS "{INBOX}" lr
        S: h OK MYRIGHTS completed
        C: i LIST (SUBSCRIBED) "" "Other*"
        S: i OK LIST completed
        C: j SUBSCRIBE "{INBOX}"
        S: j OK SUBSCRIBE completed
        C: k LSUB "" "Other*"
        S: * LSUB () "/" "{INBOX}"
        S: k OK LSUB completed
        C: l GETQUOTAROOT "{INBOX}"
        S: * QUOTAROOT "{INBOX}"
        S: l OK GETQUOTAROOT completed
        C: m CLOSE
        S: m OK CLOSE completed"#
    ))
    .await;
    ann.follow("C: b DELETEACL INBOX bob@acme.awsapps.com\nS: b OK DELETEACL completed").await;
    bob.follow("C: n LSUB \"\" \"Other*\"\nS: n OK LSUB completed").await;
    bob.follow(&format!("C: o UNSUBSCRIBE \"{INBOX}\"\nS: o OK …")).await;
    bob.follow(&format!("C: p UNSUBSCRIBE \"{INBOX}\"\nS: p NO [NONEXISTENT] …")).await;
}

#[tokio::test]
async fn flags_change_as_far_as_the_rights_go() {
    let town = Town::new().await;
    let (mut ann, mut bob) = town.both().await;
    ann.follow("C: a SETACL INBOX bob@acme.awsapps.com lrs\nS: a OK …").await;
    bob.send(&format!("s SELECT \"{INBOX}\"\r\n")).await;
    bob.follow(
        r#"
        S: * 1 EXISTS
        S: * 0 RECENT
        S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft)
        S: * OK [PERMANENTFLAGS (\Seen)] …
        S: …
        S: …
        S: …
        S: …
        S: s OK [READ-WRITE] …
        C: a STORE 1 +FLAGS (\Seen \Deleted $x)
        S: * 1 FETCH (UID 1 FLAGS (\Seen))
        S: a OK STORE completed
        C: b STORE 1 +FLAGS (\Deleted)
        S: b NO [NOPERM] …
        C: c STORE 1 FLAGS (\Flagged)
        S: * 1 FETCH (UID 1 FLAGS ())
        S: c OK STORE completed
        C: d EXPUNGE
        S: d NO [NOPERM] …
        C: e MOVE 1 INBOX
        S: e NO [NOPERM] …
        C: f FETCH 1 BODY[]
        S: * 1 FETCH (BODY[] {23}
        S: Subject: note
        S: 
        S: text
        S:  FLAGS (\Seen))
        S: f OK FETCH completed"#,
    )
    .await;
    assert!(select(&mut ann, "INBOX").await.starts_with("s OK"));
    ann.follow("C: b FETCH 1 FLAGS\nS: * 1 FETCH (FLAGS (\\Seen))\nS: b OK …").await;
}

#[tokio::test]
async fn what_is_put_in_is_the_owner_s_to_pay() {
    let town = Town::new().await;
    let (mut ann, mut bob) = town.both().await;
    ann.follow("C: a CREATE Box\nS: a OK …\nC: b SETACL Box bob@acme.awsapps.com li\nS: b OK …")
        .await;
    let before = town.used_bytes(&town.ann).await;
    let name = INBOX.replace("INBOX", "Box");
    bob.follow(&format!(
        "C: a APPEND \"{name}\" (\\Seen \\Deleted $x) {{3+}}\nC: abc\nS: a OK [APPENDUID …"
    ))
    .await;
    bob.follow(&format!("C: b SELECT \"{name}\"\nS: b NO [NOPERM] …")).await;
    bob.append("Drafts", NOTE).await;
    assert!(select(&mut bob, "Drafts").await.starts_with("s OK"));
    bob.follow(&format!(
        r#"
        C: c STORE 1 +FLAGS.SILENT (\Seen \Flagged $y)
        S: c OK …
        C: d COPY 1 "{name}"
        S: d OK [COPYUID …
        C: e MOVE 1 "{name}"
        S: * OK [COPYUID …
        S: * 1 EXPUNGE
        S: e OK …"#
    ))
    .await;
    let size = u64::try_from(NOTE.len()).unwrap();
    assert_eq!(town.used_bytes(&town.ann).await, before + 3 + 2 * size);
    assert!(select(&mut ann, "Box").await.starts_with("s OK"));
    ann.follow(
        r#"
        C: c FETCH 1:3 FLAGS
        S: * 1 FETCH (FLAGS ())
        S: * 2 FETCH (FLAGS ())
        S: * 3 FETCH (FLAGS ())
        S: c OK FETCH completed"#,
    )
    .await;
    town.house.quota(&town.ann, 1).await;
    bob.follow(&format!("C: f APPEND \"{name}\" {{3+}}\nC: abc\nS: f NO [OVERQUOTA] …")).await;
}

#[tokio::test]
async fn full_access_goes_before_the_rights_to_folders() {
    let town = Town::new().await;
    let (mut ann, mut bob) = town.both().await;
    ann.follow("C: a SETACL INBOX bob@acme.awsapps.com l\nS: a OK …").await;
    town.house.permit(&town.acme, &town.ann, &town.staff, PermissionType::FullAccess).await;
    assert!(select(&mut bob, INBOX).await.starts_with("s OK [READ-WRITE]"));
    let user = "Other Users/ann@acme.awsapps.com";
    bob.follow(&format!(
        r#"
        C: a LIST "" "Other Users/%/I%"
        S: * LIST (\HasNoChildren) "/" "{INBOX}"
        S: a OK …
        C: b LIST (SPECIAL-USE) "" *
        S: * LIST (\HasNoChildren \Trash) "/" "Deleted Items"
        S: * LIST (\HasNoChildren \Drafts) "/" "Drafts"
        S: * LIST (\HasNoChildren \Junk) "/" "Junk E-mail"
        S: * LIST (\HasNoChildren \Sent) "/" "Sent Items"
        S: b OK …
        C: c CREATE "{user}/Top/Sub"
        S: c OK …
        C: d RENAME "{user}/Top" "{user}/Roof"
        S: d OK …
        C: e RENAME "{user}/Roof" Mine
        S: e NO [CANNOT] a folder cannot go to another mailbox
        C: f GETACL "{INBOX}"
        S: * ACL "{INBOX}" ann@acme.awsapps.com lrswipkxteacd bob@acme.awsapps.com l
        S: f OK …
        C: g SETACL "{user}/Roof" staff@acme.awsapps.com lrk
        S: g OK …
        C: h SETACL "{user}/Roof" ann@acme.awsapps.com ""
        S: h NO [NOPERM] …
        C: i SETACL "{user}/Roof" eve@other.awsapps.com l
        S: i NO [CANNOT] there is nobody of that name
        C: j LISTRIGHTS "{user}/Roof" ann@acme.awsapps.com
        S: * LISTRIGHTS "{user}/Roof" ann@acme.awsapps.com lrswipkxteacd
        S: j OK …
        C: k STORE 1 +FLAGS.SILENT (\Deleted)
        S: k OK …
        C: l EXPUNGE
        S: * 1 EXPUNGE
        S: l OK …"#
    ))
    .await;
    ann.follow("C: b LIST \"\" R*\nS: * LIST (\\HasChildren) \"/\" \"Roof\"\nS: * LIST (\\HasNoChildren) \"/\" \"Roof/Sub\"\nS: b OK …").await;
    ann.follow("C: c CREATE Roof/New\nS: c OK …\nC: d GETACL Roof/New").await;
    ann.follow("S: * ACL \"Roof/New\" ann@acme.awsapps.com lrswipkxteacd staff@acme.awsapps.com lrkc\nS: d OK …").await;
}

#[tokio::test]
async fn makers_of_folders_need_the_folder_above() {
    let town = Town::new().await;
    let (mut ann, mut bob) = town.both().await;
    ann.follow("C: a CREATE Top\nS: a OK …\nC: b SETACL Top staff@acme.awsapps.com lk\nS: b OK …")
        .await;
    ann.follow("C: c CREATE Low\nS: c OK …\nC: d SETACL Low staff@acme.awsapps.com l\nS: d OK …")
        .await;
    let user = "Other Users/ann@acme.awsapps.com";
    bob.follow(&format!(
        r#"
        C: a CREATE "{user}/Top/a/b"
        S: a OK …
        C: b CREATE "{user}/Low/a"
        S: b NO [NOPERM] …
        C: c CREATE "{user}/New"
        S: c NO [NONEXISTENT] …
        C: d DELETE "{user}/Top/a/b"
        S: d NO [NOPERM] …
        C: e CREATE "Other Users"
        S: e NO [CANNOT] …
        C: f CREATE "Other Users/x"
        S: f NO [CANNOT] …
        C: g RENAME Drafts "Other Users"
        S: g NO [CANNOT] …"#
    ))
    .await;
    ann.follow("C: e SETACL Top/a/b staff@acme.awsapps.com +x\nS: e OK …").await;
    bob.follow(&format!("C: h DELETE \"{user}/Top/a/b\"\nS: h OK …")).await;
}

#[tokio::test]
async fn an_idle_guest_is_told_and_shown_out() {
    let town = Town::new().await;
    let (mut ann, mut bob) = town.both().await;
    ann.follow("C: a SETACL INBOX staff@acme.awsapps.com lr\nS: a OK …").await;
    assert!(select(&mut bob, INBOX).await.starts_with("s OK"));
    bob.follow("C: i IDLE\nS: + idling").await;
    ann.append("INBOX", NOTE).await;
    bob.follow("S: * 2 EXISTS\nS: * 0 RECENT").await;
    ann.follow("C: b SETACL INBOX staff@acme.awsapps.com -r\nS: b OK …").await;
    bob.follow("S: * BYE the selected mailbox is gone\nS:").await;

    let mut bob = town.client("bob").await;
    ann.follow("C: c SETACL INBOX staff@acme.awsapps.com +r\nS: c OK …").await;
    assert!(select(&mut bob, INBOX).await.starts_with("s OK"));
    ann.follow("C: d DELETEACL INBOX staff@acme.awsapps.com\nS: d OK …").await;
    bob.follow("C: a FETCH 1 BODY.PEEK[]\nS: a NO [NONEXISTENT] …").await;
    bob.follow("C: b SEARCH ALL\nS: b NO [NONEXISTENT] …").await;
    bob.follow("C: c COPY 1 Drafts\nS: c NO [TRYCREATE] …").await;
    bob.follow("C: d NOOP\nS: * BYE the selected mailbox is gone\nS:").await;
}
