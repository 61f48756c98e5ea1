/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The newest numbers as Prometheus reads them, for who has said who he is. Written by a worker. Called by door.c. */
#pragma once

#include "api/exchange.h"

#define SCRAPE_PATH "/metrics"

void scrape_serve(Exchange *exchange);
