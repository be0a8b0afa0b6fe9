/* test_scarce_reading.c - memory that runs out in the midst of reading: an allocation fails, and what comes of it is nothing, or right.
 *
 * The linker leads malloc, calloc, realloc and strdup here (--wrap); OpenSSL is asked by its own door. Under the sanitizers
 * what is not given back on such a way shows as well. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <openssl/crypto.h>

#include "hospital.h"

#include "certs.h"
#include "mllp/identity.h"
#include "mllp/pem.h"
#include "mllp/seen.h"
#include "mllp/tls.h"
#include "nudge/builtin.h"
#include "nudge/certificates.h"
#include "nudge/mllp.h"
#include "nudge/siu_learn.h"
#include "nudge/traces.h"
#include "nudge/wheel.h"
#include "siu/profile.h"

static _Thread_local struct {
	long at, asked; /* at 0: none fails */
	bool ever;      /* it fails, and all behind it */
} scarce;

static bool
none(void)
{
	return scarce.at > 0 && (++scarce.asked == scarce.at || (scarce.ever && scarce.asked > scarce.at));
}

#include "scarce_doors.h"

/* ---- what is tried ---- */

static struct {
	struct certs_folder folder;
	struct made one, ca;
	char *one_file, *key_file, *ca_file, *list_file;
	struct hospital h;
	const struct conf_environment *environments[1];
	struct conf_environment pinned, issued;
} the;

static char nothing[] = "", prod[] = "prod", name[] = "a.example", range[] = "10.0.0.0/8";
static char *names[] = { name }, *ranges[] = { range };

#define MESSAGE                                                                                       \
	"MSH|^~\\&|EPIC|LAMNA|NUDGE|IT|20261121095900+0000||SIU^S12^SIU_S12|C1|P|2.3||||||8859/1\r"   \
	"SCH|1|36996|||||||30|MIN|^^^202612011030||||||||||||||1^SCH\r"                               \
	"PID|1||7^^^LAMNA^MR||T\xe4st\\F\\man^Petra||19700101|F|||1 Main St^^Madison^WI^53703||608-271-9000^PRN^CP\r" \
	"RGS|1\rAIL|1|A|EYE^Eye\r"

/* true: done and right. false: nothing was done, *f says that the machine is short. What is done wrong fails the test itself. */
typedef bool attempt_fn(struct fault *f);

static bool
short_of(struct fault *f)
{
	return fault_set(f, FAULT_BUSY, "no memory");
}

static bool
index_message(struct fault *f)
{
	static char text[200 * 12 + 16];
	struct hl7 *m = hl7_new();
	enum hl7_result r;
	size_t n = (size_t)snprintf(text, sizeof text, "MSH|^~\\&|A\r");

	for (int i = 0; i < 200; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "NTE|%d||x\r", i);
	if (!m)
		return short_of(f);
	r = hl7_read(m, span_from(text, n));
	if (r == HL7_OK)
		same_int("every segment", hl7_segments(m), 201);
	else
		same_int("why", r, HL7_NO_MEMORY);
	hl7_free(m);
	return r == HL7_OK || short_of(f);
}

static bool
index_wide_head(struct fault *f)
{
	static char text[HL7_FIELDS_MAX + 16] = "MSH|^~\\&";
	struct hl7 *m = hl7_new();
	enum hl7_result r;

	if (!m)
		return short_of(f);
	memset(text + 8, '|', sizeof text - 8);
	r = hl7_read(m, span_from(text, sizeof text));
	if (r == HL7_TOO_MANY)
		same_int("its head can be answered", hl7_segments(m), 1);
	else
		same_int("why", r, HL7_NO_MEMORY);
	hl7_free(m);
	return r == HL7_TOO_MANY || short_of(f);
}

static bool
transcode(struct fault *f)
{
	struct arena a;
	struct span text;

	arena_init(&a, 1 << 16);
	text = hl7_to_utf8(SPAN_LIT("J\xfcrgen"), HL7_LATIN1, SPAN_LIT("8859/1"), &a);
	if (text.p)
		holds("the same text", span_is(text, "J\xc3\xbcrgen"));
	arena_clear(&a);
	return text.p || short_of(f);
}

