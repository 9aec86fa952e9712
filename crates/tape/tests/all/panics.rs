//! With which message does a call panic, and at which line of whose file? What several test files ask.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

/// Message, file and line.
type Panic = (String, String, u32);

thread_local! {
    static AWAITED: Cell<bool> = const { Cell::new(false) };
    static SEEN: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// The hook is the process's, and the other tests panic at the same time: it is set once, and looks at threads that wait.
fn watch() {
    static SET: Once = Once::new();
    SET.call_once(|| {
        let outer = take_hook();
        set_hook(Box::new(move |info| {
            if !AWAITED.get() {
                return outer(info);
            }
            let place = info.location().expect("a panic has a place");
            let message = info.payload_as_str().unwrap_or_default().to_owned();
            SEEN.set(Some((message, place.file().to_owned(), place.line())));
        }));
    });
}

/// The panic that `misuse` ends in.
#[track_caller]
pub(crate) fn panic_of(misuse: impl FnOnce()) -> Panic {
    watch();
    AWAITED.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(misuse));
    AWAITED.set(false);
    assert!(outcome.is_err(), "it does not panic");
    SEEN.take().expect("the hook ran")
}
