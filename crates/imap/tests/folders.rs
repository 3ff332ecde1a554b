//! Folders: making, listing, naming, removing.

mod support;

use support::House;

#[tokio::test]
async fn a_new_mailbox_has_its_special_folders() {
    let house = House::new().await;
    house
        .ann()
        .await
        .follow(
            r#"
            C: a LIST "" "*"
            S: * LIST (\HasNoChildren \Trash) "/" "Deleted Items"
            S: * LIST (\HasNoChildren \Drafts) "/" "Drafts"
            S: * LIST (\HasNoChildren) "/" "INBOX"
            S: * LIST (\HasNoChildren \Junk) "/" "Junk E-mail"
            S: * LIST (\HasNoChildren \Sent) "/" "Sent Items"
            S: a OK LIST completed
            C: b LIST (SPECIAL-USE) "" "S*" RETURN (SPECIAL-USE)
            S: * LIST (\HasNoChildren \Sent) "/" "Sent Items"
            S: b OK LIST completed
            C: c LIST "" ""
            S: * LIST (\Noselect) "/" ""
            S: c OK LIST completed
            C: d NAMESPACE
            S: * NAMESPACE (("" "/")) (("Other Users/" "/")) NIL
            S: d OK NAMESPACE completed
            C: e LIST "" inbox RETURN (STATUS (MESSAGES UIDNEXT))
            S: * LIST (\HasNoChildren) "/" "INBOX"
            S: * STATUS "INBOX" (MESSAGES 0 UIDNEXT 1)
            S: e OK LIST completed"#,
        )
        .await;
}

#[tokio::test]
async fn folders_are_made_renamed_and_deleted() {
    let house = House::new().await;
    house
        .ann()
        .await
        .follow(
            r#"
            C: a CREATE Entw&APw-rfe/Alt
            S: a OK CREATE completed
            C: b CREATE Entw&APw-rfe
            S: b NO [ALREADYEXISTS] a folder with the name `Entw?rfe` already exists
            C: c RENAME Entw&APw-rfe/Alt Neu
            S: c OK RENAME completed
            C: d LIST "" %
            S: …
            S: …
            S: * LIST (\HasNoChildren) "/" "Entw&APw-rfe"
            S: * LIST (\HasNoChildren) "/" "INBOX"
            S: …
            S: * LIST (\HasNoChildren) "/" "Neu"
            S: …
            S: d OK LIST completed
            C: e DELETE Neu
            S: e OK DELETE completed
            C: f DELETE Neu
            S: f NO [NONEXISTENT] there is no such folder
            C: g DELETE INBOX
            S: g NO [CANNOT] …
            C: h CREATE "a//b"
            S: h NO [CANNOT] a part of the name is empty
            C: i CREATE "&&"
            S: i BAD a mailbox name is not modified UTF-7
            C: j RENAME Nix Nox
            S: j NO [NONEXISTENT] …"#,
        )
        .await;
}

#[tokio::test]
async fn subscriptions_are_listed() {
    let house = House::new().await;
    let mut client = house.ann().await;
    for name in ["Sent Items", "Drafts", "Deleted Items", "Junk E-mail", "INBOX"] {
        client.follow(&format!("C: u UNSUBSCRIBE \"{name}\"\nS: u OK UNSUBSCRIBE completed")).await;
    }
    client
        .follow(
            r#"
            C: a CREATE top/sub
            S: a OK CREATE completed
            C: b UNSUBSCRIBE top
            S: b OK UNSUBSCRIBE completed
            C: c SUBSCRIBE top/sub
            S: c OK SUBSCRIBE completed
            C: d LSUB "" *
            S: * LSUB () "/" "top/sub"
            S: d OK LSUB completed
            C: e LSUB "" %
            S: * LSUB (\Noselect) "/" "top"
            S: e OK LSUB completed
            C: f LIST (SUBSCRIBED RECURSIVEMATCH) "" %
            S: * LIST (\HasChildren) "/" "top" ("CHILDINFO" ("SUBSCRIBED"))
            S: f OK LIST completed
            C: g LIST (SUBSCRIBED) "" *
            S: * LIST (\HasNoChildren \Subscribed) "/" "top/sub"
            S: g OK LIST completed
            C: h SUBSCRIBE nowhere
            S: h NO [NONEXISTENT] …"#,
        )
        .await;
}

#[tokio::test]
async fn status_and_quota_count() {
    let house = House::with_quota(4096).await;
    let mut client = house.ann().await;
    client.append("INBOX", &"x".repeat(1025)).await;
    client
        .follow(
            r#"
            C: a STATUS INBOX (MESSAGES UNSEEN RECENT UIDNEXT SIZE)
            S: * STATUS "INBOX" (MESSAGES 1 UNSEEN 1 RECENT 0 UIDNEXT 2 SIZE 1025)
            S: a OK STATUS completed
            C: b GETQUOTAROOT INBOX
            S: * QUOTAROOT "INBOX" "mailbox"
            S: * QUOTA "mailbox" (STORAGE 2 4)
            S: b OK GETQUOTAROOT completed
            C: c STATUS nowhere (MESSAGES)
            S: c NO [NONEXISTENT] …
            C: d GETQUOTA other
            S: d NO [NONEXISTENT] …"#,
        )
        .await;
    let large = "y".repeat(3100);
    client.send(&format!("e APPEND INBOX {{3100+}}\r\n{large}\r\n")).await;
    client.follow("S: e NO [OVERQUOTA] …").await;
}
