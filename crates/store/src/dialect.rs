//! One text of a migration for two engines.
//!
//! Only what lies outside quotes and comments is touched, and only words in upper case, so a column may be
//! called `text`.

use crate::Error;

/// The text as SQLite takes it: every ordinary table is made `STRICT`.
pub(crate) fn sqlite(sql: &str) -> Result<String, Error> {
    let mut out = String::with_capacity(sql.len() + 64);
    for statement in statements(sql)? {
        let text = statement.concat();
        out.push_str(text.trim());
        if is_create_table(&statement) {
            let rowid = words(&statement).last() == Some("ROWID");
            out.push_str(if rowid { ", STRICT" } else { " STRICT" });
        }
        out.push_str(";\n");
    }
    Ok(out)
}

/// The text as PostgreSQL takes it: types by its names, text ordered by its bytes as SQLite does.
pub(crate) fn postgres(sql: &str) -> Result<String, Error> {
    let mut out = String::with_capacity(sql.len() + 64);
    for statement in statements(sql)? {
        for token in statement {
            out.push_str(match token {
                "INTEGER" => "BIGINT",
                "TEXT" => "TEXT COLLATE \"C\"",
                "BLOB" => "BYTEA",
                "REAL" => "DOUBLE PRECISION",
                "WITHOUT" | "ROWID" => "",
                other => other,
            });
        }
        out.push_str(";\n");
    }
    Ok(out)
}

/// The tokens of each statement that is not empty.
fn statements(sql: &str) -> Result<Vec<Vec<&str>>, Error> {
    let tokens = tokens(sql)?;
    if tokens.contains(&"DEFERRABLE") {
        return Err(Error::migration("a `DEFERRABLE` constraint"));
    }
    let statements = tokens.split(|token| *token == ";").map(<[&str]>::to_vec);
    Ok(statements.filter(|statement| words(statement).next().is_some()).collect())
}

fn words<'a>(statement: &[&'a str]) -> impl Iterator<Item = &'a str> {
    statement.iter().copied().filter(|token| token.starts_with(is_word))
}

fn is_create_table(statement: &[&str]) -> bool {
    let mut words = words(statement).filter(|word| !matches!(*word, "TEMP" | "TEMPORARY"));
    words.next() == Some("CREATE") && words.next() == Some("TABLE")
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Cuts the text into words, quoted texts, semicolons and what lies between; comments are left out.
fn tokens(sql: &str) -> Result<Vec<&str>, Error> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        if let Some(length) = comment(rest) {
            tokens.push(" ");
            rest = &rest[length..];
            continue;
        }
        let length = match first {
            '\'' | '"' => quoted(rest, first)?,
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after;
    }
    Ok(tokens)
}

/// The length of the comment that the text starts with.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("--") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    text.strip_prefix("/*")
        .map(|inner| inner.find("*/").map_or(text.len(), |end| end + "/**/".len()))
}

/// The length of the quoted text up to its closing quote; a doubled quote is seen as two texts, side by side.
fn quoted(text: &str, quote: char) -> Result<usize, Error> {
    let end = text[1..].find(quote);
    end.map(|end| end + 2).ok_or_else(|| Error::migration("a quote that is not closed"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tables_become_strict_on_sqlite() {
        let sql = "CREATE TABLE a (text TEXT PRIMARY KEY); CREATE INDEX i ON a (text);
                   CREATE TABLE b (n INTEGER PRIMARY KEY) WITHOUT ROWID;";
        assert_eq!(
            sqlite(sql).unwrap(),
            "CREATE TABLE a (text TEXT PRIMARY KEY) STRICT;\nCREATE INDEX i ON a (text);\n\
             CREATE TABLE b (n INTEGER PRIMARY KEY) WITHOUT ROWID, STRICT;\n"
        );
    }

    #[test]
    fn types_change_their_names_on_postgres() {
        let sql = "CREATE TABLE a (text TEXT NOT NULL DEFAULT 'TEXT; -- it''s', n INTEGER, b BLOB, \
                   \"REAL\" REAL) WITHOUT ROWID -- INTEGER; BLOB\n;/* ; */";
        assert_eq!(
            postgres(sql).unwrap().split_whitespace().collect::<Vec<_>>().join(" "),
            "CREATE TABLE a (text TEXT COLLATE \"C\" NOT NULL DEFAULT 'TEXT; -- it''s', n BIGINT, b BYTEA, \
             \"REAL\" DOUBLE PRECISION) ;"
        );
    }

    #[test]
    fn what_cannot_be_grouped_or_read_is_refused() {
        assert!(
            sqlite("CREATE TABLE a (b TEXT REFERENCES c (d) DEFERRABLE INITIALLY DEFERRED)")
                .is_err()
        );
        assert!(postgres("SELECT 'open").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_cut_without_panic(sql in any::<String>()) {
            sqlite(&sql).ok();
            postgres(&sql).ok();
        }
    }
}
