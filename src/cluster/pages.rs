//! Lists of objects, page by page, as the API server writes them.

use hyper::Request;
use kube::Client;
use serde::Deserialize;
use serde_json::value::RawValue;

/// How many objects a page has.
const PAGE: usize = 500;

/// A page of a list. Its objects say neither their kind nor their version.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(default)]
    metadata: PageMeta,
    #[serde(borrow, default)]
    items: Vec<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct PageMeta {
    #[serde(default, rename = "continue")]
    next: String,
}

/// Gives every object of a list to `each`, holding one page at a time. `path` is the list's, as
/// `/api/v1/namespaces/shop/pods`, and `query` further parameters, `fieldSelector=...&`, or nothing.
///
/// # Errors
///
/// When the API server refuses, or does not answer; what was given until then stays given.
pub async fn each(
    client: &Client,
    path: &str,
    query: &str,
    mut each: impl FnMut(&str),
) -> kube::Result<()> {
    let mut next = String::new();
    loop {
        let token = match next.is_empty() {
            true => String::new(),
            false => format!("&continue={next}"),
        };
        let uri = format!("{path}?{query}limit={PAGE}{token}");
        let request = Request::get(uri)
            .body(Vec::new())
            .map_err(kube::Error::HttpError)?;
        let text = client.request_text(request).await?;
        let page: Page<'_> = serde_json::from_str(&text).map_err(kube::Error::SerdeError)?;
        page.items.iter().for_each(|item| each(item.get()));
        if page.metadata.next.is_empty() {
            return Ok(());
        }
        next = page.metadata.next;
    }
}
