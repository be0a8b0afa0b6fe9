/* test_conf_faults.c - every mistake has its line, what is wrong and what would be right. Promise 10. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "conf_files.h"

#define WANTS 4

/* One change to the good configuration, and all that is said of it. */
struct row {
	const char *rule, *from, *to;
	const char *wants[WANTS]; /* "LINE: fragment"; errors must be these and no more */
};

#define END_OF_SITE "approver = analyst1\n"
#define SITE_TWO "}\nsite \"two\" { environment = prod fhir_base_url = \"https://x/R4\" profile = epic approver = analyst1 time_zone = UTC number = main\n"

static const struct row rows[] = {
	/* ---- reading ---- */
	{ "an unknown key names the nearest", "    time_zone = ", "    time_zome = ",
	    { "33: \"time_zome\" is not known in a block site; did you mean \"time_zone\"?" } },
	{ "an unknown key at the top", "store_key", "storekey", { "1: did you mean \"store_key\"?" } },
	{ "an unknown key that is near to none", "country = US", "country = US colour = red",
	    { "6: \"colour\" is not known in a block organization" } },

	{ "unknown keys are told together", "    type = toll-free\n    verified",
	    "    tipe = toll-free\n    verifyed",
	    { "14: did you mean \"type\"?", "15: did you mean \"verified\"?" } },
	{ "an unknown block", "gateway \"acs\"", "gatway \"acs\"", { "8: did you mean \"gateway\"?" } },
	{ "an unknown block inside a site", "reminder \"day\"", "remainder \"day\"",
	    { "35: did you mean \"reminder\"?" } },
	{ "a block as a setting", "store_key = keys/store.key", "site = cardiology",
	    { "1: site is a block: site \"NAME\" { ... }" } },
	{ "a setting as a block", "store_key = keys/store.key", "store_key { }",
	    { "1: store_key is a setting, not a block" } },
	{ "a list for one value", "country = US", "country = {US, CA}",
	    { "6: country has one value, not a list" } },
	{ "a key twice in a block", "country = US", "country = US\n    name = Other",
	    {
		"7: name is set twice",
	    } },
	{ "a key twice at the top", "store_key = keys/store.key\n",
	    "store_key = keys/store.key\nstore_key = keys/acs.key\n",
	    { "2: store_key is set twice" } },

	{ "an old store key that is not there", "store_key = keys/store.key\n",
	    "store_key = keys/store.key\nold_store_keys = {keys/acs.key, keys/gone.key}\n", { "2: keys/gone.key: No such file" } },
	{ "too many old store keys", "store_key = keys/store.key\n",
	    "store_key = keys/store.key\nold_store_keys = {keys/acs.key, keys/acs.key, keys/acs.key, keys/acs.key, keys/acs.key, keys/acs.key, keys/acs.key, keys/acs.key}\n", { "2: old_store_keys has 8 files, and may have 7" } },

	{ "a title twice", END_OF_SITE "}\n",
	    END_OF_SITE "}\nnumber \"main\" { sender = \"+18335550101\" type = toll-free gateway = acs }\n",
	    { "40: number \"main\" is there already" } },
	{ "the title of a reminder twice", "    approver",
	    "    reminder \"day\" { before = 2d }\n    approver",
	    { "38: reminder \"day\" is there already" } },

	{ "what stands twice does not hide what else is wrong", "country = US",
	    "country = USA\n    name = Other",
	    { "6: country is two capital letters", "7: name is set twice" } },

	{ "access twice", "store_key = keys/store.key\n",
	    "access { view = {a} }\naccess { view = {b} }\nstore_key = keys/store.key\n",
	    { "2: access is there already" } },

	{ "access has no title", "store_key = keys/store.key\n",
	    "access \"x\" { view = {a} }\nstore_key = keys/store.key\n",
	    { "1: the block access has no title" } },
	{ "a block without a title", "number \"main\"", "number", { "12: a block number needs a title" } },
	{ "a title that would be a path", "number \"main\"", "number \"a/b\"",
	    { "12: a title has no '/'", "34: there is no number \"main\"" } },

	{ "a title that is too long", "site \"cardiology\"",
	    "site \"cardiologycardiologycardiologycardiologycardiologycardiologycardiology\"",
	    { "29: a title has at most 63 bytes" } },
	{ "a missing closing brace", "    gateway = acs\n}\n", "    gateway = acs\n",
	    { "17: a block environment begins while the block number of line 12 is open" } },
	{ "a closing brace too many", "    gateway = acs\n}\n", "    gateway = acs\n}\n}\n",
	    { "18: there is a '}' too many" } },
	{ "a quote that is not ended", "name = \"Lamna Healthcare\"", "name = \"Lamna Healthcare",
	    { "3: a string is not ended" } },
	{ "a single quote that is not ended", "name = \"Lamna Healthcare\"", "name = 'Lamna",
	    { "3: a string is not ended" } },
	{ "a comment that is not ended", "    type = toll-free", "    /* type = toll-free",
	    { "14: a comment begins with /* here" } },
	{ "a value that is missing", "port = 2575", "port =\n    }",
	    { "25: a value should stand after '='" } },
	{ "an equals sign that is missing", "port = 2575", "port 2575",
	    { "24: after \"port\" there should be '=' and a value" } },
	{ "several words without quotes", "\"Lamna Healthcare\"", "Lamna Healthcare",
	    { "3: a value of several words goes into quotes" } },
	{ "a list without its comma", "{prod}", "{prod test}", { "27: in this list a ',' or the '}' is missing" } },
	{ "a list with two commas", "{prod}", "{prod,,test}", { "27: a ',' too many" } },
	{ "a list that is not ended", "{prod}\n}", "{prod",
	    { "28: in this list a ',' or the '}' is missing" } },
	{ "a list that does not begin", "{prod}", "prod, test",
	    { "27: a setting or a block should begin here" } },
	{ "lines are counted over comments and long strings", "store_key", "/* a\n b */ # c\n// d\nstore_kei",
	    { "4: did you mean \"store_key\"?" } },
	{ "a file that is no UTF-8", "Lamna Healthcare", "Lamna Sant\xe9", { "3: this is not UTF-8" } },
	{ "a control character", "Lamna Healthcare", "Lamna\x01", { "3: a control character" } },
	{ "an include that is not there", "store_key", "include(\"nowhere.conf\")\nstore_key",
	    { "1: No such file" } },
	{ "an include that is written wrong", "store_key", "include \"nowhere.conf\"\nstore_key",
	    { "1: an include is written include(\"FILE\")" } },
	{ "a file that includes itself", "store_key", "include(\"nudge.conf\")\nstore_key",
	    { "1: is included twice, or includes itself" } },

	{ "a word that adt does not have", "profile = epic", "profile = epic\n    adt = {deceased, address}",
	    { "33: adt may have deceased, phone and merge; not \"address\"" } },

	/* ---- required ---- */
	{ "organization: name", "    name = \"Lamna Healthcare\"\n", "",
	    { "2: organization \"lamna\": name is missing" } },
	{ "organization: first consent", "    consent_send_on_behalf = true\n", "",
	    { "2: consent_send_on_behalf is missing" } },
	{ "organization: second consent", "    consent_attendees_consented = true\n", "",
	    { "2: consent_attendees_consented is missing" } },
	{ "organization: country", "    country = US\n", "", { "2: country is missing" } },
	{ "gateway: endpoint", "    endpoint = \"https://lamna.unitedstates.communication.azure.com\"\n", "",
	    { "8: gateway \"acs\": endpoint is missing" } },
	{ "gateway: access_key", "    access_key = keys/acs.key\n", "", { "8: access_key is missing" } },
	{ "number: sender", "    sender = \"+18335550100\"\n", "", { "12: sender is missing" } },
	{ "number: type", "    type = toll-free\n", "", { "12: type is missing" } },
	{ "number: gateway", "    gateway = acs\n", "", { "12: gateway is missing" } },
	{ "environment: kind", "    kind = production\n", "", { "18: kind is missing" } },
	{ "environment: organization", "    organization = lamna\n", "", { "18: organization is missing" } },
	{ "environment: certificates", "    certificates = {certs/prod.cer}\n", "",
	    { "26: environment \"prod\" has neither certificates nor issuer" } },
	{ "listener: port", "    port = 2575\n", "", { "23: port is missing" } },
	{ "listener: certificate", "    certificate = tls/listener.crt\n", "",
	    { "23: certificate is missing" } },
	{ "listener: private_key", "    private_key = tls/listener.key\n", "",
	    { "23: private_key is missing" } },
	{ "listener: environments", "    environments = {prod}\n", "", { "23: environments is missing" } },
	{ "site: environment", "    environment = prod\n", "", { "29: environment is missing" } },
	{ "site: fhir_base_url", "    fhir_base_url = \"https://lamna.example/api/FHIR/R4\"\n", "",
	    { "29: fhir_base_url is missing" } },
	{ "site: profile", "    profile = epic\n", "", { "29: profile is missing" } },
	{ "site: time_zone", "    time_zone = America/Chicago\n", "", { "29: time_zone is missing" } },
	{ "site: approver in production with profile epic", "    approver = analyst1\n", "",
	    { "29: approver is missing" } },
	{ "reminder: before", "        before = 24h\n", "",
	    { "35: site \"cardiology\" reminder \"day\": before is missing" } },
	{ "required and empty is missing", "name = \"Lamna Healthcare\"", "name = \"\"",
	    { "3: name is missing" } },
	{ "all that is missing is told at once", "    sender = \"+18335550100\"\n    type = toll-free\n", "",
	    { "12: sender is missing", "12: type is missing" } },

	/* ---- values ---- */
	{ "a truth that is none", "verified = true", "verified = maybe",
	    { "15: verified is true or false, not \"maybe\"" } },
	{ "a word that is none names the nearest", "type = toll-free", "type = tollfree",
	    { "14: did you mean toll-free?" } },
	{ "the words are all named", "kind = production", "kind = live",
	    { "19: kind is one of production, test" } },
	{ "metrics for others to reach", "store_key", "metrics = \"0.0.0.0:9575\"\nstore_key", { "1: or a loopback address" } },
	{ "metrics by a name", "store_key", "metrics = \"localhost:9575\"\nstore_key", { "1: or a loopback address" } },
	{ "metrics without a port", "store_key", "metrics = \"127.0.0.1\"\nstore_key", { "1: \"127.0.0.1:9575\", not" } },
	{ "metrics at port 0", "store_key", "metrics = \"127.0.0.1:0\"\nstore_key", { "1: \"127.0.0.1:9575\", not" } },
	{ "metrics at a port that is too high", "store_key", "metrics = \"127.0.0.1:65536\"\nstore_key", { "1: \"127.0.0.1:9575\", not" } },
	{ "metrics in IPv6 without brackets", "store_key", "metrics = \"::1:9575\"\nstore_key", { "1: \"127.0.0.1:9575\", not" } },
	{ "metrics where nothing is said", "store_key", "metrics = yes\nstore_key", { "1: not \"yes\"" } },
	{ "metrics without a path", "store_key", "metrics = \"unix:\"\nstore_key", { "1: a path is missing" } },
	{ "metrics with a long path", "store_key", "metrics = \"unix:/run/0123456789012345678901234567890123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789\"\nstore_key", { "1: may have 107 characters" } },
	{ "metrics in place of a file", "store_key", "metrics = unix:keys/acs.key\nstore_key", { "1: is there and is no socket" } },
	{ "metrics in place of the control socket", "store_key", "metrics = unix:/run/nudge/control\nstore_key", { "1: is a socket of ours" } },
	{ "metrics at a listener's port", "store_key", "metrics = \"127.0.0.1:2575\"\nstore_key", { "1: listener \"epic\" has port 2575" } },
	{ "a number that is none", "port = 2575", "port = x", { "24: port is a number from 1 to 65535" } },
	{ "a number that is too high", "port = 2575", "port = 65536", { "24: from 1 to 65535" } },
	{ "a number that is too low", "port = 2575", "port = 0", { "24: from 1 to 65535" } },
	{ "a duration without a unit", END_OF_SITE, END_OF_SITE "settle = 120\n",
	    { "39: settle: \"120\" has no unit; write 120s" } },
	{ "a duration that is too long", END_OF_SITE, END_OF_SITE "retain = 1y\n",
	    { "39: retain = 1y: it may be from 0 to 90d" } },
	{ "a duration that is too short", END_OF_SITE, END_OF_SITE "stale = 0\n",
	    {
		"39: stale = 0: it may be from 1min to 30d",
	    } },
	{ "no confirmation would be sent", END_OF_SITE, END_OF_SITE "stale = 60s\n",
	    { "39: not longer than settle = 120s" } },
	{ "a size that is none", "port = 2575", "port = 2575 max_message = 1MB",
	    { "24: from 4KiB to 16MiB" } },
	{ "a size that is too small", "port = 2575", "port = 2575 max_message = 4095",
	    { "24: from 4KiB to 16MiB" } },
	{ "a size that is too large", "port = 2575", "port = 2575 max_message = 17MiB",
	    { "24: from 4KiB to 16MiB" } },
	{ "no room for handshakes", "port = 2575", "port = 2575 max_handshakes = 7",
	    { "24: max_handshakes is a number from 8 to 100000" } },
	{ "kept out for too long", "port = 2575", "port = 2575 penalty_max = 2h",
	    { "24: penalty_max = 2h: it may be from 0 to 1h" } },
	{ "a rate without its minute", "verified = true", "rate = 200",
	    { "15: rate is segments a minute, as 200/min" } },
	{ "a rate of nothing", "verified = true", "verified = true rate = 0/min",
	    { "15: from 1 to 1000000" } },
	{ "a rate is not off", "verified = true", "verified = true rate = off",
	    { "15: rate is segments a minute" } },
	{ "a brake that is none", END_OF_SITE, END_OF_SITE "storm_brake = no\n",
	    { "39: as 300/min, or off" } },
	{ "a window that ends before it begins", END_OF_SITE, END_OF_SITE "window = \"20:00-09:00\"\n",
	    { "39: the earlier first" } },
	{ "a window of no times", END_OF_SITE, END_OF_SITE "window = \"9-20\"\n",
	    { "39: window is two times of day" } },
	{ "a window past midnight", END_OF_SITE, END_OF_SITE "short_window = \"07:00-24:30\"\n",
	    { "39: short_window is two times of day" } },
	{ "a reminder without a unit", "before = 24h", "before = 24", { "36: before: \"24\" has no unit" } },
	{ "a reminder at a time that is none", "before = 24h", "before = \"2d at 25:00\"",
	    { "36: as \"2d at 10:00\"" } },
	{ "a reminder at the end of a day", "before = 24h", "before = \"1d at 24:00\"", { "36: as \"2d at 10:00\"" } },
	{ "a reminder at a time of hours before", "before = 24h", "before = \"48h at 10:00\"",
	    { "36: days before the visit" } },
	{ "a reminder later than expiry", "before = 24h", "before = 5min",
	    { "36: before = 5min is not longer than expiry = 5min" } },
	{ "a reminder years before", "before = 24h", "before = 367d", { "36: it may be from 1min to 366d" } },
	{ "a pattern that is none", END_OF_SITE, END_OF_SITE "departments = {'CARD('}\n",
	    { "39: pattern 'CARD(': at character 6" } },
	{ "an empty entry", END_OF_SITE, END_OF_SITE "languages = {en, \"\"}\n",
	    { "39: languages has an empty entry" } },
	{ "a country that is none", "country = US", "country = USA",
	    { "6: country is two capital letters, as US" } },
	{ "a country of the list", "country = US", "country = US countries = {US, Canada}",
	    { "6: country is two capital letters, as US, not \"Canada\"" } },

	/* ---- links ---- */
	{ "a number that is not there", "number = main", "number = mian",
	    { "34: there is no number \"mian\"; did you mean \"main\"?" } },
	{ "a gateway that is not there", "gateway = acs", "gateway = asc",
	    { "16: there is no gateway \"asc\"; did you mean \"acs\"?" } },
	{ "an organization that is not there", "organization = lamna", "organization = lama",
	    { "20: did you mean \"lamna\"?" } },
	{ "an environment that is not there", "environment = prod", "environment = prot",
	    { "30: did you mean \"prod\"?" } },
	{ "an environment of a listener", "{prod}", "{prod, tets}",
	    { "27: there is no environment \"tets\"" } },
	{ "a profile that is not there", "profile = epic", "profile = cerner",
	    { "32: profile is epic, oracle-health, generic, or a file" } },

	/* ---- gateway ---- */
	{ "an endpoint without its scheme", "https://lamna", "lamna",
	    { "9: endpoint begins with https://" } },
	{ "an endpoint with a path", "azure.com\"", "azure.com/sms\"", { "9: without a path, user or query" } },
	{ "an endpoint with a query", "azure.com\"", "azure.com?api-version=1\"",
	    { "9: without a path, user or query" } },
	{ "an endpoint with a user", "https://lamna", "https://evil.example@lamna",
	    { "9: without a path, user or query" } },
	{ "an id that the gateway has forgotten", "access_key = keys/acs.key", "access_key = keys/acs.key\n    repeat_window = 5min",
	    { "11: repeat_window" } },
	{ "an id that is not repeated", "access_key = keys/acs.key", "access_key = keys/acs.key\n    repeat_window = 0s",
	    { "11: repeat_window" } },
	{ "no time for a report", END_OF_SITE, "unknown_wait = 10s\n    " END_OF_SITE, { "38: unknown_wait" } },
	{ "an endpoint of somebody else", "communication.azure.com", "example.com",
	    { "9: say any_host = true" } },
	{ "an endpoint that only ends like one", "lamna.unitedstates.communication.azure.com",
	    "evilcommunication.azure.com", { "9: say any_host = true" } },
	{ "a name that looks like loopback", "https://lamna.unitedstates.communication.azure.com",
	    "http://127.evil.example", { "9: http:// is for loopback only" } },
	{ "an endpoint without TLS", "https://lamna", "http://lamna", { "9: http:// is for loopback only" } },
	{ "a way in that is none", "access_key =", "auth = password access_key =", { "10: auth is one of" } },
	{ "a secret of an application, and a key", "access_key =", "client_secret = keys/acs.key access_key =",
	    { "10: client_secret means nothing with auth = key" } },
	{ "an application without its parts", "access_key = keys/acs.key", "auth = client-secret",
	    { "8: tenant is missing", "8: client_id is missing", "8: client_secret is missing" } },
	{ "an application with a certificate and a key", "access_key = keys/acs.key",
	    "auth = client-certificate tenant = lamna.example client_certificate = keys/acs.key access_key = keys/acs.key\n"
	    "client_id = 11111111-2222-3333-4444-555555555555",
	    { "10: access_key means nothing with auth = client-certificate" } },
	{ "an application's id that is a name", "access_key = keys/acs.key",
	    "auth = client-secret tenant = t client_secret = keys/acs.key client_id = nudge", { "10: client_id is the id of" } },
	{ "a tenant with a path", "access_key = keys/acs.key",
	    "auth = client-secret client_secret = keys/acs.key client_id = 11111111-2222-3333-4444-555555555555 tenant = \"a/b\"",
	    { "10: tenant is the id or the domain" } },
	{ "an application's secret that is not there", "access_key = keys/acs.key",
	    "auth = client-secret client_secret = keys/none tenant = t client_id = 11111111-2222-3333-4444-555555555555",
	    { "10: gateway \"acs\": client_secret: /" } },
	{ "an authority of somebody else", "access_key = keys/acs.key",
	    "auth = client-secret client_secret = keys/acs.key tenant = t client_id = 11111111-2222-3333-4444-555555555555 "
	    "authority = \"https://login.example\"", { "10: none of Microsoft's" } },
	{ "an authority without TLS", "access_key = keys/acs.key",
	    "auth = client-secret client_secret = keys/acs.key tenant = t client_id = 11111111-2222-3333-4444-555555555555 "
	    "authority = \"http://login.example\"", { "10: authority: http:// is for loopback only" } },
	{ "a metadata service of somebody else", "access_key = keys/acs.key",
	    "auth = managed-identity identity_endpoint = \"http://10.0.0.1\"", { "10: identity_endpoint is http://169.254.169.254" } },
	{ "an endpoint with a bad port", "azure.com\"", "azure.com:0\"", { "9: no good host and port" } },
	{ "an endpoint with a strange host", "https://lamna", "https://lam\\na",
	    { "9: no good host and port" } },
	{ "an API version that is not known",
	    "access_key =", "api_version = 2020-01-01 access_key =", { "10: api_version is one of" } },

	/* ---- number ---- */
	{ "a toll-free number in national form", "+18335550100", "8335550100",
	    { "13: a number with its country" } },
	{ "a toll-free number with blanks", "+18335550100", "+1 833 555 0100",
	    { "13: a number with its country" } },
	{ "a 10DLC number that is a name", "\"+18335550100\"\n    type = toll-free",
	    "LAMNA\n    type = 10dlc", { "13: a number with its country" } },
	{ "a short code of four digits", "\"+18335550100\"\n    type = toll-free",
	    "1234\n    type = short-code", { "13: five or six digits" } },
	{ "a short code with a plus", "\"+18335550100\"\n    type = toll-free",
	    "\"+12345\"\n    type = short-code", { "13: five or six digits" } },
	{ "a name of twelve letters", "\"+18335550100\"\n    type = toll-free",
	    "LAMNAHEALTHC\n    type = alphanumeric", { "13: at most 11" } },
	{ "a name without a letter", "\"+18335550100\"\n    type = toll-free",
	    "12345\n    type = alphanumeric", { "13: a letter among them" } },
	{ "a name with a sign", "\"+18335550100\"\n    type = toll-free",
	    "LAMNA-CARE\n    type = alphanumeric", { "13: letters, digits and blanks" } },

	/* ---- environment ---- */

	{ "production texts everybody or nobody", "kind = production",
	    "kind = production only_to = {\"+16085550123\"}", { "19: only_to is for test environments" } },
	{ "a test number in national form", "kind = production", "kind = test only_to = {\"6085550123\"}",
	    { "19: entry 1 is no number with its country" } },
	{ "an issuer without subjects", "certificates = {certs/prod.cer}", "issuer = certs/ca.pem",
	    { "21: issuer needs subjects" } },
	{ "subjects without an issuer", "organization = lamna",
	    "organization = lamna subjects = {\"epic.example\"}", { "20: subjects need issuer" } },
	{ "a revocation list without an issuer", "organization = lamna",
	    "organization = lamna revocation_list = x.crl", { "20: revocation_list needs issuer" } },

	{ "an environment that nobody serves needs proof too", "site \"cardiology\"",
	    "environment \"spare\" { kind = production organization = lamna }\nsite \"cardiology\"",
	    { "29: environment \"spare\": certificates is missing" } },

	/* ---- listener ---- */
	{ "promise 9: no TLS for the world", "port = 2575", "port = 2575 tls = false",
	    { "24: tls = false is for loopback only" } },
	{ "an address that is a name", "port = 2575", "port = 2575 address = listener.example",
	    { "24: address is an IP address" } },

	{ "a port twice", "site \"cardiology\"",
	    "listener \"two\" { port = 2575 certificate = a private_key = tls/listener.key environments = "
	    "{prod} }\nsite \"cardiology\"",
	    { "29: listener \"epic\" has port 2575 of this address already" } },
	{ "a port twice, once for all addresses", "site \"cardiology\"",
	    "listener \"two\" { address = \"127.0.0.1\" port = 2575 certificate = a private_key = "
	    "tls/listener.key environments = {prod} }\nsite \"cardiology\"",
	    { "29: listener \"epic\" has port 2575" } },

	/* ---- site ---- */
	{ "a link that is required and comes from nowhere", END_OF_SITE, END_OF_SITE "link_required = true\n",
	    { "39: link_required = true needs link" } },
	{ "none and somebody approve", "approver = analyst1", "approver = {none, analyst1}",
	    { "38: either none or users" } },
	{ "two sites for the same messages", END_OF_SITE "}\n",
	    END_OF_SITE "}\nsite \"two\" { environment = prod fhir_base_url = \"https://lamna.example/R4\" "
			"profile = generic time_zone = America/Chicago number = main }\n",
	    { "40: a message could be for this site and for \"cardiology\" as well" } },
	{ "two sites for the same messages, one of a sender", END_OF_SITE "}\n",
	    END_OF_SITE
	    "}\nsite \"two\" { environment = prod fhir_base_url = \"https://lamna.example/R4\" profile = "
	    "generic time_zone = America/Chicago number = main sending_application = EPIC }\n",
	    { "40: a message could be for this site" } },

	/* ---- what is never reached ---- */
	{ "a site behind one that takes all", END_OF_SITE "}\n", END_OF_SITE SITE_TWO "departments = {'^EYE$'} }\n",
	    { "40: no message reaches it: site \"cardiology\", which stands before it, takes all of them; put \"two\" first" } },
	{ "also behind a wider sender", END_OF_SITE "}\n", END_OF_SITE SITE_TWO "sending_facility = EYE departments = {EYE} }\n",
	    { "40: no message reaches it" } },
	{ "a site before one that takes all", "site \"cardiology\" {\n",
	    "site \"cardiology\" { departments = {EYE}\n}\nsite \"three\" {\n",
	    { "29: environment is missing", "29: fhir_base_url is missing", "29: profile is missing", "29: time_zone is missing" } },
	{ "every pattern within another's", END_OF_SITE "}\n",
	    "departments = {CARD, '^E.E'} " END_OF_SITE SITE_TWO "departments = {CARDIO, '^EYE$'} }\n", { "40: no message reaches it" } },
	{ "some patterns within another's", END_OF_SITE "}\n",
	    "departments = {CARD} " END_OF_SITE SITE_TWO "departments = {CARDIO, '^EYE$'} }\n",
	    { "warning 41: departments: 'CARDIO' goes to site \"cardiology\", which stands before it" } },
	{ "the same word in another field", END_OF_SITE "}\n",
	    "departments = {CARD} " END_OF_SITE SITE_TWO "departments = {CARDIO} paths = {'department = PV1-3.1'} }\n", { NULL } },
	{ "anchored patterns do not take more than they say", END_OF_SITE "}\n",
	    "departments = {'^CARD$'} " END_OF_SITE SITE_TWO "departments = {CARD} }\n", { NULL } },
	{ "of two that tell visit types apart neither is hidden", END_OF_SITE "}\n",
	    "visit_types = {NEW} " END_OF_SITE SITE_TWO "departments = {EYE} }\n", { NULL } },
	{ "of two that ask for other fields neither is hidden", END_OF_SITE "}\n",
	    "only_if = {'PV1-2 = ^O$'} " END_OF_SITE SITE_TWO "departments = {EYE} }\n", { NULL } },
	{ "a pattern that says nothing more", END_OF_SITE, "departments = {CARD, '^CARD1$', CARD}\n    " END_OF_SITE,
	    { "warning 38: departments: '^CARD1$' says nothing more: 'CARD' takes that too", "warning 38: departments: 'CARD' says nothing more" } },
	{ "a site that is confidential as a whole", END_OF_SITE, "departments = {'^CARD$'} confidential_departments = {CARD}\n    " END_OF_SITE,
	    { "warning 38: confidential_departments takes in all that the site has" } },
	{ "two reminders at one time", END_OF_SITE, "reminder \"again\" { before = 1440min }\n    " END_OF_SITE,
	    { "warning 38: reminder \"again\": reminder \"day\" goes at the same time" } },
	{ "a day is not always 24 hours", END_OF_SITE, "reminder \"again\" { before = 1d }\n    " END_OF_SITE, { NULL } },

	/* ---- the FHIR base URL ---- */
	{ "a FHIR base URL with a password", "https://lamna.example", "https://user:pw@lamna.example", { "31: fhir_base_url has no user and no password" } },
	{ "a FHIR base URL with a request", "FHIR/R4\"", "FHIR/R4/metadata\"", { "warning 31: ends before \"/metadata\"" } },
	{ "a FHIR base URL with a query", "FHIR/R4\"", "FHIR/R4?_format=json\"", { "warning 31: ends before \"?\"" } },
	{ "a FHIR base URL with a slash at its end", "FHIR/R4\"", "FHIR/R4/\"", { "warning 31: no '/' at its end" } },
	{ "a FHIR base URL of a test system", "https://lamna.example/api", "https://lamna.example/interconnect-tst-oauth/api",
	    { "warning 31: says \"tst\", and environment \"prod\" is production" } },
	{ "a FHIR base URL with its version inside", "https://lamna.example/api/FHIR/R4", "https://fhir.example/r4/11111111-tenant", { NULL } },

	/* ---- secrets ---- */

	{ "promise 8: a connection string is not repeated",
	    "https://lamna.unitedstates.communication.azure.com",
	    "endpoint=https://lamna.communication.azure.com/;accesskey=c2VjcmV0",
	    { "9: the connection string goes into the file" } },
	{ "promise 8: a key is not repeated", "access_key = keys/acs.key",
	    "access_key = "
	    "\"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0czI=\"",
	    { "10: not the key itself" } },
	{ "a store key that is not there", "keys/store.key", "keys/none.key",
	    { "1: make it with: nudgectl keygen /" } },
	{ "an access key that is not there", "keys/acs.key", "keys/none.key",
	    { "10: gateway \"acs\": access_key: /" } },
	{ "a private key that is not there", "tls/listener.key", "tls/none.key",
	    { "26: listener \"epic\": private_key: /" } },

	/* ---- warnings ---- */
	{ "data in another geography", "country = US", "country = US geography = europe",
	    { "warning 6: geography = europe, but gateway \"acs\", which site \"cardiology\" sends through, keeps its data in unitedstates" } },
	{ "toll-free and not verified", "verified = true", "verified = false",
	    { "warning 15: not verified is blocked" } },
	{ "one consent only", "consent_send_on_behalf = true", "consent_send_on_behalf = false",
	    { "warning 2: nothing is sent: both consents" } },
	{ "a site without a number", "    number = main\n", "", { "warning 29: it has no number" } },
	{ "a FHIR base URL without TLS", "https://lamna.example", "http://lamna.example",
	    { "warning 31: fhir_base_url" } },
	{ "a FHIR base URL without its version", "FHIR/R4\"", "FHIR\"", { "warning 31: fhir_base_url" } },
	{ "a FHIR base URL with a blank at its end", "FHIR/R4\"", "FHIR/R4 \"",
	    { "warning 31: fhir_base_url" } },
	{ "a test environment for nobody", "kind = production", "kind = test",
	    { "warning 18: only_to is empty" } },
	{ "an environment that nobody can reach", "site \"cardiology\"",
	    "environment \"spare\" { kind = production organization = lamna certificates = {c.cer} }\nsite "
	    "\"cardiology\"",
	    { "warning 29: no listener names it" } },
	{ "a feed that is cut off at night", "port = 2575", "port = 2575 idle_timeout = 10min",
	    { "24: idle_timeout is 0 or at least 1h" } },
};

