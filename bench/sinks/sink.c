/* An SMTP server that takes every mail and keeps nothing, fast enough never to be what is measured.
 *
 * One thread per connection. Replies to commands that came together leave together, as those of real servers
 * do. Offers PIPELINING, CHUNKING, SIZE, 8BITMIME, SMTPUTF8 and, with a certificate, STARTTLS; holds clients
 * to the order MAIL, RCPT, DATA or BDAT. On loopback, at a port that the kernel chooses.
 *
 *     sink [--no-chunking] [--no-pipelining] [--certificate FILE]
 *
 * The first line of output is the port. Each line of input is answered with what was taken so far, as
 * "messages recipients octets connections"; the end of input ends the sink.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef WITH_TLS
#include <openssl/ssl.h>
#endif

enum { IN_SIZE = 1 << 18, OUT_SIZE = 1 << 14, LINE_LIMIT = 4096, LONGEST_REPLY = 512 };
enum phase { COMMAND, TEXT, CHUNK };

static bool offers_chunking = true, offers_pipelining = true;
static long messages, recipients, octets, connections;
#ifdef WITH_TLS
static SSL_CTX *tls_context;
#endif

struct client {
    int fd;
#ifdef WITH_TLS
    SSL *tls;
#endif
    enum phase phase;
    bool has_sender, is_last, is_leaving, wants_tls;
    long to, left; /* recipients of this mail; octets of this chunk still to come */
    size_t start, end, out_length;
    int matched; /* octets of CRLF . CRLF seen at the end of what was read */
    char in[IN_SIZE], out[OUT_SIZE];
};

static ssize_t receive(struct client *c, char *into, size_t size) {
#ifdef WITH_TLS
    if (c->tls) return SSL_read(c->tls, into, (int)size);
#endif
    return recv(c->fd, into, size, 0);
}

static bool deliver(struct client *c) {
    size_t done = 0;
    while (done < c->out_length) {
        ssize_t n;
#ifdef WITH_TLS
        if (c->tls) n = SSL_write(c->tls, c->out + done, (int)(c->out_length - done));
        else
#endif
            n = send(c->fd, c->out + done, c->out_length - done, MSG_NOSIGNAL);
        if (n <= 0) return false;
        done += (size_t)n;
    }
    c->out_length = 0;
    return true;
}

static bool say(struct client *c, const char *text) {
    size_t length = strlen(text);
    if (c->out_length + length > OUT_SIZE && !deliver(c)) return false;
    memcpy(c->out + c->out_length, text, length);
    c->out_length += length;
    return true;
}

static bool fill(struct client *c) {
    if (!deliver(c)) return false;
    if (c->start == c->end) c->start = c->end = 0;
    if (c->start > 0) {
        memmove(c->in, c->in + c->start, c->end - c->start);
        c->end -= c->start;
        c->start = 0;
    }
    ssize_t n = receive(c, c->in + c->end, IN_SIZE - c->end);
    if (n <= 0) return false;
    c->end += (size_t)n;
    return true;
}

static void forget_mail(struct client *c) {
    c->has_sender = false;
    c->to = 0;
}

static bool take_mail(struct client *c) {
    __atomic_add_fetch(&messages, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&recipients, c->to, __ATOMIC_RELAXED);
    forget_mail(c);
    return say(c, "250 2.0.0 Ok: queued as 4bFqXk3Zz9z1\r\n");
}

static bool greet(struct client *c, bool extended) {
    char text[LONGEST_REPLY];
    bool tls = false;
#ifdef WITH_TLS
    tls = tls_context && !c->tls;
#endif
    forget_mail(c);
    if (!extended) return say(c, "250 sink.test\r\n");
    snprintf(text, sizeof text,
             "250-sink.test\r\n%s%s%s250-SIZE 1073741824\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
             offers_pipelining ? "250-PIPELINING\r\n" : "", offers_chunking ? "250-CHUNKING\r\n" : "",
             tls ? "250-STARTTLS\r\n" : "");
    return say(c, text);
}

