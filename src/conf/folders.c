/* folders.c - whether the folders of the store, its journal and the sockets can be what they are for. */
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/options.h"

#define PATH_CAP 4200

/* nudged makes the last part of the path, and only that. */
static bool
has_parent(const char *path)
{
	char folder[PATH_CAP];
	const char *slash = strrchr(path, '/');
	struct stat st;

	if (!slash || slash == path)
		return true;
	(void)span_copy(folder, sizeof folder, span_from(path, (size_t)(slash - path)));
	return stat(folder, &st) == 0 || errno == EACCES;
}

static bool
check_folder(struct reader *r, const char *key, const char *path, struct stat *st)
{
	struct conf_place at = top_place(r, key);

	if (stat(path, st) != 0) {
		if ((errno == ENOENT && !has_parent(path)) || errno == ENOTDIR || (errno == EACCES && r->who == CONF_NUDGED))
			conf_fault_add(r->faults, &at, false, "%s %s: %s; make it with: install -d -m 0700 -o nudge %s", key, path,
			    strerror(errno), path);
		return false;
	}
	if (!S_ISDIR(st->st_mode))
		conf_fault_add(r->faults, &at, false, "%s %s is no folder", key, path);
	else if (st->st_mode & S_IWOTH)
		conf_fault_add(r->faults, &at, false, "%s %s can be written by everybody; mend it with: chmod 0700 %s", key, path, path);
	else if (r->who == CONF_NUDGED && access(path, R_OK | W_OK | X_OK) != 0)
		conf_fault_add(r->faults, &at, false, "%s %s cannot be written by this user; mend it with: chown %lu %s", key, path,
		    (unsigned long)geteuid(), path);
	else
		return true;
	return false;
}

static void
check_socket(struct reader *r, const char *key, const char *path)
{
	struct conf_place at = top_place(r, key);
	size_t most = sizeof ((struct sockaddr_un *)0)->sun_path - 1;

	if (strlen(path) > most)
		conf_fault_add(r->faults, &at, false, "%s %s: the path of a socket may have %zu characters", key, path, most);
}

/* Nothing is lost while nobody listens there, so that is no error; what can never listen is one. */
static void
check_forward(struct reader *r, const char *path)
{
	struct conf_place at = top_place(r, "audit_forward");
	struct stat st;

	if (!path[0])
		return;
	check_socket(r, "audit_forward", path);
	if (stat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		conf_fault_add(r->faults, &at, false, "audit_forward %s is no socket: name the one that the syslog daemon reads", path);
	else if (stat(path, &st) != 0 && (errno != EACCES || r->who != CONF_CHECK))
		conf_fault_add(r->faults, &at, true, "audit_forward %s: %s; events wait in the audit log until a syslog daemon listens there",
		    path, strerror(errno));
}

void
check_folders(struct reader *r)
{
	const struct conf *c = r->conf;
	struct conf_place at = top_place(r, "journal_directory");
	struct stat state, journal;
	bool both;

	check_socket(r, "sender_socket", c->sender_socket);
	if (r->who == CONF_SENDER)
		return;
	check_socket(r, "control_socket", c->control_socket);
	check_forward(r, c->audit_forward);
	both = check_folder(r, "state_directory", c->state_directory, &state);
	if (!c->journal_directory[0])
		return;
	both = check_folder(r, "journal_directory", c->journal_directory, &journal) && both;
	if (both && state.st_ino == journal.st_ino && state.st_dev == journal.st_dev)
		conf_fault_add(r->faults, &at, false, "journal_directory is state_directory: give the journal a folder of its own, best on another disk");
	else if (both && state.st_uid != journal.st_uid)
		conf_fault_add(r->faults, &at, r->who == CONF_CHECK, "journal_directory %s belongs to another user than state_directory; mend it with: "
		    "chown %lu %s", c->journal_directory, (unsigned long)state.st_uid, c->journal_directory);
}