static size_t
look_at(const struct row *w, const struct conf_faults *faults, bool loaded)
{
	size_t errors = 0, bad = 0;

	for (size_t i = 0; i < WANTS && w->wants[i]; i++) {
		errors += strncmp(w->wants[i], "warning ", 8) != 0;
		bad += !has_fault(faults, w->wants[i]);
	}
	bad += faults->errors_n != errors || loaded != (errors == 0);
	for (size_t i = 0; i < faults->n; i++)
		bad += strstr(faults->item[i].text, "c2Vjcm") != NULL;
	if (bad > 0) {
		print_message("%s: %zu errors, want %zu; loaded: %d; wants \"%s\"\n", w->rule,
		    faults->errors_n, errors, loaded, w->wants[0]);
		show_faults(faults);
	}
	return bad;
}

TEST(every_mistake_has_its_place)
{
	struct folder d;
	size_t bad = 0;

	folder_make(&d);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *text = text_with(GOOD_CONF, rows[i].from, rows[i].to);
		struct conf *c = NULL;
		struct conf_faults faults;
		bool loaded;

		folder_file(&d, "nudge.conf", text, 0644);
		loaded = folder_load(&d, "nudge.conf", CONF_CHECK, &c, &faults);
		bad += look_at(&rows[i], &faults, loaded);
		holds("promise 10: nothing is given when something is wrong", loaded == (c != NULL));
		conf_faults_clear(&faults);
		conf_drop(c);
		free(text);
	}
	folder_remove(&d);
	same_int("rows with all that should be said, and no more", bad, 0);
}

