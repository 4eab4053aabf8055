//! The client commands against servers that play a script.

mod batches;
mod inspecting;
mod lines;
mod publishing;
mod script;
mod sentences;
mod tailing;
mod tokens;
mod waits;