static bool
fill_wheel(struct fault *f)
{
	struct wheel *w = wheel_new(86400, 0, 10000);
	const char *reason = "";
	int64_t n = 0;

	if (!w)
		return short_of(f);
	while (n < 9000 && wheel_add(w, n, n))
		n++;
	same_int("what was refused is not in it", (int64_t)wheel_pending(w), n);
	holds(reason, wheel_valid(w, &reason));
	wheel_free(w);
	return n == 9000 || short_of(f);
}

static void
on_trace(void *ctx, size_t number, const char *form, size_t at)
{
	(void)form;
	(void)at;
	same_int("whose", (int64_t)number, 7);
	++*(size_t *)ctx;
}

static bool
seek_number(struct fault *f)
{
	struct traces *t = traces_new();
	size_t found = 0;
	bool ok = t && traces_add(t, "+16085550123", 7);

	if (ok)
		holds("it is found", traces_look(t, SPAN_LIT("tel:6085550123;"), on_trace, &found) > 0 && found > 0);
	traces_free(t);
	return ok || short_of(f);
}

static bool
learn(struct fault *f)
{
	struct siu_learn *l = siu_learn_new();

	siu_learn_free(l);
	return l || short_of(f);
}

static bool
read_profile(struct fault *f)
{
	const struct builtin *b = builtin_find("schemas/hl7/generic.conf");
	struct siu_profile *p = NULL;

	if (!siu_profile_read("generic", (struct span){ b->text, b->n }, &p, f))
		return false;
	same_int("all six places of the start", p->start.n, 6);
	siu_profile_free(p);
	return true;
}

static void
same_configuration(const struct conf *is, const struct conf *was)
{
	same_int("sites", (int64_t)is->sites_n, (int64_t)was->sites_n);
	same_int("settings as written", (int64_t)is->written_n, (int64_t)was->written_n);
	for (size_t i = 0; i < is->written_n; i++)
		same_text(is->written[i].key, is->written[i].value, was->written[i].value);
	for (size_t i = 0; i < is->sites_n; i++) {
		const struct conf_site *a = &is->sites[i], *b = &was->sites[i];

		same_text("title", a->title, b->title);
		same_text("name", a->name, b->name);
		same_text("zone", a->time_zone, b->time_zone);
		same_text("link", a->link, b->link);
		same_text("country", a->country, b->country);
		same_text("profile", a->profile, b->profile);
		same_text("environment", a->environment->title, b->environment->title);
		same_int("departments", (int64_t)a->departments.n, (int64_t)b->departments.n);
		same_int("countries", (int64_t)a->countries.n, (int64_t)b->countries.n);
		same_int("reminders", (int64_t)a->reminders_n, (int64_t)b->reminders_n);
	}
	same_text("key", is->gateways[0].access_key, was->gateways[0].access_key);
	same_int("certificates", (int64_t)is->environments[0].certificates.n, (int64_t)was->environments[0].certificates.n);
	same_int("who may connect", (int64_t)is->listeners[0].environments_n, (int64_t)was->listeners[0].environments_n);
}

static bool
read_configuration(struct fault *f)
{
	struct conf_faults faults = { .n = 0 };
	struct conf *c = NULL;
	char path[128];
	bool ok;

	(void)snprintf(path, sizeof path, "%s/nudge.conf", the.h.folder);
	ok = conf_load(path, CONF_CHECK, &c, &faults);
	if (ok)
		same_configuration(c, the.h.rules->conf);
	else
		(void)(faults.passes ? short_of(f) : fault_set(f, FAULT_OPERATOR, "%s", faults.n > 0 ? faults.item[0].text : "nothing said"));
	conf_faults_clear(&faults);
	conf_drop(c);
	return ok;
}

