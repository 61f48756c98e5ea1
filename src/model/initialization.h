/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a guest is told at its first start: names, users, keys, addresses, a script of the person's own. Linux reads it with cloud-init,
 * Windows with its sysprep. Rows and words are oVirt's. */
#pragma once

#include "model/vm_devices.h"
#include "schema/type.h"

#define BOOT_PROTOCOL(N, E) N(E, OFF, "none") N(E, STATIC, "static") N(E, DHCP, "dhcp") N(E, AUTOCONF, "autoconf") N(E, POLY, "poly_dhcp_autoconf")
NAMES_ENUM(BootProtocol, BOOT_PROTOCOL, BOOT_PROTOCOL);
extern const Names boot_protocol_names;

#define CLOUD_INIT_PROTOCOL(N, E) N(E, ENI, "eni") N(E, OPENSTACK, "openstack_metadata")
NAMES_ENUM(CloudInitProtocol, CLOUD_INIT_PROTOCOL, CLOUD_INIT_PROTOCOL);
extern const Names cloud_init_protocol_names;

typedef struct {
    char *name;                         /* "eth0": what the guest calls it from then on */
    int boot_protocol, ipv6_boot_protocol;      /* BootProtocol */
    Ip ip, ipv6;                        /* the netmask of ipv6 is the length of its prefix */
    gboolean on_boot;
} NicConfiguration;

typedef struct {
    char *host_name, *user_name;
    char *root_password;                /* SECRET: what crypt(3) made of it where the guest takes that; Windows takes the word itself alone, until it was given */
    char *authorized_ssh_keys;          /* a key a line */
    char *dns_servers, *dns_search;     /* words between blanks or commas */
    List nic_configurations;            /* NicConfiguration */
    char *timezone, *custom_script;
    gboolean regenerate_ssh_keys, regenerate_ids;
    int cloud_init_network_protocol;    /* CloudInitProtocol */
    char *org_name, *domain, *active_directory_ou, *input_locale, *system_locale, *ui_language, *user_locale;
    char *windows_license_key;          /* SECRET */
} Initialization;

extern const Type initialization_type, nic_configuration_type;

/* Is anything said? */
gboolean initialization_any(const Initialization *said);
/* A number of bits of a mask as people write it: "255.255.255.0" or "24"; MOST is 32 or 128. -1: it is none. */
int initialization_prefix(const char *netmask, int most);
