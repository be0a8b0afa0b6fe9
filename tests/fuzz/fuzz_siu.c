/* fuzz_siu.c - whole messages through every profile; what comes out must be whole too. */
// SPDX-License-Identifier: Apache-2.0
// for: src/siu/read.c src/siu/header.c src/siu/ids.c src/siu/person.c src/siu/phones.c src/siu/start.c src/siu/status.c src/siu/address.c src/siu/language.c src/siu/sites.c src/siu/values.c src/siu/news.c
#include <stdint.h>

#include "hospital.h"

#define NOW 1795255200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct hospital *
the_hospital(void)
{
	static struct hospital hospital;

	return &hospital;
}

/* Stops the fuzzer with the line that was not kept. */
#define MUST(condition)          \
	do {                     \
		if (!(condition)) \
			abort();  \
	} while (0)

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct hospital *h = the_hospital();

	(void)argc;
	(void)argv;
	hospital_build(h);
	MUST(hospital_load(h, HOSPITAL_TOP HOSPITAL_SITES));
	hospital_sweep(h);
	return 0;
}

static void
check_span(const struct message *m, struct span s, size_t max)
{
	(void)m;
	MUST(s.n <= max);
	MUST(s.n == 0 || s.p);
	for (size_t i = 0; i < s.n; i++)
		(void)*(const volatile char *)&s.p[i];
}

static void
check_booking(const struct message *m, const struct booking *b)
{
	MUST(b->appointment_id.n > 0);
	check_span(m, b->appointment_id, 199);
	check_span(m, b->old_id, 199);
	MUST(b->aliases_n <= 4);
	for (size_t i = 0; i < b->aliases_n; i++)
		check_span(m, b->aliases[i], 199);
	check_span(m, b->patient, 4096);
	check_span(m, b->department, 4096);
	check_span(m, b->visit_type, 4096);
	check_span(m, b->link, 1023);
	check_span(m, b->language, 2);
	MUST(b->status < VISIT_STATUSES);
	MUST(b->event[0] == 'S' && b->event[3] == '\0');
	MUST((b->phone_state == FIELD_SET) || b->phone[0] == '\0');
	MUST(b->phone[0] == '\0' || b->phone[0] == '+');
	MUST((b->link_state == FIELD_SET) == (b->link.n > 0));
	MUST(!b->site || b->site->environment == m->environment);
	MUST(b->duration_s >= 0 && b->duration_s <= 86400);
	if (b->has_start)
		MUST(b->site && civil_valid(&b->wall));
	if (b->site && (b->status == VISIT_BOOKED || b->status == VISIT_ARRIVED))
		MUST(b->has_start);
	if (b->has_sent_at)
		MUST(b->sent_at_s <= NOW + 300);
}

/* The first byte says as whose sender; the second, when odd, puts a good MSH before. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const senders[] = { "EPIC|LAMNA", "HNAM|X", "MISC|X", "CLINIC|X", "VIDEO|X",
		"EPICTST|LAMNA" };
	const char *environment = size > 0 && data[0] % 6 == 5 ? "trials" : "prod";
	struct hospital *h = the_hospital();
	const struct message *m = &h->msg;
	char text[8192];
	int head = 0;

	if (size < 2 || size > sizeof text - 256)
		return 0;
	if (data[1] & 1)
		head = snprintf(text, 256, "MSH|^~\\&|%s|||20261121095900||SIU^S1%d|C1|P|2.%d\r",
		    senders[data[0] % 6], 2 + data[1] / 2 % 6, 3 + data[1] / 16 % 6);
	memcpy(text + head, data + 2, size - 2);
	if (!hospital_read(h, environment, span_from(text, (size_t)head + size - 2), NOW, 1 << 20))
		return 0;
	MUST(m->environment && m->rules);
	if (!m->answerable) {
		MUST(m->kind == MESSAGE_REFUSE);
		return 0;
	}
	MUST(m->kind == MESSAGE_BOOKINGS || m->kind == MESSAGE_NEWS || m->reason);
	MUST((m->kind == MESSAGE_NEWS) == (m->news_n > 0));
	MUST(m->kind == MESSAGE_BOOKINGS || m->bookings_n == 0);
	MUST(m->kind != MESSAGE_BOOKINGS || m->bookings_n > 0);
	MUST(m->kind != MESSAGE_REFUSE || (m->verdict != VERDICT_ACCEPT && m->error.condition >= 100));
	MUST(m->kind != MESSAGE_QUARANTINE || m->verdict != VERDICT_REJECT);
	MUST(!m->error.text || strlen(m->error.text) <= 80);
	check_span(m, m->held_id, 199);
	for (size_t i = 0; i < m->bookings_n; i++)
		check_booking(m, &m->bookings[i]);
	return 0;
}
