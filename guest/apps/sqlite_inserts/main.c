/* sqlite_inserts: INSERTs into a new database, each in a transaction of its own, timed and logged. scripts/bench sqlite
 * runs it in appliances and, compiled for this machine, natively.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "sqlite3.h"
#include "timelog.h"

static double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must_exec(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return;
    fprintf(stderr, "sqlite_inserts: %s: %s\n", sql, sqlite3_errmsg(db));
    exit(1);
}

static int is_count(void *wanted, int columns, char **values, char **names)
{
    (void)names;
    return columns != 1 || atol(values[0]) != *(long *)wanted;
}

static void insert_rows(sqlite3 *db, long rows)
{
    char sql[TIMELOG_LINE];
    for (long i = 1; i <= rows; i++) {
        snprintf(sql, sizeof(sql), "insert into t(b) values('row number %ld')", i);
        must_exec(db, sql);
        timelog_add(sql);
    }
}

/* Are they all there, and the log's lines? */
static int check_rows(sqlite3 *db, long rows)
{
    if (sqlite3_exec(db, "select count(*) from t", is_count, &rows, NULL) != SQLITE_OK ||
        timelog_lines() != (uint64_t)rows) {
        fprintf(stderr, "sqlite_inserts: rows or lines of the log are missing\n");
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    long rows = argc == 3 ? atol(argv[2]) : 0;
    sqlite3 *db;
    if (rows <= 0) {
        fprintf(stderr, "sqlite_inserts: want a path for the database, and how many rows\n");
        return 2;
    }
    unlink(argv[1]);
    if (sqlite3_open(argv[1], &db) != SQLITE_OK) {
        fprintf(stderr, "sqlite_inserts: %s: %s\n", argv[1], sqlite3_errmsg(db));
        return 1;
    }
    must_exec(db, "create table t(a integer primary key, b text)");
    double begin = now_seconds();
    insert_rows(db, rows);
    printf("%ld inserts: %.6f s, the longest %.6f s\n", rows, now_seconds() - begin, (double)timelog_longest() / 1e9);
    int status = check_rows(db, rows);
    sqlite3_close(db);
    return status;
}
