//! The text of an experiment file, from its bytes.

/// The bytes as text, without a mark at its beginning that some editors write.
///
/// # Errors
/// What the bytes are instead of UTF-8, and what to do.
pub(super) fn utf8_text(bytes: Vec<u8>) -> Result<String, String> {
    // Text in UTF-16 begins with a mark, or has a zero byte beside each ASCII letter.
    let is_utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    if is_utf16 || bytes.contains(&0) {
        return Err(
            "it is not UTF-8 text, but UTF-16 or binary; save it as UTF-8 (in Notepad: Save as, Encoding: UTF-8; in \
             PowerShell: `Set-Content -Encoding utf8`)"
                .to_owned(),
        );
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let sound = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + sound.iter().filter(|&&byte| byte == b'\n').count();
        format!("line {line} is not UTF-8 text; save the file as UTF-8")
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}
