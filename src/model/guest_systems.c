/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The operating systems a guest may say it has, and their pictures. Numbers and words are oVirt's: VMs, scripts and OVF files
 * name them; description is the name for people. The pictures are of this project: a screen in the colour of its family. */
#include "model/guest_systems.h"

#define TPM_SUPPORT(N, E) N(E, UNSUPPORTED, "unsupported") N(E, SUPPORTED, "supported") N(E, REQUIRED, "required")
NAMES_ENUM(TpmSupport, TPM_SUPPORT, TPM);
NAMES_TABLE(tpm_support_names, TPM_SUPPORT);

typedef enum { FAMILY_OTHER, FAMILY_LINUX, FAMILY_WINDOWS, N_FAMILIES } Family;

/* clang-format off */
const Type icon_type = { .one = "icon", .many = "icons", .path = "icons", .size = sizeof(Icon), .help = "A picture.", .fields = (const Field[]) {
    TEXT(Icon, name,        0, "Its name."),
    TEXT(Icon, description, 0, "For people."),
    TEXT(Icon, comment,     0, "For people."),
    TEXT(Icon, media_type,  0, "image/png."),
    TEXT(Icon, data,        0, "The picture, base64."),
    { 0 } } };

const Type operating_system_type = { .one = "operating_system", .many = "operation_systems", .path = "operatingsystems", .size = sizeof(GuestSystem), .ids = ID_NUMBER, .help = "A guest operating system.", .fields = (const Field[]) {
    TEXT(GuestSystem, name,        FIND | SHOW, "What <os><type> of a VM says."),
    TEXT(GuestSystem, description, FIND | SHOW, "Its name for people."),
    TEXT(GuestSystem, comment,     FIND,        "For people."),
    ENUM(GuestSystem, architecture, architecture_names, FIND | SHOW, "What it runs on."),
    ENUM(GuestSystem, tpm_support, tpm_support_names, 0, "Whether it uses a TPM."),
    ENUM(GuestSystem, bios_type, bios_type_names, 0, "What a new VM gets that does not say; none: its cluster's."),
    BOOL(GuestSystem, tpm_enabled, 0, "Whether a new VM gets a TPM that does not say."),
    ENUM(GuestSystem, disk_interface, disk_interface_names, 0, "How a new disk is seen."),
    ENUM(GuestSystem, nic_interface, nic_interface_names, 0, "What a new NIC is."),
    INT (GuestSystem, minimum_memory, OPT, "Bytes its makers want at least."),
    REF (GuestSystem, large_icon, icon_type, 0, "Its picture, 150 by 120."),
    REF (GuestSystem, small_icon, icon_type, 0, "Its picture, 45 by 29."),
    { 0 } } };

