#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""What remote-viewer does with libgovirt, as a program of its own: client_govirt.py HOST:PORT CA VM, user and password in the environment.
Logs in, lists, starts and stops VM, and says each in a line."""
import os
import sys

import gi
gi.require_version("GoVirt", "1.0")
from gi.repository import GLib, GoVirt


def names(collection, proxy):
    collection.fetch(proxy)
    return {resource.props.name: resource for resource in collection.get_resources().values()}


def main():
    address, ca, name = sys.argv[1:]
    proxy = GoVirt.Proxy.new(address)
    proxy.set_property("ssl-ca-file", ca)
    proxy.set_property("username", os.environ["SHIKIRI_USER"])
    proxy.set_property("password", os.environ["SHIKIRI_PASSWORD"])
    proxy.set_property("admin", True)
    api = proxy.fetch_api()
    print("api", api is not None)
    for what, collection in (("vms", api.get_vms()), ("hosts", api.get_hosts()), ("clusters", api.get_clusters()), ("data centers", api.get_data_centers()),
                             ("storage domains", api.get_storage_domains())):
        print(what, sorted(names(collection, proxy)))
    vm = names(api.search_vms(f"name={name}"), proxy)[name]
    print("found", vm.props.name, vm.props.state.value_nick)
    print("cdroms", len(names(vm.get_cdroms(), proxy)))
    vm.start(proxy)
    vm.refresh(proxy)
    print("started", vm.props.state.value_nick)
    try:
        vm.start(proxy)
    except GLib.Error as error:
        print("refused", error.message)
    vm.stop(proxy)
    vm.refresh(proxy)
    print("stopped", vm.props.state.value_nick)


main()
