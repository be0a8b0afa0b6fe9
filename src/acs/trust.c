/* trust.c - by which rule of X.509 a host was not trusted, and what an administrator can do. */
// SPDX-License-Identifier: Apache-2.0
#include "acs/trust.h"

#include <string.h>

#include <openssl/x509_vfy.h>

/* The name is looked at once the chain is right, before libcurl takes note of that. */
const char *
trust_rule(CURL *u, CURLcode result, const char *told, const char **mend)
{
	static const char fetch[] = "fetch a fresh revocation_list, of each CA in the chain";
	long verified = X509_V_OK;

	(void)curl_easy_getinfo(u, CURLINFO_SSL_VERIFYRESULT, &verified);
	*mend = "is it the host that is meant, and does nothing on the way open TLS? then the machine's list of CAs (ca-certificates), or its clock";
	if (result == CURLE_SSL_CRL_BADFILE) {
		*mend = fetch;
		return "revocation_list cannot be read";
	}
	if (verified == X509_V_ERR_UNABLE_TO_GET_CRL || verified == X509_V_ERR_CRL_HAS_EXPIRED || verified == X509_V_ERR_CRL_NOT_YET_VALID ||
	    (told && strcmp(told, X509_verify_cert_error_string(X509_V_ERR_CRL_SIGNATURE_FAILURE)) == 0))
		*mend = fetch;
	if (result == CURLE_SSL_CONNECT_ERROR)
		return told;
	return verified == X509_V_OK || verified == X509_V_ERR_UNSPECIFIED ? "it was not issued for this name" : X509_verify_cert_error_string(verified);
}
