//! The preparer's turn, for the models: what it has to do now, without a thread that waits for more.

use crate::log::Preparer;

pub(crate) fn turn(preparer: &mut Preparer) {
    preparer.turn();
}
