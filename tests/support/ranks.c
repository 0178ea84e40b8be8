/* SPDX-License-Identifier: BSD-3-Clause */
#include "ranks.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct message {
    struct message *next;
    size_t size;
    char bytes[];
};

struct pending {
    bool active;
    int peer;
    void *receive;
    size_t size;
    int denials; /* tests that still say no */
};

struct office;

struct rank {
    struct office *office;
    tp_group group;
    pthread_t thread;
    test_rank_fn *run;
    void *argument;
    size_t sent;
    struct pending slot[TP_GROUP_SLOTS];
};

struct office {
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    tp_status broken;
    struct message *queue[TEST_MOST_RANKS][TEST_MOST_RANKS][TP_GROUP_SLOTS]; /* from, to */
    struct rank rank[TEST_MOST_RANKS];
};

static void post(struct message **queue, const void *bytes, size_t size) {
    struct message *message = malloc(sizeof *message + size);
    cr_assert(message);
    message->next = NULL;
    message->size = size;
    if (size)
        memcpy(message->bytes, bytes, size);
    while (*queue)
        queue = &(*queue)->next;
    *queue = message;
}

static tp_status start(void *user, int slot, int peer, const void *send, size_t send_bytes, void *receive,
                       size_t receive_bytes) {
    struct rank *rank = user;
    struct office *office = rank->office;
    cr_assert(slot >= 0 && slot < TP_GROUP_SLOTS && peer >= 0 && peer < rank->group.ranks);
    cr_assert(peer != rank->group.rank && !rank->slot[slot].active);
    rank->slot[slot] = (struct pending){true, peer, receive, receive_bytes, slot % 3};
    pthread_mutex_lock(&office->lock);
    post(&office->queue[rank->group.rank][peer][slot], send, send_bytes);
    rank->sent += send_bytes;
    pthread_cond_broadcast(&office->arrived);
    pthread_mutex_unlock(&office->lock);
    return TP_OK;
}

static void drop(struct message **queue) {
    struct message *message = *queue;
    *queue = message->next;
    free(message);
}

static void take(struct message **queue, const struct pending *pending) {
    const struct message *message = *queue;
    cr_assert_eq(message->size, pending->size);
    if (message->size)
        memcpy(pending->receive, message->bytes, message->size);
    drop(queue);
}

static tp_status finish(void *user, int slot, bool wait, bool *done) {
    struct rank *rank = user;
    struct office *office = rank->office;
    struct pending *pending = &rank->slot[slot];
    struct message **queue = &office->queue[pending->peer][rank->group.rank][slot];
    cr_assert(pending->active);
    pthread_mutex_lock(&office->lock);
    while (wait && !*queue && !office->broken)
        pthread_cond_wait(&office->arrived, &office->lock);
    *done = *queue && (wait || pending->denials-- <= 0);
    const tp_status status = *done ? TP_OK : office->broken;
    if (*done)
        take(queue, pending);
    pthread_mutex_unlock(&office->lock);
    pending->active = !*done;
    return status;
}

static const char *reason(const void *user) {
    (void)user;
    return "the office is closed";
}

static void *run_rank(void *argument) {
    struct rank *rank = argument;
    rank->run(&rank->group, rank->argument);
    return NULL;
}

static void open_rank(struct office *office, int number, int ranks, test_rank_fn *run, void *argument) {
    struct rank *rank = &office->rank[number];
    *rank = (struct rank){.office = office, .run = run, .argument = argument};
    rank->group = (tp_group){sizeof rank->group, number, ranks, rank, start, finish, reason};
    cr_assert_eq(pthread_create(&rank->thread, NULL, run_rank, rank), 0);
}

void test_run_ranks(int ranks, test_rank_fn *run, void *argument) {
    struct office *office = calloc(1, sizeof *office);
    cr_assert(office && ranks <= TEST_MOST_RANKS);
    pthread_mutex_init(&office->lock, NULL);
    pthread_cond_init(&office->arrived, NULL);
    for (int i = 0; i < ranks; i++)
        open_rank(office, i, ranks, run, argument);
    for (int i = 0; i < ranks; i++)
        pthread_join(office->rank[i].thread, NULL);
    for (int from = 0; from < ranks; from++)
        for (int to = 0; to < ranks; to++)
            for (int slot = 0; slot < TP_GROUP_SLOTS; slot++)
                while (office->queue[from][to][slot])
                    drop(&office->queue[from][to][slot]);
    pthread_cond_destroy(&office->arrived);
    pthread_mutex_destroy(&office->lock);
    free(office);
}

void test_break_rank(const tp_group *group, tp_status status) {
    struct office *office = ((struct rank *)group->user)->office;
    pthread_mutex_lock(&office->lock);
    office->broken = status;
    pthread_cond_broadcast(&office->arrived);
    pthread_mutex_unlock(&office->lock);
}

size_t test_bytes_sent(const tp_group *group) {
    const struct rank *rank = group->user;
    return rank->sent;
}
