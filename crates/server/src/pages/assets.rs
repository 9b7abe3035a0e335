//! The files that pages load: a style sheet and small scripts, under names that change with their content.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};

/// The route of [`serve`].
pub const ROUTE: &str = "/assets/{version}/{name}";

struct Asset {
    name: &'static str,
    content_type: &'static str,
    content: &'static str,
}

const ASSETS: [Asset; 4] = [
    Asset {
        name: "pages.css",
        content_type: "text/css; charset=utf-8",
        content: include_str!("../../assets/pages.css"),
    },
    Asset {
        name: "page.js",
        content_type: "text/javascript; charset=utf-8",
        content: include_str!("../../assets/page.js"),
    },
    Asset {
        name: "go-on.js",
        content_type: "text/javascript; charset=utf-8",
        content: include_str!("../../assets/go-on.js"),
    },
    Asset {
        name: "web-message.js",
        content_type: "text/javascript; charset=utf-8",
        content: include_str!("../../assets/web-message.js"),
    },
];

/// The first half of the digest of all files: one version for all, so that they fit each other.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    use std::fmt::Write as _;

    let all = ASSETS.map(|asset| asset.content).concat();
    let mut version = String::new();
    for byte in digest(&SHA256, all.as_bytes()).as_ref().iter().take(8) {
        // Writing to a string does not fail.
        let _ = write!(version, "{byte:02x}");
    }
    version
});

pub(super) fn url(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

/// `GET /assets/{version}/{name}`.
///
/// A file of this version may be kept for ever. Another version is asked for while nodes of two releases run side by side:
/// it gets what there is, but must not keep it under the other's name.
pub fn serve(Path((version, name)): &Path<(String, String)>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == *name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let caching = if *version == *VERSION {
        "public, max-age=31536000, immutable"
    } else {
        "no-store"
    };
    let headers = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, caching),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, asset.content).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(version: &str, name: &str) -> (StatusCode, String) {
        let answer = serve(&Path((version.to_owned(), name.to_owned())));
        let caching = answer.headers().get(header::CACHE_CONTROL);
        let caching = caching.map_or("", |value| value.to_str().unwrap());
        (answer.status(), caching.to_owned())
    }

    #[test]
    fn a_file_is_kept_for_ever_under_its_own_version_only() {
        for asset in ASSETS {
            let (status, caching) = ask(&VERSION, asset.name);
            assert_eq!(status, StatusCode::OK);
            assert!(caching.contains("immutable"), "{caching}");
            assert_eq!(
                ask("0", asset.name),
                (StatusCode::OK, "no-store".to_owned())
            );
        }
        assert_eq!(ask(&VERSION, "Cargo.toml").0, StatusCode::NOT_FOUND);
    }
}
