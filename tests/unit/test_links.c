/* test_links.c - where a link goes, whether a site may send it, and how one is made of a template. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdlib.h>

#include "nudge/policy.h"
#include "nudge/seal.h"

static const struct {
	const char *link, *host;
	bool allowed; /* where lamna.example and its own hosts are */
} hosts[] = {
	{ "https://lamna.example/x", "lamna.example", true },
	{ "https://LAMNA.example/x", "LAMNA.example", true },
	{ "https://visit.lamna.example/x", "visit.lamna.example", true },
	{ "https://lamna.example./x", "lamna.example", true },
	{ "https://lamna.example:8443/x", "lamna.example", true },
	{ "https://lamna.example@evil.example/x", "evil.example", false },
	{ "https://a:b@lamna.example/x", "lamna.example", true },
	{ "https://evil.example/lamna.example", "evil.example", false },
	{ "https://evil.example\\@lamna.example", "evil.example", false },
	{ "https://notlamna.example/", "notlamna.example", false },
	{ "https://example/", "example", false },
	{ "https:///lamna.example", "", false },
	{ "https://.../x", "", false },
	{ "lamna.example/x", "lamna.example", true },
	{ "", "", false },
};

static char domain[] = "lamna.example", *domains[] = { domain };

TEST(a_link_goes_where_its_host_is)
{
	struct conf_site site = { .link_domains = { domains, 1 } };

	for (size_t i = 0; i < COUNT(hosts); i++) {
		struct span host = link_host(span_of(hosts[i].link));

		if (!span_is(host, hosts[i].host))
			fail_msg("%s goes to %.*s", hosts[i].link, (int)host.n, host.p);
		same_int(hosts[i].link, link_allowed(&site, span_of(hosts[i].link)), hosts[i].allowed);
	}
	site.link_domains.n = 0;
	holds("any host, where none is listed", link_allowed(&site, span_of("https://other.example/x")));
	holds("but a host", !link_allowed(&site, span_of("https:///x")));
	holds("nor a public shortener", !link_allowed(&site, span_of("https://bit.ly/x")));
}

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

static void
fill(const char *rule, const char *template, struct span id, int64_t expires_s, const char *want)
{
	static const uint8_t key[SEAL_KEY_BYTES] = { 1, 2, 3 };
	struct link_facts x = { .appointment_id = id, .expires_s = expires_s, .key = key };
	struct buf out;
	bool ok;

	buf_init(&out, 20000);
	ok = link_fill(span_of(template), &x, &out);
	same_int(rule, ok, want != NULL);
	if (ok)
		same_text(rule, (buf_add_char(&out, '\0'), out.p), want);
	buf_clear(&out);
}

TEST(an_id_is_written_as_addresses_need_it)
{
	char many[5001];

	fill("letters, digits and four signs stay", "/{appointment_id}", span_of("azAZ09-._~"), 0, "/azAZ09-._~");
	fill("what lies beside them does not", "/{appointment_id}", span_of("`{@[/:"), 0, "/%60%7B%40%5B%2F%3A");
	fill("a blank, an accent, a byte of zero", "/{appointment_id}", span_from("a \xc3\xa9\0b", 6), 0, "/a%20%C3%A9%00b");
	fill("the expiry", "/{expires}", span_of("a"), 1795780800, "/1795780800");
	memset(many, 'A', sizeof many - 1);
	many[sizeof many - 1] = '\0';
	fill("an id beyond reason makes no token", "/{token}", span_from(many, sizeof many - 1), 0, NULL);
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
	const struct CMUnitTest tests[] = { RUN(a_link_goes_where_its_host_is), RUN(a_host_that_is_long_is_told_in_part),
		RUN(an_id_is_written_as_addresses_need_it), RUN(a_token_holds_for_its_id_and_its_time) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
