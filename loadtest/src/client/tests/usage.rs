//! The kernel's tables, as they come: a process name with spaces and parentheses, and memory in kB.

use crate::client::Memory;
use crate::client::sockstat::tcp_pages;
use crate::client::usage::stat_ticks;

#[test]
fn cpu_fields_are_counted_from_the_name_on() {
    let fields = "S 1 7 7 0 -1 4194560 100 0 0 0 31 11 0 0 20 0 4 0 12345 1000 200";
    assert_eq!(stat_ticks(&format!("7 (tailwire) {fields}")), Some(42));
    assert_eq!(stat_ticks(&format!("7 (a) b (c)) {fields}")), Some(42));
    assert_eq!(stat_ticks("7 (tailwire) S 1"), None);
    assert_eq!(stat_ticks(""), None);
}

#[test]
fn memory_is_read_in_bytes() {
    let rollup = "55a-7ff ---p 00000000 00:00 0 [rollup]\nRss:                3456 kB\n\
        Pss:                1200 kB\nPss_Anon:            512 kB\nAnonymous:           600 kB\n";
    let memory = Memory { rss: 3456 * 1024, pss: 1200 * 1024, anonymous: 600 * 1024 };
    assert_eq!(Memory::parse(rollup), Some(memory));
    assert_eq!(Memory::parse("Rss: 1 kB\n"), None);
}

#[test]
fn socket_memory_is_that_of_tcp() {
    let sockstat = "sockets: used 240\nTCP: inuse 9 orphan 0 tw 2 alloc 12 mem 7\nUDP: inuse 0 mem 3\n";
    assert_eq!(tcp_pages(sockstat), Some(7));
    assert_eq!(tcp_pages("UDP: inuse 0 mem 3\n"), None);
    assert_eq!(tcp_pages("TCP: inuse 9 mem\n"), None);
}
