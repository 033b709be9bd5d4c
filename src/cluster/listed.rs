//! The facts of one moment, by lists alone: for who may read and not watch, and looks once.

use std::time::SystemTime;

use kube::api::ListParams;
use kube::{Api, Client};

use super::kinds::{self, Kind};
use crate::plan::Facts;

/// How many objects are asked for at a time.
const PAGE: u32 = 500;

/// The facts that the watches of [`super::Cluster::follow`] would come to, and the kinds that cannot be read, each with why.
pub async fn facts(client: &Client) -> (Facts, Vec<(&'static str, String)>) {
    let (mut facts, mut unseen) = (Facts::default(), Vec::new());
    kinds::list_all(client, &mut facts, &mut unseen).await;
    (facts, unseen)
}

/// Lists one kind, and writes what it comes to.
pub(super) async fn one<K: Kind>(
    client: &Client,
    facts: &mut Facts,
    unseen: &mut Vec<(&'static str, String)>,
) {
    match parts::<K>(client).await {
        Ok(parts) => {
            K::publish(facts, Some(parts.iter()), SystemTime::now());
        }
        Err(error) => unseen.push((K::NAME, said(&error))),
    }
}

async fn parts<K: Kind>(client: &Client) -> kube::Result<Vec<K::Part>> {
    let api = Api::<K::Object>::all(client.clone());
    let mut asked = ListParams::default().limit(PAGE);
    let mut parts = Vec::new();
    loop {
        let list = api.list(&asked).await?;
        parts.extend(list.items.into_iter().filter_map(K::part));
        match list.metadata.continue_ {
            Some(next) if !next.is_empty() => asked = asked.continue_token(&next),
            _ => return Ok(parts),
        }
    }
}

/// What the API server says of it, in a line.
#[must_use]
pub fn said(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}
