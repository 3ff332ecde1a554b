//! LIST, LSUB and STATUS.

use std::{collections::BTreeMap, ops::Bound};

use mailbox::{Error, Folder, SEPARATOR};

use super::{Flow, Session, folders::attribute, reply::Refusal};
use crate::{
    grammar::list::{List, Selection, StatusItem},
    job::{Answer, Listed, Task},
    place::{OTHER_USERS, Place},
    render::{out::Out, pattern::Pattern},
};

/// Every name there is, in order, with its folder; a name above a folder may have none.
type Names<'a> = BTreeMap<&'a str, Option<&'a Listed>>;

impl Session {
    /// RFC 3501, section 6.3.8; RFC 5258, section 3; STATUS: RFC 5819, section 2.
    pub(super) fn list(&mut self, tag: String, list: List) -> Flow {
        // An empty name asks for the separator alone.
        if list.patterns.len() == 1 && list.patterns.iter().all(String::is_empty) {
            self.out.line("* LIST (\\Noselect) \"/\" \"\"");
            return self.settle(tag, "LIST completed");
        }
        let Some(patterns) = patterns(&list) else {
            return self.bad(&tag, "a mailbox pattern is too long");
        };
        self.condstore |= list.returns.status.contains(&StatusItem::HighestModSeq);
        let shared = patterns.iter().any(|pattern| pattern.reaches(OTHER_USERS));
        self.run(Task::Folders { shared }, move |session, outcome| {
            let folders = match outcome {
                Ok(Answer::Folders(folders)) => folders,
                Ok(_) => return session.no(&tag, Refusal::bug()),
                Err(error) => return session.no(&tag, error),
            };
            write_list(&mut session.out, &list, &patterns, &folders);
            session.settle(tag, "LIST completed")
        })
    }

    /// RFC 3501, section 6.3.9.
    pub(super) fn lsub(&mut self, tag: String, list: List) -> Flow {
        let Some(patterns) = patterns(&list) else {
            return self.bad(&tag, "a mailbox pattern is too long");
        };
        let shared = patterns.iter().any(|pattern| pattern.reaches(OTHER_USERS));
        self.run(Task::Folders { shared }, move |session, outcome| {
            let folders = match outcome {
                Ok(Answer::Folders(folders)) => folders,
                Ok(_) => return session.no(&tag, Refusal::bug()),
                Err(error) => return session.no(&tag, error),
            };
            write_lsub(&mut session.out, &patterns, &folders);
            session.settle(tag, "LSUB completed")
        })
    }

    /// RFC 3501, section 6.3.10.
    pub(super) fn status(&mut self, tag: String, mailbox: &str, items: Vec<StatusItem>) -> Flow {
        self.condstore |= items.contains(&StatusItem::HighestModSeq);
        let Ok(place) = Place::parse(mailbox) else {
            return self.no(&tag, Error::NoSuchFolder);
        };
        let name = place.to_string();
        self.run(Task::Folder(place), move |session, outcome| match outcome {
            Ok(Answer::Folder(folder)) => {
                write_status(&mut session.out, &name, &folder, &items);
                session.settle(tag, "STATUS completed")
            }
            Ok(_) => session.no(&tag, Refusal::bug()),
            Err(error) => session.no(&tag, error),
        })
    }
}

fn patterns(list: &List) -> Option<Vec<Pattern>> {
    list.patterns.iter().map(|pattern| Pattern::new(&list.reference, pattern)).collect()
}

fn write_list(out: &mut Out, list: &List, patterns: &[Pattern], folders: &[Listed]) {
    let names = names(folders);
    for (name, folder) in &names {
        if !patterns.iter().any(|pattern| pattern.matches(name)) {
            continue;
        }
        let selected = folder.is_some_and(|folder| is_selected(folder, list.select));
        let child =
            list.select.recursive && below(&names, name).any(|listed| listed.folder.subscribed);
        let restricted = list.select.subscribed || list.select.special_use;
        if !selected && !child && (restricted || !has_children(&names, name)) {
            continue;
        }
        let mut attributes = attributes(&names, name, *folder);
        if folder.is_some_and(|listed| listed.folder.subscribed)
            && (list.select.subscribed || list.returns.subscribed)
        {
            attributes.push("\\Subscribed");
        }
        write_entry(out, "LIST", &attributes, name);
        out.text(if child { " (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n" } else { "\r\n" });
        if let Some(folder) = folder
            && selected
            && folder.readable
            && !list.returns.status.is_empty()
        {
            write_status(out, name, &folder.folder, &list.returns.status);
        }
    }
}

