/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of /images share: one file for each way bytes go. Each holds its seat at the transfer and a waker of its request, is
 * counted, and outlives the request while the disk still has one of its buffers. */
#pragma once

#include "api/request.h"
#include "transfer/transfers.h"

/* All take over SEAT. */

/* PUT to OFFSET. Its bytes are written as they come. */
void image_upload_begin(Request *request, TransferSeat *take, gint64 offset);
void image_upload_end(Request *request, gboolean flush);        /* the body is whole: ends the exchange when all is written */

/* GET: COUNT bytes from OFFSET, as the reply. */
void image_download_begin(Request *request, TransferSeat *take, gint64 offset, gint64 count);

/* GET …/extents: a list that is written while it is learnt. */
void image_extents_begin(Request *request, TransferSeat *take);

/* The fault of errno WHY. FALSE. */
gboolean image_fail(int why, GError **error);
