//! Images by their names: the normal form, and patterns as people write them.
//!
//! `nginx` is `docker.io/library/nginx:latest` to a runtime. Two names of one image must be one to an override.
//! Source: `github.com/distribution/reference`.

use wildmatch::WildMatch;

const DOCKER_HUB: &str = "docker.io";

/// An image's name in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Image<'t> {
    /// Registry and repository: `docker.io/library/nginx`. Empty where there is no name.
    repository: String,
    tag: Option<&'t str>,
    digest: Option<&'t str>,
}

impl<'t> Image<'t> {
    /// The normal form of the image called `name`.
    pub(super) fn parse(name: &'t str, mirrors: &Mirrors) -> Self {
        let (repository, tag, digest) = split(name);
        Self {
            repository: match repository.is_empty() {
                true => String::new(),
                false => mirrors.take_off(with_registry(repository)),
            },
            tag,
            digest,
        }
    }

    /// The tag that is run: `latest` where neither tag nor digest is given.
    fn tag(&self) -> &'t str {
        match (self.tag, self.digest) {
            (Some(tag), _) => tag,
            (None, Some(_)) => "",
            (None, None) => "latest",
        }
    }
}

/// What mirrors put before the names of images, in the normal form of names.
#[derive(Clone, Debug, Default)]
pub(super) struct Mirrors(Vec<String>);

impl Mirrors {
    pub(super) fn new(names: &[String]) -> Self {
        let normal = |name: &String| match name.trim_end_matches('/') {
            registry if is_registry(registry) => format!("{registry}/"),
            name => {
                let (registry, path) = registry_and_path(name);
                format!("{registry}/{path}/")
            }
        };
        let mut mirrors: Vec<String> = names.iter().map(normal).collect();
        // A mirror of a part of another one is the one that is meant.
        mirrors.sort_by_key(|mirror| std::cmp::Reverse(mirror.len()));
        Self(mirrors)
    }

    fn take_off(&self, repository: String) -> String {
        let rest = |mirror: &String| repository.strip_prefix(mirror.as_str());
        match self.0.iter().find_map(rest) {
            Some(rest) => with_registry(rest),
            None => repository,
        }
    }
}

/// What is before a tag and a digest, and both.
pub(super) fn split(name: &str) -> (&str, Option<&str>, Option<&str>) {
    let (name, digest) = match name.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (name, None),
    };
    // A colon before the last slash is a registry's port.
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    match name.get(last..).and_then(|end| end.split_once(':')) {
        Some((end, tag)) => {
            let before = name.get(..last + end.len()).unwrap_or_default();
            (before, Some(tag), digest)
        }
        None => (name, None, digest),
    }
}

/// Whether the first step of a name is a registry, and not a part of a name of Docker Hub.
fn is_registry(step: &str) -> bool {
    !step.contains('/') && (step.contains(['.', ':']) || step == "localhost")
}

/// The registry of a name, which is Docker Hub where none is written, and the rest.
fn registry_and_path(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        Some(("index.docker.io" | "registry-1.docker.io", path)) => (DOCKER_HUB, path),
        Some((first, path)) if is_registry(first) => (first, path),
        _ => (DOCKER_HUB, name),
    }
}

fn with_registry(name: &str) -> String {
    let (registry, path) = registry_and_path(name);
    // A pattern of all names is one of those that are not official, too.
    match registry == DOCKER_HUB && !path.contains('/') && !path.starts_with('*') {
        true => [registry, "/library/", path].concat(),
        false => [registry, "/", path].concat(),
    }
}

/// A pattern of images: a name as people write it, in which `*` stands for anything.
#[derive(Clone, Debug)]
pub(super) struct ImagePattern {
    text: String,
    repository: Repository,
    tag: Option<WildMatch>,
    digest: Option<WildMatch>,
}

/// What a repository must be, or be like. Nearly every pattern names one, which a look at its length tells from most others.
#[derive(Clone, Debug)]
enum Repository {
    Is(String),
    IsLike(WildMatch),
}

impl Repository {
    fn parse(pattern: String) -> Self {
        match pattern.contains(['*', '?']) {
            true => Self::IsLike(WildMatch::new(&pattern)),
            false => Self::Is(pattern),
        }
    }

    fn matches(&self, repository: &str) -> bool {
        match self {
            Self::Is(name) => name == repository,
            Self::IsLike(pattern) => pattern.matches(repository),
        }
    }
}

impl ImagePattern {
    /// Reads a pattern. It is brought into the normal form as names are, unless it begins with `*`, which may stand for a
    /// registry. Without a tag or a digest it stands for all of them.
    pub(super) fn parse(text: &str, mirrors: &Mirrors) -> Self {
        let (repository, tag, digest) = split(text);
        let repository = match repository.starts_with('*') {
            true => repository.to_owned(),
            false => mirrors.take_off(with_registry(repository)),
        };
        Self {
            text: text.to_owned(),
            repository: Repository::parse(repository),
            tag: tag.map(WildMatch::new),
            digest: digest.map(WildMatch::new),
        }
    }

