//! The PROXY head of a connection, where one is due: from trusted proxies alone, and then always.
//!
//! Who sends none, or not in a head's time, is closed without a word: what would read the answer is no client.

use crate::http::parse_proxy_head;
use crate::server::client_address::is_trusted;
use crate::server::connection::{Connection, Phase};
use crate::server::request::{Input, NoRequest, receive};
use crate::server::worker::Worker;

/// Reads the head and takes note of whom the connection is for. Does nothing where none is due.
pub(crate) async fn read_proxy_head(
    worker: &Worker,
    connection: &Connection,
    input: &mut Input,
) -> Result<(), NoRequest> {
    let (limits, peer) = (&worker.shared.settings.limits, connection.client());
    if !limits.proxy_protocol || !is_trusted(&limits.trusted_proxies, peer.address) {
        return Ok(());
    }
    connection.begin(worker, Phase::Reading);
    loop {
        match parse_proxy_head(input.rest()) {
            Ok(Some((proxied, bytes))) => {
                input.consume(bytes);
                let client = peer.said(proxied);
                let arrival = worker.arrive_from(&client).ok_or(NoRequest::Closed)?;
                connection.comes_from(client, arrival);
                return Ok(());
            }
            Ok(None) => receive(worker, connection, input).await?,
            Err(_) => return Err(NoRequest::Closed),
        }
    }
}
