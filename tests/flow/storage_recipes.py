# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""The matrix's recipes for storage domains, and the ones they need: "empty" is active, "resting" is in maintenance, "loose" is attached to nothing, "lost" is on the
storage alone, held by a manager that is gone."""
FREE = "/srv/shikiri-{}"


def named(m, name):
    return next(domain for domain in m.get("/storagedomains").body["storage_domain"] if domain["name"] == name)


def path(m, name, word=""):
    return f"/storagedomains/{named(m, name)['id']}{word}?wait=1"


def body(name, **more):
    return dict({"name": name, "storage": {"type": "localfs", "path": FREE.format(name)}}, **more)


def make(m, must):
    for name in ("empty", "resting", "loose", "lost"):
        must(m.post("/storagedomains?wait=1", body(name, data_center={"name": "Default"})))
    must(m.post(path(m, "resting", "/deactivate"), {}))
    must(m.post(path(m, "loose", "/deactivate"), {}))
    must(m.post(path(m, "loose", "/detach"), {}))
    must(m.delete(path(m, "lost") + "&destroy=true"))


def centre(m, rest):
    return f"/datacenters/{m.get('/datacenters').body['data_center'][0]['id']}/storagedomains{rest}"


RECIPES = {
    "storage_domain.add": {"": lambda m: m.post("/storagedomains?wait=1", body("made")),
                           " and attach": lambda m: m.post("/storagedomains?wait=1", body("made", type="iso", data_center={"name": "Default"})),
                           " of an old one": lambda m: m.post("/storagedomains?wait=1&force=true", {
                               "import": "true", "storage": {"path": FREE.format("lost")}, "data_center": {"name": "Default"}})},
    "storage_domain.update": {"": lambda m: m.put(path(m, "resting"), {"name": "renamed", "warning_low_space_indicator": "20"})},
    "storage_domain.remove": {"": lambda m: m.delete(path(m, "loose")), " and format": lambda m: m.delete(path(m, "loose") + "&format=true"),
                              " of one in use": lambda m: m.delete(path(m, "resting") + "&destroy=true")},
    "storage_domain.attach": {"": lambda m: m.post(centre(m, "?wait=1"), {"id": named(m, "loose")["id"]})},
    "storage_domain.detach": {"": lambda m: m.delete(centre(m, f"/{named(m, 'resting')['id']}?wait=1"))},
    "storage_domain.activate": {"": lambda m: m.post(path(m, "resting", "/activate"), {})},
    "storage_domain.deactivate": {"": lambda m: m.post(centre(m, f"/{named(m, 'empty')['id']}/deactivate?wait=1"), {})},
}