static bool
compile_map(struct fault *f)
{
	struct conf_faults faults = { .n = 0 };
	struct siu_map *map = NULL;
	bool ok = siu_map_new(the.h.rules, &map, &faults);

	if (!ok && !faults.passes && faults.errors_n > 0)
		(void)fault_set(f, FAULT_OPERATOR, "%s", faults.item[0].text);
	else if (!ok)
		(void)short_of(f);
	conf_faults_clear(&faults);
	siu_map_free(map);
	return ok;
}

/* Longer than what is asked for at once, with long values to be copied. */
static char long_booking[20000], long_news[20000];

static void
make_long(void)
{
	static char note[8193], value[3001];
	static const char beside[] = "\rPID|1||7||Testman^Petra||19700101|F|||||608-271-9000^PRN^CP^^^^^^";

	memset(note, 'n', sizeof note - 1);
	memset(value, 'v', sizeof value - 1);
	memcpy(value, "\\T\\", 3);
	(void)snprintf(long_booking, sizeof long_booking, "MSH|^~\\&|EPIC|LAMNA|||20261121||SIU^S12|C1|P|2.3\rSCH|1|36996|||||||||^^^202612011030\rNTE|%s%s%s\r"
	    "RGS|1\rAIL|1|A|%s\rAIL|2|A|1%s\rAIL|3|A|2%s\r", note, beside, "x", value, value, value);
	(void)snprintf(long_news, sizeof long_news, "MSH|^~\\&|ADT|LAMNA|||20261121||ADT^A08|C1|P|2.3\rNTE|%s%s%s^^^%s^%s\r", note, beside, value, value, value);
}

/* The index too is made anew. */
static bool
read_long(const char *text, enum message_kind kind, struct fault *f)
{
	const struct message *m = &the.h.msg;

	hl7_free(the.h.index);
	if (!(the.h.index = hl7_new()))
		return short_of(f);
	if (!hospital_read(&the.h, "prod", span_of(text), 1795255200, 1 << 20) || !m->raw.p)
		return short_of(f);
	same_int("what it is", m->kind, kind);
	if (kind == MESSAGE_NEWS)
		same_text("its number", m->news[0].phone, "+16082719000");
	else
		holds("its id and all its departments", span_is(m->bookings[0].appointment_id, "36996") && m->bookings[0].departments.n > 8990);
	return true;
}

static bool read_long_booking(struct fault *f) { return read_long(long_booking, MESSAGE_BOOKINGS, f); }
static bool read_long_news(struct fault *f) { return read_long(long_news, MESSAGE_NEWS, f); }

static bool
read_booking(struct fault *f)
{
	const struct message *m = &the.h.msg;

	if (!hospital_read(&the.h, "prod", SPAN_LIT(MESSAGE), 1795255200, 1 << 20))
		return short_of(f);
	if (!m->raw.p)
		return short_of(f);
	same_int("a booking", m->kind, MESSAGE_BOOKINGS);
	same_int("of one patient", (int64_t)m->bookings_n, 1);
	holds("with its id", span_is(m->bookings[0].appointment_id, "36996"));
	same_text("and its number", m->bookings[0].phone, "+16082719000");
	return true;
}

static bool
read_certificates(struct fault *f)
{
	STACK_OF(X509) *all = NULL;
	bool ok = pem_certificates(the.one_file, PEM_THEIRS, &all, f);

	if (ok)
		same_int("one", sk_X509_num(all), 1);
	sk_X509_pop_free(all, X509_free);
	return ok;
}

static bool
read_key(struct fault *f)
{
	EVP_PKEY *key = NULL;
	bool ok = pem_private_key(the.key_file, &key, f);

	EVP_PKEY_free(key);
	return ok;
}

static bool
read_identity(const struct conf_environment *e, struct fault *f)
{
	const struct conf_environment *list[] = { e };
	struct conf_listener l = { .tls = true, .environments = list, .environments_n = 1 };
	struct identity *id = NULL;
	struct peer peer = { { 0 }, "" };
	identity_set set = 0;
	bool ok = identity_new(&l, &id, f);
	enum identity_rule r;

	if (ok && e == &the.pinned) {
		r = identity_judge(id, the.one.x, NULL, &peer, IDENTITY_NOW, &set);
		holds("nobody else comes in", r == RULE_ACCEPTED ? set == 1 : set == 0);
	}
	identity_free(id);
	return ok;
}

