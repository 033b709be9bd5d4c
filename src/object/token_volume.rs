//! The projected volume that the ServiceAccount plugin makes, by structure (section 1.2 of the rules, T5).
//!
//! It is read strictly: a field that is not the plugin's makes it somebody else's volume.

use serde::Deserialize;

use super::text::Text;

/// The lifetime that the plugin asks for: one hour and a sign of its own.
const EXPIRATION_SECONDS: i64 = 3_607;

/// A projected volume whose parts are of the kinds that the plugin uses.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TokenVolume<'a> {
    #[serde(borrow)]
    sources: Vec<Part<'a>>,
    default_mode: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum Part<'a> {
    #[serde(borrow)]
    ServiceAccountToken(Token<'a>),
    #[serde(borrow)]
    ConfigMap(Files<'a>),
    #[serde(borrow)]
    Secret(Files<'a>),
    #[serde(rename = "downwardAPI", borrow)]
    DownwardApi(Fields<'a>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Token<'a> {
    #[serde(borrow)]
    path: Text<'a>,
    expiration_seconds: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Files<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    items: Vec<File<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File<'a> {
    #[serde(borrow)]
    key: Text<'a>,
    #[serde(borrow)]
    path: Text<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields<'a> {
    #[serde(borrow)]
    items: Vec<FieldFile<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FieldFile<'a> {
    #[serde(borrow)]
    path: Text<'a>,
    #[serde(borrow)]
    field_ref: FieldRef<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FieldRef<'a> {
    #[serde(borrow)]
    api_version: Text<'a>,
    #[serde(borrow)]
    field_path: Text<'a>,
}

impl TokenVolume<'_> {
    /// Whether the parts are the plugin's, in its order. OpenShift adds the CA of its services.
    pub(super) fn is_api_token(&self) -> bool {
        let mode = self.default_mode.is_none_or(|mode| mode == 0o644);
        let (parts, rest) = self.sources.split_at(self.sources.len().min(3));
        let the_three = matches!(
            parts,
            [Part::ServiceAccountToken(token), Part::ConfigMap(ca), Part::DownwardApi(fields)]
                if token.is_api_token() && ca.is("kube-root-ca.crt", "ca.crt") && fields.is_namespace()
        );
        let openshift = match rest {
            [] => true,
            [Part::ConfigMap(ca)] => ca.is("openshift-service-ca.crt", "service-ca.crt"),
            [Part::Secret(ca)] => ca.holds("service-ca.crt"),
            _ => false,
        };
        mode && the_three && openshift
    }
}

impl Token<'_> {
    fn is_api_token(&self) -> bool {
        self.path.as_str() == "token" && self.expiration_seconds == EXPIRATION_SECONDS
    }
}

impl Files<'_> {
    fn is(&self, name: &str, file: &str) -> bool {
        self.name.as_str() == name && self.holds(file)
    }

    fn holds(&self, file: &str) -> bool {
        matches!(self.items.as_slice(), [only] if only.key.as_str() == file && only.path.as_str() == file)
    }
}

impl Fields<'_> {
    fn is_namespace(&self) -> bool {
        matches!(self.items.as_slice(), [only] if only.path.as_str() == "namespace"
            && only.field_ref.api_version.as_str() == "v1"
            && only.field_ref.field_path.as_str() == "metadata.namespace")
    }
}
