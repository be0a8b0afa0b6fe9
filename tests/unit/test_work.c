/* test_work.c - what a message may cost: twice the message, about twice the work and memory, whatever is repeated in it. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "hospital.h"
#include "nudge/hl7_batch.h"

/* Built with B=work every branch that is taken counts one and library calls
 * count their bytes; in the other builds only memory is compared. */
static unsigned long long work;

#ifdef NUDGE_WORK
void __sanitizer_cov_trace_pc(void);
void *__real_memchr(const void *p, int c, size_t n);
void *__wrap_memchr(const void *p, int c, size_t n);
int __real_memcmp(const void *a, const void *b, size_t n);
int __wrap_memcmp(const void *a, const void *b, size_t n);
void *__real_memcpy(void *to, const void *from, size_t n);
void *__wrap_memcpy(void *to, const void *from, size_t n);

__attribute__((no_sanitize_coverage)) void
__sanitizer_cov_trace_pc(void)
{
	work++;
}

__attribute__((no_sanitize_coverage)) void *
__wrap_memchr(const void *p, int c, size_t n)
{
	const char *found = __real_memchr(p, c, n);

	work += (found ? (size_t)(found - (const char *)p) : n) / 16;
	return (void *)(uintptr_t)found;
}

__attribute__((no_sanitize_coverage)) int
__wrap_memcmp(const void *a, const void *b, size_t n)
{
	work += n / 16;
	return __real_memcmp(a, b, n);
}

__attribute__((no_sanitize_coverage)) void *
__wrap_memcpy(void *to, const void *from, size_t n)
{
	work += n / 16;
	return __real_memcpy(to, from, n);
}
#endif

#define HEAD "MSH|^~\\&|MISC|LAMNA|||20261120060000||SIU^S12|C1|P|2.5\r"
#define VISIT "SCH|1|4711|||||||30|MIN|^^30^20261203101500\r"

static const struct shape {
	const char *rule, *before, *again, *after;
} shapes[] = {
	{ "repetitions of a phone", HEAD VISIT "PID|1||7^^^L^MR||T||||||||", "6085550123^PRN^CP~", "\rAIL|1||EYE\r" },
	{ "empty repetitions", HEAD VISIT "PID|1||7^^^L^MR||T||||||||", "~", "\rAIL|1||EYE\r" },
	{ "repetitions of a patient id", HEAD VISIT "PID|1||", "7^^^L^XX~", "||T\rAIL|1||EYE\r" },
	{ "rows of resources", HEAD VISIT "PID|1||7\r", "AIL|1||FOOT^^^X|||20261203101500\r", "AIL|1||EYE\r" },
	{ "groups of resources", HEAD VISIT "PID|1||7\r", "RGS|1|A\rAIS|1|A|1^exam\r", "AIL|1||EYE\r" },
	{ "notes", HEAD VISIT "PID|1||7\r", "NTE|1||a note of no use to anybody\r", "AIL|1||EYE\r" },
	{ "unknown segments", HEAD VISIT "PID|1||7\r", "ZZZ|1|2|3\r", "AIL|1||EYE\r" },
	{ "empty segments", HEAD VISIT, "\r", "PID|1||7\rAIL|1||EYE\r" },
	{ "fields", HEAD VISIT "PID|1||7\rZZZ", "|", "\rAIL|1||EYE\r" },
	{ "components", HEAD VISIT "PID|1||7\rAIL|1||", "^", "\rAIL|1||EYE\r" },
	{ "subcomponents", HEAD VISIT "PID|1||7\rAIL|1||", "&", "\rAIL|1||EYE\r" },
	{ "escape sequences", HEAD VISIT "PID|1||7\rAIL|1||", "\\T\\", "\rAIL|1||EYE\r" },
	{ "lone backslashes", HEAD VISIT "PID|1||7\rAIL|1||", "\\", "\rAIL|1||EYE\r" },
	{ "escapes that do not end", HEAD VISIT "PID|1||7\rAIL|1||", "\\X4", "\rAIL|1||EYE\r" },
	{ "a long text", HEAD VISIT "PID|1||7\rNTE|1||", "x", "\rAIL|1||EYE\r" },
	{ "bytes of another set", HEAD VISIT "PID|1||7||", "\xe9", "\rAIL|1||EYE\r" },
	{ "start times", HEAD "SCH|1|4711|||||||30|MIN|", "^^30^20261203101500~", "\rPID|1||7\rAIL|1||EYE\r" },
	{ "separators of nothing", HEAD VISIT "PID|1||7\r", "|\r", "AIL|1||EYE\r" },
};

static size_t
fill(const struct shape *s, size_t times, char *out, size_t cap)
{
	size_t n = (size_t)snprintf(out, cap, "%s", s->before), piece = strlen(s->again);

	for (size_t i = 0; i < times && n + piece < cap; i++, n += piece)
		memcpy(out + n, s->again, piece);
	return n + (size_t)snprintf(out + n, cap - n, "%s", s->after);
}

struct cost {
	unsigned long long work;
	size_t memory;
};

static struct cost
cost_of(struct hospital *h, const struct shape *s, size_t times)
{
	static char text[1 << 20];
	size_t n = fill(s, times, text, sizeof text);
	const struct conf *conf = h->rules->conf;
	const struct conf_environment *environment = &conf->environments[0];
	struct siu_peer peer = { &conf->listeners[0], &environment, 1 };
	struct message m = { .kind = MESSAGE_IGNORE };
	struct cost c;

	arena_init(&m.arena, 64u << 20);
	m.raw = arena_copy(&m.arena, span_from(text, n));
	size_t before = m.arena.used;

	work = 0;
	(void)hl7_batch_is_single(m.raw);
	holds(s->rule, siu_read(h->map, &peer, h->index, 1795780800, &m));
	c = (struct cost){ work, m.arena.used - before };
	rules_drop(m.rules);
	arena_clear(&m.arena);
	return c;
}

TEST(work_and_memory_grow_with_the_message)
{
	static struct hospital house;
	struct hospital *h = &house;

	hospital_build(h);
	h->index = hl7_new();
	assert_true(h->index && hospital_load(h, HOSPITAL_TOP HOSPITAL_SITES));
	for (size_t i = 0; i < COUNT(shapes); i++) {
		size_t times = 400000 / strlen(shapes[i].again) / 4, rows = strchr(shapes[i].again, '\r') ? 1000 : times;
		struct cost one, two, four;

		if (strcmp(shapes[i].rule, "fields") == 0 || strchr(shapes[i].again, '|'))
			rows = 1000;
		(void)cost_of(h, &shapes[i], rows); /* what is made once is made */
		one = cost_of(h, &shapes[i], rows);
		two = cost_of(h, &shapes[i], 2 * rows);
		four = cost_of(h, &shapes[i], 4 * rows);
		if (four.work > 9 * (one.work + 1000) / 2 || two.work > 9 * (one.work + 1000) / 4)
			fail_msg("%s: %llu, %llu, %llu steps for one, two and four times as much", shapes[i].rule, one.work, two.work, four.work);
		/* Text may be copied once; what is repeated takes nothing else. */
		if (four.memory > 4 * one.memory + 4 * rows * strlen(shapes[i].again) + 65536)
			fail_msg("%s: %zu, %zu, %zu bytes", shapes[i].rule, one.memory, two.memory, four.memory);
	}
	hospital_close(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(work_and_memory_grow_with_the_message) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
