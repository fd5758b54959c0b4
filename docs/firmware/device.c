/* A master over TCP on trama.c, for tests and as an example.
 *
 *   device HOST PORT SERIAL KEY SUITE PROFILE MEMORY
 *
 * MEMORY is the file that stands for non-volatile memory; the key counts as long as it is not there.  Orders come on standard
 * input, one a line: connect, close, send VALUE, keep (a keep-alive), hello (one in plain), again (what was not
 * acknowledged).  Each thing that happens is a line on standard output.  MEMORY "-" is a device without memory, which wants to be
 * challenged. */
#define _POSIX_C_SOURCE 200809L

#include "aes.h"
#include "trama.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WAITING = 16, LINE = 256, FRAME = 512 };

struct device {
  struct trama t;
  const char *memory;
  int line;
  uint32_t number;
  uint8_t in[4096];
  size_t have;
  struct trama_ref ref[WAITING]; /* of frames that wait for their acknowledgement */
  uint8_t frame[WAITING][FRAME], plain[WAITING][FRAME];
  size_t size[WAITING], length[WAITING], waiting;
  uint8_t epoch[WAITING]; /* in which a frame was sealed */
  uint8_t last[4]; /* NUT of the last command that was done */
  int done;
};

static int store(void *user, const struct trama_saved *saved) {
  struct device *d = user;
  char fresh[512];
  int file, ok;
  snprintf(fresh, sizeof fresh, "%s.new", d->memory);
  file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0) return -1;
  ok = write(file, saved, sizeof *saved) == (ssize_t)sizeof *saved && fsync(file) == 0;
  ok = close(file) == 0 && ok;
  return ok && rename(fresh, d->memory) == 0 ? 0 : -1;
}

static int noise(void *user, uint8_t *bytes, size_t n) {
  int file = open("/dev/urandom", O_RDONLY);
  int ok = file >= 0 && read(file, bytes, n) == (ssize_t)n;
  (void)user;
  if (file >= 0) close(file);
  return ok ? 0 : -1;
}

static void unhex(const char *digits, uint8_t *bytes, size_t n) {
  unsigned value = 0;
  for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)(sscanf(digits + 2 * i, "%2x", &value) == 1 ? value : 0);
}

static const char *hex(const uint8_t *bytes, size_t n) {
  static char text[2 * FRAME + 1];
  for (size_t i = 0; i < n && i < FRAME; i++) snprintf(text + 2 * i, 3, "%02x", bytes[i]);
  text[2 * n] = 0;
  return text;
}

static size_t letter_at(const struct device *d) { return d->t.profile == TRAMA_EXTENDED ? 14 : 13; }

static uint8_t decimals(uint32_t value) { return (uint8_t)(value / 10 % 10 << 4 | value % 10); }

/* head makes a plain header; the body of n bytes stands behind it. */
static size_t head(struct device *d, uint8_t *frame, char letter, size_t n) {
  size_t len = d->t.profile + n;
  memset(frame, 0, d->t.profile);
  frame[0] = decimals((uint32_t)(len - 7) / 100);
  frame[1] = decimals((uint32_t)(len - 7));
  frame[2] = 1;
  memcpy(frame + 7, d->t.serial, 4);
  frame[11] = 1;
  frame[12] = 2;
  if (d->t.profile == TRAMA_EXTENDED) frame[13] = 3;
  frame[letter_at(d)] = (uint8_t)letter;
  if (d->t.profile == TRAMA_EXTENDED) {
    char text[15];
    time_t now = time(NULL);
    strftime(text, sizeof text, "%Y%m%d%H%M%S", localtime(&now));
    unhex(text, frame + 16, 7);
    d->number++;
    for (uint32_t i = 0, left = d->number; i < 4; i++, left /= 100) frame[26 - i] = decimals(left % 100);
  }
  return len;
}

static void transmit(struct device *d, const uint8_t *frame, size_t n) {
  if (d->line >= 0 && write(d->line, frame, n) != (ssize_t)n) printf("lost\n");
}

