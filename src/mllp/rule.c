/* rule.c - each reason to refuse a certificate: its alert, its words, its cure. */
// SPDX-License-Identifier: Apache-2.0
#include "mllp/identity.h"

#include <assert.h>
#include <openssl/x509_vfy.h>

static const struct identity_rule_text texts[RULES] = {
	[RULE_ACCEPTED] = { X509_V_OK, "", "" },
	[RULE_NO_CERTIFICATE] = { X509_V_ERR_CERT_UNTRUSTED, "no client certificate was sent",
	    "set the sender's client certificate and key on its outgoing connection" },
	[RULE_UNPINNED] = { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
	    "the certificate's key is pinned by no environment of this listener",
	    "if you expect this sender, add it to the environment's certificates and reload" },
	[RULE_UNKNOWN_ISSUER] = { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
	    "the certificate's issuer is trusted by no environment of this listener",
	    "if you expect this sender, name its issuer as issuer, or let it send its intermediates" },
	[RULE_BAD_CHAIN] = { X509_V_ERR_CERT_UNTRUSTED, "the certificate's chain does not verify",
	    "have the sender's certificate issued anew by a proper authority" },
	[RULE_WEAK_KEY] = { X509_V_ERR_EE_KEY_TOO_SMALL,
	    "the certificate's key is weaker than RSA 2048 or EC 256",
	    "have the sender's certificate issued anew with a stronger key" },
	[RULE_WEAK_SIGNATURE] = { X509_V_ERR_CA_MD_TOO_WEAK, "the certificate is signed with SHA-1 or MD5",
	    "have the sender's certificate issued anew with SHA-256" },
	[RULE_WRONG_USE] = { X509_V_ERR_INVALID_PURPOSE, "the certificate is not meant for TLS clients",
	    "have it issued anew with clientAuth in its extended key usage" },
	[RULE_CRITICAL] = { X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION,
	    "the certificate has a broken or an unknown critical extension",
	    "have the sender's certificate issued anew without it" },
	[RULE_EXPIRED] = { X509_V_ERR_CERT_HAS_EXPIRED, "the certificate has expired",
	    "renew the sender's certificate; with the same key nothing changes here" },
	[RULE_EARLY] = { X509_V_ERR_CERT_NOT_YET_VALID, "the certificate is not valid yet",
	    "compare the clocks of both machines" },
	[RULE_NO_LIST] = { X509_V_ERR_UNABLE_TO_GET_CRL,
	    "the issuer's revocation list is missing or out of date",
	    "fetch a fresh revocation_list and reload" },
	[RULE_REVOKED] = { X509_V_ERR_CERT_REVOKED, "the certificate was revoked by its issuer",
	    "give the sender a new certificate" },
	[RULE_NAME] = { X509_V_ERR_HOSTNAME_MISMATCH,
	    "the certificate's name is none of the environment's subjects",
	    "if you expect this sender, add its name to subjects and reload" },
	[RULE_SOURCE] = { X509_V_ERR_APPLICATION_VERIFICATION,
	    "the certificate is good, but the address is outside the environment's sources",
	    "if you expect this sender there, add the address to sources and reload" },
};

const struct identity_rule_text *
identity_rule_text(enum identity_rule r)
{
	assert(r < RULES);
	return &texts[r];
}
