/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What shikirid was told on its command line. */
#pragma once

#include "base/fault.h"
#include "base/usage.h"

typedef struct {
    char *data_dir;                 /* absolute; never NULL */
    char *listen;                   /* NULL: port 443 of every address, else 8443 */
    char *password_file;            /* NULL: DATA_DIR/admin-password */
    char *libvirt;                  /* URI; never NULL */
    char *fake;                     /* file of fake hosts, or NULL */
    char **shared_folders;          /* that VMs may be given, or parts of them; absolute; NULL: none */
    char *console_ports;            /* "8500-8515"; never NULL */
    guint first_port, last_port;    /* read from it; 0: no viewers */
    char *fail_at;
    char *describe;                 /* "markdown" …: print the reference and end */
    char *backup, *restore;         /* do this and end */
    int observe;                    /* minutes between two looks at the threads of VMs that are bound to cores */
    gboolean imageio;               /* serve its ports too */
    gboolean version, debug, help;
} Options;

/* FALSE with a sentence. */
gboolean options_parse(Options *options, int *argc, char ***argv, GError **error);
void options_help(Text *out, Language language);
void options_man(Text *out, Language language);     /* NAME to OPTIONS of shikirid(8) */
void options_clear(Options *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)
