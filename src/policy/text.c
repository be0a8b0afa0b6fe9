/* text.c - the life of one text as a table, and the words for states and reasons. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/text.h"

#include <assert.h>

/* One row an arrow of the drawing in nudge/text.h; what is not here stays. */
static const struct arrow {
	unsigned char from, ev, to;
} arrows[] = {
	{ TEXT_PENDING, TEXT_EV_ARM, TEXT_SENDING },
	{ TEXT_PENDING, TEXT_EV_GATE, TEXT_SUPPRESSED },
	{ TEXT_PENDING, TEXT_EV_EXPIRE, TEXT_EXPIRED },
	{ TEXT_PENDING, TEXT_EV_VOID, TEXT_VOID },
	{ TEXT_PENDING, TEXT_EV_HOLD, TEXT_HELD },
	/* The answer to an attempt of before may come after the row went back. */
	{ TEXT_PENDING, TEXT_EV_ACCEPTED, TEXT_SENT },
	{ TEXT_PENDING, TEXT_EV_REPORT_OK, TEXT_DELIVERED },

	{ TEXT_HELD, TEXT_EV_RELEASE, TEXT_PENDING },
	{ TEXT_HELD, TEXT_EV_GATE, TEXT_SUPPRESSED },
	{ TEXT_HELD, TEXT_EV_EXPIRE, TEXT_EXPIRED },
	{ TEXT_HELD, TEXT_EV_VOID, TEXT_VOID },
	{ TEXT_HELD, TEXT_EV_ACCEPTED, TEXT_SENT },
	{ TEXT_HELD, TEXT_EV_REPORT_OK, TEXT_DELIVERED },

	{ TEXT_SENDING, TEXT_EV_ACCEPTED, TEXT_SENT },
	{ TEXT_SENDING, TEXT_EV_REFUSED, TEXT_FAILED },
	{ TEXT_SENDING, TEXT_EV_SILENCE, TEXT_UNKNOWN },
	{ TEXT_SENDING, TEXT_EV_BACK, TEXT_PENDING },
	{ TEXT_SENDING, TEXT_EV_REPORT_OK, TEXT_DELIVERED },
	{ TEXT_SENDING, TEXT_EV_REPORT_BAD, TEXT_FAILED },

	{ TEXT_SENT, TEXT_EV_REPORT_OK, TEXT_DELIVERED },
	{ TEXT_SENT, TEXT_EV_REPORT_BAD, TEXT_FAILED },

	{ TEXT_UNKNOWN, TEXT_EV_RESEND, TEXT_PENDING },
	{ TEXT_UNKNOWN, TEXT_EV_ACCEPTED, TEXT_SENT },
	{ TEXT_UNKNOWN, TEXT_EV_REPORT_OK, TEXT_DELIVERED },
	{ TEXT_UNKNOWN, TEXT_EV_REPORT_BAD, TEXT_FAILED },

	/* A delivery outranks whatever was believed before, */
	{ TEXT_FAILED, TEXT_EV_REPORT_OK, TEXT_DELIVERED },
	/* and what was taken was not ended here, though it went back and was. */
	{ TEXT_SUPPRESSED, TEXT_EV_ACCEPTED, TEXT_SENT },
	{ TEXT_SUPPRESSED, TEXT_EV_REPORT_OK, TEXT_DELIVERED },
	{ TEXT_EXPIRED, TEXT_EV_ACCEPTED, TEXT_SENT },
	{ TEXT_EXPIRED, TEXT_EV_REPORT_OK, TEXT_DELIVERED },
	{ TEXT_VOID, TEXT_EV_ACCEPTED, TEXT_SENT },
	{ TEXT_VOID, TEXT_EV_REPORT_OK, TEXT_DELIVERED },
};

enum text_state
text_step(enum text_state from, enum text_event ev)
{
	assert(from > 0 && from < TEXT_STATES && ev < TEXT_EVENTS);
	for (size_t i = 0; i < sizeof arrows / sizeof arrows[0]; i++)
		if (arrows[i].from == from && arrows[i].ev == ev)
			return (enum text_state)arrows[i].to;
	return from;
}

bool
text_is_final(enum text_state s)
{
	return s != TEXT_PENDING && s != TEXT_HELD && s != TEXT_SENDING;
}

