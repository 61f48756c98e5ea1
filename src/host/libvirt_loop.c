/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One thread, one loop, all hosts. Callbacks that run in it only queue: were one to wait for libvirt, the keepalive of every
 * host would stand still. Nobody else may use the default GMainContext. */
#include "host/libvirt_loop.h"

#include "base/lock.h"
#include "base/log.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

static struct {
    Lock lock;
    guint holds;
    gint quit;              /* atomic */
    Thread *thread;
    gboolean registered;
} loop = { .lock = { PTHREAD_MUTEX_INITIALIZER } };

/* libvirt prints every error to stderr unless told otherwise; ours are told by whoever asked. */
static void
stay_silent(void *data, virErrorPtr error)
{
}

static gpointer
run_loop(gpointer data)
{
    while (!g_atomic_int_get(&loop.quit)) {
        if (virEventRunDefaultImpl() < 0)
            log_error("libvirt's event loop failed: %s", virGetLastErrorMessage());
    }
    while (g_main_context_iteration(NULL, FALSE))
        ;                   /* what closed connections left to be freed */
    return NULL;
}

static void
register_once(void)
{
    if (loop.registered)
        return;
    loop.registered = TRUE;
    virSetErrorFunc(NULL, stay_silent);
    if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0)
        g_error("libvirt cannot be initialised: %s", virGetLastErrorMessage());
}

void
libvirt_loop_hold(void)
{
    LOCK_HOLD(&loop.lock);
    if (loop.holds++ > 0)
        return;
    register_once();
    g_atomic_int_set(&loop.quit, FALSE);
    loop.thread = thread_new("libvirt events", run_loop, NULL);
}

void
libvirt_loop_release(void)
{
    LOCK_HOLD(&loop.lock);
    g_assert(loop.holds > 0);
    if (--loop.holds > 0)
        return;
    g_atomic_int_set(&loop.quit, TRUE);
    g_main_context_wakeup(NULL);
    thread_join(loop.thread);
    loop.thread = NULL;
}
