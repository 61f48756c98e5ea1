# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""What people use, on a console: libgovirt finds a VM and gets its ticket, gtk-vnc opens the screen. Run by test_console.py under Xvfb, as
console_viewer.py URL CA USER PASSWORD VM HOST PORT [TICKET]; prints a line for each thing seen, and types what stands in KEYS."""
import os
import sys

import gi
gi.require_version("GoVirt", "1.0")
gi.require_version("Gtk", "3.0")
gi.require_version("GtkVnc", "2.0")
from gi.repository import GLib, GoVirt, Gtk, GtkVnc  # noqa: E402

URL, CA, USER, PASSWORD, NAME, HOST, PORT = sys.argv[1:8]


def ticket_by_govirt():
    """As remote-viewer gets one with ovirt://HOST/NAME."""
    proxy = GoVirt.Proxy.new(URL)
    proxy.set_property("ssl-ca-file", CA)
    proxy.set_property("username", USER)
    proxy.set_property("password", PASSWORD)
    vms = proxy.fetch_api().search_vms(f"name={NAME}")
    vms.fetch(proxy)
    vm = vms.lookup_resource(NAME)
    vm.get_ticket(proxy)
    display = vm.get_property("display")
    print("govirt", "ticket" if display.get_property("ticket") else "none", display.get_property("expiry"), flush=True)
    return display.get_property("ticket")


def view(ticket):
    window, display, loop = Gtk.Window(), GtkVnc.Display(), GLib.MainLoop()
    window.add(display)
    window.show_all()
    display.set_keyboard_grab(False)

    def credential(_display, wanted):
        for kind in (wanted.get_nth(i) for i in range(wanted.n_values)):
            if kind == GtkVnc.DisplayCredential.PASSWORD:
                display.set_credential(kind, ticket)
            elif kind == GtkVnc.DisplayCredential.CLIENTNAME:
                display.set_credential(kind, "libvirt")

    def initialized(_display):
        print("vnc-initialized", display.get_width(), display.get_height(), display.get_name(), flush=True)
        for key in os.environ.get("KEYS", ""):
            display.send_keys([ord(key)])
        GLib.timeout_add(1500, shown)

    def shown():
        pixels = display.get_pixbuf()
        data = pixels.get_pixels() if pixels else b""
        print("pixels", sum(1 for byte in data if byte > 30), flush=True)
        loop.quit()
        return False

    def failed(*arguments):
        print("failed", *[argument for argument in arguments if isinstance(argument, str)], flush=True)
        loop.quit()

    display.connect("vnc-auth-credential", credential)
    display.connect("vnc-initialized", initialized)
    display.connect("vnc-auth-failure", failed)
    display.connect("vnc-error", failed)
    display.connect("vnc-disconnected", failed)
    GLib.timeout_add_seconds(20, failed)
    display.open_host(HOST, PORT)
    loop.run()


view(sys.argv[8] if len(sys.argv) > 8 else ticket_by_govirt())
