/* rig_clinics.h - a rig of three sites, a number each: two of one organization, one of another; and a phone that has visits at them. */
#ifndef RIG_CLINICS_H
#define RIG_CLINICS_H

#include "rig.h"

#define PHONE "+16085550123"
#define HEART "+18335550100"
#define CANCER "+18335550200"
#define TEETH "+18335550300"
#define DAY ((int64_t)86400)
#define SITE(title, environment, number) \
	"site \"" title "\" { environment = " environment " fhir_base_url = \"https://x/R4\" profile = epic number = " number \
	" time_zone = America/Chicago settle = 0s window = \"00:00-24:00\" approver = none contact = \"608-271-9000\" departments = {" title "} }\n"

enum { ONCOLOGY, DENTAL, CARDIOLOGY }; /* sites, in the order of the configuration */

static void
answer_all(struct rig *r)
{
	static int answered;

	for (answered = answered < r->jobs_n ? answered : 0; answered < r->jobs_n; answered++)
		outcome(r, &r->jobs[answered % 256], OUTCOME_ACCEPTED, 202);
}

/* Two sites of one organization with a number each, and one of another. */
static void
clinics(struct rig *r)
{
	rig_open(r, 6000, 0, "");
	rig_change(r, "environment \"prod\"",
	    "organization \"contoso\" { name = \"Contoso\" consent_send_on_behalf = true consent_attendees_consented = true country = US }\n"
	    "number \"second\" { sender = \"" CANCER "\" type = toll-free verified = true gateway = acs rate = 6000/min }\n"
	    "number \"third\" { sender = \"" TEETH "\" type = toll-free verified = true gateway = acs rate = 6000/min }\n"
	    "environment \"prod\"");
	rig_change(r, "listener \"l\"", "environment \"teeth\" { kind = production organization = contoso certificates = {y.crt} }\n"
	    "listener \"m\" { address = \"127.0.0.1\" port = 2 tls = false environments = {teeth} }\nlistener \"l\"");
	rig_change(r, "site \"cardiology\" {", SITE("oncology", "prod", "second") SITE("dental", "teeth", "third") "site \"cardiology\" { departments = {CARD} ");
}

static void
visit(struct rig *r, size_t site, const char *id, int64_t in_s, enum visit_status status)
{
	struct message *m = message_of(r, (struct say){ .id = id, .phone = PHONE, .in_s = in_s, .status = status, .site = site });

	m->environment = r->rules->conf->sites[site].environment;
	(void)turn(r, &m->link, NULL, NULL);
	same_int("accepted", r->answer.verdict, VERDICT_ACCEPT);
	answer_all(r);
}

#endif