/* seal protects the plain frame in a place of those that wait, and sends it. */
static void seal(struct device *d, size_t i) {
  int len;
  memcpy(d->frame[i], d->plain[i], d->length[i]);
  len = trama_seal(&d->t, d->frame[i], d->length[i], FRAME, NULL, &d->ref[i]);
  d->size[i] = len < 0 ? 0 : (size_t)len;
  d->epoch[i] = d->t.saved.slot[d->t.saved.active].epoch;
  if (len < 0) {
    d->ref[i].size = 0;
    printf("unsealed %d\n", len);
    return;
  }
  printf("sent %s\n", hex(d->ref[i].bytes, d->ref[i].size));
  transmit(d, d->frame[i], d->size[i]);
}

/* report keeps a frame until it is acknowledged, and sends it. */
static void report(struct device *d, char letter, const uint8_t *body, size_t n) {
  size_t i = d->waiting;
  if (i == WAITING) {
    printf("full\n");
    return;
  }
  d->length[i] = head(d, d->plain[i], letter, n);
  if (n > 0) memcpy(d->plain[i] + d->t.profile, body, n);
  d->waiting++;
  seal(d, i);
}

static void measure(struct device *d, float value) {
  uint8_t body[5] = {0};
  uint32_t bits;
  memcpy(&bits, &value, 4);
  for (int i = 0; i < 4; i++) body[1 + i] = (uint8_t)(bits >> (24 - 8 * i));
  report(d, d->t.profile == TRAMA_EXTENDED ? 'm' : 's', body, 5);
}

static void acknowledged(struct device *d, size_t which) {
  printf("acknowledged %s\n", hex(d->ref[which].bytes, d->ref[which].size));
  d->waiting--;
  for (size_t i = which; i < d->waiting; i++) {
    d->ref[i] = d->ref[i + 1];
    d->size[i] = d->size[i + 1];
    d->length[i] = d->length[i + 1];
    d->epoch[i] = d->epoch[i + 1];
    memcpy(d->frame[i], d->frame[i + 1], FRAME);
    memcpy(d->plain[i], d->plain[i + 1], FRAME);
  }
}

/* obey does a command and answers it: a relay with its state, anything else with the header alone. */
static void obey(struct device *d, uint8_t *frame, size_t n, const struct trama_ref *ref) {
  char letter = (char)frame[letter_at(d)];
  int repeated = d->t.profile == TRAMA_EXTENDED && d->done && memcmp(d->last, frame + 23, 4) == 0, len;
  struct trama_ref own;
  uint8_t failed = 0;
  printf("%s %c %s\n", repeated ? "repeated" : "command", letter, hex(frame + d->t.profile, n - d->t.profile));
  if (letter == 'K' && !repeated) failed = trama_new_key(&d->t, frame, n) != 0;
  d->done = 1;
  if (d->t.profile == TRAMA_EXTENDED) memcpy(d->last, frame + 23, 4);
  if (letter != 'O') n = d->t.profile;
  frame[0] = decimals((uint32_t)(n - 7) / 100);
  frame[1] = decimals((uint32_t)(n - 7));
  frame[letter_at(d) + 1] = failed;
  len = trama_seal(&d->t, frame, n, FRAME, ref, &own);
  if (len < 0)
    printf("unsealed %d\n", len);
  else
    transmit(d, frame, (size_t)len);
}

static void take(struct device *d, const uint8_t *bytes, size_t n) {
  uint8_t frame[FRAME];
  struct trama_ref own;
  size_t which;
  int len;
  memcpy(frame, bytes, n);
  if (d->t.suite != TRAMA_NONE && frame[3] == TRAMA_NONE) {
    len = trama_challenge(&d->t, frame, n);
    printf(len > 0 ? "challenged\n" : "refused %d\n", len);
    if (len < 0) return;
    transmit(d, frame, (size_t)len);
    for (size_t i = 0; i < d->waiting; i++) seal(d, i);
    return;
  }
  len = trama_open(&d->t, frame, n, d->ref, d->waiting, &which, &own);
  if (len < 0)
    printf("refused %d\n", len);
  else if (which < d->waiting)
    acknowledged(d, which);
  else
    obey(d, frame, (size_t)len, &own);
}

static void hang_up(struct device *d) {
  if (d->line >= 0) close(d->line);
  d->line = -1;
  d->have = 0;
}

