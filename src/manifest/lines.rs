//! Lines of a text, as far as an edit must know them.

/// Where the line of `at` ends: before its line break.
pub(super) fn end_of_line(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    at + line.strip_suffix('\r').unwrap_or(line).len()
}

/// Where the line of `at` begins.
fn start_of_line(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.rfind('\n').map_or(0, |newline| newline + 1)
}

/// The blanks that the line of `at` begins with.
pub(super) fn indent_of_line(text: &str, at: usize) -> &str {
    let line = text.get(start_of_line(text, at)..).unwrap_or_default();
    let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
    line.get(..indent).unwrap_or_default()
}

/// Whether nothing stands before `at` on its line.
pub(super) fn is_first_of_line(text: &str, at: usize) -> bool {
    let before = text.get(start_of_line(text, at)..at).unwrap_or_default();
    before.trim_start_matches('\u{feff}').trim().is_empty()
}

/// Where a block ends whose last character is before `at`: with its line, or with the comments below it that are at least as
/// deep as `column`. A comment that is as deep as what follows it belongs to that.
pub(super) fn end_of_block(text: &str, at: usize, column: usize) -> usize {
    // A block scalar ends with its line break.
    let before = text.get(..at).unwrap_or_default();
    let before = before
        .strip_suffix('\n')
        .map_or(before, |line| line.strip_suffix('\r').unwrap_or(line));
    let at = before.len();
    let mut end = end_of_line(text, at);
    let mut comments: Vec<(usize, usize)> = Vec::new();
    let mut next = 0;
    let mut here = end;
    while let Some(line_start) = after_break(text, here) {
        here = end_of_line(text, line_start);
        let line = text.get(line_start..here).unwrap_or_default();
        let depth = line.len() - line.trim_start_matches(' ').len();
        match line.trim_start().chars().next() {
            None => {}
            Some('#') if depth >= column => comments.push((depth, here)),
            Some('#') => break,
            Some(_) => {
                next = depth;
                if !line.starts_with("---") {
                    next += 1;
                }
                break;
            }
        }
    }
    // `next` is one more than the depth of what follows, so that 0 is nothing.
    for (depth, line_end) in comments {
        if depth < next {
            break;
        }
        end = line_end;
    }
    end
}

/// Where the line after the one that ends at `end` begins.
fn after_break(text: &str, end: usize) -> Option<usize> {
    let rest = text.get(end..)?;
    let after = rest
        .strip_prefix("\r\n")
        .or_else(|| rest.strip_prefix('\n'))?;
    Some(text.len() - after.len()).filter(|start| *start < text.len())
}

/// Where the colon at or after `at` ends.
pub(super) fn after_colon(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.find(':').map_or(at, |colon| at + colon + 1)
}

/// Where the comma ends that follows `at` at once, but for blanks.
pub(super) fn comma_after(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let after = rest.trim_start().strip_prefix(',')?;
    Some(text.len() - after.len())
}

/// Where the blanks before the closing bracket begin that is the last character before `end`; `end` where something else than
/// blanks is between it and `from`.
pub(super) fn closing(text: &str, from: usize, end: usize) -> usize {
    let between = text.get(from..end.saturating_sub(1)).unwrap_or_default();
    if between.trim().is_empty() { from } else { end }
}

/// Whether the text begins with a list's dash.
pub(super) fn begins_with_dash(text: &str) -> bool {
    let after = text.strip_prefix('-');
    after.is_some_and(|after| after.is_empty() || after.starts_with([' ', '\t', '\n', '\r']))
}