TEST(mistakes_of_all_blocks_are_told_in_one_run)
{
	static const char text[] =
	    "store_key = keys/store.key\n"
	    "organization \"lamna\" { name = Lamna consent_send_on_behalf = true country = US }\n"
	    "gateway \"acs\" { endpoint = \"ftp://x\" access_key = keys/acs.key }\n"
	    "number \"main\" { sender = 1 type = short-code gateway = asc }\n"
	    "environment \"prod\" { kind = production organization = lamna certificates = {a.cer} }\n"
	    "listener \"epic\" { port = 99999 certificate = a private_key = tls/listener.key environments = "
	    "{prod} }\n"
	    "site \"one\" { environment = prod fhir_base_url = \"https://x/R4\" profile = generic time_zone "
	    "= America/Chicago\n"
	    "    number = mani\n"
	    "    settle = 5 }\n";
	static const char *const wants[] = { "2: consent_attendees_consented is missing",
		"3: endpoint begins with", "4: five or six", "4: there is no gateway \"asc\"",
		"6: port is a number", "8: did you mean \"main\"", "9: \"5\" has no unit" };
	struct folder d;
	struct conf *c;
	struct conf_faults faults;

	folder_make(&d);
	folder_file(&d, "nudge.conf", text, 0644);
	holds("it does not load", !folder_load(&d, "nudge.conf", CONF_CHECK, &c, &faults));
	for (size_t i = 0; i < COUNT(wants); i++)
		holds(wants[i], has_fault(&faults, wants[i]));
	same_int("and nothing else", faults.errors_n, COUNT(wants));
	conf_faults_clear(&faults);
	folder_remove(&d);
}