static void receive(struct device *d) {
  ssize_t n = read(d->line, d->in + d->have, sizeof d->in - d->have);
  if (n <= 0) {
    hang_up(d);
    printf("closed\n");
    return;
  }
  d->have += (size_t)n;
  while (d->have >= 2) {
    size_t size = 7 + (size_t)(d->in[0] >> 4) * 1000 + (size_t)(d->in[0] & 15) * 100 + (size_t)(d->in[1] >> 4) * 10 + (d->in[1] & 15);
    if (size > FRAME) {
      printf("noise\n");
      d->have = 0;
      return;
    }
    if (d->have < size) return;
    take(d, d->in, size);
    d->have -= size;
    memmove(d->in, d->in + size, d->have);
  }
}

static void dial(struct device *d, const char *host, const char *port) {
  struct addrinfo hints, *found = NULL;
  int failed, challenged = d->t.challenged;
  hang_up(d);
  memset(&hints, 0, sizeof hints);
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(host, port, &hints, &found) == 0) {
    d->line = socket(found->ai_family, SOCK_STREAM, 0);
    if (d->line >= 0 && connect(d->line, found->ai_addr, found->ai_addrlen) != 0) hang_up(d);
    freeaddrinfo(found);
  }
  if (d->line < 0) {
    printf("no server\n");
    return;
  }
  failed = trama_connected(&d->t, (uint32_t)time(NULL));
  printf("connected %d %u\n", failed, (unsigned)d->t.saved.slot[d->t.saved.active].epoch);
  if (!d->t.port->store) {
    uint8_t frame[FRAME];
    int len = trama_hello(&d->t, frame, FRAME);
    if (len > 0) transmit(d, frame, (size_t)len);
  } else if (challenged) { /* what waits is under the key of a connection that is no more */
    for (size_t i = 0; i < d->waiting; i++) seal(d, i);
  }
}

int main(int argc, char **argv) {
  static struct device d;
  struct trama_port port = {&d, aes_encrypt, aes_decrypt, store, noise};
  struct trama_saved saved;
  uint8_t serial[4];
  char line[LINE];
  size_t typed = 0;
  int file, failed;
  if (argc != 8) return 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  d.memory = argv[7];
  d.line = -1;
  d.number = (uint32_t)time(NULL) % 1000000 * 10;
  memset(&saved, 0, sizeof saved);
  unhex(argv[3], serial, 4);
  unhex(argv[4], saved.slot[0].key, 16);
  if (strcmp(d.memory, "-") == 0) port.store = NULL;
  file = open(d.memory, O_RDONLY);
  if (file >= 0 && read(file, &saved, sizeof saved) != (ssize_t)sizeof saved) return 3;
  if (file >= 0) close(file);
  failed = trama_start(&d.t, &port, &saved, strcmp(argv[6], "compact") == 0 ? TRAMA_COMPACT : TRAMA_EXTENDED,
                       (uint8_t)strtol(argv[5], NULL, 16), serial, "ABFGH");
  if (failed) return 4;
  for (;;) {
    struct pollfd sources[2] = {{0, POLLIN, 0}, {d.line, POLLIN, 0}};
    char c;
    if (poll(sources, d.line < 0 ? 1 : 2, -1) < 0) return 5;
    if (d.line >= 0 && sources[1].revents) receive(&d);
    if (!sources[0].revents) continue;
    if (read(0, &c, 1) != 1) return 0;
    if (c != '\n') {
      if (typed < LINE - 1) line[typed++] = c;
      continue;
    }
    line[typed] = 0;
    typed = 0;
    if (strcmp(line, "connect") == 0) dial(&d, argv[1], argv[2]);
    if (strcmp(line, "close") == 0) hang_up(&d);
    if (strncmp(line, "send ", 5) == 0) measure(&d, (float)atof(line + 5));
    if (strcmp(line, "keep") == 0) report(&d, 'k', NULL, 0);
    if (strcmp(line, "hello") == 0) {
      uint8_t frame[FRAME];
      transmit(&d, frame, head(&d, frame, 'k', 0));
    }
    if (strcmp(line, "again") == 0)
      for (size_t i = 0; i < d.waiting; i++) {
        if (d.epoch[i] == d.t.saved.slot[d.t.saved.active].epoch) transmit(&d, d.frame[i], d.size[i]);
        else seal(&d, i); /* the epoch before may be over */
      }
  }
}
