//! What can be shown of strings out of the cluster, which nobody has checked yet when a mutating webhook sees them.

/// The most that is shown of a name: no name in Kubernetes is longer.
const MAX_NAME: usize = 253;

/// The longest name of a container (N6), and the most that is shown of anything in a list.
const MAX_SHOWN: usize = 63;

/// The most that is shown of a reason that somebody wrote.
const MAX_WORDS: usize = 160;

/// Appends what can be shown of a string out of the cluster: letters, digits and a few signs; anything else, and
/// so every way to forge a list, a line or a terminal's escape, becomes `?`.
pub(super) fn show(text: &mut String, from_cluster: &str) {
    plain(text, from_cluster, MAX_SHOWN, is_of_names);
}

/// The same for words of somebody: what sentences need is shown too, but nothing that could end the brackets around them.
pub(super) fn show_words(text: &mut String, words: &str) {
    plain(text, words, MAX_WORDS, is_of_words);
}

/// What can be shown of an object's name, or of one of its kind.
pub(super) fn name(from_cluster: &str) -> String {
    let mut text = String::with_capacity(from_cluster.len().min(MAX_NAME));
    plain(&mut text, from_cluster, MAX_NAME, is_of_names);
    text
}

/// What can be shown of a value that an author chose, as in a list.
pub(super) fn shown(from_cluster: &str) -> String {
    let mut text = String::with_capacity(from_cluster.len().min(MAX_SHOWN));
    show(&mut text, from_cluster);
    text
}

/// What can be shown of somebody's words.
pub(super) fn words(from_cluster: &str) -> String {
    let mut text = String::with_capacity(from_cluster.len().min(MAX_WORDS));
    show_words(&mut text, from_cluster);
    text
}

fn plain(text: &mut String, from_cluster: &str, most: usize, is_plain: impl Fn(u8) -> bool + Copy) {
    // Nearly every name is plain as it is.
    if from_cluster.len() <= most && from_cluster.bytes().all(is_plain) {
        return text.push_str(from_cluster);
    }
    let shown = from_cluster.chars().take(most);
    text.extend(shown.map(|c| match u8::try_from(c) {
        Ok(byte) if is_plain(byte) => c,
        _ => '?',
    }));
}

fn is_of_names(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'/')
}

fn is_of_words(byte: u8) -> bool {
    is_of_names(byte) || matches!(byte, b' ' | b':' | b',' | b'\'' | b'#')
}

/// Cuts a text of ASCII to at most `max` bytes, visibly.
pub(super) fn cut(text: &mut String, max: usize) {
    if text.len() > max {
        text.truncate(text.floor_char_boundary(max - 3));
        text.push_str("...");
    }
}
