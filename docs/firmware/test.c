/* Tests of trama.c.  `test golden.txt` runs them all; `test lines` protects and opens what its standard input asks for, in the
 * form of trama.py. */
#include "aes.h"
#include "trama.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

#define CHECK(what)                                                 \
  do {                                                              \
    if (!(what)) {                                                  \
      failures++;                                                   \
      printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #what);     \
    }                                                               \
  } while (0)

static size_t unhex(const char *digits, uint8_t *bytes) {
  size_t n = 0;
  unsigned value;
  while (n < 10050 && sscanf(digits + 2 * n, "%2x", &value) == 1) bytes[n++] = (uint8_t)value;
  return n;
}

static void print_hex(const uint8_t *bytes, size_t n) {
  if (n == 0) printf("-");
  for (size_t i = 0; i < n; i++) printf("%02x", bytes[i]);
}

/* Memory, as a device has it: counts its writes and can fail. */
struct memory {
  struct trama_saved saved;
  int writes, broken;
  uint32_t noise;
};

static int store(void *user, const struct trama_saved *saved) {
  struct memory *m = user;
  if (m->broken) return -1;
  m->writes++;
  m->saved = *saved;
  return 0;
}

static int noise(void *user, uint8_t *bytes, size_t n) {
  struct memory *m = user;
  while (n-- > 0) *bytes++ = (uint8_t)(m->noise = m->noise * 75 + 74);
  return 0;
}

static struct memory memory;
static const struct trama_port port = {&memory, aes_encrypt, aes_decrypt, store, noise};
static const uint8_t serial[4] = {0x12, 0x34, 0x56, 0x78};
static const uint8_t key[16] = {0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11};
static const uint8_t suites[4] = {TRAMA_AUTH24, TRAMA_ENC24, TRAMA_CCM8, TRAMA_CCM16};
static const uint8_t profiles[2] = {TRAMA_EXTENDED, TRAMA_COMPACT};

/* plain makes a frame with the letter given and a body of n bytes. */
static size_t plain(uint8_t *frame, uint8_t profile, char letter, unsigned number, size_t n) {
  size_t len = profile + n, count = len - 7;
  memset(frame, 0, len);
  frame[0] = (uint8_t)(count / 1000 << 4 | count / 100 % 10);
  frame[1] = (uint8_t)(count / 10 % 10 << 4 | count % 10);
  frame[2] = 1;
  memcpy(frame + 7, serial, 4);
  frame[11] = 1;
  frame[12] = 2;
  frame[profile == TRAMA_EXTENDED ? 14 : 13] = (uint8_t)letter;
  if (profile == TRAMA_EXTENDED) frame[26] = (uint8_t)(number / 10 % 10 << 4 | number % 10);
  for (size_t i = 0; i < n; i++) frame[profile + i] = (uint8_t)(i + number);
  return len;
}

static void factory(struct trama_saved *saved) {
  memset(saved, 0, sizeof *saved);
  memcpy(saved->slot[0].key, key, 16);
}

static void start(struct trama *t, uint8_t profile, uint8_t suite) {
  struct trama_saved saved;
  memset(&memory, 0, sizeof memory);
  factory(&saved);
  CHECK(trama_start(t, &port, &saved, profile, suite, serial, "AB") == 0);
}

/* boot starts again from memory alone. */
static void boot(struct trama *t) {
  struct trama_saved saved = memory.saved;
  CHECK(trama_start(t, &port, &saved, t->profile, t->suite, serial, t->replay_safe) == 0);
}

/* served is a frame of the server. */
static size_t served(const struct trama *t, uint8_t *frame, char letter, uint8_t epoch, uint32_t counter, size_t body,
                     const struct trama_ref *answers, struct trama_ref *own) {
  struct trama_way w = {&port, t->saved.slot[t->saved.active].key, NULL, t->profile, t->suite, 0};
  size_t len = plain(frame, t->profile, letter, counter % 100, body);
  int n;
  w.control = (uint8_t)(0x80 | epoch);
  if (t->challenged) {
    w.halves = t->halves;
    w.control = 0xc0;
  }
  n = trama_protect(&w, counter, frame, len, 300, answers, own);
  CHECK(n > 0);
  return (size_t)n;
}

