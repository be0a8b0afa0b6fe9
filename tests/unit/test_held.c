/* test_held.c - which certificates and lists an intake holds or was shown, and which of them still count. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "intake_world.h"
#include "nudge/certificates.h"

#define NAME "epic-bridges.lamna.example"

/* One line each: "pinned prod CN=one shown 2 open", in the order given; what no longer counts ends in "gone". */
struct listed {
	char text[4096];
	size_t n, items;
};

static void
list_one(void *ctx, const struct held *h)
{
	static const char *const as[] = { [HELD_OWN] = "own", [HELD_PINNED] = "pinned", [HELD_ISSUER] = "issuer", [HELD_LIST] = "list",
		[HELD_SEEN] = "seen" };
	struct listed *l = ctx;
	bool shown = h->first_s > 0;

	holds("its fingerprint", strlen(h->is.sha256) == 64);
	holds("since when", h->is.not_before_s > 0);
	holds("what names it", (h->file[0] != '\0') == (h->as != HELD_SEEN));
	holds("who showed it", (h->peer[0] != '\0') == shown);
	l->n += (size_t)snprintf(l->text + l->n, sizeof l->text - l->n, "%s %s %s%s%s%s;", as[h->as], h->owner,
	    h->as == HELD_LIST ? h->is.issuer : h->is.subject, shown ? " shown" : "", h->open > 0 ? " open" : "", h->counts ? "" : " gone");
	l->items++;
}

static const char *
held(struct world *w)
{
	static struct listed l;

	memset(&l, 0, sizeof l);
	mllp_held(w->intake, list_one, &l);
	return l.text;
}

static struct sender
come(struct world *w, const struct made *who)
{
	struct sender s = sender_connect(w);
	char text[128];

	holds("it comes in", sender_tls(&s, who, 0));
	sender_message(&s, "A1", 0);
	same_text("it is answered", sender_answer(&s, text), "AA A1");
	return s;
}

TEST(what_is_pinned_and_shown)
{
	struct world *w = world_new(true);
	struct made renewed = certs_make(&(struct wish){ .cn = "one, renewed", .same_key = &w->one, .to_days = 700 });
	struct sender s;

	world_open(w);
	same_text("before anyone came", held(w), "own epic CN=listener;pinned prod CN=one;pinned test CN=two;");
	s = come(w, &w->one);
	same_text("it is shown", held(w), "own epic CN=listener;pinned prod CN=one shown open;pinned test CN=two;");
	sender_close(&s);
	until("it has gone", world_stats(w).connections == 0);
	same_text("it was shown", held(w), "own epic CN=listener;pinned prod CN=one shown;pinned test CN=two;");
	sleep(1); /* "since" is told in seconds */
	s = come(w, &renewed);
	same_text("a renewed one of the same key takes the place of what is in the file", held(w),
	    "own epic CN=listener;pinned prod CN=one shown gone;pinned test CN=two;seen prod CN=one\\, renewed shown open;");
	sender_close(&s);
	certs_free(&renewed);
	world_close(w);
}

static char *
two_lists(struct world *w, const struct made *ca)
{
	char *newer = certs_write_list(&w->folder, "newer.crl", ca, NULL, 9), *older = certs_write_list(&w->folder, "older.crl", ca, NULL, 7);
	char *path, piece[4096];
	FILE *both = certs_file(&w->folder, "both.crl", &path), *one;

	for (int i = 0; i < 2; i++) {
		one = fopen(i ? older : newer, "r");
		assert_non_null(one);
		(void)fwrite(piece, 1, fread(piece, 1, sizeof piece, one), both);
		fclose(one);
	}
	fclose(both);
	return path;
}

