//! The face of `config`: a command line, an environment and a file in; a checked command or a sentence out.

mod access;
mod client;
mod command_line;
mod precedence;
mod refusals;
mod support;
mod table;