static void repair(uint8_t *frame, size_t len) {
  uint32_t crc = 0xb704ce;
  if (frame[3] == TRAMA_AUTH24 || frame[3] == TRAMA_ENC24) return;
  frame[4] = frame[5] = frame[6] = 0;
  for (size_t i = 0; i < len; i++) {
    crc ^= (uint32_t)frame[i] << 16;
    for (int bit = 0; bit < 8; bit++) crc = crc << 1 ^ (crc & 0x800000 ? 0x1864cfb : 0);
  }
  frame[4] = (uint8_t)(crc >> 16);
  frame[5] = (uint8_t)(crc >> 8);
  frame[6] = (uint8_t)crc;
}

static void test_aes(void) {
  uint8_t k[16], b[16], want[16];
  for (int i = 0; i < 16; i++) {
    k[i] = (uint8_t)i;
    b[i] = (uint8_t)(i * 17);
  }
  unhex("69c4e0d86a7b0430d8cdb78070b4c55a", want); /* FIPS 197, appendix C.1 */
  aes_encrypt(NULL, k, b);
  CHECK(memcmp(b, want, 16) == 0);
  aes_decrypt(NULL, k, b);
  for (int i = 0; i < 16; i++) CHECK(b[i] == i * 17);
}

/* damage changes each bit of a frame and cuts it everywhere, with and without a mended checksum. */
static void damage(const struct trama_way *w, uint32_t near, const uint8_t *frame, size_t len) {
  uint8_t bad[400];
  struct trama_ref own;
  for (size_t bit = 0; bit < 8 * len; bit++)
    for (int mended = 0; mended < 2; mended++) {
      uint32_t counter = near;
      memcpy(bad, frame, len);
      bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
      if (mended) repair(bad, len);
      if (memcmp(bad, frame, len) != 0) CHECK(trama_unprotect(w, &counter, bad, len, &own) < 0);
    }
  for (size_t n = 0; n < len; n++)
    for (int mended = 0; mended < 2; mended++) {
      uint32_t counter = near;
      memcpy(bad, frame, len);
      if (mended && n >= 7) {
        bad[0] = (uint8_t)((n - 7) / 1000 << 4 | (n - 7) / 100 % 10);
        bad[1] = (uint8_t)((n - 7) / 10 % 10 << 4 | (n - 7) % 10);
        repair(bad, n);
      }
      CHECK(trama_unprotect(w, &counter, bad, n, &own) < 0);
    }
}

static void test_golden(const char *path) {
  FILE *f = fopen(path, "r");
  char line[1000], name[16][30], suite[8], sender[10], profile[10], answers[30], clear[400], hidden[400];
  struct trama_ref own[16], opened;
  unsigned counter;
  int known = 0;
  CHECK(f != NULL);
  while (f && known < 16 && fgets(line, sizeof line, f)) {
    uint8_t frame[400], want[400];
    size_t len, n;
    struct trama_way w = {&port, key, NULL, 0, 0, 3};
    const struct trama_ref *ref = NULL;
    uint32_t back;
    if (sscanf(line, "%29s %9s %7s %9s %u %29s %399s %399s", name[known], profile, suite, sender, &counter, answers, clear,
               hidden) != 8 || line[0] == '#')
      continue;
    w.profile = strcmp(profile, "extended") == 0 ? TRAMA_EXTENDED : TRAMA_COMPACT;
    w.suite = (uint8_t)strtol(suite, NULL, 16);
    if (strcmp(sender, "server") == 0) w.control |= 0x80;
    for (int i = 0; i < known; i++)
      if (strcmp(answers, name[i]) == 0) ref = &own[i];
    len = unhex(clear, frame);
    n = unhex(hidden, want);
    CHECK(trama_protect(&w, counter, frame, len, sizeof frame, ref, &own[known]) == (int)n);
    CHECK(memcmp(frame, want, n) == 0);
    back = counter;
    CHECK(trama_unprotect(&w, &back, frame, n, &opened) == (int)(len + (ref ? ref->size : 0)));
    CHECK(back == counter);
    CHECK(opened.size == own[known].size && memcmp(opened.bytes, own[known].bytes, opened.size) == 0);
    if (ref)
      CHECK(memcmp(frame + len, ref->bytes, ref->size) == 0);
    else
      CHECK(unhex(clear, want) == len && memcmp(frame, want, len) == 0);
    unhex(hidden, frame);
    damage(&w, counter, frame, n);
    known++;
  }
  if (f) fclose(f);
  CHECK(known == 11);
}