TEST(what_an_issuer_vouches_for)
{
	struct world *w = world_new(true);
	struct made ca = certs_make(&(struct wish){ .cn = "ca", .ca = true });
	struct made before = certs_make(&(struct wish){ .cn = "engine", .san = "DNS:" NAME, .issuer = &ca });
	struct made after = certs_make(&(struct wish){ .cn = "engine", .san = "DNS:" NAME, .issuer = &ca, .to_days = 700 });
	char name[] = NAME, *subjects[] = { name };
	struct sender s;
	const char *text;

	w->first.environments[1].issuer = certs_write(&w->folder, "ca.pem", ca.x);
	w->first.environments[1].revocation_list = two_lists(w, &ca);
	w->first.environments[1].subjects = (struct text_list){ subjects, 1 };
	w->first.environments[1].certificates.n = 0;
	world_open(w);
	text = held(w);
	holds("the issuer", strstr(text, "issuer test CN=ca;"));
	holds("the older list counts no more", strstr(text, "list test CN=ca gone;"));
	holds("the newer does", strstr(text, "list test CN=ca;"));
	s = come(w, &before);
	holds("one that it issued is shown", strstr(held(w), ";seen test CN=engine shown open;"));
	sender_close(&s);
	until("it has gone", world_stats(w).connections == 0);
	holds("it was shown", strstr(held(w), ";seen test CN=engine shown;"));
	sleep(1);
	s = come(w, &after);
	text = held(w);
	holds("its successor has another key and the same name", strstr(text, ";seen test CN=engine shown open;"));
	holds("the first counts no more", strstr(text, ";seen test CN=engine shown gone;"));
	sender_close(&s);
	certs_free(&ca);
	certs_free(&before);
	certs_free(&after);
	world_close(w);
}

/* A successor that lies ready, of the same name and another key, is not taken for the one that it will replace. */
TEST(what_was_never_shown_is_not_replaced)
{
	struct world *w = world_new(true);
	struct made next = certs_make(&(struct wish){ .cn = "one" }), other = certs_make(&(struct wish){ .cn = "other" });
	char *pins[] = { w->one_file, certs_write(&w->folder, "next.pem", next.x), certs_write(&w->folder, "other.pem", other.x) };
	struct sender s, t;

	w->first.environments[0].certificates = (struct text_list){ pins, COUNT(pins) };
	world_open(w);
	s = come(w, &w->one);
	same_text("it lies ready", held(w), "own epic CN=listener;pinned prod CN=one shown open;pinned prod CN=one;pinned prod CN=other;pinned test CN=two;");
	sender_close(&s);
	until("it has gone", world_stats(w).connections == 0);
	sleep(1); /* "since" is told in seconds */
	t = come(w, &other);
	same_text("another system of the same house replaces nobody", held(w),
	    "own epic CN=listener;pinned prod CN=one shown;pinned prod CN=one;pinned prod CN=other shown open;pinned test CN=two;");
	sender_close(&t);
	certs_free(&next);
	certs_free(&other);
	world_close(w);
}

/* Two issuers, each with its list; and the same issuer's list in the other environment. */
TEST(lists_of_several_issuers_all_count)
{
	struct world *w = world_new(true);
	struct made ca = certs_make(&(struct wish){ .cn = "ca", .ca = true }), cb = certs_make(&(struct wish){ .cn = "cb", .ca = true });
	char name[] = NAME, *subjects[] = { name }, *path, *issuers, piece[4096];
	char *a = certs_write_list(&w->folder, "a.crl", &ca, NULL, 7), *b = certs_write_list(&w->folder, "b.crl", &cb, NULL, 9);
	char *later = certs_write_list(&w->folder, "later.crl", &ca, NULL, 11);
	FILE *both = certs_file(&w->folder, "ab.crl", &path), *pem = certs_file(&w->folder, "ab.pem", &issuers);
	const char *text;

	for (int i = 0; i < 2; i++) {
		FILE *one = fopen(i ? a : b, "r");

		assert_non_null(one);
		(void)fwrite(piece, 1, fread(piece, 1, sizeof piece, one), both);
		fclose(one);
	}
	assert_true(PEM_write_X509(pem, ca.x) == 1 && PEM_write_X509(pem, cb.x) == 1);
	fclose(both);
	fclose(pem);
	for (size_t i = 0; i < 2; i++) {
		w->first.environments[i].issuer = issuers;
		w->first.environments[i].revocation_list = i ? later : path;
		w->first.environments[i].subjects = (struct text_list){ subjects, 1 };
		w->first.environments[i].certificates.n = 0;
	}
	world_open(w);
	text = held(w);
	holds("both lists of the first count", strstr(text, "list prod CN=ca;") && strstr(text, "list prod CN=cb;"));
	holds("and that of the second", strstr(text, "list test CN=ca;") && !strstr(text, "gone"));
	certs_free(&ca);
	certs_free(&cb);
	world_close(w);
}