TEST(what_stands_twice_is_found_across_files)
{
	struct folder d;
	struct conf *c;
	struct conf_faults faults;
	char *text = text_with(GOOD_CONF, "store_key", "include(\"more.conf\")\nstore_key");

	folder_make(&d);
	folder_file(&d, "nudge.conf", text, 0644);
	folder_file(&d, "more.conf",
	    "store_key = keys/other.key\nnumber \"main\" { sender = 12345 type = short-code gateway = acs }\n", 0644);
	holds("it does not load", !folder_load(&d, "nudge.conf", CONF_SENDER, &c, &faults));
	holds("a setting of the top", has_fault(&faults, "1: store_key is set twice; the first is in /"));
	holds("a title", has_fault(&faults, "2: number \"main\" is there already, in /"));
	same_int("and nothing else", faults.errors_n, 2);
	for (size_t i = 0; i < faults.errors_n; i++)
		holds("in the second file", strstr(faults.item[i].file, "/more.conf") != NULL);
	conf_faults_clear(&faults);
	folder_remove(&d);
	free(text);
}

TEST(two_environments_need_tls)
{
	struct folder d;
	struct conf *c;
	struct conf_faults faults;
	char *one = text_with(GOOD_CONF, "port = 2575", "address = \"127.0.0.1\" port = 2575 tls = false");
	char *two = text_with(one, "{prod}", "{prod, second}");
	char *text = text_with(two, "site \"",
	    "environment \"second\" { kind = production organization = lamna certificates = {b.cer} }\nsite "
	    "\"");

	folder_make(&d);
	folder_file(&d, "nudge.conf", text, 0644);
	holds("promise 9: it does not load", !folder_load(&d, "nudge.conf", CONF_CHECK, &c, &faults));
	holds("it says why", has_fault(&faults, "24: tls = false is for one environment only"));
	same_int("and nothing else", faults.errors_n, 1);
	conf_faults_clear(&faults);
	folder_remove(&d);
	free(text);
	free(two);
	free(one);
}

