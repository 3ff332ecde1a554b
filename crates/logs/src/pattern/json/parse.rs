//! The text of a condition, read.

use super::{Condition, Operand, Ordered, Step, Test};
use crate::pattern::{Malformed, cursor::Cursor, matcher::Regexes};

/// Parentheses inside each other at most.
const DEPTH_MAX: usize = 32;

pub(crate) fn parse(text: &str) -> Result<Condition, Malformed> {
    let mut reader = Reader { cursor: Cursor::new(text), regexes: Regexes::default(), depth: 0 };
    reader.cursor.expects("{")?;
    let condition = reader.any()?;
    reader.cursor.expects("}")?;
    reader.cursor.skip_blanks();
    match reader.cursor.is_at_end() {
        true => Ok(condition),
        false => Err(reader.cursor.unexpected("the end")),
    }
}

/// Each function leaves the cursor past the blanks that follow what it has read.
struct Reader<'a> {
    cursor: Cursor<'a>,
    regexes: Regexes,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// `&&` binds stronger than `||`.
    fn any(&mut self) -> Result<Condition, Malformed> {
        let mut conditions = vec![self.all()?];
        while self.cursor.takes("||") {
            conditions.push(self.all()?);
        }
        Ok(Condition::Any(conditions))
    }

    fn all(&mut self) -> Result<Condition, Malformed> {
        let mut conditions = vec![self.one()?];
        while self.cursor.takes("&&") {
            conditions.push(self.one()?);
        }
        Ok(Condition::All(conditions))
    }

    fn one(&mut self) -> Result<Condition, Malformed> {
        self.cursor.skip_blanks();
        let condition = match self.cursor.takes("(") {
            true => self.in_parentheses()?,
            false => Condition::Of { selector: self.selector()?, test: self.test()? },
        };
        self.cursor.skip_blanks();
        Ok(condition)
    }

    fn in_parentheses(&mut self) -> Result<Condition, Malformed> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let text = format!("more than {DEPTH_MAX} parentheses are inside each other");
            return Err(Malformed::new(text));
        }
        let condition = self.any()?;
        self.cursor.expects(")")?;
        self.depth -= 1;
        Ok(condition)
    }

    fn selector(&mut self) -> Result<Vec<Step>, Malformed> {
        self.cursor.expects("$")?;
        let mut steps = Vec::new();
        while let Some(step) = self.step()? {
            steps.push(step);
        }
        match steps.is_empty() {
            true => Err(self.cursor.unexpected("`.`")),
            false => Ok(steps),
        }
    }

    fn step(&mut self) -> Result<Option<Step>, Malformed> {
        let dot = self.cursor.takes(".");
        if self.cursor.takes("[") {
            return self.bracketed().map(Some);
        }
        if !dot {
            return Ok(None);
        }
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '@');
        match self.cursor.take_while(is_plain) {
            "" => Err(self.cursor.unexpected("a property")),
            name => Ok(Some(Step::Property(name.to_owned()))),
        }
    }

    fn bracketed(&mut self) -> Result<Step, Malformed> {
        let quote =
            ['"', '\''].into_iter().find(|quote| self.cursor.takes(quote.encode_utf8(&mut [0; 4])));
        let step = match quote {
            Some(quote) => Step::Property(self.cursor.quoted(quote)?),
            None => {
                let digits = self.cursor.take_while(|c| c.is_ascii_digit());
                let index = digits.parse();
                Step::Element(index.map_err(|_| Malformed::new("an index is no number"))?)
            }
        };
        self.cursor.expects("]")?;
        Ok(step)
    }

    fn test(&mut self) -> Result<Test, Malformed> {
        self.cursor.skip_blanks();
        // The longer before the shorter.
        for (operator, make) in [
            ("!=", None),
            ("<=", Some(Ordered::LessOrEqual)),
            (">=", Some(Ordered::GreaterOrEqual)),
            ("<", Some(Ordered::Less)),
            (">", Some(Ordered::Greater)),
        ] {
            if self.cursor.takes(operator) {
                return match make {
                    None => self.operand().map(Test::Unequal),
                    Some(order) => self.number().map(|number| Test::Compare(order, number)),
                };
            }
        }
        if self.cursor.takes("=") {
            return self.operand().map(Test::Equal);
        }
        self.in_words()
    }

    fn in_words(&mut self) -> Result<Test, Malformed> {
        let words = (self.word(), self.word());
        match words {
            ("NOT", "EXISTS") => Ok(Test::NotExists),
            ("IS", "NULL") => Ok(Test::IsNull),
            ("IS", "TRUE") => Ok(Test::Is(true)),
            ("IS", "FALSE") => Ok(Test::Is(false)),
            _ => Err(Malformed::new("a property is not compared with anything")),
        }
    }

    fn word(&mut self) -> &'a str {
        self.cursor.skip_blanks();
        self.cursor.take_while(|c| c.is_ascii_alphabetic())
    }

    fn number(&mut self) -> Result<f64, Malformed> {
        match self.operand()? {
            Operand::Number(number, _) => Ok(number),
            _ => Err(Malformed::new("only numbers can be less or greater")),
        }
    }

    fn operand(&mut self) -> Result<Operand, Malformed> {
        self.cursor.skip_blanks();
        if self.cursor.takes("\"") {
            return self.cursor.quoted('"').map(Operand::Text);
        }
        if self.cursor.takes("%") {
            return self.regexes.compile(self.cursor.regex()?).map(Operand::Regex);
        }
        let is_plain = |c: char| c.is_alphanumeric() || "_-+.*:/@".contains(c);
        let word = self.cursor.take_while(is_plain);
        if word.is_empty() {
            return Err(self.cursor.unexpected("a value"));
        }
        let number = word.parse::<f64>().ok().filter(|number| number.is_finite());
        let begins_so = word.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
        Ok(match number.filter(|_| begins_so) {
            Some(number) => Operand::Number(number, word.to_owned()),
            None => Operand::Text(word.to_owned()),
        })
    }
}
