/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Definitions written by hand: what may be written, what is refused and where the sentence points, what comes back that was not shown. Each row is one
 * edit of one definition. */
#include "golden.h"

#include "host/domain_xml_override.h"

#include <string.h>

static const char base[] =
    "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
    "  <name>web</name>\n"
    "  <uuid>c617d419-b5b6-4119-94b9-d4393df00d0d</uuid>\n"
    "  <title>w</title>\n"
    "  <metadata>\n"
    "    <shikiri:vm xmlns:shikiri='urn:shikiri:domain:1' id='c617d419-b5b6-4119-94b9-d4393df00d0d' job='00000000-0000-4000-8000-00000000070b'/>\n"
    "    <other:thing xmlns:other='urn:other'>x</other:thing>\n"
    "  </metadata>\n"
    "  <memory unit='KiB'>524288</memory>\n"
    "  <vcpu>1</vcpu>\n"
    "  <os>\n"
    "    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>\n"
    "    <loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader>\n"
    "    <nvram>/var/lib/libvirt/qemu/nvram/web.fd</nvram>\n"
    "    <boot dev='hd'/>\n"
    "  </os>\n"
    "  <clock offset='utc'/>\n"
    "  <devices>\n"
    "    <emulator>/usr/bin/qemu-system-x86_64</emulator>\n"
    "    <disk type='file' device='disk'>\n"
    "      <driver name='qemu' type='raw' cache='none'/>\n"
    "      <source file='/data/d0000000-0000-4000-8000-000000000001'/>\n"
    "      <target dev='vda' bus='virtio'/>\n"
    "      <serial>d0000000-0000-4000-8000-000000000001</serial>\n"
    "      <alias name='ua-d0000000-0000-4000-8000-000000000001'/>\n"
    "    </disk>\n"
    "    <disk type='network' device='disk'>\n"
    "      <driver name='qemu' type='raw'/>\n"
    "      <source protocol='https' name='x'>\n"
    "        <host name='h' port='443'/>\n"
    "        <cookies>\n"
    "          <cookie name='c'>hidden</cookie>\n"
    "        </cookies>\n"
    "      </source>\n"
    "      <target dev='vdb' bus='virtio'/>\n"
    "    </disk>\n"
    "    <disk type='file' device='cdrom'>\n"
    "      <driver name='qemu' type='raw'/>\n"
    "      <source file='/data/old.iso'/>\n"
    "      <target dev='sda' bus='sata'/>\n"
    "      <readonly/>\n"
    "      <alias name='ua-d0000000-0000-4000-8000-000000000002'/>\n"
    "    </disk>\n"
    "    <interface type='network'>\n"
    "      <mac address='52:54:00:00:00:01'/>\n"
    "      <source network='default'/>\n"
    "      <model type='virtio'/>\n"
    "    </interface>\n"
    "    <interface type='user'>\n"
    "      <mac address='52:54:00:00:00:02'/>\n"
    "      <link state='down'/>\n"
    "    </interface>\n"
    "    <serial type='pty'>\n"
    "      <target port='0'/>\n"
    "    </serial>\n"
    "    <channel type='unix'>\n"
    "      <source mode='bind' path='/run/theirs.sock'/>\n"
    "      <target type='virtio' name='theirs'/>\n"
    "    </channel>\n"
    "    <graphics type='vnc' port='-1' listen='0.0.0.0' passwd='hidden' passwdValidTo='2030-01-01T00:00:00'>\n"
    "      <listen type='address' address='0.0.0.0'/>\n"
    "    </graphics>\n"
    "    <video>\n"
    "      <model type='vga'/>\n"
    "    </video>\n"
    "    <hostdev mode='subsystem' type='usb'>\n"
    "      <source><vendor id='0x1'/><product id='0x2'/></source>\n"
    "    </hostdev>\n"
    "  </devices>\n"
    "  <seclabel type='none'/>\n"
    "  <qemu:commandline>\n"
    "    <qemu:arg value='-snapshot'/>\n"
    "  </qemu:commandline>\n"
    "</domain>\n";

typedef struct {
    const char *what, *from, *to;           /* "" as FROM: TO is all of it */
    const char *said;                       /* NULL: it may be; else what stands in the refusal */
    const char *asked;                      /* the files and networks it names newly, with blanks; NULL: none */
} Row;