static const struct { guint number; const char *name, *description; Architecture architecture; TpmSupport tpm; Family family; } systems[] = {
    { 0, "other", "Other OS", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_OTHER },
    { 1, "windows_xp", "Windows XP", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_WINDOWS },
    { 3, "windows_2003", "Windows 2003", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_WINDOWS },
    { 4, "windows_2008", "Windows 2008", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_WINDOWS },
    { 5, "other_linux", "Linux", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 7, "rhel_5", "Red Hat Enterprise Linux 5.x", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 8, "rhel_4", "Red Hat Enterprise Linux 4.x", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 9, "rhel_3", "Red Hat Enterprise Linux 3.x", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 10, "windows_2003x64", "Windows 2003 x64", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_WINDOWS },
    { 11, "windows_7", "Windows 7", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_WINDOWS },
    { 12, "windows_7x64", "Windows 7 x64", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_WINDOWS },
    { 13, "rhel_5x64", "Red Hat Enterprise Linux 5.x x64", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 14, "rhel_4x64", "Red Hat Enterprise Linux 4.x x64", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 15, "rhel_3x64", "Red Hat Enterprise Linux 3.x x64", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 16, "windows_2008x64", "Windows 2008 x64", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_WINDOWS },
    { 17, "windows_2008R2x64", "Windows 2008 R2 x64", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_WINDOWS },
    { 18, "rhel_6", "Red Hat Enterprise Linux 6.x", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 19, "rhel_6x64", "Red Hat Enterprise Linux 6.x x64", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 20, "windows_8", "Windows 8", ARCHITECTURE_X86_64, TPM_SUPPORTED, FAMILY_WINDOWS },
    { 21, "windows_8x64", "Windows 8 x64", ARCHITECTURE_X86_64, TPM_SUPPORTED, FAMILY_WINDOWS },
    { 23, "windows_2012x64", "Windows 2012 x64", ARCHITECTURE_X86_64, TPM_SUPPORTED, FAMILY_WINDOWS },
    { 24, "rhel_7x64", "Red Hat Enterprise Linux 7.x x64", ARCHITECTURE_X86_64, TPM_SUPPORTED, FAMILY_LINUX },
    { 25, "windows_2012R2x64", "Windows 2012R2 x64", ARCHITECTURE_X86_64, TPM_SUPPORTED, FAMILY_WINDOWS },
    { 26, "windows_10", "Windows 10", ARCHITECTURE_X86_64, TPM_SUPPORTED, FAMILY_WINDOWS },
    { 27, "windows_10x64", "Windows 10 x64", ARCHITECTURE_X86_64, TPM_SUPPORTED, FAMILY_WINDOWS },
    { 28, "rhel_atomic7x64", "Red Hat Atomic 7.x x64", ARCHITECTURE_X86_64, TPM_SUPPORTED, FAMILY_LINUX },
    { 29, "windows_2016x64", "Windows 2016 x64", ARCHITECTURE_X86_64, TPM_SUPPORTED, FAMILY_WINDOWS },
    { 30, "rhel_8x64", "Red Hat Enterprise Linux 8.x x64", ARCHITECTURE_X86_64, TPM_SUPPORTED, FAMILY_LINUX },
    { 31, "windows_2019x64", "Windows 2019 x64", ARCHITECTURE_X86_64, TPM_SUPPORTED, FAMILY_WINDOWS },
    { 33, "other_linux_kernel_4", "Other Linux (kernel 4.x)", ARCHITECTURE_X86_64, TPM_SUPPORTED, FAMILY_LINUX },
    { 34, "rhel_9x64", "Red Hat Enterprise Linux 9.x x64", ARCHITECTURE_X86_64, TPM_SUPPORTED, FAMILY_LINUX },
    { 35, "rhcos_x64", "Red Hat Enterprise Linux CoreOS", ARCHITECTURE_X86_64, TPM_SUPPORTED, FAMILY_LINUX },
    { 36, "windows_11", "Windows 11", ARCHITECTURE_X86_64, TPM_REQUIRED, FAMILY_WINDOWS },
    { 37, "windows_2022", "Windows 2022", ARCHITECTURE_X86_64, TPM_SUPPORTED, FAMILY_WINDOWS },
    { 38, "windows_2025", "Windows 2025", ARCHITECTURE_X86_64, TPM_SUPPORTED, FAMILY_WINDOWS },
    { 39, "rhel_10x64", "Red Hat Enterprise Linux 10.x x64", ARCHITECTURE_X86_64, TPM_SUPPORTED, FAMILY_LINUX },
    { 1001, "other_ppc64", "Other OS", ARCHITECTURE_PPC64, TPM_UNSUPPORTED, FAMILY_OTHER },
    { 1002, "other_linux_ppc64", "Linux", ARCHITECTURE_PPC64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 1003, "rhel_6_ppc64", "Red Hat Enterprise Linux up to 6.8", ARCHITECTURE_PPC64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 1004, "sles_11_ppc64", "SUSE Linux Enterprise Server 11", ARCHITECTURE_PPC64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 1005, "ubuntu_14_04_ppc64", "Ubuntu Trusty Tahr LTS+", ARCHITECTURE_PPC64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 1006, "rhel_7_ppc64", "Red Hat Enterprise Linux 7.x", ARCHITECTURE_PPC64, TPM_SUPPORTED, FAMILY_LINUX },
    { 1007, "rhel_6_9_plus_ppc64", "Red Hat Enterprise Linux 6.9+", ARCHITECTURE_PPC64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 1008, "rhel_8_ppc64", "Red Hat Enterprise Linux 8.x", ARCHITECTURE_PPC64, TPM_SUPPORTED, FAMILY_LINUX },
    { 1009, "rhel_9_ppc64", "Red Hat Enterprise Linux 9.x", ARCHITECTURE_PPC64, TPM_SUPPORTED, FAMILY_LINUX },
    { 1193, "sles_11", "SUSE Linux Enterprise Server 11+", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 1252, "ubuntu_12_04", "Ubuntu Precise Pangolin LTS", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 1253, "ubuntu_12_10", "Ubuntu Quantal Quetzal", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 1254, "ubuntu_13_04", "Ubuntu Raring Ringtails", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 1255, "ubuntu_13_10", "Ubuntu Saucy Salamander", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 1256, "ubuntu_14_04", "Ubuntu Trusty Tahr LTS+", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 1257, "ubuntu_18_04", "Ubuntu Bionic Beaver LTS+", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 1300, "debian_7", "Debian 7+", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 1301, "debian_9", "Debian 9+", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 1500, "freebsd", "FreeBSD 9.2", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_OTHER },
    { 1501, "freebsdx64", "FreeBSD 9.2 x64", ARCHITECTURE_X86_64, TPM_UNSUPPORTED, FAMILY_OTHER },
    { 2001, "other_s390x", "Other OS", ARCHITECTURE_S390X, TPM_UNSUPPORTED, FAMILY_OTHER },
    { 2002, "other_linux_s390x", "Linux", ARCHITECTURE_S390X, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 2003, "rhel_7_s390x", "Red Hat Enterprise Linux 7.x", ARCHITECTURE_S390X, TPM_SUPPORTED, FAMILY_LINUX },
    { 2004, "sles_12_s390x", "SUSE Linux Enterprise Server 12", ARCHITECTURE_S390X, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 2005, "ubuntu_16_04_s390x", "Ubuntu Xenial Xerus LTS+", ARCHITECTURE_S390X, TPM_UNSUPPORTED, FAMILY_LINUX },
    { 2101, "ol_8x64", "Oracle Linux 8.x x64", ARCHITECTURE_X86_64, TPM_SUPPORTED, FAMILY_LINUX },
    { 2102, "ol_9x64", "Oracle Linux 9.x x64", ARCHITECTURE_X86_64, TPM_SUPPORTED, FAMILY_LINUX },
    { 2103, "ol_10x64", "Oracle Linux 10.x x64", ARCHITECTURE_X86_64, TPM_SUPPORTED, FAMILY_LINUX },
    { 2201, "other_aarch64", "Other OS", ARCHITECTURE_AARCH64, TPM_SUPPORTED, FAMILY_OTHER },
    { 2202, "other_linux_aarch64", "Linux", ARCHITECTURE_AARCH64, TPM_SUPPORTED, FAMILY_LINUX },
    { 2203, "rhel_9_aarch64", "Red Hat Enterprise Linux 9.x", ARCHITECTURE_AARCH64, TPM_SUPPORTED, FAMILY_LINUX },
    { 2204, "ol_8_aarch64", "Oracle Linux 8.x", ARCHITECTURE_AARCH64, TPM_SUPPORTED, FAMILY_LINUX },
    { 2205, "ol_9_aarch64", "Oracle Linux 9.x", ARCHITECTURE_AARCH64, TPM_SUPPORTED, FAMILY_LINUX },
    { 2206, "ol_10_aarch64", "Oracle Linux 10.x", ARCHITECTURE_AARCH64, TPM_SUPPORTED, FAMILY_LINUX },
};