TEST(what_two_listeners_share_is_told_once)
{
	struct world *w = world_new(true);
	char second[] = "second";
	struct sender s;
	struct fault f = { FAULT_NONE, "" };

	w->first.listeners[1] = w->first.listeners[0];
	w->first.listeners[1].title = second;
	w->first.listeners[1].port = free_port();
	w->first.conf.listeners_n = 2;
	world_open(w);
	same_text("once", held(w), "own epic CN=listener;own second CN=listener;pinned prod CN=one;pinned test CN=two;");
	s = come(w, &w->two);
	sender_close(&s);
	until("it has gone", world_stats(w).connections == 0);
	world_rules(w, &w->second, true);
	w->second.listeners[0].environments_n = 1;
	holds("reload", mllp_reload(w->intake, &w->second.rules, &w->map, &f));
	same_text("what nobody serves any more is not told", held(w), "own epic CN=listener;pinned prod CN=one;");
	world_close(w);
}

TEST(a_plain_listener_holds_nothing)
{
	struct world *w = world_new(false);

	world_open(w);
	same_text("nothing", held(w), "");
	world_close(w);
}

TEST(a_house_of_many_certificates_tells_them_all)
{
	struct world *w = world_new(true);
	struct made many[24];
	char *files[24];
	struct listed l;

	for (size_t i = 0; i < COUNT(many); i++) {
		char name[16];

		(void)snprintf(name, sizeof name, "m%zu", i);
		many[i] = certs_make(&(struct wish){ .cn = name });
		files[i] = certs_write(&w->folder, name, many[i].x);
	}
	w->first.environments[0].certificates = (struct text_list){ files, COUNT(files) };
	world_open(w);
	memset(&l, 0, sizeof l);
	mllp_held(w->intake, list_one, &l);
	same_int("ours, theirs, and the other environment's", l.items, COUNT(many) + 2);
	for (size_t i = 0; i < COUNT(many); i++)
		certs_free(&many[i]);
	world_close(w);
}

TEST(a_file_and_its_bytes_are_described_alike)
{
	struct world *w = world_new(true);
	struct mllp_certificate file, bytes;
	struct fault f = { FAULT_NONE, "" };
	unsigned char *der = NULL;
	int n = i2d_X509(w->one.x, &der);

	holds("the file", mllp_describe(w->one_file, &file, &f));
	holds("its bytes", mllp_describe_der(span_from(der, (size_t)n), &bytes));
	same_text("subject", file.subject, "CN=one");
	same_text("issuer", bytes.issuer, "CN=one");
	same_text("fingerprint", bytes.sha256, file.sha256);
	holds("dates", bytes.not_before_s == file.not_before_s && bytes.not_after_s == file.not_after_s && file.not_after_s > file.not_before_s);
	holds("no file", !mllp_describe("/nonexistent.pem", &file, &f) && strstr(f.text, "/nonexistent.pem: cannot be read"));
	holds("cut short", !mllp_describe_der(span_from(der, (size_t)n - 1), &bytes));
	OPENSSL_free(der);
	world_close(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_is_pinned_and_shown),
		RUN(what_an_issuer_vouches_for),
		RUN(what_was_never_shown_is_not_replaced), RUN(lists_of_several_issuers_all_count),
		RUN(what_two_listeners_share_is_told_once),
		RUN(a_plain_listener_holds_nothing),
		RUN(a_house_of_many_certificates_tells_them_all),
		RUN(a_file_and_its_bytes_are_described_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
