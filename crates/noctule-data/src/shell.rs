//! Paths as words of commands that are printed for people to paste.

use std::path::Path;

/// A path as one word for the shell of this platform.
///
/// On Unix any path comes back exactly, also one that is not UTF-8, or that begins like an option.
///
/// ```
/// # #[cfg(unix)] {
/// use noctule_data::shell::quoted;
///
/// assert_eq!(quoted("runs/first".as_ref()), "runs/first");
/// assert_eq!(quoted("my run".as_ref()), "'my run'");
/// # }
/// ```
pub fn quoted(path: &Path) -> String {
    // Else it would be taken for an option.
    if path.as_os_str().as_encoded_bytes().starts_with(b"-") {
        return word(&Path::new(".").join(path));
    }
    word(path)
}

/// Any text as one word for the shell of this platform.
#[cfg(unix)]
pub fn word(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let is_plain = |text: &&str| !text.chars().any(char::is_control);
    let plain = path.to_str().filter(is_plain);
    let quoted = plain.and_then(|text| shlex::try_quote(text).ok());
    quoted.map_or_else(|| escaped(path.as_os_str().as_bytes()), Into::into)
}

/// `$'...'` with octal escapes, for bytes that a terminal does not show.
#[cfg(unix)]
fn escaped(bytes: &[u8]) -> String {
    let mut word = String::from("$'");
    for &byte in bytes {
        match byte {
            b'\'' | b'\\' => word.extend(['\\', byte.into()]),
            b' '..=b'~' => word.push(byte.into()),
            _ => word.push_str(&format!("\\{byte:03o}")),
        }
    }
    word.push('\'');
    word
}

/// Any text as one word for the shell of this platform.
#[cfg(not(unix))]
pub fn word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || r"-_.:\/".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text
    } else {
        format!("\"{text}\"")
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_every_path_back() {
        let paths: [&[u8]; 9] = [
            b"runs/first",
            b"my run",
            b"it's",
            b"$HOME; rm `x` \"y\" *~#&|<>!",
            b"caf\xc3\xa9",
            b"caf\xe9 it's \\ 7",
            b"two\nlines\t",
            b"",
            b"~",
        ];
        for bytes in paths {
            let path = Path::new(OsStr::from_bytes(bytes));
            let script = format!("printf %s {}", quoted(path));
            let printed = Command::new("bash").args(["-c", &script]).output();
            assert_eq!(printed.unwrap().stdout, bytes, "{script}");
        }
    }

    #[test]
    fn a_path_is_not_taken_for_an_option() {
        assert_eq!(quoted(Path::new("-x y")), "'./-x y'");
    }
}