static bool read_pins(struct fault *f) { return read_identity(&the.pinned, f); }
static bool read_issuer(struct fault *f) { return read_identity(&the.issued, f); }

static void
count_list(void *ctx, const struct mllp_certificate *list)
{
	(void)list;
	++*(int *)ctx;
}

static bool
read_lists(struct fault *f)
{
	int n = 0;
	bool ok = mllp_describe_lists(the.list_file, count_list, &n, f);

	if (ok)
		same_int("the list that is there", n, 1);
	return ok;
}

static bool
prepare_tls(struct fault *f)
{
	struct conf_listener l = { .certificate = the.one_file, .private_key = the.key_file };
	SSL_CTX *ctx = NULL;
	bool ok = tls_context(&l, NULL, &ctx, f);

	SSL_CTX_free(ctx);
	return ok;
}

static int told;

static void
tell(void *ctx, const struct held *h, enum held_state s, int64_t now_s)
{
	(void)ctx;
	(void)h;
	(void)now_s;
	told += s == HELD_7;
}

static bool
tell_expiry(struct fault *f)
{
	struct expiry e = { NULL, 0, 0 };
	struct held h = { .as = HELD_PINNED, .block = "environment", .owner = "prod", .setting = "certificates", .file = "a",
		.is = { .subject = "CN=a", .not_before_s = 1, .not_after_s = 7 * 86400 }, .peer = "", .counts = true };
	bool ok;

	told = 0;
	expiry_begin(&e);
	expiry_look(&e, &h, 86400, tell, NULL);
	expiry_end(&e, 86400, tell, NULL);
	ok = told == 1;
	scarce.at = 0;
	expiry_begin(&e);
	expiry_look(&e, &h, 86400, tell, NULL);
	expiry_end(&e, 86400, tell, NULL);
	same_int("the next round tells what this one could not", told, 1);
	expiry_clear(&e);
	return ok || short_of(f);
}

static bool
note_seen(struct fault *f)
{
	struct seen s = { .n = 0 };
	struct seen_one *one;

	seen_init(&s);
	one = seen_come(&s, "prod", the.one.x, "127.0.0.1", 1000);
	same_int("noted or not", (int64_t)s.n, one != NULL);
	seen_leave(&s, one, 1001);
	seen_clear(&s);
	return one || short_of(f);
}

static const struct {
	const char *rule;
	attempt_fn *attempt;
	bool silent; /* OpenSSL does not say everywhere that it was memory which failed */
} attempts[] = {
	{ "a message is indexed", index_message, false },
	{ "a head of too many fields is indexed", index_wide_head, false },
	{ "a text is put into UTF-8", transcode, false },
	{ "a wheel is filled", fill_wheel, false },
	{ "a number is sought", seek_number, false },
	{ "a feed is learned", learn, false },
	{ "a profile is read", read_profile, false },
	{ "a configuration is read", read_configuration, false },
	{ "the sites are compiled", compile_map, false },
	{ "a booking is read", read_booking, false },
	{ "a long booking is read", read_long_booking, false },
	{ "a long message about a patient is read", read_long_news, false },
	{ "certificates are read", read_certificates, false },
	{ "a key is read", read_key, true },
	{ "pins are read", read_pins, false },
	{ "an issuer is read", read_issuer, true },
	{ "lists are read", read_lists, true },
	{ "TLS is prepared", prepare_tls, true },
	{ "an end is told", tell_expiry, false },
	{ "a certificate is noted", note_seen, false },
};