#define END "  </devices>"
#define DISK(rest) "<disk type='file' device='disk'><source file='/data/more.raw'/><target dev='vdc' bus='virtio'/>" rest "</disk>"
#define NEW_DISK(rest) DISK(rest) END

/* clang-format off */
static const Row harmless[] = {
    { "its title", "<title>w</title>", "<title>/etc is fine here</title>", NULL, NULL },
    { "memory", "524288", "1048576", NULL, NULL },
    { "processors' pins", "<vcpu>1</vcpu>", "<vcpu>1</vcpu><cputune><vcpupin vcpu='0' cpuset='1'/></cputune>", NULL, NULL },
    { "a comment", "<os>", "<os><!-- <loader>/bin/sh</loader> -->", NULL, NULL },
    { "another quote", "type='kvm'", "type=\"kvm\"", NULL, NULL },
    { "another one's metadata", ">x<", ">y<", NULL, NULL },
    { "its machine", "pc-q35-7.2", "pc-q35-7.1", NULL, NULL },
    { "a cache", "cache='none'", "cache='writeback' io='threads'", NULL, NULL },
    { "another place", "dev='vda' bus='virtio'", "dev='sdb' bus='sata'", NULL, NULL },
    { "a kernel", "<boot dev='hd'/>", "<kernel>/data/vmlinuz</kernel><cmdline>quiet</cmdline>", NULL, "/data/vmlinuz" },
    { "a kernel in pieces", "<boot dev='hd'/>", "<kernel><![CDATA[/da]]>ta/&#x76;ml<!-- -->inuz</kernel>", NULL, "/data/vmlinuz" },
    { "a disk", END, NEW_DISK("<driver name='qemu' type='raw'/>"), NULL, "/data/more.raw" },
    { "a disk that is read only", END, NEW_DISK("<readonly/>"), NULL, "/data/more.raw" },
    { "another medium", "/data/old.iso", "/data/new.iso", NULL, "/data/new.iso" },
    { "no medium", "      <source file='/data/old.iso'/>\n", "", NULL, NULL },
    { "a card", END, "<interface type='bridge'><source bridge='br0'/></interface>" END, NULL, "bridge:br0" },
    { "another network", "network='default'", "network='other'", NULL, "network:other" },
    { "at the loopback", "listen='0.0.0.0' passwd='hidden' passwdValidTo='2030-01-01T00:00:00'>\n      <listen type='address' address='0.0.0.0'/>",
      "listen='127.0.0.1' passwdValidTo='2030-01-01T00:00:00'>\n      <listen type='address' address='127.0.0.1'/>", NULL, NULL },
    { "what is done when it crashes", "<clock", "<on_crash>restart</on_crash><clock", NULL, NULL },
    { "random numbers", END, "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>" END, NULL, NULL },
    { "a watchdog", END, "<watchdog model='i6300esb' action='reset'/>" END, NULL, NULL },
    { "an agent's channel", END, "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>" END, NULL, NULL },
    { "a name of a channel, many zeros in it", END, "<channel type='unix'><target type='virtio' name='org.&#x000000000000071;emu'/></channel>" END, NULL, NULL },
    { "whether a channel is open", "name='theirs'", "name='theirs' state='connected'", NULL, NULL },
    { "a kernel by many zeros", "<boot dev='hd'/>", "<kernel>&#x00000000000000000002f;data&#000000000000000047;vmlinuz</kernel>", NULL, "/data/vmlinuz" },
    { "a medium with a blank in its name", "/data/old.iso", "/data/new one, two.iso", NULL, "/data/new one, two.iso" },
    { "a file's name in two lines", "/data/old.iso", "/data/new\r\none.iso", NULL, "/data/new one.iso" },
    { "a keyboard", "type='vnc' port", "type='vnc' keymap='de-ch' port", NULL, NULL },
    { "a time zone", "<clock offset='utc'/>", "<clock offset='timezone' timezone='America/Port-au-Prince'/>", NULL, NULL },
    { "cells of memory", "<clock", "<cpu><numa><cell id='0' cpus='0' memory='1'/><cell id='1' cpus='1' memory='2'/></numa></cpu><clock", NULL, NULL },
    { "what it may take of the host's disks", "<clock", "<blkiotune><weight>100</weight></blkiotune><clock", NULL, NULL },
    { "less", "<hostdev mode='subsystem' type='usb'>\n      <source><vendor id='0x1'/><product id='0x2'/></source>\n    </hostdev>", "", NULL, NULL },
    { "no format said", "type='raw' cache", "cache", NULL, NULL },
    { "a drive that does not say it cannot write", "/data/old.iso'/>\n      <target dev='sda' bus='sata'/>\n      <readonly/>", "/data/old.iso'/><target dev='sda' bus='sata'/>", NULL, "/data/old.iso" },
};