static bool begin_chunk(struct client *c, const char *argument) {
    char *after;
    long size = strtol(argument, &after, 10);
    if (!offers_chunking) return say(c, "500 5.5.2 Unknown command\r\n");
    if (after == argument || size < 0) return say(c, "501 5.5.4 Syntax: BDAT size [LAST]\r\n");
    c->left = size;
    c->is_last = strncasecmp(after, " LAST", 5) == 0;
    c->phase = CHUNK;
    return true;
}

static bool end_chunk(struct client *c) {
    c->phase = COMMAND;
    if (!c->to) return say(c, "503 5.5.1 No valid recipients\r\n");
    return c->is_last ? take_mail(c) : say(c, "250 2.0.0 Ok\r\n");
}

static bool take_sender(struct client *c) {
    if (c->has_sender) return say(c, "503 5.5.1 Nested MAIL command\r\n");
    c->has_sender = true;
    return say(c, "250 2.1.0 Ok\r\n");
}

static bool take_recipient(struct client *c) {
    if (!c->has_sender) return say(c, "503 5.5.1 Need MAIL command\r\n");
    c->to++;
    return say(c, "250 2.1.5 Ok\r\n");
}

static bool begin_text(struct client *c) {
    if (!c->to) return say(c, "503 5.5.1 Need RCPT command\r\n");
    c->phase = TEXT;
    c->matched = 2; /* the command's own CRLF counts */
    return say(c, "354 End data with <CR><LF>.<CR><LF>\r\n");
}

static bool is(const char *line, const char *verb) { return strncasecmp(line, verb, strlen(verb)) == 0; }

static bool obey(struct client *c, const char *line) {
    if (is(line, "RCPT TO:")) return take_recipient(c);
    if (is(line, "MAIL FROM:")) return take_sender(c);
    if (is(line, "BDAT ")) return begin_chunk(c, line + 5);
    if (is(line, "DATA")) return begin_text(c);
    if (is(line, "EHLO")) return greet(c, true);
    if (is(line, "HELO")) return greet(c, false);
    if (is(line, "NOOP")) return say(c, "250 2.0.0 Ok\r\n");
    if (is(line, "VRFY")) return say(c, "252 2.0.0 Try it\r\n");
    if (is(line, "RSET")) {
        forget_mail(c);
        return say(c, "250 2.0.0 Ok\r\n");
    }
    if (is(line, "QUIT")) {
        c->is_leaving = true;
        return say(c, "221 2.0.0 Bye\r\n");
    }
#ifdef WITH_TLS
    if (is(line, "STARTTLS") && tls_context && !c->tls) {
        c->wants_tls = true;
        return say(c, "220 2.0.0 Ready\r\n");
    }
#endif
    return say(c, "500 5.5.2 Unknown command\r\n");
}

static bool secure(struct client *c) {
#ifdef WITH_TLS
    c->wants_tls = false;
    c->start = c->end; /* what came before the handshake is forgotten: RFC 3207 */
    if (!deliver(c)) return false;
    c->tls = SSL_new(tls_context);
    forget_mail(c);
    return SSL_set_fd(c->tls, c->fd) == 1 && SSL_accept(c->tls) == 1;
#else
    (void)c;
    return false;
#endif
}

static bool command(struct client *c) {
    char *line = c->in + c->start;
    char *end = memchr(line, '\n', c->end - c->start);
    if (!end) return c->end - c->start < LINE_LIMIT && fill(c);
    if (end > line && end[-1] == '\r') end[-1] = '\0';
    *end = '\0';
    c->start = (size_t)(end - c->in) + 1;
    if (!obey(c, line)) return false;
    return c->wants_tls ? secure(c) : true;
}

static bool chunk(struct client *c) {
    size_t here = c->end - c->start;
    if (c->left == 0) return end_chunk(c);
    if (here == 0) return fill(c);
    if ((long)here > c->left) here = (size_t)c->left;
    c->start += here;
    c->left -= (long)here;
    __atomic_add_fetch(&octets, (long)here, __ATOMIC_RELAXED);
    return true;
}

