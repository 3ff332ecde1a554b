//! How figures are printed: one to a line, those with an aim beside it.

/// Width of the column of names.
const NAME_WIDTH: usize = 46;

/// Opens a part of the report.
pub(crate) fn part(title: &str) {
    println!("\n## {title}");
}

/// Words between the figures.
pub(crate) fn note(text: &str) {
    println!("   {text}");
}

/// One figure, or a few that belong together.
pub(crate) fn figure(name: &str, value: impl AsRef<str>) {
    println!("   {name:<NAME_WIDTH$} {}", value.as_ref());
}

/// A figure that has an aim.
pub(crate) fn aimed(name: &str, value: impl AsRef<str>, aim: &str, met: bool) {
    let verdict = if met { "met" } else { "NOT met" };
    println!("   {name:<NAME_WIDTH$} {}   (aim: {aim}; {verdict})", value.as_ref());
}

/// Whole numbers with thousands set apart.
pub(crate) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration in the unit that suits it.
pub(crate) fn micros(micros: f64) -> String {
    match micros {
        small if small < 1.0 => format!("{:.0} ns", small * 1e3),
        middle if middle < 1e3 => format!("{middle:.1} us"),
        large => format!("{:.2} ms", large / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!(grouped(999.4), "999");
        assert_eq!(grouped(1_234_567.0), "1,234,567");
        assert_eq!(micros(0.25), "250 ns");
        assert_eq!(micros(12.34), "12.3 us");
        assert_eq!(micros(2_500.0), "2.50 ms");
    }
}
