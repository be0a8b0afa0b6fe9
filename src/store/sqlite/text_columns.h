/* store/sqlite/text_columns.h - the columns of a text in statements that have all of them; a parameter is one more. */
#ifndef STORE_SQLITE_TEXT_COLUMNS_H
#define STORE_SQLITE_TEXT_COLUMNS_H

#include "store/sqlite/sql.h"

enum {
	C_ID, C_SITE, C_GENERATION, C_KIND, C_RULE, C_STATE, C_REASON, C_PLANNED, C_DUE, C_EXPIRES, C_START,
	C_FINGERPRINT, C_REPEAT_ID, C_FIRST_SENT, C_BOOT_ID, C_ATTEMPTS, C_UNSURE, C_NUMBER, C_SENDER, C_GATEWAY,
	C_SEGMENTS, C_SENT, C_HTTP_STATUS, C_CODE, C_MESSAGE_ID, C_CONFIG, C_WITHIN, C_CARRIER,
	C_REPORT_CODE, C_WORDS, C_NUMBER_NO, C_HOURS, C_COLUMNS
};

_Static_assert(C_COLUMNS == TEXT_COLUMNS_N, "what follows a text in a view has its number");

#endif