static const Row refused[] = {
    { "nothing", "", "<domain", "cannot be read", NULL },
    { "too much", "", "<domain/><domain/>", "cannot be read", NULL },
    { "a DOCTYPE", "<domain type", "<!DOCTYPE domain [<!ENTITY e SYSTEM '/etc/passwd'>]><domain type", "DOCTYPE", NULL },
    { "another encoding", "<domain type", "<?xml version='1.0' encoding='UTF-16'?><domain type", "cannot be read", NULL },
    { "another root", "", "<network/>", "no libvirt domain", NULL },
    { "a namespace at the root", "<domain type", "<domain xmlns='urn:x' type", "no libvirt domain", NULL },
    { "another case", "<os>", "<OS/><os>", "OS must stay", NULL },
    { "its name", "<name>web", "<name>web2", "name must stay", NULL },
    { "its name twice", "<name>web</name>", "<name>web</name><name>web</name>", "name must stay", NULL },
    { "its uuid", "c617d419-b5b6-4119-94b9-d4393df00d0d</uuid>", "c617d419-b5b6-4119-94b9-d4393df00d0e</uuid>", "uuid must stay", NULL },
    { "its type", "type='kvm'", "type='qemu'", "domain@", NULL },
    { "the mark", "70b'/>", "70c'/>", "own element in <metadata>", NULL },
    { "no mark", "shikiri:domain:1", "shikiri:domain:2", "own element in <metadata>", NULL },
    { "two marks", "<other:thing", "<vm xmlns='urn:shikiri:domain:1'/><other:thing", "own element in <metadata>", NULL },
    { "metadata twice", "<metadata>", "<metadata/><metadata>", "stands there twice", NULL },
    { "memory twice", "<vcpu>", "<memory>1</memory><vcpu>", "stands there twice", NULL },
    { "another emulator", "qemu-system-x86_64", "../bin/sh", "devices/emulator must stay", NULL },
    { "one more emulator", "<emulator>", "<emulator>/bin/sh</emulator><emulator>", "devices/emulator must stay", NULL },
    { "no emulator", "<emulator>/usr/bin/qemu-system-x86_64</emulator>", "", "devices/emulator must stay", NULL },
    { "devices of their own", "<seclabel", "<devices><emulator>/bin/sh</emulator></devices><seclabel", "devices/emulator must stay", NULL },
    { "a loader", "OVMF_CODE.fd", "x.fd", "os/loader must stay", NULL },
    { "no nvram", "<nvram>/var/lib/libvirt/qemu/nvram/web.fd</nvram>", "", "os/nvram must stay", NULL },
    { "a label", "<seclabel type='none'/>", "", "seclabel must stay", NULL },
    { "an argument", "-snapshot", "-chardev", "qemu:commandline must stay", NULL },
    { "no arguments", "<qemu:arg value='-snapshot'/>", "", "qemu:commandline must stay", NULL },
    { "arguments by another prefix", "<seclabel", "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:arg value='x'/></q:commandline><seclabel", "q:commandline must stay", NULL },
    { "arguments by no prefix", "<seclabel", "<commandline xmlns='http://libvirt.org/schemas/domain/qemu/1.0'><arg value='x'/></commandline><seclabel", "commandline must stay", NULL },
    { "what is there, of another namespace", "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'", "xmlns:qemu='urn:x'", "qemu:commandline must stay", NULL },
    { "an include", "<vcpu>", "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='/etc/passwd'/><vcpu>", "xi:include must stay", NULL },
    { "an init", "<boot dev='hd'/>", "<init>/bin/sh</init>", "os/init must stay", NULL },
    { "an initrd that is two files", "<boot dev='hd'/>", "<kernel>/data/k</kernel><initrd>/data/x,/etc/shadow</initrd>", "os/initrd must stay", NULL },
    { "an initrd that is less than its name", "<boot dev='hd'/>", "<kernel>/data/k</kernel><initrd>/data/d0000000-0000-4000-8000-000000000009 x</initrd>", "os/initrd must stay", NULL },
    { "a kernel with children", "<boot dev='hd'/>", "<kernel>/data/a<x>/../../etc/shadow</x></kernel>", "os/kernel/x must stay", NULL },
    { "a file as a firmware's variable", "<clock", "<sysinfo type='fwcfg'><entry name='opt/x' file='etc/shadow'/></sysinfo><clock", "sysinfo", NULL },
    { "serial numbers of the host", "<boot dev='hd'/>", "<boot dev='hd'/><smbios mode='host'/>", "os/smbios@mode must stay", NULL },
    { "the guest's memory on the host's disk", "<clock", "<on_crash>coredump-destroy</on_crash><clock", "on_crash must stay", NULL },
    { "a cgroup", "<clock", "<resource><partition>/x</partition></resource><clock", "resource must stay", NULL },
    { "weights of a host's disk", "<clock", "<blkiotune><device><path>/dev/sda</path><weight>1</weight></device></blkiotune><clock", "blkiotune/device must stay", NULL },
    { "real time", "<clock", "<cputune><vcpusched vcpus='0' scheduler='fifo' priority='99'/></cputune><clock", "cputune/vcpusched must stay", NULL },
    { "what a newer libvirt knows", "<clock", "<novelty x='/y'/><clock", "novelty must stay", NULL },
    { "another one's disk", "<source file='/data/d0000000-0000-4000-8000-000000000001'/>", "<source file='/data/d0000000-0000-4000-8000-000000000009'/>", "devices/disk", NULL },
    { "the guest's own bytes as qcow2", "type='raw' cache", "type='qcow2' cache", "devices/disk", NULL },
    { "a format said twice", "type='raw' cache", "type='raw' qemu:type='qcow2' cache", "devices/disk", NULL },
    { "its disk twice", END, "<disk type='file' device='disk'><source file='/data/d0000000-0000-4000-8000-000000000001'/><target dev='vdx'/></disk>" END, "devices/disk", NULL },
    { "a new disk twice", END, DISK("") NEW_DISK(""), "devices/disk/source@file", NULL },
    { "a disk of an alias of ours", END, NEW_DISK("<alias name='ua-d0000000-0000-4000-8000-000000000007'/>"), "devices/disk/alias@name", NULL },
    { "a disk of a serial of ours", END, NEW_DISK("<serial>d0000000-0000-4000-8000-000000000007</serial>"), "devices/disk/serial", NULL },
    { "two sources", END, NEW_DISK("<source file='/etc/shadow'/>"), "devices/disk/source is", NULL },
    { "a source of another namespace", END, NEW_DISK("<x:source xmlns:x='urn:x' file='/etc/shadow'/>"), "devices/disk/x:source", NULL },
    { "an attribute of another namespace", END, "<disk type='file' device='disk'><source xmlns:x='urn:x' x:file='/etc/shadow'/><target dev='vdc'/></disk>" END, "devices/disk/source@x:file", NULL },
    { "a file of two lines", END, "<disk type='file' device='disk'><source file='/data/a&#10;b'/><target dev='vdc'/></disk>" END, "devices/disk/source@file", NULL },
    { "a qcow2 file", END, NEW_DISK("<driver type='qcow2'/>"), "devices/disk/driver@type", NULL },
    { "a base", END, NEW_DISK("<backingStore type='file'><format type='raw'/><source file='/etc/shadow'/></backingStore>"), "devices/disk/backingStore", NULL },
    { "shared", "      <serial>d0", "      <shareable/>\n      <serial>d0", "devices/disk/shareable", NULL },
    { "a folder", END, "<disk type='dir' device='floppy'><source dir='/data'/><target dev='fda'/></disk>" END, "devices/disk", NULL },
    { "a volume of a pool", END, "<disk type='volume' device='disk'><source pool='default' volume='x'/><target dev='vdc'/></disk>" END, "devices/disk", NULL },
    { "a device of the host", END, "<disk type='block' device='disk'><source dev='/dev/sda'/><target dev='vdc'/></disk>" END, "devices/disk", NULL },
    { "a disk somewhere", END, "<disk type='network' device='disk'><source protocol='nbd'><host transport='unix' socket='/run/x'/></source><target dev='vdc'/></disk>" END, "devices/disk", NULL },
    { "a drive as a disk", "device='cdrom'", "device='disk'", "devices/disk/alias@name", NULL },
    { "a card straight to the host's", END, "<interface type='direct'><source dev='eth0' mode='bridge'/></interface>" END, "devices/interface", NULL },
    { "a script", "<model type='virtio'/>", "<model type='virtio'/><script path='/bin/sh'/>", "devices/interface/script", NULL },
    { "a tap", END, "<interface type='ethernet'><script path='/bin/sh'/></interface>" END, "devices/interface", NULL },
    { "the way to the host's loopback", "<link state='down'/>", "<link state='up'/>", "devices/interface", NULL },
    { "a new way there", END, "<interface type='user'/>" END, "devices/interface@type", NULL },
    { "a firmware of a card", "<model type='virtio'/>", "<model type='virtio'/><rom file='/etc/shadow'/>", "devices/interface/rom@file", NULL },
    { "a log of a console", "<target port='0'/>", "<target port='0'/><log file='/etc/cron.d/x'/>", "devices/serial/log", NULL },
    { "a file as a console", END, "<serial type='file'><source path='/data/x'/></serial>" END, "devices/serial", NULL },
    { "a socket", END, "<channel type='unix'><source mode='bind' path='/run/x'/><target type='virtio'/></channel>" END, "devices/channel/source@path", NULL },
    { "a socket by a channel's name", END, "<channel type='unix'><target type='virtio' name='../../../run/x.sock'/></channel>" END, "devices/channel/target@name", NULL },
    { "one that is said to be bound", END, "<channel type='unix'><source mode='bind'/><target type='virtio' name='../../../run/x.sock'/></channel>" END, "devices/channel", NULL },
    { "bound, by a plain name", END, "<channel type='unix'><source mode='bind'/><target type='virtio' name='x'/></channel>" END, "devices/channel", NULL },
    { "a channel called as the folder above", END, "<channel type='unix'><target type='virtio' name='..'/></channel>" END, "devices/channel/target@name", NULL },
    { "a channel of no name", END, "<channel type='unix'><target type='virtio' name=''/></channel>" END, "devices/channel/target@name", NULL },
    { "another name of a channel that is bound", "name='theirs'", "name='x'", "devices/channel/target@name", NULL },
    { "another socket of it", "/run/theirs.sock", "/run/x.sock", "devices/channel/source@path", NULL },
    { "a place of a disk that is a path", "dev='vda'", "dev='vda/../x'", "devices/disk/target", NULL },
    { "a path from where its reader stands", END, "<controller type='usb'><x y='etc/x'/></controller>" END, "devices/controller", NULL },
    { "a port", END, "<serial type='tcp'><source mode='bind' host='0.0.0.0' service='1'/></serial>" END, "devices/serial", NULL },
    { "a host's device", END, "<hostdev mode='subsystem' type='pci'><source><address domain='0' bus='0' slot='1' function='0'/></source></hostdev>" END, "devices/hostdev", NULL },
    { "another of them", "0x2", "0x3", "devices/hostdev", NULL },
    { "it twice", END, "<hostdev mode='subsystem' type='usb'><source><vendor id='0x1'/><product id='0x2'/></source></hostdev>" END, "devices/hostdev", NULL },
    { "a folder of the host", END, "<filesystem type='mount'><source dir='/data'/><target dir='x'/></filesystem>" END, "devices/filesystem", NULL },
    { "shared memory", END, "<shmem name='x'/>" END, "devices/shmem", NULL },
    { "memory in a file", END, "<memory model='nvdimm'><source><path>/data/x</path></source></memory>" END, "devices/memory", NULL },
    { "a picture by a helper", "<video>", "<video><driver name='vhostuser'/>", "devices/video/driver", NULL },
    { "a node of the host", "<model type='vga'/>", "<model type='virtio'><acceleration accel3d='yes' rendernode='/dev/dri/x'/></model>", "devices/video/model/acceleration@rendernode", NULL },
    { "a path where none belongs", END, "<controller type='usb'><x y='/etc'/></controller>" END, "devices/controller", NULL },
    { "another namespace where all is free", END, "<controller type='usb'><q:x xmlns:q='urn:x'/></controller>" END, "devices/controller", NULL },
    { "an unknown device", END, "<novelty/>" END, "devices/novelty", NULL },
    { "a device called as the root", END, "<domain><os><kernel>/x</kernel></os></domain>" END, "devices/domain", NULL },
    { "a screen without a password", END, "<graphics type='vnc' listen='127.0.0.1'/>" END, "devices/graphics", NULL },
    { "a keyboard that is a file", "type='vnc' port", "type='vnc' keymap='etc/passwd' port", "devices/graphics@keymap", NULL },
    { "one that is a file beside it", "type='vnc' port", "type='vnc' keymap='vmlinuz.old' port", "devices/graphics@keymap", NULL },
    { "a dump of the guest's memory", END, "<watchdog model='i6300esb' action='dump'/>" END, "devices/watchdog@action", NULL },
    { "memory in a file of libvirt's", "<clock", "<memoryBacking><source type='file'/></memoryBacking><clock", "memoryBacking/source must stay", NULL },
    { "memory that is shared", "<clock", "<memoryBacking><access mode='shared'/></memoryBacking><clock", "memoryBacking/access must stay", NULL },
    { "a cell that is shared", "<clock", "<cpu><numa><cell id='0' cpus='0' memory='1' memAccess='shared'/></numa></cpu><clock", "cpu/numa/cell@memAccess must stay", NULL },
    { "a module that is shared", END, "<memory model='dimm' access='shared'><target><size>1</size></target></memory>" END, "devices/memory@access", NULL },
    { "a time zone that is a file", "<clock offset='utc'/>", "<clock offset='timezone' timezone='../../../dev/zero'/>", "clock@timezone must stay", NULL },
    { "a time zone of a rule", "<clock offset='utc'/>", "<clock offset='timezone' timezone=':/dev/zero'/>", "clock@timezone must stay", NULL },
    { "a machine with an option", "pc-q35-7.2", "pc-q35-7.2,dumpdtb=x", "os/type@machine must stay", NULL },
    { "weights by a path from where libvirt stands", "<clock", "<blkiotune><device><path>dev/sda</path></device></blkiotune><clock", "blkiotune/device must stay", NULL },
    { "a screen elsewhere", "listen='0.0.0.0' ", "listen='::' ", "devices/graphics@listen", NULL },
    { "a socket of a screen", "<listen type='address' address='0.0.0.0'/>", "<listen type='socket' socket='/run/x'/>", "devices/graphics/listen", NULL },
    { "another password", "passwd='hidden'", "passwd='mine'", "is a secret", NULL },
    { "other cookies", "'c'>hidden", "'c'>mine", "is a secret", NULL },
    { "cookies of a new disk", END, "<disk type='file' device='disk'><source file='/data/more.raw'><cookies/></source><target dev='vdc'/></disk>" END, "is a secret", NULL },
    { "a password that never ends", " passwdValidTo='2030-01-01T00:00:00'", "", "devices/graphics", NULL },
};

