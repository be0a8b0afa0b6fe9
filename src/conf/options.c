/* options.c - THE TABLE: every setting with its kind, its default and a line for people. */
// SPDX-License-Identifier: Apache-2.0
#include "conf/options.h"

#include <string.h>

const struct option options[] = {
	{ "", "state_directory", OPTION_PATH, "/var/lib/nudge", "where the store lives" },
	{ "", "control_socket", OPTION_PATH, "/run/nudge/control", "where nudgectl asks" },
	{ "", "sender_socket", OPTION_PATH, "/run/nudge/sender", "where nudge-sender connects" },
	{ "", "store_key", OPTION_PATH, "keys/store.key", "made by nudgectl keygen, or credential:NAME" },
	{ "", "clock_sync", OPTION_WORD, "preferred", "required: hold sends while the clock is unsynchronised" },
	{ "", "audit_retention", OPTION_DURATION, "6y", "how long the audit log is kept" },
	{ "", "intake_threads", OPTION_NUMBER, "2", "threads that read messages" },
	{ "", "access", OPTION_BLOCK, "", "who may do what" },
	{ "", "organization", OPTION_BLOCK, "", "whose patients they are" },
	{ "", "gateway", OPTION_BLOCK, "", "what carries the texts" },
	{ "", "number", OPTION_BLOCK, "", "what patients see as the sender" },
	{ "", "environment", OPTION_BLOCK, "", "who may send messages, proven by certificate" },
	{ "", "listener", OPTION_BLOCK, "", "where they connect" },
	{ "", "site", OPTION_BLOCK, "", "a clinic" },

	{ "access", "view", OPTION_TEXTS, "", "who may look: users, or @groups" },
	{ "access", "operate", OPTION_TEXTS, "", "who may change" },
	{ "access", "phi", OPTION_TEXTS, "", "who may see patients' data" },

	{ "organization", "name", OPTION_TEXT, NULL, "as patients read it" },
	{ "organization", "consent_send_on_behalf", OPTION_BOOL, NULL, "texts may be sent on its behalf" },
	{ "organization", "consent_attendees_consented", OPTION_BOOL, NULL,
		"it makes sure that attendees have consented to send and receive SMS" },
	{ "organization", "consent_by", OPTION_TEXT, "", "who gave the consents" },
	{ "organization", "consent_date", OPTION_TEXT, "", "when" },
	{ "organization", "country", OPTION_TEXT, NULL, "for national phone numbers" },
	{ "organization", "countries", OPTION_TEXTS, "", "where texts may go; default: the country" },
	{ "organization", "geography", OPTION_TEXT, "", "where the gateway keeps its data" },
	{ "organization", "monthly_limit", OPTION_NUMBER, "0", "segments; 0: none" },
	{ "organization", "on_limit", OPTION_WORD, "warn", "warn or hold" },

	{ "gateway", "endpoint", OPTION_TEXT, NULL, "https://RESOURCE.communication.azure.com" },
	{ "gateway", "access_key", OPTION_PATH, NULL, "file with the key or the connection string" },
	{ "gateway", "api_version", OPTION_TEXT, "2026-01-23", "2026-01-23 or 2021-03-07" },
	{ "gateway", "ca_file", OPTION_PATH_OR_EMPTY, "", "trust this CA instead of the system's; for tests" },
	{ "gateway", "any_host", OPTION_BOOL, "false", "the endpoint may be a host that is not Azure's" },

	{ "number", "sender", OPTION_TEXT, NULL, "the number, short code or name" },
	{ "number", "type", OPTION_WORD, NULL, "toll-free, short-code, 10dlc or alphanumeric" },
	{ "number", "verified", OPTION_BOOL, "false", "toll-free: verification is complete" },
	{ "number", "gateway", OPTION_TEXT, NULL, "which gateway it belongs to" },
	{ "number", "rate", OPTION_TEXT, "", "segments a minute, as 200/min; default by type" },

	{ "environment", "kind", OPTION_WORD, NULL, "production or test" },
	{ "environment", "organization", OPTION_TEXT, NULL, "whose environment" },
	{ "environment", "certificates", OPTION_PATHS, "", "pinned certificates of senders: Base64, public part only" },
	{ "environment", "issuer", OPTION_PATH_OR_EMPTY, "", "or: the CA that issued them" },
	{ "environment", "subjects", OPTION_TEXTS, "", "and the names it issued them to" },
	{ "environment", "revocation_list", OPTION_PATH_OR_EMPTY, "", "of that CA" },
	{ "environment", "sources", OPTION_TEXTS, "", "addresses that may connect; empty: any" },
	{ "environment", "only_to", OPTION_TEXTS, "", "test environments: the numbers that may be texted" },

	{ "listener", "address", OPTION_TEXT, "0.0.0.0", "address to listen on" },
	{ "listener", "port", OPTION_NUMBER, NULL, "port to listen on" },
	{ "listener", "tls", OPTION_BOOL, "true", "false: loopback only, for tunnels" },
	{ "listener", "certificate", OPTION_PATH_OR_EMPTY, "", "what we show senders" },
	{ "listener", "private_key", OPTION_PATH_OR_EMPTY, "", "its key, or credential:NAME" },
	{ "listener", "environments", OPTION_TEXTS, NULL, "who may come in here" },
	{ "listener", "ack_mode", OPTION_WORD, "always-AA", "always-AA or auto (by MSH-15 and MSH-16)" },
	{ "listener", "max_message", OPTION_SIZE, "1MiB", "largest message, 4KiB to 16MiB" },
	{ "listener", "max_connections", OPTION_NUMBER, "1000", "connections at once" },
	{ "listener", "handshake_timeout", OPTION_DURATION, "10s", "for the TLS handshake" },
	{ "listener", "frame_timeout", OPTION_DURATION, "30s", "from the first byte of a message to its last" },
	{ "listener", "idle_timeout", OPTION_DURATION, "0", "a silent connection is closed after this; 0: never" },

	{ "site", "environment", OPTION_TEXT, NULL, "whose messages are for it" },
	{ "site", "name", OPTION_TEXT, "", "as patients read it; default: the organization's" },
	{ "site", "contact", OPTION_TEXT, "", "whom patients call" },
	{ "site", "fhir_base_url", OPTION_TEXT, NULL, "names the site to the EHR's people" },
	{ "site", "profile", OPTION_TEXT, NULL, "epic, oracle-health, generic or a file" },
	{ "site", "sending_application", OPTION_TEXT, "", "MSH-3" },
	{ "site", "sending_facility", OPTION_TEXT, "", "MSH-4" },
	{ "site", "departments", OPTION_TEXTS, "", "patterns; empty: any" },
	{ "site", "visit_types", OPTION_TEXTS, "", "patterns; empty: any" },
	{ "site", "confidential_departments", OPTION_TEXTS, "", "patterns of what is never texted about" },
	{ "site", "confidential_visit_types", OPTION_TEXTS, "", "patterns of what is never texted about" },
	{ "site", "number", OPTION_TEXT, "", "what it sends from; without one it sends nothing" },
	{ "site", "time_zone", OPTION_TEXT, NULL, "of the clinic, as America/Chicago" },
	{ "site", "languages", OPTION_TEXTS, "en", "the first is for all others" },
	{ "site", "templates", OPTION_PATH_OR_EMPTY, "", "folder with a file for each language; default: built in" },
	{ "site", "link", OPTION_TEXT, "", "field path, or https://...{appointment_id}" },
	{ "site", "link_required", OPTION_BOOL, "false", "without a link nothing but a cancellation is sent" },
	{ "site", "patient_consent", OPTION_WORD, "not-required", "not-required or required" },
	{ "site", "confirmation", OPTION_BOOL, "true", "text when booked, changed or canceled" },
	{ "site", "settle", OPTION_DURATION, "120s", "a confirmation waits so long for the last word" },
	{ "site", "stale", OPTION_DURATION, "24h", "a confirmation that waited longer is not sent" },
	{ "site", "reminder", OPTION_BLOCK, "", "any number of them" },
	{ "site", "late", OPTION_WORD, "skip", "a reminder whose time has passed: skip or send" },
	{ "site", "window", OPTION_TEXT, "09:00-20:00", "when texts may go" },
	{ "site", "short_window", OPTION_TEXT, "07:00-21:00", "for reminders of less than 2h, and urgent changes" },
	{ "site", "expiry", OPTION_DURATION, "5min", "no reminder later than this before the start" },
	{ "site", "retain", OPTION_DURATION, "0", "keep the number so long after the start" },
	{ "site", "unknown", OPTION_WORD, "drop", "outcome unknown: drop, resend or hold" },
	{ "site", "storm_brake", OPTION_TEXT, "300/min", "more confirmations are held; off: never" },
	{ "site", "daily_cap", OPTION_NUMBER, "6", "texts to a phone in a day; 0: no cap" },
	{ "site", "weekly_cap", OPTION_NUMBER, "0", "texts to a phone in a week; 0: no cap" },
	{ "site", "nak_bad_content", OPTION_BOOL, "false", "answer AE to what goes to quarantine" },
	{ "site", "untyped_phones", OPTION_BOOL, "true", "take a number whose type is not said" },
	{ "site", "approver", OPTION_TEXTS, "", "users or @groups who approve it; none: no approval" },

	{ "reminder", "before", OPTION_TEXT, NULL, "15min, 24h, 1d, or 2d at 10:00" },
	{ NULL, NULL, OPTION_TEXT, NULL, NULL },
};

const struct option *
option_find(const char *block, const char *name)
{
	for (const struct option *o = options; o->block; o++)
		if (strcmp(o->block, block) == 0 && strcmp(o->name, name) == 0)
			return o;
	return NULL;
}
