/* preview.c - every text of a site as a patient would read it, and what it costs at worst. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/settings.h"
#include "nudgectl/nudgectl.h"

#define ADVISED 320

struct preview {
	const struct call *call;
	const struct site_rules *rules;
	struct rules_example example;
	json_t *list;
};

static const char *
alphabet(const struct sms_size *s)
{
	return s->ucs2 ? "UCS-2" : "GSM-7";
}

static void
print_one(const struct sms_templates *t, enum text_kind k, enum modality m, struct span text, const struct sms_size *size,
    const struct sms_size *worst)
{
	(void)printf("\n[%s] %s%s%s  %u characters, %u segment%s (%s)", text_kind_name(k), sms_templates_language(t), m ? ", visit: " : "",
	    modality_name(m), size->units,
	    size->segments, size->segments == 1 ? "" : "s", alphabet(size));
	if (worst->segments == 0)
		(void)printf("; at worst over %d characters", SMS_CHARS_MAX);
	else
		(void)printf("; at worst %u characters, %u segment%s (%s)", worst->units, worst->segments,
		    worst->segments == 1 ? "" : "s", alphabet(worst));
	if (worst->culprit)
		(void)printf(": U+%04X is not in the SMS alphabet", worst->culprit);
	if (worst->units > ADVISED)
		(void)printf("; over the %d advised", ADVISED);
	(void)printf("\n    ");
	for (size_t i = 0; i < text.n; i++) {
		(void)putchar(text.p[i]);
		if (text.p[i] == '\n')
			(void)printf("    ");
	}
	(void)putchar('\n');
}

static json_t *
size_object(const struct sms_size *s)
{
	char culprit[16] = "";

	if (s->culprit)
		(void)snprintf(culprit, sizeof culprit, "U+%04X", s->culprit);
	return json_pack("{s:i, s:i, s:s, s:o}", "characters", (int)s->units, "segments", (int)s->segments, "alphabet",
	    alphabet(s), "culprit", s->culprit ? json_string(culprit) : json_null());
}

static bool
show_one(struct preview *p, const struct sms_templates *t, enum text_kind k, enum modality m)
{
	struct sms_values plain = p->example.values;
	struct sms_size size, worst;
	struct buf text;
	json_t *o;
	bool ok;

	plain.modality = m;
	plain.may_be = 0;
	worst = sms_worst(t, k, &plain);
	plain.zone_shown = false;
	buf_init(&text, SMS_CHARS_MAX * 3);
	ok = sms_render(t, k, &plain, &text);
	size = sms_measure(buf_span(&text));
	o = size_object(&size);
	(void)json_object_set_new(o, "language", json_string(sms_templates_language(t)));
	(void)json_object_set_new(o, "kind", json_string(text_kind_name(k)));
	(void)json_object_set_new(o, "modality", m ? json_string(modality_name(m)) : json_null());
	(void)json_object_set_new(o, "text", json_stringn(text.n ? text.p : "", text.n));
	(void)json_object_set_new(o, "worst", size_object(&worst));
	(void)json_array_append_new(p->list, o);
	if (!p->call->json)
		print_one(t, k, m, buf_span(&text), &size, &worst);
	buf_clear(&text);
	return ok;
}

/* Of a site that tells kinds of visits apart, each whose words differ. */
static bool
show_kinds(struct preview *p, const struct sms_templates *t, enum text_kind k)
{
	const struct sms_values *v = &p->example.values;
	bool ok = show_one(p, t, k, MODALITY_UNKNOWN);

	for (int m = MODALITY_OFFICE; m < MODALITIES; m++)
		if (v->may_be & 1u << m && (sms_uses_modality(t, k) || (sms_uses_link(t, k) && (v->no_link_for & 1u << m) == 0)))
			ok = show_one(p, t, k, (enum modality)m) && ok;
	return ok;
}

static int
show(struct preview *p)
{
	const struct conf_site *s = p->rules->site;
	char version[16];
	bool ok = true;

	(void)snprintf(version, sizeof version, "%012llx", (unsigned long long)p->rules->words);
	if (!p->call->json)
		(void)printf("%s: templates %s, %s; made-up visit, contact %s%s\n", s->title, version,
		    s->templates_path[0] ? s->templates_path : "built in", s->contact[0] ? s->contact : "(none)",
		    s->link[0] && p->example.values.link.n == 0 ? "; its link may not be sent" : "");
	for (size_t i = 0; i < s->languages.n; i++)
		for (int k = 0; k < TEXT_KINDS; k++)
			ok = show_kinds(p, p->rules->templates[i], (enum text_kind)k) && ok;
	if (p->call->json)
		(void)call_print_json(json_pack("{s:s, s:s, s:O}", "site", s->title, "templates", version, "texts", p->list));
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static const struct conf_site *
site_named(const struct conf *c, const char *title)
{
	const struct conf_site *s = conf_find_site(c, title);

	if (s)
		return s;
	(void)fprintf(stderr, "nudgectl: no site is called \"%s\"; there %s", title, c->sites_n == 1 ? "is" : "are");
	for (size_t i = 0; i < c->sites_n; i++)
		(void)fprintf(stderr, "%s %s", i > 0 ? "," : "", c->sites[i].title);
	(void)fputc('\n', stderr);
	return NULL;
}

/* Faults, and of warnings those about this site. */
static void
print_faults(const struct conf_faults *faults, const char *title)
{
	char about[128], line[1024];

	(void)snprintf(about, sizeof about, "site \"%s\":", title);
	for (size_t i = 0; i < faults->n; i++) {
		if (faults->item[i].warning && !strstr(faults->item[i].text, about))
			continue;
		settings_fault_text(&faults->item[i], line, sizeof line);
		(void)fprintf(stderr, "%s\n", line);
	}
}

int
command_preview(struct call *c)
{
	struct preview p = { .call = c, .list = json_array() };
	const struct conf_site *site = NULL;
	struct conf_faults faults;
	struct settings s;
	int status = EXIT_CONF;

	if (c->argc != 1 || !c->conf) {
		json_decref(p.list);
		return call_usage("-c FILE preview SITE [--json]");
	}
	if (settings_load(c->conf, CONF_CHECK, &s, &faults)) {
		site = site_named(s.rules->conf, c->argv[0]);
		status = EXIT_FAILURE;
	}
	print_faults(&faults, c->argv[0]);
	if (site) {
		p.rules = rules_of(s.rules, site);
		rules_example(p.rules, &p.example);
		status = show(&p);
	}
	if (status != EXIT_CONF)
		settings_clear(&s);
	conf_faults_clear(&faults);
	json_decref(p.list);
	return status;
}
