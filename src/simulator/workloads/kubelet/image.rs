//! Names of images. Nothing is pulled: every well-formed name is that of an image which exists.

use serde_json::Value;

use super::super::super::kubernetes::{kind, uid_of};
use super::super::super::world::World;
use super::super::objects::{items, text, uid};
use super::status;

/// The reference as the container runtime spells it out: `docker.io/library/nginx:latest`. `None` when it is malformed.
pub(super) fn canonical(image: &str) -> Option<String> {
    let (rest, digest) = match image.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (image, None),
    };
    if digest.is_some_and(|digest| !is_digest(digest)) {
        return None;
    }
    let last = rest.rfind('/').map_or(0, |position| position + 1);
    let (path, tag) = match rest[last..].split_once(':') {
        Some((name, tag)) => (format!("{}{name}", &rest[..last]), Some(tag)),
        None => (rest.to_owned(), None),
    };
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return None;
    }
    let (host, path) = match path.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => {
            (host.to_owned(), path.to_owned())
        }
        Some(_) => ("docker.io".to_owned(), path),
        None => ("docker.io".to_owned(), format!("library/{path}")),
    };
    if !path.split('/').all(is_component) {
        return None;
    }
    let end = match (tag, digest) {
        (Some(tag), Some(digest)) => format!(":{tag}@{digest}"),
        (None, Some(digest)) => format!("@{digest}"),
        (tag, None) => format!(":{}", tag.unwrap_or("latest")),
    };
    Some(format!("{host}/{path}{end}"))
}

fn is_component(component: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = component.as_bytes();
    bytes.first().is_some_and(|byte| good(*byte))
        && bytes.last().is_some_and(|byte| good(*byte))
        && bytes
            .iter()
            .all(|byte| good(*byte) || b"._-".contains(byte))
}

fn is_tag(tag: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(good)
        && tag.bytes().all(|byte| good(byte) || b".-".contains(&byte))
}

fn is_digest(digest: &str) -> bool {
    digest
        .strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Sixty-four hexadecimal digits that are the same for the same text: nothing has a digest here.
pub(super) fn digits(text: &str) -> String {
    [uid_of(text), uid_of(&format!("{text} again"))]
        .concat()
        .replace('-', "")
}

/// Whether another pod has brought the image to the node, so that it is not pulled again.
pub(super) fn is_present(world: &World, pod: &Value, container: &Value) -> bool {
    if text(&container["imagePullPolicy"]) == "Always" {
        return false;
    }
    world.kubernetes.list(&kind::PODS, None).any(|other| {
        uid(other) != uid(pod)
            && other["spec"]["nodeName"] == pod["spec"]["nodeName"]
            && status::is_started(other)
            && items(&other["spec"]["containers"])
                .iter()
                .any(|one| one["image"] == container["image"])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_one_full_name() {
        for (image, expected) in [
            ("nginx", Some("docker.io/library/nginx:latest")),
            ("nginx:1.27", Some("docker.io/library/nginx:1.27")),
            ("bitnami/redis", Some("docker.io/bitnami/redis:latest")),
            (
                "public.ecr.aws/docker/library/busybox:1",
                Some("public.ecr.aws/docker/library/busybox:1"),
            ),
            ("localhost:5000/a", Some("localhost:5000/a:latest")),
            ("Nginx", None),
            ("nginx:", None),
            ("nginx:la test", None),
            ("nginx@sha256:12", None),
            ("", None),
        ] {
            assert_eq!(canonical(image).as_deref(), expected, "{image:?}");
        }
    }
}