static void
fail_each(bool ever)
{
	scarce.ever = ever;
	for (size_t i = 0; i < COUNT(attempts); i++) {
		struct fault f = { FAULT_NONE, "" };
		long n = 1, refused = 0;

		for (int warm = 0; warm < 2; warm++) /* what libraries keep for ever */
			if (!attempts[i].attempt(&f))
				fail_msg("%s: %s", attempts[i].rule, f.text);
		for (;; n += 1 + n / 32) { /* among thousands not each, or it takes its time */
			bool ok;

			f = (struct fault){ FAULT_NONE, "" };
			scarce.asked = 0;
			scarce.at = n;
			ok = attempts[i].attempt(&f);
			scarce.at = 0;
			refused += !ok;
			if (!ok && f.kind != FAULT_BUSY && !attempts[i].silent)
				fail_msg("%s: allocation %ld fails: blamed on a person: %s", attempts[i].rule, n, f.text);
			if (scarce.asked < n)
				break;
		}
		holds(attempts[i].rule, n > 1 && refused > 0);
		if (!attempts[i].attempt(&f))
			fail_msg("%s: not any more: %s", attempts[i].rule, f.text);
	}
}

TEST(an_allocation_that_fails_spoils_nothing) { fail_each(false); }
TEST(nor_do_all_from_one_on) { fail_each(true); }

/* One of many numbers cannot be kept: it is refused, those before it are found, and it may be added again. */
static void
refuse_one(size_t shorts, long n, bool *reached)
{
	struct traces *t = traces_new();
	char number[16];
	size_t refused = 0, found = 0;

	assert_non_null(t);
	scarce.asked = 0;
	scarce.at = n;
	scarce.ever = false;
	for (size_t i = 0; i < shorts + 12; i++) {
		(void)snprintf(number, sizeof number, i < shorts ? "+353%05zu" : "+1608%07zu", (i < shorts ? 10000 : 5550000) + i);
		if (traces_add(t, number, 7))
			continue;
		refused++;
		holds("and is taken when there is memory again", traces_add(t, number, 7));
	}
	*reached = scarce.asked >= n;
	scarce.at = 0;
	same_int("one is refused", (int64_t)refused, *reached);
	for (size_t i = 0; i < shorts + 12; i++) {
		(void)snprintf(number, sizeof number, i < shorts ? "%05zu" : "%07zu", (i < shorts ? 10000 : 6085550000) + i);
		holds(number, traces_look(t, span_of(number), on_trace, &found) > 0);
	}
	traces_free(t);
}

TEST(no_number_is_lost_by_want_of_memory)
{
	for (size_t shorts = 0; shorts < 24; shorts++) { /* so that memory is asked for at any of a number's forms */
		bool reached = true;

		for (long n = 1; reached; n++)
			refuse_one(shorts, n, &reached);
	}
}

static int
set_up(void **state)
{
	(void)state;
	certs_folder_make(&the.folder);
	the.one = certs_make(&(struct wish){ .cn = "one" });
	the.ca = certs_make(&(struct wish){ .cn = "ca", .ca = true });
	the.one_file = certs_write(&the.folder, "one.pem", the.one.x);
	the.key_file = certs_write_key(&the.folder, "one.key", the.one.key);
	the.ca_file = certs_write(&the.folder, "ca.pem", the.ca.x);
	the.list_file = certs_write_list(&the.folder, "ca.crl", &the.ca, NULL, 7);
	the.pinned = (struct conf_environment){ .title = prod, .issuer = nothing, .revocation_list = nothing,
		.certificates = { &the.one_file, 1 }, .sources = { ranges, 1 } };
	the.issued = (struct conf_environment){ .title = prod, .issuer = the.ca_file, .revocation_list = the.list_file,
		.subjects = { names, 1 } };
	hospital_build(&the.h);
	make_long();
	return hospital_load(&the.h, HOSPITAL_TOP HOSPITAL_SITES
	    SITE("news", "prod", "epic", "ADT", "", "America/Chicago", "adt = {phone}")) ? 0 : -1;
}

static int
take_down(void **state)
{
	(void)state;
	hospital_close(&the.h);
	certs_free(&the.one);
	certs_free(&the.ca);
	certs_remove(&the.folder);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(an_allocation_that_fails_spoils_nothing), RUN(nor_do_all_from_one_on),
		RUN(no_number_is_lost_by_want_of_memory) };

	if (CRYPTO_set_mem_functions(of_openssl, again_of_openssl, back_to_openssl) != 1)
		return 1;
	return cmocka_run_group_tests(tests, set_up, take_down);
}