/* What suits a system, by its makers' own words, where it is not virtio on the cluster's machine with a gigabyte. The first row whose name it begins with. */
static const struct { const char *name; BiosType bios; gboolean tpm; DiskInterface disk; NicInterface nic; gint64 memory; } suits[] = {
    { "windows_11", BIOS_Q35_SECURE_BOOT, TRUE, DISK_INTERFACE_SATA, NIC_E1000E, 4096 },
    { "windows_2025", BIOS_Q35_SECURE_BOOT, TRUE, DISK_INTERFACE_SATA, NIC_E1000E, 2048 },
    { "windows_2022", BIOS_Q35_OVMF, FALSE, DISK_INTERFACE_SATA, NIC_E1000E, 2048 },
    { "windows_2019", BIOS_NONE_, FALSE, DISK_INTERFACE_SATA, NIC_E1000E, 2048 },
    { "windows_2016", BIOS_NONE_, FALSE, DISK_INTERFACE_SATA, NIC_E1000E, 2048 },
    { "windows_10", BIOS_NONE_, FALSE, DISK_INTERFACE_SATA, NIC_E1000E, 2048 },
    { "windows_8", BIOS_NONE_, FALSE, DISK_INTERFACE_SATA, NIC_E1000E, 2048 },
    { "windows_2012", BIOS_NONE_, FALSE, DISK_INTERFACE_SATA, NIC_E1000E, 2048 },
    { "windows_xp", BIOS_I440FX_SEA_BIOS, FALSE, DISK_INTERFACE_IDE, NIC_RTL8139, 256 },
    { "windows_2003", BIOS_I440FX_SEA_BIOS, FALSE, DISK_INTERFACE_IDE, NIC_E1000, 256 },
    { "windows_", BIOS_NONE_, FALSE, DISK_INTERFACE_SATA, NIC_E1000, 2048 },
    { "rhel_3", BIOS_I440FX_SEA_BIOS, FALSE, DISK_INTERFACE_IDE, NIC_E1000, 256 },
    { "rhel_4", BIOS_I440FX_SEA_BIOS, FALSE, DISK_INTERFACE_IDE, NIC_E1000, 256 },
    { "rhel_8", BIOS_NONE_, FALSE, DISK_INTERFACE_VIRTIO, NIC_VIRTIO, 2048 },
    { "rhel_9", BIOS_NONE_, FALSE, DISK_INTERFACE_VIRTIO, NIC_VIRTIO, 2048 },
    { "rhel_10", BIOS_NONE_, FALSE, DISK_INTERFACE_VIRTIO, NIC_VIRTIO, 2048 },
    { "ol_", BIOS_NONE_, FALSE, DISK_INTERFACE_VIRTIO, NIC_VIRTIO, 2048 },
    { "", BIOS_NONE_, FALSE, DISK_INTERFACE_VIRTIO, NIC_VIRTIO, 0 },
};