/// Subscribed folders, and names above them where a pattern with `%` ends (RFC 3501, section 6.3.9).
fn write_lsub(out: &mut Out, patterns: &[Pattern], folders: &[Listed]) {
    let names = names(folders);
    for (name, folder) in &names {
        let matching = patterns.iter().find(|pattern| pattern.matches(name));
        let Some(pattern) = matching else { continue };
        if folder.is_some_and(|listed| listed.folder.subscribed) {
            write_entry(out, "LSUB", &[], name);
        } else if pattern.has_percent()
            && below(&names, name).any(|listed| listed.folder.subscribed)
        {
            write_entry(out, "LSUB", &["\\Noselect"], name);
        } else {
            continue;
        }
        out.text("\r\n");
    }
}

fn names(folders: &[Listed]) -> Names<'_> {
    let mut names = Names::new();
    for folder in folders {
        let name = folder.name.as_str();
        let above = name.match_indices(SEPARATOR).map(|(end, _)| &name[..end]);
        for name in above {
            names.entry(name).or_default();
        }
        names.insert(name, Some(folder));
    }
    names
}

/// The folders below a name. Their names begin with it and the separator, so they stand together.
fn below<'a>(names: &Names<'a>, name: &str) -> impl Iterator<Item = &'a Listed> {
    let prefix = format!("{name}{SEPARATOR}");
    let range = names.range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded));
    let inside: Vec<_> = range.take_while(|(other, _)| other.starts_with(&prefix)).collect();
    inside.into_iter().filter_map(|(_, folder)| *folder)
}

fn has_children(names: &Names<'_>, name: &str) -> bool {
    below(names, name).next().is_some()
}

fn is_selected(Listed { folder, .. }: &Listed, select: Selection) -> bool {
    let special = folder.role.and_then(attribute).is_some();
    (!select.subscribed || folder.subscribed) && (!select.special_use || special)
}

/// RFC 3501, section 7.2.2; RFC 3348, section 3; RFC 6154, section 2.
fn attributes(names: &Names<'_>, name: &str, folder: Option<&Listed>) -> Vec<&'static str> {
    let mut attributes = vec![];
    if folder.is_none() {
        attributes.extend(["\\NonExistent", "\\Noselect"]);
    }
    attributes.push(if has_children(names, name) { "\\HasChildren" } else { "\\HasNoChildren" });
    attributes.extend(folder.and_then(|listed| listed.folder.role).and_then(attribute));
    attributes
}

fn write_entry(out: &mut Out, response: &str, attributes: &[&str], name: &str) {
    out.text("* ").text(response).byte(b' ');
    out.list(attributes, |out, attribute| {
        out.text(attribute);
    });
    out.text(" \"/\" ").mailbox(name);
}

/// RFC 3501, section 7.2.4.
fn write_status(out: &mut Out, name: &str, folder: &Folder, items: &[StatusItem]) {
    out.text("* STATUS ").mailbox(name).byte(b' ');
    out.list(items, |out, item| {
        match item {
            StatusItem::Messages => out.text("MESSAGES ").show(folder.total),
            StatusItem::Recent => out.text("RECENT 0"),
            StatusItem::UidNext => out.text("UIDNEXT ").show(folder.uid_next),
            StatusItem::UidValidity => out.text("UIDVALIDITY ").show(folder.uid_validity),
            StatusItem::Unseen => out.text("UNSEEN ").show(folder.unseen),
            StatusItem::HighestModSeq => out.text("HIGHESTMODSEQ ").show(folder.highest_modseq),
            StatusItem::Size => out.text("SIZE ").show(folder.size_bytes),
        };
    });
    out.text("\r\n");
}
