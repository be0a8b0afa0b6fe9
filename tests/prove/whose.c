/* whose.c - see whose.h. */
// SPDX-License-Identifier: Apache-2.0
#include "whose.h"

bool product_runs;