#define AGAIN "<driver name='qemu' type='qcow2'/>"
#define ZEROS "&#x000000000000000000"

/* Said twice, or so that a reader might read it as something else. */
static const Row odd[] = {
    { "a second driver", "cache='none'/>", "cache='none'/>" AGAIN, "devices/disk/driver", NULL },
    { "a second driver that is like it", "cache='none'/>", "cache='none'/><driver name='qemu' type='raw'/>", "devices/disk/driver", NULL },
    { "an empty driver before it", "<driver name='qemu' type='raw' cache='none'/>", "<driver/><driver name='qemu' type='raw' cache='none'/>", "devices/disk/driver", NULL },
    { "two drivers of a new disk", END, NEW_DISK("<driver/>" AGAIN), "devices/disk/driver", NULL },
    { "two that say the same together", END, NEW_DISK("<driver name='qemu'/><driver type='raw'/>"), "devices/disk/driver", NULL },
    { "two aliases", END, NEW_DISK("<alias name='ua-x'/><alias name='ua-d0000000-0000-4000-8000-000000000007'/>"), "devices/disk/alias", NULL },
    { "two empty sources", "<source network='default'/>", "<source/><source network='default'/>", "devices/interface/source", NULL },
    { "two types", "hvm</type>", "hvm</type><type/>", "os/type must stay", NULL },
    { "two backends", END, "<rng model='virtio'><backend model='random'>/dev/urandom</backend><backend/></rng>" END, "devices/rng/backend", NULL },
    { "two marks by many zeros", "<other:thing", "<vm xmlns='urn:shikiri" ZEROS "3a;domain:1'/><other:thing", "own element in <metadata>", NULL },
    { "two marks by a prefix declared above", "<metadata>", "<metadata xmlns:q='urn:shikiri&#58;domain:1'><q:vm/>", "own element in <metadata>", NULL },
    { "the mark by a blank", "urn:shikiri:domain:1", "urn:shikiri:domain:1&#32;", "own element in <metadata>", NULL },
    { "an alias of ours by many zeros", END, NEW_DISK("<alias name='ua-d0000000-0000-4000-8000-00000000000" ZEROS "37;'/>"), "devices/disk/alias@name", NULL },
    { "a serial of ours by many zeros", END, NEW_DISK("<serial>d0000000-0000-4000-8000-00000000000" ZEROS "37;</serial>"), "devices/disk/serial", NULL },
    { "a path by many zeros", END, "<controller type='usb'><x y='" ZEROS "2f;etc'/></controller>" END, "devices/controller", NULL },
    { "a text that is one", END, "<controller type='usb'><x>" ZEROS "2f;etc</x></controller>" END, "devices/controller", NULL },
    { "a channel's name by many zeros", END, "<channel type='unix'><target type='virtio' name='.." ZEROS "2f;x'/></channel>" END, "devices/channel/target@name", NULL },
    { "an encoding that hides signs", "<domain type", "<?xml version='1.0' encoding='UTF-7'?><domain type", "encoding is not UTF-8", NULL },
    { "an encoding of one byte", "<domain type", "<?xml version='1.0' encoding='ISO-8859-1'?><domain type", "encoding is not UTF-8", NULL },
    { "an entity nobody declared", "<title>w", "<title>&slash;", "cannot be read", NULL },
    { "a character that is none", "<title>w", "<title>&#x110000;", "cannot be read", NULL },
    { "one that is too large to count", "<title>w", "<title>&#x1000000000000002f;", "cannot be read", NULL },
    { "the end of all texts", "<title>w", "<title>&#0;", "cannot be read", NULL },
    { "a control character", "<title>w", "<title>&#7;", "cannot be read", NULL },
};
/* clang-format on */