/* Data and its acknowledgement, a command and its answer, replays, a loss of power: every suite and profile. */
static void test_dialogue(uint8_t profile, uint8_t suite) {
  struct trama t;
  uint8_t frame[300], copy[300];
  struct trama_ref data[2], other, command, own;
  size_t which, len, n;
  start(&t, profile, suite);
  CHECK(trama_connected(&t, 1) == 0);
  for (unsigned i = 0; i < 2; i++)
    CHECK(trama_seal(&t, frame, plain(frame, profile, 'm', i, 5), sizeof frame, NULL, &data[i]) > 0);
  n = served(&t, frame, 'm', 0, 5, 0, &data[1], &other);
  memcpy(copy, frame, n);
  CHECK(trama_open(&t, frame, n, data, 1, &which, &own) == TRAMA_REFERENCE);
  memcpy(frame, copy, n);
  CHECK(trama_open(&t, frame, n, data, 2, &which, &own) == profile);
  CHECK(which == 1 && frame[3] == 0);
  if (suite != TRAMA_AUTH24) {
    memcpy(frame, copy, n);
    CHECK(trama_open(&t, frame, n, data, 2, &which, &own) == TRAMA_REPLAY);
  }
  n = served(&t, frame, 'm', 0, 6, 0, NULL, &other);
  CHECK(trama_open(&t, frame, n, data, 2, &which, &own) == TRAMA_REFERENCE);

  n = served(&t, frame, 'O', 0, 4, 2, NULL, &command);
  memcpy(copy, frame, n);
  if (suite == TRAMA_AUTH24) {
    CHECK(trama_open(&t, frame, n, data, 2, &which, &own) == TRAMA_STALE);
    n = served(&t, frame, 'A', 0, 4, 2, NULL, &command);
    CHECK(trama_open(&t, frame, n, data, 2, &which, &own) == profile + 2);
    return;
  }
  memory.broken = 1;
  CHECK(trama_open(&t, frame, n, data, 2, &which, &own) == TRAMA_MEMORY);
  memory.broken = 0;
  memcpy(frame, copy, n);
  CHECK(trama_open(&t, frame, n, data, 2, &which, &own) == profile + 2);
  CHECK(which == 2 && memcmp(own.bytes, command.bytes, own.size) == 0);
  len = plain(frame, profile, 'O', 4, 2);
  CHECK(trama_seal(&t, frame, len, sizeof frame, &own, &other) > 0);
  memcpy(frame, copy, n);
  CHECK(trama_open(&t, frame, n, data, 2, &which, &own) == TRAMA_REPLAY);
  boot(&t);
  memcpy(frame, copy, n);
  CHECK(trama_open(&t, frame, n, data, 2, &which, &own) == TRAMA_REPLAY);
  n = served(&t, frame, 'O', 0, 5, 2, NULL, &command);
  CHECK(trama_open(&t, frame, n, data, 2, &which, &own) == profile + 2);
  n = served(&t, frame, 'O', 0, TRAMA_BOUND, 2, NULL, &command);
  CHECK(trama_open(&t, frame, n, data, 2, &which, &own) < 0);
}

static void test_window(void) {
  static const struct { uint32_t counter; int fresh; } order[] = {
      {100, 1}, {99, 1}, {37, 1}, {36, 0}, {100, 0}, {99, 0}, {37, 0}, {163, 1}, {100, 0}, {101, 1}, {99, 0}, {300, 1}, {237, 1}, {236, 0}};
  struct trama t;
  uint8_t frame[300];
  struct trama_ref own;
  size_t which;
  start(&t, TRAMA_COMPACT, TRAMA_CCM8);
  for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
    size_t n = served(&t, frame, 'A', 0, order[i].counter, 0, NULL, &own);
    CHECK(trama_open(&t, frame, n, NULL, 0, &which, &own) == (order[i].fresh ? TRAMA_COMPACT : TRAMA_REPLAY));
  }
}

