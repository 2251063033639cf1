//! Calls into libraries that may panic where a driver is broken.

use std::panic::{self, UnwindSafe};
use std::sync::{Mutex, PoisonError};

/// One call at a time changes what the process does on a panic.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The outcome of a call, or the message of its panic, which is not printed.
///
/// Panics of other threads are not printed meanwhile either, so such calls should be short.
pub(crate) fn quietly<T>(call: impl FnOnce() -> T + UnwindSafe) -> Result<T, String> {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let outcome = panic::catch_unwind(call);
    panic::set_hook(hook);
    outcome.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        // Some libraries add advice for programmers in further lines.
        let line = text.and_then(|text| text.trim().lines().next());
        line.unwrap_or("it gives no reason").to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_outcome() {
        assert_eq!(quietly(|| 3), Ok(3));
        let panicked = quietly(|| -> u8 { panic!("no driver\nsee the manual") });
        assert_eq!(panicked, Err("no driver".to_owned()));
    }
}
