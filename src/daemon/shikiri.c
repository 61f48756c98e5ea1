/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Wiring, and nothing else: the order in which parts are made is the order in which they need each other; the way back is the
 * same list backwards. Hosts connect in the background: a host that hangs holds up no start. Called by main(). */
#include "daemon/shikiri.h"

#include "api/api.h"
#include "api/password.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/workers.h"
#include "catalogue/catalogue.h"
#include "daemon/data_dir.h"
#include "daemon/signals.h"
#include "evidence/evidence.h"
#include "host/fake.h"
#include "policy/policy.h"

#include <string.h>
#include <unistd.h>

#define FEED_KEPT 20000             /* changes a follower may be behind */
#define LISTEN_USUAL "[::]:443"
#define LISTEN_ELSE "[::]:8443"

struct Shikiri {
    const Options *options;
    char *password_file;
    Loop *loop;
    gboolean given_back;            /* once, of what the start left */
    Inventory *inventory;
    Feed *feed;
    Statistics *statistics;
    Metrics *metrics;               /* NULL: the past cannot be kept, and the log says why */
    Store *store;
    Fake *fake;                     /* NULL: hosts are real */
    Hosts *hosts;
    Consoles *consoles;
    Transfers *transfers;
    Engine *engine;
    Policy *policy;
    Evidence *evidence;
    Catalogue *catalogue;
    Api *api;
    char *address;                  /* as told to people: "127.0.0.1", "manager.example.jp" */
    char *url_file;                 /* once it serves */
    GArray *wished;                 /* EstateHost */
    char *storage_path;
    EstateWishes wishes;            /* from wished and storage_path */
    GError *password_error;
};

/* --- the estate's wishes ------------------------------------------------------------------------------------------------ */

static char *
hash_admin(gpointer data)
{
    Shikiri *shikiri = data;
    g_autofree char *password = data_dir_password(shikiri->password_file, &shikiri->password_error);
    return password ? password_hash(password) : NULL;
}

static void
wish_host(Shikiri *shikiri, const char *name, const char *uri)
{
    EstateHost host = { g_strdup(name), g_strdup(uri) };
    g_array_append_val(shikiri->wished, host);
}

static void
host_clear(gpointer data)
{
    EstateHost *host = data;
    g_free((char *) host->name);
    g_free((char *) host->uri);
}

static void
wish_hosts(Shikiri *shikiri)
{
    shikiri->wished = g_array_new(FALSE, FALSE, sizeof(EstateHost));
    g_array_set_clear_func(shikiri->wished, host_clear);
    if (!shikiri->fake) {
        wish_host(shikiri, g_get_host_name(), shikiri->options->libvirt);
        return;
    }
    for (guint i = 0; i < fake_count(shikiri->fake); i++) {
        g_autofree char *uri = g_strdup_printf("fake:///%s", fake_host_name(shikiri->fake, i));
        wish_host(shikiri, fake_host_name(shikiri->fake, i), uri);
    }
}

static void
make_engine(Shikiri *shikiri)
{
    shikiri->storage_path = g_build_filename(shikiri->options->data_dir, "storage", NULL);
    shikiri->wishes = (EstateWishes) {
        .hosts = (const EstateHost *) (gpointer) shikiri->wished->data, .n_hosts = shikiri->wished->len,
        .storage_path = shikiri->storage_path, .admin_hash = hash_admin, .data = shikiri,
        .admin_when = data_dir_changed(shikiri->password_file), .installation = id_random(),
    };
    EngineParts parts = {
        .loop = shikiri->loop, .inventory = shikiri->inventory, .feed = shikiri->feed, .store = shikiri->store,
        .hosts = shikiri->hosts, .transfers = shikiri->transfers, .statistics = shikiri->statistics, .data_dir = shikiri->options->data_dir,
        .wishes = &shikiri->wishes,
    };
    shikiri->engine = engine_new(&parts);
}

/* --- hosts ---------------------------------------------------------------------------------------------------------------- */

static HostLink *
make_fake_link(Shikiri *shikiri, const Host *host)
{
    for (guint i = 0; i < fake_count(shikiri->fake); i++)
        if (g_str_equal(fake_host_name(shikiri->fake, i), host->name))
            return fake_host_new(shikiri->fake, i, &host->object.id, engine_listener(shikiri->engine));
    return NULL;
}

static HostLink *
make_link(Shikiri *shikiri, const Host *host)
{
    gboolean fake = host->uri && g_str_has_prefix(host->uri, "fake:");
    if (fake != (shikiri->fake != NULL))
        return NULL;                /* an estate of the other kind: its hosts stay unconnected */
    if (fake)
        return make_fake_link(shikiri, host);
    g_autofree char *logs = g_build_filename(shikiri->options->data_dir, "console", NULL);
    g_autofree char *seeds = g_build_filename(shikiri->options->data_dir, "seeds", NULL);
    const HostFolders folders = { logs, seeds, (const char *const *) shikiri->options->shared_folders };
    return libvirt_host_new(&host->object.id, host->name, host->uri, &folders, engine_listener(shikiri->engine));
}