    /// The pattern as it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it stands for `image`.
    pub(super) fn matches(&self, image: &Image<'_>) -> bool {
        let tag = self.tag.as_ref();
        let digest = self.digest.as_ref();
        !image.repository.is_empty()
            && self.repository.matches(&image.repository)
            && tag.is_none_or(|pattern| pattern.matches(image.tag()))
            && digest.is_none_or(|pattern| image.digest.is_some_and(|text| pattern.matches(text)))
    }

    /// Whether it stands for every image: for these, which have nothing in common but a `/`.
    pub(super) fn is_everything(&self) -> bool {
        let none = Mirrors::default();
        let images = ["x:1", "localhost/y:z", "10.0.0.1:5000/w:v"];
        images
            .into_iter()
            .all(|name| self.matches(&Image::parse(name, &none)))
    }
}

/// Whether a pattern stands for every name: no pattern with a letter of its own stands for both of these.
pub(super) fn is_everything(pattern: &WildMatch) -> bool {
    pattern.matches("x") && pattern.matches("y1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(name: &str) -> String {
        let image = Image::parse(name, &Mirrors::default());
        let digest = image
            .digest
            .map_or(String::new(), |digest| format!("@{digest}"));
        let tag = image.tag();
        let colon = if tag.is_empty() { "" } else { ":" };
        format!("{}{colon}{tag}{digest}", image.repository)
    }

    #[test]
    fn names_have_one_normal_form() {
        for (name, expected) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("nginx:1.27", "docker.io/library/nginx:1.27"),
            ("docker.io/nginx", "docker.io/library/nginx:latest"),
            (
                "index.docker.io/library/nginx",
                "docker.io/library/nginx:latest",
            ),
            ("bitnami/redis:7", "docker.io/bitnami/redis:7"),
            ("localhost/app", "localhost/app:latest"),
            ("localhost:5000/app", "localhost:5000/app:latest"),
            ("registry:5000/team/app:2", "registry:5000/team/app:2"),
            ("ghcr.io/a/b@sha256:ab", "ghcr.io/a/b@sha256:ab"),
            ("ghcr.io/a/b:1@sha256:ab", "ghcr.io/a/b:1@sha256:ab"),
        ] {
            assert_eq!(normal(name), expected, "{name}");
        }
    }

    #[test]
    fn patterns_are_written_as_names_are() {
        let mirrors = Mirrors::new(&[
            "mirror.example".to_owned(),
            "mirror.example/hub/".to_owned(),
            "cache:5000".to_owned(),
            "copies".to_owned(),
        ]);
        for (pattern, name, expected) in [
            ("nginx", "nginx", true),
            ("nginx", "docker.io/library/nginx:1.27@sha256:ab", true),
            ("nginx", "mirror.example/hub/library/nginx:1", true),
            ("nginx", "cache:5000/nginx", true),
            ("nginx", "mirror.example/hubs/nginx", false),
            ("hubs/nginx", "mirror.example/hubs/nginx", true),
            ("nginx", "copies/nginx", true),
            ("nginx", "docker.io/copies/library/nginx", true),
            ("mirror.example/hub/*", "quay.io/a/b", false),
            ("mirror.example/hub/*", "bitnami/redis", true),
            ("docker.io/*", "bitnami/redis:7", true),
            ("docker.io/*", "nginx", true),
            ("docker.io/ngin*", "nginx", true),
            ("nginx@*", "nginx:1", false),
            ("nginx@*", "nginx@sha256:ab", true),
            ("*", "", false),
            ("mirror.example/hub/nginx:1.*", "nginx:1.27", true),
            ("mirror.example/hub/library/*", "nginx:1.27", true),
            ("nginx", "bitnami/nginx", false),
            ("nginx", "nginx-ingress", false),
            ("nginx:1.*", "nginx:1.27", true),
            ("nginx:1.*", "nginx:2", false),
            ("nginx:1.*", "nginx", false),
            ("nginx:latest", "nginx", true),
            ("nginx:1.*", "nginx@sha256:ab", false),
            ("nginx@sha256:ab", "nginx:1@sha256:ab", true),
            ("nginx@sha256:ab", "nginx:1", false),
            ("bitnami/*", "bitnami/redis:7", true),
            ("ghcr.io/*/app", "ghcr.io/team/app:1", true),
            ("*/redis", "docker.io/bitnami/redis:7", true),
            ("*/redis:7", "docker.io/bitnami/redis:8", false),
            ("*ghcr.io/team/*", "ghcr.io/team/app", true),
            ("*:1@sha256:*", "ghcr.io/team/app:1@sha256:ab", true),
            ("*", "anything", true),
        ] {
            let pattern_read = ImagePattern::parse(pattern, &mirrors);
            let matched = pattern_read.matches(&Image::parse(name, &mirrors));
            assert_eq!(matched, expected, "{pattern} and {name}");
        }
    }

    #[test]
    fn only_a_star_stands_for_everything() {
        for (pattern, expected) in [
            ("*", true),
            ("**", true),
            ("?*", false),
            ("*:*", true),
            ("*/*", true),
            ("*@*", false),
            ("docker.io/*", false),
            ("nginx", false),
            ("*:1", false),
        ] {
            assert_eq!(
                ImagePattern::parse(pattern, &Mirrors::default()).is_everything(),
                expected,
                "{pattern}"
            );
        }
    }
}
