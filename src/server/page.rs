//! The live page, embedded in the binary: a few files without a build step or an outside host.

use http::StatusCode;

use crate::http::Reply;

/// One embedded file.
pub(crate) struct Asset {
    path: &'static str,
    content_type: &'static str,
    body: &'static str,
}

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

const ASSETS: [Asset; 8] = [
    Asset { path: "/", content_type: "text/html; charset=utf-8", body: include_str!("../../web/index.html") },
    Asset { path: "/text.js", content_type: JAVASCRIPT, body: include_str!("../../web/text.js") },
    Asset { path: "/publish.js", content_type: JAVASCRIPT, body: include_str!("../../web/publish.js") },
    Asset {
        path: "/subscription.js",
        content_type: JAVASCRIPT,
        body: include_str!("../../web/subscription.js"),
    },
    Asset { path: "/feed.js", content_type: JAVASCRIPT, body: include_str!("../../web/feed.js") },
    Asset { path: "/app.js", content_type: JAVASCRIPT, body: include_str!("../../web/app.js") },
    Asset {
        path: "/style.css",
        content_type: "text/css; charset=utf-8",
        body: include_str!("../../web/style.css"),
    },
    Asset {
        path: "/favicon.svg",
        content_type: "image/svg+xml",
        body: include_str!("../../web/favicon.svg"),
    },
];

/// Nothing from elsewhere, nothing inline: an event that holds markup or script stays text.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

pub(crate) fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

impl Asset {
    pub(crate) fn media_type(&self) -> &'static str {
        self.content_type.split(';').next().unwrap_or_default()
    }

    pub(crate) fn reply(&self) -> Reply {
        let mut reply = Reply::empty(StatusCode::OK)
            .with("Cache-Control", "no-cache")
            .with("Content-Security-Policy", POLICY)
            .with("Referrer-Policy", "no-referrer");
        reply.content_type = self.content_type;
        reply.body = self.body.as_bytes().to_vec();
        reply
    }
}
