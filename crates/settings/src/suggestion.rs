//! "Did you mean": the known name that a misspelt one is closest to.

/// A hint for a name that nobody knows: the nearest known one, or all of them when none is near.
pub(crate) fn hint(name: &str, known: &[&str]) -> String {
    nearest(name, known)
        .map_or_else(|| format!("known are {}", listed(known)), |near| format!("did you mean `{near}`?"))
}

/// The known name that a misspelt one was probably meant to be.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let measured = known.iter().map(|candidate| (distance(name, candidate), *candidate));
    let (distance, candidate) = measured.min_by_key(|(distance, _)| *distance)?;
    (distance <= near(candidate)).then_some(candidate)
}

/// Names as a sentence shows them: each in backticks, with commas between.
fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// More than half of the letters wrong is another word, not a misspelling.
fn near(candidate: &str) -> usize {
    candidate.len() / 2
}

/// Letters to insert, remove, replace or swap with the next until the names are equal.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut two_before = Vec::new();
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    for row in 1..=left.len() {
        let mut current = vec![row];
        for column in 1..=right.len() {
            let is_same = left[row - 1] == right[column - 1];
            let replaced = previous[column - 1] + usize::from(!is_same);
            let mut edits = replaced.min(previous[column] + 1).min(current[column - 1] + 1);
            let is_swapped =
                row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1];
            if is_swapped {
                edits = edits.min(two_before[column - 2] + 1);
            }
            current.push(edits);
        }
        two_before = std::mem::replace(&mut previous, current);
    }
    previous[right.len()]
}

#[cfg(test)]
mod tests {
    use super::hint;

    fn check(name: &str, expected: &str) {
        assert_eq!(hint(name, &["function", "web", "KIT_BIND"]), expected, "{name}");
    }

    #[test]
    fn a_misspelt_name_gets_the_nearest_known_one() {
        check("fuction", "did you mean `function`?");
        check("functions", "did you mean `function`?");
        check("wbe", "did you mean `web`?");
        check("KIT_BIMD", "did you mean `KIT_BIND`?");
    }

    #[test]
    fn another_word_gets_all_known_names() {
        check("", "known are `function`, `web`, `KIT_BIND`");
        check("zzzzzzzzzz", "known are `function`, `web`, `KIT_BIND`");
    }
}