static char *
edited(const Row *row)
{
    if (!*row->from)
        return g_strdup(row->to);
    g_auto(GStrv) halves = g_strsplit(base, row->from, 2);
    if (g_strv_length(halves) != 2)
        g_error("%s: '%s' is not there", row->what, row->from);
    return g_strconcat(halves[0], row->to, halves[1], NULL);
}

static char *
asked(const DomainOverride *override)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    g_ptr_array_extend(all, override->files, NULL, NULL);
    g_ptr_array_extend(all, override->networks, NULL, NULL);
    g_ptr_array_add(all, NULL);
    return g_strjoinv(" ", (char **) all->pdata);
}

static void
check_row(const Row *row)
{
    GError *error = NULL;
    g_auto(DomainOverride) override = { 0 };
    g_autofree char *sent = edited(row);
    gboolean well = domain_xml_override(base, sent, "web", &override, &error);
    if (well != !row->said || (error && (!strstr(error->message, row->said) || !strstr(error->message, "VM 'web'"))))
        g_error("%s: %s", row->what, error ? error->message : "it was taken");
    g_clear_error(&error);
    if (!well) {
        g_assert_null(override.xml);
        return;
    }
    g_autofree char *names = asked(&override);
    if (g_strcmp0(names, row->asked ? row->asked : "") != 0)
        g_error("%s: asked for '%s'", row->what, names);
    g_assert_true(strstr(override.xml, "passwd='hidden'") && strstr(override.xml, "<cookie name='c'>hidden</cookie>"));
}

