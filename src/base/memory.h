/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * How the C library keeps memory that was freed. Called once, first of all, by daemon's main(). */
#pragma once

void memory_set_up(void);
