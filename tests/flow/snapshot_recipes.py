# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Recipes for snapshots, of the VM that is down and of the one that runs. What a recipe needs it does itself, and says so in `before`: each of
those worlds is right too, if the manager died before the verb the recipe is for."""

DOWN, RUNNING = "a0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000002"


def path(vm, rest=""):
    return f"/vms/{vm}/snapshots{rest}?wait=1"


def take(m, vm=DOWN, memory="false"):
    return m.post(path(vm), {"description": "point", "persist_memorystate": memory})


def newest(m, vm):
    return [one for one in m.get(f"/vms/{vm}/snapshots").body["snapshot"] if one["snapshot_type"] == "regular"][-1]["id"]


def preview(m, vm=DOWN):
    return m.post(f"/vms/{vm}/previewsnapshot?wait=1", {"snapshot": {"id": newest(m, vm)}})


def after(*steps):
    """A recipe: each of STEPS in its turn; all but the last make ready."""
    def recipe(m):
        replies = [step(m) for step in steps]
        return replies[-1]
    recipe.before = steps[:-1]
    return recipe


def remove(m, vm=DOWN, rest=""):
    return m.delete(path(vm, f"/{newest(m, vm)}") + rest)


def restore(m, vm=DOWN, **body):
    return m.post(path(vm, f"/{newest(m, vm)}/restore"), body)


def take_running(m):
    return take(m, RUNNING)


def take_memory(m):
    return take(m, RUNNING, "true")


def stop(m):
    return m.post(f"/vms/{RUNNING}/stop?wait=1", {})


RECIPES = {
    "snapshot.add": {"": take, " of a running VM": take_running, " with memory": take_memory},
    "snapshot.update": {"": after(take, lambda m: m.put(path(DOWN, f"/{newest(m, DOWN)}"), {"description": "renamed"}))},
    "snapshot.remove": {"": after(take, remove), " of two": after(take, take, remove), " of a running VM": after(take_running, lambda m: remove(m, RUNNING)),
                        " with memory": after(take_memory, lambda m: remove(m, RUNNING))},
    "snapshot.restore": {"": after(take, restore), " with memory": after(take_memory, stop, lambda m: restore(m, RUNNING, restore_memory="true"))},
    "vm.previewsnapshot": {"": after(take, preview)},
    "vm.commitsnapshot": {"": after(take, preview, lambda m: m.post(f"/vms/{DOWN}/commitsnapshot?wait=1", {}))},
    "vm.undosnapshot": {"": after(take, preview, lambda m: m.post(f"/vms/{DOWN}/undosnapshot?wait=1", {}))},
}