static void
test_harmless(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(harmless); i++)
        check_row(&harmless[i]);
}

static void
test_refused(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(refused); i++)
        check_row(&refused[i]);
}

static void
test_odd(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(odd); i++)
        check_row(&odd[i]);
}

/* The files of which disks may be written, and by whom. */
static void
test_writable(void)
{
    const Row row = { "", END, DISK("<readonly/>") "<disk type='file' device='floppy'><source file='/data/f'/><target dev='fda'/></disk>"
                               "<disk type='file' device='cdrom'><source file='/data/c'/><target dev='sdc'/></disk>" END, NULL, NULL };
    g_auto(DomainOverride) override = { 0 };
    g_autofree char *sent = edited(&row);
    g_assert_true(domain_xml_override(base, sent, "web", &override, NULL));
    g_assert_cmpuint(override.files->len, ==, 3);
    g_assert_cmpuint(override.writable->len, ==, 1);
    g_assert_cmpstr(override.writable->pdata[0], ==, "/data/f");
}

/* Where what a console prints goes is as it was, or nowhere: it is a file of the host. */
static void
test_log(void)
{
    static const struct { const char *from, *to; gboolean well; } rows[] = {
        { "<vcpu>1<", "<vcpu>2<", TRUE },
        { "<log file='/data/console/web.log' append='on'/>", "", TRUE },
        { "/data/console/web.log", "/data/console/other.log", FALSE },
        { "append='on'", "append='off'", FALSE },
        { "    <graphics", "    <console type='pty'><log file='/data/console/web.log' append='on'/></console><graphics", FALSE },
        { "<target port='0'/>", "<target port='1'/>", TRUE },       /* into the same file */
    };
    const Row add = { "", "<target port='0'/>", "<log file='/data/console/web.log' append='on'/><target port='0'/>", NULL, NULL };
    g_autofree char *old = edited(&add);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(DomainOverride) override = { 0 };
        g_auto(GStrv) halves = g_strsplit(old, rows[i].from, 2);
        g_autofree char *sent = g_strjoinv(rows[i].to, halves);
        if (domain_xml_override(old, sent, "web", &override, &error) != rows[i].well)
            g_error("%s: %s", rows[i].to, error ? error->message : "it was taken");
        if (!rows[i].well && !strstr(error->message, "devices/serial") && !strstr(error->message, "devices/console"))
            g_error("%s: %s", rows[i].to, error->message);
    }
}

