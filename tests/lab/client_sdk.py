# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""oVirt's Python SDK, unmodified, as people's scripts use it: logs in, lists, adds a VM with disk and NIC, starts, watches, stops and
removes it. Called by test_clients.py where the SDK is at hand; it is in no package of the distribution."""
import importlib
import os
import sys

from lab import wait_for

MB = 1 << 20
VM = "sdk1"


def load():
    """The SDK's (package, types), or (None, why not). SHIKIRI_PYTHON_SDK names the folder that holds ovirtsdk4."""
    folder = os.environ.get("SHIKIRI_PYTHON_SDK")
    if folder:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module("ovirtsdk4"), importlib.import_module("ovirtsdk4.types")
    except ImportError as error:
        return None, f"the SDK is not here ({error}): set SHIKIRI_PYTHON_SDK to the folder that holds ovirtsdk4"


def refusal(sdk, call):
    """The error that CALL raised; None: none."""
    try:
        call()
    except sdk.Error as error:
        return error
    return None


class Script:
    def __init__(self, tap, manager, sdk, types):
        self.tap, self.manager, self.sdk, self.types = tap, manager, sdk, types
        self.connection = self.connect(manager.password)
        self.system = self.connection.system_service()
        self.vms = self.system.vms_service()

    def connect(self, password):
        return self.sdk.Connection(url=f"{self.manager.url}/ovirt-engine/api", username="admin@internal", password=password, ca_file=self.manager.ca)

    def log_in(self):
        tap = self.tap
        tap.check(self.connection.test(raise_exception=True), "sdk: the connection is tested")
        api = self.system.get()
        tap.check(api.product_info.version.major == 4 and api.summary.vms.total is not None, "sdk: the root tells version and summary", api.product_info.name)
        wrong = self.connect("wrong")
        error = refusal(self.sdk, lambda: wrong.system_service().get())
        tap.check(isinstance(error, self.sdk.AuthError), "sdk: a wrong password is an AuthError", repr(error))
        wrong.close()

    def list_all(self):
        system, lists = self.system, {}
        for name in ("data_centers", "clusters", "hosts", "storage_domains", "networks", "vnic_profiles", "templates", "disks", "events", "jobs", "users", "roles",
                     "operating_systems", "tags", "mac_pools", "permissions", "groups", "vm_pools", "affinity_labels", "bookmarks"):
            service = getattr(system, f"{name}_service")()
            lists[name] = service.list() if hasattr(service, "list") else service.get()
        full = ("data_centers", "clusters", "hosts", "storage_domains", "networks", "vnic_profiles", "templates", "events", "users", "operating_systems")
        self.tap.check(all(lists[name] for name in full), "sdk: collections are listed", {name: len(lists[name]) for name in lists})
        host = self.system.hosts_service().host_service(lists["hosts"][0].id)
        self.tap.check(host.get().status == self.types.HostStatus.UP and host.statistics_service().list(), "sdk: the host is up, with statistics", host.get().status)
        return lists

    def add(self, lists):
        tap, types = self.tap, self.types
        vm = self.vms.add(types.Vm(name=VM, cluster=types.Cluster(name="Default"), template=types.Template(name="Blank"), memory=64 * MB, description="By a script",
                                   os=types.OperatingSystem(boot=types.Boot(devices=[types.BootDevice.HD, types.BootDevice.NETWORK]))))
        tap.check(vm.id and vm.name == VM, "sdk: a VM is added", vm.name)
        service = self.vms.vm_service(vm.id)
        down = wait_for(lambda: service.get().status == types.VmStatus.DOWN, 30)
        tap.check(down, "sdk: it is down", service.get().status)
        twice = refusal(self.sdk, lambda: self.vms.add(types.Vm(name=VM, cluster=types.Cluster(name="Default"), template=types.Template(name="Blank"))))
        tap.check(twice and twice.code == 409 and VM in twice.fault.detail, "sdk: a second of its name is refused", repr(twice))
        attachment = service.disk_attachments_service().add(types.DiskAttachment(
            interface=types.DiskInterface.VIRTIO, bootable=True, active=True,
            disk=types.Disk(name="sdk1-disk", format=types.DiskFormat.COW, provisioned_size=64 * MB, storage_domains=[types.StorageDomain(name=lists["storage_domains"][0].name)])))
        disk = self.system.disks_service().disk_service(attachment.disk.id)
        tap.check(wait_for(lambda: disk.get().status == types.DiskStatus.OK, 30), "sdk: a disk is attached", disk.get().status)
        profile = next(profile for profile in lists["vnic_profiles"] if profile.name == "ovirtmgmt")
        nic = service.nics_service().add(types.Nic(name="nic1", interface=types.NicInterface.VIRTIO, vnic_profile=types.VnicProfile(id=profile.id)))
        tap.check(nic.mac and nic.mac.address, "sdk: a NIC is added, with an address", nic.name)
        changed = service.update(types.Vm(description="By a script, changed"))
        tap.check(changed.description == "By a script, changed", "sdk: it is edited", changed.description)
        return service

    def read(self, service):
        tap, types = self.tap, self.types
        found = self.vms.list(search=f"name={VM}", follow="nics,disk_attachments.disk", max=5)
        tap.check(len(found) == 1 and found[0].nics[0].name == "nic1" and found[0].disk_attachments[0].disk.name == "sdk1-disk", "sdk: it is found, with what it has", found)
        tap.check(self.connection.follow_link(found[0].cluster).name == "Default", "sdk: a link is followed")
        kinds = [snapshot.snapshot_type for snapshot in service.snapshots_service().list()]
        tap.check(kinds == [types.SnapshotType.ACTIVE], "sdk: its snapshots are listed", kinds)
        tap.check(len(service.cdroms_service().list()) == 1, "sdk: its CD-ROM is listed")
        for name in ("graphics_consoles", "host_devices", "tags", "permissions", "reported_devices", "sessions", "watchdogs", "applications"):
            tap.check(isinstance(getattr(service, f"{name}_service")().list(), list), f"sdk: its {name.replace('_', ' ')} are listed")

    def live(self, service):
        tap, types = self.tap, self.types
        service.start()
        tap.check(wait_for(lambda: service.get().status in (types.VmStatus.UP, types.VmStatus.POWERING_UP), 60), "sdk: it is started", service.get().status)
        running = service.get()
        tap.check(running.host and running.start_time, "sdk: it has a host and a time", running.host)
        wanted = {"cpu.current.total", "memory.installed"}
        counted = lambda: {statistic.name for statistic in service.statistics_service().list()}
        tap.check(wait_for(lambda: wanted <= counted(), 60), "sdk: its statistics", counted())
        refused = refusal(self.sdk, service.remove)
        tap.check(refused and refused.code == 409 and VM in refused.fault.detail, "sdk: a running VM is not removed", repr(refused))
        events = self.system.events_service().list(search=f"vm.name={VM}", max=20)
        tap.check(any(event.code == 32 for event in events), "sdk: an event tells of its start", [(event.code, event.description) for event in events])
        service.stop()
        tap.check(wait_for(lambda: service.get().status == types.VmStatus.DOWN, 60), "sdk: it is stopped", service.get().status)

    def remove(self, service):
        tap = self.tap
        disk = service.disk_attachments_service().list()[0].id
        service.remove()
        gone = wait_for(lambda: isinstance(refusal(self.sdk, service.get), self.sdk.NotFoundError), 30)
        tap.check(gone, "sdk: it is removed", refusal(self.sdk, service.get))
        tap.check(disk not in {left.id for left in self.system.disks_service().list()}, "sdk: with its disk")
        self.connection.close()


def check(tap, manager):
    sdk, types = load()
    if not sdk:
        tap.skip("sdk: oVirt's Python SDK", types)
        return
    tap.note(f"ovirtsdk4 {importlib.import_module('ovirtsdk4.version').VERSION} from {os.path.dirname(sdk.__file__)}")
    script = Script(tap, manager, sdk, types)
    script.log_in()
    service = script.add(script.list_all())
    script.read(service)
    script.live(service)
    script.remove(service)
