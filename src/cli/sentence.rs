//! An error with the causes behind it as one sentence for a person. It does not decide what follows from the error.

use std::error::Error;

/// What `error` says, then each cause that has not been said yet: many messages name their cause already.
pub fn sentence(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}
