/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The folder that holds everything: made and checked before anything else, so that what cannot work is said at the start. */
#pragma once

#include "base/clock.h"
#include "base/fault.h"

/* Makes DIR, DIR/storage and DIR/console. REACHED: QEMU must come to DIR/storage, or it is refused with the component that bars it. */
gboolean data_dir_prepare(const char *dir, gboolean reached, GError **error);
/* The first administrator's password: read from FILE, which is made with a random one where it is not there. Yours. */
char *data_dir_password(const char *file, GError **error);
Wall data_dir_changed(const char *file);            /* 0: it is not there */
