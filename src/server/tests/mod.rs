//! Tests of what the server does without sockets.

mod pager;
