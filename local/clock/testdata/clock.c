// Answers every line with the clocks of the C library, each as "name kernel library kernel",
// in ns: what the system call says before and after, and what the library says between.
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long ns(struct timespec t) { return t.tv_sec * 1000000000L + t.tv_nsec; }

static long kernel(clockid_t id) {
	struct timespec t;
	syscall(SYS_clock_gettime, id, &t);
	return ns(t);
}

static long gettime(clockid_t id) {
	struct timespec t;
	return clock_gettime(id, &t) ? -1 : ns(t);
}

static long timeofday(clockid_t id) {
	struct timeval t;
	struct timezone zone;
	return gettimeofday(&t, id ? &zone : NULL) || t.tv_usec < 0 || t.tv_usec > 999999 ? -1 : t.tv_sec * 1000000000L + t.tv_usec * 1000;
}

static long seconds(clockid_t id) { return time(NULL) * 1000000000L; }

static long secondsThere(clockid_t id) {
	time_t t, returned = time(&t);
	return returned == t ? t * 1000000000L : -1;
}

static void say(const char *name, clockid_t id, long (*library)(clockid_t)) {
	long before = kernel(id), said = library(id);
	printf("%s %ld %ld %ld ", name, before, said, kernel(id));
}

int main(void) {
	char line[80];
	while (fgets(line, sizeof line, stdin)) {
		say("realtime", CLOCK_REALTIME, gettime);
		say("coarse", CLOCK_REALTIME_COARSE, gettime);
		say("tai", CLOCK_TAI, gettime);
		say("gettimeofday", CLOCK_REALTIME, timeofday);
		say("time", CLOCK_REALTIME, seconds);
		say("time&", CLOCK_REALTIME, secondsThere);
		say("=monotonic", CLOCK_MONOTONIC, gettime);
		say("=monotonic-coarse", CLOCK_MONOTONIC_COARSE, gettime);
		say("=raw", CLOCK_MONOTONIC_RAW, gettime);
		say("=boottime", CLOCK_BOOTTIME, gettime);
		say("=cpu", CLOCK_PROCESS_CPUTIME_ID, gettime);
		printf("invalid %d\n", clock_gettime(77, &(struct timespec){0}));
		fflush(stdout);
	}
}