/* sent seals a frame and gives its counter. */
static long sent(struct trama *t) {
  uint8_t frame[100];
  struct trama_ref own;
  int n = trama_seal(t, frame, plain(frame, t->profile, 'm', 0, 5), sizeof frame, NULL, &own);
  return n < 0 ? n : (long)own.bytes[0] << 24 | (long)own.bytes[1] << 16 | own.bytes[2] << 8 | own.bytes[3];
}

static void test_counters(void) {
  struct trama t;
  long last, n;
  int i;
  start(&t, TRAMA_COMPACT, TRAMA_CCM8);
  last = sent(&t);
  CHECK(last == TRAMA_EVERY + TRAMA_FLIGHT);
  memory.writes = 0;
  for (i = 1; i < 1000; i++) CHECK(sent(&t) == ++last);
  CHECK(memory.writes == 3);
  for (int boots = 0; boots < 600; boots += 25) {
    for (i = 0; i < boots; i++) last = sent(&t);
    boot(&t);
    n = sent(&t);
    CHECK(n > last && n <= last + 2 * (long)(TRAMA_EVERY + TRAMA_FLIGHT));
    last = n;
  }
  memory.broken = 1;
  for (i = 0; (n = sent(&t)) >= 0; i++) last = n;
  CHECK(n == TRAMA_MEMORY && i == TRAMA_EVERY + TRAMA_FLIGHT - 1);
  memory.broken = 0;
  boot(&t);
  CHECK(sent(&t) > last);
}

static void test_epochs(void) {
  struct trama t;
  uint8_t frame[300], copy[300];
  struct trama_ref own, data;
  size_t which, n;
  uint32_t now = 1000;
  start(&t, TRAMA_EXTENDED, TRAMA_CCM8);
  CHECK(trama_seal(&t, frame, plain(frame, t.profile, 'm', 0, 5), sizeof frame, NULL, &data) > 0);
  t.next = TRAMA_FRAMES - 1;
  t.limit = TRAMA_FRAMES;
  CHECK(sent(&t) == TRAMA_FRAMES - 1 && t.saved.slot[0].epoch == 0);
  CHECK(sent(&t) == 0 && t.saved.slot[0].epoch == 1 && memory.saved.slot[0].epoch == 1);
  n = served(&t, frame, 'm', 0, 3, 0, &data, &own);
  CHECK(trama_open(&t, frame, n, &data, 1, &which, &own) == TRAMA_EXTENDED);
  n = served(&t, frame, 'A', 1, 3, 0, NULL, &own);
  CHECK(trama_open(&t, frame, n, &data, 1, &which, &own) == TRAMA_EXTENDED);
  n = served(&t, frame, 'A', 2, 3, 0, NULL, &own);
  CHECK(trama_open(&t, frame, n, &data, 1, &which, &own) == TRAMA_TAG);
  t.window[0].next = TRAMA_FRAMES;
  CHECK(sent(&t) == 0 && t.saved.slot[0].epoch == 2);

  for (int i = 1; i < TRAMA_CONNECTIONS; i++) CHECK(trama_connected(&t, now) == 0);
  CHECK(t.saved.slot[0].epoch == 2);
  CHECK(trama_connected(&t, now) == 0 && t.saved.slot[0].epoch == 3);
  for (int i = 0; i < 20; i++) CHECK(trama_connected(&t, now + TRAMA_DAY - 1) == 0);
  CHECK(t.saved.slot[0].epoch == 3);
  CHECK(trama_connected(&t, now + TRAMA_DAY) == 0 && t.saved.slot[0].epoch == 4);

  now += 3 * TRAMA_DAY;
  n = served(&t, copy, 'A', 4, 3, 0, NULL, &own);
  copy[n - 1] ^= 1;
  repair(copy, n);
  for (int i = 0; i < 1 << 14; i++) {
    memcpy(frame, copy, n);
    CHECK(trama_open(&t, frame, n, NULL, 0, &which, &own) == TRAMA_TAG);
  }
  n = served(&t, frame, 'A', 4, 3, 0, NULL, &own);
  CHECK(trama_open(&t, frame, n, NULL, 0, &which, &own) == TRAMA_SPENT);
  CHECK(trama_connected(&t, now) == 0 && t.saved.slot[0].epoch == 5);
  n = served(&t, frame, 'A', 5, 0, 0, NULL, &own);
  CHECK(trama_open(&t, frame, n, NULL, 0, &which, &own) == TRAMA_EXTENDED);

  for (int i = 0; i < 200; i++) CHECK(trama_connected(&t, now += TRAMA_DAY) == 0);
  CHECK(t.saved.slot[0].epoch == 5 + TRAMA_AHEAD); /* further the server does not follow */
  n = served(&t, frame, 'A', 5 + TRAMA_AHEAD, 0, 0, NULL, &own);
  CHECK(trama_open(&t, frame, n, NULL, 0, &which, &own) == TRAMA_EXTENDED);
  CHECK(memory.saved.slot[0].answered == 5 + TRAMA_AHEAD);

  t.saved.slot[0].epoch = t.saved.slot[0].answered = 63;
  t.next = TRAMA_FRAMES;
  CHECK(sent(&t) == TRAMA_SPENT);
}

