/* world_conf.c - see world_conf.h. */
// SPDX-License-Identifier: Apache-2.0
#include "world_conf.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim.h"
#include "sim_house.h"

static const char usual[] =
    "state_directory = %s\nstore_key = store.key\nsender_socket = sender\n"
    "organization \"lamna\" { name = \"Lamna Healthcare\" consent_send_on_behalf = true\n"
    " consent_attendees_consented = true country = US }\n"
    "gateway \"acs\" { endpoint = \"https://127.0.0.1\" access_key = acs.key reports = none }\n"
    "number \"main\" { sender = \"+18335550100\" type = toll-free verified = true gateway = acs rate = 300/min }\n"
    "environment \"prod\" { kind = production organization = lamna certificates = {x.crt} }\n"
    "listener \"l\" { address = \"127.0.0.1\" port = 1 tls = false environments = {prod} }\n"
    "site \"cardiology\" { environment = prod fhir_base_url = \"https://x/R4\" profile = epic number = main sending_application = CARD\n"
    " time_zone = America/Chicago approver = none contact = \"608-271-9000\" daily_cap = 0 storm_brake = off reminder \"day\" { before = 24h } }\n"
    "site \"eye\" { environment = prod fhir_base_url = \"https://y/R4\" profile = epic number = main sending_application = EYE\n"
    " time_zone = America/New_York settle = 0s approver = none contact = \"608-271-9001\" daily_cap = 0 storm_brake = off\n"
    " reminder \"day\" { before = 24h } reminder \"soon\" { before = 90min } }\n";

static const char outage[] =
    "state_directory = %s\nstore_key = store.key\nsender_socket = sender\n"
    "organization \"lamna\" { name = \"Lamna Healthcare\" consent_send_on_behalf = true\n"
    " consent_attendees_consented = true country = US }\n"
    "gateway \"acs\" { endpoint = \"https://127.0.0.1\" access_key = acs.key reports = none }\n"
    "number \"main\" { sender = \"+18335550100\" type = toll-free verified = true gateway = acs rate = 200/min }\n"
    "environment \"prod\" { kind = production organization = lamna certificates = {x.crt} }\n"
    "listener \"l\" { address = \"127.0.0.1\" port = 1 tls = false environments = {prod} }\n"
    "site \"cardiology\" { environment = prod fhir_base_url = \"https://x/R4\" profile = epic number = main sending_application = CARD\n"
    " confirmation = false window = \"00:00-24:00\" contact = \"\" smart_encoding = true\n"
    " time_zone = America/Chicago approver = none daily_cap = 0 storm_brake = off reminder \"day\" { before = 24h } }\n"
    "site \"eye\" { environment = prod fhir_base_url = \"https://y/R4\" profile = epic number = main sending_application = EYE\n"
    " confirmation = false window = \"00:00-24:00\"\n"
    " time_zone = America/New_York approver = none daily_cap = 0 storm_brake = off reminder \"day\" { before = 24h } }\n";

struct rules *
world_rules(const char *folder, enum world_conf which)
{
	static const char *const names[] = { "store.key", "acs.key" };
	char path[128], text[4096];

	for (size_t i = 0; i < COUNT(names); i++) {
		int fd;

		(void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fd < 0 || write(fd, "c2VjcmV0", 8) != 8 || close(fd) != 0)
			abort();
	}
	if (which == WORLD_CONF)
		(void)snprintf(text, sizeof text, usual, folder);
	else
		(void)snprintf(text, sizeof text, outage, folder);
	return house_rules(folder, text);
}
