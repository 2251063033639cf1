//! Sizes of windows, of which NIR has two and Noctule has one.

use super::error::ImportError;

/// Both of two equal sizes, or the only one.
///
/// # Errors
/// If the sizes differ, are negative, or are not one or two.
pub(super) fn equal(
    node: &str,
    field: &'static str,
    sizes: &[i64],
    rule: &'static str,
) -> Result<usize, ImportError> {
    let [rows, columns] = pair(node, field, sizes)?;
    match rows == columns {
        true => Ok(rows),
        false => Err(refused(node, field, sizes, rule)),
    }
}

/// Rows and columns; a single size is both.
///
/// # Errors
/// If a size is negative, or there are not one or two.
pub(super) fn pair(
    node: &str,
    field: &'static str,
    sizes: &[i64],
) -> Result<[usize; 2], ImportError> {
    let (rows, columns) = match *sizes {
        [both] => (both, both),
        [rows, columns] => (rows, columns),
        _ => {
            return Err(refused(
                node,
                field,
                sizes,
                "one number or two, for rows and columns",
            ));
        }
    };
    match (usize::try_from(rows), usize::try_from(columns)) {
        (Ok(rows), Ok(columns)) => Ok([rows, columns]),
        _ => Err(refused(node, field, sizes, "at least 0")),
    }
}

pub(super) fn refused(
    node: &str,
    field: &'static str,
    value: impl std::fmt::Debug,
    rule: &'static str,
) -> ImportError {
    ImportError::Setting {
        node: node.to_owned(),
        field,
        value: format!("{value:?}"),
        rule,
    }
}