static void
connect_hosts(Shikiri *shikiri)
{
    g_autoptr(View) view = inventory_view(shikiri->inventory);
    ViewWalk walk = view_walk(view, &host_type);
    for (const Host *host; (host = view_next(&walk));) {
        HostLink *link = make_link(shikiri, host);
        if (link)
            hosts_add(shikiri->hosts, link);
        else
            log_warn("host '%s' (%s) is not connected by this start", host->name, host->uri ? host->uri : "no address");
    }
}

/* --- what storage domains say of themselves ------------------------------------------------------------------------------ */

static char *
kept_xml(gpointer data, const Id *vm)
{
    Shikiri *shikiri = data;
    return store_kept(shikiri->store, "domain-xml", vm, NULL);
}

static void
tell_notes(gpointer data, const StorageDomain *storage, const GError *why)
{
    Shikiri *shikiri = data;
    g_autofree char *reason = why ? message_encode(fault_message(why)) : NULL;
    Message *message = why ? message_new(MSG_FACT_NOTES_FAIL, "storage_domain", storage->name, "why", reason, NULL)
                           : message_new(MSG_FACT_NOTES_AGAIN, "storage_domain", storage->name, NULL);
    engine_event(shikiri->engine, 0, why ? SEVERITY_WARNING : SEVERITY_NORMAL, message, NULL, NULL);
}

static void
make_catalogue(Shikiri *shikiri)
{
    CatalogueParts parts = { .inventory = shikiri->inventory, .feed = shikiri->feed, .hosts = shikiri->hosts, .xml = kept_xml, .tell = tell_notes, .data = shikiri };
    shikiri->catalogue = catalogue_new(&parts);
}

/* --- the port ------------------------------------------------------------------------------------------------------------- */

/* Where oVirt's clients look for the daemon of a host and for the engine's proxy. */
static const guint16 imageio_ports[] = { 54322, 54323, 0 };

static Api *
open_api(Shikiri *shikiri, const char *listen, GError **error)
{
    ApiConfig config = { .listen = listen, .data_dir = shikiri->options->data_dir, .metrics = shikiri->metrics,
                         .consoles = shikiri->consoles, .transfers = shikiri->transfers,
                         .more_ports = shikiri->options->imageio ? imageio_ports : NULL };
    return api_new(&config, shikiri->engine, error);
}

/* Port 443 where nobody else has it, else 8443; one that was asked for is the only one tried. */
static gboolean
open_port(Shikiri *shikiri, GError **error)
{
    const char *listen = shikiri->options->listen;
    if (listen) {
        const char *colon = strrchr(listen, ':');
        shikiri->address = colon ? g_strndup(listen, colon - listen) : g_strdup(listen);
        shikiri->api = open_api(shikiri, listen, error);
        return shikiri->api != NULL;
    }
    g_autoptr(GError) busy = NULL;
    shikiri->address = g_strdup(g_get_host_name());
    shikiri->api = open_api(shikiri, LISTEN_USUAL, &busy);
    if (shikiri->api)
        return TRUE;
    log_info("port 443 cannot be had (%s): 8443 is used", busy->message);
    shikiri->api = open_api(shikiri, LISTEN_ELSE, error);
    return shikiri->api != NULL;
}

/* For the command line on this machine: where the manager is, as long as it is there. */
static void
tell_address(Shikiri *shikiri)
{
    g_autoptr(GError) error = NULL;
    gboolean any = !shikiri->options->listen || g_str_equal(shikiri->address, "0.0.0.0") || g_str_equal(shikiri->address, "[::]");
    g_autofree char *url = g_strdup_printf("https://%s:%u\n", any ? "localhost" : shikiri->address, api_port(shikiri->api));
    shikiri->url_file = g_build_filename(shikiri->options->data_dir, "url", NULL);
    if (access(shikiri->url_file, F_OK) == 0)
        log_warn("the last run did not end in order: it crashed, was killed (kill -9, out of memory) or the machine went down");
    /* No fsync: after a loss of power it says nothing true anyway. */
    if (!g_file_set_contents_full(shikiri->url_file, url, -1, G_FILE_SET_CONTENTS_NONE, 0600, &error))
        log_warn("%s", error->message);
}

/* --- the whole ------------------------------------------------------------------------------------------------------------ */

static gboolean
open_state(Shikiri *shikiri, GError **error)
{
    const Options *options = shikiri->options;
    g_autofree char *file = g_build_filename(options->data_dir, SHIKIRI_FILE, NULL);
    g_autofree char *fakes = g_build_filename(options->data_dir, "fake", NULL);
    shikiri->store = store_open(file, error);
    if (!shikiri->store)
        return FALSE;
    if (options->fake && !(shikiri->fake = fake_open(options->fake, fakes, error)))
        return FALSE;
    wish_hosts(shikiri);
    return TRUE;
}

/* Without a past there is a manager all the same. */
static void
open_metrics(Shikiri *shikiri)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_build_filename(shikiri->options->data_dir, "metrics", NULL);
    shikiri->metrics = metrics_new(dir, shikiri->inventory, shikiri->statistics, &error);
    if (!shikiri->metrics)
        log_warn("%s", error->message);
}

