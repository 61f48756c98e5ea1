/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What one client, one request and all of them together may use. Numbers only; who keeps them stands beside each. */
#pragma once

#include "base/clock.h"

/* Connections (tls.c). Each takes three descriptors. */
#define LIMIT_CONNECTIONS 2000          /* in all; fewer where the process may not open so many files */
#define LIMIT_CONNECTIONS_OF_ONE 400    /* of one address */
#define LIMIT_BACKLOG 512

/* Time (tls.c). A body must come and a reply must go at a pace of so many bytes a second, after a grace. */
#define LIMIT_HANDSHAKE (10 * CLOCK_SECOND)
#define LIMIT_IDLE (75 * CLOCK_SECOND)          /* kept alive with nothing asked */
#define LIMIT_HEAD (15 * CLOCK_SECOND)          /* from the first byte of a request to the last of its headers */
#define LIMIT_STALL (20 * CLOCK_SECOND)         /* nothing of a body came, nothing of a reply was taken */
#define LIMIT_FLOW (60 * CLOCK_SECOND)          /* the same, of the content of a disk: its pace is not limited */
#define LIMIT_GRACE (30 * CLOCK_SECOND)
#define LIMIT_PACE_BODY 8192
#define LIMIT_PACE_REPLY 16384
#define LIMIT_LINGER (2 * CLOCK_SECOND)         /* reading on after the last byte, so that a reply is not lost to a reset */

/* One request (server.c, request.c). */
#define LIMIT_POOL (32u << 10)          /* the HTTP library's memory a connection: all headers fit in it */
#define LIMIT_TARGET 8192               /* path and query, as sent */
#define LIMIT_PATH 2048                 /* decoded */
#define LIMIT_HEADERS 100
#define LIMIT_PARAMETERS 64
#define LIMIT_BODY (4u << 20)
#define LIMIT_FORM (64u << 10)          /* a body outside the API: of a login */
#define LIMIT_DRAIN (64u << 10)         /* a refused body up to this is read to its end, so that the connection can be kept */
#define LIMIT_UPLOAD_BLOCK (1u << 20)   /* of a disk's content: written at once, two of them a request */
#define LIMIT_DOWNLOAD_BLOCK (512u << 10)       /* read ahead, three of them a request */
/* All requests: bytes of bodies being collected (of clients not known yet: half of it), and of replies being sent (server.c). */
#define LIMIT_BODIES (64u << 20)
#define LIMIT_REPLIES (256u << 20)
#define LIMIT_SHARED 8                  /* what lists hold on to is mostly shared: it counts an eighth */

/* Who may ask (session.c, login.c). */
#define LIMIT_SESSIONS 10000
#define LIMIT_SESSIONS_OF_ONE 1000      /* of one user: its oldest go */
#define LIMIT_CREDENTIALS 1000          /* verified Basic credentials remembered */
#define LIMIT_CREDENTIAL_LIFE (300 * CLOCK_SECOND)
#define LIMIT_SUSPECTS 4096             /* (user, address) pairs with failures */
#define LIMIT_LOGINS_WAITING 64         /* passwords to be checked */
#define LIMIT_FREE_FAILURES 3           /* of a name from an address: after so many each further try waits twice as long */
#define LIMIT_FREE_OF_ADDRESS 30        /* of an address, whatever the names: after so many a try waits a second */
#define LIMIT_FAILURES_TOLD 60          /* events about failed logins a minute */
#define LIMIT_SLOWEST_TRY (16 * CLOCK_SECOND)
#define LIMIT_PASSWORD 1024             /* bytes */

/* Event streams (stream.c). */
#define LIMIT_STREAMS 200
#define LIMIT_STREAM_BATCH 64           /* objects written at once */
#define LIMIT_HEARTBEAT (15 * CLOCK_SECOND)