static const struct { const char *small, *large; } pictures[N_FAMILIES] = {
    [FAMILY_OTHER] = {
        "iVBORw0KGgoAAAANSUhEUgAAAC0AAAAdAgMAAABDDg2kAAAADFBMVEUAAABGTlh4gozm6OszhLHPAAAAAXRSTlMAQObYZgAAADpJREFUeNpjYMAD"
        "QiHAAZMTtQoEVlLE+f8LB2f1/3/EcHAbQLpzcPuUgYExNAARJDg5rEAdIVg52AEAAxpc0eilqaoAAAAASUVORK5CYII=",
        "iVBORw0KGgoAAAANSUhEUgAAAJYAAAB4AgMAAABtIeODAAAADFBMVEUAAABGTlh4gozm6OszhLHPAAAAAXRSTlMAQObYZgAAAJRJREFUeNrt18sN"
        "gCAQBFDpUS/2ZRN6oAT6oQQOroIJXCSMf0xmrryEbGA30DTM81FdJmQF1o87GcjI6mCTCMKMiAOYiMxltu6Zds0z7ZktMuOZu4t5FWu4ykKhsdSX"
        "mN6YJTvGPjmse+8bysBeABsQbGdwOKCjBhxco3Ec+GSVMD6PH2QpYbEt/mrI/sEUdupkzOksZfPUp/2VmVYAAAAASUVORK5CYII=" },
    [FAMILY_LINUX] = {
        "iVBORw0KGgoAAAANSUhEUgAAAC0AAAAdAgMAAABDDg2kAAAADFBMVEUAAABGTlgoLDT1vjzC7V42AAAAAXRSTlMAQObYZgAAAEBJREFUeNpjYMAD"
        "QiHAAZMTtQoEVhLk7MfJWf0LFwe3nlWr///DwSHOOTg5uH3KwMAYGoAIEpwcVqCOEKwc7AAAILhaiYFjfgEAAAAASUVORK5CYII=",
        "iVBORw0KGgoAAAANSUhEUgAAAJYAAAB4AgMAAABtIeODAAAADFBMVEUAAABGTlgoLDT1vjzC7V42AAAAAXRSTlMAQObYZgAAAF9JREFUeNrt17EN"
        "wCAMBVHYMWmyF0vQZD+aj0JDE+QEyQXiruV1tgSEQP7FcxDMYFd+KcEWZ1KB+bF8S7D/jEWa3LcntQrMh3F9wHZnPI8dWa8dHuavBrYGi9+mDqPp"
        "KipZxe7qMjp1AAAAAElFTkSuQmCC" },
    [FAMILY_WINDOWS] = {
        "iVBORw0KGgoAAAANSUhEUgAAAC0AAAAdAgMAAABDDg2kAAAADFBMVEUAAABGTlgUWqrr9f+dAJGmAAAAAXRSTlMAQObYZgAAADhJREFUeNpjYMAD"
        "QiHAAZMTtQoEVmLjrP7/+/8vqnGoazROV+P2KQMDY2gAIkhwcliBOkKwcrADAIinZoP4cQHqAAAAAElFTkSuQmCC",
        "iVBORw0KGgoAAAANSUhEUgAAAJYAAAB4AgMAAABtIeODAAAADFBMVEUAAABGTlgUWqrr9f+dAJGmAAAAAXRSTlMAQObYZgAAAFdJREFUeNrt1zEK"
        "ABAUgGHuyOJeLmFxBPeyEIuFSCj1/4vBtym9JwTdT+pBsAkzrpOFrTCfSjHUAwaDvWV8DjAYjHHlEGM8vsha9VJNtxrYH0yuvTqMtst2rEb1C4Um"
        "0wAAAABJRU5ErkJggg==" },
};
/* clang-format on */