/* Octets up to and with the end of the mail, which may be spread over reads; 0 if it is not there. */
static size_t end_of_text(struct client *c, const char *text, size_t length) {
    static const char mark[] = "\r\n.\r\n";
    size_t i = 0;
    while (c->matched > 0 && i < length) {
        if (text[i] == mark[c->matched]) {
            i++;
            if (++c->matched == 5) return i;
        } else {
            c->matched = 0;
        }
    }
    if (c->matched > 0) return 0;
    /* From the start again: what looked like the end of the mark may begin another one. */
    const char *found = memmem(text, length, mark, 5);
    if (found) return (size_t)(found - text) + 5;
    for (int tail = 4; tail > 0; tail--) {
        if (length >= (size_t)tail && memcmp(text + length - tail, mark, (size_t)tail) == 0) {
            c->matched = tail;
            break;
        }
    }
    return 0;
}

static bool text(struct client *c) {
    size_t length = c->end - c->start;
    if (length == 0) return fill(c);
    size_t used = end_of_text(c, c->in + c->start, length);
    __atomic_add_fetch(&octets, (long)(used ? used : length), __ATOMIC_RELAXED);
    c->start += used ? used : length;
    if (!used) return true;
    c->phase = COMMAND;
    return take_mail(c);
}

static void *serve(void *given) {
    struct client *c = given;
    bool goes_on = say(c, "220 sink.test ESMTP\r\n");
    while (goes_on && !c->is_leaving) {
        goes_on = c->phase == TEXT ? text(c) : c->phase == CHUNK ? chunk(c) : command(c);
    }
    if (goes_on) deliver(c);
#ifdef WITH_TLS
    if (c->tls) {
        SSL_shutdown(c->tls);
        SSL_free(c->tls);
    }
#endif
    close(c->fd);
    free(c);
    return NULL;
}

static void admit(int listener) {
    int fd = accept(listener, NULL, NULL), on = 1;
    pthread_t thread;
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct client *c = calloc(1, sizeof *c);
    if (!c) {
        close(fd);
        return;
    }
    c->fd = fd;
    __atomic_add_fetch(&connections, 1, __ATOMIC_RELAXED);
    if (pthread_create(&thread, NULL, serve, c) == 0) {
        pthread_detach(thread);
    } else {
        close(fd);
        free(c);
    }
}

static void offer_tls(const char *file) {
#ifdef WITH_TLS
    tls_context = SSL_CTX_new(TLS_server_method());
    if (tls_context && SSL_CTX_use_certificate_chain_file(tls_context, file) == 1 &&
        SSL_CTX_use_PrivateKey_file(tls_context, file, SSL_FILETYPE_PEM) == 1)
        return;
#endif
    fprintf(stderr, "sink: no TLS with %s\n", file);
    exit(1);
}

static int listener_on_loopback(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) || listen(fd, 512) ||
        getsockname(fd, (struct sockaddr *)&address, &size)) {
        perror("sink");
        exit(1);
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void answer(void) {
    printf("%ld %ld %ld %ld\n", __atomic_load_n(&messages, __ATOMIC_RELAXED),
           __atomic_load_n(&recipients, __ATOMIC_RELAXED), __atomic_load_n(&octets, __ATOMIC_RELAXED),
           __atomic_load_n(&connections, __ATOMIC_RELAXED));
    fflush(stdout);
}

int main(int count, char **arguments) {
    signal(SIGPIPE, SIG_IGN);
    for (int i = 1; i < count; i++) {
        if (!strcmp(arguments[i], "--no-chunking")) offers_chunking = false;
        else if (!strcmp(arguments[i], "--no-pipelining")) offers_pipelining = false;
        else if (!strcmp(arguments[i], "--certificate") && i + 1 < count) offer_tls(arguments[++i]);
        else return fprintf(stderr, "sink: what is %s?\n", arguments[i]), 2;
    }
    int listener = listener_on_loopback();
    struct pollfd ready[] = {{.fd = listener, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    for (;;) {
        if (poll(ready, 2, -1) < 0 && errno != EINTR) return 1;
        if (ready[0].revents) admit(listener);
        if (ready[1].revents) {
            char line[256];
            if (read(0, line, sizeof line) <= 0) return 0;
            answer();
        }
    }
}
