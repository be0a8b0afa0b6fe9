/* test_online.c - what is outside: FHIR servers by their description, and one question each without an answer. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acs/online.h"
#include "conf_files.h"

#define R4 "https://lamna.example/api/FHIR/R4"

TEST(a_server_is_known_by_its_description)
{
	static const struct {
		const char *rule, *body, *url, *says;
		bool good;
	} rows[] = {
		{ "R4", "{\"resourceType\":\"CapabilityStatement\",\"fhirVersion\":\"4.0.1\",\"software\":{\"name\":\"Epic\"}}", R4,
		    "is a FHIR server of version 4.0.1, Epic", true },
		{ "without a name", "{\"resourceType\":\"CapabilityStatement\",\"fhirVersion\":\"4.0.1\"}", R4, "is a FHIR server of version 4.0.1", true },
		{ "without a version", "{\"resourceType\":\"CapabilityStatement\"}", R4, "is a FHIR server", true },
		{ "no version in the URL", "{\"resourceType\":\"CapabilityStatement\",\"fhirVersion\":\"5.0.0\"}", "https://x/fhir",
		    "is a FHIR server of version 5.0.0", true },
		{ "DSTU2", "{\"resourceType\":\"Conformance\",\"fhirVersion\":\"1.0.2\"}", "https://x/dstu2/", "is a FHIR server of version 1.0.2", true },
		{ "the version inside", "{\"resourceType\":\"CapabilityStatement\",\"fhirVersion\":\"4.0.1\"}", "https://x/r4/11111111-tenant",
		    "is a FHIR server of version 4.0.1", true },
		{ "another version", "{\"resourceType\":\"CapabilityStatement\",\"fhirVersion\":\"3.0.2\"}", R4,
		    "is a FHIR server of version 3.0.2; but fhir_base_url names R4", false },
		{ "R4B is not R4", "{\"resourceType\":\"CapabilityStatement\",\"fhirVersion\":\"4.3.0\"}", R4,
		    "is a FHIR server of version 4.3.0; but fhir_base_url names R4", false },
		{ "another resource", "{\"resourceType\":\"OperationOutcome\"}", R4, "answers with something that is no CapabilityStatement", false },
		{ "a page", "<!doctype html><html>", R4, "answers with something that is no CapabilityStatement", false },
		{ "an array", "[1]", R4, "answers with something that is no CapabilityStatement", false },
		{ "numbers for texts", "{\"resourceType\":7,\"fhirVersion\":{}}", R4, "answers with something that is no CapabilityStatement", false },
		{ "nothing", "", R4, "answers with something that is no CapabilityStatement", false },
		{ "a terminal is not written to", "{\"resourceType\":\"CapabilityStatement\",\"software\":{\"name\":\"E\\u001b[2Jpic\\u00e9\"}}", R4,
		    "is a FHIR server, E?[2Jpic??", true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf text;

		buf_init(&text, 1024);
		same_int(rows[i].rule, online_fhir(span_of(rows[i].body), rows[i].url, &text), rows[i].good);
		holds(rows[i].rule, strncmp(buf_text(&text), rows[i].says, strlen(rows[i].says)) == 0);
		if (rows[i].good)
			same_text(rows[i].rule, buf_text(&text), rows[i].says);
		buf_clear(&text);
	}
}

/* ---- asked without an answer ---- */

struct heard {
	size_t n;
	char text[4][256];
	bool works[4];
};

static void
hear(void *ctx, const struct online_finding *x)
{
	struct heard *h = ctx;

	assert_true(h->n < COUNT(h->text));
	h->works[h->n] = x->works;
	(void)snprintf(h->text[h->n++], sizeof h->text[0], "%s %s: %s", x->what, x->title, x->text);
}

/* Takes connections, as the system does by itself, and says nothing. */
static int
silent_port(int *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && bind(fd, (struct sockaddr *)(void *)&a, sizeof a) == 0 && listen(fd, 16) == 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&a, &n), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

TEST(who_says_nothing_is_waited_for_until_the_deadline)
{
	struct folder d;
	struct conf *c = NULL;
	struct conf_faults faults;
	struct heard h = { 0 };
	struct fault f = { 0 };
	char endpoint[96], fhir[96], queue[96], *text, *more, *whole;
	int port, fd = silent_port(&port);

	folder_make(&d);
	folder_file(&d, "keys/acs.key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", 0600);
	folder_file(&d, "keys/queue.key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", 0600);
	(void)snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d", port);
	(void)snprintf(fhir, sizeof fhir, "http://127.0.0.1:%d/R4", port);
	(void)snprintf(queue, sizeof queue, "http://127.0.0.1:%d/devstoreaccount1/sms-events", port);
	text = text_with(GOOD_CONF, "https://lamna.unitedstates.communication.azure.com", endpoint);
	more = text_with(text, "https://lamna.example/api/FHIR/R4", fhir);
	whole = text_with(more, "https://stlamna.queue.core.windows.net/sms-events", queue);
	folder_file(&d, "nudge.conf", whole, 0644);
	if (!folder_load(&d, "nudge.conf", CONF_SENDER, &c, &faults)) {
		show_faults(&faults);
		fail_msg("it does not load");
	}
	conf_faults_clear(&faults);
	holds("asked", online_ask(c, "", 1, hear, &h, &f));
	same_int("each once", h.n, 3);
	for (size_t i = 0; i < h.n; i++)
		holds("it does not work", !h.works[i]);
	same_text("the gateway first", h.text[0], "gateway acs: no answer within 1 s: look at the firewall");
	same_text("then its queue", h.text[1], "queue acs: no answer within 1 s: look at the firewall");
	same_text("then the site", h.text[2], "fhir cardiology: no answer within 1 s: look at the firewall");
	(void)close(fd);
	conf_drop(c);
	folder_remove(&d);
	free(text);
	free(more);
	free(whole);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_server_is_known_by_its_description),
		RUN(who_says_nothing_is_waited_for_until_the_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