/* The server may speak in the epoch before, with counters that lie far from those of the new one. */
static void test_epoch_before(void) {
  struct trama t;
  uint8_t frame[300];
  struct trama_ref own;
  size_t which;
  start(&t, TRAMA_COMPACT, TRAMA_ENC24);
  for (uint32_t counter = 15000; counter < 60000; counter += 15000)
    CHECK(trama_open(&t, frame, served(&t, frame, 'A', 0, counter, 0, NULL, &own), NULL, 0, &which, &own) == TRAMA_COMPACT);
  t.next = TRAMA_FRAMES;
  sent(&t);
  CHECK(t.saved.slot[0].epoch == 1);
  CHECK(trama_open(&t, frame, served(&t, frame, 'A', 0, 45001, 0, NULL, &own), NULL, 0, &which, &own) == TRAMA_COMPACT);
}

static void test_challenge(uint8_t profile, uint8_t suite) {
  struct trama t;
  struct trama_port bare = port;
  struct trama_saved saved;
  uint8_t frame[300], copy[300], halves[16];
  struct trama_ref own, command, data;
  size_t which, n, last = 0;
  memset(&memory, 0, sizeof memory);
  factory(&saved);
  bare.store = NULL;
  CHECK(trama_start(&t, &bare, &saved, profile, suite, serial, NULL) == 0);
  if (suite != TRAMA_AUTH24) CHECK(sent(&t) == TRAMA_MEMORY);
  CHECK(trama_hello(&t, frame, sizeof frame) > 0);
  for (int round = 0; round < 2; round++) {
    CHECK(trama_connected(&t, 1) == 0 && !t.challenged);
    n = (size_t)trama_hello(&t, copy + 200, 100);
    if (round == 0) CHECK(memcmp(frame, copy + 200, n) == 0);
    n = plain(frame, profile, 'X', 7, 8);
    memcpy(halves, frame + profile, 8);
    repair(frame, n);
    CHECK(trama_challenge(&t, frame, n) == (int)n);
    CHECK(memcmp(halves, frame + profile, 8) != 0);
    memcpy(halves + 8, frame + profile, 8);
    CHECK(memcmp(halves, t.halves, 16) == 0);
    if (round > 0) CHECK(trama_open(&t, copy, last, NULL, 0, &which, &own) < 0); /* a command of the connection before */
    CHECK(trama_seal(&t, frame, plain(frame, profile, 'm', 0, 5), sizeof frame, NULL, &data) > 0);
    CHECK(t.sent == 1);
    n = served(&t, frame, 'm', 0, 0, 0, &own, &own); /* of the hello, that nobody waits for */
    CHECK(trama_open(&t, frame, n, &data, 1, &which, &own) == TRAMA_REFERENCE);
    n = served(&t, frame, 'm', 0, 1, 0, &data, &own);
    CHECK(trama_open(&t, frame, n, &data, 1, &which, &own) == profile);
    t.challenged = 0; /* the server did not know the answer yet */
    n = served(&t, frame, 'm', 0, 77 + 10 * (unsigned)round, 0, &data, &own);
    last = served(&t, copy, 'A', 0, 78 + 10 * (unsigned)round, 0, NULL, &own);
    t.challenged = 1;
    CHECK(trama_open(&t, frame, n, &data, 1, &which, &own) == profile);
    CHECK(trama_open(&t, copy, last, &data, 1, &which, &own) == TRAMA_STALE);
    n = last = served(&t, copy, 'O', 0, 2, 2, NULL, &command);
    memcpy(frame, copy, n);
    CHECK(trama_open(&t, frame, n, &data, 1, &which, &own) == profile + 2);
    memcpy(frame, copy, n);
    CHECK(trama_open(&t, frame, n, &data, 1, &which, &own) < 0);
  }
  CHECK(trama_challenge(&t, frame, plain(frame, profile, 'X', 7, 7)) == TRAMA_FRAME);
}

