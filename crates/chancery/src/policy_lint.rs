//! `chancery policy lint`: what is wrong with policies in files, as a compiler says it.

mod show;

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
    process::ExitCode,
};

use lint::{Block, Finding, PolicyType, Severity};

use crate::{
    cli::{LintFormat, LintedType, PolicyLint},
    failure::Failure,
};

/// Bytes of a file that are read. A policy has 128 KiB at most; a document may hold many.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// What stands for standard input.
const STDIN: &str = "-";

/// The command ran, and found what should not stay.
const FOUND: u8 = 1;
/// A file could not be read or written.
const FAILED: u8 = 2;

/// A file, and what there is to say of it.
struct Linted {
    name: String,
    text: String,
    /// What was mended, each with the line of the text as it was then.
    mended: Vec<(u32, Finding)>,
    findings: Vec<Finding>,
}

/// Looks at the files and says what was found. The exit code is 1 if an error or a security warning was.
pub(crate) fn lint(options: &PolicyLint) -> ExitCode {
    let mut linted = Vec::new();
    let mut failed = false;
    for path in &options.files {
        match file(path, options) {
            Ok(file) => linted.push(file),
            Err(failure) => {
                eprintln!("chancery: {failure}");
                failed = true;
            }
        }
    }
    say(&linted, options);
    let grave = |finding: &Finding| finding.severity() <= Severity::SecurityWarning;
    match linted.iter().any(|file| file.findings.iter().any(grave)) {
        _ if failed => ExitCode::from(FAILED),
        true => ExitCode::from(FOUND),
        false => ExitCode::SUCCESS,
    }
}

fn say(linted: &[Linted], options: &PolicyLint) {
    // Mended standard input is the output; what is said of it must not mix with it.
    let piped = options.fix && options.files.iter().any(|path| path.as_os_str() == STDIN);
    let said = match options.format {
        LintFormat::Text => show::text(linted),
        LintFormat::Json => show::json(linted),
    };
    match piped {
        true => eprint!("{said}"),
        false => print!("{said}"),
    }
}

fn file(path: &Path, options: &PolicyLint) -> Result<Linted, Failure> {
    let text = read(path)?;
    let kind = options.kind.into();
    let name = path.display().to_string();
    let (fixed, mended) = if options.fix { fix(&text, kind) } else { (text.clone(), Vec::new()) };
    if options.fix {
        write(path, &text, &fixed)?;
    }
    let findings = findings(&fixed, kind);
    Ok(Linted { name, text: fixed, mended, findings })
}

fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let mut source: Box<dyn io::Read> = if path.as_os_str() == STDIN {
        Box::new(io::stdin().lock())
    } else {
        Box::new(fs::File::open(path).map_err(Failure::file("cannot read", path))?)
    };
    let mut bounded = source.by_ref().take(FILE_BYTES_MAX + 1);
    bounded.read_to_string(&mut text).map_err(Failure::file("cannot read", path))?;
    if text.len() as u64 > FILE_BYTES_MAX {
        let name = path.display();
        return Err(Failure::new(format!("`{name}` has more than {FILE_BYTES_MAX} bytes")));
    }
    Ok(text)
}

/// Writes the mended text, to the file only if it is another.
fn write(path: &Path, before: &str, after: &str) -> Result<(), Failure> {
    if path.as_os_str() == STDIN {
        print!("{after}");
        return Ok(());
    }
    if before == after {
        return Ok(());
    }
    fs::write(path, after).map_err(Failure::file("cannot write", path))
}

fn findings(text: &str, kind: PolicyType) -> Vec<Finding> {
    let of = |block: Block| {
        let until_end = text.get(..block.end).unwrap_or(text);
        lint::lint_from(until_end, block.start, kind)
    };
    lint::policies(text).into_iter().flat_map(of).collect()
}

/// The text with every policy in it mended, and what was mended with its line.
fn fix(text: &str, kind: PolicyType) -> (String, Vec<(u32, Finding)>) {
    let mut whole = String::with_capacity(text.len());
    let mut mended = Vec::new();
    let mut done = 0;
    for block in lint::policies(text) {
        let start = block.start.offset;
        let fixed = lint::fix(text.get(start..block.end).unwrap_or_default(), kind);
        whole.push_str(text.get(done..start).unwrap_or_default());
        whole.push_str(&fixed.text);
        done = block.end;
        mended.extend(fixed.mended.into_iter().map(|finding| {
            let line = finding.locations.first().map_or(1, |place| place.span.start.line);
            (block.start.line + line - 1, finding)
        }));
    }
    whole.push_str(text.get(done..).unwrap_or_default());
    (whole, mended)
}

impl From<LintedType> for PolicyType {
    fn from(kind: LintedType) -> Self {
        match kind {
            LintedType::Identity => Self::Identity,
            LintedType::Resource => Self::Resource,
            LintedType::Trust => Self::Trust,
            LintedType::Scp => Self::ServiceControl,
            LintedType::Rcp => Self::ResourceControl,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_mended_in_place() {
        let policy = |comma: &str| {
            format!(
                "{{\"Version\": \"2012-10-17\", \"Statement\": {{\"Effect\": \"Allow\"{comma} \
                 \"Action\": \"ses:*\", \"Resource\": \"*\"}}}}\n"
            )
        };
        let document = |comma: &str| {
            let policy = policy(comma);
            format!("# A\n\n```json\n{policy}```\n\nb {{\n\n~~~\n{policy}~~~\n")
        };
        let (text, mended) = fix(&document(""), PolicyType::Identity);
        assert_eq!(text, document(","));
        assert_eq!(mended.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [4, 10]);
        assert_eq!(findings(&text, PolicyType::Identity), []);
    }
}