/* As it is shown, sent back: it is the same, whoever made it, and its secrets are in it again. */
static void
check_shown(const char *xml)
{
    GError *error = NULL;
    g_auto(DomainOverride) override = { 0 };
    g_autofree char *shown = domain_xml_shown(xml, &error);
    g_assert_no_error(error);
    domain_xml_override(xml, shown, "it", &override, &error);
    g_assert_no_error(error);
    g_assert_true(override.same);
    g_assert_cmpuint(override.files->len + override.networks->len, ==, 0);
    g_autofree char *version = domain_xml_version(xml), *again = domain_xml_version(override.xml);
    g_assert_cmpstr(version, ==, again);
}

static void
test_shown(void)
{
    g_autofree char *folder = golden_folder("foreign");
    GDir *dir = g_dir_open(folder, 0, NULL);
    check_shown(base);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(folder, name, NULL), *xml = g_str_has_suffix(name, ".xml") ? golden_text(path) : NULL;
        if (xml)
            check_shown(xml);
    }
    g_dir_close(dir);
}

/* A secret is no part of what a version tells; all else is. */
static void
test_version(void)
{
    const Row secret = { "", "passwd='hidden'", "passwd='other'", NULL, NULL }, other = { "", "vda", "vdz", NULL, NULL };
    g_autofree char *one = edited(&secret), *two = edited(&other);
    g_autofree char *was = domain_xml_version(base), *same = domain_xml_version(one), *changed = domain_xml_version(two), *none = domain_xml_version("<");
    g_assert_cmpstr(was, ==, same);
    g_assert_cmpstr(was, !=, changed);
    g_assert_null(none);
}

static void
test_marked(void)
{
    g_autofree char *marked = domain_xml_marked(base, "7"), *none = domain_xml_marked("<domain><uuid>c617d419-b5b6-4119-94b9-d4393df00d0d</uuid></domain>", "7");
    g_assert_nonnull(strstr(marked, " job='7'/>"));
    g_assert_null(none);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domain_xml_override/harmless", test_harmless);
    g_test_add_func("/domain_xml_override/refused", test_refused);
    g_test_add_func("/domain_xml_override/odd", test_odd);
    g_test_add_func("/domain_xml_override/writable", test_writable);
    g_test_add_func("/domain_xml_override/log", test_log);
    g_test_add_func("/domain_xml_override/shown", test_shown);
    g_test_add_func("/domain_xml_override/version", test_version);
    g_test_add_func("/domain_xml_override/marked", test_marked);
    return g_test_run();
}