gboolean
guest_system_requires_tpm(const GuestSystem *system)
{
    return system->tpm_support == TPM_REQUIRED;
}

gboolean
guest_system_supports_tpm(const GuestSystem *system)
{
    return system->tpm_support != TPM_UNSUPPORTED;
}

gboolean
guest_system_is_any(const GuestSystem *system)
{
    return g_str_equal(system->name, "other") || g_str_equal(system->name, "other_linux");
}

gboolean
guest_system_is_windows(const char *name)
{
    return name && g_str_has_prefix(name, "windows");
}

gboolean
guest_system_needs_v3(const char *name)
{
    return name && (g_str_equal(name, "rhel_10x64") || g_str_equal(name, "ol_10x64"));
}

static void
set_suits(GuestSystem *system)
{
    guint row = 0;
    while (!g_str_has_prefix(system->name, suits[row].name))
        row++;
    system->bios_type = (int) suits[row].bios;
    system->tpm_enabled = suits[row].tpm;
    system->disk_interface = (int) suits[row].disk;
    system->nic_interface = (int) suits[row].nic;
    system->minimum_memory = suits[row].memory << 20;
}

static Id
icon_id(Family family, const char *size)
{
    g_autofree char *name = g_strdup_printf("icon %d %s", (int) family, size);
    return id_named(&id_null, name);
}

static void
add_icon(GPtrArray *objects, Family family, const char *size, const char *data)
{
    static const char *const names[N_FAMILIES] = { "other", "linux", "windows" };
    Icon *icon = object_new(&icon_type);
    icon->object.id = icon_id(family, size);
    icon->name = g_strdup_printf("%s-%s", names[family], size);
    icon->media_type = g_strdup("image/png");
    icon->data = g_strdup(data);
    g_ptr_array_add(objects, icon);
}

void
guest_systems_add_fixed(GPtrArray *objects)
{
    for (Family family = FAMILY_OTHER; family < N_FAMILIES; family++) {
        add_icon(objects, family, "small", pictures[family].small);
        add_icon(objects, family, "large", pictures[family].large);
    }
    for (guint i = 0; i < G_N_ELEMENTS(systems); i++) {
        GuestSystem *system = object_new(&operating_system_type);
        system->object.id = id_number(systems[i].number);
        system->name = g_strdup(systems[i].name);
        system->description = g_strdup(systems[i].description);
        system->architecture = (int) systems[i].architecture;
        system->tpm_support = (int) systems[i].tpm;
        set_suits(system);
        system->small_icon.id = icon_id(systems[i].family, "small");
        system->large_icon.id = icon_id(systems[i].family, "large");
        g_ptr_array_add(objects, system);
    }
}