static void
tell_evidence(gpointer data, int code, Severity severity, Message *take, const Id *vm, const Id *host)
{
    engine_event_about(data, code, severity, take, &(EventAbout) { .vm = vm, .host = host });
}

static void
start_evidence(Shikiri *shikiri)
{
    shikiri->evidence = evidence_new(&(EvidenceParts) {
        .inventory = shikiri->inventory, .feed = shikiri->feed, .hosts = shikiri->hosts, .data_dir = shikiri->options->data_dir,
        .period = shikiri->options->observe * 60 * CLOCK_SECOND, .tell = tell_evidence, .data = shikiri->engine,
    });
}

static gboolean
start(Shikiri *shikiri, GError **error)
{
    if (!open_state(shikiri, error))
        return FALSE;
    open_metrics(shikiri);
    make_engine(shikiri);
    /* The store is being read meanwhile. Nobody is served before api_start(). */
    if (!open_port(shikiri, error) || !engine_start(shikiri->engine, error))
        return FALSE;
    if (shikiri->password_error) {
        g_propagate_error(error, g_steal_pointer(&shikiri->password_error));
        return FALSE;
    }
    shikiri->policy = policy_new(&(PolicyParts) { .engine = shikiri->engine, .loop = shikiri->loop });
    start_evidence(shikiri);
    connect_hosts(shikiri);
    make_catalogue(shikiri);
    if (shikiri->metrics)
        metrics_start(shikiri->metrics);
    api_start(shikiri->api);
    tell_address(shikiri);
    return TRUE;
}

Shikiri *
shikiri_new(const Options *options, GError **error)
{
    signals_block();
    Shikiri *shikiri = g_new0(Shikiri, 1);
    shikiri->options = options;
    shikiri->password_file = options->password_file ? g_strdup(options->password_file) : g_build_filename(options->data_dir, "admin-password", NULL);
    shikiri->loop = loop_new();
    shikiri->inventory = inventory_new();
    shikiri->feed = feed_new(FEED_KEPT);
    shikiri->statistics = statistics_new();
    shikiri->hosts = hosts_new();
    shikiri->consoles = consoles_new(shikiri->hosts, shikiri->inventory, options->first_port, options->last_port);
    shikiri->transfers = transfers_new();
    if (options->imageio)
        transfers_set_ports(shikiri->transfers, imageio_ports[0], imageio_ports[1]);
    if (start(shikiri, error)) {
        signals_watch(shikiri->loop);
        return shikiri;
    }
    shikiri_free(shikiri);
    return NULL;
}

char *
shikiri_url(const Shikiri *shikiri)
{
    return g_strdup_printf("https://%s:%u", shikiri->address, api_port(shikiri->api));
}

/* Loading the store and reading what hosts have leaves holes in the heaps; the reports of many hosts take longer than a second. */
static void
give_back(gpointer data)
{
    Shikiri *shikiri = data;
    memory_give_back();
    if (!shikiri->given_back)
        loop_timer(shikiri->loop, 30 * CLOCK_SECOND, give_back, shikiri);
    shikiri->given_back = TRUE;
}

void
shikiri_run(Shikiri *shikiri)
{
    loop_timer(shikiri->loop, CLOCK_SECOND, give_back, shikiri);
    loop_run(shikiri->loop);
}

/* What hosts reported while everybody was ending stands in the mailbox: nobody believes it any more, but it is to be freed. */
static void
drop_late_reports(Shikiri *shikiri)
{
    while (shikiri->engine && loop_iterate(shikiri->loop, FALSE))
        continue;
}

void
shikiri_free(Shikiri *shikiri)
{
    if (shikiri->url_file)
        unlink(shikiri->url_file);
    policy_stop(shikiri->policy);
    if (shikiri->engine)
        engine_part(shikiri->engine);
    if (shikiri->api)
        api_stop(shikiri->api);
    catalogue_stop(shikiri->catalogue);
    if (shikiri->engine)
        engine_stop(shikiri->engine);
    policy_free(shikiri->policy);
    evidence_stop(shikiri->evidence);
    transfers_stop(shikiri->transfers);
    hosts_free(shikiri->hosts);
    evidence_free(shikiri->evidence);
    catalogue_free(shikiri->catalogue);
    drop_late_reports(shikiri);
    api_free(shikiri->api);
    consoles_free(shikiri->consoles);
    if (workers_were_abandoned()) {
        store_close(shikiri->store);
        return;                     /* they may come back to any of the rest */
    }
    engine_free(shikiri->engine);
    transfers_free(shikiri->transfers);
    store_close(shikiri->store);
    fake_close(shikiri->fake);
    metrics_free(shikiri->metrics);
    statistics_free(shikiri->statistics);
    feed_free(shikiri->feed);
    inventory_free(shikiri->inventory);
    loop_free(shikiri->loop);
    g_clear_pointer(&shikiri->wished, g_array_unref);
    g_free(shikiri->storage_path);
    g_clear_error(&shikiri->password_error);
    g_free(shikiri->password_file);
    g_free(shikiri->url_file);
    g_free(shikiri->address);
    g_free(shikiri);
}
