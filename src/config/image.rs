//! Images by their names: the normal form, and patterns as people write them.
//!
//! `nginx` is `docker.io/library/nginx:latest` to a runtime. Two names of one image must be one to an override.
//! Source: `github.com/distribution/reference`.

use wildmatch::WildMatch;

const DOCKER_HUB: &str = "docker.io";

/// An image's name in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Image<'t> {
    /// Registry and repository: `docker.io/library/nginx`.
    repository: String,
    tag: Option<&'t str>,
    digest: Option<&'t str>,
}

impl<'t> Image<'t> {
    /// The normal form of the image called `name`, once the first of `mirrors` that it begins with is taken off.
    pub(super) fn parse(name: &'t str, mirrors: &[String]) -> Self {
        let (repository, tag, digest) = split(without_mirror(name, mirrors));
        Self {
            repository: with_registry(repository),
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

/// What is before a tag and a digest, and both.
fn split(name: &str) -> (&str, Option<&str>, Option<&str>) {
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

fn with_registry(name: &str) -> String {
    let (registry, path) = match name.split_once('/') {
        Some((first, path)) if first.contains(['.', ':']) || first == "localhost" => (first, path),
        _ => (DOCKER_HUB, name),
    };
    match registry {
        DOCKER_HUB | "index.docker.io" | "registry-1.docker.io" if !path.contains('/') => {
            format!("{DOCKER_HUB}/library/{path}")
        }
        "index.docker.io" | "registry-1.docker.io" => format!("{DOCKER_HUB}/{path}"),
        _ => format!("{registry}/{path}"),
    }
}

/// A pattern of images: a name as people write it, in which `*` stands for anything.
#[derive(Clone, Debug)]
pub(super) struct ImagePattern {
    text: String,
    repository: WildMatch,
    tag: Option<WildMatch>,
    digest: Option<WildMatch>,
}

impl ImagePattern {
    /// Reads a pattern. It is brought into the normal form as names are, `mirrors` taken off too, unless it begins with `*`, which
    /// may stand for a registry. Without a tag or a digest it stands for all of them.
    pub(super) fn parse(text: &str, mirrors: &[String]) -> Self {
        let (repository, tag, digest) = split(without_mirror(text, mirrors));
        let repository = match repository.starts_with('*') {
            true => repository.to_owned(),
            false => with_registry(repository),
        };
        Self {
            text: text.to_owned(),
            repository: WildMatch::new(&repository),
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
        let fits = |pattern: &Option<WildMatch>, text: &str| {
            pattern.as_ref().is_none_or(|pattern| pattern.matches(text))
        };
        self.repository.matches(&image.repository)
            && fits(&self.tag, image.tag())
            && fits(&self.digest, image.digest.unwrap_or_default())
    }

    /// Whether it stands for every image.
    pub(super) fn is_everything(&self) -> bool {
        let parts = [
            Some(&self.repository),
            self.tag.as_ref(),
            self.digest.as_ref(),
        ];
        parts.into_iter().flatten().all(is_everything)
    }
}

/// Whether a pattern stands for every name: no pattern with a letter of its own stands for both of these.
pub(super) fn is_everything(pattern: &WildMatch) -> bool {
    pattern.matches("x") && pattern.matches("y1")
}

fn without_mirror<'n>(name: &'n str, mirrors: &[String]) -> &'n str {
    let behind = |mirror: &String| {
        let mirror = mirror.trim_end_matches('/');
        name.strip_prefix(mirror)?.strip_prefix('/')
    };
    mirrors.iter().find_map(behind).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(name: &str) -> String {
        let image = Image::parse(name, &[]);
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
        let mirrors = ["mirror.example/hub/".to_owned(), "cache:5000".to_owned()];
        for (pattern, name, expected) in [
            ("nginx", "nginx", true),
            ("nginx", "docker.io/library/nginx:1.27@sha256:ab", true),
            ("nginx", "mirror.example/hub/library/nginx:1", true),
            ("nginx", "cache:5000/nginx", true),
            ("nginx", "mirror.example/hubs/nginx", false),
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
            ("*/*", false),
            ("nginx", false),
            ("*:1", false),
        ] {
            assert_eq!(
                ImagePattern::parse(pattern, &[]).is_everything(),
                expected,
                "{pattern}"
            );
        }
    }
}
