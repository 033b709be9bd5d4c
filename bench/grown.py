"""Reviews and configurations of any size: a pod as people write it that has more of one thing, and overrides as people write them.

What makes a review takes one, which it leaves as it is, and a size.
"""

import copy
import json

# The longest review: what the API server takes of a client, in bytes.
MOST = 3 * 1024 * 1024
# Images that need folders of their own by examples/overrides.toml.
WITH_FOLDERS = ["nginx", "postgres", "redis", "mysql"]


def text(value):
    """As the API server writes it."""
    return json.dumps(value, separators=(",", ":"))


def parts(review):
    """A copy of a review, its pod, and the first container of the pod."""
    review = copy.deepcopy(review)
    pod = review["request"]["object"]
    return review, pod, pod["spec"]["containers"][0]


def longer(review, size, entry, put):
    """The review once `put` has put as many entries into it as make `size` bytes of it; `entry` makes one of its number."""
    put([])
    each = len(text(entry(0))) + 1
    put([entry(index) for index in range(max(0, size - len(text(review))) // each)])
    return review


def skipped(review, size):
    """So many bytes, most of them environment variables, which no rule reads."""
    review, _, first = parts(review)

    def entry(index):
        return {"name": f"SETTING_{index:05}", "value": f"a value of about forty characters, {index:05}"}

    return longer(review, size, entry, lambda found: first.update(env=found))


def read(review, size):
    """So many bytes, most of them mounts, which rules read."""
    review, pod, first = parts(review)
    before = first.get("volumeMounts", [])
    pod["spec"].setdefault("volumes", []).append({"name": "pages", "configMap": {"name": "pages", "defaultMode": 420}})

    def entry(index):
        return {"name": "pages", "readOnly": True, "mountPath": f"/srv/{index:05}", "subPath": f"{index:05}.html"}

    return longer(review, size, entry, lambda found: first.update(volumeMounts=before + found))


def cut(review, size):
    """So many bytes, most of them `managedFields`, which are cut out."""
    review, pod, _ = parts(review)

    def entry(index):
        fields = {"f:metadata": {"f:annotations": {f"f:example.com/of-the-author-{index:05}": {}}}}
        return {"manager": "kubectl", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields}

    return longer(review, size, entry, lambda found: pod["metadata"].update(managedFields=found))


def image(index):
    """The image that the override of this number is for, of those that `overrides` makes."""
    return f"registry.example/team-{index:04}/service-{index:04}:1.0"


def containers(review, number, of=image, volumes=False):
    """So many containers, each like the first but for its name and its image, and with a volume of its own where it is to have one."""
    review, pod, first = parts(review)
    pod["spec"]["containers"] = []
    for index in range(number):
        one = copy.deepcopy(first) | {"name": f"part-{index:03}", "image": of(index)}
        if volumes:
            one.setdefault("volumeMounts", []).append({"name": f"data-{index:03}", "mountPath": f"/data/{index:03}"})
            pod["spec"].setdefault("volumes", []).append({"name": f"data-{index:03}", "emptyDir": {}})
        pod["spec"]["containers"].append(one)
    return review


def with_volumes(review, number):
    """So many containers with a volume each."""
    return containers(review, number, volumes=True)


def with_folders(review, number):
    """So many containers, each of which gets folders of its own: a volume for each."""
    return containers(review, number, lambda index: WITH_FOLDERS[index % len(WITH_FOLDERS)])


def of_first_image(review):
    """The first container is of an image that the first override is for."""
    review, _, first = parts(review)
    first["image"] = image(0)
    return review


def overrides(number):
    """A configuration of so many, in the forms that people write: an image, all of a team, an image of any registry, one of a namespace."""
    made = ["version = 1"]
    for index in range(number):
        team, service = f"team-{index:04}", f"service-{index:04}"
        selects = [
            f'images = ["registry.example/{team}/{service}"]',
            f'images = ["registry.example/{team}/*"]',
            f'images = ["*/{service}:1.*", "mirror.example/{team}/{service}"]',
            f'images = ["registry.example/{team}/{service}"]\nnamespaces = ["shop-*", "{team}"]',
        ][index % 4]
        made.append(
            f'[[overrides]]\nreason = "{service} keeps what it works on there"\n{selects}\n'
            f'read-only-root-filesystem.writable-paths = ["/var/lib/{service}"]'
        )
    return "\n\n".join(made) + "\n"


CONTAINERS, BYTES, OVERRIDES = [1, 50, 100, 200], [10_000, 100_000, 1_000_000, MOST], [1, 10, 100, 1_000]
# What a review can have more of, what makes it so, and how many are tried.
REVIEWS = {
    "containers": (containers, CONTAINERS),
    "containers, a volume each": (with_volumes, CONTAINERS),
    "containers, folders each": (with_folders, CONTAINERS),
    "bytes, skipped": (skipped, BYTES),
    "bytes, read": (read, BYTES),
    "bytes, cut out": (cut, BYTES),
}