/* wrapped makes the body of the command K. */
static void wrapped(const uint8_t *inner, uint8_t *body) {
  /* The wrapping key under the key of these tests, from trama.py. */
  uint8_t by[16], block[16];
  unhex("08aec69ab35bfb094e381290bbd7cbea", by);
  memset(body, 0xa6, 8);
  memcpy(body + 8, inner, 16);
  for (uint8_t step = 1; step <= 12; step++) {
    uint8_t *half = body + (step % 2 ? 8 : 16);
    memcpy(block, body, 8);
    memcpy(block + 8, half, 8);
    aes_encrypt(NULL, by, block);
    block[7] ^= step;
    memcpy(body, block, 8);
    memcpy(half, block + 8, 8);
  }
}

static void test_new_key(uint8_t profile, uint8_t suite) {
  struct trama t;
  uint8_t frame[300], fresh[16];
  struct trama_ref own, data;
  size_t which, n;
  int len;
  for (int i = 0; i < 16; i++) fresh[i] = (uint8_t)(0xa0 + i);
  start(&t, profile, suite);
  len = (int)plain(frame, profile, 'K', 3, 24);
  wrapped(fresh, frame + profile);
  frame[profile] ^= 1;
  CHECK(trama_new_key(&t, frame, (size_t)len) == TRAMA_TAG && !t.saved.next);
  frame[profile] ^= 1;
  CHECK(trama_new_key(&t, frame, (size_t)len) == 0 && t.saved.next);
  boot(&t);
  data.size = 8;
  memset(data.bytes, 1, 8);
  CHECK(trama_seal(&t, frame, plain(frame, profile, 'K', 3, 0), sizeof frame, &data, &own) > 0);
  CHECK(t.saved.active == 0);
  CHECK(trama_seal(&t, frame, plain(frame, profile, 'm', 3, 5), sizeof frame, NULL, &data) > 0);
  CHECK(t.saved.active == 1 && t.saved.trial && memcmp(t.saved.slot[1].key, fresh, 16) == 0);
  for (int i = 0; i < TRAMA_CONNECTIONS; i++) CHECK(trama_connected(&t, 1) == 0);
  CHECK(t.saved.active == 0 && t.saved.trial);
  boot(&t);
  for (int i = 0; i < TRAMA_CONNECTIONS; i++) CHECK(trama_connected(&t, 1) == 0);
  CHECK(t.saved.active == 1 && t.saved.trial);
  CHECK(trama_seal(&t, frame, plain(frame, profile, 'm', 3, 5), sizeof frame, NULL, &data) > 0);
  n = served(&t, frame, 'm', 0, 3, 0, &data, &own);
  CHECK(trama_open(&t, frame, n, &data, 1, &which, &own) == profile);
  CHECK(!memory.saved.trial && memory.saved.active == 1 && memory.saved.slot[0].key[0] == 0);
  CHECK(memcmp(memory.saved.slot[1].key, fresh, 16) == 0);
}

