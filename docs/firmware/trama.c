#include "trama.h"

#include <string.h>

enum { SUITE_AT = 3, CODE_AT = 4, SERIAL_AT = 7, TEXT_AT = 11, COUNTER_AT = 12, HIDDEN_AT = 16 };
enum { SERVER = 0x80, OF_CONNECTION = 0x40, LAST_EPOCH = 63 };

static void put16(uint8_t *at, unsigned value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value) {
  put16(at, (unsigned)(value >> 16));
  put16(at + 2, (unsigned)(value & 0xffff));
}

static uint32_t get32(const uint8_t *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint8_t digits(unsigned value) { return (uint8_t)(value / 10 << 4 | value % 10); }

static void put_length(uint8_t *frame, size_t len) {
  unsigned count = (unsigned)(len - SERIAL_AT);
  frame[0] = digits(count / 100);
  frame[1] = digits(count % 100);
}

static int differ(const uint8_t *a, const uint8_t *b, size_t n) {
  uint8_t sum = 0;
  while (n-- > 0) sum |= (uint8_t)(*a++ ^ *b++);
  return sum;
}

static void wipe(void *bytes, size_t n) {
  volatile uint8_t *at = bytes;
  while (n-- > 0) *at++ = 0;
}

static uint32_t crc24(const uint8_t *frame, size_t len) {
  uint32_t crc = 0xb704ce;
  for (size_t i = 0; i < len; i++) {
    crc ^= i >= CODE_AT && i < SERIAL_AT ? 0 : (uint32_t)frame[i] << 16;
    for (int bit = 0; bit < 8; bit++) crc = crc << 1 ^ (crc & 0x800000 ? 0x1864cfb : 0);
  }
  return crc & 0xffffff;
}

static void put_crc(uint8_t *frame, size_t len) {
  uint32_t crc = crc24(frame, len);
  frame[CODE_AT] = (uint8_t)(crc >> 16);
  put16(frame + CODE_AT + 1, (unsigned)(crc & 0xffff));
}

static int crc_differs(const uint8_t *frame, size_t len) {
  return crc24(frame, len) != (get32(frame + CODE_AT - 1) & 0xffffff);
}

/* A chain of blocks, of which CMAC and CCM are made. */
struct chain {
  const struct trama_port *port;
  const uint8_t *key;
  uint8_t block[16];
  uint8_t used;
};

static void turn(struct chain *c) {
  c->port->encrypt(c->port->user, c->key, c->block);
  c->used = 0;
}

static void begin(struct chain *c, const struct trama_port *port, const uint8_t *key) {
  memset(c, 0, sizeof *c);
  c->port = port;
  c->key = key;
}

static void add(struct chain *c, const uint8_t *bytes, size_t n) {
  while (n-- > 0) {
    if (c->used == 16) turn(c);
    c->block[c->used++] ^= *bytes++;
  }
}

static void twice(uint8_t block[16]) {
  uint8_t carry = block[0] >> 7;
  for (int i = 0; i < 15; i++) block[i] = (uint8_t)(block[i] << 1 | block[i + 1] >> 7);
  block[15] = (uint8_t)(block[15] << 1 ^ (carry ? 0x87 : 0));
}

/* finish leaves the CMAC in the block. */
static void finish(struct chain *c) {
  uint8_t last[16] = {0};
  c->port->encrypt(c->port->user, c->key, last);
  twice(last);
  if (c->used < 16) {
    twice(last);
    c->block[c->used] ^= 0x80;
  }
  c->used = 0;
  add(c, last, 16);
  turn(c);
}

/* derive makes the key for one purpose. */
static void derive(const struct trama_way *w, const char *label, const uint8_t *serial, uint8_t key[16]) {
  struct chain c;
  uint8_t text[6] = {1, 0, 0, 0, 0, 0};
  uint8_t end[5] = {w->control & LAST_EPOCH, w->control >> 7, w->suite, 0, 0x80};
  memcpy(text + 1, w->halves ? "conn" : label, 4);
  begin(&c, w->port, w->key);
  add(&c, text, 6);
  add(&c, serial, 4);
  if (w->halves) {
    add(&c, w->halves, 16);
    add(&c, end + 1, 4);
  } else {
    add(&c, end, 5);
  }
  finish(&c);
  memcpy(key, c.block, 16);
}

/* put_nonce writes a counter block: what CCM and CTR encrypt with, first begins it and number ends it. */
static void put_nonce(const struct trama_way *w, const uint8_t *frame, uint32_t counter, uint8_t nonce[13]) {
  nonce[0] = w->control;
  memcpy(nonce + 1, frame + SERIAL_AT, 4);
  nonce[5] = frame[2];
  nonce[6] = w->suite;
  put16(nonce + 7, 0);
  put32(nonce + 9, counter);
}

/* stream encrypts or decrypts one block's worth of the text; start is the counter block without its number. */
static void stream(const struct trama_way *w, const uint8_t *key, const uint8_t start[14], unsigned number, uint8_t *text,
                   size_t n) {
  uint8_t block[16];
  memcpy(block, start, 14);
  put16(block + 14, number);
  w->port->encrypt(w->port->user, key, block);
  for (size_t i = 0; i < n; i++) text[i] ^= block[i];
}

static void stream_all(const struct trama_way *w, const uint8_t *key, const uint8_t start[14], uint8_t *text, size_t n) {
  for (size_t at = 0; at < n; at += 16)
    stream(w, key, start, (unsigned)(at / 16 + 1), text + at, n - at < 16 ? n - at : 16);
}

/* ccm works on the hidden part of a frame of suite 20 or 21 and gives its tag. */
static void ccm(const struct trama_way *w, uint8_t *frame, size_t n, size_t size, int opening, uint8_t tag[16]) {
  struct chain c;
  uint8_t key[16], start[16], head[HIDDEN_AT];
  derive(w, "aead", frame + SERIAL_AT, key);
  put_nonce(w, frame, get32(frame + COUNTER_AT), start + 1);
  put16(start + 14, (unsigned)n);
  start[0] = (uint8_t)(0x41 | (size - 2) / 2 << 3);
  begin(&c, w->port, key);
  add(&c, start, 16);
  start[0] = 1;
  put16(head, HIDDEN_AT);
  add(&c, head, 2);
  memcpy(head, frame, HIDDEN_AT);
  memset(head + CODE_AT, 0, 3);
  add(&c, head, HIDDEN_AT);
  turn(&c);
  if (opening) stream_all(w, key, start, frame + HIDDEN_AT, n);
  add(&c, frame + HIDDEN_AT, n);
  if (!opening) stream_all(w, key, start, frame + HIDDEN_AT, n);
  if (c.used > 0) turn(&c);
  stream(w, key, start, 0, c.block, 16);
  memcpy(tag, c.block, 16);
  wipe(key, sizeof key);
}

/* code gives the first bytes of the CMAC of a frame of suite 10 or 11. */
static void code(const struct trama_way *w, uint32_t counter, const uint8_t *frame, size_t len, uint8_t out[3]) {
  struct chain c;
  uint8_t key[16], first[16] = {0};
  derive(w, "auth", frame + SERIAL_AT, key);
  first[0] = w->suite;
  first[1] = w->control;
  memcpy(first + 2, frame + SERIAL_AT, 4);
  if (w->suite == TRAMA_ENC24 || w->halves)
    put32(first + 6, counter);
  else if (w->profile == TRAMA_EXTENDED)
    memcpy(first + 6, frame + 23, 4);
  memcpy(first + 10, frame, 2);
  begin(&c, w->port, key);
  add(&c, first, 16);
  memset(first, 0, 3);
  add(&c, frame, CODE_AT);
  add(&c, first, 3);
  add(&c, frame + SERIAL_AT, len - SERIAL_AT);
  finish(&c);
  memcpy(out, c.block, 3);
  wipe(key, sizeof key);
}

/* hide encrypts or decrypts the text of a frame of suite 11. */
static void hide(const struct trama_way *w, uint32_t counter, uint8_t *frame, uint8_t *text, size_t n) {
  uint8_t key[16], start[14] = {0};
  derive(w, "encr", frame + SERIAL_AT, key);
  put_nonce(w, frame, counter, start);
  stream_all(w, key, start, text, n);
  wipe(key, sizeof key);
}

static size_t tag_size(uint8_t suite) { return suite == TRAMA_CCM8 ? 8 : suite == TRAMA_CCM16 ? 16 : 0; }

/* clear_end is the offset behind RC. */
static size_t clear_end(uint8_t profile) { return profile == TRAMA_EXTENDED ? 16 : 15; }

/* known says whether there is such a suite.  Suite 11 needs two keys and has none of a connection. */
static int known(const struct trama_way *w) {
  return tag_size(w->suite) > 0 || w->suite == TRAMA_NONE || w->suite == TRAMA_AUTH24 ||
         (w->suite == TRAMA_ENC24 && !w->halves);
}

int trama_protect(const struct trama_way *w, uint32_t counter, uint8_t *frame, size_t len, size_t room,
                  const struct trama_ref *answers, struct trama_ref *own) {
  size_t clear = clear_end(w->profile), size = tag_size(w->suite);
  if (!known(w)) return TRAMA_SUITE;
  if (len < w->profile) return TRAMA_FRAME;
  if (room < len + TRAMA_GROWTH || len + TRAMA_GROWTH > 9999) return TRAMA_ROOM;
  own->size = size > 0 ? 8 : w->suite == TRAMA_NONE ? 0 : 3;
  if (answers && w->suite != TRAMA_NONE) {
    memcpy(frame + len, answers->bytes, answers->size);
    len += answers->size;
  }
  frame[SUITE_AT] = w->suite;
  if (size > 0) {
    size_t n = len - TEXT_AT;
    uint8_t tag[16];
    memmove(frame + HIDDEN_AT, frame + TEXT_AT, n);
    frame[TEXT_AT] = w->control;
    put32(frame + COUNTER_AT, counter);
    len = HIDDEN_AT + n + size;
    put_length(frame, len);
    ccm(w, frame, n, size, 0, tag);
    memcpy(frame + len - size, tag, size);
    memcpy(own->bytes, frame + COUNTER_AT, 4);
    memcpy(own->bytes + 4, tag, 4);
    put_crc(frame, len);
    return (int)len;
  }
  if (w->suite == TRAMA_ENC24) {
    memmove(frame + clear + 2, frame + clear, len - clear);
    put16(frame + clear, (unsigned)(counter & 0xffff));
    hide(w, counter, frame, frame + clear + 2, len - clear);
    len += 2;
  }
  put_length(frame, len);
  if (w->suite == TRAMA_NONE) {
    put_crc(frame, len);
    return (int)len;
  }
  code(w, counter, frame, len, own->bytes);
  memcpy(frame + CODE_AT, own->bytes, 3);
  return (int)len;
}

/* whole gives the counter that ends in 16 bits: at most 16,384 after the highest seen, or 64 before. */
static int whole(uint32_t *counter, unsigned low) {
  uint32_t gap = (low - *counter) & 0xffff;
  if (gap >= 0x10000 - 64 && *counter >= 0x10000 - gap)
    *counter -= 0x10000 - gap;
  else if (gap > 16384 || *counter > UINT32_MAX - gap)
    return TRAMA_REPLAY;
  else
    *counter += gap;
  return 0;
}

int trama_unprotect(const struct trama_way *w, uint32_t *counter, uint8_t *frame, size_t len, struct trama_ref *own) {
  size_t clear = clear_end(w->profile), size = tag_size(w->suite);
  uint8_t head[2];
  if (!known(w)) return TRAMA_SUITE;
  if (len < w->profile || len > 9999 + SERIAL_AT) return TRAMA_FRAME;
  head[0] = digits((unsigned)(len - SERIAL_AT) / 100);
  head[1] = digits((unsigned)(len - SERIAL_AT) % 100);
  if (differ(head, frame, 2)) return TRAMA_FRAME;
  if (frame[SUITE_AT] != w->suite) return TRAMA_SUITE;
  own->size = size > 0 ? 8 : w->suite == TRAMA_NONE ? 0 : 3;
  if (size > 0) {
    uint8_t tag[16];
    size_t n;
    if (len < w->profile + 5 + size || crc_differs(frame, len)) return TRAMA_FRAME;
    if (frame[TEXT_AT] != w->control) return TRAMA_TAG;
    n = len - HIDDEN_AT - size;
    *counter = get32(frame + COUNTER_AT);
    ccm(w, frame, n, size, 1, tag);
    if (differ(tag, frame + len - size, size)) {
      wipe(frame, len);
      return TRAMA_TAG;
    }
    memcpy(own->bytes, frame + COUNTER_AT, 4);
    memcpy(own->bytes + 4, tag, 4);
    memmove(frame + TEXT_AT, frame + HIDDEN_AT, n);
    len = TEXT_AT + n;
  } else if (w->suite == TRAMA_NONE) {
    static const uint8_t none[3] = {0, 0, 0};
    if (differ(frame + CODE_AT, none, 3) && crc_differs(frame, len)) return TRAMA_FRAME;
  } else {
    if (w->suite == TRAMA_ENC24) {
      if (len < (size_t)w->profile + 2) return TRAMA_FRAME;
      if (whole(counter, (unsigned)frame[clear] << 8 | frame[clear + 1])) return TRAMA_REPLAY;
    }
    code(w, *counter, frame, len, own->bytes);
    if (differ(own->bytes, frame + CODE_AT, 3)) return TRAMA_TAG;
    if (w->suite == TRAMA_ENC24) {
      len -= 2;
      hide(w, *counter, frame, frame + clear + 2, len - clear);
      memmove(frame + clear, frame + clear + 2, len - clear);
    }
  }
  memset(frame + SUITE_AT, 0, 4);
  put_length(frame, len);
  return (int)len;
}

static struct trama_slot *slot(struct trama *t) { return &t->saved.slot[t->saved.active]; }

static int store(struct trama *t) { return t->port->store ? t->port->store(t->port->user, &t->saved) : 0; }

static void wait_for(struct trama_window *w, uint8_t control, uint32_t heard) {
  w->control = control;
  w->next = heard;
  w->seen = heard > 0 ? UINT64_MAX : 0;
}

/* settle makes the state of memory that of the device.  Every window begins behind what was acted on. */
static void settle(struct trama *t, uint32_t first) {
  t->next = first;
  t->limit = slot(t)->counter + TRAMA_EVERY;
  t->forged = 0;
  t->silent = 0;
  wait_for(&t->window[0], SERVER | slot(t)->epoch, slot(t)->heard);
}

int trama_start(struct trama *t, const struct trama_port *port, const struct trama_saved *saved, uint8_t profile,
                uint8_t suite, const uint8_t serial[4], const char *replay_safe) {
  memset(t, 0, sizeof *t);
  t->port = port;
  t->saved = *saved;
  t->profile = profile;
  t->suite = suite;
  t->replay_safe = replay_safe;
  memcpy(t->serial, serial, 4);
  slot(t)->counter += TRAMA_EVERY + TRAMA_FLIGHT;
  if (store(t)) return TRAMA_MEMORY;
  settle(t, slot(t)->counter);
  return 0;
}

/* commit writes a changed state, or takes the change back. */
static int commit(struct trama *t, const struct trama_saved *before) {
  if (store(t) == 0) return 0;
  t->saved = *before;
  return TRAMA_MEMORY;
}

/* lonely says that one more epoch would be one that the server no longer takes: those of suites 10 and 11 do not stand in their
 * frames, and it tries only the next one. */
static int lonely(struct trama *t) {
  return slot(t)->epoch >= LAST_EPOCH || slot(t)->epoch >= slot(t)->answered + (tag_size(t->suite) > 0 ? TRAMA_AHEAD : 1);
}

static int move(struct trama *t, const struct trama_saved *before) {
  if (lonely(t)) {
    t->saved = *before;
    return TRAMA_SPENT;
  }
  slot(t)->epoch++;
  slot(t)->counter = slot(t)->heard = 0;
  if (commit(t, before)) return TRAMA_MEMORY;
  t->window[1] = t->window[0];
  settle(t, 0);
  return 0;
}

/* change goes on with the key of the other slot, until the server has used one of the two. */
static int change(struct trama *t, const struct trama_saved *before) {
  slot(t)->counter = t->next; /* where the key that is left goes on, should it come back */
  t->saved.active ^= 1;
  t->saved.next = 0;
  t->saved.trial = 1;
  if (commit(t, before)) return TRAMA_MEMORY;
  t->window[1].control = 0;
  settle(t, slot(t)->counter);
  return 0;
}

static uint32_t forgeries(uint8_t suite) {
  return suite == TRAMA_CCM8 ? 1u << 14 : suite == TRAMA_CCM16 ? 1ul << 20 : 16;
}

int trama_connected(struct trama *t, uint32_t now) {
  struct trama_saved before = t->saved;
  t->challenged = 0;
  wipe(t->halves, sizeof t->halves);
  if (t->saved.next) return change(t, &before);
  if (t->silent < TRAMA_CONNECTIONS) t->silent++;
  if (t->silent < TRAMA_CONNECTIONS && t->forged < forgeries(t->suite)) return 0;
  if (t->saved.trial) return change(t, &before);
  if (now < t->saved.moved) t->saved.moved = now; /* the clock was set back: a day from now */
  if (t->saved.moved && now - t->saved.moved < TRAMA_DAY) return 0;
  if (lonely(t)) return 0;
  t->saved.moved = now;
  return move(t, &before);
}

int trama_seal(struct trama *t, uint8_t *frame, size_t len, size_t room, const struct trama_ref *answers,
               struct trama_ref *own) {
  struct trama_way way = {t->port, NULL, NULL, t->profile, t->suite, 0};
  struct trama_saved before = t->saved;
  uint32_t *counter = &t->next;
  int failed = 0;
  if (len < SERIAL_AT + 4 || differ(frame + SERIAL_AT, t->serial, 4)) return TRAMA_FRAME;
  if (t->challenged) {
    way.halves = t->halves;
    counter = &t->sent;
  } else if (t->suite != TRAMA_NONE) {
    if (t->saved.next && !answers)
      failed = change(t, &before);
    else if (t->next >= TRAMA_FRAMES || t->window[0].next >= TRAMA_FRAMES)
      failed = move(t, &before);
    if (failed) return failed;
    if (!t->port->store && t->suite != TRAMA_AUTH24) return TRAMA_MEMORY;
    if (t->next >= t->limit) {
      before = t->saved;
      slot(t)->counter = t->next;
      if (commit(t, &before) == 0)
        t->limit = t->next + TRAMA_EVERY;
      else if (t->next >= t->limit + TRAMA_FLIGHT)
        return TRAMA_MEMORY;
    }
  }
  way.key = slot(t)->key;
  way.control = t->challenged ? OF_CONNECTION : slot(t)->epoch;
  failed = trama_protect(&way, *counter, frame, len, room, answers, own);
  if (failed > 0) ++*counter;
  return failed;
}

/* old says whether a counter was seen, or is too far behind to know. */
static int old(const struct trama_window *w, uint32_t counter) {
  uint32_t behind = w->next - 1 - counter;
  return counter < w->next && (behind >= 64 || (w->seen >> behind & 1));
}

static void note(struct trama_window *w, uint32_t counter) {
  if (counter >= w->next) {
    uint32_t ahead = counter + 1 - w->next;
    w->seen = ahead < 64 ? w->seen << ahead : 0;
    w->next = counter + 1;
  }
  w->seen |= (uint64_t)1 << (w->next - 1 - counter);
}

static int lower(uint8_t letter) { return letter >= 'a' && letter <= 'z'; }

/* take finds the key of a frame and opens it. */
static int take(struct trama *t, uint8_t *frame, size_t len, struct trama_window **window, uint32_t *counter,
                struct trama_ref *own) {
  struct trama_way way = {t->port, slot(t)->key, NULL, t->profile, t->suite, 0};
  int result = TRAMA_TAG, told = tag_size(t->suite) > 0 && len > TEXT_AT;
  if (t->challenged && (!told || frame[TEXT_AT] & OF_CONNECTION)) {
    *window = &t->connection;
    way.halves = t->halves;
    way.control = t->connection.control;
    *counter = t->connection.next;
    result = trama_unprotect(&way, counter, frame, len, own);
    way.halves = NULL;
  }
  for (int i = 0; i < 2 && (result == TRAMA_TAG || result == TRAMA_REPLAY); i++) {
    struct trama_window *w = &t->window[i];
    way.control = w->control;
    if (!way.control || (told && frame[TEXT_AT] != way.control)) continue;
    *window = w;
    *counter = w->next ? w->next - 1 : 0;
    result = trama_unprotect(&way, counter, frame, len, own);
  }
  return result;
}

/* acknowledged finds the frame that an acknowledgement is of. */
static int acknowledged(uint8_t *frame, size_t len, const struct trama_ref *waiting, size_t count, size_t *which) {
  for (*which = 0; *which < count; ++*which) {
    const struct trama_ref *r = &waiting[*which];
    if (r->size > 0 && len > r->size && !differ(frame + len - r->size, r->bytes, r->size)) return (int)(len - r->size);
  }
  return TRAMA_REFERENCE;
}

int trama_open(struct trama *t, uint8_t *frame, size_t len, const struct trama_ref *waiting, size_t count, size_t *which,
               struct trama_ref *own) {
  struct trama_window *window = NULL;
  struct trama_saved before = t->saved;
  uint32_t counter = 0;
  int n, counted, changed = 0;
  uint8_t letter;
  if (len < (size_t)t->profile || differ(frame + SERIAL_AT, t->serial, 4)) return TRAMA_FRAME;
  if (t->forged >= forgeries(t->suite) && t->suite != TRAMA_NONE) return TRAMA_SPENT;
  if (frame[SUITE_AT] != t->suite) return TRAMA_SUITE;
  n = take(t, frame, len, &window, &counter, own);
  if (n == TRAMA_TAG) t->forged++;
  if (n < 0) return n;
  counted = t->suite != TRAMA_NONE && (t->suite != TRAMA_AUTH24 || window == &t->connection);
  if (counted && (old(window, counter) || counter >= TRAMA_BOUND)) return TRAMA_REPLAY;
  if (window == &t->connection) note(window, counter); /* whatever it says: suite 10 counts in step */
  letter = frame[clear_end(t->profile) - 2];
  if (!lower(letter)) {
    *which = count;
    if (t->challenged && window != &t->connection) return TRAMA_STALE;
    if (!counted && t->suite != TRAMA_NONE && (!letter || !t->replay_safe || !strchr(t->replay_safe, letter)))
      return TRAMA_STALE;
    if (counted && window == &t->window[0] && counter >= slot(t)->heard) {
      slot(t)->heard = counter + 1;
      changed = 1;
    }
  } else if (t->suite != TRAMA_NONE) {
    n = acknowledged(frame, (size_t)n, waiting, count, which);
    if (n < 0) return n;
    put_length(frame, (size_t)n);
  }
  if (window == &t->window[0] && slot(t)->answered != slot(t)->epoch) {
    slot(t)->answered = slot(t)->epoch;
    changed = 1;
  }
  if (t->saved.trial) {
    t->saved.trial = 0;
    wipe(&t->saved.slot[t->saved.active ^ 1], sizeof before.slot[0]);
    changed = 1;
  }
  if (changed && commit(t, &before)) return TRAMA_MEMORY;
  if (counted) note(window, counter);
  t->silent = 0;
  return n;
}

int trama_hello(const struct trama *t, uint8_t *frame, size_t room) {
  static const uint8_t time[7] = {0x20, 0x00, 0x01, 0x01, 0, 0, 0};
  struct trama_way way = {t->port, t->saved.slot[t->saved.active].key, NULL, t->profile, t->suite, 0};
  struct trama_ref own;
  if (room < (size_t)t->profile + TRAMA_GROWTH) return TRAMA_ROOM;
  memset(frame, 0, t->profile);
  frame[2] = 1;
  memcpy(frame + SERIAL_AT, t->serial, 4);
  frame[clear_end(t->profile) - 2] = 'k';
  if (t->profile == TRAMA_EXTENDED) memcpy(frame + 16, time, sizeof time);
  return trama_protect(&way, 0, frame, t->profile, room, NULL, &own);
}

int trama_challenge(struct trama *t, uint8_t *frame, size_t len) {
  struct trama_way way = {t->port, NULL, NULL, t->profile, TRAMA_NONE, 0};
  struct trama_ref own;
  uint32_t counter = 0;
  uint8_t *body = frame + t->profile;
  if (t->suite == TRAMA_NONE || t->suite == TRAMA_ENC24) return TRAMA_SUITE;
  if (len != (size_t)t->profile + 8 || frame[clear_end(t->profile) - 2] != 'X' || differ(frame + SERIAL_AT, t->serial, 4))
    return TRAMA_FRAME;
  if (trama_unprotect(&way, &counter, frame, len, &own) < 0) return TRAMA_FRAME;
  if (!t->port->random || t->port->random(t->port->user, t->halves + 8, 8)) return TRAMA_RANDOM;
  memcpy(t->halves, body, 8);
  memcpy(body, t->halves + 8, 8);
  t->challenged = 1;
  t->sent = 0;
  wait_for(&t->connection, SERVER | OF_CONNECTION, 0);
  put_crc(frame, len);
  return (int)len;
}

int trama_new_key(struct trama *t, const uint8_t *frame, size_t len) {
  struct trama_saved before = t->saved;
  struct trama_slot *fresh = &t->saved.slot[t->saved.active ^ 1];
  struct chain c;
  uint8_t text[15] = {1, 'w', 'r', 'a', 'p', 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0x80}, block[16], check[8];
  const uint8_t *body = frame + t->profile;
  if (!t->port->decrypt || len != (size_t)t->profile + 24 || frame[clear_end(t->profile) - 2] != 'K') return TRAMA_FRAME;
  memcpy(text + 6, t->serial, 4);
  begin(&c, t->port, slot(t)->key);
  add(&c, text, sizeof text);
  finish(&c);
  memset(fresh, 0, sizeof *fresh);
  memcpy(check, body, 8);
  memcpy(fresh->key, body + 8, 16);
  for (uint8_t step = 12; step > 0; step--) {
    uint8_t *half = fresh->key + (step % 2 ? 0 : 8);
    memcpy(block, check, 8);
    block[7] ^= step;
    memcpy(block + 8, half, 8);
    t->port->decrypt(t->port->user, c.block, block);
    memcpy(check, block, 8);
    memcpy(half, block + 8, 8);
  }
  for (int i = 0; i < 8; i++) check[i] ^= 0xa6;
  for (int i = 1; i < 8; i++) check[0] |= check[i];
  wipe(&c, sizeof c);
  wipe(block, sizeof block);
  if (check[0]) {
    t->saved = before;
    return TRAMA_TAG;
  }
  t->saved.next = 1;
  return commit(t, &before);
}
