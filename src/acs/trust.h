/* acs/trust.h - why the certificate of a host was not trusted, in words.
 */
#ifndef ACS_TRUST_H
#define ACS_TRUST_H

#include <curl/curl.h>

/* By which rule the certificate was not trusted on whose connection u's request ended with result; told: what was found
 * while it was looked at, or NULL. *mend: what may help. Both are literals or OpenSSL's. NULL: it was something else. */
const char *trust_rule(CURL *u, CURLcode result, const char *told, const char **mend);

#endif
