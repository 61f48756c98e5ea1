#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
#
# Makes a small real guest, hello-guest.sh DIR: DIR/hello-vmlinuz and DIR/hello-initrd.gz. The kernel, busybox and the
# QEMU guest agent are the distribution's own packages, unpacked and not installed. It boots in a few seconds, takes an
# address by DHCP, answers the agent, and powers off when asked. Made once: a second run of the same script finds the files and ends.
set -euo pipefail

out=${1:?usage: hello-guest.sh DIR}
mkdir -p "$out"
exec 9<"$out"           # who comes while another makes it waits for it
flock 9
made=$(cksum <"$0")
if [ -s "$out/hello-vmlinuz" ] && [ -s "$out/hello-initrd.gz" ] && [ "$(cat "$out/hello-made" 2>/dev/null)" = "$made" ]; then
    exit 0
fi
work=$(mktemp -d /var/tmp/hello-guest.XXXXXX)
trap 'rm -rf "$work"' EXIT
root=$work/root
tree=$work/tree
mkdir -p "$root" "$tree"/{bin,sbin,usr/sbin,usr/share/udhcpc,proc,sys,dev,run,etc,tmp,var/log,var/run,lib/modules,mnt}

# Debian: the kernel and the agent come as packages into $root. The packages that the agent needs are what ldd says, so
# its libraries are taken from packages too and not from a host that may not have them.
unpack_debian() {
    local kernel
    apt-cache show linux-image-cloud-amd64 >/dev/null 2>&1 || apt-get update -qq
    kernel=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
    (cd "$work" && apt-get download -qq "$kernel" qemu-guest-agent busybox-static libc6 libglib2.0-0 libpcre2-8-0 liburing2 libudev1 libnuma1 >/dev/null 2>&1) || {
        echo "hello-guest: the packages could not be downloaded." >&2
        [ -s "$out/hello-initrd.gz" ] && exit 0     # an older one serves
        exit 1
    }
    for package in "$work"/*.deb; do
        dpkg-deb -x "$package" "$root"
    done
    cp "$root"/bin/busybox "$tree/bin/busybox"
    modules=$(echo "$root"/lib/modules/*)
    cp "$root"/boot/vmlinuz-* "$out/hello-vmlinuz.new"
    cp "$root/usr/sbin/qemu-ga" "$tree/usr/sbin/"
    copy_libraries "$root"
}

# Oracle Linux: the running kernel and the installed agent.
unpack_oracle() {
    dnf -y -q install qemu-guest-agent busybox
    cp "$(command -v busybox)" "$tree/bin/busybox"
    modules=/lib/modules/$(uname -r)
    cp "$modules/vmlinuz" "$out/hello-vmlinuz.new"
    cp /usr/bin/qemu-ga "$tree/usr/sbin/"
    copy_libraries ""
}

copy_libraries() { # root: the loader and each library the agent names, by the loader's own list
    local library
    LD_LIBRARY_PATH="$1/lib/x86_64-linux-gnu:$1/usr/lib/x86_64-linux-gnu" ldd "$tree/usr/sbin/qemu-ga" |
        grep -oE '/[^ ]+\.so[^ ]*' | sort -u | while read -r library; do
        local inside=${library#"$1"}
        mkdir -p "$tree$(dirname "$inside")"
        cp -L "$library" "$tree$inside"
    done
}

copy_modules() {
    local name path
    depmod -b "${modules%/lib/modules/*}" "$(basename "$modules")" 2>/dev/null || true
    : >"$tree/lib/modules/order"
    for name in af_packet virtio_pci virtio_blk virtio_net virtio_console virtio_balloon virtio_rng virtio_scsi virtiofs sd_mod sr_mod cdrom isofs ext4 acpiphp pciehp button evdev; do
        modprobe -d "${modules%/lib/modules/*}" -S "$(basename "$modules")" --show-depends "$name" 2>/dev/null |
            awk '$1 == "insmod" { print $2 }' || true
    done | awk '!seen[$0]++' | while read -r path; do
        name=$(basename "$path")
        case $path in
        *.xz) xz -dc "$path" >"$tree/lib/modules/${name%.xz}"; name=${name%.xz} ;;
        *) cp "$path" "$tree/lib/modules/$name" ;;
        esac
        echo "$name" >>"$tree/lib/modules/order"
    done
}

if command -v apt-get >/dev/null; then unpack_debian; else unpack_oracle; fi
copy_modules

cat >"$tree/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin:/usr/sbin:/sbin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/virtio-ports
mount -t devpts devpts /dev/pts
for module in $(cat /lib/modules/order); do insmod /lib/modules/$module 2>/dev/null; done
hostname "$(sed -n 's/.*shikiri.name=\([^ ]*\).*/\1/p' /proc/cmdline)" 2>/dev/null
[ -n "$(hostname)" ] || hostname hello
printf 'NAME="Hello"\nID=hello\nVERSION_ID="1"\nPRETTY_NAME="Hello, a small guest"\n' > /etc/os-release
ip link set lo up
for card in /sys/class/net/e*; do
    [ -e "$card" ] || continue
    ip link set "${card##*/}" up
    udhcpc -i "${card##*/}" -b -q -t 20 -T 1 -s /usr/share/udhcpc/default.script >/dev/null 2>&1 &
done
for port in /sys/class/virtio-ports/*; do
    name=$(cat "$port/name" 2>/dev/null)
    [ -n "$name" ] && ln -sf "../${port##*/}" "/dev/virtio-ports/$name"
done
[ -e /dev/virtio-ports/org.qemu.guest_agent.0 ] &&
    qemu-ga -d -m virtio-serial -p /dev/virtio-ports/org.qemu.guest_agent.0 -t /run -f /run/qga.pid -l /var/log/qga.log
# The power button is an input device: its first event is somebody pressing it.
(for button in /dev/input/event*; do
    grep -q 'Power Button' "/sys/class/input/${button##*/}/device/name" 2>/dev/null &&
        dd if="$button" bs=24 count=1 >/dev/null 2>&1 && sync && poweroff -f
done) &
trap 'sync; poweroff -f' TERM INT
echo "hello: up $(cat /proc/uptime)"
while :; do /bin/sh </dev/console >/dev/console 2>&1; sleep 1; done
INIT
chmod +x "$tree/init"
cat >"$tree/usr/share/udhcpc/default.script" <<'DHCP'
#!/bin/sh
case $1 in
bound | renew)
    ip addr flush dev "$interface"
    ip addr add "$ip/${mask:-24}" dev "$interface"
    [ -n "$router" ] && ip route add default via "$router"
    ;;
deconfig) ip link set "$interface" up ;;
esac
DHCP
cat >"$tree/sbin/shutdown" <<'STOP'
#!/bin/sh
# What the guest agent runs: -P, -H or -r.
case "$*" in
*-r*) sync; reboot -f ;;
*) sync; poweroff -f ;;
esac
STOP
chmod +x "$tree/usr/share/udhcpc/default.script" "$tree/sbin/shutdown"
(cd "$tree" && find . | cpio -o -H newc --quiet | gzip -6) >"$out/hello-initrd.gz.new"
mv "$out/hello-vmlinuz.new" "$out/hello-vmlinuz"
mv "$out/hello-initrd.gz.new" "$out/hello-initrd.gz"
echo "$made" >"$out/hello-made"
chmod 0644 "$out/hello-vmlinuz" "$out/hello-initrd.gz"
