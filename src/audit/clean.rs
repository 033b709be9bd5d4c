//! What may be shown of a text that somebody else wrote.

/// The most characters that are shown of anything.
const MAX: usize = 253;

/// Without what could forge a line, a terminal's escape or the order of a text: such characters become spaces. Each format
/// still escapes what it has a meaning for.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut characters = text.chars();
    let mut clean: String = characters
        .by_ref()
        .take(MAX)
        .map(|c| if is_plain(c) { c } else { ' ' })
        .collect();
    if characters.next().is_some() {
        clean.push('…');
    }
    clean
}

fn is_plain(c: char) -> bool {
    let turns_text = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}');
    let is_tag = ('\u{e0000}'..='\u{e007f}').contains(&c);
    !(c.is_control() || turns_text || is_tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_or_turns_text_is_left() {
        let bad = "a\u{1b}[31m\nb\r\u{9b}c\u{202e}d\u{2028}e\u{200b}f";
        assert_eq!(clean(bad), "a [31m b  c d e f");
        assert_eq!(clean(&"x".repeat(300)).chars().count(), MAX + 1);
    }
}
