/* test_readers.c - a check by root tells of secrets that root can read and the service cannot. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "conf_files.h"

#define NUDGE 54321
#define SENDER 54322
#define SHARED 54323

static bool installed; /* the service's users are there */

/* As on a machine where nudge is installed. */
int
getpwnam_r(const char *name, struct passwd *p, char *text, size_t n, struct passwd **found)
{
	bool sender = strcmp(name, "nudge-sender") == 0;

	*found = NULL;
	if (!installed || (!sender && strcmp(name, "nudge") != 0))
		return 0;
	(void)snprintf(text, n, "%s", name);
	*p = (struct passwd){ .pw_name = text, .pw_uid = sender ? SENDER : NUDGE, .pw_gid = SHARED };
	*found = p;
	return 0;
}

int
getgrouplist(const char *name, gid_t group, gid_t *groups, int *n)
{
	(void)name;
	groups[0] = group;
	*n = 1;
	return 1;
}

/* How many warnings say so of this. */
static int
warnings(const struct folder *d, const char *word)
{
	struct conf_faults faults;
	struct conf *c = NULL;
	int n = 0;

	holds("it loads all the same", folder_load(d, "nudge.conf", CONF_CHECK, &c, &faults));
	for (size_t i = 0; i < faults.n; i++)
		n += strstr(faults.item[i].text, "cannot be read by the user") && strstr(faults.item[i].text, word);
	conf_faults_clear(&faults);
	conf_drop(c);
	return n;
}

static void
give(const struct folder *d, const char *name, uid_t user, gid_t group, mode_t mode)
{
	char path[256];

	(void)snprintf(path, sizeof path, "%s/%s", d->path, name);
	assert_int_equal(chown(path, user, group), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* pain: a key that root made and checked, and a service that does not start with it */
TEST(root_is_told_what_the_service_cannot_read)
{
	static const char *const secrets[] = { "keys/store.key", "keys/acs.key", "keys/queue.key", "tls/listener.key" };
	struct folder d;

	if (geteuid() != 0)
		skip(); /* only root can give files away */
	folder_make(&d);
	folder_file(&d, "nudge.conf", GOOD_CONF, 0644);
	same_int("no such users: nothing to compare with", warnings(&d, ""), 0);
	installed = true;
	same_int("each of them", warnings(&d, "mend it with: chown nudge"), 4);
	same_int("and whose it has to be", warnings(&d, "the user nudge-sender"), 2);
	for (size_t i = 0; i < COUNT(secrets); i++)
		give(&d, secrets[i], 0, SHARED, 0640);
	same_int("of root and the group", warnings(&d, ""), 0);
	give(&d, "keys/store.key", NUDGE, 0, 0600);
	give(&d, "keys/acs.key", SENDER, 0, 0600);
	same_int("of the user itself", warnings(&d, ""), 0);
	give(&d, "keys/acs.key", NUDGE, 0, 0600);
	same_int("of the other program's user", warnings(&d, "keys/acs.key"), 1);
	installed = false;
	folder_remove(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(root_is_told_what_the_service_cannot_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
