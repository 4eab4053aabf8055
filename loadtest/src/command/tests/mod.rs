//! Tests of the workloads' arithmetic and of the command line. The workloads themselves need a server and are
//! run, not unit-tested.

mod backlog;
mod command_line;
mod median;
mod schema;
mod trend;
mod verdict;
