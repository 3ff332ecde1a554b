//! Names that look like another, for "did you mean".

/// Names that are proposed.
const PROPOSALS_MAX: usize = 3;

/// Letters that may differ.
const DISTANCE_MAX: usize = 3;

/// Longer names are not compared: no name of AWS's comes near.
const NAME_BYTES_MAX: usize = 100;

/// The rows whose names look most like `name`, all equally. A slip of the
/// pen is meant: a quarter of the name may differ, and never more than three letters.
pub(crate) fn nearest<T>(
    name: &str,
    rows: &'static [T],
    of: fn(&T) -> &'static str,
) -> Vec<&'static T> {
    if name.len() > NAME_BYTES_MAX {
        return Vec::new();
    }
    let name = name.to_ascii_lowercase();
    let bound = (name.len() / 4).clamp(1, DISTANCE_MAX);
    let mut found: Vec<_> = rows
        .iter()
        .filter(|row| of(row).len().abs_diff(name.len()) <= bound)
        .map(|row| (distance(name.as_bytes(), of(row).to_ascii_lowercase().as_bytes()), row))
        .filter(|&(distance, _)| distance <= bound)
        .collect();
    // Stable: of names that are equally far, the first of the table.
    found.sort_by_key(|&(distance, _)| distance);
    let least = found.first().map_or(0, |&(distance, _)| distance);
    let likest = found.into_iter().take_while(|&(distance, _)| distance == least);
    likest.take(PROPOSALS_MAX).map(|(_, row)| row).collect()
}

/// Insertions, deletions, replacements, and exchanges of neighbours that make one text of the other.
fn distance(left: &[u8], right: &[u8]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, byte) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let replaced = last[column] + usize::from(byte != other);
            let mut best = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && left[row - 1] == *other && right[column - 1] == *byte {
                best = best.min(before_last[column - 1] + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distances() {
        for (left, right, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("passrole", "passrole", 0),
            ("pasrole", "passrole", 1),
            ("apssrole", "passrole", 1),
            ("listuser", "listusers", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(left.as_bytes(), right.as_bytes()), expected, "{left} {right}");
            assert_eq!(distance(right.as_bytes(), left.as_bytes()), expected, "{right} {left}");
        }
    }
}