static void test_plain(void) {
  struct trama t;
  uint8_t frame[300];
  struct trama_ref own, data;
  size_t which, n;
  start(&t, TRAMA_EXTENDED, TRAMA_CCM8);
  CHECK(trama_seal(&t, frame, plain(frame, t.profile, 'm', 0, 5), sizeof frame, NULL, &data) > 0);
  n = plain(frame, t.profile, 'm', 0, 0);
  CHECK(trama_open(&t, frame, n, &data, 1, &which, &own) == TRAMA_SUITE);
  repair(frame, n);
  CHECK(trama_open(&t, frame, n, &data, 1, &which, &own) == TRAMA_SUITE);
  start(&t, TRAMA_EXTENDED, TRAMA_NONE);
  n = plain(frame, t.profile, 'm', 0, 5);
  CHECK(trama_seal(&t, frame, n, sizeof frame, NULL, &data) == (int)n);
  CHECK(trama_open(&t, frame, n, NULL, 0, &which, &own) == (int)n);
  CHECK(trama_seal(&t, frame, n, sizeof frame, NULL, &data) == (int)n);
  frame[30] ^= 4;
  CHECK(trama_open(&t, frame, n, NULL, 0, &which, &own) == TRAMA_FRAME);
  CHECK(trama_seal(&t, frame, n, n + 3, NULL, &data) == TRAMA_ROOM);
  frame[7] ^= 1;
  CHECK(trama_seal(&t, frame, n, sizeof frame, NULL, &data) == TRAMA_FRAME);
}

static void lines(void) {
  static char line[50000], frame_hex[21000];
  static uint8_t frame[10100];
  char verb[8], suite[8], profile[10], key_hex[40], sender[4], challenge[40], answers[20];
  unsigned epoch, count;
  while (fgets(line, sizeof line, stdin)) {
    uint8_t root[20], halves[20];
    struct trama_way w = {&port, root, NULL, 0, 0, 0};
    struct trama_ref ref, own;
    uint32_t counter;
    size_t len;
    int n;
    if (sscanf(line, "%7s %7s %9s %39s %3s %u %39s %u %20999s %19s", verb, suite, profile, key_hex, sender, &epoch, challenge,
               &count, frame_hex, answers) != 10)
      exit(2);
    unhex(key_hex, root);
    w.suite = (uint8_t)strtol(suite, NULL, 16);
    w.profile = profile[0] == 'e' ? TRAMA_EXTENDED : TRAMA_COMPACT;
    w.control = (uint8_t)((sender[0] == '1' ? 0x80 : 0) | (challenge[0] == '-' ? epoch : 0x40));
    if (challenge[0] != '-') {
      unhex(challenge, halves);
      w.halves = halves;
    }
    ref.size = answers[0] == '-' ? 0 : (uint8_t)unhex(answers, ref.bytes);
    len = unhex(frame_hex, frame);
    counter = count;
    if (verb[0] == 's')
      n = trama_protect(&w, counter, frame, len, sizeof frame, &ref, &own);
    else
      n = trama_unprotect(&w, &counter, frame, len, &own);
    if (n < 0) {
      printf("refused\n");
    } else {
      print_hex(frame, (size_t)n);
      printf(" %lu ", (unsigned long)counter);
      print_hex(own.bytes, own.size);
      printf("\n");
    }
    fflush(stdout);
  }
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  if (strcmp(argv[1], "lines") == 0) {
    lines();
    return 0;
  }
  test_aes();
  test_golden(argv[1]);
  test_window();
  test_counters();
  test_epochs();
  test_epoch_before();
  test_plain();
  for (int p = 0; p < 2; p++)
    for (int s = 0; s < 4; s++) {
      test_dialogue(profiles[p], suites[s]);
      test_new_key(profiles[p], suites[s]);
      if (suites[s] != TRAMA_ENC24) test_challenge(profiles[p], suites[s]);
    }
  printf(failures ? "%d failed\n" : "ok\n", failures);
  return failures > 0;
}