TEST(files_that_others_could_change_or_read_are_refused)
{
	static const struct {
		const char *rule, *file;
		mode_t mode;
		enum conf_reader who;
		const char *want; /* NULL: it loads */
	} cases[] = {
		{ "the configuration may be read by all", "nudge.conf", 0644, CONF_NUDGED, NULL },
		{ "the configuration is not written by all", "nudge.conf", 0646, CONF_NUDGED,
		    "0: chmod o-w" },
		{ "an include is not written by all", "site.conf", 0666, CONF_NUDGED, "1: chmod o-w" },
		{ "the store key is nobody else's", "keys/store.key", 0644, CONF_NUDGED, "2: chmod" },
		{ "the store key is not the sender's to check", "keys/store.key", 0644, CONF_SENDER, NULL },
		{ "the access key is nobody else's", "keys/acs.key", 0604, CONF_SENDER, "11: chmod" },
		{ "the access key is not the core's to check", "keys/acs.key", 0644, CONF_NUDGED, NULL },
		{ "a listener's key is nobody else's", "tls/listener.key", 0606, CONF_NUDGED, "27: chmod" },
		{ "a listener's key is not the sender's to check", "tls/listener.key", 0644, CONF_SENDER,
		    NULL },
		{ "a check looks at all of them", "tls/listener.key", 0644, CONF_CHECK, "27: chmod" },
		{ "a check looks at all of them", "keys/acs.key", 0644, CONF_CHECK, "11: chmod" },
		{ "the group may not write", "keys/acs.key", 0660, CONF_CHECK, "11: chmod" },
	};
	char *text = text_with(GOOD_CONF, "store_key", "include(\"site.conf\")\nstore_key");

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct folder d;
		struct conf *c = NULL;
		struct conf_faults faults;
		char path[256];
		bool loaded;

		folder_make(&d);
		folder_file(&d, "nudge.conf", text, 0644);
		folder_file(&d, "site.conf", "audit_retention = 6y\n", 0644);
		(void)snprintf(path, sizeof path, "%s/%s", d.path, cases[i].file);
		assert(chmod(path, cases[i].mode) == 0);
		loaded = folder_load(&d, "nudge.conf", cases[i].who, &c, &faults);
		if (loaded != !cases[i].want || (cases[i].want && !has_fault(&faults, cases[i].want))) {
			show_faults(&faults);
			fail_msg("%s: want \"%s\"", cases[i].rule, cases[i].want ? cases[i].want : "");
		}
		conf_faults_clear(&faults);
		conf_drop(c);
		folder_remove(&d);
	}
	free(text);
}

