//! What somebody may have meant who misspelt a name.

use strsim::jaro;

/// The least similarity of a name that is suggested, on a scale from 0 to 1; clap suggests options by the same measure.
const LEAST_SIMILARITY: f64 = 0.7;

/// The one of `known` that is most like `name`, if any is similar. Capital letters, `-`, `_` and spaces do not count:
/// `Yin-Yang` is `yinyang`.
///
/// ```
/// use noctule_data::spelling::closest;
///
/// let known = ["mnist", "yin-yang"];
/// assert_eq!(closest("YinYang", known), Some("yin-yang"));
/// assert_eq!(closest("minst", known), Some("mnist"));
/// assert_eq!(closest("speech", known), None);
/// ```
pub fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = plain(name);
    let rated = known
        .into_iter()
        .map(|known| (jaro(&name, &plain(known)), known));
    rated
        .filter(|(similarity, _)| *similarity > LEAST_SIMILARITY)
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, known)| known)
}

/// `closest` as an insertion after the misspelt name: ` (did you mean` and so on, or nothing.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    closest(name, known).map_or(String::new(), |known| format!(" (did you mean `{known}`?)"))
}

fn plain(name: &str) -> String {
    name.chars()
        .filter(|letter| !matches!(letter, '-' | '_' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_name_is_suggested() {
        let known = [
            "yinyang",
            "yinyang-paper",
            "mnist-count",
            "mnist-count-paper",
        ];
        for (name, expected) in [
            ("yin-yang", "yinyang"),
            ("YINYANG_PAPER", "yinyang-paper"),
            ("mnist-cuont", "mnist-count"),
            ("mnist count", "mnist-count"),
            ("yinyan", "yinyang"),
        ] {
            assert_eq!(closest(name, known), Some(expected), "{name}");
        }
        for name in ["", "x", "cifar"] {
            assert_eq!(closest(name, known), None, "{name}");
        }
    }

    #[test]
    fn the_insertion_is_empty_if_nothing_is_similar() {
        assert_eq!(did_you_mean("thta", ["theta"]), " (did you mean `theta`?)");
        assert_eq!(did_you_mean("nothing", ["theta"]), "");
    }
}