bool
text_was_told(enum text_state s)
{
	return s == TEXT_SENDING || s == TEXT_SENT || s == TEXT_DELIVERED || s == TEXT_UNKNOWN;
}

const char *
text_state_name(enum text_state s)
{
	static const char *const name[TEXT_STATES] = { "none", "pending", "held", "sending", "sent",
		"delivered", "failed", "unknown", "suppressed", "expired", "void" };

	return s < TEXT_STATES ? name[s] : "none";
}

static const struct {
	const char *name, *sentence;
} reasons[REASONS] = {
	[REASON_NONE] = { "", "" },
	[REASON_DUE_LATER] = { "due-later", "not due yet" },
	[REASON_WAITING_RATE] = { "waiting-rate", "waiting for the number's rate" },
	[REASON_WAITING_SENDER] = { "waiting-sender", "waiting for nudge-sender" },
	[REASON_WAITING_WINDOW] = { "waiting-window", "waiting for the site's window to open" },
	[REASON_ACCEPTED] = { "accepted", "the gateway took it" },
	[REASON_RETRY] = { "retry", "the gateway did not take it; the next attempt is waiting" },
	[REASON_CONSENT_BEHALF] = { "no-consent", "consent_send_on_behalf of the organization is not true" },
	[REASON_CONSENT_ATTENDEES] = { "no-consent-attendees",
		"consent_attendees_consented of the organization is not true" },
	[REASON_TEST_NUMBER] = { "not-in-only-to",
		"a test environment texts only the numbers in its only_to" },
	[REASON_NOT_APPROVED] = { "not-approved",
		"the site is not approved: an approver must run nudgectl approve" },
	[REASON_NO_NUMBER] = { "no-sending-number", "the site has no number" },
	[REASON_NOT_VERIFIED] = { "number-not-verified", "the site's toll-free number has verified = false" },
	[REASON_TYPE_OFF] = { "type-off", "confirmation = false for this site" },
	[REASON_CONFIDENTIAL] = { "confidential",
		"department or visit type is listed in confidential_departments or confidential_visit_types" },
	[REASON_VISIT_OVER] = { "visit-over", "the visit has begun" },
	[REASON_REPLACED] = { "replaced", "a newer state of the appointment took its place" },
	[REASON_NO_PHONE] = { "no-phone", "the message had no phone number that can be texted" },
	[REASON_PHONE_COUNTRY] = { "phone-country", "the number's country is not in countries of the organization" },
	[REASON_PHONE_TYPE] = { "phone-type", "the number is a landline, toll-free or premium number" },
	[REASON_PATIENT_CONSENT] = { "patient-consent",
		"the patient's own consent is missing or says no (patient_consent)" },
	[REASON_DECEASED] = { "deceased", "the patient is marked as deceased (PID-29, PID-30)" },
	[REASON_OPTED_OUT] = { "opted-out", "the number has opted out (STOP)" },
	[REASON_DAILY_CAP] = { "daily-cap", "daily_cap of texts to this number is reached" },
	[REASON_WEEKLY_CAP] = { "weekly-cap", "weekly_cap of texts to this number is reached" },
	[REASON_STORM] = { "storm-brake", "more confirmations than storm_brake allows: held until released" },
	[REASON_SITE_SILENT] = { "site-silent",
		"the site was not sending when this was planned (consent, approval, hold or number)" },
	[REASON_LATE_SKIP] = { "late", "its time had passed when the visit was booked (late = skip)" },
	[REASON_NO_WINDOW] = { "no-window", "the window (or the day after holidays) does not open before it would be too late" },
	[REASON_STALE] = { "stale", "older than the site's stale" },
	[REASON_TOO_LATE] = { "too-late", "the visit is too near or has begun (expiry)" },
	[REASON_CANCELED] = { "canceled", "the visit was canceled" },
	[REASON_RESCHEDULED] = { "rescheduled", "the visit has another time now" },
	[REASON_NO_SHOW] = { "no-show", "the patient did not come" },
	[REASON_DELETED] = { "deleted", "the visit had been entered in error" },
	[REASON_ARRIVED] = { "arrived", "the patient has arrived" },
	[REASON_LEFT_SITE] = { "left-site", "the appointment left the site" },
	[REASON_NEW_PATIENT] = { "new-patient", "the appointment has another patient now" },
	[REASON_LINK_MISSING] = { "link-missing", "link_required = true and the message had no link" },
	[REASON_QUARANTINED] = { "quarantined", "a message about this appointment is in quarantine" },
	[REASON_ERASED] = { "erased", "the phone number has been erased" },
	[REASON_GATEWAY_REFUSED] = { "gateway-refused", "the gateway refused it" },
	[REASON_NO_ANSWER] = { "no-answer", "the gateway did not answer: it may have been taken" },
	[REASON_WINDOW_OVER] = { "no-answer-window-over",
		"no answer within the time in which the gateway recognises a repetition" },
	[REASON_GATEWAY_BLOCKED] = { "gateway-blocked", "the gateway refuses this sender: see the log" },
	[REASON_RULE_GONE] = { "rule-gone", "the reminder is not in the site's configuration any more" },
	[REASON_UNDONE] = { "undone", "the change was undone before it was told" },
	[REASON_TOO_MANY] = { "too-many", "too many texts for one appointment" },
	[REASON_RENDER] = { "not-rendered", "the template gave no valid text" },
	[REASON_CLOCK] = { "clock", "the clock was not trusted" },
	[REASON_MINOR] = { "minor", "the patient is younger than minor_age (minors = suppress)" },
	[REASON_REBOOKED] = { "rebooked",
		"the visit was booked again under another id: both are told as one change" },
	[REASON_MERGED] = { "merged", "another text of that day says it as well (merge = true)" },
	[REASON_MONTHLY_LIMIT] = { "monthly-limit",
		"monthly_limit of the organization is used up (on_limit = hold): held until the next month, or a higher limit" },
	[REASON_JOURNAL] = { "from-journal",
		"it left before the store was put back from a backup: the send journal has it" },
	[REASON_SITE_HELD] = { "site-held", "an administrator holds the site: held until nudgectl release SITE" },
	[REASON_REPORT_AWAITED] = { "report-awaited",
		"no answer: a delivery report is waited for (unknown_wait), then unknown = resend or hold decides" },
	[REASON_UNKNOWN_HELD] = { "unknown-held",
		"no answer and no report (unknown = hold): nudgectl release SITE --send may send it a second time, --drop does not" },
	[REASON_WAITING_HOLIDAY] = { "waiting-holiday", "waiting for the window to open on a day that is not in holidays" },
	[REASON_WAITING_PATIENT] = { "waiting-patient-hours",
		"waiting for the window to open where the patient lives as well (patient_zone)" },
	[REASON_EARLIER] = { "earlier", "moved to before the window closes: the next opening would be too late" },
	[REASON_TOGETHER] = { "together", "another reminder of the visit goes at that time, or within half an hour of it" },
	[REASON_FICTION] = { "phone-fiction", "the number is kept for fiction and tests, 555-01XX (fiction_numbers = false)" },
	[REASON_NUMBER_REFUSED] = { "number-refused",
		"this number was refused before as wrong (refused_numbers): it needs another, or nudgectl refused release" },
	[REASON_TAKEN_LATE] = { "taken-late", "the gateway had taken it: that was known only when it was held or had ended here" },
	[REASON_LEARNING] = { "learning", "the site has learning = true: it sends nothing" },
	[REASON_RESPONSE_LATE] = { "response-late", "who wrote is answered within five minutes or not at all" },
	[REASON_SITE_GONE] = { "site-gone", "the site is not in the configuration any more" },
};

const char *
reason_name(enum text_reason r)
{
	return r < REASONS ? reasons[r].name : "";
}

const char *
reason_sentence(enum text_reason r)
{
	return r < REASONS ? reasons[r].sentence : "";
}

const char *
modality_name(enum modality m)
{
	static const char *const name[MODALITIES] = { "", "office", "video", "phone" };

	return m < MODALITIES ? name[m] : "";
}

const char *
text_kind_name(enum text_kind k)
{
	static const char *const name[TEXT_KINDS] = { "booked", "changed", "canceled", "reminder", "stopped", "not-canceled",
		"resumed", "help", "confirmed", "declined", "which-visit", "unread" };

	return k < TEXT_KINDS ? name[k] : "none";
}