TEST(folders_that_cannot_be_used_are_refused)
{
	static const struct {
		const char *rule, *top;
		mode_t state, journal; /* 0: not there */
		uid_t owner;           /* of the journal's folder */
		enum conf_reader who;
		const char *want; /* NULL: it loads, and nothing is said */
	} cases[] = {
		{ "both private", "journal_directory = journal", 0700, 0700, 0, CONF_NUDGED, NULL },
		{ "both are made at the start", "journal_directory = journal", 0, 0, 0, CONF_NUDGED, NULL },
		{ "the store's is not everybody's", "", 0777, 0, 0, CONF_NUDGED, "1: state_directory /" },
		{ "a check says so too", "", 0777, 0, 0, CONF_CHECK, "1: chmod 0700" },
		{ "it is not the sender's to check", "", 0777, 0, 0, CONF_SENDER, NULL },
		{ "the journal's is not everybody's", "journal_directory = journal", 0700, 0707, 0, CONF_CHECK, "2: chmod 0700" },
		{ "the journal's is no file", "journal_directory = nudge.conf", 0700, 0, 0, CONF_CHECK, "2: is no folder" },
		{ "nudged makes no folders above", "journal_directory = none/journal", 0700, 0, 0, CONF_CHECK, "2: make it with: install -d" },
		{ "nor below a file", "journal_directory = \"nudge.conf/x\"", 0700, 0, 0, CONF_CHECK, "2: Not a directory" },
		{ "a folder each", "journal_directory = state", 0700, 0, 0, CONF_CHECK, "2: journal_directory is state_directory" },
		{ "of one owner", "journal_directory = journal", 0700, 0700, 12345, CONF_NUDGED, "2: belongs to another user than state_directory" },
		{ "audit events go to a socket", "audit_forward = nudge.conf", 0700, 0, 0, CONF_NUDGED, "2: is no socket" },
		{ "a check says so too", "audit_forward = nudge.conf", 0700, 0, 0, CONF_CHECK, "2: is no socket" },
		{ "it is not the sender's to check", "audit_forward = nudge.conf", 0700, 0, 0, CONF_SENDER, NULL },
		{ "which has a short name", "audit_forward = \"/run/nudge/0123456789012345678901234567890123456789012345678901234567890123456789"
		    "0123456789012345678901234567890123456789\"", 0700, 0, 0, CONF_CHECK, "2: may have 107 characters" },
		{ "sockets have short names", "control_socket = \"/run/nudge/0123456789012345678901234567890123456789012345678901234567890123456789"
		    "0123456789012345678901234567890123456789\"", 0700, 0, 0, CONF_CHECK, "2: may have 107 characters" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct folder d;
		struct conf *c = NULL;
		struct conf_faults faults;
		char top[512], state[128], journal[128], *text;
		bool loaded;

		if (cases[i].owner != 0 && geteuid() != 0)
			continue;
		(void)snprintf(top, sizeof top, "state_directory = state\n%s\nstore_key", cases[i].top);
		text = text_with(GOOD_CONF, "store_key", top);
		folder_make(&d);
		folder_file(&d, "nudge.conf", text, 0644);
		(void)snprintf(state, sizeof state, "%s/state", d.path);
		(void)snprintf(journal, sizeof journal, "%s/journal", d.path);
		if (cases[i].state)
			assert_true(mkdir(state, 0700) == 0 && chmod(state, cases[i].state) == 0);
		if (cases[i].journal)
			assert_true(mkdir(journal, 0700) == 0 && chmod(journal, cases[i].journal) == 0 &&
			    (cases[i].owner == 0 || chown(journal, cases[i].owner, (gid_t)-1) == 0));
		loaded = folder_load(&d, "nudge.conf", cases[i].who, &c, &faults);
		if (loaded != !cases[i].want || (cases[i].want && !has_fault(&faults, cases[i].want))) {
			show_faults(&faults);
			fail_msg("%s: want \"%s\"", cases[i].rule, cases[i].want ? cases[i].want : "");
		}
		conf_faults_clear(&faults);
		conf_drop(c);
		(void)rmdir(state);
		(void)rmdir(journal);
		folder_remove(&d);
		free(text);
	}
}

TEST(files_that_are_none_are_refused)
{
	static const struct {
		const char *rule, *path, *says;
	} cases[] = {
		{ "nowhere", "/nonexistent/nudge.conf", "No such file" },
		{ "a folder", "/tmp", "is no file" },
		{ "a device without an end", "/dev/zero", "is no file" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conf *c;
		struct conf_faults faults;

		holds(cases[i].rule, !conf_load(cases[i].path, CONF_CHECK, &c, &faults));
		same_int("one error", faults.errors_n, 1);
		same_text("of this file", faults.item[0].file, cases[i].path);
		holds(cases[i].rule, strstr(faults.item[0].text, cases[i].says) != NULL);
		conf_faults_clear(&faults);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(every_mistake_has_its_place),
		RUN(mistakes_of_all_blocks_are_told_in_one_run),
		RUN(what_stands_twice_is_found_across_files),
		RUN(two_environments_need_tls),
		RUN(files_that_others_could_change_or_read_are_refused),
		RUN(folders_that_cannot_be_used_are_refused),
		RUN(files_that_are_none_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
