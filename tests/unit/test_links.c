/* test_links.c - what is said of a link's host, and tokens of links. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdlib.h>

#include "nudge/policy.h"
#include "nudge/seal.h"

static char domain[] = "lamna.example", *domains[] = { domain };

TEST(a_host_that_is_long_is_told_in_part)
{
	struct conf_site site = { .link_domains = { domains, 1 }, .link_key = (char[]){ "" } };
	struct fault f = { .kind = FAULT_NONE };
	char link[300] = "https://";

	memset(link + 8, 'x', 200);
	memcpy(link + 208, "/{appointment_id}", sizeof "/{appointment_id}");
	holds("refused", !link_template_ok("link", link, &site, &f));
	holds("with its beginning", strstr(f.text, "xxxx is not in link_domains") && strlen(f.text) < 160);
}

/* The same facts give the same token, any other another. */
TEST(a_token_holds_for_its_id_and_its_time)
{
	static const uint8_t key[SEAL_KEY_BYTES] = { 1 }, other[SEAL_KEY_BYTES] = { 2 };
	const struct link_facts x[] = { { span_of("A1"), 0, key }, { span_of("A1"), 0, key }, { span_of("A2"), 0, key },
		{ span_of("A1"), 1, key }, { span_of("A1"), 0, other } };
	char token[COUNT(x)][64];

	for (size_t i = 0; i < COUNT(x); i++) {
		struct buf out;

		buf_init(&out, 100);
		assert_true(link_fill(span_of("{token}"), &x[i], &out) && buf_add_char(&out, '\0'));
		same_int("128 bits", out.n - 1, 22);
		same_int("only signs of addresses", strspn(out.p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 22);
		memcpy(token[i], out.p, out.n);
		buf_clear(&out);
	}
	same_text("the same", token[1], token[0]);
	for (size_t i = 2; i < COUNT(x); i++)
		holds("another", strcmp(token[i], token[0]) != 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_host_that_is_long_is_told_in_part),
		RUN(a_token_holds_for_its_id_and_its_time) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
