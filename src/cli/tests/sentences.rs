//! A cause stands in the sentence once, whether or not the message above it names it.

use std::io::{Error, ErrorKind};

use crate::cli::sentence;

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("locking LOCK failed: {source}; look at the directory")]
    Named { source: Error },
    #[error("a worker failed")]
    Plain(#[from] Error),
    #[error("it did not start")]
    Outer(#[source] Box<Trouble>),
}

#[test]
fn a_cause_is_said_once() {
    let denied = || Error::from(ErrorKind::PermissionDenied);
    let named = || Trouble::Named { source: denied() };
    let check = |trouble: &Trouble, expected: &str| assert_eq!(sentence(trouble), expected);
    check(&named(), "locking LOCK failed: permission denied; look at the directory");
    check(&Trouble::Plain(denied()), "a worker failed: permission denied");
    check(
        &Trouble::Outer(Box::new(named())),
        "it did not start: locking LOCK failed: permission denied; look at the directory",
    );
}
